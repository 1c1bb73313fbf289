"""OpenPose: a folder with one folder of JSON files per camera, one file per frame, several people per file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.errors import FormatError, KeypointError
from mocap.readers.files import read_bytes
from mocap.readers.keypoints_cameras import match_cameras
from mocap.readers.keypoints_common import CameraDetections, KeypointRequest, KeypointSource, clean
from mocap.readers.keypoints_files import (
    check_frames_once,
    files_of,
    folders_of,
    frame_number,
    number_array,
    skeleton_for,
)
from mocap.skeleton import Skeleton

_LARGEST_FILE = 16_000_000  # bytes; one frame of a hundred people is a tenth of it


def holds_openpose(path: Path) -> bool:
    """Whether `path` is a folder with folders of JSON files."""
    return path.is_dir() and any(files_of(folder, ".json") for folder in folders_of(path))


def read_openpose(
    path: Path, request: KeypointRequest, progress: Callable[[int, int], None] | None = None
) -> KeypointSource:
    """Read OpenPose's JSON folders.

    The frame number is the last number in a file's name; x = y = confidence = 0 is missing. The files do not say
    which skeleton they are of, and BODY_25 and BODY_25B have as many points, so it has to be given, unless one
    known skeleton alone has that number.

    Raises
    ------
    KeypointError
        CAMERA_COUNT, CAMERA_NAMES, SKELETON_MISSING, SKELETON_SIZE.
    FormatError
        BROKEN_JSON, NOT_OPENPOSE, FRAME_NUMBERS; each names the file.
    """
    folders = {folder.name: folder for folder in folders_of(path) if files_of(folder, ".json")}
    source_of = match_cameras(list(folders), request.camera_names, request.declared)
    files = {camera: files_of(folders[name], ".json") for camera, name in source_of.items()}
    skeleton, notes = _required_skeleton(request, [file for paths in files.values() for file in paths])
    n_files, done, detections = sum(map(len, files.values())), 0, {}
    for camera, paths in files.items():
        people = []
        for file in paths:
            people.append(_read_frame(file, skeleton))
            done += 1
            if progress is not None:
                progress(done, n_files)
        detections[camera] = _stack(_frame_numbers(paths), people, skeleton.keypoints, str(folders[source_of[camera]]))
    ignored = sorted(folder.name for folder in folders_of(path) if folder.name not in source_of.values())
    notes += (f"folders that were not read: {', '.join(ignored)}.",) if ignored else ()
    return KeypointSource(detections, source_of, tuple(file for paths in files.values() for file in paths), notes)


def _frame_numbers(paths: list[Path]) -> NDArray:
    numbers = [frame_number(path.stem, path) for path in paths]
    check_frames_once(numbers, paths[0].parent)
    return np.array(numbers, np.int64)


def _required_skeleton(request: KeypointRequest, files: list[Path]) -> tuple[Skeleton, tuple[str, ...]]:
    counts = (len(person) // 3 for file in files for person in _people_of(file) if len(person))
    count = next(counts, None)
    if count is None:
        raise KeypointError(
            f"There is nobody in any file of {files[0].parent.parent}.", "Detect the videos again.", code="NO_FRAMES"
        )
    return skeleton_for(request, count, files[0].parent.parent)


def _people_of(file: Path) -> list[NDArray]:
    """Return the flat x y confidence lists of all people in a file."""
    content = read_bytes(file)
    if len(content) > _LARGEST_FILE:
        raise FormatError(f"{file} has {len(content)} bytes.", "Give one JSON file per frame.", code="NOT_OPENPOSE")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FormatError(
            f"{file} is damaged or truncated: {error}.", "Export or copy the file again.", code="BROKEN_JSON"
        ) from error
    people = document.get("people") if isinstance(document, dict) else None
    listed: list[Any] = people if isinstance(people, list) else [None]
    # Pose2Sim leaves an empty object in the place of somebody whom this camera does not see.
    flat: list[Any] = [
        ([] if person == {} else person.get("pose_keypoints_2d")) if isinstance(person, dict) else None
        for person in listed
    ]
    rows = [number_array(row) if isinstance(row, list) else None for row in flat]
    found = [row for row in rows if row is not None and row.ndim == 1]
    if len(found) < len(rows):
        raise FormatError(
            f"{file} lacks the list 'people' with numbers in 'pose_keypoints_2d'.",
            "Give JSON files as OpenPose writes them.",
            code="NOT_OPENPOSE",
        )
    return found


def _read_frame(file: Path, skeleton: Skeleton) -> NDArray:
    """Return the people of one file, shape (person, keypoint, 3)."""
    people = _people_of(file)
    nobody = np.zeros(3 * len(skeleton.keypoints))
    people = [row if len(row) else nobody for row in people]
    wrong = sorted({len(row) for row in people if len(row) != len(nobody)})
    if wrong:
        raise KeypointError(
            f"{file} has people of {wrong[0] / 3:g} keypoints, skeleton '{skeleton.name}' has "
            f"{len(skeleton.keypoints)}.",
            "Give the skeleton that the detector was run with.",
            code="SKELETON_SIZE",
        )
    return np.array(people, float).reshape(len(people), len(skeleton.keypoints), 3)


def _stack(frames: NDArray, people: list[NDArray], names: tuple[str, ...], origin: str) -> CameraDetections:
    rows = np.full((len(people), max([len(found) for found in people] + [1]), len(names), 3), np.nan)
    for row, found in zip(rows, people, strict=True):
        row[: len(found)] = found
    # OpenPose's confidence is the height of a fitted peak and passes 1 by a few per cent now and then.
    confidence = np.where(rows[..., 2] <= 1.1, np.minimum(rows[..., 2], 1.0), rows[..., 2])
    pixels, confidence = clean(rows[..., :2], confidence, origin)
    return CameraDetections(frames, pixels, confidence, names)
