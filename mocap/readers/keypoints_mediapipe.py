"""MediaPipe pose: tables and JSON of its 33 landmarks, which everybody exports in a way of their own.

A file per camera. CSV: columns `frame` and, per landmark, its name or number with x, y, z and visibility in any of
the usual spellings (`left_hip_x`, `x12`, `12_x`, `landmark_12_visibility`, counted from 0 or from 1), or a row per
landmark (`frame, landmark, x, y, z, visibility`). JSON: a list of frames, each a list of landmarks or an object with
one (`landmarks`, `pose_landmarks`), of one person or several, bare or under `frames` beside `fps`, `width`, `height`.

Landmarks are fractions of the image's width and height from the corner of the top-left pixel, so that x = 1 is the
right edge; files in pixels are recognised by their values. Source: MediaPipe's pose landmarker guide and
solutions/drawing_utils.py (pixel = floor(x * width)).
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KeypointError
from mocap.readers.keypoints_common import CameraDetections, KeypointRequest, KeypointSource
from mocap.readers.keypoints_files import (
    Progress,
    camera_files,
    check_frames_once,
    files_of,
    first_json,
    has_key,
    number_array,
    opening_of,
    read_json,
    watched,
    whole_number,
)
from mocap.readers.keypoints_mediapipe_csv import MediaPipeFile, is_mediapipe_csv, not_mediapipe, read_mediapipe_csv
from mocap.readers.keypoints_people import stack_people
from mocap.skeleton import read_skeleton

_LANDMARKS = ("pose_landmarks", "landmarks", "keypoints", "poseLandmarks")
_FRAME_KEYS = ("frame", "frame_id", "frame_number", "frame_index", "frame_idx", "index")
# Landmarks outside the image reach a little beyond 0 and 1; pixels of a person span hundreds.
_NORMALISED = 3.0
_FARTHEST = 1e15


def holds_mediapipe(path: Path) -> bool:
    """Whether `path` is a folder of CSV or JSON files with MediaPipe's landmarks."""
    if not path.is_dir():
        return False
    tables = files_of(path, ".csv")
    if tables and is_mediapipe_csv(opening_of(tables[0]).partition("\n")[0]):
        return True
    file = first_json(path)
    if file is None or file.parent != path:
        return False
    opening = opening_of(file)
    return any(has_key(opening, key) for key in ("pose_landmarks", "landmarks", "poseLandmarks")) or has_key(
        opening, "visibility", "z"
    )


def read_mediapipe(path: Path, request: KeypointRequest, progress: Progress | None = None) -> KeypointSource:
    """Read a folder with one file of landmarks per camera.

    Raises
    ------
    KeypointError
        CAMERA_COUNT, CAMERA_NAMES, IMAGE_SIZE_MISSING, SKELETON_SIZE.
    FormatError
        BROKEN_JSON, NOT_MEDIAPIPE, FRAME_NUMBERS, KEYPOINT_VALUES; each names the file.
    """
    every = files_of(path, ".csv")
    tables = [file for file in every if is_mediapipe_csv(opening_of(file).partition("\n")[0])]
    # Other tables may lie beside them; where one is lacking, a damaged one has to be named and not left out.
    tables = every if 0 < len(tables) < len(request.camera_names) <= len(every) else tables
    files = tables or files_of(path, ".json")
    chosen, source_of, notes = camera_files(files, request)
    detections: dict[str, CameraDetections] = {}
    rates: dict[str, float] = {}
    sizes: dict[str, tuple[int, int]] = {}
    for camera, file in watched(chosen.items(), progress):
        found = read_mediapipe_csv(file) if tables else _read_document(file)
        if found.rate_hz is not None:
            rates[camera] = found.rate_hz
        if found.size is not None:
            sizes[camera] = found.size
        size = found.size or (request.image_sizes or {}).get(camera)
        detections[camera], told = _arrange(found, size, file)
        notes += tuple(note for note in told if note not in notes)
    if len(set(rates.values())) > 1:
        notes += (f"the files tell different frame rates: {rates}.",)
    rate = next(iter(rates.values())) if len(set(rates.values())) == 1 else None
    return KeypointSource(detections, source_of, tuple(chosen.values()), notes, rate, sizes)


