"""Savitzky-Golay filter and smoothing spline of series with gaps, and what they do to noise.

Like `mocap.signal.filters.lowpass`, none of them looks across a gap, and runs too short for them stay as they are.
"""

import functools

import numpy as np
from numpy.typing import NDArray
from scipy import signal
from scipy.interpolate import make_smoothing_spline
from scipy.optimize import brentq

from mocap.errors import ConfigError
from mocap.signal.gaps import runs

_FEWEST_OF_SPLINE = 8
_LONGEST_OPERATOR = 400


def savgol_window(cutoff_hz: float, rate_hz: float, order: int = 3) -> int:
    """Return the odd number of samples whose -3 dB frequency comes nearest to a cutoff.

    Raises
    ------
    ConfigError
        Code `CUTOFF`, when no window of this order has such a cutoff.
    """
    shortest = order + 1 + order % 2  # odd, and longer than the order
    shortest = shortest if shortest > order and shortest % 2 else shortest + 1
    if not (0 < cutoff_hz <= savgol_cutoff(shortest + 2, rate_hz, order)) or rate_hz / cutoff_hz > 2000:
        raise ConfigError(
            f"A Savitzky-Golay filter of order {order} with a cutoff of {cutoff_hz:.2f} Hz at {rate_hz:.2f} Hz.",
            "Choose another cutoff, or another order.",
            code="CUTOFF",
        )
    # The cutoff falls as the window grows: double, then halve.
    low = high = shortest + 2
    while savgol_cutoff(high, rate_hz, order) > cutoff_hz:
        low, high = high, 2 * high + 1
    while high - low > 2:
        middle = (low + high) // 4 * 2 + 1
        low, high = (middle, high) if savgol_cutoff(middle, rate_hz, order) > cutoff_hz else (low, middle)
    return min((low, high), key=lambda window: abs(savgol_cutoff(window, rate_hz, order) - cutoff_hz))


@functools.lru_cache(maxsize=256)
def savgol_cutoff(window: int, rate_hz: float, order: int = 3) -> float:
    """Return the -3 dB frequency in Hz of the filter, from its impulse response."""
    response = signal.savgol_coeffs(window, order)
    offsets = np.arange(window) - window // 2

    def excess(share: float) -> float:
        return float((response * np.cos(2 * np.pi * share * offsets)).sum() - np.sqrt(0.5))

    grid = np.linspace(0, 0.5, 8 * window + 1)
    below = np.flatnonzero([excess(share) < 0 for share in grid])
    if not len(below):
        return 0.5 * rate_hz
    return float(rate_hz * brentq(excess, grid[below[0] - 1], grid[below[0]]))


def savgol(values: NDArray, window: int, order: int = 3) -> tuple[NDArray, NDArray]:
    """Fit a polynomial to the window about each sample; near the ends of a run, that of the last whole window.

    Parameters
    ----------
    values : ndarray, shape (time, ...)
        NaN is missing.
    window : int
        Odd number of samples, more than `order`.
    order : int

    Returns
    -------
    filtered : ndarray, shape (time, ...)
    done : ndarray of bool, shape (time, ...)
        Where the filter was run: runs of at least `window` samples.

    Raises
    ------
    ConfigError
        Code `FILTER_WINDOW`.
    """
    if window % 2 == 0 or window <= order or order < 0:
        raise ConfigError(
            f"A window of {window} samples for polynomials of order {order}.",
            "Choose an odd window that is longer than the order.",
            code="FILTER_WINDOW",
        )
    values = np.asarray(values, float)
    columns = values.reshape(len(values), -1)
    filtered, done = columns.copy(), np.zeros(columns.shape, bool)
    for column in range(columns.shape[1]):
        for start, stop in runs(np.isfinite(columns[:, column])):
            if stop - start >= window:
                part = columns[start:stop, column]
                filtered[start:stop, column] = signal.savgol_filter(part, window, order, mode="interp")
                done[start:stop, column] = True
    return filtered.reshape(values.shape), done.reshape(values.shape)


