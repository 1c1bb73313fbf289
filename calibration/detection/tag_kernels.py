"""Compiled core of `tags`: Gauss-Newton on the blurred cells around the corner of a tag.

The pattern near a corner is a sum of quadrants, one per crossing of cell borders. A quadrant under a round Gaussian
blur is the bivariate normal distribution of the distances from its two sides, with the cosine between them as
correlation (minus, as the sides open): on slanted tags the plain product of two blurred edges would pull the corner
inwards. Source of the integral over the correlation: Drezner and Wesolowsky, "On the computation of the bivariate
normal integral", 1990.
"""

from math import atan2, cos, erf, exp, hypot, log, pi, sin, sqrt

import numpy as np
from numba import njit
from numpy.typing import NDArray

from calibration.solve.schur_kernels import solve_positive  # numpy's solver takes the compiler as long as all this

HALF_WINDOW_PX = 14
BLUR_MARGIN_PX, MARGIN_BLURS = 1.5, 2.5  # from ink that the model does not know
N_CELLS = 4  # cells each way from the corner that the model knows
COARSE_PX, COARSE_BLURS = 4.0, 4.0  # cells from this width on have a middle that their neighbours do not reach
MIN_BLUR_PX, MAX_BLUR_PX = 0.5, 8.0
ROUNDS, STEPS = 3, 8
STILL_PX = 0.3  # a window that moved less need not be gathered again
_N = 8  # x, y, angle of each edge, log blur of each, offset, contrast
_FAR = 4.0  # blurs
_PEAK = 1 / sqrt(2 * pi)
_NODES = (np.polynomial.legendre.leggauss(5)[0] + 1) / 2
_WEIGHTS = np.polynomial.legendre.leggauss(5)[1] / 2


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
        widths = _widths(axes[i], cell)
        count, was_coarse = 0, True
        crossings = np.empty((0, 3))
        for _ in range(ROUNDS):
            before_x, before_y = state[0], state[1]
            coarse = min(widths) >= max(COARSE_PX, COARSE_BLURS * exp(max(state[4], state[5])))
            cells[:] = 0.0
            for j in range(N_CELLS):  # by hand: a copy by slices takes the compiler seconds
                for k in range(N_CELLS):
                    cells[1 + j, 1 + k] = 1.0 if coarse else ink[i, j, k]
            crossings = _crossings(cells, crossed)
            count = _gather(gray, state, axes[i], cell, gap, coarse, points)
            _fit_one(points[:count], state, turn, crossings, widths, crossed)
            if coarse == was_coarse and hypot(state[0] - before_x, state[1] - before_y) < STILL_PX:
                break
            was_coarse = coarse
        _judge(points[:count], state, turn, crossings, widths, crossed, answer[i])
    return answer


@njit(cache=True, nogil=True)
def _widths(axes: NDArray, cell: float) -> tuple[float, float]:
    """Width in px, square to the edges, of a cell along the first side and of one along the second."""
    area = abs(axes[0, 0] * axes[1, 1] - axes[1, 0] * axes[0, 1])
    return cell * area / hypot(axes[0, 1], axes[1, 1]), cell * area / hypot(axes[0, 0], axes[1, 0])


@njit(cache=True, nogil=True)
def _crossings(cells: NDArray, crossed: bool) -> NDArray:
    """Return the quadrants that add up to the cells: rows of line along, line across, weight."""
    cells[0, 0] = 1.0 if crossed else 0.0
    answer = np.empty((N_CELLS * N_CELLS, 3))
    count = 0
    for i in range(N_CELLS):
        for j in range(N_CELLS):
            weight = cells[i + 1, j + 1] - cells[i, j + 1] - cells[i + 1, j] + cells[i, j]
            if weight != 0.0:
                answer[count, 0], answer[count, 1], answer[count, 2] = i, j, weight
                count += 1
    return answer[:count]


