"""Names of trial files that are links: the file that is meant is the one that they lead to."""

from os.path import realpath
from pathlib import Path


def followed(path: Path) -> Path:
    """Return the file that a name stands for: of a link where it leads to, whether or not something is there."""
    return Path(realpath(path)) if path.is_symlink() else path
