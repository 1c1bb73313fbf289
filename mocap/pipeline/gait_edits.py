"""A reviewer's corrections of gait events as typed: `2:off=3.95`, `4:start=out`, `clear`."""

import re
from dataclasses import replace

import numpy as np

from mocap.assessment.gait.contacts import FINAL, INITIAL
from mocap.assessment.gait.events import OTHER
from mocap.errors import AssessmentError
from mocap.trial import Assessment, Event, Trial

_INSTANTS = {
    "start": (INITIAL, False), "other_off": (FINAL, True), "other_on": (INITIAL, True), "off": (FINAL, False),
    "end": (INITIAL, False),
}  # fmt: skip
_FORM = re.compile(rf"(\d+):({'|'.join(_INSTANTS)})=(.+)")
_SAME_S = 1e-3


def with_gait_edits(trial: Trial, edits: tuple[str, ...]) -> Trial:
    """Return a trial with corrections of its gait events as events of source `edited`.

    Parameters
    ----------
    trial : Trial
        Assessed before: cycles go by their numbers there.
    edits : tuple of str
        `2:off=3.95` moves the final contact of cycle 2 (`start`, `other_off`, `other_on`, `off`, `end`), `2:off=out`
        takes it out, `clear` takes all earlier corrections away.

    Raises
    ------
    AssessmentError
        EDIT
    """
    events = list(trial.events)
    before = next((one for one in trial.assessments if one.task == "gait"), None)
    for edit in edits:
        if edit == "clear":
            events = [one for one in events if one.source != "edited" or one.label not in (INITIAL, FINAL)]
            continue
        made = _event(edit, before, tuple(events))
        # The last word on an event counts.
        events = [one for one in events if not _same(one, made)]
        events.append(made)
    return replace(trial, events=tuple(events))


def _event(edit: str, before: Assessment | None, events: tuple[Event, ...]) -> Event:
    found = _FORM.fullmatch(edit.strip())
    told = "" if found is None else found[3].strip()
    moved = _number(told)
    if found is None or (np.isnan(moved) and told != "out"):
        raise AssessmentError(
            f"The edit '{edit}' cannot be read.",
            f"Write 2:off=3.95 or 2:off=out, of {', '.join(_INSTANTS)}; or clear.", code="EDIT",
        )  # fmt: skip
    number, instant = int(found[1]), found[2]
    rows = 0 if before is None else before.repetitions.rows
    if before is None or not 1 <= number <= rows:
        raise AssessmentError(
            f"The edit '{edit}' is of cycle {number}, and the trial has {rows} of the task gait.",
            f"Assess it first and take a number from 1 to {rows}." if rows else "Assess it first without edits.",
            code="EDIT",
        )
    label, of_other = _INSTANTS[instant]
    side = before.repetitions.told("side")[number - 1]
    side = OTHER[side] if of_other else side
    now = float(before.repetitions[f"{instant}_time"].values[number - 1])
    # Of an event that was edited before, the detected one behind it.
    earlier = [one for one in events if one.source == "edited" and (one.label, one.side) == (label, side)
               and abs(one.time_s - now) < _SAME_S]  # fmt: skip
    detected = earlier[0].replaces_s if earlier else now
    confidence = 1.0 if np.isfinite(moved) else float("nan")
    return Event(moved, label, side, confidence, "edited", note="by a reviewer", replaces_s=detected)


def _number(told: str) -> float:
    try:
        value = float(told)
    except ValueError:
        return float("nan")
    return value if np.isfinite(value) else float("nan")


def _same(one: Event, made: Event) -> bool:
    return (
        one.source == "edited" and (one.label, one.side) == (made.label, made.side)
        and abs(one.replaces_s - made.replaces_s) < _SAME_S
    )  # fmt: skip
