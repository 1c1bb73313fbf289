"""Changes of one person: two measurements, and a trend over several, against what the error of measuring explains."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtr

Interval = tuple[float, float]
_NAN = float("nan")
_Z95 = 1.959963984540054


@dataclass(frozen=True)
class PersonChange:
    """A change of one person between two measurements, each the mean over some repetitions.

    Attributes
    ----------
    change : float
        Second minus first.
    mdc95 : float
        Smallest change that exceeds the error of two such measurements with 95 % confidence; NaN is not known.
    interval : tuple of float
        Where the true change is, with 95 % confidence: change +- MDC95.
    beyond : bool or None
        Whether |change| > MDC95; None where it cannot be told.
    p : float
        Chance of a change at least as large where nothing changed.
    words : str
        The same as a sentence.
    """

    change: float
    mdc95: float
    interval: Interval
    beyond: bool | None
    p: float
    words: str


def person_change(first: float, second: float, mdc95: float) -> PersonChange:
    """Return a change of one person against its MDC95 (see `MetricReliability.mdc95_between` for repetitions).

    The error of the change is taken as normal with a standard deviation of MDC95 / 1.96, which is the root of 2 times
    the SEM for measurements of equal numbers of repetitions.
    """
    change = second - first
    if not np.isfinite(change):
        return PersonChange(_NAN, mdc95, (_NAN, _NAN), None, _NAN, "one of both is not known")
    if not np.isfinite(mdc95):
        return PersonChange(change, _NAN, (_NAN, _NAN), None, _NAN, "what the error of measuring explains is not known")
    beyond = bool(abs(change) > mdc95)
    p = float(2 * ndtr(-abs(change) * _Z95 / mdc95)) if mdc95 > 0 else float(change == 0)
    chance = f"in {_percent(p)} of pairs of measurements between which nothing changed the difference is as large"
    verdict = "beyond the MDC95" if beyond else "within the MDC95"
    return PersonChange(change, mdc95, (change - mdc95, change + mdc95), beyond, p, f"{verdict}: {chance}")


def _percent(p: float) -> str:
    share = 100.0 * p
    return "fewer than 0.1 %" if share < 0.1 else f"{share:.1f} %" if share < 10 else f"{share:.0f} %"


@dataclass(frozen=True)
class Trend:
    """A straight trend of one person over visits.

    Attributes
    ----------
    n : int
        Visits with a value.
    slope : float
        Per unit of time.
    change : float
        Of the line from the first to the last visit.
    mdc95 : float
        What that has to exceed, by the error of a single visit.
    beyond : bool or None
    scatter_p : float
        Chance of so much scatter about the line by the error of measuring alone; NaN for two visits. Small where the
        course is no line, or the error is larger than was thought.
    """

    n: int
    slope: float
    change: float
    mdc95: float
    beyond: bool | None
    scatter_p: float


def trend(times: NDArray, values: NDArray, sem: NDArray | float) -> Trend:
    """Return the trend over visits by least squares, weighted by the known error of each visit.

    With two visits the change is that between them, and its MDC95 that of two measurements.

    Parameters
    ----------
    times : ndarray, shape (visit,)
        Days, or numbers of visits; not all the same.
    values : ndarray, shape (visit,)
        NaN is missing.
    sem : ndarray, shape (visit,), or float
        Standard error of measurement of each visit, as it is for the number of its repetitions; NaN is not known.
    """
    errors = np.broadcast_to(np.asarray(sem, float), values.shape)
    known = np.isfinite(values)
    t, y, error = times[known], values[known], errors[known]
    if len(y) < 2 or not np.ptp(t) > 0:
        return Trend(len(y), _NAN, _NAN, _NAN, None, _NAN)
    told = bool(np.isfinite(error).all() and (error > 0).all())
    weights = 1.0 / error**2 if told else np.ones(len(y))
    middle = np.average(t, weights=weights)
    spread = float(np.sum(weights * (t - middle) ** 2))
    slope = float(np.sum(weights * (t - middle) * y) / spread)
    span = float(np.ptp(t))
    if not told:
        return Trend(len(y), slope, slope * span, _NAN, None, _NAN)
    rest = y - np.average(y, weights=weights) - slope * (t - middle)
    scatter = float(chdtrc(len(y) - 2, np.sum(weights * rest**2))) if len(y) > 2 else _NAN
    limit = _Z95 * span / float(np.sqrt(spread))
    return Trend(len(y), slope, slope * span, limit, bool(abs(slope * span) > limit), scatter)
