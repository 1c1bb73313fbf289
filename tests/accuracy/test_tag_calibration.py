"""Synthetic rigs calibrated from grids of tags and from cubes of tags: errors against the truth, in mm."""

from pathlib import Path

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.boards.tag_object import TagObject, tag_cube
from calibration.camera import CameraRig
from calibration.detection import detect_board
from calibration.quality.figures import aligning, score_board, volume_error
from calibration.recipe import calibrate
from calibration.rigid import apply
from calibration.sources import find_sources
from calibration.synthetic import board_poses, render_calibration_footage, ring_rig
from calibration.synthetic.corners import observe_board

VOLUME = np.stack(np.meshgrid(*[np.linspace(-0.7, 0.7, 4)] * 2, np.linspace(0.2, 1.8, 4)), axis=-1).reshape(-1, 3)
APRIL = Board("april_grid", 6, 5, 0.13, 0.1, "DICT_APRILTAG_36h11")
ARUCO = Board("aruco_grid", 5, 4, 0.15, 0.115, "DICT_5X5_50")
CUBE = tag_cube(0.4, 0.15, tags_per_edge=2)
TARGETS = {
    # Limits for the RMS errors of the volume and of the camera positions, mm; 60 poses, corners with 0.1 px of noise.
    "april": (APRIL, 0.25, 2.0),  # measured 0.11 and 1.00
    "aruco": (Board("aruco_grid", 4, 3, 0.13, 0.1, "DICT_4X4_50"), 0.6, 3.5),  # measured 0.30 and 1.76
    "cube": (CUBE, 0.15, 1.0),  # measured 0.07 and 0.49
    "cube of six tags": (tag_cube(0.3, 0.22), 0.3, 2.5),  # measured 0.15 and 1.18
}


def errors_mm(found: CameraRig, true: CameraRig) -> tuple[float, float]:
    """RMS errors of points in the volume and of the cameras' positions, each after the best rigid motion."""
    own, wanted = (np.stack([camera.centre_world for camera in rig]) for rig in (found, true))
    off = apply(aligning(own, wanted), own) - wanted
    return 1e3 * volume_error(found, true, VOLUME), 1e3 * float(np.sqrt((off**2).sum(axis=1).mean()))


@pytest.mark.parametrize("name", TARGETS)
def test_four_cameras_from_corners(name: str) -> None:
    board, volume_limit, camera_limit = TARGETS[name]
    rig = ring_rig(4, 3)
    observations = observe_board(rig, board, board_poses(board, 60, 1), 0.1, 2)
    result = calibrate(observations)
    volume, cameras = errors_mm(result.rig, rig)
    assert volume < volume_limit and cameras < camera_limit
    score = score_board(result.rig, observations)
    assert score.n_pairs > 500 and score.distance_rmse_mm < 1.0


@pytest.mark.parametrize(
    ("board", "n_poses", "volume_limit", "camera_limit"),
    [
        # mm; the renderer's own noise and blur
        (APRIL, 24, 0.2, 0.4),  # measured 0.10 and 0.20
        pytest.param(ARUCO, 24, 0.4, 0.7, marks=pytest.mark.heavy),  # measured 0.20 and 0.36
        pytest.param(CUBE, 16, 0.6, 1.4, marks=pytest.mark.heavy),  # measured 0.32 and 0.68
    ],
    ids=["april", "aruco", "cube"],
)
def test_four_cameras_from_images(
    tmp_path: Path, board: Board | TagObject, n_poses: int, volume_limit: float, camera_limit: float
) -> None:
    rig = ring_rig(4, 3, radius_m=2.4, size=(800, 450))
    poses = board_poses(board, n_poses, 5, volume_m=(0.8, 0.8, 0.8))
    render_calibration_footage(rig, board, poses, tmp_path)
    result = calibrate(detect_board(find_sources(tmp_path)[0], board))
    volume, cameras = errors_mm(result.rig, rig)
    assert volume < volume_limit and cameras < camera_limit
