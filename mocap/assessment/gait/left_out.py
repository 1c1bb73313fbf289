"""Gait cycles that are told in their row and rest in no mean: cut by an edge, disputed, of another duration."""

from collections.abc import Sequence

import numpy as np

from mocap.assessment.decisions import rejected_label
from mocap.assessment.edits import BY_REVIEWER, reason_of
from mocap.assessment.gait.cycles import Cycle, shorter_step
from mocap.assessment.gait.events import AT_END, EDGE
from mocap.assessment.gait.plate_lag import PLATE_OFF
from mocap.assessment.gait.settings import ContactSettings
from mocap.assessment.gait.walker import Walker
from mocap.trial import Event
from mocap.trial.assessment import Metric, Table, Words

LEFT_OUT = "left_out"
_SAME_S = 0.02  # a contact that lies so near is the same one, found a little otherwise now


def left_out(
    cycles: Sequence[Cycle], walker: Walker, settings: ContactSettings, events: Sequence[Event] = ()
) -> Words:
    """Return the column that says why a cycle is in no mean, curve or score; empty where it is.

    Parameters
    ----------
    cycles : sequence of Cycle
    walker : Walker
    settings : ContactSettings
        `most_uneven` and `least_sure_step` of it.
    events : sequence of Event
        Edited ones `gait_rejected` leave out the cycle that begins at the event that they replace.
    """
    usual = float(np.median([one.duration_s for one in cycles])) if cycles else float("nan")
    reasons = tuple(
        _by_reviewer(one, events) or _cut(one) or _uneven(one, usual, settings.most_uneven)
        or _short(one, walker, settings)
        for one in cycles
    )
    return Words(LEFT_OUT, "Why the cycle is in no mean, curve or score; empty where it is", reasons)


def _by_reviewer(cycle: Cycle, events: Sequence[Event]) -> str:
    start = cycle.start.replaces_s if cycle.start.source == "edited" else cycle.start.time_s
    own = [one for one in events if (one.source, one.label, one.side) == ("edited", rejected_label("gait"), cycle.side)
           and abs(one.replaces_s - start) <= _SAME_S]  # fmt: skip
    return f"{BY_REVIEWER}{reason_of(own[0])}" if own else ""


def _cut(cycle: Cycle) -> str:
    for event in cycle.events:
        if event.source == "detected" and (EDGE in event.note or AT_END in event.note):
            return f"its {event.side} {event.label.replace('_', ' ')} lies at an edge, or one method sees it"
        if PLATE_OFF in event.note:
            return f"plate and course of the foot disagree on its {event.side} {event.label.replace('_', ' ')}"
    return ""


def _uneven(cycle: Cycle, usual_s: float, most: float) -> str:
    if abs(cycle.duration_s - usual_s) <= most * usual_s:
        return ""
    return f"lasts {cycle.duration_s:.2f} s, more than {100 * most:g} % from the trial's median of {usual_s:.2f} s"


def _short(cycle: Cycle, walker: Walker, settings: ContactSettings) -> str:
    shortest, least = shorter_step(cycle, walker), settings.least_sure_step * walker.leg_m
    if not shortest < least:
        return ""
    return f"a step of {100 * shortest:.0f} cm, below {100 * least:.0f} cm: final contacts may be told 0.1 s early"


def in_means(table: Table) -> Table:
    """Return the rows of the table of cycles that are not left out."""
    kept = [row for row, reason in enumerate(table.told(LEFT_OUT)) if not reason]
    metrics = tuple(
        Metric(one.name, one.unit, one.meaning, one.values[kept], one.sd[kept], one.low[kept], one.high[kept],
               tuple(one.reasons[row] for row in kept), one.n[kept]) for one in table.metrics
    )  # fmt: skip
    words = tuple(Words(one.name, one.meaning, tuple(one.values[row] for row in kept)) for one in table.words)
    return Table(table.name, len(kept), metrics, words)


def left_out_notes(column: Words) -> tuple[str, ...]:
    """Return what is said of the trial: how many cycles are in no mean."""
    n = sum(bool(one) for one in column.values)
    if not n:
        return ()
    return (f"{n} of {len(column.values)} cycles are in no mean, curve or score; column {LEFT_OUT} says why",)
