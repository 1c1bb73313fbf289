"""Views taken early or late: shifts found, and none found where there are none."""

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from calibration.boards.board import Board
from calibration.camera import CameraRig
from calibration.corrections.board_motion import board_paths, frame_moments
from calibration.corrections.timing import TimedRefinement, estimate_timing, refine_timing
from calibration.errors import ShapeError
from calibration.initial.start import start_of
from calibration.observations import BoardObservations
from calibration.quality.figures import volume_error
from calibration.recipe import Calibration, calibrate
from calibration.result import refined_cameras
from calibration.rigid import from_rotvec, rigid
from calibration.solve.bodies import board_footage
from calibration.solve.bundle import lens_and_pose_covariance
from calibration.solve.bundle_system import squared_errors
from calibration.solve.refinement import Refinement, refine
from calibration.synthetic.corners import observe_board
from calibration.synthetic.rigs import ring_rig
from calibration.views import usable_views

BOARD = Board("charuco", 7, 6, 0.10, 0.07, "DICT_4X4_100")
SIGMA_PX = 0.1
RATE_HZ = 20.0
RIG = CameraRig(ring_rig(8, seed=3).cameras[:3])
TIMES = np.arange(90) / RATE_HZ


def board_at(moments: NDArray) -> NDArray:
    """A smooth swing of the board through the volume at about 0.8 m/s: world_from_board, shape (moment, 4, 4)."""
    turn = np.array([0.0, 0.0, 1.0])[None] * (0.5 * np.sin(1.1 * moments) + 0.8)[:, None]
    tilt = np.stack([0.5 * np.sin(1.7 * moments), 0.4 * np.cos(1.3 * moments), 0 * moments], axis=1)
    middle = np.stack(
        [0.5 * np.sin(1.3 * moments), 0.5 * np.cos(0.9 * moments), 1.0 + 0.4 * np.sin(1.9 * moments)], axis=1
    )
    upright = np.array([[0, 0, -1.0], [1, 0, 0], [0, -1, 0]])  # the front looks along +X
    facing = from_rotvec(turn, np.zeros_like(turn))[:, :3, :3] @ upright
    rotation = facing @ from_rotvec(tilt, np.zeros_like(tilt))[:, :3, :3]
    half = np.array([*BOARD.size, 0.0]) / 2
    return rigid(rotation, middle - rotation @ half)


def filmed(shift: NDArray, seed: int = 0, sigma_px: float = SIGMA_PX) -> BoardObservations:
    """What the cameras see, each of its views `shift` (camera, frame) late, s."""
    parts = [
        observe_board(CameraRig((camera,)), BOARD, board_at(TIMES + own), sigma_px, seed + 100 * index)
        for index, (camera, own) in enumerate(zip(RIG, shift, strict=True))
    ]
    pixels = np.concatenate([part.pixels for part in parts])
    return BoardObservations(BOARD, RIG.names, np.array([c.size for c in RIG]), pixels, np.arange(len(TIMES)))


@cache
def late_shifts(seed: int = 1) -> NDArray:
    return np.random.default_rng(seed).normal(0.0, 0.005, (len(RIG), len(TIMES)))


@cache
def late() -> tuple[Calibration, TimedRefinement]:
    observations = filmed(late_shifts())
    plain = calibrate(observations)
    moments, unit = frame_moments(observations.frame_ids[plain.frames], rate_hz=RATE_HZ)
    return plain, refine_timing(plain.refinement, moments, unit)


def rig_of(plain: Calibration, refinement: Refinement) -> CameraRig:
    return CameraRig(refined_cameras(filmed(late_shifts()), refinement, list(plain.models), np.eye(4)))


def test_twists_are_the_velocity_of_a_screw_motion() -> None:
    twist = np.array([0.3, -0.2, 0.5, 0.1, 0.2, -0.3])
    moments = np.array([0.0, 0.1, 0.22, 0.3, 0.41])
    start = from_rotvec(np.array([0.3, 0.2, 0.1]), np.array([1.0, 2.0, 3.0]))
    # Steps far smaller than the velocity's change: a motion composed of many.
    fine = np.linspace(0, 0.41, 411)
    poses = [start]
    for _ in fine[1:]:
        poses.append(poses[-1] @ from_rotvec(twist[:3] * 1e-3, twist[3:] * 1e-3))
    chosen = np.array(poses)[np.round(1e3 * moments).astype(int)]
    found, _ = board_paths(chosen, moments, np.ones(5, bool), np.zeros(5, int))
    # Measured: 6e-5 inside and 1.5e-2 at the ends, where a single step gives the velocity of its middle.
    np.testing.assert_allclose(found[1:-1], np.tile(twist, (3, 1)), atol=1e-3)
    np.testing.assert_allclose(found[[0, -1]], np.tile(twist, (2, 1)), atol=2e-2)


def test_a_frame_without_neighbours_has_no_velocity() -> None:
    poses = np.tile(np.eye(4), (6, 1, 1))
    poses[:, 0, 3] = np.arange(6)
    found = board_paths(poses, np.array([0, 1, 2, 3, 100.0, np.nan]), np.ones(6, bool), np.zeros(6, int))[0]
    np.testing.assert_allclose(found[:, 3], [1, 1, 1, 1, 0, 0])


