"""People in one frame after another: which detections of several views are one person, and who is who over time."""

import numpy as np
from numba import njit


@njit(cache=True)
def _miss(essential, weight_a, weight_b, ua, va, ub, vb):
    """Distance of two rays, px: as `calibration.triangulation.sampson_distance_px`."""
    lx = essential[0, 0] * ua + essential[0, 1] * va + essential[0, 2]
    ly = essential[1, 0] * ua + essential[1, 1] * va + essential[1, 2]
    lz = essential[2, 0] * ua + essential[2, 1] * va + essential[2, 2]
    mx = essential[0, 0] * ub + essential[1, 0] * vb + essential[2, 0]
    my = essential[0, 1] * ub + essential[1, 1] * vb + essential[2, 1]
    slope = (mx * mx + my * my) * weight_a + (lx * lx + ly * ly) * weight_b
    return abs(ub * lx + vb * ly + lz) / np.sqrt(max(slope, 1e-300))


@njit(cache=True)
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


@njit(cache=True)
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


@njit(cache=True)
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


@njit(cache=True)
def _nearest(table, n_rows, n_columns, limit):
    """Place of the least value below the limit, or (-1, -1)."""
    best, one, other = limit, -1, -1
    for i in range(n_rows):
        for j in range(n_columns):
            if table[i, j] < best:
                best, one, other = table[i, j], i, j
    return one, other


@njit(cache=True)
def _join_groups(cost, linkage, camera, n_seen, accept, group):
    for i in range(n_seen):
        linkage[i, i] = np.inf
        for j in range(i):
            linkage[i, j] = linkage[j, i] = cost[i, j] if np.isfinite(cost[i, j]) else np.inf
    while True:
        other, one = _nearest(linkage, n_seen, n_seen, accept)
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


@njit(cache=True)
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
    answer[:] = -1
    for t in range(n_frames):
        n_seen = _detections(rays[t], least, camera, person, group)
        _pair_costs(rays[t], essential, weight, camera, person, n_seen, least, limit, cost)
        _join_groups(cost, linkage, camera, n_seen, accept, group)
        for i in range(n_seen):
            answer[t, camera[i], person[i]] = group[i]


