"""Compiled core of `blobs`: one or two soft ellipses on a sloping background, fitted to the pixels around a spot.

An ellipse is the set |B (p - c)| < 1 with an upper triangular B. Its edge is soft by a Gaussian of variance n' W n in
the direction n of the edge's normal: W is the blur of the optics and, along its path, of a disc that moves during the
exposure. Both leave the image symmetric about the middle of the disc at mid-exposure, and so does this model: what it
leaves out of the true shape does not move the centre. Two ellipses are a union: coverages 1 - (1 - s1)(1 - s2).
Levenberg-Marquardt with weights of Cauchy, so that a border beside the spot counts for little.
"""

from math import erfc, exp, hypot, log, pi, sqrt

import numpy as np
from numba import njit
from numpy.typing import NDArray

N_SHARED = 7  # background 3, contrast, blur 3
N_ELLIPSE = 5  # x, y, b11, b12, b22
N_MOST = N_SHARED + 2 * N_ELLIPSE
MAX_PIXELS = 4096
_LOOSE = {"contract", "reassoc", "arcp", "nsz"}  # not-a-number stays what it is
_STEPS = 12
_STILL_PX = 0.003
_LEAST_BLUR = 0.09  # px^2
_CAUCHY = 3.0
_FAR = 4.5  # blurs from the edge
_LEAST_NOISE = 0.7  # gray levels


@njit(cache=True, nogil=True)
def gather(
    gray: NDArray, labels: NDArray, own: int, ellipses: NDArray, margin: float, pixels: NDArray
) -> int:
    """Collect x, y and gray level of the pixels within `margin` px of the ellipses; return their number.

    Pixels within 2 px of another spot than `own` are left out.
    """
    height, width = gray.shape
    low_x, high_x, low_y, high_y = 1e9, -1e9, 1e9, -1e9
    for k in range(len(ellipses)):
        reach_x, reach_y = extent(ellipses[k])
        low_x, high_x = min(low_x, ellipses[k, 0] - reach_x), max(high_x, ellipses[k, 0] + reach_x)
        low_y, high_y = min(low_y, ellipses[k, 1] - reach_y), max(high_y, ellipses[k, 1] + reach_y)
    count = 0
    for y in range(max(0, int(low_y - margin)), min(height, int(high_y + margin) + 2)):
        for x in range(max(0, int(low_x - margin)), min(width, int(high_x + margin) + 2)):
            if count >= len(pixels) or not _is_near(ellipses, x, y, margin) or _foreign(labels, own, x, y):
                continue
            pixels[count, 0], pixels[count, 1], pixels[count, 2] = x, y, gray[y, x]
            count += 1
    return count


@njit(cache=True, nogil=True)
def extent(ellipse: NDArray) -> tuple[float, float]:
    """Half width and half height of the upright box around an ellipse."""
    a, b, d = ellipse[2], ellipse[3], ellipse[4]
    return hypot(1.0 / a, b / (a * d)), 1.0 / abs(d)


@njit(cache=True, nogil=True)
def _is_near(ellipses: NDArray, x: float, y: float, margin: float) -> bool:
    for k in range(len(ellipses)):
        distance, _, _ = _distance(ellipses[k], x, y)
        if distance < margin:
            return True
    return False


@njit(cache=True, nogil=True)
def _foreign(labels: NDArray, own: int, x: int, y: int) -> bool:
    height, width = labels.shape
    for shift_x, shift_y in ((0, 0), (2, 0), (-2, 0), (0, 2), (0, -2)):
        at_x, at_y = x + shift_x, y + shift_y
        if 0 <= at_x < width and 0 <= at_y < height:
            label = labels[at_y, at_x]
            if label not in (0, own):
                return True
    return False


@njit(cache=True, nogil=True)
def _distance(ellipse: NDArray, x: float, y: float) -> tuple[float, float, float]:
    """Distance in px outside the edge, to first order, and the slope of |B (p - c)|."""
    dx, dy = x - ellipse[0], y - ellipse[1]
    u, v = ellipse[2] * dx + ellipse[3] * dy, ellipse[4] * dy
    q = max(hypot(u, v), 1e-6)
    slope_x, slope_y = ellipse[2] * u / q, (ellipse[3] * u + ellipse[4] * v) / q
    slope = max(hypot(slope_x, slope_y), 1e-9)
    return (q - 1.0) / slope, slope_x, slope_y


