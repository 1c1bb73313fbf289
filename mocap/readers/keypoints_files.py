"""What the readers of keypoint files share: JSON with sound errors, frame numbers, files of cameras, skeletons."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.config.presets import preset_names
from mocap.errors import FormatError, KeypointError
from mocap.readers.files import read_bytes
from mocap.readers.keypoints_cameras import match_cameras
from mocap.readers.keypoints_common import CameraDetections, KeypointRequest, clean
from mocap.skeleton import Skeleton, read_skeleton

_LARGEST_JSON = 4_000_000_000  # bytes; parsing takes several times as much memory
_SNIFFED = 65_536  # bytes in which a JSON file has to show what it is
_HIGHEST_PEAK = 10.0


def folders_of(path: Path) -> list[Path]:
    """Return the folders in a folder, sorted."""
    return sorted(folder for folder in path.iterdir() if folder.is_dir())


def files_of(path: Path, *suffixes: str) -> list[Path]:
    """Return the files in a folder that end so, sorted."""
    return sorted(file for file in path.iterdir() if file.suffix.lower() in suffixes and file.is_file())


def first_json(path: Path) -> Path | None:
    """Return the JSON file itself, the first of a folder, or the first of the folders in a folder."""
    if path.is_file():
        return path if path.suffix.lower() == ".json" else None
    for folder in (path, *folders_of(path)):
        found = files_of(folder, ".json")
        if found:
            return found[0]
    return None


def opening_of(file: Path) -> str:
    """Return the first 64 kB of a file as text; empty when it cannot be read."""
    try:
        with file.open("rb") as stream:
            return stream.read(_SNIFFED).decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    except OSError:
        return ""


def has_key(opening: str, *keys: str) -> bool:
    """Whether all of these are keys in the beginning of a JSON file."""
    return all(re.search(rf'"{key}"\s*:', opening) for key in keys)


def read_json(file: Path) -> Any:
    """Return the content of a JSON file.

    Raises
    ------
    SourceError
        FILE_MISSING, FILE_EMPTY.
    FormatError
        BROKEN_JSON, naming the file.
    """
    content = read_bytes(file)
    if len(content) > _LARGEST_JSON:
        raise FormatError(f"{file} has {len(content)} bytes.", "Split the recording.", code="BROKEN_JSON")
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FormatError(
            f"{file} is damaged or truncated: {error}.", "Export or copy the file again.", code="BROKEN_JSON"
        ) from error


def number_array(value: Any) -> NDArray | None:
    """Return lists of numbers as a float array; None where they hold anything else or are of unequal length."""
    try:
        found = np.asarray(value)
    except (ValueError, OverflowError):
        return None
    return found.astype(float) if found.dtype.kind in "iuf" or not found.size else None


def frame_number(name: str, file: Path) -> int:
    """Return the last number in a name as the frame number.

    Raises
    ------
    FormatError
        FRAME_NUMBERS when there is none.
    """
    # OpenPose itself writes `video_000000000012_keypoints.json`.
    digits = re.findall(r"\d+", name.removesuffix("_keypoints"))
    if not digits or len(digits[-1]) > 15:
        raise FormatError(
            f"The name '{name}' in {file} holds no frame number.",
            "Keep the frame number in the names, as the detector writes them.",
            code="FRAME_NUMBERS",
        )
    return int(digits[-1])


def whole_number(value: Any, what: str, file: Path) -> int:
    """Return a frame number of a file as an integer.

    Raises
    ------
    FormatError
        FRAME_NUMBERS when it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) > 1e15:
        raise FormatError(f"{what} is {str(value)[:40]!r} in {file}.", "Give whole numbers.", code="FRAME_NUMBERS")
    if value != int(value):
        raise FormatError(f"{what} is {value} in {file}.", "Give whole numbers.", code="FRAME_NUMBERS")
    return int(value)


def check_frames_once(frames: Iterable[int], origin: Path | str) -> None:
    """Refuse frames that are there twice.

    Raises
    ------
    FormatError
        FRAME_NUMBERS.
    """
    doubled = sorted(number for number, count in Counter(frames).items() if count > 1)
    if doubled:
        raise FormatError(
            f"The frames {doubled[:5]} are there more than once in {origin}.",
            "Keep each frame of a camera once.",
            code="FRAME_NUMBERS",
        )


