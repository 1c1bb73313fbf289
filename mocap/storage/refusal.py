"""How a trial file is refused: the first thing that is wrong, and how many more there are."""

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from mocap.errors import TrialFileError

RESTORE = "Restore the file from a copy, or make it again."
_REMEDIES = {
    "NOT_A_TRIAL": "Name a trial file.",
    "TRIAL_NEWER": "Update this program; the file is left as it is.",
    "TRIAL_UNSAFE": "Use a file that was written by this program.",
}


def refuse(path: Path, problems: Sequence[tuple[str, str]], code: str = "TRIAL_DAMAGED") -> NoReturn:
    """Raise the `TrialFileError` of a file with problems, each an item and what is wrong with it."""
    item, problem = problems[0]
    cause = problem if item == str(path) and str(path) in problem else f"{path}: {item} {problem}"
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    raise TrialFileError(f"{cause.rstrip('.')}{more}.", _REMEDIES.get(code, RESTORE), code=code)
