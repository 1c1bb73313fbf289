"""Brown's lens model inverted point by point, compiled: what `lens.undistort` does for many points at once."""

import numpy as np
from numba import njit


@njit(cache=True, inline="always", error_model="numpy")
def _bend(x, y, c):
    r2 = x * x + y * y
    under = 1.0 / (1 + r2 * (c[5] + r2 * (c[6] + r2 * c[7])))
    radial = (1 + r2 * (c[0] + r2 * (c[1] + r2 * c[4]))) * under
    slope = (c[0] + r2 * (2 * c[1] + r2 * 3 * c[4]) - radial * (c[5] + r2 * (2 * c[6] + r2 * 3 * c[7]))) * under
    u = x * radial + 2 * c[2] * x * y + c[3] * (r2 + 2 * x * x)
    v = y * radial + c[2] * (r2 + 2 * y * y) + 2 * c[3] * x * y
    cross = 2 * x * y * slope + 2 * c[2] * x + 2 * c[3] * y
    xx = radial + 2 * x * x * slope + 2 * c[2] * y + 6 * c[3] * x
    yy = radial + 2 * y * y * slope + 6 * c[2] * y + 2 * c[3] * x
    return u, v, xx, cross, yy


@njit(cache=True, nogil=True, error_model="numpy")
def newton_brown(target, c, steps, tolerance, answer):
    """Move `answer` (point, 2) by damped Newton steps to where it bends to `target`; `c` are eight coefficients."""
    for i in range(len(target)):
        x, y = answer[i, 0], answer[i, 1]
        if not (np.isfinite(target[i, 0]) and np.isfinite(target[i, 1])):
            continue
        for _ in range(steps):
            u, v, xx, xy, yy = _bend(x, y, c)
            off_u, off_v = target[i, 0] - u, target[i, 1] - v
            determinant = xx * yy - xy * xy
            dx, dy = off_u, off_v
            if abs(determinant) > 1e-12:
                dx, dy = (yy * off_u - xy * off_v) / determinant, (xx * off_v - xy * off_u) / determinant
            # A full step from far outside can jump over the fold of the polynomial: at most half a radius.
            length, limit = np.sqrt(dx * dx + dy * dy), 0.5 * (0.2 + np.sqrt(x * x + y * y))
            share = min(1.0, limit / max(length, 1e-300))
            x += share * dx
            y += share * dy
            if not length > tolerance * (1.0 + np.sqrt(x * x + y * y)):
                break
        answer[i, 0], answer[i, 1] = x, y
