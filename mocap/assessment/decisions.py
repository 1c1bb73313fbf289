"""What a reviewer decided of single repetitions and cycles, beside what was found of them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mocap.assessment.edits import NEAR_S, accepted_label
from mocap.trial import Assessment, Event, Table, Words
from mocap.trial.decided import COLUMNS, instant_name, sides_of

ACCEPTED, REJECTED = "accepted", "rejected"
_SAME_S, _UNSURE_S = 1e-3, 0.02


def rejected_label(task: str) -> str:
    """Return the label of an event that says that a reviewer rejects a gait cycle, which then is in no mean."""
    return f"{task}_rejected"


def with_decisions(made: Assessment, events: Sequence[Event]) -> Assessment:
    """Return an assessment whose table of repetitions says what a reviewer decided of each, where one did.

    Parameters
    ----------
    made : Assessment
    events : sequence of Event
        Those of source `edited` count.
    """
    edited = [one for one in events if one.source == "edited"]
    words = {accepted_label(made.task): ACCEPTED, rejected_label(made.task): REJECTED}
    decided = [one for one in edited if one.label in words]
    instants = detected_instants(made.repetitions, made.task, edited)
    rows: list[tuple[str, str, str]] = [("", "", "")] * made.repetitions.rows
    for event in decided:
        row = nearest(instants, sides_of(made.repetitions), event)
        if row >= 0:
            rows[row] = (words[event.label], event.initials, event.note)
    if not any(word for word, _, _ in rows):
        return made
    columns = zip(COLUMNS.items(), zip(*rows, strict=True), strict=True)
    told = tuple(Words(name, meaning, values) for (name, meaning), values in columns)
    return replace(made, repetitions=replace(made.repetitions, words=(*made.repetitions.words, *told)))


def detected_instants(table: Table, task: str, edited: Sequence[Event]) -> list[float]:
    """Return when each row was detected, s, though a reviewer moved it: decisions refer to that."""
    name = instant_name(table)
    if not table.has(name):
        return []
    label = f"{task}_bottom" if name == "bottom_time" else "initial_contact"
    moved = [one for one in edited if one.label == label and np.isfinite(one.time_s)]
    found = []
    for row, now in enumerate(float(time) for time in table[name].values):
        sides = sides_of(table)
        own = [one for one in moved if abs(one.time_s - now) <= _frame(table, name, row)
               and (sides is None or one.side == sides[row])]  # fmt: skip
        found.append(own[0].replaces_s if own and np.isfinite(own[0].replaces_s) else now)
    return found


def nearest(instants: Sequence[float], sides: tuple[str, ...] | None, event: Event) -> int:
    """Return the row that a decision was made for; -1 where none is near."""
    away = np.array([
        abs(at - event.replaces_s) if sides is None or sides[row] == event.side else np.inf
        for row, at in enumerate(instants)
    ])  # fmt: skip
    if not len(away) or not (away <= NEAR_S).any():
        return -1
    return int(np.argmin(away))


def _frame(table: Table, name: str, row: int) -> float:
    """How far an edited instant may lie from the frame that it was rounded to, s."""
    sd = float(table[name].sd[row])
    return max(_SAME_S, 1.01 * sd) if np.isfinite(sd) else _UNSURE_S
