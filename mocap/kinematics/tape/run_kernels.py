"""Runs a program of `mocap.kinematics.tape` over a span of frames, tile by tile."""

import numpy as np
from numba import njit

from mocap.kinematics.tape import operations as op
from mocap.kinematics.tape.fit_kernels import fit_cluster
from mocap.kinematics.tape.pull_kernels import (
    add_variance,
    clear_rows,
    pull_arm,
    pull_baker,
    pull_between,
    pull_combine,
    pull_elevation,
    pull_fit,
    pull_frame,
    pull_joint,
    pull_lean,
    pull_matrix,
    unit_row,
    variance_root,
)
from mocap.kinematics.tape.row_kernels import BLOCKS, CALLED, INNER, LANES, OPTIONS, TILE, load_at, put, row, store_at
from mocap.kinematics.tape.value_kernels import (
    baker_angles,
    build_frame,
    carry_offset,
    combine_vectors,
    elevation_angle,
    fill_constant,
    joint_angles,
    lean_angle,
    line_angle,
    place_point,
    turn_frame,
)

# The compiler's cache watches this file alone: a test holds this to the SHA-256 of the kernel files imported.
IMPORTED_SHA256 = "c90679d5337fe36f5b5abbd913d1e976124c0bfd0f2659d727a982e785814625"


@njit(**OPTIONS)
def run_span(fixed, code, consts, places, covariance, poses, n_rows, frames):
    """Run a program over frames start to stop, of n in all.

    Parameters
    ----------
    fixed, code : ndarray of int64
        What is done once, and for every tile: operation, number of arguments, arguments, and so on.
    consts : ndarray of float64
    places : ndarray of int64, shape (place, 2)
        Address of the first row of an array in memory, and bytes from row to row; numbers of a row follow each other.
    covariance : tuple of ndarray, shape (time, source, 9), of float32 and of float64, and whether they are in the
        Z-up world
        One of both is empty.
    poses : ndarray, shape (time, segment, 4, 4)
    n_rows : int
    frames : tuple of int
        start, stop and n; n is at least `TILE`, and start a multiple of it.
    """
    start, stop, n = frames
    work = np.zeros(n_rows * TILE)
    for tile in range(start - TILE, stop, TILE):
        # One call for both, as it is inlined. The last tile overlaps with the one before, so that all are full.
        todo, frame = (fixed, 0) if tile < start else (code, min(tile, n - TILE))
        _run(work, todo, consts, places, covariance, poses, frame)


@njit(**INNER)
def _run(work, code, consts, places, covariance, poses, frame):
    at = 0
    while at < len(code):
        kind, length = code[at], code[at + 1]
        at += 2
        if kind <= op.LAST_VALUE:
            _value(work, code, at, consts, kind)
        elif kind <= op.UNIT:
            _pull(work, code, at, consts, kind)
        elif kind <= op.STORE:
            _memory(work, code, at, places, kind, frame)
        elif kind == op.COVARIANCE:
            if covariance[2]:
                _world_covariance(work, code, at, covariance, frame)
            else:
                _covariance(work, code[at], code[at + 1], covariance[1], frame)
        else:
            _pose(work, code, at, poses, frame)
        at += length


@njit(**INNER)
def _value(work, code, at, consts, kind):
    if kind == op.COMBINE:
        combine_vectors(work, code, at, consts)
    elif kind == op.FRAME:
        build_frame(work, code, at, consts)
    elif kind == op.CARRY:
        carry_offset(work, code, at, consts)
    elif kind == op.PLACE:
        place_point(work, code, at, consts)
    elif kind == op.TURN:
        turn_frame(work, code, at, consts)
    elif kind == op.FIT:
        fit_cluster(work, code, at, consts)
    else:
        _angle(work, code, at, consts, kind)


@njit(**INNER)
def _angle(work, code, at, consts, kind):
    if kind == op.JOINT:
        joint_angles(work, code, at, consts)
    elif kind == op.BAKER:
        baker_angles(work, code, at, consts)
    elif kind == op.LEAN:
        lean_angle(work, code, at, consts)
    elif kind == op.ELEVATION:
        elevation_angle(work, code, at, consts)
    elif kind == op.BETWEEN:
        line_angle(work, code, at, consts)
    else:
        fill_constant(work, code, at, consts)


@njit(**INNER)
def _pull(work, code, at, consts, kind):
    if kind == op.PULL_COMBINE:
        pull_combine(work, code, at, consts)
    elif kind == op.ADD_VARIANCE:
        add_variance(work, code, at, consts)
    elif kind == op.PULL_FRAME:
        pull_frame(work, code, at, consts)
    elif kind == op.PULL_ARM:
        pull_arm(work, code, at, consts)
    elif kind == op.PULL_FIT:
        pull_fit(work, code, at, consts)
    elif kind == op.PULL_MATRIX:
        pull_matrix(work, code, at, consts)
    elif kind == op.CLEAR:
        clear_rows(work, code, at, consts)
    else:
        _pull_angle(work, code, at, consts, kind)


