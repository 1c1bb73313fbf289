"""Compiled core of `discs`: which share of every pixel shows which disc, over the time of the exposure."""

from math import sqrt

import numpy as np
from numba import njit
from numpy.typing import NDArray

_GRID = 4  # samples across a pixel, at every instant shifted by another part of a sample


@njit(cache=True, nogil=True)
def paint_discs(
    image: NDArray, boxes: NDArray, centres: NDArray, normals: NDArray, radius: NDArray, level: NDArray,
    at_px: NDArray, at_ray: NDArray, ray_by_px: NDArray, hiding: NDArray, limb_ends: NDArray, limb_radius: NDArray,
) -> None:  # fmt: skip
    """Paint discs into an image, the first ones on top: at every instant, each sample of a pixel shows one thing.

    Parameters
    ----------
    image : ndarray of float, shape (height, width)
    boxes : ndarray of int, shape (disc, 4)
        Columns and rows, first and after the last, within the image, that a disc may touch.
    centres, normals : ndarray, shape (instant, disc, 3)
        In the camera's frame, m.
    radius, level : ndarray, shape (disc,)
    at_px, at_ray, ray_by_px : ndarray, shape (instant, disc, 2), (instant, disc, 2), (instant, disc, 2, 2)
        Rays around the centre: at_ray + ray_by_px (pixel - at_px).
    hiding : ndarray of bool, shape (disc, limb)
        Limbs before the disc.
    limb_ends : ndarray, shape (limb, 2, 2)
        Of their axes in the image.
    limb_radius : ndarray, shape (limb, 2)
        At both ends, px.
    """
    done = np.zeros(image.shape, np.bool_)
    for i in range(len(boxes)):
        for y in range(boxes[i, 2], boxes[i, 3]):
            for x in range(boxes[i, 0], boxes[i, 1]):
                if done[y, x]:
                    continue
                done[y, x] = True
                image[y, x] = _pixel(
                    image[y, x], x, y, i, boxes, centres, normals, radius, level, at_px, at_ray, ray_by_px, hiding,
                    limb_ends, limb_radius,
                )  # fmt: skip


@njit(cache=True, nogil=True)
def _pixel(
    behind: float, x: int, y: int, first: int, boxes: NDArray, centres: NDArray, normals: NDArray, radius: NDArray,
    level: NDArray, at_px: NDArray, at_ray: NDArray, ray_by_px: NDArray, hiding: NDArray, limb_ends: NDArray,
    limb_radius: NDArray,
) -> float:  # fmt: skip
    n_instants = len(centres)
    total = 0.0
    for t in range(n_instants):
        shift = (t + 0.5) / n_instants
        for a in range(_GRID):
            for b in range(_GRID):
                at_x = x - 0.5 + (a + shift) / _GRID
                at_y = y - 0.5 + (b + ((t * 5) % n_instants + 0.5) / n_instants) / _GRID
                shown = behind
                for k in range(first, len(boxes)):
                    inside = boxes[k, 0] <= x < boxes[k, 1] and boxes[k, 2] <= y < boxes[k, 3]
                    if inside and _on_disc(
                        at_x, at_y, centres[t, k], normals[t, k], radius[k], at_px[t, k], at_ray[t, k], ray_by_px[t, k]
                    ):
                        if not _hidden(at_x, at_y, hiding[k], limb_ends, limb_radius):
                            shown = level[k]
                        break
                total += shown
    return total / (n_instants * _GRID * _GRID)


@njit(cache=True, nogil=True)
def _on_disc(
    x: float, y: float, centre: NDArray, normal: NDArray, radius: float, at_px: NDArray, at_ray: NDArray,
    ray_by_px: NDArray,
) -> bool:  # fmt: skip
    dx, dy = x - at_px[0], y - at_px[1]
    ray_x = at_ray[0] + ray_by_px[0, 0] * dx + ray_by_px[0, 1] * dy
    ray_y = at_ray[1] + ray_by_px[1, 0] * dx + ray_by_px[1, 1] * dy
    facing = normal[0] * ray_x + normal[1] * ray_y + normal[2]
    if facing > -1e-9:
        return False
    depth = (normal[0] * centre[0] + normal[1] * centre[1] + normal[2] * centre[2]) / facing
    away = (depth * ray_x - centre[0]) ** 2 + (depth * ray_y - centre[1]) ** 2 + (depth - centre[2]) ** 2
    return away < radius * radius


@njit(cache=True, nogil=True)
def _hidden(x: float, y: float, hiding: NDArray, limb_ends: NDArray, limb_radius: NDArray) -> bool:
    for k in range(len(hiding)):
        if hiding[k]:
            from_x, from_y = limb_ends[k, 0, 0], limb_ends[k, 0, 1]
            along_x, along_y = limb_ends[k, 1, 0] - from_x, limb_ends[k, 1, 1] - from_y
            length = max(along_x * along_x + along_y * along_y, 1e-9)
            share = min(max(((x - from_x) * along_x + (y - from_y) * along_y) / length, 0.0), 1.0)
            width = limb_radius[k, 0] + share * (limb_radius[k, 1] - limb_radius[k, 0])
            if sqrt((x - from_x - share * along_x) ** 2 + (y - from_y - share * along_y) ** 2) < width:
                return True
    return False


@njit(cache=True, nogil=True)
def hidden_share(
    points: NDArray, hiding: NDArray, limb_ends: NDArray, limb_radius: NDArray
) -> NDArray:
    """Return of every disc the share of its points, shape (disc, point, 2), px, that limbs hide."""
    answer = np.zeros(len(points))
    for i in range(len(points)):
        count = 0
        for k in range(points.shape[1]):
            count += _hidden(points[i, k, 0], points[i, k, 1], hiding[i], limb_ends, limb_radius)
        answer[i] = count / points.shape[1]
    return answer
