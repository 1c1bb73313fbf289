"""Vectors, frames and angles that carry their first-order dependence on the measured points.

Every quantity keeps, beside its value, a gradient: for each source (a point label) the matrix that turns a small
displacement of that source (m) into the change of the quantity. For a frame the change is a rotation vector (rad) in
the axes the points are given in. Without sources the gradients are empty and cost nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Grad = Mapping[str, NDArray]
NO_GRAD: Grad = MappingProxyType({})

MIN_LENGTH_M = 1e-6
MIN_ANGLE_DEG = 10.0
_AXIS = {"x": 0, "y": 1, "z": 2}


@dataclass(frozen=True, eq=False)
class Vec:
    """Vectors over time, shape (time, 3), with gradients of shape (time, 3, 3) per source; NaN is missing."""

    value: NDArray
    grad: Grad = field(default_factory=lambda: NO_GRAD)


@dataclass(frozen=True, eq=False)
class Frame:
    """Orientations over time: axes as columns, shape (time, 3, 3); gradients (time, 3, 3) are rotation vectors."""

    axes: NDArray
    grad: Grad = field(default_factory=lambda: NO_GRAD)


@dataclass(frozen=True, eq=False)
class Scalar:
    """Angles over time, shape (time,), in rad, with gradients of shape (time, 3) per source."""

    value: NDArray
    grad: Grad = field(default_factory=lambda: NO_GRAD)


def add_grads(*grads: Grad) -> Grad:
    """Return the sum of gradients, source by source."""
    total: dict[str, NDArray] = {}
    for grad in grads:
        for source, term in grad.items():
            total[source] = total[source] + term if source in total else term
    return total


def chain(matrix: NDArray, grad: Grad) -> Grad:
    """Return ``matrix @ gradient`` for every source; `matrix` has shape (time, m, 3) or (m, 3)."""
    return {source: matrix @ term for source, term in grad.items()}


def combine(weights: Sequence[float], vectors: Sequence[Vec]) -> Vec:
    """Return the linear combination of vectors with constant weights."""
    value = sum((w * v.value for w, v in zip(weights, vectors, strict=True)), start=np.zeros(3))
    grads = ({s: w * g for s, g in v.grad.items()} for w, v in zip(weights, vectors, strict=True))
    return Vec(value, add_grads(*grads))


def difference(head: Vec, tail: Vec) -> Vec:
    """Return head - tail."""
    return combine((1.0, -1.0), (head, tail))


def mean(vectors: Sequence[Vec]) -> Vec:
    """Return the mean of vectors."""
    return combine([1.0 / len(vectors)] * len(vectors), vectors)


def skew(vectors: NDArray) -> NDArray:
    """Return the cross-product matrices, shape (..., 3, 3), of vectors, shape (..., 3)."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    zero = np.zeros_like(x)
    return np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(*x.shape, 3, 3)


def turned(rotation: NDArray, vectors: NDArray) -> NDArray:
    """Return rotated vectors, shape (..., 3); leading axes broadcast."""
    return np.einsum("...ij,...j->...i", rotation, vectors)


def frame(primary: Vec, secondary: Vec, order: str) -> Frame:
    """Build orientations from two directions.

    Parameters
    ----------
    primary : Vec
        Along the axis named first in `order`.
    secondary : Vec
        Roughly along the axis named second; only its part perpendicular to `primary` counts.
    order : str
        `zx`, `yz`, ...: names of the two axes.

    Returns
    -------
    Frame
        NaN where a vector is missing or shorter than 1e-6 m, or where the two are within 10 deg of parallel.
    """
    i, j = _AXIS[order[0]], _AXIS[order[1]]
    k = 3 - i - j
    handed = 1.0 if (j - i) % 3 == 1 else -1.0
    p, q = _checked_pair(primary.value, secondary.value)
    length = np.linalg.norm(p, axis=-1, keepdims=True)
    e_i = p / length
    q_i = np.sum(q * e_i, axis=-1, keepdims=True)
    across = q - q_i * e_i
    q_j = np.linalg.norm(across, axis=-1, keepdims=True)
    e_j = across / q_j
    e_k = handed * np.cross(e_i, e_j)
    axes = np.empty((*np.broadcast_shapes(e_i.shape, e_j.shape), 3))
    for index, axis in ((i, e_i), (j, e_j), (k, e_k)):
        axes[..., index] = axis
    if not primary.grad and not secondary.grad:
        return Frame(axes)
    # Moving p turns the frame about e_j and e_k; q, which stays in the plane of e_i and e_j, fixes the turn about e_i.
    tilt = e_j + (q_i / q_j) * e_i
    by_p = (handed / length)[..., None] * (_outer(e_k, e_j) - _outer(tilt, e_k))
    by_q = (handed / q_j)[..., None] * _outer(e_i, e_k)
    return Frame(axes, add_grads(chain(by_p, primary.grad), chain(by_q, secondary.grad)))


def _outer(a: NDArray, b: NDArray) -> NDArray:
    return a[..., :, None] * b[..., None, :]


def _checked_pair(p: NDArray, q: NDArray) -> tuple[NDArray, NDArray]:
    """Return both with NaN wherever they cannot span a frame, so that nothing is divided by zero."""
    p, q = np.broadcast_arrays(p, q)
    long_p, long_q = np.linalg.norm(p, axis=-1), np.linalg.norm(q, axis=-1)
    sine = np.linalg.norm(np.cross(p, q), axis=-1)
    sound = (long_p >= MIN_LENGTH_M) & (long_q >= MIN_LENGTH_M)
    sound &= sine >= np.sin(np.deg2rad(MIN_ANGLE_DEG)) * long_p * long_q
    return np.where(sound[..., None], p, np.nan), np.where(sound[..., None], q, np.nan)


def carried(carrier: Frame, offset: NDArray, origin: Vec) -> Vec:
    """Return origin + carrier @ offset, for an `offset` of shape (3,) that is rigid with the carrier."""
    arm = carrier.axes @ offset
    turn = chain(-skew(arm), carrier.grad) if carrier.grad else NO_GRAD
    return Vec(origin.value + arm, add_grads(origin.grad, turn))


def constant(vector: NDArray, n_frames: int) -> Vec:
    """Return a vector, shape (3,), that does not move and is known exactly."""
    return Vec(np.broadcast_to(np.asarray(vector, float), (n_frames, 3)))
