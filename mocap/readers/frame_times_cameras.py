"""When every camera took its frames: by its own file, else by the container of its video, else by the nominal rate."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration.digits import digits
from calibration.sources import CameraSource
from mocap.errors import FormatError, ShapeError, SourceError
from mocap.readers.frame_times import (
    FrameTimes,
    FrameTimeTable,
    common_zero,
    find_frame_time_file,
    read_frame_time_table,
)
from mocap.readers.video import frame_pts_s, read_video_info
from mocap.sync.dropped import FrameOrder, order_frames
from mocap.trial import CameraTimes

TIMESTAMPS, CONTAINER, NOMINAL = "timestamps", "container", "nominal rate"
_WRONG_TAG = 0.005
_WITHOUT_TAG = (".mp4", ".mov", ".m4v")


@dataclass(frozen=True, eq=False)
class CameraFrames:
    """The frames of all cameras in the order of time.

    Attributes
    ----------
    times : CameraTimes
        With its source per camera, and all that a user should know.
    orders : tuple of FrameOrder
        Per camera which frame of the footage stands where, what was dropped, doubled or out of order.
    common_clock : bool
        The times of all cameras come from one clock, so they can be compared.
    zero_s : float
        What was taken off the common clock; 0 without one.
    """

    times: CameraTimes
    orders: tuple[FrameOrder, ...]
    common_clock: bool
    zero_s: float = 0.0

    @property
    def footage_index(self) -> NDArray:
        """Frame of the footage at each time, shape (camera, frame); -1 after a camera's last."""
        index = np.full(self.times.time_s.shape, -1)
        for row, order in zip(index, self.orders, strict=True):
            row[: len(order.footage_index)] = order.footage_index
        return index

    @property
    def rate_hz(self) -> NDArray:
        """Frames per second of each camera by its own times, shape (camera,); NaN for one frame."""
        return np.array([1.0 / order.interval_s if order.interval_s > 0 else np.nan for order in self.orders])


@dataclass(frozen=True, eq=False)
class _Camera:
    order: FrameOrder
    source: str
    notes: tuple[str, ...]
    file: FrameTimes | None = None


def read_camera_times(
    sources: Sequence[CameraSource], *, declared: Mapping[str, Path] | None = None,
    rate_hz: float | Mapping[str, float] | None = None,
) -> CameraFrames:
    """Read when each frame of each camera was taken.

    Parameters
    ----------
    sources : sequence of CameraSource
        Footage, one of each camera.
    declared : mapping of str to Path, optional
        File of frame times by camera, where it does not lie beside the footage under a usual name.
    rate_hz : float or mapping of str to float, optional
        Nominal rate, of all cameras or by camera.

    Returns
    -------
    CameraFrames

    Raises
    ------
    SourceError, FormatError
        A file that cannot be read or used (FRAME_TIMES_FORMAT, FRAME_TIMES_UNIT, FRAME_TIMES_SHORT), footage that
        cannot be read, or RATE_UNKNOWN where nothing says when frames were taken.
    """
    cameras, files = [], [(declared or {}).get(source.name) or find_frame_time_file(source.path) for source in sources]
    tables = _tables(files)
    for source, file in zip(sources, files, strict=True):
        nominal = rate_hz.get(source.name) if isinstance(rate_hz, Mapping) else rate_hz
        cameras.append(_by_file(source, tables[file], nominal) if file else _by_footage(source, nominal))
    return _together(tuple(source.name for source in sources), cameras)


def nominal_times(camera_names: Sequence[str], n_frames: int, rate_hz: float) -> CameraFrames:
    """Return frame times for keypoints without footage: frame i of every camera at i / rate."""
    order = order_frames(np.arange(n_frames) / rate_hz)
    return _together(tuple(camera_names), [_Camera(order, NOMINAL, ()) for _ in camera_names])


def camera_times_of_files(
    files: Mapping[str, Path], n_frames: int, *, rate_hz: float | None = None
) -> CameraFrames:
    """Read the frame times of cameras of which there are keypoints, but no footage.

    Parameters
    ----------
    files : mapping of str to Path
        File of frame times by camera, in the order of the cameras.
    n_frames : int
        Of the keypoints.
    rate_hz : float, optional
        Nominal.
    """
    tables = _tables(files.values())
    cameras = [_from_file(name, tables[file], n_frames, rate_hz) for name, file in files.items()]
    return _together(tuple(files), cameras)


def _tables(files: Iterable[Path | None]) -> dict[Path, FrameTimeTable]:
    """Read each file once, however many cameras it holds."""
    return {file: read_frame_time_table(file) for file in dict.fromkeys(files) if file is not None}


def _by_file(source: CameraSource, table: FrameTimeTable, nominal: float | None) -> _Camera:
    n_frames = len(source.files) if source.kind == "images" else len(frame_pts_s(source.path))
    camera = _from_file(source.name, table, n_frames, nominal)
    if source.kind != "video":
        return camera
    tag = read_video_info(source.path).tagged_rate_hz
    note = _tag_note(tag, camera.order, "its own times", source.path)
    return _Camera(camera.order, TIMESTAMPS, camera.notes + note, camera.file)


