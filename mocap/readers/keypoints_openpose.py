"""OpenPose: a folder with one folder of JSON files per camera, one file per frame, several people per file."""

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.config.presets import preset_names
from mocap.errors import FormatError, KeypointError
from mocap.readers.files import read_bytes
from mocap.readers.keypoints_cameras import match_cameras
from mocap.readers.keypoints_common import CameraDetections, KeypointRequest, KeypointSource, clean
from mocap.skeleton import Skeleton, read_skeleton

_LARGEST_FILE = 16_000_000  # bytes; one frame of a hundred people is a tenth of it


def holds_openpose(path: Path) -> bool:
    """Whether `path` is a folder with folders of JSON files."""
    return path.is_dir() and any(_json_files(folder) for folder in _folders(path))


def read_openpose(
    path: Path, request: KeypointRequest, progress: Callable[[int, int], None] | None = None
) -> KeypointSource:
    """Read OpenPose's JSON folders.

    The frame number is the last number in a file's name; x = y = confidence = 0 is missing. The files do not say
    which skeleton they are of, and BODY_25 and BODY_25B have as many points, so it has to be given.

    Raises
    ------
    KeypointError
        CAMERA_COUNT, CAMERA_NAMES, SKELETON_MISSING, SKELETON_SIZE.
    FormatError
        BROKEN_JSON, NOT_OPENPOSE, FRAME_NUMBERS; each names the file.
    """
    folders = {folder.name: folder for folder in _folders(path) if _json_files(folder)}
    source_of = match_cameras(list(folders), request.camera_names, request.declared)
    files = {camera: _json_files(folders[name]) for camera, name in source_of.items()}
    skeleton = _required_skeleton(request.skeleton, next(iter(files.values())))
    n_files, done, detections = sum(map(len, files.values())), 0, {}
    for camera, paths in files.items():
        people = []
        for file in paths:
            people.append(_read_frame(file, skeleton))
            done += 1
            if progress is not None:
                progress(done, n_files)
        detections[camera] = _stack(_frame_numbers(paths), people, skeleton.keypoints, str(folders[source_of[camera]]))
    ignored = sorted(folder.name for folder in _folders(path) if folder.name not in source_of.values())
    notes = (f"folders that were not read: {', '.join(ignored)}.",) if ignored else ()
    return KeypointSource(detections, source_of, tuple(file for paths in files.values() for file in paths), notes)


def _folders(path: Path) -> list[Path]:
    return sorted(folder for folder in path.iterdir() if folder.is_dir())


def _json_files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.suffix.lower() == ".json" and file.is_file())


def _frame_numbers(paths: list[Path]) -> NDArray:
    numbers = []
    for path in paths:
        # OpenPose itself writes `video_000000000012_keypoints.json`.
        digits = re.findall(r"\d+", path.stem.removesuffix("_keypoints"))
        if not digits or len(digits[-1]) > 15:
            raise FormatError(
                f"The name of {path} holds no frame number.",
                "Keep the frame number in the names, as OpenPose writes them.",
                code="FRAME_NUMBERS",
            )
        numbers.append(int(digits[-1]))
    doubled = sorted(number for number, count in Counter(numbers).items() if count > 1)
    if doubled:
        raise FormatError(
            f"Several files in {paths[0].parent} are of the frames {doubled[:5]}.",
            "Keep one JSON file per frame and camera.",
            code="FRAME_NUMBERS",
        )
    return np.array(numbers, np.int64)


def _required_skeleton(name: str | None, files: list[Path]) -> Skeleton:
    if name is not None:
        return read_skeleton(name)
    count = next((len(person) // 3 for file in files for person in _people_of(file)), None)
    known = [read_skeleton(preset) for preset in preset_names("skeletons")]
    fitting = [skeleton.name for skeleton in known if count is None or len(skeleton.keypoints) == count]
    raise KeypointError(
        f"OpenPose files do not say which skeleton they are of; these have {count} keypoints.",
        f"Give the skeleton, one of: {', '.join(fitting) or 'none of the known ones'}.",
        code="SKELETON_MISSING",
    )


def _people_of(file: Path) -> list[list[float]]:
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
    flat = [person.get("pose_keypoints_2d") if isinstance(person, dict) else None for person in listed]
    if any(
        not isinstance(row, list) or any(not isinstance(value, int | float) for value in row) for row in flat
    ):
        raise FormatError(
            f"{file} lacks the list 'people' with numbers in 'pose_keypoints_2d'.",
            "Give JSON files as OpenPose writes them.",
            code="NOT_OPENPOSE",
        )
    return [row for row in flat if row]


def _read_frame(file: Path, skeleton: Skeleton) -> NDArray:
    """Return the people of one file, shape (person, keypoint, 3)."""
    people = _people_of(file)
    wrong = sorted({len(row) for row in people if len(row) != 3 * len(skeleton.keypoints)})
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
