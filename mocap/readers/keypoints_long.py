"""Long tables: one row per observation with the columns camera, frame, keypoint, x, y, confidence; CSV or Parquet.

A column `person` numbers the people of a camera and frame, where there are several. Tables that `mocap detect` wrote
also tell the size of the images and the rate.
"""

import difflib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mocap.errors import FormatError, KeypointError
from mocap.readers.files import read_bytes
from mocap.readers.keypoints_cameras import match_cameras
from mocap.readers.keypoints_common import CameraDetections, KeypointRequest, KeypointSource, clean
from mocap.readers.keypoints_files import Progress, watched
from mocap.readers.words import complaint, few

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("camera", "frame", "keypoint", "x", "y", "confidence")
_PARQUET = (".parquet", ".pq")
_PERSON = "person"
_MOST_PEOPLE = 100
_METADATA = b"mocap-keypoints"


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
    if _PERSON not in table.columns:
        table = table.assign(person=0)
    table = _checked_values(table[[*COLUMNS, _PERSON]], path)
    found = [str(name) for name in table["camera"].unique()]
    source_of = _matched(found, request)
    names = tuple(str(name) for name in table["keypoint"].unique())
    by_camera = dict(tuple(table.groupby("camera", sort=False)))
    detections = {}
    for camera, name in watched(source_of.items(), progress):
        detections[camera] = _arrange(by_camera[name], names, path)
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
                f"Did you mean '{near[0]}'? Name the cameras as in the calibration." if near
                else "Name the cameras as in the calibration.",
                code="CAMERA_NAMES",
            ) from error
    return match_cameras(found, request.camera_names, request.declared)


def _read_table(path: Path) -> "pd.DataFrame":
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    read_bytes(path)
    try:
        if path.suffix.lower() in _PARQUET:
            stored = pq.read_table(path)
            stored.validate(full=True)  # a damaged file may hold words that are no text
            table = stored.to_pandas(ignore_metadata=True)
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


def _checked_values(table: "pd.DataFrame", path: Path) -> "pd.DataFrame":
    import pandas as pd

    numbers = table[["frame", "x", "y", "confidence", _PERSON]].apply(pd.to_numeric, errors="coerce")
    bad_text = (numbers.isna() & table[numbers.columns].notna()).any(axis=1)
    counts = numbers[["frame", _PERSON]]
    whole = (np.isfinite(counts) & (counts == np.round(counts))).all(axis=1)
    wrong = bad_text | ~whole | table[["camera", "keypoint"]].isna().any(axis=1) | (counts.abs() > 1e15).any(axis=1)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise FormatError(
            f"Row {row + 1} of {path} lacks a camera, a keypoint or a whole frame number, or holds words "
            f"for numbers: {few(table.iloc[row], 7)}.",
            "Leave x and y empty where a keypoint is missing, and fill in all else.",
            code="KEYPOINT_VALUES",
        )
    checked = table[["camera", "keypoint"]].astype(str).join(numbers)
    doubled = checked.duplicated(["camera", "frame", _PERSON, "keypoint"])
    if doubled.any():
        first = checked[doubled].iloc[0]
        raise KeypointError(
            f"{int(doubled.sum())} rows of {path} are there twice, the first: camera '{first['camera']}', frame "
            f"{int(first['frame'])}, keypoint '{first['keypoint']}'.",
            "Keep one row per camera, frame and keypoint; number several people in a column 'person'.",
            code="DOUBLED_ROWS",
        )
    return checked


def _arrange(table: "pd.DataFrame", names: tuple[str, ...], path: Path) -> CameraDetections:
    import pandas as pd

    frames, row = np.unique(table["frame"].to_numpy(np.int64), return_inverse=True)
    column = pd.Index(names).get_indexer(table["keypoint"])
    people, person = np.unique(table[_PERSON].to_numpy(np.int64), return_inverse=True)
    if len(people) > _MOST_PEOPLE:
        raise FormatError(
            f"{path} numbers {len(people)} people in one camera.",
            "Number the people of each frame from 0.",
            code="KEYPOINT_VALUES",
        )
    values = np.full((len(frames), len(people), len(names), 3), np.nan)
    values[row, person, column] = table[["x", "y", "confidence"]].to_numpy(float)
    pixels, confidence = clean(values[..., :2], values[..., 2], str(path))
    return CameraDetections(frames, pixels, confidence, names)


def _whole(found: CameraDetections, n_frames: int) -> CameraDetections:
    """Return the detections with a place for every frame of the footage: one without a keypoint is not one lost.

    The last frame of the footage always has rows; where it has none, the table was changed, and stays as it is.
    """
    if found.frames[0] < 0 or found.frames[-1] != n_frames - 1:
        return found
    pixels = np.full((n_frames, *found.pixels.shape[1:]), np.nan, found.pixels.dtype)
    confidence = np.zeros((n_frames, *found.confidence.shape[1:]), found.confidence.dtype)
    pixels[found.frames], confidence[found.frames] = found.pixels, found.confidence
    return CameraDetections(np.arange(n_frames), pixels, confidence, found.names)


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
