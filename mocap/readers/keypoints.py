"""Keypoints that other programs detected, in one form: the table `KEYPOINT_READERS` names the formats."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from mocap.errors import FormatError, KeypointError, SourceError
from mocap.keypoints import PeopleKeypoints
from mocap.readers.keypoints_checks import (
    check_pixels,
    check_sizes,
    chosen_rate,
    high_scores,
    stray_names,
    unscored_samples,
    unused_skeleton,
    views,
)
from mocap.readers.keypoints_coco import holds_alphapose, holds_coco, read_coco
from mocap.readers.keypoints_common import KeypointRequest, KeypointSource, join_cameras, select_keypoints
from mocap.readers.keypoints_deeplabcut import holds_deeplabcut, read_deeplabcut
from mocap.readers.keypoints_files import Progress, files_of, folders_of
from mocap.readers.keypoints_long import holds_long, read_long
from mocap.readers.keypoints_mediapipe import holds_mediapipe, read_mediapipe
from mocap.readers.keypoints_mmpose import holds_mmpose, read_mmpose
from mocap.readers.keypoints_openpose import holds_openpose, read_openpose
from mocap.readers.keypoints_pose2sim import holds_pose2sim, read_pose2sim
from mocap.readers.keypoints_sleap import holds_sleap, read_sleap
from mocap.readers.words import few

_READ = (".json", ".csv", ".h5", ".hdf5")
_TABLES = (".csv", ".parquet", ".pq")
_MOST_LOOKED_AT = 1000  # files, to say what lies in a folder


@dataclass(frozen=True)
class KeypointReader:
    """One format: what it is, whether a path holds it, its reader, and whether it always lists a whole skeleton."""

    description: str
    holds: Callable[[Path], bool]
    read: Callable[[Path, KeypointRequest, Progress | None], KeypointSource]
    whole_skeleton: bool = False


# In the order in which a path is tried when the format is not given.
KEYPOINT_READERS: Mapping[str, KeypointReader] = {
    "pose2sim": KeypointReader("a Pose2Sim project with Config.toml and the folder pose", holds_pose2sim,
                               read_pose2sim, whole_skeleton=True),
    "mmpose": KeypointReader("a folder with MMPose's JSON, one file per camera or one folder of them per camera",
                             holds_mmpose, read_mmpose, whole_skeleton=True),
    "alphapose": KeypointReader("a folder with one JSON file of AlphaPose per camera, or one file for all",
                                holds_alphapose, read_coco, whole_skeleton=True),
    "coco": KeypointReader("COCO annotations or results: one JSON file per camera, or one for all", holds_coco,
                           read_coco, whole_skeleton=True),
    "mediapipe": KeypointReader("a folder with one CSV or JSON file of MediaPipe's 33 landmarks per camera",
                                holds_mediapipe, read_mediapipe, whole_skeleton=True),
    "sleap": KeypointReader("a folder with one .slp or analysis HDF5 file per camera, or one .slp with all videos",
                            holds_sleap, read_sleap),
    "openpose": KeypointReader("a folder with one folder of JSON files per camera", holds_openpose, read_openpose,
                               whole_skeleton=True),
    "deeplabcut": KeypointReader("a folder with one CSV or HDF5 file per camera", holds_deeplabcut, read_deeplabcut),
    "long": KeypointReader("a CSV or Parquet file with the columns camera, frame, keypoint, x, y, confidence",
                           holds_long, read_long),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class KeypointRecording:
    """Keypoints of all cameras of one recording.

    Attributes
    ----------
    people : PeopleKeypoints
        Cameras in the order asked for. With one person, `people.person(0)` is all there is.
    source : str
        Format, a key of `KEYPOINT_READERS`.
    source_of : mapping of str to str
        Camera name to the name of its file or folder.
    first_frame : int
        Number of the frame that comes first.
    files : tuple of Path
        All files that were read.
    notes : tuple of str
        What the user should know: frames that are not there, files that were left out.
    sizes_apart : tuple of str
        Per camera whose images are a little larger or smaller than those asked for, both sizes in words.
    """

    people: PeopleKeypoints
    source: str
    source_of: Mapping[str, str]
    first_frame: int
    files: tuple[Path, ...]
    notes: tuple[str, ...]
    sizes_apart: tuple[str, ...] = ()


def read_keypoints(
    path: Path | str,
    *,
    camera_names: Sequence[str],
    rate_hz: float | None = None,
    source: str = "auto",
    skeleton: str | None = None,
    declared: Mapping[str, str] | None = None,
    keypoints: Sequence[str] | None = None,
    image_sizes: Mapping[str, tuple[int, int]] | None = None,
    progress: Progress | None = None,
    leave_others: bool = False,
) -> KeypointRecording:
    """Read the keypoints of all cameras.

    Parameters
    ----------
    path : Path or str
        File or folder, see `KEYPOINT_READERS`.
    camera_names : sequence of str
        As in the calibration; also the order of the result.
    rate_hz : float, optional
        Frame rate; it may be left out where the files tell it, and goes before what they tell.
    source : str
        A key of `KEYPOINT_READERS`, or `auto`.
    skeleton : str, optional
        Name of a skeleton of `configs/skeletons`, or the path of one in TOML, where files do not name their
        keypoints; where they do, their names are used, and a note says so if the skeleton has others or another
        order. Left out, the one known skeleton with as many keypoints is taken, if there is one alone.
    declared : mapping of str to str, optional
        Camera name to the name of its folder, file (without ending) or label, where the names do not tell.
    keypoints : sequence of str, optional
        Read these alone.
    image_sizes : mapping of str to (int, int), optional
        Camera name to width and height, as in the calibration: fractions of the image become pixels by them, and
        samples far outside are left out.
    progress : callable, optional
        Called with the files done and all files.
    leave_others : bool
        There may be files of other cameras too, which are not read.

    Returns
    -------
    KeypointRecording

    Raises
    ------
    KeypointError
        RATE_MISSING, SOURCE_UNKNOWN, CAMERA_COUNT, CAMERA_NAMES, SKELETON_MISSING, SKELETON_SIZE, KEYPOINT_NAMES,
        KEYPOINT_UNKNOWN, KEYPOINT_EMPTY, NO_FRAMES, FRAMES_APART, DOUBLED_ROWS, IMAGE_SIZE, IMAGE_SIZE_MISSING,
        KEYPOINTS_NORMALISED, EXTRA_MISSING.
    SourceError
        FILE_MISSING, FILE_EMPTY, NOT_A_FILE, FILE_TOO_LARGE.
    FormatError
        What the files are not; names the file.
    """
    path = Path(path)
    _check_there(path)
    name = _source_of(path) if source == "auto" else _known_source(source)
    reader = KEYPOINT_READERS[name]
    if not reader.holds(path):
        raise FormatError(
            f"{path} is not what format '{name}' means: {reader.description}.",
            "Give the path of that, or leave the format out to have it found.",
            code="WRONG_SOURCE",
        )
    request = KeypointRequest(tuple(camera_names), skeleton, declared, image_sizes, leave_others)
    found = reader.read(path, request, progress)
    rate, rate_notes = chosen_rate(rate_hz, found.rate_hz, path)
    sizes_apart = check_sizes(found.image_sizes, image_sizes or {})
    detections, pixel_notes = check_pixels(found.detections, {**found.image_sizes, **(image_sizes or {})})
    notes = (*found.notes, *rate_notes, *pixel_notes, *unused_skeleton(detections, skeleton), *high_scores(detections),
             *unscored_samples(detections))
    source_of, files = found.source_of, found.files
    del found  # else a long recording would be held twice
    seen_notes = (*stray_names(next(iter(detections.values())).names), *views(detections))
    people, first_frame, joint_notes = join_cameras(detections, rate)
    people, remarks = select_keypoints(people, keypoints, reader.whole_skeleton)
    return KeypointRecording(
        people, name, source_of, first_frame, files, (*notes, *joint_notes, *seen_notes, *remarks), sizes_apart
    )


def _known_source(source: str) -> str:
    if source not in KEYPOINT_READERS:
        near = difflib.get_close_matches(source, KEYPOINT_READERS, n=1)
        hint = f"Did you mean '{near[0]}'? " if near else ""
        raise KeypointError(
            f"There is no keypoint format '{source}'.",
            f"{hint}Known: auto, {', '.join(KEYPOINT_READERS)}.",
            code="SOURCE_UNKNOWN",
        )
    return source


def _check_there(path: Path) -> None:
    if not path.exists():
        raise SourceError(f"There is no file or folder {path}.", "Check the path.", code="FILE_MISSING")
    if not (path.is_file() or path.is_dir()):
        raise SourceError(f"{path} is no file, but a device, a pipe or a socket.", "Name a file.", code="NOT_A_FILE")
    if path.is_file() and not path.stat().st_size:
        raise SourceError(f"{path} is empty.", "Export or copy the file again.", code="FILE_EMPTY")
    if path.is_dir() and not any(path.iterdir()):
        raise SourceError(f"The folder {path} is empty.", "Give the folder of the keypoint files.", code="FILE_EMPTY")


def _source_of(path: Path) -> str:
    for name, reader in KEYPOINT_READERS.items():
        if reader.holds(path):
            return name
    there, footage = _what_is_there(path)
    advice = "Find keypoints in footage with `mocap detect` first." if footage else "Give keypoints of another program."
    inside = _known_inside(path)
    if inside is not None:
        advice = f"{inside[0].name} in it is of format '{inside[1]}': give the path {inside[0]}."
    raise FormatError(
        f"{path} holds no keypoints in a known format: {there}.",
        f"{advice} Known formats: {', '.join(KEYPOINT_READERS)}.",
        code="SOURCE_UNKNOWN",
    )


def _known_inside(path: Path) -> tuple[Path, str] | None:
    """Return what lies in a folder and is known by itself, where there is one such thing alone, and its format."""
    children = [*folders_of(path), *files_of(path, *_TABLES)] if path.is_dir() else []
    formats = ((child, next((name for name, reader in KEYPOINT_READERS.items() if reader.holds(child)), ""))
               for child in children[:_MOST_LOOKED_AT])  # fmt: skip
    found = list(islice((one for one in formats if one[1]), 2))
    return found[0] if len(found) == 1 else None


def _what_is_there(path: Path) -> tuple[str, bool]:
    """Return what lies there in place of keypoints, and whether it is footage."""
    from calibration.sources import IMAGE_SUFFIXES, VIDEO_SUFFIXES  # brings OpenCV along

    listed = [path] if path.is_file() else islice((file for file in path.rglob("*") if file.is_file()), _MOST_LOOKED_AT)
    sizes = {file: file.stat().st_size for file in listed}
    empty = next((file for file, size in sizes.items() if not size), None)
    if empty is not None:
        return f"{empty.name} is empty", False
    endings = sorted({file.suffix.lower() or "no ending" for file in sizes})
    read = any(ending in _READ for ending in endings)
    found = f"found {few(endings)}" + (", and in none what a known program writes" if read else "")
    return found, bool(endings) and all(ending in VIDEO_SUFFIXES + IMAGE_SUFFIXES for ending in endings)
