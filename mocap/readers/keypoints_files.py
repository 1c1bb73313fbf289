"""What the readers of keypoint files share: JSON with sound errors, frame numbers, files and folders of cameras."""

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mocap.errors import FormatError
from mocap.readers.files import read_bytes
from mocap.readers.keypoints_cameras import match_cameras
from mocap.readers.keypoints_common import KeypointRequest
from mocap.readers.words import complaint, few

_LARGEST_JSON = 4_000_000_000  # bytes; parsing takes several times as much memory
_SNIFFED = 65_536  # bytes in which a JSON file has to show what it is

Progress = Callable[[int, int], None]
Item = TypeVar("Item")


def watched(items: Collection[Item], progress: Progress | None) -> Iterator[Item]:
    """Yield the items, and tell after each how many are done and how many there are."""
    for done, item in enumerate(items, start=1):
        yield item
        if progress is not None:
            progress(done, len(items))


def folders_of(path: Path) -> list[Path]:
    """Return the folders in a folder, sorted; hidden ones are of the file system or of an editor."""
    return sorted(folder for folder in path.iterdir() if not folder.name.startswith(".") and folder.is_dir())


def files_of(path: Path, *suffixes: str) -> list[Path]:
    """Return the files in a folder that end so, sorted, without hidden ones as macOS leaves them (`._cam_1.json`)."""
    named = (file for file in path.iterdir() if not file.name.startswith("."))
    return sorted(file for file in named if file.suffix.lower() in suffixes and file.is_file())


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


def read_json(file: Path, largest: int = _LARGEST_JSON) -> Any:
    """Return the content of a JSON file of at most so many bytes.

    Raises
    ------
    SourceError
        FILE_MISSING, FILE_EMPTY.
    FormatError
        BROKEN_JSON, naming the file.
    """
    content = read_bytes(file)
    if len(content) > largest:
        raise FormatError(
            f"{file} has {len(content)} bytes, and at most {largest} are read.",
            "Split the recording; where each frame has a file, give one frame per file.",
            code="BROKEN_JSON",
        )
    try:
        return json.loads(content)
    except UnicodeDecodeError as error:
        raise FormatError(f"{file} is no JSON: it is not text.", "Give the JSON file.", code="BROKEN_JSON") from error
    except (ValueError, RecursionError) as error:
        raise FormatError(
            f"{file} is damaged or truncated: {complaint(error)}.", "Export or copy the file again.", code="BROKEN_JSON"
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
    source_of = match_cameras(list(by_name), request.camera_names, request.declared, request.leave_others)
    chosen = {camera: by_name[name] for camera, name in source_of.items()}
    ignored = sorted(file.name for file in files if file not in chosen.values())
    return chosen, source_of, (f"files that were not read: {few(ignored)}.",) if ignored else ()


def camera_folders(
    path: Path, request: KeypointRequest, suffix: str
) -> tuple[dict[str, list[Path]], dict[str, str], tuple[str, ...]]:
    """Return the files of each camera, the name of its folder, and notes on folders that were left out."""
    folders = {folder.name: found for folder in folders_of(path) if (found := files_of(folder, suffix))}
    source_of = match_cameras(list(folders), request.camera_names, request.declared, request.leave_others)
    ignored = sorted(folder.name for folder in folders_of(path) if folder.name not in source_of.values())
    notes = (f"folders that were not read: {few(ignored)}.",) if ignored else ()
    return {camera: folders[name] for camera, name in source_of.items()}, source_of, notes
