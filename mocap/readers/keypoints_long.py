"""Long tables: one row per observation with the columns camera, frame, keypoint, x, y, confidence; CSV or Parquet.

A column `person` numbers the people of a camera and frame, where there are several. Tables that `mocap detect` wrote
also tell the size of the images and the rate.
"""

import difflib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from calibration.digits import counted
from mocap.errors import FormatError, KeypointError
from mocap.readers.files import read_bytes
from mocap.readers.keypoints_cameras import match_cameras
from mocap.readers.keypoints_common import CameraDetections, KeypointRequest, KeypointSource, clean, count_unscored
from mocap.readers.keypoints_files import Progress, watched
from mocap.readers.label_doubts import lone_sides, strange_words
from mocap.readers.parquet_probe import probe_parquet
from mocap.readers.words import complaint, few

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("camera", "frame", "keypoint", "x", "y", "confidence")
_PARQUET = (".parquet", ".pq")
_PERSON = "person"
_MOST_PEOPLE = 100
_METADATA = b"mocap-keypoints"
_LARGEST_COUNT = 10**15
_SHORT_BYTES = 4  # of whole numbers that cannot be larger than that


def holds_long(path: Path) -> bool:
    """Whether `path` is a CSV or Parquet file."""
    return path.is_file() and path.suffix.lower() in (".csv", *_PARQUET)


def read_long(path: Path, request: KeypointRequest, progress: Progress | None = None) -> KeypointSource:
    """Read a long table. Cameras are matched by their names; rows that are not there are missing.

    Raises
    ------
    KeypointError
        CAMERA_COUNT, CAMERA_NAMES, DOUBLED_ROWS.
    FormatError
        NOT_A_TABLE, CSV_SEPARATOR, COLUMNS_MISSING, KEYPOINT_VALUES.
    """
    table = _read_table(path)
    lacking = [name for name in COLUMNS if list(table.columns).count(name) != 1]
    if lacking:
        raise FormatError(
            f"{path} lacks the columns {few(lacking)}; it has {few(table.columns)}.",
            f"Give the columns {', '.join(COLUMNS)}.",
            code="COLUMNS_MISSING",
        )
    notes = tuple(f"column '{name}' was not read." for name in table.columns if name not in (*COLUMNS, _PERSON))
    rows = _checked_rows(table, path)
    notes += (*strange_words(rows.keypoints, "keypoint"), *lone_sides(rows.keypoints))
    del table
    source_of = _matched(list(rows.cameras), request)
    detections = {camera: _arrange(rows, name, path) for camera, name in watched(source_of.items(), progress)}
    rate, sizes, lengths = _told(path, source_of)
    for camera, n_frames in lengths.items():
        detections[camera] = _whole(detections[camera], n_frames)
    return KeypointSource(detections, source_of, (path,), notes, rate, sizes)


def _matched(found: list[str], request: KeypointRequest) -> dict[str, str]:
    unknown = [name for name in found if name not in request.camera_names]
    if request.declared is None and unknown and len(found) == len(request.camera_names):
        try:
            return match_cameras(found, request.camera_names)
        except KeypointError as error:
            near = difflib.get_close_matches(unknown[0], request.camera_names, n=1)
            raise KeypointError(
                f"Camera '{unknown[0]}' is not in the calibration, which has {few(request.camera_names)}.",
                (f"Did you mean '{near[0]}'? " if near else "")
                + "Name the cameras as in the calibration, or say which is which (--camera NAME=OTHER, or cameras = "
                "{...} in [keypoints]).",
                code="CAMERA_NAMES",
            ) from error
    return match_cameras(found, request.camera_names, request.declared, request.leave_others)


