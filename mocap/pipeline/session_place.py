"""Where the session of a trial file is."""

from pathlib import Path


def session_around(path: Path) -> Path | None:
    """Return the folder with the session of a trial file; None where none is near.

    Results lie in a folder of the session, or in one beside it that a run was told to write to.
    """
    above = path.absolute().parents
    near = (*above[:3], *(folder / "session" for folder in above[:2]))
    return next((folder for folder in near if (folder / "session.toml").is_file()), None)
