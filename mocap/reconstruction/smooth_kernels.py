"""Smoothing of series in three dimensions, compiled: several keypoints beside each other, one pass over time.

Positions whose third difference is white noise, seen with noise of known covariance, are the solution of a banded
system of equations: what a Kalman filter and a Rauch-Tung-Striebel smoother give, in the form in which a missing
sample is merely an information of zero. The system is factorised block by block (LDL'), and the part of its inverse
inside the band, which holds the covariance of every sample, follows from the factor (Takahashi's recursion).

Arrays are flat, C-ordered, and hold LANES keypoints side by side as their last axis; below, their shapes are given as
if they were not flat. `info` holds the terms xx xy xz yy yz zz of the inverse covariance of every sample; `led` what
each third difference counts, after PAD rows of zeros. Every array over time has PAD frames more than there are, all
zero, so that nothing looks beyond the end.
"""

import numpy as np
from numba import njit

from mocap.reconstruction.smooth_block_kernels import (
    abt,
    atb,
    atv,
    av,
    diagonal_abt,
    diagonal_times,
    full,
    inverse,
    load3,
    load4,
    load6,
    load9,
    minus,
    minus3,
    minus6,
    store_all,
    symmetric_abt,
    symmetric_atbt,
    symmetric_times,
    times_symmetric,
    transposed,
)
from mocap.vector_kernels import INLINE, LANES, OPTIONS, same, where_positive

__all__ = ["IMPORTED_SHA256", "LANES", "MARK_ROWS", "PAD", "PIECE", "solve"]

# The compiler's cache watches this file alone: a test holds this to the SHA-256 of the kernel files imported.
IMPORTED_SHA256 = "f09ee983a36e7b8177d8bdadeefce2fafa836d1f2956776fe430dc6fdca8d627"
# Called functions are made part of their caller: left apart, the process that compiles takes their sums in another
# order than later ones, which load both from the cache.
PART = {**OPTIONS, "forceinline": True}
PAD = 3
#: Frames in a piece, which is to stay near the processor; rows of memory for what stands at the beginning of one.
PIECE, MARK_ROWS = 64, 54
_KEPT = 30  # rows of the factor of one frame
_TIES = 45  # rows of the inverse of three frames


@njit(**INLINE)
def _own(info, led, stiffness, frame, before):
    """Return the system's blocks of a frame with itself and with the three after it, the last one diagonal.

    `before` holds what earlier frames left of the first three.
    """
    c0, c1, c2 = before
    xx, xy, xz, yy, yz, zz = load6(info, 6 * frame)
    three, two, one, here = load4(led, frame)
    x, y, z = load3(stiffness, 0)
    own = here + 9.0 * (one + two) + three
    xx, yy, zz = xx + c0[0] + x * own, yy + c0[3] + y * own, zz + c0[5] + z * own
    # A frame that stands for nothing has nothing to hand on.
    xx, yy, zz = where_positive(xx, xx, same(1.0)), where_positive(yy, yy, same(1.0)), where_positive(zz, zz, same(1.0))
    to1, to2, to3 = -3.0 * (here + two + 3.0 * one), 3.0 * (here + one), -1.0 * here
    return (
        (xx, xy + c0[1], xz + c0[2], yy, yz + c0[4], zz),
        (c1[0] + x * to1, c1[1], c1[2], c1[3], c1[4] + y * to1, c1[5], c1[6], c1[7], c1[8] + z * to1),
        (c2[0] + x * to2, c2[1], c2[2], c2[3], c2[4] + y * to2, c2[5], c2[6], c2[7], c2[8] + z * to2),
        (x * to3, y * to3, z * to3),
    )  # fmt: skip


@njit(**INLINE)
def _eliminate(info, led, stiffness, vector, frame, state):
    """Eliminate one frame; return its factor, and what is left for the frames after it.

    The factor is the inverse pivot, what the frame hands to the two after it, the block with the third, and its
    right-hand side; the state by later frame its blocks with itself, with the next, with the one after that, and its
    right-hand side.
    """
    c0, c1, c2, cv, d0, d1, dv, e0, ev = state
    s, b1, b2, b3 = _own(info, led, stiffness, frame, (c0, c1, c2))
    right = load3(vector, 3 * frame)
    right = right[0] + cv[0], right[1] + cv[1], right[2] + cv[2]
    pivot = inverse(s)
    near = symmetric_times(pivot, right)
    h1, h2 = times_symmetric(b1, pivot), times_symmetric(b2, pivot)
    h3 = diagonal_times(b3, pivot)
    f0 = (
        b3[0] * h3[0], b3[1] * h3[1], b3[2] * h3[2], b3[1] * h3[4], b3[2] * h3[5], b3[2] * h3[8],
    )  # fmt: skip
    nothing = same(0.0)
    none6 = nothing, nothing, nothing, nothing, nothing, nothing
    none3 = nothing, nothing, nothing
    fresh = (
        minus6(d0, symmetric_abt(h1, b1)), minus(d1, abt(h2, b1)), minus((*none6, *none3), diagonal_abt(b3, h1)),
        minus3(dv, av(b1, near)),
        minus6(e0, symmetric_abt(h2, b2)), minus((*none6, *none3), diagonal_abt(b3, h2)),
        minus3(ev, av(b2, near)),
        minus6(none6, f0),
        minus3(none3, (b3[0] * near[0], b3[1] * near[1], b3[2] * near[2])),
    )  # fmt: skip
    return (pivot, h1, h2, b3, right), fresh


