"""The compiled loop of robust triangulation: tiles of points, and one by one those whose views do not all agree.

Cameras and rays are laid out as `lens_kernels` and `tile_kernels` say; `rays` is (camera, 7 * TILE) and p the place
of the point in its tile. Residuals are in pixel sigmas. Callers run spans of points in threads (no lock is held).
"""

import numpy as np
from numba import njit

from mocap.reconstruction.lens_kernels import OPTIONS
from mocap.reconstruction.tile_kernels import (
    BEHIND,
    RAY_ROWS,
    SUM_ROWS,
    TILE,
    add_linear,
    add_linearised,
    reproject_tile,
    step_tile,
    undistort_tile,
)

# The compiler's cache watches this file alone: a test holds this to the SHA-256 of the two files imported above.
IMPORTED_SHA256 = ""

MISSING, MEASURED, DISAGREE, AMBIGUOUS, UNCERTAIN = range(5)
_TILE_STEPS = 2
_REFINE_STEPS = 12
_SETTLE_ROUNDS = 8
_SETTLED = 1e-6  # squared step in the point's own standard deviations; what is left is far smaller


@njit(**OPTIONS)
def _residual(cam, ray, p, x, y, z):
    """Squared residual of one view in sigma^2; infinite behind the camera."""
    depth = cam[6] * x + cam[7] * y + cam[8] * z + cam[11]
    if not depth > BEHIND:
        return np.inf
    near = 1.0 / depth
    du = (cam[0] * x + cam[1] * y + cam[2] * z + cam[9]) * near - ray[p]
    dv = (cam[3] * x + cam[4] * y + cam[5] * z + cam[10]) * near - ray[TILE + p]
    ru = ray[2 * TILE + p] * du + ray[3 * TILE + p] * dv
    rv = ray[4 * TILE + p] * du + ray[5 * TILE + p] * dv
    return ru * ru + rv * rv


@njit(**OPTIONS)
def _linearise(cam, ray, p, point, normal, gradient):
    """Add one view, which sees the point, to the normal equations."""
    x, y, z = point[0], point[1], point[2]
    near = 1.0 / (cam[6] * x + cam[7] * y + cam[8] * z + cam[11])
    u = (cam[0] * x + cam[1] * y + cam[2] * z + cam[9]) * near
    v = (cam[3] * x + cam[4] * y + cam[5] * z + cam[10]) * near
    ux, uy, uz = (cam[0] - u * cam[6]) * near, (cam[1] - u * cam[7]) * near, (cam[2] - u * cam[8]) * near
    vx, vy, vz = (cam[3] - v * cam[6]) * near, (cam[4] - v * cam[7]) * near, (cam[5] - v * cam[8]) * near
    du, dv = u - ray[p], v - ray[TILE + p]
    for row in (2, 4):
        a, b = ray[row * TILE + p], ray[(row + 1) * TILE + p]
        px, py, pz, r = a * ux + b * vx, a * uy + b * vy, a * uz + b * vz, a * du + b * dv
        normal[0] += px * px
        normal[1] += px * py
        normal[2] += px * pz
        normal[3] += py * py
        normal[4] += py * pz
        normal[5] += pz * pz
        gradient[0] += px * r
        gradient[1] += py * r
        gradient[2] += pz * r


@njit(**OPTIONS)
def _step(n, gradient, inverse, point):
    """Invert n = xx xy xz yy yz zz and move the point; its squared step in its own sigmas, NaN when n is singular."""
    xx, xy, xz = n[3] * n[5] - n[4] * n[4], n[2] * n[4] - n[1] * n[5], n[1] * n[4] - n[2] * n[3]
    det = n[0] * xx + n[1] * xy + n[2] * xz
    if not det > 1e-15 * n[0] * n[3] * n[5]:
        return np.nan
    xx, xy, xz = xx / det, xy / det, xz / det
    yy, yz = (n[0] * n[5] - n[2] * n[2]) / det, (n[1] * n[2] - n[0] * n[4]) / det
    zz = (n[0] * n[3] - n[1] * n[1]) / det
    inverse[0], inverse[1], inverse[2], inverse[3], inverse[4], inverse[5] = xx, xy, xz, yy, yz, zz
    gx, gy, gz = gradient[0], gradient[1], gradient[2]
    x, y, z = xx * gx + xy * gy + xz * gz, xy * gx + yy * gy + yz * gz, xz * gx + yz * gy + zz * gz
    point[0] -= x
    point[1] -= y
    point[2] -= z
    return x * gx + y * gy + z * gz


