"""Algebra of 3x3 blocks, compiled, of several keypoints at once.

A block is a tuple of nine vectors of `vector_kernels`, row by row; a symmetric one of six (xx xy xz yy yz zz),
a diagonal one of three; a vector in space of three.
"""

from numba import njit

from mocap.vector_kernels import INLINE, load, store


@njit(**INLINE)
def load3(array, row):
    """Return three rows."""
    return load(array, row), load(array, row + 1), load(array, row + 2)


@njit(**INLINE)
def load4(array, row):
    """Return four rows."""
    return load(array, row), load(array, row + 1), load(array, row + 2), load(array, row + 3)


@njit(**INLINE)
def load6(array, row):
    """Return six rows."""
    return (
        load(array, row), load(array, row + 1), load(array, row + 2),
        load(array, row + 3), load(array, row + 4), load(array, row + 5),
    )  # fmt: skip


@njit(**INLINE)
def load9(array, row):
    """Return nine rows."""
    return (
        load(array, row), load(array, row + 1), load(array, row + 2),
        load(array, row + 3), load(array, row + 4), load(array, row + 5),
        load(array, row + 6), load(array, row + 7), load(array, row + 8),
    )  # fmt: skip


@njit(**INLINE)
def store_all(array, row, block):
    """Write a block, or a vector, from a row on."""
    for place, part in enumerate(block):
        store(array, row + place, part)


@njit(**INLINE)
def inverse(s):
    """Invert a symmetric block."""
    xx, xy, xz, yy, yz, zz = s
    a, b, c = yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy
    near = 1.0 / (xx * a + xy * b + xz * c)
    return (
        a * near, b * near, c * near, (xx * zz - xz * xz) * near, (xy * xz - xx * yz) * near, (xx * yy - xy * xy) * near
    )  # fmt: skip


@njit(**INLINE)
def times_symmetric(a, s):
    """Multiply a block by a symmetric one."""
    xx, xy, xz, yy, yz, zz = s
    return (
        a[0] * xx + a[1] * xy + a[2] * xz, a[0] * xy + a[1] * yy + a[2] * yz, a[0] * xz + a[1] * yz + a[2] * zz,
        a[3] * xx + a[4] * xy + a[5] * xz, a[3] * xy + a[4] * yy + a[5] * yz, a[3] * xz + a[4] * yz + a[5] * zz,
        a[6] * xx + a[7] * xy + a[8] * xz, a[6] * xy + a[7] * yy + a[8] * yz, a[6] * xz + a[7] * yz + a[8] * zz,
    )  # fmt: skip


@njit(**INLINE)
def diagonal_times(d, s):
    """Multiply a diagonal block by a symmetric one."""
    return (
        d[0] * s[0], d[0] * s[1], d[0] * s[2],
        d[1] * s[1], d[1] * s[3], d[1] * s[4],
        d[2] * s[2], d[2] * s[4], d[2] * s[5],
    )  # fmt: skip


@njit(**INLINE)
def diagonal_abt(d, a):
    """Multiply a diagonal block by a transposed one."""
    return (
        d[0] * a[0], d[0] * a[3], d[0] * a[6],
        d[1] * a[1], d[1] * a[4], d[1] * a[7],
        d[2] * a[2], d[2] * a[5], d[2] * a[8],
    )  # fmt: skip


@njit(**INLINE)
def abt(a, b):
    """Multiply a block by a transposed one."""
    return (
        a[0] * b[0] + a[1] * b[1] + a[2] * b[2],
        a[0] * b[3] + a[1] * b[4] + a[2] * b[5],
        a[0] * b[6] + a[1] * b[7] + a[2] * b[8],
        a[3] * b[0] + a[4] * b[1] + a[5] * b[2],
        a[3] * b[3] + a[4] * b[4] + a[5] * b[5],
        a[3] * b[6] + a[4] * b[7] + a[5] * b[8],
        a[6] * b[0] + a[7] * b[1] + a[8] * b[2],
        a[6] * b[3] + a[7] * b[4] + a[8] * b[5],
        a[6] * b[6] + a[7] * b[7] + a[8] * b[8],
    )