@njit(cache=True, nogil=True)
def _gather(
    gray: NDArray, state: NDArray, axes: NDArray, cell: float, gap: float, coarse: bool, points: NDArray
) -> int:
    """Collect x, y and gray level of the pixels that the model explains; return their number."""
    height, width = gray.shape
    a, b, c, d = axes[0, 0], axes[0, 1], axes[1, 0], axes[1, 1]
    determinant = a * d - b * c
    if not abs(determinant) > 1.0:
        return 0
    # A px square to the edges, in sides.
    px_u, px_v = hypot(b, d) / abs(determinant), hypot(a, c) / abs(determinant)
    margin = max(BLUR_MARGIN_PX, MARGIN_BLURS * exp(max(state[4], state[5])))
    inner = margin if coarse else 0.0
    border_u, border_v = max(cell - inner * px_u, 0.3 * cell), max(cell - inner * px_v, 0.3 * cell)
    high = 0.5 if coarse else min(0.5, N_CELLS * cell)
    low_u, low_v = -max(gap - margin * px_u, 0.4 * gap), -max(gap - margin * px_v, 0.4 * gap)
    centre_x, centre_y = round(state[0]), round(state[1])
    count = 0
    for y in range(max(centre_y - HALF_WINDOW_PX, 0), min(centre_y + HALF_WINDOW_PX + 1, height)):
        for x in range(max(centre_x - HALF_WINDOW_PX, 0), min(centre_x + HALF_WINDOW_PX + 1, width)):
            dx, dy = x - state[0], y - state[1]
            u, v = (d * dx - b * dy) / determinant, (a * dy - c * dx) / determinant
            if u > border_u and v > border_v:
                continue
            if low_u <= u <= high and low_v <= v <= high:
                points[count, 0], points[count, 1], points[count, 2] = x, y, gray[y, x]
                count += 1
    return count


@njit(cache=True, nogil=True)
def _step(z: float) -> float:
    """The normal distribution, cut where nothing is left of it."""
    if z > _FAR:
        return 1.0
    return 0.5 + 0.5 * erf(z / sqrt(2.0)) if z > -_FAR else 0.0


@njit(cache=True, nogil=True)
def _quadrant(h: float, k: float, rho: float) -> tuple[float, float, float]:
    """Share of a quadrant at these distances in blurs from its sides, and its slopes by both."""
    if h < -_FAR or k < -_FAR:
        return 0.0, 0.0, 0.0
    step_h, step_k = _step(h), _step(k)
    slope_h = _PEAK * exp(-0.5 * h * h) if h < _FAR else 0.0
    slope_k = _PEAK * exp(-0.5 * k * k) if k < _FAR else 0.0
    if h > _FAR or k > _FAR or abs(rho) < 1e-3:
        return step_h * step_k, slope_h * step_k, slope_k * step_h
    bend = 0.0
    for node in range(5):
        r = rho * _NODES[node]
        rest = 1.0 - r * r
        bend += _WEIGHTS[node] * exp(-0.5 * (h * h - 2.0 * r * h * k + k * k) / rest) / sqrt(rest)
    root = sqrt(1.0 - rho * rho)
    share = step_h * step_k + rho * bend / (2.0 * pi)
    return share, slope_h * _step((k - rho * h) / root), slope_k * _step((h - rho * k) / root)


@njit(cache=True, nogil=True)
def _model(
    a: float, b: float, blurs: tuple[float, float], rho: float, crossings: NDArray, widths: tuple[float, float],
    crossed: bool, model: NDArray,
) -> None:  # fmt: skip
    """Write the share of ink at distances from the two edges, its slopes by both and by their log blurs."""
    model[:] = 0.0
    if crossed:
        h, k = a / blurs[0], b / blurs[1]
        slope_h, slope_k = _PEAK * exp(-0.5 * h * h), _PEAK * exp(-0.5 * k * k)
        model[0] = 1.0 - _step(h) - _step(k)
        model[1], model[2] = -slope_h / blurs[0], -slope_k / blurs[1]
        model[3], model[4] = slope_h * h, slope_k * k
    for row in range(len(crossings)):
        h = (a - crossings[row, 0] * widths[0]) / blurs[0]
        k = (b - crossings[row, 1] * widths[1]) / blurs[1]
        share, slope_h, slope_k = _quadrant(h, k, rho)
        weight = crossings[row, 2]
        model[0] += weight * share
        model[1] += weight * slope_h / blurs[0]
        model[2] += weight * slope_k / blurs[1]
        model[3] -= weight * slope_h * h
        model[4] -= weight * slope_k * k