@njit(**OPTIONS)
def _refine(cams, rays, p, chosen, point, normal, gradient, inverse):
    """Gauss-Newton on the chosen views; False when it fails."""
    for _ in range(_REFINE_STEPS):
        normal[:] = 0.0
        gradient[:] = 0.0
        for i in range(cams.shape[0]):
            if chosen[i]:
                _linearise(cams[i], rays[i], p, point, normal, gradient)
        step = _step(normal, gradient, inverse, point)
        if np.isnan(step):
            return False
        if step < _SETTLED:
            return True
    return False


@njit(**OPTIONS)
def _midpoint(cam_i, cam_j, line_i, line_j, point):
    """Point nearest to two rays; False when they are parallel or meet behind a camera."""
    wx, wy, wz = cam_i[25] - cam_j[25], cam_i[26] - cam_j[26], cam_i[27] - cam_j[27]
    ix, iy, iz, jx, jy, jz = line_i[0], line_i[1], line_i[2], line_j[0], line_j[1], line_j[2]
    a, b, c = ix * ix + iy * iy + iz * iz, ix * jx + iy * jy + iz * jz, jx * jx + jy * jy + jz * jz
    d, e = ix * wx + iy * wy + iz * wz, jx * wx + jy * wy + jz * wz
    det = a * c - b * b
    s, t = b * e - c * d, a * e - b * d
    if not (det > 1e-9 * a * c and s > 0.0 and t > 0.0):
        return False
    s, t = 0.5 * s / det, 0.5 * t / det
    point[0] = 0.5 * (cam_i[25] + cam_j[25]) + s * ix + t * jx
    point[1] = 0.5 * (cam_i[26] + cam_j[26]) + s * iy + t * jy
    point[2] = 0.5 * (cam_i[27] + cam_j[27]) + s * iz + t * jz
    return True


@njit(**OPTIONS)
def _propose(cams, rays, p, views, n_views, lines, limit, enough, trial, best):
    """Put the pair midpoint of least truncated cost into `best`; return that cost, `enough` when none is below."""
    for k in range(n_views):
        cam, ray = cams[views[k]], rays[views[k]]
        for axis in range(3):
            lines[k, axis] = cam[axis] * ray[p] + cam[3 + axis] * ray[TILE + p] + cam[6 + axis]
    least = enough
    for i in range(n_views - 1):
        for j in range(i + 1, n_views):
            if not _midpoint(cams[views[i]], cams[views[j]], lines[i], lines[j], trial):
                continue
            cost = 0.0
            for k in range(n_views):
                cost += min(limit, _residual(cams[views[k]], rays[views[k]], p, trial[0], trial[1], trial[2]))
                if cost >= least:
                    break
            if cost < least:
                least = cost
                best[:] = trial
    return least


@njit(**OPTIONS)
def _rivalled(cams, rays, p, views, n_views, lines, chosen, limit, trial):
    """Whether a pair of views other than the chosen two agrees as well: then no one can say which is right."""
    for i in range(n_views - 1):
        for j in range(i + 1, n_views):
            a, b = views[i], views[j]
            if not (chosen[a] and chosen[b]) and _midpoint(cams[a], cams[b], lines[i], lines[j], trial):
                cost = _residual(cams[a], rays[a], p, trial[0], trial[1], trial[2])
                cost += _residual(cams[b], rays[b], p, trial[0], trial[1], trial[2])
                if cost < limit:
                    return True
    return False


@njit(**OPTIONS)
def _settle(cams, rays, p, views, n_views, chosen, limit, point, normal, gradient, inverse):
    """Fit the views below the limit, and choose again, until the choice stands; return how many there are."""
    chosen[:] = False
    inliers = 0
    for _ in range(_SETTLE_ROUNDS):
        changed = False
        inliers = 0
        for k in range(n_views):
            i = views[k]
            inside = _residual(cams[i], rays[i], p, point[0], point[1], point[2]) < limit
            changed = changed or inside != chosen[i]
            chosen[i] = inside
            inliers += inside
        if inliers < 2 or not changed:
            break
        if not _refine(cams, rays, p, chosen, point, normal, gradient, inverse):
            return 0
    return inliers


