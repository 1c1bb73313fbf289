"""The parameters of a C3D file by group and name, from the chain of records that the check of the file went through.

Read here and not through a library: those in use end the process on files that leave out parameters which the guide
calls optional. Names of groups, and of the parameters in those that the guide describes, become upper case.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.readers.c3d_header import DEC, C3dHeader, Record, records

TEXT, BYTE, INTEGER, REAL = -1, 1, 2, 4
_DESCRIBED = frozenset(
    ("POINT", "ANALOG", "FORCE_PLATFORM", "EVENT", "EVENT_CONTEXT", "TRIAL", "ROTATION", "SUBJECTS", "MANUFACTURER")
)


def parameters_of(content: bytes, header: C3dHeader, path: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """Return group to name to `type`, `value`, `shape`, `description`: words in lists, numbers in arrays.

    Arrays have the file's shape, a single number (1,). The later of two parameters of one name counts.

    Raises
    ------
    SourceError
        `C3D_TRUNCATED`.
    FormatError
        `C3D_BROKEN`.
    """
    found = list(records(content, path))
    groups = {record.group: record.name.upper() for record in found if record.kind is None}
    parameters: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in groups.values()}
    for record in found:
        if record.kind is None:
            continue
        group = groups.get(record.group, f"GROUP_{record.group}")
        name = record.name.upper() if group in _DESCRIBED else record.name
        parameters.setdefault(group, {})[name] = {
            "type": record.kind, "value": _value(record, header.processor), "description": _text(record.description),
            "shape": list(record.shape),
        }  # fmt: skip
    return parameters


def _value(record: Record, processor: int) -> list[str] | NDArray:
    shape = record.shape or (1,)
    if record.kind == TEXT:
        return _words(record.content, shape)
    if record.kind == REAL:
        words = np.frombuffer(record.content, "<u2").reshape(-1, 2)
        # DEC's number is four times the IEEE number, its 16-bit words swapped.
        swapped = np.ascontiguousarray(words[:, ::-1] if processor == DEC else words)
        with np.errstate(invalid="ignore"):  # a NaN that signals
            reals = swapped.view("<f4").astype(float) / (4.0 if processor == DEC else 1.0)
        return reals.reshape(shape, order="F")
    wholes = np.frombuffer(record.content, "i1" if record.kind == BYTE else "<i2").astype(int)
    return wholes.reshape(shape, order="F")


def _words(content: bytes, shape: tuple[int, ...]) -> list[str]:
    """Words along the first axis, padded with blanks; the other axes count them."""
    width = shape[0]
    count = int(np.prod(shape[1:], dtype=int))
    return [_text(content[at * width : (at + 1) * width]) for at in range(count)]


def _text(raw: bytes) -> str:
    """UTF-8, or else Latin-1."""
    try:
        return raw.decode("utf-8").rstrip(" \0")
    except UnicodeDecodeError:
        return raw.decode("latin-1").rstrip(" \0")
