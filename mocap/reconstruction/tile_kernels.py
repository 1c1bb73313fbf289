"""The common case of triangulation, compiled for many points side by side: all views are fitted at once.

A tile is `TILE` points in rows of that length, one row per quantity, so that the compiler works on several points in
one instruction. Rays of a camera are seven such rows: x, y (normalised), the 2x2 Jacobian a b c d that turns errors
of x, y into pixel sigmas, and 1 where the ray is usable, 0 with all else 0 where not. Sums of a tile are the rows
xx xy xz yy yz zz of the normal matrix, x y z of the gradient, the summed squared residual, and how many views are
not below the limit or behind the camera.
"""

import numpy as np
from numba import njit

from mocap.reconstruction.lens_kernels import OPTIONS, bend_ray, brown, undistort_pixel

TILE = 32
RAY_ROWS, SUM_ROWS = 7, 11
BEHIND = 1e-6  # m; not in front of the camera


@njit(**OPTIONS)
def _newton(x, y, target_x, target_y, k1, k2, p1, p2, k3, k4, k5, k6):
    """One undamped step: x, y, the squared step where damping would have left it alone (else 1), a, b, d."""
    bent_x, bent_y, a, b, d = brown(x, y, k1, k2, p1, p2, k3, k4, k5, k6)
    det = a * d - b * b
    near = 1.0 / det
    miss_x, miss_y = (target_x - bent_x) * near, (target_y - bent_y) * near
    step_x, step_y = d * miss_x - b * miss_y, a * miss_y - b * miss_x
    length = step_x * step_x + step_y * step_y
    free = (length <= 0.01 + 0.25 * (x * x + y * y)) & (det > 0.0)
    return x + step_x, y + step_y, (length if free else 1.0), a, b, d


@njit(**OPTIONS)
def undistort_tile(observed, cam, rays):
    """Turn pixels u, v with weights 1/sigma, rows of `observed`, into rays, flat (7 * TILE,), in place.

    Four plain Newton steps settle what a usual lens bends; the rest, and every fisheye, takes the careful way.
    """
    fx, fy, cx, cy = cam[12], cam[13], cam[14], cam[15]
    k1, k2, p1, p2, k3, k4, k5, k6 = cam[16], cam[17], cam[18], cam[19], cam[20], cam[21], cam[22], cam[23]
    per_fx, per_fy = 1.0 / fx, 1.0 / fy
    if cam[24] > 0.0:
        rays[:] = 0.0
    else:
        for p in range(TILE):
            tx, ty = (observed[p] - cx) * per_fx, (observed[TILE + p] - cy) * per_fy
            x, y, l1, _, _, _ = _newton(tx, ty, tx, ty, k1, k2, p1, p2, k3, k4, k5, k6)
            x, y, l2, _, _, _ = _newton(x, y, tx, ty, k1, k2, p1, p2, k3, k4, k5, k6)
            x, y, l3, _, _, _ = _newton(x, y, tx, ty, k1, k2, p1, p2, k3, k4, k5, k6)
            x, y, l4, a, b, d = _newton(x, y, tx, ty, k1, k2, p1, p2, k3, k4, k5, k6)
            # Each comparison is false for NaN, so a missing pixel becomes an unusable ray.
            settled = (l1 < 1.0) & (l2 < 1.0) & (l3 < 1.0) & (l4 < 1e-14)
            w = observed[2 * TILE + p]
            rays[p] = x if settled else 0.0
            rays[TILE + p] = y if settled else 0.0
            rays[2 * TILE + p] = a * fx * w if settled else 0.0
            rays[3 * TILE + p] = b * fx * w if settled else 0.0
            rays[4 * TILE + p] = b * fy * w if settled else 0.0
            rays[5 * TILE + p] = d * fy * w if settled else 0.0
            rays[6 * TILE + p] = 1.0 if settled else 0.0
    for p in range(TILE):
        if rays[6 * TILE + p] == 0.0 and not np.isnan(observed[p] + observed[TILE + p]):
            _undistort_carefully(observed, cam, rays, p)


