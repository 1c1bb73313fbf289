"""The trial file in memory: groups of variables with named axes. Encoding fills them, the file code moves them.

Each group is a netCDF-4 group: every axis has a variable of its own name in the group (a dimension scale), and every
variable has `units` and `long_name`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mocap.errors import TrialFileError

# One read of a chunk brings some frames of all keypoints; measured best between 64 kB and 1 MB.
CHUNK_BYTES = 1 << 18
_PER_CAMERA = {"camera"}
_LONGEST_TOLD = 80


@dataclass(frozen=True, eq=False)
class Variable:
    """One variable: named axes, values, attributes.

    Attributes
    ----------
    dims : tuple of str
    data : ndarray
        Numbers, or an object array of str.
    attributes : mapping of str to str, int, float or ndarray
    chunks : tuple of int or None
        Shape of a stored block; None when stored in one piece.
    """

    dims: tuple[str, ...]
    data: NDArray
    attributes: Mapping[str, Any] = field(default_factory=dict)
    chunks: tuple[int, ...] | None = None

    @property
    def is_text(self) -> bool:
        """Whether the values are words."""
        return bool(self.data.dtype == object)


@dataclass(frozen=True, eq=False)
class Group:
    """One group: variables, among them one per axis, and attributes."""

    variables: Mapping[str, Variable] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)


def numbers(
    dims: Sequence[str], data: ArrayLike, units: str, long_name: str, dtype: Any = None, **more: Any
) -> Variable:
    """Build a variable of numbers, chunked along time."""
    array = np.asarray(data, dtype=dtype)
    array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(np.shape(data))
    return Variable(tuple(dims), array, {"units": units, "long_name": long_name, **more}, _chunks(dims, array))


def words(dims: Sequence[str], data: Any, long_name: str, **more: Any) -> Variable:
    """Build a variable of words."""
    array = np.empty(np.shape(data), dtype=object)
    array[...] = data if np.shape(data) == () else np.asarray(data, dtype=object)
    return Variable(tuple(dims), array, {"units": "1", "long_name": long_name, **more})


def add(variables: dict[str, Variable], name: str, variable: Variable) -> None:
    """Add a variable under a name that is safe in HDF5.

    Raises
    ------
    TrialFileError
        Code `NAME_TAKEN`, when two would bear one name; `TRIAL_TEXT` for a name that is empty or no text.
    """
    if not name:
        raise TrialFileError("A value of the trial has an empty name.", "Give it a name.", code="TRIAL_TEXT")
    name = safe_name(name)
    if name in variables:
        raise TrialFileError(
            f"Two variables of one group would be called '{name}'.", "Give keypoints, segments and angles other names.",
            code="NAME_TAKEN",
        )  # fmt: skip
    variables[name] = variable


def safe_name(name: str) -> str:
    """Return a name without what HDF5 or netCDF would take for something else; `plain_name` undoes it.

    Raises
    ------
    TrialFileError
        Code `TRIAL_TEXT` for a name that is no text.
    """
    check_word(name.replace("\0", ""), "A name")
    risky = {character for character in name if character in "%/" or not character.isprintable()}
    if set(name) <= {"."}:
        risky.add(".")
    for character in sorted(risky, key=lambda character: character != "%"):
        name = name.replace(character, "".join(f"%{byte:02X}" for byte in character.encode()))
    return name


def plain_name(name: str) -> str:
    """Return the name that `safe_name` made safe."""
    return unquote(name)


def check_word(word: Any, item: str, code: str = "TRIAL_TEXT") -> None:
    """Refuse what is no word that HDF5 can hold (TrialFileError, `TRIAL_TEXT` when no other code is given)."""
    # HDF5 ends text at NUL, and half of a surrogate pair is no text.
    if isinstance(word, str) and "\0" not in word and not any("\ud800" <= letter <= "\udfff" for letter in word):
        return
    told = ascii(word)
    raise TrialFileError(
        f"{item} holds what is no text: {told if len(told) <= _LONGEST_TOLD else told[:_LONGEST_TOLD] + '...'}.",
        "Leave out NUL characters and lone surrogates.", code=code,
    )  # fmt: skip


def _chunks(dims: Sequence[str], array: NDArray) -> tuple[int, ...] | None:
    if "time" not in dims or array.size == 0:
        return None
    shape = [1 if name in _PER_CAMERA else length for name, length in zip(dims, array.shape, strict=True)]
    axis = list(dims).index("time")
    shape[axis] = 1
    row_bytes = int(np.prod(shape)) * array.dtype.itemsize
    shape[axis] = int(np.clip(CHUNK_BYTES // row_bytes, 1, array.shape[axis]))
    return tuple(shape)
