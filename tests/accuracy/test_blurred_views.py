"""Footage in which the board is sometimes moved fast: which views are dropped, and what the calibration makes of it."""

import cv2
import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.camera import CameraRig
from calibration.detection.footage import BoardScan, scan_board
from calibration.quality.figures import volume_error
from calibration.recipe import calibrate
from calibration.sources import find_sources
from calibration.synthetic import RenderOptions, board_poses, render_board, ring_rig

BOARD = Board("charuco", 7, 5, 0.12, 0.09, "DICT_4X4_50")
GRID = np.stack(np.meshgrid(*[np.linspace(-0.5, 0.5, 4)] * 2, np.linspace(0.5, 1.5, 4)), axis=-1).reshape(-1, 3)
N_POSES = 36


def streak(length: float, angle: float, late: float) -> np.ndarray:
    """Kernel of a uniform motion by `length` px during an exposure that comes late by that share of itself."""
    n, fine = 2 * int(length) + 3, 8
    kernel, middle = np.zeros((n * fine, n * fine), np.float32), (n * fine - 1) / 2
    step = np.array([np.cos(angle), np.sin(angle)]) * length * fine
    ends = [tuple(np.rint(middle + (late + half) * step).astype(int).tolist()) for half in (-0.5, 0.5)]
    cv2.line(kernel, *ends, 1.0, fine)
    kernel = kernel.reshape(n, fine, n, fine).sum(axis=(1, 3))
    return kernel / kernel.sum()


def filmed(folder, rig: CameraRig, fast: set[int]) -> BoardScan:
    """Write footage in which the board moves by 4.5 px during each exposure of the fast frames, and scan it."""
    rng = np.random.default_rng(4)
    for camera in rig:
        (folder / camera.name).mkdir(parents=True)
        for frame, pose in enumerate(board_poses(BOARD, N_POSES, 6, volume_m=(0.8, 0.8, 0.8))):
            image = render_board(camera, BOARD, pose, 0, RenderOptions(noise=0)).astype(np.float32)
            motion = 4.5, rng.uniform(0, np.pi), rng.uniform(-0.5, 0.5)
            if frame in fast:
                image = cv2.filter2D(image, -1, streak(*motion))
            image += rng.normal(0, 2, image.shape)
            image = np.clip(np.rint(image), 0, 255).astype(np.uint8)
            cv2.imwrite(str(folder / camera.name / f"{frame:03d}.png"), image)
    return scan_board(find_sources(folder)[0], BOARD)


@pytest.mark.heavy
def test_views_of_a_fast_board_are_dropped_and_the_calibration_loses_nothing(tmp_path) -> None:
    rig = ring_rig(3, 2, radius_m=2.6, size=(960, 540))
    fast = set(range(1, N_POSES, 4))
    clean = filmed(tmp_path / "clean", rig, set())
    assert clean.notes == ()  # nothing is dropped where nothing is blurred
    blurred = filmed(tmp_path / "fast", rig, fast)
    kept = scan_board(find_sources(tmp_path / "fast")[0], BOARD, keep=range(N_POSES))
    for number, name in enumerate(rig.names):
        shown = set(clean.observations.frame_ids[clean.observations.views()[number]].tolist())
        found = set(kept.observations.frame_ids[kept.observations.views()[number]].tolist())
        assert set(blurred.dropped[name]) == found & fast & shown
        assert set(blurred.dropped[name].values()) <= {"motion blur"}
    assert sum(map(len, blurred.dropped.values())) >= 6  # measured 7; the other fast views show no markers at all
    errors = [1e3 * volume_error(calibrate(scan.observations).rig, rig, GRID) for scan in (clean, blurred, kept)]
    print("volume error: clean {:.3f}, dropped {:.3f}, kept {:.3f} mm".format(*errors), blurred.notes)
    # Measured 0.030, 0.037 and 0.035 mm: the robust loss carries seven views off by up to 2 px too.
    assert errors[1] < 1.3 * errors[2]
    assert errors[1] < 2 * errors[0]
