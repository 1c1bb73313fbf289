"""A first look at series over time, compiled: each axis by itself, at a small part of the cost of all three together.

Every axis has the variance that it has whatever the others are, so that what is learned from it is consistent; what
the axes know of each other is left to the fit at the end.
"""

import numpy as np
from numba import njit

from mocap.reconstruction.smooth_block_kernels import load4, store_all
from mocap.vector_kernels import INLINE, LANES, OPTIONS, load, same, store, where_positive

# The compiler's cache watches this file alone: a test holds this to the SHA-256 of the kernel files imported.
IMPORTED_SHA256 = "f09ee983a36e7b8177d8bdadeefce2fafa836d1f2956776fe430dc6fdca8d627"
# Called functions are made part of their caller: left apart, the process that compiles takes their sums in another
# order than later ones, which load both from the cache.
PART = {**OPTIONS, "forceinline": True}
#: Frames in a piece, which is to stay near the processor; rows of memory for a mark; rows of what is found.
PIECE, MARK_ROWS, SEEN_ROWS = 64, 36, 6
_KEPT = 5  # rows of an axis of a frame


@njit(**INLINE)
def _forward(value, precision, steady, stiffness, frame, axis, before):
    """Eliminate one frame; return what it hands on with what the two before it did.

    Of each frame that is the inverse pivot, what it hands to those after it, and the right-hand side.
    """
    i, i1, i2, i3, iv, j, j2, j3, jv, k, k3, kv = before
    three, two, one, here = load4(steady, frame)
    stiff, own = load(stiffness, axis), load(precision, 3 * frame + axis)
    l1, l2, l3 = i1 * i, j2 * j, k3 * k
    left = own + stiff * (here + 9.0 * (one + two) + three) - l1 * i1 - l2 * j2 - l3 * k3
    # A frame that stands for nothing has nothing to hand on.
    near = where_positive(left, 1.0 / left, same(1.0))
    to1 = -3.0 * stiff * (here + two + 3.0 * one) - l1 * i2 - l2 * j3
    to2 = 3.0 * stiff * (here + one) - l1 * i3
    right = own * load(value, 3 * frame + axis) - l1 * iv - l2 * jv - l3 * kv
    return near, to1, to2, -1.0 * stiff * here, right, i, i2, i3, iv, j, j3, jv


@njit(**INLINE)
def _backward(value, precision, steady, rows, frame, slot, axis, after):
    """Solve one frame, and the inverse near it; return what it and the two after it are, and what was counted.

    Of the inverse those are the ties of the three, then their values, degrees of freedom, squares, and misfit.
    """
    s11, s12, s13, s22, s23, s33, x1, x2, x3, degrees, squares, misfit = after
    o = (slot * 3 + axis) * _KEPT
    near, l1, l2, l3 = load(rows, o), load(rows, o + 1), load(rows, o + 2), load(rows, o + 3)
    x = load(rows, o + 4) - l1 * x1 - l2 * x2 - l3 * x3
    t1 = l1 * s11 + l2 * s12 + l3 * s13
    t2 = l1 * s12 + l2 * s22 + l3 * s23
    t3 = l1 * s13 + l2 * s23 + l3 * s33
    t0 = near + l1 * t1 + l2 * t2 + l3 * t3
    # Of the third difference that begins here: its variance, and the difference itself.
    spread = t0 + 9.0 * (s11 + s22 - 2.0 * s12) + s33 + 6.0 * (t1 - t2 + s13 - s23) + 2.0 * t3
    step = x3 - x - 3.0 * (x2 - x1)
    counts, off = load(steady, frame + 3), load(value, 3 * frame + axis) - x
    misfit = misfit + load(precision, 3 * frame + axis) * off * off
    none = same(0.0)
    return (
        t0, none - t1, none - t2, s11, s12, s22, x, x1, x2,
        degrees + counts * spread, squares + counts * step * step, misfit,
    ), counts * spread, counts * step * step  # fmt: skip


@njit(**INLINE)
def _load_mark(marks, row):
    """Return the state of one axis."""
    return (
        load(marks, row), load(marks, row + 1), load(marks, row + 2), load(marks, row + 3), load(marks, row + 4),
        load(marks, row + 5), load(marks, row + 6), load(marks, row + 7), load(marks, row + 8), load(marks, row + 9),
        load(marks, row + 10), load(marks, row + 11),
    )  # fmt: skip


