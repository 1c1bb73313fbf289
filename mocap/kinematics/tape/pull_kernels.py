"""Gradients in reverse for one tile of frames: from the rows of a result to those of what it was made of.

A pull row holds how the angle in hand changes with a quantity: three components, for a frame those of its rotation
vector. Every function takes the program's code and where its own arguments start in it, and adds to the pull rows of
its inputs.
"""

import numpy as np
from numba import njit

from mocap.kinematics.tape.fit_kernels import INVERSE, WEIGHTS
from mocap.kinematics.tape.row_kernels import (
    BLOCKS,
    INLINE,
    INNER,
    TILE,
    add_three,
    cross,
    dot,
    put,
    root,
    row,
    same,
    three,
    where_positive,
)
from mocap.kinematics.tape.value_kernels import FLAT, between


@njit(**INNER)
def clear_rows(work, code, at, consts):
    """Set rows to zero: first, how many."""
    work[code[at] * TILE : (code[at] + code[at + 1]) * TILE] = 0.0


@njit(**INNER)
def pull_combine(work, code, at, consts):
    """Of `combine_vectors`: pull of the result, how many, and for each its pull and the place of its weight."""
    out, count = code[at], code[at + 1]
    for b in range(BLOCKS):
        x, y, z = three(work, out, b)
        for k in range(count):
            weight = consts[code[at + 3 + 2 * k]]
            add_three(work, code[at + 2 + 2 * k], b, x * weight, y * weight, z * weight)


@njit(**INNER)
def pull_frame(work, code, at, consts):
    """Of `build_frame`: pull of the result, its rows, pulls of both vectors (-1: none), axes i and j."""
    out, to, first, second, i, j = code[at], code[at + 1], code[at + 2], code[at + 3], code[at + 4], code[at + 5]
    k = 3 - i - j
    for b in range(BLOCKS):
        x, y, z = three(work, out, b)
        ix, iy, iz = row(work, to + i, b), row(work, to + i + 3, b), row(work, to + i + 6, b)
        kx, ky, kz = row(work, to + k, b), row(work, to + k + 3, b), row(work, to + k + 6, b)
        along = dot(ix, iy, iz, x, y, z)
        if first >= 0:
            # Moving the first vector turns the frame about e_j and e_k; the second, which stays in the plane of e_i
            # and e_j, fixes the turn about e_i.
            jx, jy, jz = row(work, to + j, b), row(work, to + j + 3, b), row(work, to + j + 6, b)
            per_m = row(work, to + 9, b)
            across = dot(kx, ky, kz, x, y, z) * per_m
            tilt = (dot(jx, jy, jz, x, y, z) + row(work, to + 10, b) * along) * per_m
            add_three(work, first, b, jx * across - kx * tilt, jy * across - ky * tilt, jz * across - kz * tilt)
        if second >= 0:
            along = along * row(work, to + 11, b)
            add_three(work, second, b, kx * along, ky * along, kz * along)


@njit(**INNER)
def pull_arm(work, code, at, consts):
    """Of `carry_offset` and `place_point`: pull of the result, rows of the arm, pulls of frame and origin (or -1)."""
    out, arm, axes, origin = code[at], code[at + 1], code[at + 2], code[at + 3]
    for b in range(BLOCKS):
        x, y, z = three(work, out, b)
        if axes >= 0:
            ax, ay, az = three(work, arm, b)
            tx, ty, tz = cross(ax, ay, az, x, y, z)
            add_three(work, axes, b, tx, ty, tz)
        if origin >= 0:
            add_three(work, origin, b, x, y, z)


@njit(**INNER)
def pull_fit(work, code, at, consts):
    """Of `fit_cluster`: pull of turn (3) and shift (3), rows of the fit, how many points, pull of each (-1: none)."""
    out, to, count = code[at], code[at + 1], code[at + 2]
    arms = to + WEIGHTS + count
    for b in range(BLOCKS):
        x, y, z = three(work, out, b)
        sx, sy, sz = three(work, out + 3, b)
        xx, xy, xz = three(work, to + INVERSE, b)
        yy, yz, zz = three(work, to + INVERSE + 3, b)
        tx, ty, tz = dot(xx, xy, xz, x, y, z), dot(xy, yy, yz, x, y, z), dot(xz, yz, zz, x, y, z)
        for k in range(count):
            if code[at + 3 + k] >= 0:
                ax, ay, az = three(work, arms + 3 * k, b)
                cx, cy, cz = cross(tx, ty, tz, ax, ay, az)
                weight = row(work, to + WEIGHTS + k, b)
                add_three(work, code[at + 3 + k], b, cx + weight * sx, cy + weight * sy, cz + weight * sz)


