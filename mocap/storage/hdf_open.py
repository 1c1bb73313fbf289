"""Open an HDF5 file that is a trial file, and tell what is wrong with one that is not."""

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import h5py

from mocap.errors import SourceError, TrialFileError
from mocap.schema import FORMAT, FORMAT_VERSION
from mocap.storage.refusal import RESTORE
from mocap.storage.rehearsal import rehearse
from mocap.storage.scan import Budget, Scan, attributes_of
from mocap.storage.seal import read_seal
from mocap.storage.sealed_file import SealedFile

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
# What h5py is seen to raise on damaged files.
READ_ERRORS = (
    OSError, RuntimeError, KeyError, ValueError, TypeError, IndexError, OverflowError, MemoryError, SystemError,
)  # fmt: skip


class SealError(TrialFileError):
    """The seal of a file is missing or broken, or is not this program's: HDF5 may not read it in this process."""

    code = "TRIAL_DAMAGED"


@dataclass(frozen=True, eq=False)
class Opened:
    """A trial file that is open and was looked through.

    Attributes
    ----------
    scan : Scan
        What there is, and how much it may still make its reader take.
    source : SealedFile or None
        What HDF5 reads from; None where it is the file itself.
    """

    scan: Scan
    source: SealedFile | None


@contextmanager
def opened(
    path: Path, only: Collection[str] | None = None, *, sealed: bool, known: bool = False
) -> Iterator[Opened]:
    """Open a trial file that holds nothing which a trial file never does.

    Parameters
    ----------
    path : Path
    only : collection of str, optional
        Names of groups of the root, to be looked through at once with all within them; all, when left out.
    sealed : bool
        See `load`.
    known : bool
        The library may see the file at once: this is the process that is there to be lost.

    Raises
    ------
    SealError
        When it is to be sealed, and what is read of it does not fit its seal.
    TrialFileError
        `NOT_A_TRIAL`, `TRIAL_NEWER`, `TRIAL_DAMAGED`, `TRIAL_UNSAFE`.
    """
    with path.open("rb", buffering=0) as raw:
        source = _source(path, raw, known=known) if sealed else None
        # A file object is not locked: who reads hinders none, and is hindered by none who has the file open.
        with (
            read_errors(path, source),
            h5py.File(raw if source is None else source, "r") as file,
        ):
            n_bytes = os.fstat(raw.fileno()).st_size
            # A file of another kind, or of a later version, may hold other things; that is said first.
            check_format(attributes_of(file["/"].id, "/", Budget(n_bytes)), path)
            scan = Scan(file, n_bytes, sealed=source is not None)
            scan.look(only)
            yield Opened(scan, source)


@contextmanager
def read_errors(path: Path, source: SealedFile | None = None) -> Iterator[None]:
    """Tell what h5py raises as that of a damaged file, and a damaged block as such, whatever HDF5 made of it."""
    try:
        yield
    except TrialFileError as error:
        _check_blocks(path, source)
        place = "" if str(path) in error.cause else f"{path}: "
        raise TrialFileError(f"{place}{error.cause}", error.remedy, error.code) from error
    except READ_ERRORS as error:
        _check_blocks(path, source)
        raise TrialFileError(f"{path} is cut off or damaged: {error}", RESTORE, code="TRIAL_DAMAGED") from error
    _check_blocks(path, source)


def _source(path: Path, raw: BinaryIO, *, known: bool) -> SealedFile | None:
    """The file that HDF5 reads from; None where it may read the file itself, all of which fits its seal."""
    seal = read_seal(raw)
    if seal is None:
        raise SealError(f"{path} has no seal that fits.", RESTORE)
    if not known and not rehearse(path, seal):
        raise SealError(f"{path} has a seal that fits, and is no trial file all the same.", RESTORE)
    return SealedFile(raw, seal) if seal.digests else None


def _check_blocks(path: Path, source: SealedFile | None) -> None:
    if source is not None and source.damaged is not None:
        raise SealError(f"{path} is damaged from byte {source.damaged} on.", RESTORE)


def check_signature(path: Path) -> None:
    """Refuse a file that is missing, unreadable or no HDF5 file."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        # Opening a pipe would wait for whoever writes into it.
        raise SourceError(f"{path} is no file, but a device, a pipe or a socket.", "Name a file.", code="NOT_A_FILE")
    try:
        with path.open("rb") as file:
            found = file.read(len(_SIGNATURE))
    except FileNotFoundError as error:
        raise SourceError(f"There is no file {path}.", "Check the path.", code="FILE_MISSING") from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.", "Name a readable file.") from error
    if found != _SIGNATURE:
        raise TrialFileError(f"{path} is not an HDF5 file.", "Name a trial file (.h5).", code="NOT_A_TRIAL")


def check_format(attributes: Mapping[str, Any], path: Path) -> None:
    """Refuse a file that is no trial file, or one of a later version.

    Raises
    ------
    TrialFileError
        `NOT_A_TRIAL` or `TRIAL_NEWER`.
    """
    version = attributes.get("format_version")
    known = version is not None and str(version).isdecimal() and int(version) >= 1
    if str(attributes.get("format", "")) != FORMAT or not known:
        raise TrialFileError(
            f"{path} is an HDF5 file, but no trial file (format='{FORMAT}' is missing).", "Name a trial file.",
            code="NOT_A_TRIAL",
        )  # fmt: skip
    if int(str(version)) > FORMAT_VERSION:
        raise TrialFileError(
            f"{path} has format version {version}; this program reads up to {FORMAT_VERSION}.",
            "Update this program; the file is left as it is.",
            code="TRIAL_NEWER",
        )
