"""What the fitted poses say of landmarks, compiled: places, and how they depend on the whitened unknowns."""

import numpy as np
from numba import njit

from mocap.kinematics.fit.matrix_kernels import factor, gram, invert_lower
from mocap.kinematics.fit.normal_kernels import MAX_CHAIN, levers_of


@njit(cache=True, nogil=True, error_model="numpy")
def seen_sd(blocks, loosest, spread):
    """Write what single frames know by their markers alone: sd of place (m) and turns (rad), (time, 1 + segment).

    `loosest` (n,) is the sd of an unknown that no marker shows.
    """
    n_frames, n, _ = blocks.shape
    work, lower, root, inverse = np.empty((n, n)), np.zeros((n, n)), np.empty((n, n)), np.empty((n, n))
    for t in range(n_frames):
        work[:] = blocks[t]
        for i in range(n):
            work[i, i] += 1.0 / loosest[i] ** 2
        if not factor(work, lower):
            spread[t] = np.inf
            continue
        invert_lower(lower, root)
        gram(root, inverse)
        for s in range(n // 3):
            total = inverse[3 * s, 3 * s] + inverse[3 * s + 1, 3 * s + 1] + inverse[3 * s + 2, 3 * s + 2]
            spread[t, s] = np.sqrt(total)


@njit(cache=True, nogil=True, error_model="numpy")
def blend(blocks, missing, covariance):
    """Put, in `covariance` (time, n, n), what single frames know by their markers beside what neighbours tell as well.

    A frame that shows all segments stands for itself. In one that misses some (`missing`, (time, n / 3), per three
    unknowns) those take what neighbours tell, and the others no less than what the frame itself leaves open.
    """
    n_frames, n, _ = blocks.shape
    lower, root, inverse = np.zeros((n, n)), np.empty((n, n)), np.empty((n, n))
    scale = np.empty(n)
    for t in range(n_frames):
        if not factor(blocks[t], lower):
            continue
        invert_lower(lower, root)
        gram(root, inverse)
        if not missing[t].any():
            covariance[t] = inverse
            continue
        for k in range(n // 3):
            one, other = 0.0, 0.0
            for i in range(3 * k, 3 * k + 3):
                one += inverse[i, i]
                other += covariance[t, i, i]
            wider = one > other and not missing[t, k]
            scale[3 * k : 3 * k + 3] = np.sqrt(one / other) if wider else 1.0
        for i in range(n):
            for j in range(n):
                covariance[t, i, j] *= scale[i] * scale[j]


@njit(cache=True, nogil=True, error_model="numpy")
def distances(residuals, weights, squares):
    """Write the squared distances (time, marker) of residuals in units of their sd; 0 where there is none."""
    for t in range(residuals.shape[0]):
        for m in range(residuals.shape[1]):
            total = 0.0
            if np.isfinite(residuals[t, m, 0]):
                for i in range(3):
                    for j in range(3):
                        total += residuals[t, m, i] * weights[t, m, i, j] * residuals[t, m, j]
            squares[t, m] = total


@njit(cache=True, nogil=True, error_model="numpy")
def roots_of(covariance, lower):
    """Write the lower factors of covariances (time, n, n)."""
    for t in range(len(covariance)):
        if not factor(covariance[t], lower[t]):
            lower[t] = np.nan


@njit(cache=True, nogil=True, error_model="numpy")
def place_point(root, rotations, parent, offset, segment, place, lower, value, grad):
    """Write a point's places (time, 3) and gradients (source, time, 3, 3); `lower` are roots of the covariance.

    Source k stands for the whitened unknowns 3k to 3k + 2.
    """
    chain = np.empty(MAX_CHAIN, np.int64)
    levers = np.empty((MAX_CHAIN, 3))
    n_sources = len(grad)
    for t in range(len(root)):
        count = levers_of(rotations[t], parent, offset, segment, place, chain, levers)
        for i in range(3):
            total = root[t, i]
            for k in range(count):
                total += levers[k, i]
            value[t, i] = total
        for source in range(n_sources):
            for c in range(3):
                column = 3 * source + c
                x, y, z = lower[t, 0, column], lower[t, 1, column], lower[t, 2, column]
                for k in range(count):
                    at = 3 + 3 * chain[k]
                    u, v, w = lower[t, at, column], lower[t, at + 1, column], lower[t, at + 2, column]
                    x += v * levers[k, 2] - w * levers[k, 1]
                    y += w * levers[k, 0] - u * levers[k, 2]
                    z += u * levers[k, 1] - v * levers[k, 0]
                grad[source, t, 0, c], grad[source, t, 1, c], grad[source, t, 2, c] = x, y, z


@njit(cache=True, nogil=True, error_model="numpy")
def solve_frames(blocks, chosen, step):
    """Solve, in place of `step` (time, n), the equations of the chosen frames each by itself; 0 in the others."""
    n_frames, n = step.shape
    lower = np.zeros((n, n))
    for t in range(n_frames):
        if not chosen[t] or not factor(blocks[t], lower):
            step[t] = 0.0
            continue
        for i in range(n):
            for k in range(i):
                step[t, i] -= lower[i, k] * step[t, k]
            step[t, i] /= lower[i, i]
        for i in range(n - 1, -1, -1):
            for k in range(i + 1, n):
                step[t, i] -= lower[k, i] * step[t, k]
            step[t, i] /= lower[i, i]
