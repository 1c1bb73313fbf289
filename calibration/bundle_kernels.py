"""The hot loop of the joint refinement: residuals and normal equations of all views, compiled.

A view is one camera that sees one body (a board, a wand, a single point) at one moment. Within a view the body's
motion acts through the camera's: with cam_from_body = (R, p), a small motion (w, t) of the body in its own frame
moves the points as the motion (R w, R t + p x R w) of the camera's frame does. So one matrix over lens and pose is
summed per view, and what belongs to the body follows by that 6x6 map once a view, not once a corner.

The views are cut into chunks of whole bodies whose number does not depend on the machine; each sums on its own and
the sums are added in order, so that any number of threads gives the same bytes.
"""

import numpy as np
from numba import njit, prange

N_LENS = 12
N_CAMERA = 18
N_BODY = 6
_NEAR_M = 1e-6
_WIDE = 19  # lens, pose, residual


@njit(cache=True, inline="always")
def _bend(x, y, lens, fisheye):
    """Distorted coordinates, and their derivatives by x and y (xx, xy = yx, yy)."""
    if fisheye:
        r2 = x * x + y * y
        r = np.sqrt(r2)
        if r < 1e-8:
            return x, y, 1.0, 0.0, 1.0
        theta = np.arctan(r)
        t2 = theta * theta
        bent = theta * (1 + t2 * (lens[4] + t2 * (lens[5] + t2 * (lens[6] + t2 * lens[7]))))
        by_theta = 1 + t2 * (3 * lens[4] + t2 * (5 * lens[5] + t2 * (7 * lens[6] + t2 * 9 * lens[7])))
        scale = bent / r
        radial = (by_theta / (1 + r2) - scale) / r2
        return x * scale, y * scale, scale + radial * x * x, radial * x * y, scale + radial * y * y
    r2 = x * x + y * y
    above = 1 + r2 * (lens[4] + r2 * (lens[5] + r2 * lens[8]))
    below = 1 + r2 * (lens[9] + r2 * (lens[10] + r2 * lens[11]))
    radial = above / below
    slope = lens[4] + r2 * (2 * lens[5] + r2 * 3 * lens[8])
    slope = (slope - radial * (lens[9] + r2 * (2 * lens[10] + r2 * 3 * lens[11]))) / below
    p1, p2 = lens[6], lens[7]
    u = x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
    v = y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
    cross = 2 * x * y * slope + 2 * p1 * x + 2 * p2 * y
    xx = radial + 2 * x * x * slope + 2 * p1 * y + 6 * p2 * x
    yy = radial + 2 * y * y * slope + 6 * p1 * y + 2 * p2 * x
    return u, v, xx, cross, yy


@njit(cache=True, inline="always")
def _lens_columns(x, y, u, v, fx, fy, root, lens, fisheye, rows, n):
    """Write d pixel / d lens, times `root` (held by fx and fy too), into two columns of `rows`."""
    rows[0, n], rows[0, n + 1], rows[1, n], rows[1, n + 1] = root * u, 0.0, 0.0, root * v
    rows[2, n], rows[2, n + 1], rows[3, n], rows[3, n + 1] = root, 0.0, 0.0, root
    r2 = x * x + y * y
    if fisheye:
        r = np.sqrt(r2)
        theta = np.arctan(r)
        power = theta * theta * theta / max(r, 1e-300)
        for k in range(4, 8):
            rows[k, n], rows[k, n + 1] = fx * x * power, fy * y * power
            rows[k + 4, n], rows[k + 4, n + 1] = 0.0, 0.0
            power *= theta * theta
        return
    below = 1 + r2 * (lens[9] + r2 * (lens[10] + r2 * lens[11]))
    radial = (1 + r2 * (lens[4] + r2 * (lens[5] + r2 * lens[8]))) / below
    power = r2 / below
    for above_index, below_index in ((4, 9), (5, 10), (8, 11)):
        rows[above_index, n], rows[above_index, n + 1] = fx * x * power, fy * y * power
        rows[below_index, n], rows[below_index, n + 1] = -radial * fx * x * power, -radial * fy * y * power
        power *= r2
    rows[6, n], rows[6, n + 1] = fx * 2 * x * y, fy * (r2 + 2 * y * y)
    rows[7, n], rows[7, n + 1] = fx * (r2 + 2 * x * x), fy * 2 * x * y