@njit(**INNER)
def _pull_angle(work, code, at, consts, kind):
    if kind == op.PULL_JOINT:
        pull_joint(work, code, at, consts)
    elif kind == op.PULL_BAKER:
        pull_baker(work, code, at, consts)
    elif kind == op.PULL_LEAN:
        pull_lean(work, code, at, consts)
    elif kind == op.PULL_ELEVATION:
        pull_elevation(work, code, at, consts)
    elif kind == op.PULL_BETWEEN:
        pull_between(work, code, at, consts)
    elif kind == op.VARIANCE_ROOT:
        variance_root(work, code, at, consts)
    else:
        unit_row(work, code, at, consts)


@njit(**CALLED)
def _memory(work, code, at, places, kind, frame):
    """Read or write rows: first, how many, place."""
    first, count, place = code[at], code[at + 1], code[at + 2]
    for index in range(count):
        address = places[place, 0] + index * places[place, 1] + frame * 8
        for b in range(BLOCKS):
            if kind == op.LOAD:
                put(work, first + index, b, load_at(address + b * LANES * 8))
            else:
                store_at(address + b * LANES * 8, row(work, first + index, b))


@njit(**CALLED)
def _covariance(work, to, source, covariance, frame):
    """Read the covariance of one source, symmetric part: xx xy xz yy yz zz."""
    for f in range(TILE):
        c = covariance[frame + f, source]
        work[to * TILE + f], work[(to + 3) * TILE + f], work[(to + 5) * TILE + f] = c[0], c[4], c[8]
        work[(to + 1) * TILE + f] = 0.5 * (np.float64(c[1]) + np.float64(c[3]))
        work[(to + 2) * TILE + f] = 0.5 * (np.float64(c[2]) + np.float64(c[6]))
        work[(to + 4) * TILE + f] = 0.5 * (np.float64(c[5]) + np.float64(c[7]))


@njit(**CALLED)
def _world_covariance(work, code, at, covariance, frame):
    """Read a covariance in the Z-up world and turn it into ISB axes, which are x, z and -y of the world."""
    to, source = code[at], code[at + 1]
    if len(covariance[0]):
        _covariance(work, to, source, covariance[0], frame)
    else:
        _covariance(work, to, source, covariance[1], frame)
    for f in range(TILE):
        xy, xz = work[(to + 1) * TILE + f], work[(to + 2) * TILE + f]
        work[(to + 1) * TILE + f], work[(to + 2) * TILE + f] = xz, -xy
        yy, zz = work[(to + 3) * TILE + f], work[(to + 5) * TILE + f]
        work[(to + 3) * TILE + f], work[(to + 5) * TILE + f] = zz, yy
        work[(to + 4) * TILE + f] = -work[(to + 4) * TILE + f]


@njit(**CALLED)
def _pose(work, code, at, poses, frame):
    """Write a segment's pose in the Z-up world: rows of frame and origin, number of the segment."""
    axes, origin, segment = code[at], code[at + 1], code[at + 2]
    for f in range(TILE):
        out = poses[frame + f, segment]
        for i in range(3):
            for j in range(3):
                out[i, j] = work[(axes + 3 * i + j) * TILE + f]
            out[i, 3] = work[(origin + i) * TILE + f]
        # The world's y and z are -z and y of the ISB axes.
        for j in range(4):
            out[1, j], out[2, j] = -out[2, j], out[1, j]
            out[3, j] = 0.0
        out[3, 3] = 1.0
        missing = False
        for i in range(3):
            for j in range(4):
                missing |= not np.isfinite(out[i, j])
        if missing:
            out[:, :] = np.nan


@njit(**OPTIONS)
def unwrap_angle(raw, factor, zero, unwrapped, out):
    """Write factor * angle - zero, shape (time,), the angle without jumps of a full turn where `unwrapped`."""
    turns, last = 0.0, np.nan
    for t in range(len(raw)):
        value = raw[t]
        if unwrapped and np.isfinite(value):
            step = value - last
            if abs(step) >= np.pi:
                back = np.floor((step + np.pi) / (2.0 * np.pi))
                if step > 0.0 and step - back * 2.0 * np.pi == -np.pi:
                    back -= 1.0
                turns -= back
            last = value
        out[t] = factor * (value + turns * (2.0 * np.pi)) - zero
