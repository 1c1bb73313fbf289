"""Compiled model of `blobs`: one or two soft ellipses before a background, at the pixels around a spot.

An ellipse is the set |B (p - c)| < 1 with an upper triangular B. Its edge is soft by a Gaussian of variance n' W n in
the direction n of the edge's normal: W is the blur of the optics and, along its path, of a disc that moves during the
exposure. Both leave the image symmetric about the middle of the disc at mid-exposure, and so does this model: what it
leaves out of the true shape does not move the centre. Two ellipses are a union: coverages 1 - (1 - s1)(1 - s2). The
background is a plane, or a plane with a step along an arc: the edge of the limb that the marker sits on.
"""

from math import cos, erfc, exp, hypot, pi, sin, sqrt

import numpy as np
from numba import njit
from numpy.typing import NDArray

N_SHARED = 11  # background 3, level of the disc, blur 3, step 4 (height, direction, distance, curvature)
N_ELLIPSE = 5  # x, y, b11, b12, b22
N_MOST = N_SHARED + 2 * N_ELLIPSE
N_ROW = N_MOST + 4  # and the third harmonic of the edge of each ellipse, which no sound fit needs
STEP, N_STEP = 7, 4  # place of the step
MAX_PIXELS = 4096
LOOSE = {"contract", "reassoc", "arcp", "nsz"}  # not-a-number stays what it is
_LEAST_BLUR = 0.09  # px^2
_FAR = 3.8  # blurs from the edge


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
    """Whether a pixel is to be looked at: of the deep inside of a spot, which tells its level alone, each fourth."""
    nearest = 1e9
    for k in range(len(ellipses)):
        nearest = min(nearest, edge_distance(ellipses[k], x, y))
    return nearest < margin and (nearest > -margin or (int(x) % 2 == 0 and int(y) % 2 == 0))


@njit(cache=True, nogil=True)
def _foreign(labels: NDArray, own: int, x: int, y: int) -> bool:
    height, width = labels.shape
    for shift_x, shift_y in ((0, 0), (2, 0), (-2, 0), (0, 2), (0, -2)):
        at_x, at_y = x + shift_x, y + shift_y
        if 0 <= at_x < width and 0 <= at_y < height:
            label = labels[at_y, at_x]
            if label > 0 and label != own:
                return True
    return False


@njit(cache=True, nogil=True)
def edge_distance(ellipse: NDArray, x: float, y: float) -> float:
    """Distance in px outside the edge, to first order."""
    dx, dy = x - ellipse[0], y - ellipse[1]
    u, v = ellipse[2] * dx + ellipse[3] * dy, ellipse[4] * dy
    q = max(sqrt(u * u + v * v), 1e-6)
    slope_x, slope_y = ellipse[2] * u / q, (ellipse[3] * u + ellipse[4] * v) / q
    return (q - 1.0) / max(sqrt(slope_x * slope_x + slope_y * slope_y), 1e-9)


@njit(cache=True, nogil=True, fastmath=LOOSE)
def _edge_row(state: NDArray, base: int, x: float, y: float, row: NDArray) -> float:
    """Coverage by the ellipse at `base`; its derivatives into `row`, those by the blur in the places 4 to 6."""
    dx, dy = x - state[base], y - state[base + 1]
    u, v = state[base + 2] * dx + state[base + 3] * dy, state[base + 4] * dy
    q = max(sqrt(u * u + v * v), 1e-6)
    n_x, n_y = state[base + 2] * u / q, (state[base + 3] * u + state[base + 4] * v) / q
    slope = max(sqrt(n_x * n_x + n_y * n_y), 1e-9)
    n_x, n_y = n_x / slope, n_y / slope
    distance, third = (q - 1.0) / slope, N_MOST + 2 * (base > N_SHARED)
    cosine, sine = n_x * n_x - n_y * n_y, 2.0 * n_x * n_y
    blur = state[4] + state[5] * cosine + state[6] * sine
    held = blur < _LEAST_BLUR
    blur = _LEAST_BLUR if held else blur
    if distance * distance > _FAR * _FAR * blur:
        row[4], row[5], row[6], row[third], row[third + 1] = 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(base, base + N_ELLIPSE):
            row[i] = 0.0
        return 1.0 if distance < 0 else 0.0
    rate = -exp(-0.5 * distance * distance / blur) / sqrt(2.0 * pi * blur)  # d cover / d distance
    row[base], row[base + 1] = -rate * n_x, -rate * n_y
    c, s = u / q, v / q
    row[third], row[third + 1] = -rate * c * (4.0 * c * c - 3.0), -rate * s * (3.0 - 4.0 * s * s)
    shared = rate / (q * slope)
    row[base + 2], row[base + 3], row[base + 4] = shared * u * dx, shared * u * dy, shared * v * dy
    row[4] = 0.0 if held else -0.5 * rate * distance / blur
    row[5], row[6] = row[4] * cosine, row[4] * sine
    return 0.5 * erfc(distance / sqrt(2.0 * blur))


