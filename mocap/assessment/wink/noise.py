"""The tilt made ready for the assessment: filtered, with the size and the correlation of its noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.signal.filters import Butterworth
from mocap.signal.linear import filter_runs, noise_correlation

_LEAST_KNOWN = 0.5  # of the frames: below, the sd of the points is taken as not known
_NORMAL_MAD = 1.4826


@dataclass(frozen=True, eq=False)
class Smoothed:
    """One angle after the filter.

    Attributes
    ----------
    values : ndarray, shape (time,)
        Deg; NaN is missing.
    sd : ndarray, shape (time,)
        Random standard uncertainty of each, deg; NaN where nothing tells it.
    correlation : ndarray, shape (lag,)
        Of the noise of two frames by their distance.
    source : str
        Where the sd is from, in words.
    """

    values: NDArray
    sd: NDArray
    correlation: NDArray
    source: str


def smoothed(
    values: NDArray, sd: NDArray, correlation: NDArray, rate_hz: float, cutoff_hz: float, filtered: bool
) -> Smoothed:
    """Return an angle as filtered, with its noise.

    Parameters
    ----------
    values, sd : ndarray, shape (time,)
        Deg; NaN is missing, or not known.
    correlation : ndarray, shape (lag,)
        Of the noise as the values are given, 1 first.
    rate_hz, cutoff_hz : float
    filtered : bool
        Whether the points were filtered already: then the values stay.

    Returns
    -------
    Smoothed
        Where the sd of unfiltered points is not known it comes from what the filter takes off: the noise above the
        cut-off, taken as white. Slow noise escapes it, and says so. That of filtered points of unknown sd stays NaN.
    """
    linear = Butterworth(min(cutoff_hz, 0.4 * rate_hz), rate_hz)
    known = np.isfinite(sd) & np.isfinite(values)
    stated = known.sum() >= _LEAST_KNOWN * max(np.isfinite(values).sum(), 1)
    filled = np.where(known, sd, np.median(sd[known])) if stated else np.full(len(values), np.nan)
    if filtered:
        return Smoothed(values, filled, correlation, "the noise of the points" if stated else "")
    smooth = filter_runs(values[:, None], linear)[0][:, 0]
    if stated:
        share, correlated = through_filter(correlation, linear)
        return Smoothed(smooth, filled * np.sqrt(share), correlated, "the noise of the points")
    share, correlated = through_filter(np.ones(1), linear)
    rest = (values - smooth)[np.isfinite(values - smooth)]
    if len(rest) < linear.reach:
        return Smoothed(smooth, filled, correlated, "")
    # White noise of variance v leaves v (1 - 2 h0 + share) after the smooth part is taken off, h0 the filter's weight
    # of the sample itself.
    own = _response(linear).max()
    white = _NORMAL_MAD * float(np.median(np.abs(rest - np.median(rest)))) / np.sqrt(1.0 - 2.0 * own + share)
    return Smoothed(
        smooth, np.full(len(values), white * np.sqrt(share)), correlated,
        "what the filter takes off, since the points came without noise; slow noise is not in it",
    )  # fmt: skip


def through_filter(correlation: NDArray, linear: Butterworth) -> tuple[float, NDArray]:
    """Return by how much a filter multiplies the variance of noise of a given correlation, and the correlation after.

    Parameters
    ----------
    correlation : ndarray, shape (lag,)
        1 first, 0 beyond the last.
    linear : Butterworth
    """
    response = _response(linear)
    together = np.correlate(response, response, mode="full")
    both = np.concatenate([correlation[:0:-1], correlation])
    after = np.convolve(together, both)
    middle = len(after) // 2
    if len(correlation) == 1:
        return float(after[middle]), noise_correlation(linear)
    return float(after[middle]), after[middle:] / after[middle]


def _response(linear: Butterworth) -> NDArray:
    impulse = np.zeros((4 * linear.reach + 1, 1))
    impulse[2 * linear.reach] = 1.0
    response: NDArray = linear(impulse)[:, 0]
    return response
