"""Landmarks that lie on each other: one marker that carries two labels."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KinematicsError
from mocap.trial import Points3D

COINCIDENT_M = 0.005
"""Two markers are never so near: the smallest in use are 6 mm wide. A choice."""
_LOOKS, _FEW = 64, 4  # of so many frames, what lasts is seen in several


def coincident_pairs(position: NDArray, columns: NDArray) -> NDArray:
    """Return the pairs of columns' places, shape (pair, 2), that lie on each other in several of 64 looks.

    Parameters
    ----------
    position : ndarray, shape (time, point, 3)
        Metres; NaN is missing.
    columns : ndarray of int, shape (column,)
        Which of the points count.
    """
    looks = np.unique(np.linspace(0, len(position) - 1, _LOOKS).round().astype(int))
    near = np.zeros((len(columns), len(columns)), int)
    for places in position[looks][:, columns]:
        near += np.abs(places[:, None] - places[None]).max(axis=2) < COINCIDENT_M
    return np.argwhere(np.triu(near >= min(_FEW, len(looks)), 1))


def coincident_samples(position: NDArray, columns: NDArray) -> NDArray:
    """Return the samples, shape (time, column), that lie on another point, of pairs that do so in several looks."""
    mask = np.zeros((len(position), len(columns)), bool)
    for one, other in coincident_pairs(position, columns):
        apart = np.linalg.norm(position[:, columns[one]] - position[:, columns[other]], axis=1)
        mask[:, [one, other]] |= (apart < COINCIDENT_M)[:, None]
    return mask


def check_distinct(static: Points3D, label_of: Mapping[str, str]) -> None:
    """Refuse a static trial in which one marker carries two labels: all that it fixes would be wrong with them.

    Raises
    ------
    KinematicsError
        LABELS_COINCIDE.
    """
    names, columns = list(label_of), np.array([static.names.index(label) for label in label_of.values()], int)
    pairs = coincident_pairs(static.position, columns)
    if len(pairs):
        one, other = (names[place] for place in pairs[0])
        raise KinematicsError(
            f"In the static trial, {one} and {other} lie within {1000 * COINCIDENT_M:.0f} mm of each other: one marker "
            "has both labels.",
            "Mend the labels of the static trial, or leave one of both out.",
            code="LABELS_COINCIDE",
        )
