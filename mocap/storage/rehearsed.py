"""What HDF5 does to read a trial file, without its values: the child's end of a rehearsal."""

from pathlib import Path

from mocap.isolation import Answer
from mocap.storage.hdf import dims_of, names_of_axes, read_whole, stored_chunk
from mocap.storage.hdf_open import opened
from mocap.storage.integrity import chunk_starts


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
                    stored_chunk(stored, start)
    return Answer({}, [])
