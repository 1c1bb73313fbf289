"""Who turns round within a trial, and full turns behind frames that are not to be trusted."""

from functools import cache

import numpy as np
import pytest

from mocap.kinematics import KinematicsOptions, kinematics
from mocap.kinematics.joint_angles import Kinematics
from mocap.synthetic import default_subject, squat, static_standing, walking
from mocap.trial import Points3D

SUBJECT = default_subject()
STATIC = static_standing(SUBJECT, seconds=1.0).points
BY_HEADING = ("pelvic_rotation", "pelvic_tilt_conventional", "pelvic_obliquity_conventional", "thigh_inclination_r",
              "foot_progression_l", "trunk_rotation")  # fmt: skip


def turned(position: np.ndarray, about: np.ndarray, angle: float) -> np.ndarray:
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    return (position - about) @ turn.T + about


@cache
def there_and_back() -> Kinematics:
    """A walk of 3 s, half a turn on the spot in 1 s, and 2 s of the way back."""
    points = walking(SUBJECT, 3.0).points
    last = points.position[-1]
    spot = last.mean(axis=0) * [1, 1, 0]
    turning = np.stack([turned(last, spot, angle) for angle in np.linspace(0, np.pi, 100)])
    back = turned(points.position[:200] + (last - points.position[0]).mean(axis=0) * [1, 1, 0], spot, np.pi)
    trial = Points3D(np.concatenate([points.position, turning, back]), points.names, points.rate_hz)
    return kinematics(trial, static=STATIC)


def test_angles_by_heading_are_flagged_where_the_person_has_turned() -> None:
    result = there_and_back()
    (verdict,) = (one for one in result.verdicts if one.name == "one_heading")
    assert not verdict.passed and verdict.measured == pytest.approx(2.67, abs=0.05)  # 2 s and two thirds of the turn
    for name in BY_HEADING:
        flags = result.angles.frame_reason[:, result.angles.names.index(name)] > 0
        assert flags[400:].all(), name
        assert not flags[100:300].any(), name
    sound = kinematics(walking(SUBJECT, 3.0).points, static=STATIC).angles
    for name in (*BY_HEADING, "pelvic_tilt", "hip_flexion_r"):
        # The heading was the mean of there, back and the turn: 14 deg off.
        np.testing.assert_allclose(result.angles.deg(name)[100:300], sound.deg(name)[100:300], atol=4.5)
    tilt = result.angles.names.index("pelvic_tilt")
    assert not (result.angles.frame_reason[400:, tilt] > 0).any()
    walk = kinematics(walking(SUBJECT, 3.0).points, static=STATIC)
    assert next(one for one in walk.verdicts if one.name == "one_heading").passed


@pytest.mark.parametrize("model", ["segments", "skeleton"])
def test_an_exchange_turns_nothing_behind_it(model: str) -> None:
    points, frames = squat(SUBJECT, 1).points, slice(215, 315)
    position = points.position.copy()
    for one, other in (("C7", "CLAV"), ("T10", "STRN")) if model == "segments" else (("CLAV", "STRN"),):
        pair = [points.names.index(one), points.names.index(other)]
        position[frames, pair] = position[frames, pair[::-1]]
    options = KinematicsOptions(model=model)
    found = kinematics(Points3D(position, points.names, 100.0), static=STATIC, options=options).angles
    sound = kinematics(points, static=STATIC, options=options).angles
    column = found.names.index("trunk_rotation")
    free = found.frame_reason[:, column] == 0
    assert free[:200].all() and free[330:].all()
    np.testing.assert_allclose(found.deg("trunk_rotation")[free], sound.deg("trunk_rotation")[free], atol=3.0)
