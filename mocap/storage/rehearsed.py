"""What HDF5 does to read a trial file, without its values: the child's end of a rehearsal."""

import contextlib
from pathlib import Path

import numpy as np

from mocap.isolation import Answer
from mocap.storage.hdf import dims_of, names_of_axes, read_whole
from mocap.storage.hdf_open import opened
from mocap.storage.integrity import chunk_starts

_NO_ROOM = np.empty(0, np.uint8)


def go_through(path: Path) -> Answer:
    """Look up each group, variable, axis, chunk and word of a sealed file.

    Raises
    ------
    SealError, TrialFileError
        As reading it does.
    """
    with opened(path, sealed=True, known=True) as file:
        for name, group in file.scan.groups.items():
            axes = names_of_axes(group)
            for variable, stored in group.variables.items():
                dims_of(stored, variable, axes)
                if stored.chunks is None:
                    read_whole(stored, f"{name}/{variable}", file.scan.budget)
                    continue
                for start in chunk_starts(stored.shape, stored.chunks):
                    # Without room h5py stops after HDF5 has found the chunk: what it holds is no matter of HDF5's.
                    with contextlib.suppress(ValueError):
                        stored.id.read_direct_chunk(start, out=_NO_ROOM)
    return Answer({}, [])