@njit(cache=True)
def _apart(points, other, space):
    """Median distance of the points that two bodies share, and how many they are: one point may be anywhere."""
    count = 0
    for p in range(points.shape[0]):
        distance = 0.0
        for axis in range(3):
            distance += (points[p, axis] - other[p, axis]) ** 2
        if np.isfinite(distance):
            place = count  # kept in order
            while place > 0 and space[place - 1] > distance:
                space[place] = space[place - 1]
                place -= 1
            space[place] = distance
            count += 1
    return (np.sqrt(space[count // 2]) if count else np.inf), count


@njit(cache=True)
def _passed_over(points, least, same, space, doubled):
    """Mark bodies with too few points, and those in the place of one that more views show."""
    for body in range(points.shape[0]):
        count = 0
        for p in range(points.shape[1]):
            if np.isfinite(points[body, p, 0]):
                count += 1
        doubled[body] = count < least
        for before in range(body):
            distance, count = _apart(points[body], points[before], space)
            if not doubled[before] and count >= least and distance < same:
                doubled[body] = True


@njit(cache=True)
def _forget(last, seen, track, n_active, oldest):
    kept = 0
    for a in range(n_active):
        if seen[a] >= oldest:
            last[kept], seen[kept], track[kept] = last[a], seen[a], track[a]
            kept += 1
    return kept


@njit(cache=True)
def link_frames(points, least, reach, per_frame, memory, same, answer):
    """Follow bodies through time: each goes on from the nearest of the last ones, closest pairs first.

    Parameters
    ----------
    points : ndarray, shape (time, body, point, 3)
        m; bodies seen by most views first, NaN where there is none.
    least : int
        Points that two bodies have to share.
    reach, per_frame : float
        Median distance that a body's points may move, m, and how much more for every frame that it was not seen.
    memory : int
        Frames after which a body that is not seen is another one.
    same : float
        Two bodies nearer to each other are one, whom a view shows twice: the one seen by fewer views is passed over.
    answer : ndarray of int, shape (time, body)
        Number of the track, or -1, written here.

    Returns
    -------
    int
        Number of tracks.
    """
    n_frames, n_bodies, n_points = points.shape[:3]
    n_active, n_tracks, most = 0, 0, 4 * n_bodies + 8
    last = np.full((most, n_points, 3), np.nan)
    seen, track = np.zeros(most, np.int64), np.zeros(most, np.int64)
    apart, space = np.empty((n_bodies, most)), np.empty(n_points)
    doubled = np.zeros(n_bodies, np.bool_)
    answer[:] = -1
    for t in range(n_frames):
        n_active = _forget(last, seen, track, n_active, t - memory)
        _passed_over(points[t], least, same, space, doubled)
        for body in range(n_bodies):
            for a in range(n_active):
                distance, count = _apart(points[t, body], last[a], space)
                gate = reach + per_frame * (t - seen[a] - 1)
                near = not doubled[body] and count >= least and distance < gate
                apart[body, a] = distance if near else np.inf
        while True:
            body, a = _nearest(apart, n_bodies, n_active, np.inf)
            if body < 0:
                break
            answer[t, body], seen[a] = track[a], t
            for p in range(n_points):
                if np.isfinite(points[t, body, p, 0]):
                    last[a, p] = points[t, body, p]
            apart[body, :] = np.inf
            apart[:, a] = np.inf
        for body in range(n_bodies):
            if answer[t, body] >= 0 or doubled[body]:
                continue
            place = n_active if n_active < most else int(np.argmin(seen[:n_active]))
            n_active = min(n_active + 1, most)  # the one not seen for longest makes room
            last[place], seen[place], track[place] = points[t, body], t, n_tracks
            answer[t, body] = n_tracks
            n_tracks += 1
    return n_tracks


@njit(cache=True)
def _distances(projected, pixels, least, limit, cost):
    """Mean truncated distance of every detection from every track, (track, person); infinite for too few points."""
    for track in range(projected.shape[0]):
        for k in range(pixels.shape[0]):
            total, count = 0.0, 0
            for p in range(pixels.shape[1]):
                du = projected[track, p, 0] - pixels[k, p, 0]
                square = du * du + (projected[track, p, 1] - pixels[k, p, 1]) ** 2
                if np.isfinite(square):
                    total += min(np.sqrt(square), limit)
                    count += 1
            cost[track, k] = total / count if count >= least else np.inf


@njit(cache=True)
def _second_best(cost, answer, second):
    for track in range(cost.shape[0]):
        chosen = answer[track]
        for k in range(cost.shape[1]):
            if k != chosen:
                second[track] = min(second[track], cost[track, k])
        for rival in range(cost.shape[0]):
            if chosen >= 0 and rival != track:
                second[track] = min(second[track], cost[rival, chosen])


@njit(cache=True)
def claim_views(projected, pixels, least, limit, claim, answer, own, second):
    """Give every track at most one detection of one view, closest first.

    Parameters
    ----------
    projected : ndarray, shape (track, time, point, 2)
        Where the bodies are in the image, px.
    pixels : ndarray, shape (time, person, point, 2)
    least : int
        Points to be compared.
    limit, claim : float
        Distances are truncated at the limit; what is farther than the other on average is nobody's.
    answer : ndarray of int, shape (track, time)
        Detection, or -1, written here.
    own, second : ndarray, shape (track, time)
        Distance of that detection, and of the next best one or of the next track to the same one, whichever is
        less; infinite where there is none. Written here.
    """
    n_tracks, n_frames = answer.shape
    n_people = pixels.shape[1]
    cost, free = np.empty((n_tracks, n_people)), np.empty((n_tracks, n_people))
    for t in range(n_frames):
        _distances(projected[:, t], pixels[t], least, limit, cost)
        free[:] = cost
        answer[:, t], own[:, t], second[:, t] = -1, np.inf, np.inf
        while True:
            track, k = _nearest(free, n_tracks, n_people, claim)
            if track < 0:
                break
            answer[track, t], own[track, t] = k, cost[track, k]
            free[track, :] = np.inf
            free[:, k] = np.inf
        _second_best(cost, answer[:, t], second[:, t])
