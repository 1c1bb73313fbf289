"""What a C3D file says of its samples: checked and read in a process of its own, with limits."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mocap.errors import FormatError
from mocap.isolation import Answer, Lost
from mocap.isolation import parse as parse_isolated
from mocap.readers.c3d_header import LONGEST_HEAD, C3dHeader, check_c3d
from mocap.readers.c3d_parameters import parameters_of
from mocap.readers.files import read_beginning


@dataclass(frozen=True, eq=False)
class C3dContent:
    """What a C3D file says of its samples, which `c3d_data` reads.

    Attributes
    ----------
    header : C3dHeader
    parameters : mapping
        Group to name to `type`, `value`, ...; words in lists, numbers in arrays.
    """

    header: C3dHeader
    parameters: Mapping[str, Any]


def load_c3d(path: Path) -> C3dContent:
    """Check a C3D file and read its parameters, both in a process of its own.

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
    parameters: dict[str, dict[str, Any]] = {group: {} for group in answer.words["groups"]}
    for group, name, entry, array in answer.words["entries"]:
        parameters[group][name] = entry | ({} if array is None else {"value": answer.arrays[array]})
    return C3dContent(C3dHeader(**answer.words["header"]), parameters)


def parse(path: Path) -> Answer:
    """Read a C3D file in this process, as `load_c3d` has it done in another.

    Returns
    -------
    Answer
        `words` has the `header`, the names of the `groups` and the `entries`: group, name, what it holds, and the name
        of the array of its numbers.
    """
    content, size = read_beginning(path, LONGEST_HEAD)
    header = check_c3d(content, path, size)
    parameters = parameters_of(content, header, path)
    arrays: dict[str, NDArray] = {}
    entries: list[list[Any]] = []
    for group, named in parameters.items():
        for name, entry in named.items():
            if isinstance(entry["value"], np.ndarray):
                array = str(len(arrays))
                arrays[array] = entry["value"]
                entries.append([group, name, {**entry, "value": None}, array])
            else:
                entries.append([group, name, entry, None])
    return Answer(arrays, {"header": asdict(header), "groups": list(parameters), "entries": entries})


def _damaged(path: Path, why: str) -> FormatError:
    return FormatError(f"{path} is a damaged C3D file: {why}.", "Copy or export the file again.", code="C3D_BROKEN")
