"""Values of vectors, frames and angles for one tile of frames, operation by operation.

Every function takes the rows, the code of the program and where its own arguments start in it, and the table of
constants. Rows of results: vector 3; `frame` 9 and then handed / |p|, q_i / q_j, handed / q_j, which its gradient
needs; `carry` and `place` 3 and then the 3 of the arm.
"""

import numpy as np
from numba import njit

from mocap.kinematics.tape.row_kernels import (
    BLOCKS,
    INLINE,
    INNER,
    TILE,
    angle_of,
    cross,
    dot,
    put,
    put_three,
    root,
    row,
    same,
    sine_angle,
    three,
    where_positive,
)

MIN_LENGTH_M = 1e-6
MIN_SINE = np.sin(np.deg2rad(10.0))
FLAT = 1e-9  # cosine of a second angle, below which the first and the third have no gradient
COUNTED_SHIFT = 3  # rows of a result before those of its arm


@njit(**INNER)
def fill_constant(work, code, at, consts):
    """Write numbers that never change: first row, how many rows, first constant."""
    first, count, number = code[at], code[at + 1], code[at + 2]
    for index in range(count):
        work[(first + index) * TILE : (first + index + 1) * TILE] = consts[number + index]


@njit(**INNER)
def combine_vectors(work, code, at, consts):
    """Sum of weighted vectors: result, how many, and for each its rows and the place of its weight."""
    to, count = code[at], code[at + 1]
    for axis in range(3):
        for b in range(BLOCKS):
            total = row(work, code[at + 2] + axis, b) * consts[code[at + 3]]
            for k in range(1, count):
                total = total + row(work, code[at + 2 + 2 * k] + axis, b) * consts[code[at + 3 + 2 * k]]
            put(work, to + axis, b, total)


@njit(**INNER)
def build_frame(work, code, at, consts):
    """Orientation of two vectors: result, first and second vector, their axes i and j, and the place of +-1."""
    to, first, second, i, j = code[at], code[at + 1], code[at + 2], code[at + 3], code[at + 4]
    handed, k = consts[code[at + 5]], 3 - code[at + 3] - code[at + 4]
    one, missing = same(1.0), same(np.nan)
    for b in range(BLOCKS):
        px, py, pz = three(work, first, b)
        qx, qy, qz = three(work, second, b)
        p2, q2 = dot(px, py, pz, px, py, pz), dot(qx, qy, qz, qx, qy, qz)
        nx, ny, nz = cross(px, py, pz, qx, qy, qz)
        # What compares with NaN is not positive.
        close = where_positive(MIN_LENGTH_M * MIN_LENGTH_M - p2, one, where_positive(p2, same(0.0), one))
        close = where_positive(MIN_LENGTH_M * MIN_LENGTH_M - q2, one, where_positive(q2, close, one))
        slack = dot(nx, ny, nz, nx, ny, nz) - p2 * q2 * (MIN_SINE * MIN_SINE)
        sound = where_positive(one - close, where_positive(slack, one, missing), missing)
        length = root(p2)
        inverse = sound / length
        ix, iy, iz = px * inverse, py * inverse, pz * inverse
        along = dot(qx, qy, qz, ix, iy, iz)
        ax, ay, az = qx - along * ix, qy - along * iy, qz - along * iz
        across = 1.0 / root(dot(ax, ay, az, ax, ay, az))
        jx, jy, jz = ax * across, ay * across, az * across
        kx, ky, kz = cross(ix, iy, iz, jx, jy, jz)
        _column(work, to + i, b, ix, iy, iz)
        _column(work, to + j, b, jx, jy, jz)
        _column(work, to + k, b, kx * handed, ky * handed, kz * handed)
        put_three(work, to + 9, b, inverse * handed, along * across, across * handed)


@njit(**INLINE)
def _column(work, first, b, x, y, z):
    put(work, first, b, x)
    put(work, first + 3, b, y)
    put(work, first + 6, b, z)


@njit(**INLINE)
def _turned(work, axes, b, x, y, z):
    a, d, g = three(work, axes, b)
    m, e, h = three(work, axes + 3, b)
    c, f, i = three(work, axes + 6, b)
    return dot(a, d, g, x, y, z), dot(m, e, h, x, y, z), dot(c, f, i, x, y, z)


@njit(**INNER)
def carry_offset(work, code, at, consts):
    """Point fixed to a frame: result, frame, origin, place of the offset (3,)."""
    to, axes, origin, number = code[at], code[at + 1], code[at + 2], code[at + 3]
    sx, sy, sz = same(consts[number]), same(consts[number + 1]), same(consts[number + 2])
    for b in range(BLOCKS):
        x, y, z = _turned(work, axes, b, sx, sy, sz)
        ox, oy, oz = three(work, origin, b)
        put_three(work, to, b, ox + x, oy + y, oz + z)
        put_three(work, to + COUNTED_SHIFT, b, x, y, z)


