"""The common case of triangulation, compiled for many points side by side: all views are fitted at once.

A tile is `TILE` points in rows of that length, one row per quantity, of which several points are worked on in one
instruction. Rays of a camera are seven such rows: x, y (normalised), the 2x2 Jacobian a b c d that turns errors
of x, y into pixel sigmas, and 1 where the ray is usable, 0 with all else 0 where not. Sums of a tile are the rows
xx xy xz yy yz zz of the normal matrix, x y z of the gradient, the summed squared residual, and how many views are
not below the limit or behind the camera.
"""

import numpy as np
from numba import njit

from mocap.reconstruction.lens_kernels import OPTIONS, bend_ray, brown, undistort_pixel
from mocap.vector_kernels import INLINE, LANES, load, root, same, store, total, where_positive

TILE = 32
_BLOCKS = TILE // LANES  # vectors in a row
RAY_ROWS, SUM_ROWS = 7, 11
BEHIND = 1e-6  # m; not in front of the camera
_MOST_STEPS, _SETTLED = 4, 1e-14  # of undistortion; squared step after which only rounding is left


@njit(**INLINE)
def _newton(x, y, target_x, target_y, settling, cam):
    """One undamped step: x, y, what is left of `settling`, the squared step, a, b, d.

    `settling` stays 1 where damping would have left the step alone; else it becomes 0.
    """
    bent_x, bent_y, a, b, d = brown(
        x, y, cam[16], cam[17], cam[18], cam[19], cam[20], cam[21], cam[22], cam[23]
    )
    det, nothing = a * d - b * b, same(0.0)
    near = 1.0 / det
    miss_x, miss_y = (target_x - bent_x) * near, (target_y - bent_y) * near
    step_x, step_y = d * miss_x - b * miss_y, a * miss_y - b * miss_x
    length = step_x * step_x + step_y * step_y
    # What compares with NaN is not positive, so a missing pixel becomes an unusable ray.
    free = where_positive(0.01 + 0.25 * (x * x + y * y) - length, where_positive(det, settling, nothing), nothing)
    return x + step_x, y + step_y, where_positive(1.0 - length, free, nothing), length, a, b, d


@njit(**OPTIONS)
def undistort_tile(observed, cam, rays):
    """Turn pixels u, v with weights 1/sigma, rows of `observed`, into rays, flat (7 * TILE,), in place.

    Three or four plain Newton steps settle what a usual lens bends; the rest, and every fisheye, takes the careful way.
    """
    if cam[24] > 0.0:
        rays[:] = 0.0
    else:
        for block in range(0, _BLOCKS, 2):
            _undistort_two(observed, cam, block, rays)
    for p in range(TILE):
        if rays[6 * TILE + p] == 0.0 and not np.isnan(observed[p] + observed[TILE + p]):
            _undistort_carefully(observed, cam, rays, p)


@njit(**INLINE)
def _targets(observed, cam, block):
    tx = (load(observed, block) - cam[14]) * (1.0 / cam[12])
    return tx, (load(observed, _BLOCKS + block) - cam[15]) * (1.0 / cam[13])


@njit(**INLINE)
def _undistort_two(observed, cam, block, rays):
    """Undistort two vectors of pixels in turns: each step waits for divisions, and the other's fill the time."""
    (tx, ty), (sx, sy) = _targets(observed, cam, block), _targets(observed, cam, block + 1)
    x, y, u, v, good, fine, nothing = tx, ty, sx, sy, same(1.0), same(1.0), same(0.0)
    length = other = a = b = d = e = f = g = nothing
    for step in range(_MOST_STEPS):
        x, y, good, length, a, b, d = _newton(x, y, tx, ty, good, cam)
        u, v, fine, other, e, f, g = _newton(u, v, sx, sy, fine, cam)
        if step >= 2:
            moving = where_positive(length - _SETTLED, good, nothing) + where_positive(other - _SETTLED, fine, nothing)
            if total(moving) == 0.0:
                break
    _store_rays(observed, cam, block, x, y, where_positive(_SETTLED - length, good, nothing), a, b, d, rays)
    _store_rays(observed, cam, block + 1, u, v, where_positive(_SETTLED - other, fine, nothing), e, f, g, rays)


