"""Where a trial file may be written."""

from collections.abc import Collection
from pathlib import Path

from mocap.errors import ExportError
from mocap.pipeline.output_kinds import TRIAL
from mocap.pipeline.outputs import check_outputs

TRIAL_SUFFIXES = (".h5", ".hdf5")


def check_trial_output(out: Path, read: Collection[Path]) -> None:
    """Refuse, before the work, a trial file that could not be written, would cost another file, or has a wrong suffix.

    Raises
    ------
    ExportError
        TRIAL_SUFFIX: by the suffix other programs, and these commands, take the file for what it is not.
    ConfigError, SourceError
        As `check_outputs` does.
    """
    check_outputs({out: TRIAL}, read)
    if out.suffix.lower() not in TRIAL_SUFFIXES:
        raise ExportError(
            f"A trial file is HDF5, and {out.name} does not end in .h5.",
            "Name it .h5; mocap export hands a trial over in other formats.",
            code="TRIAL_SUFFIX",
        )
