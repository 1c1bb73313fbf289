"""Corners that cannot belong to a view: found where most others agree, and left alone where they do not."""

import numpy as np

from calibration.boards.board import Board
from calibration.initial.outliers import sound_corners
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses
from calibration.synthetic.rigs import ring_rig

BOARD = Board("charuco", 7, 6, 0.1, 0.07, "DICT_4X4_50")
PLANE = BOARD.corners_board[:, :2]


def views_of(fisheye: bool = False) -> np.ndarray:
    seen = observe_board(ring_rig(2, 3, fisheye=fisheye), BOARD, board_poses(BOARD, 60, 3), 0.4, 4).pixels
    return seen[np.isfinite(seen[..., 0]).sum(axis=2) >= 12]


def test_sound_corners_all_stay_under_either_lens() -> None:
    for fisheye in (False, True):
        pixels = views_of(fisheye)
        corners, views = sound_corners(pixels, PLANE)
        assert views.all() and np.array_equal(corners, np.isfinite(pixels[..., 0]))


def test_wrong_corners_go_and_right_ones_stay() -> None:
    pixels, rng = views_of(), np.random.default_rng(5)
    wrong = (rng.random(pixels.shape[:2]) < 0.3) & np.isfinite(pixels[..., 0])
    turn = rng.uniform(0, 2 * np.pi, int(wrong.sum()))
    pixels[wrong] += rng.uniform(60, 300, (int(wrong.sum()), 1)) * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    corners, views = sound_corners(pixels, PLANE)
    assert views.mean() > 0.85  # measured 0.92: of few corners a third is soon a half
    assert not (corners & wrong)[views].any()
    right = np.isfinite(pixels[..., 0]) & ~wrong
    assert corners[views][right[views]].mean() > 0.995  # measured 1.0


def test_a_view_of_another_board_is_left_as_it_is() -> None:
    pixels = views_of()
    shuffled = pixels[:, np.random.default_rng(1).permutation(pixels.shape[1])]
    corners, views = sound_corners(shuffled, PLANE)
    assert not views.any() and np.array_equal(corners, np.isfinite(shuffled[..., 0]))


def test_a_point_far_off_does_not_hide_the_size_of_the_board() -> None:
    pixels = views_of()
    pixels[:, 7] = [40_000.0, -9_000.0]
    corners, views = sound_corners(pixels, PLANE)
    assert views.all() and not corners[:, 7].any()
