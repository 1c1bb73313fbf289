"""How a trial file is refused: the first thing that is wrong, and how many more there are."""

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from mocap.errors import MocapError, TrialFileError

RESTORE = "Restore the file from a copy, or make it again."
_REMEDIES = {
    "NOT_A_TRIAL": "Name a trial file.",
    "TRIAL_NEWER": "Update this program; the file is left as it is.",
    "TRIAL_UNSAFE": "Use a file that was written by this program.",
}
# What numbers, words and JSON raise that are of another kind, length, size or depth than they have to be.
CONTENT_ERRORS = (
    MocapError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
)  # fmt: skip
_LONGEST = 300


def contradiction(error: BaseException) -> str:
    """Return in words what one of `CONTENT_ERRORS` complains of."""
    return shortened(error.cause if isinstance(error, MocapError) else f"{type(error).__name__}: {error}")


def shortened(text: str) -> str:
    """Return words that a file may have made as long as it likes, the end of long ones left out."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def refuse(path: Path, problems: Sequence[tuple[str, str]], code: str = "TRIAL_DAMAGED") -> NoReturn:
    """Raise the `TrialFileError` of a file with problems, each an item and what is wrong with it."""
    item, problem = problems[0]
    cause = problem if item == str(path) and str(path) in problem else f"{path}: {item} {problem}"
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    raise TrialFileError(f"{cause.rstrip('.')}{more}.", _REMEDIES.get(code, RESTORE), code=code)
