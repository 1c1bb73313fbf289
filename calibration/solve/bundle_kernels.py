"""The hot loop of the joint refinement: residuals and normal equations of all views, compiled.

A view is one camera that sees one body (a board, a wand, a single point) at one moment. Within a view the body's
motion acts through the camera's: with cam_from_body = (R, p), a small motion (w, t) of the body in its own frame
moves the points as the motion (R w, R t + p x R w) of the camera's frame does. So one matrix over lens and pose is
summed per view, and what belongs to the body follows by that 6x6 map once a view, not once a corner.

Seen corners are gathered 64 at a time into one array whose rows (`corner_kernels`) lie a fixed distance apart, so
that the compiler can prove the loops free of overlap and handles several corners at once: five times as fast.

The views are cut into chunks of whole bodies whose number does not depend on the machine; each sums on its own and
the sums are added in order, so that any number of threads gives the same bytes. Nothing here starts threads: the
caller hands out spans of chunks (`first` to `last`), and the loops let go of Python's lock.
"""

import numpy as np
from numba import njit

from calibration.solve.corner_kernels import BLOCK, WIDE, WORK, gather, project, weighted_rows

N_LENS = 12
N_CAMERA = 18
N_BODY = 6
_FREE_SUMS = {"reassoc", "contract", "nsz"}  # lets the compiler sum several corners at once
_START = np.int64(0)  # for a plain 0 what is called with it would be compiled twice
_WHOLE = 8  # corners are filled up to a multiple of this


@njit(cache=True, inline="always", error_model="numpy")
def _compose(cam_from_world, world_from_body, pose):
    """Write cam_from_body, (3, 4)."""
    for i in range(3):
        for j in range(4):
            total = cam_from_world[i, 3] if j == 3 else 0.0
            for k in range(3):
                total += cam_from_world[i, k] * world_from_body[k, j]
            pose[i, j] = total


@njit(cache=True, nogil=True, error_model="numpy")
def residual_squares(
    lenses, fisheye, cam_from_world, world_from_body, targets, body_target, view_camera, view_body, pixels, seen,
    chunks, first, last, out,
):  # fmt: skip
    """Write the squared distance (view, corner) from pixel to model, px²; 0 where not seen, infinite behind."""
    pose, work, squares = np.empty((3, 4)), np.zeros(WORK), np.empty(BLOCK)
    for view in range(chunks[first], chunks[last]):
        camera, body = view_camera[view], view_body[view]
        _compose(cam_from_world[camera], world_from_body[body], pose)
        start, own = _START, seen[view]
        while start < len(own):
            n, end = gather(targets[body_target[body]], pixels[view], own, start, work)
            project(pose, lenses[camera], fisheye[camera], n, work, squares)
            k = 0
            for index in range(start, end):
                if own[index]:
                    out[view, index] = squares[k] if np.isfinite(squares[k]) else np.inf
                    k += 1
                else:
                    out[view, index] = 0.0
            start = end


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FREE_SUMS)
def _loss(squares, n, precision, scale2, product):
    """Plain sum of `n` squares in units of sigma, or logarithms that are due, and the product still to be logged."""
    total = 0.0
    if not scale2 > 0:
        for k in range(n):
            total += squares[k]
        return total * precision, 1.0
    # A sum of logarithms is the logarithm of a product: one is taken where hundreds would be.
    for start in range(0, n, _WHOLE):
        part = 1.0
        for k in range(start, min(start + _WHOLE, n)):
            part *= 1.0 + squares[k] * (precision / scale2)
        product *= part
        if product > 1e100:
            total += np.log(product)
            product = 1.0
    return total, product


@njit(cache=True, nogil=True, error_model="numpy")
def robust_cost(
    lenses, fisheye, cam_from_world, world_from_body, targets, body_target, view_camera, view_body, pixels, seen,
    chunks, first, last, precision, scale2, out,
):  # fmt: skip
    """Write the sum of the (Cauchy, or with `scale2` 0 plain) losses of each chunk of views into `out`."""
    pose, work, squares = np.empty((3, 4)), np.zeros(WORK), np.empty(BLOCK)
    for chunk in range(first, last):
        total, product = 0.0, 1.0
        for view in range(chunks[chunk], chunks[chunk + 1]):
            camera, body = view_camera[view], view_body[view]
            _compose(cam_from_world[camera], world_from_body[body], pose)
            start = _START
            while start < len(seen[view]):
                n, start = gather(targets[body_target[body]], pixels[view], seen[view], start, work)
                project(pose, lenses[camera], fisheye[camera], n, work, squares)
                part, product = _loss(squares, n, precision[camera], scale2, product)
                total += part
        out[chunk] = scale2 * (total + np.log(product)) if scale2 > 0 else total


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_FREE_SUMS)
def _gram(rows, n, used, total):
    """Add rows @ rows.T over the first `n` columns, for the rows named by `used` (a multiple of four).

    Blocks of four by four stay in the processor's registers.
    """
    for first in range(0, len(used), 4):
        a, b, c, d = used[first], used[first + 1], used[first + 2], used[first + 3]
        for second in range(first, len(used), 4):
            p, q, r, s = used[second], used[second + 1], used[second + 2], used[second + 3]
            ap = aq = ar = az = bp = bq = br = bz = cp = cq = cr = cz = dp = dq = dr = dz = 0.0
            for k in range(n):
                one, two, three, four = rows[a, k], rows[b, k], rows[c, k], rows[d, k]
                right = rows[p, k]
                ap += one * right
                bp += two * right
                cp += three * right
                dp += four * right
                right = rows[q, k]
                aq += one * right
                bq += two * right
                cq += three * right
                dq += four * right
                right = rows[r, k]
                ar += one * right
                br += two * right
                cr += three * right
                dr += four * right
                right = rows[s, k]
                az += one * right
                bz += two * right
                cz += three * right
                dz += four * right
            for i, wp, wq, wr, wz in ((a, ap, aq, ar, az), (b, bp, bq, br, bz), (c, cp, cq, cr, cz),
                                      (d, dp, dq, dr, dz)):  # fmt: skip
                total[i, p] += wp
                total[i, q] += wq
                total[i, r] += wr
                total[i, s] += wz


