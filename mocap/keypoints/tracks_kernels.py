"""Which detections of several views are one person, frame by frame."""

import numpy as np
from numba import njit

OPTIONS = {"cache": True, "nogil": True, "error_model": "numpy"}  # dividing by zero never raises: less to compile


@njit(**OPTIONS)
def _miss(essential, weight_a, weight_b, ua, va, ub, vb):
    """Distance of two rays, px: as `calibration.triangulation.sampson_distance_px`."""
    lx = essential[0, 0] * ua + essential[0, 1] * va + essential[0, 2]
    ly = essential[1, 0] * ua + essential[1, 1] * va + essential[1, 2]
    lz = essential[2, 0] * ua + essential[2, 1] * va + essential[2, 2]
    mx = essential[0, 0] * ub + essential[1, 0] * vb + essential[2, 0]
    my = essential[0, 1] * ub + essential[1, 1] * vb + essential[2, 1]
    slope = (mx * mx + my * my) * weight_a + (lx * lx + ly * ly) * weight_b
    return abs(ub * lx + vb * ly + lz) / np.sqrt(max(slope, 1e-300))


@njit(**OPTIONS)
def _pair_costs(rays, essential, weight, camera, person, n_seen, least, limit, cost):
    for i in range(n_seen):
        for j in range(i):
            cost[i, j] = cost[j, i] = np.nan
            a, b = camera[j], camera[i]
            if a == b:
                continue
            total, count = 0.0, 0
            for p in range(rays.shape[2]):
                ua, va = rays[a, person[j], p, 0], rays[a, person[j], p, 1]
                ub, vb = rays[b, person[i], p, 0], rays[b, person[i], p, 1]
                if np.isfinite(ua) and np.isfinite(va) and np.isfinite(ub) and np.isfinite(vb):
                    total += min(_miss(essential[a, b], weight[a], weight[b], ua, va, ub, vb), limit)
                    count += 1
            if count >= least:
                cost[i, j] = cost[j, i] = total / count


@njit(**OPTIONS)
def _joined(cost, group, one, other, camera, n_seen):
    """Mean cost between two groups; infinite where they share a camera or nothing to compare."""
    total, count = 0.0, 0
    for i in range(n_seen):
        if group[i] != one:
            continue
        for j in range(n_seen):
            if group[j] != other:
                continue
            if camera[i] == camera[j]:
                return np.inf
            if np.isfinite(cost[i, j]):
                total += cost[i, j]
                count += 1
    return total / count if count else np.inf


@njit(**OPTIONS)
def _detections(rays, least, camera, person, group):
    """List the detections of one frame that have points enough, each a group of its own."""
    n_seen = 0
    for c in range(rays.shape[0]):
        for k in range(rays.shape[1]):
            count = 0
            for p in range(rays.shape[2]):
                if np.isfinite(rays[c, k, p, 0]) and np.isfinite(rays[c, k, p, 1]):
                    count += 1
            if count >= least:
                camera[n_seen], person[n_seen], group[n_seen] = c, k, n_seen
                n_seen += 1
    return n_seen


@njit(**OPTIONS)
def nearest(table, n_rows, n_columns, limit):
    """Place of the least value below the limit, or (-1, -1)."""
    best, one, other = limit, -1, -1
    for i in range(n_rows):
        for j in range(n_columns):
            if table[i, j] < best:
                best, one, other = table[i, j], i, j
    return one, other


@njit(**OPTIONS)
def _join_groups(cost, linkage, camera, n_seen, accept, group):
    for i in range(n_seen):
        linkage[i, i] = np.inf
        for j in range(i):
            linkage[i, j] = linkage[j, i] = cost[i, j] if np.isfinite(cost[i, j]) else np.inf
    while True:
        other, one = nearest(linkage, n_seen, n_seen, accept)
        if one < 0:
            return
        for i in range(n_seen):
            if group[i] == other:
                group[i] = one
        for j in range(n_seen):
            linkage[other, j] = linkage[j, other] = np.inf
        for j in range(n_seen):
            if j != one and group[j] == j:
                linkage[one, j] = linkage[j, one] = _joined(cost, group, one, j, camera, n_seen)


@njit(**OPTIONS)
def group_frames(rays, essential, weight, least, limit, accept, answer):
    """Join the detections of every frame into people, closest first (average linkage, one detection per view).

    Parameters
    ----------
    rays : ndarray, shape (time, camera, person, point, 2)
        Ideal rays; NaN is missing.
    essential : ndarray, shape (camera, camera, 3, 3)
    weight : ndarray, shape (camera,)
        1 / focal length squared.
    least : int
        Points that two detections have to share.
    limit, accept : float
        Distances are truncated at the limit, and groups joined below the other, px.
    answer : ndarray of int, shape (time, camera, person)
        Group of each detection, or -1, written here.
    """
    n_frames, n_cameras, n_people = rays.shape[:3]
    most = n_cameras * n_people
    cost, linkage = np.empty((most, most)), np.empty((most, most))
    camera, person, group = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    for t in range(n_frames):
        for c in range(n_cameras):
            for k in range(n_people):
                answer[t, c, k] = -1
        n_seen = _detections(rays[t], least, camera, person, group)
        _pair_costs(rays[t], essential, weight, camera, person, n_seen, least, limit, cost)
        _join_groups(cost, linkage, camera, n_seen, accept, group)
        for i in range(n_seen):
            answer[t, camera[i], person[i]] = group[i]
