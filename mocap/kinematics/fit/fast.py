"""Fast movement, in which skin has no part: what the markers tell of it beside the slow errors of soft tissue.

Soft tissue errs alike in neighbouring frames. Weights that count it are right for where the body is, and waste what
the markers tell of how it moves from frame to frame: there all of them are as good as their measurement, and so far as
their skin shows itself to be at rest. The residuals of the fit, averaged over the time in which soft tissue is steady,
are taken for its error; what is left of them moves the poses once more, with weights of their own.
"""

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.fit import normal_kernels as normal

LOCAL = 5
"""The unrest of a marker is judged over so many times the time in which soft tissue is steady."""


def without_slow(residuals: NDArray, axes: NDArray, covariance: NDArray, steady: float) -> tuple[NDArray, NDArray]:
    """Return the fast part of residuals, shape (time, marker, 3), and its weights, shape (time, marker, 3, 3).

    Parameters
    ----------
    residuals : ndarray, shape (time, marker, 3)
        m, world; NaN is missing.
    axes : ndarray, shape (time, marker, 3, 3)
        Of the segments of the markers: skin moves with the bone.
    covariance : ndarray, shape (time, marker, 3, 3)
        Of the measurement, m².
    steady : float
        Frames over which the soft tissue errs alike.

    Notes
    -----
    A marker that is restless beyond its measurement, about the moment in question, counts so much less.
    """
    inside = (residuals[..., None, :] @ axes)[..., 0, :]
    fast = (axes @ (inside - running_mean(inside, steady))[..., None])[..., 0]
    unrest = running_mean(np.einsum("tmi,tmi->tm", fast, fast), LOCAL * steady) / 3.0
    noise = np.einsum("tmii->tm", covariance) / 3.0
    weights = np.empty(covariance.shape)
    normal.invert_all(np.ascontiguousarray(covariance), np.nan_to_num(np.maximum(unrest - noise, 0.0)), weights)
    return fast, weights


def running_mean(values: NDArray, frames: float) -> NDArray:
    """Return means over a window of so many frames, an odd number, about each, along the first axis; NaN is left out.

    At the ends the window is as long on both sides as the shorter one allows: a straight course stays as it is.
    """
    n, half = len(values), int(frames) // 2
    there = np.isfinite(values)
    sums = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(np.where(there, values, 0.0), axis=0)])
    counts = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(there, axis=0)])
    at = np.arange(n)
    reach = np.minimum(half, np.minimum(at, n - 1 - at))
    first, last = at - reach, at + reach + 1
    count = counts[last] - counts[first]
    return np.where(there, (sums[last] - sums[first]) / np.maximum(count, 1.0), np.nan)
