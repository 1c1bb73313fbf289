"""Distance from the border of convex hulls, frame by frame."""

import numpy as np
from numba import njit

_FLAT_M = 1e-6
_TOUCH_M = 1e-12  # nearer than that a point is on the border, and rounding alone tells where it lies of it


@njit(cache=True, nogil=True)
def _supports(corners, i, j, normal_x, normal_y):
    """Return 1 or -1 when all corners lie on that side of the line through two of them, 0 when on both or on it."""
    low = high = 0.0
    for k in range(len(corners)):
        height = (corners[k, 0] - corners[i, 0]) * normal_x + (corners[k, 1] - corners[i, 1]) * normal_y
        if np.isfinite(height):
            low, high = min(low, height), max(high, height)
    if low > -_FLAT_M and high >= _FLAT_M:
        return 1.0
    if high < _FLAT_M and low <= -_FLAT_M:
        return -1.0
    return 0.0


@njit(cache=True, nogil=True)
def _one(point, corners, inward, weights):
    """Return the distance of one point, and write its direction (2,) and the weights of the corners."""
    lowest, nearest = np.inf, np.inf
    low_i = low_j = near_i = near_j = 0
    low_share = near_share = low_x = low_y = near_x = near_y = 0.0
    for i in range(len(corners)):
        for j in range(i + 1, len(corners)):
            x, y = corners[j, 0] - corners[i, 0], corners[j, 1] - corners[i, 1]
            length = np.hypot(x, y)
            if not length > _FLAT_M:
                continue
            sign = _supports(corners, i, j, -y / length, x / length)
            if sign == 0.0:
                continue
            normal_x, normal_y = -sign * y / length, sign * x / length
            across, down = point[0] - corners[i, 0], point[1] - corners[i, 1]
            height = across * normal_x + down * normal_y
            share = min(max((across * x + down * y) / length**2, 0.0), 1.0)
            gap_x, gap_y = across - share * x, down - share * y
            apart = np.hypot(gap_x, gap_y)
            if height < lowest:
                lowest, low_i, low_j, low_share, low_x, low_y = height, i, j, share, normal_x, normal_y
            if apart < nearest:
                nearest, near_i, near_j, near_share, near_x, near_y = apart, i, j, share, gap_x, gap_y
                if apart < _TOUCH_M:
                    near_x, near_y = -normal_x, -normal_y
    if not np.isfinite(nearest):
        return np.nan
    if lowest >= 0.0 and nearest >= _TOUCH_M:
        weights[low_i], weights[low_j] = 1.0 - low_share, low_share
        inward[0], inward[1] = low_x, low_y
        return lowest
    weights[near_i], weights[near_j] = 1.0 - near_share, near_share
    long = np.hypot(near_x, near_y)
    inward[0], inward[1] = -near_x / long, -near_y / long
    return -nearest


@njit(cache=True, nogil=True)
def distances(points, corners, inward, weights):
    """Return the signed distances, shape (time,), and write directions (time, 2) and weights (time, corner)."""
    found = np.full(len(points), np.nan)
    for t in range(len(points)):
        if np.isfinite(points[t, 0]) and np.isfinite(points[t, 1]):
            found[t] = _one(points[t], corners[t], inward[t], weights[t])
    return found
