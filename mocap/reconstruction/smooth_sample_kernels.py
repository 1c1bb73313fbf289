"""What the smoother does sample by sample, compiled.

Arrays are laid out as `smooth_kernels` says; those said to be flat are given as one row of numbers.
"""

import numpy as np
from numba import njit

from mocap.reconstruction.smooth_block_kernels import inverse, load3, load6, store_all, symmetric_times
from mocap.reconstruction.vector_kernels import LANES, OPTIONS, load, same, store, total, where_positive
from mocap.schema import Status

# The compiler's cache watches this file alone: a test holds this to the SHA-256 of the kernel files imported.
IMPORTED_SHA256 = "18291d4e6677e8c411c45ed3f5b1886f1dfe8165b9f93d65e1f4e8deae5cc2bd"
# What asks for NaN may not be taken in another order (x - x would become 0).
_PLAIN = {"cache": True, "nogil": True, "error_model": "numpy"}
#: What a covariance is worth.
MISSING, SOUND, UNKNOWN, LOPSIDED = 0, 1, 2, 3
_FILTERED, _FILLED, _REJECTED = int(Status.FILTERED), int(Status.FILLED), int(Status.REJECTED)
_NOT_MEASURED = ~int(Status.MEASURED) & 0xFF
_PAD = 3


@njit(**_PLAIN)
def load_lanes(position, covariance, members, centre, unit, value, info, precision):
    """Put keypoints into lanes, about their centres and in their unit; NaN positions become information of zero.

    Parameters
    ----------
    position : float64, shape (time, keypoint, 3)
    covariance : float32 or float64, shape (time, keypoint, 3, 3)
    members : int64, shape (lane,)
        Keypoints; what other lanes hold stands for nothing.
    centre : float64, shape (keypoint, 3)
    unit : float
    value, info, precision : float64, flat, shapes (time or more, 3, LANES), (time or more, 6, LANES), as value
        Result; the precision of each axis is the inverse of its own variance, the others being unknown.
    """
    near, there, terms = 1.0 / (unit * unit), np.zeros(LANES), np.zeros(6 * LANES)
    for t in range(position.shape[0]):
        for p in range(LANES):
            k = members[min(p, members.size - 1)]
            known = p < members.size and np.isfinite(position[t, k, 0] + position[t, k, 1] + position[t, k, 2])
            there[p] = 1.0 if known else 0.0
            term = 0
            for row in range(3):
                at = (3 * t + row) * LANES + p
                value[at] = (position[t, k, row] - centre[k, row]) / unit if known else 0.0
                for column in range(row, 3):
                    rest = 1.0 if row == column else 0.0
                    terms[term * LANES + p] = covariance[t, k, row, column] * near if known else rest
                    term += 1
        _informed(terms, there, t, info, precision)


@njit(**OPTIONS)
def _informed(terms, there, t, info, precision):
    """Fill in what the covariances of one frame say, where there is one."""
    s, here = load6(terms, 0), load(there, 0)
    a = inverse(s)
    store_all(info, 6 * t, (a[0] * here, a[1] * here, a[2] * here, a[3] * here, a[4] * here, a[5] * here))
    store_all(precision, 3 * t, (here / s[0], here / s[3], here / s[5]))