@njit(cache=True, nogil=True, error_model="numpy")
def _view_matrix(lens, fisheye, pose, corners, pixels, seen, precision, scale2, used, work, total):
    """Write the products of all columns, lens, pose and residual, summed over a view's seen corners."""
    total[:] = 0.0
    start, rows = _START, work[: 2 * WIDE * BLOCK].reshape(2, WIDE, BLOCK)
    while start < len(seen):
        n, start = gather(corners, pixels, seen, start, work)
        weighted_rows(lens, fisheye, pose, n, precision, scale2, work)
        whole = (n + _WHOLE - 1) // _WHOLE * _WHOLE
        _gram(rows[0], whole, used, total)
        _gram(rows[1], whole, used, total)
    for i in range(WIDE):
        for j in range(i):
            total[i, j] = total[j, i]


@njit(cache=True, nogil=True, error_model="numpy")
def normal_equations(
    lenses, fisheye, cam_from_world, world_from_body, targets, body_target, view_camera, view_body, pixels, seen,
    chunks, first, last, precision, scale2, used, camera_sums, body, body_gradient, coupling,
):  # fmt: skip
    """Sum the weighted normal equations at a state whose seen corners all lie in front of their cameras.

    Writes `camera_sums` (chunk, camera, 18, 19; the last column is the gradient), `body`
    (body, 6, 6), `body_gradient` (body, 6) and `coupling` (view, 18, 6). All have to hold zeros before. `used`
    are the camera parameters that count, increasing, the pose and 18 among them, filled with 19 to fours.
    """
    pose, across = np.empty((3, 4)), np.empty((N_BODY, N_BODY))
    total, work = np.zeros((WIDE, WIDE)), np.zeros(WORK)
    for chunk in range(first, last):
        for view in range(chunks[chunk], chunks[chunk + 1]):
            camera, own = view_camera[view], view_body[view]
            _compose(cam_from_world[camera], world_from_body[own], pose)
            _view_matrix(
                lenses[camera], fisheye[camera], pose, targets[body_target[own]], pixels[view], seen[view],
                precision[camera], scale2, used, work, total,
            )  # fmt: skip
            _adjoint(pose, across)
            for i in range(N_CAMERA):
                for j in range(N_CAMERA + 1):
                    camera_sums[chunk, camera, i, j] += total[i, j]
            for i in range(N_CAMERA):
                for j in range(N_BODY):
                    value = 0.0
                    for k in range(N_BODY):
                        value += total[i, 12 + k] * across[k, j]
                    coupling[view, i, j] = value
            for i in range(N_BODY):
                for j in range(N_BODY):
                    value = 0.0
                    for k in range(N_BODY):
                        value += across[k, i] * coupling[view, 12 + k, j]
                    body[own, i, j] += value
                value = 0.0
                for k in range(N_BODY):
                    value += across[k, i] * total[12 + k, N_CAMERA]
                body_gradient[own, i] += value


@njit(cache=True, inline="always", error_model="numpy")
def _adjoint(pose, across):
    """Write how a motion of the body reads as a motion of the camera's frame, (6, 6)."""
    for i in range(3):
        for j in range(3):
            across[i, j] = pose[i, j]
            across[i, 3 + j] = 0.0
            across[3 + i, 3 + j] = pose[i, j]
    for j in range(3):
        across[3, j] = pose[1, 3] * pose[2, j] - pose[2, 3] * pose[1, j]
        across[4, j] = pose[2, 3] * pose[0, j] - pose[0, 3] * pose[2, j]
        across[5, j] = pose[0, 3] * pose[1, j] - pose[1, 3] * pose[0, j]
