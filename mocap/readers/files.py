"""Open the files of other programs with errors that say what to do."""

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from calibration.text_files import opened_file, read_limited
from mocap.errors import SourceError

# An hour of eight cameras at 100 Hz as a table of text is 7 GB; what is read stays in memory, several times over.
MOST_BYTES = 2_000_000_000


def read_bytes(path: Path) -> bytes:
    """Return the content of a file.

    Raises
    ------
    SourceError
        Code `FILE_MISSING`, `FILE_EMPTY`, `FILE_TOO_LARGE` of more than 2 GB, or `SOURCE` when it cannot be read.
    """
    with _read_errors(path):
        content = read_limited(path, MOST_BYTES)
    return _not_empty(content, path)


def read_beginning(path: Path, n_bytes: int) -> tuple[bytes, int]:
    """Return the first bytes of a file, and how many it has in all.

    Raises
    ------
    SourceError
        As `read_bytes`, whatever the size.
    """
    with _read_errors(path), opened_file(path) as file:
        size = os.fstat(file.fileno()).st_size
        return _not_empty(file.read(n_bytes), path), size


@contextmanager
def _read_errors(path: Path) -> Iterator[None]:
    if path.is_dir():
        raise SourceError(f"{path} is a folder.", "Name a file.", code="FILE_MISSING")
    try:
        yield
    except SourceError:
        raise
    except FileNotFoundError as error:
        raise SourceError(f"There is no file {path}.", "Check the path.", code="FILE_MISSING") from error
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise SourceError(
                f"{path} cannot be read: {error.strerror}.", "Split the recording, or convert tables to Parquet.",
                code="FILE_TOO_LARGE",
            ) from error  # fmt: skip
        raise SourceError(f"{path} cannot be read: {error.strerror}.", "Check the rights and the disk.") from error


def _not_empty(content: bytes, path: Path) -> bytes:
    if not content:
        raise SourceError(f"{path} is empty.", "Export or copy the file again.", code="FILE_EMPTY")
    return content


def file_digest(content: bytes) -> str:
    """Return the SHA-256 of a file's content in hex."""
    return hashlib.sha256(content).hexdigest()


def read_text(path: Path) -> tuple[str, tuple[str, ...], str]:
    """Return the text of a file, notes, and its SHA-256; UTF-8, else Latin-1 with a note."""
    content = read_bytes(path)
    digest = file_digest(content)
    try:
        return content.decode("utf-8-sig"), (), digest
    except UnicodeDecodeError:
        return content.decode("latin-1"), ("the file is not UTF-8; it was read as Latin-1.",), digest


def plain_number(text: str) -> float:
    """Return a number as files have it.

    Raises
    ------
    ValueError
        For what is none: Python takes `1_000` and digits of other scripts, which no program writes there.
    """
    if "_" in text or not text.isascii():
        raise ValueError(f"could not convert string to float: {text[:40]!a}")
    return float(text)
