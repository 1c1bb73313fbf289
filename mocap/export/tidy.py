"""A trial as tidy tables: one row per sample, its uncertainty and flag beside the value, units with the columns."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from mocap.trial import FILE_UNITS, Event, JointAngles, Measure, Metric, Points3D, Trial


@dataclass(frozen=True)
class Column:
    """One column: a name, its cells, their unit, and what it is.

    Cells are numbers with NaN for missing, whole numbers, booleans or words.
    """

    name: str
    cells: NDArray
    unit: str = ""
    meaning: str = ""


TidyTable = tuple[Column, ...]


def tidy_tables(trial: Trial) -> dict[str, TidyTable]:
    """Return the tables that a trial fills, by name.

    `points` and `points_smoothed` (a row per frame and keypoint), `angles` and `measures` (a row per frame and angle,
    or measure and axis), `events`, `metrics` (a row per metric and repetition of every assessment; also its words),
    `checks`.
    """
    tables = {
        "points": point_table(trial.points),
        "points_smoothed": point_table(trial.points_smoothed),
        "angles": angle_table(trial.angles),
        "measures": measure_table(() if trial.segments is None else trial.segments.measures, trial.points.time_s),
        "events": event_table(trial.events),
        "metrics": metric_table(trial),
        "checks": _records(trial.quality, {"measured": "see unit", "limit": "see unit"}),
    }
    return {name: table for name, table in tables.items() if table and len(table[0].cells)}


def point_table(points: Points3D | None) -> TidyTable:
    """Return one row per frame and keypoint."""
    if points is None:
        return ()
    n_frames, n_points = points.position.shape[:2]
    sd = np.sqrt(np.einsum("tkii->tki", np.asarray(points.covariance, float)))
    columns = [
        *_frames(n_frames, n_points, points.time_s),
        Column("keypoint", np.tile(np.array(points.names, object), n_frames), "", "name of the point"),
    ]
    for what, values, meaning in (("", points.position, "of the world, Z up"), ("sd_", sd, "standard uncertainty")):
        columns += [Column(f"{what}{axis}", values[..., k].ravel(), "m", meaning) for k, axis in enumerate("xyz")]
    flags = "1 measured, 2 filled, 4 filtered, 8 edited, 16 rejected, 32 doubtful; 0 is missing"
    columns.append(Column("status", points.status.ravel(), "1", flags))
    if points.n_views is not None:
        columns.append(Column("n_views", points.n_views.ravel(), "1", "cameras whose observation was used"))
    return tuple(columns)


def angle_table(angles: JointAngles | None) -> TidyTable:
    """Return one row per frame and angle; the flag says why there is no value, or one to doubt."""
    if angles is None:
        return ()
    n_frames, n_angles = angles.values.shape
    words = np.array(angles.frame_reason_words, object)[angles.frame_reason]
    return (
        *_frames(n_frames, n_angles, angles.time_s),
        Column("angle", np.tile(np.array(angles.names, object), n_frames), "", "name of the angle"),
        Column("value", np.rad2deg(angles.values).ravel(), "deg", "see the definitions"),
        Column("sd", np.rad2deg(angles.sd).ravel(), "deg", "random standard uncertainty"),
        Column("flag", words.ravel(), "", "why there is no value, or one to doubt"),
    )


def measure_table(measures: Sequence[Measure], time_s: NDArray) -> TidyTable:
    """Return one row per frame, measure and axis (empty for what has none)."""
    parts: dict[str, list[NDArray]] = {name: [] for name in ("frame", "time_s", "measure", "axis", "value", "sd",
                                                             "unit", "flag")}  # fmt: skip
    for one in measures:
        unit, factor = FILE_UNITS[one.unit]
        axes = np.array(["x", "y", "z"] if one.values.ndim == 2 else [""], object)
        n, width = len(one.values), len(axes)
        reasons = np.array(one.frame_reason_words, object)[one.frame_reason]
        cells = {
            "frame": np.repeat(np.arange(n), width), "time_s": np.repeat(time_s, width),
            "measure": np.full(n * width, one.name, object), "axis": np.tile(axes, n),
            "value": (one.values * factor).ravel(), "sd": (one.sd * factor).ravel(),
            "unit": np.full(n * width, unit, object), "flag": np.repeat(reasons, width),
        }  # fmt: skip
        for name, values in cells.items():
            parts[name].append(values)
    if not measures:
        return ()
    units = {"time_s": "s", "value": "see unit", "sd": "see unit"}
    return tuple(Column(name, np.concatenate(cells), units.get(name, "")) for name, cells in parts.items())


def event_table(events: Sequence[Event]) -> TidyTable:
    """Return one row per event."""
    return _records(events, {"time_s": "s", "sd_s": "s", "replaces_s": "s", "confidence": "1"})


def metric_table(trial: Trial) -> TidyTable:
    """Return one row per metric, or column of words, and row of its table, of every assessment."""
    names = ("task", "table", "row", "metric", "unit", "value", "sd", "low", "high", "n", "reason", "words")
    rows = [
        (one.task, table.name, *cells)
        for one in trial.assessments
        for table in (one.repetitions, *one.tables)
        for cells in (
            *(cells for metric in table.metrics for cells in _metric_rows(metric)),
            *(
                (row, words.name, "", np.nan, np.nan, np.nan, np.nan, 0, "", said)
                for words in table.words for row, said in enumerate(words.values)
            ),
        )
    ]  # fmt: skip
    units = dict.fromkeys(("value", "sd", "low", "high"), "see unit")
    kinds = {"row": int, "n": int} | dict.fromkeys(units, float)
    return tuple(
        Column(name, np.array([row[place] for row in rows], kinds.get(name, object)), units.get(name, ""))
        for place, name in enumerate(names)
    )


def _metric_rows(one: Metric) -> list[tuple[object, ...]]:
    parts = zip(one.values, one.sd, one.low, one.high, one.n, one.reasons, strict=True)
    return [(row, one.name, one.unit, *cells, "") for row, cells in enumerate(parts)]


def _records(records: Sequence[object], units: dict[str, str]) -> TidyTable:
    """A column per field of dataclasses of one kind."""
    if not records:
        return ()
    columns = []
    for field in fields(records[0]):  # type: ignore[arg-type]  # all are dataclasses
        cells = [getattr(one, field.name) for one in records]
        kind = bool if isinstance(cells[0], bool) else object if isinstance(cells[0], str) else float
        columns.append(Column(field.name, np.array(cells, kind), units.get(field.name, "")))
    return tuple(columns)


def _frames(n_frames: int, width: int, time_s: NDArray) -> tuple[Column, Column]:
    return (
        Column("frame", np.repeat(np.arange(n_frames), width), "1", "counted from 0"),
        Column("time_s", np.repeat(time_s, width), "s", "time of the frame"),
    )