@njit(cache=True, nogil=True, fastmath=_LOOSE)
def _edge_row(state: NDArray, base: int, x: float, y: float, row: NDArray) -> float:
    """Coverage by the ellipse at `base`; its derivatives into `row`, those by the blur in the places 4 to 6."""
    dx, dy = x - state[base], y - state[base + 1]
    u, v = state[base + 2] * dx + state[base + 3] * dy, state[base + 4] * dy
    q = max(sqrt(u * u + v * v), 1e-6)
    n_x, n_y = state[base + 2] * u / q, (state[base + 3] * u + state[base + 4] * v) / q
    slope = max(sqrt(n_x * n_x + n_y * n_y), 1e-9)
    n_x, n_y = n_x / slope, n_y / slope
    distance = (q - 1.0) / slope
    cosine, sine = n_x * n_x - n_y * n_y, 2.0 * n_x * n_y
    blur = state[4] + state[5] * cosine + state[6] * sine
    held = blur < _LEAST_BLUR
    blur = _LEAST_BLUR if held else blur
    if distance * distance > _FAR * _FAR * blur:
        row[4], row[5], row[6] = 0.0, 0.0, 0.0
        for i in range(base, base + N_ELLIPSE):
            row[i] = 0.0
        return 1.0 if distance < 0 else 0.0
    rate = -exp(-0.5 * distance * distance / blur) / sqrt(2.0 * pi * blur)  # d cover / d distance
    row[base], row[base + 1] = -rate * n_x, -rate * n_y
    shared = rate / (q * slope)
    row[base + 2], row[base + 3], row[base + 4] = shared * u * dx, shared * u * dy, shared * v * dy
    row[4] = 0.0 if held else -0.5 * rate * distance / blur
    row[5], row[6] = row[4] * cosine, row[4] * sine
    return 0.5 * erfc(distance / sqrt(2.0 * blur))


@njit(cache=True, nogil=True, fastmath=_LOOSE)
def _row(state: NDArray, n_ellipses: int, x: float, y: float, row: NDArray) -> tuple[float, bool]:
    """Model at a pixel, its derivatives into `row`, and whether an edge is near."""
    contrast = state[3]
    first, base = N_SHARED, N_SHARED + N_ELLIPSE
    cover = _edge_row(state, first, x, y, row)
    if n_ellipses == 2:
        blur0, blur1, blur2 = row[4], row[5], row[6]
        other = _edge_row(state, base, x, y, row)
        row[4] = blur0 * (1.0 - other) + row[4] * (1.0 - cover)
        row[5] = blur1 * (1.0 - other) + row[5] * (1.0 - cover)
        row[6] = blur2 * (1.0 - other) + row[6] * (1.0 - cover)
        for i in range(N_ELLIPSE):
            row[first + i] *= contrast * (1.0 - other)
            row[base + i] *= contrast * (1.0 - cover)
        near = (cover > 0.0 and cover < 1.0) or (other > 0.0 and other < 1.0)
        cover = 1.0 - (1.0 - cover) * (1.0 - other)
    else:
        near = cover > 0.0 and cover < 1.0
        for i in range(first, first + N_ELLIPSE):
            row[i] *= contrast
    row[4], row[5], row[6] = row[4] * contrast, row[5] * contrast, row[6] * contrast
    row[3] = cover
    return state[0] + state[1] * row[1] + state[2] * row[2] + contrast * cover, near


