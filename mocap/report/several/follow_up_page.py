"""The page of a follow-up: one person over visits, what changed beyond what measuring explains."""

import numpy as np

from mocap.assessment.several.follow_up import FollowedMetric, FollowUp
from mocap.report.assessment.figures import figure, metric_title
from mocap.report.assessment.headline import USE
from mocap.report.calibration_page import whole_page
from mocap.report.page_parts import escaped, table
from mocap.report.paper_style import STYLE
from mocap.report.several.conditions_page import FURTHER_MEANINGS
from mocap.report.several.pictures import course_picture
from mocap.report.several.words import (
    DOWN,
    NONE,
    UP,
    change_cell,
    decimals,
    facts,
    mean_cell,
    method_facts,
    notes_list,
    sources_table,
    united,
)

_BESIDE = 6  # visits in a table; of more the first and the last ones


def follow_up_page(made: FollowUp) -> str:
    """Return the page as self-contained HTML, for the screen and for paper."""
    rows = [
        ("Subject", made.subject), ("Visits", str(len(made.visits))),
        ("From, to", f"{made.visits[0].day}, {made.visits[-1].day}"),
        ("Trials", str(sum(len(one.recordings) for one in made.visits))),
        *method_facts(made.visits[0].recordings[0].method),
    ]  # fmt: skip
    return whole_page(f"Follow-up of {made.subject}", [
        facts(rows), _headline(made), _visits(made), _pictures(made), _further(made),
        notes_list(made.notes), _sources(made),
        _methods(), f"<h2>Intended use</h2><p>{USE}</p>",
    ], STYLE)  # fmt: skip


def _headline(made: FollowUp) -> str:
    """What changed from the first to the last visit beyond the MDC95, in words."""
    known = [one for one in made.metrics if one.changes[-1].beyond is not None]
    out = [one for one in known if one.changes[-1].beyond]
    lines = [
        f"<li>{united(metric_title(one.name), one.unit)}: {change_cell(one.changes[-1], _decimals(one))}"
        f" <small>{escaped(one.changes[-1].words)}</small></li>".replace("<br>", " ")
        for one in out
    ]
    told = f"<ul class='plain'>{''.join(lines)}</ul>" if lines else "<p>No figure.</p>"
    rest = (
        f"<p class='note'>Of {len(known)} figures whose MDC95 is known; by the error of measuring alone about "
        f"{0.05 * len(known):.1f} would be beyond it. Of {len(made.metrics) - len(known)} it is not known.</p>"
    )
    span = f"{made.visits[0].day} to {made.visits[-1].day}"
    return f"<h2>Changed beyond the MDC95 from {escaped(span)}</h2>{told}{rest}"


def _decimals(one: FollowedMetric) -> int:
    return decimals(one.unit, one.means, [*one.sds, *(limit.sem for limit in one.limits)])


def _visits(made: FollowUp) -> str:
    """A table of the figures that come first, or of all where none does."""
    metrics = [one for one in made.metrics if one.primary] or list(made.metrics)
    count = len(made.visits)
    half = _BESIDE // 2
    shown = range(count) if count <= _BESIDE else [*range(half), *range(count - half, count)]
    days = [f"{made.visits[at].day} ({made.visits[at].days:g}\u00a0d)" for at in shown]
    several = count > 2
    head = ["Figure", *days, "first to last", *(["trend", "scatter"] if several else [])]
    rows = []
    for one in metrics:
        digits = _decimals(one)
        cells = [mean_cell(one.means[at], one.sds[at], one.counts[at], digits) for at in shown]
        extra = [_trend_cell(one, digits), _scatter_cell(one)] if several else []
        rows.append([united(metric_title(one.name), one.unit), *cells, change_cell(one.changes[-1], digits), *extra])
    gap = f" {count - _BESIDE} visits between them are in the pictures." if count > _BESIDE else ""
    trend = (" Trend: change of the straight line over all visits, with what it has to exceed. Scatter: chance of as "
             "much of it about the line by the error of measuring alone." if several else "")  # fmt: skip
    note = f"Means over the repetitions of a visit \u00b1 SD. {UP} {DOWN}: beyond the MDC95.{trend}{gap}"
    return f"<h2>Visits</h2><div class='wide'>{table(head, rows)}</div><p class='note'>{note}</p>"


def _further(made: FollowUp) -> str:
    """The other figures, a line each."""
    metrics = [one for one in made.metrics if not one.primary]
    if not metrics or len(metrics) == len(made.metrics):
        return ""
    several = len(made.visits) > 2
    head = ["Figure", made.visits[0].day, made.visits[-1].day, "change", *(["trend"] if several else [])]
    rows = []
    for one in metrics:
        digits = _decimals(one)
        cells = [mean_cell(one.means[at], one.sds[at], one.counts[at], digits) for at in (0, -1)]
        cells.append(change_cell(one.changes[-1], digits))
        cells += [_trend_cell(one, digits)] if several else []
        rows.append([united(metric_title(one.name), one.unit), *(cell.replace("<br>", " ") for cell in cells)])
    return f"<h2>Further figures</h2><div class='wide'>{table(head, rows)}</div>"


def _trend_cell(one: FollowedMetric, digits: int) -> str:
    found = one.trend
    if not np.isfinite(found.change):
        return NONE
    signed = ("+" if found.change > 0 else "") + figure(found.change, digits)
    if found.beyond is None:
        return signed
    limit = f"<br><small>limit\u00a0{figure(found.mdc95, digits)}</small>"
    return f"<b>{UP if found.change > 0 else DOWN}\u00a0{signed}</b>{limit}" if found.beyond else f"{signed}{limit}"


def _scatter_cell(one: FollowedMetric) -> str:
    p = one.trend.scatter_p
    if not np.isfinite(p):
        return NONE
    return "below 0.1 %" if p < 0.001 else f"{100 * p:.0f} %" if p >= 0.01 else f"{100 * p:.1f} %"


def _pictures(made: FollowUp) -> str:
    figures = "".join(
        f"<figure><h3>{escaped(metric_title(one.name))}</h3>{course_picture(one, made.visits)}</figure>"
        for one in made.metrics if one.primary
    )  # fmt: skip
    note = ("<p class='note'>Points: means of the visits, with the SD of the repetitions; filled where the change from "
            "the first visit is beyond the MDC95. Grey band: first visit \u00b1 MDC95.</p>")  # fmt: skip
    return f"<h2>Courses</h2><div class='plots'>{figures}</div>{note}" if figures else ""


def _sources(made: FollowUp) -> str:
    limits = [(one.name, limit) for one in made.metrics for limit in one.limits]
    first = [one for one in made.metrics if one.primary] or made.metrics
    meant = [[escaped(metric_title(one.name)), escaped(one.meaning)] for one in first]
    words = f"<div class='wide'>{table(['Figure', 'What it is'], meant, (0, 1))}</div>"
    return f"{sources_table(limits)}<h2>What the figures mean</h2>{words}{FURTHER_MEANINGS}"


def _methods() -> str:
    return (
        "<h2>Methods</h2><p class='note'>MDC95: 1.96 times the standard error of the difference of two measurements; "
        "where the lab knows the part of the repetitions, it goes by their numbers at both visits. A change beyond it "
        "arises in fewer than 5 % of pairs of measurements between which nothing changed; with many figures some do. "
        "Trend: least squares over the days, each visit weighted by its own error of measurement.</p>"
    )
