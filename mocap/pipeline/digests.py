"""SHA-256 of inputs: for provenance, and to know which stages have nothing new to do."""

import hashlib
import json
from collections.abc import Iterable, Mapping
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
    """Return the digest of a file, or of a folder: over the relative names and digests of all its files."""
    if not path.is_dir():
        return file_sha256(path)
    files = sorted(item for item in path.rglob("*") if item.is_file())
    return text_sha256(f"{item.relative_to(path).as_posix()} {file_sha256(item)}" for item in files)


def text_sha256(lines: Iterable[str]) -> str:
    """Return the digest of lines of text."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def options_sha256(options: Mapping[str, Any]) -> str:
    """Return the digest of plain options, whatever their order."""
    return text_sha256([json.dumps(options, sort_keys=True, default=str)])
