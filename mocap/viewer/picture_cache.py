"""The cameras' pictures that were looked at last, and the next ones, in bounded memory. Needs no display."""

from collections import OrderedDict
from threading import Lock

from numpy.typing import NDArray

from mocap.viewer.review import Footage

LIMIT_BYTES = 96_000_000
AHEAD = 6


class PictureCache:
    """Pictures of footage by camera and place; safe to be used by several threads.

    Parameters
    ----------
    footage : Footage
    limit_bytes : int
        What is kept at most; the latest picture stays however large it is.
    """

    def __init__(self, footage: Footage, limit_bytes: int = LIMIT_BYTES) -> None:
        self._footage, self._limit = footage, limit_bytes
        self._kept: OrderedDict[tuple[str, int], NDArray] = OrderedDict()
        self._bytes, self._lock = 0, Lock()

    @property
    def used_bytes(self) -> int:
        """What is kept now."""
        return self._bytes

    def known(self, camera: str, place: int) -> NDArray | None:
        """Return a picture that is kept; None where it has to be fetched."""
        with self._lock:
            found = self._kept.get((camera, place))
            if found is not None:
                self._kept.move_to_end((camera, place))
            return found

    def fetch(self, camera: str, place: int) -> NDArray:
        """Return a picture, read where it is not kept; may take long.

        Raises
        ------
        MocapError
            As `Footage.image`.
        """
        found = self.known(camera, place)
        if found is None:
            found = self._footage.image(camera, place)
            self._keep((camera, place), found)
        return found

    def _keep(self, key: tuple[str, int], image: NDArray) -> None:
        with self._lock:
            if key in self._kept:
                return
            self._kept[key] = image
            self._bytes += image.nbytes
            while self._bytes > self._limit and len(self._kept) > 1:
                self._bytes -= self._kept.popitem(last=False)[1].nbytes
