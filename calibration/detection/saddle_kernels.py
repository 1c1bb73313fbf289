"""Compiled core of `saddles`: Gauss-Newton on one blurred crossing of two edges per corner."""

from math import atan2, ceil, cos, erf, exp, hypot, log, pi, sin, sqrt

import numpy as np
from numba import njit
from numpy.typing import NDArray

EXTENT = 0.45  # of a square: the next corner's edges begin at 1
BLUR_MARGIN_PX = 1.5
HALF_WINDOW_PX = 10
# Below, an edge falls between the pixels and says nothing about its place; sharpened video pulls that way.
MIN_BLUR_PX, MAX_BLUR_PX = 0.5, 8.0
ROUNDS, STEPS = 2, 10
_N = 8  # x, y, angle of the edge along x, of that along y, log blur of each, offset, contrast
_SLOPE = sqrt(2 / pi)


@njit(cache=True, nogil=True)
def fit_all(gray: NDArray, start: NDArray, axes: NDArray, sign: NDArray, gap: float) -> NDArray:
    """Fit every corner; rows of the answer are x, y, sd, contrast, residual (see `saddles.Saddles`).

    Parameters
    ----------
    gray : ndarray of uint8, shape (height, width)
    start : ndarray, shape (corner, 2)
    axes : ndarray, shape (corner, 2, 2)
    sign : ndarray, shape (corner,)
    gap : float
        Blank rim around a marker in squares; below 0 when there are no markers.
    """
    answer = np.empty((len(start), 5))
    points = np.empty(((2 * HALF_WINDOW_PX + 1) ** 2, 3))
    for i in range(len(start)):
        state = np.empty(_N)
        state[0], state[1] = start[i, 0], start[i, 1]
        state[2], state[3] = atan2(axes[i, 1, 0], axes[i, 0, 0]), atan2(axes[i, 1, 1], axes[i, 0, 1])
        for edge in range(2):
            length = hypot(axes[i, 0, edge], axes[i, 1, edge])
            state[4 + edge] = log(min(max(0.08 * length, 1.0), 4.0))
        turn = 1.0 if axes[i, 0, 0] * axes[i, 1, 1] - axes[i, 1, 0] * axes[i, 0, 1] > 0 else -1.0
        count = 0
        for _ in range(ROUNDS):
            count = _gather(gray, state, axes[i], sign[i], gap, points)
            _fit_one(points[:count], state, turn)
        _judge(points[:count], state, turn, sign[i], answer[i])
    return answer


@njit(cache=True, nogil=True)
def _gather(gray: NDArray, state: NDArray, axes: NDArray, sign: float, gap: float, points: NDArray) -> int:
    """Collect x, y and gray level of the pixels that the model explains; return their number."""
    height, width = gray.shape
    a, b, c, d = axes[0, 0], axes[0, 1], axes[1, 0], axes[1, 1]
    determinant = a * d - b * c
    if not abs(determinant) > 1e-6:
        return 0
    # Distances from the edges along x and y per square: parallelogram height over that edge.
    rim_x = gap - BLUR_MARGIN_PX / max(abs(determinant) / hypot(b, d), 1e-9)
    rim_y = gap - BLUR_MARGIN_PX / max(abs(determinant) / hypot(a, c), 1e-9)
    rim_x, rim_y = max(rim_x, 0.02), max(rim_y, 0.02)
    half_x = min(ceil(EXTENT * (abs(a) + abs(b))), HALF_WINDOW_PX)
    half_y = min(ceil(EXTENT * (abs(c) + abs(d))), HALF_WINDOW_PX)
    centre_x, centre_y = round(state[0]), round(state[1])
    count = 0
    for y in range(max(centre_y - half_y, 0), min(centre_y + half_y + 1, height)):
        for x in range(max(centre_x - half_x, 0), min(centre_x + half_x + 1, width)):
            dx, dy = x - state[0], y - state[1]
            u, v = (d * dx - b * dy) / determinant, (a * dy - c * dx) / determinant
            if abs(u) > EXTENT or abs(v) > EXTENT:
                continue
            if gap >= 0 and u * v * sign > 0 and abs(u) > rim_x and abs(v) > rim_y:
                continue  # may be the marker
            points[count, 0], points[count, 1], points[count, 2] = x, y, gray[y, x]
            count += 1
    return count


