"""What the smoother does sample by sample, compiled.

Arrays are laid out as `smooth_kernels` says; those said to be flat are given as one row of numbers.
"""

import numpy as np
from numba import njit

from mocap.reconstruction.smooth_block_kernels import inverse, load3, load6, store_all, symmetric_times
from mocap.vector_kernels import LANES, OPTIONS, load, same, store, total, where_positive

# The compiler's cache watches this file alone: a test holds this to the SHA-256 of the kernel files imported.
IMPORTED_SHA256 = "f09ee983a36e7b8177d8bdadeefce2fafa836d1f2956776fe430dc6fdca8d627"
# Called functions are made part of their caller: left apart, the process that compiles takes their sums in another
# order than later ones, which load both from the cache.
PART = {**OPTIONS, "forceinline": True}
# What asks for NaN may not be taken in another order (x - x would become 0).
_PLAIN = {"cache": True, "nogil": True, "error_model": "numpy"}
_PAD = 3


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


@njit(**PART)
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
