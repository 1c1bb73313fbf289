"""What is marked on the time line: events, repetitions and what was rejected, as plain times and words. No display."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mocap.trial import Assessment, Event, Trial

_TOUCH_S = 1e-6  # where one ends the next may begin
_LEFT_OUT = "left_out"  # words of a cycle that is in no mean: why


@dataclass(frozen=True)
class Mark:
    """An instant on the time line.

    Attributes
    ----------
    time_s : float
        On the clock of the points.
    label : str
        `squat_bottom`, `initial_contact`, ...
    side : str
        `left`, `right` or `general`.
    text : str
        For people: what, which side, whence.
    edited : bool
        A reviewer put it there.
    """

    time_s: float
    label: str
    side: str
    text: str
    edited: bool = False


@dataclass(frozen=True)
class Span:
    """A repetition or cycle on the time line: its number from 1, its ends, what it is, and whether it was rejected."""

    number: int
    start_s: float
    end_s: float
    text: str
    rejected: bool = False


def marks_of(trial: Trial) -> tuple[Mark, ...]:
    """Return the events of a trial in the order of time; an edited one in the place of that which it replaces."""
    edited = [one for one in trial.events if one.source == "edited"]
    shown = [one for one in trial.events if np.isfinite(one.time_s) and not _replaced(one, edited)]
    found = [Mark(one.time_s, one.label, one.side, _event_text(one), one.source == "edited") for one in shown]
    return tuple(sorted(found, key=lambda mark: mark.time_s))


def spans_of(trial: Trial) -> tuple[Span, ...]:
    """Return the repetitions of all tasks, and the candidates that were rejected with the reason."""
    return tuple(span for one in trial.assessments for span in _spans(one))


def rows_of(spans: Sequence[Span]) -> tuple[int, ...]:
    """Return a row for each span, from 0 on, so that none of a row lies over another one; as few rows as can be."""
    ends: list[float] = []
    rows = [0] * len(spans)
    for place in sorted(range(len(spans)), key=lambda place: spans[place].start_s):
        span = spans[place]
        free = next((row for row, end in enumerate(ends) if end <= span.start_s + _TOUCH_S), len(ends))
        ends[free:free + 1] = [span.end_s]
        rows[place] = free
    return tuple(rows)


def neighbour(times_s: tuple[float, ...], now_s: float, forward: bool, near_s: float) -> float | None:
    """Return the time of the next mark after, or the last one before, the present one; None where there is none.

    Parameters
    ----------
    times_s : tuple of float
        Sorted.
    now_s : float
    forward : bool
    near_s : float
        A mark this near is the present one: half a frame.
    """
    if forward:
        return next((time for time in times_s if time > now_s + near_s), None)
    return next((time for time in reversed(times_s) if time < now_s - near_s), None)


def _spans(assessment: Assessment) -> list[Span]:
    table, spans = assessment.repetitions, []
    if table.has("start_time") and table.has("end_time"):
        starts, ends = table["start_time"].values, table["end_time"].values
        out = next((one.values for one in table.words if one.name == _LEFT_OUT), ("",) * table.rows)
        for number, (start, end, why) in enumerate(zip(starts, ends, out, strict=True), start=1):
            if np.isfinite(start) and np.isfinite(end):
                text = f"{assessment.task} {number}{f', left out: {why}' if why else ''}"
                spans.append(Span(number, float(start), float(end), text, rejected=bool(why)))
    for one in assessment.rejected:
        if np.isfinite(one.start_s) and np.isfinite(one.end_s):
            spans.append(Span(0, one.start_s, one.end_s, f"rejected: {one.reason}", rejected=True))
    return spans


def _replaced(event: Event, edited: list[Event]) -> bool:
    if event.source == "edited":
        return False
    same = [one for one in edited if one.label == event.label and one.side == event.side]
    return any(abs(one.replaces_s - event.time_s) < 1e-6 for one in same)


def _event_text(event: Event) -> str:
    side = "" if event.side == "general" else f" {event.side}"
    sure = f", confidence {event.confidence:.2f}" if np.isfinite(event.confidence) else ""
    spread = f" ± {event.sd_s:.3f} s" if np.isfinite(event.sd_s) else ""
    note = f": {event.note}" if event.note else ""
    words = event.label.replace("_", " ")
    return f"{words}{side} at {event.time_s:.3f} s{spread} ({event.source.replace('_', ' ')}{sure}){note}"
