"""Verdict on a trial file, for `mocap check`."""

import contextlib
from pathlib import Path

from mocap.errors import TrialFileError
from mocap.storage.findings import Finding, inspect
from mocap.storage.hdf_open import SealError, check_signature
from mocap.storage.isolation import inspect_isolated
from mocap.storage.seal import is_sealed


def check_trial(path: Path | str) -> tuple[Finding, ...]:
    """Return everything that is wrong with a trial file, naming the items; nothing when it is sound.

    Raises
    ------
    SourceError
        When there is no such file, or it cannot be read.
    """
    path = Path(path)
    try:
        check_signature(path)
    except TrialFileError as error:
        return (Finding(str(path), error.cause, error.code),)
    if is_sealed(path):
        with contextlib.suppress(SealError):
            return inspect(path, sealed=True)
    return inspect_isolated(path)
