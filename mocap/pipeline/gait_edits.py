"""A reviewer's corrections of gait events as typed: `2:off=3.95`, `4:start=out`, `3:reject=turned`, `clear`."""

import re
from dataclasses import replace

import numpy as np

from mocap.assessment.decisions import detected_instants, rejected_label
from mocap.assessment.edits import accepted_label
from mocap.assessment.gait.contacts import FINAL, INITIAL
from mocap.assessment.gait.events import OTHER
from mocap.errors import AssessmentError
from mocap.trial import Assessment, Event, Trial

_INSTANTS = {
    "start": (INITIAL, False), "other_off": (FINAL, True), "other_on": (INITIAL, True), "off": (FINAL, False),
    "end": (INITIAL, False),
}  # fmt: skip
_DECIDED = {"accept": accepted_label("gait"), "reject": rejected_label("gait")}
_FORM = re.compile(rf"(\d+):({'|'.join((*_INSTANTS, *_DECIDED))})=(.+)")
_SAME_S = 1e-3


def with_gait_edits(trial: Trial, edits: tuple[str, ...], initials: str = "") -> Trial:
    """Return a trial with corrections of its gait events as events of source `edited`.

    Parameters
    ----------
    trial : Trial
        Assessed before: cycles go by their numbers there.
    edits : tuple of str
        `2:off=3.95` moves the final contact of cycle 2 (`start`, `other_off`, `other_on`, `off`, `end`), `2:off=out`
        takes it out, `2:reject=turned` leaves cycle 2 out of all means, `2:accept=looked at` says that it was looked
        at and holds, `clear` takes all earlier corrections away.
    initials : str
        Of who edits.

    Raises
    ------
    AssessmentError
        EDIT
    """
    for edit in edits:
        if edit == "clear":
            labels = (INITIAL, FINAL, *_DECIDED.values())
            events = tuple(one for one in trial.events if one.source != "edited" or one.label not in labels)
            trial = replace(trial, events=events)
            continue
        found = _FORM.fullmatch(edit.strip())
        told = "" if found is None else found[3].strip()
        moved = _number(told)
        if found is None or (np.isnan(moved) and told != "out" and found[2] not in _DECIDED):
            raise AssessmentError(
                f"The edit '{edit}' cannot be read.",
                f"Write 2:off=3.95 or 2:off=out, of {', '.join(_INSTANTS)}; 2:reject=WHY, 2:accept=WHY, or clear.",
                code="EDIT",
            )
        trial = with_gait_edit(trial, int(found[1]), found[2], moved, told if found[2] in _DECIDED else "", initials)
    return trial


def with_gait_edit(
    trial: Trial, number: int, what: str, time_s: float, note: str = "", initials: str = ""
) -> Trial:
    """Return a trial with one more correction of a gait cycle; the last word on an event counts.

    Parameters
    ----------
    trial : Trial
    number : int
        Of the cycle, from 1 on.
    what : str
        An event of it, `accept` or `reject`.
    time_s : float
        Where the event is; NaN takes it out.
    note, initials : str
        Why, and who.

    Raises
    ------
    AssessmentError
        EDIT
    """
    before = next((one for one in trial.assessments if one.task == "gait"), None)
    made = replace(_event(number, what, time_s, note, before, trial.events), initials=initials)
    kept = [one for one in trial.events if not _same(one, made)]
    return replace(trial, events=(*kept, made))


def _event(
    number: int, instant: str, moved: float, note: str, before: Assessment | None, events: tuple[Event, ...]
) -> Event:
    rows = 0 if before is None else before.repetitions.rows
    if before is None or not 1 <= number <= rows:
        raise AssessmentError(
            f"An edit is of cycle {number}, and the trial has {rows} of the task gait.",
            f"Assess it first and take a number from 1 to {rows}." if rows else "Assess it first without edits.",
            code="EDIT",
        )
    if instant not in (*_INSTANTS, *_DECIDED):
        raise AssessmentError(
            f"A gait cycle has no '{instant}'.", f"It has {', '.join(_INSTANTS)}.", code="EDIT"
        )  # fmt: skip
    side = before.repetitions.told("side")[number - 1]
    if instant in _DECIDED:
        edited = [one for one in events if one.source == "edited"]
        start = detected_instants(before.repetitions, "gait", edited)[number - 1]
        return Event(start, _DECIDED[instant], side, source="edited", note=note, replaces_s=start)
    label, of_other = _INSTANTS[instant]
    side = OTHER[side] if of_other else side
    now = float(before.repetitions[f"{instant}_time"].values[number - 1])
    # Of an event that was edited before, the detected one behind it.
    earlier = [one for one in events if one.source == "edited" and (one.label, one.side) == (label, side)
               and abs(one.time_s - now) < _SAME_S]  # fmt: skip
    detected = earlier[0].replaces_s if earlier else now
    confidence = 1.0 if np.isfinite(moved) else float("nan")
    return Event(moved, label, side, confidence, "edited", note=note or "by a reviewer", replaces_s=detected)


def _number(told: str) -> float:
    try:
        value = float(told)
    except ValueError:
        return float("nan")
    return value if np.isfinite(value) else float("nan")


def _same(one: Event, made: Event) -> bool:
    alike = one.label == made.label or {one.label, made.label} <= set(_DECIDED.values())
    return (
        one.source == "edited" and alike and one.side == made.side and abs(one.replaces_s - made.replaces_s) < _SAME_S
    )  # fmt: skip
