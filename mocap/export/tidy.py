"""A trial as tidy tables: one row per sample, its uncertainty and flag beside the value, units with the columns."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from mocap.trial import (
    FILE_UNITS,
    Analog,
    Event,
    ForcePlate,
    JointAngles,
    Measure,
    Metric,
    ModelOutputs,
    Points3D,
    Segments,
    Trial,
)


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

    `points` and `points_smoothed` (a row per frame and keypoint), `segments` (a row per frame and segment), `angles`
    and `measures` (a row per frame and angle, or measure and axis), `events`, `metrics` (a row per metric and
    repetition of every assessment; also its words), `checks`; of a motion file `analog` (a row per sample and
    channel), `force_plates` (a row per corner) and `model_outputs` (a row per frame and label).
    """
    tables = {
        "points": point_table(trial.points),
        "points_smoothed": point_table(trial.points_smoothed),
        "segments": segment_table(trial.segments, trial.points.time_s),
        "angles": angle_table(trial.angles),
        "measures": measure_table(() if trial.segments is None else trial.segments.measures, trial.points.time_s),
        "events": event_table(trial.events),
        "metrics": metric_table(trial),
        "checks": _records(trial.quality, {"measured": "see unit", "limit": "see unit"}),
        "analog": analog_table(trial.analog),
        "force_plates": plate_table(trial.force_plates),
        "model_outputs": model_table(trial.model_outputs, trial.points.time_s),
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


def segment_table(segments: Segments | None, time_s: NDArray) -> TidyTable:
    """Return one row per frame and segment: origin, and the turn from the segment's axes to the world."""
    if segments is None:
        return ()
    from scipy.spatial.transform import Rotation

    poses = segments.world_from_segment
    n_frames, n_segments = poses.shape[:2]
    flat = poses.reshape(-1, 4, 4)
    known = np.isfinite(flat).all(axis=(1, 2))
    turns = np.full((len(flat), 4), np.nan)
    if known.any():
        turns[known] = Rotation.from_matrix(flat[known, :3, :3]).as_quat(canonical=True)
    words = np.array(segments.frame_reason_words, object)[segments.frame_reason]
    axes = "axes of the segment: X anterior, Y up, Z right; world: Z up"
    return (
        *_frames(n_frames, n_segments, time_s),
        Column("segment", np.tile(np.array(segments.names, object), n_frames), "", "name of the segment"),
        *(Column(axis, flat[:, k, 3], "m", "origin in the world, Z up") for k, axis in enumerate("xyz")),
        *(Column(f"q{part}", turns[:, k], "1", f"quaternion; {axes}") for k, part in enumerate("xyzw")),
        Column("flag", words.ravel(), "", "why there is no pose, or one to doubt"),
    )


def analog_table(analog: Analog | None) -> TidyTable:
    """Return one row per sample and channel."""
    if analog is None:
        return ()
    n_samples, n_channels = analog.values.shape
    return (
        Column("time_s", np.repeat(analog.time_s, n_channels), "s", "time of the sample"),
        Column("number", np.tile(np.arange(1, n_channels + 1), n_samples), "1", "of the channel, from 1"),
        Column("channel", np.tile(np.array(analog.names, object), n_samples), "", "name of the channel"),
        Column("value", analog.values.ravel(), "see unit", "as the file scales it"),
        Column("unit", np.tile(np.array(analog.units, object), n_samples), "", "as in the file"),
    )


def plate_table(plates: Sequence[ForcePlate]) -> TidyTable:
    """Return one row per force plate and corner."""
    if not plates:
        return ()
    corners = np.concatenate([plate.corners_world for plate in plates])
    channels = [" ".join(str(channel + 1) for channel in plate.channels) for plate in plates]
    return (
        Column("plate", np.repeat(np.arange(1, len(plates) + 1), 4), "1", "number of the plate"),
        Column("kind", np.repeat([plate.kind for plate in plates], 4), "1", "type of the C3D format"),
        Column("corner", np.tile(np.arange(1, 5), len(plates)), "1", "number of the corner"),
        *(Column(axis, corners[:, k], "m", "of the world, Z up") for k, axis in enumerate("xyz")),
        Column("channels", np.repeat(np.array(channels, object), 4), "", "numbers of its analog channels"),
    )


def model_table(outputs: Sequence[ModelOutputs], time_s: NDArray) -> TidyTable:
    """Return one row per frame and output of the recording program's own model."""
    if not outputs:
        return ()
    frames = [np.repeat(np.arange(len(one.values)), len(one.labels)) for one in outputs]
    labels = [np.tile(np.array(one.labels, object), len(one.values)) for one in outputs]
    words = [(one.kind, one.unit) for one, each in zip(outputs, frames, strict=True) for _ in range(len(each))]
    values = np.concatenate([one.values.reshape(-1, 3) for one in outputs])
    every = np.concatenate(frames)
    return (
        Column("frame", every, "1", "counted from 0"),
        Column("time_s", time_s[every], "s", "time of the frame"),
        Column("kind", np.array([kind for kind, _ in words], object), "", "angles, forces, moments, powers, scalars"),
        Column("label", np.concatenate(labels), "", "as in the file"),
        *(Column(axis, values[:, k], "see unit", "in the axes of the file") for k, axis in enumerate("xyz")),
        Column("unit", np.array([unit for _, unit in words], object), "", "as in the file"),
    )


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
