"""The formats of the hand-over, in one table: how each is called, what it writes, and by which function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mocap.errors import ExportError
from mocap.export.bids import export_bids
from mocap.export.bids_merge import merge_bids
from mocap.export.bvh import export_bvh
from mocap.export.c3d import export_c3d
from mocap.export.metrics_json import export_json
from mocap.export.mot import export_mot
from mocap.export.nwb import export_nwb
from mocap.export.parquet import export_parquet
from mocap.export.tables import export_csv
from mocap.export.trc import export_trc
from mocap.trial import Trial


@dataclass(frozen=True)
class ExportFormat:
    """One format of the hand-over.

    Attributes
    ----------
    name : str
        As `--to` takes it.
    write : callable
        `write(trial, path)` writes the files and returns them. They are written aside and moved to their place when
        all are complete, so an exporter need not care for what is there already.
    endings : tuple of str
        What the name of its file ends in, lower case; empty where it writes a folder alone.
    folder : bool
        Whether it takes a name without ending as that of a folder for its files.
    merge : callable, optional
        `merge(aside, there)` brings what lies in a folder that is `there` into the new files `aside`, which then take
        its place: for formats that hold several trials in one folder.
    """

    name: str
    write: Callable[[Trial, Path], tuple[Path, ...]]
    endings: tuple[str, ...] = ()
    folder: bool = False
    merge: Callable[[Path, Path], None] | None = None


FORMATS: dict[str, ExportFormat] = {
    row.name: row
    for row in (
        ExportFormat("csv", export_csv, (".csv",), folder=True),
        ExportFormat("c3d", export_c3d, (".c3d",)),
        ExportFormat("trc", export_trc, (".trc",)),
        ExportFormat("mot", export_mot, (".mot", ".sto")),
        ExportFormat("parquet", export_parquet, (".parquet",), folder=True),
        ExportFormat("bids", export_bids, folder=True, merge=merge_bids),
        ExportFormat("nwb", export_nwb, (".nwb",)),
        ExportFormat("bvh", export_bvh, (".bvh",)),
        ExportFormat("json", export_json, (".json",)),
    )
}


def format_for(name: str, out: Path, rows: Mapping[str, ExportFormat] = FORMATS) -> ExportFormat:
    """Return the format of a name among rows, for an output of this path.

    Raises
    ------
    ExportError
        `EXPORT_UNKNOWN`, naming what is available; `EXPORT_SUFFIX` for a path that is not one of the format.
    """
    row = rows.get(name.lower())
    if row is None:
        raise ExportError(
            f"Export to '{name}' is not available.", f"Choose one of: {', '.join(rows)}.", code="EXPORT_UNKNOWN"
        )
    if out.suffix.lower() not in row.endings and not row.folder:
        raise ExportError(
            f"{out.name} is no name of a {row.name} file.", f"Name a file that ends in {' or '.join(row.endings)}.",
            code="EXPORT_SUFFIX",
        )  # fmt: skip
    return row
