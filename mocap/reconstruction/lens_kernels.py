"""Lens models of `calibration.lens`, compiled; the tests hold both to the same numbers.

The table of cameras has one row per camera: rotation 0-8 and translation 9-11 of cam_from_world, fx fy cx cy 12-15,
distortion 16-23, fisheye 24, centre in the world 25-27.
What works on numbers is compiled for the lanes of `mocap.vector_kernels` too.
"""

import numpy as np
from numba import njit

OPTIONS = {
    "cache": True,
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"contract", "reassoc", "arcp", "nsz"},  # keeps the meaning of NaN and infinity
}
_CAREFUL_STEPS = 60


@njit(**OPTIONS)
def brown(x, y, k1, k2, p1, p2, k3, k4, k5, k6):
    """Bend a ray by the rational model: bent x, y and the Jacobian, which is symmetric (a, b, d)."""
    r2 = x * x + y * y
    near = 1.0 / (1.0 + r2 * (k4 + r2 * (k5 + r2 * k6)))
    radial = (1.0 + r2 * (k1 + r2 * (k2 + r2 * k3))) * near
    slope = ((k1 + r2 * (2.0 * k2 + r2 * 3.0 * k3)) - radial * (k4 + r2 * (2.0 * k5 + r2 * 3.0 * k6))) * near
    cross = 2.0 * (x * y * slope + p1 * x + p2 * y)
    return (
        x * radial + 2.0 * p1 * x * y + p2 * (r2 + 2.0 * x * x),
        y * radial + p1 * (r2 + 2.0 * y * y) + 2.0 * p2 * x * y,
        radial + 2.0 * x * x * slope + 2.0 * p1 * y + 6.0 * p2 * x,
        cross,
        radial + 2.0 * y * y * slope + 6.0 * p1 * y + 2.0 * p2 * x,
    )


@njit(**OPTIONS)
def _equidistant(x, y, k1, k2, k3, k4):
    """Bend a ray by the fisheye model; same results as `brown`."""
    r = np.sqrt(x * x + y * y)
    if r < 1e-8:
        return x, y, 1.0, 0.0, 1.0
    theta = np.arctan(r)
    t2 = theta * theta
    scale = theta * (1.0 + t2 * (k1 + t2 * (k2 + t2 * (k3 + t2 * k4)))) / r
    slope = 1.0 + t2 * (3.0 * k1 + t2 * (5.0 * k2 + t2 * (7.0 * k3 + t2 * 9.0 * k4)))
    bend = (slope / (1.0 + r * r) - scale) / (r * r)
    return x * scale, y * scale, scale + bend * x * x, bend * x * y, scale + bend * y * y


@njit(**OPTIONS)
def bend_ray(x, y, cam):
    """Bend the ray x, y as the lens of the camera does: bent x, y and the Jacobian (a, b, d)."""
    if cam[24] > 0.0:
        return _equidistant(x, y, cam[16], cam[17], cam[18], cam[19])
    return brown(x, y, cam[16], cam[17], cam[18], cam[19], cam[20], cam[21], cam[22], cam[23])


@njit(**OPTIONS)
def undistort_pixel(u, v, cam):
    """Return x, y and d pixel / d normalised (a, b, c, d) of a pixel as `Camera.undistort`; NaN without such a ray."""
    target_x, target_y = (u - cam[14]) / cam[12], (v - cam[15]) / cam[13]
    x, y = target_x, target_y
    if cam[24] > 0.0:
        theta = min(np.sqrt(x * x + y * y), 1.4)
        grow = np.tan(theta) / theta if theta > 1e-12 else 1.0
        x, y = x * grow, y * grow
    for _ in range(_CAREFUL_STEPS):
        bent_x, bent_y, a, b, d = bend_ray(x, y, cam)
        det = a * d - b * b
        if not abs(det) > 1e-12:
            break
        miss_x, miss_y = target_x - bent_x, target_y - bent_y
        step_x, step_y = (d * miss_x - b * miss_y) / det, (a * miss_y - b * miss_x) / det
        length = step_x * step_x + step_y * step_y
        # A full step from far outside can jump over the fold of the polynomial: at most half a radius.
        limit = 0.5 * (0.2 + np.sqrt(x * x + y * y))
        if length > limit * limit:
            shrink = limit / np.sqrt(length)
            step_x, step_y = step_x * shrink, step_y * shrink
        x, y = x + step_x, y + step_y
        # Newton squares its error: after a step of 1e-7 what is left is rounding.
        if length < 1e-14 * (1.0 + x * x + y * y):
            if det > 0.0 and x * target_x + y * target_y >= 0.0:
                return x, y, a * cam[12], b * cam[12], b * cam[13], d * cam[13]
            break
    return np.nan, np.nan, np.nan, np.nan, np.nan, np.nan
