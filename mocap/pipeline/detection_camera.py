"""The keypoints of one camera's footage: read, detected and written in one pass, in memory that holds numbers alone."""

import time
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.sources import CameraSource
from mocap import __version__
from mocap.errors import MocapError, ShapeError, SourceError
from mocap.export.keypoint_parts import CameraRows, camera_facts, write_camera_rows
from mocap.keypoints.detector import Detection
from mocap.keypoints.pose.drawing import contact_sheet, picture
from mocap.pipeline.detectors import PreparedDetector
from mocap.pipeline.digests import file_sha256, options_sha256, text_sha256
from mocap.readers.video import VideoInfo, frame_pts_s, iter_footage, read_video_info
from mocap.sync.dropped import order_frames

#: `tell(done, total)`: frames of this camera.
Tell = Callable[[int, int | None], None]
_TELL_EVERY_S = 0.25
_RATES_ALIKE = 1e-3
_SHOWN, _SHOWN_PX = 12, 480  # images on a contact sheet, and the longer side of each


@dataclass(frozen=True)
class CameraTask:
    """One camera's footage, what is to find its keypoints, and where they go.

    Attributes
    ----------
    source : CameraSource
    prepared : PreparedDetector
    part : Path
        Parquet table of this camera.
    overlay : Path, optional
        PNG of some of its images with the keypoints drawn into them.
    """

    source: CameraSource
    prepared: PreparedDetector
    part: Path
    overlay: Path | None = None


@dataclass(frozen=True)
class CameraOutcome:
    """What became of one camera: `done`, `skipped` (nothing changed) or `refused`, with its error.

    `facts` are those of the table; `seconds` what it took.
    """

    camera: str
    state: str
    facts: Mapping[str, Any]
    seconds: float = 0.0
    error: tuple[str, str, str] | None = None

    @property
    def text(self) -> str:
        """One line on what was found, or why nothing was."""
        if self.error is not None:
            code, cause, remedy = self.error
            return f"{code}: {cause} Remedy: {remedy}"
        frames, seen = self.facts["frames"], self.facts["frames_with_keypoints"]
        width, height = self.facts["size"]
        rate = f", {frames / self.seconds:.0f} frames/s" if self.seconds > 0 else ""
        people = self.facts["people"]
        several = f", up to {people} people" if people > 1 else ""
        return f"{seen} of {frames} frames with keypoints{several}, {width} x {height} px{rate}"


def finished(task: CameraTask) -> CameraOutcome | None:
    """Return the outcome of a camera whose footage and settings did not change since it was done; None for others."""
    known = camera_facts(task.part)
    if "key" not in known or (task.overlay is not None and not task.overlay.is_file()):
        return None
    try:
        same = known["key"] == _key(task)
    except MocapError:
        return None  # what is wrong with the footage is told where it is worked on
    return CameraOutcome(task.source.name, "skipped", known) if same else None


def detect_camera(task: CameraTask, tell: Tell) -> CameraOutcome:
    """Find the keypoints of one camera and write them whole.

    What the data are refused for is returned, not raised: it has to get from one process to another.
    """
    started = time.perf_counter()
    name = task.source.name
    try:
        key = _key(task)
        info = read_video_info(task.source.path) if task.source.kind == "video" else None
        rows, size, pictures = _detected(task, info.n_frames if info else len(task.source.files), tell)
        facts = {"size": size, "detector": task.prepared.name, "key": key, "footage": task.source.path.name,
                 "rate_hz": _rate_hz(info) if info else None}  # fmt: skip
        if task.overlay is not None and pictures:
            _write_whole(task.overlay, contact_sheet(pictures))
        write_camera_rows(task.part, rows, facts)  # last: with it the camera counts as finished
    except MocapError as error:
        return CameraOutcome(name, "refused", {}, 0.0, (error.code, error.cause, error.remedy))
    return CameraOutcome(name, "done", camera_facts(task.part), time.perf_counter() - started)


def _write_whole(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.part")
    beside.write_bytes(content)
    beside.replace(path)


def _key(task: CameraTask) -> str:
    """Return the digest of all that the keypoints depend on."""
    source = task.source
    if source.kind == "video":
        footage = file_sha256(source.path)
    else:
        images = zip(source.indices, source.files, strict=True)
        footage = text_sha256(f"{index} {file_sha256(path)}" for index, path in images)
    return options_sha256(
        {"footage": footage, "detector": task.prepared.name, "facts": dict(task.prepared.facts), "version": __version__}
    )


def _rate_hz(info: VideoInfo) -> float | None:
    """Return the rate of a video by its frames' own times, or by its tag where they agree; None where neither is.

    Frames that were dropped do not count: a camera that lost some is still as fast as the others.
    """
    tagged, own = float(info.tagged_rate_hz), _own_rate(info)
    if np.isfinite(own) and np.isfinite(tagged) and abs(own / tagged - 1.0) < _RATES_ALIKE:
        return tagged
    return own if np.isfinite(own) else None


def _own_rate(info: VideoInfo) -> float:
    times = frame_pts_s(info.path)
    if len(times) < 2 or not np.isfinite(times).all():
        return float(info.mean_rate_hz)
    try:
        return 1.0 / order_frames(times).interval_s
    except ShapeError:
        return float(info.mean_rate_hz)


def _detected(task: CameraTask, total: int, tell: Tell) -> tuple[CameraRows, tuple[int, int], list[NDArray]]:
    shown = _shown_frames(total) if task.overlay is not None else set()
    detector, size, told, last = None, (0, 0), 0.0, -1
    frames, people, values, pictures = array("q"), array("i"), array("f"), []
    prepared = task.prepared
    for index, image in iter_footage(task.source, colour=prepared.colour, threads=1, stored=prepared.stored):
        if detector is None:
            size = (image.shape[1], image.shape[0])
            detector = prepared.make(size)
        found = detector.detect(image)
        _append(found, index, frames, people, values)
        last = index
        if index in shown:
            label = f"{task.source.name} {index}"
            first = slice(prepared.drawn)
            places, sure = found.pixels[:, first], found.confidence[:, first]
            pictures.append(picture(image, places, sure, detector.names[first], _SHOWN_PX, label))
        if time.perf_counter() - told > _TELL_EVERY_S:
            told = time.perf_counter()
            tell(index + 1, total)
    if detector is None:
        raise SourceError(
            f"The footage of camera '{task.source.name}' ({task.source.path}) holds no frame.",
            "Copy it again from the camera.", code="VIDEO_UNREADABLE",
        )  # fmt: skip
    tell(last + 1, last + 1)
    table = np.frombuffer(values, np.float32).reshape(len(frames), len(detector.names), 3)
    rows = CameraRows(
        task.source.name, tuple(detector.names), np.array(frames, int), np.array(people, int), table[..., :2],
        table[..., 2], last + 1,
    )  # fmt: skip
    return rows, size, pictures


def _append(found: Detection, index: int, frames: array, people: array, values: array) -> None:
    for person, (pixels, confidence) in enumerate(zip(found.pixels, found.confidence, strict=True)):
        frames.append(index)
        people.append(person)
        values.frombytes(np.column_stack((pixels, confidence)).astype(np.float32).tobytes())


def _shown_frames(total: int) -> set[int]:
    """Return the frames to show, evenly spread."""
    return set(np.unique(np.linspace(0, max(total - 1, 0), _SHOWN).round().astype(int)).tolist())
