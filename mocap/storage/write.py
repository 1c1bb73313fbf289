"""Write a trial: to a temporary name, verified, flushed to the disk, and only then renamed."""

import os
from pathlib import Path

from mocap.errors import SourceError, TrialFileError
from mocap.storage.encode import encode
from mocap.storage.hdf import load, save
from mocap.storage.integrity import PATH, digests, integrity_group, mismatches
from mocap.storage.seal import seal
from mocap.trial import Trial


def write_trial(path: Path | str, trial: Trial) -> None:
    """Write a trial file; one that is there is replaced at the last moment, or not at all.

    The same trial gives the same bytes. The new file is read back and compared before it takes its name.

    Parameters
    ----------
    path : path
    trial : Trial

    Raises
    ------
    SourceError
        `FOLDER_MISSING`; `WRITE_FAILED` (disk full, no rights).
    TrialFileError
        `POINTS_EMPTY`, `NAME_TAKEN`; `WRITE_FAILED` when what the disk gives back is not what was written.
    """
    path = Path(path)
    if path.is_dir() or not path.parent.is_dir():
        raise SourceError(
            f"{path} cannot be written: {'it is a folder' if path.is_dir() else f'there is no folder {path.parent}'}.",
            "Name a file in a folder that is there.",
            code="FOLDER_MISSING",
        )
    groups = encode(trial)
    groups[PATH] = integrity_group(digests(groups))
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.unlink(missing_ok=True)
        save(temporary, groups)
        with temporary.open("r+b") as file:
            seal(file)
        problems = mismatches(load(temporary))
        if problems:
            raise TrialFileError(
                f"{path}: {problems[0][0]} {problems[0][1]} while it was written.", "Check the disk.",
                code="WRITE_FAILED",
            )  # fmt: skip
        _sync(temporary)
        temporary.replace(path)
        _sync(path.parent)
    except OSError as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(
            f"{path} cannot be written: {error.strerror or error}.", "Check the space and rights of the disk.",
            code="WRITE_FAILED",
        ) from error  # fmt: skip
    finally:
        temporary.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Have the system put a file or folder on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
