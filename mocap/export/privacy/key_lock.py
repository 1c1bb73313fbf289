"""One process at a time changes a key: two that each add a person would keep one of the two."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mocap.errors import ExportError

_WAIT_S, _STEP_S = 20.0, 0.02


@contextmanager
def locked(key: Path) -> Iterator[None]:
    """Hold a key within the block; the system lets go of it when the process ends, however that is.

    Raises
    ------
    ExportError
        `KEY_BUSY` where another process holds it for too long, `KEY_NOT_WRITTEN` where its folder takes no file.
    """
    until = time.monotonic() + _WAIT_S
    handle = _opened(key)
    try:
        while not _held(handle):
            if time.monotonic() > until:
                raise ExportError(
                    f"{key} is held by another process.", "Wait until that one is done, then start again.",
                    code="KEY_BUSY",
                )  # fmt: skip
            time.sleep(_STEP_S)
        yield
    finally:
        os.close(handle)


def _opened(key: Path) -> int:
    # Not the key itself: each change puts a new file in its place, and a lock on the old one holds nothing.
    path = key.with_name(f".{key.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError as error:
        raise ExportError(
            f"The key {key} cannot be changed: {error.strerror or error}.",
            "Name a file with --key in a folder that may be written to.",
            code="KEY_NOT_WRITTEN",
        ) from error


def _held(handle: int) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a disk of the network that knows no locks
    return True
