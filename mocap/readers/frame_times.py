"""Files in which a recorder or camera wrote when it took each frame."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration.digits import digits
from mocap.errors import FormatError
from mocap.readers.files import read_text
from mocap.readers.keypoints_cameras import words_of

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "seconds": 1.0, "msec": 1e-3}
_TIME = re.compile(
    r"(?:frame|capture|exposure|sensor|device|camera|system|unix|pts|hw|hardware)?"
    r"[ _]?(?:time[ _]?stamp|timestamps|time|pts)"
    r"(?:[ _\[(]+(ns|us|µs|ms|s|sec|seconds|msec)[\])]?)?"
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_CAMERA = ("cam_id", "camera", "cam", "camera_id", "camera_name")
_INDEX = ("sync_index", "frame_index", "frame", "frame_id", "frame_number", "index")
_USUAL_HZ = (5.0, 500.0)
_REMEDY = (
    "Give a CSV file with a row per frame and a column of times, its unit in the name (timestamp_ns, time_s, ...), or "
    "of dates (2026-03-01T10:00:00.123); times of several cameras in one file need a column cam_id."
)


@dataclass(frozen=True, eq=False)
class FrameTimes:
    """Frame times of one camera, as its file has them.

    Attributes
    ----------
    time_s : ndarray, shape (frame,)
        Seconds since `zero_s`, in the order of the footage.
    zero_s : float
        What is taken off, so that clocks that count nanoseconds since 1970 keep their digits.
    unit_s : float or None
        What one step of the counter lasts, where the file holds whole numbers.
    file : str
        Its name.
    shared : bool
        The file holds several cameras, so one clock wrote all their times.
    notes : tuple of str
        How the unit is known.
    """

    time_s: NDArray
    zero_s: float
    unit_s: float | None
    file: str
    shared: bool
    notes: tuple[str, ...] = ()


def find_frame_time_file(footage: Path) -> Path | None:
    """Return the file of frame times that lies beside a camera's footage.

    Parameters
    ----------
    footage : Path
        `cam_0.mp4`, or a folder of images `cam_0`: `cam_0_timestamps.csv` or `.txt`, `cam_0.timestamps.csv` and
        `cam_0_times.csv` are its own, `timestamps.csv` within a folder of images too; `timestamps.csv` beside it is
        that of all cameras.
    """
    stem = footage.name if footage.is_dir() else footage.stem
    own = [footage.parent / f"{stem}{tail}" for tail in ("_timestamps.csv", "_timestamps.txt", ".timestamps.csv")]
    own += [footage.parent / f"{stem}_times.csv"]
    inside = [footage / "timestamps.csv"] if footage.is_dir() else []
    return next((path for path in (*own, *inside, footage.parent / "timestamps.csv") if path.is_file()), None)


@dataclass(frozen=True)
class FrameTimeTable:
    """A file of frame times, not yet parted by camera: `of_camera` gives what a camera has in it.

    Attributes
    ----------
    path : Path
    head : list of str
        Names of the columns in small letters; empty where the file holds nothing but times.
    rows : list of list of str
    """

    path: Path
    head: list[str]
    rows: list[list[str]]

    @property
    def shared(self) -> bool:
        """Whether it has a column of cameras."""
        return _camera_column(self.head) is not None

    def of_camera(self, camera_name: str, *, rate_hz: float | None = None) -> FrameTimes:
        """Return the frame times of one camera, as `read_frame_time_file` does."""
        column, declared, unused = _time_column(self.head, self.path)
        rows = _by_index(self.head, _of_camera(self, camera_name), self.path)
        values = [_instant(row[column], self.path, line) for line, row in enumerate(rows)]
        dated = _DATE.match(rows[0][column]) is not None
        declared = _UNITS["s"] if dated else declared
        whole = not dated and all(value.denominator == 1 for value in values)
        relative = np.array([float(value - values[0]) for value in values])
        # Recorders that number common instants write seconds.
        usual = _UNITS["s"] if "sync_index" in self.head and rate_hz is None else None
        unit, note = _unit(relative, declared, rate_hz, usual, self.path)
        zero, notes = float(values[0]) * unit, tuple(filter(None, (note, unused)))
        return FrameTimes(relative * unit, zero, unit if whole else None, self.path.name, self.shared, notes)


def read_frame_time_file(path: Path, camera_name: str, *, rate_hz: float | None = None) -> FrameTimes:
    """Read the frame times of one camera.

    Parameters
    ----------
    path : Path
        CSV (comma, semicolon, tab or blanks) with a head, or one number per line without. A column of cameras holds
        the camera's name, in whatever spelling, or the number that its name ends in.
    camera_name : str
    rate_hz : float, optional
        Nominal rate, which tells the unit of the times where the file does not.

    Returns
    -------
    FrameTimes

    Raises
    ------
    SourceError
        FILE_MISSING, FILE_EMPTY
    FormatError
        FRAME_TIMES_FORMAT (no times, no such camera, rows that are not numbers) or FRAME_TIMES_UNIT.
    """
    return read_frame_time_table(path).of_camera(camera_name, rate_hz=rate_hz)


def read_frame_time_table(path: Path) -> FrameTimeTable:
    """Read a file of frame times once for all of its cameras; raises as `read_frame_time_file`."""
    text, _, _ = read_text(path)
    return FrameTimeTable(path, *_rows(text, path))


def find_shared_frame_times(folder: Path) -> Path | None:
    """Return the `timestamps.csv` of all cameras that lies in a folder of footage, if its head is that of one."""
    path = folder / "timestamps.csv"
    if not path.is_file():
        return None
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        head = [name.strip().casefold() for name in lines.readline().split(",")]
    return path if _camera_column(head) is not None and any(map(_TIME.fullmatch, head)) else None


def _rows(text: str, path: Path) -> tuple[list[str], list[list[str]]]:
    """Return the head (empty without one) and the rows."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not lines or "\0" in text:
        raise _format(path, "holds no rows")
    mark = next((mark for mark in (",", ";", "\t") if mark in lines[0]), None)
    try:
        table = list(csv.reader(lines, delimiter=mark)) if mark else [line.split() for line in lines]
    except csv.Error as error:
        raise _format(path, "is no table") from error
    table = [[cell.strip() for cell in row] for row in table]
    head = [] if _is_number(table[0][-1]) or _DATE.match(table[0][-1]) else [name.casefold() for name in table[0]]
    rows = table[1:] if head else table
    width = len(head) or len(rows[0]) if rows else 0
    if not rows:
        raise _format(path, "holds no rows")
    if any(len(row) != width for row in rows):
        raise _format(path, "has rows of several lengths")
    return head, rows


