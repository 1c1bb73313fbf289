"""One door for motion files: the suffix names the reader."""

from collections.abc import Callable
from pathlib import Path

from mocap.errors import FormatError
from mocap.readers.c3d import read_c3d
from mocap.readers.imported import Imported
from mocap.readers.mot_angles import read_mot_angles
from mocap.readers.trc import read_trc


def read_motion(path: Path | str, up: str | None = None, units: str | None = None) -> Imported:
    """Read a motion file by its suffix: .c3d, .trc, or .mot and .sto (angles alone).

    Parameters
    ----------
    path : path
    up : str, optional
        The file's axis that points up; given by the user.
    units : str, optional
        Length unit; given by the user.

    Raises
    ------
    FormatError
        `SUFFIX_UNKNOWN`, and what the reader of the format raises.
    SourceError
        When the file is missing or cut off.
    """
    path = Path(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise FormatError(
            f"'{path.suffix}' of {path.name} is not a known motion format.",
            f"Give a file that ends in {', '.join(READERS)}.",
            code="SUFFIX_UNKNOWN",
        )
    return reader(path, up, units)


READERS: dict[str, Callable[[Path | str, str | None, str | None], Imported]] = {
    ".c3d": read_c3d,
    ".trc": read_trc,
    ".mot": read_mot_angles,
    ".sto": read_mot_angles,
}
