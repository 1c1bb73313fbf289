"""MMPose (RTMPose, RTMW): JSON of its inferencer, or of its demonstration programs, which name the keypoints.

The inferencer writes a list of `{"frame_id", "instances"}` per video, or a list of instances per image; the
demonstrations `{"meta_info", "instance_info"}` around either. Each instance has `keypoints` [[x, y], ...] and
`keypoint_scores`. Source: MMPose 1.x, mmpose/apis/inferencers/base_mmpose_inferencer.py,
mmpose/structures/utils.py (split_instances) and demo/topdown_demo_with_mmdet.py.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.errors import FormatError
from mocap.readers.keypoints_common import CameraDetections, KeypointRequest, KeypointSource
from mocap.readers.keypoints_files import (
    Progress,
    camera_files,
    camera_folders,
    check_frames_once,
    files_of,
    first_json,
    frame_number,
    has_key,
    number_array,
    opening_of,
    read_json,
    watched,
    whole_number,
)
from mocap.readers.keypoints_people import HIGHEST_SCORE, names_of_keypoints, stack_people

_Frames = dict[int, list[NDArray]]


def holds_mmpose(path: Path) -> bool:
    """Whether `path` holds JSON files with instances as MMPose writes them."""
    file = first_json(path)
    if file is None or path.is_file():
        return False
    opening = opening_of(file)
    return any(has_key(opening, key) for key in ("instances", "instance_info", "keypoint_scores"))


def read_mmpose(path: Path, request: KeypointRequest, progress: Progress | None = None) -> KeypointSource:
    """Read a folder with one JSON file per camera, or with one folder of JSON files (one per image) per camera.

    Raises
    ------
    KeypointError
        CAMERA_COUNT, CAMERA_NAMES, SKELETON_MISSING, SKELETON_SIZE, NO_FRAMES.
    FormatError
        BROKEN_JSON, NOT_MMPOSE, FRAME_NUMBERS, KEYPOINT_VALUES; each names the file.
    """
    whole = files_of(path, ".json")
    if whole:
        chosen, source_of, notes = camera_files(whole, request)
        files = {camera: [file] for camera, file in chosen.items()}
    else:
        files, source_of, notes = camera_folders(path, request, ".json")
    frames: dict[str, _Frames] = {camera: {} for camera in files}
    named: dict[str, tuple[str, ...] | None] = {}
    listed = [(camera, file) for camera, paths in files.items() for file in paths]
    for camera, file in watched(listed, progress):
        found, names = _read_file(file, image=not whole)
        check_frames_once([*(frames[camera].keys() & found.keys()), *found], file.parent)
        frames[camera].update(found)
        if names and named.get(camera) not in (None, names):
            raise _not_mmpose(file, "it names the keypoints in another way than the files before it")
        named[camera] = names or named.get(camera)
    detections: dict[str, CameraDetections] = {}
    for camera, paths in files.items():
        origin = paths[0] if whole else paths[0].parent
        people = [person for found in frames[camera].values() for person in found]
        chosen_names, told = names_of_keypoints(people, named[camera], request, origin)
        detections[camera] = stack_people(frames[camera], chosen_names, str(origin), HIGHEST_SCORE)
        notes += tuple(note for note in told if note not in notes)
    return KeypointSource(detections, source_of, tuple(file for _, file in listed), notes)


def _not_mmpose(file: Path, what: str) -> FormatError:
    return FormatError(
        f"{file} is not a result of MMPose: {what}.", "Give the JSON files that MMPose writes.", code="NOT_MMPOSE"
    )


def _read_file(file: Path, image: bool) -> tuple[_Frames, tuple[str, ...] | None]:
    document = read_json(file)
    names = None
    if isinstance(document, dict):
        names = _meta_names(document.get("meta_info"), file)
        document = document.get("instance_info")
    if not isinstance(document, list) or not all(isinstance(entry, dict) for entry in document):
        raise _not_mmpose(file, "there is no list of frames or instances")
    if any("instances" in entry for entry in document):
        numbers = [whole_number(entry.get("frame_id"), "A 'frame_id'", file) for entry in document]
        check_frames_once(numbers, file)
        return {number: _people(entry.get("instances"), file)
                for number, entry in zip(numbers, document, strict=True)}, names  # fmt: skip
    if not image and document:
        raise _not_mmpose(file, "its instances are in no frames")
    return ({frame_number(file.stem, file): _people(document, file)} if image else {}), names


def _meta_names(meta: Any, file: Path) -> tuple[str, ...] | None:
    listed = meta.get("keypoint_id2name") if isinstance(meta, Mapping) else None
    if not isinstance(listed, Mapping):
        return None
    names = [listed.get(str(place)) for place in range(len(listed))]
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise _not_mmpose(file, "'keypoint_id2name' does not name each keypoint once")
    return tuple(str(name) for name in names)


def _people(instances: Any, file: Path) -> list[NDArray]:
    if not isinstance(instances, list) or not all(isinstance(entry, dict) for entry in instances):
        raise _not_mmpose(file, "a frame has no list of 'instances'")
    found = []
    for entry in instances:
        pixels, scores = number_array(entry.get("keypoints")), number_array(entry.get("keypoint_scores"))
        if pixels is None or scores is None or pixels.ndim != 2 or pixels.shape != (*scores.shape, 2):
            raise _not_mmpose(file, "an instance lacks 'keypoints' as [x, y] with as many 'keypoint_scores'")
        found.append(np.column_stack([pixels, scores]))
    return found
