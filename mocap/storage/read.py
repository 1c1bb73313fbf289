"""Read a trial: nothing is believed before its digests match."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NoReturn

from mocap.errors import TrialFileError
from mocap.storage.decode import TOLD, decode, decode_told
from mocap.storage.encode_assessment import EVENTS, decoded_events
from mocap.storage.hdf import SealError, load
from mocap.storage.integrity import PATH, mismatches
from mocap.storage.isolation import inspect_isolated
from mocap.storage.layout import Group
from mocap.storage.migrate import migrated
from mocap.trial import Event, Operation, Trial, Verdict

_RESTORE = "Restore the file from a copy, or make it again."
_REMEDIES = {"NOT_A_TRIAL": "Name a trial file.", "TRIAL_NEWER": "Update this program; the file is left as it is."}


def read_trial(path: Path | str) -> Trial:
    """Read a trial file, verified against its own digests.

    Raises
    ------
    SourceError
        `FILE_MISSING`.
    TrialFileError
        `NOT_A_TRIAL`, `TRIAL_NEWER`, `TRIAL_DAMAGED` (naming the damaged item), `TRIAL_UNSAFE`, `TRIAL_SCHEMA`.
    """
    path = Path(path)
    groups, found = _loaded(path)
    problems = mismatches(groups.get(PATH), found)
    if problems:
        _refuse(path, problems, "TRIAL_DAMAGED")
    try:
        return decode(migrated(groups))
    except TrialFileError as error:
        raise TrialFileError(f"{path}: {error.cause}", error.remedy, error.code) from error


def _loaded(path: Path, only: Collection[str] = ()) -> tuple[dict[str, Group], dict[str, str]]:
    """Read and digest groups of a file; where its seal is broken, only when nothing is found to be wrong with it."""
    try:
        return load(path, only)
    except SealError:
        # Changed or damaged since it was written: what exactly is found out where a crash does no harm.
        findings = inspect_isolated(path)
        if findings:
            _refuse(path, [(finding.item, finding.problem) for finding in findings], findings[0].code)
        return load(path, only, sealed=False)


def read_told(path: Path | str) -> tuple[tuple[Verdict, ...], tuple[Operation, ...]]:
    """Read the verdicts of a trial file and how it was made, and nothing else; for files that are known to be sound.

    Raises
    ------
    SourceError
        `FILE_MISSING`.
    TrialFileError
        `NOT_A_TRIAL`, `TRIAL_NEWER`, `TRIAL_DAMAGED`, `TRIAL_UNSAFE`, `TRIAL_SCHEMA`.
    """
    return decode_told(_loaded(Path(path), [name.strip("/") for name in TOLD])[0])


def read_identity(path: Path | str) -> tuple[str, str]:
    """Read the code of the person and the name of the trial, and nothing else.

    Raises
    ------
    SourceError
        `FILE_MISSING`.
    TrialFileError
        `NOT_A_TRIAL`, `TRIAL_NEWER`, `TRIAL_DAMAGED`, `TRIAL_UNSAFE`.
    """
    groups, _ = _loaded(Path(path), ["provenance"])
    told = groups["/"].attributes
    return str(told.get("subject_code", "")), str(told.get("trial_id", ""))


def read_events(path: Path | str) -> tuple[Event, ...]:
    """Read the events of a trial file, and nothing else.

    Raises
    ------
    SourceError
        `FILE_MISSING`.
    TrialFileError
        `NOT_A_TRIAL`, `TRIAL_NEWER`, `TRIAL_DAMAGED`, `TRIAL_UNSAFE`, `TRIAL_SCHEMA`.
    """
    groups = _loaded(Path(path), [EVENTS.strip("/")])[0]
    try:
        return decoded_events(groups[EVENTS]) if EVENTS in groups else ()
    except (KeyError, ValueError, TypeError) as error:
        raise TrialFileError(f"{path}: {EVENTS} is not whole: {error}.", _RESTORE, code="TRIAL_SCHEMA") from error


def _refuse(path: Path, problems: Sequence[tuple[str, str]], code: str) -> NoReturn:
    item, problem = problems[0]
    cause = problem if item == str(path) and str(path) in problem else f"{path}: {item} {problem}"
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    raise TrialFileError(f"{cause.rstrip('.')}{more}.", _REMEDIES.get(code, _RESTORE), code=code)
