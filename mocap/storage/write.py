"""Write a trial: to a temporary name, put on the disk, read back and compared, and only then renamed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mocap.errors import TrialFileError
from mocap.storage.encode import encode
from mocap.storage.hdf import load_digests
from mocap.storage.hdf_open import check_signature
from mocap.storage.hdf_write import save
from mocap.storage.integrity import PATH, mismatches
from mocap.storage.new_file import NewFile, claimed, write_errors
from mocap.storage.rehearsal import remember
from mocap.storage.seal import seal
from mocap.storage.target import Target, interrupts_held
from mocap.trial import Trial


class TrialWriter:
    """The right to write one trial file, held by one process at a time."""

    def __init__(self, new: NewFile) -> None:
        self._new = new

    def write(self, trial: Trial, reason: str = "", *, journal: bool = True) -> None:
        """Write the file, once; see `write_trial`."""
        path = self._new.path
        groups = encode(trial)
        with write_errors(path):
            self._new.clear()
            with interrupts_held() as stop_if_asked:
                found = save(Target(self._new.file), groups, stop_if_asked)
            remember(seal(self._new.file))
            self._new.sync()
            _check(self._new, found)
            self._new.commit(reason or _last_step(trial), journal=journal)


@contextmanager
def writing(path: Path | str, *, present: bool = False, follow: bool = True) -> Iterator[TrialWriter]:
    """Hold a trial file while it is read, changed and written back, so that no other process writes in between.

    Parameters
    ----------
    path : path
    present : bool
        Whether the file has to be there already.
    follow : bool
        Whether a link stays, and the trial file that it leads to is written; else the new file takes its place.

    Raises
    ------
    SourceError
        `WRITER_BUSY` when another process does so; `FOLDER_MISSING`; `WRITE_FAILED` (disk full, no rights);
        `LINK_ELSEWHERE` for a link to what is no trial file. `FILE_MISSING` where it has to be there.
    TrialFileError
        `NOT_A_TRIAL` where it has to be there.
    """
    if present:
        check_signature(Path(path))
    with claimed(Path(path), follow=follow) as new:
        yield TrialWriter(new)


def write_trial(
    path: Path | str, trial: Trial, reason: str = "", *, journal: bool = True, follow: bool = True
) -> None:
    """Write a trial file; one that is there is replaced at the last moment, or not at all.

    The same trial gives the same bytes. The new file is read back and compared before it takes its name. Who wrote it,
    when and why goes to `journal.jsonl` beside it, never into the file.

    Parameters
    ----------
    path : path
    trial : Trial
    reason : str
        For the journal; the last step of its making when left out.
    journal : bool
        False for what is handed over, and told of where it comes from.
    follow : bool
        See `writing`.

    Raises
    ------
    SourceError
        `FOLDER_MISSING`; `WRITER_BUSY` when another process writes it; `WRITE_FAILED` (disk full, no rights);
        `LINK_ELSEWHERE`;
        `JOURNAL_NOT_WRITTEN`, `JOURNAL_BUSY`.
    TrialFileError
        `POINTS_EMPTY`, `NAME_TAKEN`; `TRIAL_TEXT` for words that are no text, `TRIAL_LIMITS` for more than a trial file
        holds; `WRITE_FAILED` when what the disk gives back is not what was written.
    """
    with writing(path, follow=follow) as writer:
        writer.write(trial, reason, journal=journal)


def _last_step(trial: Trial) -> str:
    step = trial.operations[-1] if trial.operations else None
    return "" if step is None else " ".join((step.name, str(step.parameters.get("task", "")))).strip()


def _check(new: NewFile, written: dict[str, str]) -> None:
    """Compare what the system gives back with what was written."""
    try:
        integrity, found = load_digests(new.temporary)
    except TrialFileError as error:
        if error.code == "TRIAL_UNSAFE":
            # The disk gave back what was written: the bytes fit their seal, and what they hold is too much.
            raise _beyond_limits(new, error.cause) from error
        raise _not_written(new.path, error.cause) from error
    problems = mismatches(integrity, found)
    if problems or {item: one for item, one in found.items() if not item.startswith(PATH)} != written:
        raise _not_written(new.path, " ".join(problems[0]) if problems else "is not what was written")


def _beyond_limits(new: NewFile, cause: str) -> TrialFileError:
    return TrialFileError(
        f"{new.path} would not be read again: {cause.removeprefix(f'{new.temporary}: ').rstrip('.')}.",
        "Leave out of the trial what is not needed, or split the recording.", code="TRIAL_LIMITS",
    )  # fmt: skip


def _not_written(path: Path, cause: str) -> TrialFileError:
    return TrialFileError(
        f"{path} is not what was written when it is read back: {cause.rstrip('.')}.", "Check the disk.",
        code="WRITE_FAILED",
    )  # fmt: skip
