"""SHA-256 of inputs: for provenance, and to know which stages have nothing new to do."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mocap.errors import SourceError

_BLOCK = 1 << 20


def file_sha256(path: Path) -> str:
    """Return the hex digest of a file's bytes.

    Raises
    ------
    SourceError
        When it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read: {error.strerror}.", "Check the path.", code="FILE_MISSING"
        ) from error
    return digest.hexdigest()


def input_sha256(path: Path) -> str:
    """Return the digest of a file, or of a folder: over the relative names and digests of all its files.

    Linked folders are read as what they lead to, since readers do so; a folder that is met again, as through a link
    back to where it lies, is read once, and counts as what it is the same as.

    Raises
    ------
    SourceError
        FILE_MISSING for what cannot be read, a folder too.
    """
    if not path.is_dir():
        return file_sha256(path)
    found = sorted(_contents(path, path, {}))
    return text_sha256(f"{item.relative_to(path).as_posix()} {told}" for item, told in found)


def _contents(folder: Path, top: Path, seen: dict[Path, Path]) -> Iterator[tuple[Path, str]]:
    """Files below a folder with their digests, and folders that were seen with the names under which they were."""
    try:
        real, items = folder.resolve(), sorted(folder.iterdir())
    except (OSError, RuntimeError) as error:
        raise SourceError(f"{folder} cannot be read: {error}.", "Check the folder.", code="FILE_MISSING") from error
    if real in seen:
        yield folder, f"is {seen[real].relative_to(top).as_posix()}"
        return
    seen[real] = folder
    for item in items:
        if item.is_dir():
            yield from _contents(item, top, seen)
        elif item.is_file():
            yield item, file_sha256(item)


def text_sha256(lines: Iterable[str]) -> str:
    """Return the digest of lines of text."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def options_sha256(options: Mapping[str, Any]) -> str:
    """Return the digest of plain options, whatever their order."""
    return text_sha256([json.dumps(options, sort_keys=True, default=str)])