@njit(**INNER)
def place_point(work, code, at, consts):
    """Point of a cluster: result, frame, centroid, anchor, place of the point (3,) in the cluster's axes."""
    to, axes, centroid, anchor, number = code[at], code[at + 1], code[at + 2], code[at + 3], code[at + 4]
    for b in range(BLOCKS):
        ax, ay, az = three(work, anchor, b)
        x, y, z = _turned(work, axes, b, consts[number] - ax, consts[number + 1] - ay, consts[number + 2] - az)
        cx, cy, cz = three(work, centroid, b)
        put_three(work, to, b, cx + x, cy + y, cz + z)
        put_three(work, to + COUNTED_SHIFT, b, x, y, z)


@njit(**INNER)
def turn_frame(work, code, at, consts):
    """Frame times a constant matrix: result, frame, place of the matrix (9,)."""
    to, axes, number = code[at], code[at + 1], code[at + 2]
    for b in range(BLOCKS):
        for i in range(3):
            x, y, z = three(work, axes + 3 * i, b)
            for j in range(3):
                turned = x * consts[number + j] + y * consts[number + 3 + j] + z * consts[number + 6 + j]
                put(work, to + 3 * i + j, b, turned)


@njit(**INLINE)
def between(work, proximal, distal, i, j, b):
    """Return one element of distal in proximal."""
    x = row(work, proximal + i, b) * row(work, distal + j, b)
    y = row(work, proximal + 3 + i, b) * row(work, distal + 3 + j, b)
    return x + y + row(work, proximal + 6 + i, b) * row(work, distal + 6 + j, b)


@njit(**INNER)
def joint_angles(work, code, at, consts):
    """Angles a, b, g of Rz(a) Rx(b) Ry(g): result, proximal, distal."""
    to, p, d = code[at], code[at + 1], code[at + 2]
    nothing = same(0.0)
    for b in range(BLOCKS):
        first = angle_of(nothing - between(work, p, d, 0, 1, b), between(work, p, d, 1, 1, b))
        second = sine_angle(between(work, p, d, 2, 1, b))
        third = angle_of(nothing - between(work, p, d, 2, 0, b), between(work, p, d, 2, 2, b))
        put_three(work, to, b, first, second, third)


@njit(**INNER)
def baker_angles(work, code, at, consts):
    """Tilt, obliquity and rotation in Baker's order: result, subject, segment."""
    to, p, d = code[at], code[at + 1], code[at + 2]
    nothing = same(0.0)
    for b in range(BLOCKS):
        r10, r11 = between(work, p, d, 1, 0, b), between(work, p, d, 1, 1, b)
        tilt = nothing - angle_of(r10, r11)
        obliquity = angle_of(between(work, p, d, 1, 2, b), root(r10 * r10 + r11 * r11))
        turn = angle_of(between(work, p, d, 0, 2, b), between(work, p, d, 2, 2, b))
        put_three(work, to, b, tilt, obliquity, turn)


@njit(**INNER)
def lean_angle(work, code, at, consts):
    """Forward lean of a line in the sagittal plane of a frame: result, line, frame."""
    to, line, axes = code[at], code[at + 1], code[at + 2]
    for b in range(BLOCKS):
        u, v, w = three(work, line, b)
        x = row(work, axes, b) * u + row(work, axes + 3, b) * v + row(work, axes + 6, b) * w
        y = row(work, axes + 1, b) * u + row(work, axes + 4, b) * v + row(work, axes + 7, b) * w
        z = row(work, axes + 2, b) * u + row(work, axes + 5, b) * v + row(work, axes + 8, b) * w
        put_three(work, to, b, angle_of(x, y), x, y)
        put(work, to, b, row(work, to, b) + z * 0.0)


@njit(**INNER)
def elevation_angle(work, code, at, consts):
    """Elevation of a line above the horizontal: result, line."""
    to, line = code[at], code[at + 1]
    missing = same(np.nan)
    for b in range(BLOCKS):
        x, y, z = three(work, line, b)
        length = root(dot(x, y, z, x, y, z))
        put(work, to, b, sine_angle(y / where_positive(length, length, missing)))


@njit(**INNER)
def line_angle(work, code, at, consts):
    """Angle between two lines: result, first, second."""
    to, first, second = code[at], code[at + 1], code[at + 2]
    for b in range(BLOCKS):
        ux, uy, uz = three(work, first, b)
        wx, wy, wz = three(work, second, b)
        nx, ny, nz = cross(ux, uy, uz, wx, wy, wz)
        put(work, to, b, angle_of(root(dot(nx, ny, nz, nx, ny, nz)), dot(ux, uy, uz, wx, wy, wz)))