@njit(cache=True, nogil=True, fastmath=_LOOSE)
def _linearise(
    pixels: NDArray, state: NDArray, n_ellipses: int, scale: float, matrix: NDArray, right: NDArray, at: NDArray
) -> tuple[float, float, float]:
    """Normal equations; return the robust cost, the weighted and the plain mean squared residual."""
    n = N_SHARED + n_ellipses * N_ELLIPSE
    row = np.zeros(N_MOST)
    row[0] = 1.0
    matrix[:], right[:] = 0.0, 0.0
    product, cost, weighted, weights, plain = 1.0, 0.0, 0.0, 0.0, 0.0
    for i in range(len(pixels)):
        row[1], row[2] = pixels[i, 0] - at[0], pixels[i, 1] - at[1]
        value, near = _row(state, n_ellipses, pixels[i, 0], pixels[i, 1], row)
        residual = pixels[i, 2] - value
        square = (residual / (_CAUCHY * scale)) ** 2
        weight = 1.0 / (1.0 + square)
        product *= 1.0 + square
        if product > 1e200:
            cost, product = cost + log(product), 1.0
        weighted += weight * residual * residual
        weights += weight
        plain += residual * residual
        for a in range(n if near else 4):
            part = weight * row[a]
            right[a] += part * residual
            for b in range(a + 1):
                matrix[a, b] += part * row[b]
    for a in range(n):
        for b in range(a):
            matrix[b, a] = matrix[a, b]
    return cost + log(product), weighted / max(weights, 1.0), plain / max(len(pixels), 1)


@njit(cache=True, nogil=True)
def _sound(state: NDArray, n_ellipses: int, start: NDArray, reach: float) -> bool:
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
        Background at the first centre, its slopes, contrast, blur (mean variance and its two anisotropies, px^2),
        then the ellipses.
    reach : float
        How far centres may move, px.
    answer : ndarray, shape (5,)

    Returns
    -------
    bool
        False where the pixels determine no ellipse.
    """
    n = N_SHARED + n_ellipses * N_ELLIPSE
    if len(pixels) < 2 * n:
        return False
    at = state[N_SHARED : N_SHARED + 2].copy()
    start, trial = state.copy(), state.copy()
    matrix, right = np.zeros((N_MOST, N_MOST)), np.zeros(N_MOST)
    fresh, fresh_right = np.zeros((N_MOST, N_MOST)), np.zeros(N_MOST)
    scale = max(0.1 * abs(state[3]), _LEAST_NOISE)
    damping = 1e-3
    cost, mean, plain = _linearise(pixels, state, n_ellipses, scale, matrix, right, at)
    for _ in range(_STEPS):
        damped = matrix[:n, :n].copy()
        for a in range(n):
            damped[a, a] = damped[a, a] * (1.0 + damping) + 1e-9
        move = np.linalg.solve(damped, right[:n])
        trial[:n] = state[:n] + move
        better = False
        if _sound(trial, n_ellipses, start, reach):
            new_cost, new_mean, new_plain = _linearise(pixels, trial, n_ellipses, scale, fresh, fresh_right, at)
            better = new_cost <= cost
        if not better:
            damping *= 10.0
            if damping > 1e3:
                break
            continue
        moved = max(abs(move[N_SHARED]), abs(move[N_SHARED + 1]), abs(move[n - 5]), abs(move[n - 4]))
        still = moved < _STILL_PX and cost - new_cost < 0.02 * new_cost / len(pixels) + 1e-3
        state[:n] = trial[:n]
        matrix[:], right[:] = fresh, fresh_right
        cost, mean, plain = new_cost, new_mean, new_plain
        damping = max(damping * 0.2, 1e-7)
        finer = max(min(scale, 1.3 * sqrt(mean)), _LEAST_NOISE)
        if finer < 0.8 * scale:
            scale = finer
            cost, mean, plain = _linearise(pixels, state, n_ellipses, scale, matrix, right, at)
        elif still:
            break
    return _judge(matrix[:n, :n], plain, len(pixels), n_ellipses, answer)


@njit(cache=True, nogil=True)
def _judge(matrix: NDArray, plain: float, n_pixels: int, n_ellipses: int, answer: NDArray) -> bool:
    n = len(matrix)
    held = matrix.copy()
    for a in range(n):
        held[a, a] += 1e-9 * max(matrix[a, a], 1.0)
    inverse = np.linalg.inv(held)
    variance = plain * n_pixels / max(n_pixels - n, 1)
    for k in range(n_ellipses):
        for i in range(2):
            place = N_SHARED + k * N_ELLIPSE + i
            answer[2 * k + i] = sqrt(max(inverse[place, place] * variance, 0.0))
    answer[4] = sqrt(variance)
    return bool(np.isfinite(answer).all())
