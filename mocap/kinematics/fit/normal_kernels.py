"""Residuals of markers and joint limits with their exact derivatives, and the normal equations of each frame, compiled.

Unknowns of a frame: place of the root (3), then the turn of each segment (3, rotation vector in the world). A marker
sits at root + sum of levers, one lever for each segment of its chain, turned by that segment alone.
"""

import numpy as np
from numba import njit

MAX_CHAIN = 8
FAR_SD = 6.0


@njit(cache=True, nogil=True, error_model="numpy")
def turned_into(rotation, vector, answer):
    """Write rotation @ vector."""
    for i in range(3):
        answer[i] = rotation[i, 0] * vector[0] + rotation[i, 1] * vector[1] + rotation[i, 2] * vector[2]


@njit(cache=True, nogil=True, error_model="numpy")
def levers_of(rotations, parent, offset, segment, place, chain, levers):
    """Write the segments of a point's chain, its own first, and their levers in the world; return how many."""
    chain[0] = segment
    turned_into(rotations[segment], place, levers[0])
    count = 1
    while parent[segment] >= 0:
        above = parent[segment]
        chain[count] = above
        turned_into(rotations[above], offset[segment], levers[count])
        segment = above
        count += 1
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def inverse3(matrix, answer):
    """Write the inverse of a symmetric 3x3 matrix."""
    a, b, c = matrix[0, 0], matrix[0, 1], matrix[0, 2]
    d, e, f = matrix[1, 1], matrix[1, 2], matrix[2, 2]
    p, q, r = d * f - e * e, c * e - b * f, b * e - c * d
    near = 1.0 / (a * p + b * q + c * r)
    answer[0, 0], answer[0, 1], answer[0, 2] = p * near, q * near, r * near
    answer[1, 0], answer[1, 1], answer[1, 2] = q * near, (a * f - c * c) * near, (b * c - a * e) * near
    answer[2, 0], answer[2, 1], answer[2, 2] = r * near, (b * c - a * e) * near, (a * d - b * b) * near


@njit(cache=True, nogil=True, error_model="numpy")
def invert_all(covariance, extra, weights):
    """Write the inverses of covariance (time, marker, 3, 3) + extra (time, marker) on the diagonal."""
    work = np.empty((3, 3))
    for t in range(covariance.shape[0]):
        for m in range(covariance.shape[1]):
            for i in range(3):
                for j in range(3):
                    work[i, j] = covariance[t, m, i, j]
                work[i, i] += extra[t, m]
            inverse3(work, weights[t, m])


@njit(cache=True, nogil=True, error_model="numpy")
def _add_marker(chain, levers, count, weight, residual, block, right):
    """Add one marker: J' W J into the lower triangle of `block`, J' W r into `right`; return its cost."""
    pull = np.empty(3)
    turned_into(weight, residual, pull)
    cost = residual[0] * pull[0] + residual[1] * pull[1] + residual[2] * pull[2]
    if cost > FAR_SD * FAR_SD:
        # Huber: what is far off pulls no harder than what is not quite so far.
        distance = np.sqrt(cost)
        cost = FAR_SD * (2.0 * distance - FAR_SD)
        weight = weight * (FAR_SD / distance)
        for i in range(3):
            pull[i] *= FAR_SD / distance
    for i in range(3):
        right[i] += pull[i]
        for j in range(i + 1):
            block[i, j] += weight[i, j]
    column, pushed = np.empty(3), np.empty(3)
    for k in range(count):
        a = levers[k]
        at = 3 + 3 * chain[k]
        right[at] += a[1] * pull[2] - a[2] * pull[1]
        right[at + 1] += a[2] * pull[0] - a[0] * pull[2]
        right[at + 2] += a[0] * pull[1] - a[1] * pull[0]
        for c in range(3):
            # A small turn about axis c moves the marker by e_c x lever.
            if c == 0:
                column[0], column[1], column[2] = 0.0, -a[2], a[1]
            elif c == 1:
                column[0], column[1], column[2] = a[2], 0.0, -a[0]
            else:
                column[0], column[1], column[2] = -a[1], a[0], 0.0
            turned_into(weight, column, pushed)
            for i in range(3):
                block[at + c, i] += pushed[i]
            for j in range(k, count):
                # The rest of the chain lies nearer to the root: its columns come first.
                b = levers[j]
                to = 3 + 3 * chain[j]
                block[at + c, to] += b[1] * pushed[2] - b[2] * pushed[1]
                block[at + c, to + 1] += b[2] * pushed[0] - b[0] * pushed[2]
                block[at + c, to + 2] += b[0] * pushed[1] - b[1] * pushed[0]
    return cost


