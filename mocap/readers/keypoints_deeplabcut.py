"""DeepLabCut: a folder with one CSV or HDF5 file per camera, one person or several named individuals."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mocap.errors import FormatError, MocapError
from mocap.readers.files import read_text
from mocap.readers.keypoints_cameras import match_cameras
from mocap.readers.keypoints_common import CameraDetections, KeypointRequest, KeypointSource, clean, count_unscored
from mocap.readers.keypoints_files import Progress, files_of, opening_of, watched
from mocap.readers.keypoints_isolated import Parsed, parse_isolated
from mocap.readers.words import complaint, few

_CSV, _HDF5 = (".csv",), (".h5", ".hdf5")
_COORDS = ("x", "y", "likelihood")


@dataclass(frozen=True, eq=False)
class _Table:
    """Columns named (scorer, [individual,] bodypart, coordinate) with values, shape (row, column)."""

    columns: tuple[tuple[str, ...], ...]
    frames: NDArray
    values: NDArray


def holds_deeplabcut(path: Path) -> bool:
    """Whether `path` is a folder with HDF5 files, or with CSV files of which one at least begins as DeepLabCut's."""
    if not path.is_dir():
        return False
    return any(file.suffix.lower() in _HDF5 or opening_of(file).startswith("scorer") for file in _files(path))


def read_deeplabcut(path: Path, request: KeypointRequest, progress: Progress | None = None) -> KeypointSource:
    """Read DeepLabCut's files of a folder; where a camera has both a CSV and an HDF5 file, the HDF5 file.

    Raises
    ------
    KeypointError
        CAMERA_COUNT, CAMERA_NAMES.
    FormatError
        NOT_DEEPLABCUT, BROKEN_HDF5, KEYPOINT_VALUES; each names the file.
    """
    by_name: dict[str, Path] = {}
    for file in _files(path):
        by_name.setdefault(file.stem, file)  # HDF5 comes first
    tables = _read_tables(by_name)
    plain = {_without_scorer(stem, table.columns): stem for stem, table in tables.items()}
    if len(plain) < len(tables):
        raise FormatError(
            f"Several files in {path} are of one camera: {few(sorted(tables))}.",
            "Keep the file of one network per camera.",
            code="NOT_DEEPLABCUT",
        )
    source_of = match_cameras(list(plain), request.camera_names, request.declared, request.leave_others)
    detections, files = {}, []
    for camera, name in watched(source_of.items(), progress):
        file = by_name[plain[name]]
        detections[camera] = _arrange(tables[plain[name]], file)
        files.append(file)
    ignored = sorted(set(file.name for file in _files(path)) - {file.name for file in files})
    notes = (f"files that were not read: {', '.join(ignored)}.",) if ignored else ()
    return KeypointSource(detections, source_of, tuple(files), notes)


def _files(path: Path) -> list[Path]:
    return [*files_of(path, *_HDF5), *files_of(path, *_CSV)]


def _without_scorer(stem: str, columns: Sequence[tuple[str, ...]]) -> str:
    # DeepLabCut appends the network's name, which is full of numbers, to the video's.
    scorer = columns[0][0]
    return stem.split(scorer)[0] or stem


def _read_tables(by_name: Mapping[str, Path]) -> dict[str, _Table]:
    """Read all files; those of HDF5 in a process of their own."""
    hdf5 = [file for file in by_name.values() if file.suffix.lower() in _HDF5]
    parsed = dict(zip(hdf5, parse_isolated("pandas", hdf5), strict=True))
    return {stem: _read_table(file, parsed.get(file)) for stem, file in by_name.items()}


def _read_table(file: Path, parsed: Parsed | MocapError | None) -> _Table:
    if isinstance(parsed, MocapError):
        raise parsed
    if parsed is not None:
        columns = tuple(tuple(column) for column in parsed.words)
        frames, values = parsed.arrays["index"], parsed.arrays["values"]
    else:
        columns, frames, values = _read_csv(file)
    depth = {len(column) for column in columns}
    if depth not in ({3}, {4}) or any(column[-1] not in _COORDS for column in columns):
        raise _not_deeplabcut(file, "the columns are not named by scorer, bodypart and x, y, likelihood")
    if len(set(columns)) < len(columns):
        raise _not_deeplabcut(file, "a column is there twice")
    whole = {(*column[:-1], coord) for column in columns for coord in _COORDS}
    if set(columns) != whole:
        lacking = sorted(whole - set(columns))[0]
        raise _not_deeplabcut(file, f"'{lacking[-2]}' lacks its {lacking[-1]}")
    return _Table(columns, frames, values)


def _not_deeplabcut(file: Path, what: str) -> FormatError:
    return FormatError(
        f"{file} is not a DeepLabCut result: {what}.",
        "Give the CSV or HDF5 files that DeepLabCut's analyze_videos writes.",
        code="NOT_DEEPLABCUT",
    )


def _read_csv(file: Path) -> tuple[tuple[tuple[str, ...], ...], NDArray, NDArray]:
    text, _, _ = read_text(file)
    if "\0" in text:
        raise _not_deeplabcut(file, "it is not text")
    try:
        rows = [row for row in csv.reader(io.StringIO(text)) if row]
    except csv.Error as error:
        raise _not_deeplabcut(file, complaint(error)) from error
    n_header = next((index + 1 for index, row in enumerate(rows[:4]) if row[0].strip() == "coords"), 0)
    labels = [row[0].strip() for row in rows[:n_header]]
    if labels not in (["scorer", "bodyparts", "coords"], ["scorer", "individuals", "bodyparts", "coords"]):
        raise _not_deeplabcut(file, f"the header rows are {[row[0][:20] for row in rows[:4]]}")
    columns = tuple(zip(*(tuple(cell.strip() for cell in row[1:]) for row in rows[:n_header]), strict=False))
    body = rows[n_header:]
    short = next((n_header + i + 1 for i, row in enumerate(body) if len(row) != len(columns) + 1), None)
    if short is not None or not columns:
        raise _not_deeplabcut(file, f"line {short} has another number of cells than the header")
    try:
        numbers = np.array([[float(cell) if cell.strip() else np.nan for cell in row] for row in body], float)
    except ValueError as error:
        raise _not_deeplabcut(file, complaint(error)) from error
    numbers = numbers.reshape(len(body), len(columns) + 1)
    return columns, _whole(numbers[:, 0], file), numbers[:, 1:]


def _whole(frames: NDArray, file: Path) -> NDArray:
    if not (np.isfinite(frames).all() and (frames == np.round(frames)).all() and (np.abs(frames) < 1e15).all()):
        raise _not_deeplabcut(file, "the first column does not count the frames")
    return frames.astype(np.int64)


def _arrange(table: _Table, file: Path) -> CameraDetections:
    people = list(dict.fromkeys(column[1] if len(column) == 4 else "" for column in table.columns))
    names = list(dict.fromkeys(column[-2] for column in table.columns))
    if len(np.unique(table.frames)) < len(table.frames):
        raise _not_deeplabcut(file, "a frame is there twice")
    rows = np.full((len(table.frames), len(people), len(names), 3), np.nan)
    for column, values in zip(table.columns, table.values.T, strict=True):
        person = people.index(column[1]) if len(column) == 4 else 0
        rows[:, person, names.index(column[-2]), _COORDS.index(column[-1])] = values
    pixels, confidence = clean(rows[..., :2], rows[..., 2], str(file))
    unscored = count_unscored(rows[..., :2], rows[..., 2])
    return CameraDetections(table.frames, pixels, confidence, tuple(names), unscored=unscored)
