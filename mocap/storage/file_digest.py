"""SHA-256 of a file's bytes."""

import hashlib
from pathlib import Path


def file_sha256(path: Path) -> str:
    """Return the hex digest of a file's bytes; OSError where it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
