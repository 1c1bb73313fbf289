"""A first look at series over time, compiled: each axis by itself, at a small part of the cost of all three together.

Every axis has the variance that it has whatever the others are, so that what is learned from it is consistent; what
the axes know of each other is left to the fit at the end.
"""

import numpy as np
from numba import njit

from mocap.reconstruction.smooth_block_kernels import LANES, N1, N2, N3, OPTIONS

# The compiler's cache watches this file alone: a test holds this to the SHA-256 of the kernel file imported.
IMPORTED_SHA256 = "e9884ff4910c03db1d6bff30c429856cc045749df2686189e3f8ac00c24e0b93"
#: Rows of memory for each frame; frames in a piece, which is to stay near the processor; rows of what is found.
SCOUT_ROWS, PIECE, SEEN_ROWS = 15, 64, 6
_FRAME = SCOUT_ROWS * LANES
_R1, _R2, _R3, _R4 = (np.uint64(3 * place * LANES) for place in range(1, 5))
_BACK1, _BACK2, _BACK3 = (np.uint64(SCOUT_ROWS * turn * LANES) for turn in range(1, 4))


@njit(**OPTIONS)
def _forward(value, precision, steady, stiffness, rows, frame, slot, axis):
    """Eliminate one frame: inverse pivot, what it hands on to the three after it, and right-hand side."""
    at, along = np.uint64((3 * frame + axis) * LANES), np.uint64(axis * LANES)
    o = np.uint64((slot * SCOUT_ROWS + axis) * LANES)
    s = np.uint64(frame * LANES)
    a, b, c = o - _BACK1, o - _BACK2, o - _BACK3
    for p in range(N1):
        i, j, k = rows[a + p], rows[b + p], rows[c + p]
        i1, i2, i3 = rows[a + _R1 + p], rows[a + _R2 + p], rows[a + _R3 + p]
        j2, j3, k3 = rows[b + _R2 + p], rows[b + _R3 + p], rows[c + _R3 + p]
        l1, l2, l3 = i1 * i, j2 * j, k3 * k
        here, one, two, three = steady[s + N3 + p], steady[s + N2 + p], steady[s + N1 + p], steady[s + p]
        stiff, own = stiffness[along + p], precision[at + p]
        left = own + stiff * (here + 9.0 * (one + two) + three) - l1 * i1 - l2 * j2 - l3 * k3
        # A frame that stands for nothing has nothing to hand on.
        rows[o + p] = 1.0 / left if left > 0.0 else 1.0
        rows[o + _R1 + p] = -stiff * (3.0 * (here + two) + 9.0 * one) - l1 * i2 - l2 * j3
        rows[o + _R2 + p] = 3.0 * stiff * (here + one) - l1 * i3
        rows[o + _R3 + p] = -stiff * here
        rows[o + _R4 + p] = (
            own * value[at + p] - l1 * rows[a + _R4 + p] - l2 * rows[b + _R4 + p] - l3 * rows[c + _R4 + p]
        )


@njit(**OPTIONS)
def _backward(rows, slot, axis):
    """Solve one frame, and the inverse near it: its variance, its ties to the next two, value, third difference's."""
    o = np.uint64((slot * SCOUT_ROWS + axis) * LANES)
    a, b, c = o + _BACK1, o + _BACK2, o + _BACK3
    for p in range(N1):
        near = rows[o + p]
        l1, l2, l3 = rows[o + _R1 + p] * near, rows[o + _R2 + p] * near, rows[o + _R3 + p] * near
        x = rows[o + _R4 + p] * near
        x -= l1 * rows[a + _R3 + p] + l2 * rows[b + _R3 + p] + l3 * rows[c + _R3 + p]
        s11, s12, s13 = rows[a + p], rows[a + _R1 + p], rows[a + _R2 + p]
        s22, s23, s33 = rows[b + p], rows[b + _R1 + p], rows[c + p]
        t1 = -(l1 * s11 + l2 * s12 + l3 * s13)
        t2 = -(l1 * s12 + l2 * s22 + l3 * s23)
        t3 = -(l1 * s13 + l2 * s23 + l3 * s33)
        t0 = near - (l1 * t1 + l2 * t2 + l3 * t3)
        rows[o + p], rows[o + _R1 + p], rows[o + _R2 + p], rows[o + _R3 + p] = t0, t1, t2, x
        crossed = 3.0 * (t2 - t1 + s13 - s23) - 9.0 * s12 - t3
        rows[o + _R4 + p] = t0 + 9.0 * (s11 + s22) + s33 + 2.0 * crossed