@njit(**INNER)
def pull_matrix(work, code, at, consts):
    """Of a matrix times a gradient: pull of the result, rows of the matrix (9), pull of the input."""
    out, matrix, into = code[at], code[at + 1], code[at + 2]
    for b in range(BLOCKS):
        x, y, z = three(work, out, b)
        ax, ay, az = three(work, matrix, b)
        bx, by, bz = three(work, matrix + 3, b)
        cx, cy, cz = three(work, matrix + 6, b)
        add_three(work, into, b, x * ax + y * bx + z * cx, x * ay + y * by + z * cy, x * az + y * bz + z * cz)


@njit(**INLINE)
def _pull_turn(work, p, axes, other, b, x, y, z):
    """Add a row in proximal axes to the pull of the distal frame, and take it off that of the proximal."""
    ax, ay, az = three(work, p, b)
    bx, by, bz = three(work, p + 3, b)
    cx, cy, cz = three(work, p + 6, b)
    wx, wy, wz = dot(ax, ay, az, x, y, z), dot(bx, by, bz, x, y, z), dot(cx, cy, cz, x, y, z)
    if axes >= 0:
        add_three(work, axes, b, wx, wy, wz)
    if other >= 0:
        nothing = same(0.0)
        add_three(work, other, b, nothing - wx, nothing - wy, nothing - wz)


@njit(**INNER)
def pull_joint(work, code, at, consts):
    """Of one of `joint_angles`: rows of proximal and distal, their pulls (or -1), which angle, place of its factor."""
    p, d, other, axes, which, factor = code[at], code[at + 1], code[at + 2], code[at + 3], code[at + 4], code[at + 5]
    nothing, one, missing = same(0.0), same(1.0), same(np.nan)
    for b in range(BLOCKS):
        r01, r11 = between(work, p, d, 0, 1, b), between(work, p, d, 1, 1, b)
        square = r01 * r01 + r11 * r11
        near = one / where_positive(square - FLAT * FLAT, square, missing)
        # Rotation vector = a' z + b' Rz x + g' Rz Rx y, solved for the three rates.
        x, y, z = r01 * near, r11 * near, nothing
        if which == 0:
            sine = nothing - between(work, p, d, 2, 1, b)
            x, y, z = x * sine, y * sine, one + near * 0.0
        elif which == 1:
            near = root(one / square)
            x, y = r11 * near, nothing - r01 * near
        scale = consts[factor]
        _pull_turn(work, p, axes, other, b, x * scale, y * scale, z * scale)


@njit(**INNER)
def pull_baker(work, code, at, consts):
    """Of one of `baker_angles`: rows of subject and segment, their pulls (or -1), which angle, place of its factor."""
    p, d, other, axes, which, factor = code[at], code[at + 1], code[at + 2], code[at + 3], code[at + 4], code[at + 5]
    nothing, one, missing = same(0.0), same(1.0), same(np.nan)
    for b in range(BLOCKS):
        r02, r22 = between(work, p, d, 0, 2, b), between(work, p, d, 2, 2, b)
        square = r02 * r02 + r22 * r22
        near = one / where_positive(square - FLAT * FLAT, square, missing)
        # Rotation vector = rot' y - obl' Ry x - tilt' Ry Rx z, solved for the three rates.
        x, y, z = nothing - r02 * near, nothing, nothing - r22 * near
        if which == 1:
            near = root(one / square)
            x, z = nothing - r22 * near, r02 * near
        elif which == 2:
            sine = between(work, p, d, 1, 2, b)
            x, y, z = x * sine, one + near * 0.0, z * sine
        scale = consts[factor]
        _pull_turn(work, p, axes, other, b, x * scale, y * scale, z * scale)


