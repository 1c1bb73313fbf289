"""Points of one body laid over its shape, frame by frame, compiled."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

_TURNS = 30


@njit(cache=True, nogil=True)
def residuals(places: NDArray, shape: NDArray) -> NDArray:
    """Return how far points are off the places of a shape that is turned and shifted onto them best.

    The turn is that of least squares by quaternions (Horn 1987), its eigenvalue by Newton steps from above and its
    eigenvector from cofactors (Theobald 2005).

    Parameters
    ----------
    places : float64, shape (time, point, 3)
        Metres, finite.
    shape : float64, shape (point, 3)
        Centred, metres.

    Returns
    -------
    float64, shape (time, point, 3)
        Offsets in the axes of the shape, m.
    """
    n_frames, n_points = len(places), len(shape)
    off = np.empty((n_frames, n_points, 3))
    s = np.empty((3, 3))
    q = np.empty(4)
    size = 0.0
    for point in range(n_points):
        for i in range(3):
            size += shape[point, i] ** 2
    for frame in range(n_frames):
        mean_x = mean_y = mean_z = 0.0
        for point in range(n_points):
            mean_x += places[frame, point, 0]
            mean_y += places[frame, point, 1]
            mean_z += places[frame, point, 2]
        mean_x /= n_points
        mean_y /= n_points
        mean_z /= n_points
        s[:] = 0.0
        own = 0.0
        for point in range(n_points):
            x = places[frame, point, 0] - mean_x
            y = places[frame, point, 1] - mean_y
            z = places[frame, point, 2] - mean_z
            off[frame, point, 0], off[frame, point, 1], off[frame, point, 2] = x, y, z
            own += x * x + y * y + z * z
            for j in range(3):
                s[0, j] += x * shape[point, j]
                s[1, j] += y * shape[point, j]
                s[2, j] += z * shape[point, j]
        _quaternion(s, 0.5 * (own + size), q)
        w, a, b, c = q[0], q[1], q[2], q[3]
        r00, r01, r02 = w * w + a * a - b * b - c * c, 2 * (a * b - w * c), 2 * (a * c + w * b)
        r10, r11, r12 = 2 * (a * b + w * c), w * w - a * a + b * b - c * c, 2 * (b * c - w * a)
        r20, r21, r22 = 2 * (a * c - w * b), 2 * (b * c + w * a), w * w - a * a - b * b + c * c
        for point in range(n_points):
            x, y, z = off[frame, point, 0], off[frame, point, 1], off[frame, point, 2]
            off[frame, point, 0] = r00 * x + r01 * y + r02 * z - shape[point, 0]
            off[frame, point, 1] = r10 * x + r11 * y + r12 * z - shape[point, 1]
            off[frame, point, 2] = r20 * x + r21 * y + r22 * z - shape[point, 2]
    return off


@njit(cache=True, nogil=True)
def _quaternion(s: NDArray, bound: float, q: NDArray) -> None:
    """Put into `q` the unit quaternion that turns the left points of the sums `s`, shape (3, 3), onto the right."""
    n = np.empty((4, 4))
    n[0, 0] = s[0, 0] + s[1, 1] + s[2, 2]
    n[1, 1] = s[0, 0] - s[1, 1] - s[2, 2]
    n[2, 2] = -s[0, 0] + s[1, 1] - s[2, 2]
    n[3, 3] = -s[0, 0] - s[1, 1] + s[2, 2]
    n[0, 1] = n[1, 0] = s[1, 2] - s[2, 1]
    n[0, 2] = n[2, 0] = s[2, 0] - s[0, 2]
    n[0, 3] = n[3, 0] = s[0, 1] - s[1, 0]
    n[1, 2] = n[2, 1] = s[0, 1] + s[1, 0]
    n[1, 3] = n[3, 1] = s[2, 0] + s[0, 2]
    n[2, 3] = n[3, 2] = s[1, 2] + s[2, 1]
    squares = 0.0
    for i in range(3):
        for j in range(3):
            squares += s[i, j] * s[i, j]
    det = (
        s[0, 0] * (s[1, 1] * s[2, 2] - s[1, 2] * s[2, 1])
        - s[0, 1] * (s[1, 0] * s[2, 2] - s[1, 2] * s[2, 0])
        + s[0, 2] * (s[1, 0] * s[2, 1] - s[1, 1] * s[2, 0])
    )
    root = _highest(-2.0 * squares, -8.0 * det, _det4(n), bound)
    for i in range(4):
        n[i, i] -= root
    best = 0.0
    q[0], q[1], q[2], q[3] = 1.0, 0.0, 0.0, 0.0
    column = np.empty(4)
    for i in range(4):
        length = 0.0
        for j in range(4):
            column[j] = _cofactor(n, i, j)
            length += column[j] * column[j]
        if length > best:
            best = length
            for j in range(4):
                q[j] = column[j]
    if best > 0.0:
        length = np.sqrt(best)
        for j in range(4):
            q[j] /= length


@njit(cache=True, nogil=True)
def _cofactor(n: NDArray, row: int, column: int) -> float:
    a, b, c = (0 if row > 0 else 1), (1 if row > 1 else 2), (2 if row > 2 else 3)
    i, j, k = (0 if column > 0 else 1), (1 if column > 1 else 2), (2 if column > 2 else 3)
    minor = (
        n[a, i] * (n[b, j] * n[c, k] - n[b, k] * n[c, j])
        - n[a, j] * (n[b, i] * n[c, k] - n[b, k] * n[c, i])
        + n[a, k] * (n[b, i] * n[c, j] - n[b, j] * n[c, i])
    )
    return minor if (row + column) % 2 == 0 else -minor


@njit(cache=True, nogil=True)
def _det4(n: NDArray) -> float:
    total = 0.0
    for j in range(4):
        total += n[0, j] * _cofactor(n, 0, j)
    return total


@njit(cache=True, nogil=True)
def _highest(c2: float, c1: float, c0: float, bound: float) -> float:
    """Return the highest root of x^4 + c2 x^2 + c1 x + c0, whose roots are real, from a bound above it."""
    root = bound
    for _ in range(_TURNS):
        square = root * root
        value = square * square + c2 * square + c1 * root + c0
        slope = 4.0 * square * root + 2.0 * c2 * root + c1
        if slope <= 0.0:
            break
        step = value / slope
        root -= step
        if abs(step) < 1e-12 * bound:
            break
    return root
