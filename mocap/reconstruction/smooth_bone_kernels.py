"""What couples keypoints while they are smoothed: bones that keep their length, compiled.

Vectors are (group, time + PAD, 3, LANES); `ends` (bone, 4) holds group and lane of both ends of each bone. What works
on frames one by one does so from `start` to `stop`, so that several threads share them.
"""

import numpy as np
from numba import njit

_OPTIONS = {"cache": True, "nogil": True, "error_model": "numpy", "fastmath": {"contract", "reassoc", "arcp", "nsz"}}


@njit(**_OPTIONS)
def bone_lines(position, ends, apart, alive, every, direction, length, start, stop):
    """Length and direction of every bone in every so many frames; zero where an end is missing.

    Parameters
    ----------
    position : float64, shape (group, time + PAD, 3, LANES)
    ends : int64, shape (bone, 4)
    apart : float64, shape (bone, 3)
        Middle of the second end minus that of the first: positions count from there.
    alive : bool, shape (group, time + PAD, LANES)
    direction : float64, shape (rows, bone, 3)
    length : float64, shape (rows, bone)
        A row for every so many frames, filled from `start` to `stop`.
    """
    for row in range(start, stop):
        t = row * every
        for b in range(ends.shape[0]):
            g, p, h, q = ends[b]
            if not (alive[g, t, p] and alive[h, t, q]):
                direction[row, b, :] = 0.0
                length[row, b] = 0.0
                continue
            x = position[h, t, 0, q] - position[g, t, 0, p] + apart[b, 0]
            y = position[h, t, 1, q] - position[g, t, 1, p] + apart[b, 1]
            z = position[h, t, 2, q] - position[g, t, 2, p] + apart[b, 2]
            long = np.sqrt(x * x + y * y + z * z)
            near = 1.0 / long if long > 1e-9 else 0.0
            direction[row, b, 0], direction[row, b, 1], direction[row, b, 2] = x * near, y * near, z * near
            length[row, b] = long


@njit(**_OPTIONS)
def bone_forces(ends, direction, pull, result, start, stop):
    """Add to `result` what each bone does to its ends: `pull`, shape (time, bone), along its direction."""
    for t in range(start, stop):
        for b in range(ends.shape[0]):
            g, p, h, q = ends[b]
            for axis in range(3):
                force = pull[t, b] * direction[t, b, axis]
                result[h, t, axis, q] += force
                result[g, t, axis, p] -= force


@njit(**_OPTIONS)
def bone_product(ends, direction, weight, vector, result, start, stop):
    """Take the bones' part of the system times a vector away from `result`."""
    for t in range(start, stop):
        for b in range(ends.shape[0]):
            g, p, h, q = ends[b]
            along = 0.0
            for axis in range(3):
                along += direction[t, b, axis] * (vector[h, t, axis, q] - vector[g, t, axis, p])
            along *= weight[b]
            for axis in range(3):
                result[h, t, axis, q] -= along * direction[t, b, axis]
                result[g, t, axis, p] += along * direction[t, b, axis]


@njit(**_OPTIONS)
def bone_blocks(ends, direction, first, second, info, start, stop):
    """Add to `info`, (group, time + PAD, 6, LANES), what a bone says of each end along itself.

    Parameters
    ----------
    first, second : float64, shape (time, bone)
        Information about the first and the second end.
    """
    for t in range(start, stop):
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
def variance_along(ends, direction, info, every, first, second, start, stop):
    """Variance along each bone of its two ends by their own information alone; infinite where there is none.

    `direction`, `first` and `second` have a row for every so many frames; they are filled from `start` to `stop`.
    """
    for row in range(start, stop):
        t = row * every
        for b in range(ends.shape[0]):
            x, y, z = direction[row, b]
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
                    first[row, b] = value
                else:
                    second[row, b] = value


@njit(**_OPTIONS)
def spread_along(ends, direction, variance, every, result):
    """Sum the variances of both ends along each bone, from those of their axes (group, time + PAD, 3, LANES).

    `direction` and `result`, shape (rows, bone), have a row for every so many frames.
    """
    for row in range(result.shape[0]):
        t = row * every
        for b in range(ends.shape[0]):
            total = 0.0
            for end in range(2):
                g, p = ends[b, 2 * end], ends[b, 2 * end + 1]
                for axis in range(3):
                    total += direction[row, b, axis] ** 2 * variance[g, t, axis, p]
            result[row, b] = total


@njit(**_OPTIONS)
def correlation_frames(series, most):
    """Return over how many frames a deviation lasts: the sum of its autocorrelation up to where it ends.

    Parameters
    ----------
    series : float64, shape (time,)
        Deviations from the middle.
    most : int
        Lags are shorter.
    """
    power = 0.0
    for t in range(series.size):
        power += series[t] * series[t]
    total = 1.0
    for lag in range(1, most):
        both = 0.0
        for t in range(series.size - lag):
            both += series[t] * series[t + lag]
        if not both > 0.05 * power:
            break
        total += 2.0 * both / power
    return total
