"""What is learned of motion and noise from looks at series, compiled; arrays are laid out as `smooth_kernels` says."""

import numpy as np
from numba import njit

from mocap.reconstruction.smooth_scout_kernels import scout
from mocap.vector_kernels import INLINE, LANES, OPTIONS, load, root, same, store, where_positive

# The compiler's cache watches this file alone: a test holds this to the SHA-256 of the kernel files imported.
IMPORTED_SHA256 = "565d767ed3dd482ccd11381f6c26f8f668072685f4270b5fef05d524a09734e3"
# Called functions are made part of their caller: left apart, the process that compiles takes their sums in another
# order than later ones, which load both from the cache.
PART = {**OPTIONS, "forceinline": True}


@njit(**OPTIONS)
def learn_lanes(series, memory, counts, limits, settings, moving, stiffness, noise):
    """Equate sums of squares with the degrees of freedom that they have, round by round, until every lane has settled.

    Parameters
    ----------
    series : (float64, float64, float64), flat
        Value, precision and what each third difference counts, as `scout` takes them.
    memory : (float64, float64, float64), flat
        Marks, local sums and rows, as `scout` takes them.
    counts : float64, shape (3, LANES)
        Third differences, samples in stretches, and measured samples.
    limits : float64, shape (2, LANES)
        Least and largest stiffness.
    settings : tuple of float
        Most rounds, power by which a change is overdone, change of the logarithm that counts as none.
    moving : bool, shape (LANES,)
        Lanes to learn; changed in place.
    stiffness, noise : float64, shapes (3, LANES), (LANES,)
        Changed in place.
    """
    sums, rounds = np.empty(9 * LANES), 0
    while moving.any() and rounds < settings[0]:
        scout(series[0], series[1], series[2], stiffness.reshape(-1), memory[0], sums, memory[1], memory[2])
        rounds += 1
        for p in range(LANES):
            if moving[p]:
                change = _learn_lane(sums, counts, limits, settings[1], stiffness, noise, p)
                moving[p] = change >= settings[2]


@njit(**PART)
def _learn_lane(sums, counts, limits, relaxed, stiffness, noise, p):
    """Learn from one look at one lane; return the largest change of the logarithm of a stiffness."""
    squares, free = 0.0, counts[2, p] - counts[1, p]
    for axis in range(3):
        squares += sums[(6 + axis) * LANES + p]
        free += (stiffness[axis, p] * sums[axis * LANES + p]) / 3.0
    noise[p] = max(squares, 1e-12) / max(3.0 * free, 1.0)
    most = 0.0
    for axis in range(3):
        stiff = stiffness[axis, p]
        model = max(counts[0, p] - stiff * sums[axis * LANES + p], 1e-3 * counts[0, p])
        rough = max(sums[(3 + axis) * LANES + p], 1e-300)
        fresh = min(max(noise[p] * model / rough, limits[0, p]), limits[1, p])
        most = max(most, abs(np.log(fresh / stiff)))
        # The rounds come from one side; a longer step halves their number.
        stiffness[axis, p] = min(max(stiff * (fresh / stiff) ** relaxed, limits[0, p]), limits[1, p])
    return most


@njit(**OPTIONS)
def fill_pace(local, steady, reach, noise, settings, pace):
    """Change the pace, (time, LANES), by what a look shows of the motion around each time.

    Parameters
    ----------
    local : float64, shape (time, 2, LANES)
        Of `scout`.
    steady : float64, shape (time, LANES)
    reach : int64, shape (LANES,)
        Frames on both sides that are summed over.
    noise : float64, shape (LANES,)
    settings : tuple of float
        Degrees of freedom that hold the pace to what it was, standard deviations that are chance, least, largest.
    """
    n_frames = pace.shape[0]
    shrink, chance, least, most = settings
    # Sums up to each frame: those over a span are differences.
    free, squares = np.zeros((n_frames + 1, LANES)), np.zeros((n_frames + 1, LANES))
    for t in range(n_frames):
        for p in range(LANES):
            free[t + 1, p] = free[t, p] + (3.0 if steady[t, p] > 0.0 else 0.0) - local[t, 0, p]
            squares[t + 1, p] = squares[t, p] + local[t, 1, p]
    span = np.empty(2 * LANES)
    for t in range(n_frames):
        for p in range(LANES):
            first, last = max(t - reach[p], 0), min(t + reach[p] + 1, n_frames)
            span[p], span[LANES + p] = free[last, p] - free[first, p], squares[last, p] - squares[first, p]
        nothing, one = same(0.0), same(1.0)
        degrees = _larger(load(span, 0), nothing) + shrink
        found = _larger(load(span, 1) / load(noise, 0), nothing) + shrink
        by_chance = chance * root(2.0 * degrees)
        up, down = _larger(found / (degrees + by_chance), one), _smaller((found + by_chance) / degrees, one)
        square = up * up
        fresh = load(pace, t) * (square * square * up * (down * down))
        store(pace, t, _smaller(_larger(fresh, same(least)), same(most)))


@njit(**INLINE)
def _larger(a, b):
    return where_positive(a - b, a, b)


@njit(**INLINE)
def _smaller(a, b):
    return where_positive(b - a, a, b)
