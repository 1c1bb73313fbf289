"""The recipe with what it may correct besides: moments of views, and the shape of the board."""

from dataclasses import replace

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.camera import CameraRig
from calibration.corrections.choice import Wanted, corrected_observations
from calibration.errors import CalibrationError
from calibration.observations import BoardObservations
from calibration.quality.assessment import _rig_figures, assess
from calibration.quality.error_map import error_map
from calibration.quality.figures import score_board
from calibration.quality.held_moments import N_GROUPS, at_own_moments
from calibration.quality.held_out import held_out
from calibration.quality.late_cameras import LateCameras, late_cameras, timing_checks
from calibration.quality.refits import Refit, refit, refit_bodies
from calibration.quality.split_halves import split_halves
from calibration.recipe import calibrate
from calibration.result import Calibration
from calibration.rigid import from_rotvec, rigid
from calibration.synthetic.corners import observe_board
from calibration.synthetic.rigs import ring_rig

BOARD = Board("charuco", 7, 6, 0.10, 0.07, "DICT_4X4_100")
RIG = CameraRig(ring_rig(8, seed=3).cameras[:3])
RATE_HZ = 20.0


def filmed(late_s: tuple[float, float, float], seed: int = 0, n: int = 90) -> BoardObservations:
    """A board that swings through the volume at about 0.8 m/s, each camera late by its own time."""
    parts = []
    for index, (camera, late) in enumerate(zip(RIG, late_s, strict=True)):
        t = np.arange(n) / RATE_HZ + late
        turn = np.stack([0 * t, 0 * t, 0.5 * np.sin(1.1 * t) + 0.8], axis=1)
        tilt = np.stack([0.5 * np.sin(1.7 * t), 0.4 * np.cos(1.3 * t), 0 * t], axis=1)
        middle = np.stack([0.5 * np.sin(1.3 * t), 0.5 * np.cos(0.9 * t), 1 + 0.4 * np.sin(1.9 * t)], axis=1)
        upright = np.array([[0, 0, -1.0], [1, 0, 0], [0, -1, 0]])
        turned = from_rotvec(turn, np.zeros_like(turn))[:, :3, :3] @ upright
        rotation = turned @ from_rotvec(tilt, np.zeros_like(tilt))[:, :3, :3]
        poses = rigid(rotation, middle - rotation @ (np.array([*BOARD.size, 0.0]) / 2))
        parts.append(observe_board(CameraRig((camera,)), BOARD, poses, 0.1, seed + 100 * index).pixels)
    return BoardObservations(BOARD, RIG.names, np.array([c.size for c in RIG]), np.concatenate(parts), np.arange(n))


@pytest.fixture(scope="module")
def late() -> BoardObservations:
    return filmed((0.0, 0.0, 0.006), seed=5)


@pytest.fixture(scope="module")
def timed(late: BoardObservations) -> Calibration:
    return calibrate(late, wanted=Wanted("per-view", rate_hz=RATE_HZ))


def test_a_late_camera_is_calibrated_and_named_and_not_taken_for_a_moved_one(
    late: BoardObservations, timed: Calibration
) -> None:
    observations, result = late, timed
    plain = calibrate(observations)  # no camera moved, and none is said to have
    assert result.timing is not None and result.timing.unit == "s"
    # Measured 4.0, -2.0, -2.0 ms: against the mean of all.
    np.testing.assert_allclose(result.timing.camera_shift, [-0.002, -0.002, 0.004], atol=2e-4)
    assert "'cam_2' is late by" in str(result.rig.metadata["timing"])
    focal = np.array([[camera.matrix[0, 0] for camera in rig] for rig in (result.rig, RIG)])
    np.testing.assert_allclose(focal[0], focal[1], rtol=3e-3)  # measured 1.3e-3
    assert result.quality.rms_px < 0.16  # measured 0.14: two coordinates of 0.1 px
    assert plain.quality.rms_px > 1.6 * result.quality.rms_px  # measured 0.26 px
    # The corners of the corrected views are where the others see them, those of the late views are not.
    moved = corrected_observations(result.refinement, result.frames, observations)
    before, after = (score_board(result.rig, seen).reprojection_rms_px for seen in (observations, moved))
    assert after < 0.35 * before  # measured 0.09 of 0.38 px
    np.testing.assert_array_equal(np.isnan(moved.pixels), np.isnan(observations.pixels))


