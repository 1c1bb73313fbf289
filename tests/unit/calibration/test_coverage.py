"""Coverage of hand-made views: cells, reach, slant and distance are those that were put there."""

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.observations import BoardObservations
from calibration.quality.coverage import board_slants, camera_coverage, image_counts, image_reach
from calibration.rigid import from_rotvec, rigid

BOARD = Board("charuco", 5, 4, 0.1, 0.07, "DICT_4X4_50")


def test_corners_are_counted_in_their_cells() -> None:
    # 1200 x 600 px are 12 x 6 cells of 100 px.
    pixels = np.array([[0, 0], [99.4, 99.4], [99.6, 0], [1199, 599], [650, 250], [np.nan, np.nan]])
    counts = image_counts(pixels, (1200, 600))
    assert counts.shape == (6, 12) and counts.sum() == 5
    assert counts[0, 0] == 2 and counts[0, 1] == 1 and counts[5, 11] == 1 and counts[2, 6] == 1


def test_upright_images_have_their_cells_upright() -> None:
    assert image_counts(np.empty((0, 2)), (600, 1200)).shape == (12, 6)


def test_reach_is_the_share_of_the_way_to_the_corner() -> None:
    middle = np.array([599.5, 299.5])
    corner = np.linalg.norm(middle)
    assert image_reach(middle[None] + [0.5 * corner, 0], (1200, 600)) == pytest.approx(0.5)
    assert np.isnan(image_reach(np.full((3, 2), np.nan), (1200, 600)))


@pytest.mark.parametrize("slant_deg", [0.0, 25.0, 60.0])
def test_slant_is_the_angle_to_the_line_of_sight(slant_deg: float) -> None:
    # The middle of the corners at 2 m on the axis, the board turned about its own x.
    middle = BOARD.corners_board.mean(axis=0)
    turn = from_rotvec(np.array([np.deg2rad(slant_deg), 0, 0]), np.zeros(3))[:3, :3]
    pose = rigid(turn, np.array([0, 0, 2.0]) - turn @ middle)
    seen = np.ones((1, BOARD.n_corners), dtype=bool)
    assert board_slants(pose[None], seen, BOARD.corners_board, BOARD.faces) == pytest.approx([slant_deg], abs=1e-6)
    assert len(board_slants(pose[None], seen & (np.arange(12) < 3), BOARD.corners_board, BOARD.faces)) == 0


def test_each_camera_gets_its_own_figures() -> None:
    near, far = (rigid(np.eye(3), np.array([-0.25, -0.2, depth])) for depth in (1.0, 3.0))
    lost = np.full((4, 4), np.nan)
    pixels = np.full((2, 3, BOARD.n_corners, 2), np.nan)
    pixels[0] = [600.0, 300.0]
    pixels[1, 0] = [100.0, 50.0]
    observations = BoardObservations(BOARD, ("a", "b"), np.array([[1200, 600]] * 2), pixels, np.arange(3))
    kept = observations.seen.copy()
    kept[0, 0, 0] = False
    found = camera_coverage(observations, kept, np.stack([np.eye(4)] * 2), np.stack([near, far, lost]))
    assert found[0].n_views == 3 and found[0].n_corners == 3 * 12 - 1 and found[1].n_corners == 12
    assert found[0].share == found[1].share == pytest.approx(1 / 72)
    # 5th and 95th percentile of 1 and 3 m; the board in the frame without a place does not count.
    assert found[0].depth_m == pytest.approx((1.1, 2.9), abs=0.01)
    assert found[0].depth_ratio == pytest.approx(2.6, abs=0.1)
    assert found[0].slanted_share == 0.0 and found[1].counts[0, 1] == 12
