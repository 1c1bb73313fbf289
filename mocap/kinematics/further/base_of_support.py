"""Base of support: the convex hull of what touches the floor, and how far inside it a point stands."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

CONTACT_M = 0.015
"""A foot point touches the floor below this height over that of quiet standing. A choice, not a measurement."""
_FLAT_M = 1e-6
_BLOCK = 4096


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
    blocks = [
        _inside(point[start : start + _BLOCK], corners[start : start + _BLOCK])
        for start in range(0, len(point), _BLOCK)
    ]
    if not blocks:
        n_corners = corners.shape[1]
        return HullDistance(np.empty(0), np.empty((0, 2)), np.empty((0, n_corners)))
    return HullDistance(*(np.concatenate(parts) for parts in zip(*blocks, strict=True)))


def _inside(point: NDArray, corners: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Every pair of corners whose line has all the others on one side bears a part of the border."""
    first, second = (np.array(index) for index in zip(*combinations(range(corners.shape[1]), 2), strict=True))
    start, edge = corners[:, first], corners[:, second] - corners[:, first]
    length = np.linalg.norm(edge, axis=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        normal = np.stack([-edge[..., 1], edge[..., 0]], axis=2) / length[..., None]
        heights = np.einsum("tej,tekj->tek", normal, corners[:, None] - start[:, :, None])
        low, high = np.fmin.reduce(heights, axis=2), np.fmax.reduce(heights, axis=2)
        bears = (length > _FLAT_M) & ((low > -_FLAT_M) ^ (high < _FLAT_M))
        normal = np.where((high < _FLAT_M)[..., None], -normal, normal)
        offset = point[:, None] - start
        height = np.where(bears, np.einsum("tej,tej->te", normal, offset), np.inf)
        share = np.clip(np.einsum("tej,tej->te", edge, offset) / length**2, 0.0, 1.0)
        gap = offset - share[..., None] * edge
        apart = np.where(bears, np.linalg.norm(gap, axis=2), np.inf)
    frames = np.arange(len(point))
    within = height.min(axis=1) >= 0
    pick = np.where(within, height.argmin(axis=1), apart.argmin(axis=1))
    known = bears.any(axis=1) & np.isfinite(point).all(axis=1)
    nearest = apart[frames, pick]
    with np.errstate(invalid="ignore", divide="ignore"):
        outward = -gap[frames, pick] / nearest[:, None]
    inward = np.where(within[:, None], normal[frames, pick], outward)
    distance = np.where(within, height[frames, pick], -nearest)
    weights = np.zeros(corners.shape[:2])
    weights[frames, first[pick]] = 1.0 - share[frames, pick]
    weights[frames, second[pick]] = share[frames, pick]
    return (
        np.where(known, distance, np.nan), np.where(known[:, None], inward, np.nan),
        np.where(known[:, None], weights, 0.0),
    )  # fmt: skip