@njit(**OPTIONS)
def weigh(info, value, result):
    """Multiply each value by its information; all flat."""
    for t in range(value.size // (3 * LANES)):
        store_all(result, 3 * t, symmetric_times(load6(info, 6 * t), load3(value, 3 * t)))


@njit(**OPTIONS)
def marginal_precision(info, result):
    """Inverse of each axis' own variance, the others being unknown; zero where there is none. All flat."""
    one = same(1.0)
    for t in range(result.size // (3 * LANES)):
        s = load6(info, 6 * t)
        xx, yy, zz = where_positive(s[0], s[0], one), where_positive(s[3], s[3], one), where_positive(s[5], s[5], one)
        a = inverse((xx, s[1], s[2], yy, s[4], zz))
        nothing = same(0.0)
        store(result, 3 * t, where_positive(s[0], 1.0 / a[0], nothing))
        store(result, 3 * t + 1, where_positive(s[0], 1.0 / a[3], nothing))
        store(result, 3 * t + 2, where_positive(s[0], 1.0 / a[5], nothing))


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


@njit(**OPTIONS)
def farthest_move(info, value, position, result, squares):
    """By lane: distance of the sample moved farthest over the root of its summed variances; sum of all misfits.

    All flat.
    """
    most, power, one, nothing = same(0.0), same(0.0), same(1.0), same(0.0)
    for t in range(value.size // (3 * LANES)):
        s = load6(info, 6 * t)
        xx, yy, zz = where_positive(s[0], s[0], one), where_positive(s[0], s[3], one), where_positive(s[0], s[5], one)
        own = inverse((xx, s[1], s[2], yy, s[4], zz))
        there, here = load3(value, 3 * t), load3(position, 3 * t)
        x, y, z = there[0] - here[0], there[1] - here[1], there[2] - here[2]
        far = where_positive(s[0], (x * x + y * y + z * z) / (own[0] + own[3] + own[5]), nothing)
        most = where_positive(far - most, far, most)
        pull = symmetric_times(s, (x, y, z))
        power = power + where_positive(s[0], x * pull[0] + y * pull[1] + z * pull[2], nothing)
    store(result, 0, most)
    store(squares, 0, power)
    for p in range(LANES):
        result[p] = np.sqrt(result[p])


@njit(**OPTIONS)
def stray_samples(info, precision, value, rows, limit, beside, near, distance, far):
    """Tell which samples, (time, LANES), lie farther from what all others say of them than the noise allows.

    What the others say of each axis, and how well they know it, follows from the fit by taking the sample out again.
    What strays pulls the fit away from its neighbours: a sample far less off than one near it waits.

    Parameters
    ----------
    info, precision, value : float64, flat
    rows : float64, flat, shape (time, 2, 3, LANES)
        Variance and value, as `smooth_scout_kernels.scout` finds them.
    limit : float64, shape (LANES,)
        Of the squared distance, in units of the noise.
    beside : float
        Share of the squared distance of a sample up to `near` frames away that one waits for.
    distance : float64, flat, shape (time, LANES)
        Memory: squared distances, zero where nothing else speaks of a sample.
    far : bool, shape (time, LANES)
        Result.
    """
    n_frames = far.shape[0]
    _distances(info, precision, value, rows, distance)
    far[:] = False
    most, one, nothing = load(limit, 0), same(1.0), same(0.0)
    for t in range(n_frames):
        if total(where_positive(load(distance, t) - most, one, nothing)) > 0.0:
            for p in range(LANES):
                own = distance[t * LANES + p]
                far[t, p] = own > limit[p]
                for other in range(max(0, t - near), min(n_frames, t + near + 1)):
                    far[t, p] &= own >= beside * distance[other * LANES + p]


@njit(**OPTIONS)
def _distances(info, precision, value, rows, distance):
    """Fill in the squared distance of each sample from what all others say of it."""
    one, least = same(1.0), same(1e-6)
    for t in range(distance.size // LANES):
        s, own, there = load6(info, 6 * t), load3(precision, 3 * t), load3(value, 3 * t)
        variance, fitted = load3(rows, 6 * t), load3(rows, 6 * t + 3)
        xx, yy, zz = where_positive(s[0], s[0], one), where_positive(s[0], s[3], one), where_positive(s[0], s[5], one)
        xx, xy, xz, yy, yz, zz = inverse((xx, s[1], s[2], yy, s[4], zz))
        x, y, z = one - variance[0] * own[0], one - variance[1] * own[1], one - variance[2] * own[2]
        # Where nothing else speaks of one axis, nothing is said of the sample.
        nothing = same(0.0)
        told = where_positive(y - least, where_positive(z - least, s[0], nothing), nothing)
        told = where_positive(x - least, told, nothing)
        x, y, z = (
            1.0 / where_positive(x - least, x, least), 1.0 / where_positive(y - least, y, least),
            1.0 / where_positive(z - least, z, least),
        )  # fmt: skip
        a, b, c, d, e, f = inverse((xx + variance[0] * x, xy, xz, yy + variance[1] * y, yz, zz + variance[2] * z))
        x, y, z = (there[0] - fitted[0]) * x, (there[1] - fitted[1]) * y, (there[2] - fitted[2]) * z
        square = x * (a * x + 2.0 * (b * y + c * z)) + y * (d * y + 2.0 * e * z) + f * z * z
        store(distance, t, where_positive(told, square, nothing))


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
def store_lanes(fitted, members, place, active, stray, own, limit, given, out_position, out_covariance, status):
    """Write lanes back in metres where they are active, with their flags, and what came elsewhere.

    Parameters
    ----------
    fitted : (float64, float64), shapes (time, 3, LANES), (time, 6, LANES)
        Position and covariance.
    members : int64, shape (lane,)
        Keypoints.
    place : float64, shape (lane, 6)
        Centre (three), unit, noise, and the share of the sample's own covariance that is added.
    active, stray : bool, shape (time, LANES)
    own : float32 or float64, shape (time, keypoint, 3, 3)
        Covariance that each sample counted with; where NaN that of the last one before it, else of the first after it.
    limit : float
        Trace of the covariance beyond which a bridged sample stays missing.
    given : (float64, float), shapes (time, keypoint, 3), (time, keypoint, 3, 3)
        Position and covariance as they came.
    out_position, out_covariance, status : shapes (time, keypoint, 3), (time, keypoint, 3, 3), (time, keypoint)
        Result; the status is changed in place.
    """
    held = _first_known(own, members)
    for t in range(own.shape[0]):
        for lane in range(members.size):
            k = members[lane]
            if np.isfinite(own[t, k, 0, 0]):
                held[lane] = t
            gone = stray[t, lane]
            trace = np.inf
            if active[t, lane]:
                gone |= not np.isfinite(given[0][t, k, 0] + given[0][t, k, 1] + given[0][t, k, 2])
                trace = _write(fitted, t, lane, k, place, own, held[lane], out_position, out_covariance)
                if not gone:
                    status[t, k] |= _FILTERED
                elif trace <= limit:
                    status[t, k] = (status[t, k] & _NOT_MEASURED) | _FILTERED | _FILLED
            elif not gone:
                _copy(given, t, k, out_position, out_covariance)
            if gone and not trace <= limit:
                out_position[t, k], out_covariance[t, k] = np.nan, np.nan
            if stray[t, lane]:
                status[t, k] = (status[t, k] & _NOT_MEASURED) | _REJECTED


@njit(**_PLAIN)
def _first_known(own, members):
    """Return by lane the first frame that has a covariance, -1 where none has."""
    first = np.full(members.size, -1)
    for lane in range(members.size):
        for t in range(own.shape[0]):
            if np.isfinite(own[t, members[lane], 0, 0]):
                first[lane] = t
                break
    return first


@njit(**_PLAIN, forceinline=True)
def _copy(given, t, k, out_position, out_covariance):
    """Write one sample as it came."""
    for row in range(3):
        out_position[t, k, row] = given[0][t, k, row]
        for column in range(3):
            out_covariance[t, k, row, column] = given[1][t, k, row, column]


@njit(**_PLAIN, forceinline=True)
def _write(fitted, t, lane, k, place, own, held, out_position, out_covariance):
    """Write one sample in metres; return the trace of its covariance."""
    unit, share = place[lane, 3], place[lane, 5]
    scale = unit * unit * place[lane, 4]
    term, trace = 0, 0.0
    for row in range(3):
        out_position[t, k, row] = fitted[0][t, row, lane] * unit + place[lane, row]
        for column in range(row, 3):
            value = fitted[1][t, term, lane] * scale
            value += share * own[held, k, row, column] if share > 0.0 else 0.0
            trace += value if row == column else 0.0
            out_covariance[t, k, row, column] = value
            out_covariance[t, k, column, row] = value
            term += 1
    return trace
