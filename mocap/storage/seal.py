"""The seal of a trial file: a SHA-256 of all its bytes in a last line after the HDF5 data.

HDF5 ignores what follows its data. The library is seen to crash on files with a single changed byte, so the seal is
compared before the library opens a file; any program that changes the file through HDF5 takes the seal off.
"""

import hashlib
from pathlib import Path

_PREFIX = b"\nmocap-seal sha256 "
LENGTH = len(_PREFIX) + 64 + 1
_BLOCK = 1 << 20


def seal(path: Path) -> None:
    """Append the seal to a finished file."""
    digest = _digest(path, path.stat().st_size)
    with path.open("ab") as file:
        file.write(_PREFIX + digest + b"\n")


def is_sealed(path: Path) -> bool:
    """Return whether the file ends in a seal that fits every byte before it."""
    size = path.stat().st_size - LENGTH
    if size < 0:
        return False
    with path.open("rb") as file:
        file.seek(size)
        line = file.read(LENGTH)
    return line.startswith(_PREFIX) and line == _PREFIX + _digest(path, size) + b"\n"


def _digest(path: Path, size: int) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while size > 0:
            block = file.read(min(_BLOCK, size))
            if not block:
                break
            digest.update(block)
            size -= len(block)
    return digest.hexdigest().encode()
