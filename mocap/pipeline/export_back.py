"""How an export is read back: by format, the differences of what was written from its trial."""

from collections.abc import Callable
from pathlib import Path

from mocap.export.differences import Difference
from mocap.export.metrics_back import json_differences
from mocap.export.parquet_back import parquet_differences
from mocap.export.tables_back import csv_differences
from mocap.pipeline.export_back_opensim import mot_differences, trc_differences
from mocap.trial import Trial

DIFFERENCES: dict[str, Callable[[Trial, Path], tuple[Difference, ...]]] = {
    "csv": csv_differences,
    "trc": trc_differences,
    "mot": mot_differences,
    "parquet": parquet_differences,
    "json": json_differences,
}