@njit(cache=True, inline="always")
def _compose(cam_from_world, world_from_body, pose):
    """Write cam_from_body, (3, 4)."""
    for i in range(3):
        for j in range(4):
            total = cam_from_world[i, 3] if j == 3 else 0.0
            for k in range(3):
                total += cam_from_world[i, k] * world_from_body[k, j]
            pose[i, j] = total


@njit(cache=True, nogil=True, parallel=True)
def residual_squares(
    lenses, fisheye, cam_from_world, world_from_body, targets, body_target, view_camera, view_body, pixels, seen, out
):
    """Write the squared distance (view, corner) from pixel to model, px²; 0 where not seen, infinite behind."""
    for view in prange(len(view_camera)):
        camera, body = view_camera[view], view_body[view]
        pose = np.empty((3, 4))
        _compose(cam_from_world[camera], world_from_body[body], pose)
        lens, corners = lenses[camera], targets[body_target[body]]
        for k in range(pixels.shape[1]):
            if not seen[view, k]:
                out[view, k] = 0.0
                continue
            a, b, c = corners[k, 0], corners[k, 1], corners[k, 2]
            z = pose[2, 0] * a + pose[2, 1] * b + pose[2, 2] * c + pose[2, 3]
            if not z > _NEAR_M:
                out[view, k] = np.inf
                continue
            x = (pose[0, 0] * a + pose[0, 1] * b + pose[0, 2] * c + pose[0, 3]) / z
            y = (pose[1, 0] * a + pose[1, 1] * b + pose[1, 2] * c + pose[1, 3]) / z
            u, v, _, _, _ = _bend(x, y, lens, fisheye[camera])
            off_u = lens[0] * u + lens[2] - pixels[view, k, 0]
            off_v = lens[1] * v + lens[3] - pixels[view, k, 1]
            square = off_u * off_u + off_v * off_v
            out[view, k] = square if np.isfinite(square) else np.inf


@njit(cache=True, nogil=True, parallel=True)
def robust_cost(
    lenses, fisheye, cam_from_world, world_from_body, targets, body_target, view_camera, view_body, pixels, seen,
    precision, scale2, chunks, out,
):  # fmt: skip
    """Write the sum of the (Cauchy, or with `scale2` 0 plain) losses of each chunk of views into `out`."""
    for chunk in prange(len(chunks) - 1):
        total = 0.0
        pose = np.empty((3, 4))
        for view in range(chunks[chunk], chunks[chunk + 1]):
            camera, body = view_camera[view], view_body[view]
            _compose(cam_from_world[camera], world_from_body[body], pose)
            lens, corners = lenses[camera], targets[body_target[body]]
            for k in range(pixels.shape[1]):
                if not seen[view, k]:
                    continue
                a, b, c = corners[k, 0], corners[k, 1], corners[k, 2]
                z = pose[2, 0] * a + pose[2, 1] * b + pose[2, 2] * c + pose[2, 3]
                if not z > _NEAR_M:
                    total = np.inf
                    break
                x = (pose[0, 0] * a + pose[0, 1] * b + pose[0, 2] * c + pose[0, 3]) / z
                y = (pose[1, 0] * a + pose[1, 1] * b + pose[1, 2] * c + pose[1, 3]) / z
                u, v, _, _, _ = _bend(x, y, lens, fisheye[camera])
                off_u = lens[0] * u + lens[2] - pixels[view, k, 0]
                off_v = lens[1] * v + lens[3] - pixels[view, k, 1]
                square = (off_u * off_u + off_v * off_v) * precision[camera]
                total += scale2 * np.log1p(square / scale2) if scale2 > 0 else square
        out[chunk] = total


