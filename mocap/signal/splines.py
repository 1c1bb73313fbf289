"""Cubic smoothing spline whose stiffness generalised cross-validation chooses (Woltring 1986).

The spline minimises the squared misses plus the stiffness times the integral of its squared second derivative (natural
cubic spline; Reinsch 1967). The stiffness is chosen once per point, for all its axes and runs together, so that the
result turns with the axes; what was chosen is told as the frequency at which a sine keeps 0.7071 of its amplitude.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded
from scipy.optimize import minimize_scalar

#: Samples that a run needs.
FEWEST = 8
#: Cutoffs among which is chosen, as shares of the rate: below, a point stands still for all that matters.
LOWEST_SHARE, HIGHEST_SHARE = 1 / 250, 0.45
_STEPS = 24
_LOSS = np.sqrt(2.0) - 1.0  # stiffness times roughness of a sine at -3 dB
_REACH_PERIODS = 1.3  # the weights have fallen to a thousandth


@dataclass(frozen=True)
class SmoothingSpline:
    """Natural cubic smoothing spline over equal time steps; a `LinearFilter`.

    Attributes
    ----------
    cutoff_hz : float
        Where a sine keeps 0.7071 of its amplitude; the stiffness follows from it.
    rate_hz : float
    """

    cutoff_hz: float
    rate_hz: float

    @property
    def stiffness(self) -> float:
        """In samples^3: what multiplies the integral of the squared second derivative."""
        return float(stiffness_at(self.cutoff_hz / self.rate_hz))

    @property
    def shortest(self) -> int:
        """Eight samples."""
        return FEWEST

    @property
    def reach(self) -> int:
        """Samples beyond which the weights are below a thousandth of the largest."""
        return max(FEWEST, int(np.ceil(_REACH_PERIODS * self.rate_hz / self.cutoff_hz)))

    def __call__(self, run: NDArray) -> NDArray:
        """Filter the columns of a run without gaps, shape (samples, columns)."""
        return run - _misses(run, self.stiffness)


def cross_validated(runs_of_point: Sequence[NDArray], rate_hz: float) -> SmoothingSpline:
    """Return the spline that foretells left-out samples best (generalised cross-validation, Craven & Wahba 1979).

    Errors are taken for independent from sample to sample: of errors that last over several samples it follows too
    much. Cutoffs are looked for from 1/250 to 0.45 of the rate.

    Parameters
    ----------
    runs_of_point : sequence of ndarray, each of shape (samples, axis)
        Of one point, without gaps, eight samples at least; m.
    rate_hz : float
    """
    n_samples = sum(len(run) for run in runs_of_point)

    def score(log_share: float) -> float:
        spline = SmoothingSpline(float(np.exp(log_share)), 1.0)
        missed = sum(float((_misses(run, spline.stiffness) ** 2).sum()) for run in runs_of_point)
        freedom = sum(degrees_of_freedom(len(run), spline.stiffness) for run in runs_of_point)
        return missed / (1.0 - freedom / n_samples) ** 2

    grid = np.linspace(np.log(LOWEST_SHARE), np.log(HIGHEST_SHARE), _STEPS)
    best = int(np.argmin([score(value) for value in grid]))
    around = grid[max(best - 1, 0)], grid[min(best + 1, _STEPS - 1)]
    found = minimize_scalar(score, bounds=around, method="bounded", options={"xatol": 1e-3})
    return SmoothingSpline(float(np.exp(found.x)) * rate_hz, rate_hz)


def degrees_of_freedom(n_samples: int, stiffness: float) -> float:
    """Return the trace of the spline's operator over a run, to 0.14: its modes are those of a free beam."""
    return 2.0 + float((1.0 / (1.0 + stiffness * _mode_roughness(n_samples))).sum())


def stiffness_at(share: NDArray | float) -> NDArray:
    """Return the stiffness (samples^3) of cutoffs that are given as shares of the rate; the same shape."""
    return np.asarray(_LOSS / roughness(2 * np.pi * np.asarray(share)))


@functools.lru_cache(maxsize=64)
def _mode_roughness(n_samples: int) -> NDArray:
    return roughness((np.arange(1, n_samples - 1) + 0.5) * np.pi / n_samples)


def roughness(angle: NDArray | float) -> NDArray:
    """Integral of the squared second derivative of the spline through a sine of that angle per sample, per power."""
    cosine = np.cos(angle)
    return np.asarray((2 - 2 * cosine) ** 2 * 3 / (2 + cosine))


def _misses(run: NDArray, stiffness: float) -> NDArray:
    """Return samples minus spline, shape (samples, columns)."""
    n_inner = len(run) - 2
    bands = np.repeat([[stiffness], [1 / 6 - 4 * stiffness], [2 / 3 + 6 * stiffness]], n_inner, axis=1)
    curvature = solveh_banded(bands, run[:-2] - 2 * run[1:-1] + run[2:])
    misses = np.zeros(run.shape)
    misses[:-2] += curvature
    misses[1:-1] -= 2 * curvature
    misses[2:] += curvature
    return stiffness * misses