def test_a_late_camera_taken_for_simultaneous_is_named_and_lowers_the_grade(late: BoardObservations) -> None:
    plain = calibrate(late)
    found = late_cameras(plain, late, Wanted(rate_hz=RATE_HZ))
    assert isinstance(found, LateCameras)
    np.testing.assert_allclose(found.timing.camera_shift, [-0.002, -0.002, 0.004], atol=2e-4)
    check = timing_checks(found, RIG.names)[0]
    # Measured 1.99 sd, from the truth 1.93 (position of cam_1, 20 mm); with 2 ms 2.41 and 2.26.
    assert check.status == "warn" and 1.5 < check.measured < 2.5
    assert "'cam_2' is late by 4.0 +- " in check.meaning and "cam_0" not in check.meaning
    assert timing_checks(replace(found, moved=2.5 * found.moved), RIG.names)[0].status == "fail"
    whole = assess(plain, late, n_folds=2, wanted=Wanted(rate_hz=RATE_HZ))
    assert whole.grade == "usable" and "timing" in {one.name for one in whole.checks if one.severity}


def test_cameras_in_step_or_with_shifts_estimated_are_not_called_late(
    late: BoardObservations, timed: Calibration
) -> None:
    together = filmed((0.0, 0.0, 0.0), seed=5)
    assert late_cameras(calibrate(together), together) is None and late_cameras(timed, late) is None
    assert timing_checks(None, RIG.names) == ()
    check = timing_checks("The shifts did not settle.", RIG.names)[0]
    assert (check.name, check.status) == ("timing_untested", "warn") and "the shifts did not settle" in check.meaning


@pytest.mark.parametrize("seed", [5, *(pytest.param(seed, marks=pytest.mark.heavy) for seed in (1, 2))])
def test_a_camera_that_runs_far_behind_is_not_taken_for_a_moved_one(seed: int) -> None:
    # By 12 mm of the board's way: a step of 3.9 deg explained most of it, beside shifts in time one of 0.1 deg.
    calibrate(filmed((0.0, 0.0, 0.015), seed=seed))


def test_views_never_used_are_scored_at_their_moments_and_as_filmed(
    late: BoardObservations, timed: Calibration
) -> None:
    outside, raw = held_out(timed, late), held_out(replace(timed, slide=None), late)
    # Measured 0.0687 px and 0.470 mm, as filmed 0.320 px, as much as of cameras that were fitted without shifts. True
    # cameras and moments leave the noise of the corners, 0.0681 px and 0.471 mm.
    perfect = score_board(RIG, filmed((0.0, 0.0, 0.0), seed=5))
    assert outside.median_px == pytest.approx(perfect.reprojection_median_px, rel=0.05)
    assert outside.distance_rmse_mm == pytest.approx(perfect.distance_rmse_mm, rel=0.05)
    assert outside.as_filmed is not None and raw.as_filmed is None
    assert outside.median_px < 0.1 and raw.median_px > 3 * outside.median_px
    assert outside.as_filmed.median_px > 3 * outside.median_px
    told, plain = (
        {check.name: check.meaning for check in _rig_figures(one, error_map(timed.rig, np.zeros((1, 1, 1, 3))))}
        for one in (outside, raw)
    )
    assert {name for name in told if told[name] != plain[name]} == {"held_out_length", "held_out_residual"}
    assert told["held_out_residual"] == f"{plain['held_out_residual']}, each view at its own moment"
    # Halves are fitted with their own shifts, so that the promises of the covariance hold.
    assert 0.4 < split_halves(timed, late).whole_ratio < 1.8  # measured 0.86


