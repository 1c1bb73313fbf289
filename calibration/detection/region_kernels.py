"""Compiled core of `regions`: where an image has saddle points, counted cell by cell."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

_MAX_BEND = 0.8  # sum of the second differences over the root of the strength; an oblique board bends a little
_MAX_SLOPE = 0.8  # of the gray levels likewise: half a pixel beside the saddle point


@njit(cache=True, nogil=True)
def count_saddles(image: NDArray, threshold: int, cell: int) -> NDArray:
    """Count strong saddle points of the gray levels in square cells.

    Parameters
    ----------
    image : ndarray of uint8, shape (height, width), C-contiguous
    threshold : int
        Least strength, ``4 Ixy**2 - Ixx Iyy`` with 3 x 3 differences: 64 a**2 for a crossing of light and dark
        squares that are 2 a gray levels apart and turned by 45 degrees, and for the upright one.
    cell : int
        Side of a cell in px.

    Returns
    -------
    ndarray of int32, shape (ceil(height / cell), ceil(width / cell))
        Local maxima of the strength above the threshold.
    """
    height, width = image.shape
    counts = np.zeros(((height + cell - 1) // cell, (width + cell - 1) // cell), np.int32)
    if height < 5 or width < 5:
        return counts
    strength = np.zeros((3, width), np.int32)
    strong = np.zeros(3, np.int64)
    for y in range(1, height - 1):
        strong[y % 3] = _row(image[y - 1], image[y], image[y + 1], strength[y % 3], threshold)
        if y < 3 or strong[(y - 1) % 3] == 0:
            continue
        before, here, after = strength[(y - 2) % 3], strength[(y - 1) % 3], strength[y % 3]
        for x in range(2, width - 2):
            value = here[x]
            if value <= threshold:
                continue
            if value < here[x - 1] or value <= here[x + 1]:
                continue
            if value < before[x - 1] or value < before[x] or value < before[x + 1]:
                continue
            if value <= after[x - 1] or value <= after[x] or value <= after[x + 1]:
                continue
            if _level(image, y - 1, x, value):
                counts[(y - 1) // cell, x // cell] += 1
    return counts


@njit(cache=True, nogil=True)
def _level(image: NDArray, y: int, x: int, strength: int) -> bool:
    """Whether the gray levels are flat at a saddle point and bend as much up as down, as where squares cross."""
    xx = yy = gx = gy = 0
    for k in range(-1, 2):
        weight = 2 - abs(k)
        left, middle, right = int(image[y + k, x - 1]), int(image[y + k, x]), int(image[y + k, x + 1])
        above, below = int(image[y - 1, x + k]), int(image[y + 1, x + k])
        xx += weight * (left - 2 * middle + right)
        yy += weight * (above - 2 * int(image[y, x + k]) + below)
        gx += weight * (right - left)
        gy += weight * (below - above)
    bend2 = _MAX_BEND**2 * strength
    return (xx + yy) ** 2 < bend2 and gx * gx + gy * gy < _MAX_SLOPE**2 * strength


@njit(cache=True, nogil=True)
def _row(above: NDArray, here: NDArray, below: NDArray, strength: NDArray, threshold: int) -> int:
    """Write the saddle strength of one row and return how many lie above the threshold."""
    # Views that start one pixel apart, and two plain loops: the compiler turns these into vector instructions.
    n = len(here) - 2
    a0, a1, a2 = above[:n], above[1 : n + 1], above[2:]
    h0, h1, h2 = here[:n], here[1 : n + 1], here[2:]
    b0, b1, b2 = below[:n], below[1 : n + 1], below[2:]
    out = strength[1 : n + 1]
    for x in range(n):
        va0, va1, va2 = np.int64(a0[x]), np.int64(a1[x]), np.int64(a2[x])
        vh0, vh1, vh2 = np.int64(h0[x]), np.int64(h1[x]), np.int64(h2[x])
        vb0, vb1, vb2 = np.int64(b0[x]), np.int64(b1[x]), np.int64(b2[x])
        corners = va0 + va2 + vb0 + vb2
        upright, level = va1 + vb1, vh0 + vh2
        xx = corners - 2 * upright + 2 * level - 4 * vh1
        yy = corners - 2 * level + 2 * upright - 4 * vh1
        xy = va0 - va2 - vb0 + vb2
        out[x] = np.int32(4 * xy * xy - xx * yy)
    strong = 0
    limit = np.int32(threshold)
    for x in range(n):
        strong += out[x] > limit
    return strong