@njit(**OPTIONS)
def _drop_worst(cams, rays, p, limits, views, n_views, chosen, point, normal, gradient, inverse):
    """Leave out the view that lies farthest from `point` and fit the rest; whether they then all agree."""
    largest, worst = -1.0, 0
    for k in range(n_views):
        residual = _residual(cams[views[k]], rays[views[k]], p, point[0], point[1], point[2])
        if residual > largest:
            largest, worst = residual, k
    chosen[:] = False
    for k in range(n_views):
        chosen[views[k]] = k != worst
    if not _refine(cams, rays, p, chosen, point, normal, gradient, inverse):
        return False
    total = 0.0
    for k in range(n_views):
        if k != worst:
            residual = _residual(cams[views[k]], rays[views[k]], p, point[0], point[1], point[2])
            total += residual if residual < limits[0] else np.inf
    return total < limits[2 + n_views - 1]


@njit(**OPTIONS)
def _solve_hard(cams, rays, p, limits, views, lines, chosen, point, trial, normal, gradient, inverse):
    """Find one point whose views do not all agree; return how it went. `limits` are those of `triangulate_span`."""
    limit, min_views = limits[0], limits[1]
    n_views = 0
    for i in range(cams.shape[0]):
        if rays[i, 6 * TILE + p] > 0.0:
            views[n_views] = i
            n_views += 1
    # With four or more views left that agree, no other choice can win: the usual case of one wrong view.
    if n_views >= 5 and _drop_worst(
        cams, rays, p, limits, views, n_views, chosen, point, normal, gradient, inverse
    ):
        return MEASURED
    enough = limit * (n_views - 1)  # fewer than two views below the limit are no proposal
    if not _propose(cams, rays, p, views, n_views, lines, limit, enough, trial, point) < enough:
        return DISAGREE
    inliers = _settle(cams, rays, p, views, n_views, chosen, limit, point, normal, gradient, inverse)
    if inliers < min_views:
        return DISAGREE
    if inliers == 2 and n_views > 2 and _rivalled(cams, rays, p, views, n_views, lines, chosen, limit, trial):
        return AMBIGUOUS
    return MEASURED


@njit(**OPTIONS)
def _fit_tile(cams, rays, limit, points, sums, inverse, step):
    """Fit all views of every point of the tile: linear start, then Gauss-Newton."""
    points[:] = 0.0
    sums[:] = 0.0
    for i in range(cams.shape[0]):
        add_linear(rays[i], cams[i], sums)
    step_tile(sums, points, inverse, step)
    for _ in range(_TILE_STEPS):
        sums[:] = 0.0
        for i in range(cams.shape[0]):
            add_linearised(rays[i], cams[i], points, limit, sums)
        step_tile(sums, points, inverse, step)


@njit(**OPTIONS)
def _load_tile(start, count, held, pixels, confidence, min_confidence, weights, observed, cams, rays):
    """Fill `observed`, (camera, 3 * TILE), with pixels and weights, and `rays` with what of them may be used."""
    n_keypoints = weights.shape[0]
    usable = np.empty(3 * TILE)
    for i in range(cams.shape[0]):
        observed[i, :] = np.nan
        usable[:] = np.nan
        for p in range(count):
            source = start - held + p
            observed[i, p], observed[i, TILE + p] = pixels[i, source, 0], pixels[i, source, 1]
            usable[p] = pixels[i, source, 0] if confidence[i, source] >= min_confidence else np.nan
            usable[TILE + p] = pixels[i, source, 1]
            usable[2 * TILE + p] = weights[(start + p) % n_keypoints, i]
        undistort_tile(usable, cams[i], rays[i])


