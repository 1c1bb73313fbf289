"""MOT and STO files of OpenSim: a table of columns over time."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mocap.errors import FormatError, SourceError
from mocap.readers.even_times import rate_of
from mocap.readers.files import plain_number, read_text


@dataclass(frozen=True, eq=False)
class MotionTable:
    """Columns over time.

    Attributes
    ----------
    time_s : ndarray, shape (time,)
    columns : mapping of str to ndarray, shape (time,)
        Without `time`, in the file's order and units.
    in_degrees : bool or None
        Whether rotations are in degrees; None when the file does not say.
    header : mapping of str to str
        The `key=value` lines.
    name : str
        First line of the file.
    sha256 : str
    notes : tuple of str
    """

    time_s: NDArray
    columns: Mapping[str, NDArray]
    in_degrees: bool | None
    header: Mapping[str, str]
    name: str
    sha256: str
    notes: tuple[str, ...] = ()

    @property
    def rate_hz(self) -> float:
        """Rate in Hz; NaN for fewer than two rows."""
        return rate_of(self.time_s)


def read_mot(path: Path | str) -> MotionTable:
    """Read a MOT or STO file.

    Raises
    ------
    SourceError
        `FILE_MISSING`, `MOT_TRUNCATED` (fewer rows than the header says).
    FormatError
        `MOT_HEADER`, `MOT_COUNTS`, `MOT_NUMBER`, `MOT_TIME`.
    """
    path = Path(path)
    text, notes, digest = read_text(path)
    lines = text.splitlines()
    end = next((index for index, line in enumerate(lines) if line.strip().lower() == "endheader"), None)
    if end is None or end + 1 >= len(lines):
        raise FormatError(f"{path} is not a MOT file (no endheader).", "Name a MOT file.", code="MOT_HEADER")
    pairs = [line.split("=", 1) for line in lines[:end] if "=" in line]
    header = {key.strip(): value.strip() for key, value in pairs}
    names = lines[end + 1].split()
    if len(set(names)) != len(names) or not names or names[0].lower() != "time":
        raise FormatError(
            f"{path}: the columns are doubled or do not begin with time.", "Export the file again.", code="MOT_HEADER"
        )
    table = _table(lines[end + 2 :], end + 3, len(names), path)
    _check_counts(header, table, path)
    if not np.isfinite(table[:, 0]).all() or (np.diff(table[:, 0]) <= 0).any():
        raise FormatError(f"{path}: the times do not increase.", "Export the file again.", code="MOT_TIME")
    stated = header.get("inDegrees", "").lower()
    in_degrees = {"yes": True, "no": False}.get(stated)
    columns = {name: np.ascontiguousarray(column) for name, column in zip(names[1:], table.T[1:], strict=True)}
    return MotionTable(
        np.ascontiguousarray(table[:, 0]), MappingProxyType(columns), in_degrees, MappingProxyType(header),
        lines[0].strip(), digest, notes,
    )  # fmt: skip


def _table(lines: list[str], first_line: int, width: int, path: Path) -> NDArray:
    rows = []
    for number, line in enumerate(lines, start=first_line):
        cells = line.split()
        if not cells:
            continue
        if len(cells) != width:
            raise FormatError(
                f"{path}, line {number}: {len(cells)} columns, expected {width}.", "Export the file again.",
                code="MOT_COUNTS",
            )  # fmt: skip
        try:
            rows.append([plain_number(cell) for cell in cells])
        except ValueError as error:
            raise FormatError(
                f"{path}, line {number}: {error}.", "Write numbers with a decimal point.", code="MOT_NUMBER"
            ) from error
    return np.array(rows, float).reshape(len(rows), width)


def _is_more(stated: str, found: int) -> bool:
    # Numbers of thousands of digits are none that Python takes.
    return stated.isascii() and stated.isdigit() and (len(stated) > 18 or int(stated) > found)


def _check_counts(header: Mapping[str, str], table: NDArray, path: Path) -> None:
    for key, found in (("nRows", table.shape[0]), ("nColumns", table.shape[1])):
        if key in header and header[key] != str(found):
            problem = f"{path} has {found}, its header says {key}={header[key]:.40}."
            if key == "nRows" and _is_more(header[key], found):
                raise SourceError(f"{path} is cut off: {problem}", "Copy the file again.", code="MOT_TRUNCATED")
            raise FormatError(problem, "Export the file again.", code="MOT_COUNTS")
    if not len(table):
        raise FormatError(f"{path} has no rows.", "Export the file again.", code="MOT_COUNTS")
