"""Read groups of an HDF5 file that is a netCDF-4 file as well."""

import math
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from mocap.errors import TrialFileError
from mocap.storage.chunks import unpacked
from mocap.storage.hdf_open import READ_ERRORS, check_signature, opened
from mocap.storage.integrity import PATH, attribute_items, chunk_item, chunk_starts, sha256_of, variable_item, window_of
from mocap.storage.layout import Group, Variable
from mocap.storage.refusal import RESTORE
from mocap.storage.scan import Budget, Stored, StoredGroup, decoded

_MOST_OVERHEAD = 1024  # bytes of deflating what cannot be deflated, and the checksum
THREADS = min(4, os.cpu_count() or 1)


def load(path: Path, *, sealed: bool = True) -> tuple[dict[str, Group], dict[str, str]]:
    """Read all groups of a file and digest them.

    With `sealed` the HDF5 library gets to see such bytes alone as fit the seal; without, it may crash or hang on a
    damaged file.

    Parameters
    ----------
    path : Path
    sealed : bool

    Returns
    -------
    groups : dict of str to Group
        By path, the root first.
    digests : dict of str to str
        SHA-256 of what was read, by item, see `mocap.storage.integrity`.

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
    groups, found = {}, {}  # type: tuple[dict[str, Group], dict[str, str]]
    with opened(path, sealed=sealed) as file, ThreadPoolExecutor(THREADS) as pool:
        for name, stored in file.scan.groups.items():
            groups[name], digests = read_group(name, stored, file.scan.budget, pool)
            found |= digests
    return groups, found


def load_digests(path: Path) -> tuple[Group | None, dict[str, str]]:
    """Read all of a sealed file chunk by chunk and digest it; keep the group of the digests alone.

    Raises
    ------
    SourceError, TrialFileError
        See `load`.
    """
    integrity, found = None, {}  # type: tuple[Group | None, dict[str, str]]
    with opened(path, sealed=True) as file, ThreadPoolExecutor(THREADS) as pool:
        for name, stored in file.scan.groups.items():
            group, digests = read_group(name, stored, file.scan.budget, pool, kept=name == PATH)
            integrity = group if name == PATH else integrity
            found |= digests
    return integrity, found


def read_group(
    path: str, group: StoredGroup, budget: Budget, pool: ThreadPoolExecutor, axes: Mapping[int, str] | None = None, *,
    kept: bool = True,
) -> tuple[Group, dict[str, str]]:  # fmt: skip
    """Read a group, or a part of one whose axes are known, and digest it; what is not kept has no values after."""
    name_at = names_of_axes(group) if axes is None else axes
    variables, found = {}, attribute_items(path, group.attributes)
    for name, stored in group.variables.items():
        item = f"{path.rstrip('/')}/{name}"
        with damage_of(item):
            variables[name], digests = _variable(item, stored, dims_of(stored, name, name_at), budget, pool, kept)
        found |= digests
    return Group(variables, group.attributes), found


@contextmanager
def damage_of(item: str) -> Iterator[None]:
    try:
        yield
    except READ_ERRORS as error:
        raise TrialFileError(f"{item} is damaged: {error}.", RESTORE, code="TRIAL_DAMAGED") from error


def names_of_axes(group: StoredGroup) -> dict[int, str]:
    """Return the names of the variables of a group by where they lie in the file.

    HDF5 finds the name of an object that a reference leads to by looking through the whole file.
    """
    return {h5py.h5o.get_info(stored.id).addr: name for name, stored in group.variables.items()}


def dims_of(stored: Stored, name: str, name_at: Mapping[int, str]) -> tuple[str, ...]:
    """Return the names of the axes of a variable; '' where it has none."""
    if h5py.h5ds.is_scale(stored.id):
        return (name,)
    found = []
    for axis in range(len(stored.shape)):
        scales: list[str] = []
        if h5py.h5ds.get_num_scales(stored.id, axis):
            h5py.h5ds.iterate(stored.id, axis, lambda one, to=scales: to.append(_scale_name(one, name_at)))
        found.append(scales[0] if scales else "")
    return tuple(found)


def _scale_name(scale: h5py.h5d.DatasetID, name_at: Mapping[int, str]) -> str:
    known = name_at.get(h5py.h5o.get_info(scale).addr)
    return known or h5py.h5i.get_name(scale).decode().rsplit("/", 1)[-1]


def _variable(
    item: str, stored: Stored, dims: tuple[str, ...], budget: Budget, pool: ThreadPoolExecutor, kept: bool
) -> tuple[Variable, dict[str, str]]:
    attributes = attribute_items(item, stored.attributes)
    if stored.chunks is None:
        variable = Variable(dims, read_whole(stored, item, budget), stored.attributes)
        return variable, {**variable_item(item, variable, {}), **attributes}
    # One value in all places takes no memory.
    data = np.empty(stored.shape, stored.dtype) if kept else np.broadcast_to(np.zeros((), stored.dtype), stored.shape)

    def taken(start: tuple[int, ...], block: NDArray) -> str:
        if kept:
            data[window_of(start, block.shape)] = block
        return sha256_of(block)

    digests = {chunk_item(item, start): digest for start, digest in over_chunks(item, stored, taken, pool)}
    variable = Variable(dims, data, stored.attributes, stored.chunks)
    return variable, {**variable_item(item, variable, digests), **digests, **attributes}


def over_chunks(
    item: str, stored: Stored, made: Callable[[tuple[int, ...], NDArray], Any], pool: ThreadPoolExecutor,
    starts: Iterator[tuple[int, ...]] | None = None,
) -> Iterator[tuple[tuple[int, ...], Any]]:  # fmt: skip
    """Yield what is made of each chunk, by its first index, in order; a few are in work at a time.

    Raises
    ------
    TrialFileError
        `TRIAL_DAMAGED`, naming the chunk that is missing or cannot be unpacked.
    """

    def one(start: tuple[int, ...], content: memoryview) -> Any:
        with damage_of(chunk_item(item, start)):
            return made(start, _cut(stored, start, content))

    waiting: deque[tuple[tuple[int, ...], Future[Any]]] = deque()
    for start in chunk_starts(stored.shape, stored.chunks) if starts is None else starts:
        with damage_of(chunk_item(item, start)):
            content = stored_chunk(stored, start)
        waiting.append((start, pool.submit(one, start, content)))
        if len(waiting) > 2 * THREADS:
            first, done = waiting.popleft()
            yield first, done.result()
    for first, done in waiting:
        yield first, done.result()


def stored_chunk(stored: Stored, start: tuple[int, ...]) -> memoryview:
    """Return what is stored of a chunk, which is never more than a chunk can become, however badly it is deflated.

    Raises
    ------
    OSError, ValueError
        When there is none or it is larger, or filters were left out.
    """
    n_bytes = math.prod(stored.chunks or ()) * stored.dtype.itemsize
    room = np.empty(n_bytes + n_bytes // 100 + _MOST_OVERHEAD, np.uint8)
    mask, content = stored.id.read_direct_chunk(start, out=room)
    if mask:
        raise ValueError("it leaves filters out")
    return content


def _cut(stored: Stored, start: tuple[int, ...], content: memoryview) -> NDArray:
    """Values of a chunk that lie within the array."""
    block = unpacked(content, stored.dtype, stored.chunks or (), stored.filters, sealed=stored.sealed)
    return block[tuple(slice(length - first) for first, length in zip(start, stored.shape, strict=True))]


def read_whole(stored: Stored, item: str, budget: Budget) -> NDArray:
    """Return the values of a variable that is stored in one piece."""
    if not stored.is_text:
        data = np.empty(stored.shape, stored.dtype)
        stored.id.read(h5py.h5s.ALL, h5py.h5s.ALL, data)
        return data
    words = np.empty(stored.shape, stored.id.dtype)
    if words.size <= budget.words_at_once:
        stored.id.read(h5py.h5s.ALL, h5py.h5s.ALL, words)
        budget.take_words(words, item)
        return decoded(words)
    # Each may name the same long words of the file: never more than a few at a time.
    step = budget.words_at_once
    for row in np.ndindex(*stored.shape[:-1]):
        for first in range(0, stored.shape[-1], step):
            _read_words(stored, words, (*row, slice(first, min(first + step, stored.shape[-1]))))
            budget.take_words(words[row][first : first + step], item)
    return decoded(words)


def _read_words(stored: Stored, words: NDArray, window: tuple[Any, ...]) -> None:
    *row, last = window
    part = np.empty(last.stop - last.start, stored.id.dtype)
    space = stored.id.get_space()
    space.select_hyperslab((*row, last.start), (*(1 for _ in row), last.stop - last.start))
    stored.id.read(h5py.h5s.create_simple(part.shape), space, part)
    words[window] = part
