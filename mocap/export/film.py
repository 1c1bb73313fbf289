"""Pictures as a film: H.264 in an MP4, every picture at its own time, under its name only when it is whole.

PyAV is BSD; which encoders it brings depends on how its FFmpeg was built. The wheels on PyPI hold x264 (GPL), which is
used where it is there. Without it OpenH264 or the system's own encoder takes its place, and last MPEG-4 Part 2, which
every FFmpeg has: nothing here needs a build with GPL parts.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from mocap.errors import ExportError, ShapeError

ENCODERS = ("libx264", "libopenh264", "h264_videotoolbox", "h264_mf", "mpeg4")
"""In the order in which they are tried; all but the last make H.264."""
MARK = "mocap film"
_OPTIONS = MappingProxyType({"libx264": {"crf": "18", "preset": "veryfast"}})
_BIT_RATE = 8_000_000
_BT709 = 1
_LIMITED = 1


@dataclass(frozen=True)
class Film:
    """A film that was written.

    Attributes
    ----------
    path : Path
    n_frames : int
    rate_hz : float
    size : tuple of int
        Width and height in px.
    encoder : str
        One of `ENCODERS`.
    """

    path: Path
    n_frames: int
    rate_hz: float
    size: tuple[int, int]
    encoder: str

    @property
    def duration_s(self) -> float:
        """How long it lasts."""
        return self.n_frames / self.rate_hz


class FilmFile:
    """A film that is being written, beside the name that it will take.

    Parameters
    ----------
    path : Path
        Ends in `.mp4`.
    size : tuple of int
        Width and height in px, both even: colours are kept for every second row and column.
    rate_hz : float
        Pictures per second.
    title, comment : str
        Kept in the film.
    overwrite : bool
        Whether a file of that name may give way.
    encoders : sequence of str
        To be tried in this order.

    Raises
    ------
    ExportError
        FILM_NAME, FILM_EXISTS, FILM_ENCODER, NOT_WRITTEN.
    ShapeError
        For a size that is odd or not positive.
    """

    def __init__(
        self, path: Path, size: tuple[int, int], rate_hz: float, title: str = "", comment: str = "", *,
        overwrite: bool = False, encoders: Sequence[str] = ENCODERS,
    ) -> None:  # fmt: skip
        _check_size(size)
        if path.suffix.lower() != ".mp4":
            raise ExportError(f"A film cannot be called {path.name}.", "Give a name that ends in .mp4.", "FILM_NAME")
        self._path, self._overwrite, self._size = path, overwrite, size
        self._check_free()
        self._rate = Fraction(rate_hz).limit_denominator(1001)
        self.encoder = _first_encoder(encoders, size, self._rate)
        # Absolute: FFmpeg takes what stands before a colon for a protocol.
        self._beside = path.absolute().with_name(f".{path.name}.{os.getpid()}.part")
        self._n_frames, self._open = 0, False
        try:
            self._container: Any = av.open(str(self._beside), "w", format="mp4", options={"movflags": "+faststart"})
            self._open = True
            self._container.metadata.update(title=title, comment=f"{MARK}: {comment}" if comment else MARK)
            self._stream: Any = self._container.add_stream(
                self.encoder, rate=self._rate, options=dict(_OPTIONS.get(self.encoder, {}))
            )
            _set_up(self._stream.codec_context, size, self._rate, self.encoder)
            # Opens the file: a folder that is missing is told before anything is drawn.
            self._container.start_encoding()
        except (OSError, av.FFmpegError) as error:
            self.give_up()
            raise self._not_written(error) from error

    def add(self, image: NDArray) -> None:
        """Append a picture, shape (height, width, 3), uint8 RGB.

        Raises
        ------
        ShapeError
            For another shape than the film's.
        ExportError
            NOT_WRITTEN.
        """
        width, height = self._size
        if image.shape != (height, width, 3) or image.dtype != np.uint8:
            raise ShapeError(
                f"A picture of shape {image.shape} and {image.dtype} in a film of {width} x {height} px.",
                "Give pictures of one size, uint8 RGB.",
            )
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24").reformat(
            format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
        )
        frame.pts, frame.time_base = self._n_frames, 1 / self._rate
        try:
            self._container.mux(self._stream.encode(frame))
        except (OSError, av.FFmpegError) as error:
            self.give_up()
            raise self._not_written(error) from error
        self._n_frames += 1

    def finish(self) -> Film:
        """Write what is left, and give the film its name.

        Raises
        ------
        ExportError
            NOT_WRITTEN, FILM_EXISTS.
        """
        try:
            self._container.mux(self._stream.encode(None))
            self._container.close()
            self._open = False
            self._check_free()
            self._beside.replace(self._path)
        except (OSError, av.FFmpegError) as error:
            raise self._not_written(error) from error
        finally:
            self.give_up()
        return Film(self._path, self._n_frames, float(self._rate), self._size, self.encoder)

    def give_up(self) -> None:
        """Leave nothing behind of a film that is not finished."""
        if self._open:
            self._open = False
            with suppress(OSError, av.FFmpegError):  # of what is thrown away
                self._container.close()
        self._beside.unlink(missing_ok=True)

    def _check_free(self) -> None:
        if self._path.exists() and not self._overwrite:
            raise ExportError(
                f"There is a file {self._path} already.", "Give another name, or remove it first.", "FILM_EXISTS"
            )

    def _not_written(self, error: Exception) -> ExportError:
        return ExportError(
            f"The film {self._path} cannot be written: {error}.", "Check the folder, the rights and the free space.",
            "NOT_WRITTEN",
        )  # fmt: skip


def _check_size(size: tuple[int, int]) -> None:
    if min(size) < 2 or any(side % 2 for side in size):
        raise ShapeError(f"A film of {size[0]} x {size[1]} px.", "Give an even width and height.")


def _first_encoder(names: Sequence[str], size: tuple[int, int], rate: Fraction) -> str:
    """Return the first encoder that can be opened here: some are listed, but lack their device or library."""
    for name in names:
        try:
            context: Any = av.CodecContext.create(name, "w")
            _set_up(context, size, rate, name)
            context.open()
        except (ValueError, OSError, av.FFmpegError):
            continue
        return name
    raise ExportError(
        f"None of the encoders {', '.join(names)} can be used here.", "Install the wheel of PyAV: pip install av.",
        "FILM_ENCODER",
    )  # fmt: skip


def _set_up(context: Any, size: tuple[int, int], rate: Fraction, name: str) -> None:
    context.width, context.height = size
    context.pix_fmt, context.framerate, context.time_base = "yuv420p", rate, 1 / rate
    # A key frame each second: players can be dragged to any place of it.
    context.gop_size = max(1, round(rate))
    context.colorspace = context.color_primaries = context.color_trc = _BT709
    context.color_range = _LIMITED
    if name not in _OPTIONS:
        context.bit_rate = _BIT_RATE
