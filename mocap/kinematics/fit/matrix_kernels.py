"""Small dense matrices, compiled: lower factors, their inverses, and products that know of triangles."""

import numpy as np
from numba import njit

FAST = {"contract", "reassoc", "nsz"}


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def factor(matrix, lower):
    """Write the lower Cholesky factor of the lower triangle of `matrix`; return whether there is one."""
    n = len(matrix)
    for j in range(n):
        pivot = matrix[j, j]
        for k in range(j):
            pivot -= lower[j, k] * lower[j, k]
        if not pivot > 0.0:
            return False
        pivot = np.sqrt(pivot)
        lower[j, j] = pivot
        for i in range(j + 1, n):
            value = matrix[i, j]
            for k in range(j):
                value -= lower[i, k] * lower[j, k]
            lower[i, j] = value / pivot
    return True


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def invert_lower(lower, root):
    """Write the inverse of a lower factor, zeros above its diagonal included."""
    n = len(lower)
    for i in range(n):
        near = 1.0 / lower[i, i]
        for j in range(n):
            root[i, j] = 0.0
        for k in range(i):
            weight = lower[i, k]
            for j in range(k + 1):
                root[i, j] -= weight * root[k, j]
        for j in range(i):
            root[i, j] *= near
        root[i, i] = near


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def gram(root, product):
    """Write root' @ root of a lower triangular `root`: the inverse of the matrix whose factor it inverts."""
    n = len(root)
    product[:] = 0.0
    for k in range(n):
        for i in range(k + 1):
            weight = root[k, i]
            for j in range(i + 1):
                product[i, j] += weight * root[k, j]
    for i in range(n):
        for j in range(i):
            product[j, i] = product[i, j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def times(a, b, sign, product):
    """Add sign * a @ b to `product`."""
    n = len(a)
    for i in range(n):
        for k in range(n):
            weight = sign * a[i, k]
            for j in range(n):
                product[i, j] += weight * b[k, j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def transposed_times(a, b, sign, product):
    """Add sign * a' @ b to `product`."""
    n = len(a)
    for k in range(n):
        for i in range(n):
            weight = sign * a[k, i]
            for j in range(n):
                product[i, j] += weight * b[k, j]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def take_square(a, product):
    """Take a @ a' from the lower triangle of `product`."""
    n = len(a)
    for i in range(n):
        for j in range(i + 1):
            value = 0.0
            for k in range(n):
                value += a[i, k] * a[j, k]
            product[i, j] -= value


@njit(cache=True, nogil=True, error_model="numpy", fastmath=FAST)
def times_transposed(a, b, product):
    """Write a @ b'."""
    n = len(a)
    for i in range(n):
        for j in range(n):
            value = 0.0
            for k in range(n):
                value += a[i, k] * b[j, k]
            product[i, j] = value
