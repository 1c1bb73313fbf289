"""Parquet tables read back with checksums, as pandas hands them over, and held against the trial."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mocap.export.differences import Difference, number_differences, word_differences
from mocap.export.metrics_json import document
from mocap.export.parquet import KEY, parquet_tables
from mocap.export.tidy import Column, TidyTable
from mocap.trial import Trial

if TYPE_CHECKING:
    import pyarrow as pa


def parquet_differences(trial: Trial, path: Path) -> tuple[Difference, ...]:
    """Return what files of `export_parquet` at a path have otherwise than the trial: none, to the last bit."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    angles = document(trial)["angles"]
    found: list[Difference] = []
    for file, (_, table) in parquet_tables(trial, path).items():
        try:
            back = pq.read_table(file, page_checksum_verification=True, partitioning=None)
            told = json.loads((pq.read_metadata(file).metadata or {}).get(KEY, b""))
        except (OSError, ValueError, pa.ArrowException) as error:
            found.append(Difference(file.name, f"is not read: {error}"))
            continue
        if told.get("angles") != angles or told.get("trial", {}).get("trial_id") != trial.trial_id:
            found.append(Difference(f"{file.name}, metadata", "is not that of the trial"))
        found += _table_differences(file.name, table, back)
    return tuple(found)


def _table_differences(item: str, table: TidyTable, back: "pa.Table") -> list[Difference]:
    names = [column.name for column in table]
    if back.column_names != names:
        return list(word_differences(f"{item}, columns", names, back.column_names))
    frame = back.to_pandas()
    found: list[Difference] = []
    for column in table:
        unit = (back.schema.field(column.name).metadata or {}).get(b"unit", b"").decode()
        if unit != column.unit:
            found.append(Difference(f"{item}, {column.name}", f"is in '{unit}', expected '{column.unit}'"))
        found += _cells_differences(f"{item}, {column.name}", column, np.asarray(frame[column.name]))
    return found


def _cells_differences(item: str, column: Column, cells: np.ndarray) -> tuple[Difference, ...]:
    if column.cells.dtype.kind == "O":
        return word_differences(item, [str(cell) for cell in column.cells.tolist()], [str(cell) for cell in cells])
    return number_differences(item, np.asarray(column.cells, float), np.asarray(cells, float))
