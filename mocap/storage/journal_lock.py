"""One process at a time writes into a journal; the system lets go of it when that process ends, however that is."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from mocap.errors import SourceError

_WAIT_S, _STEP_S = 20.0, 0.02


@contextmanager
def locked(path: Path) -> Iterator[FileIO]:
    """Open a file for reading and writing, made where it is missing, and hold it.

    Raises
    ------
    SourceError
        JOURNAL_BUSY where others hold it for too long.
    OSError
        Where it cannot be opened.
    """
    until = time.monotonic() + _WAIT_S
    while True:
        follow = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        with FileIO(os.open(path, os.O_RDWR | os.O_CREAT | follow, 0o644), "r+") as file:
            # Erasing details puts a new file in its place: a lock on the old one holds nothing.
            if _held(file) and _is_named(file, path):
                yield file
                return
        if time.monotonic() > until:
            raise SourceError(
                f"{path} is held by another process.", "Wait until that one is done, then start again.",
                code="JOURNAL_BUSY",
            )  # fmt: skip
        time.sleep(_STEP_S)


def _held(file: FileIO) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a disk of the network that knows no locks
    return True


def _is_named(file: FileIO, path: Path) -> bool:
    try:
        named = path.stat(follow_symlinks=False)
    except FileNotFoundError:
        return False
    own = os.fstat(file.fileno())
    return (own.st_dev, own.st_ino) == (named.st_dev, named.st_ino)
