"""Where cameras see points, compiled: distances in px of observations from points."""

import numpy as np
from numba import njit

from mocap.reconstruction.lens_kernels import bend_ray

# The compiler's cache watches this file alone: a test holds this to the SHA-256 of the kernel file imported.
IMPORTED_SHA256 = "dd915c1e1f029898d0d7871a45248eabcd5e2122733abf60083b9746f6f6d42c"


@njit(cache=True, nogil=True, error_model="numpy")
def reprojection_distance(position, pixels, table, result):
    """Fill in how far each observation lies from its point; NaN where either is missing, or behind the camera.

    Parameters
    ----------
    position : float64, shape (n, 3)
        World, m.
    pixels : float, shape (camera, n, 2)
    table : float64, shape (camera, 28)
        Of `blocks.camera_table`.
    result : float32, shape (camera, n)
    """
    for index in range(table.shape[0]):
        cam = table[index]
        for n in range(position.shape[0]):
            x, y, z = position[n]
            depth = cam[6] * x + cam[7] * y + cam[8] * z + cam[11]
            result[index, n] = np.nan
            if not depth > 0.0:
                continue
            across = (cam[0] * x + cam[1] * y + cam[2] * z + cam[9]) / depth
            down = (cam[3] * x + cam[4] * y + cam[5] * z + cam[10]) / depth
            u, v, _, _, _ = bend_ray(across, down, cam)
            u, v = u * cam[12] + cam[14] - pixels[index, n, 0], v * cam[13] + cam[15] - pixels[index, n, 1]
            result[index, n] = np.sqrt(u * u + v * v)
