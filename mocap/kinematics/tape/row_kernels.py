"""Rows of numbers for `TILE` frames side by side, and what the compiled operations of this folder share.

`work` is a flat array of rows, a row is TILE float64: one component of a quantity in the frames of a tile. A vector
takes three rows (x y z), a frame nine (row by row of its matrix). Several frames are worked on in one instruction.
"""

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core.typing import signature
from numba.extending import intrinsic

from mocap.vector_kernels import INLINE, LANES, OPTIONS, load, root, same, store, where_positive
from mocap.vector_kernels import _lanes as lanes

TILE = 32
BLOCKS = TILE // LANES  # vectors in a row

__all__ = [
    "BLOCKS",
    "CALLED",
    "INLINE",
    "INNER",
    "LANES",
    "OPTIONS",
    "TILE",
    "add_three",
    "angle_of",
    "cross",
    "dot",
    "load",
    "load_at",
    "put",
    "put_three",
    "root",
    "row",
    "same",
    "sine_angle",
    "store",
    "store_at",
    "three",
    "where_positive",
]  # fmt: skip

# Only what Python calls is kept by the compiler; see `IMPORTED_SHA256` in `run_kernels`. Where the order of sums is the
# compiler's choice a function is inlined: of one that is called, the run that compiles it would use another version,
# rounded otherwise, than later runs. What is called keeps to the order written.
INNER = INLINE
CALLED = {"cache": False, "nogil": True, "error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
_VECTOR = ir.VectorType(ir.DoubleType(), LANES)


@intrinsic
def load_at(_, address):
    """Return the LANES numbers at an address of memory."""

    def code(context, builder, sig, args):
        return builder.load(builder.inttoptr(args[0], _VECTOR.as_pointer()), align=8)

    return signature(lanes, types.int64), code


@intrinsic
def store_at(_, address, vector):
    """Write LANES numbers to an address of memory."""

    def code(context, builder, sig, args):
        builder.store(args[1], builder.inttoptr(args[0], _VECTOR.as_pointer()), align=8)
        return context.get_dummy_value()

    return types.void(types.int64, lanes), code


@njit(**INLINE)
def row(work, index, block):
    """Return one vector of a row."""
    return load(work, index * BLOCKS + block)


@njit(**INLINE)
def put(work, index, block, vector):
    """Write one vector of a row."""
    store(work, index * BLOCKS + block, vector)


@njit(**INLINE)
def three(work, index, block):
    """Return x, y, z of three rows."""
    return row(work, index, block), row(work, index + 1, block), row(work, index + 2, block)


@njit(**INLINE)
def put_three(work, index, block, x, y, z):
    """Write x, y, z into three rows."""
    put(work, index, block, x)
    put(work, index + 1, block, y)
    put(work, index + 2, block, z)


@njit(**INLINE)
def add_three(work, index, block, x, y, z):
    """Add x, y, z to three rows."""
    a, b, c = three(work, index, block)
    put_three(work, index, block, a + x, b + y, c + z)


@njit(**INLINE)
def dot(ax, ay, az, bx, by, bz):
    """Return the scalar product."""
    return ax * bx + ay * by + az * bz


@njit(**INLINE)
def cross(ax, ay, az, bx, by, bz):
    """Return the vector product."""
    return ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx


_TAN_1, _TAN_2, _TAN_3 = np.tan(np.pi / 16), np.tan(np.pi / 8), np.tan(3 * np.pi / 16)


@njit(**INLINE)
def angle_of(y, x):
    """Return atan2(y, x) in rad; 0 where both are 0, NaN where one is."""
    nothing = same(0.0)
    wide, high = where_positive(x, x, nothing - x), where_positive(y, y, nothing - y)
    steep = high - wide
    longer, shorter = where_positive(steep, high, wide), where_positive(steep, wide, high)
    # The series is used within pi/16 of 0, pi/8 or pi/4.
    over_1, over_3 = shorter - longer * _TAN_1, shorter - longer * _TAN_3
    tangent = where_positive(over_3, same(1.0), where_positive(over_1, same(_TAN_2), nothing))
    start = where_positive(over_3, same(np.pi / 4), where_positive(over_1, same(np.pi / 8), nothing))
    below = longer + tangent * shorter
    t = (shorter - tangent * longer) / where_positive(below, below, same(1.0))
    z = t * t
    series = z * (1.0 / 25.0) - 1.0 / 23.0
    series = series * z + 1.0 / 21.0
    series = series * z - 1.0 / 19.0
    series = series * z + 1.0 / 17.0
    series = series * z - 1.0 / 15.0
    series = series * z + 1.0 / 13.0
    series = series * z - 1.0 / 11.0
    series = series * z + 1.0 / 9.0
    series = series * z - 1.0 / 7.0
    series = series * z + 1.0 / 5.0
    series = series * z - 1.0 / 3.0
    angle = start + (t + t * (z * series))
    angle = where_positive(steep, np.pi / 2 - angle, angle)
    angle = where_positive(nothing - x, np.pi - angle, angle)
    angle = where_positive(nothing - y, nothing - angle, angle)
    return angle + (x * 0.0 + y * 0.0)


@njit(**INLINE)
def sine_angle(sine):
    """Return asin of what is cut to -1..1, in rad."""
    square = (1.0 - sine) * (1.0 + sine)
    return angle_of(sine, root(where_positive(square, square, same(0.0))))