@njit(**OPTIONS)
def _undistort_carefully(observed, cam, rays, p):
    x, y, a, b, c, d = undistort_pixel(observed[p], observed[TILE + p], cam)
    if not np.isnan(x):
        w = observed[2 * TILE + p]
        rays[p], rays[TILE + p] = x, y
        rays[2 * TILE + p], rays[3 * TILE + p] = a * w, b * w
        rays[4 * TILE + p], rays[5 * TILE + p] = c * w, d * w
        rays[6 * TILE + p] = 1.0


@njit(**OPTIONS)
def add_linear(rays, cam, sums):
    """Add one camera's rays to the normal equations of the linear solution, depths taken as equal."""
    r0, r1, r2, r3, r4, r5, r6, r7, r8 = cam[0], cam[1], cam[2], cam[3], cam[4], cam[5], cam[6], cam[7], cam[8]
    t0, t1, t2 = cam[9], cam[10], cam[11]
    for p in range(TILE):
        x, y = rays[p], rays[TILE + p]
        a, b, c, d = rays[2 * TILE + p], rays[3 * TILE + p], rays[4 * TILE + p], rays[5 * TILE + p]
        ux, uy, uz, u0 = r0 - x * r6, r1 - x * r7, r2 - x * r8, t0 - x * t2
        vx, vy, vz, v0 = r3 - y * r6, r4 - y * r7, r5 - y * r8, t1 - y * t2
        px, py, pz, p0 = a * ux + b * vx, a * uy + b * vy, a * uz + b * vz, a * u0 + b * v0
        qx, qy, qz, q0 = c * ux + d * vx, c * uy + d * vy, c * uz + d * vz, c * u0 + d * v0
        _add(sums, p, px, py, pz, p0, qx, qy, qz, q0)


@njit(**OPTIONS)
def _add(sums, p, px, py, pz, p0, qx, qy, qz, q0):
    sums[p] += px * px + qx * qx
    sums[TILE + p] += px * py + qx * qy
    sums[2 * TILE + p] += px * pz + qx * qz
    sums[3 * TILE + p] += py * py + qy * qy
    sums[4 * TILE + p] += py * pz + qy * qz
    sums[5 * TILE + p] += pz * pz + qz * qz
    sums[6 * TILE + p] += px * p0 + qx * q0
    sums[7 * TILE + p] += py * p0 + qy * q0
    sums[8 * TILE + p] += pz * p0 + qz * q0


@njit(**OPTIONS)
def add_linearised(rays, cam, points, limit, sums):
    """Add one camera's rays, linearised at the points (rows x, y, z), to the sums."""
    r0, r1, r2, r3, r4, r5, r6, r7, r8 = cam[0], cam[1], cam[2], cam[3], cam[4], cam[5], cam[6], cam[7], cam[8]
    t0, t1, t2 = cam[9], cam[10], cam[11]
    for p in range(TILE):
        x, y, z = points[p], points[TILE + p], points[2 * TILE + p]
        depth = r6 * x + r7 * y + r8 * z + t2
        near = 1.0 / depth
        u, v = (r0 * x + r1 * y + r2 * z + t0) * near, (r3 * x + r4 * y + r5 * z + t1) * near
        du, dv = u - rays[p], v - rays[TILE + p]
        a, b, c, d = rays[2 * TILE + p], rays[3 * TILE + p], rays[4 * TILE + p], rays[5 * TILE + p]
        p0, q0 = a * du + b * dv, c * du + d * dv
        a, b, c, d = a * near, b * near, c * near, d * near
        ux, uy, uz, vx, vy, vz = r0 - u * r6, r1 - u * r7, r2 - u * r8, r3 - v * r6, r4 - v * r7, r5 - v * r8
        px, py, pz = a * ux + b * vx, a * uy + b * vy, a * uz + b * vz
        qx, qy, qz = c * ux + d * vx, c * uy + d * vy, c * uz + d * vz
        _add(sums, p, px, py, pz, p0, qx, qy, qz, q0)
        squared = p0 * p0 + q0 * q0
        sums[9 * TILE + p] += squared
        sums[10 * TILE + p] += 0.0 if (squared < limit) & (depth > BEHIND) else rays[6 * TILE + p]


