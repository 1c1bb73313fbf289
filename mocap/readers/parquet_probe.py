"""Parquet tables are first read in the process with limits: only what did not harm it there is read here."""

from pathlib import Path

import numpy as np

from mocap.errors import FormatError
from mocap.isolation import Answer, Lost, parse
from mocap.readers.words import complaint

_MOST_VALUES = 500_000_000  # an hour of 8 cameras and 60 keypoints at 100 Hz is two thirds of it


def probe_parquet(path: Path) -> None:
    """Read a Parquet table where it can do no harm.

    Raises
    ------
    FormatError
        NOT_A_TABLE.
    """
    try:
        parse("parquet", path)
    except Lost as lost:
        raise _no_table(path, str(lost)) from lost


def parse_probe(path: Path) -> Answer:
    """Read a table in this process and give back nothing but its shape, which is checked before any value is read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            about = file.metadata
            if about.num_rows * about.num_columns > _MOST_VALUES:
                raise ValueError(f"it claims {about.num_rows} rows of {about.num_columns} columns")
            file.read(use_threads=False).validate(full=True)  # words may be no text
    except (ValueError, OSError, pa.ArrowException, UnicodeError, MemoryError) as error:
        known = f"Could not open Parquet input source '{path}': "
        raise _no_table(path, complaint(error, known)) from error
    return Answer({"shape": np.array([about.num_rows, about.num_columns])})


def _no_table(path: Path, why: str) -> FormatError:
    return FormatError(
        f"{path} cannot be read as a table: {why}.", "Export or copy the file again.", code="NOT_A_TABLE"
    )
