"""Compiled core of `tags`: Gauss-Newton on the blurred cells around the corner of a tag."""

from math import atan2, cos, erf, exp, hypot, log, pi, sin, sqrt

import numpy as np
from numba import njit
from numpy.typing import NDArray

HALF_WINDOW_PX = 10
BLUR_MARGIN_PX = 1.5
BLIND = 1.5  # blurs around an L, within which the corner of a slanted tag is not the product of two edges
INNER_PX = -0.5
N_CELLS = 4  # cells each way from the corner that the model knows
MIN_BLUR_PX, MAX_BLUR_PX = 0.5, 8.0
ROUNDS, STEPS = 2, 8
_N = 8  # x, y, angle of each edge, log blur of each, offset, contrast
_PEAK = 1 / sqrt(2 * pi)


@njit(cache=True, nogil=True)
def fit_tag_corners(
    gray: NDArray, start: NDArray, axes: NDArray, ink: NDArray, cell: float, gap: float, crossed: bool
) -> NDArray:
    """Fit every corner; rows of the answer are x, y, sd, contrast, residual.

    Parameters
    ----------
    gray : ndarray of uint8, shape (height, width)
    start : ndarray, shape (corner, 2)
    axes : ndarray, shape (corner, 2, 2)
        Columns: the two sides of the tag, from the corner to its neighbours, px.
    ink : ndarray, shape (corner, N_CELLS, N_CELLS)
        1 where the cell that many steps along the first and the second side is black.
    cell, gap : float
        Width of a cell and of the blank space around the tag, in sides of the tag.
    crossed : bool
        A black square touches the corner from outside.

    Returns
    -------
    ndarray, shape (corner, 5)
        sd inf where the position is undetermined; contrast (paper minus ink) in gray levels, residual over it.
    """
    answer = np.empty((len(start), 5))
    points = np.empty(((2 * HALF_WINDOW_PX + 1) ** 2, 3))
    cells = np.empty((N_CELLS + 1, N_CELLS + 1))
    for i in range(len(start)):
        state = np.empty(_N)
        state[0], state[1] = start[i, 0], start[i, 1]
        state[2], state[3] = atan2(axes[i, 1, 0], axes[i, 0, 0]), atan2(axes[i, 1, 1], axes[i, 0, 1])
        state[4], state[5] = log(0.8), log(0.8)
        turn = 1.0 if axes[i, 0, 0] * axes[i, 1, 1] - axes[i, 1, 0] * axes[i, 0, 1] > 0 else -1.0
        cells[:] = 0.0
        cells[0, 0] = 1.0 if crossed else 0.0
        cells[1:, 1:] = ink[i]
        count = 0
        for _ in range(ROUNDS):
            count = _gather(gray, state, axes[i], cell, gap, crossed, points)
            _fit_one(points[:count], state, turn, cells, _widths(axes[i], cell))
        _judge(points[:count], state, turn, cells, _widths(axes[i], cell), answer[i])
    return answer


@njit(cache=True, nogil=True)
def _widths(axes: NDArray, cell: float) -> tuple[float, float]:
    """Width in px, square to the edges, of a cell along the first side and of one along the second."""
    area = abs(axes[0, 0] * axes[1, 1] - axes[1, 0] * axes[0, 1])
    return cell * area / hypot(axes[0, 1], axes[1, 1]), cell * area / hypot(axes[0, 0], axes[1, 0])


@njit(cache=True, nogil=True)
def _gather(
    gray: NDArray, state: NDArray, axes: NDArray, cell: float, gap: float, crossed: bool, points: NDArray
) -> int:
    """Collect x, y and gray level of the pixels that the model explains; return their number."""
    height, width = gray.shape
    a, b, c, d = axes[0, 0], axes[0, 1], axes[1, 0], axes[1, 1]
    determinant = a * d - b * c
    if not abs(determinant) > 1.0:
        return 0
    # A px square to the edges, in sides.
    px_u, px_v = hypot(b, d) / abs(determinant), hypot(a, c) / abs(determinant)
    border_u, border_v = cell + INNER_PX * px_u, cell + INNER_PX * px_v
    high = 0.5
    low_u, low_v = -max(gap - BLUR_MARGIN_PX * px_u, 0.5 * gap), -max(gap - BLUR_MARGIN_PX * px_v, 0.5 * gap)
    blind = 0.0 if crossed else (BLIND * max(exp(state[4]), exp(state[5]))) ** 2
    centre_x, centre_y = round(state[0]), round(state[1])
    count = 0
    for y in range(max(centre_y - HALF_WINDOW_PX, 0), min(centre_y + HALF_WINDOW_PX + 1, height)):
        for x in range(max(centre_x - HALF_WINDOW_PX, 0), min(centre_x + HALF_WINDOW_PX + 1, width)):
            dx, dy = x - state[0], y - state[1]
            u, v = (d * dx - b * dy) / determinant, (a * dy - c * dx) / determinant
            if u > border_u and v > border_v:
                continue
            if low_u <= u <= high and low_v <= v <= high and dx * dx + dy * dy >= blind:
                points[count, 0], points[count, 1], points[count, 2] = x, y, gray[y, x]
                count += 1
    return count


@njit(cache=True, nogil=True)
def _edges(distance: float, width: float, blur: float, share: NDArray, lean: NDArray, spread: NDArray) -> None:
    """Fill how much of the pixel at a distance lies in each row of cells, and its slopes by distance and log blur."""
    share[:], lean[:], spread[:] = 0.0, 0.0, 0.0
    share[0] = 1.0
    for k in range(N_CELLS):
        z = (distance - k * width) / blur
        if z < -4.0:
            return
        step = 1.0 if z > 4.0 else 0.5 + 0.5 * erf(z / sqrt(2.0))
        share[k] -= step
        share[k + 1] += step
        if z < 4.0:
            slope = _PEAK * exp(-0.5 * z * z)
            lean[k] -= slope / blur
            lean[k + 1] += slope / blur
            spread[k] += slope * z
            spread[k + 1] -= slope * z


