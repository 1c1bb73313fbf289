"""Base of support: the convex hull of what touches the floor, and how far inside it a point stands."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CONTACT_M = 0.015
"""A foot point touches the floor below this height over that of quiet standing. A choice, not a measurement."""


@dataclass(frozen=True, eq=False)
class HullDistance:
    """How far inside a convex hull points lie, with the first-order dependence.

    Attributes
    ----------
    distance : ndarray, shape (time,)
        Inside +, outside -, in m; NaN with fewer than three corners, or with all of them on a line.
    inward : ndarray, shape (time, 2)
        Direction in which the distance grows.
    weights : ndarray, shape (time, corner)
        Nearest place on the border as a mean of corners.
    """

    distance: NDArray
    inward: NDArray
    weights: NDArray


def distance_inside(point: NDArray, corners: NDArray) -> HullDistance:
    """Return the signed distance of points from the border of convex hulls.

    Parameters
    ----------
    point : ndarray, shape (time, 2)
        m, in the floor plane.
    corners : ndarray, shape (time, corner, 2)
        m; NaN for corners that do not count in a frame.
    """
    from mocap.kinematics.further.hull_kernels import distances

    inward, weights = np.full(point.shape, np.nan), np.zeros(corners.shape[:2])
    found = distances(np.ascontiguousarray(point, float), np.ascontiguousarray(corners, float), inward, weights)
    return HullDistance(found, inward, weights)
