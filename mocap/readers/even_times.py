"""The rate of rows whose times are written with few decimals, and the rows whose times cannot be right."""

import numpy as np
from numpy.typing import NDArray

_NTSC = 1.001  # 59.94 Hz is 60 / 1.001
_ROUNDED = 0.6  # of the last digit, half of which a rounded time may be off, and the line a little
_STEP = 0.05  # of a step
_RATES = 0.01  # by which a rate may differ from the mean of the steps


def rate_of(time_s: NDArray) -> float:
    """Return the rate of evenly spaced times in Hz.

    A whole number, or one of video's, N / 1.001, where all times are that rate's as far as their decimals go; else the
    mean. Few decimals leave the mean of short recordings wrong in the fourth digit.

    Parameters
    ----------
    time_s : ndarray, shape (time,)
        Increasing; NaN is returned for fewer than two.
    """
    if len(time_s) < 2:
        return float("nan")
    mean = float((len(time_s) - 1) / (time_s[-1] - time_s[0]))
    widest, rows = 1.01 * last_digit(time_s), np.arange(len(time_s))
    # One wrong digit at an end leads the mean of a short recording astray, and not the usual step.
    usual = 1.0 / max(float(np.median(np.diff(time_s))), 1e-9)
    for rate in (float(round(mean)), float(round(usual)), round(mean * _NTSC) / _NTSC, round(usual * _NTSC) / _NTSC):
        if rate > 0 and abs(rate / mean - 1) < _RATES and np.ptp(time_s - rows / rate) <= widest:
            return rate
    return mean


def off_times(time_s: NDArray, rate_hz: float) -> NDArray:
    """Return how far each time is from where the others put it, in s; 0 where its last digit may be the cause.

    Parameters
    ----------
    time_s : ndarray, shape (time,)
    rate_hz : float
        As of `rate_of`.
    """
    digit = last_digit(time_s)
    rows = np.arange(len(time_s))
    if np.ptp(time_s - rows / rate_hz) <= 2 * _ROUNDED * digit:
        return np.zeros(len(time_s))
    half = len(time_s) // 2
    rough = time_s - rows * (np.median(time_s[half:] - time_s[: len(time_s) - half]) / half)
    rough -= np.median(rough)
    most = np.abs(rough) <= 2 * digit
    if most.sum() >= 2:
        # Times that were rounded lean the rough line by a part of their last digit.
        rough = time_s - np.polynomial.Polynomial.fit(rows[most], time_s[most], 1)(rows)
    return np.where(np.abs(rough) > _ROUNDED * digit, np.abs(rough), 0.0)


def steps_differ(time_s: NDArray, rate_hz: float) -> bool:
    """Return whether a step is off by more than a twentieth and by more than the last digit of the times.

    Parameters
    ----------
    time_s : ndarray, shape (time,)
    rate_hz : float
    """
    widest = _STEP / rate_hz + 1.01 * last_digit(time_s)
    return bool(np.abs(np.diff(time_s) - 1 / rate_hz).max(initial=0.0) > widest)


def last_digit(time_s: NDArray) -> float:
    """Return what one of the last decimals is worth that the times are written with, in s; 1e-9 at least."""
    for digits in range(9):
        if np.allclose(time_s, np.round(time_s, digits), rtol=0.0, atol=1e-12):
            return float(10.0**-digits)
    return 1e-9
