"""The file that a writer fills: beside the one it is to replace, under a hidden name that is the writer's lock as well.

A trial is written to `.NAME.part` in the folder of `NAME`, put on the disk, and only then takes the name. The writer
holds a lock on that file: a second one is refused, and what a killed one left is taken over by the next.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from mocap.errors import MocapError, SourceError
from mocap.storage.file_digest import file_sha256
from mocap.storage.hdf_open import check_signature
from mocap.storage.journal import journalled
from mocap.storage.links import followed

_ATTEMPTS = 20
# File systems that know no locks say so with one of these.
_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}


@dataclass(frozen=True)
class NewFile:
    """A file that is being written, and the name that it will take.

    Attributes
    ----------
    path : Path
        The name that it will take.
    temporary : Path
        The name that it has.
    file : FileIO
        Open for reading and writing.
    """

    path: Path
    temporary: Path
    file: FileIO

    def clear(self) -> None:
        """Take out what a writer that was killed left in it."""
        self.file.seek(0)
        self.file.truncate(0)

    def sync(self) -> None:
        """Have the system put the content on the disk."""
        os.fsync(self.file.fileno())

    def commit(self, reason: str, *, journal: bool = True) -> None:
        """Give the file its name, in place of one that was there, and put that on the disk as well.

        Parameters
        ----------
        reason : str
            For the journal of the folder, which tells of it first.
        journal : bool
            Keep a journal.
        """
        if journal:
            with journalled(self.path, file_sha256(self.temporary), reason=reason):
                self.temporary.replace(self.path)
        else:
            self.temporary.replace(self.path)
        handle = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        except OSError as error:
            if error.errno != errno.EINVAL:  # some file systems put folders on the disk by themselves
                raise
        finally:
            os.close(handle)


@contextmanager
def claimed(path: Path, *, follow: bool = True) -> Iterator[NewFile]:
    """Hold the right to write a file, from before it is read until it is written; what was not committed is taken away.

    A link to a trial file stays, and the file that it leads to is written: so two names of one file are one. Without
    `follow` the new file takes the place of a link.

    Raises
    ------
    SourceError
        `WRITER_BUSY` when another process holds it; `FOLDER_MISSING`; `WRITE_FAILED` (no rights, no space);
        `LINK_ELSEWHERE` for a link to what is no trial file.
    """
    path = _target(path) if follow else path
    if path.is_dir() or not path.parent.is_dir():
        raise SourceError(
            f"{path} cannot be written: {'it is a folder' if path.is_dir() else f'there is no folder {path.parent}'}.",
            "Name a file in a folder that is there.",
            code="FOLDER_MISSING",
        )
    with write_errors(path):
        new = _claim(path)
    try:
        with write_errors(path):
            if path.exists():
                os.fchmod(new.file.fileno(), stat.S_IMODE(path.stat().st_mode))
        yield new
    finally:
        with contextlib.suppress(OSError):
            if _is_named(new.file.fileno(), new.temporary):
                new.temporary.unlink()
        new.file.close()


def _target(path: Path) -> Path:
    """Return where a name leads; by a link nothing is ever written that was no trial file before."""
    target = followed(path)
    if target is path or path.is_dir():
        return target
    try:
        check_signature(target)
    except MocapError as error:
        raise SourceError(
            f"{path} is a link to {target}, which is no trial file.", "Name a file, or remove the link.",
            code="LINK_ELSEWHERE",
        ) from error  # fmt: skip
    return target


@contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Tell what the system refuses while a file is written as `WRITE_FAILED`."""
    try:
        yield
    except OSError as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(
            f"{path} cannot be written: {error.strerror or error}.", "Check the space and rights of the disk.",
            code="WRITE_FAILED",
        ) from error  # fmt: skip


def _claim(path: Path) -> NewFile:
    temporary = path.with_name(f".{path.name}.part")
    for _ in range(_ATTEMPTS):
        handle = _opened(temporary)
        try:
            locked = _lock(handle, path)
        except OSError:
            os.close(handle)
            raise
        if not locked:
            # Without locks each process has a name of its own, so that none can get into another's way.
            os.close(handle)
            temporary.unlink(missing_ok=True)
            temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
            return NewFile(path, temporary, FileIO(_opened(temporary), "r+"))
        # Whoever held it before may have committed or removed the file since it was opened here.
        if _is_named(handle, temporary):
            return NewFile(path, temporary, FileIO(handle, "r+"))
        os.close(handle)
    raise _busy(path)


def _opened(temporary: Path) -> int:
    # A link planted under that name is not followed.
    follow = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    return os.open(temporary, os.O_RDWR | os.O_CREAT | follow, 0o666)


def _lock(handle: int, path: Path) -> bool:
    """Lock an open file; return False where there are no locks."""
    try:
        import fcntl
    except ImportError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise _busy(path) from error
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        return False
    return True


def _busy(path: Path) -> SourceError:
    return SourceError(
        f"{path} is being written by another process.", "Wait until that one is done, then start again.",
        code="WRITER_BUSY",
    )  # fmt: skip


def _is_named(handle: int, temporary: Path) -> bool:
    """Return whether an open file still bears a name."""
    try:
        named = temporary.stat(follow_symlinks=False)
    except FileNotFoundError:
        return False
    own = os.fstat(handle)
    return (own.st_dev, own.st_ino) == (named.st_dev, named.st_ino)
