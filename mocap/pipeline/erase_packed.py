"""Files within packed files: archives and what was compressed, one in the other, up to limits."""

import bz2
import gzip
import io
import lzma
import shutil
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from tempfile import SpooledTemporaryFile
from typing import IO, Any, cast

from mocap.errors import SourceError

_OPENERS: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": lambda content: gzip.GzipFile(fileobj=content), b"BZh": bz2.BZ2File, b"\xfd7zXZ\0": lzma.LZMAFile,
}  # fmt: skip
_ZIP = (b"PK\3\4", b"PK\5\6")
_CLOSED = (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\x28\xb5\x2f\xfd")  # 7z, RAR, Zstandard: nothing here opens them
_TAR_AT, _TAR = 257, b"ustar"
_HEAD = 512
_MOST_IN_MEMORY = 1 << 26
_DEEPEST, _MOST_FILES, _MOST_BYTES = 4, 20_000, 1 << 30
_FAULTS = (
    zipfile.BadZipFile, tarfile.TarError, lzma.LZMAError, zlib.error, struct.error, EOFError, NotImplementedError,
    RuntimeError, ValueError, OSError,
)  # fmt: skip


class _Counted(io.RawIOBase):
    """A stream that ends the reading at a limit, common to all within one file."""

    def __init__(self, content: BufferedIOBase, left: list[int]) -> None:
        self._content, self._left = content, left

    def readable(self) -> bool:
        return True

    def readinto(self, into: memoryview) -> int:  # type: ignore[override]
        block = self._content.read(len(into))
        self._left[0] -= len(block)
        if self._left[0] < 0:
            raise ValueError("larger than what is looked through")
        into[: len(block)] = block
        return len(block)


def is_packed(head: bytes) -> bool:
    """Return whether the first bytes of a file, 512 or more, are those of a packed one."""
    return head.startswith((*_OPENERS, *_ZIP, *_CLOSED)) or _is_tar(head)


def any_within(content: BufferedIOBase, holds: Callable[[str, BufferedIOBase], bool]) -> bool:
    """Return whether something holds of the name and content of a file within a packed file.

    Raises
    ------
    SourceError
        PACKED_CLOSED where it holds of none so far, and the rest cannot be unpacked: other formats, passwords, damage,
        more than 1 GiB or 20 000 files.
    """
    left = [_MOST_BYTES]
    try:
        for number, (name, inner) in enumerate(_within("", content, left, _DEEPEST)):
            if holds(name, inner):
                return True
            if number >= _MOST_FILES:
                raise ValueError("more files than are looked through")
    except _FAULTS as error:
        raise SourceError(
            f"It cannot be unpacked: {error}.", "Look into it yourself.", code="PACKED_CLOSED"
        ) from error
    return False


def _is_tar(head: bytes) -> bool:
    return head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR


def _within(name: str, content: BufferedIOBase, left: list[int], deepest: int) -> Iterator[tuple[str, BufferedIOBase]]:
    head = _head(content)
    if not is_packed(head):
        yield name, content
    elif head.startswith(_CLOSED) or not deepest:
        raise ValueError("packed in a way that is not looked into")
    elif head.startswith(_ZIP):
        with _turnable(content) as whole, zipfile.ZipFile(whole) as archive:
            for info in archive.infolist():
                if info.is_dir():
                    yield info.filename, io.BytesIO()
                    continue
                with archive.open(info) as member:
                    yield from _within(info.filename, _buffered(cast(BufferedIOBase, member), left), left, deepest - 1)
    elif _is_tar(head):
        with tarfile.open(fileobj=content, mode="r|") as tar:
            for one in tar:
                inner = tar.extractfile(one) if one.isfile() else None
                yield f"{one.name} {one.linkname} {one.uname}", io.BytesIO()
                if inner is not None:
                    yield from _within(one.name, _buffered(cast(BufferedIOBase, inner), left), left, deepest - 1)
    else:
        opener = next(opener for mark, opener in _OPENERS.items() if head.startswith(mark))
        yield from _within(name, _buffered(opener(content), left), left, deepest - 1)


def _buffered(content: BufferedIOBase, left: list[int]) -> BufferedIOBase:
    return io.BufferedReader(_Counted(content, left), 1 << 16)


@contextmanager
def _turnable(content: BufferedIOBase) -> Iterator[IO[bytes]]:
    """A stream in which one can go back: a copy on the disk of one within another file."""
    if content.seekable():
        yield cast(IO[bytes], content)
        return
    with SpooledTemporaryFile(_MOST_IN_MEMORY) as copy:
        shutil.copyfileobj(content, copy)
        copy.seek(0)
        yield cast(IO[bytes], copy)


def _head(content: BufferedIOBase) -> bytes:
    """The first bytes of a stream, which stay to be read."""
    if isinstance(content, io.BufferedReader):
        return content.peek(_HEAD)[:_HEAD]
    head = content.read(_HEAD)
    content.seek(0)
    return head
