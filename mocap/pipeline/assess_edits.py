"""A reviewer's corrections as typed: `2:bottom=3.95`, `4:reject=lost balance`, `clear`."""

import re
from dataclasses import replace

import numpy as np

from mocap.assessment.edits import INSTANTS, NEAR_S, repetition_labels
from mocap.errors import AssessmentError
from mocap.pipeline.gait_edits import with_gait_edits
from mocap.trial import Assessment, Event, Trial

_FORM = re.compile(rf"(\d+):({'|'.join(INSTANTS)}|reject)=(.+)")


def with_edit_events(trial: Trial, task: str, edits: tuple[str, ...]) -> Trial:
    """Return a trial with corrections as events of source `edited`.

    Parameters
    ----------
    trial : Trial
        Assessed before: repetitions go by their numbers there.
    task : str
    edits : tuple of str
        `clear` takes all earlier ones of the task away.

    Raises
    ------
    AssessmentError
        EDIT
    """
    if task == "gait":
        return with_gait_edits(trial, edits)
    events = list(trial.events)
    labels = repetition_labels(task)
    before = next((one for one in trial.assessments if one.task == task), None)
    for edit in edits:
        if edit == "clear":
            events = [one for one in events if one.source != "edited" or one.label not in labels]
            continue
        made = _event(edit, task, before, tuple(events))
        # The last word on an instant counts.
        events = [one for one in events if not _same(one, made)]
        events.append(made)
    return replace(trial, events=tuple(events))


def _event(edit: str, task: str, before: Assessment | None, events: tuple[Event, ...]) -> Event:
    found = _FORM.fullmatch(edit.strip())
    if found is None:
        raise AssessmentError(
            f"The edit '{edit}' cannot be read.", "Write 2:bottom=3.95, 4:reject=lost balance, or clear.", code="EDIT"
        )
    number, what, told = int(found[1]), found[2], found[3].strip()
    rows = 0 if before is None else before.repetitions.rows
    if before is None or not 1 <= number <= rows:
        raise AssessmentError(
            f"The edit '{edit}' is of repetition {number}, and the trial has {rows} of the task {task}.",
            f"Assess it first and take a number from 1 to {rows}." if rows else "Assess it first without edits.",
            code="EDIT",
        )
    instant = "bottom" if what == "reject" else what
    now = float(before.repetitions[f"{instant}_time"].values[number - 1])
    label = f"{task}_{instant}"
    # Of an instant that was edited before, the detected one behind it.
    earlier = [one for one in events if one.source == "edited" and one.label == label and abs(one.time_s - now) < 1e-3]
    detected = earlier[0].replaces_s if earlier else now
    if what == "reject":
        return Event(float("nan"), label, source="edited", note=told, replaces_s=detected)
    try:
        time_s = float(told)
    except ValueError as error:
        raise AssessmentError(f"The edit '{edit}' has no time.", "Write seconds, as 2:bottom=3.95.", "EDIT") from error
    if not np.isfinite(time_s):
        raise AssessmentError(f"The edit '{edit}' has no time.", "Write seconds, as 2:bottom=3.95.", code="EDIT")
    times = {name: float(before.repetitions[f"{name}_time"].values[number - 1]) for name in INSTANTS}
    times[instant] = time_s
    if not times["start"] < times["bottom"] < times["end"]:
        told = ", ".join(f"{name} {times[name]:.2f} s" for name in INSTANTS)
        raise AssessmentError(
            f"The edit '{edit}' is out of order: {told}.", "Give a time between the instants beside it.", code="EDIT"
        )
    return Event(time_s, label, source="edited", confidence=1.0, replaces_s=detected)


def _same(one: Event, made: Event) -> bool:
    return one.source == "edited" and one.label == made.label and abs(one.replaces_s - made.replaces_s) < NEAR_S
