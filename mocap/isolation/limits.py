"""What a process that parses one file may use of the machine. Windows knows no such limits; the clock still holds."""

import math
import signal
from pathlib import Path
from typing import Any

from mocap.isolation.tasks import Allowance


def limit_process(allowed: Allowance, used_memory: int) -> None:
    """Hold this process to what one file may cost: memory beyond what it has, processor, clock, and files it writes."""
    resource = _resource()
    if resource is None:
        return
    _lower(resource, resource.RLIMIT_AS, used_memory + allowed.memory)
    # The first limit ends a process by a signal of its own, the second by one that all ends share.
    _lower(resource, resource.RLIMIT_CPU, math.ceil(allowed.seconds), 1)
    _lower(resource, resource.RLIMIT_FSIZE, allowed.answer)
    _lower(resource, resource.RLIMIT_CORE, 0)
    # One that sleeps uses no processor; the alarm ends it without its caller.
    signal.alarm(math.ceil(allowed.wall_s))


def virtual_memory() -> int:
    """Return the bytes of addresses that this process has by now; a generous guess where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        resource = _resource()
        return pages * (resource.getpagesize() if resource is not None else 4096)
    except (OSError, ValueError):
        return 2 << 30


def _resource() -> Any:
    try:
        import resource
    except ImportError:
        return None
    return resource


def _lower(resource: Any, kind: int, most: int, more: int = 0) -> None:
    _, hard = resource.getrlimit(kind)
    value = most if hard == resource.RLIM_INFINITY else min(most, hard)
    try:
        resource.setrlimit(kind, (value, value if hard == value else value + more))
    except (OSError, ValueError):  # some systems know a limit and do not let it be set
        return
