"""Units of a file in which what was read and is written again gives the same bytes."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

_MOST = 64


def settled(values: NDArray, to_file: Callable[[NDArray], NDArray], to_memory: Callable[[NDArray], NDArray]) -> NDArray:
    """Return values in the unit of the file, so that reading and writing them leaves every bit as it is.

    There and back a value may come out one last bit beside itself; the neighbour that returns to itself is taken.

    Parameters
    ----------
    values : ndarray
        In the unit of the memory.
    to_file, to_memory : callable
        Conversions between both units, of any array.
    """
    stored = to_file(values)
    for _ in range(_MOST):
        again = to_file(to_memory(stored))
        if np.array_equal(again, stored, equal_nan=True):
            break
        stored = again
    return stored


def settled_degrees(radians: NDArray) -> NDArray:
    """Return degrees of radians for a file, see `settled`."""
    return settled(np.asarray(radians, float), np.rad2deg, np.deg2rad)
