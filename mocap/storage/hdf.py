"""Move groups to and from an HDF5 file that is a netCDF-4 file as well."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import h5py
import numpy as np

from mocap.errors import SourceError, TrialFileError
from mocap.schema import FORMAT, FORMAT_VERSION
from mocap.storage.layout import Group, Variable
from mocap.storage.scan import STRUCTURE, attribute_names, scan, scan_attributes
from mocap.storage.seal import read_seal
from mocap.storage.sealed_file import SealedFile

_TEXT = h5py.string_dtype("utf-8")
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
# What h5py is seen to raise on damaged files.
READ_ERRORS = (
    OSError, RuntimeError, KeyError, ValueError, TypeError, IndexError, OverflowError, MemoryError, SystemError,
)  # fmt: skip


def save(path: Path, groups: Mapping[str, Group]) -> None:
    """Write groups to a new file, the same bytes for the same groups."""
    # The earliest format keeps no creation times, and every reader knows it.
    with h5py.File(path, "x", libver="earliest") as file:
        for name, group in groups.items():
            owner = file if name == "/" else file.create_group(name)
            for key, value in group.attributes.items():
                owner.attrs[key] = value
            _attach({key: _create(owner, key, variable) for key, variable in group.variables.items()}, group)
        file.flush()


def _create(owner: h5py.Group, name: str, variable: Variable) -> h5py.Dataset:
    if variable.is_text:
        dataset = owner.create_dataset(name, data=variable.data, dtype=_TEXT, track_times=False)
    elif variable.chunks is None:
        dataset = owner.create_dataset(name, data=variable.data, track_times=False)
    else:
        dataset = owner.create_dataset(
            name, data=variable.data, chunks=variable.chunks, compression="gzip", compression_opts=4, shuffle=True,
            fletcher32=True, track_times=False,
        )  # fmt: skip
    attributes = dataset.attrs
    for key, value in variable.attributes.items():
        attributes[key] = value
    return dataset


def _attach(owner: Mapping[str, h5py.Dataset], group: Group) -> None:
    scales = [name for name, variable in group.variables.items() if variable.dims == (name,)]
    for name in scales:
        owner[name].make_scale(name)
    for name, variable in group.variables.items():
        if name not in scales:
            for axis, dim in enumerate(variable.dims):
                owner[name].dims[axis].attach_scale(owner[dim])


class SealError(TrialFileError):
    """The seal of a file is missing or broken: it was changed or damaged since this program wrote it."""

    code = "TRIAL_DAMAGED"


def load(path: Path, only: Collection[str] = (), *, sealed: bool = True) -> dict[str, Group]:
    """Read all groups of a file, the root first; beside it those of these names alone, where some are named.

    With `sealed` the HDF5 library gets to see such bytes alone as fit the seal; without, it may crash or hang on a
    damaged file.

    Raises
    ------
    SourceError
        `FILE_MISSING`, or the file cannot be read.
    SealError
        When it is to be sealed, and what is read of it does not fit its seal.
    TrialFileError
        `NOT_A_TRIAL`, `TRIAL_NEWER`, `TRIAL_DAMAGED`, `TRIAL_UNSAFE`.
    """
    check_signature(path)
    with opened(path, sealed=sealed) as file:
        groups: dict[str, Group] = {}
        _collect(file["/"], "", groups, only)
        if groups["/"].variables:
            raise TrialFileError(
                f"/{next(iter(groups['/'].variables))} lies outside every group.", "Use a file of this program.",
                code="TRIAL_UNSAFE",
            )  # fmt: skip
        return groups


@contextmanager
def opened(path: Path, *, sealed: bool) -> Iterator[h5py.File]:
    """Open a trial file that holds nothing which a trial file never does.

    Raises
    ------
    SealError
        When it is to be sealed, and what is read of it does not fit its seal.
    TrialFileError
        `NOT_A_TRIAL`, `TRIAL_NEWER`, `TRIAL_DAMAGED`, `TRIAL_UNSAFE`.
    """
    with path.open("rb", buffering=0) as raw:
        source = _source(path, raw) if sealed else None
        try:
            # Who reads does not hinder who writes: a new file takes the place of this one.
            with h5py.File(source, "r") if source else h5py.File(path, "r", locking=False) as file:
                # A file of another kind, or of a later version, may hold other things; that is said first.
                scan_attributes(file["/"], "/")
                check_format(file.attrs, path)
                scan(file)
                yield file
        except TrialFileError as error:
            _check_blocks(path, source)
            place = "" if str(path) in error.cause else f"{path}: "
            raise TrialFileError(f"{place}{error.cause}", error.remedy, error.code) from error
        except READ_ERRORS as error:
            _check_blocks(path, source)
            raise TrialFileError(
                f"{path} is cut off or damaged: {error}", "Restore the file from a copy, or make it again.",
                code="TRIAL_DAMAGED",
            ) from error  # fmt: skip
        _check_blocks(path, source)


def _source(path: Path, raw: BinaryIO) -> SealedFile | None:
    """The file that HDF5 reads from; None where it may read the path itself, as the whole file fits its seal."""
    seal = read_seal(raw)
    if seal is None:
        raise SealError(f"{path} has no seal that fits.", "Restore the file from a copy, or make it again.")
    return SealedFile(raw, seal) if seal.digests else None


def _check_blocks(path: Path, source: SealedFile | None) -> None:
    """Refuse a file of which a block was damaged, whatever HDF5 made of it."""
    if source is not None and source.damaged is not None:
        raise SealError(
            f"{path} is damaged from byte {source.damaged} on.", "Restore the file from a copy, or make it again."
        )


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
    if str(attributes.get("format", "")) != FORMAT or version is None or not str(version).isdigit():
        raise TrialFileError(
            f"{path} is an HDF5 file, but no trial file (format='{FORMAT}' is missing).", "Name a trial file.",
            code="NOT_A_TRIAL",
        )  # fmt: skip
    if int(version) > FORMAT_VERSION:
        raise TrialFileError(
            f"{path} has format version {int(version)}; this program reads up to {FORMAT_VERSION}.",
            "Update this program; the file is left as it is.",
            code="TRIAL_NEWER",
        )


def _collect(owner: h5py.Group, path: str, groups: dict[str, Group], only: Collection[str] = ()) -> None:
    groups[path or "/"], inner = _group(owner, path)
    for name, child in inner.items():
        if not only or name in only:
            _collect(child, f"{path}/{name}", groups)


def _group(owner: h5py.Group, path: str) -> tuple[Group, dict[str, h5py.Group]]:
    variables, inner = {}, {}
    # HDF5 finds the name of an object that a reference leads to by looking through the whole file.
    name_at = {h5py.h5o.get_info(owner.id, name.encode()).addr: name for name in owner}
    for name, child in owner.items():
        if isinstance(child, h5py.Dataset):
            try:
                variables[name] = _variable(child, name, name_at)
            except READ_ERRORS as error:
                raise TrialFileError(
                    f"{path.rstrip('/')}/{name} is damaged: {error}.", "Restore the file from a copy.",
                    code="TRIAL_DAMAGED",
                ) from error  # fmt: skip
        elif isinstance(child, h5py.Group):
            inner[name] = child
    return Group(variables, _attributes(owner)), inner


def _variable(dataset: h5py.Dataset, name: str, name_at: Mapping[int, str]) -> Variable:
    if h5py.check_string_dtype(dataset.dtype):
        data = np.empty(dataset.shape, object)
        data[...] = dataset.asstr(errors="strict")[()]
    else:
        data = np.asarray(dataset[()])
    if dataset.is_scale:
        dims: tuple[str, ...] = (name,)
    else:
        dims = tuple(_dim(dataset, axis, name_at) for axis in range(dataset.ndim))
    return Variable(dims, data, _attributes(dataset), dataset.chunks)


def _dim(dataset: h5py.Dataset, axis: int, name_at: Mapping[int, str]) -> str:
    scales = dataset.dims[axis]
    if not len(scales):
        return ""
    scale = scales[0]
    known = name_at.get(h5py.h5o.get_info(scale.id).addr)
    return known or str(scale.name).rsplit("/", 1)[-1]


def _attributes(owner: h5py.Group | h5py.Dataset) -> dict[str, Any]:
    attributes = owner.attrs
    return {name: attributes[name] for name in attribute_names(owner) if name not in STRUCTURE}
