"""Least-squares poses of a cluster for one tile of frames.

Newton's steps on the rotations start from the pose of the frames before; where all of them are well determined, the
point they settle on is the only maximum there is, hence that of Kabsch. Frames in which they do not settle, or settle
on a saddle, are solved by the eigenvectors of Horn 1987.

Rows of the result: axes 9, centroid 3, anchor 3, residual 1, inverse inertia 6 (xx xy xz yy yz zz), state 9, and per
point its weight, then per point its arm 3.
"""

import numpy as np
from numba import njit

from mocap.kinematics.tape.row_kernels import (
    BLOCKS,
    CALLED,
    INLINE,
    INNER,
    LANES,
    TILE,
    cross,
    dot,
    put,
    put_three,
    root,
    row,
    same,
    three,
    where_positive,
)
from mocap.vector_kernels import total

CENTROID, ANCHOR, RESIDUAL, INVERSE, STATE, WEIGHTS = 9, 12, 15, 16, 22, 31
MIN_SPREAD_M = 0.010
_SETTLED = 1e-18  # squared step (rad) after which the next one is below rounding
_MOST_STEPS = 12
_SINGULAR = 1e-18  # m^6


def fit_rows(n_points):
    """Return how many rows the fit of so many points takes."""
    return WEIGHTS + 4 * n_points + 9


@njit(**INNER)
def fit_cluster(work, code, at, consts):
    """Pose of a cluster: result, number of points, place of the constants, and the rows of each point.

    Constants: residual limit, second spread of all points, shape (point, 3).
    """
    to, count, number = code[at], code[at + 1], code[at + 2]
    points = code[at + 3 : at + 3 + count]
    shape = consts[number + 2 : number + 2 + 3 * count]
    moments = to + WEIGHTS + 4 * count
    for b in range(BLOCKS):
        seen = _centre(work, to, points, shape, b)
        _moments(work, to, points, shape, moments, b)
        if not _newton(work, to, moments, seen, b):
            for lane in range(LANES):
                _horn(work, to, moments, b * LANES + lane)
        residual = _judge(work, to, points, shape, seen, b)
        spread = same(consts[number + 1])
        if total(seen) < count * LANES:
            for lane in range(LANES):
                spot = b * LANES + lane
                work[moments * TILE + spot] = _seen_spread(work, to, shape, spot)
            spread = row(work, moments, b)
        _accept(work, to, seen, spread, residual, consts[number], b)


@njit(**INLINE)
def _centre(work, to, points, shape, b):
    """Write centroid, anchor and weights; return how many points there are."""
    count = len(points)
    one, nothing = same(1.0), same(0.0)
    seen, cx, cy, cz, ax, ay, az = nothing, nothing, nothing, nothing, nothing, nothing, nothing
    for k in range(count):
        x, y, z = three(work, points[k], b)
        # 1 where all three are finite; a comparison with NaN is false.
        there = where_positive((x + y + z) * 0.0 + 1.0, one, nothing)
        put(work, to + WEIGHTS + k, b, there)
        seen = seen + there
        cx = cx + where_positive(there, x, nothing)
        cy = cy + where_positive(there, y, nothing)
        cz = cz + where_positive(there, z, nothing)
        ax, ay, az = ax + there * shape[3 * k], ay + there * shape[3 * k + 1], az + there * shape[3 * k + 2]
    share = 1.0 / where_positive(seen, seen, one)
    put_three(work, to + CENTROID, b, cx * share, cy * share, cz * share)
    put_three(work, to + ANCHOR, b, ax * share, ay * share, az * share)
    for k in range(count):
        put(work, to + WEIGHTS + k, b, row(work, to + WEIGHTS + k, b) * share)
    return seen


