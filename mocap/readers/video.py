"""Videos read frame by frame through PyAV: exact in presentation order, upright, in bounded memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from calibration.sources import CameraSource, iter_frames
from mocap.errors import FormatError, ShapeError, SourceError
from mocap.readers.video_container import GOOD_PART, VideoIndex, decoded, read_index

# Formats whose first plane is the gray image, of a byte per pixel.
_LUMA_FIRST = frozenset(
    ("gray", "nv12", "nv21", *(f"yuv{j}{kind}p" for j in ("", "j") for kind in (410, 411, 420, 422, 440, 444)))
)


@dataclass(frozen=True)
class VideoInfo:
    """What a video says about itself.

    Attributes
    ----------
    path : Path
    size : tuple of int
        Width and height in px as `iter_video` gives its images: after the rotation tag.
    n_frames : int
        Frames that are shown, counted in the file and not taken from its header.
    tagged_rate_hz : float
        The rate of the container's tag; NaN where it has none.
    mean_rate_hz : float
        From the frames' own presentation times; NaN for fewer than two frames, or where the file stores none.
    codec : str
    rotation_deg : int
        By which the tag turns the pictures counter-clockwise, 0, 90, 180 or 270.
    has_audio : bool
    notes : tuple of str
        What a user should know.
    """

    path: Path
    size: tuple[int, int]
    n_frames: int
    tagged_rate_hz: float
    mean_rate_hz: float
    codec: str
    rotation_deg: int
    has_audio: bool
    notes: tuple[str, ...] = ()


def read_video_info(path: str | Path) -> VideoInfo:
    """Read what a video says about itself.

    Raises
    ------
    SourceError
        VIDEO_MISSING, VIDEO_UNREADABLE (not a video, or nothing of it can be decoded), VIDEO_TRUNCATED.
    FormatError
        VIDEO_SIZE: pictures larger than any camera's.
    """
    path = Path(path)
    index = read_index(path)
    span = (index.ticks[-1] - index.ticks[0]) * index.seconds_per_tick if len(index.ticks) > 1 else 0.0
    mean = (len(index.ticks) - 1) / span if span > 0 else np.nan
    return VideoInfo(
        path, index.first_size, index.n_frames, index.tagged_rate_hz, mean, index.codec, index.rotation_deg,
        index.has_audio, index.notes,
    )  # fmt: skip


def frame_pts_s(path: str | Path) -> NDArray:
    """Read when each frame is shown, by the container.

    The packets are read without decoding them (but for the first picture), so B-frames, which are stored in
    another order than they are shown in, and frames that an edit list hides come out right.

    Returns
    -------
    ndarray, shape (frame,)
        Seconds, increasing, in the order of `iter_video`; the first may be below 0. All NaN where the container
        stores no times of its frames.

    Raises
    ------
    SourceError, FormatError
        As `read_video_info`.
    """
    index = read_index(Path(path))
    return index.ticks * index.seconds_per_tick if len(index.ticks) else np.full(index.n_frames, np.nan)


def iter_video(
    path: str | Path, *, colour: bool = False, start: int = 0, stop: int | None = None, threads: int = 0,
    stored: bool = False,
) -> Iterator[tuple[int, NDArray]]:  # fmt: skip
    """Read the frames of a video one by one, in the order in which they are shown.

    Parameters
    ----------
    path : path
    colour : bool
        Give BGR images rather than gray ones.
    start, stop : int
        Frames from `start` to before `stop`, counted from 0.
    threads : int
        Of the decoder; 0 leaves it to the machine. Only with 1 is damage always told: several hand a picture on while
        they still look for faults in it.
    stored : bool
        Give gray images with the levels that the video stores, most often 16 to 235, not stretched to 0 to 255: of no
        moment where edges are, and reading takes half the time.

    Yields
    ------
    index : int
        The frame's place in the footage, which also `frame_pts_s` counts by.
    image : ndarray of uint8, shape (height, width) or (height, width, 3)
        Turned upright by the rotation tag as OpenCV does.

    Raises
    ------
    SourceError
        VIDEO_MISSING, VIDEO_UNREADABLE, VIDEO_TRUNCATED before the first frame; VIDEO_DAMAGED at a frame that cannot
        be decoded whole: none is left out in silence, nor made up.
    FormatError
        VIDEO_SIZE: the size changes within the video.
    """
    path = Path(path)
    if start < 0 or threads < 0:
        raise ShapeError(f"start = {start}, threads = {threads}: both are 0 or more.", "Count frames from 0.")
    index = read_index(path)
    stop = index.n_frames if stop is None else min(stop, index.n_frames)
    if start >= stop:
        return
    wanted, broken = start, False
    try:
        for place, frame in decoded(path, index, start, threads):
            # Where data are missing the decoder makes pictures up, and later ones of them until the next whole one.
            broken = frame.is_corrupt or (broken and not frame.key_frame)
            if place < wanted:
                continue
            if place > wanted or broken:
                raise _damaged(path, wanted)
            yield place, _as_image(frame, colour, stored, index, path)
            wanted = place + 1
            if wanted >= stop:
                return
    except SourceError as error:
        if error.code != "VIDEO_UNREADABLE":
            raise
        raise _damaged(path, wanted) from error
    raise _damaged(path, wanted)


def iter_footage(
    source: CameraSource, *, colour: bool = False, start: int = 0, stop: int | None = None, threads: int = 0,
    stored: bool = False,
) -> Iterator[tuple[int, NDArray]]:  # fmt: skip
    """Read a camera's footage, a video or a folder of images, frame by frame; else as `iter_video`.

    Raises
    ------
    SourceError, FormatError
        As `iter_video`; IMAGE_UNREADABLE and IMAGE_SIZE for images.
    """
    if source.kind == "video":
        yield from iter_video(source.path, colour=colour, start=start, stop=stop, threads=threads, stored=stored)
        return
    for index, image in iter_frames(source, colour=colour):
        if stop is not None and index >= stop:
            return
        if index >= start:
            yield index, image


def _as_image(frame: "av.VideoFrame", colour: bool, stored: bool, index: VideoIndex, path: Path) -> NDArray:
    if stored and not colour and frame.format.name in _LUMA_FIRST:
        plane = frame.planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
        image: NDArray = rows[:, : plane.width].copy()  # the memory is the decoder's
    else:
        image = frame.to_ndarray(format="bgr24" if colour else "gray")
    turned = np.rot90(image, index.rotation_deg // 90)
    if turned.shape[1::-1] != index.first_size:
        raise FormatError(
            f"The pictures of {path} change from {index.first_size} to {turned.shape[1::-1]} px.",
            "Give footage of one size: cut the video where the size changes.", code="VIDEO_SIZE",
        )  # fmt: skip
    return np.ascontiguousarray(turned)


def _damaged(path: Path, place: int) -> SourceError:
    return SourceError(
        f"Frame {place} of the video {path} is damaged, and those that are made of it.", GOOD_PART, code="VIDEO_DAMAGED"
    )
