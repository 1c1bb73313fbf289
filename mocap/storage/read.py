"""Read a trial: nothing is believed before its digests match."""

from pathlib import Path

from mocap.errors import TrialFileError
from mocap.storage.decode import decode
from mocap.storage.hdf import load
from mocap.storage.integrity import mismatches
from mocap.trial import Trial


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
    groups = load(path)
    problems = mismatches(groups)
    if problems:
        item, problem = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise TrialFileError(
            f"{path}: {item} {problem}{more}.", "Restore the file from a copy, or make it again.", code="TRIAL_DAMAGED"
        )
    try:
        return decode(groups)
    except TrialFileError as error:
        raise TrialFileError(f"{path}: {error.cause}", error.remedy, error.code) from error
