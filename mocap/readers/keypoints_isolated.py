"""Parse HDF5 files of keypoints in a process of its own, with limits: a damaged one may crash or hang its library."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from mocap.errors import FormatError, MocapError, SourceError
from mocap.isolation import Answer as Parsed
from mocap.isolation import Lost, parse

__all__ = ["Parsed", "parse_isolated"]

_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def parse_isolated(
    task: str, files: Sequence[Path], progress: Callable[[int, int], None] | None = None
) -> list[Parsed | MocapError]:
    """Parse files by the named task, each within a time and a memory that its size allows.

    Parameters
    ----------
    task : str
        `pandas` or `sleap`.
    files : sequence of Path
    progress : callable, optional
        Called with the files done and all files.

    Returns
    -------
    list of Parsed or MocapError
        In the order of `files`; the error is not raised, so that others can be read on.
    """
    answers: list[Parsed | MocapError] = []
    for file in files:
        answers.append(_not_hdf5(file) or _parsed(task, file))
        if progress is not None:
            progress(len(answers), len(files))
    return answers


def _parsed(task: str, file: Path) -> Parsed | MocapError:
    try:
        return parse(task, file)
    except Lost as lost:
        return FormatError(
            f"{file} is damaged or incomplete: {lost}.", "Export or copy the file again.", code="BROKEN_HDF5"
        )
    except MocapError as error:
        return error


def _size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0


def _not_hdf5(file: Path) -> MocapError | None:
    """Return why a file need not be handed to the library: it is empty, or nowhere begins as HDF5 does."""
    size = _size(file)
    try:
        with file.open("rb") as stream:
            found = any(_signed(stream, offset) for offset in _offsets(size))
    except OSError as error:
        return SourceError(f"{file} cannot be read: {error.strerror or error}.", "Check the path and the rights.")
    if not size:
        return SourceError(f"{file} is empty.", "Export or copy the file again.", code="FILE_EMPTY")
    if not found:
        return FormatError(f"{file} is not an HDF5 file.", "Export or copy the file again.", code="BROKEN_HDF5")
    return None


def _offsets(size: int) -> Iterator[int]:
    """Where HDF5 may begin, after a block of the user's own: 0, 512 and its doubles. Source: HDF5 format, II.A."""
    offset = 0
    while offset < size:
        yield offset
        offset = 2 * offset or 512


def _signed(stream: BinaryIO, offset: int) -> bool:
    stream.seek(offset)
    return stream.read(len(_SIGNATURE)) == _SIGNATURE
