"""MMPose (RTMPose, RTMW): JSON of its inferencer, or of its demonstration programs, which name the keypoints.

The inferencer writes a list of `{"frame_id", "instances"}` per video, or a list of instances per image; the
demonstrations `{"meta_info", "instance_info"}` around either. Each instance has `keypoints` [[x, y], ...] and
`keypoint_scores`. Source: MMPose 1.x, mmpose/apis/inferencers/base_mmpose_inferencer.py,
mmpose/structures/utils.py (split_instances) and demo/topdown_demo_with_mmdet.py.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.errors import FormatError, KeypointError
from mocap.readers.keypoints_cameras import match_cameras
from mocap.readers.keypoints_common import CameraDetections, KeypointRequest, KeypointSource
from mocap.readers.keypoints_files import (
    camera_files,
    check_frames_once,
    files_of,
    first_json,
    folders_of,
    frame_number,
    has_key,
    number_array,
    opening_of,
    read_json,
    skeleton_for,
    stack_people,
    whole_number,
)

Progress = Callable[[int, int], None]
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
        CAMERA_COUNT, CAMERA_NAMES, SKELETON_MISSING, SKELETON_SIZE, KEYPOINT_NAMES.
    FormatError
        BROKEN_JSON, NOT_MMPOSE, FRAME_NUMBERS, KEYPOINT_VALUES; each names the file.
    """
    whole = files_of(path, ".json")
    notes: tuple[str, ...] = ()
    if whole:
        chosen, source_of, notes = camera_files(whole, request)
        files = {camera: [file] for camera, file in chosen.items()}
    else:
        folders = {folder.name: folder for folder in folders_of(path) if files_of(folder, ".json")}
        source_of = match_cameras(list(folders), request.camera_names, request.declared)
        files = {camera: files_of(folders[name], ".json") for camera, name in source_of.items()}
    detections: dict[str, CameraDetections] = {}
    done, total = 0, sum(map(len, files.values()))
    for camera, paths in files.items():
        frames: _Frames = {}
        named: tuple[str, ...] | None = None
        for file in paths:
            found, names = _read_file(file, image=not whole)
            check_frames_once([*frames, *found], file.parent)
            frames.update(found)
            named = names or named
            done += 1
            if progress is not None:
                progress(done, total)
        names, told = _names(frames, named, request, paths[0])
        detections[camera], scores = stack_people(frames, names, str(paths[0] if whole else paths[0].parent), True)
        notes += tuple(note for note in (*told, *scores) if note not in notes)
    return KeypointSource(detections, source_of, tuple(file for paths in files.values() for file in paths), notes)


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


def _names(
    frames: _Frames, named: tuple[str, ...] | None, request: KeypointRequest, file: Path
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of a camera's keypoints and a note; the files' own names come first."""
    counts = {len(person) for people in frames.values() for person in people}
    if len(counts) > 1:
        raise KeypointError(
            f"The people in {file} have {sorted(counts)[:4]} keypoints.",
            "Detect all frames with one model.",
            code="SKELETON_SIZE",
        )
    count = next(iter(counts), len(named or ()))
    if named and request.skeleton is None:
        if len(named) != count:
            raise KeypointError(
                f"{file} names {len(named)} keypoints, its people have {count}.",
                "Export the file again.",
                code="KEYPOINT_NAMES",
            )
        return named, ()
    if not counts:
        raise KeypointError(f"There is nobody in any frame of {file}.", "Detect the video again.", code="NO_FRAMES")
    skeleton, notes = skeleton_for(request, count, file)
    return skeleton.keypoints, notes
