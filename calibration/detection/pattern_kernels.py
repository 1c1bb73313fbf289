"""Compiled core of `pattern`: many weighted homographies of the same points."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

_N = 9
_ROUNDS = 12
_SHIFT = 1e-13  # of the trace: keeps the factor of exact data from breaking down


@njit(cache=True, nogil=True)
def fit_homographies(board: NDArray, image: NDArray, weights: NDArray) -> NDArray:
    """Fit direct linear transforms (Hartley & Zisserman 2004, 4.1), one per row of weights.

    Parameters
    ----------
    board, image : ndarray, shape (point, 2)
        Centred and scaled to about 1.
    weights : ndarray, shape (fit, point)
        Of the squared residuals; at least 0.

    Returns
    -------
    ndarray, shape (fit, 9)
        Homographies image from board, row by row, of unit norm.
    """
    answer = np.empty((len(weights), _N))
    normal, factor = np.empty((_N, _N)), np.empty((_N, _N))
    for i in range(len(weights)):
        _normal_matrix(board, image, weights[i], normal)
        _smallest(normal, factor, answer[i])
    return answer


@njit(cache=True, nogil=True)
def _normal_matrix(board: NDArray, image: NDArray, weights: NDArray, normal: NDArray) -> None:
    """Sum the outer products of the rows (p, 0, -u p) and (0, p, -v p) of each point p = (x, y, 1)."""
    flat, bent_u, bent_v, both = np.zeros((3, 3)), np.zeros((3, 3)), np.zeros((3, 3)), np.zeros((3, 3))
    p = np.ones(3)
    for k in range(len(board)):
        weight = weights[k]
        if weight == 0.0:
            continue
        p[0], p[1] = board[k, 0], board[k, 1]
        u, v = image[k, 0], image[k, 1]
        for i in range(3):
            for j in range(i + 1):
                product = weight * p[i] * p[j]
                flat[i, j] += product
                bent_u[i, j] -= u * product
                bent_v[i, j] -= v * product
                both[i, j] += (u * u + v * v) * product
    normal[:] = 0.0
    for i in range(3):
        for j in range(3):
            a, b = max(i, j), min(i, j)
            normal[i, j] = normal[3 + i, 3 + j] = flat[a, b]
            normal[6 + i, j] = normal[j, 6 + i] = bent_u[a, b]
            normal[6 + i, 3 + j] = normal[3 + j, 6 + i] = bent_v[a, b]
            normal[6 + i, 6 + j] = both[a, b]


@njit(cache=True, nogil=True)
def _smallest(normal: NDArray, factor: NDArray, vector: NDArray) -> None:
    """Write the eigenvector of the smallest eigenvalue, by inverse iteration."""
    trace = 0.0
    for i in range(_N):
        trace += normal[i, i]
    for i in range(_N):
        for j in range(i + 1):
            total = normal[i, j] + (_SHIFT * trace if i == j else 0.0)
            for k in range(j):
                total -= factor[i, k] * factor[j, k]
            if i == j:
                factor[i, i] = np.sqrt(max(total, 1e-16 * trace + 1e-300))
            else:
                factor[i, j] = total / factor[j, j]
    for i in range(_N):
        vector[i] = 1.0 + 0.1 * i
    for _ in range(_ROUNDS):
        before = vector.copy()
        _solve(factor, vector)
        norm = np.sqrt((vector * vector).sum())
        change = 0.0
        sign = 1.0 if (vector * before).sum() > 0 else -1.0
        for i in range(_N):
            vector[i] *= sign / norm
            change = max(change, abs(vector[i] - before[i]))
        if change < 1e-10:
            return


@njit(cache=True, nogil=True)
def _solve(factor: NDArray, vector: NDArray) -> None:
    """Solve factor factor^T x = vector in place."""
    for i in range(_N):
        for k in range(i):
            vector[i] -= factor[i, k] * vector[k]
        vector[i] /= factor[i, i]
    for i in range(_N - 1, -1, -1):
        for k in range(i + 1, _N):
            vector[i] -= factor[k, i] * vector[k]
        vector[i] /= factor[i, i]