@njit(**INLINE)
def _model(work, to, shape, k, there, b):
    ax, ay, az = three(work, to + ANCHOR, b)
    none = same(0.0)
    return (where_positive(there, shape[3 * k] - ax, none), where_positive(there, shape[3 * k + 1] - ay, none),
            where_positive(there, shape[3 * k + 2] - az, none))  # fmt: skip


@njit(**INLINE)
def _offset(work, to, point, there, b):
    x, y, z = three(work, point, b)
    cx, cy, cz = three(work, to + CENTROID, b)
    none = same(0.0)
    return where_positive(there, x - cx, none), where_positive(there, y - cy, none), where_positive(there, z - cz, none)


@njit(**INLINE)
def _moments(work, to, points, shape, moments, b):
    """Write the sum of model times offset, row by row of the model."""
    for i in range(9):
        put(work, moments + i, b, same(0.0))
    for k in range(len(points)):
        there = row(work, to + WEIGHTS + k, b)
        mx, my, mz = _model(work, to, shape, k, there, b)
        x, y, z = _offset(work, to, points[k], there, b)
        for i, m in enumerate((mx, my, mz)):
            hx, hy, hz = three(work, moments + 3 * i, b)
            put_three(work, moments + 3 * i, b, hx + m * x, hy + m * y, hz + m * z)


@njit(**INLINE)
def _products(work, axes, moments, i, b):
    """Return row i of the sum of placed times offset: rotation times moments."""
    x, y, z = three(work, axes + 3 * i, b)
    ax, ay, az = three(work, moments, b)
    bx, by, bz = three(work, moments + 3, b)
    cx, cy, cz = three(work, moments + 6, b)
    return x * ax + y * bx + z * cx, x * ay + y * by + z * cy, x * az + y * bz + z * cz


@njit(**INLINE)
def _inverse(xx, xy, xz, yy, yz, zz):
    """Return the inverse of a symmetric matrix, its determinant, and 1 where it is positive definite."""
    a, b, c = yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy
    det = xx * a + xy * b + xz * c
    minor = xx * yy - xy * xy
    one, nothing = same(1.0), same(0.0)
    sound = where_positive(xx, where_positive(minor, where_positive(det - _SINGULAR, one, nothing), nothing), nothing)
    near = 1.0 / where_positive(sound, det, one)
    return (a * near, b * near, c * near, (xx * zz - xz * xz) * near, (xy * xz - xx * yz) * near, minor * near,
            sound)  # fmt: skip


@njit(**INLINE)
def _inertia(work, axes, moments, b):
    """Return the torque on the placed points, and the inverse inertia with its mark."""
    xx, xy, xz = _products(work, axes, moments, 0, b)
    yx, yy, yz = _products(work, axes, moments, 1, b)
    zx, zy, zz = _products(work, axes, moments, 2, b)
    inverse = _inverse(yy + zz, (xy + yx) * -0.5, (xz + zx) * -0.5, xx + zz, (yz + zy) * -0.5, xx + yy)
    return yz - zy, zx - xz, xy - yx, inverse


@njit(**INLINE)
def _straighten(work, axes, b):
    """Take off what rounding has added to a rotation: R (3 I - R'R) / 2."""
    ax, ay, az = three(work, axes, b)
    bx, by, bz = three(work, axes + 3, b)
    cx, cy, cz = three(work, axes + 6, b)
    xx, xy, xz = dot(ax, bx, cx, ax, bx, cx), dot(ax, bx, cx, ay, by, cy), dot(ax, bx, cx, az, bz, cz)
    yy, yz, zz = dot(ay, by, cy, ay, by, cy), dot(ay, by, cy, az, bz, cz), dot(az, bz, cz, az, bz, cz)
    dx, dy, dz = 1.5 - 0.5 * xx, 1.5 - 0.5 * yy, 1.5 - 0.5 * zz
    xy, xz, yz = xy * -0.5, xz * -0.5, yz * -0.5
    for i, (x, y, z) in enumerate(((ax, ay, az), (bx, by, bz), (cx, cy, cz))):
        put_three(work, axes + 3 * i, b, x * dx + y * xy + z * xz, x * xy + y * dy + z * yz, x * xz + y * yz + z * dz)