def _read_document(file: Path) -> MediaPipeFile:
    document = read_json(file)
    size, rate = None, None
    if isinstance(document, dict):
        rate = _positive(document, ("fps", "frame_rate", "rate_hz"), file)
        sides = [_positive(document, keys, file) for keys in (("width", "image_width"), ("height", "image_height"))]
        size = (int(sides[0]), int(sides[1])) if sides[0] and sides[1] else None
        document = document.get("frames")
    if not isinstance(document, list):
        raise not_mediapipe(file, "there is no list of frames")
    people: dict[int, list[NDArray]] = {}
    numbers = []
    for place, entry in enumerate(document):
        number, landmarks = place, entry
        if isinstance(entry, dict):
            key = next((key for key in _FRAME_KEYS if key in entry), None)
            number = place if key is None else whole_number(entry[key], f"'{key}'", file)
            landmarks = next((entry[key] for key in _LANDMARKS if key in entry), None)
        numbers.append(number)
        people[number] = _people(landmarks, file)
    check_frames_once(numbers, file)
    numbered = any(isinstance(entry, dict) and set(entry) & set(_FRAME_KEYS) for entry in document)
    return MediaPipeFile(people, size, rate, counted=not numbered)


def _positive(document: Mapping[str, Any], keys: tuple[str, ...], file: Path) -> float | None:
    value = next((document[key] for key in keys if document.get(key) is not None), None)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e6:
        raise not_mediapipe(file, f"'{keys[0]}' is {str(value)[:40]!r}")
    return float(value)


def _people(landmarks: Any, file: Path) -> list[NDArray]:
    """Return everybody in a frame, shape (landmark, 3)."""
    if isinstance(landmarks, dict):  # the name of each landmark, or `{"landmark": [...]}`
        landmarks = landmarks.get("landmark", landmarks)
    if isinstance(landmarks, dict):
        names = read_skeleton("mediapipe_33").keypoints
        by_name = {str(name).lower(): value for name, value in landmarks.items()}
        if set(by_name) != set(names):
            raise not_mediapipe(file, f"the landmarks are named {sorted(by_name)[:4]}, not as MediaPipe names them")
        landmarks = [by_name[name] for name in names]
    if landmarks is None or landmarks == []:
        return []
    if not isinstance(landmarks, list):
        raise not_mediapipe(file, "a frame holds no list of landmarks")
    if isinstance(landmarks[0], list) and landmarks[0] and isinstance(landmarks[0][0], dict | list):
        return [_person(person, file) for person in landmarks]
    return [_person(landmarks, file)]


def _person(landmarks: Any, file: Path) -> NDArray:
    rows: list[Any] = landmarks if isinstance(landmarks, list) else [None]
    if all(isinstance(row, dict) for row in rows):
        rows = [[row.get("x"), row.get("y"), row.get("z", 0.0), row.get("visibility", row.get("v", 1.0))]
                for row in rows]  # fmt: skip
    numbers = number_array(rows)
    if numbers is None or numbers.ndim != 2 or numbers.shape[1] not in (3, 4):
        raise not_mediapipe(file, "a landmark is not x, y, z and visibility")
    # Three numbers are x, y and z: nothing tells how visible it is.
    visibility = numbers[:, 3] if numbers.shape[1] == 4 else np.ones(len(numbers))
    return np.column_stack([numbers[:, :2], visibility])


def _arrange(
    found: MediaPipeFile, size: tuple[int, int] | None, file: Path
) -> tuple[CameraDetections, tuple[str, ...]]:
    names = read_skeleton("mediapipe_33").keypoints
    counts = {len(person) for people in found.people.values() for person in people} or {len(names)}
    if counts != {len(names)}:
        raise KeypointError(
            f"{file} has people of {sorted(counts)[:4]} landmarks, MediaPipe's pose has {len(names)}.",
            "Export all landmarks of the pose.",
            code="SKELETON_SIZE",
        )
    detections = stack_people(found.people, names, str(file))
    notes = (f"{file} numbers no frames: they are counted by their places.",) if found.counted else ()
    finite = detections.pixels[np.isfinite(detections.pixels)]
    if not len(finite) or np.quantile(np.abs(finite), 0.95) > _NORMALISED:
        return detections, notes
    if size is None:
        raise KeypointError(
            f"{file} holds fractions of the image, whose size is not known.",
            "Read it with the calibration of its cameras.",
            code="IMAGE_SIZE_MISSING",
        )
    # From the corner of the image to the centre of its first pixel.
    # What is too large for a number once scaled lies far outside the image as well.
    pixels = np.clip(detections.pixels, -_FARTHEST, _FARTHEST) * np.array(size, float) - 0.5
    note = "landmarks were fractions of the image: scaled to pixels by its size."
    return replace(detections, pixels=pixels), (*notes, note)