@njit(**INLINE)
def _keep(rows, slot, axis, state):
    """Keep what a frame handed on, over its pivot."""
    o = (slot * 3 + axis) * _KEPT
    near = state[0]
    store(rows, o, near)
    for place in range(1, _KEPT):
        store(rows, o + place, state[place] * near)


@njit(**PART)
def _piece(value, precision, steady, stiffness, marks, start, stop, rows):
    """Go forward through one piece from its mark, keeping everything, and leave a mark at its end."""
    o = start // PIECE * MARK_ROWS
    x, y, z = _load_mark(marks, o), _load_mark(marks, o + 12), _load_mark(marks, o + 24)
    for frame in range(start, stop):
        x = _forward(value, precision, steady, stiffness, frame, 0, x)
        y = _forward(value, precision, steady, stiffness, frame, 1, y)
        z = _forward(value, precision, steady, stiffness, frame, 2, z)
        _keep(rows, frame - start, 0, x)
        _keep(rows, frame - start, 1, y)
        _keep(rows, frame - start, 2, z)
    store_all(marks, o + MARK_ROWS, x)
    store_all(marks, o + MARK_ROWS + 12, y)
    store_all(marks, o + MARK_ROWS + 24, z)


@njit(**PART)
def scout(value, precision, steady, stiffness, marks, sums, local, result):
    """Smooth each axis of each lane by itself; all arrays flat.

    The way forward is gone twice, in pieces: the second time on the way back, piece by piece from where it stood at
    the beginning of each, which takes less time than to fetch all rows from memory.

    Parameters
    ----------
    value, precision : float64, shape (time + PAD, 3, LANES)
        Precision is zero where nothing was measured.
    steady : float64, shape (3 + time + PAD, LANES)
        What each third difference counts, three rows of zeros before them.
    stiffness : float64, shape (3, LANES)
    marks : float64, shape (pieces + 1, 36, LANES)
        Memory: where the way forward stood at the beginning of each piece.
    sums : float64, shape (3, 3, LANES)
        Result: by axis the trace of inverse times D'D, the squares of the third differences, the misfit.
    local : float64, shape (time + PAD, 2, LANES)
        Result: degrees, and squares, of all axes by third difference, times the stiffness.
    result : float64, shape (time + PAD, 2, 3, LANES)
        Result: variance and value.
    """
    n_frames = steady.size // LANES - 6
    rows = np.empty(PIECE * 3 * _KEPT * LANES)
    marks[: MARK_ROWS * LANES] = 0.0
    for start in range(0, n_frames, PIECE):
        _piece(value, precision, steady, stiffness, marks, start, min(start + PIECE, n_frames), rows)
    last = (n_frames - 1) // PIECE * PIECE
    none = same(0.0)
    x = y = z = (none, none, none, none, none, none, none, none, none, none, none, none)
    first, second, third = load(stiffness, 0), load(stiffness, 1), load(stiffness, 2)
    for start in range(last, -1, -PIECE):
        stop = min(start + PIECE, n_frames)
        if start < last:
            _piece(value, precision, steady, stiffness, marks, start, stop, rows)
        for frame in range(stop - 1, start - 1, -1):
            x, x_degrees, x_square = _backward(value, precision, steady, rows, frame, frame - start, 0, x)
            y, y_degrees, y_square = _backward(value, precision, steady, rows, frame, frame - start, 1, y)
            z, z_degrees, z_square = _backward(value, precision, steady, rows, frame, frame - start, 2, z)
            store(local, 2 * frame, first * x_degrees + second * y_degrees + third * z_degrees)
            store(local, 2 * frame + 1, first * x_square + second * y_square + third * z_square)
            for axis, state in enumerate((x, y, z)):
                store(result, SEEN_ROWS * frame + axis, state[0])
                store(result, SEEN_ROWS * frame + 3 + axis, state[6])
    for axis, state in enumerate((x, y, z)):
        store(sums, axis, state[9])
        store(sums, 3 + axis, state[10])
        store(sums, 6 + axis, state[11])
    local[2 * LANES * n_frames :] = 0.0
    result[SEEN_ROWS * LANES * n_frames :] = 0.0
