"""Elimination of the bodies from the normal equations of the joint refinement, compiled.

Each body's 6x6 block is factored once; what its views then take from the reduced camera system are products of
thin matrices. Chunks of bodies sum on their own and are added in order by the caller, so that any number of
threads gives the same bytes.
"""

import numpy as np
from numba import njit

N_BODY = 6


@njit(cache=True, nogil=True, error_model="numpy")
def _factor(block, damping, lower):
    """Write the lower Cholesky factor of a damped 6x6 block; return whether there is one."""
    for i in range(N_BODY):
        for j in range(i + 1):
            value = block[i, j] * (1.0 + damping) if i == j else block[i, j]
            for k in range(j):
                value -= lower[i, k] * lower[j, k]
            if i == j:
                if not value > 0.0:
                    return False
                lower[i, i] = np.sqrt(value)
            else:
                lower[i, j] = value / lower[j, j]
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _invert(lower, root, inverse):
    """Write the inverse of a lower factor, and the inverse of the block that it came from."""
    for j in range(N_BODY):
        for i in range(j):
            root[i, j] = 0.0
        for i in range(j, N_BODY):
            value = 1.0 if i == j else 0.0
            for k in range(j, i):
                value -= lower[i, k] * root[k, j]
            root[i, j] = value / lower[i, i]
    for i in range(N_BODY):
        for j in range(N_BODY):
            value = 0.0
            for k in range(max(i, j), N_BODY):
                value += root[k, i] * root[k, j]
            inverse[i, j] = value


@njit(cache=True, nogil=True, error_model="numpy")
def _write_identity(block):
    """By hand: a copy by slices takes the compiler seconds."""
    for i in range(N_BODY):
        for j in range(N_BODY):
            block[i, j] = 1.0 if i == j else 0.0


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def _take(one, first, n, other, second, m, matrix):
    """Subtract one' @ other, both of six rows, from a block of `matrix`.

    Two rows at once, to load `other` half as often.
    """
    for i in range(0, n - 1, 2):
        a, b, c, d, e, f = one[0, i], one[1, i], one[2, i], one[3, i], one[4, i], one[5, i]
        p, q, r = one[0, i + 1], one[1, i + 1], one[2, i + 1]
        s, t, u = one[3, i + 1], one[4, i + 1], one[5, i + 1]
        upper, lower = matrix[first + i, second:], matrix[first + i + 1, second:]
        for j in range(m):
            v, w, x = other[0, j], other[1, j], other[2, j]
            y, z, o = other[3, j], other[4, j], other[5, j]
            upper[j] -= a * v + b * w + c * x + d * y + e * z + f * o
            lower[j] -= p * v + q * w + r * x + s * y + t * z + u * o
    if n % 2:
        a, b, c = one[0, n - 1], one[1, n - 1], one[2, n - 1]
        d, e, f = one[3, n - 1], one[4, n - 1], one[5, n - 1]
        upper = matrix[first + n - 1, second:]
        for j in range(m):
            upper[j] -= (
                a * other[0, j] + b * other[1, j] + c * other[2, j] + d * other[3, j] + e * other[4, j]
                + f * other[5, j]
            )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def eliminate(
    body, body_gradient, coupling, view_camera, view_start, free, camera_start, damping, chunks, first, last,
    matrix, gradient, body_inverse,
):  # fmt: skip
    """Sum what the bodies take from the reduced camera system.

    `view_start` (body + 1,) says where each body's views begin, cameras increasing; `free` (camera, 18) lists the
    moving parameters of each camera, `camera_start` (camera + 1,) where they begin in the reduced system. Writes
    `matrix` (chunk, moving, moving; its upper blocks), `gradient` (chunk, moving), both zero before, and
    `body_inverse` (body, 6, 6) of the damped blocks. Returns the first body without an inverse, or -1.
    """
    lower, root = np.zeros((N_BODY, N_BODY)), np.zeros((N_BODY, N_BODY))
    thin, turned = np.empty((len(camera_start), N_BODY, free.shape[1])), np.empty(N_BODY)
    for chunk in range(first, last):
        for own in range(chunks[chunk], chunks[chunk + 1]):
            start, n_views = view_start[own], view_start[own + 1] - view_start[own]
            # A body whose every view was left out has no equations: it stays where it is.
            if not body[own].any():
                _write_identity(body_inverse[own])
                continue
            if not _factor(body[own], damping, lower):
                return own
            _invert(lower, root, body_inverse[own])
            for k in range(N_BODY):
                value = 0.0
                for i in range(k + 1):
                    value += root[k, i] * body_gradient[own, i]
                turned[k] = value
            for row in range(n_views):
                camera = view_camera[start + row]
                one, base = camera_start[camera], coupling[start + row]
                n = camera_start[camera + 1] - one
                for i in range(n):
                    source = base[free[camera, i]]
                    taken = 0.0
                    for k in range(N_BODY):
                        value = 0.0
                        for j in range(k + 1):
                            value += root[k, j] * source[j]
                        thin[row, k, i] = value
                        taken += value * turned[k]
                    gradient[chunk, one + i] -= taken
                for earlier in range(row + 1):
                    other = view_camera[start + earlier]
                    _take(
                        thin[earlier], camera_start[other], camera_start[other + 1] - camera_start[other],
                        thin[row], one, n, matrix[chunk],
                    )  # fmt: skip
    return -1


@njit(cache=True, nogil=True, error_model="numpy")
def substitute(body_inverse, body_gradient, coupling, view_camera, view_start, camera_step, first, last, body_step):
    """Write the step (body, 6) of the bodies `first` to `last` that follows from that of the cameras."""
    pull = np.empty(N_BODY)
    for own in range(first, last):
        for i in range(N_BODY):
            pull[i] = body_gradient[own, i]
        for view in range(view_start[own], view_start[own + 1]):
            step = camera_step[view_camera[view]]
            for k in range(len(step)):
                for i in range(N_BODY):
                    pull[i] += coupling[view, k, i] * step[k]
        for i in range(N_BODY):
            value = 0.0
            for k in range(N_BODY):
                value -= body_inverse[own, i, k] * pull[k]
            body_step[own, i] = value


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
def _dot(one, other, n):
    value = 0.0
    for k in range(n):
        value += one[k] * other[k]
    return value


@njit(cache=True, nogil=True, error_model="numpy")
def solve_positive(matrix, right):
    """Solve a symmetric positive system; `matrix` becomes its lower factor, `right` the answer.

    Returns whether the matrix is positive. For the few hundred unknowns of cameras this beats a library that
    starts threads.
    """
    n = len(right)
    for i in range(n):
        for j in range(i):
            matrix[i, j] = (matrix[i, j] - _dot(matrix[i], matrix[j], j)) / matrix[j, j]
        value = matrix[i, i] - _dot(matrix[i], matrix[i], i)
        if not value > 0.0:
            return False
        matrix[i, i] = np.sqrt(value)
        right[i] = (right[i] - _dot(matrix[i], right, i)) / matrix[i, i]
    for i in range(n - 1, -1, -1):
        right[i] /= matrix[i, i]
        for j in range(i):
            right[j] -= matrix[i, j] * right[i]
    return True
