"""Savitzky-Golay filter: a polynomial fitted to the window about each sample (Savitzky & Golay 1964)."""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal
from scipy.optimize import brentq

from mocap.errors import ConfigError

_LONGEST_PERIOD = 2000  # samples


@dataclass(frozen=True)
class SavitzkyGolay:
    """Polynomials of an order in windows of an odd number of samples; a `LinearFilter`.

    Within half a window of the ends of a run the polynomial of the last whole window holds, so that polynomials up to
    the order pass unchanged everywhere. Runs shorter than the window stay as they are.

    Raises
    ------
    ConfigError
        Code `FILTER_WINDOW`, unless the window is odd and longer than the order.
    """

    window: int
    order: int
    rate_hz: float

    def __post_init__(self) -> None:
        checked_window(self.window, self.order)

    @property
    def cutoff_hz(self) -> float:
        """Frequency of -3 dB in Hz."""
        return savgol_cutoff(self.window, self.rate_hz, self.order)

    @property
    def shortest(self) -> int:
        """One window, in samples."""
        return self.window

    @property
    def reach(self) -> int:
        """One window: at the ends of a run all of it has a part in each sample."""
        return self.window

    def __call__(self, run: NDArray) -> NDArray:
        """Filter the columns of a run without gaps, shape (samples, columns)."""
        filtered: NDArray = signal.savgol_filter(run, self.window, self.order, axis=0, mode="interp")
        return filtered


def checked_window(window: int, order: int) -> None:
    """Refuse a window that is even or no longer than the order (ConfigError, FILTER_WINDOW)."""
    if window % 2 == 0 or window <= order or order < 0:
        raise ConfigError(
            f"A window of {window} frames for polynomials of order {order}.",
            "Choose an odd window that is longer than the order.",
            code="FILTER_WINDOW",
        )


def savgol_window(cutoff_hz: float, rate_hz: float, order: int = 3) -> int:
    """Return the odd number of samples whose -3 dB frequency comes nearest to a cutoff.

    Raises
    ------
    ConfigError
        Code `CUTOFF`, when no window of this order has such a cutoff.
    """
    shortest = 2 * (order // 2) + 3  # the next shorter one passes everything
    highest = savgol_cutoff(shortest, rate_hz, order)
    if not (rate_hz / _LONGEST_PERIOD <= cutoff_hz <= highest):
        raise ConfigError(
            f"A Savitzky-Golay filter of order {order} with a cutoff of {cutoff_hz:g} Hz at {rate_hz:g} Hz.",
            f"Choose a cutoff of {rate_hz / _LONGEST_PERIOD:.3g} to {highest:.3g} Hz, or another order.",
            code="CUTOFF",
        )
    # The cutoff falls as the window grows: double, then halve.
    low = high = shortest
    while savgol_cutoff(high, rate_hz, order) > cutoff_hz:
        low, high = high, 2 * high + 1
    while high - low > 2:
        middle = (low + high) // 4 * 2 + 1
        low, high = (middle, high) if savgol_cutoff(middle, rate_hz, order) > cutoff_hz else (low, middle)
    return min((low, high), key=lambda window: abs(savgol_cutoff(window, rate_hz, order) - cutoff_hz))


@functools.lru_cache(maxsize=256)
def savgol_cutoff(window: int, rate_hz: float, order: int = 3) -> float:
    """Return the -3 dB frequency in Hz of the filter, from its impulse response; half the rate where it has none."""
    response = signal.savgol_coeffs(window, order)
    offsets = np.arange(window) - window // 2

    def excess(share: float) -> float:
        return float((response * np.cos(2 * np.pi * share * offsets)).sum() - np.sqrt(0.5))

    grid = np.linspace(0, 0.5, 8 * window + 1)
    below = np.flatnonzero([excess(share) < 0 for share in grid])
    if not len(below):
        return 0.5 * rate_hz
    return float(rate_hz * brentq(excess, grid[below[0] - 1], grid[below[0]]))
