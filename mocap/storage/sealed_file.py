"""A file whose bytes are compared with its seal before anyone sees them."""

import errno
import os
from collections import OrderedDict
from typing import BinaryIO

from mocap.storage.seal import BLOCK, Seal

_KEPT = 64  # blocks, 4 MB: what HDF5 looks up again and again, and the ends of chunks


class SealedFile:
    """The HDF5 data of a sealed file, read-only, block by block, each compared before a byte of it is handed out.

    It is what h5py wants of a file object. A block that does not fit raises `OSError` and is remembered, since HDF5
    may take the failure for something else.

    Attributes
    ----------
    damaged : int or None
        First byte of the first block that did not fit.
    """

    def __init__(self, file: BinaryIO, seal: Seal) -> None:
        self._file, self._seal, self._at = file, seal, 0
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self.damaged: int | None = None

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place; the end is that of the HDF5 data."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._seal.length}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        """Return the place."""
        return self._at

    def read(self, size: int) -> bytes:
        """Return bytes from the place on."""
        content = bytearray(max(0, min(size, self._seal.length - self._at)))
        return bytes(content[: self.readinto(memoryview(content))])

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer from the place on."""
        view = memoryview(buffer).cast("B")
        done, most = 0, min(len(view), max(0, self._seal.length - self._at))
        while done < most:
            index, inner = divmod(self._at + done, BLOCK)
            part = self._block(index)[inner : inner + most - done]
            view[done : done + len(part)] = part
            done += len(part)
        self._at += done
        return done

    def write(self, _content: bytes) -> int:
        """Refuse: what is sealed is not written to."""
        raise OSError(errno.EROFS, "a sealed file is not written to")

    def truncate(self, _size: int | None = None) -> int:
        """Refuse: what is sealed is not written to."""
        raise OSError(errno.EROFS, "a sealed file is not written to")

    def flush(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Close the file below."""
        self._file.close()

    def _block(self, index: int) -> bytes:
        found = self._kept.get(index)
        if found is None:
            found = self._fetched(index)
            self._kept[index] = found
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(index)
        return found

    def _fetched(self, index: int) -> bytes:
        length = min(BLOCK, self._seal.length - index * BLOCK)
        self._file.seek(index * BLOCK)
        block = self._file.read(length)
        if len(block) != length or not self._seal.fits(index, block):
            self.damaged = index * BLOCK if self.damaged is None else self.damaged
            raise OSError(errno.EIO, f"the bytes from {index * BLOCK} on do not fit the seal")
        return block
