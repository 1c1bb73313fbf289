"""The group EVENT of a C3D file: what a trial tells of instants, in the file's words where it came from one."""

import numpy as np

from mocap.export.c3d_bytes import text
from mocap.trial import Event, FileOrigin, FileParameter, Trial
from mocap.trial.c3d_words import EVENTS, STRIKE_AND_OFF

_SAME_S = 1e-4
_CONTEXTS = {"left": "Left", "right": "Right", "general": "General"}


def told_events(trial: Trial) -> tuple[Event, ...]:
    """Return the events that a file is told, in order of time.

    Without those that a reviewer took out or moved, and without contacts that the force plates show where these go
    into the file, too: a reader finds them there again.
    """
    plates = bool(trial.force_plates) and trial.analog is not None
    gone = [one for one in trial.events if one.source == "edited" and np.isfinite(one.replaces_s)]
    return tuple(
        one for one in sorted(trial.events, key=lambda one: (np.nan_to_num(one.time_s), one.side, one.label))
        if np.isfinite(one.time_s) and not (one.source == "force_plate" and plates)
        and not (one.source == "detected" and any(_takes_place(other, one) for other in gone))
    )  # fmt: skip


def _takes_place(edited: Event, one: Event) -> bool:
    return (edited.label, edited.side) == (one.label, one.side) and abs(edited.replaces_s - one.time_s) < 1e-3


def event_group(trial: Trial, first_frame: int) -> dict[str, FileParameter]:
    """Return the parameters of EVENT, none where neither the trial nor its file has an event.

    Times count from the recording's frame 1, in minutes and seconds.
    """
    events = told_events(trial)
    before = _rows(trial.origin)
    if not events:
        return {"USED": FileParameter((0,), (), "integer")} if before else {}
    zero = (first_frame - 1) / trial.points.rate_hz - trial.points.start_s
    from_file = any(one.source == "imported" for one in events)
    rows = [_row(one, one.time_s + zero, before, from_file) for one in events]
    # Those of the file in its order, then the others in order of time.
    rows.sort(key=lambda row: row.get("place", len(before)))
    minutes = [value for row in rows for value in row["time"]]
    count = len(rows)
    return {
        "USED": FileParameter((count,), (), "integer"),
        "TIMES": FileParameter(tuple(minutes), (2, count), "real"),
        "LABELS": text(*(row["label"] for row in rows)),
        "CONTEXTS": text(*(row["context"] for row in rows)),
        "DESCRIPTIONS": text(*(row["description"] for row in rows)),
        "SUBJECTS": text(*(trial.subject_code for _ in rows)),
        "ICON_IDS": FileParameter(tuple(row["icon"] for row in rows), (count,), "integer"),
        "GENERIC_FLAGS": FileParameter(tuple(row["flag"] for row in rows), (count,), "byte"),
    }


def _row(one: Event, time_s: float, before: list[dict], from_file: bool) -> dict:
    """A row of the file's own where the event is one of these, else words made here."""
    if one.source == "imported":
        for row in before:
            if abs(row["time_s"] - time_s) < _SAME_S and row["side"] == one.side and row["ours"] == one.label:
                return row
    minutes = float(np.floor(time_s / 60.0)) if time_s >= 60.0 else 0.0
    label = one.label if from_file else STRIKE_AND_OFF.get(one.label, one.label)
    told = [one.source] + ([f"sd {one.sd_s:.3g} s"] if np.isfinite(one.sd_s) else []) + ([one.note] if one.note else [])
    return {
        "time": (minutes, time_s - 60.0 * minutes), "label": label, "context": _CONTEXTS[one.side],
        "description": "; ".join(told), "icon": 0, "flag": 0,
    }  # fmt: skip


def _rows(origin: FileOrigin | None) -> list[dict]:
    """The rows of the file that the trial came from."""
    kept = {} if origin is None else origin.parameters
    times = kept.get("EVENT:TIMES")
    if times is None or times.kind == "text":
        return []
    rows = []
    # Minutes and seconds of one event after the other, in one row in some files.
    for index in range(len(times.values) // 2):
        minutes, seconds = (float(value) for value in times.values[2 * index : 2 * index + 2])
        label, context, told = (_at(kept.get(f"EVENT:{name}"), index, "") for name in
                                ("LABELS", "CONTEXTS", "DESCRIPTIONS"))  # fmt: skip
        side = str(context).strip().lower()
        rows.append({
            "place": index, "time_s": 60.0 * minutes + seconds, "time": (minutes, seconds), "label": str(label),
            "ours": EVENTS.get(str(label).strip().lower(), str(label).strip()),
            "side": side if side in ("left", "right") else "general",
            "context": str(context), "description": str(told), "icon": _at(kept.get("EVENT:ICON_IDS"), index, 0),
            "flag": _at(kept.get("EVENT:GENERIC_FLAGS"), index, 0),
        })  # fmt: skip
    return rows


def _at(parameter: FileParameter | None, index: int, absent: str | int) -> str | int | float:
    return parameter.values[index] if parameter is not None and index < len(parameter.values) else absent
