"""Normal equations over all frames, compiled: blocks on the diagonal, and a second difference that couples frames.

The matrix has a full block per frame; the prior (squared second differences, weighted per frame and unknown) adds
diagonal blocks that reach two frames far. Its factor is kept as the inverse roots on the diagonal and two blocks below
each. The diagonal blocks of the inverse follow backwards from the same factor (Erisman and Tinney 1975).
"""

import numpy as np
from numba import njit

from mocap.kinematics.fit.matrix_kernels import (
    FAST,
    factor,
    gram,
    invert_lower,
    take_square,
    times,
    times_transposed,
    transposed_times,
)


@njit(cache=True, nogil=True, error_model="numpy")
def factor_band(blocks, weight, roots, below, beyond):
    """Factor; return whether the matrix is positive definite.

    `blocks` (time, n, n), lower triangles; `weight` (time, n) of the second differences by their middle frames, 0 in
    the first and the last frame; out: `roots`, `below`, `beyond` (time, n, n).
    """
    n_frames, n = weight.shape
    work, lower = np.empty((n, n)), np.zeros((n, n))
    for t in range(n_frames):
        work[:] = blocks[t]
        for i in range(n):
            work[i, i] += 4.0 * weight[t, i]
            if t >= 1:
                work[i, i] += weight[t - 1, i]
            if t + 1 < n_frames:
                work[i, i] += weight[t + 1, i]
        if t >= 1:
            take_square(below[t - 1], work)
        if t >= 2:
            take_square(beyond[t - 2], work)
        if not factor(work, lower):
            return False
        invert_lower(lower, roots[t])
        _write_below(t, weight, roots, below, beyond, work)
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _write_below(t, weight, roots, below, beyond, work):
    n_frames, n = weight.shape
    if t >= 1:
        times_transposed(beyond[t - 1], below[t - 1], work)
        for i in range(n):
            for j in range(n):
                work[i, j] = -work[i, j]
    else:
        work[:] = 0.0
    if t + 1 == n_frames:
        below[t] = 0.0
        beyond[t] = 0.0
        return
    for i in range(n):
        work[i, i] -= 2.0 * (weight[t, i] + weight[t + 1, i])
    times_transposed(work, roots[t], below[t])
    for i in range(n):
        for j in range(n):
            beyond[t, i, j] = weight[t + 1, i] * roots[t, j, i]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def _take_product(block, vector, work):
    """Take block @ vector from `work`."""
    for i in range(len(work)):
        value = 0.0
        for k in range(len(work)):
            value += block[i, k] * vector[k]
        work[i] -= value


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def _take_transposed(block, vector, work):
    """Take block' @ vector from `work`."""
    for k in range(len(work)):
        weight = vector[k]
        for i in range(len(work)):
            work[i] -= block[k, i] * weight


@njit(cache=True, nogil=True, error_model="numpy")
def solve_band(roots, below, beyond, right, answer):
    """Solve for `right` (time, n) with a factor; `answer` may be the same array."""
    n_frames, n = right.shape
    work = np.empty(n)
    for t in range(n_frames):
        work[:] = right[t]
        if t >= 1:
            _take_product(below[t - 1], answer[t - 1], work)
        if t >= 2:
            _take_product(beyond[t - 2], answer[t - 2], work)
        answer[t] = 0.0
        for i in range(n):
            for k in range(i + 1):
                answer[t, i] += roots[t, i, k] * work[k]
    for t in range(n_frames - 1, -1, -1):
        work[:] = answer[t]
        if t + 1 < n_frames:
            _take_transposed(below[t], answer[t + 1], work)
        if t + 2 < n_frames:
            _take_transposed(beyond[t], answer[t + 2], work)
        answer[t] = 0.0
        for k in range(n):
            for i in range(k + 1):
                answer[t, i] += roots[t, k, i] * work[k]


@njit(cache=True, nogil=True, error_model="numpy")
def inverse_diagonal(roots, below, beyond, covariance):
    """Write the diagonal blocks of the inverse, (time, n, n)."""
    n_frames, n, _ = roots.shape
    own, to_next, to_after = np.empty((n, n)), np.empty((n, n)), np.empty((n, n))
    next_own, after_own, next_after = np.zeros((n, n)), np.zeros((n, n)), np.zeros((n, n))
    one, two = np.zeros((n, n)), np.zeros((n, n))
    for t in range(n_frames - 1, -1, -1):
        gram(roots[t], own)
        to_next[:] = 0.0
        to_after[:] = 0.0
        if t + 1 < n_frames:
            one[:] = 0.0
            two[:] = 0.0
            times(below[t], roots[t], 1.0, one)
            times(beyond[t], roots[t], 1.0, two)
            # Blocks of the inverse: (t + 1, t), then (t + 2, t), then (t, t).
            times(next_own, one, -1.0, to_next)
            transposed_times(next_after, two, -1.0, to_next)
            times(next_after, one, -1.0, to_after)
            times(after_own, two, -1.0, to_after)
            transposed_times(one, to_next, -1.0, own)
            transposed_times(two, to_after, -1.0, own)
        # Rounding that is not symmetric grows from frame to frame.
        for i in range(n):
            for j in range(i):
                own[i, j] = own[j, i] = 0.5 * (own[i, j] + own[j, i])
        covariance[t] = own
        after_own[:] = next_own
        next_own[:] = own
        next_after[:] = to_next