@njit(cache=True, nogil=True)
def _weighted_rows(lens, fisheye, pose, corners, pixels, seen, precision, scale2, rows):
    """Write d pixel / d lens, d pixel / d pose and the residual of each seen corner, times the root of its weight.

    Two columns (u and v) a corner; return how many.
    """
    n = 0
    for k in range(len(seen)):
        if not seen[k]:
            continue
        a, b, c = corners[k, 0], corners[k, 1], corners[k, 2]
        px = pose[0, 0] * a + pose[0, 1] * b + pose[0, 2] * c + pose[0, 3]
        py = pose[1, 0] * a + pose[1, 1] * b + pose[1, 2] * c + pose[1, 3]
        pz = pose[2, 0] * a + pose[2, 1] * b + pose[2, 2] * c + pose[2, 3]
        x, y = px / pz, py / pz
        u, v, xx, xy, yy = _bend(x, y, lens, fisheye)
        off_u, off_v = lens[0] * u + lens[2] - pixels[k, 0], lens[1] * v + lens[3] - pixels[k, 1]
        weight = precision
        if scale2 > 0:
            weight /= 1.0 + (off_u * off_u + off_v * off_v) * precision / scale2
        root = np.sqrt(weight)
        fx, fy = root * lens[0], root * lens[1]
        _lens_columns(x, y, u, v, fx, fy, root, lens, fisheye, rows, n)
        ux, uy, vx, vy = fx * xx / pz, fx * xy / pz, fy * xy / pz, fy * yy / pz
        uz, vz = -(ux * x + uy * y), -(vx * x + vy * y)
        rows[12, n], rows[12, n + 1] = py * uz - pz * uy, py * vz - pz * vy
        rows[13, n], rows[13, n + 1] = pz * ux - px * uz, pz * vx - px * vz
        rows[14, n], rows[14, n + 1] = px * uy - py * ux, px * vy - py * vx
        rows[15, n], rows[15, n + 1] = ux, vx
        rows[16, n], rows[16, n + 1] = uy, vy
        rows[17, n], rows[17, n + 1] = uz, vz
        rows[18, n], rows[18, n + 1] = root * off_u, root * off_v
        n += 2
    return n


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _gram(rows, n, total):
    """Write rows @ rows.T over the first `n` columns; the free order of sums lets the compiler take four at a time."""
    for i in range(_WIDE):
        for j in range(i, _WIDE):
            value = 0.0
            for k in range(n):
                value += rows[i, k] * rows[j, k]
            total[i, j] = value
            total[j, i] = value


@njit(cache=True, nogil=True, parallel=True)
def normal_equations(
    lenses, fisheye, cam_from_world, world_from_body, targets, body_target, view_camera, view_body, pixels, seen,
    precision, scale2, chunks, camera_sums, body, body_gradient, coupling,
):  # fmt: skip
    """Sum the weighted normal equations at a state whose seen corners all lie in front of their cameras.

    Writes `camera_sums` (chunk, camera, 18, 19; the last column is the gradient), `body`
    (body, 6, 6), `body_gradient` (body, 6) and `coupling` (view, 18, 6). All have to hold zeros before.
    """
    for chunk in prange(len(chunks) - 1):
        pose, across = np.empty((3, 4)), np.empty((N_BODY, N_BODY))
        total, rows = np.empty((_WIDE, _WIDE)), np.empty((_WIDE, 2 * pixels.shape[1]))
        for view in range(chunks[chunk], chunks[chunk + 1]):
            camera, own = view_camera[view], view_body[view]
            _compose(cam_from_world[camera], world_from_body[own], pose)
            n = _weighted_rows(
                lenses[camera], fisheye[camera], pose, targets[body_target[own]], pixels[view], seen[view],
                precision[camera], scale2, rows,
            )  # fmt: skip
            _gram(rows, n, total)
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


@njit(cache=True, inline="always")
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
