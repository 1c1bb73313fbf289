"""The seal of a trial file: SHA-256 of each block of its bytes, after the HDF5 data.

HDF5 ignores what follows its data. The library is seen to crash on files with a single changed byte, so every block is
compared before the library is given a byte of it; any program that changes the file through HDF5 takes the seal off.

After the data come the digests, 32 bytes for each block of 64 kB, and a last line with the sizes and the SHA-256 of
them and the digests. Files of version 1 end in a line with one SHA-256 of all that is before it.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

BLOCK = 1 << 16
_DIGEST = 32
_LINE = re.compile(rb"\nmocap-seal 2 (\d{15}) ([0-9a-f]{64})\n")
_LINE_LENGTH = len(b"\nmocap-seal 2 ") + 15 + 1 + 64 + 1
_PREFIX_1 = b"\nmocap-seal sha256 "
_LENGTH_1 = len(_PREFIX_1) + 64 + 1


@dataclass(frozen=True)
class Seal:
    """Digests of the blocks of a file.

    Attributes
    ----------
    length : int
        Bytes of HDF5 data that it covers.
    identity : bytes
        SHA-256 of all that the seal covers, in hex: files of one identity hold the same bytes.
    digests : bytes
        SHA-256 of each block, one after the other; none of a file of version 1, which was compared as a whole.
    """

    length: int
    identity: bytes
    digests: bytes = b""

    def fits(self, index: int, block: bytes) -> bool:
        """Return whether a block of the file is as it was sealed."""
        expected = self.digests[_DIGEST * index : _DIGEST * (index + 1)]
        return len(expected) == _DIGEST and hashlib.sha256(block).digest() == expected


def seal(file: BinaryIO) -> Seal:
    """Append the seal to a finished file that is open for reading and writing, and return it."""
    length = file.seek(0, os.SEEK_END)
    table = b"".join(hashlib.sha256(block).digest() for block in _blocks(file, length))
    file.seek(length)
    left = memoryview(table + _line(length, table))
    while left:
        left = left[file.write(left) :]  # the system may take a part, and refuse the next one
    return Seal(length, _identity(length, table), table)


def read_seal(file: BinaryIO) -> Seal | None:
    """Return the seal of an open file; None where there is none, or it is not whole.

    That of version 1 is compared with the whole file at once, that of later versions with no block yet.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _LINE_LENGTH))
    line = _LINE.fullmatch(file.read(_LINE_LENGTH))
    if line is None:
        return _seal_1(file, size)
    length = int(line[1])
    n_bytes = _DIGEST * -(-length // BLOCK)
    if length + n_bytes + _LINE_LENGTH != size:
        return None
    file.seek(length)
    table = file.read(n_bytes)
    return Seal(length, line[2], table) if line[2] == _identity(length, table) else None


def is_sealed(path: Path) -> bool:
    """Return whether the file ends in a seal that fits every byte before it."""
    with path.open("rb", buffering=0) as file:
        found = read_seal(file)
        if found is None or not found.digests:
            return found is not None
        blocks = _blocks(file, found.length)
        return all(found.fits(index, block) for index, block in enumerate(blocks))


def _line(length: int, table: bytes) -> bytes:
    return b"\n" + _told(length) + b" " + _identity(length, table) + b"\n"


def _identity(length: int, table: bytes) -> bytes:
    return hashlib.sha256(_told(length) + table).hexdigest().encode()


def _told(length: int) -> bytes:
    return b"mocap-seal 2 %015d" % length


def _seal_1(file: BinaryIO, size: int) -> Seal | None:
    length = size - _LENGTH_1
    if length < 0:
        return None
    file.seek(length)
    line = file.read(_LENGTH_1)
    if not line.startswith(_PREFIX_1):
        return None
    digest = hashlib.sha256()
    for block in _blocks(file, length):
        digest.update(block)
    identity = digest.hexdigest().encode()
    return Seal(length, identity) if line == _PREFIX_1 + identity + b"\n" else None


def _blocks(file: BinaryIO, length: int) -> Iterator[bytes]:
    file.seek(0)
    for start in range(0, length, BLOCK):
        yield file.read(min(BLOCK, length - start))
