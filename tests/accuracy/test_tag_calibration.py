"""Synthetic rigs calibrated from grids of tags and from cubes of tags: error of the volume against the truth, in mm."""

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.boards.tag_object import TagObject, tag_cube
from calibration.detection import detect_board
from calibration.quality.figures import score_board, volume_error
from calibration.recipe import calibrate
from calibration.sources import find_sources
from calibration.synthetic import board_poses, render_calibration_footage, ring_rig
from calibration.synthetic.corners import observe_board

VOLUME = np.stack(np.meshgrid(*[np.linspace(-0.7, 0.7, 4)] * 2, np.linspace(0.2, 1.8, 4)), axis=-1).reshape(-1, 3)
APRIL = Board("april_grid", 6, 5, 0.13, 0.1, "DICT_APRILTAG_36h11")
CUBE = tag_cube(0.4, 0.15, tags_per_edge=2)
TARGETS = {
    "april": (APRIL, 0.25),  # measured 0.11 mm
    "aruco": (Board("aruco_grid", 4, 3, 0.13, 0.1, "DICT_4X4_50"), 0.6),  # measured 0.30 mm
    "cube": (CUBE, 0.15),  # measured 0.06 mm
    "cube of six tags": (tag_cube(0.3, 0.22), 0.3),  # measured 0.15 mm
}


@pytest.mark.parametrize("name", TARGETS)
def test_four_cameras_from_corners(name: str) -> None:
    board, limit = TARGETS[name]
    rig = ring_rig(4, 3)
    observations = observe_board(rig, board, board_poses(board, 60, 1), 0.1, 2)
    result = calibrate(observations)
    assert 1e3 * volume_error(result.rig, rig, VOLUME) < limit
    score = score_board(result.rig, observations)
    assert score.n_pairs > 500 and score.distance_rmse_mm < 1.0


@pytest.mark.parametrize(
    ("board", "n_poses", "limit"),
    [
        (APRIL, 24, 0.3),  # measured 0.0 mm
        (CUBE, 16, 0.5),  # measured 0.0 mm
    ],
    ids=["april", "cube"],
)
def test_four_cameras_from_images(tmp_path, board: Board | TagObject, n_poses: int, limit: float) -> None:
    rig = ring_rig(4, 3, radius_m=2.4, size=(800, 450))
    poses = board_poses(board, n_poses, 5, volume_m=(0.8, 0.8, 0.8))
    render_calibration_footage(rig, board, poses, tmp_path)
    result = calibrate(detect_board(find_sources(tmp_path)[0], board))
    error = 1e3 * volume_error(result.rig, rig, VOLUME)
    print(f"volume error {error:.2f} mm")
    assert error < limit