@njit(cache=True, nogil=True)
def _linearise(
    points: NDArray, state: NDArray, turn: float, crossings: NDArray, widths: tuple[float, float], crossed: bool,
    normal: NDArray, gradient: NDArray,
) -> float:  # fmt: skip
    """Fill the normal equations at `state`, whose offset and contrast are solved for first; return the squares."""
    cos_a, sin_a, cos_b, sin_b = cos(state[2]), sin(state[2]), cos(state[3]), sin(state[3])
    blurs = (exp(state[4]), exp(state[5]))
    rho = min(max(-cos(state[2] - state[3]), -0.98), 0.98)
    n, s_m, s_mm, s_l, s_ml = len(points), 0.0, 0.0, 0.0, 0.0
    model = np.empty((n, 5))
    for k in range(n):
        dx, dy = points[k, 0] - state[0], points[k, 1] - state[1]
        # Along the first side cells are counted from the second edge on, and the other way about.
        a, b = turn * (sin_b * dx - cos_b * dy), turn * (cos_a * dy - sin_a * dx)
        _model(a, b, blurs, rho, crossings, widths, crossed, model[k])
        one = model[k, 0]
        s_m, s_mm, s_l, s_ml = s_m + one, s_mm + one * one, s_l + points[k, 2], s_ml + one * points[k, 2]
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
        lean_a, lean_b = contrast * turn * model[k, 1], contrast * turn * model[k, 2]
        row[0] = -lean_a * sin_b + lean_b * sin_a
        row[1] = lean_a * cos_b - lean_b * cos_a
        row[2] = -lean_b * (sin_a * dy + cos_a * dx)
        row[3] = lean_a * (cos_b * dx + sin_b * dy)
        row[4], row[5] = contrast * model[k, 3], contrast * model[k, 4]
        row[6], row[7] = 1.0, model[k, 0]
        residual = points[k, 2] - offset - contrast * model[k, 0]
        squares += residual * residual
        # Away from edges, where most pixels are, only the levels are told.
        for i in range(0 if lean_a != 0.0 or lean_b != 0.0 else 6, _N):
            gradient[i] += row[i] * residual
            for j in range(i + 1):
                normal[i, j] += row[i] * row[j]
    for i in range(_N):
        for j in range(i):
            normal[j, i] = normal[i, j]
    return squares


@njit(cache=True, nogil=True)
def _fit_one(
    points: NDArray, state: NDArray, turn: float, crossings: NDArray, widths: tuple[float, float], crossed: bool
) -> None:
    if len(points) < 2 * _N:
        return
    normal, gradient = np.empty((_N, _N)), np.empty(_N)
    for _ in range(STEPS):
        _linearise(points, state, turn, crossings, widths, crossed, normal, gradient)
        for i in range(_N):
            normal[i, i] = normal[i, i] * 1.001 + 1e-6
        step = gradient
        if not solve_positive(normal, step):
            return
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
    points: NDArray, state: NDArray, turn: float, crossings: NDArray, widths: tuple[float, float], crossed: bool,
    answer: NDArray,
) -> None:  # fmt: skip
    """Write position, its sd, paper minus ink, and the relative residual."""
    answer[0], answer[1], answer[2], answer[3], answer[4] = state[0], state[1], np.inf, 0.0, np.inf
    n = len(points)
    if n < 2 * _N:
        return
    normal, gradient = np.empty((_N, _N)), np.empty(_N)
    squares = _linearise(points, state, turn, crossings, widths, crossed, normal, gradient)
    answer[3], answer[4] = -state[7], sqrt(squares / n) / max(abs(state[7]), 1e-6)
    for i in range(_N):
        normal[i, i] += 1e-9
    spread = 0.0
    for i in range(2):
        column = np.zeros(_N)
        column[i] = 1.0
        if not solve_positive(normal.copy(), column):
            return
        spread += column[i]
    variance = 0.5 * spread * squares / (n - _N)
    if variance > 0.0:
        answer[2] = sqrt(variance)
