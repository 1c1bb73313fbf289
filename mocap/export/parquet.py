"""A trial as tidy Parquet tables, with units and meanings in the schema; `pandas.read_parquet` opens each."""

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from calibration.files import write_texts
from mocap.errors import ExportError
from mocap.export.metrics_json import document
from mocap.export.tidy import Column, TidyTable, tidy_tables
from mocap.trial import Trial

if TYPE_CHECKING:
    import pyarrow as pa

#: Key of the file's metadata: the document of `mocap.export.metrics_json` without what is a table here.
KEY = b"mocap"
FORMAT = "mocap-parquet"
FORMAT_VERSION = 1
_IN_TABLES = ("assessments", "events", "quality")


def export_parquet(trial: Trial, path: Path | str) -> tuple[Path, ...]:
    """Write the tidy tables of a trial as Parquet: one row per frame and keypoint, frame and angle, ...

    Every file tells what it is: in its schema units and meaning of each column, and under the key `mocap` of its
    metadata (`pyarrow.parquet.read_metadata(file).metadata[b"mocap"]`) a JSON document of trial, definitions of angles
    and measures, and provenance. Missing values are null.

    Parameters
    ----------
    trial : Trial
    path : path
        Ending in `.parquet`: the points, and beside them `<stem>_angles.parquet`, ...; otherwise a folder, made when
        missing, for `points.parquet`, `angles.parquet`, ...: a table of `mocap.export.tidy.tidy_tables` each.

    Returns
    -------
    tuple of Path
        What was written.

    Raises
    ------
    ExportError
        `FOLDER_MISSING`, `EXPORT_EMPTY`
    SourceError
        `WRITE_FAILED`; what was there before is then as it was.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise ExportError(f"There is no folder {path.parent}.", "Name a place that is there.", code="FOLDER_MISSING")
    told = document(trial)
    head = {"format": FORMAT, "format_version": FORMAT_VERSION} | {
        key: value for key, value in told.items() if key not in (*_IN_TABLES, "format", "format_version")
    }
    tables = {place: _bytes(name, table, head) for place, (name, table) in parquet_tables(trial, path).items()}
    if not tables:
        raise ExportError("The trial holds nothing over time.", "Export it as json.", code="EXPORT_EMPTY")
    if path.suffix.lower() != ".parquet":
        try:
            path.mkdir(exist_ok=True)
        except OSError as error:
            raise ExportError(
                f"{path} cannot be written: {error.strerror or error}.", "Check the space and rights of the disk.",
                code="WRITE_FAILED",
            ) from error  # fmt: skip
    write_texts(tables, "WRITE_FAILED")
    return tuple(tables)


def parquet_tables(trial: Trial, path: Path) -> dict[Path, tuple[str, TidyTable]]:
    """Return where each table of a trial is written, with its name."""
    tables = tidy_tables(trial)
    if path.suffix.lower() != ".parquet":
        return {path / f"{name}.parquet": (name, table) for name, table in tables.items()}
    return {
        path if name == "points" else path.with_name(f"{path.stem}_{name}{path.suffix}"): (name, table)
        for name, table in tables.items()
    }


def _bytes(name: str, table: TidyTable, head: dict[str, object]) -> bytes:
    import pyarrow as pa  # heavy, and not needed by other formats
    import pyarrow.parquet as pq

    told = json.dumps(head | {"table": name}, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
    arrays = [_array(column) for column in table]
    schema = pa.schema(
        [
            pa.field(column.name, array.type, metadata={"unit": column.unit, "long_name": column.meaning})
            for column, array in zip(table, arrays, strict=True)
        ]
    )
    file = io.BytesIO()
    # Checksums of pages, so that a reader who asks for it finds a flipped bit.
    with pq.ParquetWriter(file, schema, compression="zstd", write_page_checksum=True) as writer:
        writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
        # Not in the schema, of which a copy in base64 is kept: there a search for words finds them in those of others.
        writer.add_key_value_metadata({KEY: told})
    return file.getvalue()


def _array(column: Column) -> "pa.Array":
    import pyarrow as pa

    cells = column.cells
    if cells.dtype.kind == "O":
        words = pa.array([str(cell).encode("utf-8", "replace").decode() for cell in cells.tolist()], pa.string())
        return words.dictionary_encode()
    if cells.dtype.kind == "f":
        return pa.array(cells.astype(np.float64), from_pandas=True)
    return pa.array(cells)