@njit(cache=True, nogil=True, fastmath=LOOSE)
def _background(state: NDArray, dx: float, dy: float, row: NDArray) -> float:
    """Level of the background at a place from the first centre; its derivatives into `row`."""
    row[0], row[1], row[2] = 1.0, dx, dy
    row[STEP], row[STEP + 1], row[STEP + 2], row[STEP + 3] = 0.0, 0.0, 0.0, 0.0
    level = state[0] + state[1] * dx + state[2] * dy
    if state[STEP] == 0.0:
        return level
    cosine, sine = cos(state[STEP + 1]), sin(state[STEP + 1])
    blur = max(state[4], _LEAST_BLUR)
    across, along = cosine * dx + sine * dy, cosine * dy - sine * dx
    distance = across - state[STEP + 2] - 0.5 * state[STEP + 3] * along * along
    row[STEP] = 0.5 * erfc(-distance / sqrt(2.0 * blur))
    rate = state[STEP] * exp(-0.5 * distance * distance / blur) / sqrt(2.0 * pi * blur)
    row[STEP + 1] = rate * along * (1.0 + state[STEP + 3] * across)
    row[STEP + 2], row[STEP + 3] = -rate, -0.5 * rate * along * along
    return level + state[STEP] * row[STEP]


@njit(cache=True, nogil=True, fastmath=LOOSE)
def model_row(state: NDArray, n_ellipses: int, x: float, y: float, at: NDArray, row: NDArray) -> float:
    """Model at a pixel, and its derivatives into `row`."""
    first, base = np.int64(N_SHARED), np.int64(N_SHARED + N_ELLIPSE)  # of one type, or `_edge_row` is compiled twice
    cover = _edge_row(state, first, x, y, row)
    if n_ellipses == 2:
        blur0, blur1, blur2 = row[4], row[5], row[6]
        other = _edge_row(state, base, x, y, row)
        row[4] = blur0 * (1.0 - other) + row[4] * (1.0 - cover)
        row[5] = blur1 * (1.0 - other) + row[5] * (1.0 - cover)
        row[6] = blur2 * (1.0 - other) + row[6] * (1.0 - cover)
        for i in range(N_ELLIPSE):
            row[first + i] *= 1.0 - other
            row[base + i] *= 1.0 - cover
        for i in range(2):
            row[N_MOST + i] *= 1.0 - other
            row[N_MOST + 2 + i] *= 1.0 - cover
        cover = 1.0 - (1.0 - cover) * (1.0 - other)
    level = _background(state, x - at[0], y - at[1], row)
    contrast, open_share = state[3] - level, 1.0 - cover
    row[3] = cover
    for i in (0, 1, 2, STEP, STEP + 1, STEP + 2, STEP + 3):
        row[i] *= open_share
    for i in (4, 5, 6):
        row[i] *= contrast
    for i in range(first, first + n_ellipses * N_ELLIPSE):
        row[i] *= contrast
    for i in range(N_MOST, N_MOST + 2 * n_ellipses):
        row[i] *= contrast
    return level + contrast * cover


@njit(cache=True, nogil=True)
def active_places(state: NDArray, n_ellipses: int) -> NDArray:
    """Return the places of the state that are fitted."""
    skipped = 0 if state[STEP] != 0.0 else N_STEP
    n = N_SHARED + n_ellipses * N_ELLIPSE - skipped
    places = np.empty(n, np.int64)
    for a in range(n):
        places[a] = a if a < STEP else a + skipped
    return places
