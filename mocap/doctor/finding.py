"""What the doctor says: one finding, one code, one remedy."""

from collections.abc import Sequence
from dataclasses import dataclass

from mocap.errors import MocapError

#: `stop`: the run is refused, or its numbers are wrong. `look`: they may be worse than they could be.
STOP, LOOK = "stop", "look"
SEVERITIES = (STOP, LOOK)


@dataclass(frozen=True)
class Finding:
    """One thing that would spoil a session.

    Attributes
    ----------
    code : str
        Short and stable.
    severity : str
        One of `SEVERITIES`.
    about : str
        Where: a trial, a camera, `squat/cam_0`, or the session.
    cause, remedy : str
        A sentence each.
    """

    code: str
    severity: str
    about: str
    cause: str
    remedy: str


def refused(error: MocapError, about: str) -> Finding:
    """Return the finding for what the program itself refuses."""
    return Finding(error.code, STOP, about, error.cause, error.remedy)


def worst_first(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings by severity, each once, otherwise in the order in which they were found."""
    return sorted(dict.fromkeys(findings), key=lambda one: SEVERITIES.index(one.severity))