@njit(**PART)
def _forward(info, led, stiffness, vector, marks, start, stop, rows):
    """Go forward through one piece from its mark, keeping the factor, and leave a mark at its end."""
    o = start // PIECE * MARK_ROWS
    state = (
        load6(marks, o), load9(marks, o + 6), load9(marks, o + 15), load3(marks, o + 24),
        load6(marks, o + 27), load9(marks, o + 33), load3(marks, o + 42), load6(marks, o + 45), load3(marks, o + 51),
    )  # fmt: skip
    for frame in range(start, stop):
        (pivot, h1, h2, b3, right), state = _eliminate(info, led, stiffness, vector, frame, state)
        store_all(rows, (frame - start) * _KEPT, (*pivot, *h1, *h2, *b3, *right))
    c0, c1, c2, cv, d0, d1, dv, e0, ev = state
    store_all(marks, o + MARK_ROWS, (*c0, *c1, *c2, *cv))
    store_all(marks, o + MARK_ROWS + 27, (*d0, *d1, *dv, *e0, *ev))


@njit(**PART)
def _substitute(rows, start, stop, vector):
    """Solve one piece, from its end on; what comes after it is solved."""
    x1, x2, x3 = load3(vector, 3 * stop), load3(vector, 3 * stop + 3), load3(vector, 3 * stop + 6)
    for frame in range(stop - 1, start - 1, -1):
        o = (frame - start) * _KEPT
        b3, right = load3(rows, o + 24), load3(rows, o + 27)
        right = right[0] - b3[0] * x3[0], right[1] - b3[1] * x3[1], right[2] - b3[2] * x3[2]
        x = symmetric_times(load6(rows, o), right)
        x = minus3(minus3(x, atv(load9(rows, o + 6), x1)), atv(load9(rows, o + 15), x2))
        store_all(vector, 3 * frame, x)
        x1, x2, x3 = x, x1, x2


@njit(**INLINE)
def _negative_sum(a, b, c):
    return (
        -1.0 * (a[0] + b[0] + c[0]), -1.0 * (a[1] + b[1] + c[1]), -1.0 * (a[2] + b[2] + c[2]),
        -1.0 * (a[3] + b[3] + c[3]), -1.0 * (a[4] + b[4] + c[4]), -1.0 * (a[5] + b[5] + c[5]),
        -1.0 * (a[6] + b[6] + c[6]), -1.0 * (a[7] + b[7] + c[7]), -1.0 * (a[8] + b[8] + c[8]),
    )  # fmt: skip


@njit(**PART)
def _invert(rows, start, stop, ties, covariance):
    """Find the inverse near the diagonal for one piece, from its end on.

    `ties`, shape (45, LANES), holds the inverse for the three frames after it, and then for the first three of it.
    """
    s11, s22, s33 = load6(ties, 0), load6(ties, 6), load6(ties, 12)
    s12, s13, s23 = load9(ties, 18), load9(ties, 27), load9(ties, 36)
    for frame in range(stop - 1, start - 1, -1):
        o = (frame - start) * _KEPT
        pivot, h1, h2 = load6(rows, o), load9(rows, o + 6), load9(rows, o + 15)
        h3 = diagonal_times(load3(rows, o + 24), pivot)
        t1 = _negative_sum(atb(h1, full(s11)), atb(h2, transposed(s12)), atb(h3, transposed(s13)))
        t2 = _negative_sum(atb(h1, s12), atb(h2, full(s22)), atb(h3, transposed(s23)))
        t3 = _negative_sum(atb(h1, s13), atb(h2, s23), atb(h3, full(s33)))
        own = minus6(minus6(minus6(pivot, symmetric_atbt(h1, t1)), symmetric_atbt(h2, t2)), symmetric_atbt(h3, t3))
        store_all(covariance, 6 * frame, own)
        s11, s22, s33, s12, s13, s23 = own, s11, s22, t1, t2, s12
    store_all(ties, 0, (*s11, *s22, *s33))
    store_all(ties, 18, (*s12, *s13, *s23))


@njit(**OPTIONS)
def solve(info, led, stiffness, marks, vector, covariance):
    """Solve the system, and find the inverse near its diagonal where that is wanted.

    The factor is found twice: the second time on the way back, piece by piece from where it stood at the beginning of
    each, which takes less time than to write all of it to memory and to fetch it from there.

    Parameters
    ----------
    info : float64, shape (time + PAD, 6, LANES)
    led : float64, shape (PAD + time + PAD, LANES)
    stiffness : float64, shape (3, LANES)
        Inverse variance of the third difference by axis.
    marks : float64, shape (pieces + 1, 54, LANES)
        Memory.
    vector : float64, shape (time + PAD, 3, LANES)
        Right-hand side; becomes the solution.
    covariance : float64, shape (time + PAD, 6, LANES)
        Result: covariance of every sample, its terms in the order of `info`; left alone when empty.
    """
    n_frames = led.size // LANES - 2 * PAD
    rows, ties = np.empty(PIECE * _KEPT * LANES), np.zeros(_TIES * LANES)
    marks[: MARK_ROWS * LANES] = 0.0
    for start in range(0, n_frames, PIECE):
        _forward(info, led, stiffness, vector, marks, start, min(start + PIECE, n_frames), rows)
    last = (n_frames - 1) // PIECE * PIECE
    for start in range(last, -1, -PIECE):
        stop = min(start + PIECE, n_frames)
        if start < last:
            _forward(info, led, stiffness, vector, marks, start, stop, rows)
        _substitute(rows, start, stop, vector)
        if covariance.size:
            _invert(rows, start, stop, ties, covariance)
