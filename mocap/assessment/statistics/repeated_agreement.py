"""Limits of agreement where each person was measured several times (Bland and Altman 1999, 2007)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Interval = tuple[float, float]
_NAN = float("nan")


@dataclass(frozen=True)
class RepeatedAgreement:
    """How two methods agree over pairs of measurements, several of each person; NaN where `reason` says why.

    Attributes
    ----------
    n_people, n_pairs : int
    offset : float
        Mean of the differences over all pairs.
    offset_interval : tuple of float
        95 %, by the means of people: pairs of one person are not independent.
    sd_within, sd_between : float
        Of the differences within a person, and of people's true mean differences (0 where none shows).
    sd : float
        Of a single difference: both together.
    limits : tuple of float
        offset +- 1.96 sd.
    reason : str
    """

    n_people: int
    n_pairs: int
    offset: float
    offset_interval: Interval
    sd_within: float
    sd_between: float
    sd: float
    limits: Interval
    reason: str = ""


def repeated_agreement(a: NDArray, b: NDArray, person: NDArray, factor: float = 1.96) -> RepeatedAgreement:
    """Return limits of agreement for pairs of measurements that belong together, where what is measured may vary.

    The variance of a difference is that within people plus that between them, by a one-way analysis of variance of the
    differences with its unequal numbers: (MSB - MSW) over (N^2 - sum of squares of the numbers) / ((people - 1) N).

    Parameters
    ----------
    a, b : ndarray, shape (pair,)
        NaN is left out.
    person : ndarray, shape (pair,)
    factor : float
        Of the limits.
    """
    known = np.isfinite(a) & np.isfinite(b)
    difference, who = (np.asarray(a, float) - b)[known], np.asarray(person)[known]
    names, index = np.unique(who, return_inverse=True)
    counts = np.bincount(index, minlength=len(names)).astype(float)
    n, people = len(difference), len(names)
    if people < 2 or n <= people:
        reason = f"{people} people with {n} pairs: two people or more are needed, one of them twice"
        return RepeatedAgreement(people, n, _NAN, (_NAN, _NAN), _NAN, _NAN, _NAN, (_NAN, _NAN), reason)
    means = np.bincount(index, difference, minlength=people) / counts
    offset = float(difference.mean())
    within = float(np.sum((difference - means[index]) ** 2) / (n - people))
    across = float(np.sum(counts * (means - offset) ** 2) / (people - 1))
    usual = (n**2 - float(np.sum(counts**2))) / ((people - 1) * n)
    between = max((across - within) / usual, 0.0)
    sd = float(np.sqrt(within + between))
    error = float(np.sqrt(np.sum((counts / n) ** 2) * between + within / n))
    reach = float(stdtrit(people - 1.0, 0.975)) * error
    return RepeatedAgreement(
        people, n, offset, (offset - reach, offset + reach), float(np.sqrt(within)), float(np.sqrt(between)), sd,
        (offset - factor * sd, offset + factor * sd),
    )  # fmt: skip
