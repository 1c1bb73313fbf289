"""What the smoother does sample by sample, compiled; arrays are laid out as `smooth_kernels` says, not flat."""

import numpy as np
from numba import njit

_PLAIN = {"cache": True, "nogil": True, "error_model": "numpy"}
# Sums may be taken in another order; what asks for NaN may not (x - x would become 0).
_OPTIONS = {**_PLAIN, "fastmath": {"contract", "reassoc", "arcp", "nsz"}}


@njit(**_OPTIONS)
def _inverse(xx, xy, xz, yy, yz, zz):
    """Return the six terms of the inverse of a symmetric matrix."""
    a, b, c = yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy
    near = 1.0 / (xx * a + xy * b + xz * c)
    return a * near, b * near, c * near, (xx * zz - xz * xz) * near, (xy * xz - xx * yz) * near, (
        xx * yy - xy * xy
    ) * near


@njit(**_PLAIN)
def load_lane(position, covariance, centre, unit, lane, value, info):
    """Put one keypoint into its lane, about its centre and in its unit; NaN positions become information of zero.

    Parameters
    ----------
    position : float64, shape (time, 3)
    covariance : float32 or float64, shape (time, 3, 3)
    centre : float64, shape (3,)
    unit : float
    lane : int
    value : float64, shape (time or more, 3, LANES)
    info : float64, shape (time or more, 6, LANES)
    """
    scale = unit * unit
    for t in range(position.shape[0]):
        if not np.isfinite(position[t, 0] + position[t, 1] + position[t, 2]):
            continue
        c = covariance[t]
        terms = _inverse(
            np.float64(c[0, 0]), np.float64(c[0, 1]), np.float64(c[0, 2]),
            np.float64(c[1, 1]), np.float64(c[1, 2]), np.float64(c[2, 2]),
        )  # fmt: skip
        for axis in range(3):
            value[t, axis, lane] = (position[t, axis] - centre[axis]) / unit
        for term in range(6):
            info[t, term, lane] = terms[term] * scale


@njit(**_OPTIONS)
def weigh(info, value, result):
    """Multiply each value by its information."""
    for t in range(info.shape[0]):
        for p in range(info.shape[2]):
            x, y, z = value[t, 0, p], value[t, 1, p], value[t, 2, p]
            result[t, 0, p] = info[t, 0, p] * x + info[t, 1, p] * y + info[t, 2, p] * z
            result[t, 1, p] = info[t, 1, p] * x + info[t, 3, p] * y + info[t, 4, p] * z
            result[t, 2, p] = info[t, 2, p] * x + info[t, 4, p] * y + info[t, 5, p] * z


@njit(**_OPTIONS)
def marginal_precision(info, result):
    """Inverse of each axis' own variance, (time, 3, LANES), the others being unknown; zero where there is none."""
    for t in range(info.shape[0]):
        for p in range(info.shape[2]):
            xx, xy, xz = info[t, 0, p], info[t, 1, p], info[t, 2, p]
            yy, yz, zz = info[t, 3, p], info[t, 4, p], info[t, 5, p]
            a, b, c = yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy
            det = xx * a + xy * b + xz * c
            there = det > 0.0
            result[t, 0, p] = det / a if there else 0.0
            result[t, 1, p] = det / (xx * zz - xz * xz) if there else 0.0
            result[t, 2, p] = det / (xx * yy - xy * xy) if there else 0.0


@njit(**_PLAIN)
def lopsided(covariance, share, result):
    """Tell in which covariances, (time, keypoint, 3, 3), a direction may have less than `share` of the largest one.

    The trace of the inverse is at most three over the smallest variance: some with a little more are told too.
    """
    for t in range(covariance.shape[0]):
        for k in range(covariance.shape[1]):
            c = covariance[t, k]
            trace = c[0, 0] + c[1, 1] + c[2, 2]
            one = c[1, 1] * c[2, 2] - c[1, 2] * c[1, 2]
            two = c[0, 0] * c[2, 2] - c[0, 2] * c[0, 2]
            three = c[0, 0] * c[1, 1] - c[0, 1] * c[0, 1]
            across, along = c[0, 2] * c[1, 2] - c[0, 1] * c[2, 2], c[0, 1] * c[1, 2] - c[0, 2] * c[1, 1]
            det = c[0, 0] * one + c[0, 1] * across + c[0, 2] * along
            # A small determinant is rounding: what it says holds only well above that.
            sound = det > 1e-12 * trace * trace * trace and one > 0.0 and two > 0.0 and three > 0.0
            result[t, k] = not (sound and det > share * trace * (one + two + three))


