"""Agreement of two measurements of the same thing: bias, limits of agreement, and whether error bars explain them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from mocap.assessment.effective_number import effective_number, estimated_freedom, standard_error
from mocap.assessment.waveforms import Cmc, multiple_correlation

Interval = tuple[float, float]
_FEWEST = 3
_MOST_TAKEN = 0.75  # of the variance of the rest, by mean and slope
_UNKNOWN: Interval = (float("nan"), float("nan"))


@dataclass(frozen=True)
class Agreement:
    """How two series agree; differences are a - b, all in their unit; NaN where it cannot be told.

    Attributes
    ----------
    n : int
        Samples that both have.
    n_effective : float
        Independent samples that the differences are worth; the intervals go by it.
    offset : float
        Mean difference (bias).
    offset_interval : tuple of float
        Its confidence interval.
    sd : float
        Standard deviation of the differences.
    rmse, rmse_after_offset : float
        Root mean square of the differences, and of what is left once the offset is taken out.
    limits : tuple of float
        Limits of agreement, offset +- 1.96 SD.
    lower_interval, upper_interval : tuple of float
        Confidence intervals of the two limits.
    slope, slope_interval
        Of the differences against the means of both (proportional bias): 0 where both have the same gain.
    r : float
        Pearson's correlation.
    cmc, cmc_after_offset : Cmc
    largest : float
        The difference of the largest amount, with its sign.
    largest_at : int
        Its index; -1 without any.
    expected_sd : float
        What the random uncertainties of both let expect of `sd`; NaN where one is unknown.
    sd_ratio : float
        RMS of the differences, offset taken out, each over its own expected one: 1 where the error bars explain them.
    """

    n: int
    n_effective: float
    offset: float
    offset_interval: Interval
    sd: float
    rmse: float
    rmse_after_offset: float
    limits: Interval
    lower_interval: Interval
    upper_interval: Interval
    slope: float
    slope_interval: Interval
    r: float
    cmc: Cmc
    cmc_after_offset: Cmc
    largest: float
    largest_at: int
    expected_sd: float
    sd_ratio: float


def agreement(
    a: NDArray,
    b: NDArray,
    sd_a: NDArray | None = None,
    sd_b: NDArray | None = None,
    *,
    independent: bool = False,
    confidence: float = 0.95,
    factor: float = 1.96,
) -> Agreement:
    """Return how two measurements of the same thing agree (Bland and Altman 1986, 1999).

    The standard error of the offset is SD / sqrt(n), that of a limit SD * sqrt(3 / n), with Student's t of n - 1. Those
    of a curve are not independent: there n is the effective number less one, and t has a quarter of that as degrees of
    freedom, as the number itself is an estimate. The slope's interval takes the autocorrelation of its own score.

    Parameters
    ----------
    a, b : ndarray, shape (sample,)
        NaN is missing.
    sd_a, sd_b : ndarray, shape (sample,), optional
        Random standard uncertainties.
    independent : bool
        Samples are independent (one a person), not a curve over time.
    confidence : float
    factor : float
        Of the limits of agreement; Bland and Altman's own examples take 2.
    """
    both = np.isfinite(a) & np.isfinite(b)
    difference = np.where(both, a - b, np.nan)
    known = difference[both]
    n = len(known)
    if n < _FEWEST:
        return _too_few(n, known, both)
    n_effective = float(n) if independent else effective_number(difference)
    offset, sd = float(known.mean()), float(known.std(ddof=1))
    freedom = n - 1.0 if independent else estimated_freedom(n_effective)
    error = sd / float(np.sqrt(n)) if independent else standard_error(sd, n_effective)
    offset_reach, limit_reach = (_student(confidence, freedom) * error * float(np.sqrt(one)) for one in (1.0, 3.0))
    low, high = offset - factor * sd, offset + factor * sd
    slope, slope_reach = _slope(difference, (a + b) / 2, independent, confidence)
    at = int(np.nanargmax(np.abs(difference)))
    expected, ratio = _explained(difference - offset, sd_a, sd_b)
    return Agreement(
        n, n_effective, offset, (offset - offset_reach, offset + offset_reach), sd,
        float(np.sqrt(np.mean(known**2))), float(np.sqrt(np.mean((known - offset) ** 2))),
        (low, high), (low - limit_reach, low + limit_reach), (high - limit_reach, high + limit_reach),
        slope, (slope - slope_reach, slope + slope_reach), _correlation(a[both], b[both]),
        multiple_correlation(np.stack([a, b])), multiple_correlation(np.stack([a - offset, b])),
        float(difference[at]), at, expected, ratio,
    )  # fmt: skip


def _too_few(n: int, known: NDArray, both: NDArray) -> Agreement:
    nan, cmc = float("nan"), Cmc(float("nan"), "fewer than three common samples")
    places = np.flatnonzero(both)
    largest = int(np.argmax(np.abs(known))) if n else -1
    at, far = (int(places[largest]), float(known[largest])) if n else (-1, nan)
    return Agreement(
        n, float(n), float(known.mean()) if n else nan, _UNKNOWN, nan, float(np.sqrt(np.mean(known**2))) if n else nan,
        nan, _UNKNOWN, _UNKNOWN, _UNKNOWN, nan, _UNKNOWN, nan, cmc, cmc, far, at, nan, nan,
    )  # fmt: skip


def _student(confidence: float, freedom: float) -> float:
    """Two-sided quantile of Student's t."""
    return float(stdtrit(freedom, 0.5 + confidence / 2))


def _slope(difference: NDArray, mean: NDArray, independent: bool, confidence: float) -> tuple[float, float]:
    """Slope of the differences on the means, and the reach of its confidence interval."""
    both = np.isfinite(difference)
    n = int(both.sum())
    x = mean - mean[both].mean()
    spread = float(np.sum(x[both] ** 2))
    if not spread > 1e-18 * n * max(float(np.mean(mean[both] ** 2)), 1e-300):
        return float("nan"), float("nan")
    slope = float(np.sum(x[both] * difference[both]) / spread)
    rest = difference - difference[both].mean() - slope * x
    square = float(np.sum(rest[both] ** 2))
    if independent:
        return slope, _student(confidence, float(n - 2)) * float(np.sqrt(square / (n - 2) / spread))
    score = x * rest
    n_effective = effective_number(score)
    error = standard_error(float(np.sqrt(np.sum(score[both] ** 2) * n)), n_effective) / spread
    # What mean and slope took out of the rest.
    taken = error**2 * spread / square + 1.0 / effective_number(rest) if square > 0 else 0.0
    error /= np.sqrt(1.0 - min(taken, _MOST_TAKEN))
    return slope, _student(confidence, estimated_freedom(n_effective)) * float(error)


def _correlation(a: NDArray, b: NDArray) -> float:
    spread = a.std() * b.std()
    if not spread > 1e-24:
        return float("nan")
    return float(np.clip(np.mean((a - a.mean()) * (b - b.mean())) / spread, -1.0, 1.0))


def _explained(rest: NDArray, sd_a: NDArray | None, sd_b: NDArray | None) -> tuple[float, float]:
    """Expected SD of the differences, and RMS of what is there over what is expected."""
    if sd_a is None or sd_b is None:
        return float("nan"), float("nan")
    variance = sd_a**2 + sd_b**2
    known = np.isfinite(rest) & np.isfinite(variance) & (variance > 0)
    if not known.any():
        return float("nan"), float("nan")
    return float(np.sqrt(variance[known].mean())), float(np.sqrt(np.mean(rest[known] ** 2 / variance[known])))
