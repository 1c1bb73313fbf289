"""Boards of which one is described in another size than it has."""

from dataclasses import replace

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.camera import CameraRig
from calibration.errors import BoardError
from calibration.observations import BoardObservations
from calibration.quality.board_sizes import check_sizes_agree
from calibration.recipe import calibrate
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses
from calibration.synthetic.rigs import ring_rig

LARGE = Board("charuco", 9, 7, 0.10, 0.07, "DICT_5X5_250")
SMALL = Board("charuco", 7, 5, 0.10, 0.07, "DICT_4X4_50")
RIG = CameraRig(ring_rig(4, 2).cameras[:3])


def filmed(board: Board, seed: int) -> BoardObservations:
    return observe_board(RIG, board, board_poses(board, 40, seed), 0.2, seed, steepest_deg=80.0)


def two_boards(factor: float) -> tuple[BoardObservations, BoardObservations]:
    """The third camera does not see the first board; the second is described `factor` times as large as it is."""
    large, small = filmed(LARGE, 0), filmed(SMALL, 3)
    pixels = large.pixels.copy()
    pixels[2] = np.nan
    described = Board("charuco", 7, 5, 0.10 * factor, 0.07 * factor, "DICT_4X4_50")
    return replace(large, pixels=pixels), replace(small, board=described)


@pytest.mark.parametrize("factor", [1.03, 1.3])  # 1.3 had moved focal lengths by 0.4 % at most, and passed
def test_a_further_board_of_another_size_is_refused_by_name(factor: float) -> None:
    large, small = two_boards(factor)
    with pytest.raises(BoardError) as refused:
        calibrate(large, more_boards=[small])
    assert refused.value.code == "BOARD_MISMATCH"
    assert f"squares of {100 * factor:.0f} mm" in refused.value.cause and "cam_0 with cam_1" in refused.value.cause


def test_boards_as_described_agree() -> None:
    large, small = two_boards(1.0)
    found = calibrate(large, more_boards=[small])
    check_sizes_agree(found.rig, (large, small))
    check_sizes_agree(RIG, (large, small))
    check_sizes_agree(RIG, (large,))
    with pytest.raises(BoardError, match=r"76\.9 %"):  # 1 / 1.3, by cameras that are the truth
        check_sizes_agree(RIG, two_boards(1.3))
