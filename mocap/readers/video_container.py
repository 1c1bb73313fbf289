"""What a video's container holds: its frames in order of presentation, and where decoding one begins."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from calibration.digits import counted
from mocap.errors import FormatError, MocapError, SourceError
from mocap.isolation import Answer, Lost, parse

# What recorders write; a playlist or a list of other files under a video's name is not opened.
_CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,mpegvideo,asf,flv,mxf,m4v,h264,hevc,ogg"
_MAX_PIXELS = 150_000_000
COPY_AGAIN = "Copy it again from the camera, or convert it to H.264 in an .mp4."
GOOD_PART = "Copy it again from the camera; if that is all there is, cut it to its good part with a video tool."


@dataclass(frozen=True, eq=False)
class VideoIndex:
    """What a video's container says, and the presentation times of its frames.

    Attributes
    ----------
    ticks : ndarray of int, shape (frame,)
        Of all frames that are shown, in order; empty where the container stores none.
    n_frames : int
    seconds_per_tick : float
    first_size : tuple of int
        Width and height in px, after the rotation tag.
    rotation_deg : int
    tagged_rate_hz : float
        NaN where there is no tag.
    codec : str
    has_audio : bool
    notes : tuple of str
    """

    ticks: NDArray
    n_frames: int
    seconds_per_tick: float
    first_size: tuple[int, int]
    rotation_deg: int
    tagged_rate_hz: float
    codec: str
    has_audio: bool
    notes: tuple[str, ...]


@contextlib.contextmanager
def opened(path: Path) -> Iterator["av.container.InputContainer"]:
    """Open a video; whatever FFmpeg finds wrong within the block becomes an error that names the file."""
    if not path.is_file():
        raise _missing(path)
    options = {"protocol_whitelist": "file", "format_whitelist": _CONTAINERS}
    try:
        with av.open(f"file:{path}", options=options, metadata_errors="replace") as container:
            if not container.streams.video:
                raise unreadable(path, "holds no pictures")
            yield container
    except MocapError:
        raise
    except (av.FFmpegError, OSError, ValueError, OverflowError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or "its content makes no sense"
        raise unreadable(path, f"cannot be read as a video ({reason})") from error


def read_index(path: Path) -> VideoIndex:
    """Read when each frame is shown, without decoding more than the first, in a process of its own.

    Raises
    ------
    SourceError
        VIDEO_MISSING, VIDEO_UNREADABLE, VIDEO_TRUNCATED.
    FormatError
        VIDEO_SIZE.
    """
    if not path.is_file():
        raise _missing(path)
    about = path.stat()
    return _index_of(path, (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns))


@lru_cache(maxsize=256)
def _index_of(path: Path, identity: tuple[int, ...]) -> VideoIndex:
    # A video is asked for its times, its size and its pictures in turn; going through it once is enough.
    try:
        answer = parse("video", path)
    except Lost as lost:
        raise unreadable(path, f"cannot be read as a video ({lost})") from lost
    ticks, words = answer.arrays["ticks"], answer.words
    width, height = words.pop("first_size")
    fits = 0 <= words["n_frames"] <= identity[2] and len(ticks) in (0, words["n_frames"])  # a frame takes a byte
    if ticks.dtype != np.int64 or ticks.ndim != 1 or not fits:
        raise unreadable(path, "cannot be read as a video (its frames contradict themselves)")
    ticks.flags.writeable = False
    return VideoIndex(ticks=ticks, first_size=(width, height), notes=tuple(words.pop("notes")), **words)


def parse_index(path: Path) -> Answer:
    """Go through a video in this process, as `read_index` has it done in another."""
    words = asdict(_read_index(path))
    return Answer({"ticks": words.pop("ticks")}, words)


def _read_index(path: Path) -> VideoIndex:
    first = _first_frame(path)
    with opened(path) as container:
        stream = container.streams.video[0]
        rate = float(stream.average_rate) if stream.average_rate else np.nan
        codec, audio = stream.codec_context.name, bool(container.streams.audio)
        shown, n_packets, untimed, cut = [], 0, 0, 0
        for packet in container.demux(stream):
            if not packet.size:
                continue
            n_packets += 1
            if packet.is_discard:
                cut += 1
                continue
            if packet.pts is None:
                untimed += 1
            else:
                shown.append(packet.pts)
        _check_whole(path, container, n_packets, shown)
        tick = float(stream.time_base or 0)
    rotation = _quarter_turns(first) * 90
    size = (first.width, first.height) if rotation % 180 == 0 else (first.height, first.width)
    ticks = np.array(sorted(shown), dtype=np.int64)
    notes: tuple[str, ...] = ()
    if cut:
        notes = (f"{path.name} holds {counted(cut, 'frame')} that its edit list hides: left out",)
    if untimed or first.pts is None or not tick or len(np.unique(ticks)) < len(ticks):
        note = f"{path.name} does not store when each of its frames is shown"
        none, notes = np.zeros(0, np.int64), (*notes, note)
        return VideoIndex(none, len(shown) + untimed, tick, size, rotation, rate, codec, audio, notes)
    hidden = int((ticks < first.pts).sum())
    if hidden:
        notes += (f"{path.name} begins with {counted(hidden, 'frame')} that cannot be shown: frame 0 is the one after",)
    return VideoIndex(ticks[hidden:], len(ticks) - hidden, tick, size, rotation, rate, codec, audio, notes)


def _first_frame(path: Path) -> "av.VideoFrame":
    with opened(path) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        if context is None:
            raise unreadable(path, "is in a format that nothing here decodes")
        if context.width * context.height > _MAX_PIXELS:
            raise FormatError(
                f"The video {path} claims pictures of {context.width} x {context.height} px.", COPY_AGAIN,
                code="VIDEO_SIZE",
            )  # fmt: skip
        context.thread_count = 1  # for one picture, others would only take memory
        for frame in container.decode(stream):
            return frame
    raise unreadable(path, "holds no frame that can be decoded")


def _check_whole(path: Path, container: "av.container.InputContainer", n_packets: int, shown: list[int]) -> None:
    """Hold the frames that are there against those that the header promises, by number or else by duration."""
    stream = container.streams.video[0]
    exact = "mp4" in container.format.name
    # Others store an estimate, so the last few frames prove nothing.
    if stream.frames and n_packets < stream.frames - (0 if exact else max(2, stream.frames // 50)):
        raise _truncated(path, f"after {n_packets} of {stream.frames} frames")
    lasts, tick = _promised_s(container), float(stream.time_base or 0)
    if not stream.frames and lasts and len(shown) > 1:
        # Not by the tagged rate, which may be wrong.
        there = (max(shown) - min(shown)) * tick * len(shown) / (len(shown) - 1)
        if there < lasts - max(0.02 * lasts, 3 * there / len(shown)):
            raise _truncated(path, f"after {there:.2f} of {lasts:.2f} s")


def _promised_s(container: "av.container.InputContainer") -> float:
    """Return how long the pictures last by the header, s; 0 where it does not say."""
    stream = container.streams.video[0]
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    said = re.fullmatch(r"(\d+):(\d+):(\d+\.?\d*)", stream.metadata.get("DURATION", "").strip("\0 "))
    if said:
        return 3600.0 * int(said[1]) + 60.0 * int(said[2]) + float(said[3])
    alone = not container.streams.audio  # sound may go on after the pictures
    return float(container.duration / av.time_base) if container.duration and alone else 0.0


def _missing(path: Path) -> SourceError:
    return SourceError(f"There is no video {path}.", "Check the path.", code="VIDEO_MISSING")


def _truncated(path: Path, where: str) -> SourceError:
    return SourceError(f"The video {path} ends {where}.", GOOD_PART, code="VIDEO_TRUNCATED")


def decoded(path: Path, index: VideoIndex, start: int, threads: int) -> Iterator[tuple[int, "av.VideoFrame"]]:
    """Decode from a key frame at or before `start`; each frame with its place by its own time where it has one."""
    with opened(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = threads
        timed = len(index.ticks) > 0
        if start and timed:
            container.seek(int(index.ticks[start]), stream=stream)
        frames = container.decode(stream)
        first = next(frames, None)
        if start and timed and (first is None or first.pts is None or first.pts > index.ticks[start]):
            container.seek(int(index.ticks[0]), stream=stream)  # its index was wrong: decode all that comes before
            frames = container.decode(stream)
            first = next(frames, None)
        counted = 0
        while first is not None:
            place = _place(index, first, path) if timed else counted
            if place >= 0:
                yield place, first
            counted += 1
            first = next(frames, None)


def _place(index: VideoIndex, frame: "av.VideoFrame", path: Path) -> int:
    if frame.pts is None:
        raise unreadable(path, "loses the time of a frame when it is decoded")
    place = int(np.searchsorted(index.ticks, frame.pts))
    return place if place < len(index.ticks) and index.ticks[place] == frame.pts else -1


def _quarter_turns(frame: "av.VideoFrame") -> int:
    """Return by how many quarter turns, counter-clockwise, the tag turns the picture; only these, as in OpenCV."""
    turn = round(frame.rotation)
    return turn // 90 % 4 if turn % 90 == 0 else 0


def unreadable(path: Path, what: str) -> SourceError:
    return SourceError(f"The video {path} {what}.", COPY_AGAIN, code="VIDEO_UNREADABLE")
