"""What the filter takes from the peaks of angles, told against what it takes from points without noise."""

import numpy as np
import pytest

from mocap.errors import KinematicsError
from mocap.kinematics import kinematics
from mocap.pipeline.filter_bias import FILTER_BIAS, filter_verdicts
from mocap.pipeline.motion import analyse
from mocap.pipeline.point_filter import with_filtered_points
from mocap.signal.filter_options import FilterOptions
from mocap.signal.smoothing import filter_points
from mocap.synthetic import default_subject, squat, static_standing
from mocap.trial import AngleDefinition, JointAngles, Points3D, Trial, Verdict

SUBJECT = default_subject(seed=3)
STATIC = static_standing(SUBJECT, seconds=1.0).points


def _noisy(points: Points3D, seed: int) -> Points3D:
    sigma = np.array([0.0003 if name.startswith(("SAC", "T12_")) else 0.001 for name in points.names])
    covariance = np.broadcast_to((sigma**2)[:, None, None] * np.eye(3), (points.n_frames, len(sigma), 3, 3))
    noise = np.random.default_rng(seed).normal(size=points.position.shape) * sigma[:, None]
    return Points3D(points.position + noise, points.names, points.rate_hz, covariance)


def _told(points: Points3D, filtering: FilterOptions) -> tuple[Verdict, ...]:
    trial = analyse(Trial("t", points), STATIC, filtering=filtering)
    return tuple(verdict for verdict in trial.quality if verdict.name == FILTER_BIAS)


def test_what_a_filter_takes_from_a_sudden_tuck_of_the_pelvis_is_told() -> None:
    points = squat(SUBJECT, repetitions=1).points
    tilt = [kinematics(one, static=STATIC, measured=False).angles.deg("pelvic_tilt").max()
            for one in (points, filter_points(points, FilterOptions()).points)]  # fmt: skip
    (verdict,) = _told(_noisy(points, 0), FilterOptions())
    print(verdict, tilt[0] - tilt[1])
    # The tilt turns at the onset of the tuck from rising to falling: 6 Hz take 0.76 deg from its peak, of which 0.66
    # (sd 0.10) show against 24 Hz.
    assert tilt[0] - tilt[1] == pytest.approx(0.76, abs=0.02)
    assert not verdict.passed and 0.5 < verdict.measured < 0.9 and "pelvic_tilt" in verdict.text


TURN = AngleDefinition("turn", "One angle.", "", "", "", "absolute", "")


def _turn(points: Points3D, flagged: slice = slice(0)) -> JointAngles:
    """One angle, as many radians as a point is metres from the origin, and its flags."""
    reason = np.zeros((points.n_frames, 1), int)
    reason[flagged] = 1
    return JointAngles(
        (TURN,), points.position[:, 0, :1], points.rate_hz, frame_reason=reason, frame_reason_words=("", "p off course")
    )


def _swinging(cutoff_hz: float) -> Trial:
    time_s = np.arange(530) / 100.0
    position = np.zeros((530, 1, 3))
    position[:, 0, 0] = np.sin(2 * np.pi * 0.5 * time_s) + np.random.default_rng(1).normal(0, 0.002, 530)
    return with_filtered_points(Trial("t", Points3D(position, ("p",), 100.0)), FilterOptions(cutoff_hz=cutoff_hz))


@pytest.mark.parametrize(("cutoff_hz", "least", "most"), [(6.0, 0.0, 0.0), (0.5, 16.5, 17.1), (0.3, 43.3, 44.3)])
def test_a_cutoff_below_the_motion_is_told_however_low_it_is(cutoff_hz: float, least: float, most: float) -> None:
    # A swing of 57.3 deg at 0.5 Hz, without an sd: a cutoff there takes 1 - 1 / sqrt(2) of it, 16.8 deg; one of 0.3 Hz
    # takes 1 - 1 / (1 + (sqrt(2) - 1) (5 / 3)^4), 43.6 deg, away from the ends.
    trial = _swinging(cutoff_hz)
    assert trial.points_smoothed is not None
    (verdict,) = filter_verdicts(trial, _turn(trial.points_smoothed), _turn)
    print(verdict)
    assert least <= verdict.measured <= most and verdict.passed is (cutoff_hz == 6.0)


def test_what_cannot_be_compared_does_not_pass() -> None:
    trial = _swinging(6.0)
    assert trial.points_smoothed is not None
    angles = _turn(trial.points_smoothed, slice(1, None))

    def refused(_: Points3D) -> JointAngles:
        raise KinematicsError("Legs of two people.", "Give one.", code="TWO_SUBJECTS")

    for compute, words in ((_turn, "no frame without a flag"), (refused, "Legs of two people")):
        (verdict,) = filter_verdicts(trial, angles, compute)
        assert not verdict.passed and np.isnan(verdict.measured) and words in verdict.text


@pytest.mark.heavy
def test_a_squat_without_a_tuck_loses_nothing() -> None:
    points = _noisy(squat(SUBJECT, repetitions=1, wink_deg=0.0).points, 1)
    (verdict,) = _told(points, FilterOptions())
    assert verdict.passed and verdict.measured == 0.0
    assert _told(points, FilterOptions("none")) == ()


@pytest.mark.heavy
def test_noise_is_not_taken_for_a_loss_and_losses_are_found() -> None:
    still, tuck = (squat(SUBJECT, repetitions=1, wink_deg=deg).points for deg in (0.0, 12.0))
    false = sum(not _told(_noisy(still, seed), FilterOptions())[0].passed for seed in range(30))
    found = sum(not _told(_noisy(tuck, seed), FilterOptions())[0].passed for seed in range(30))
    print("accused without reason", false, "of 30; found", found, "of 30")
    assert false <= 1 and found >= 24
