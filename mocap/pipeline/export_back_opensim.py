"""TRC and MOT files read back by the readers of foreign files, and held against the trial."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from mocap.errors import FormatError, SourceError
from mocap.export.differences import Difference, number_differences, word_differences
from mocap.export.mot import FLAGS, angle_labels, flag_rows, meaning_text, sd_path, shown_angles
from mocap.export.mot_forces import PLATES, forces_path, plate_forces, plate_rows, plates_path
from mocap.export.plain import Cell, beside, csv_text, plain_names
from mocap.export.tables_back import text_table_differences
from mocap.export.trc import POINTS, SAMPLES, file_axes, point_rows, sample_rows, trc_parts
from mocap.readers.imported import CHANGED
from mocap.readers.mot import MotionTable, read_mot
from mocap.readers.trc import read_trc
from mocap.trial import Points3D, Trial


def trc_differences(trial: Trial, path: Path) -> tuple[Difference, ...]:
    """Return what files of `export_trc` at a path have otherwise than the trial: none, to the last bit."""
    found: list[Difference] = []
    for file, points in trc_parts(trial, path).items():
        found += _points_differences(file, points, trial)
        found += table_differences(beside(file, "points"), POINTS, point_rows(points))
        found += table_differences(beside(file, "samples"), SAMPLES, sample_rows(points))
    return tuple(found)


def _points_differences(file: Path, points: Points3D, trial: Trial) -> list[Difference]:
    item = file.name
    try:
        found = _plain_differences(file, points, trial)
        if not trial.gravity_known:
            return found  # the file does not state its vertical then, and the reader would ask for it
        found_file = read_trc(file)
        back = found_file.points
    except (FormatError, SourceError, OSError, ValueError, IndexError) as error:
        return [Difference(item, f"is not read: {error}")]
    return [
        *found,
        *([Difference(item, "is not what was written: its digest is another")] if CHANGED in found_file.notes else []),
        *word_differences(f"{item}, names", plain_names(points.names), back.names),
        *number_differences(f"{item}, rate", points.rate_hz, back.rate_hz),
        *number_differences(f"{item}, positions", points.position, back.position),
    ]


def _plain_differences(file: Path, points: Points3D, trial: Trial) -> list[Difference]:
    """Compare header, frame numbers, times and coordinates as they stand there."""
    lines = [line.split("\t") for line in file.read_text(encoding="utf-8").splitlines()]
    rate, frames = repr(points.rate_hz), str(points.n_frames)
    header = [rate, rate, frames, str(len(points.names)), "m", rate, "1", frames]
    rows = np.array([[float(cell) for cell in line] for line in lines[6:]])
    axes = file_axes(trial.forward_axis)
    turn = np.zeros((3, 3))
    for place, axis in enumerate(axes):
        turn["xyz".index(axis[-1]), place] = -1.0 if axis.startswith("-") else 1.0
    known = np.nan_to_num(points.position) @ turn
    # NaN of one coordinate is not that of the others.
    missing = np.isnan(points.position) @ np.abs(turn) > 0
    names = ["Frame#", "Time", *(part for name in plain_names(points.names) for part in (name, "", ""))]
    numbered = ["", "", *(f"{axis}{place}" for place in range(1, len(points.names) + 1) for axis in "XYZ")]
    return [
        *word_differences(f"{file.name}, header", header, lines[2]),
        *word_differences(f"{file.name}, names over their columns", names, lines[3]),
        *word_differences(f"{file.name}, names of the coordinates", numbered, lines[4]),
        *number_differences(f"{file.name}, frame numbers", np.arange(1, points.n_frames + 1), rows[:, 0]),
        *number_differences(f"{file.name}, times", points.time_s, rows[:, 1]),
        *number_differences(
            f"{file.name}, coordinates", np.where(missing, np.nan, known).reshape(points.n_frames, -1), rows[:, 2:]
        ),
    ]


def mot_differences(trial: Trial, path: Path) -> tuple[Difference, ...]:
    """Return what files of `export_mot` at a path have otherwise than the trial: none, to the last bit."""
    angles = trial.angles
    found = list(_force_differences(trial, path))
    if angles is None or not shown_angles(angles).any():
        return tuple(found)
    shown, labels = shown_angles(angles), angle_labels(angles)
    for file, values in ((path, angles.values), (sd_path(path), angles.sd)):
        try:
            table = read_mot(file)
        except (FormatError, SourceError) as error:
            found.append(Difference(file.name, f"is not read: {error}"))
            continue
        names = [label for label, has in zip(labels, shown, strict=True) if has]
        found += number_differences(f"{file.name}, time", angles.time_s, table.time_s)
        found += word_differences(f"{file.name}, columns", names, list(table.columns))
        found += _header_differences(file, table, degrees=True)
        for name, column in zip(names, np.rad2deg(values[:, shown]).T, strict=True):
            found += number_differences(f"{file.name}, {name}", column, table.columns.get(name, np.empty(0)))
    found += table_differences(beside(path, "flags"), FLAGS, flag_rows(angles, labels))
    found += text_table_differences(beside(path, "angles"), meaning_text(angles))
    return tuple(found)


def _header_differences(file: Path, table: MotionTable, *, degrees: bool) -> tuple[Difference, ...]:
    """Compare the lines over the columns, all of which OpenSim goes by."""
    wanted = {"version": "2", "nRows": str(len(table.time_s)), "nColumns": str(len(table.columns) + 1),
              "DataType": "double", **({"inDegrees": "yes"} if degrees else {})}  # fmt: skip
    lines = [[f"{key}={value}" for key, value in one.items()] for one in (wanted, table.header)]
    return word_differences(f"{file.name}, header", *lines)


def _force_differences(trial: Trial, path: Path) -> Iterator[Difference]:
    """Compare the forces of plates: up of the file is up of the world, as long as each other."""
    known = {number: one for number, one in enumerate(plate_forces(trial), start=1) if not one.why}
    if not known or trial.analog is None or not len(trial.analog.values):
        return
    file = forces_path(path)
    try:
        table = read_mot(file)
    except (FormatError, SourceError) as error:
        yield Difference(file.name, f"is not read: {error}")
        return
    yield from number_differences(f"{file.name}, time", trial.analog.time_s, table.time_s)
    yield from _header_differences(file, table, degrees=False)
    if len(table.columns) != 9 * len(known):
        yield Difference(file.name, f"has {len(table.columns)} columns, expected {9 * len(known)}")
    ahead, up, right = _directions(file_axes(trial.forward_axis))
    for number, one in known.items():
        for stem, values in (("force_v", one.force), ("force_p", one.place), ("torque_", one.moment)):
            for axis, direction in zip("xyz", (ahead, up, right), strict=True):
                name = f"{number}_ground_{stem}{axis}"
                column = table.columns.get(name, np.empty(0))
                yield from number_differences(f"{file.name}, {name}", values @ direction, column)
    yield from table_differences(plates_path(path), PLATES, plate_rows(trial))


def _directions(axes: tuple[str, str, str]) -> list[np.ndarray]:
    return [np.eye(3)["xyz".index(axis[-1])] * (-1.0 if axis.startswith("-") else 1.0) for axis in axes]


def table_differences(table: Path, header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> tuple[Difference, ...]:
    """Return what a small table has otherwise than the rows it was made of."""
    return text_table_differences(table, csv_text(header, rows))
