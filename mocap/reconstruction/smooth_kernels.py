"""Smoothing of series in three dimensions, compiled: many keypoints beside each other, one pass over time.

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
    LANES,
    OPTIONS,
    by_pivot,
    invert_pivot,
    minus_ab,
    minus_abt,
    minus_atb,
    minus_atv,
    minus_av,
    times_symmetric,
)

__all__ = [
    "FACTOR_ROWS",
    "IMPORTED_SHA256",
    "LANES",
    "PAD",
    "factorise",
    "invert_band",
    "substitute",
]

# The compiler's cache watches this file alone: a test holds this to the SHA-256 of the kernel file imported.
IMPORTED_SHA256 = "e9884ff4910c03db1d6bff30c429856cc045749df2686189e3f8ac00c24e0b93"
PAD = 3
#: Rows of the factor of one frame: inverse of its pivot (6), and what it hands to each of the three frames after (9).
FACTOR_ROWS = 33
_BLOCK = 9 * LANES
_COLUMN = 4 * _BLOCK


@njit(**OPTIONS)
def _start_column(info, led, stiffness, frame, column, o):
    """Add the system's own blocks of a frame, and of the three after it, to what earlier frames left there."""
    n = LANES
    for p in range(n):
        i = 6 * frame * n + p
        column[o + n + p] += info[i + n]
        column[o + 2 * n + p] += info[i + 2 * n]
        column[o + 5 * n + p] += info[i + 4 * n]
    for axis, term in ((0, 0), (1, 3), (2, 5)):
        row, along, at, s = o + 4 * axis * n, axis * n, (6 * frame + term) * n, frame * n
        for p in range(n):
            three, two, one, here = led[s + p], led[s + n + p], led[s + 2 * n + p], led[s + 3 * n + p]
            stiff = stiffness[along + p]
            own = column[row + p] + info[at + p] + stiff * (here + 9.0 * (one + two) + three)
            # A frame that stands for nothing has nothing to hand on.
            column[row + p] = own if own != 0.0 else 1.0
            column[row + _BLOCK + p] -= stiff * (3.0 * (here + two) + 9.0 * one)
            column[row + 2 * _BLOCK + p] += 3.0 * stiff * (here + one)
            column[row + 3 * _BLOCK + p] -= stiff * here


@njit(**OPTIONS)
def factorise(info, led, stiffness, factor):
    """Factorise the system.

    Parameters
    ----------
    info : float64, shape (time, 6, LANES)
    led : float64, shape (PAD + time, LANES)
    stiffness : float64, shape (3, LANES)
        Inverse variance of the third difference by axis.
    factor : float64, shape (time, 33, LANES)
        Result.
    """
    n_frames = factor.size // (FACTOR_ROWS * LANES) - PAD
    columns = np.zeros(4 * _COLUMN)
    for frame in range(n_frames):
        own, row = (frame % 4) * _COLUMN, frame * FACTOR_ROWS * LANES
        _start_column(info, led, stiffness, frame, columns, own)
        invert_pivot(columns, own, factor, row)
        for k in range(1, 4):
            handed = row + 6 * LANES + (k - 1) * _BLOCK
            times_symmetric(columns, own + k * _BLOCK, factor, row, factor, handed)
            for lag in range(1, k + 1):
                target = ((frame + lag) % 4) * _COLUMN + (k - lag) * _BLOCK
                minus_abt(columns, target, factor, handed, columns, own + lag * _BLOCK)
        columns[own : own + _COLUMN] = 0.0


@njit(**OPTIONS)
def substitute(factor, vector):
    """Solve the factorised system in place; `vector` has shape (time, 3, LANES), zero in its PAD frames."""
    rows, step = FACTOR_ROWS * LANES, 3 * LANES
    n_frames = factor.size // rows - PAD
    for frame in range(n_frames):
        for k in range(3):
            handed = frame * rows + 6 * LANES + k * _BLOCK
            minus_av(vector, (frame + 1 + k) * step, factor, handed, frame * step)
    for frame in range(n_frames - 1, -1, -1):
        by_pivot(vector, frame * step, factor, frame * rows)
        for k in range(3):
            handed = frame * rows + 6 * LANES + k * _BLOCK
            minus_atv(vector, frame * step, factor, handed, (frame + 1 + k) * step)


@njit(**OPTIONS)
def _emit(column, o, frame, covariance):
    """Write out the covariance of a frame."""
    n = LANES
    for p in range(n):
        i = 6 * frame * n + p
        covariance[i], covariance[i + n] = column[o + p], column[o + n + p]
        covariance[i + 2 * n] = column[o + 2 * n + p]
        covariance[i + 3 * n], covariance[i + 4 * n] = column[o + 4 * n + p], column[o + 5 * n + p]
        covariance[i + 5 * n] = column[o + 8 * n + p]


@njit(**OPTIONS)
def invert_band(factor, covariance):
    """Compute the inverse of the system near its diagonal.

    Parameters
    ----------
    factor : float64, shape (time, 33, LANES)
    covariance : float64, shape (time, 6, LANES)
        Result: covariance of every sample, its terms in the order of `info`.
    """
    n = LANES
    n_frames = factor.size // (FACTOR_ROWS * n) - PAD
    columns = np.zeros(4 * _COLUMN)
    for frame in range(n_frames - 1, -1, -1):
        own, row = (frame % 4) * _COLUMN, frame * FACTOR_ROWS * n
        columns[own : own + _COLUMN] = 0.0
        for place, term in ((0, 0), (1, 1), (2, 2), (3, 1), (4, 3), (5, 4), (6, 2), (7, 4), (8, 5)):
            for p in range(n):
                columns[own + place * n + p] = factor[row + term * n + p]
        for j in range(1, 4):
            for k in range(1, 4):
                later, gap = (frame + min(j, k)) % 4, abs(j - k)
                source = later * _COLUMN + gap * _BLOCK
                handed = row + 6 * n + (k - 1) * _BLOCK
                if j < k:
                    minus_atb(columns, own + j * _BLOCK, columns, source, factor, handed)
                else:
                    minus_ab(columns, own + j * _BLOCK, columns, source, factor, handed)
        for k in range(1, 4):
            minus_atb(columns, own, columns, own + k * _BLOCK, factor, row + 6 * n + (k - 1) * _BLOCK)
        # Rounding makes the block a little unsymmetric, and that little would grow from frame to frame.
        for upper, lower in ((1, 3), (2, 6), (5, 7)):
            for p in range(n):
                mean = 0.5 * (columns[own + upper * n + p] + columns[own + lower * n + p])
                columns[own + upper * n + p], columns[own + lower * n + p] = mean, mean
        _emit(columns, own, frame, covariance)
