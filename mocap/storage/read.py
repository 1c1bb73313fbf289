"""Read a trial: nothing is believed before its digests match."""

from collections.abc import Mapping
from pathlib import Path

from mocap.errors import TrialFileError
from mocap.schema import FORMAT, FORMAT_VERSION
from mocap.storage.decode import decode
from mocap.storage.hdf import load
from mocap.storage.integrity import mismatches
from mocap.storage.layout import Group
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
    check_format(groups, path)
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


def check_format(groups: Mapping[str, Group], path: Path) -> None:
    """Refuse a file that is no trial file, or one of a later version.

    Raises
    ------
    TrialFileError
        `NOT_A_TRIAL` or `TRIAL_NEWER`.
    """
    attributes = groups["/"].attributes
    version = attributes.get("format_version")
    if str(attributes.get("format", "")) != FORMAT or version is None or not str(version).isdigit():
        raise TrialFileError(
            f"{path} is an HDF5 file, but no trial file (format='{FORMAT}' is missing).", "Name a trial file.",
            code="NOT_A_TRIAL",
        )  # fmt: skip
    if int(version) > FORMAT_VERSION:
        raise TrialFileError(
            f"{path} has format version {int(version)}; this program reads up to {FORMAT_VERSION}.",
            "Update this program; the file is left as it is.",
            code="TRIAL_NEWER",
        )