@njit(**INLINE)
def _newton(work, to, moments, seen, b):
    """Turn the state to the best rotations; tell whether all frames with three points have settled."""
    state, nothing, one = to + STATE, same(0.0), same(1.0)
    enough = where_positive(seen - 2.5, one, nothing)
    _straighten(work, state, b)
    for _ in range(_MOST_STEPS):
        gx, gy, gz, (xx, xy, xz, yy, yz, zz, sound) = _inertia(work, state, moments, b)
        if total(enough * (1.0 - sound)) > 0.5:
            return False
        sure = sound * enough
        tx, ty, tz = dot(xx, xy, xz, gx, gy, gz) * sure, dot(xy, yy, yz, gx, gy, gz) * sure, dot(xz, yz, zz, gx, gy, gz)
        tz = tz * sure
        square = dot(tx, ty, tz, tx, ty, tz)
        near = 1.0 / (1.0 + 0.25 * square)
        for j in range(3):
            x, y, z = row(work, state + j, b), row(work, state + 3 + j, b), row(work, state + 6 + j, b)
            ux, uy, uz = cross(tx, ty, tz, x, y, z)
            vx, vy, vz = cross(tx, ty, tz, ux, uy, uz)
            put(work, state + j, b, x + near * (ux + 0.5 * vx))
            put(work, state + 3 + j, b, y + near * (uy + 0.5 * vy))
            put(work, state + 6 + j, b, z + near * (uz + 0.5 * vz))
        settled = where_positive(_SETTLED - square, sound, nothing)
        if total(enough * (1.0 - settled)) < 0.5:
            return True
    return False


@njit(**INLINE)
def _judge(work, to, points, shape, seen, b):
    """Write arms, inverse inertia and residual at the final rotations; return the residual."""
    state, count, one = to + STATE, len(points), same(1.0)
    arms, squares = to + WEIGHTS + count, same(0.0)
    for k in range(count):
        there = row(work, to + WEIGHTS + k, b)
        mx, my, mz = _model(work, to, shape, k, there, b)
        x, y, z = _offset(work, to, points[k], there, b)
        px = dot(row(work, state, b), row(work, state + 1, b), row(work, state + 2, b), mx, my, mz)
        py = dot(row(work, state + 3, b), row(work, state + 4, b), row(work, state + 5, b), mx, my, mz)
        pz = dot(row(work, state + 6, b), row(work, state + 7, b), row(work, state + 8, b), mx, my, mz)
        put_three(work, arms + 3 * k, b, px, py, pz)
        squares = squares + dot(px - x, py - y, pz - z, px - x, py - y, pz - z)
    moments = arms + 3 * count
    _, _, _, (xx, xy, xz, yy, yz, zz, sound) = _inertia(work, state, moments, b)
    nothing = same(0.0)
    put_three(work, to + INVERSE, b, where_positive(sound, xx, one), where_positive(sound, xy, nothing),
              where_positive(sound, xz, nothing))  # fmt: skip
    put_three(work, to + INVERSE + 3, b, where_positive(sound, yy, one), where_positive(sound, yz, nothing),
              where_positive(sound, zz, one))  # fmt: skip
    return root(squares / where_positive(seen, seen, one))


@njit(**INLINE)
def _accept(work, to, seen, spread, residual, limit, b):
    """Write the axes, and NaN over all that is not to be believed."""
    one, missing = same(1.0), same(np.nan)
    good = where_positive(residual - limit, missing, one)
    good = where_positive(MIN_SPREAD_M - spread, missing, good)
    good = where_positive(seen - 2.5, good, missing)
    for i in range(9):
        put(work, to + i, b, row(work, to + STATE + i, b) * good)
    x, y, z = three(work, to + CENTROID, b)
    put_three(work, to + CENTROID, b, x * good, y * good, z * good)
    put(work, to + RESIDUAL, b, where_positive(seen - 2.5, residual, missing))