def test_moments_are_the_mean_of_the_cameras_clocks() -> None:
    moments, unit = frame_moments(np.arange(3), np.array([[0.0, 1.0, np.nan], [0.2, 1.2, 2.0]]))
    np.testing.assert_allclose(moments, [0.1, 1.1, 2.0])
    assert unit == "s"
    assert frame_moments(np.array([3, 5]))[1] == "frames"
    np.testing.assert_allclose(frame_moments(np.array([3, 5]), rate_hz=10.0)[0], [0.3, 0.5])


@pytest.mark.parametrize("times", [np.zeros((2, 4)), np.array([0.0, 2.0, 1.0])])
def test_times_of_another_footage_or_backwards_are_refused(times: NDArray) -> None:
    with pytest.raises(ShapeError):
        frame_moments(np.arange(3), times)


def test_shifts_of_single_views_are_found_within_their_interval() -> None:
    plain, timed = late()
    timing, truth = timed.timing, late_shifts()[:, plain.frames]
    # Only differences within a frame can be seen: the mean over the cameras is taken off both.
    told = np.isfinite(timing.shift) & (np.isfinite(timing.shift).sum(axis=0) == len(RIG))
    found = (timing.shift - timing.shift.mean(axis=0))[told]
    true = (truth - truth.mean(axis=0))[told]
    assert told.sum() > 100
    # Measured: r = 0.998, 0.21 ms RMS of 5 ms.
    assert np.corrcoef(found, true)[0, 1] > 0.99
    assert (found - true).std() < 0.4e-3
    # Measured 4.0 ms: the views with the largest shifts were left out by the first refinement.
    assert timing.spread == pytest.approx(0.005, rel=0.4)
    assert timing.sigma_px == pytest.approx(SIGMA_PX, rel=0.05)  # measured 0.102
    assert timing.significant and not timing.late_cameras.any()
    assert timing.share_used > 0.8 > 0.2 > timing.share_chance  # measured 0.89 and 0.04
    assert "ms (standard deviation)" in timing.sentences(RIG.names)[0]


def test_cameras_are_better_for_it_and_know_how_much() -> None:
    plain, timed = late()
    grid = np.random.default_rng(0).uniform([-0.6, -0.6, 0.4], [0.6, 0.6, 1.6], (100, 3))
    before, after = (volume_error(rig_of(plain, r), RIG, grid) for r in (plain.refinement, timed.refinement))
    assert after < 0.6 * before  # measured 0.15 of 0.38 mm
    # The focal lengths lie within their stated intervals: measured within 1.6 sd.
    size = len(RIG) * 18
    sd = np.sqrt(np.diagonal(timed.covariance.camera.reshape(size, size))).reshape(len(RIG), 18)[:, 0]
    off = timed.refinement.state.lenses[:, 0] - [camera.matrix[0, 0] for camera in RIG]
    assert (np.abs(off) < 3.5 * sd).all()
    # Shifts cost certainty: noise of 0.1 px without them leaves less open.
    known = lens_and_pose_covariance(timed.corrected.problem, timed.corrected.state, timed.corrected.sigma)
    assert (sd > np.sqrt(np.diagonal(known.camera)).reshape(len(RIG), 18)[:, 0]).all()


def test_the_corrected_views_hold_what_is_left() -> None:
    _, timed = late()
    kept = timed.corrected.problem.views
    rms = np.sqrt(squared_errors(timed.corrected.state, kept)[kept.seen].mean() / 2)
    assert rms == pytest.approx(SIGMA_PX, rel=0.1)  # measured 0.098: shifts and poses have taken up a little


def test_a_whole_camera_that_is_late_is_named() -> None:
    shift = np.zeros((len(RIG), len(TIMES)))
    shift[2] = 0.006
    observations = filmed(shift, seed=5)
    # The whole recipe would take a late camera for one that was moved.
    footage = board_footage((observations,), [usable_views(observations.seen, BOARD.corners_board)])
    start, problem, _ = start_of(footage, ["brown5"] * len(RIG))
    timed = refine_timing(refine(problem, start), *frame_moments(footage.frame_ids, rate_hz=RATE_HZ))
    timing = timed.timing
    # Of the mean of three a third goes to each: +4, -2, -2 ms. Measured 4.01, -1.97, -2.04 ms.
    np.testing.assert_allclose(timing.camera_shift, [-0.002, -0.002, 0.004], atol=2e-4)
    assert timing.late_cameras.all()
    assert any(f"Camera '{RIG.names[2]}' is late" in sentence for sentence in timing.sentences(RIG.names))


def test_nothing_is_claimed_of_synchronous_cameras() -> None:
    observations = filmed(np.zeros((len(RIG), len(TIMES))), seed=7)
    plain = calibrate(observations)
    moments, unit = frame_moments(observations.frame_ids[plain.frames], rate_hz=RATE_HZ)
    timing = estimate_timing(plain.refinement, moments, unit)
    assert not timing.significant and timing.excess < 1.5
    # Measured 0.040 and 0.034, where chance is 0.035.
    assert timing.share_removed < 2 * timing.share_chance and timing.share_expected < 2 * timing.share_chance
    assert "no proof" in timing.sentences(RIG.names)[0]
    timed = refine_timing(plain.refinement, moments, unit)
    assert not timed.timing.significant
    # Measured 0.13 px of 970: without shifts to explain, the answer stays what it was, within a quarter of its sd.
    off = timed.refinement.state.lenses[:, 0] - plain.refinement.state.lenses[:, 0]
    np.testing.assert_allclose(off, 0.0, atol=0.4)