@njit(**OPTIONS)
def _solve_tile(cams, rays, count, limits, max_variance, points, inverse, reason, chosen):
    """Solve all points of a tile: the fit of all views where it passes, the hard way where not."""
    n = cams.shape[0]
    views, lines, one = np.empty(n, np.int64), np.empty((n, 3)), np.empty(n, np.bool_)
    point, trial, normal, gradient, covariance = np.empty(3), np.empty(3), np.empty(6), np.empty(3), np.empty(6)
    sums, step = np.empty(SUM_ROWS * TILE), np.empty(TILE)
    _fit_tile(cams, rays, limits[0], points, sums, inverse, step)
    for p in range(count):
        n_views = 0
        for i in range(n):
            chosen[i, p] = rays[i, 6 * TILE + p] > 0.0
            n_views += chosen[i, p]
        passed = step[p] < _SETTLED and sums[10 * TILE + p] == 0.0 and sums[9 * TILE + p] < limits[2 + n_views]
        reason[p] = MEASURED if passed else DISAGREE
        if n_views < limits[1]:
            reason[p] = MISSING
        elif not passed:
            for axis in range(3):
                point[axis] = points[axis * TILE + p]
            reason[p] = _solve_hard(
                cams, rays, p, limits, views, lines, one, point, trial, normal, gradient, covariance
            )
            for i in range(n):
                chosen[i, p] = one[i]
            for axis in range(3):
                points[axis * TILE + p] = point[axis]
            for term in range(6):
                inverse[term * TILE + p] = covariance[term]
        if reason[p] == MEASURED:
            trace = inverse[p] + inverse[3 * TILE + p] + inverse[5 * TILE + p]
            reason[p] = MEASURED if trace <= max_variance else UNCERTAIN


@njit(**OPTIONS)
def _leverage(cam, ray, p, points, inverse, point, normal, gradient):
    """Share of an observation's two degrees of freedom that the point takes up."""
    for axis in range(3):
        point[axis] = points[axis * TILE + p]
    normal[:] = 0.0
    _linearise(cam, ray, p, point, normal, gradient)
    total = 0.0
    for term in range(6):
        twice = 1.0 if term == 0 or term == 3 or term == 5 else 2.0
        total += twice * inverse[term * TILE + p] * normal[term]
    return total


@njit(**OPTIONS)
def triangulate_span(
    start, stop, held, pixels, confidence, min_confidence, cams, weights, limits, max_variance,
    position, covariance, reason, used, error, freedom,
):
    """Triangulate the points from start to stop; C cameras, P points, K keypoints that take turns.

    Parameters
    ----------
    start, stop : int
        Span of points.
    held : int
        Which point comes first in `pixels` and `confidence`; the results hold all points.
    pixels : float64, shape (C, points held, 2)
        NaN is missing.
    confidence : float64, shape (C, points held)
        Observations with less than `min_confidence` are not used.
    cams : float64, shape (C, 28)
    weights : float64, shape (K, C)
        1 / sigma in 1/px.
    limits : float64, shape (2 + C + 1,)
        Truncation in sigma^2, least number of views, and by number of views the cost below which the fit of all
        of them is accepted at once.
    max_variance : float
        Largest trace of the covariance, m^2.
    position (P, 3), covariance (P, 3, 3), reason (P,), used (C, P), error (C, P), freedom (C, P) or (0, P)
        Results; come filled with NaN or False.
    """
    n = cams.shape[0]
    observed, rays = np.empty((n, 3 * TILE)), np.empty((n, RAY_ROWS * TILE))
    points, inverse, distance = np.empty(3 * TILE), np.empty(6 * TILE), np.empty(TILE)
    chosen, outcome = np.empty((n, TILE), np.bool_), np.empty(TILE, np.uint8)
    point, normal, gradient = np.empty(3), np.empty(6), np.empty(3)
    for first in range(start, stop, TILE):
        count = min(TILE, stop - first)
        _load_tile(first, count, held, pixels, confidence, min_confidence, weights, observed, cams, rays)
        _solve_tile(cams, rays, count, limits, max_variance, points, inverse, outcome, chosen)
        for i in range(n):
            reproject_tile(observed[i], cams[i], points, distance)
            for p in range(count):
                if outcome[p] == MEASURED:
                    used[i, first + p] = chosen[i, p]
                    error[i, first + p] = distance[p]
                    if chosen[i, p] and freedom.shape[0]:
                        taken = _leverage(cams[i], rays[i], p, points, inverse, point, normal, gradient)
                        freedom[i, first + p] = 2.0 - taken
        for p in range(count):
            reason[first + p] = outcome[p]
            if outcome[p] == MEASURED:
                for axis in range(3):
                    position[first + p, axis] = points[axis * TILE + p]
                for row, column, term in ((0, 0, 0), (0, 1, 1), (0, 2, 2), (1, 1, 3), (1, 2, 4), (2, 2, 5)):
                    covariance[first + p, row, column] = inverse[term * TILE + p]
                    covariance[first + p, column, row] = inverse[term * TILE + p]