@njit(**OPTIONS)
def step_tile(sums, points, inverse, step):
    """Gauss-Newton step of every point; the inverse normal matrices, and squared steps in the points' own sigmas.

    Where the matrix is not positive definite the step is NaN and the point does not move.
    """
    for p in range(TILE):
        n0, n1, n2 = sums[p], sums[TILE + p], sums[2 * TILE + p]
        n3, n4, n5 = sums[3 * TILE + p], sums[4 * TILE + p], sums[5 * TILE + p]
        gx, gy, gz = sums[6 * TILE + p], sums[7 * TILE + p], sums[8 * TILE + p]
        xx, xy, xz = n3 * n5 - n4 * n4, n2 * n4 - n1 * n5, n1 * n4 - n2 * n3
        det = n0 * xx + n1 * xy + n2 * xz
        sound = det > 1e-15 * n0 * n3 * n5
        s = 1.0 / det if sound else np.nan
        xx, xy, xz = xx * s, xy * s, xz * s
        yy, yz, zz = (n0 * n5 - n2 * n2) * s, (n1 * n2 - n0 * n4) * s, (n0 * n3 - n1 * n1) * s
        x, y, z = xx * gx + xy * gy + xz * gz, xy * gx + yy * gy + yz * gz, xz * gx + yz * gy + zz * gz
        inverse[p], inverse[TILE + p], inverse[2 * TILE + p] = xx, xy, xz
        inverse[3 * TILE + p], inverse[4 * TILE + p], inverse[5 * TILE + p] = yy, yz, zz
        points[p] -= x if sound else 0.0
        points[TILE + p] -= y if sound else 0.0
        points[2 * TILE + p] -= z if sound else 0.0
        step[p] = x * gx + y * gy + z * gz


@njit(**OPTIONS)
def reproject_tile(observed, cam, points, distance):
    """Distance in px of the projected points from the pixels u, v; NaN where missing or behind the camera."""
    r0, r1, r2, r3, r4, r5, r6, r7, r8 = cam[0], cam[1], cam[2], cam[3], cam[4], cam[5], cam[6], cam[7], cam[8]
    t0, t1, t2, fx, fy, cx, cy = cam[9], cam[10], cam[11], cam[12], cam[13], cam[14], cam[15]
    k1, k2, p1, p2, k3, k4, k5, k6 = cam[16], cam[17], cam[18], cam[19], cam[20], cam[21], cam[22], cam[23]
    for p in range(TILE):
        x, y, z = points[p], points[TILE + p], points[2 * TILE + p]
        depth = r6 * x + r7 * y + r8 * z + t2
        near = 1.0 / (depth if depth > BEHIND else np.nan)
        u, v = (r0 * x + r1 * y + r2 * z + t0) * near, (r3 * x + r4 * y + r5 * z + t1) * near
        u, v, _, _, _ = brown(u, v, k1, k2, p1, p2, k3, k4, k5, k6)
        du, dv = u * fx + cx - observed[p], v * fy + cy - observed[TILE + p]
        distance[p] = np.sqrt(du * du + dv * dv)
    if cam[24] > 0.0:
        for p in range(TILE):
            x, y, z = points[p], points[TILE + p], points[2 * TILE + p]
            depth = r6 * x + r7 * y + r8 * z + t2
            near = 1.0 / (depth if depth > BEHIND else np.nan)
            u, v, _, _, _ = bend_ray(
                (r0 * x + r1 * y + r2 * z + t0) * near, (r3 * x + r4 * y + r5 * z + t1) * near, cam
            )
            du, dv = u * fx + cx - observed[p], v * fy + cy - observed[TILE + p]
            distance[p] = np.sqrt(du * du + dv * dv)
