"""Memory that was freed goes back to the system."""

import ctypes
import sys


def give_back_freed() -> None:
    """Give freed memory back, where the C library keeps it for later (glibc); elsewhere nothing happens.

    Threads that unpacked a trial leave some 70 MB behind of one of ten minutes, which no other thread would use.
    """
    if sys.platform.startswith("linux"):
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # not in musl
        if trim is not None:
            trim(0)
