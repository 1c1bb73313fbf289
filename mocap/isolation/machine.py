"""How much memory this machine has."""

import os
from functools import cache
from pathlib import Path

_UNKNOWN = 8 << 30
_GROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


@cache
def machine_memory() -> int:
    """Return the bytes of memory that programs here may use together; 8 GiB where the system does not say."""
    try:
        bytes_here = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows
        return _UNKNOWN
    try:
        # In a container the machine's own memory is not all there to be used; "max" is no number.
        return min(bytes_here, int(_GROUP_LIMIT.read_text(encoding="ascii")))
    except (OSError, ValueError):
        return bytes_here
