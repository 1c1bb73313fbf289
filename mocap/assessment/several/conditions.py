"""Two conditions against each other: within people who did both, or between two groups; figures and curves."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from mocap.assessment.several.limits import Limit, Limits
from mocap.assessment.several.primary import Primary
from mocap.assessment.statistics.change import PersonChange, person_change
from mocap.assessment.statistics.measured import NODES, Recording, mean_and_sd, mean_curve
from mocap.assessment.statistics.mixed import mixed_effect
from mocap.assessment.statistics.multiple import holm
from mocap.assessment.statistics.permutation import PermutationTest, paired_test, two_sample_test

Interval = tuple[float, float]
_NAN = float("nan")
Effect = TypeVar("Effect", "ScalarEffect", "CurveEffect")


@dataclass(frozen=True)
class PersonEffect:
    """What a condition does to one figure of one person.

    Attributes
    ----------
    person : str
    means, sds : tuple of float
        Over the repetitions of the first and of the second condition; NaN where there are too few.
    counts : tuple of int
    change : PersonChange
        Second minus first, against the MDC95 for these numbers of repetitions.
    limit : Limit
    """

    person: str
    means: tuple[float, float]
    sds: tuple[float, float]
    counts: tuple[int, int]
    change: PersonChange
    limit: Limit


@dataclass(frozen=True, eq=False)
class ScalarEffect:
    """What a condition does to one figure, over people: second minus first.

    Attributes
    ----------
    name, unit, meaning : str
    people : tuple of PersonEffect
    effect, se : float
    interval : tuple of float
        95 %.
    p_model : float
        By the mixed model, or Welch's t between groups.
    test : PermutationTest
        Of the means of people.
    p_adjusted : float
        That of the permutation test, for all figures of the comparison that come first (or all others) at once (Holm).
    primary : bool
        Whether it is one of those that come first.
    reason : str
        Why there is no effect over people.
    """

    name: str
    unit: str
    meaning: str
    people: tuple[PersonEffect, ...]
    effect: float
    se: float
    interval: Interval
    p_model: float
    test: PermutationTest
    p_adjusted: float = _NAN
    reason: str = ""
    primary: bool = True


@dataclass(frozen=True, eq=False)
class CurveEffect:
    """What a condition does to an angle over a part of the movement.

    Attributes
    ----------
    name : str
    people : tuple of tuple of str
        Whose curves are in each condition.
    curves : tuple of ndarray, shape (person, 101)
        Means over repetitions, degrees.
    within_sd : tuple of ndarray, shape (101,)
        SD between the repetitions of one person, pooled; NaN where there is one of each.
    test : PermutationTest
        Second minus first.
    p_adjusted : float
        For all angles of the comparison that come first (or all others) at once (Holm).
    primary : bool
    difference, low, high : ndarray, shape (101,)
        Mean difference and its pointwise 95 % interval, degrees; NaN with fewer than two people.
    """

    name: str
    people: tuple[tuple[str, ...], tuple[str, ...]]
    curves: tuple[NDArray, NDArray]
    within_sd: tuple[NDArray, NDArray]
    test: PermutationTest
    difference: NDArray
    low: NDArray
    high: NDArray
    p_adjusted: float = _NAN
    primary: bool = True


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two conditions against each other.

    Attributes
    ----------
    by, first, second : str
        What differs, and its two values; differences are second minus first.
    paired : bool
        Within people who did both; else two groups.
    people : tuple of tuple of str
        Who did the first, and who the second.
    scalars : tuple of ScalarEffect
    curves : tuple of CurveEffect
    notes : tuple of str
    """

    by: str
    first: str
    second: str
    paired: bool
    people: tuple[tuple[str, ...], tuple[str, ...]]
    scalars: tuple[ScalarEffect, ...]
    curves: tuple[CurveEffect, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Group:
    """The recordings of one condition, by person."""

    recordings: Mapping[str, Sequence[Recording]]

    def values(self, person: str, metric: str) -> NDArray:
        parts = [one.metrics[metric].values for one in self.recordings.get(person, ()) if metric in one.metrics]
        found = np.concatenate(parts) if parts else np.empty(0)
        return found[np.isfinite(found)]

    def curves(self, person: str, name: str) -> NDArray:
        parts = [one.curves[name] for one in self.recordings.get(person, ()) if name in one.curves]
        return np.concatenate(parts) if parts else np.empty((0, NODES))

    def within_sd(self, people: Iterable[str], name: str) -> NDArray:
        """Return the SD between repetitions, pooled over people, shape (node,)."""
        square, freedom = np.zeros(NODES), np.zeros(NODES)
        for person in people:
            curves = self.curves(person, name)
            square += np.nansum((curves - mean_curve(curves)) ** 2, axis=0)
            freedom += np.maximum(np.isfinite(curves).sum(axis=0) - 1, 0)
        return np.where(freedom > 0, np.sqrt(square / np.maximum(freedom, 1)), np.nan)


def compare_conditions(
    by: str, first: str, second: str, one: Sequence[Recording], two: Sequence[Recording], limits: Limits,
    primary: Primary,
) -> Comparison:  # fmt: skip
    """Return what changes from the first condition to the second.

    People who did both are compared with themselves, and then nobody else is in the tests (the mixed model takes what
    they tell of one condition); where nobody did both, the two groups are compared.

    Parameters
    ----------
    by, first, second : str
    one, two : sequence of Recording
        Those of the first and of the second condition, measured in the same way.
    limits : callable
        Gives the MDC95 of a metric.
    primary : Primary
    """
    groups = _Group(_by_person(one)), _Group(_by_person(two))
    names = tuple(groups[0].recordings), tuple(groups[1].recordings)
    both = tuple(person for person in names[0] if person in names[1])
    paired = bool(both)
    lone = sorted(set(names[0]) ^ set(names[1])) if paired else []
    notes = [f"in one of both conditions alone, and not in the tests: {', '.join(lone)}"] if lone else []
    metrics = [name for name in _named(one, "metrics") if name in set(_named(two, "metrics"))]
    angles = [name for name in _named(one, "curves") if name in set(_named(two, "curves"))]
    described = {name: rec.metrics[name] for rec in (*two, *one) for name in rec.metrics}
    scalars = []
    for name in metrics:
        told = described[name]
        changes = tuple(_person(groups, person, name, told.unit, limits) for person in both)
        part = _within(groups, both, name) if paired else _between(groups, names, name)
        if any(np.isfinite(change.means).any() for change in changes) or np.isfinite(part.test.p):
            scalars.append(replace(part, name=name, unit=told.unit, meaning=told.meaning, people=changes,
                                   primary=primary.metric(name)))  # fmt: skip
    curves = [
        replace(made, primary=primary.curve(name))
        for name in angles if (made := _curve(groups, names, both, name)) is not None
    ]  # fmt: skip
    return Comparison(by, first, second, paired, names, _adjusted(scalars), _adjusted(curves), tuple(notes))


def _by_person(recordings: Sequence[Recording]) -> dict[str, list[Recording]]:
    found: dict[str, list[Recording]] = {}
    for one in recordings:
        found.setdefault(one.subject, []).append(one)
    return found


def _named(recordings: Sequence[Recording], kind: str) -> list[str]:
    return list(dict.fromkeys(name for one in recordings for name in getattr(one, kind)))


def _person(groups: tuple[_Group, _Group], person: str, name: str, unit: str, limits: Limits) -> PersonEffect:
    told = [mean_and_sd(group.values(person, name)) for group in groups]
    means, sds, counts = zip(*told, strict=True)
    limit = limits(name, unit, (counts[0], counts[1]))
    return PersonEffect(person, means, sds, counts, person_change(means[0], means[1], limit.mdc95), limit)


def _within(groups: tuple[_Group, _Group], both: Sequence[str], name: str) -> ScalarEffect:
    """Effect within people: a mixed model over all repetitions, a permutation test of the means."""
    rows = [
        (value, person, second)
        for second, group in enumerate(groups) for person in group.recordings for value in group.values(person, name)
    ]  # fmt: skip
    values = np.array([row[0] for row in rows], float)
    model = mixed_effect(values, np.array([row[1] for row in rows], str), np.array([row[2] for row in rows], bool))
    means = np.array([[mean_and_sd(group.values(person, name))[0] for person in both] for group in groups])
    return ScalarEffect("", "1", "", (), model.effect, model.se, model.interval, model.p,
                        paired_test(means[1] - means[0]), reason=model.reason)  # fmt: skip


def _between(groups: tuple[_Group, _Group], names: tuple[Sequence[str], Sequence[str]], name: str) -> ScalarEffect:
    """Effect between groups: Welch's t of the means of people, a permutation test."""
    means = [
        np.array([mean_and_sd(group.values(person, name))[0] for person in people])
        for group, people in zip(groups, names, strict=True)
    ]
    known = [one[np.isfinite(one)] for one in means]
    test = _second_less_first(means[1], means[0])
    if min(len(one) for one in known) < 2:
        reason = f"n too small: {len(known[0])} and {len(known[1])} people"
        return ScalarEffect("", "1", "", (), _NAN, _NAN, (_NAN, _NAN), _NAN, test, reason=reason)
    parts = np.array([one.var(ddof=1) / len(one) for one in known])
    effect, se = float(known[1].mean() - known[0].mean()), float(np.sqrt(parts.sum()))
    if not se > 0:
        return ScalarEffect("", "1", "", (), effect, se, (_NAN, _NAN), _NAN, test, reason="nothing varies")
    freedom = parts.sum() ** 2 / np.sum(parts**2 / np.array([len(one) - 1 for one in known]))
    reach = float(stdtrit(freedom, 0.975)) * se
    p = float(2 * stdtr(freedom, -abs(effect) / se))
    return ScalarEffect("", "1", "", (), effect, se, (effect - reach, effect + reach), p, test)


def _curve(
    groups: tuple[_Group, _Group], names: tuple[tuple[str, ...], tuple[str, ...]], both: tuple[str, ...], name: str
) -> CurveEffect | None:
    """Effect on one angle; None where no curve is known in one of both conditions."""
    asked = (both, both) if both else names
    found: list[dict[str, NDArray]] = []
    for group, people in zip(groups, asked, strict=True):
        made = {person: mean_curve(group.curves(person, name)) for person in people}
        found.append({person: one for person, one in made.items() if np.isfinite(one).any()})
    if both:
        shared = [person for person in both if person in found[0] and person in found[1]]
        found = [{person: one[person] for person in shared} for one in found]
    if not found[0] or not found[1]:
        return None
    curves = np.stack([*found[0].values()]), np.stack([*found[1].values()])
    within = groups[0].within_sd(found[0], name), groups[1].within_sd(found[1], name)
    test = paired_test(curves[1] - curves[0]) if both else _second_less_first(curves[1], curves[0])
    if both:
        difference, error, freedom = _moments(curves[1] - curves[0])
    else:
        parts = [_moments(one) for one in curves]
        difference, error = parts[1][0] - parts[0][0], np.hypot(parts[1][1], parts[0][1])
        freedom = min(parts[0][2], parts[1][2])
    reach = (stdtrit(freedom, 0.975) if freedom > 0 else _NAN) * error
    return CurveEffect(name, (tuple(found[0]), tuple(found[1])), curves, within, test, difference, difference - reach,
                       difference + reach)  # fmt: skip


def _second_less_first(second: NDArray, first: NDArray) -> PermutationTest:
    """The test of two groups, with the people of the first one named first."""
    made = two_sample_test(second, first)
    return replace(made, n=made.n[::-1])


def _moments(values: NDArray) -> tuple[NDArray, NDArray, float]:
    """Mean and its standard error at the nodes that everybody has, and degrees of freedom."""
    n = len(values)
    error = values.std(axis=0, ddof=1) / np.sqrt(n) if n > 1 else np.full(values.shape[1], np.nan)
    return values.mean(axis=0), error, n - 1.0


def _adjusted(made: Sequence[Effect]) -> tuple[Effect, ...]:
    """Return the effects, those that come first in front, with p adjusted within these and within the others."""
    found: list[Effect] = []
    for family in (True, False):
        some = [one for one in made if one.primary is family]
        adjusted = holm(np.array([one.test.p for one in some]))
        found += [replace(one, p_adjusted=float(p)) for one, p in zip(some, adjusted, strict=True)]
    return tuple(found)
