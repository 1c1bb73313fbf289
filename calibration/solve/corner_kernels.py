"""Projection of up to 64 corners at once, with derivatives by lens and pose, compiled.

Everything lies in one flat array of rows of 64. First the derivatives of u, a row per parameter: twelve of the lens,
six of the pose, then the residual and a row of zeros. Then those of v, and after them what was gathered and computed
on the way.
"""

import numpy as np
from numba import njit

BLOCK = 64
WIDE = 20  # lens, pose, residual, and a row of zeros that fills up the last four
_ROW = BLOCK
_SIDE = WIDE * _ROW  # from the columns of u to those of v
_FIRST = 2 * _SIDE
_A, _B, _C = _FIRST, _FIRST + BLOCK, _FIRST + 2 * BLOCK  # the corner in the body's frame, m
_PU, _PV = _FIRST + 3 * BLOCK, _FIRST + 4 * BLOCK  # where it was seen, px
_X, _Y, _Z = _FIRST + 5 * BLOCK, _FIRST + 6 * BLOCK, _FIRST + 7 * BLOCK  # x/z, y/z, 1/z in the camera's frame
_U, _V = _FIRST + 8 * BLOCK, _FIRST + 9 * BLOCK  # bent coordinates
_XX, _XY, _YY = _FIRST + 10 * BLOCK, _FIRST + 11 * BLOCK, _FIRST + 12 * BLOCK  # their derivatives by x and y
_ROOT = _FIRST + 13 * BLOCK  # root of the weight
_R, _S = _FIRST + 14 * BLOCK, _FIRST + 15 * BLOCK  # what the radial terms are made of
WORK = _FIRST + 16 * BLOCK
_NEAR_M = 1e-6


