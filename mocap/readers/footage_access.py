"""Single pictures of a camera's footage, wherever they are: onwards without beginning anew, elsewhere by a jump."""

from collections.abc import Iterator
from dataclasses import replace
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from calibration.sources import CameraSource, iter_frames
from mocap.errors import SourceError
from mocap.readers.video import iter_video, read_video_info

_FAR = 45
"""So many frames further a new beginning, which decodes from the last whole picture, is quicker."""


class FootagePictures:
    """The pictures of a video or of a folder of images, by their places; from several threads one after the other.

    Parameters
    ----------
    source : CameraSource

    Raises
    ------
    SourceError, FormatError
        As `read_video_info`.
    """

    def __init__(self, source: CameraSource) -> None:
        self._source, self._lock = source, Lock()
        self._going: Iterator[tuple[int, NDArray]] | None = None
        self._next = 0
        if source.kind == "video":
            info = read_video_info(source.path)
            self.n_frames, self.size = info.n_frames, info.size
        else:
            self.n_frames = max(source.indices, default=-1) + 1
            self._place_of = {index: place for place, index in enumerate(source.indices)}
            self.size = (0, 0)

    def image(self, place: int) -> NDArray:
        """Return a picture, shape (height, width, 3), uint8 RGB.

        Raises
        ------
        SourceError
            FRAME_MISSING, where there is none of that place; VIDEO_DAMAGED and what `iter_video` raises.
        """
        if not 0 <= place < self.n_frames:
            raise _missing(self._source, place)
        with self._lock:
            found = self._of_video(place) if self._source.kind == "video" else self._of_images(place)
        return np.ascontiguousarray(found[..., ::-1])

    def _of_video(self, place: int) -> NDArray:
        if self._going is None or not self._next <= place < self._next + _FAR:
            self._going = iter_video(self._source.path, colour=True, start=place, threads=1)
        try:
            for index, image in self._going:
                self._next = index + 1
                if index == place:
                    return image
        except SourceError:
            self._going = None  # begin anew at the next one, which may be whole
            raise
        self._going = None
        raise _missing(self._source, place)

    def _of_images(self, place: int) -> NDArray:
        if place not in self._place_of:
            raise _missing(self._source, place)
        file = self._source.files[self._place_of[place]]
        for _, image in iter_frames(replace(self._source, files=(file,), indices=(0,)), colour=True):
            return image
        raise _missing(self._source, place)


def _missing(source: CameraSource, place: int) -> SourceError:
    return SourceError(
        f"The footage {source.path} has no frame {place}.", "Look at another moment.", code="FRAME_MISSING"
    )