@njit(**_OPTIONS)
def farthest_move(info, value, position, result, squares):
    """By lane: distance of the sample moved farthest over the root of its summed variances; sum of all misfits."""
    result[:] = 0.0
    squares[:] = 0.0
    for t in range(info.shape[0]):
        for p in range(info.shape[2]):
            if not info[t, 0, p] > 0.0:
                continue
            own = _inverse(info[t, 0, p], info[t, 1, p], info[t, 2, p], info[t, 3, p], info[t, 4, p], info[t, 5, p])
            x, y, z = (value[t, 0, p] - position[t, 0, p], value[t, 1, p] - position[t, 1, p],
                       value[t, 2, p] - position[t, 2, p])  # fmt: skip
            result[p] = max(result[p], (x * x + y * y + z * z) / (own[0] + own[3] + own[5]))
            squares[p] += x * (info[t, 0, p] * x + 2.0 * (info[t, 1, p] * y + info[t, 2, p] * z))
            squares[p] += y * (info[t, 3, p] * y + 2.0 * info[t, 4, p] * z) + info[t, 5, p] * z * z
    for p in range(info.shape[2]):
        result[p] = np.sqrt(result[p])


@njit(**_OPTIONS)
def stray_distance(info, precision, value, rows, result):
    """Squared distance of each sample from what all others say of it, in units of the noise; (time, LANES).

    What the others say of each axis, and how well they know it, follows from the fit by taking the sample out again.
    `rows` are those of `smooth_scout_kernels.scout`, (3 + time, 5, 3, LANES). Zero where nothing else speaks of it.
    """
    for t in range(result.shape[0]):
        for p in range(info.shape[2]):
            result[t, p] = 0.0
            if not info[t, 0, p] > 0.0:
                continue
            xx, xy, xz, yy, yz, zz = _inverse(
                info[t, 0, p], info[t, 1, p], info[t, 2, p], info[t, 3, p], info[t, 4, p], info[t, 5, p]
            )
            one, two = 1.0 - rows[t + 3, 0, 0, p] * precision[t, 0, p], 1.0 - rows[t + 3, 0, 1, p] * precision[t, 1, p]
            three = 1.0 - rows[t + 3, 0, 2, p] * precision[t, 2, p]
            if not (one > 1e-6 and two > 1e-6 and three > 1e-6):
                continue
            x = (value[t, 0, p] - rows[t + 3, 3, 0, p]) / one
            y = (value[t, 1, p] - rows[t + 3, 3, 1, p]) / two
            z = (value[t, 2, p] - rows[t + 3, 3, 2, p]) / three
            xx += rows[t + 3, 0, 0, p] / one
            yy += rows[t + 3, 0, 1, p] / two
            zz += rows[t + 3, 0, 2, p] / three
            a, b, c, d, e, f = _inverse(xx, xy, xz, yy, yz, zz)
            result[t, p] = x * (a * x + 2.0 * (b * y + c * z)) + y * (d * y + 2.0 * e * z) + f * z * z


@njit(**_PLAIN)
def store_lane(position, covariance, lane, centre, unit, noise, active, steady, own, out_position, out_covariance):
    """Write one lane back in metres where it is active; `steady` of the sample's own covariance is added.

    Parameters
    ----------
    position, covariance, active : as fitted, shapes (time, 3, LANES), (time, 6, LANES), (time,)
    lane : int
    centre : float64, shape (3,)
    unit, noise, steady : float
    own : float32 or float64, shape (time, 3, 3)
        Covariance that each sample came with; where NaN that of the last one before it, else of the first after it.
    out_position, out_covariance : shape (time, 3), (time, 3, 3)
    """
    scale = unit * unit * noise
    held = -1
    for t in range(own.shape[0]):
        if np.isfinite(own[t, 0, 0]):
            held = t
            break
    for t in range(active.shape[0]):
        if np.isfinite(own[t, 0, 0]):
            held = t
        if not active[t]:
            continue
        for axis in range(3):
            out_position[t, axis] = position[t, axis, lane] * unit + centre[axis]
        term = 0
        for row in range(3):
            for column in range(row, 3):
                stays = steady * own[held, row, column] if steady > 0.0 else 0.0
                out_covariance[t, row, column] = covariance[t, term, lane] * scale + stays
                out_covariance[t, column, row] = out_covariance[t, row, column]
                term += 1
