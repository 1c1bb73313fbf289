"""Channels, samples and events of a trial as BIDS-Motion lists them."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.export.plain import plain_names
from mocap.export.tables import safe_cell
from mocap.schema import Status
from mocap.trial import Trial

MISSING = "n/a"


def motion_rows(trial: Trial) -> NDArray:
    """Return all channels, shape (time, channel): x, y, z of each point in m, angles in degrees, flags."""
    points = trial.points
    columns = [points.position.reshape(points.n_frames, 3 * len(points.names))]
    if trial.angles is not None:
        columns.append(np.rad2deg(trial.angles.values))
    columns.append(points.status[:, _flagged(trial)].astype(float))
    return np.concatenate(columns, axis=1)


def channel_table(trial: Trial) -> list[dict[str, Any]]:
    """Return one row per channel, in the order of `motion_rows`."""
    points, angles = trial.points, trial.angles
    labels = plain_names(points.names, "_")
    rows = [
        _channel(f"{label}_{axis}", axis, "POS", label, "m", "global", "good", f"position of the point {name}")
        for label, name in zip(labels, points.names, strict=True)
        for axis in "xyz"
    ]
    if angles is not None:
        for label, one in zip(plain_names(angles.names, "_"), angles.definitions, strict=True):
            words = f"{one.definition}; {one.sequence}; + is {one.positive}; 0: {one.zero}; {one.method}"
            status = "good" if one.observable else "bad"
            rows.append(_channel(label, MISSING, "JNTANG", label, "deg", "joint", status, words, one.reason))
    flags = "sum of 1 measured, 2 filled, 4 filtered, 8 edited, 16 rejected, 32 doubtful; 0 is missing"
    rows += [
        _channel(f"{labels[place]}_status", MISSING, "MISC", labels[place], MISSING, MISSING, "good", flags)
        for place in _flagged(trial)
    ]
    names = plain_names([row["name"] for row in rows], "_")
    return [row | {"name": name} for row, name in zip(rows, names, strict=True)]


def event_table(trial: Trial) -> tuple[dict[str, Any], list[tuple[Any, ...]]]:
    """Return the columns of the events with their meanings, and a row per event that was not taken out."""
    columns = {
        "onset": {"Description": "time from the first sample", "Units": "s"},
        "duration": {"Description": "0: an instant", "Units": "s"},
        "trial_type": {"Description": "what happens"},
        "side": {"Description": "side of the body: left, right, or general"},
        "confidence": {"Description": "0 to 1"},
        "source": {"Description": "how the event is known",
                   "Levels": {"detected": "found by the program", "force_plate": "seen by a force plate",
                              "imported": "came with a file", "edited": "stated by a reviewer"}},
        "onset_sd": {"Description": "standard uncertainty of the onset", "Units": "s"},
        "note": {"Description": "why it is to be looked at, or who edited it and why"},
    }  # fmt: skip
    kept = sorted((one for one in trial.events if np.isfinite(one.time_s)), key=lambda one: one.time_s)
    return columns, [
        (one.time_s - trial.points.start_s, 0.0, one.label, one.side, one.confidence, one.source, one.sd_s, one.note)
        for one in kept
    ]


def tsv(header: Sequence[str], rows: Iterable[Sequence[str | float]]) -> str:
    """Return a table with tabs: floats to the last bit, `n/a` for missing, words in one line and no formula."""
    lines = [header, *([tsv_cell(value) for value in row] for row in rows)]
    return "".join("\t".join(line) + "\n" for line in lines)


def tsv_cell(value: str | float) -> str:
    """Return one cell of such a table."""
    if isinstance(value, str):
        words = " ".join("".join(letter if letter.isprintable() else " " for letter in value).split())
        return safe_cell(words) or MISSING
    return repr(float(value)) if np.isfinite(value) else MISSING


def _channel(
    name: str, component: str, kind: str, point: str, units: str, frame: str, status: str, words: str, why: str = ""
) -> dict[str, Any]:
    return {
        "name": name, "component": component, "type": kind, "tracked_point": point, "units": units,
        "reference_frame": frame, "description": words, "status": status, "status_description": why,
    }  # fmt: skip


def _flagged(trial: Trial) -> NDArray:
    """Points with samples that are more than measured or missing."""
    plain = np.isin(trial.points.status, (0, int(Status.MEASURED)))
    return np.flatnonzero(~plain.all(axis=0))