def savgol_variance_gain(n_samples: int, window: int, order: int = 3) -> NDArray:
    """Return by how much the filter multiplies the variance of white noise at each sample of a run, (n_samples,)."""
    if n_samples < window:
        return np.ones(n_samples)
    size = min(n_samples, 2 * window)
    gain = (signal.savgol_filter(np.eye(size), window, order, axis=0, mode="interp") ** 2).sum(axis=1)
    return _stretched(gain, n_samples)


def smoothing_spline(
    values: NDArray, sd: NDArray | None = None, stiffness: float | None = None
) -> tuple[NDArray, NDArray, NDArray]:
    """Fit a cubic smoothing spline to every run; its stiffness by generalised cross-validation unless given.

    Cross-validation takes errors for independent from sample to sample: of errors that last over several samples it
    follows too much.

    Parameters
    ----------
    values : ndarray, shape (time, ...)
        NaN is missing.
    sd : ndarray, shape (time, ...), optional
        Standard deviation of each value; all alike when left out.
    stiffness : float, optional
        In samples^3 over the squared unit of `sd`; larger is smoother.

    Returns
    -------
    smooth : ndarray, shape (time, ...)
    done : ndarray of bool, shape (time, ...)
        Runs of at least 8 samples.
    gain : ndarray, shape (time, ...)
        By how much the variance of independent errors shrinks; 1 where nothing was done. Where `sd` varies that of
        its typical value.
    """
    values = np.asarray(values, float)
    columns = values.reshape(len(values), -1)
    spread = np.ones(columns.shape) if sd is None else np.broadcast_to(sd, values.shape).reshape(columns.shape)
    smooth, done, gain = columns.copy(), np.zeros(columns.shape, bool), np.ones(columns.shape)
    for column in range(columns.shape[1]):
        usable = np.isfinite(columns[:, column]) & np.isfinite(spread[:, column]) & (spread[:, column] > 0)
        for start, stop in runs(usable):
            if stop - start < _FEWEST_OF_SPLINE:
                continue
            part, own = columns[start:stop, column], spread[start:stop, column]
            scale = float(np.median(own))
            fitted, trace = _spline(part, (scale / own) ** 2, None if stiffness is None else stiffness * scale**2)
            smooth[start:stop, column], gain[start:stop, column] = fitted, trace
            done[start:stop, column] = True
    return tuple(part.reshape(values.shape) for part in (smooth, done, gain))  # type: ignore[return-value]


def _spline(part: NDArray, weights: NDArray, stiffness: float | None) -> tuple[NDArray, NDArray]:
    """Return the smoothed samples and by how much the variance shrinks at each."""
    when = np.arange(len(part), dtype=float)
    smooth = make_smoothing_spline(when, part, w=weights, lam=stiffness)(when)
    size = min(len(part), _LONGEST_OPERATOR)
    if stiffness is None:
        stiffness = _chosen(when, part, weights, smooth)
    unit = make_smoothing_spline(when[:size], np.eye(size), lam=stiffness)(when[:size])
    return smooth, _stretched((unit**2).sum(axis=1), len(part))


def _chosen(when: NDArray, part: NDArray, weights: NDArray, smooth: NDArray) -> float:
    """Return the stiffness that cross-validation chose, which scipy keeps to itself: that which gives its result."""
    miss = float((weights * (part - smooth) ** 2).sum())

    def excess(power: float) -> float:
        again = make_smoothing_spline(when, part, w=weights, lam=10.0**power)(when)
        return float((weights * (part - again) ** 2).sum()) - miss

    low, high = -8.0, 14.0
    if excess(low) >= 0 or excess(high) <= 0:
        return 10.0 ** (low if excess(low) >= 0 else high)
    return float(10.0 ** brentq(excess, low, high, xtol=1e-3))


def _stretched(gain: NDArray, n_samples: int) -> NDArray:
    """Return the gain of a longer run: as given towards both ends, constant between."""
    if len(gain) >= n_samples:
        return gain
    half = len(gain) // 2
    inside = np.full(n_samples - 2 * half, gain[half])
    return np.concatenate([gain[:half], inside, gain[len(gain) - half :]])
