"""A folder beside an output in which its files are made, gone afterwards; one that a killed run left is taken away."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

_SUFFIX = ".part"


@contextmanager
def folder_aside(out: Path) -> Iterator[Path]:
    """Make a hidden folder on the same disk as an output.

    Raises
    ------
    OSError
        When it cannot be made.
    """
    beside, prefix = out.absolute().parent, f".{out.name}."
    for stale in beside.glob(f"{_escaped(prefix)}*{_SUFFIX}"):
        held = _lock(stale) if stale.is_dir() else None
        if held is not None:
            shutil.rmtree(stale, ignore_errors=True)
            os.close(held)
    folder = Path(tempfile.mkdtemp(prefix=prefix, suffix=_SUFFIX, dir=beside))
    handle = _lock(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if handle is not None:
            os.close(handle)


def _escaped(text: str) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in text)


def _lock(folder: Path) -> int | None:
    """Return an open, locked handle of a folder; None where a live process holds it, or nothing can be locked."""
    with suppress(ImportError, OSError):
        import fcntl  # not on Windows

        handle = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return None
        return handle
    return None


def move_all(targets: Mapping[Path, Path]) -> None:
    """Give files that are complete their names: on the disk first, so that a cut of power leaves the old or the new.

    Parameters
    ----------
    targets : mapping of Path to Path
        Where each lies, and where it is to be.

    Raises
    ------
    OSError
    """
    for file in targets:
        _sync(file)
    for target in targets.values():
        target.parent.mkdir(parents=True, exist_ok=True)
    for file, target in targets.items():
        file.replace(target)
    for folder in {target.parent for target in targets.values()}:
        _sync(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
