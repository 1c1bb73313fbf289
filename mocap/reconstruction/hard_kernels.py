"""The hard case of triangulation: one point at a time, whose views do not all agree.

Cameras and rays are laid out as `lens_kernels` and `tile_kernels` say; `rays` is (camera, 7 * TILE) and p the place
of the point in its tile. Residuals are in pixel sigmas. `limits` is as `kernels.triangulate_span` says.
"""

import numpy as np
from numba import njit

from mocap.reconstruction.lens_kernels import OPTIONS
from mocap.reconstruction.tile_kernels import BEHIND, TILE

MISSING, MEASURED, DISAGREE, AMBIGUOUS, UNCERTAIN = range(5)
SETTLED = 1e-6  # squared step in the point's own standard deviations; what is left is far smaller
NONE = np.int64(0)  # where counting starts: for a plain 0 what is called with the count would be compiled twice
_REFINE_STEPS = 12
_SETTLE_ROUNDS = 8


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
def linearise(cam, ray, p, point, normal, gradient):
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
                linearise(cams[i], rays[i], p, point, normal, gradient)
        step = _step(normal, gradient, inverse, point)
        if np.isnan(step):
            return False
        if step < SETTLED:
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
                best[0], best[1], best[2] = trial[0], trial[1], trial[2]
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
def _contested(cams, rays, p, views, n_views, lines, chosen, inliers, limit, rival, normal, gradient):
    """Whether views left out agree on another place, and at most one fewer lie there than were chosen.

    Views that look along the line of both places count for both. A lead of one view is no majority: were the larger
    group the one with swapped sides, just one more view would have to be swapped than if it were the smaller.
    """
    others, taken = np.empty(n_views, np.int64), np.empty(cams.shape[0], np.bool_)
    trial, inverse = np.empty(3), np.empty(6)
    n_others = NONE
    for k in range(n_views):
        if not chosen[views[k]]:
            others[n_others] = views[k]
            n_others += 1
    enough = limit * (n_others - 1)
    if n_others < 2 or not _propose(cams, rays, p, others, n_others, lines, limit, enough, trial, rival) < enough:
        return False
    agreeing = _settle(cams, rays, p, others, n_others, taken, limit, rival, normal, gradient, inverse)
    if agreeing < 2:
        return False
    for i in range(cams.shape[0]):
        if chosen[i] and _residual(cams[i], rays[i], p, rival[0], rival[1], rival[2]) < limit:
            agreeing += 1
    return agreeing >= inliers - 1


@njit(**OPTIONS)
def misfit(cams, rays, p, chosen, point):
    """Summed squared residual of the chosen views, and how many they are."""
    total, count = 0.0, 0
    for i in range(cams.shape[0]):
        if chosen[i]:
            total += _residual(cams[i], rays[i], p, point[0], point[1], point[2])
            count += 1
    return total, count


@njit(**OPTIONS)
def _agree(cams, rays, p, limits, chosen, point, normal, gradient, inverse):
    """Fit the chosen views, starting at `point`; whether they then all agree."""
    if not _refine(cams, rays, p, chosen, point, normal, gradient, inverse):
        return False
    total, count = 0.0, 0
    for i in range(cams.shape[0]):
        if chosen[i]:
            residual = _residual(cams[i], rays[i], p, point[0], point[1], point[2])
            total += residual if residual < limits[0] else np.inf
            count += 1
    return total < limits[2 + count]


@njit(**OPTIONS)
def _fits_without_worst(cams, rays, p, limits, chosen, point, normal, gradient, inverse):
    """Leave out of the chosen views the one that lies farthest from `point`; whether the others agree."""
    largest, worst = -1.0, 0
    for i in range(cams.shape[0]):
        if chosen[i]:
            residual = _residual(cams[i], rays[i], p, point[0], point[1], point[2])
            if residual > largest:
                largest, worst = residual, i
    chosen[worst] = False
    return _agree(cams, rays, p, limits, chosen, point, normal, gradient, inverse)


@njit(**OPTIONS)
def _fits_three(cams, rays, p, limits, views, n_views, lines, chosen, point, normal, gradient, inverse):
    """Whether some three views agree. A pair of nearly opposite views proposes points too vague to draw in a third."""
    for i in range(n_views - 2):
        for j in range(i + 1, n_views - 1):
            for k in range(j + 1, n_views):
                chosen[:] = False
                chosen[views[i]], chosen[views[j]], chosen[views[k]] = True, True, True
                for a, b in ((i, j), (i, k), (j, k)):
                    start = _midpoint(cams[views[a]], cams[views[b]], lines[a], lines[b], point)
                    if start and _agree(cams, rays, p, limits, chosen, point, normal, gradient, inverse):
                        return True
    return False


@njit(**OPTIONS)
def solve_hard(cams, rays, p, settled, limits, views, lines, chosen, point, trial, normal, gradient, inverse):
    """Find one point whose views do not all agree, or not yet; return how it went."""
    limit, min_views = limits[0], limits[1]
    n_views = NONE
    for i in range(cams.shape[0]):
        chosen[i] = rays[i, 6 * TILE + p] > 0.0
        if chosen[i]:
            views[n_views] = i
            n_views += 1
    # Where the tile's few steps came to rest, all views were already seen not to agree.
    if not settled and _agree(cams, rays, p, limits, chosen, point, normal, gradient, inverse):
        return MEASURED
    # When four or more others agree, no other choice can win: the usual case of one wrong view.
    if n_views >= 5 and _fits_without_worst(cams, rays, p, limits, chosen, point, normal, gradient, inverse):
        return MEASURED
    if n_views == 2:
        return DISAGREE
    enough = limit * (n_views - 1)  # fewer than two views below the limit are no proposal
    if not _propose(cams, rays, p, views, n_views, lines, limit, enough, trial, point) < enough:
        return DISAGREE
    inliers = _settle(cams, rays, p, views, n_views, chosen, limit, point, normal, gradient, inverse)
    if inliers <= 2:
        trial[0], trial[1], trial[2] = point[0], point[1], point[2]
        if _fits_three(cams, rays, p, limits, views, n_views, lines, chosen, point, normal, gradient, inverse):
            inliers = _settle(cams, rays, p, views, n_views, chosen, limit, point, normal, gradient, inverse)
    if inliers > 2:
        if inliers < min_views:
            return DISAGREE
        contested = _contested(cams, rays, p, views, n_views, lines, chosen, inliers, limit, trial, normal, gradient)
        return AMBIGUOUS if contested else MEASURED
    # Two views that agree, against others: only when no other two agree as well can one say which are right.
    point[0], point[1], point[2] = trial[0], trial[1], trial[2]
    inliers = _settle(cams, rays, p, views, n_views, chosen, limit, point, normal, gradient, inverse)
    if inliers < min_views:
        return DISAGREE
    rivalled = _rivalled(cams, rays, p, views, n_views, lines, chosen, limit, trial)
    return AMBIGUOUS if rivalled else MEASURED
