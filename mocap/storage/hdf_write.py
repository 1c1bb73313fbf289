"""Write groups to a new HDF5 file that is a netCDF-4 file as well, the same bytes for the same groups."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import h5py
import numpy as np

from mocap.storage.chunks import LEVEL, packed
from mocap.storage.integrity import (
    PATH,
    attribute_items,
    chunk_item,
    chunk_starts,
    integrity_group,
    sha256_of,
    variable_item,
    window_of,
)
from mocap.storage.layout import Group, Variable
from mocap.storage.target import Target

_TEXT = h5py.string_dtype("utf-8")
_TEXT_TYPE = h5py.h5t.py_create(_TEXT, logical=True)
_SCALAR = h5py.h5s.create(h5py.h5s.SCALAR)
_THREADS = min(4, os.cpu_count() or 1)
# An object's header takes 64 kB; values that fit into it beside the attributes need no place of their own.
_COMPACT = 1 << 13


def save(target: Target, groups: Mapping[str, Group], stop_if_asked: Callable[[], None]) -> dict[str, str]:
    """Write groups, and after them `/integrity` with their digests, which are returned by item.

    Parameters
    ----------
    target : Target
        An empty file.
    groups : mapping of str to Group
        By path, the root first; without `/integrity`.
    stop_if_asked : callable
        Called between pieces, and raises where the work is to end.

    Raises
    ------
    OSError
        What the system refused.
    """
    found: dict[str, str] = {}
    # The earliest format keeps no creation times, and every reader knows it.
    with h5py.File(target, "w", libver="earliest") as file, ThreadPoolExecutor(_THREADS) as pool:

        def check() -> None:
            target.check()
            stop_if_asked()

        for path, group in groups.items():
            found |= _save_group(file.id, path, group, pool, check)
        _save_group(file.id, PATH, integrity_group(found), pool, check)
    target.check()
    return found


def _save_group(
    file: h5py.h5f.FileID, path: str, group: Group, pool: ThreadPoolExecutor, check: Callable[[], None]
) -> dict[str, str]:
    owner = h5py.h5g.open(file, b"/") if path == "/" else h5py.h5g.create(file, path.encode())
    _write_attributes(owner, group.attributes)
    found = attribute_items(path, group.attributes)
    made: dict[str, h5py.h5d.DatasetID] = {}
    for name, variable in group.variables.items():
        item = f"{path.rstrip('/')}/{name}"
        made[name] = _create(owner, name, variable)
        chunks = _write(made[name], item, variable, pool, check)
        found |= variable_item(item, variable, chunks) | chunks | attribute_items(item, variable.attributes)
    _attach(made, group)
    return found


def _create(owner: h5py.h5g.GroupID, name: str, variable: Variable) -> h5py.h5d.DatasetID:
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_obj_track_times(False)
    if variable.chunks is not None:
        creation.set_chunk(variable.chunks)
        creation.set_shuffle()
        creation.set_deflate(LEVEL)
        creation.set_fletcher32()
        creation.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    elif 0 < variable.data.nbytes <= _COMPACT:
        creation.set_layout(h5py.h5d.COMPACT)
    kind = _TEXT_TYPE if variable.is_text else h5py.h5t.py_create(variable.data.dtype, logical=True)
    shape = variable.data.shape
    dataset = h5py.h5d.create(owner, name.encode(), kind, h5py.h5s.create_simple(shape) if shape else _SCALAR, creation)
    _write_attributes(dataset, variable.attributes)
    return dataset


def _write(
    dataset: h5py.h5d.DatasetID, item: str, variable: Variable, pool: ThreadPoolExecutor, check: Callable[[], None]
) -> dict[str, str]:
    """Write the values and return the digests of the chunks."""
    if variable.chunks is None:
        if variable.data.size:
            data = variable.data.astype(_TEXT) if variable.is_text else np.ascontiguousarray(variable.data)
            dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, data)
        check()
        return {}
    found = {}
    for start, digest, content in _packed_chunks(variable, pool):
        dataset.write_direct_chunk(start, content)
        found[chunk_item(item, start)] = digest
        check()
    return found


def _packed_chunks(
    variable: Variable, pool: ThreadPoolExecutor
) -> Iterator[tuple[tuple[int, ...], str, bytes]]:
    """Yield first index, digest and stored form of each chunk, in order; a few are in work at a time."""
    chunks = variable.chunks or ()

    def one(start: tuple[int, ...]) -> tuple[tuple[int, ...], str, bytes]:
        block = np.ascontiguousarray(variable.data[window_of(start, chunks)])
        return start, sha256_of(block), packed(block, chunks)

    waiting: deque[Future[tuple[tuple[int, ...], str, bytes]]] = deque()
    for start in chunk_starts(variable.data.shape, chunks):
        waiting.append(pool.submit(one, start))
        if len(waiting) > 2 * _THREADS:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _write_attributes(owner: h5py.h5g.GroupID | h5py.h5d.DatasetID, attributes: Mapping[str, Any]) -> None:
    for name, value in attributes.items():
        if isinstance(value, str):
            attribute = h5py.h5a.create(owner, name.encode(), _TEXT_TYPE, _SCALAR)
            attribute.write(np.array(value, _TEXT))
            continue
        values = np.asarray(value)
        if values.dtype.kind in "US":
            values = values.astype(_TEXT)
        kind = _TEXT_TYPE if values.dtype.kind == "O" else h5py.h5t.py_create(values.dtype, logical=True)
        space = h5py.h5s.create_simple(values.shape) if values.shape else _SCALAR
        h5py.h5a.create(owner, name.encode(), kind, space).write(np.ascontiguousarray(values).reshape(values.shape))


def _attach(made: Mapping[str, h5py.h5d.DatasetID], group: Group) -> None:
    """Tell which variables are the axes of which, as netCDF-4 does."""
    scales = [name for name, variable in group.variables.items() if variable.dims == (name,)]
    for name in scales:
        h5py.h5ds.set_scale(made[name], name.encode())
    for name, variable in group.variables.items():
        if name not in scales:
            for axis, dim in enumerate(variable.dims):
                h5py.h5ds.attach_scale(made[name], made[dim], axis)
