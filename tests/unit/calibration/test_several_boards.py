"""Several boards in the same footage: refined together, told apart in time, named as one calibration."""

from dataclasses import replace

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.errors import ShapeError, ViewGraphError
from calibration.observations import BoardObservations
from calibration.quality.figures import volume_error
from calibration.recipe import calibrate
from calibration.solve.bodies import board_footage
from calibration.synthetic import ring_rig
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses
from calibration.views import usable_views

LARGE = Board("charuco", 7, 5, 0.1, 0.07, "DICT_4X4_50")
SMALL = Board("charuco", 5, 4, 0.06, 0.045, "DICT_5X5_100")
GRID = np.stack(np.meshgrid(*[np.linspace(-0.7, 0.7, 4)] * 2, np.linspace(0.2, 1.8, 4)), axis=-1).reshape(-1, 3)


@pytest.fixture(scope="module")
def rig():
    return ring_rig(5, 3)


def seen_by(observations: BoardObservations, cameras: list[int]) -> BoardObservations:
    pixels = np.full(observations.pixels.shape, np.nan)
    pixels[cameras] = observations.pixels[cameras]
    return replace(observations, pixels=pixels)


def test_two_boards_join_groups_that_share_neither(rig) -> None:
    # Cameras 0 1 2 see the large board alone, 2 3 4 the small one: neither joins all.
    large = seen_by(observe_board(rig, LARGE, board_poses(LARGE, 60, 1), 0.1, 2), [0, 1, 2])
    small = seen_by(observe_board(rig, SMALL, board_poses(SMALL, 60, 3), 0.1, 4), [2, 3, 4])
    for alone in (large, small):
        with pytest.raises(ViewGraphError):
            calibrate(alone)
    result = calibrate(large, more_boards=[small])
    error = 1e3 * volume_error(result.rig, rig, GRID)
    print(f"volume error {error:.2f} mm")
    assert error < 1.0  # measured 0.44
    assert result.rig.metadata["board"] == f"{LARGE.describe()}; {SMALL.describe()}"
    assert result.world_from_board.shape == (60, 4, 4)
    assert result.residuals.shape == large.pixels.shape[:3]
    assert len(result.refinement.placed) == len(result.frames)


def test_a_second_board_sharpens_the_first_and_floors_refer_to_the_first(rig) -> None:
    poses = board_poses(LARGE, 40, 5)
    poses[0] = np.eye(4)
    poses[0, :3, :3] = np.diag([1.0, -1.0, -1.0])
    first = observe_board(rig, LARGE, poses, 0.1, 6)
    second = observe_board(rig, SMALL, board_poses(SMALL, 200, 7), 0.1, 8)
    alone, both = calibrate(first, world="floor:0"), calibrate(first, world="floor:0", more_boards=[second])
    errors = [1e3 * volume_error(result.rig, rig, GRID) for result in (alone, both)]
    print(f"volume error {errors[0]:.3f} mm alone, {errors[1]:.3f} mm with the second board")
    assert errors[1] < errors[0]
    assert np.abs(both.world_from_board[0] - poses[0]).max() < 2e-3
    assert both.quality.n_floor_frames == 1


def test_boards_of_equal_squares_are_two_sources_of_scale(rig) -> None:
    twin = Board("charuco", 5, 4, LARGE.square_length, 0.07, "DICT_5X5_100")
    first = observe_board(rig, LARGE, board_poses(LARGE, 24, 5), 0.1, 6)
    both = calibrate(first, more_boards=[observe_board(rig, twin, board_poses(twin, 24, 7), 0.1, 8)])
    scale = str(both.rig.metadata["scale"])
    assert "0.1000 m (board 1)" in scale and "0.1000 m (board 2)" in scale


def test_bodies_stand_in_the_order_of_time(rig) -> None:
    boards = [observe_board(rig, board, board_poses(board, 12, 1), 0.1, 2) for board in (LARGE, SMALL)]
    footage = board_footage(boards, [usable_views(part.seen, part.board.corners_board) for part in boards])
    assert (np.diff(footage.frame_ids) >= 0).all()
    views = footage.views(np.zeros(5, bool))
    observed = footage.observed()
    for row in range(0, len(views.camera), 7):
        camera, body = views.camera[row], views.body[row]
        seen = np.isfinite(observed.pixels[camera, body, :, 0])
        assert np.array_equal(seen, views.seen[row])
        assert np.array_equal(observed.pixels[camera, body, seen], views.pixels[row, seen])
        board = boards[footage.board[body]].board
        assert np.array_equal(views.targets[views.body_target[body]][: board.n_corners], board.corners_board)


def test_other_cameras_are_refused(rig) -> None:
    first = observe_board(rig, LARGE, board_poses(LARGE, 12, 1))
    other = observe_board(rig.subset(rig.names[::-1]), SMALL, board_poses(SMALL, 12, 1))
    with pytest.raises(ShapeError, match="same cameras"):
        calibrate(first, more_boards=[other])
