"""Angular velocities of segments and rates of angles, by central differences of what was filtered already.

Their uncertainty takes the errors of two frames that are two apart as independent. Filtered points err alike from frame
to frame, so that it is then an upper bound.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from mocap.trial import JointAngles


def angular_velocity(rotations: NDArray, rate_hz: float) -> NDArray:
    """Return the angular velocity (rad/s), shape (time, 3), of orientations, in the axes they are given in.

    The rotation vector (logarithm on SO(3)) from the frame before to the frame after, by the time between: exact for a
    steady turn of less than 180 deg in two frames.

    Parameters
    ----------
    rotations : ndarray, shape (time, 3, 3)
        Axes as columns; NaN is missing.
    rate_hz : float

    Returns
    -------
    ndarray, shape (time, 3)
        NaN in the first and the last frame and beside missing ones.
    """
    rotations = np.asarray(rotations, float)
    result = np.full((len(rotations), 3), np.nan)
    if len(rotations) < 3:
        return result
    step = rotations[2:] @ np.swapaxes(rotations[:-2], -1, -2)
    there = np.isfinite(step).all(axis=(1, 2))
    if there.any():
        inner = result[1:-1]
        inner[there] = Rotation.from_matrix(step[there]).as_rotvec() * rate_hz / 2.0
    return result


def central_difference(values: NDArray, rate_hz: float) -> NDArray:
    """Return the rate of change per second of values, shape (time, ...); NaN at the ends and beside missing frames."""
    values = np.asarray(values, float)
    result = np.full(values.shape, np.nan)
    if len(values) >= 3:
        result[1:-1] = (values[2:] - values[:-2]) * rate_hz / 2.0
    return result


def central_difference_sd(sd: NDArray, rate_hz: float) -> NDArray:
    """Return the standard uncertainty of `central_difference` from that of the values, shape (time, ...)."""
    sd = np.asarray(sd, float)
    result = np.full(sd.shape, np.nan)
    if len(sd) >= 3:
        result[1:-1] = np.hypot(sd[2:], sd[:-2]) * rate_hz / 2.0
    return result


def angle_rates(angles: JointAngles) -> tuple[NDArray, NDArray]:
    """Return the rates (rad/s) of all angles and their random standard uncertainties, shape (time, angle) each.

    Of two turns an angle may have made between neighbours of a frame it is the smaller one: joint angles are given
    within half a turn of the middle of their range, and step by a full turn at its ends.
    """
    rates, turn = central_difference(angles.values, angles.rate_hz), np.pi * angles.rate_hz
    return rates - turn * np.round(rates / turn), central_difference_sd(angles.sd, angles.rate_hz)
