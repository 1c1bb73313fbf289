"""Memory that was freed goes back to the system, and is looked for when nobody waits."""

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def give_back_freed() -> None:
    """Give freed memory back, where the C library keeps it for later (glibc); elsewhere nothing happens.

    Threads that unpacked a trial leave some 70 MB behind of one of ten minutes, which no other thread would use.
    """
    if sys.platform.startswith("linux"):
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # not in musl
        if trim is not None:
            trim(0)


@contextmanager
def without_collections() -> Iterator[None]:
    """Put off looking for garbage: among all that napari loads it takes 0.1 s, in which a window does not answer."""
    if not gc.isenabled():  # by whoever runs us, or by another window that is being filled
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
