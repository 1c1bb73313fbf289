"""Points and angles as CSV: one header row, units in the names, blanks for missing, safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.files import write_texts
from mocap.errors import ExportError
from mocap.export.further_tables import further_tables
from mocap.export.measure_columns import measure_columns, measure_dictionary
from mocap.trial import JointAngles, Measure, Points3D, Trial, Verdict, convention_rows

# A spreadsheet runs a cell that begins like this, quoted or not; an apostrophe in front keeps it text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Column = tuple[str, NDArray]
VERDICTS = "verdicts.csv"


def export_csv(trial: Trial, path: Path | str) -> tuple[Path, ...]:
    """Write points (m, world Z up, with status), angles (degrees), measures and their SD over `time_s`, with meanings.

    Beside each angle and measure a flag tells frame by frame what is doubtful there, or why there is no value; blank
    where sound. The checks of the trial (measured, limit, whether it holds, in words) are a table, too.

    Numbers are written so that reading them gives the same bits. Beside angles and the measures of the body (centre of
    mass, heel rise, ...; m, deg/s) lies their data dictionary, a row per angle or measure: columns, unit, definition,
    sequence, which direction is +, what reads 0, reference, method, whether it is observable and why not, and the
    uncertainties that are constant over the trial.

    Parameters
    ----------
    trial : Trial
    path : path
        Ending in `.csv`: one table of all, with the dictionary in `<stem>_conventions.csv` and the checks in
        `<stem>_verdicts.csv`. Otherwise a folder, made when missing, for `points.csv`, `points_smoothed.csv`,
        `angles.csv`, `measures.csv`, `angles_conventions.csv`, `measures_conventions.csv` and `verdicts.csv`, those
        that the trial has. Likewise `events.csv`, `metrics.csv` (a row per metric and repetition of each assessment:
        value, sd, 95 % interval, why there is none) and, of a motion file, `analog.csv` and `force_plates.csv`.

    Returns
    -------
    tuple of Path
        What was written.

    Raises
    ------
    ExportError
        `FOLDER_MISSING`, `WRITE_FAILED`.
    SourceError
        `WRITE_FAILED`; what was there before is then as it was.
    """
    path = Path(path)
    _check_folder(path.parent)
    texts = {table: _text(columns) for table, columns in tables_of(trial, path).items()} | dictionaries_of(trial, path)
    try:
        if path.suffix.lower() != ".csv":
            path.mkdir(exist_ok=True)
    except OSError as error:
        raise ExportError(
            f"{path} cannot be written: {error.strerror or error}.", "Check the space and rights of the disk.",
            code="WRITE_FAILED",
        ) from error  # fmt: skip
    return _written(texts)


def dictionaries_of(trial: Trial, path: Path) -> dict[Path, str]:
    """Return what lies beside those tables, as text: what angles and measures mean, and the checks."""
    measures = () if trial.segments is None else trial.segments.measures
    checks = _verdict_rows(trial.quality)
    if path.suffix.lower() == ".csv":
        meant = _dictionary(_meanings(trial.angles, measures), conventions_path(path))
        return meant | _dictionary(checks, verdicts_path(path))
    meant = _dictionary(_meanings(trial.angles), conventions_path(path / "angles.csv"))
    measured = _dictionary(measure_dictionary(measures), conventions_path(path / "measures.csv"))
    return meant | measured | _dictionary(checks, path / VERDICTS)


def tables_of(trial: Trial, path: Path) -> dict[Path, list[Column]]:
    """Return the columns over time of each table that `export_csv` writes to a path: one, or those of a folder."""
    time = ("time_s", trial.points.time_s)
    angles = _angle_columns(trial.angles) if trial.angles is not None else []
    measures = measure_columns(() if trial.segments is None else trial.segments.measures)
    if path.suffix.lower() == ".csv":
        whole = {path: [time, *_point_columns(trial.points), *angles, *measures]}
        return whole | {path.with_name(f"{path.stem}_{name}"): one for name, one in further_tables(trial).items()}
    smoothed = trial.points_smoothed
    tables = {
        "points.csv": _point_columns(trial.points),
        "points_smoothed.csv": _point_columns(smoothed) if smoothed is not None else [],
        "angles.csv": angles,
        "measures.csv": measures,
    }
    whole = {path / name: [time, *columns] for name, columns in tables.items() if columns}
    return whole | {path / name: columns for name, columns in further_tables(trial).items()}


def conventions_path(table: Path) -> Path:
    """Return where the data dictionary of a table's angles lies."""
    return table.with_name(f"{table.stem}_conventions{table.suffix}")


