"""Look through an HDF5 file for what a trial file never holds, before any value is read.

Refused: links that leave their place (soft, external, a second hard link), values stored elsewhere (external,
virtual), object references and other types than numbers and UTF-8 words, filters other than the three in use or in
another order, and sizes that the stored bytes cannot fill. The references of netCDF-4's dimension scales are
attributes and stay inside. What is left is a list of the variables with their attributes, to be read one by one.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from mocap.errors import TrialFileError
from mocap.storage.chunks import DEFLATE, PIPELINE, SHUFFLE

_MOST_OBJECTS = 20_000
# Deflate cannot shrink by more than 1032 to 1; beyond, the size is a claim and not data.
_MOST_RATIO = 1100
_SMALL = 1 << 22
_MOST_CHUNK = 1 << 24
_MOST_CHUNKS = 1 << 18
# All values together: what is true of one variable of zeros is true of no whole recording.
_MOST_BYTES = 1 << 28
_MOST_BYTES_PER_BYTE = 100
_DEEPEST = 3  # groups within groups: /assessment/squat/set
_MOST_IN_ATTRIBUTE = {"number": 10_000, "text": 100}
STRUCTURE = {"CLASS", "NAME", "REFERENCE_LIST", "DIMENSION_LIST", "DIMENSION_LABELS", "_Netcdf4Dimid"}
_TEXT = h5py.string_dtype("utf-8")
_TEXT_BYTES = 16  # of a word in the file: its length and where it lies


@dataclass(frozen=True, eq=False)
class Stored:
    """A variable as it lies in a file: nothing of its values is read yet.

    Attributes
    ----------
    id : h5py.h5d.DatasetID
    is_text : bool
    shape : tuple of int
    dtype : dtype
        Of numbers; object for words.
    chunks : tuple of int or None
    filters : tuple of int
        HDF5's numbers, in the order of writing.
    attributes : mapping
    sealed : bool
        Whether its bytes are compared with the seal.
    """

    id: h5py.h5d.DatasetID
    is_text: bool
    shape: tuple[int, ...]
    dtype: np.dtype
    chunks: tuple[int, ...] | None
    filters: tuple[int, ...]
    attributes: Mapping[str, Any]
    sealed: bool


@dataclass(frozen=True, eq=False)
class StoredGroup:
    """A group as it lies in a file, its attributes read and its variables not."""

    variables: Mapping[str, Stored]
    attributes: Mapping[str, Any]


class Budget:
    """How much a file may still make its reader take: objects, bytes of values, bytes of words."""

    def __init__(self, file_bytes: int) -> None:
        self._objects = _MOST_OBJECTS
        self._bytes = _MOST_BYTES + _MOST_BYTES_PER_BYTE * file_bytes
        self._words = _SMALL + 4 * file_bytes
        self.words_at_once = max(8, min(4096, (1 << 26) // max(1, file_bytes)))

    def take_objects(self, n_objects: int, item: str) -> None:
        """Count the objects of a group."""
        self._objects -= n_objects
        if self._objects < 0:
            raise unsafe(item, "holds too many objects")

    def take_bytes(self, n_bytes: int, item: str) -> None:
        """Count the values of a variable."""
        self._bytes -= n_bytes
        if self._bytes < 0:
            raise unsafe(item, f"claims {n_bytes} bytes, which is more than a file of this size holds")

    def take_words(self, words: Any, item: str) -> None:
        """Count words that were read; many may name the same bytes of the file."""
        self._words -= sum(map(len, words.ravel().tolist()))
        if self._words < 0:
            raise unsafe(item, "holds more words than a file of this size can")


class Scan:
    """An HDF5 file that is looked through, at once or group by group.

    Attributes
    ----------
    groups : dict of str to StoredGroup
        What was looked at, by the path of the group; the root `/` first.
    budget : Budget
        How much it may still make its reader take.
    """

    def __init__(self, file: h5py.File, file_bytes: int, *, sealed: bool) -> None:
        self._sealed = sealed
        self._file, self._seen = file["/"].id, set()  # type: tuple[h5py.h5g.GroupID, set[Any]]
        self.budget = Budget(file_bytes)
        self.groups: dict[str, StoredGroup] = {}

    def look(self, names: Collection[str] | None = None) -> None:
        """Look through the groups of these names of the root, with all within them; through all, when left out.

        Raises
        ------
        TrialFileError
            Code `TRIAL_UNSAFE`, naming the object.
        """
        if "/" not in self.groups:
            self.groups["/"] = StoredGroup({}, attributes_of(self._file, "/", self.budget))
            self.budget.take_objects(self._file.get_num_objs(), "/")
        for raw in self._file:
            item = f"/{raw.decode()}"
            if item not in self.groups and (names is None or item[1:] in names):
                child = self._child(self._file, raw, item)
                if not isinstance(child, h5py.h5g.GroupID):
                    raise unsafe(item, "lies outside every group")
                self._look_through(child, item)

    def _child(self, group: h5py.h5g.GroupID, raw: bytes, item: str) -> h5py.h5g.GroupID | h5py.h5d.DatasetID:
        if group.links.get_info(raw).type != h5py.h5l.TYPE_HARD:
            raise unsafe(item, "is a link to somewhere else")
        child = h5py.h5o.open(group, raw)
        info = h5py.h5o.get_info(child)
        if (info.fileno, info.addr) in self._seen:
            raise unsafe(item, "is linked twice")
        self._seen.add((info.fileno, info.addr))
        return child

    def _look_through(self, group: h5py.h5g.GroupID, path: str) -> None:
        variables: dict[str, Stored] = {}
        self.budget.take_objects(group.get_num_objs(), path)
        attributes = attributes_of(group, path, self.budget)
        for raw in group:
            name = raw.decode()
            item = f"{path}/{name}"
            child = self._child(group, raw, item)
            if isinstance(child, h5py.h5g.GroupID) and item.count("/") <= _DEEPEST:
                self._look_through(child, item)
            elif isinstance(child, h5py.h5d.DatasetID):
                variables[name] = _stored(child, item, self.budget, self._sealed)
            else:
                raise unsafe(item, "is no variable, or lies too deep")
        self.groups[path] = StoredGroup(variables, attributes)  # not before all of it was looked at


def _stored(dataset: h5py.h5d.DatasetID, item: str, budget: Budget, sealed: bool) -> Stored:
    creation = dataset.get_create_plist()
    layout = creation.get_layout()
    if creation.get_external_count() or layout == h5py.h5d.VIRTUAL:
        raise unsafe(item, "keeps its values in another file")
    filters = _filters(creation, dataset, item)
    kind, space = dataset.get_type(), dataset.get_space()
    known = _kind(kind)
    shape = space.get_simple_extent_dims() if space.is_simple() else None
    if known is None or shape is None or len(shape) > 6:
        raise unsafe(item, "is of a type or shape that a trial file does not hold")
    is_text = known == "text"
    size = _TEXT_BYTES if is_text else kind.get_size()
    declared = size * math.prod(shape)
    if declared > _SMALL and declared > _SMALL + _MOST_RATIO * dataset.get_storage_size():
        raise unsafe(item, f"claims {declared} bytes, more than what is stored can fill")
    budget.take_bytes(declared, item)
    chunks = tuple(creation.get_chunk()) if layout == h5py.h5d.CHUNKED else None
    if chunks is not None:
        if not filters:
            # The library takes the size of such a chunk from one place and its bytes by another.
            raise unsafe(item, "is stored in chunks without a filter")
        _check_chunks(chunks, shape, size, is_text, item)
    dtype = np.dtype(object) if is_text else kind.dtype
    return Stored(dataset, is_text, shape, dtype, chunks, filters, attributes_of(dataset, item, budget), sealed)


def _filters(creation: h5py.h5p.PropDCID, dataset: h5py.h5d.DatasetID, item: str) -> tuple[int, ...]:
    """Return the filters of a variable; refuse others, another order, and what other programs could not undo."""
    told = [creation.get_filter(index) for index in range(creation.get_nfilters())]
    filters = tuple(one[0] for one in told)
    if filters != tuple(one for one in PIPELINE if one in filters):
        raise unsafe(item, f"uses other filters, or in another order: {list(filters)}")
    settings = {one[0]: tuple(one[2]) for one in told}
    if settings.get(SHUFFLE) not in (None, (dataset.get_type().get_size(),)):
        raise unsafe(item, "has its bytes shuffled as if its values were of another size")
    if settings.get(DEFLATE) not in (None, *((level,) for level in range(10))):
        # Inflating needs no level, yet HDF5 refuses a chunk whose level does not exist.
        raise unsafe(item, f"is deflated at a level that does not exist: {list(settings[DEFLATE])}")
    return filters


def _check_chunks(chunks: tuple[int, ...], shape: tuple[int, ...], size: int, is_text: bool, item: str) -> None:
    n_chunks = math.prod(-(-length // step) for length, step in zip(shape, chunks, strict=True))
    fits = len(chunks) == len(shape) and all(step <= max(1, length) for length, step in zip(shape, chunks, strict=True))
    if is_text or not fits or math.prod(chunks) * size > _MOST_CHUNK or n_chunks > _MOST_CHUNKS:
        raise unsafe(item, f"is stored in {n_chunks} chunks of shape {chunks}, which a trial file does not hold")


def attributes_of(owner: h5py.h5g.GroupID | h5py.h5d.DatasetID, item: str, budget: Budget) -> dict[str, Any]:
    """Return the attributes of an object but those of netCDF-4's own; refuse other types than numbers and words."""
    names: list[bytes] = []
    # Without asking in which order they were made.
    h5py.h5a.iterate(owner, lambda name, *_: names.append(name))
    found = {}
    for raw in names:
        name = raw.decode()
        if name in STRUCTURE:
            continue
        attribute = h5py.h5a.open(owner, raw)
        stored, shape = attribute.get_type(), attribute.shape
        kind = _kind(stored)
        if kind is None or math.prod(shape) > _MOST_IN_ATTRIBUTE[kind]:
            raise unsafe(f"{item}@{name}", "is of a type or size that a trial file does not hold")
        values = np.empty(shape, _TEXT if kind == "text" else stored.dtype)
        attribute.read(values)
        if kind == "text":
            budget.take_words(values, f"{item}@{name}")
            values = decoded(values)
        found[name] = values[()]
    return found


def decoded(words: Any) -> Any:
    """Return words of a file, UTF-8, as an array of str."""
    return np.array([word.decode() for word in words.ravel().tolist()], object).reshape(words.shape)


def _kind(kind: h5py.h5t.TypeID) -> str | None:
    code = kind.get_class()
    if code in (h5py.h5t.INTEGER, h5py.h5t.FLOAT) and kind.get_size() in (1, 2, 4, 8):
        return "number"
    if code == h5py.h5t.STRING and kind.is_variable_str() and kind.get_cset() == h5py.h5t.CSET_UTF8:
        return "text"
    return None


def unsafe(item: str, problem: str) -> TrialFileError:
    """Return the error of a file that holds what a trial file never does."""
    return TrialFileError(f"{item} {problem}.", "Use a file that was written by this program.", code="TRIAL_UNSAFE")
