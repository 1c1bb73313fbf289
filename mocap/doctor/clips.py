"""The footage of a session as the doctor sees it: which file is whose, what it says of itself, a few pictures."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration.sources import CameraSource, find_sources, frame_size
from mocap.doctor.finding import LOOK, STOP, Finding, refused
from mocap.errors import MocapError
from mocap.readers.video import iter_footage, read_video_info
from mocap.readers.video_container import read_index

CALIBRATION = "calibration"
_THREADS = 2


@dataclass(frozen=True, eq=False)
class Clip:
    """The recording of one camera in one place.

    Attributes
    ----------
    place : str
        `calibration`, or the name of a trial.
    camera : str
    source : CameraSource
    size : tuple of int
        Width and height, px, as the pictures are shown.
    n_frames : int
    rotation_deg : int
        Of the tag; 0 for images.
    times_s : ndarray, shape (frame,)
        From the container; empty where there are none.
    pictures : mapping of int to ndarray
        Some of its frames, gray, by their index.
    """

    place: str
    camera: str
    source: CameraSource
    size: tuple[int, int]
    n_frames: int
    rotation_deg: int
    times_s: NDArray
    pictures: Mapping[int, NDArray]

    @property
    def about(self) -> str:
        """Where it is, in words."""
        return f"{self.place}/{self.camera}"

    @property
    def rate_hz(self) -> float:
        """Rate of the frames, by the usual interval between them, whatever was dropped; NaN without times."""
        usual = float(np.median(np.diff(self.times_s))) if len(self.times_s) > 1 else 0.0
        return 1.0 / usual if usual > 0 else float("nan")


@dataclass(frozen=True)
class Row:
    """One line of the table that tells which file is whose."""

    place: str
    camera: str
    file: str
    size: str = ""
    frames: str = ""
    rate: str = ""


def matched(folder: Path, place: str, patterns: Mapping[str, str]) -> tuple[dict[str, CameraSource], list[Finding]]:
    """Return the footage of each camera in a folder, and what does not fit.

    Parameters
    ----------
    folder : Path
    place : str
        Its name in findings.
    patterns : mapping of str to str
        File pattern by camera; each file is a camera of its own name where there are none.
    """
    try:
        sources, _ = find_sources(folder)
    except MocapError as error:
        return {}, [refused(error, place)]
    if not patterns:
        return {source.name: source for source in sources}, []
    found: dict[str, CameraSource] = {}
    findings: list[Finding] = []
    there = ", ".join(source.path.name for source in sources)
    for camera, pattern in patterns.items():
        fitting = [one for one in sources if pattern in {one.name, one.path.name}] or [
            one for one in sources if fnmatch(one.path.name, pattern) or fnmatch(one.name, pattern)
        ]
        if len(fitting) == 1:
            found[camera] = fitting[0]
        elif not fitting:
            findings.append(Finding(
                "CAMERA_NO_FILE", STOP, f"{place}/{camera}", f"No footage fits '{pattern}'; there is {there}.",
                "Add the file of that camera, or mend its pattern in [cameras].",
            ))  # fmt: skip
        else:
            names = ", ".join(one.path.name for one in fitting)
            findings.append(Finding(
                "CAMERA_PATTERN", STOP, f"{place}/{camera}", f"'{pattern}' fits several files: {names}.",
                "Give each camera in [cameras] a pattern that fits one file or folder.",
            ))  # fmt: skip
    return found, [*findings, *_misfits(place, sources, found)]


def _misfits(place: str, sources: Sequence[CameraSource], found: Mapping[str, CameraSource]) -> list[Finding]:
    """Files of no camera, and files of two."""
    findings = []
    paths = [source.path for source in found.values()]
    for source in sources:
        owners = [camera for camera, one in found.items() if one.path == source.path]
        if not owners:
            findings.append(Finding(
                "FILE_UNUSED", LOOK, place, f"{source.path.name} is footage of no camera of the session.",
                "Name its camera in [cameras], or move it out of the folder.",
            ))  # fmt: skip
        elif len(owners) > 1 and paths.count(source.path) > 1:
            findings.append(Finding(
                "CAMERA_PATTERN", STOP, place, f"{source.path.name} is the file of {' and of '.join(owners)}.",
                "Give each camera in [cameras] a pattern that fits its own file.",
            ))  # fmt: skip
    return findings


def read_clips(
    place: str, sources: Mapping[str, CameraSource], wanted: Sequence[int], every: int
) -> tuple[list[Clip], list[Finding]]:
    """Read what each recording says of itself, and some of its pictures.

    Parameters
    ----------
    place : str
    sources : mapping of str to CameraSource
    wanted : sequence of int
        Frames that are looked at where they are there.
    every : int
        So many more, spread over the frames that all cameras have.
    """
    findings: list[Finding] = []
    known = {}
    for camera, source in sources.items():
        try:
            known[camera] = _facts(source)
        except MocapError as error:
            findings.append(refused(error, f"{place}/{camera}"))
    shortest = min((facts[1] for facts in known.values()), default=0)
    spread = np.linspace(0, max(0, shortest - 1), every).astype(int)
    frames = sorted(set(spread.tolist()) | {frame for frame in wanted if frame < shortest})

    def looked(camera: str) -> Clip | Finding:
        size, count, turned, times = known[camera]
        try:
            pictures = {frame: _picture(sources[camera], frame) for frame in frames}
        except MocapError as error:
            return refused(error, f"{place}/{camera}")
        return Clip(place, camera, sources[camera], size, count, turned, times, pictures)

    with ThreadPoolExecutor(_THREADS) as pool:
        seen = list(pool.map(looked, known))
    return [one for one in seen if isinstance(one, Clip)], [*findings, *(o for o in seen if isinstance(o, Finding))]


def _facts(source: CameraSource) -> tuple[tuple[int, int], int, int, NDArray]:
    if source.kind == "images":
        return frame_size(source), len(source.files), 0, np.zeros(0)
    info, index = read_video_info(source.path), read_index(source.path)
    return info.size, info.n_frames, info.rotation_deg, index.ticks * index.seconds_per_tick


def _picture(source: CameraSource, frame: int) -> NDArray:
    return next(image for _, image in iter_footage(source, start=frame, stop=frame + 1, threads=1))


def row_of(clip: Clip) -> Row:
    """Return the line of the table for a recording."""
    rate = f"{clip.rate_hz:.2f} Hz" if np.isfinite(clip.rate_hz) else ""
    size = f"{clip.size[0]} x {clip.size[1]}"
    return Row(clip.place, clip.camera, clip.source.path.name, size, str(clip.n_frames), rate)
