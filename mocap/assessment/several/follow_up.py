"""One person over visits: every figure against the first visit and as a trend, against what measuring explains."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from mocap.assessment.several.limits import Limit, Limits
from mocap.assessment.several.primary import Primary
from mocap.assessment.statistics.change import PersonChange, Trend, person_change, trend
from mocap.assessment.statistics.measured import Recording, mean_and_sd


@dataclass(frozen=True, eq=False)
class Visit:
    """One day of recordings.

    Attributes
    ----------
    day : str
        As 2026-03-01.
    days : float
        Since the first visit.
    recordings : tuple of Recording
    """

    day: str
    days: float
    recordings: tuple[Recording, ...]


@dataclass(frozen=True, eq=False)
class FollowedMetric:
    """One figure over the visits.

    Attributes
    ----------
    name, unit, meaning : str
    means, sds : tuple of float
        Over the repetitions of each visit; NaN where there is none, or one.
    counts : tuple of int
    changes : tuple of PersonChange
        Of each visit after the first, against the first.
    limits : tuple of Limit
        Of each of these changes.
    trend : Trend
        Over all visits.
    primary : bool
        Whether it is one of those that come first.
    """

    name: str
    unit: str
    meaning: str
    means: tuple[float, ...]
    sds: tuple[float, ...]
    counts: tuple[int, ...]
    changes: tuple[PersonChange, ...]
    limits: tuple[Limit, ...]
    trend: Trend
    primary: bool = True


@dataclass(frozen=True, eq=False)
class FollowUp:
    """One person over visits.

    Attributes
    ----------
    subject, task : str
    visits : tuple of Visit
        In the order of their days.
    metrics : tuple of FollowedMetric
    notes : tuple of str
    """

    subject: str
    task: str
    visits: tuple[Visit, ...]
    metrics: tuple[FollowedMetric, ...]
    notes: tuple[str, ...] = ()


def visits_of(recordings: Sequence[Recording]) -> tuple[Visit, ...]:
    """Return the visits, a day each, in order; every recording has a day."""
    days: dict[str, list[Recording]] = {}
    for one in sorted(recordings, key=lambda each: (each.date, each.name)):
        days.setdefault(one.date, []).append(one)
    first = date.fromisoformat(min(days))
    return tuple(
        Visit(day, float((date.fromisoformat(day) - first).days), tuple(there)) for day, there in days.items()
    )


def follow_up(recordings: Sequence[Recording], limits: Limits, primary: Primary) -> FollowUp:
    """Return how the figures of one person change over visits.

    Parameters
    ----------
    recordings : sequence of Recording
        Of one person, measured in the same way; several of one day count as one visit.
    limits : callable
        Gives the MDC95 of a metric.
    primary : Primary
    """
    visits = visits_of(recordings)
    names = list(dict.fromkeys(name for visit in visits for one in visit.recordings for name in one.metrics))
    made = [_followed(name, visits, limits, primary.metric(name)) for name in names]
    told = [one for one in made if np.isfinite(one.means).sum() >= 2]
    known = tuple(sorted(told, key=lambda one: not one.primary))
    lost = [one.name for one in made if np.isfinite(one.means).sum() < 2]
    notes = (f"not known at two visits: {', '.join(lost)}",) if lost else ()
    if not any(np.isfinite(one.values).any() for each in recordings for one in each.metrics.values()):
        notes = (*notes, "no visit has a repetition with a value, so nothing is followed")
    return FollowUp(recordings[0].subject, recordings[0].method["task"], visits, known, notes)


def _followed(name: str, visits: Sequence[Visit], limits: Limits, primary: bool) -> FollowedMetric:
    told = next(one.metrics[name] for visit in visits for one in visit.recordings if name in one.metrics)
    values = [
        np.concatenate([one.metrics[name].values for one in visit.recordings if name in one.metrics] or [np.empty(0)])
        for visit in visits
    ]
    means, sds, counts = zip(*(mean_and_sd(one) for one in values), strict=True)
    found = [limits(name, told.unit, (counts[0], count)) for count in counts[1:]]
    changes = [
        person_change(means[0], mean, limit.mdc95) for mean, limit in zip(means[1:], found, strict=True)
    ]
    errors = np.array([limits(name, told.unit, (count, count)).sem for count in counts])
    times = np.array([visit.days for visit in visits])
    return FollowedMetric(name, told.unit, told.meaning, means, sds, counts, tuple(changes), tuple(found),
                          trend(times, np.array(means), errors), primary)  # fmt: skip