def _time_column(head: list[str], path: Path) -> tuple[int, float | None, str]:
    """Return the place of the times, their declared unit in s, and what other columns of times are not used.

    A file without head holds nothing but times.
    """
    if not head:
        return -1, None, ""
    found = [(place, match) for place, name in enumerate(head) if (match := _TIME.fullmatch(name))]
    if not found:
        raise _format(path, f"has no column of times among {', '.join(head[:6])}")
    place, match = found[0]
    others = ", ".join(head[other] for other, _ in found[1:])
    unused = f"times in {path.name} are those of {head[place]}; not used: {others}" if others else ""
    return place, _UNITS[match[1]] if match[1] else None, unused


def _camera_column(head: list[str]) -> int | None:
    return next((head.index(word) for word in _CAMERA if word in head), None)


def _of_camera(table: FrameTimeTable, name: str) -> list[list[str]]:
    place, rows = _camera_column(table.head), table.rows
    if place is None:
        return rows
    there = {row[place] for row in rows}
    number = re.search(r"(\d+)$", name)
    keys = [name, *([str(int(number[1])), number[1]] if number else [])]
    words = words_of(name)
    alike = [other for other in sorted(there) if words and words_of(other) == words]
    keys += alike if len(alike) == 1 else []  # of several spellings none is this camera's for sure
    key = next((key for key in keys if key in there), None)
    if key is None:
        raise _format(table.path, f"has times of the cameras {', '.join(sorted(there)[:8])}, none of '{name}'")
    return [row for row in rows if row[place] == key]


def _by_index(head: list[str], rows: list[list[str]], path: Path) -> list[list[str]]:
    place = next((head.index(word) for word in _INDEX if word in head), None)
    if place is None:
        return rows
    return sorted(rows, key=lambda row: _number(row[place], path, 0))


def _instant(text: str, path: Path, line: int) -> Fraction:
    """A number, or a date with the time of day as seconds since 1970; without a zone taken as UTC."""
    if _DATE.match(text) is None:
        return _number(text, path, line)
    fine = re.fullmatch(r"(.*?:\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:?\d\d)?", text.strip())
    try:
        moment = datetime.fromisoformat(f"{fine[1]}{fine[3] or ''}") if fine else None
    except ValueError:
        moment = None
    if moment is None or fine is None:
        raise _format(path, f"has '{text[:30]}' for the time of frame {line}")
    whole = round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    return whole + (Fraction(f"0.{fine[2]}") if fine[2] else Fraction(0))


def _number(text: str, path: Path, line: int) -> Fraction:
    try:
        value = Fraction(text) if len(text) < 40 and "/" not in text and _is_number(text) else None
    except (ValueError, ZeroDivisionError, OverflowError):
        value = None
    if value is None:
        raise _format(path, f"has '{text[:20]}' for the time of frame {line}")
    return value


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?", text) is not None


def _unit(
    times: NDArray, declared: float | None, rate_hz: float | None, usual: float | None, path: Path
) -> tuple[float, str]:
    """Return the unit in s, and a sentence where it was not declared but told by the rate or usual."""
    if declared is not None:
        return declared, ""
    forward = np.diff(times)
    forward = forward[forward > 0]
    if not len(forward):
        return 1.0, ""
    step = float(np.median(forward))
    low, high = (0.4 * rate_hz, 2.5 * rate_hz) if rate_hz else _USUAL_HZ
    fitting = [(word, _UNITS[word]) for word in ("ns", "us", "ms", "s") if low <= 1.0 / (step * _UNITS[word]) <= high]
    if len(fitting) != 1 and usual is not None:
        fitting = [("s", usual)]
    if len(fitting) != 1:
        raise FormatError(
            f"The times in {path.name} rise by {digits(step, 3)} from frame to frame, and their unit is not said"
            + (f"; no unit makes that {digits(rate_hz, 3)} Hz." if rate_hz else "."),
            "Name the unit in the head of the column: timestamp_ns, timestamp_us, time_ms or time_s.",
            code="FRAME_TIMES_UNIT",
        )
    word, unit = fitting[0]
    return unit, f"times in {path.name} are taken as {word}: that makes {digits(1.0 / (step * unit), 3)} frames/s"


def _format(path: Path, what: str) -> FormatError:
    return FormatError(f"{path.name} {what}.", _REMEDY, code="FRAME_TIMES_FORMAT")


def common_zero(times: Sequence[FrameTimes]) -> bool:
    """Whether the files' times come from one clock: one file of all cameras, or clocks that show the date."""
    files = {one.file for one in times}
    dated = all(one.zero_s > 1e9 for one in times)
    return (len(files) == 1 and all(one.shared for one in times)) or dated
