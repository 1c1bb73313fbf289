"""Let HDF5 go through a sealed file in a process of its own before it does so here.

A seal tells that nothing was damaged; anybody can seal what was made to crash the library. Files that this process
wrote are known, and each other one is gone through once.
"""

import os
from functools import cache
from pathlib import Path

from mocap.errors import MocapError, TrialFileError
from mocap.isolation import Lost, parse
from mocap.storage.refusal import RESTORE
from mocap.storage.seal import Seal

_MOST_KNOWN = 100_000


def remember(seal: Seal) -> None:
    """Know a file by its content from now on: it does no harm to the library."""
    known = _known(os.getpid())
    if len(known) >= _MOST_KNOWN:
        known.clear()
    known.add(seal.identity)


def rehearse(path: Path, seal: Seal) -> bool:
    """Have a file gone through elsewhere, unless one of that content was before; return whether nothing was wrong.

    Raises
    ------
    TrialFileError
        `TRIAL_DAMAGED` when the library crashed over it, hung, or asked for more memory than a file of its size may.
    """
    if seal.identity in _known(os.getpid()):
        return True
    try:
        parse("rehearsal", path)
    except Lost as lost:
        cause = f"{path} is damaged where the HDF5 library cannot read it: {lost}."
        raise TrialFileError(cause, RESTORE, code="TRIAL_DAMAGED") from lost
    except MocapError:
        return False
    remember(seal)
    return True


@cache
def _known(process: int) -> set[bytes]:
    # By process, as the one that parses: a copy of this program starts anew.
    return set()
