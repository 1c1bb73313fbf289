"""Files of text: written as a whole, so that a reader finds the old ones or the new ones, and read within a limit."""

import errno
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from calibration.errors import SourceError


def write_texts(texts: Mapping[Path, str | bytes], code: str = "CALIBRATION_NOT_WRITTEN") -> None:
    """Write files that belong together, as a calibration's; what was there before stays whole until all are complete.

    Parameters
    ----------
    texts : mapping of Path to str or bytes
        The folder of the first file is made when its own folder exists.
    code : str
        Of the error.

    Raises
    ------
    SourceError
        CALIBRATION_NOT_WRITTEN, or the other code.
    """
    ready: dict[Path, Path] = {}
    try:
        for path, text in texts.items():
            if len(texts) > 1:
                path.parent.mkdir(exist_ok=True)
            ready[path] = _written_beside(path, text)
        for path, temporary in ready.items():
            temporary.replace(path)
    except (OSError, ValueError) as error:
        raise SourceError(
            f"The file {next(iter(texts))} cannot be written: {getattr(error, 'strerror', None) or error}.",
            "Give a path in an existing folder that may be written to.",
            code=code,
        ) from error
    finally:
        for temporary in ready.values():
            temporary.unlink(missing_ok=True)


def _written_beside(path: Path, text: str | bytes) -> Path:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        if path.is_dir():
            raise IsADirectoryError(21, "Is a directory")
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def read_limited(path: Path, most_bytes: int) -> bytes:
    """Return the content of a file that is no larger than it may be, and no pipe or device, which may never end.

    Parameters
    ----------
    path : Path
    most_bytes : int

    Raises
    ------
    OSError
        When it cannot be read, is no file (ENODEV) or larger (EFBIG); `strerror` says so.
    """
    with opened_file(path) as file:
        if os.fstat(file.fileno()).st_size > most_bytes:
            raise OSError(errno.EFBIG, f"it is larger than {most_bytes / 1e6:.0f} MB", str(path))
        return file.read()


def opened_file(path: Path) -> BinaryIO:
    """Open a file to read; OSError (ENODEV) for a pipe or device."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise OSError(errno.ENODEV, "it is no file, but a device, a pipe or a socket", str(path))
    return path.open("rb")
