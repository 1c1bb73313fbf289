"""SLEAP: projects and predictions (`.slp`) and analysis HDF5, read by sleap-io (the extra `sleap`).

One file per camera, or one `.slp` whose videos are the cameras. Pixels count from the centre of the top-left pixel,
as SLEAP does since its format 1.1; sleap-io converts older files. Source: sleap-io's and SLEAP's documentation.
"""

import importlib.util
import mmap
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from mocap.errors import FormatError, KeypointError, MocapError
from mocap.readers.keypoints_cameras import match_cameras
from mocap.readers.keypoints_common import CameraDetections, KeypointRequest, KeypointSource
from mocap.readers.keypoints_files import Progress, camera_files, files_of
from mocap.readers.keypoints_isolated import Parsed, parse_isolated
from mocap.readers.keypoints_people import HIGHEST_SCORE, stack_people
from mocap.readers.words import few

_HDF5 = (".h5", ".hdf5")


def holds_sleap(path: Path) -> bool:
    """Whether `path` is a `.slp` file, or a folder of `.slp` files or of analysis HDF5."""
    if path.is_file():
        return path.suffix.lower() == ".slp" or (path.suffix.lower() in _HDF5 and _is_analysis(path))
    return path.is_dir() and bool(_files(path))


def _files(path: Path) -> list[Path]:
    hdf5 = files_of(path, *_HDF5)
    return files_of(path, ".slp") or (hdf5 if any(map(_is_analysis, hdf5)) else [])


def _is_analysis(file: Path) -> bool:
    """Whether the file names the datasets of an analysis; it is not opened as HDF5, which could crash."""
    try:
        with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(b"track_occupancy") >= 0 and content.find(b"node_names") >= 0
    except (OSError, ValueError):  # an empty file cannot be mapped
        return False


def read_sleap(path: Path, request: KeypointRequest, progress: Progress | None = None) -> KeypointSource:
    """Read one file per camera, or one `.slp` with a video per camera.

    Raises
    ------
    KeypointError
        EXTRA_MISSING when sleap-io is not installed; CAMERA_COUNT, CAMERA_NAMES, KEYPOINT_NAMES.
    FormatError
        BROKEN_HDF5, NOT_SLEAP, KEYPOINT_VALUES; each names the file.
    """
    if importlib.util.find_spec("sleap_io") is None:
        raise KeypointError(
            "SLEAP's files are read by the package sleap-io, which is not installed.",
            "Install the extra: pip install 'mocap[sleap]'.",
            code="EXTRA_MISSING",
        )
    files = [path] if path.is_file() else _files(path)
    if len(files) == 1 and len(request.camera_names) > 1:
        return _read_videos(files[0], request, progress)
    chosen, source_of, notes = camera_files(files, request, {file.stem: _plain(file) for file in files})
    found = [_checked(file, parsed) for file, parsed in zip(
        chosen.values(), parse_isolated("sleap", list(chosen.values()), progress), strict=True)]  # fmt: skip
    detections = {}
    for (camera, file), parsed in zip(chosen.items(), found, strict=True):
        if len(parsed.words["videos"]) != 1:
            raise _not_sleap(file, f"it holds {len(parsed.words['videos'])} videos, where a camera has one")
        detections[camera], told = _arrange(parsed, 0, str(file))
        notes += tuple(note for note in told if note not in notes)
    return KeypointSource(detections, source_of, tuple(chosen.values()), notes)


def _plain(file: Path) -> str:
    # SLEAP appends what made a file to the video's name: cam1.mp4.predictions.slp, labels.v001.000_cam1.analysis.h5.
    stem = file.stem
    for ending in (".analysis", ".predictions"):
        stem = stem.removesuffix(ending)
    return stem.partition(".000_")[2] or stem


def _read_videos(file: Path, request: KeypointRequest, progress: Progress | None) -> KeypointSource:
    (answer,) = parse_isolated("sleap", [file], progress)
    parsed = _checked(file, answer)
    names = [PurePosixPath(name.replace("\\", "/")) for name in parsed.words["videos"]]
    # Names are the stems, or whole paths where videos of several folders have one name.
    found = [name.stem for name in names] if len({name.stem for name in names}) == len(names) else list(map(str, names))
    if len(set(found)) < len(found):
        raise _not_sleap(file, "two of its videos have one name")
    source_of = match_cameras(found, request.camera_names, request.declared, request.leave_others)
    detections: dict[str, CameraDetections] = {}
    notes: tuple[str, ...] = ()
    for camera, name in source_of.items():
        detections[camera], told = _arrange(parsed, found.index(name), f"{file}, video {name}")
        notes += tuple(note for note in told if note not in notes)
    return KeypointSource(detections, source_of, (file,), notes)


def _not_sleap(file: Path, what: str) -> FormatError:
    return FormatError(
        f"{file} cannot be used: {what}.", "Export the predictions of each camera from SLEAP.", code="NOT_SLEAP"
    )


def _checked(file: Path, answer: Parsed | MocapError) -> Parsed:
    if isinstance(answer, MocapError):
        raise answer
    nodes: Sequence[str] = answer.words["nodes"]
    if not nodes or len(set(nodes)) < len(nodes) or not all(nodes):
        twice = sorted({name for name in nodes if nodes.count(name) > 1})
        what = f"it names {few(map(repr, twice))} twice" if twice else f"it names the nodes {few(map(repr, nodes))}"
        raise _not_sleap(file, what)
    return answer


def _arrange(parsed: Parsed, place: int, origin: str) -> tuple[CameraDetections, tuple[str, ...]]:
    arrays: Mapping[str, NDArray] = parsed.arrays
    people: dict[int, list[NDArray]] = {}
    for frame, person in zip(arrays[f"frames_{place}"], arrays[f"points_{place}"], strict=True):
        if np.isfinite(person[:, :2]).any():
            people.setdefault(int(frame), []).append(person)
    if any(abs(frame) > 1e9 for frame in people):
        raise FormatError(f"{origin} has the frame {max(people)}.", "Export it again.", code="FRAME_NUMBERS")
    found = stack_people(people, tuple(parsed.words["nodes"]), origin, HIGHEST_SCORE)
    if parsed.words["scored"]:
        return found, ()
    return found, (f"{origin}: all points were set by hand, without scores; confidence 1 is used.",)
