"""Points into the lanes of the smoother and back, compiled; arrays are laid out as `smooth_kernels` says, not flat.

Those said to be flat are given as one row of numbers.
"""

import numpy as np
from numba import njit

from mocap.reconstruction.smooth_block_kernels import inverse, load6, store_all
from mocap.schema import Status
from mocap.vector_kernels import LANES, OPTIONS, load

# The compiler's cache watches this file alone: a test holds this to the SHA-256 of the kernel files imported.
IMPORTED_SHA256 = "f09ee983a36e7b8177d8bdadeefce2fafa836d1f2956776fe430dc6fdca8d627"
# Called functions are made part of their caller: left apart, the process that compiles takes their sums in another
# order than later ones, which load both from the cache.
PART = {**OPTIONS, "forceinline": True}
# What asks for NaN may not be taken in another order (x - x would become 0).
_PLAIN = {"cache": True, "nogil": True, "error_model": "numpy"}
#: What a covariance is worth.
MISSING, SOUND, UNKNOWN, LOPSIDED = 0, 1, 2, 3
_FILTERED, _FILLED, _REJECTED = int(Status.FILTERED), int(Status.FILLED), int(Status.REJECTED)
_NOT_MEASURED = ~int(Status.MEASURED) & 0xFF


@njit(**_PLAIN)
def survey(position, measured, total):
    """Tell which samples are there, and sum them up by keypoint.

    Parameters
    ----------
    position : float64, shape (time, keypoint, 3)
    measured : bool, shape (time, keypoint)
        Result.
    total : float64, shape (keypoint, 4)
        Result, to be zero before: sums of x, y and z, and how many there are.
    """
    for t in range(position.shape[0]):
        for k in range(position.shape[1]):
            x, y, z = position[t, k, 0], position[t, k, 1], position[t, k, 2]
            measured[t, k] = np.isfinite(x + y + z)
            if measured[t, k]:
                total[k, 0] += x
                total[k, 1] += y
                total[k, 2] += z
                total[k, 3] += 1.0


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


@njit(**PART)
def _informed(terms, there, t, info, precision):
    """Fill in what the covariances of one frame say, where there is one."""
    s, here = load6(terms, 0), load(there, 0)
    a = inverse(s)
    store_all(info, 6 * t, (a[0] * here, a[1] * here, a[2] * here, a[3] * here, a[4] * here, a[5] * here))
    store_all(precision, 3 * t, (here / s[0], here / s[3], here / s[5]))


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