def verdicts_path(table: Path) -> Path:
    """Return where the checks of a trial lie beside its one table."""
    return table.with_name(f"{table.stem}_{VERDICTS}")


def safe_cell(text: str) -> str:
    """Return a label that a spreadsheet shows and never runs."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _point_columns(points: Points3D) -> list[Column]:
    columns: list[Column] = []
    for index, name in enumerate(points.names):
        columns += [(f"{name}_{axis}_m", points.position[:, index, column]) for column, axis in enumerate("xyz")]
        columns.append((f"{name}_status", points.status[:, index]))
    return columns


def _angle_columns(angles: JointAngles) -> list[Column]:
    columns: list[Column] = []
    words = np.array(angles.frame_reason_words)
    for name in angles.names:
        columns += [(f"{name}_deg", angles.deg(name)), (f"{name}_sd_deg", angles.sd_deg(name))]
        told, there = words[angles.frame_reason[:, angles.names.index(name)]], np.isfinite(angles.deg(name))
        # What is not observable at all is so by the dictionary.
        columns.append((f"{name}_flag", np.where((told == "") & ~there & there.any(), "missing", told)))
    return columns


def _meanings(angles: JointAngles | None, measures: Sequence[Measure] = ()) -> list[dict[str, Any]]:
    """Return the rows of angles, and of measures in the same columns."""
    if angles is None or not angles.names:
        return []
    rows = [
        {
            "angle": row.pop("name"), "column": f"{name}_deg", "sd_column": f"{name}_sd_deg",
            "flag_column": f"{name}_flag", **row,
        }
        for name, row in zip(angles.names, convention_rows(angles), strict=True)
    ]  # fmt: skip
    blank = dict.fromkeys(rows[0], "")
    return rows + [blank | {"angle": row.pop("measure"), **row} for row in measure_dictionary(measures)]


def _verdict_rows(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    return [
        {
            "check": one.name, "measured": float(one.measured), "limit": float(one.limit), "unit": one.unit,
            "passed": bool(one.passed), "text": one.text,
        }
        for one in verdicts
    ]  # fmt: skip


def _dictionary(rows: Sequence[Mapping[str, Any]], path: Path) -> dict[Path, str]:
    """The data dictionary as text by its path; nothing without rows."""
    if not rows:
        return {}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return {path: text.getvalue()}


def _cell(value: str | bool | int | float) -> str:
    if isinstance(value, int):  # and so is a bool
        return str(int(value))
    if isinstance(value, float):
        return repr(value) if np.isfinite(value) else ""
    return safe_cell(value)


def _written(texts: Mapping[Path, str]) -> tuple[Path, ...]:
    """Write all tables, or none."""
    write_texts(texts, "WRITE_FAILED")
    return tuple(texts)


def _text(columns: Sequence[Column]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([safe_cell(name) for name, _ in columns])
    writer.writerows(zip(*(_cells(values) for _, values in columns), strict=True))
    return text.getvalue()


def _cells(values: NDArray) -> Iterable[str]:
    if values.dtype.kind in "iu":
        return [str(value) for value in values.tolist()]
    if values.dtype.kind == "U":
        return [safe_cell(value) for value in values.tolist()]
    finite = np.isfinite(values).tolist()
    return [repr(value) if known else "" for value, known in zip(values.tolist(), finite, strict=True)]


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise ExportError(f"There is no folder {folder}.", "Name a place that is there.", code="FOLDER_MISSING")