@njit(cache=True, nogil=True)
def _linearise(points: NDArray, state: NDArray, turn: float, normal: NDArray, gradient: NDArray) -> float:
    """Fill the normal equations at `state`, whose offset and contrast are solved for first; return the squares."""
    cos_a, sin_a, cos_b, sin_b = cos(state[2]), sin(state[2]), cos(state[3]), sin(state[3])
    blur_a, blur_b = exp(state[4]), exp(state[5])
    n, s_m, s_mm, s_l, s_ml = len(points), 0.0, 0.0, 0.0, 0.0
    for k in range(n):
        dx, dy = points[k, 0] - state[0], points[k, 1] - state[1]
        a = turn * (cos_a * dy - sin_a * dx) / blur_a
        b = turn * (sin_b * dx - cos_b * dy) / blur_b
        model = erf(a / sqrt(2.0)) * erf(b / sqrt(2.0))
        s_m, s_mm, s_l, s_ml = s_m + model, s_mm + model * model, s_l + points[k, 2], s_ml + model * points[k, 2]
    spread = s_mm - s_m * s_m / n
    contrast = (s_ml - s_m * s_l / n) / spread if spread > 1e-9 else 0.0
    offset = (s_l - contrast * s_m) / n
    state[6], state[7] = offset, contrast
    normal[:] = 0.0
    gradient[:] = 0.0
    row = np.empty(_N)
    squares = 0.0
    for k in range(n):
        dx, dy = points[k, 0] - state[0], points[k, 1] - state[1]
        a = turn * (cos_a * dy - sin_a * dx) / blur_a
        b = turn * (sin_b * dx - cos_b * dy) / blur_b
        step_a, step_b = erf(a / sqrt(2.0)), erf(b / sqrt(2.0))
        lean_a = contrast * _SLOPE * exp(-0.5 * a * a) * step_b
        lean_b = contrast * _SLOPE * exp(-0.5 * b * b) * step_a
        row[0] = lean_a * turn * sin_a / blur_a - lean_b * turn * sin_b / blur_b
        row[1] = -lean_a * turn * cos_a / blur_a + lean_b * turn * cos_b / blur_b
        row[2] = -lean_a * turn * (sin_a * dy + cos_a * dx) / blur_a
        row[3] = lean_b * turn * (cos_b * dx + sin_b * dy) / blur_b
        row[4], row[5] = -lean_a * a, -lean_b * b
        row[6], row[7] = 1.0, step_a * step_b
        residual = points[k, 2] - offset - contrast * row[7]
        squares += residual * residual
        for i in range(_N):
            gradient[i] += row[i] * residual
            for j in range(i + 1):
                normal[i, j] += row[i] * row[j]
    return squares


@njit(cache=True, nogil=True)
def _fit_one(points: NDArray, state: NDArray, turn: float) -> None:
    if len(points) < 2 * _N:
        return
    normal, gradient = np.empty((_N, _N)), np.empty(_N)
    for _ in range(STEPS):
        _linearise(points, state, turn, normal, gradient)
        for i in range(_N):
            normal[i, i] = normal[i, i] * 1.001 + 1e-9
        if not _cholesky(normal):
            return
        _solve(normal, gradient)
        state[0] += min(max(gradient[0], -1.0), 1.0)
        state[1] += min(max(gradient[1], -1.0), 1.0)
        for i in range(2, 4):
            state[i] += min(max(gradient[i], -0.1), 0.1)
        for i in range(4, 6):
            state[i] = min(max(state[i] + min(max(gradient[i], -0.3), 0.3), log(MIN_BLUR_PX)), log(MAX_BLUR_PX))
        if abs(gradient[0]) + abs(gradient[1]) < 1e-4 and abs(gradient[2]) + abs(gradient[3]) < 1e-4:
            return


@njit(cache=True, nogil=True)
def _judge(points: NDArray, state: NDArray, turn: float, sign: float, answer: NDArray) -> None:
    """Write position, its sd, the signed contrast and the relative residual."""
    answer[0], answer[1], answer[2], answer[3], answer[4] = state[0], state[1], np.inf, 0.0, np.inf
    n = len(points)
    if n < 2 * _N:
        return
    normal, column = np.empty((_N, _N)), np.empty(_N)
    squares = _linearise(points, state, turn, normal, column)
    answer[3] = state[7] * sign
    answer[4] = sqrt(squares / n) / max(abs(state[7]), 1e-6)
    if not _cholesky(normal):
        return
    variance = 0.0
    for i in range(2):
        column[:] = 0.0
        column[i] = 1.0
        _solve(normal, column)
        variance += 0.5 * column[i] * squares / (n - _N)
    answer[2] = sqrt(variance)


@njit(cache=True, nogil=True)
def _cholesky(matrix: NDArray) -> bool:
    """Factor the lower triangle in place; False when it is not positive definite."""
    for i in range(_N):
        scale = matrix[i, i]
        for j in range(i + 1):
            total = matrix[i, j]
            for k in range(j):
                total -= matrix[i, k] * matrix[j, k]
            if i == j:
                if not total > 1e-10 * scale:
                    return False
                matrix[i, i] = sqrt(total)
            else:
                matrix[i, j] = total / matrix[j, j]
    return True


@njit(cache=True, nogil=True)
def _solve(factor: NDArray, vector: NDArray) -> None:
    """Solve factor factor^T x = vector in place."""
    for i in range(_N):
        for k in range(i):
            vector[i] -= factor[i, k] * vector[k]
        vector[i] /= factor[i, i]
    for i in range(_N - 1, -1, -1):
        for k in range(i + 1, _N):
            vector[i] -= factor[k, i] * vector[k]
        vector[i] /= factor[i, i]