def camera_files(
    files: Sequence[Path], request: KeypointRequest, stems: Mapping[str, str] | None = None
) -> tuple[dict[str, Path], dict[str, str], tuple[str, ...]]:
    """Return the file of each camera, its name, and notes on files that were left out.

    Parameters
    ----------
    files : sequence of Path
        One per camera.
    request : KeypointRequest
    stems : mapping of str to str, optional
        Name of a file without its ending to what of it names the camera.
    """
    by_name = {(stems or {}).get(file.stem, file.stem): file for file in files}
    source_of = match_cameras(list(by_name), request.camera_names, request.declared)
    chosen = {camera: by_name[name] for camera, name in source_of.items()}
    ignored = sorted(file.name for file in files if file not in chosen.values())
    return chosen, source_of, (f"files that were not read: {', '.join(ignored)}.",) if ignored else ()


def skeleton_for(request: KeypointRequest, count: int, origin: Path | str) -> tuple[Skeleton, tuple[str, ...]]:
    """Return the skeleton of files that do not name their keypoints, and a note where their number told it.

    Raises
    ------
    KeypointError
        SKELETON_SIZE when the given one has another number of keypoints; SKELETON_MISSING when none is given and
        not exactly one of the known ones has that number.
    """
    if request.skeleton is not None:
        skeleton = read_skeleton(request.skeleton)
        if len(skeleton.keypoints) != count:
            raise KeypointError(
                f"{origin} has people of {count} keypoints, skeleton '{skeleton.name}' has {len(skeleton.keypoints)}.",
                "Give the skeleton that the detector was run with.",
                code="SKELETON_SIZE",
            )
        return skeleton, ()
    known = [read_skeleton(preset) for preset in preset_names("skeletons")]
    fitting = [skeleton for skeleton in known if skeleton.ordered and len(skeleton.keypoints) == count]
    if len(fitting) == 1:
        name = fitting[0].name
        return fitting[0], (f"{count} keypoints without names: taken as {name}, the one known skeleton of that size.",)
    raise KeypointError(
        f"{origin} does not say which skeleton it is of; it has {count} keypoints.",
        f"Give the skeleton, one of: {', '.join(skeleton.name for skeleton in fitting) or 'none of the known ones'}.",
        code="SKELETON_MISSING",
    )


def stack_people(
    people: Mapping[int, Sequence[NDArray]], names: tuple[str, ...], origin: str, peaks: bool = False
) -> tuple[CameraDetections, tuple[str, ...]]:
    """Return the people of one camera, and notes.

    Parameters
    ----------
    people : mapping of int to sequence of ndarray, shape (keypoint, 3)
        Frame number to x, y and confidence of everybody.
    names : tuple of str
    origin : str
        For the errors.
    peaks : bool
        The confidences are heights of peaks, which may pass 1: those are taken as 1, with a note.
    """
    frames = sorted(people)
    rows = np.full((len(frames), max([len(found) for found in people.values()] + [1]), len(names), 3), np.nan)
    for row, frame in zip(rows, frames, strict=True):
        for place, person in enumerate(people[frame]):
            row[place] = person
    confidence = rows[..., 2]
    notes: tuple[str, ...] = ()
    if peaks:
        confidence, notes = capped(confidence, origin)
    pixels, confidence = clean(rows[..., :2], confidence, origin)
    return CameraDetections(np.array(frames, np.int64), pixels, confidence, names), notes


def capped(confidence: NDArray, origin: str) -> tuple[NDArray, tuple[str, ...]]:
    """Return confidences of at most 1, and a note; beyond 10 they are no confidences and stay for the refusal."""
    high = (confidence > 1) & (confidence <= _HIGHEST_PEAK)
    if not high.any():
        return confidence, ()
    share, most = 100 * high.sum() / max(int(np.isfinite(confidence).sum()), 1), float(confidence[high].max())
    note = f"{origin}: {share:.1f} % of the scores pass 1 (up to {most:.2f}); taken as 1."
    return np.where(high, 1.0, confidence), (note,)
