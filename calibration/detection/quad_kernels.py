"""Compiled core of `markers`: which contours are quadrilaterals."""

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def fit_quads(points: NDArray, ends: NDArray, accuracy: float, min_side: float) -> NDArray:
    """Take the contours that are convex quadrilaterals.

    Parameters
    ----------
    points : ndarray of int32, shape (point, 2)
        All contours one after the other, pixel by pixel.
    ends : ndarray of int64, shape (contour,)
        Where each ends.
    accuracy : float
        Largest distance of a contour from its quadrilateral, as a share of its number of pixels.
    min_side : float
        In px.

    Returns
    -------
    ndarray, shape (quad, 4, 2)
        Corners clockwise as seen: the ends of the longest diagonal, and what is farthest from it on both sides.
    """
    found = np.empty((len(ends), 4, 2))
    n, start = 0, 0
    for end in ends:
        if _fit(points[start:end], accuracy * (end - start), min_side, found[n]):
            n += 1
        start = end
    return found[:n]


@njit(cache=True, nogil=True)
def _fit(contour: NDArray, tolerance: float, min_side: float, quad: NDArray) -> bool:
    n = len(contour)
    mean_x = mean_y = 0.0
    for k in range(n):
        mean_x += contour[k, 0]
        mean_y += contour[k, 1]
    first = _farthest(contour, mean_x / n, mean_y / n)
    x0, y0 = float(contour[first, 0]), float(contour[first, 1])
    opposite = _farthest(contour, x0, y0)
    dx, dy = contour[opposite, 0] - x0, contour[opposite, 1] - y0
    left = right = first
    most = least = 0.0
    for k in range(n):
        side = dx * (contour[k, 1] - y0) - dy * (contour[k, 0] - x0)
        if side > most:
            most, right = side, k
        if side < least:
            least, left = side, k
    # With y down, a positive side is the clockwise one of the second half: first, left, opposite, right.
    corners = (first, left, opposite, right)
    for k in range(4):
        quad[k, 0], quad[k, 1] = contour[corners[k], 0], contour[corners[k], 1]
    return _is_convex(quad, min_side) and _is_near(contour, quad, tolerance)


@njit(cache=True, nogil=True)
def _farthest(contour: NDArray, x: float, y: float) -> int:
    best, longest = 0, -1.0
    for k in range(len(contour)):
        distance = (contour[k, 0] - x) ** 2 + (contour[k, 1] - y) ** 2
        if distance > longest:
            best, longest = k, distance
    return best


@njit(cache=True, nogil=True)
def _is_convex(quad: NDArray, min_side: float) -> bool:
    """Whether all corners turn clockwise, by a few degrees at least, and all sides are long enough."""
    for k in range(4):
        ax, ay = quad[(k + 1) % 4, 0] - quad[k, 0], quad[(k + 1) % 4, 1] - quad[k, 1]
        bx, by = quad[(k + 2) % 4, 0] - quad[(k + 1) % 4, 0], quad[(k + 2) % 4, 1] - quad[(k + 1) % 4, 1]
        along, after = np.hypot(ax, ay), np.hypot(bx, by)
        if along < min_side or ax * by - ay * bx < 0.15 * along * after:
            return False
    return True


@njit(cache=True, nogil=True)
def _is_near(contour: NDArray, quad: NDArray, tolerance: float) -> bool:
    """Whether every pixel of the contour lies near a side; those of a convex quadrilateral, as lines."""
    a, b, c = np.empty(4), np.empty(4), np.empty(4)
    for k in range(4):
        dx, dy = quad[(k + 1) % 4, 0] - quad[k, 0], quad[(k + 1) % 4, 1] - quad[k, 1]
        length = np.hypot(dx, dy)
        a[k], b[k] = -dy / length, dx / length
        c[k] = -(a[k] * quad[k, 0] + b[k] * quad[k, 1])
    for i in range(len(contour)):
        nearest = np.inf
        for k in range(4):
            nearest = min(nearest, abs(a[k] * contour[i, 0] + b[k] * contour[i, 1] + c[k]))
        if nearest > tolerance:
            return False
    return True
