"""Views against smoothed points, compiled: reprojection errors, and what single views say of a prediction."""

import numpy as np
from numba import njit

from mocap.reconstruction.lens_kernels import bend_ray, brown
from mocap.vector_kernels import LANES, OPTIONS, load, root, same, store, where_positive

# The compiler's cache watches this file alone: a test holds this to the SHA-256 of the kernel files imported.
IMPORTED_SHA256 = "258c86b748d6c92998b374b5cec85d9a0cd83615b5e1d6b9ee27b4c6a565a977"
_PLAIN = {"cache": True, "nogil": True, "error_model": "numpy"}


@njit(**_PLAIN)
def reprojection_distance(position, pixels, table, start, stop, result):
    """Fill in how far each observation lies from its point; NaN where either is missing, or behind the camera.

    Parameters
    ----------
    position : float64, shape (n, 3)
        World, m.
    pixels : float, shape (camera, n, 2)
    table : float64, shape (camera, 28)
        Of `blocks.camera_table`.
    start, stop : int
        Points to fill in.
    result : float32, shape (camera, n)
    """
    block = np.empty(6 * LANES)
    for n in range(start, stop, LANES):
        count = min(LANES, stop - n)
        for p in range(LANES):
            at = n + min(p, count - 1)
            block[p], block[LANES + p], block[2 * LANES + p] = position[at, 0], position[at, 1], position[at, 2]
        for index in range(table.shape[0]):
            for p in range(LANES):
                at = n + min(p, count - 1)
                block[3 * LANES + p], block[4 * LANES + p] = pixels[index, at, 0], pixels[index, at, 1]
            if table[index, 24] > 0.0:
                _round(block, table[index])
            else:
                _straight(block, table[index])
            for p in range(count):
                result[index, n + p] = block[5 * LANES + p]


@njit(**OPTIONS)
def _straight(block, cam):
    """Fill in the distances of LANES observations by a lens that bends by polynomials."""
    x, y, z = load(block, 0), load(block, 1), load(block, 2)
    depth = cam[6] * x + cam[7] * y + cam[8] * z + cam[11]
    near = 1.0 / depth
    across = (cam[0] * x + cam[1] * y + cam[2] * z + cam[9]) * near
    down = (cam[3] * x + cam[4] * y + cam[5] * z + cam[10]) * near
    u, v, _, _, _ = brown(across, down, cam[16], cam[17], cam[18], cam[19], cam[20], cam[21], cam[22], cam[23])
    u, v = u * cam[12] + cam[14] - load(block, 3), v * cam[13] + cam[15] - load(block, 4)
    store(block, 5, where_positive(depth, root(u * u + v * v), same(np.nan)))


@njit(**_PLAIN)
def _round(block, cam):
    """Fill in the distances of LANES observations by a fisheye."""
    for p in range(LANES):
        x, y, z = block[p], block[LANES + p], block[2 * LANES + p]
        depth = cam[6] * x + cam[7] * y + cam[8] * z + cam[11]
        block[5 * LANES + p] = np.nan
        if depth > 0.0:
            across = (cam[0] * x + cam[1] * y + cam[2] * z + cam[9]) / depth
            down = (cam[3] * x + cam[4] * y + cam[5] * z + cam[10]) / depth
            u, v, _, _, _ = bend_ray(across, down, cam)
            u = u * cam[12] + cam[14] - block[3 * LANES + p]
            v = v * cam[13] + cam[15] - block[4 * LANES + p]
            block[5 * LANES + p] = np.sqrt(u * u + v * v)


@njit(**_PLAIN)
def believe_views(predicted, variance, pixels, usable, table, sigma, limit, info, pull, believed):
    """Sum up what the views of some points say about them, where they lie near enough to the prediction.

    Parameters
    ----------
    predicted, variance : float64, shape (n, 3)
        World, m, and the variance along each axis, m^2.
    pixels : float, shape (camera, n, 2)
    usable : bool, shape (camera, n)
    table : float64, shape (camera, 28)
        Of `blocks.camera_table`.
    sigma : float64, shape (camera, n)
        px.
    limit : float
        Of the squared distance in units of its spread.
    info, pull : float64, shapes (n, 6), (n, 3)
        Result, to be zero before: terms xx xy xz yy yz zz in 1/m^2, and the information times the step from the
        prediction to where the views see the point.
    believed : bool, shape (camera, n)
        Result.
    """
    slope = np.empty((2, 3))
    for n in range(predicted.shape[0]):
        for index in range(table.shape[0]):
            believed[index, n] = False
            if not usable[index, n]:
                continue
            u, v = _seen(predicted[n, 0], predicted[n, 1], predicted[n, 2], table[index], slope)
            miss_u, miss_v = pixels[index, n, 0] - u, pixels[index, n, 1] - v
            own = sigma[index, n] ** 2
            uu, uv, vv = own, 0.0, own
            for axis in range(3):
                uu += slope[0, axis] ** 2 * variance[n, axis]
                uv += slope[0, axis] * slope[1, axis] * variance[n, axis]
                vv += slope[1, axis] ** 2 * variance[n, axis]
            square = (miss_u * miss_u * vv - 2.0 * miss_u * miss_v * uv + miss_v * miss_v * uu) / (uu * vv - uv * uv)
            if not square < limit:
                continue
            believed[index, n] = True
            term = 0
            for row in range(3):
                pull[n, row] += (slope[0, row] * miss_u + slope[1, row] * miss_v) / own
                for column in range(row, 3):
                    info[n, term] += (slope[0, row] * slope[0, column] + slope[1, row] * slope[1, column]) / own
                    term += 1


@njit(**_PLAIN)
def _seen(x, y, z, cam, slope):
    """Return the pixel of a point, NaN behind the camera, and fill in how it changes with the point."""
    depth = cam[6] * x + cam[7] * y + cam[8] * z + cam[11]
    if not depth > 0.0:
        return np.nan, np.nan
    across = (cam[0] * x + cam[1] * y + cam[2] * z + cam[9]) / depth
    down = (cam[3] * x + cam[4] * y + cam[5] * z + cam[10]) / depth
    u, v, a, b, d = bend_ray(across, down, cam)
    for axis in range(3):
        first = (cam[axis] - across * cam[6 + axis]) / depth
        second = (cam[3 + axis] - down * cam[6 + axis]) / depth
        slope[0, axis] = cam[12] * (a * first + b * second)
        slope[1, axis] = cam[13] * (b * first + d * second)
    return u * cam[12] + cam[14], v * cam[13] + cam[15]