@njit(**OPTIONS)
def _count(value, precision, steady, stiffness, rows, frame, slot, axis, sums, local):
    """Add up what one frame tells of motion and noise."""
    at, along, s = np.uint64((3 * frame + axis) * LANES), np.uint64(axis * LANES), np.uint64(frame * LANES)
    o = np.uint64((slot * SCOUT_ROWS + axis) * LANES) + _R3
    first, second, third = np.uint64(3 * LANES) + along, np.uint64(6 * LANES) + along, np.uint64(2 * frame * LANES)
    for p in range(N1):
        x = rows[o + p]
        step = rows[o + _BACK3 + p] - x - 3.0 * (rows[o + _BACK2 + p] - rows[o + _BACK1 + p])
        counts = steady[s + N3 + p]
        square, degrees, off = counts * step * step, counts * rows[o + N3 + p], value[at + p] - x
        sums[along + p] += degrees
        sums[first + p] += square
        sums[second + p] += precision[at + p] * off * off
        local[third + p] += stiffness[along + p] * degrees
        local[third + N1 + p] += stiffness[along + p] * square


@njit(**OPTIONS)
def _write(rows, slot, frame, result):
    """Write out variance and value of one frame."""
    o, at = np.uint64(slot * _FRAME), np.uint64(SEEN_ROWS * LANES * frame)
    for p in range(N3):
        result[at + p] = rows[o + p]
        result[at + N3 + p] = rows[o + _R3 + p]


@njit(**OPTIONS)
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
    marks : float64, shape (pieces, 3, 5, 3, LANES)
        Memory: the three frames before each piece.
    sums : float64, shape (3, 3, LANES)
        Result: by axis the trace of inverse times D'D, the squares of the third differences, the misfit.
    local : float64, shape (time + PAD, 2, LANES)
        Result: degrees, and squares, of all axes by third difference, times the stiffness.
    result : float64, shape (time + PAD, 2, 3, LANES)
        Result: variance and value.
    """
    n_frames, edge = steady.size // LANES - 6, 3 * _FRAME
    n_pieces = -(-n_frames // PIECE)
    rows = np.zeros((PIECE + 6) * _FRAME)
    sums[:] = 0.0
    local[:] = 0.0
    result[SEEN_ROWS * LANES * n_frames :] = 0.0
    for piece in range(n_pieces):
        start, stop = piece * PIECE, min((piece + 1) * PIECE, n_frames)
        marks[piece * edge : (piece + 1) * edge] = rows[:edge]
        for frame in range(start, stop):
            for axis in range(3):
                _forward(value, precision, steady, stiffness, rows, frame, frame - start + 3, axis)
        if piece < n_pieces - 1:
            rows[:edge] = rows[PIECE * _FRAME : PIECE * _FRAME + edge]
    rows[(n_frames - (n_pieces - 1) * PIECE + 3) * _FRAME :] = 0.0
    for piece in range(n_pieces - 1, -1, -1):
        start, stop = piece * PIECE, min((piece + 1) * PIECE, n_frames)
        if piece < n_pieces - 1:
            rows[(PIECE + 3) * _FRAME :] = rows[edge : 2 * edge]
            rows[:edge] = marks[piece * edge : (piece + 1) * edge]
            for frame in range(start, stop):
                for axis in range(3):
                    _forward(value, precision, steady, stiffness, rows, frame, frame - start + 3, axis)
        for frame in range(stop - 1, start - 1, -1):
            slot = frame - start + 3
            for axis in range(3):
                _backward(rows, slot, axis)
                _count(value, precision, steady, stiffness, rows, frame, slot, axis, sums, local)
            _write(rows, slot, frame, result)


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
    n_frames, n_lanes = pace.shape
    shrink, chance, least, most = settings
    free, squares = np.zeros(n_lanes), np.zeros(n_lanes)
    for p in range(n_lanes):
        for t in range(min(reach[p], n_frames)):
            free[p] += (3.0 if steady[t, p] > 0.0 else 0.0) - local[t, 0, p]
            squares[p] += local[t, 1, p]
    for t in range(n_frames):
        for p in range(n_lanes):
            enters, leaves = t + reach[p], t - reach[p] - 1
            if enters < n_frames:
                free[p] += (3.0 if steady[enters, p] > 0.0 else 0.0) - local[enters, 0, p]
                squares[p] += local[enters, 1, p]
            if leaves >= 0:
                free[p] -= (3.0 if steady[leaves, p] > 0.0 else 0.0) - local[leaves, 0, p]
                squares[p] -= local[leaves, 1, p]
        for p in range(n_lanes):
            degrees, found = max(free[p], 0.0) + shrink, max(squares[p] / noise[p], 0.0) + shrink
            by_chance = chance * np.sqrt(2.0 * degrees)
            up, down = max(found / (degrees + by_chance), 1.0), min((found + by_chance) / degrees, 1.0)
            square = up * up
            pace[t, p] = min(max(pace[t, p] * (square * square * up * (down * down)), least), most)
