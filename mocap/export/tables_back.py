"""CSV tables read back with Python's own reader and held against the trial."""

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mocap.export.differences import Difference, number_differences, word_differences
from mocap.export.tables import VERDICTS, Column, conventions_path, safe_cell, tables_of, verdicts_path
from mocap.trial import Trial


def csv_differences(trial: Trial, path: Path) -> tuple[Difference, ...]:
    """Return what tables of `export_csv` at a path have otherwise than the trial: none, to the last bit."""
    found: list[Difference] = []
    for table, columns in tables_of(trial, path).items():
        found += _table_differences(table, columns)
    for table in _beside(trial, path):
        if not table.is_file():
            found.append(Difference(table.name, "is missing"))
    return tuple(found)


def _beside(trial: Trial, path: Path) -> list[Path]:
    one = path.suffix.lower() == ".csv"
    checks = [verdicts_path(path) if one else path / VERDICTS] if trial.quality else []
    angles = path if one else path / "angles.csv"
    return checks + ([conventions_path(angles)] if trial.angles is not None and trial.angles.names else [])


def _table_differences(table: Path, columns: list[Column]) -> list[Difference]:
    if not table.is_file():
        return [Difference(table.name, "is missing")]
    with table.open(encoding="utf-8", newline="") as file:
        header, *rows = [*csv.reader(file)] or [[]]
    names = [safe_cell(name) for name, _ in columns]
    if header != names:
        return list(word_differences(f"{table.name}, columns", names, header))
    if any(len(row) != len(header) for row in rows):
        return [Difference(table.name, f"has rows of other than {len(header)} cells")]
    cells: Mapping[int, list[str]] = {place: [row[place] for row in rows] for place in range(len(header))}
    return [
        difference
        for place, (name, values) in enumerate(columns)
        for difference in _column_differences(f"{table.name}, {name}", values, cells[place])
    ]


def _column_differences(item: str, values: NDArray, cells: list[str]) -> tuple[Difference, ...]:
    if values.dtype.kind == "U":
        return word_differences(item, [safe_cell(word) for word in values.tolist()], cells)
    try:
        back = np.array([float(cell or "nan") for cell in cells])
    except ValueError as error:
        return (Difference(item, f"is no column of numbers: {error}"),)
    return number_differences(item, values, back)
