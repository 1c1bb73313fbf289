"""Smoothing of series in three dimensions, compiled: many keypoints beside each other, one pass over time.

Positions whose third difference is white noise, seen with noise of known covariance, are the solution of a banded
system of equations: what a Kalman filter and a Rauch-Tung-Striebel smoother give, in the form in which a missing
sample is merely an information of zero. The system is factorised by columns (Cholesky), and the part of its inverse
inside the band, which holds the covariance of every sample, follows from the factor (Takahashi's recursion).

Arrays hold LANES keypoints side by side as their last axis. Row i of the system is coordinate i % 3 of frame i // 3;
its column of the factor holds the rows i to i + 11. `info` holds the terms xx xy xz yy yz zz of the inverse
covariance of every sample; `steady` is 1 for every third difference that starts at a frame and counts, else 0.
"""

import numpy as np
from numba import njit

LANES = 8
BAND = 12
_TERM = np.array([[0, 1, 2], [1, 3, 4], [2, 4, 5]])
_OPTIONS = {"cache": True, "nogil": True, "error_model": "numpy", "fastmath": {"contract", "reassoc", "arcp", "nsz"}}


@njit(**_OPTIONS)
def third_difference_terms(steady, terms):
    """Fill `terms` (time, 4, LANES): the products of a frame with itself and the three after it, summed over `steady`.

    Parameters
    ----------
    steady : float64, shape (time, LANES)
    terms : float64, shape (time, 4, LANES)
        Diagonal and the three diagonals beside it of D'D, where D takes third differences.
    """
    weight = np.array([-1.0, 3.0, -3.0, 1.0])
    terms[:] = 0.0
    for m in range(steady.shape[0] - 3):
        for first in range(4):
            for second in range(first, 4):
                product = weight[first] * weight[second]
                for p in range(LANES):
                    terms[m + first, second - first, p] += product * steady[m, p]


@njit(**_OPTIONS)
def factorise(info, terms, stiffness, factor, log_det):  # noqa: C901
    """Factorise the system; the columns of the factor hold 1 / diagonal first.

    Parameters
    ----------
    info : float64, shape (time, 6, LANES)
    terms : float64, shape (time, 4, LANES)
    stiffness : float64, shape (3, LANES)
        Inverse variance of the third difference by axis.
    factor : float64, shape (3 time, 12, LANES)
        Result.
    log_det : float64, shape (LANES,)
        Result: log determinant.
    """
    n = factor.shape[0]
    column = np.empty((BAND, LANES))
    log_det[:] = 0.0
    for j in range(n):
        frame, axis = j // 3, j % 3
        reach = min(BAND, n - j)
        column[:] = 0.0
        for d in range(3 - axis):
            for p in range(LANES):
                column[d, p] = info[frame, _TERM[axis, axis + d], p]
        for lag in range(4):
            if 3 * lag < reach:
                for p in range(LANES):
                    column[3 * lag, p] += terms[frame, lag, p] * stiffness[axis, p]
        for back in range(1, min(BAND, j + 1)):
            for d in range(min(reach, BAND - back)):
                for p in range(LANES):
                    column[d, p] -= factor[j - back, back + d, p] * factor[j - back, back, p]
        for p in range(LANES):
            log_det[p] += np.log(column[0, p])
            factor[j, 0, p] = 1.0 / np.sqrt(column[0, p])
        for d in range(1, reach):
            for p in range(LANES):
                factor[j, d, p] = column[d, p] * factor[j, 0, p]
        for d in range(reach, BAND):
            for p in range(LANES):
                factor[j, d, p] = 0.0


@njit(**_OPTIONS)
def substitute(factor, vector):
    """Solve the factorised system in place; `vector` has shape (3 time, LANES)."""
    n = factor.shape[0]
    for i in range(n):
        for p in range(LANES):
            vector[i, p] *= factor[i, 0, p]
        for d in range(1, min(BAND, n - i)):
            for p in range(LANES):
                vector[i + d, p] -= factor[i, d, p] * vector[i, p]
    for i in range(n - 1, -1, -1):
        for d in range(1, min(BAND, n - i)):
            for p in range(LANES):
                vector[i, p] -= factor[i, d, p] * vector[i + d, p]
        for p in range(LANES):
            vector[i, p] *= factor[i, 0, p]


@njit(**_OPTIONS)
def invert_band(factor, terms, covariance, taken):  # noqa: C901
    """Overwrite the factor by the inverse of the system inside the band.

    Parameters
    ----------
    factor : float64, shape (3 time, 12, LANES)
        Comes factorised; element (i, d) becomes that of row i and column i + d of the inverse.
    terms : float64, shape (time, 4, LANES)
    covariance : float64, shape (time, 6, LANES)
        Result: covariance of every sample, its terms in the order of `info`.
    taken : float64, shape (3, LANES)
        Result: by axis the trace of inverse times D'D; times the stiffness, the degrees of freedom that the model of
        motion takes up.
    """
    n = factor.shape[0]
    row = np.empty((BAND, LANES))
    taken[:] = 0.0
    for i in range(n - 1, -1, -1):
        frame, axis = i // 3, i % 3
        reach = min(BAND, n - i)
        row[:] = 0.0
        for k in range(1, reach):
            for d in range(1, reach):
                low, gap = (k, d - k) if d >= k else (d, k - d)
                for p in range(LANES):
                    row[d, p] -= factor[i, k, p] * factor[i + low, gap, p]
        for d in range(1, reach):
            for p in range(LANES):
                row[d, p] *= factor[i, 0, p]
        for p in range(LANES):
            row[0, p] = factor[i, 0, p]
        for k in range(1, reach):
            for p in range(LANES):
                row[0, p] -= factor[i, k, p] * row[k, p]
        for p in range(LANES):
            row[0, p] *= factor[i, 0, p]
        for d in range(BAND):
            for p in range(LANES):
                factor[i, d, p] = row[d, p]
        for d in range(3 - axis):
            for p in range(LANES):
                covariance[frame, _TERM[axis, axis + d], p] = row[d, p]
        for lag in range(4):
            if 3 * lag < reach:
                twice = 1.0 if lag == 0 else 2.0
                for p in range(LANES):
                    taken[axis, p] += twice * terms[frame, lag, p] * row[3 * lag, p]


@njit(**_OPTIONS)
def roughness(position, steady, total):
    """Sum the squares of the third differences that count by axis into `total`, shape (3, LANES).

    `position` has shape (3 time, LANES).
    """
    total[:] = 0.0
    for m in range(steady.shape[0] - 3):
        for axis in range(3):
            i = 3 * m + axis
            for p in range(LANES):
                third = position[i + 9, p] - 3.0 * position[i + 6, p] + 3.0 * position[i + 3, p] - position[i, p]
                total[axis, p] += steady[m, p] * third * third
