"""What each view alone adds to the gradient of its camera, compiled.

Summed over views as in the joint refinement these gradients tell nothing: at the answer they cancel. View by view
their scatter tells how sure the answer really is, however the errors of the corners of one view hang together.
"""

import numpy as np
from numba import njit

from calibration.solve.bundle_kernels import N_CAMERA, _compose
from calibration.solve.corner_kernels import WORK, gather, weighted_rows

_ROW = 64
_SIDE = 20 * _ROW


@njit(cache=True, nogil=True, error_model="numpy")
def view_gradients(
    lenses, fisheye, cam_from_world, world_from_body, targets, body_target, view_camera, view_body, pixels, seen,
    precision, out,
):  # fmt: skip
    """Write the gradient (view, 18) of half the sum of squares in units of sigma, with `precision` (camera,)."""
    pose, work = np.empty((3, 4)), np.zeros(WORK)
    for view in range(len(view_camera)):
        camera, body = view_camera[view], view_body[view]
        _compose(cam_from_world[camera], world_from_body[body], pose)
        start = np.int64(0)  # for a plain 0 `gather` would be compiled once more
        while start < len(seen[view]):
            n, start = gather(targets[body_target[body]], pixels[view], seen[view], start, work)
            if n == 0:
                continue
            weighted_rows(lenses[camera], fisheye[camera], pose, n, precision[camera], 0.0, work)
            for i in range(N_CAMERA):
                total = 0.0
                for k in range(n):
                    total += work[i * _ROW + k] * work[18 * _ROW + k]
                    total += work[i * _ROW + _SIDE + k] * work[18 * _ROW + _SIDE + k]
                out[view, i] += total
