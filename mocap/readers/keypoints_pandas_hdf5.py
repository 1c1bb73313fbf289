"""Tables that pandas wrote to HDF5, read without PyTables and without running what the file carries.

Both layouts of `DataFrame.to_hdf` with columns of several levels: `fixed` keeps levels and codes as plain arrays,
`table` keeps the column names as a pickle of lists, tuples and strings. That one is decoded symbol by symbol, and
anything else in it is refused: a pickle is never loaded.
"""

import pickletools
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from mocap.errors import FormatError
from mocap.readers.keypoints_isolated import Parsed
from mocap.readers.words import complaint

_LARGEST_VALUES = 500_000_000  # numbers; an hour of 100 keypoints at 100 Hz is a fifth of it
_LARGEST_PICKLE = 16_000_000  # bytes

Columns = tuple[tuple[str, ...], ...]


def parse_pandas(file: Path) -> Parsed:
    """Return the table of a file as `keypoints_isolated` hands it on: `index` and `values`, the columns as words."""
    columns, index, values = read_pandas_hdf5(file)
    return Parsed({"index": index, "values": values}, columns)


def read_pandas_hdf5(file: Path) -> tuple[Columns, NDArray, NDArray]:
    """Read the one table of a file.

    Returns
    -------
    columns : tuple of tuple of str
    index : ndarray of int, shape (row,)
    values : ndarray, shape (row, column)

    Raises
    ------
    FormatError
        BROKEN_HDF5 when it cannot be opened, NOT_DEEPLABCUT without a table, PANDAS_LAYOUT when it is of another
        layout.
    """
    try:
        with h5py.File(file, "r") as store:
            group = _only_group(store, file)
            kind = _text(group.attrs.get("pandas_type", b""))
            if kind == "frame":
                return _read_fixed(group, file)
            if kind == "frame_table":
                return _read_table(group, file)
            raise _other_layout(file, f"pandas_type '{kind}'")
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, IndexError, MemoryError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(
            f"{file} is damaged or incomplete: {complaint(error)}.",
            "Export or copy the file again.",
            code="BROKEN_HDF5",
        ) from error


def _other_layout(file: Path, what: str) -> FormatError:
    return FormatError(
        f"{file} holds a table in a way that is not supported: {what}.",
        "Export the table as CSV.",
        code="PANDAS_LAYOUT",
    )


def _only_group(store: h5py.File, file: Path) -> h5py.Group:
    hard = [name for name in store if isinstance(store.get(name, getlink=True), h5py.HardLink)]
    groups = [store[name] for name in hard if isinstance(store[name], h5py.Group)]
    groups = [group for group in groups if "pandas_type" in group.attrs]
    if not groups:
        raise FormatError(
            f"{file} is not a DeepLabCut result: it holds no table.",
            "Give the CSV or HDF5 files that DeepLabCut's analyze_videos writes.",
            code="NOT_DEEPLABCUT",
        )
    if len(groups) > 1:
        raise _other_layout(file, f"{len(groups)} tables of pandas")
    return groups[0]


def _array(group: h5py.Group, name: str, file: Path) -> NDArray:
    """Return a dataset that stands in this very file and is of a sound size."""
    dataset = group[name]
    if not isinstance(dataset, h5py.Dataset) or not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise _other_layout(file, f"'{name}' is not a dataset of its own")
    if dataset.is_virtual or dataset.external or dataset.dtype.hasobject or dataset.size > _LARGEST_VALUES:
        raise _other_layout(file, f"'{name}' of type {dataset.dtype} and shape {dataset.shape}")
    return dataset[()]


def _read_fixed(group: h5py.Group, file: Path) -> tuple[Columns, NDArray, NDArray]:
    columns: list[tuple[str, ...]] = []
    values = []
    for block in range(int(group.attrs["nblocks"])):
        prefix = f"block{block}_items"
        levels = []
        for level in range(int(group.attrs[f"{prefix}_nlevels"])):
            words = _array(group, f"{prefix}_level{level}", file)
            codes = _array(group, f"{prefix}_label{level}", file)
            if ((codes < 0) | (codes >= len(words))).any():
                raise _other_layout(file, "unnamed columns")
            levels.append([_text(words[code]) for code in codes])
        columns.extend(zip(*levels, strict=True))
        values.append(np.asarray(_array(group, f"block{block}_values", file), float))
    index = _array(group, "axis1", file)
    return _checked(tuple(columns), index, np.concatenate(values, axis=1), file)


def _read_table(group: h5py.Group, file: Path) -> tuple[Columns, NDArray, NDArray]:
    table = group["table"]
    rows = _array(group, "table", file)
    blocks = [name for name in rows.dtype.names or () if name.startswith("values_block_")]
    columns: list[tuple[str, ...]] = []
    for block in blocks:
        columns.extend(_names(_decode(table.attrs[f"{block}_kind"], file), file))
    values = [np.asarray(rows[block], float).reshape(len(rows), -1) for block in blocks]
    return _checked(tuple(columns), rows["index"], np.concatenate(values, axis=1), file)


def _checked(columns: Columns, index: NDArray, values: NDArray, file: Path) -> tuple[Columns, NDArray, NDArray]:
    if values.ndim != 2 or values.shape != (len(index), len(columns)) or not columns:
        raise _other_layout(file, f"{len(columns)} names for values of shape {values.shape}")
    if not np.issubdtype(index.dtype, np.integer):
        raise _other_layout(file, f"an index of {index.dtype} in place of frame numbers")
    return columns, index.astype(np.int64), values


def _names(decoded: Any, file: Path) -> list[tuple[str, ...]]:
    if not isinstance(decoded, list) or not all(
        isinstance(name, tuple) and all(isinstance(word, str) for word in name) for name in decoded
    ):
        raise _other_layout(file, "columns that are not named by several words")
    return decoded


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _decode(pickled: Any, file: Path) -> Any:
    """Decode a pickle (protocol 0) of lists, tuples, numbers and strings without loading it."""
    content = bytes(pickled)
    if len(content) > _LARGEST_PICKLE:
        raise _other_layout(file, f"column names of {len(content)} bytes")
    stack: list[Any] = []
    marks: list[int] = []
    memo: dict[Any, Any] = {}
    for code, argument, _ in pickletools.genops(content):
        name = code.name
        if name == "MARK":
            marks.append(len(stack))
        elif name in ("LIST", "TUPLE"):
            start = marks.pop()
            items = stack[start:]
            del stack[start:]
            stack.append(items if name == "LIST" else tuple(items))
        elif name == "APPEND":
            item = stack.pop()
            stack[-1].append(item)
        elif name in ("UNICODE", "STRING", "INT", "LONG"):
            stack.append(argument)
        elif name == "PUT":
            memo[argument] = stack[-1]
        elif name == "GET":
            stack.append(memo[argument])
        elif name == "STOP":
            return stack.pop()
        else:
            raise _other_layout(file, f"column names with the symbol {name}")
    raise _other_layout(file, "column names that do not end")