@njit(**INNER)
def pull_lean(work, code, at, consts):
    """Of `lean_angle`: its rows, rows of line and frame, their pulls (-1: none), place of its factor."""
    to, line, axes, into, turning, factor = (
        code[at], code[at + 1], code[at + 2], code[at + 3], code[at + 4], code[at + 5]
    )  # fmt: skip
    nothing, missing = same(0.0), same(np.nan)
    for b in range(BLOCKS):
        x, y = row(work, to + 1, b), row(work, to + 2, b)
        square = x * x + y * y
        near = consts[factor] / where_positive(square, square, missing)
        x, y = y * near, nothing - x * near
        wx = row(work, axes, b) * x + row(work, axes + 1, b) * y
        wy = row(work, axes + 3, b) * x + row(work, axes + 4, b) * y
        wz = row(work, axes + 6, b) * x + row(work, axes + 7, b) * y
        if into >= 0:
            add_three(work, into, b, wx, wy, wz)
        if turning >= 0:
            ux, uy, uz = three(work, line, b)
            tx, ty, tz = cross(wx, wy, wz, ux, uy, uz)
            add_three(work, turning, b, tx, ty, tz)


@njit(**INNER)
def pull_elevation(work, code, at, consts):
    """Of `elevation_angle`: rows of the line, its pull, place of its factor."""
    line, into, factor = code[at], code[at + 1], code[at + 2]
    missing, one = same(np.nan), same(1.0)
    for b in range(BLOCKS):
        x, y, z = three(work, line, b)
        square = dot(x, y, z, x, y, z)
        near = one / root(where_positive(square, square, missing))
        ux, uy, uz = x * near, y * near, z * near
        flat2 = ux * ux + uz * uz
        scale = near * consts[factor] / root(where_positive(flat2 - FLAT * FLAT, flat2, missing))
        add_three(work, into, b, (0.0 - uy * ux) * scale, flat2 * scale, (0.0 - uy * uz) * scale)


@njit(**INNER)
def pull_between(work, code, at, consts):
    """Of `line_angle`: rows of both lines, their pulls (-1: none), place of its factor."""
    first, second, into, other, factor = code[at], code[at + 1], code[at + 2], code[at + 3], code[at + 4]
    missing = same(np.nan)
    for b in range(BLOCKS):
        ux, uy, uz = three(work, first, b)
        wx, wy, wz = three(work, second, b)
        nx, ny, nz = cross(ux, uy, uz, wx, wy, wz)
        square = dot(nx, ny, nz, nx, ny, nz)
        near = consts[factor] / root(where_positive(square, square, missing))
        if into >= 0:
            x, y, z = cross(ux, uy, uz, nx, ny, nz)
            scale = near / dot(ux, uy, uz, ux, uy, uz)
            add_three(work, into, b, x * scale, y * scale, z * scale)
        if other >= 0:
            x, y, z = cross(nx, ny, nz, wx, wy, wz)
            scale = near / dot(wx, wy, wz, wx, wy, wz)
            add_three(work, other, b, x * scale, y * scale, z * scale)


@njit(**INNER)
def add_variance(work, code, at, consts):
    """Add J Sigma J^T of one source: row of the sum, pull of the source, rows of its covariance (6)."""
    to, pull, spread = code[at], code[at + 1], code[at + 2]
    for b in range(BLOCKS):
        x, y, z = three(work, pull, b)
        xx, xy, xz = three(work, spread, b)
        yy, yz, zz = three(work, spread + 3, b)
        term = x * (x * xx + 2.0 * (y * xy + z * xz)) + y * (y * yy + 2.0 * (z * yz)) + z * z * zz
        square = dot(x, y, z, x, y, z)
        # A source that a frame does not use may have no covariance there.
        put(work, to, b, row(work, to, b) + where_positive(square, term, square))


@njit(**INNER)
def variance_root(work, code, at, consts):
    """Write the root of a sum of variances, NaN where the angle itself is: row, how many, rows of the angles."""
    to, count = code[at], code[at + 1]
    for b in range(BLOCKS):
        variance = row(work, to, b)
        sd = where_positive(variance, root(variance), variance * 0.0)
        for k in range(count):
            sd = sd + row(work, code[at + 2 + k], b) * 0.0
        put(work, to, b, sd)


@njit(**INNER)
def unit_row(work, code, at, consts):
    """Set a pull to the unit vector of one axis: pull, axis."""
    for axis in range(3):
        work[(code[at] + axis) * TILE : (code[at] + axis + 1) * TILE] = 1.0 if axis == code[at + 1] else 0.0
