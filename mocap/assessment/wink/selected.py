"""Size of what is stated because it passed a threshold: values just above one are there by luck more often than not.

The interval and the median-unbiased value are those of a normal value given that it passed (Zhong and Prentice 2008,
Biostatistics 9:621; the same construction for any choice by the data in Lee et al. 2016, Ann Stat 44:907): the truths
mu with P(X > x | X > threshold; mu) between 2.5 and 97.5 %. Far above the threshold they are the usual ones.
"""

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_ndtr, ndtri

_TAIL = 0.025


def interval_given_passed(
    value: float, reaches: tuple[float, float], threshold: float, least_chance: float
) -> tuple[float, float]:
    """Return the 95 % interval of a value that is above a threshold, given that it is.

    The value itself is always in it. Truths that pass with less than a least chance are left out: hardly any
    value that is stated comes from them.

    Parameters
    ----------
    value : float
    reaches : tuple of float
        Of the usual 95 % interval, down and up.
    threshold : float
        Below the value.
    least_chance : float
    """
    below, above = (max(reach / -float(ndtri(_TAIL)), 1e-9) for reach in reaches)
    low = max(_truth(value, below, threshold, _TAIL), threshold + below * float(ndtri(least_chance)))
    return min(low, value), max(_truth(value, above, threshold, 1.0 - _TAIL), value)


def median_given_passed(value: float, sd: float, threshold: float, least_chance: float) -> float:
    """Return the truth that values which passed a threshold exceed this one of as often as not; as the interval."""
    sd = max(sd, 1e-9)
    return max(_truth(value, sd, threshold, 0.5), threshold + sd * float(ndtri(least_chance)))


def _truth(value: float, sd: float, threshold: float, chance: float) -> float:
    """Return the truth of which values that pass the threshold exceed the value with a chance."""
    reach, beyond = (value - threshold) / sd, np.log(chance)

    def excess(standard: float) -> float:
        return float(log_ndtr(standard - reach) - log_ndtr(standard) - beyond)

    lowest = -30.0
    if excess(lowest) >= 0:
        return threshold + lowest * sd
    return threshold + sd * float(brentq(excess, lowest, reach + 10.0))
