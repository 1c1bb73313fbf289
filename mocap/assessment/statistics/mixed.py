"""The effect of a condition from repetitions of several people: a mixed model, also where people differ in number."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import stdtr, stdtrit

from calibration.digits import counted

Interval = tuple[float, float]
_NAN = float("nan")
_FEWEST = 3
_TINY = 1e-12  # of the spread of all values: nothing is left of it but rounding


@dataclass(frozen=True)
class MixedEffect:
    """The difference that a condition makes, second minus first, by a mixed model; NaN where `reason` says why.

    Attributes
    ----------
    effect : float
    se : float
        Standard error.
    interval : tuple of float
        95 % confidence interval, by t.
    freedom : float
        People who have both conditions, less one.
    p : float
        Two-sided, by t.
    sd_people, sd_condition, sd_repetition : float
        Between people; of people in how much the condition changes them (per condition); between repetitions.
    n_people, n_rows : int
        People with both conditions, and repetitions of all.
    reason : str
    """

    effect: float
    se: float
    interval: Interval
    freedom: float
    p: float
    sd_people: float
    sd_condition: float
    sd_repetition: float
    n_people: int
    n_rows: int
    reason: str = ""


def mixed_effect(values: NDArray, person: NDArray, second: NDArray, confidence: float = 0.95) -> MixedEffect:
    """Return the effect of a condition by restricted maximum likelihood (REML; Laird and Ware 1982).

    The model is y = mean + effect (condition) + person + person in the condition + repetition, the last three random:
    so repetitions of one person are not taken for independent ones, and the error of the effect goes by the number of
    people. Where all have as many repetitions in both conditions it is the paired difference of their means. People
    with one condition alone tell of the mean of that one. The degrees of freedom are those of the paired t: people with
    both conditions, less one; where a random part comes out as 0 they are too few rather than too many.

    Parameters
    ----------
    values : ndarray, shape (repetition,)
        NaN is left out.
    person : ndarray of int or str, shape (repetition,)
    second : ndarray of bool, shape (repetition,)
        Of the second condition.
    confidence : float
    """
    known = np.isfinite(values)
    y, who, second = np.asarray(values, float)[known], np.asarray(person)[known], np.asarray(second, bool)[known]
    people = list(dict.fromkeys(who.tolist()))
    both = [one for one in people if second[who == one].any() and not second[who == one].all()]
    if len(both) < _FEWEST:
        reason = f"n too small: {counted(len(both), 'person', 'people')} with both conditions, {_FEWEST} are needed"
        return _unknown(len(both), len(y), reason)
    scale = float(np.std(y))
    if scale <= _TINY * max(float(np.abs(y).max()), 1e-300):
        return _unknown(len(both), len(y), "nothing varies")
    cells = _cells((y - y.mean()) / scale, np.array([people.index(one) for one in who.tolist()]), second)
    several = bool((cells.counts > 1).any())
    ratios = _fitted(cells, several)
    found = _solved(cells, ratios)
    freedom = len(both) - 1.0
    effect, se = found.effect * scale, found.se * scale
    reach = float(stdtrit(freedom, 0.5 + confidence / 2)) * se
    p = float(2 * stdtr(freedom, -abs(effect) / se)) if se > 0 else 0.0
    sds = [float(np.sqrt(one)) * found.sd * scale for one in ratios]
    repetition = found.sd * scale
    if not several:  # one value per cell: the two innermost parts are one
        sds[1], repetition = _NAN, _NAN
    return MixedEffect(
        effect, se, (effect - reach, effect + reach), freedom, p, sds[0], sds[1], repetition, len(both), len(y)
    )


@dataclass(frozen=True, eq=False)
class _Cells:
    """What the likelihood needs of the repetitions: numbers and means by person and condition, (person, 2) each.

    Attributes
    ----------
    counts, means : ndarray
        A mean is 0 where there is no repetition.
    within : float
        Sum of squares about the means.
    """

    counts: NDArray
    means: NDArray
    within: float


def _cells(y: NDArray, index: NDArray, second: NDArray) -> _Cells:
    shape = (int(index.max()) + 1, 2)
    place = 2 * index + second
    counts = np.bincount(place, minlength=2 * shape[0]).astype(float)
    means = np.bincount(place, y, minlength=2 * shape[0]) / np.maximum(counts, 1.0)
    return _Cells(counts.reshape(shape), means.reshape(shape), float(np.sum((y - means[place]) ** 2)))


@dataclass(frozen=True)
class _Solution:
    effect: float
    se: float
    sd: float
    criterion: float


def _fitted(cells: _Cells, several: bool) -> tuple[float, float]:
    """Variances of people and of people in a condition, each over that of repetitions, at the highest likelihood."""
    def ratios(roots: NDArray) -> tuple[float, float]:
        return float(roots[0]) ** 2, float(roots[1]) ** 2 if several else 0.0

    best = min(
        (
            minimize(lambda roots: _solved(cells, ratios(roots)).criterion, start, method="Nelder-Mead",
                     options={"xatol": 1e-6, "fatol": 1e-11, "maxiter": 2000, "maxfev": 2000})
            for start in (_moments(cells), (1.0, 1.0))
        ),
        key=lambda one: one.fun,
    )  # fmt: skip
    roots = np.abs(best.x)
    # On the edge of what is possible: a part that is not there.
    for place in range(2):
        edge = np.where(np.arange(2) == place, 0.0, roots)
        if _solved(cells, ratios(edge)).criterion <= best.fun + 1e-10:
            roots = edge
    return ratios(roots)


def _moments(cells: _Cells) -> tuple[float, float]:
    """Roots of both ratios by the spread of means, about what the likelihood finds: a start near it."""
    both = (cells.counts > 0).all(axis=1)
    spare = cells.counts.sum() - np.count_nonzero(cells.counts)
    means = cells.means[both]
    apart = float(np.var(means[:, 1] - means[:, 0], ddof=1)) / 2
    repetition = cells.within / spare if spare and cells.within > 0 else max(apart, 1e-12)
    usual = float(np.mean(1.0 / cells.counts[both]))
    people = float(np.var(means.mean(axis=1), ddof=1)) - apart / 2
    ratios = np.maximum([people / repetition, apart / repetition - usual], 0.01)
    return float(np.sqrt(ratios[0])), float(np.sqrt(ratios[1]))


def _solved(cells: _Cells, ratios: tuple[float, float]) -> _Solution:
    """Generalised least squares at given ratios of variances, and twice the negative restricted log-likelihood.

    The means of a person's two conditions have the covariance ratio[0] in common, and ratio[1] + 1 / count each.
    """
    there = cells.counts > 0
    both = there.all(axis=1)
    shared = np.where(both, ratios[0], 0.0)
    # A condition that a person lacks stands in the inverse as 0.
    own = np.where(there, ratios[0] + ratios[1] + 1.0 / np.maximum(cells.counts, 1.0), 1.0)
    size = own[:, 0] * own[:, 1] - shared**2
    p00, p11 = (np.where(there[:, one], own[:, 1 - one], 0.0) / size for one in (0, 1))
    p01 = -shared / size
    first, second = cells.means.T
    of_both = float(np.sum(p01 + p11))
    normal = np.array([[float(np.sum(p00 + p01)) + of_both, of_both], [of_both, float(np.sum(p11))]])
    of_second = float(np.sum(p01 * first + p11 * second))
    right = np.array([float(np.sum(p00 * first + p01 * second)) + of_second, of_second])
    square = cells.within + float(np.sum(p00 * first**2 + 2 * p01 * first * second + p11 * second**2))
    determinant = float(np.log(size).sum() + np.log(cells.counts[there]).sum())
    spread = normal[0, 0] * normal[1, 1] - of_both**2
    inverse = np.array([[normal[1, 1], -of_both], [-of_both, normal[0, 0]]]) / spread
    estimate = inverse @ right
    freedom = int(cells.counts.sum()) - 2
    variance = max(square - float(right @ estimate), 1e-24) / freedom
    criterion = freedom * (np.log(2 * np.pi * variance) + 1) + determinant + float(np.log(spread))
    return _Solution(float(estimate[1]), float(np.sqrt(variance * inverse[1, 1])), float(np.sqrt(variance)), criterion)


def _unknown(people: int, rows: int, reason: str) -> MixedEffect:
    return MixedEffect(_NAN, _NAN, (_NAN, _NAN), _NAN, _NAN, _NAN, _NAN, _NAN, people, rows, reason)