def _from_file(name: str, table: FrameTimeTable, n_frames: int, nominal: float | None) -> _Camera:
    file, read = table.path, table.of_camera(name, rate_hz=nominal)
    if len(read.time_s) < n_frames:
        raise FormatError(
            f"{file.name} has {len(read.time_s)} frames of camera '{name}', the footage has {n_frames}.",
            "Give the file of this very footage, or leave it out to go by the container.", code="FRAME_TIMES_SHORT",
        )  # fmt: skip
    notes = read.notes
    if not table.shared and len(read.time_s) >= 2 * n_frames > 2:
        raise FormatError(
            f"{file.name} has {len(read.time_s)} rows for the {n_frames} frames of camera '{name}', and does not say "
            "which camera they are of.", "Name the column of cameras cam_id, or give a file per camera.",
            code="FRAME_TIMES_FORMAT",
        )  # fmt: skip
    if len(read.time_s) > n_frames:
        notes += (f"{file.name} has {len(read.time_s) - n_frames} more rows than there are frames: the first are used",)
    try:
        order = order_frames(read.time_s[:n_frames], unit_s=read.unit_s)
    except ShapeError as error:
        raise FormatError(f"{file.name}, camera '{name}': {error.cause}", error.remedy, code=error.code) from error
    notes += _rate_note("the nominal rate", nominal, 1.0 / order.interval_s, "the camera's own times")
    return _Camera(order, TIMESTAMPS, notes, read)


def _by_footage(source: CameraSource, nominal: float | None) -> _Camera:
    if source.kind == "images":
        if nominal is None:
            raise _rate_unknown(source.name)
        return _Camera(order_frames(np.array(source.indices) / nominal), NOMINAL, ())
    times, info = frame_pts_s(source.path), read_video_info(source.path)
    if np.isfinite(times).all():
        order = order_frames(times)
        measured = 1.0 / order.interval_s if order.interval_s > 0 else np.nan
        notes = _tag_note(info.tagged_rate_hz, order, "its frames", source.path)
        notes += _rate_note("the nominal rate", nominal, measured, "the frames of its container")
        return _Camera(order, CONTAINER, info.notes + notes)
    rate = nominal or info.tagged_rate_hz
    if not (np.isfinite(rate) and rate > 0):
        raise _rate_unknown(source.name)
    word = () if nominal else (f"frames are taken as evenly spaced at the {digits(rate, 4)} Hz of the container's tag",)
    return _Camera(order_frames(np.arange(len(times)) / rate), NOMINAL, info.notes + word)


def _tag_note(tag_hz: float, order: FrameOrder, by: str, path: Path) -> tuple[str, ...]:
    """Tell of a container's tag that is wrong; those without one tell the mean over all gaps, which is not."""
    # That mean counts how long the last frame lasts, which nobody knows.
    slack = 2.0 / len(order.time_s) if path.suffix.lower() in _WITHOUT_TAG else 0.0
    seconds = float(order.time_s[-1] - order.time_s[0])
    mean_hz = (len(order.time_s) - 1) / seconds if seconds > 0 else np.nan
    if abs(tag_hz / mean_hz - 1) <= _WRONG_TAG + slack:
        return ()
    return _rate_note("its container's tag", tag_hz, 1.0 / order.interval_s if order.interval_s > 0 else np.nan, by)


def _rate_note(what: str, said: float | None, measured: float, by: str) -> tuple[str, ...]:
    """Tell of a rate that is more than half a percent wrong."""
    if not said or not np.isfinite(said) or not np.isfinite(measured) or abs(measured / said - 1) <= _WRONG_TAG:
        return ()
    text = f"{what} says {digits(said, 4)} Hz, {by} come at {digits(measured, 4)} Hz"
    ratio = said / measured
    if round(ratio) >= 2 and abs(ratio / round(ratio) - 1) < 0.02:
        part = _PARTS.get(round(ratio), "part")
        text += f": it ran at a {part} of the rate, or only one frame in {round(ratio)} was kept"
    return (text,)


_PARTS = {2: "half", 3: "third", 4: "quarter"}


def _together(names: tuple[str, ...], cameras: list[_Camera]) -> CameraFrames:
    files = [camera.file for camera in cameras if camera.file is not None]
    common = len(files) == len(cameras) and common_zero(files)
    first = min((file.zero_s for file in files), default=0.0)
    longest = max(len(camera.order.time_s) for camera in cameras)
    times = np.full((len(cameras), longest), np.nan)
    for row, camera in zip(times, cameras, strict=True):
        start = camera.file.zero_s - first if common and camera.file is not None else 0.0
        row[: len(camera.order.time_s)] = camera.order.time_s + start
    spans = [(row[0], np.nanmax(row)) for row in times]
    if common and max(start for start, _ in spans) > min(end for _, end in spans):
        raise FormatError(
            "By their files of frame times the cameras never recorded at the same time.",
            "Give the files of this very recording, or leave them out.", code="FRAME_TIMES_APART",
        )  # fmt: skip
    notes = [
        f"camera '{name}': {note}"
        for name, camera in zip(names, cameras, strict=True)
        for note in (*camera.notes, *camera.order.notes)
    ]
    camera_times = CameraTimes(names, times, tuple(camera.source for camera in cameras), tuple(notes))
    return CameraFrames(camera_times, tuple(camera.order for camera in cameras), common, first if common else 0.0)


def _rate_unknown(name: str) -> SourceError:
    return SourceError(
        f"Nothing says when camera '{name}' took its frames.", "Give rate_hz in [sync], or a file of frame times.",
        code="RATE_UNKNOWN",
    )  # fmt: skip