def _read_table(path: Path) -> "pd.DataFrame":
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    read_bytes(path)
    if path.suffix.lower() in _PARQUET:
        probe_parquet(path)
    try:
        if path.suffix.lower() in _PARQUET:
            stored = pq.read_table(path, page_checksum_verification=True)
            stored.validate(full=True)  # a damaged file may hold words that are no text
            table = stored.to_pandas(ignore_metadata=True, split_blocks=True, self_destruct=True)
        else:
            table = pd.read_csv(path, encoding="utf-8-sig", skipinitialspace=True)
    except (ValueError, OSError, pa.ArrowException, UnicodeError) as error:
        known = f"Could not open Parquet input source '{path}': "
        raise FormatError(
            f"{path} cannot be read as a table: {complaint(error, known)}.",
            "Export or copy the file again.",
            code="NOT_A_TABLE",
        ) from error
    header = " ".join(str(column) for column in table.columns)
    separator = next((sign for sign in (";", "\t", "|") if sign in header), None)
    if separator is not None:
        raise FormatError(
            f"The columns of {path} are separated by {separator!r}, not by commas.",
            "Export it with commas between the columns and points in the numbers.",
            code="CSV_SEPARATOR",
        )
    if not len(table):
        raise KeypointError(f"{path} has no rows.", "Export the keypoints again.", code="NO_FRAMES")
    return table


@dataclass(frozen=True, eq=False)
class _Rows:
    """Columns of a table as plain arrays; a missing word has the code -1.

    Attributes
    ----------
    cameras, keypoints : tuple of str
        In the order in which they appear.
    camera, keypoint : ndarray of int, shape (row,)
        Indices into them.
    frame, person : ndarray of int, shape (row,)
    values : tuple of ndarray, shape (row,)
        x, y and confidence.
    """

    cameras: tuple[str, ...]
    keypoints: tuple[str, ...]
    camera: NDArray
    keypoint: NDArray
    frame: NDArray
    person: NDArray
    values: tuple[NDArray, ...]


def _checked_rows(table: "pd.DataFrame", path: Path) -> _Rows:
    cameras, camera = _coded(table["camera"])
    keypoints, keypoint = _coded(table["keypoint"])
    wrong = (camera < 0) | (keypoint < 0)
    counts = []
    for name in ("frame", _PERSON):
        number, bad = _numbers(table[name]) if name in table.columns else (np.zeros(len(table), np.int8), None)
        if number.dtype.kind == "f":
            wrong |= ~(np.isfinite(number) & (number == np.round(number)))
        if number.dtype.kind == "f" or number.dtype.itemsize > _SHORT_BYTES:
            wrong |= ~((number >= -_LARGEST_COUNT) & (number <= _LARGEST_COUNT))
        counts.append(number)
        wrong = wrong if bad is None else wrong | bad
    values = []
    for name in ("x", "y", "confidence"):
        number, bad = _numbers(table[name])
        values.append(number)
        wrong = wrong if bad is None else wrong | bad
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise FormatError(
            f"Row {row + 1} of {path} lacks a camera, a keypoint or a whole frame number, or holds words "
            f"for numbers: {few(table.iloc[row], 7)}.",
            "Leave x and y empty where a keypoint is missing, and fill in all else.",
            code="KEYPOINT_VALUES",
        )
    frame, person = (number if number.dtype.kind in "iu" else number.astype(np.int64) for number in counts)
    return _Rows(cameras, keypoints, camera, keypoint, frame, person, tuple(values))


def _coded(column: "pd.Series") -> tuple[tuple[str, ...], NDArray]:
    """Return the words of a column in the order of appearance, and the index of each row's word, -1 where missing."""
    import pandas as pd

    codes, words = pd.factorize(column)
    names = tuple(dict.fromkeys(str(word) for word in words))
    if len(names) == len(words):
        return names, codes
    return names, np.array([*(names.index(str(word)) for word in words), -1])[codes]


def _numbers(column: "pd.Series") -> tuple[NDArray, NDArray | None]:
    """Return a column as numbers, NaN where it is empty, and the rows that hold words for numbers, None for none."""
    import pandas as pd

    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iuf":
        return column.to_numpy(), None
    numbers = pd.to_numeric(column.astype(object), errors="coerce")
    return numbers.to_numpy(float), (numbers.isna() & column.notna()).to_numpy()


