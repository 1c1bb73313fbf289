"""Look through an HDF5 file for what a trial file never holds, before any value is read.

Refused: links that leave their place (soft, external, a second hard link), values stored elsewhere (external,
virtual), object references and other types than numbers and UTF-8 words, filters other than the three in use, and
sizes that the stored bytes cannot fill. The references of netCDF-4's dimension scales are attributes and stay inside.
"""

import math
from typing import Any

import h5py

from mocap.errors import TrialFileError

_FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}
_MOST_OBJECTS = 20_000
# Deflate cannot shrink by more than 1032 to 1; beyond, the size is a claim and not data.
_MOST_RATIO = 1100
_SMALL = 1 << 22
_DEEPEST = 3  # groups within groups: /assessment/squat/set
STRUCTURE = {"CLASS", "NAME", "REFERENCE_LIST", "DIMENSION_LIST", "DIMENSION_LABELS"}


def scan(file: h5py.File) -> None:
    """Refuse a file that holds anything a trial file never does.

    Raises
    ------
    TrialFileError
        Code `TRIAL_UNSAFE`, naming the object.
    """
    seen: set[Any] = set()
    _scan_group(file["/"], "", 0, seen)


def _scan_group(group: h5py.Group, path: str, depth: int, seen: set[Any]) -> None:
    scan_attributes(group, path or "/")
    for name in group:
        item = f"{path}/{name}"
        link = group.id.links.get_info(name.encode())
        if link.type != h5py.h5l.TYPE_HARD:
            raise _unsafe(item, "is a link to somewhere else")
        child = group[name]
        info = h5py.h5o.get_info(child.id)
        if (info.fileno, info.addr) in seen or len(seen) > _MOST_OBJECTS:
            raise _unsafe(item, "is linked twice, or the file holds too many objects")
        seen.add((info.fileno, info.addr))
        if isinstance(child, h5py.Group) and depth < _DEEPEST:
            _scan_group(child, item, depth + 1, seen)
        elif isinstance(child, h5py.Dataset):
            _scan_dataset(child, item)
        else:
            raise _unsafe(item, "is no variable, or lies too deep")


def _scan_dataset(dataset: h5py.Dataset, item: str) -> None:
    creation = dataset.id.get_create_plist()
    if creation.get_external_count() or creation.get_layout() == h5py.h5d.VIRTUAL:
        raise _unsafe(item, "keeps its values in another file")
    filters = {creation.get_filter(index)[0] for index in range(creation.get_nfilters())}
    if not filters <= _FILTERS:
        raise _unsafe(item, f"uses unknown filters {sorted(filters - _FILTERS)}")
    stored, shape = dataset.id.get_type(), dataset.shape
    kind = _kind(stored)
    if kind is None or shape is None or len(shape) > 6:
        raise _unsafe(item, "is of a type or shape that a trial file does not hold")
    declared = (16 if kind == "text" else stored.get_size()) * math.prod(shape)
    if declared > _SMALL and declared > _SMALL + _MOST_RATIO * dataset.id.get_storage_size():
        raise _unsafe(item, f"claims {declared} bytes, more than what is stored can fill")
    scan_attributes(dataset, item)


def scan_attributes(owner: h5py.Group | h5py.Dataset, item: str) -> None:
    """Refuse attributes of other types than numbers and words."""
    for name in attribute_names(owner):
        attribute = h5py.h5a.open(owner.id, name.encode())
        if name in STRUCTURE:
            continue
        if _kind(attribute.get_type()) is None or math.prod(attribute.shape) > 10_000:
            raise _unsafe(f"{item}@{name}", "is of a type or size that a trial file does not hold")


def attribute_names(owner: h5py.Group | h5py.Dataset) -> list[str]:
    """Return the names of all attributes, without asking in which order they were made."""
    found: list[bytes] = []
    h5py.h5a.iterate(owner.id, lambda name, *_: found.append(name))
    return [name.decode() for name in found]


def _kind(kind: h5py.h5t.TypeID) -> str | None:
    code = kind.get_class()
    if code in (h5py.h5t.INTEGER, h5py.h5t.FLOAT) and kind.get_size() in (1, 2, 4, 8):
        return "number"
    if code == h5py.h5t.STRING and kind.is_variable_str() and kind.get_cset() == h5py.h5t.CSET_UTF8:
        return "text"
    return None


def _unsafe(item: str, problem: str) -> TrialFileError:
    return TrialFileError(f"{item} {problem}.", "Use a file that was written by this program.", code="TRIAL_UNSAFE")