@njit(**INLINE)
def _store_rays(observed, cam, block, x, y, good, a, b, d, rays):
    fx, fy, nothing = cam[12], cam[13], same(0.0)
    w = load(observed, 2 * _BLOCKS + block)
    for row, value in enumerate((x, y, a * fx * w, b * fx * w, b * fy * w, d * fy * w, good)):
        store(rays, row * _BLOCKS + block, where_positive(good, value, nothing))


@njit(**OPTIONS)
def _undistort_carefully(observed, cam, rays, p):
    x, y, a, b, c, d = undistort_pixel(observed[p], observed[TILE + p], cam)
    if not np.isnan(x):
        w = observed[2 * TILE + p]
        rays[p], rays[TILE + p] = x, y
        rays[2 * TILE + p], rays[3 * TILE + p] = a * w, b * w
        rays[4 * TILE + p], rays[5 * TILE + p] = c * w, d * w
        rays[6 * TILE + p] = 1.0


@njit(**INLINE)
def _ray(rays, view, block):
    """Return the seven rows of one view for some points of the tile."""
    o = view * RAY_ROWS * _BLOCKS + block
    return (
        load(rays, o), load(rays, o + _BLOCKS), load(rays, o + 2 * _BLOCKS), load(rays, o + 3 * _BLOCKS),
        load(rays, o + 4 * _BLOCKS), load(rays, o + 5 * _BLOCKS), load(rays, o + 6 * _BLOCKS),
    )  # fmt: skip


@njit(**INLINE)
def _add(s, p, q):
    """Add the two rows of one view to the first nine sums."""
    px, py, pz, p0 = p
    qx, qy, qz, q0 = q
    return (
        s[0] + px * px + qx * qx, s[1] + px * py + qx * qy, s[2] + px * pz + qx * qz,
        s[3] + py * py + qy * qy, s[4] + py * pz + qy * qz, s[5] + pz * pz + qz * qz,
        s[6] + px * p0 + qx * q0, s[7] + py * p0 + qy * q0, s[8] + pz * p0 + qz * q0,
    )  # fmt: skip


@njit(**OPTIONS)
def sum_linear(rays, cams, sums):
    """Sum up the normal equations of the linear solution, depths taken as equal; rays are (camera, 7 * TILE)."""
    none = same(0.0)
    for block in range(_BLOCKS):
        s = (none, none, none, none, none, none, none, none, none)
        for i in range(cams.shape[0]):
            cam = cams[i]
            x, y, a, b, c, d, _ = _ray(rays, i, block)
            ux, uy, uz, u0 = cam[0] - x * cam[6], cam[1] - x * cam[7], cam[2] - x * cam[8], cam[9] - x * cam[11]
            vx, vy, vz, v0 = cam[3] - y * cam[6], cam[4] - y * cam[7], cam[5] - y * cam[8], cam[10] - y * cam[11]
            p = a * ux + b * vx, a * uy + b * vy, a * uz + b * vz, a * u0 + b * v0
            q = c * ux + d * vx, c * uy + d * vy, c * uz + d * vz, c * u0 + d * v0
            s = _add(s, p, q)
        for row, value in enumerate(s):
            store(sums, row * _BLOCKS + block, value)


@njit(**OPTIONS)
def sum_linearised(rays, cams, points, limit, sums):
    """Sum up all views, linearised at the points (rows x, y, z)."""
    none = same(0.0)
    for block in range(_BLOCKS):
        x, y, z = load(points, block), load(points, _BLOCKS + block), load(points, 2 * _BLOCKS + block)
        s, squares, doubts = (none, none, none, none, none, none, none, none, none), none, none
        for i in range(cams.shape[0]):
            cam = cams[i]
            seen_x, seen_y, a, b, c, d, usable = _ray(rays, i, block)
            depth = cam[6] * x + cam[7] * y + cam[8] * z + cam[11]
            near = 1.0 / depth
            u = (cam[0] * x + cam[1] * y + cam[2] * z + cam[9]) * near
            v = (cam[3] * x + cam[4] * y + cam[5] * z + cam[10]) * near
            du, dv = u - seen_x, v - seen_y
            p0, q0 = a * du + b * dv, c * du + d * dv
            a, b, c, d = a * near, b * near, c * near, d * near
            ux, uy, uz = cam[0] - u * cam[6], cam[1] - u * cam[7], cam[2] - u * cam[8]
            vx, vy, vz = cam[3] - v * cam[6], cam[4] - v * cam[7], cam[5] - v * cam[8]
            p = a * ux + b * vx, a * uy + b * vy, a * uz + b * vz, p0
            s = _add(s, p, (c * ux + d * vx, c * uy + d * vy, c * uz + d * vz, q0))
            squared = p0 * p0 + q0 * q0
            squares = squares + squared
            doubts = doubts + where_positive(limit - squared, where_positive(depth - BEHIND, none, usable), usable)
        for row, value in enumerate(s):
            store(sums, row * _BLOCKS + block, value)
        store(sums, 9 * _BLOCKS + block, squares)
        store(sums, 10 * _BLOCKS + block, doubts)


