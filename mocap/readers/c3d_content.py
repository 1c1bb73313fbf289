"""The parameters of a C3D file, as ezc3d gives them: the library of C++ runs in a process of its own, with limits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.errors import FormatError
from mocap.isolation import Answer, Lost
from mocap.isolation import parse as parse_isolated
from mocap.readers.c3d_header import C3dHeader, check_c3d
from mocap.readers.files import read_bytes

# What ezc3d is seen to raise on damaged files; C++ exceptions arrive as RuntimeError and its relatives.
_LIBRARY_ERRORS = (
    OSError, RuntimeError, ValueError, IndexError, KeyError, TypeError, MemoryError, SystemError, OverflowError,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class C3dContent:
    """What a C3D file says of its samples, which `c3d_data` reads.

    Attributes
    ----------
    header : C3dHeader
        By our own reading of the first block, which ezc3d's reading agrees with.
    parameters : mapping
        Group to name to `type`, `value`, ...; words in lists, numbers in arrays.
    """

    header: C3dHeader
    parameters: Mapping[str, Any]


def load_c3d(path: Path) -> C3dContent:
    """Check a C3D file and load it through ezc3d, both in a process of its own.

    Raises
    ------
    SourceError
        `FILE_MISSING`, `FILE_EMPTY`, `C3D_TRUNCATED`.
    FormatError
        `C3D_NOT`, `C3D_BROKEN`, `C3D_UNSUPPORTED`.
    """
    try:
        answer = parse_isolated("c3d", path)
    except Lost as lost:
        raise _damaged(path, str(lost)) from lost
    tree = _tree(answer.words["leaves"], answer.arrays)
    header = C3dHeader(**answer.words["header"])
    _check_counts(header, tree["header"], path)
    return C3dContent(header, tree["parameters"])


def parse(path: Path) -> Answer:
    """Read a C3D file in this process, as `load_c3d` has it done in another.

    Returns
    -------
    Answer
        `words` has `header` and the `leaves` of ezc3d's tree, each a path and a value, or a path and the name of an
        array: names of groups stand in the file, and no name of ours may be mistaken for one.
    """
    header = check_c3d(read_bytes(path), path)
    import ezc3d  # 0.1 s, and only here

    try:
        file = ezc3d.c3d(str(path))
        arrays: dict[str, NDArray] = {}
        leaves = []
        for place, value in _leaves({"header": file["header"], "parameters": file["parameters"]}, ()):
            if isinstance(value, np.ndarray):
                name = str(len(arrays))
                arrays[name] = value
                leaves.append([place, name, None])
            else:
                leaves.append([place, None, value])
    except _LIBRARY_ERRORS as error:
        raise _damaged(path, str(error) or type(error).__name__) from error
    return Answer(arrays, {"header": asdict(header), "leaves": leaves})


def _damaged(path: Path, why: str) -> FormatError:
    return FormatError(f"{path} is a damaged C3D file: {why}.", "Copy or export the file again.", code="C3D_BROKEN")


def _leaves(tree: Mapping[str, Any], place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*place, key))
        else:
            yield (*place, key), value


def _tree(leaves: Sequence[Any], arrays: Mapping[str, NDArray]) -> dict[str, Any]:
    tree: dict[str, Any] = {"header": {}, "parameters": {}}
    for (*groups, last), name, value in leaves:
        branch = tree
        for group in groups:
            branch = branch.setdefault(group, {})
        branch[last] = value if name is None else arrays[name]
    return tree


def _check_counts(header: C3dHeader, library_header: Mapping[str, Any], path: Path) -> None:
    """Hold what the library read of the first block against our own reading of it."""
    points = library_header["points"]
    n_frames = points["last_frame"] - points["first_frame"] + 1
    if header.n_points and points["size"] != header.n_points:
        raise _damaged(path, f"{points['size']} points were read, its header counts {header.n_points}")
    # Long recordings do not fit the header's 16 bits, which then say less.
    if header.n_points and header.last_frame < 65535 and n_frames != header.n_frames:
        raise _damaged(path, f"{n_frames} frames were read, its header counts {header.n_frames}")
