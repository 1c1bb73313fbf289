"""What single figures of an angle (mean, lowest, range, agreement) are taken from: not what no joint reaches."""

import numpy as np
from numpy.typing import NDArray

from mocap.trial.angles import JointAngles

#: Ends the reason of a frame whose value no joint of a person reaches, unless the user confirmed such values.
BEYOND_REACH = "beyond what the joint reaches"


def beyond_reach(angles: JointAngles) -> NDArray:
    """Return which values, shape (time, angle) of bool, are flagged as beyond what their joint reaches."""
    codes = [code for code, words in enumerate(angles.frame_reason_words) if words.endswith(BEYOND_REACH)]
    return np.isfinite(angles.values) & np.isin(angles.frame_reason, codes)


def scalar_values(angles: JointAngles) -> NDArray:
    """Return the values, shape (time, angle) in rad, that single figures are taken from: NaN beyond what joints reach.

    Values that the user confirmed (`physiology=confirmed` of the kinematics) stay.
    """
    beyond = beyond_reach(angles)
    return np.where(beyond, np.nan, angles.values) if beyond.any() else angles.values
