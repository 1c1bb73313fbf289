"""CSV tables read back with Python's own reader and held against the trial."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mocap.export.differences import Difference, number_differences, word_differences
from mocap.export.tables import Column, dictionaries_of, safe_cell, tables_of
from mocap.trial import Trial


def csv_differences(trial: Trial, path: Path) -> tuple[Difference, ...]:
    """Return what tables of `export_csv` at a path have otherwise than the trial: none, to the last bit."""
    found: list[Difference] = []
    for table, columns in tables_of(trial, path).items():
        found += _table_differences(table, columns)
    for table, text in dictionaries_of(trial, path).items():
        found += text_table_differences(table, text)
    return tuple(found)


def text_table_differences(table: Path, text: str) -> tuple[Difference, ...]:
    """Return what a small table has otherwise than its text, cell by cell."""
    if not table.is_file():
        return (Difference(table.name, "is missing"),)
    with table.open(encoding="utf-8", newline="") as file:
        found = list(csv.reader(file))
    expected = list(csv.reader(io.StringIO(text, newline="")))
    if len(found) != len(expected):
        return (Difference(table.name, f"has {len(found)} rows, expected {len(expected)}"),)
    for place, (one, other) in enumerate(zip(expected, found, strict=True)):
        if one != other:
            return word_differences(f"{table.name}, row {place + 1}", one, other)
    return ()


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
