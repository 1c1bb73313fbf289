"""The files that were opened of late, kept among the user's settings."""

from typing import Any

from qtpy.QtCore import QSettings

_MOST = 8
_KEY = "recent_trials"


def recent_files() -> list[str]:
    """Return the paths of files opened of late, the last one first."""
    stored: Any = _settings().value(_KEY, [])
    # Qt hands a list of one back as that one.
    return [stored] if isinstance(stored, str) else [str(one) for one in stored or ()]


def remember_file(path: str) -> None:
    """Keep a file that was opened among the recent ones."""
    _settings().setValue(_KEY, [path, *(one for one in recent_files() if one != path)][:_MOST])


def _settings() -> QSettings:
    return QSettings("mocap", "review")
