"""Lunges towards a wall, one foot in front: known inclination of the front shank, the knee above the foot's line."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.synthetic.legs import joined_motion
from mocap.synthetic.motion import ankle_in_foot
from mocap.synthetic.names import SIDE_SIGN
from mocap.synthetic.planted import Tempo, schedule
from mocap.synthetic.rotations import about, turn
from mocap.synthetic.subject import Subject
from mocap.synthetic.trial import Repetition, SyntheticTrial, synthesise

_START_SHANK, _START_THIGH = np.deg2rad(15.0), np.deg2rad(25.0)
_BEHIND_M, _REAR_PITCH = -0.30, np.deg2rad(-25.0)


def lunge(
    subject: Subject,
    shank_deg: float | Sequence[float] = 38.0,
    repetitions: int = 3,
    side: str = "r",
    *,
    thigh_deg: float = 40.0,
    trunk_deg: float = 10.0,
    heel_lift_deg: float = 0.0,
    tempo: Tempo | None = None,
    rate_hz: float = 100.0,
) -> SyntheticTrial:
    """Return lunges with one foot in front, its toes straight ahead and under its hip; the rear heel stays up.

    The leg in front moves in a sagittal plane, so that its shank's inclination is what is asked for, and its knee
    centre is `shank sin(inclination)` ahead of its ankle, which stands at X = 0.

    Parameters
    ----------
    shank_deg : float or one per repetition
        Inclination of the front shank at its furthest; it starts from 15 deg.
    side : str
        `r` or `l`: the leg in front.
    thigh_deg, trunk_deg : float
        Front thigh back from the vertical, and trunk forward, at the furthest.
    heel_lift_deg : float
        Pitch of the front foot about its ball at the furthest.

    Returns
    -------
    SyntheticTrial
        Task `knee_to_wall`; `Repetition.depth` is the drop of the hips.

    Raises
    ------
    KinematicsError
        When the legs do not reach (`POSE_UNREACHABLE`), or there is not one inclination per repetition.
    """
    shanks = np.deg2rad(np.asarray(shank_deg, float))
    if shanks.shape not in ((), (repetitions,)):
        raise KinematicsError(
            f"{shanks.size} inclinations for {repetitions} repetitions.", "Give one value, or one per repetition.",
            code="POSE_UNREACHABLE",
        )  # fmt: skip
    progress, which, marks = schedule(repetitions, tempo or Tempo(), rate_hz)
    furthest = np.broadcast_to(shanks, (repetitions,))[which]
    shank = _START_SHANK + progress * (furthest - _START_SHANK)
    thigh = _START_THIGH + progress * (np.deg2rad(thigh_deg) - _START_THIGH)
    front, pitch = _front_foot(subject, side, np.deg2rad(heel_lift_deg) * progress)
    knee = front + subject.shank * np.stack([np.sin(shank), np.cos(shank), np.zeros_like(shank)], axis=-1)
    hip = knee + subject.thigh * np.stack([-np.sin(thigh), np.cos(thigh), np.zeros_like(thigh)], axis=-1)
    other = "l" if side == "r" else "r"
    feet = {side: (front, pitch), other: _rear_foot(subject, other)}
    trunk = np.deg2rad(trunk_deg) * progress
    curves = {"pelvic_tilt": subject.standing_tilt + trunk, "neck_flexion": -0.5 * trunk}
    position = np.stack([hip[:, 0], np.zeros(len(hip)), hip[:, 1]], axis=-1)
    height = position[:, 2]
    found = tuple(
        Repetition(*mark, depth=float(height[0] - height[round((mark[1] + mark[2]) / 2 * rate_hz)])) for mark in marks
    )
    return synthesise(subject, joined_motion(subject, position, curves, feet, rate_hz), "knee_to_wall", found)


def _front_foot(subject: Subject, side: str, lift: NDArray) -> tuple[NDArray, NDArray]:
    """Return ankle centre, shape (time, 3), and rotation of a foot that pitches about its ball (ISB axes)."""
    flat = np.array([0.0, subject.ankle_height, _under_hip(subject, side)])
    ball = np.array([subject.ball_length, -subject.heel_height, 0.0]) - ankle_in_foot(subject)
    rotation = about("z", -lift)
    return flat + ball - turn(rotation, ball), rotation


def _rear_foot(subject: Subject, side: str) -> tuple[NDArray, NDArray]:
    """Return ankle centre and rotation of a foot on its toes behind the body."""
    rotation = about("z", _REAR_PITCH)
    toe = subject.landmarks[f"foot_{side}"][f"{side.upper()}HALLUX"] - ankle_in_foot(subject)
    height = 0.022 - float(turn(rotation, toe)[1])
    return np.array([_BEHIND_M, height, _under_hip(subject, side)]), rotation


def _under_hip(subject: Subject, side: str) -> float:
    return float(SIDE_SIGN[side] * abs(subject.hip_centre("r")[2]))
