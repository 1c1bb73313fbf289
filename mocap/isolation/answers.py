"""Arrays and words on their way from the child to its caller: a header in JSON, and the bytes of the arrays behind it.

The file that carries them has no name where the system allows that, and lies in memory. The caller reads it into
arrays of its own, and maps nothing: a child that cuts or changes the file afterwards reaches no number.
"""

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mocap.isolation.tasks import WORDS_MOST

_LENGTH = struct.Struct("<Q")
_TYPES = frozenset(("<f4", "<f8", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "|b1"))
_MOST_ARRAYS = 100_000
_MOST_AXES = 8


@dataclass(frozen=True, eq=False)
class Answer:
    """What a file holds: arrays of numbers, and all else as JSON.

    Attributes
    ----------
    arrays : mapping of str to ndarray
        Of floats, integers or booleans.
    words : Any
        As JSON returns it: tuples have become lists.
    peak_bytes : int
        The most memory that reading took; 0 where the system does not say.
    """

    arrays: Mapping[str, NDArray]
    words: Any = None
    peak_bytes: int = field(default=0, compare=False)


def write_answer(stream: BinaryIO, arrays: Mapping[str, NDArray], words: Mapping[str, Any]) -> None:
    """Write arrays and words; runs in the child."""
    plain = {name: np.asarray(array, array.dtype.newbyteorder("<"), order="C") for name, array in arrays.items()}
    if not {array.dtype.str for array in plain.values()} <= _TYPES:
        raise TypeError("an array of something else than numbers")
    table = [[name, array.dtype.str, list(array.shape)] for name, array in plain.items()]
    header = json.dumps({**words, "arrays": table}).encode("ascii")
    stream.seek(0)
    views = [array.data.cast("B") for array in plain.values() if array.size]
    for view in (memoryview(_LENGTH.pack(len(header))), memoryview(header), *views):
        at = 0
        while at < len(view):  # a single call may write a part
            at += stream.write(view[at:])


def read_answer(stream: BinaryIO, most: int) -> tuple[dict[str, NDArray], dict[str, Any]]:
    """Read arrays and words, each size checked before any memory is taken.

    Raises
    ------
    ValueError
        What is there is no answer, or one of more than `most` bytes.
    """
    size = stream.seek(0, 2)
    if not _LENGTH.size <= size <= most:
        raise ValueError(f"an answer of {size} bytes")
    stream.seek(0)
    (length,) = _LENGTH.unpack(stream.read(_LENGTH.size))
    if length > min(WORDS_MOST, size - _LENGTH.size):
        raise ValueError(f"a header of {length} bytes")
    header = json.loads(stream.read(length))
    if not isinstance(header, dict) or not isinstance(header.get("arrays"), list):
        raise ValueError("a header without a table of arrays")
    table = [_checked_row(row) for row in header.pop("arrays")[:_MOST_ARRAYS]]
    if _LENGTH.size + length + sum(kind.itemsize * math.prod(shape) for _, kind, shape in table) != size:
        raise ValueError("arrays of another size than announced")
    return {name: _read_array(stream, kind, shape) for name, kind, shape in table}, header


def _checked_row(row: Any) -> tuple[str, np.dtype, tuple[int, ...]]:
    name, kind, shape = row
    sound = isinstance(name, str) and kind in _TYPES and isinstance(shape, list) and len(shape) <= _MOST_AXES
    if not sound or any(type(length) is not int or length < 0 for length in shape):
        raise ValueError(f"an array of type {str(kind)[:20]}")
    return name, np.dtype(kind), tuple(shape)


def _read_array(stream: BinaryIO, kind: np.dtype, shape: tuple[int, ...]) -> NDArray:
    array = np.empty(shape, kind)
    if array.size:
        view, at = array.data.cast("B"), 0
        while at < len(view):
            got = stream.readinto(view[at:])  # type: ignore[attr-defined]
            if not got:
                raise ValueError("an answer that was cut off")
            at += got
    return array
