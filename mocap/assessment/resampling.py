"""Curves at other times: along cubic splines from sample to sample, never across what is missing."""

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

_SAME_TIME = 1e-9  # s; below, a sample is taken as it is
_FEWEST = 4  # samples of a cubic piece; shorter runs are joined by straight lines


def resampled(time_s: NDArray, values: NDArray, at_s: NDArray) -> NDArray:
    """Return columns at other times.

    Where a wanted time is a sample's own, its value comes back to the bit. Nothing is low-passed: the value at an
    instant is asked for, not a band.

    Parameters
    ----------
    time_s : ndarray, shape (time,)
        Increasing.
    values : ndarray, shape (time, column)
        NaN is missing.
    at_s : ndarray, shape (wanted,)

    Returns
    -------
    ndarray, shape (wanted, column)
        NaN outside the samples, and between two of which one is missing.
    """
    found = np.full((len(at_s), values.shape[1]), np.nan)
    for column in range(values.shape[1]):
        for first, last in _runs(np.isfinite(values[:, column])):
            _fill(found[:, column], time_s[first:last], values[first:last, column], at_s)
    return found


def _fill(found: NDArray, time_s: NDArray, values: NDArray, at_s: NDArray) -> None:
    """Put the values of one run without gaps where they belong."""
    inside = (at_s >= time_s[0] - _SAME_TIME) & (at_s <= time_s[-1] + _SAME_TIME)
    at = at_s[inside]
    if not len(at):
        return
    if len(time_s) >= _FEWEST:
        between = CubicSpline(time_s, values)(at)
    else:
        between = np.interp(at, time_s, values)
    right = np.searchsorted(time_s, at).clip(max=len(time_s) - 1)
    nearest = np.where(np.abs(time_s[right] - at) <= np.abs(time_s[right - 1] - at), right, right - 1)
    found[inside] = np.where(np.abs(time_s[nearest] - at) <= _SAME_TIME, values[nearest], between)


def _runs(there: NDArray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], there, [False]]).astype(np.int8)))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
