"""Compiled measures of the spots of `blobs`, and where their fits start."""

from math import atan2, cos, hypot, pi, sin, sqrt

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mocap.keypoints.markers.blob_kernels import N_ELLIPSE, N_MOST, N_SHARED

MEMORY = 10 + N_MOST  # what became of a region, its measures, the state of its fit
UNSOUND, FITTED, OF_TWO = 1.0, 2.0, 3.0
_REACH_PX = 20.0
BLUR = 0.8  # px^2, to start from


@njit(cache=True, nogil=True)
def recalled(spot: NDArray, before: NDArray) -> int:
    """Return the spot of the last image that this one goes on from: like it and near, or not moved at all; else -1."""
    best, least = -1, _REACH_PX
    for k in range(len(before)):
        away = hypot(spot[0] - before[k, 1], spot[1] - before[k, 2])
        alike = abs(spot[2] - before[k, 3]) + abs(spot[3] - before[k, 4])
        still = before[k, 0] == UNSOUND and away < 0.5 and alike < 0.3
        if away < least and (still or (before[k, 0] == FITTED and alike < 0.3 * (spot[2] + spot[3]))):
            best, least = k, away
    return best


@njit(cache=True, nogil=True)
def start_as(state: NDArray, spot: NDArray, before: NDArray) -> None:
    for a in range(N_MOST):
        state[a] = before[10 + a]
    state[N_SHARED] += spot[0] - before[1]
    state[N_SHARED + 1] += spot[1] - before[2]


@njit(cache=True, nogil=True)
def measure(gray: NDArray, labels: NDArray, label: int, region: NDArray, spot: NDArray) -> None:
    """Write into `spot`: x, y, half axes and direction of the region's moments, fill of that ellipse, level beside
    the spot, contrast, sd of the inner gray levels."""
    height, width = gray.shape
    outside, n_out, total, count = 0.0, 0, 0.0, 0
    mean_x, mean_y, xx, xy, yy = 0.0, 0.0, 0.0, 0.0, 0.0
    inner, inner_sum, inner_square = 0, 0.0, 0.0
    for y in range(max(0, region[4] - 3), min(height, region[5] + 4)):
        for x in range(max(0, region[2] - 3), min(width, region[3] + 4)):
            if labels[y, x] == label:
                dx, dy = x - region[2], y - region[4]
                total, count = total + gray[y, x], count + 1
                mean_x, mean_y = mean_x + dx, mean_y + dy
                xx, xy, yy = xx + dx * dx, xy + dx * dy, yy + dy * dy
                if _is_inner(labels, label, x, y):
                    value = float(gray[y, x])
                    inner, inner_sum, inner_square = inner + 1, inner_sum + value, inner_square + value * value
            elif labels[y, x] <= 0 and gray[y, x] < region[6]:
                outside, n_out = outside + gray[y, x], n_out + 1
    count = max(count, 1)
    mean_x, mean_y = mean_x / count, mean_y / count
    xx, xy = xx / count - mean_x * mean_x + 1 / 12, xy / count - mean_x * mean_y
    yy = yy / count - mean_y * mean_y + 1 / 12
    mean, spread = (xx + yy) / 2, hypot((xx - yy) / 2, xy)
    level = outside / max(n_out, 1)
    spot[0], spot[1] = mean_x + region[2], mean_y + region[4]
    spot[2], spot[3] = 2 * sqrt(mean + spread), 2 * sqrt(max(mean - spread, 0.05))
    spot[4] = 0.5 * atan2(2 * xy, xx - yy)
    spot[5] = count / (pi * spot[2] * spot[3])
    spot[6], spot[7] = level, total / count - level
    inner_mean = inner_sum / max(inner, 1)
    spot[8] = sqrt(max(inner_square / max(inner, 1) - inner_mean * inner_mean, 0.0))


@njit(cache=True, nogil=True)
def _is_inner(labels: NDArray, label: int, x: int, y: int) -> bool:
    height, width = labels.shape
    if x < 2 or y < 2 or x >= width - 2 or y >= height - 2:
        return False
    return bool(
        labels[y, x - 2] == label and labels[y, x + 2] == label and labels[y - 2, x] == label
        and labels[y + 2, x] == label
    )  # fmt: skip


@njit(cache=True, nogil=True)
def place_ellipse(state: NDArray, k: int, x: float, y: float, axis: tuple[float, float, float]) -> None:
    """Write an ellipse of given half axes and direction as upper triangular B: B'B = R diag(1/a^2, 1/b^2) R'."""
    c, s = cos(axis[2]), sin(axis[2])
    pa, pb = 1.0 / axis[0] ** 2, 1.0 / axis[1] ** 2
    m11, m12, m22 = c * c * pa + s * s * pb, c * s * (pa - pb), s * s * pa + c * c * pb
    b11 = sqrt(m11)
    base = N_SHARED + k * N_ELLIPSE
    state[base], state[base + 1] = x, y
    state[base + 2], state[base + 3] = b11, m12 / b11
    state[base + 4] = sqrt(max(m22 - (m12 / b11) ** 2, 1e-8))


@njit(cache=True, nogil=True)
def start_one(state: NDArray, spot: NDArray) -> None:
    state[:] = 0.0
    state[0], state[3], state[4] = spot[6], spot[6] + 1.1 * spot[7], BLUR
    place_ellipse(state, np.int64(0), spot[0], spot[1], (spot[2], spot[3], spot[4]))


@njit(cache=True, nogil=True)
def remember(memory: NDArray, i: int, what: float, state: NDArray) -> None:
    """Write what became of a region and its fit; place by place, as a copy by slices takes the compiler seconds."""
    memory[i, 0] = what
    for a in range(N_MOST):
        memory[i, 10 + a] = state[a]
