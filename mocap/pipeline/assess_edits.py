"""A reviewer's corrections: `2:bottom=3.95`, `4:reject=lost balance`, `1:accept=looked at`, `clear`."""

import re
from dataclasses import dataclass, replace

import numpy as np

from mocap.assessment.decisions import detected_instants
from mocap.assessment.edits import INSTANTS, NEAR_S, accepted_label, repetition_labels
from mocap.errors import AssessmentError
from mocap.pipeline.gait_edits import with_gait_edit, with_gait_edits
from mocap.trial import Assessment, Event, Trial

ACCEPT, REJECT = "accept", "reject"
_FORM = re.compile(rf"(?:(\d+)|@(\d+(?:\.\d*)?)):({'|'.join(INSTANTS)}|{ACCEPT}|{REJECT})=(.+)")


@dataclass(frozen=True)
class EventEdit:
    """What a reviewer says of a repetition or a candidate.

    Attributes
    ----------
    number : int
        Of the repetition, from 1 on; 0 where it is told by its instant.
    at_s : float
        Its bottom as it is assessed now (of a gait cycle its start); NaN where it is told by its number.
    what : str
        `accept`, `reject` or the instant that is moved.
    time_s : float
        Where to; NaN otherwise.
    note, initials : str
        Why, and who.
    side : str
        Of a gait cycle that is told by its start.
    """

    number: int
    at_s: float
    what: str
    time_s: float = float("nan")
    note: str = ""
    initials: str = ""
    side: str = ""

    @property
    def text(self) -> str:
        """As it is typed."""
        where = str(self.number) if self.number else f"@{self.at_s:.3f}"
        return f"{where}:{self.what}={self.note if np.isnan(self.time_s) else f'{self.time_s:g}'}"


def with_edit_events(trial: Trial, task: str, edits: tuple[str, ...], initials: str = "") -> Trial:
    """Return a trial with corrections as events of source `edited`.

    Parameters
    ----------
    trial : Trial
        Assessed before: repetitions go by their numbers there, or, as candidates do, by their bottoms (`@7.25`).
    task : str
    edits : tuple of str
        `clear` takes all earlier ones of the task away.
    initials : str
        Of who edits.

    Raises
    ------
    AssessmentError
        EDIT
    """
    if task == "gait":
        return with_gait_edits(trial, edits, initials)
    for edit in edits:
        trial = cleared(trial, task) if edit == "clear" else with_event_edit(trial, task, _parsed(edit, initials))
    return trial


def cleared(trial: Trial, task: str) -> Trial:
    """Return a trial without the corrections of the repetitions of a task."""
    labels = (*repetition_labels(task), accepted_label(task))
    kept = tuple(one for one in trial.events if one.source != "edited" or one.label not in labels)
    return replace(trial, events=kept)


def with_event_edit(trial: Trial, task: str, edit: EventEdit) -> Trial:
    """Return a trial with one more correction of a repetition; the last word on an instant counts.

    Raises
    ------
    AssessmentError
        EDIT
    """
    before = next((one for one in trial.assessments if one.task == task), None)
    if task == "gait":
        return with_gait_edit(trial, _cycle(edit, before), edit.what, edit.time_s, edit.note, edit.initials)
    row, detected = _meant(edit, before, trial.events)
    if edit.what == ACCEPT:
        made = Event(detected, accepted_label(task), source="edited", note=edit.note, replaces_s=detected,
                     initials=edit.initials)  # fmt: skip
    elif edit.what == REJECT:
        made = Event(float("nan"), f"{task}_bottom", source="edited", note=edit.note, replaces_s=detected,
                     initials=edit.initials)  # fmt: skip
    else:
        made = _moved(edit, task, before, row, trial.events)
    kept = [one for one in trial.events if not _same(one, made) and not _overruled(one, made, task)]
    return replace(trial, events=(*kept, made))


def _parsed(edit: str, initials: str) -> EventEdit:
    found = _FORM.fullmatch(edit.strip())
    if found is None:
        raise AssessmentError(
            f"The edit '{edit}' cannot be read.",
            "Write 2:bottom=3.95, 4:reject=lost balance, 1:accept=looked at, @7.25:accept=deep enough, or clear.",
            code="EDIT",
        )
    number, at_s = int(found[1] or 0), float(found[2] or "nan")
    what, told = found[3], found[4].strip()
    if what in (ACCEPT, REJECT):
        return EventEdit(number, at_s, what, note=told, initials=initials)
    try:
        time_s = float(told)
    except ValueError as error:
        raise AssessmentError(f"The edit '{edit}' has no time.", "Write seconds, as 2:bottom=3.95.", "EDIT") from error
    if not np.isfinite(time_s):
        raise AssessmentError(f"The edit '{edit}' has no time.", "Write seconds, as 2:bottom=3.95.", code="EDIT")
    return EventEdit(number, at_s, what, time_s, initials=initials)