@pytest.fixture(scope="module")
def fitted(late: BoardObservations, timed: Calibration) -> Refit:
    bodies = refit_bodies(timed)
    found = refit(timed, late, np.setdiff1d(bodies, bodies[::3]))
    assert not isinstance(found, str)
    return found


@pytest.fixture(scope="module")
def scattered(timed: Calibration) -> Calibration:
    """The same had its views been found to scatter by 10 ms, so that each tells its moment."""
    assert timed.slide is not None
    return replace(timed, slide=replace(timed.slide, prior_sd=0.01))


def test_a_corner_that_is_scored_does_not_tell_the_moment_of_its_view(
    late: BoardObservations, scattered: Calibration, fitted: Refit
) -> None:
    some = refit_bodies(scattered)[::3][:4]
    before = at_own_moments(fitted, late, scattered, some).pixels
    np.testing.assert_array_equal(np.isfinite(before), np.isfinite(late.pixels[:, scattered.frames[some]]))
    camera, place, corner = np.argwhere(np.isfinite(before[..., 0]))[7]
    spoilt = late.pixels.copy()
    spoilt[camera, scattered.frames[some[place]], corner] += [0.3, -0.2]
    change = at_own_moments(fitted, replace(late, pixels=spoilt), scattered, some).pixels - before
    # All of the error shows in the corner itself, nothing in those of its group, and a little in the others.
    np.testing.assert_allclose(change[camera, place, corner], [0.3, -0.2], atol=1e-6)
    rest = np.delete(change[:, place], corner, axis=1)
    group = np.delete(np.arange(BOARD.n_corners) % N_GROUPS == corner % N_GROUPS, corner)
    assert np.nanmax(np.abs(rest[:, group])) < 1e-6
    assert 1e-3 < np.nanmax(np.abs(rest[:, ~group])) < 0.1


def test_frames_that_tell_no_moment_without_the_scored_corners_are_left_out(
    late: BoardObservations, timed: Calibration, fitted: Refit
) -> None:
    bodies = refit_bodies(timed)[:4:3]
    few = replace(timed, kept=timed.kept.copy())
    few.kept[:, timed.frames[bodies[0]], 5:] = False
    views = few.refinement.problem.views
    seen = views.seen & ((views.body != bodies[0])[:, None] | (np.arange(views.seen.shape[1]) < 5))
    problem = replace(few.refinement.problem, views=views.with_seen(seen))
    few = replace(few, refinement=replace(few.refinement, problem=problem))
    found = at_own_moments(fitted, late, few, bodies).pixels
    # Corners 0 and 4 are of one group, and leave three.
    counted = np.isfinite(found[:, 0, :5, 0]).any(axis=0)
    assert not counted[[0, 4]].any() and counted[1:4].all() and np.isfinite(found[:, 1, :, 0]).any()


def test_times_of_the_frames_are_taken_where_given() -> None:
    observations = filmed((0.0, 0.0, 0.0), n=60)
    times = 7.0 + np.arange(60) / RATE_HZ
    even = calibrate(observations, wanted=Wanted("per-view", rate_hz=RATE_HZ))
    given = calibrate(observations, wanted=Wanted("per-view", frame_times=times))
    np.testing.assert_allclose(given.rig.cameras[0].matrix, even.rig.cameras[0].matrix, rtol=1e-6)
    alone = calibrate(observations, wanted=Wanted("per-view"))
    assert alone.timing is not None and alone.timing.unit == "frames"


def test_shape_and_timing_may_be_wanted_together() -> None:
    observations = filmed((0.0, 0.0, 0.0), n=60)
    result = calibrate(observations, wanted=Wanted("per-view", "bending", rate_hz=RATE_HZ))
    assert result.shape is not None and not result.shape.significant
    assert "No bending" in str(result.rig.metadata["board_shape"])


@pytest.mark.parametrize("words", [{"timing": "late"}, {"board_shape": "wavy"}])
def test_what_is_not_known_is_refused(words: dict[str, str]) -> None:
    with pytest.raises(CalibrationError) as refused:
        Wanted(**words)
    assert refused.value.code == "CORRECTION_UNKNOWN"
