"""What the smoother does sample by sample, compiled; arrays are laid out as `smooth_kernels` says, not flat."""

import numpy as np
from numba import njit

from mocap.schema import Status

_PLAIN = {"cache": True, "nogil": True, "error_model": "numpy"}
# Sums may be taken in another order; what asks for NaN may not (x - x would become 0).
_OPTIONS = {**_PLAIN, "fastmath": {"contract", "reassoc", "arcp", "nsz"}}
#: What a covariance is worth.
MISSING, SOUND, UNKNOWN, LOPSIDED = 0, 1, 2, 3
_FILTERED, _FILLED, _REJECTED = int(Status.FILTERED), int(Status.FILLED), int(Status.REJECTED)
_NOT_MEASURED = ~int(Status.MEASURED) & 0xFF
_PAD = 3


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
def judge(covariance, measured, share, result):
    """Tell what each covariance, (time, keypoint, 3, 3), is worth: one of the verdicts above.

    The trace of the inverse is at most three over the smallest variance: some with a little more than `share` of the
    largest one are called lopsided too.
    """
    for t in range(covariance.shape[0]):
        for k in range(covariance.shape[1]):
            result[t, k] = MISSING
            if not measured[t, k]:
                continue
            c = covariance[t, k]
            xx, xy, xz = np.float64(c[0, 0]), np.float64(c[0, 1]), np.float64(c[0, 2])
            yy, yz, zz = np.float64(c[1, 1]), np.float64(c[1, 2]), np.float64(c[2, 2])
            trace = xx + yy + zz
            if not (trace > 1e-30 and np.isfinite(trace + (xy + xz + yz))):
                result[t, k] = UNKNOWN
                continue
            one, two, three = yy * zz - yz * yz, xx * zz - xz * xz, xx * yy - xy * xy
            det = xx * one + xy * (xz * yz - xy * zz) + xz * (xy * yz - xz * yy)
            # A small determinant is rounding: what it says holds only well above that.
            sound = det > 1e-12 * trace * trace * trace and one > 0.0 and two > 0.0 and three > 0.0
            result[t, k] = SOUND if sound and det > share * trace * (one + two + three) else LOPSIDED


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
def stray_samples(info, precision, value, rows, limit, beside, near, distance, far):
    """Tell which samples, (time, LANES), lie farther from what all others say of them than the noise allows.

    What the others say of each axis, and how well they know it, follows from the fit by taking the sample out again.
    What strays pulls the fit away from its neighbours: a sample far less off than one near it waits.

    Parameters
    ----------
    rows : float64, shape (time, 2, 3, LANES)
        Variance and value, as `smooth_scout_kernels.scout` finds them.
    limit : float64, shape (LANES,)
        Of the squared distance, in units of the noise.
    beside : float
        Share of the squared distance of a sample up to `near` frames away that one waits for.
    distance : float64, shape (time, LANES)
        Memory: squared distances, zero where nothing else speaks of a sample.
    far : bool, shape (time, LANES)
        Result.
    """
    n_frames, n_lanes = distance.shape
    for t in range(n_frames):
        for p in range(n_lanes):
            there = info[t, 0, p] > 0.0
            xx, xy, xz, yy, yz, zz = _inverse(
                info[t, 0, p] if there else 1.0, info[t, 1, p], info[t, 2, p],
                info[t, 3, p] if there else 1.0, info[t, 4, p], info[t, 5, p] if there else 1.0,
            )  # fmt: skip
            one, two = 1.0 - rows[t, 0, 0, p] * precision[t, 0, p], 1.0 - rows[t, 0, 1, p] * precision[t, 1, p]
            three = 1.0 - rows[t, 0, 2, p] * precision[t, 2, p]
            there &= (one > 1e-6) & (two > 1e-6) & (three > 1e-6)
            one, two, three = 1.0 / max(one, 1e-6), 1.0 / max(two, 1e-6), 1.0 / max(three, 1e-6)
            x = (value[t, 0, p] - rows[t, 1, 0, p]) * one
            y = (value[t, 1, p] - rows[t, 1, 1, p]) * two
            z = (value[t, 2, p] - rows[t, 1, 2, p]) * three
            xx += rows[t, 0, 0, p] * one
            yy += rows[t, 0, 1, p] * two
            zz += rows[t, 0, 2, p] * three
            a, b, c, d, e, f = _inverse(xx, xy, xz, yy, yz, zz)
            square = x * (a * x + 2.0 * (b * y + c * z)) + y * (d * y + 2.0 * e * z) + f * z * z
            distance[t, p] = square if there else 0.0
    for t in range(n_frames):
        for p in range(n_lanes):
            far[t, p] = distance[t, p] > limit[p]
            if far[t, p]:
                for other in range(max(0, t - near), min(n_frames, t + near + 1)):
                    if distance[t, p] < beside * distance[other, p]:
                        far[t, p] = False