def _meant(edit: EventEdit, before: Assessment | None, events: tuple[Event, ...]) -> tuple[int, float]:
    """Return the row of the table, -1 for a candidate that was not taken, and when its bottom was detected."""
    rows = 0 if before is None else before.repetitions.rows
    if before is not None and 1 <= edit.number <= rows:
        row = edit.number - 1
        return row, _detected(before, events)[row]
    if before is not None and not edit.number:
        bottoms = before.repetitions["bottom_time"].values if rows else np.empty(0)
        away = np.abs(bottoms - edit.at_s)
        if rows and away.min() <= NEAR_S:
            row = int(away.argmin())
            return row, _detected(before, events)[row]
        near = [one.bottom_s for one in before.rejected if abs(one.bottom_s - edit.at_s) <= NEAR_S]
        if near and edit.what == ACCEPT:
            at = min(near, key=lambda one: abs(one - edit.at_s))
            return -1, _of_earlier(at, before.task, events)
        raise AssessmentError(
            f"The edit '{edit.text}' is of a repetition at {edit.at_s:.2f} s, and there is none.",
            "Look at the trial again: it was assessed anew.", code="EDIT",
        )  # fmt: skip
    raise AssessmentError(
        f"The edit '{edit.text}' is of repetition {edit.number}, and the trial has {rows}.",
        f"Assess it first and take a number from 1 to {rows}." if rows else "Assess it first without edits.",
        code="EDIT",
    )


def _cycle(edit: EventEdit, before: Assessment | None) -> int:
    """Return the number of a gait cycle."""
    if edit.number or before is None or not before.repetitions.rows:
        return edit.number
    table = before.repetitions
    own = np.array([not edit.side or side == edit.side for side in table.told("side")])
    away = np.where(own, np.abs(table["start_time"].values - edit.at_s), np.inf)
    if not away.min() <= NEAR_S:
        raise AssessmentError(
            f"The edit '{edit.text}' is of a cycle that begins at {edit.at_s:.2f} s, and there is none.",
            "Look at the trial again: it was assessed anew.", code="EDIT",
        )  # fmt: skip
    return int(away.argmin()) + 1


def _detected(before: Assessment, events: tuple[Event, ...]) -> list[float]:
    return detected_instants(before.repetitions, before.task, [one for one in events if one.source == "edited"])


def _of_earlier(at_s: float, task: str, events: tuple[Event, ...]) -> float:
    """Return when the bottom was detected of a repetition that a reviewer rejected."""
    own = [one.replaces_s for one in events if one.source == "edited" and one.label == f"{task}_bottom"
           and abs(one.replaces_s - at_s) <= NEAR_S]  # fmt: skip
    return min(own, key=lambda one: abs(one - at_s)) if own else at_s


def _moved(edit: EventEdit, task: str, before: Assessment | None, row: int, events: tuple[Event, ...]) -> Event:
    if before is None or row < 0:
        raise AssessmentError(f"The edit '{edit.text}' is of no repetition.", "Accept it first.", code="EDIT")
    times = {name: float(before.repetitions[f"{name}_time"].values[row]) for name in INSTANTS}
    now, label = times[edit.what], f"{task}_{edit.what}"
    times[edit.what] = edit.time_s
    if not times["start"] < times["bottom"] < times["end"]:
        told = ", ".join(f"{name} {times[name]:.2f} s" for name in INSTANTS)
        raise AssessmentError(
            f"The edit '{edit.text}' is out of order: {told}.", "Give a time between the instants beside it.",
            code="EDIT",
        )  # fmt: skip
    # Of an instant that was edited before, the detected one behind it; edited ones were rounded to half a frame.
    half = max(1e-3, 1.01 * float(before.repetitions[f"{edit.what}_time"].sd[row]))
    earlier = [one for one in events if one.source == "edited" and one.label == label and abs(one.time_s - now) <= half]
    detected = earlier[0].replaces_s if earlier else now
    return Event(edit.time_s, label, source="edited", confidence=1.0, note=edit.note, replaces_s=detected,
                 initials=edit.initials)  # fmt: skip


def _same(one: Event, made: Event) -> bool:
    return one.source == "edited" and one.label == made.label and abs(one.replaces_s - made.replaces_s) < NEAR_S


def _overruled(one: Event, made: Event, task: str) -> bool:
    """Whether an earlier decision is against the one that is made now: accepted and rejected at once is neither."""
    near = one.source == "edited" and abs(one.replaces_s - made.replaces_s) < NEAR_S
    if made.label == accepted_label(task):
        return near and one.label == f"{task}_bottom" and np.isnan(one.time_s)
    return near and one.label == accepted_label(task) and bool(np.isnan(made.time_s))
