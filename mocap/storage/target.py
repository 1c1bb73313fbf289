"""What HDF5 writes into: a file whose failures are kept until HDF5 has let go of it."""

import errno
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from typing import Any


class Target:
    """A file for h5py to write to that never fails before its eyes.

    HDF5 cannot close a file whose last bytes it could not write: the file stays open in the library, which tries again
    at the end of the process and crashes. So the first failure is kept here, everything after it goes nowhere, and
    `check` tells it.
    """

    def __init__(self, file: FileIO) -> None:
        self._file = file
        self._error: OSError | None = None

    def check(self) -> None:
        """Raise the first failure, where there was one."""
        if self._error is not None:
            raise self._error

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the place."""
        return self._file.tell()

    def read(self, size: int) -> bytes:
        """Return bytes from the place on."""
        return self._file.read(size)

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer from the place on."""
        return self._file.readinto(buffer) or 0

    def write(self, content: memoryview) -> int:
        """Write all of it, in pieces where the system takes pieces."""
        view = memoryview(content).cast("B")
        done = 0
        try:
            while done < len(view) and self._error is None:
                taken = self._file.write(view[done:])
                if not taken:
                    raise OSError(errno.EIO, os.strerror(errno.EIO))
                done += taken
        except OSError as error:
            self._error = error
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Set the size of the file."""
        try:
            if self._error is None:
                self._file.truncate(size)
        except OSError as error:
            self._error = error
        return size or 0

    def flush(self) -> None:
        """Do nothing: nothing is kept back."""


@contextmanager
def interrupts_held() -> Iterator[Callable[[], None]]:
    """Let Ctrl-C wait until what is yielded is called or the block is left: HDF5 is not to be stopped within a call."""
    usual = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or usual is None or not callable(usual):
        yield lambda: None
        return
    held: list[tuple[int, Any]] = []

    def answer() -> None:
        if held:
            usual(*held.pop())

    signal.signal(signal.SIGINT, lambda number, frame: held.append((number, frame)))
    try:
        yield answer
    finally:
        signal.signal(signal.SIGINT, usual)
        answer()