def _arrange(rows: _Rows, camera: str, path: Path) -> CameraDetections:
    """Arrange one camera's rows by frame, person and keypoint.

    Raises
    ------
    FormatError, KeypointError
        KEYPOINT_VALUES, DOUBLED_ROWS.
    """
    chosen = np.flatnonzero(rows.camera == rows.cameras.index(camera))
    frames, row = _ranked(rows.frame[chosen])
    people, person = _ranked(rows.person[chosen])
    if len(people) > _MOST_PEOPLE:
        raise FormatError(
            f"{path} numbers {len(people)} people in one camera.",
            "Number the people of each frame from 0.",
            code="KEYPOINT_VALUES",
        )
    shape = (len(frames), len(people), len(rows.keypoints))
    place = (row * shape[1] + person) * shape[2] + rows.keypoint[chosen]
    _check_doubled(place, shape, rows, chosen, path)
    values = np.full((3, *shape), np.nan)
    for target, column in zip(values, rows.values, strict=True):
        target.reshape(-1)[place] = column[chosen]
    found = np.stack([values[0], values[1]], axis=-1)
    pixels, confidence = clean(found, values[2], str(path))
    return CameraDetections(frames, pixels, confidence, rows.keypoints, unscored=count_unscored(found, values[2]))


def _ranked(numbers: NDArray) -> tuple[NDArray, NDArray]:
    """Return the sorted different numbers, and the index of each one's; in linear time where few are left out."""
    low, high = int(numbers.min()), int(numbers.max())
    if high - low > 4 * len(numbers):
        return np.unique(numbers.astype(np.int64), return_inverse=True)
    offset = numbers.astype(np.int64) - low
    there = np.zeros(high - low + 1, bool)
    there[offset] = True
    return np.flatnonzero(there) + low, (np.cumsum(there) - 1)[offset]


def _check_doubled(place: NDArray, shape: tuple[int, ...], rows: _Rows, chosen: NDArray, path: Path) -> None:
    taken = np.zeros(math.prod(shape), bool)
    taken[place] = True
    n_doubled = len(place) - int(np.count_nonzero(taken))
    if not n_doubled:
        return
    _, firsts = np.unique(place, return_index=True)
    row = int(chosen[np.setdiff1d(np.arange(len(place)), firsts)[0]])
    raise KeypointError(
        f"{path} holds {counted(n_doubled, 'row')} twice, the first: camera '{rows.cameras[rows.camera[row]]}', frame "
        f"{rows.frame[row]}, keypoint '{rows.keypoints[rows.keypoint[row]]}'.",
        "Keep one row per camera, frame and keypoint; number several people in a column 'person'.",
        code="DOUBLED_ROWS",
    )


def _whole(found: CameraDetections, n_frames: int) -> CameraDetections:
    """Return the detections with a place for every frame of the footage: one without a keypoint is not one lost.

    The last frame of the footage always has rows; where it has none, the table was changed, and stays as it is.
    """
    if found.frames[0] < 0 or found.frames[-1] != n_frames - 1:
        return found
    pixels = np.full((n_frames, *found.pixels.shape[1:]), np.nan, found.pixels.dtype)
    confidence = np.zeros((n_frames, *found.confidence.shape[1:]), found.confidence.dtype)
    pixels[found.frames], confidence[found.frames] = found.pixels, found.confidence
    return replace(found, frames=np.arange(n_frames), pixels=pixels, confidence=confidence)


def _told(
    path: Path, source_of: Mapping[str, str]
) -> tuple[float | None, dict[str, tuple[int, int]], dict[str, int]]:
    """Return the rate, image sizes and numbers of frames that the metadata of a Parquet table tell, where they do."""
    import pyarrow.parquet as pq

    if path.suffix.lower() not in _PARQUET:
        return None, {}, {}
    try:
        told = json.loads((pq.read_metadata(path).metadata or {}).get(_METADATA, b"{}"))
        cameras = told.get("cameras", {})
        sizes = {camera: cameras[name]["size"] for camera, name in source_of.items() if "size" in cameras.get(name, {})}
        rate = told.get("rate_hz")
        checked = {camera: (int(width), int(height)) for camera, (width, height) in sizes.items()}
        frames = {camera: int(cameras[name]["frames"]) for camera, name in source_of.items()
                  if "frames" in cameras.get(name, {})}  # fmt: skip
        return (None if rate is None else float(rate)), checked, frames
    except (ValueError, TypeError, AttributeError) as error:
        raise FormatError(
            f"The metadata of {path} are damaged: {complaint(error)}.",
            "Detect or export the keypoints again.",
            code="NOT_A_TABLE",
        ) from error
