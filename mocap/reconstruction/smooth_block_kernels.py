"""Algebra of 3x3 blocks, compiled: LANES keypoints beside each other, each block nine (symmetric: six) rows of lanes.

Arrays are flat; the numbers beside them say where a block or a vector begins.
"""

import numpy as np
from numba import njit

LANES = 16
OPTIONS = {"cache": True, "nogil": True, "error_model": "numpy", "fastmath": {"contract", "reassoc", "arcp", "nsz"}}
# Offsets are unsigned: of a signed one the compiler has to ask whether it counts from the end, and then gives up on
# working on several lanes in one instruction.
N1, N2, N3, N4, N5, N6, N7, N8 = (np.uint64(rows * LANES) for rows in range(1, 9))


@njit(**OPTIONS)
def minus_abt(out, o, a, i, b, j):
    """Subtract A times B transposed, 3x3 each."""
    o, i, j = np.uint64(o), np.uint64(i), np.uint64(j)
    for p in range(N1):
        a0, a1, a2 = a[i + p], a[i + N1 + p], a[i + N2 + p]
        a3, a4, a5 = a[i + N3 + p], a[i + N4 + p], a[i + N5 + p]
        a6, a7, a8 = a[i + N6 + p], a[i + N7 + p], a[i + N8 + p]
        b0, b1, b2 = b[j + p], b[j + N1 + p], b[j + N2 + p]
        b3, b4, b5 = b[j + N3 + p], b[j + N4 + p], b[j + N5 + p]
        b6, b7, b8 = b[j + N6 + p], b[j + N7 + p], b[j + N8 + p]
        out[o + p] -= a0 * b0 + a1 * b1 + a2 * b2
        out[o + N1 + p] -= a0 * b3 + a1 * b4 + a2 * b5
        out[o + N2 + p] -= a0 * b6 + a1 * b7 + a2 * b8
        out[o + N3 + p] -= a3 * b0 + a4 * b1 + a5 * b2
        out[o + N4 + p] -= a3 * b3 + a4 * b4 + a5 * b5
        out[o + N5 + p] -= a3 * b6 + a4 * b7 + a5 * b8
        out[o + N6 + p] -= a6 * b0 + a7 * b1 + a8 * b2
        out[o + N7 + p] -= a6 * b3 + a7 * b4 + a8 * b5
        out[o + N8 + p] -= a6 * b6 + a7 * b7 + a8 * b8


@njit(**OPTIONS)
def minus_ab(out, o, a, i, b, j):
    """Subtract A times B, 3x3 each."""
    o, i, j = np.uint64(o), np.uint64(i), np.uint64(j)
    for p in range(N1):
        a0, a1, a2 = a[i + p], a[i + N1 + p], a[i + N2 + p]
        a3, a4, a5 = a[i + N3 + p], a[i + N4 + p], a[i + N5 + p]
        a6, a7, a8 = a[i + N6 + p], a[i + N7 + p], a[i + N8 + p]
        b0, b1, b2 = b[j + p], b[j + N1 + p], b[j + N2 + p]
        b3, b4, b5 = b[j + N3 + p], b[j + N4 + p], b[j + N5 + p]
        b6, b7, b8 = b[j + N6 + p], b[j + N7 + p], b[j + N8 + p]
        out[o + p] -= a0 * b0 + a1 * b3 + a2 * b6
        out[o + N1 + p] -= a0 * b1 + a1 * b4 + a2 * b7
        out[o + N2 + p] -= a0 * b2 + a1 * b5 + a2 * b8
        out[o + N3 + p] -= a3 * b0 + a4 * b3 + a5 * b6
        out[o + N4 + p] -= a3 * b1 + a4 * b4 + a5 * b7
        out[o + N5 + p] -= a3 * b2 + a4 * b5 + a5 * b8
        out[o + N6 + p] -= a6 * b0 + a7 * b3 + a8 * b6
        out[o + N7 + p] -= a6 * b1 + a7 * b4 + a8 * b7
        out[o + N8 + p] -= a6 * b2 + a7 * b5 + a8 * b8


@njit(**OPTIONS)
def minus_atb(out, o, a, i, b, j):
    """Subtract A transposed times B, 3x3 each."""
    o, i, j = np.uint64(o), np.uint64(i), np.uint64(j)
    for p in range(N1):
        a0, a1, a2 = a[i + p], a[i + N1 + p], a[i + N2 + p]
        a3, a4, a5 = a[i + N3 + p], a[i + N4 + p], a[i + N5 + p]
        a6, a7, a8 = a[i + N6 + p], a[i + N7 + p], a[i + N8 + p]
        b0, b1, b2 = b[j + p], b[j + N1 + p], b[j + N2 + p]
        b3, b4, b5 = b[j + N3 + p], b[j + N4 + p], b[j + N5 + p]
        b6, b7, b8 = b[j + N6 + p], b[j + N7 + p], b[j + N8 + p]
        out[o + p] -= a0 * b0 + a3 * b3 + a6 * b6
        out[o + N1 + p] -= a0 * b1 + a3 * b4 + a6 * b7
        out[o + N2 + p] -= a0 * b2 + a3 * b5 + a6 * b8
        out[o + N3 + p] -= a1 * b0 + a4 * b3 + a7 * b6
        out[o + N4 + p] -= a1 * b1 + a4 * b4 + a7 * b7
        out[o + N5 + p] -= a1 * b2 + a4 * b5 + a7 * b8
        out[o + N6 + p] -= a2 * b0 + a5 * b3 + a8 * b6
        out[o + N7 + p] -= a2 * b1 + a5 * b4 + a8 * b7
        out[o + N8 + p] -= a2 * b2 + a5 * b5 + a8 * b8


