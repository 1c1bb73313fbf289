"""Where a person faces, bridged over frames whose labels are exchanged."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.exchanged import Exchange

_FACING = ("ASIS", "PSIS", "HJC", "HIP")


def facing_doubted(exchanges: Sequence[Exchange], n_frames: int) -> NDArray:
    """Return the frames, shape (time,) of bool, in which points that tell where a person faces are exchanged."""
    doubted = np.zeros(n_frames, bool)
    for found in exchanges:
        if found.one[1:] in _FACING or found.other[1:] in _FACING:
            doubted[found.start : found.stop] = True
    return doubted


def bridged(vectors: NDArray, doubted: NDArray) -> NDArray:
    """Return vectors, shape (time, 3), on straight lines through the frames that are doubted."""
    sound = np.isfinite(vectors).all(axis=1) & ~doubted
    if not doubted.any() or not sound.any():
        return vectors
    mended, at, where = np.array(vectors), np.flatnonzero(sound), np.flatnonzero(doubted)
    for axis in range(3):
        mended[where, axis] = np.interp(where, at, vectors[at, axis])
    return mended
