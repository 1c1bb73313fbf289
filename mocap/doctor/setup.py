"""What a session says, and the disk that it is to be written to."""

from collections.abc import Iterator
from pathlib import Path

from mocap.config.session import Session
from mocap.doctor.finding import LOOK, STOP, Finding

_LEAST_FREE = 500_000_000
_SHARE = 0.3  # of the footage: keypoints, trials, pictures
_NEEDS_STATIC = ("squat", "hinge", "gait", "lunge", "sit_to_stand")


def session_findings(session: Session) -> Iterator[Finding]:
    """Yield what a session leaves out that somebody will miss."""
    assessed = [entry.name for entry in session.trial if entry.task in _NEEDS_STATIC]
    if session.static is None and assessed:
        yield Finding(
            "STATIC_MISSING", LOOK, "session",
            f"There is no [static], and {', '.join(assessed)} is to be assessed: angles have no standing to refer to.",
            "Record a few seconds of quiet standing, and name the trial in [static].",
        )  # fmt: skip
    if not session.session.subject_code:
        yield Finding(
            "SUBJECT_MISSING", LOOK, "session", "No subject_code: results of several people cannot be told apart.",
            "Write a code, never a name, into [session].",
        )  # fmt: skip
    world = session.calibration.world or ""
    if session.calibration.folder is not None and (not world or world.startswith("camera")):
        yield Finding(
            "GRAVITY_UNKNOWN", LOOK, "calibration", "No world is chosen that knows which way is up.",
            "Lay the board on the floor for a moment and write world = \"floor:0-9\" with its frames; without it no "
            "angle against gravity, as pelvic tilt, is observable.",
        )  # fmt: skip


def disk_findings(footage_bytes: int, free_bytes: int, folder: Path) -> Iterator[Finding]:
    """Yield whether the results may not fit on their disk."""
    needed = max(_LEAST_FREE, int(_SHARE * footage_bytes))
    if free_bytes < needed:
        yield Finding(
            "DISK_SPACE", STOP, "disk",
            f"{free_bytes / 1e9:.1f} GB are free in {folder}, and about {needed / 1e9:.1f} GB are needed.",
            "Free some space, or name another disk with --out.",
        )  # fmt: skip
