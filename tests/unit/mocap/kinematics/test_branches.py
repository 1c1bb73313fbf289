"""The full turn an angle is given in: continuous through turns, anew behind gaps, never beyond a joint's range."""

import numpy as np
import pytest

from mocap.kinematics import KinematicsOptions, kinematics
from mocap.kinematics.further.branches import anew_behind_gaps, on_branches, within_half_a_turn
from mocap.synthetic import Motion, default_subject, landmarks, static_standing
from mocap.trial import Points3D

SUBJECT = default_subject()
STATIC = static_standing(SUBJECT, seconds=1.0).points
RATE = 100.0
ANYHOW = KinematicsOptions(posture="any", heading_rad=0.0)


def _turning(curve: str, total_deg: float, n_frames: int = 400) -> tuple[Points3D, np.ndarray]:
    truth = np.deg2rad(np.linspace(0.0, total_deg, n_frames))
    motion = Motion(RATE, np.tile([0.0, 0.0, 1.2], (n_frames, 1)), {curve: truth})
    return landmarks(SUBJECT, motion), truth


def _with_gap(points: Points3D, frames: slice) -> Points3D:
    position = points.position.copy()
    position[frames] = np.nan
    return Points3D(position, points.names, points.rate_hz)


@pytest.mark.parametrize("total", [720.0, -720.0, 1440.0])
def test_a_person_who_turns_about_is_followed_through_all_turns(total: float) -> None:
    points, truth = _turning("pelvic_rotation", total)
    angles = kinematics(points, static=STATIC, options=ANYHOW).angles
    np.testing.assert_allclose(angles["pelvic_rotation"], truth, atol=1e-9)
    # The trunk turns along; it counts to the right.
    np.testing.assert_allclose(angles["trunk_rotation"], -truth, atol=1e-9)
    for side, sign in (("r", -1.0), ("l", 1.0)):
        steps = np.diff(angles[f"foot_progression_{side}"])
        np.testing.assert_allclose(steps, sign * np.diff(truth), atol=1e-9)
    # What does not turn stays where it was.
    for name in ("pelvic_tilt", "hip_flexion_r", "knee_flexion_l", "lumbar_flexion", "ankle_dorsiflexion_r"):
        assert np.ptp(angles[name]) < 1e-9, name


def test_a_short_gap_in_a_turn_is_bridged() -> None:
    points, truth = _turning("pelvic_rotation", 720.0)
    angles = kinematics(_with_gap(points, slice(200, 220)), static=STATIC, options=ANYHOW).angles
    found = angles["pelvic_rotation"]
    assert np.isnan(found[200:220]).all()
    np.testing.assert_allclose(np.delete(found, slice(200, 220)), np.delete(truth, slice(200, 220)), atol=1e-9)


def test_a_somersault_runs_on_and_begins_anew_behind_a_long_gap() -> None:
    points, truth = _turning("pelvic_tilt", 400.0)
    angles = kinematics(points, static=STATIC, options=ANYHOW).angles
    np.testing.assert_allclose(angles["pelvic_tilt"], truth, atol=1e-9)
    assert np.abs(np.diff(angles["pelvic_tilt"])).max() < 0.1
    # Upright again behind a gap of half a second: 360 to 400 deg are 0 to 40.
    cut = kinematics(_with_gap(points, slice(310, 360)), static=STATIC, options=ANYHOW).angles["pelvic_tilt"]
    np.testing.assert_allclose(cut[360:], truth[360:] - 2 * np.pi, atol=1e-9)


def test_a_thigh_past_the_head_runs_on() -> None:
    points, truth = _turning("hip_flexion_r", 220.0)
    found = kinematics(points, static=STATIC, options=ANYHOW).angles["thigh_inclination_r"]
    np.testing.assert_allclose(np.diff(found), np.diff(truth), atol=1e-9)


def test_a_glitch_through_a_full_turn_does_not_stay() -> None:
    # Five frames of crossed labels step right around; unwrapped, all that follows would read 360 deg more.
    tilt = np.deg2rad(np.concatenate([np.full(50, 10.0), [100.0, 190.0, 280.0], np.full(50, 370.0)]))
    found = np.rad2deg(on_branches(tilt[:, None], ("pelvic_tilt",), RATE)[:, 0])
    np.testing.assert_allclose(found[:50], 10.0)
    np.testing.assert_allclose(found[53:], 10.0, atol=1e-9)


@pytest.mark.parametrize("name", ["hip_flexion_r", "knee_flexion_l", "ankle_dorsiflexion_r", "lumbar_rotation"])
def test_no_joint_leaves_its_turn_whatever_came_before(name: str) -> None:
    rng = np.random.default_rng(1)
    true = np.deg2rad(rng.uniform(-60.0, 120.0, 200))
    turns = 2 * np.pi * rng.integers(-3, 4, 200)
    found = on_branches((true + turns)[:, None], (name,), RATE)[:, 0]
    np.testing.assert_allclose(found, true, atol=1e-9)


def test_properties_over_random_pieces() -> None:
    rng = np.random.default_rng(2)
    for _ in range(200):
        angle = np.cumsum(rng.normal(0.0, 0.15, 300)) + rng.uniform(-20.0, 20.0)
        for start in rng.integers(0, 280, 3):
            angle[start : start + rng.integers(1, 60)] = np.nan
        found = anew_behind_gaps(angle, RATE)
        there = np.isfinite(angle)
        np.testing.assert_array_equal(np.isfinite(found), there)
        # Whole turns alone are taken away, and what was right stays right.
        turns = (found - angle)[there] / (2 * np.pi)
        np.testing.assert_allclose(turns, np.round(turns), atol=1e-9)
        np.testing.assert_allclose(anew_behind_gaps(found, RATE)[there], found[there], atol=1e-9)
        # It does not matter in which turn the angle came, nor, short of half turns, in which direction time runs.
        np.testing.assert_allclose(anew_behind_gaps(angle + 2 * np.pi, RATE)[there], found[there], atol=1e-9)
        back = anew_behind_gaps(angle[::-1], RATE)[::-1]
        if np.ptp(angle[there]) < np.pi:
            np.testing.assert_allclose(back[there], found[there], atol=1e-9)
    assert np.isnan(anew_behind_gaps(np.full(5, np.nan), RATE)).all()
    assert within_half_a_turn(np.array([np.pi, -np.pi, 3.0]), 0.0) == pytest.approx([-np.pi, -np.pi, 3.0])
    assert on_branches(np.empty((0, 1)), ("pelvic_tilt",), RATE).shape == (0, 1)


@pytest.mark.parametrize("landed", [365.0, 369.0])
def test_a_somersault_that_lands_short_of_a_turn_starts_upright(landed: float) -> None:
    angle = np.deg2rad(np.concatenate([np.full(100, 8.0), np.linspace(8.0, landed, 80), np.full(300, landed)]))
    # Read -352 deg at the start where it landed at 365.
    np.testing.assert_allclose(anew_behind_gaps(angle, RATE), angle, atol=1e-12)
