"""Who is who over time: bodies followed from frame to frame, and detections claimed by the bodies that project on them.

Arrays are set element by element: a slice set to an array compiles the words of an error for seconds.
"""

import numpy as np
from numba import njit

from mocap.keypoints.tracks_kernels import OPTIONS, nearest


@njit(**OPTIONS)
def _apart(points, other, space):
    """Median squared distance of the points that two bodies share, and how many they are: one point may be anywhere."""
    count = 0
    for p in range(points.shape[0]):
        square = 0.0
        for axis in range(3):
            square += (points[p, axis] - other[p, axis]) ** 2
        if np.isfinite(square):
            place = count  # kept in order
            while place > 0 and space[place - 1] > square:
                space[place] = space[place - 1]
                place -= 1
            space[place] = square
            count += 1
    return (space[count // 2] if count else np.inf), count


@njit(**OPTIONS)
def _passed_over(points, least, same, space, doubled):
    """Mark bodies with too few points, and those in the place of one that more views show."""
    for body in range(points.shape[0]):
        count = 0
        for p in range(points.shape[1]):
            if np.isfinite(points[body, p, 0]):
                count += 1
        doubled[body] = count < least
        for before in range(body):
            square, count = _apart(points[body], points[before], space)
            if not doubled[before] and count >= least and square < same * same:
                doubled[body] = True


@njit(**OPTIONS)
def _taken_over(source, target, known_alone):
    """Set the points of a body to those of another: all of them, or those that are known."""
    for p in range(source.shape[0]):
        if not known_alone or np.isfinite(source[p, 0]):
            for axis in range(3):
                target[p, axis] = source[p, axis]


@njit(**OPTIONS)
def _forget(last, seen, track, n_active, oldest):
    """Drop bodies that were last seen too long ago; how many are left."""
    kept = 0
    for a in range(n_active):
        if seen[a] >= oldest:
            _taken_over(last[a], last[kept], False)
            seen[kept], track[kept] = seen[a], track[a]
            kept += 1
    return kept


@njit(**OPTIONS)
def _place_for_another(seen, n_active):
    """Where a new body goes: the one not seen for longest makes room."""
    if n_active < len(seen):
        return n_active
    place = 0
    for a in range(n_active):
        if seen[a] < seen[place]:
            place = a
    return place


@njit(**OPTIONS)
def _taken(table, n_rows, n_columns, row, column):
    """Make a row and a column infinite."""
    for i in range(n_rows):
        table[i, column] = np.inf
    for j in range(n_columns):
        table[row, j] = np.inf


@njit(**OPTIONS)
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
    most = 4 * n_bodies + 8
    n_active, n_tracks = np.int64(0), np.int64(0)
    last = np.empty((most, n_points, 3))
    seen, track = np.zeros(most, np.int64), np.zeros(most, np.int64)
    apart, space = np.empty((n_bodies, most)), np.empty(n_points)
    doubled = np.zeros(n_bodies, np.bool_)
    for t in range(n_frames):
        n_active = _forget(last, seen, track, n_active, t - memory)
        _passed_over(points[t], least, same, space, doubled)
        for body in range(n_bodies):
            answer[t, body] = -1
            for a in range(n_active):
                square, count = _apart(points[t, body], last[a], space)
                distance = np.sqrt(square)
                gate = reach + per_frame * (t - seen[a] - 1)
                near = not doubled[body] and count >= least and distance < gate
                apart[body, a] = distance if near else np.inf
        while True:
            body, a = nearest(apart, n_bodies, n_active, np.inf)
            if body < 0:
                break
            answer[t, body], seen[a] = track[a], t
            _taken_over(points[t, body], last[a], True)
            _taken(apart, n_bodies, n_active, body, a)
        for body in range(n_bodies):
            if answer[t, body] < 0 and not doubled[body]:
                place = _place_for_another(seen, n_active)
                n_active = max(n_active, place + 1)
                _taken_over(points[t, body], last[place], False)
                seen[place], track[place], answer[t, body] = t, n_tracks, n_tracks
                n_tracks += 1
    return n_tracks


@njit(**OPTIONS)
def _distances(projected, pixels, t, least, limit, cost, free):
    """Mean truncated distance of every detection from every track, (track, person); infinite for too few points."""
    for track in range(projected.shape[0]):
        for k in range(pixels.shape[1]):
            total, count = 0.0, 0
            for p in range(pixels.shape[2]):
                du = projected[track, t, p, 0] - pixels[t, k, p, 0]
                dv = projected[track, t, p, 1] - pixels[t, k, p, 1]
                square = du * du + dv * dv
                if np.isfinite(square):
                    total += min(np.sqrt(square), limit)
                    count += 1
            cost[track, k] = total / count if count >= least else np.inf
            free[track, k] = cost[track, k]


@njit(**OPTIONS)
def _second_best(cost, t, answer, second):
    for track in range(cost.shape[0]):
        chosen = answer[track, t]
        for k in range(cost.shape[1]):
            if k != chosen:
                second[track, t] = min(second[track, t], cost[track, k])
        for rival in range(cost.shape[0]):
            if chosen >= 0 and rival != track:
                second[track, t] = min(second[track, t], cost[rival, chosen])


@njit(**OPTIONS)
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
        _distances(projected, pixels, t, least, limit, cost, free)
        for track in range(n_tracks):
            answer[track, t], own[track, t], second[track, t] = -1, np.inf, np.inf
        while True:
            track, k = nearest(free, n_tracks, n_people, claim)
            if track < 0:
                break
            answer[track, t], own[track, t] = k, cost[track, k]
            _taken(free, n_tracks, n_people, track, k)
        _second_best(cost, t, answer, second)
