"""COCO keypoints: annotations, or detection results as COCO's evaluation and AlphaPose write them.

Annotations are `{"images", "annotations", "categories"}`; the third number of a keypoint is 0 (not labelled), 1
(hidden) or 2 (visible), and the category names the keypoints. Results are a list of `{"image_id", "category_id",
"keypoints", "score"}` with a confidence as the third number; in AlphaPose's, `image_id` is the name of the image.
Sources: cocodataset.org, formats "data" and "results"; AlphaPose, docs/output.md.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.errors import FormatError, KeypointError
from mocap.readers.keypoints_cameras import match_cameras
from mocap.readers.keypoints_common import CameraDetections, KeypointRequest, KeypointSource
from mocap.readers.keypoints_files import (
    Progress,
    camera_files,
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
from mocap.readers.words import few

_HIDDEN = 0.5  # confidence of what an annotator placed without seeing it


@dataclass(frozen=True, eq=False)
class _Image:
    """One image: the camera that its name tells (empty when none), its frame and its size."""

    camera: str
    frame: int
    size: tuple[int, int] | None


@dataclass(frozen=True, eq=False)
class _Content:
    """People, shape (keypoint, 3), by image; names of keypoints where the file brings them."""

    images: Mapping[Any, _Image]
    people: tuple[tuple[Any, NDArray], ...]
    names: tuple[str, ...] | None
    flags: bool


def holds_coco(path: Path) -> bool:
    """Whether `path` is or holds JSON files of COCO annotations or results."""
    opening = _opening(path)
    if opening.startswith("{"):
        return any(has_key(opening, *keys) for keys in (("images",), ("annotations",), ("categories",)))
    return _is_results(opening) and not holds_alphapose(path)


def holds_alphapose(path: Path) -> bool:
    """Whether `path` is or holds JSON files as AlphaPose writes them: results by the names of the images."""
    opening = _opening(path)
    return _is_results(opening) and re.search(r'"image_id"\s*:\s*"', opening) is not None


def _opening(path: Path) -> str:
    file = first_json(path)
    direct = file is not None and (path.is_file() or file.parent == path)
    return opening_of(file) if file is not None and direct else ""


def _is_results(opening: str) -> bool:
    return opening.startswith("[") and has_key(opening, "image_id", "keypoints")


def read_coco(path: Path, request: KeypointRequest, progress: Progress | None = None) -> KeypointSource:
    """Read one file for all cameras, which the names of the images tell apart, or a folder with a file per camera.

    Raises
    ------
    KeypointError
        CAMERA_COUNT, CAMERA_NAMES, SKELETON_MISSING, SKELETON_SIZE.
    FormatError
        BROKEN_JSON, NOT_COCO, FRAME_NUMBERS, KEYPOINT_VALUES; each names the file.
    """
    files = [path] if path.is_file() else files_of(path, ".json")
    notes: tuple[str, ...] = ()
    if len(files) == 1 and len(request.camera_names) > 1:
        parts, source_of = _split(_read_file(files[0]), request, files[0])
        origin = dict.fromkeys(parts, files[0])
    else:
        origin, source_of, notes = camera_files(files, request)
        parts = {camera: _read_file(file) for camera, file in origin.items()}
    detections: dict[str, CameraDetections] = {}
    for camera, content in watched(parts.items(), progress):
        detections[camera], told = _arrange(content, request, origin[camera])
        notes += tuple(note for note in told if note not in notes)
    sizes = {camera: size for camera, content in parts.items() if (size := _size(content, origin[camera]))}
    return KeypointSource(detections, source_of, tuple(dict.fromkeys(origin.values())), notes, image_sizes=sizes)


def _not_coco(file: Path, what: str) -> FormatError:
    return FormatError(
        f"{file} is not a file of COCO keypoints: {what}.",
        "Give annotations with images, annotations and categories, or a list of results.",
        code="NOT_COCO",
    )


def _listed(document: Any, key: str, file: Path) -> list[dict[str, Any]]:
    found = document.get(key) if isinstance(document, dict) else document
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise _not_coco(file, f"there is no list of '{key}'")
    return found


def _read_file(file: Path) -> _Content:
    document = read_json(file)
    rows = _listed(document, "annotations", file)
    rows = [row for row in rows if "keypoints" in row]
    people = tuple((_key(row.get("image_id"), file), _person(row["keypoints"], file)) for row in rows)
    if isinstance(document, dict):
        images = {}
        for entry in _listed(document, "images", file):
            key = _key(entry.get("id"), file)
            if key in images:
                raise _not_coco(file, f"the image {key!r} is there twice")
            images[key] = _image(entry, file)
        names = _category_names(document, {str(row.get("category_id")) for row in rows}, file)
    else:
        keys = dict.fromkeys(key for key, _ in people)
        images = {key: _image({"file_name": key}, file) if isinstance(key, str) else _Image("", key, None)
                  for key in keys}  # fmt: skip
        names = None
    stray = next((key for key, _ in people if key not in images), None)
    if stray is not None:
        raise _not_coco(file, f"an annotation is of the image {stray!r}, which is not among the images")
    flags = isinstance(document, dict) and all(np.isin(person[:, 2], (0, 1, 2)).all() for _, person in people)
    return _Content(images, people, names, flags)


def _key(value: Any, file: Path) -> Any:
    return value if isinstance(value, str) else whole_number(value, "An image's number", file)


def _person(value: Any, file: Path) -> NDArray:
    numbers = number_array(value)
    if numbers is None or numbers.ndim != 1 or numbers.size % 3 or not numbers.size:
        raise _not_coco(file, "'keypoints' are not x, y and a third number each")
    return numbers.reshape(-1, 3)


def _image(entry: dict[str, Any], file: Path) -> _Image:
    name = entry.get("file_name")
    if not isinstance(name, str):
        raise _not_coco(file, "an image has no 'file_name'")
    place = PurePosixPath(name.replace("\\", "/"))
    size = [entry.get(key) for key in ("width", "height")]
    known = all(isinstance(length, int) and not isinstance(length, bool) and 0 < length < 1e6 for length in size)
    if not known and any(length is not None for length in size):
        raise _not_coco(file, f"the size of an image is {str(size)[:60]}")
    prefix = re.sub(r"[\W_]*\d+$", "", place.stem)
    camera = f"{place.parent}/{prefix}" if str(place.parent) != "." else prefix
    return _Image(camera, frame_number(place.stem, file), (int(size[0]), int(size[1])) if known else None)  # type: ignore[arg-type]


def _category_names(document: dict[str, Any], used: set[str], file: Path) -> tuple[str, ...] | None:
    named: dict[tuple[str, ...], None] = {}
    for entry in _listed(document, "categories", file) if "categories" in document else []:
        listed = entry.get("keypoints")
        if listed and (str(entry.get("id")) in used or not used):
            if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
                raise _not_coco(file, "a category's 'keypoints' are not names")
            named[tuple(listed)] = None
    if len(named) > 1 or any(len(set(names)) < len(names) for names in named):
        raise _not_coco(file, "its categories name the keypoints in several ways, or one twice")
    return next(iter(named), None)


def _split(content: _Content, request: KeypointRequest, file: Path) -> tuple[dict[str, _Content], dict[str, str]]:
    """Divide a file by the cameras that the names of its images tell."""
    found = list(dict.fromkeys(image.camera for image in content.images.values()))
    if len(found) < 2:
        raise KeypointError(
            f"The images of {file} are of one camera by their names; the calibration has "
            f"{len(request.camera_names)}: {few(request.camera_names)}.",
            "Name the images by camera and frame (cam_1/000012.jpg), or give one JSON file per camera.",
            code="CAMERA_COUNT",
        )
    source_of = match_cameras(found, request.camera_names, request.declared, request.leave_others)
    parts = {}
    for camera, name in source_of.items():
        images = {key: image for key, image in content.images.items() if image.camera == name}
        people = tuple((key, person) for key, person in content.people if key in images)
        parts[camera] = _Content(images, people, content.names, content.flags)
    return parts, source_of


def _size(content: _Content, file: Path) -> tuple[int, int] | None:
    sizes = {image.size for image in content.images.values() if image.size}
    if len(sizes) > 1:
        raise _not_coco(file, f"the images of one camera have several sizes: {sorted(sizes)[:4]}")
    return next(iter(sizes), None)


def _arrange(
    content: _Content, request: KeypointRequest, file: Path
) -> tuple[CameraDetections, tuple[str, ...]]:
    check_frames_once((image.frame for image in content.images.values()), file)
    names, notes = names_of_keypoints((person for _, person in content.people), content.names, request, file)
    frames: dict[int, list[NDArray]] = {image.frame: [] for image in content.images.values()}
    for key, person in content.people:
        frames[content.images[key].frame].append(_with_confidence(person) if content.flags else person)
    if content.flags:
        notes += (f"the files tell visible from hidden, no confidences: 1 and {_HIDDEN} are used.",)
    return stack_people(frames, names, str(file), 1.0 if content.flags else HIGHEST_SCORE), notes


def _with_confidence(person: NDArray) -> NDArray:
    return np.column_stack([person[:, :2], np.choose(person[:, 2].astype(int), [0.0, _HIDDEN, 1.0])])
