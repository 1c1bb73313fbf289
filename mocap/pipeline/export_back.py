"""How an export is read back: by format, the differences of what was written from its trial."""

from collections.abc import Callable
from pathlib import Path

from mocap.export.bids_back import bids_differences
from mocap.export.bvh_back import bvh_differences
from mocap.export.differences import Difference
from mocap.export.metrics_back import json_differences
from mocap.export.nwb_back import nwb_differences
from mocap.export.parquet_back import parquet_differences
from mocap.export.tables_back import csv_differences
from mocap.pipeline.export_back_c3d import c3d_differences
from mocap.pipeline.export_back_opensim import mot_differences, trc_differences
from mocap.storage import read_trial
from mocap.storage.encode import encode
from mocap.storage.integrity import digests
from mocap.trial import Trial


def _trial_differences(trial: Trial, path: Path) -> tuple[Difference, ...]:
    expected, found = digests(encode(trial)), digests(encode(read_trial(path)))
    items = [item for item in (*expected, *found) if expected.get(item) != found.get(item)]
    return tuple(Difference(item, "is not what was written") for item in dict.fromkeys(items))


DIFFERENCES: dict[str, Callable[[Trial, Path], tuple[Difference, ...]]] = {
    "h5": _trial_differences,
    "csv": csv_differences,
    "c3d": c3d_differences,
    "trc": trc_differences,
    "mot": mot_differences,
    "parquet": parquet_differences,
    "bids": bids_differences,
    "nwb": nwb_differences,
    "bvh": bvh_differences,
    "json": json_differences,
}
