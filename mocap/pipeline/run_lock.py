"""One run at a time among the same results: a second one is refused, and one that was killed leaves no lock behind.

Several processes may make one trial each of a session; they hold the results together, and a run of the whole waits.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mocap.errors import SourceError
from mocap.pipeline.record import RECORD_NAME, record_apart

_WRITTEN = ("calibration.toml", "calibration.html", "calibration.csv", RECORD_NAME)


@contextmanager
def sole_run(folder: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold a folder of results for this run; the system lets go of it when the process ends, however that is.

    Parameters
    ----------
    folder : Path
    shared : bool
        Other runs that share it may hold it as well: each makes one trial, and keeps its record apart.

    Raises
    ------
    SourceError
        RUN_IN_PROGRESS, where another run holds it.
    """
    try:
        import fcntl
    except ImportError:  # Windows: there a folder cannot be held so
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SourceError(
                f"Another run is writing into {folder}.", "Wait for it to end, or name another folder with --out.",
                code="RUN_IN_PROGRESS",
            ) from error  # fmt: skip
        except OSError:
            pass  # a disk of the network that knows no locks
        if not shared:
            _clear(folder)
        yield
    finally:
        os.close(handle)


def _clear(folder: Path) -> None:
    """Take away what a run that was killed had begun to write beside its files; trials see to theirs themselves."""
    for name in (*_WRITTEN, record_apart(Path("*")).name):
        for path in folder.glob(f".{name}.*.part"):
            path.unlink(missing_ok=True)