@njit(cache=True, nogil=True, error_model="numpy")
def add_markers(root, rotations, parent, offset, segment, place, measured, weights, blocks, right, residuals):
    """Add all markers of all frames and return their cost; `residuals` (time, marker, 3): measured minus modelled."""
    cost = 0.0
    chain = np.empty(MAX_CHAIN, np.int64)
    levers = np.empty((MAX_CHAIN, 3))
    residual = np.empty(3)
    for t in range(len(root)):
        for m in range(len(segment)):
            if not np.isfinite(measured[t, m, 0]):
                residuals[t, m] = np.nan
                continue
            count = levers_of(rotations[t], parent, offset, segment[m], place[m], chain, levers)
            for i in range(3):
                value = measured[t, m, i] - root[t, i]
                for k in range(count):
                    value -= levers[k, i]
                residual[i] = value
                residuals[t, m, i] = value
            cost += _add_marker(chain, levers, count, weights[t, m], residual, blocks[t], right[t])
    return cost


@njit(cache=True, nogil=True, error_model="numpy")
def add_limits(rotations, parent, low, high, sd, blocks, right):
    """Add the joints beyond their limits, low, high (segment, 3) of Rz(a) Rx(b) Ry(g), rad, and return their cost."""
    cost = 0.0
    relative, row, world = np.empty((3, 3)), np.empty(3), np.empty(3)
    angle = np.empty(3)
    for t in range(len(rotations)):
        for s in range(len(parent)):
            if parent[s] < 0:
                continue
            upper, lower = rotations[t, parent[s]], rotations[t, s]
            for i in range(3):
                for j in range(3):
                    relative[i, j] = (
                        upper[0, i] * lower[0, j] + upper[1, i] * lower[1, j] + upper[2, i] * lower[2, j]
                    )
            sine = min(max(relative[2, 1], -1.0), 1.0)
            angle[0] = np.arctan2(-relative[0, 1], relative[1, 1])
            angle[1] = np.arcsin(sine)
            angle[2] = np.arctan2(-relative[2, 0], relative[2, 2])
            cosine = np.sqrt(1.0 - sine * sine)
            if cosine < 0.2:
                continue
            for which in range(3):
                beyond = angle[which] - min(max(angle[which], low[s, which]), high[s, which])
                if beyond == 0.0:
                    continue
                _limit_row(which, angle[0], sine, cosine, row)
                turned_into(upper, row, world)
                _add_limit(s, parent[s], world, beyond, sd, blocks[t], right[t])
                cost += (beyond / sd) ** 2
    return cost


@njit(cache=True, nogil=True, error_model="numpy")
def _limit_row(which, a, sine, cosine, row):
    """Write how an angle of Rz(a) Rx(b) Ry(g) changes with a small turn of the distal segment, proximal axes."""
    if which == 1:
        row[0], row[1], row[2] = np.cos(a), np.sin(a), 0.0
    else:
        row[0], row[1], row[2] = -np.sin(a) / cosine, np.cos(a) / cosine, 0.0
        if which == 0:
            row[0], row[1], row[2] = -sine * row[0], -sine * row[1], 1.0


@njit(cache=True, nogil=True, error_model="numpy")
def _add_limit(distal, proximal, world, beyond, sd, block, right):
    near = 1.0 / (sd * sd)
    d, p = 3 + 3 * distal, 3 + 3 * proximal
    for i in range(3):
        right[d + i] -= near * beyond * world[i]
        right[p + i] += near * beyond * world[i]
        for j in range(3):
            square = near * world[i] * world[j]
            if j <= i:
                block[d + i, d + j] += square
                block[p + i, p + j] += square
            block[d + i, p + j] -= square