@njit(cache=True, nogil=True, error_model="numpy")
def gather(corners, pixels, seen, start, work):
    """Copy up to 64 seen corners from `start` on; return how many, and where to go on.

    The rest of the last eight is filled with copies of the last one.
    """
    n, index = 0, start
    while index < len(seen) and n < BLOCK:
        if seen[index]:
            work[_A + n], work[_B + n], work[_C + n] = corners[index, 0], corners[index, 1], corners[index, 2]
            work[_PU + n], work[_PV + n] = pixels[index, 0], pixels[index, 1]
            n += 1
        index += 1
    if n:
        for k in range(n, (n + 7) // 8 * 8):
            for row in range(_A, _X, BLOCK):
                work[row + k] = work[row + n - 1]
    return n, index


@njit(cache=True, nogil=True, error_model="numpy")
def _place(pose, n, work):
    """Write x/z, y/z and 1/z."""
    r00, r01, r02, tx = pose[0, 0], pose[0, 1], pose[0, 2], pose[0, 3]
    r10, r11, r12, ty = pose[1, 0], pose[1, 1], pose[1, 2], pose[1, 3]
    r20, r21, r22, tz = pose[2, 0], pose[2, 1], pose[2, 2], pose[2, 3]
    for k in range(n):
        a, b, c = work[_A + k], work[_B + k], work[_C + k]
        inverse = 1.0 / (r20 * a + r21 * b + r22 * c + tz)
        work[_Z + k] = inverse
        work[_X + k] = (r00 * a + r01 * b + r02 * c + tx) * inverse
        work[_Y + k] = (r10 * a + r11 * b + r12 * c + ty) * inverse


@njit(cache=True, nogil=True, error_model="numpy")
def _bend(lens, fisheye, n, work):
    """Write bent coordinates and their derivatives; for the lens columns of Brown's model 1 / below and radial."""
    k1, k2, p1, p2, k3, k4, k5, k6 = lens[4], lens[5], lens[6], lens[7], lens[8], lens[9], lens[10], lens[11]
    if fisheye:
        for k in range(n):
            x, y = work[_X + k], work[_Y + k]
            r2 = x * x + y * y
            r = np.sqrt(r2)
            theta = np.arctan(r)
            t2 = theta * theta
            # At the centre the ratio is 1 and the slope -2/3 + 2 k1 per r²: both continuous.
            bent = theta * (1 + t2 * (k1 + t2 * (k2 + t2 * (p1 + t2 * p2))))
            by_theta = 1 + t2 * (3 * k1 + t2 * (5 * k2 + t2 * (7 * p1 + t2 * 9 * p2)))
            scale = bent / r if r > 1e-8 else 1.0
            slope = (by_theta / (1 + r2) - scale) / r2 if r > 1e-8 else 2.0 * k1 - 2.0 / 3.0
            work[_U + k], work[_V + k] = x * scale, y * scale
            work[_XX + k], work[_XY + k], work[_YY + k] = scale + slope * x * x, slope * x * y, scale + slope * y * y
            work[_R + k], work[_S + k] = t2, t2 * theta / r if r > 1e-8 else 0.0
        return
    for k in range(n):
        x, y = work[_X + k], work[_Y + k]
        r2 = x * x + y * y
        under = 1.0 / (1 + r2 * (k4 + r2 * (k5 + r2 * k6)))
        radial = (1 + r2 * (k1 + r2 * (k2 + r2 * k3))) * under
        slope = (k1 + r2 * (2 * k2 + r2 * 3 * k3) - radial * (k4 + r2 * (2 * k5 + r2 * 3 * k6))) * under
        work[_U + k] = x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
        work[_V + k] = y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
        work[_XX + k] = radial + 2 * x * x * slope + 2 * p1 * y + 6 * p2 * x
        work[_XY + k] = 2 * x * y * slope + 2 * p1 * x + 2 * p2 * y
        work[_YY + k] = radial + 2 * y * y * slope + 6 * p1 * y + 2 * p2 * x
        work[_R + k], work[_S + k] = radial, under


@njit(cache=True, nogil=True, error_model="numpy")
def project(pose, lens, fisheye, n, work, squares):
    """Write the squared distances in px² of gathered corners; infinite behind the camera."""
    _place(pose, n, work)
    _bend(lens, fisheye, n, work)
    fx, fy, cx, cy = lens[0], lens[1], lens[2], lens[3]
    for k in range(n):
        off_u, off_v = fx * work[_U + k] + cx - work[_PU + k], fy * work[_V + k] + cy - work[_PV + k]
        square = off_u * off_u + off_v * off_v
        inverse = work[_Z + k]
        squares[k] = square if (inverse > 0.0) & (inverse < 1.0 / _NEAR_M) else np.inf


@njit(cache=True, nogil=True, error_model="numpy")
def weighted_rows(lens, fisheye, pose, n, precision, scale2, work):
    """Write d pixel / d lens, d pixel / d pose and the residual, times the root of the weight, of gathered corners.

    Filled up to a multiple of eight by columns of zeros.
    """
    whole = (n + 7) // 8 * 8
    _place(pose, whole, work)
    _bend(lens, fisheye, whole, work)
    fx, fy, cx, cy = lens[0], lens[1], lens[2], lens[3]
    slack = 1.0 / scale2 if scale2 > 0 else 0.0
    for k in range(whole):
        off_u, off_v = fx * work[_U + k] + cx - work[_PU + k], fy * work[_V + k] + cy - work[_PV + k]
        weight = precision / (1.0 + (off_u * off_u + off_v * off_v) * precision * slack)
        root = np.sqrt(weight) if k < n else 0.0
        work[_ROOT + k] = root
        work[18 * _ROW + k], work[18 * _ROW + _SIDE + k] = root * off_u, root * off_v
    _lens_rows(fx, fy, fisheye, whole, work)
    _pose_rows(fx, fy, whole, work)


@njit(cache=True, nogil=True, error_model="numpy")
def _lens_rows(fx, fy, fisheye, n, work):
    for k in range(n):
        root = work[_ROOT + k]
        work[k], work[_ROW + _SIDE + k] = root * work[_U + k], root * work[_V + k]
        work[2 * _ROW + k], work[3 * _ROW + _SIDE + k] = root, root
        work[_SIDE + k], work[_ROW + k], work[2 * _ROW + _SIDE + k], work[3 * _ROW + k] = 0.0, 0.0, 0.0, 0.0
    if fisheye:
        for k in range(n):
            power, t2 = work[_ROOT + k] * work[_S + k], work[_R + k]
            for i in range(4, 8):
                work[i * _ROW + k] = fx * work[_X + k] * power
                work[i * _ROW + _SIDE + k] = fy * work[_Y + k] * power
                work[(i + 4) * _ROW + k] = work[(i + 4) * _ROW + _SIDE + k] = 0.0
                power *= t2
        return
    for k in range(n):
        x, y = work[_X + k], work[_Y + k]
        u, v = work[_ROOT + k] * fx, work[_ROOT + k] * fy
        r2 = x * x + y * y
        work[6 * _ROW + k], work[6 * _ROW + _SIDE + k] = u * 2 * x * y, v * (r2 + 2 * y * y)
        work[7 * _ROW + k], work[7 * _ROW + _SIDE + k] = u * (r2 + 2 * x * x), v * 2 * x * y
        power = r2 * work[_S + k]
        u, v = u * x * power, v * y * power
        work[4 * _ROW + k], work[4 * _ROW + _SIDE + k] = u, v
        work[5 * _ROW + k], work[5 * _ROW + _SIDE + k] = u * r2, v * r2
        work[8 * _ROW + k], work[8 * _ROW + _SIDE + k] = u * r2 * r2, v * r2 * r2
    for k in range(n):
        x, y, radial = work[_X + k], work[_Y + k], -work[_R + k]
        r2 = x * x + y * y
        u, v = radial * work[4 * _ROW + k], radial * work[4 * _ROW + _SIDE + k]
        work[9 * _ROW + k], work[9 * _ROW + _SIDE + k] = u, v
        work[10 * _ROW + k], work[10 * _ROW + _SIDE + k] = u * r2, v * r2
        work[11 * _ROW + k], work[11 * _ROW + _SIDE + k] = u * r2 * r2, v * r2 * r2


@njit(cache=True, nogil=True, error_model="numpy")
def _pose_rows(fx, fy, n, work):
    for k in range(n):
        x, y, inverse = work[_X + k], work[_Y + k], work[_Z + k]
        u, v = work[_ROOT + k] * fx, work[_ROOT + k] * fy
        # By x/z and y/z; a rotation moves these without the depth, a translation by 1/z.
        ux, uy, vx, vy = u * work[_XX + k], u * work[_XY + k], v * work[_XY + k], v * work[_YY + k]
        uz, vz = -(ux * x + uy * y), -(vx * x + vy * y)
        work[12 * _ROW + k], work[12 * _ROW + _SIDE + k] = y * uz - uy, y * vz - vy
        work[13 * _ROW + k], work[13 * _ROW + _SIDE + k] = ux - x * uz, vx - x * vz
        work[14 * _ROW + k], work[14 * _ROW + _SIDE + k] = x * uy - y * ux, x * vy - y * vx
        work[15 * _ROW + k], work[15 * _ROW + _SIDE + k] = ux * inverse, vx * inverse
        work[16 * _ROW + k], work[16 * _ROW + _SIDE + k] = uy * inverse, vy * inverse
        work[17 * _ROW + k], work[17 * _ROW + _SIDE + k] = uz * inverse, vz * inverse
