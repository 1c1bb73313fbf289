"""Compiled fit of soft ellipses: Levenberg-Marquardt with weights of Cauchy, so that what is beside weighs little."""

from math import hypot, log, sqrt

import numpy as np
from numba import njit
from numpy.typing import NDArray

from mocap.keypoints.markers.blob_kernels import (
    LOOSE,
    N_ELLIPSE,
    N_MOST,
    N_ROW,
    N_SHARED,
    N_STEP,
    STEP,
    active_places,
    model_row,
)

_STEPS = 14
_STILL_PX = 0.003
_CAUCHY = 3.0
_LEAST_NOISE = 0.7  # gray levels
_HOPELESS, _PATIENCE = 0.15, 4  # residual over contrast, after so many steps
_MOST_CURVED = 0.2  # 1/px, of the line of the step


@njit(cache=True, nogil=True, fastmath=LOOSE)
def _linearise(
    pixels: NDArray, state: NDArray, n_ellipses: int, scale: float, places: NDArray, matrix: NDArray, right: NDArray,
    at: NDArray,
) -> tuple[float, float, float]:  # fmt: skip
    """Normal equations; return the robust cost, the weighted and the plain mean squared residual."""
    n = len(places)
    row, part = np.zeros(N_ROW), np.zeros(N_MOST)
    matrix[:], right[:] = 0.0, 0.0
    product, cost, weighted, weights, plain = 1.0, 0.0, 0.0, 0.0, 0.0
    for i in range(len(pixels)):
        value = model_row(state, n_ellipses, pixels[i, 0], pixels[i, 1], at, row)
        residual = pixels[i, 2] - value
        square = (residual / (_CAUCHY * scale)) ** 2
        weight = 1.0 / (1.0 + square)
        product *= 1.0 + square
        if product > 1e200:
            cost, product = cost + log(product), 1.0
        weighted += weight * residual * residual
        weights += weight
        plain += residual * residual
        if row[3] == 1.0:  # deep inside: tells of the disc's level alone
            matrix[3, 3] += weight
            right[3] += weight * residual
            continue
        for a in range(n):
            part[a] = row[places[a]]
        near = row[3] > 0.0
        last = n if near else (3 if n == N_SHARED - N_STEP + n_ellipses * N_ELLIPSE else N_SHARED)
        for a in range(last):
            own = weight * part[a]
            right[a] += own * residual
            for b in range(a + 1):
                matrix[a, b] += own * part[b]
    for a in range(n):
        for b in range(a):
            matrix[b, a] = matrix[a, b]
    return cost + log(product), weighted / max(weights, 1.0), plain / max(weights, 1.0)


@njit(cache=True, nogil=True)
def _solved(matrix: NDArray, right: NDArray, n: int, damping: float, factor: NDArray, move: NDArray) -> bool:
    """Solve (M + damping diag M) move = right by Cholesky; False where M is not positive."""
    for a in range(n):
        for b in range(a + 1):
            total = matrix[a, b]
            if a == b:
                total = total * (1.0 + damping) + 1e-9
            for k in range(b):
                total -= factor[a, k] * factor[b, k]
            if a == b:
                if not total > 0.0:
                    return False
                factor[a, a] = sqrt(total)
            else:
                factor[a, b] = total / factor[b, b]
    for a in range(n):
        total = right[a]
        for k in range(a):
            total -= factor[a, k] * move[k]
        move[a] = total / factor[a, a]
    for a in range(n - 1, -1, -1):
        total = move[a]
        for k in range(a + 1, n):
            total -= factor[k, a] * move[k]
        move[a] = total / factor[a, a]
    return True


@njit(cache=True, nogil=True)
def _sound(state: NDArray, n_ellipses: int, start: NDArray, reach: float) -> bool:
    if abs(state[STEP + 3]) > _MOST_CURVED:
        return False
    for k in range(n_ellipses):
        base = N_SHARED + k * N_ELLIPSE
        if min(state[base + 2], state[base + 4]) < 0.005 or max(state[base + 2], state[base + 4]) > 4.0:
            return False
        if not hypot(state[base] - start[base], state[base + 1] - start[base + 1]) < reach:
            return False
    return True


