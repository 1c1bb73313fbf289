"""Compiled core of `saddles`: Gauss-Newton on one blurred crossing of two edges per corner."""

from math import atan2, ceil, cos, exp, hypot, log, pi, sin, sqrt

import numpy as np
from numba import njit
from numpy.typing import NDArray

EXTENT = 0.45  # of a square: the next corner's edges begin at 1
BLUR_MARGIN_PX = 1.5
HALF_WINDOW_PX = 10
# Below, an edge falls between the pixels and says nothing about its place; sharpened video pulls that way.
MIN_BLUR_PX, MAX_BLUR_PX = 0.5, 8.0
TOLERANCES, STEPS = (2e-2, 1e-3), 10  # px and rad: the first round ends where its pixels are chosen anew
_N = 8  # x, y, angle of the edge along x, of that along y, log blur of each, offset, contrast
_SLOPE = sqrt(2 / pi)
_FLAT = 4.5  # blurs from an edge at which the gray level is that of the square, to 1e-5


@njit(cache=True, nogil=True)
def fit_all(gray: NDArray, start: NDArray, axes: NDArray, sign: NDArray, gap: float) -> NDArray:
    """Fit every corner; rows of the answer are the fields of `saddles.Saddles`, position and blur as two.

    Parameters
    ----------
    gray : ndarray of uint8, shape (height, width)
    start : ndarray, shape (corner, 2)
    axes : ndarray, shape (corner, 2, 2)
    sign : ndarray, shape (corner,)
    gap : float
        Blank rim around a marker in squares; below 0 when there are no markers.
    """
    answer = np.empty((len(start), 8))
    points = np.empty(((2 * HALF_WINDOW_PX + 1) ** 2, 3))
    work = np.empty((len(points), 6))
    for i in range(len(start)):
        state = np.empty(_N)
        state[0], state[1] = start[i, 0], start[i, 1]
        state[2], state[3] = atan2(axes[i, 1, 0], axes[i, 0, 0]), atan2(axes[i, 1, 1], axes[i, 0, 1])
        for edge in range(2):
            length = hypot(axes[i, 0, edge], axes[i, 1, edge])
            state[4 + edge] = log(min(max(0.04 * length, 1.0), 4.0))
        turn = 1.0 if axes[i, 0, 0] * axes[i, 1, 1] - axes[i, 1, 0] * axes[i, 0, 1] > 0 else -1.0
        count = 0
        for tolerance in TOLERANCES:
            count = _gather(gray, state, axes[i], sign[i], gap, points)
            _fit_one(points[:count], state, turn, work, tolerance)
        _judge(points[:count], state, turn, sign[i], work, answer[i])
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
def _linearise(
    points: NDArray, state: NDArray, turn: float, normal: NDArray, gradient: NDArray, work: NDArray
) -> float:
    """Fill the normal equations at `state`, whose offset and contrast are solved for first; return the squares."""
    n, s_m, s_mm, s_l, s_ml = len(points), 0.0, 0.0, 0.0, 0.0
    _steps(points, state, turn, work)
    for k in range(n):
        model = work[k, 2] * work[k, 3]
        s_m, s_mm, s_l, s_ml = s_m + model, s_mm + model * model, s_l + points[k, 2], s_ml + model * points[k, 2]
    spread = s_mm - s_m * s_m / n
    contrast = (s_ml - s_m * s_l / n) / spread if spread > 1e-9 else 0.0
    offset = (s_l - contrast * s_m) / n
    state[6], state[7] = offset, contrast
    normal[:] = 0.0
    gradient[:] = 0.0
    cos_a, sin_a, cos_b, sin_b = cos(state[2]), sin(state[2]), cos(state[3]), sin(state[3])
    over_a, over_b = turn / exp(state[4]), turn / exp(state[5])
    row = np.empty(_N)
    squares = 0.0
    for k in range(n):
        model = work[k, 2] * work[k, 3]
        residual = points[k, 2] - offset - contrast * model
        squares += residual * residual
        gradient[6] += residual
        gradient[7] += model * residual
        if work[k, 4] == 0.0 and work[k, 5] == 0.0:
            continue  # flat: the sums above hold all that it says
        dx, dy = points[k, 0] - state[0], points[k, 1] - state[1]
        lean_a = contrast * work[k, 4] * work[k, 3]
        lean_b = contrast * work[k, 5] * work[k, 2]
        row[0] = lean_a * sin_a * over_a - lean_b * sin_b * over_b
        row[1] = -lean_a * cos_a * over_a + lean_b * cos_b * over_b
        row[2] = -lean_a * over_a * (sin_a * dy + cos_a * dx)
        row[3] = lean_b * over_b * (cos_b * dx + sin_b * dy)
        row[4], row[5] = -lean_a * work[k, 0], -lean_b * work[k, 1]
        for i in range(6):
            gradient[i] += row[i] * residual
            normal[6, i] += row[i]
            normal[7, i] += row[i] * model
            for j in range(i + 1):
                normal[i, j] += row[i] * row[j]
    normal[6, 6], normal[7, 6], normal[7, 7] = n, s_m, s_mm
    return squares


@njit(cache=True, nogil=True)
def _steps(points: NDArray, state: NDArray, turn: float, work: NDArray) -> None:
    """Write per point its distances from both edges over their blur, both steps (erf) and both slopes."""
    cos_a, sin_a, cos_b, sin_b = cos(state[2]), sin(state[2]), cos(state[3]), sin(state[3])
    over_a, over_b = turn / exp(state[4]), turn / exp(state[5])
    for k in range(len(points)):
        dx, dy = points[k, 0] - state[0], points[k, 1] - state[1]
        work[k, 0] = (cos_a * dy - sin_a * dx) * over_a
        work[k, 1] = (sin_b * dx - cos_b * dy) * over_b
        for edge in range(2):
            size = abs(work[k, edge])
            step, slope = 1.0, 0.0
            if size < _FLAT:
                # The error function from the exponential that the slope needs anyway; good to 1.5e-7
                # (Abramowitz & Stegun 1964, 7.1.26).
                bell = exp(-0.5 * size * size)
                t = 1.0 / (1.0 + 0.3275911 * sqrt(0.5) * size)
                tail = 0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))
                step, slope = 1.0 - tail * t * bell, _SLOPE * bell
            work[k, 2 + edge] = step if work[k, edge] >= 0.0 else -step
            work[k, 4 + edge] = slope


@njit(cache=True, nogil=True)
def _fit_one(points: NDArray, state: NDArray, turn: float, work: NDArray, tolerance: float) -> None:
    if len(points) < 2 * _N:
        return
    normal, gradient = np.empty((_N, _N)), np.empty(_N)
    for _ in range(STEPS):
        _linearise(points, state, turn, normal, gradient, work)
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
        if abs(gradient[0]) + abs(gradient[1]) < tolerance and abs(gradient[2]) + abs(gradient[3]) < tolerance:
            return


@njit(cache=True, nogil=True)
def _judge(points: NDArray, state: NDArray, turn: float, sign: float, work: NDArray, answer: NDArray) -> None:
    """Write position, its sd, the signed contrast, the relative residual, both blurs and the gray level."""
    answer[0], answer[1], answer[2], answer[3], answer[4] = state[0], state[1], np.inf, 0.0, np.inf
    answer[5], answer[6], answer[7] = exp(state[4]), exp(state[5]), 0.0
    n = len(points)
    if n < 2 * _N:
        return
    normal, column = np.empty((_N, _N)), np.empty(_N)
    squares = _linearise(points, state, turn, normal, column, work)
    answer[3], answer[7] = state[7] * sign, state[6]
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
