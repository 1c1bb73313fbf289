"""Tables of MediaPipe's landmarks in the spellings that are usual."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mocap.errors import FormatError
from mocap.readers.files import read_text
from mocap.readers.keypoints_files import check_frames_once, whole_number
from mocap.readers.words import complaint
from mocap.skeleton import read_skeleton

_N = 33
_PARTS = {"x": 0, "y": 1, "z": 2, "v": 3, "visibility": 3, "vis": 3}
_PART = "x|y|z|visibility|vis|v"
_FRAMES = ("frame", "frame_id", "frame_number", "frame_index", "frame_idx", "index", "")
_LANDMARK = ("landmark", "landmark_id", "landmark_index", "landmark_name", "keypoint", "joint", "name", "id")


@dataclass(frozen=True, eq=False)
class MediaPipeFile:
    """Landmarks of one camera as they stand in its file.

    Attributes
    ----------
    people : mapping of int to list of ndarray, shape (landmark, 3)
        Frame number to x, y and visibility of everybody.
    size : (int, int) or None
        Width and height of the image in px.
    rate_hz : float or None
    counted : bool
        The file numbers no frames.
    """

    people: Mapping[int, list[NDArray]]
    size: tuple[int, int] | None = None
    rate_hz: float | None = None
    counted: bool = False


def not_mediapipe(file: Path, what: str) -> FormatError:
    """Return the refusal of a file."""
    return FormatError(
        f"{file} does not hold MediaPipe's landmarks: {what}.",
        "Give a row or object per frame with x, y, z and visibility of all 33 landmarks.",
        code="NOT_MEDIAPIPE",
    )


def is_mediapipe_csv(header: str) -> bool:
    """Whether the first line of a table names the landmarks."""
    cells = [cell.strip().strip('"').lower() for cell in header.split(",")]
    return _wide_columns(cells) is not None or _long_columns(cells) is not None


def _wide_columns(cells: Sequence[str]) -> dict[int, tuple[int, int]] | None:
    """Return column to (landmark, part) of a table with a row per frame."""
    names = {name.replace("_", ""): place for place, name in enumerate(read_skeleton("mediapipe_33").keypoints)}
    found: dict[int, tuple[str, int]] = {}
    for column, cell in enumerate(cells):
        counted = re.fullmatch(rf"({_PART})[_. ]?(\d+)", cell)  # x12, v_12
        named = re.fullmatch(rf"(?:landmark[_. ]?)?(.+?)[_. ]+({_PART})", cell)  # left_hip_x, 12_x, landmark_12_x
        if counted:
            found[column] = (counted.group(2), _PARTS[counted.group(1)])
        elif named:
            found[column] = (re.sub(r"[_. ]", "", named.group(1)), _PARTS[named.group(2)])
    numbers = {int(label) for label, _ in found.values() if label.isdigit() and len(label) < 4}
    base = min(numbers, default=0)
    if numbers and (base not in (0, 1) or numbers != set(range(base, base + _N))):
        return None
    placed = {
        column: (names[label] if label in names else int(label) - base, part)
        for column, (label, part) in found.items()
        if label in names or label.isdigit()
    }
    wanted = {(place, part) for place in range(_N) for part in (0, 1)}
    whole = wanted <= set(placed.values()) and len(set(placed.values())) == len(placed)
    return placed if whole else None


def _long_columns(cells: Sequence[str]) -> dict[str, int] | None:
    """Return the column of frame, landmark and each part of a table with a row per landmark."""
    frame = next((cells.index(name) for name in _FRAMES if name in cells), None)
    landmark = next((cells.index(name) for name in _LANDMARK if name in cells), None)
    parts = {name: cells.index(name) for name in ("x", "y") if name in cells}
    visible = next((cells.index(name) for name in ("visibility", "vis", "v") if name in cells), None)
    if frame is None or landmark is None or len(parts) < 2 or visible is None:
        return None
    return {"frame": frame, "landmark": landmark, "v": visible, **parts}


def read_mediapipe_csv(file: Path) -> MediaPipeFile:
    """Read a table.

    Raises
    ------
    FormatError
        NOT_MEDIAPIPE, FRAME_NUMBERS.
    """
    text, _, _ = read_text(file)
    if "\0" in text:
        raise not_mediapipe(file, "it is not text")
    try:
        rows = [row for row in csv.reader(io.StringIO(text)) if row]
    except csv.Error as error:
        raise not_mediapipe(file, complaint(error)) from error
    cells = [cell.strip().lower() for cell in rows[0]] if rows else []
    uneven = next((place + 1 for place, row in enumerate(rows) if len(row) != len(cells)), None)
    if uneven is not None or len(rows) < 2:
        raise not_mediapipe(file, f"row {uneven or 1} has another number of cells than the header, or there are none")
    wide, long = _wide_columns(cells), _long_columns(cells)
    if wide is None and long is None:
        raise not_mediapipe(file, f"its columns are {cells[:8]}")
    if wide is None and long is not None:
        return MediaPipeFile(_long_people(rows[1:], long, file))
    assert wide is not None
    return MediaPipeFile(_wide_people(rows[1:], cells, wide, file))


def _number(cell: str, file: Path) -> float:
    try:
        return float(cell) if cell.strip() else float("nan")
    except ValueError as error:
        raise not_mediapipe(file, f"'{cell[:30]}' is no number") from error


def _wide_people(
    rows: Sequence[Sequence[str]], cells: Sequence[str], columns: Mapping[int, tuple[int, int]], file: Path
) -> dict[int, list[NDArray]]:
    frame = next((cells.index(name) for name in _FRAMES if name in cells), None)
    if frame is None:
        raise not_mediapipe(file, "no column counts the frames ('frame')")
    has_visibility = any(part == 3 for _, part in columns.values())
    people = {}
    numbers = [whole_number(_number(row[frame], file), "A frame number", file) for row in rows]
    check_frames_once(numbers, file)
    for number, row in zip(numbers, rows, strict=True):
        values = np.full((_N, 4), np.nan)
        for column, (place, part) in columns.items():
            values[place, part] = _number(row[column], file)
        person = values[:, [0, 1, 3]] if has_visibility else np.column_stack([values[:, :2], np.ones(_N)])
        people[number] = [person]
    return people


def _long_people(
    rows: Sequence[Sequence[str]], columns: Mapping[str, int], file: Path
) -> dict[int, list[NDArray]]:
    names = {name: place for place, name in enumerate(read_skeleton("mediapipe_33").keypoints)}
    labels = {row[columns["landmark"]].strip().lower() for row in rows}
    base = 0
    if not labels <= set(names):
        numbers = {int(label) for label in labels if label.isdigit() and len(label) < 4}
        base = 1 if max(numbers, default=0) == _N else 0
        if len(numbers) < len(labels) or not numbers <= set(range(base, base + _N)):
            raise not_mediapipe(file, f"its landmarks are {sorted(labels)[:5]}")
    people: dict[int, list[NDArray]] = {}
    for row in rows:
        number = whole_number(_number(row[columns["frame"]], file), "A frame number", file)
        label = row[columns["landmark"]].strip().lower()
        place = names[label] if label in names else int(label) - base
        person = people.setdefault(number, [np.full((_N, 3), np.nan)])[0]
        if np.isfinite(person[place]).any():
            raise not_mediapipe(file, f"landmark {label} is there twice in frame {number}")
        person[place] = [_number(row[columns[part]], file) for part in ("x", "y", "v")]
    return people