@njit(cache=True, nogil=True)
def fit(pixels: NDArray, state: NDArray, n_ellipses: int, reach: float, answer: NDArray) -> bool:
    """Fit in place; `answer` becomes the sd of each ellipse's x and y, and the rms residual.

    Parameters
    ----------
    pixels : ndarray, shape (pixel, 3)
        x, y, gray level.
    state : ndarray, shape (N_MOST,)
        Background at the first centre and its slopes, level of the disc, blur (mean variance and its two
        anisotropies, px^2), step of the background (height, 0 for none; direction to its higher side; distance of the
        line from the first centre that way; its curvature, 1/px), then the ellipses.
    reach : float
        How far centres may move, px.
    answer : ndarray, shape (9,)
        Its fifth place holds the residual that the start may be expected to leave, 0 where nothing is. The last
        four: amplitude of the third harmonic of each edge, px, and its sd.

    Returns
    -------
    bool
        False where the pixels determine no ellipse.
    """
    places = active_places(state, n_ellipses)
    n = len(places)
    if len(pixels) < 2 * n:
        return False
    at = state[N_SHARED : N_SHARED + 2].copy()
    start, trial, move = state.copy(), state.copy(), np.zeros(N_MOST)
    matrix, right = np.zeros((N_MOST, N_MOST)), np.zeros(N_MOST)
    fresh, fresh_right, factor = np.zeros((N_MOST, N_MOST)), np.zeros(N_MOST), np.zeros((N_MOST, N_MOST))
    scale = 0.1 * abs(state[3] - state[0])
    scale = max(min(scale, 1.3 * answer[4]) if answer[4] > 0.0 else scale, _LEAST_NOISE)
    damping, first = 1e-3, n - n_ellipses * N_ELLIPSE
    hopeless = _HOPELESS * abs(state[3] - state[0])
    cost, mean, plain = _linearise(pixels, state, n_ellipses, scale, places, matrix, right, at)
    for step in range(_STEPS):
        if step >= _PATIENCE and sqrt(plain) > hopeless:
            return False
        better = _solved(matrix, right, n, damping, factor, move)
        if better:
            for a in range(n):
                trial[places[a]] = state[places[a]] + move[a]
            better = _sound(trial, n_ellipses, start, reach)
        if better:
            new_cost, new_mean, new_plain = _linearise(
                pixels, trial, n_ellipses, scale, places, fresh, fresh_right, at
            )
            better = new_cost <= cost
        if not better:
            damping *= 10.0
            if damping > 1e3:
                break
            continue
        moved = max(abs(move[first]), abs(move[first + 1]), abs(move[n - 5]), abs(move[n - 4]))
        still = moved < _STILL_PX and cost - new_cost < 0.02 * new_cost / len(pixels) + 1e-3
        for a in range(N_MOST):  # by hand: a copy by slices takes the compiler seconds
            state[a] = trial[a]
        matrix, fresh, right, fresh_right = fresh, matrix, fresh_right, right
        cost, mean, plain = new_cost, new_mean, new_plain
        damping = max(damping * 0.2, 1e-7)
        finer = max(min(scale, 1.3 * sqrt(mean)), _LEAST_NOISE)
        if finer < 0.6 * scale:
            scale = finer
            cost, mean, plain = _linearise(pixels, state, n_ellipses, scale, places, matrix, right, at)
        elif still:
            break
    return _judge(pixels, state, n_ellipses, at, plain, answer)


@njit(cache=True, nogil=True)
def _judge(pixels: NDArray, state: NDArray, n_ellipses: int, at: NDArray, plain: float, answer: NDArray) -> bool:
    """Covariance of the centres, and the third harmonic of the edges that one more step of the fit would take."""
    places = active_places(state, n_ellipses)
    n = len(places)
    total = n + 2 * n_ellipses
    row, part = np.zeros(N_ROW), np.zeros(N_ROW)
    matrix, right = np.zeros((N_ROW, N_ROW)), np.zeros(N_ROW)
    for i in range(len(pixels)):
        residual = pixels[i, 2] - model_row(state, n_ellipses, pixels[i, 0], pixels[i, 1], at, row)
        for a in range(total):
            part[a] = row[places[a]] if a < n else row[N_MOST + a - n]
            right[a] += part[a] * residual
            for b in range(a + 1):
                matrix[a, b] += part[a] * part[b]
    variance = plain * len(pixels) / max(len(pixels) - n, 1)
    factor, unit, column = np.zeros((N_ROW, N_ROW)), np.zeros(N_ROW), np.zeros(N_ROW)
    answer[4] = sqrt(variance)
    for k in range(n_ellipses):
        square = 0.0
        for i in range(4):
            place = n - (n_ellipses - k) * N_ELLIPSE + i if i < 2 else n + 2 * k + i - 2
            unit[:] = 0.0
            unit[place] = 1.0
            if not _solved(matrix, unit, total, 1e-9, factor, column):
                return False
            sd = sqrt(max(column[place] * variance, 0.0))
            if i < 2:
                answer[2 * k + i] = sd
            else:
                square += sd * sd / 2
        if not _solved(matrix, right, total, 1e-9, factor, column):
            return False
        answer[5 + 2 * k] = hypot(column[n + 2 * k], column[n + 2 * k + 1])
        answer[6 + 2 * k] = sqrt(square)
    return bool(np.isfinite(answer[: 5 + 2 * n_ellipses]).all())
