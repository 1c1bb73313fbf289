"""Errors on views never used: warm fits find what whole calibrations find, and the error is that of the noise."""

from dataclasses import replace

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.observations import BoardObservations
from calibration.quality.figures import LengthErrors, joined_lengths, neighbour_pairs, score_and_lengths, score_board
from calibration.quality.held_out import held_out, regions_of
from calibration.quality.refits import refit, refit_bodies
from calibration.recipe import calibrate, cross_validate
from calibration.result import Calibration
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses
from calibration.synthetic.rigs import ring_rig

BOARD = Board("charuco", 7, 6, 0.1, 0.07, "DICT_4X4_50")
TRUTH = ring_rig(4, 5, radius_m=3.0)
SIGMA_PX = 0.3


@pytest.fixture(scope="module")
def observations() -> BoardObservations:
    return observe_board(TRUTH, BOARD, board_poses(BOARD, 60, 5), SIGMA_PX, 6)


@pytest.fixture(scope="module")
def result(observations: BoardObservations) -> Calibration:
    return calibrate(observations, lens="brown5")


def test_the_error_is_that_of_the_corners_with_perfect_cameras(
    result: Calibration, observations: BoardObservations
) -> None:
    outside, perfect = held_out(result, observations), score_board(TRUTH, observations)
    # Measured 1.003 and 1.024: with perfect cameras the noise of the corners is left, which is the bound.
    assert 0.99 < outside.distance_rmse_mm / perfect.distance_rmse_mm < 1.04
    assert 0.99 < outside.all_pairs_rmse_mm / perfect.all_pairs_rmse_mm < 1.05
    assert outside.n_frames == 60 and outside.n_lengths == perfect.n_pairs
    assert abs(outside.distance_mean_mm) < 0.1 * outside.distance_rmse_mm
    assert outside.distance_worst_mm > 2 * outside.distance_rmse_mm


def test_warm_fits_end_where_whole_calibrations_end(result: Calibration, observations: BoardObservations) -> None:
    warm, whole = held_out(result, observations).folds, cross_validate(observations, 3, lens="brown5")
    for ours, theirs in zip(warm, whole, strict=True):
        # Measured within 0.2 %: each whole calibration weighs the cameras by its own estimate of their noise.
        assert ours.distance_rmse_mm == pytest.approx(theirs.distance_rmse_mm, rel=5e-3)
        assert ours.reprojection_median_px == pytest.approx(theirs.reprojection_median_px, rel=5e-3)


def test_a_fold_does_not_see_the_frames_left_out(observations: BoardObservations) -> None:
    # The corners of every third frame are spoilt in one camera, too little for an outlier. A fold that had used them
    # would follow them.
    result = calibrate(observations, lens="brown5")
    bodies = refit_bodies(result)
    some = bodies[np.arange(len(bodies)) % 3 > 0]
    kept = refit(result, observations, some)
    assert not isinstance(kept, str)
    spoilt = observations.pixels.copy()
    spoilt[1, result.frames[bodies[::3]]] += 1.0
    views = result.refinement.problem.views
    views.pixels[np.isin(views.body, bodies[::3]) & (views.camera == 1)] += 1.0
    again = refit(result, observations, some)
    assert not isinstance(again, str)
    for one, other in zip(kept.rig, again.rig, strict=True):
        assert np.array_equal(one.matrix, other.matrix)


def test_too_few_views_are_told_and_not_guessed(observations: BoardObservations) -> None:
    # One camera is left six views that it shares with others: no third of them can be spared.
    seen = np.isfinite(observations.pixels[..., 0]).sum(axis=2) > 10
    shared = np.flatnonzero(seen[1] & seen[[0, 2, 3]].any(axis=0))[:6]
    pixels = observations.pixels.copy()
    pixels[1, np.setdiff1d(np.arange(60), shared)] = np.nan
    few = replace(observations, pixels=pixels)
    outside = held_out(calibrate(few), few)
    assert "would be left with" in outside.reason
    assert np.isnan(outside.distance_rmse_mm) and outside.folds == () and outside.regions == ()


def test_regions_find_where_lengths_are_wrong() -> None:
    rng = np.random.default_rng(3)
    middles = rng.uniform(-1, 1, (4000, 3))
    errors = np.where((middles[:, 0] > 0) & (middles[:, 2] > 0), 2e-3, -1e-3)
    regions = regions_of(LengthErrors(middles, errors, np.zeros(4000, np.int64)))
    assert [part.name for part in regions[:8]] == [
        "X- Y- Z-", "X+ Y- Z-", "X- Y+ Z-", "X+ Y+ Z-", "X- Y- Z+", "X+ Y- Z+", "X- Y+ Z+", "X+ Y+ Z+"
    ]  # fmt: skip
    for part in regions[:8]:
        # The middle is the median of the places, so that a few lengths next to it are sorted to the other side.
        wanted = 2.0 if part.name in ("X+ Y- Z+", "X+ Y+ Z+") else -1.0
        assert part.mean_mm == pytest.approx(wanted, abs=0.4) and part.worst_mm == pytest.approx(2.0, abs=1.01)
    assert sum(part.n for part in regions[:8]) == sum(part.n for part in regions[8:]) == 4000
    assert max(part.n for part in regions[8:]) - min(part.n for part in regions[8:]) <= 2


def test_lengths_come_with_their_frame_and_place(observations: BoardObservations) -> None:
    _, lengths = score_and_lengths(TRUTH, observations.subset_frames(np.arange(5)))
    assert lengths.frame.min() >= 0 and lengths.frame.max() <= 4
    assert (np.abs(lengths.middle_world) < 2.5).all()
    twice = joined_lengths([lengths, lengths], [0, 5])
    assert len(twice.error) == 2 * len(lengths.error) and twice.frame.max() == lengths.frame.max() + 5


def test_neighbours_of_a_target_that_is_no_lattice() -> None:
    class Tags:
        """Two squares on one face, far apart, and one on another."""

        square = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], float)
        corners_board = np.concatenate([square, square + 5.0 * np.eye(3)[0], square[:, [2, 0, 1]] + 9.0 * np.eye(3)[2]])
        faces = (np.arange(8), np.arange(8, 12))

    first, second = neighbour_pairs(Tags())  # type: ignore[arg-type]
    distances = np.linalg.norm(Tags.corners_board[first] - Tags.corners_board[second], axis=1)
    assert len(first) == 12 and np.allclose(distances, 1.0)
