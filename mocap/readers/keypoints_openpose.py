"""OpenPose: a folder with one folder of JSON files per camera, one file per frame, several people per file."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.errors import FormatError, KeypointError
from mocap.readers.keypoints_common import CameraDetections, KeypointRequest, KeypointSource
from mocap.readers.keypoints_files import (
    Progress,
    camera_folders,
    check_frames_once,
    files_of,
    folders_of,
    frame_number,
    number_array,
    read_json,
    watched,
)
from mocap.readers.keypoints_people import skeleton_for, stack_people
from mocap.skeleton import Skeleton

_LARGEST_FILE = 16_000_000  # bytes; one frame of a hundred people is a tenth of it
# The confidence is the height of a fitted peak and passes 1 by a few per cent now and then.
_HIGHEST_PEAK = 1.1


def holds_openpose(path: Path) -> bool:
    """Whether `path` is a folder with folders of JSON files."""
    return path.is_dir() and any(files_of(folder, ".json") for folder in folders_of(path))


def read_openpose(path: Path, request: KeypointRequest, progress: Progress | None = None) -> KeypointSource:
    """Read OpenPose's JSON folders.

    The frame number is the last number in a file's name; x = y = confidence = 0 is missing. The files do not say
    which skeleton they are of, and BODY_25 and BODY_25B have as many points, so it has to be given, unless one
    known skeleton alone has that number.

    Raises
    ------
    KeypointError
        CAMERA_COUNT, CAMERA_NAMES, NO_FRAMES, SKELETON_MISSING, SKELETON_SIZE.
    FormatError
        BROKEN_JSON, NOT_OPENPOSE, FRAME_NUMBERS, KEYPOINT_VALUES; each names the file.
    """
    files, source_of, notes = camera_folders(path, request, ".json")
    listed = [(camera, file) for camera, paths in files.items() for file in paths]
    skeleton, told = _required_skeleton(request, path, [file for _, file in listed])
    people: dict[str, dict[int, list[NDArray]]] = {camera: {} for camera in files}
    for paths in files.values():
        check_frames_once((frame_number(file.stem, file) for file in paths), paths[0].parent)
    for camera, file in watched(listed, progress):
        people[camera][frame_number(file.stem, file)] = _read_frame(file, skeleton)
    detections: dict[str, CameraDetections] = {}
    for camera in files:
        origin = str(path / source_of[camera])
        found = stack_people(people.pop(camera), skeleton.keypoints, origin, _HIGHEST_PEAK)
        detections[camera] = replace(found, above_one=(0, 0.0))  # of any recording: nothing to tell
    return KeypointSource(detections, source_of, tuple(file for _, file in listed), (*told, *notes))


def _required_skeleton(request: KeypointRequest, path: Path, files: list[Path]) -> tuple[Skeleton, tuple[str, ...]]:
    counts = (len(person) // 3 for file in files for person in _people_of(file) if len(person))
    count = next(counts, None)
    if count is None:
        raise KeypointError(f"There is nobody in any file of {path}.", "Detect the videos again.", code="NO_FRAMES")
    return skeleton_for(request, count, path)


def _people_of(file: Path) -> list[NDArray]:
    """Return the flat x y confidence lists of all people in a file."""
    document = read_json(file, _LARGEST_FILE)
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


def _read_frame(file: Path, skeleton: Skeleton) -> list[NDArray]:
    """Return the people of one file, each of shape (keypoint, 3)."""
    nobody = np.zeros(3 * len(skeleton.keypoints))
    people = [row if len(row) else nobody for row in _people_of(file)]
    wrong = sorted({len(row) for row in people if len(row) != len(nobody)})
    if wrong:
        raise KeypointError(
            f"{file} has people of {wrong[0] / 3:g} keypoints, skeleton '{skeleton.name}' has "
            f"{len(skeleton.keypoints)}.",
            "Give the skeleton that the detector was run with.",
            code="SKELETON_SIZE",
        )
    return [row.reshape(-1, 3) for row in people]
