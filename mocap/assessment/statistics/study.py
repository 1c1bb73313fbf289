"""A study of reliability: the error of one metric from people who were measured several times, in repetitions each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.statistics.two_way import Reliability, reliability

#: Fewest degrees of freedom of the error, (people - 1) (measurements - 1): with 8, an SEM is known to -32 and +92 %.
FEWEST_FREEDOM = 8


@dataclass(frozen=True)
class StudyMetric:
    """The error of measuring one metric.

    Attributes
    ----------
    reliability : Reliability or None
        Of the means over the repetitions; None where `reason` says why.
    sd_repetition : float
        Between the repetitions of one measurement, pooled; NaN where there was one each.
    repetitions : float
        Harmonic mean of their number.
    sem_measurement : float
        What is left of the SEM of agreement when the part of the repetitions is taken out; NaN where that is not known.
    left_out : tuple of int
        People with a measurement that has no value.
    reason : str
    sem_one_operator, sem_one_visit : float
        SEM of agreement over the visits of one operator, and over the operators of one visit, each the root mean
        square over all of these; NaN where the study had one operator, or one visit, alone.
    """

    reliability: Reliability | None
    sd_repetition: float
    repetitions: float
    sem_measurement: float
    left_out: tuple[int, ...]
    reason: str = ""
    sem_one_operator: float = float("nan")
    sem_one_visit: float = float("nan")


Groups = Sequence[Sequence[int]]


def study_metric(
    cells: Sequence[Sequence[NDArray]], of_operators: Groups = (), of_visits: Groups = ()
) -> StudyMetric:
    """Return the error of one metric.

    Parameters
    ----------
    cells : sequence (person) of sequence (measurement) of ndarray, shape (repetition,)
        Values of every repetition; NaN is withheld.
    of_operators, of_visits : sequence of sequence of int
        Which measurements each operator made, and which were made at each visit.
    """
    known = [[one[np.isfinite(one)] for one in row] for row in cells]
    table = np.array([[one.mean() if len(one) else np.nan for one in row] for row in known])
    left_out = tuple(int(row) for row in np.flatnonzero(~np.isfinite(table).all(axis=1)))
    whole = [row for index, row in enumerate(known) if index not in left_out]
    nan = float("nan")
    freedom = (len(whole) - 1) * (table.shape[1] - 1)
    if freedom < FEWEST_FREEDOM or len(whole) < 2:
        reason = f"{len(whole)} people have a value in all {table.shape[1]} measurements: too few"
        return StudyMetric(None, nan, nan, nan, left_out, reason)
    if not np.ptp(table[np.isfinite(table).all(axis=1)]) > 0:
        return StudyMetric(None, nan, nan, nan, left_out, "it is the same in all measurements")
    made = reliability(table)
    if not made.sem_agreement > 1e-9 * np.nanmax(np.abs(table)):
        return StudyMetric(None, nan, nan, nan, left_out, "it is the same in all measurements of every person")
    groups = [one for row in whole for one in row]
    usual = len(groups) / sum(1.0 / len(one) for one in groups)
    within = sum(len(one) - 1 for one in groups)
    parts = _pooled(table, of_operators), _pooled(table, of_visits)
    if not within:
        return StudyMetric(made, nan, usual, nan, left_out, "", *parts)
    variance = sum(float(np.sum((one - one.mean()) ** 2)) for one in groups) / within
    rest = float(np.sqrt(max(made.sem_agreement**2 - variance / usual, 0.0)))
    return StudyMetric(made, float(np.sqrt(variance)), usual, rest, left_out, "", *parts)


@dataclass(frozen=True)
class Norm:
    """Mean and SD of one metric over people, each by one measurement; NaN where there are too few."""

    mean: float
    sd: float
    people: int


def norm_of(cells: Sequence[Sequence[NDArray]]) -> Norm:
    """Return the norm that people make, each by the mean over the repetitions of the first measurement with a value.

    One measurement each, whoever has several: so the SD is that of measurements as a person's is, and nobody counts
    for more.

    Parameters
    ----------
    cells : sequence (person) of sequence (measurement) of ndarray, shape (repetition,)
        In the order in which they count; NaN is withheld.
    """
    means = [[float(one[np.isfinite(one)].mean()) for one in row if np.isfinite(one).any()] for row in cells]
    first = np.array([row[0] for row in means if row])
    nan = float("nan")
    return Norm(float(first.mean()) if len(first) else nan, float(first.std(ddof=1)) if len(first) > 1 else nan,
                len(first))  # fmt: skip


def _pooled(table: NDArray, groups: Groups) -> float:
    """Return the SEM of agreement within groups of measurements, pooled; NaN where there are not two such groups."""
    several = [list(group) for group in groups if len(group) > 1]
    if len(groups) < 2 or len(several) < len(groups):
        return float("nan")
    return float(np.sqrt(np.mean([reliability(table[:, group]).sem_agreement ** 2 for group in several])))