@njit(**OPTIONS)
def invert_pivot(s, o, out, q):
    """Invert a symmetric 3x3 matrix of nine terms into one of six terms."""
    o, q = np.uint64(o), np.uint64(q)
    for p in range(N1):
        a, b, c = s[o + p], s[o + N1 + p], s[o + N2 + p]
        d, e, f = s[o + N4 + p], s[o + N5 + p], s[o + N8 + p]
        xx, xy, xz = d * f - e * e, c * e - b * f, b * e - c * d
        near = 1.0 / (a * xx + b * xy + c * xz)
        out[q + p] = xx * near
        out[q + N1 + p] = xy * near
        out[q + N2 + p] = xz * near
        out[q + N3 + p] = (a * f - c * c) * near
        out[q + N4 + p] = (b * c - a * e) * near
        out[q + N5 + p] = (a * d - b * b) * near


@njit(**OPTIONS)
def times_symmetric(a, i, s, j, out, o):
    """Multiply a 3x3 matrix by a symmetric one of six terms."""
    i, j, o = np.uint64(i), np.uint64(j), np.uint64(o)
    for p in range(N1):
        xx, xy, xz = s[j + p], s[j + N1 + p], s[j + N2 + p]
        yy, yz, zz = s[j + N3 + p], s[j + N4 + p], s[j + N5 + p]
        a0, a1, a2 = a[i + p], a[i + N1 + p], a[i + N2 + p]
        a3, a4, a5 = a[i + N3 + p], a[i + N4 + p], a[i + N5 + p]
        a6, a7, a8 = a[i + N6 + p], a[i + N7 + p], a[i + N8 + p]
        out[o + p], out[o + N1 + p] = a0 * xx + a1 * xy + a2 * xz, a0 * xy + a1 * yy + a2 * yz
        out[o + N2 + p], out[o + N3 + p] = a0 * xz + a1 * yz + a2 * zz, a3 * xx + a4 * xy + a5 * xz
        out[o + N4 + p], out[o + N5 + p] = a3 * xy + a4 * yy + a5 * yz, a3 * xz + a4 * yz + a5 * zz
        out[o + N6 + p], out[o + N7 + p] = a6 * xx + a7 * xy + a8 * xz, a6 * xy + a7 * yy + a8 * yz
        out[o + N8 + p] = a6 * xz + a7 * yz + a8 * zz


@njit(**OPTIONS)
def minus_av(v, o, a, i, j):
    """Subtract from one vector a 3x3 matrix times another."""
    o, i, j = np.uint64(o), np.uint64(i), np.uint64(j)
    for p in range(N1):
        x, y, z = v[j + p], v[j + N1 + p], v[j + N2 + p]
        first = a[i + p] * x + a[i + N1 + p] * y + a[i + N2 + p] * z
        second = a[i + N3 + p] * x + a[i + N4 + p] * y + a[i + N5 + p] * z
        third = a[i + N6 + p] * x + a[i + N7 + p] * y + a[i + N8 + p] * z
        v[o + p] -= first
        v[o + N1 + p] -= second
        v[o + N2 + p] -= third


@njit(**OPTIONS)
def minus_atv(v, o, a, i, j):
    """Subtract from one vector a transposed 3x3 matrix times another."""
    o, i, j = np.uint64(o), np.uint64(i), np.uint64(j)
    for p in range(N1):
        x, y, z = v[j + p], v[j + N1 + p], v[j + N2 + p]
        first = a[i + p] * x + a[i + N3 + p] * y + a[i + N6 + p] * z
        second = a[i + N1 + p] * x + a[i + N4 + p] * y + a[i + N7 + p] * z
        third = a[i + N2 + p] * x + a[i + N5 + p] * y + a[i + N8 + p] * z
        v[o + p] -= first
        v[o + N1 + p] -= second
        v[o + N2 + p] -= third


@njit(**OPTIONS)
def by_pivot(v, o, s, j):
    """Multiply a vector in place by a symmetric matrix of six terms."""
    o, j = np.uint64(o), np.uint64(j)
    for p in range(N1):
        x, y, z = v[o + p], v[o + N1 + p], v[o + N2 + p]
        xy, xz, yz = s[j + N1 + p], s[j + N2 + p], s[j + N4 + p]
        first, second = s[j + p] * x + xy * y + xz * z, xy * x + s[j + N3 + p] * y + yz * z
        v[o + p], v[o + N1 + p], v[o + N2 + p] = first, second, xz * x + yz * y + s[j + N5 + p] * z
