"""Compiled start of `blobs` with a stepped background: the surroundings are of two levels, beside an arc."""

from math import atan2, cos, sin

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mocap.keypoints.markers.blob_kernels import N_ELLIPSE, N_SHARED, STEP, edge_distance, gather

_CLEAR = 1.8  # px outside the edge, where its blur ends
_LEAST_STEP = 10.0  # gray levels
_STEP_SHARE = 0.7  # of the variance of the surroundings


@njit(cache=True, nogil=True)
def mean_background(state: NDArray) -> float:
    """Level beside the spot."""
    return state[0] + (0.5 * state[STEP] if state[STEP] != 0.0 else 0.0)


@njit(cache=True, nogil=True)
def find_step(gray: NDArray, labels: NDArray, label: int, state: NDArray, pixels: NDArray) -> None:
    """Begin with a step where the surroundings are of two levels that lie on two sides."""
    ellipse = state[N_SHARED : N_SHARED + N_ELLIPSE].copy().reshape(1, N_ELLIPSE)
    count = gather(gray, labels, label, ellipse, 5.0, pixels)
    kept, total, square = 0, 0.0, 0.0
    for i in range(count):
        if edge_distance(ellipse[0], pixels[i, 0], pixels[i, 1]) > _CLEAR:
            for k in range(3):  # by hand: a copy by slices takes the compiler seconds
                pixels[kept, k] = pixels[i, k]
            total, square, kept = total + pixels[i, 2], square + pixels[i, 2] ** 2, kept + 1
    if kept < 24:
        return
    cut, between = _two_levels(pixels[:kept, 2])
    spread = square / kept - (total / kept) ** 2
    n_high, high, low, x, y, low_x, low_y = 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(kept):
        if pixels[i, 2] > cut:
            n_high, high, x, y = n_high + 1, high + pixels[i, 2], x + pixels[i, 0], y + pixels[i, 1]
        else:
            low, low_x, low_y = low + pixels[i, 2], low_x + pixels[i, 0], low_y + pixels[i, 1]
    n_low = kept - n_high
    if min(n_low, n_high) < 0.12 * kept:
        return
    high, x, y, low, low_x, low_y = high / n_high, x / n_high, y / n_high, low / n_low, low_x / n_low, low_y / n_low
    if high - low < _LEAST_STEP or between < _STEP_SHARE * spread:
        return
    state[0] = low
    state[STEP], state[STEP + 1] = high - low, atan2(y - low_y, x - low_x)
    state[STEP + 2], state[STEP + 3] = _step_place(pixels[:kept], cut, state)


@njit(cache=True, nogil=True)
def _two_levels(values: NDArray) -> tuple[float, float]:
    """Return the level that divides values best, and the variance between the two groups (Otsu's rule)."""
    counts = np.zeros(256)
    for value in values:
        counts[min(max(int(value), 0), 255)] += 1.0
    total, weighted = 0.0, 0.0
    for level in range(256):
        total, weighted = total + counts[level], weighted + level * counts[level]
    below, sum_below, best, cut = 0.0, 0.0, 0.0, 0.0
    for level in range(255):
        below, sum_below = below + counts[level], sum_below + level * counts[level]
        if below == 0.0 or below == total:
            continue
        apart = sum_below / below - (weighted - sum_below) / (total - below)
        between = below * (total - below) * apart * apart / (total * total)
        if between > best:
            best, cut = between, level + 0.5
    return cut, best


@njit(cache=True, nogil=True)
def _step_place(pixels: NDArray, cut: float, state: NDArray) -> tuple[float, float]:
    """Distance of the line from the centre, towards the higher side, and curvature that put most pixels right."""
    cosine, sine = cos(state[STEP + 1]), sin(state[STEP + 1])
    best, place, bend = -1, 0.0, 0.0
    for k in range(-16, 17):
        for curved in (0.0, -0.07, 0.07):
            line, right = 0.75 * k, 0
            for i in range(len(pixels)):
                dx, dy = pixels[i, 0] - state[N_SHARED], pixels[i, 1] - state[N_SHARED + 1]
                along = cosine * dy - sine * dx
                right += (cosine * dx + sine * dy > line + 0.5 * curved * along * along) == (pixels[i, 2] > cut)
            if right > best:
                best, place, bend = right, line, curved
    return place, bend