@njit(**INLINE)
def symmetric_abt(a, b):
    """Multiply a block by a transposed one where the product is symmetric."""
    return (
        a[0] * b[0] + a[1] * b[1] + a[2] * b[2],
        a[0] * b[3] + a[1] * b[4] + a[2] * b[5],
        a[0] * b[6] + a[1] * b[7] + a[2] * b[8],
        a[3] * b[3] + a[4] * b[4] + a[5] * b[5],
        a[3] * b[6] + a[4] * b[7] + a[5] * b[8],
        a[6] * b[6] + a[7] * b[7] + a[8] * b[8],
    )


@njit(**INLINE)
def atb(a, b):
    """Multiply a transposed block by another."""
    return (
        a[0] * b[0] + a[3] * b[3] + a[6] * b[6],
        a[0] * b[1] + a[3] * b[4] + a[6] * b[7],
        a[0] * b[2] + a[3] * b[5] + a[6] * b[8],
        a[1] * b[0] + a[4] * b[3] + a[7] * b[6],
        a[1] * b[1] + a[4] * b[4] + a[7] * b[7],
        a[1] * b[2] + a[4] * b[5] + a[7] * b[8],
        a[2] * b[0] + a[5] * b[3] + a[8] * b[6],
        a[2] * b[1] + a[5] * b[4] + a[8] * b[7],
        a[2] * b[2] + a[5] * b[5] + a[8] * b[8],
    )


@njit(**INLINE)
def symmetric_atbt(a, b):
    """Multiply two transposed blocks where the product is symmetric."""
    return (
        a[0] * b[0] + a[3] * b[1] + a[6] * b[2],
        a[0] * b[3] + a[3] * b[4] + a[6] * b[5],
        a[0] * b[6] + a[3] * b[7] + a[6] * b[8],
        a[1] * b[3] + a[4] * b[4] + a[7] * b[5],
        a[1] * b[6] + a[4] * b[7] + a[7] * b[8],
        a[2] * b[6] + a[5] * b[7] + a[8] * b[8],
    )


@njit(**INLINE)
def full(s):
    """Return a symmetric block with all its nine places."""
    return s[0], s[1], s[2], s[1], s[3], s[4], s[2], s[4], s[5]


@njit(**INLINE)
def transposed(a):
    """Return a block transposed."""
    return a[0], a[3], a[6], a[1], a[4], a[7], a[2], a[5], a[8]


@njit(**INLINE)
def minus(a, b):
    """Take one block of nine from another."""
    return (
        a[0] - b[0], a[1] - b[1], a[2] - b[2], a[3] - b[3], a[4] - b[4], a[5] - b[5], a[6] - b[6], a[7] - b[7],
        a[8] - b[8],
    )  # fmt: skip


@njit(**INLINE)
def minus6(a, b):
    """Take one symmetric block from another."""
    return a[0] - b[0], a[1] - b[1], a[2] - b[2], a[3] - b[3], a[4] - b[4], a[5] - b[5]


@njit(**INLINE)
def minus3(a, b):
    """Take one vector in space from another."""
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


@njit(**INLINE)
def av(a, v):
    """Multiply a vector in space by a block."""
    return (
        a[0] * v[0] + a[1] * v[1] + a[2] * v[2],
        a[3] * v[0] + a[4] * v[1] + a[5] * v[2],
        a[6] * v[0] + a[7] * v[1] + a[8] * v[2],
    )


@njit(**INLINE)
def atv(a, v):
    """Multiply a vector in space by a transposed block."""
    return (
        a[0] * v[0] + a[3] * v[1] + a[6] * v[2],
        a[1] * v[0] + a[4] * v[1] + a[7] * v[2],
        a[2] * v[0] + a[5] * v[1] + a[8] * v[2],
    )


@njit(**INLINE)
def symmetric_times(s, v):
    """Multiply a vector in space by a symmetric block."""
    return (
        s[0] * v[0] + s[1] * v[1] + s[2] * v[2],
        s[1] * v[0] + s[3] * v[1] + s[4] * v[2],
        s[2] * v[0] + s[4] * v[1] + s[5] * v[2],
    )
