"""A reviewer's corrections of events: kept with the trial, and applied whenever it is assessed anew.

An edited event takes the place of the detected one that it was made for (`replaces_s`); one without time takes it out.
One labelled `<task>_accepted` says that a reviewer takes what is told of that repetition for right; where it is of a
candidate that was not taken, it becomes a repetition.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.repetitions import Found, Repetition
from mocap.trial import Event, Rejected

INSTANTS = ("start", "bottom", "end")
BY_REVIEWER = "taken out by a reviewer: "
"""What the reason of a repetition begins with that a reviewer took out; their own words follow."""
NEAR_S = 0.3
"""A detected event this near is the one that was edited, though others are found elsewhere now. A choice."""


def repetition_labels(task: str) -> tuple[str, ...]:
    """Return the labels of the events of a repetition."""
    return tuple(f"{task}_{instant}" for instant in INSTANTS)


def accepted_label(task: str) -> str:
    """Return the label of an event that says that a reviewer accepts a repetition."""
    return f"{task}_accepted"


def reason_of(event: Event) -> str:
    """Return why a reviewer decided so, and who: `lost balance (AB)`."""
    why = event.note or "no reason stated"
    return f"{why} ({event.initials})" if event.initials else why


def with_edits(found: Found, events: Sequence[Event], task: str, rate_hz: float, start_s: float) -> Found:
    """Return repetitions as a reviewer corrected them.

    Parameters
    ----------
    found : Found
        As detected.
    events : sequence of Event
        Those of source `edited` with the labels of the task count: `<task>_start`, `_bottom`, `_end` in the place of
        a detected one, `<task>_bottom` without time to reject a repetition, its note being the reason, and
        `<task>_accepted` to take a candidate that was rejected.
    task : str
    rate_hz, start_s : float
    """
    found = _with_accepted(found, events, task, rate_hz, start_s)
    repetitions, rejected, notes = list(found.repetitions), list(found.rejected), list(found.notes)
    for event in (one for one in events if one.source == "edited" and one.label in repetition_labels(task)):
        instant = event.label.removeprefix(f"{task}_")
        place = _meant(repetitions, event, instant, rate_hz, start_s)
        if place < 0:
            at = f"{event.replaces_s:.2f} s"
            notes.append(f"an edit of {event.label.replace('_', ' ')} at {at} finds no repetition there any more")
            continue
        one = repetitions[place]
        if np.isnan(event.time_s):
            start, bottom, end = (start_s + getattr(one, name) / rate_hz for name in INSTANTS)
            rejected.append(Rejected(start, bottom, end, f"{BY_REVIEWER}{reason_of(event)}"))
            repetitions.pop(place)
            continue
        moved = _moved(one, instant, round((event.time_s - start_s) * rate_hz), rate_hz, found.height_m)
        if moved is None:
            label = event.label.replace("_", " ")
            notes.append(f"an edit of {label} to {event.time_s:.2f} s is out of order, and not used")
        else:
            repetitions[place] = moved
    ordered = tuple(sorted(rejected, key=lambda one: one.bottom_s))
    return replace(found, repetitions=tuple(repetitions), rejected=ordered, notes=tuple(notes))


def _with_accepted(found: Found, events: Sequence[Event], task: str, rate_hz: float, start_s: float) -> Found:
    """Return repetitions with the candidates that a reviewer accepts though they were not taken."""
    repetitions, rejected, notes = list(found.repetitions), list(found.rejected), list(found.notes)
    for event in (one for one in events if one.source == "edited" and one.label == accepted_label(task)):
        if _meant(repetitions, event, "bottom", rate_hz, start_s) >= 0:
            continue
        at = f"{event.replaces_s:.2f} s"
        place = _meant(found.candidates, event, "bottom", rate_hz, start_s)
        away = np.nan_to_num([abs(one.bottom_s - event.replaces_s) for one in rejected], nan=np.inf)
        if place >= 0:
            repetitions.append(found.candidates[place])
            rejected.pop(int(np.argmin(away)))
            notes = [one for one in notes if not one.startswith("no repetition")]
        elif (away <= NEAR_S).any():
            why = rejected[int(np.argmin(away))].reason
            notes.append(f"a reviewer accepts the candidate at {at}, and no repetition can be made of it: {why}")
        else:
            notes.append(f"a reviewer accepted a repetition at {at}, and none is found there any more")
    ordered = tuple(sorted(repetitions, key=lambda one: one.bottom))
    return replace(found, repetitions=ordered, rejected=tuple(rejected), notes=tuple(notes))


def _meant(repetitions: Sequence[Repetition], event: Event, instant: str, rate_hz: float, start_s: float) -> int:
    """Return the repetition whose instant an edit was made for; -1 where none is near."""
    times = np.array([start_s + getattr(one, instant) / rate_hz for one in repetitions])
    if not len(times) or not np.isfinite(event.replaces_s):
        return -1
    near = int(np.argmin(np.abs(times - event.replaces_s)))
    return near if abs(times[near] - event.replaces_s) <= NEAR_S else -1


def _moved(
    one: Repetition, instant: str, frame: int, rate_hz: float, height_m: NDArray | None
) -> Repetition | None:
    frames = {name: frame if name == instant else getattr(one, name) for name in INSTANTS}
    last = np.inf if height_m is None else len(height_m)
    if not 0 <= frames["start"] < frames["bottom"] < frames["end"] < last:
        return None
    half = 0.5 / rate_hz
    sds = {f"{instant}_sd_s": half}
    inside = (max(one.still_from, frames["start"]), min(one.still_to, frames["end"]))
    still = inside if instant != "bottom" else (min(inside[0], frame), max(inside[1], frame))
    depth = one.depth_m if height_m is None else one.standing_m - float(height_m[frames["bottom"]])
    return replace(
        one, **frames, **sds, still_from=still[0], still_to=still[1], depth_m=depth, edited=True,  # type: ignore[arg-type]
    )  # fmt: skip
