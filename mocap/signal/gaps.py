"""Find gaps in series and fill the short ones, flagged."""

import functools

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from mocap.schema import Status
from mocap.signal.runs import runs

# Samples on each side that shape the cubic; one side needs two at least to give it a slope.
NEIGHBOURS = 8
_FEWEST = 2


def fill_gaps(
    position: NDArray, status: NDArray, rate_hz: float, longest_s: float = 0.1
) -> tuple[NDArray, NDArray]:
    """Fill gaps of at most `longest_s` seconds by a cubic spline through the samples beside them.

    A gap at the beginning or end, or beside a run of a single sample, stays.

    Parameters
    ----------
    position : ndarray, shape (time, keypoint, 3)
        Metres; NaN is missing.
    status : ndarray of uint8, shape (time, keypoint)
    rate_hz : float
    longest_s : float
        A gap of n missing samples lasts n / rate.

    Returns
    -------
    position, status : ndarray
        Copies; filled samples carry `Status.FILLED` and are no longer `MEASURED`. Other flags stay.
    """
    position, status = np.array(position, float), np.array(status, np.uint8)
    longest = int(np.floor(longest_s * rate_hz + 1e-6))
    for keypoint in range(position.shape[1]):
        missing = ~np.isfinite(position[:, keypoint]).all(axis=1)
        before = position[:, keypoint].copy()
        for start, stop in runs(missing):
            if stop - start <= longest:
                found = fill_weights(~missing, start, stop)
                if found is not None:
                    frames, weights = found
                    position[start:stop, keypoint] = weights @ before[frames]
                    kept = status[start:stop, keypoint] & np.uint8(~int(Status.MEASURED) & 0xFF)
                    status[start:stop, keypoint] = kept | np.uint8(Status.FILLED)
    return position, status


def fill_weights(present: NDArray, start: int, stop: int) -> tuple[NDArray, NDArray] | None:
    """Return from which samples a gap is filled, and with what weights.

    Parameters
    ----------
    present : ndarray of bool, shape (time,)
    start, stop : int
        The gap; stop exclusive.

    Returns
    -------
    frames : ndarray of int, shape (n,)
    weights : ndarray, shape (stop - start, n)
        Filled values are ``weights @ values[frames]``.
    None
        When one side has too little beside the gap.
    """
    before = np.arange(max(0, start - NEIGHBOURS), start)
    after = np.arange(stop, min(len(present), stop + NEIGHBOURS))
    # The neighbours have to touch the gap: a second gap close by ends them.
    before = before[np.cumprod(present[before][::-1], dtype=int)[::-1] == 1]
    after = after[np.cumprod(present[after], dtype=int) == 1]
    if len(before) < _FEWEST or len(after) < _FEWEST:
        return None
    return np.concatenate([before, after]), _spline_weights(len(before), stop - start, len(after))


@functools.lru_cache(maxsize=256)
def _spline_weights(n_before: int, n_missing: int, n_after: int) -> NDArray:
    """Weights, shape (n_missing, n_before + n_after), of the samples beside a gap in the cubic spline through them."""
    gap = np.arange(n_before, n_before + n_missing)
    frames = np.delete(np.arange(n_before + n_missing + n_after), gap)
    weights: NDArray = CubicSpline(frames, np.eye(len(frames)), axis=0)(gap)
    weights.flags.writeable = False
    return weights