@njit(**_PLAIN)
def leave_out(info, precision, stray, longest, fewest, active):
    """Take samples out, and find anew which stretches there are to smooth; what lies in none is taken out as well.

    Parameters
    ----------
    info, precision : float64, shapes (time + PAD, 6, LANES), (time + PAD, 3, LANES)
        Changed in place.
    stray : bool, shape (time + PAD, LANES)
    longest, fewest : int
        A stretch has no gap of more frames than `longest`, and this many samples.
    active : bool, shape (time + PAD, LANES)
        Result.
    """
    n_lanes = info.shape[2]
    first, last, count = np.full(n_lanes, -1), np.full(n_lanes, -1), np.zeros(n_lanes, np.int64)
    active[:] = False
    for t in range(info.shape[0]):
        over = t == info.shape[0] - _PAD
        for p in range(n_lanes):
            there = info[t, 0, p] > 0.0 and not stray[t, p]
            if first[p] >= 0 and (over or (there and t - last[p] - 1 > longest)):
                if count[p] >= fewest:
                    active[first[p] : last[p] + 1, p] = True
                first[p] = -1
            if there:
                if first[p] < 0:
                    first[p], count[p] = t, 0
                last[p] = t
                count[p] += 1
    for t in range(info.shape[0]):
        for p in range(n_lanes):
            if info[t, 0, p] != 0.0 and (stray[t, p] or not active[t, p]):
                info[t, :, p] = 0.0
                precision[t, :, p] = 0.0


@njit(**_PLAIN)
def store_lane(fitted, lane, place, active, stray, steady, own, limit, out_position, out_covariance, status):
    """Write one lane back in metres where it is active, with its flags; return how many were bridged.

    Parameters
    ----------
    fitted : (float64, float64), shapes (time, 3, LANES), (time, 6, LANES)
        Position and covariance.
    lane : int
    place : float64, shape (5,)
        Centre (three), unit, and noise.
    active, stray : bool, shape (time, LANES)
    steady : float
        Share of the sample's own covariance that is added.
    own : float32 or float64, shape (time, 3, 3)
        Covariance that each sample came with; where NaN that of the last one before it, else of the first after it.
    limit : float
        Trace of the covariance beyond which a bridged sample stays missing.
    out_position, out_covariance, status : shape (time, 3), (time, 3, 3), (time,)
        Changed in place.
    """
    position, covariance = fitted
    unit, scale = place[3], place[3] * place[3] * place[4]
    bridged, held = 0, -1
    for t in range(own.shape[0]):
        if np.isfinite(own[t, 0, 0]):
            held = t
            break
    for t in range(own.shape[0]):
        if np.isfinite(own[t, 0, 0]):
            held = t
        gone = stray[t, lane]
        if active[t, lane]:
            gone |= not np.isfinite(out_position[t, 0] + out_position[t, 1] + out_position[t, 2])
            term, trace = 0, 0.0
            for row in range(3):
                out_position[t, row] = position[t, row, lane] * unit + place[row]
                for column in range(row, 3):
                    stays = steady * own[held, row, column] if steady > 0.0 else 0.0
                    value = covariance[t, term, lane] * scale + stays
                    trace += value if row == column else 0.0
                    out_covariance[t, row, column] = value
                    out_covariance[t, column, row] = value
                    term += 1
            if gone and not trace <= limit:
                out_position[t], out_covariance[t] = np.nan, np.nan
            elif gone:
                status[t] = (status[t] & _NOT_MEASURED) | _FILTERED | _FILLED
                bridged += 1
            else:
                status[t] |= _FILTERED
        elif gone:
            out_position[t], out_covariance[t] = np.nan, np.nan
        if stray[t, lane]:
            status[t] = (status[t] & _NOT_MEASURED) | _REJECTED
    return bridged
