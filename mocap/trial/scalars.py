"""What single figures of an angle (mean, lowest, range, agreement) are taken from: frames without a reason to doubt.

Every flag of a frame that has a value is one to doubt it (a point off its course, leaping, frozen, off its place, with
an exchanged label; a pose that no marker shows; what no joint reaches), but for two notes about values that are sound:
near gimbal lock, where the sd tells what the noise becomes, and what the user confirmed.
"""

import numpy as np
from numpy.typing import NDArray

from mocap.trial.angles import JointAngles

#: Ends the reason of a frame whose value no joint of a person reaches, unless the user confirmed such values.
BEYOND_REACH = "beyond what the joint reaches"
CONFIRMED_REACH = f"{BEYOND_REACH}, as confirmed"
NEAR_GIMBAL_LOCK = "near gimbal lock (second angle above 75 deg)"
_NOTES = frozenset(("", NEAR_GIMBAL_LOCK, CONFIRMED_REACH))


def beyond_reach(angles: JointAngles) -> NDArray:
    """Return which values, shape (time, angle) of bool, are flagged as beyond what their joint reaches."""
    return _with_words(angles, [words.endswith(BEYOND_REACH) for words in angles.frame_reason_words])


def doubted(angles: JointAngles) -> NDArray:
    """Return which values, shape (time, angle) of bool, bear a flag that is more than a note; what is missing is none.

    A flag that is unknown here is one to doubt.
    """
    return _with_words(angles, [not _NOTES.issuperset(words.split("; ")) for words in angles.frame_reason_words])


def doubted_one(angles: JointAngles, index: int) -> NDArray:
    """Return which values of one angle, shape (time,) of bool, bear a flag that is more than a note."""
    flags = np.array([not _NOTES.issuperset(words.split("; ")) for words in angles.frame_reason_words])
    if not flags.any():
        return np.zeros(len(angles.values), bool)
    return np.isfinite(angles.values[:, index]) & flags[angles.frame_reason[:, index]]


def scalar_values(angles: JointAngles) -> NDArray:
    """Return the values, shape (time, angle) in rad, that single figures are taken from: NaN where they are doubted.

    Values beyond reach that the user confirmed (`physiology=confirmed` of the kinematics) stay.
    """
    left_out = doubted(angles)
    return np.where(left_out, np.nan, angles.values) if left_out.any() else angles.values


def _with_words(angles: JointAngles, chosen: list[bool]) -> NDArray:
    if not any(chosen):
        return np.zeros(angles.values.shape, bool)
    return np.isfinite(angles.values) & np.array(chosen)[angles.frame_reason]