@njit(cache=True, nogil=True, error_model="numpy")
def log_between(later, earlier, answer):
    """Write the rotation vector (world) of later @ earlier'."""
    m = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            m[i, j] = later[i, 0] * earlier[j, 0] + later[i, 1] * earlier[j, 1] + later[i, 2] * earlier[j, 2]
    x, y, z = 0.5 * (m[2, 1] - m[1, 2]), 0.5 * (m[0, 2] - m[2, 0]), 0.5 * (m[1, 0] - m[0, 1])
    sine = np.sqrt(x * x + y * y + z * z)
    angle = np.arctan2(sine, 0.5 * (m[0, 0] + m[1, 1] + m[2, 2] - 1.0))
    scale = angle / sine if sine > 1e-9 else 1.0
    answer[0], answer[1], answer[2] = scale * x, scale * y, scale * z


@njit(cache=True, nogil=True, error_model="numpy")
def add_prior(root, rotations, weight, right):
    """Add to `right` the pull of the second differences of place and turns, all (time, n), and return their cost."""
    n_frames, n_segments = len(root), rotations.shape[1]
    n = 3 + 3 * n_segments
    before, after, bend = np.empty(3), np.empty(3), np.empty(n)
    cost = 0.0
    for t in range(1, n_frames - 1):
        for i in range(3):
            bend[i] = root[t + 1, i] - 2.0 * root[t, i] + root[t - 1, i]
        for s in range(n_segments):
            log_between(rotations[t + 1, s], rotations[t, s], after)
            log_between(rotations[t, s], rotations[t - 1, s], before)
            for i in range(3):
                bend[3 + 3 * s + i] = after[i] - before[i]
        for i in range(n):
            pull = weight[t, i] * bend[i]
            cost += pull * bend[i]
            right[t - 1, i] -= pull
            right[t, i] += 2.0 * pull
            right[t + 1, i] -= pull
    return cost


@njit(cache=True, nogil=True, error_model="numpy")
def apply_step(root, rotations, step):
    """Move place and turns by a step (time, n), in place; return the largest turn or move of it."""
    largest = 0.0
    turn, old = np.empty((3, 3)), np.empty((3, 3))
    for t in range(len(root)):
        for i in range(3):
            root[t, i] += step[t, i]
            largest = max(largest, abs(step[t, i]))
        for s in range(rotations.shape[1]):
            x, y, z = step[t, 3 + 3 * s], step[t, 4 + 3 * s], step[t, 5 + 3 * s]
            largest = max(largest, abs(x), abs(y), abs(z))
            _turn_by(x, y, z, turn)
            old[:] = rotations[t, s]
            for i in range(3):
                for j in range(3):
                    rotations[t, s, i, j] = turn[i, 0] * old[0, j] + turn[i, 1] * old[1, j] + turn[i, 2] * old[2, j]
    return largest


@njit(cache=True, nogil=True, error_model="numpy")
def _turn_by(x, y, z, turn):
    """Write the rotation matrix of a rotation vector (Rodrigues)."""
    square = x * x + y * y + z * z
    angle = np.sqrt(square)
    first = np.sin(angle) / angle if angle > 1e-8 else 1.0
    second = (1.0 - np.cos(angle)) / square if angle > 1e-4 else 0.5
    turn[0, 0], turn[1, 1], turn[2, 2] = (
        1.0 - second * (y * y + z * z), 1.0 - second * (x * x + z * z), 1.0 - second * (x * x + y * y)
    )  # fmt: skip
    turn[0, 1], turn[1, 0] = second * x * y - first * z, second * x * y + first * z
    turn[0, 2], turn[2, 0] = second * x * z + first * y, second * x * z - first * y
    turn[1, 2], turn[2, 1] = second * y * z - first * x, second * y * z + first * x