@njit(**OPTIONS)
def step_tile(sums, points, inverse, step):
    """Gauss-Newton step of every point; the inverse normal matrices, and squared steps in the points' own sigmas.

    Where the matrix is not positive definite the step is NaN and the point does not move.
    """
    for b in range(_BLOCKS):
        n0, n1, n2 = load(sums, b), load(sums, _BLOCKS + b), load(sums, 2 * _BLOCKS + b)
        n3, n4, n5 = load(sums, 3 * _BLOCKS + b), load(sums, 4 * _BLOCKS + b), load(sums, 5 * _BLOCKS + b)
        gx, gy, gz = load(sums, 6 * _BLOCKS + b), load(sums, 7 * _BLOCKS + b), load(sums, 8 * _BLOCKS + b)
        xx, xy, xz = n3 * n5 - n4 * n4, n2 * n4 - n1 * n5, n1 * n4 - n2 * n3
        det, nothing = n0 * xx + n1 * xy + n2 * xz, same(0.0)
        sound = det - 1e-15 * n0 * n3 * n5
        s = where_positive(sound, 1.0 / det, same(np.nan))
        xx, xy, xz = xx * s, xy * s, xz * s
        yy, yz, zz = (n0 * n5 - n2 * n2) * s, (n1 * n2 - n0 * n4) * s, (n0 * n3 - n1 * n1) * s
        x, y, z = xx * gx + xy * gy + xz * gz, xy * gx + yy * gy + yz * gz, xz * gx + yz * gy + zz * gz
        for row, value in enumerate((xx, xy, xz, yy, yz, zz)):
            store(inverse, row * _BLOCKS + b, value)
        for axis, value in enumerate((x, y, z)):
            store(points, axis * _BLOCKS + b, load(points, axis * _BLOCKS + b) - where_positive(sound, value, nothing))
        store(step, b, x * gx + y * gy + z * gz)


@njit(**OPTIONS)
def reproject_tile(observed, cam, points, distance):
    """Distance in px of the projected points from the pixels u, v; NaN where missing or behind the camera."""
    if cam[24] > 0.0:
        for p in range(TILE):
            x, y, z = points[p], points[TILE + p], points[2 * TILE + p]
            depth = cam[6] * x + cam[7] * y + cam[8] * z + cam[11]
            near = 1.0 / (depth if depth > BEHIND else np.nan)
            u = (cam[0] * x + cam[1] * y + cam[2] * z + cam[9]) * near
            v = (cam[3] * x + cam[4] * y + cam[5] * z + cam[10]) * near
            u, v, _, _, _ = bend_ray(u, v, cam)
            du, dv = u * cam[12] + cam[14] - observed[p], v * cam[13] + cam[15] - observed[TILE + p]
            distance[p] = np.sqrt(du * du + dv * dv)
        return
    for b in range(_BLOCKS):
        x, y, z = load(points, b), load(points, _BLOCKS + b), load(points, 2 * _BLOCKS + b)
        depth = cam[6] * x + cam[7] * y + cam[8] * z + cam[11]
        near = 1.0 / where_positive(depth - BEHIND, depth, same(np.nan))
        u = (cam[0] * x + cam[1] * y + cam[2] * z + cam[9]) * near
        v = (cam[3] * x + cam[4] * y + cam[5] * z + cam[10]) * near
        u, v, _, _, _ = brown(u, v, cam[16], cam[17], cam[18], cam[19], cam[20], cam[21], cam[22], cam[23])
        du = u * cam[12] + cam[14] - load(observed, b)
        dv = v * cam[13] + cam[15] - load(observed, _BLOCKS + b)
        store(distance, b, root(du * du + dv * dv))