@njit(cache=True, nogil=True)
def _linearise(
    points: NDArray, state: NDArray, turn: float, cells: NDArray, widths: tuple[float, float],
    normal: NDArray, gradient: NDArray,
) -> float:  # fmt: skip
    """Fill the normal equations at `state`, whose offset and contrast are solved for first; return the squares."""
    cos_a, sin_a, cos_b, sin_b = cos(state[2]), sin(state[2]), cos(state[3]), sin(state[3])
    blur_u, blur_v = exp(state[4]), exp(state[5])
    n, s_m, s_mm, s_l, s_ml = len(points), 0.0, 0.0, 0.0, 0.0
    model = np.empty((n, 5))
    u, u_lean, u_spread = np.empty(N_CELLS + 1), np.empty(N_CELLS + 1), np.empty(N_CELLS + 1)
    v, v_lean, v_spread = np.empty(N_CELLS + 1), np.empty(N_CELLS + 1), np.empty(N_CELLS + 1)
    for k in range(n):
        dx, dy = points[k, 0] - state[0], points[k, 1] - state[1]
        # Along the first side cells are counted from the second edge on, and the other way about.
        _edges(turn * (sin_b * dx - cos_b * dy), widths[0], blur_u, u, u_lean, u_spread)
        _edges(turn * (cos_a * dy - sin_a * dx), widths[1], blur_v, v, v_lean, v_spread)
        model[k] = 0.0
        for i in range(N_CELLS + 1):
            for j in range(N_CELLS + 1):
                if cells[i, j] > 0.0:
                    model[k, 0] += u[i] * v[j]
                    model[k, 1] += u_lean[i] * v[j]
                    model[k, 2] += u[i] * v_lean[j]
                    model[k, 3] += u_spread[i] * v[j]
                    model[k, 4] += u[i] * v_spread[j]
        one = model[k, 0]
        s_m, s_mm, s_l, s_ml = s_m + one, s_mm + one * one, s_l + points[k, 2], s_ml + one * points[k, 2]
    spread = s_mm - s_m * s_m / max(n, 1)
    contrast = (s_ml - s_m * s_l / n) / spread if spread > 1e-9 else 0.0
    offset = (s_l - contrast * s_m) / n
    state[6], state[7] = offset, contrast
    normal[:] = 0.0
    gradient[:] = 0.0
    row = np.empty(_N)
    squares = 0.0
    for k in range(n):
        dx, dy = points[k, 0] - state[0], points[k, 1] - state[1]
        lean_u, lean_v = contrast * turn * model[k, 1], contrast * turn * model[k, 2]
        row[0] = -lean_u * sin_b + lean_v * sin_a
        row[1] = lean_u * cos_b - lean_v * cos_a
        row[2] = -lean_v * (sin_a * dy + cos_a * dx)
        row[3] = lean_u * (cos_b * dx + sin_b * dy)
        row[4], row[5] = contrast * model[k, 3], contrast * model[k, 4]
        row[6], row[7] = 1.0, model[k, 0]
        residual = points[k, 2] - offset - contrast * model[k, 0]
        squares += residual * residual
        for i in range(_N):
            gradient[i] += row[i] * residual
            for j in range(i + 1):
                normal[i, j] += row[i] * row[j]
    for i in range(_N):
        for j in range(i):
            normal[j, i] = normal[i, j]
    return squares


@njit(cache=True, nogil=True)
def _fit_one(points: NDArray, state: NDArray, turn: float, cells: NDArray, widths: tuple[float, float]) -> None:
    if len(points) < 2 * _N:
        return
    normal, gradient = np.empty((_N, _N)), np.empty(_N)
    for _ in range(STEPS):
        _linearise(points, state, turn, cells, widths, normal, gradient)
        for i in range(_N):
            normal[i, i] = normal[i, i] * 1.001 + 1e-6
        step = np.linalg.solve(normal, gradient)
        for i in range(2):
            state[i] += min(max(step[i], -1.0), 1.0)
        for i in range(2, 4):
            state[i] += min(max(step[i], -0.1), 0.1)
        for i in range(4, 6):
            state[i] = min(max(state[i] + min(max(step[i], -0.3), 0.3), log(MIN_BLUR_PX)), log(MAX_BLUR_PX))
        if abs(step[0]) + abs(step[1]) < 1e-3 and abs(step[2]) + abs(step[3]) < 1e-3:
            return


@njit(cache=True, nogil=True)
def _judge(
    points: NDArray, state: NDArray, turn: float, cells: NDArray, widths: tuple[float, float], answer: NDArray
) -> None:
    """Write position, its sd, paper minus ink, and the relative residual."""
    answer[0], answer[1], answer[2], answer[3], answer[4] = state[0], state[1], np.inf, 0.0, np.inf
    n = len(points)
    if n < 2 * _N:
        return
    normal, gradient = np.empty((_N, _N)), np.empty(_N)
    squares = _linearise(points, state, turn, cells, widths, normal, gradient)
    answer[3], answer[4] = -state[7], sqrt(squares / n) / max(abs(state[7]), 1e-6)
    for i in range(_N):
        normal[i, i] += 1e-9
    inverse = np.linalg.inv(normal)
    variance = 0.5 * (inverse[0, 0] + inverse[1, 1]) * squares / (n - _N)
    if variance > 0.0:
        answer[2] = sqrt(variance)