@njit(**CALLED)
def _seen_spread(work, to, shape, spot):
    """Return the second singular value (m) of the points that one frame shows; 0 with fewer than three."""
    count = len(shape) // 3
    scatter, seen = np.zeros((3, 3)), 0
    for k in range(count):
        if work[(to + WEIGHTS + k) * TILE + spot] > 0.0:
            seen += 1
            for i in range(3):
                u = shape[3 * k + i] - work[(to + ANCHOR + i) * TILE + spot]
                for j in range(3):
                    scatter[i, j] += u * (shape[3 * k + j] - work[(to + ANCHOR + j) * TILE + spot])
    if seen < 3:
        return 0.0
    values, _ = _eigen(scatter)
    return np.sqrt(max(np.sort(values)[1], 0.0))


@njit(**CALLED)
def _horn(work, to, moments, spot):
    """Write the state of one frame by the largest eigenvector of Horn's matrix."""
    s = np.empty((3, 3))
    for i in range(9):
        s[i // 3, i % 3] = work[(moments + i) * TILE + spot]
    n = np.empty((4, 4))
    n[0, 0] = s[0, 0] + s[1, 1] + s[2, 2]
    n[0, 1], n[0, 2], n[0, 3] = s[1, 2] - s[2, 1], s[2, 0] - s[0, 2], s[0, 1] - s[1, 0]
    for i in range(3):
        n[i + 1, 0] = n[0, i + 1]
        for j in range(3):
            n[i + 1, j + 1] = s[i, j] + s[j, i]
        n[i + 1, i + 1] = 2.0 * s[i, i] - n[0, 0]
    values, vectors = _eigen(n)
    w, x, y, z = vectors[:, np.argmax(values)]
    turn = ((w * w + x * x - y * y - z * z, 2 * (x * y - w * z), 2 * (x * z + w * y)),
            (2 * (x * y + w * z), w * w - x * x + y * y - z * z, 2 * (y * z - w * x)),
            (2 * (x * z - w * y), 2 * (y * z + w * x), w * w - x * x - y * y + z * z))  # fmt: skip
    for i in range(3):
        for j in range(3):
            work[(to + STATE + 3 * i + j) * TILE + spot] = turn[i][j]


@njit(**CALLED)
def _eigen(matrix):
    """Return eigenvalues and eigenvectors (columns) of a small symmetric matrix, by Jacobi's rotations."""
    size = len(matrix)
    values, vectors = matrix.copy(), np.eye(size)
    for _ in range(30):
        off, scale = 0.0, 0.0
        for i in range(size):
            scale += values[i, i] ** 2
            for j in range(i):
                off += values[i, j] ** 2
        if not off > 1e-34 * scale:
            break
        for i in range(1, size):
            for j in range(i):
                if values[i, j] != 0.0:
                    _rotate(values, vectors, i, j)
    return np.diag(values).copy(), vectors


@njit(**CALLED)
def _rotate(values, vectors, i, j):
    ratio = (values[j, j] - values[i, i]) / (2.0 * values[i, j])
    t = (1.0 if ratio >= 0.0 else -1.0) / (abs(ratio) + np.sqrt(ratio * ratio + 1.0))
    c = 1.0 / np.sqrt(t * t + 1.0)
    s = t * c
    for k in range(len(values)):
        a, b = values[k, i], values[k, j]
        values[k, i], values[k, j] = c * a - s * b, s * a + c * b
    for k in range(len(values)):
        a, b = values[i, k], values[j, k]
        values[i, k], values[j, k] = c * a - s * b, s * a + c * b
        a, b = vectors[k, i], vectors[k, j]
        vectors[k, i], vectors[k, j] = c * a - s * b, s * a + c * b
