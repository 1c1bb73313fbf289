"""The sessions below a folder."""

import os
from pathlib import Path

from mocap.errors import SourceError

SESSION_FILE = "session.toml"


def find_sessions(root: Path) -> list[Path]:
    """Return all folders below one, itself included, that hold a `session.toml`; each once, in the order of names.

    What lies within a session is its own. Hidden folders are passed by; links are followed.

    Raises
    ------
    SourceError
        BATCH_ROOT where there is no such folder, BATCH_EMPTY where no session is found.
    """
    if not root.is_dir():
        raise SourceError(f"There is no folder {root}.", "Name the folder with the sessions.", code="BATCH_ROOT")
    found: list[Path] = []
    seen: set[str] = set()
    for folder, below, files in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            below.clear()
            continue
        seen.add(real)
        if SESSION_FILE in files:
            found.append(Path(folder))
            below.clear()
        else:
            below[:] = sorted(name for name in below if not name.startswith("."))
    if not found:
        raise SourceError(
            f"No folder below {root} holds a {SESSION_FILE}.",
            "Name the folder above the sessions; `mocap new DIR` makes a session.", code="BATCH_EMPTY",
        )  # fmt: skip
    return sorted(found)
