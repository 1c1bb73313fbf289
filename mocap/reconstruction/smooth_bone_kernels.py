"""What couples keypoints while they are smoothed: bones that keep their length, compiled.

Vectors are (group, time + PAD, 3, LANES); `ends` (bone, 4) holds group and lane of both ends of each bone.
"""

import numpy as np
from numba import njit

_OPTIONS = {"cache": True, "nogil": True, "error_model": "numpy", "fastmath": {"contract", "reassoc", "arcp", "nsz"}}


@njit(**_OPTIONS)
def bone_lines(position, ends, apart, alive, direction, length):
    """Length and direction of every bone in every frame; zero where an end is missing.

    Parameters
    ----------
    position : float64, shape (group, time + PAD, 3, LANES)
    ends : int64, shape (bone, 4)
    apart : float64, shape (bone, 3)
        Middle of the second end minus that of the first: positions count from there.
    alive : bool, shape (group, time + PAD, LANES)
    direction : float64, shape (time, bone, 3)
    length : float64, shape (time, bone)
    """
    for t in range(direction.shape[0]):
        for b in range(ends.shape[0]):
            g, p, h, q = ends[b]
            if not (alive[g, t, p] and alive[h, t, q]):
                direction[t, b, :] = 0.0
                length[t, b] = 0.0
                continue
            x = position[h, t, 0, q] - position[g, t, 0, p] + apart[b, 0]
            y = position[h, t, 1, q] - position[g, t, 1, p] + apart[b, 1]
            z = position[h, t, 2, q] - position[g, t, 2, p] + apart[b, 2]
            long = np.sqrt(x * x + y * y + z * z)
            near = 1.0 / long if long > 1e-9 else 0.0
            direction[t, b, 0], direction[t, b, 1], direction[t, b, 2] = x * near, y * near, z * near
            length[t, b] = long


@njit(**_OPTIONS)
def bone_forces(ends, direction, pull, result):
    """Add to `result` what each bone does to its ends: `pull`, shape (time, bone), along its direction."""
    for t in range(direction.shape[0]):
        for b in range(ends.shape[0]):
            g, p, h, q = ends[b]
            for axis in range(3):
                force = pull[t, b] * direction[t, b, axis]
                result[h, t, axis, q] += force
                result[g, t, axis, p] -= force


@njit(**_OPTIONS)
def bone_product(ends, direction, weight, vector, result):
    """Add the bones' part of the system times a vector."""
    for t in range(direction.shape[0]):
        for b in range(ends.shape[0]):
            g, p, h, q = ends[b]
            along = 0.0
            for axis in range(3):
                along += direction[t, b, axis] * (vector[h, t, axis, q] - vector[g, t, axis, p])
            along *= weight[b]
            for axis in range(3):
                result[h, t, axis, q] += along * direction[t, b, axis]
                result[g, t, axis, p] -= along * direction[t, b, axis]


@njit(**_OPTIONS)
def bone_blocks(ends, direction, first, second, info):
    """Add to `info`, (group, time + PAD, 6, LANES), what a bone says of each end along itself.

    Parameters
    ----------
    first, second : float64, shape (time, bone)
        Information about the first and the second end.
    """
    for t in range(direction.shape[0]):
        for b in range(ends.shape[0]):
            g, p, h, q = ends[b]
            term = 0
            for row in range(3):
                for column in range(row, 3):
                    square = direction[t, b, row] * direction[t, b, column]
                    info[g, t, term, p] += first[t, b] * square
                    info[h, t, term, q] += second[t, b] * square
                    term += 1


@njit(**_OPTIONS)
def variance_along(ends, direction, info, first, second):
    """Variance along each bone of its two ends by their own information alone; infinite where there is none."""
    for t in range(direction.shape[0]):
        for b in range(ends.shape[0]):
            x, y, z = direction[t, b]
            for end in range(2):
                g, p = ends[b, 2 * end], ends[b, 2 * end + 1]
                xx, xy, xz = info[g, t, 0, p], info[g, t, 1, p], info[g, t, 2, p]
                yy, yz, zz = info[g, t, 3, p], info[g, t, 4, p], info[g, t, 5, p]
                a, c, e = yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy
                det = xx * a + xy * c + xz * e
                value = np.inf
                if det > 1e-12 * xx * yy * zz:
                    value = x * x * a + y * y * (xx * zz - xz * xz) + z * z * (xx * yy - xy * xy)
                    value += 2.0 * (x * y * c + x * z * e + y * z * (xy * xz - xx * yz))
                    value /= det
                if end == 0:
                    first[t, b] = value
                else:
                    second[t, b] = value


@njit(**_OPTIONS)
def system_product(info, terms, stiffness, vector, result):
    """Multiply one group's system, without bones, by a vector (time + PAD, 3, LANES).

    `terms` is (time + PAD, 4, LANES), `stiffness` (3, LANES).
    """
    n_frames, n_lanes = info.shape[0], info.shape[2]
    for t in range(n_frames):
        for p in range(n_lanes):
            x, y, z = vector[t, 0, p], vector[t, 1, p], vector[t, 2, p]
            result[t, 0, p] = info[t, 0, p] * x + info[t, 1, p] * y + info[t, 2, p] * z
            result[t, 1, p] = info[t, 1, p] * x + info[t, 3, p] * y + info[t, 4, p] * z
            result[t, 2, p] = info[t, 2, p] * x + info[t, 4, p] * y + info[t, 5, p] * z
    for t in range(n_frames - 3):
        for axis in range(3):
            for p in range(n_lanes):
                result[t, axis, p] += stiffness[axis, p] * terms[t, 0, p] * vector[t, axis, p]
            for lag in range(1, 4):
                for p in range(n_lanes):
                    tied = stiffness[axis, p] * terms[t, lag, p]
                    result[t, axis, p] += tied * vector[t + lag, axis, p]
                    result[t + lag, axis, p] += tied * vector[t, axis, p]


@njit(**_OPTIONS)
def inner(first, second):
    """Return the inner product of two vectors; that of BLAS wakes threads which others of ours need."""
    total = 0.0
    a, b = first.reshape(-1), second.reshape(-1)
    for i in range(a.size):
        total += a[i] * b[i]
    return total


@njit(**_OPTIONS)
def spread_along(ends, direction, covariance, result):
    """Sum the variances of both ends along each bone, from covariances (group, time + PAD, 6, LANES)."""
    for t in range(direction.shape[0]):
        for b in range(ends.shape[0]):
            x, y, z = direction[t, b]
            total = 0.0
            for end in range(2):
                g, p = ends[b, 2 * end], ends[b, 2 * end + 1]
                c = covariance[g, t]
                total += x * x * c[0, p] + y * y * c[3, p] + z * z * c[5, p]
                total += 2.0 * (x * y * c[1, p] + x * z * c[2, p] + y * z * c[4, p])
            result[t, b] = total
