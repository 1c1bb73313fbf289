"""Conditions and follow-ups as tables for other programs, safe to open in a spreadsheet, and as JSON."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from mocap.assessment.several.conditions import Comparison, CurveEffect, ScalarEffect
from mocap.assessment.several.follow_up import FollowedMetric, FollowUp
from mocap.assessment.several.result import Conditions
from mocap.assessment.statistics.change import PersonChange
from mocap.assessment.statistics.permutation import PermutationTest
from mocap.export.tables import safe_cell

_CONDITION_HEAD = (
    "condition", "against", "metric", "unit", "person", "first_mean", "first_sd", "first_n", "second_mean",
    "second_sd", "second_n", "difference", "low95", "high95", "mdc95", "beyond_mdc95", "p", "p_adjusted", "p_model",
    "n_people", "source_of_mdc95", "note",
)  # fmt: skip
_FOLLOW_HEAD = (
    "subject", "metric", "unit", "visit", "days", "mean", "sd", "n", "change_from_first", "mdc95", "beyond_mdc95",
    "p_of_change", "trend_change", "trend_mdc95", "trend_beyond_mdc95", "source_of_mdc95", "meaning",
)  # fmt: skip


def conditions_csv(made: Conditions) -> str:
    """Return a row per person and metric, and one over people (`person` empty)."""
    rows = [row for one in made.comparisons for scalar in one.scalars for row in _condition_rows(one, scalar)]
    return _text(_CONDITION_HEAD, rows)


def _condition_rows(made: Comparison, one: ScalarEffect) -> Iterator[Sequence[Any]]:
    head = (made.second, made.first, one.name, one.unit)
    for person in one.people:
        change, low, high = person.change.change, *person.change.interval
        yield (*head, person.person, person.means[0], person.sds[0], person.counts[0], person.means[1],
               person.sds[1], person.counts[1], change, low, high, person.limit.mdc95, person.change.beyond, "", "",
               "", "", person.limit.source, person.change.words)  # fmt: skip
    yield (*head, "", "", "", "", "", "", "", one.effect, *one.interval, "", None, one.test.p, one.p_adjusted,
           one.p_model, sum(one.test.n), "", one.reason or one.test.reason)  # fmt: skip


def follow_up_csv(made: FollowUp) -> str:
    """Return a row per metric and visit."""
    return _text(_FOLLOW_HEAD, [row for one in made.metrics for row in _follow_rows(made, one)])


def _follow_rows(made: FollowUp, one: FollowedMetric) -> Iterator[Sequence[Any]]:
    for index, visit in enumerate(made.visits):
        change = one.changes[index - 1] if index else None
        limit = one.limits[index - 1] if index else None
        told = ("", "", None, "") if change is None else (change.change, change.mdc95, change.beyond, change.p)
        yield (made.subject, one.name, one.unit, visit.day, visit.days, one.means[index], one.sds[index],
               one.counts[index], *told, one.trend.change, one.trend.mdc95, one.trend.beyond,
               "" if limit is None else limit.source, one.meaning)  # fmt: skip


def _text(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    if isinstance(value, int | float):
        return repr(float(value)) if isinstance(value, float) and np.isfinite(value) else _whole(value)
    return safe_cell(str(value))


def _whole(value: float) -> str:
    return str(int(value)) if np.isfinite(value) else ""


def conditions_json(made: Conditions) -> dict[str, Any]:
    """Return what `mocap conditions --json` prints."""
    return {
        "by": made.by, "task": made.task, "part": made.part, "levels": made.levels, "notes": made.notes,
        "method": dict(made.method), "files": [one.name for one in made.recordings],
        "comparisons": [
            {
                "first": one.first, "second": one.second, "paired": one.paired, "people": one.people,
                "notes": one.notes, "metrics": [_scalar_json(each) for each in one.scalars],
                "curves": [_curve_json(each) for each in one.curves],
            }
            for one in made.comparisons
        ],
    }  # fmt: skip


def _scalar_json(one: ScalarEffect) -> dict[str, Any]:
    people = [
        {"person": each.person, "means": each.means, "sds": each.sds, "counts": each.counts, **_change(each.change),
         "source": each.limit.source} for each in one.people
    ]  # fmt: skip
    return {
        "name": one.name, "unit": one.unit, "meaning": one.meaning, "effect": one.effect, "se": one.se,
        "interval": one.interval, "p_model": one.p_model, "p_adjusted": one.p_adjusted, "reason": one.reason,
        "test": _test(one.test), "people": people,
    }  # fmt: skip


def _curve_json(one: CurveEffect) -> dict[str, Any]:
    return {
        "name": one.name, "unit": "deg", "people": one.people, "p_adjusted": one.p_adjusted, "test": _test(one.test),
        "difference": one.difference, "low": one.low, "high": one.high, "t": one.test.t, "p_nodes": one.test.p_nodes,
        "means": [curves.mean(axis=0) for curves in one.curves],
    }  # fmt: skip


def _test(one: PermutationTest) -> Mapping[str, Any]:
    return {
        "n": one.n, "reason": one.reason, "p": one.p, "t_limit": one.t_limit, "attainable": one.attainable,
        "arrangements": one.arrangements, "exact": one.exact, "nodes_left_out": one.left_out,
        "clusters": [vars(each) for each in one.clusters], "t_forming": one.t_forming,
    }  # fmt: skip


def _change(one: PersonChange) -> dict[str, Any]:
    return {"change": one.change, "mdc95": one.mdc95, "beyond": one.beyond, "p": one.p, "words": one.words}


def follow_up_json(made: FollowUp) -> dict[str, Any]:
    """Return what `mocap follow-up --json` prints."""
    return {
        "subject": made.subject, "task": made.task, "notes": made.notes,
        "visits": [
            {"day": one.day, "days": one.days, "files": [each.name for each in one.recordings]} for one in made.visits
        ],
        "metrics": [
            {
                "name": one.name, "unit": one.unit, "meaning": one.meaning, "means": one.means, "sds": one.sds,
                "counts": one.counts, "trend": vars(one.trend),
                "changes": [{**_change(change), "source": limit.source}
                            for change, limit in zip(one.changes, one.limits, strict=True)],
            }
            for one in made.metrics
        ],
    }  # fmt: skip
