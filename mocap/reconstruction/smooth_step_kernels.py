"""Steps of conjugate gradients over one group of keypoints, compiled.

All arrays are flat; vectors have the shape (time + PAD, 3, LANES), the others those that `smooth_kernels` says.
"""

from numba import njit

from mocap.reconstruction.smooth_block_kernels import load3, load6, minus3, store_all, symmetric_times
from mocap.vector_kernels import INLINE, LANES, OPTIONS, load, same, store, total

# The compiler's cache watches this file alone: a test holds this to the SHA-256 of the kernel files imported.
IMPORTED_SHA256 = "f09ee983a36e7b8177d8bdadeefce2fafa836d1f2956776fe430dc6fdca8d627"
_PAD = 3


@njit(**INLINE)
def _pull(led, stiffness, t, v, v1, v2, v3):
    """Return what the third difference that ends at a frame pulls; `v` and those before it are the vector there."""
    counts = load(led, t)
    return (
        load(stiffness, 0) * counts * (v[0] - v3[0] - 3.0 * (v1[0] - v2[0])),
        load(stiffness, 1) * counts * (v[1] - v3[1] - 3.0 * (v1[1] - v2[1])),
        load(stiffness, 2) * counts * (v[2] - v3[2] - 3.0 * (v1[2] - v2[2])),
    )


@njit(**INLINE)
def _pulled(r, p, p1, p2, p3):
    """Return what the four third differences leave of a frame, the first of which ends there."""
    return (
        r[0] - p3[0] + 3.0 * (p2[0] - p1[0]) + p[0],
        r[1] - p3[1] + 3.0 * (p2[1] - p1[1]) + p[1],
        r[2] - p3[2] + 3.0 * (p2[2] - p1[2]) + p[2],
    )


@njit(**OPTIONS)
def system_defect(info, led, stiffness, value, vector, result):
    """Fill in what one group's system, without bones, leaves of a vector.

    That is the information of each sample times `value` minus the vector, less what the third differences of the
    vector pull.
    """
    none = same(0.0)
    r1 = r2 = r3 = v1 = v2 = v3 = p1 = p2 = p3 = (none, none, none)
    for t in range(vector.size // (3 * LANES)):
        v = load3(vector, 3 * t)
        p = _pull(led, stiffness, t, v, v1, v2, v3)
        if t >= _PAD:
            store_all(result, 3 * (t - _PAD), _pulled(r3, p, p1, p2, p3))
        r = symmetric_times(load6(info, 6 * t), minus3(load3(value, 3 * t), v))
        r1, r2, r3, v1, v2, v3, p1, p2, p3 = r, r1, r2, v, v1, v2, p, p1, p2
    result[-3 * _PAD * LANES :] = 0.0


@njit(**OPTIONS)
def turn(info, led, stiffness, keep, near, search, ahead):
    """Turn the search to what is nearly the solution, and fill in minus the product of one group's system with it."""
    none = same(0.0)
    r1 = r2 = r3 = v1 = v2 = v3 = p1 = p2 = p3 = (none, none, none)
    for t in range(search.size // (3 * LANES)):
        old, new = load3(search, 3 * t), load3(near, 3 * t)
        v = (keep * old[0] + new[0], keep * old[1] + new[1], keep * old[2] + new[2])
        store_all(search, 3 * t, v)
        p = _pull(led, stiffness, t, v, v1, v2, v3)
        if t >= _PAD:
            store_all(ahead, 3 * (t - _PAD), _pulled(r3, p, p1, p2, p3))
        r = symmetric_times(load6(info, 6 * t), (none - v[0], none - v[1], none - v[2]))
        r1, r2, r3, v1, v2, v3, p1, p2, p3 = r, r1, r2, v, v1, v2, p, p1, p2
    ahead[-3 * _PAD * LANES :] = 0.0


@njit(**OPTIONS)
def advance(share, search, ahead, step, residual, near):
    """Go a share of the way along the search; `near` becomes a copy of what is left."""
    for row in range(search.size // LANES):
        store(step, row, load(step, row) + share * load(search, row))
        left = load(residual, row) + share * load(ahead, row)
        store(residual, row, left)
        store(near, row, left)


@njit(**OPTIONS)
def add(vector, step):
    """Add a step to a vector; return the sum of its squares."""
    power = same(0.0)
    for row in range(vector.size // LANES):
        here = load(step, row)
        store(vector, row, load(vector, row) + here)
        power = power + here * here
    return total(power)


@njit(**OPTIONS)
def inner(first, second):
    """Return the inner product of two vectors; that of BLAS wakes threads which others of ours need."""
    power = same(0.0)
    for row in range(first.size // LANES):
        power = power + load(first, row) * load(second, row)
    return total(power)
