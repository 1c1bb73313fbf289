"""Lengths and places over time, as single numbers with their dependence on the measured points."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.tape.graph import TermGrad
from mocap.kinematics.traced import Frame, Scalar, Vec, add_grads, chain
from mocap.kinematics.uncertainty import random_sds

UPRIGHT = np.eye(3)


def along(vector: Vec, direction: NDArray) -> Scalar:
    """Return the part (m), shape (time,), of a vector along directions, shape (3,) or (time, 3), known exactly."""
    rows = np.broadcast_to(direction, vector.value.shape)
    return _first(np.einsum("ti,ti->t", rows, vector.value), Vec(vector.value, chain(_as_first(rows), vector.grad)))


def coordinate(vector: Vec, carrier: Frame, axis: int) -> Scalar:
    """Return one coordinate (m), shape (time,), of a vector in the axes of a frame."""
    direction = carrier.axes[:, :, axis]
    # d(e . u) = e . du + (theta x e) . u = e . du + theta . (e x u)
    grad = add_grads(
        chain(_as_first(direction), vector.grad),
        chain(_as_first(np.cross(direction, vector.value)), carrier.grad),
    )
    return _first(np.einsum("ti,ti->t", direction, vector.value), Vec(vector.value, grad))


def turn_part(frame: Frame, axis: int) -> Scalar:
    """Return the small turn (rad) of a frame about one axis of the world: value 0, with its gradient."""
    return _of_axis(np.where(np.isfinite(frame.axes[:, 0, 0]), 0.0, np.nan), frame, axis)


def weighted(weights: NDArray, vectors: Sequence[Vec]) -> Vec:
    """Return the sum of vectors with weights that change over time, shape (time, vector)."""
    weights = np.asarray(weights, float)
    value, grads = np.zeros((len(weights), 3)), []
    for weight, vector in zip(weights.T, vectors, strict=True):
        value += np.where((weight != 0)[:, None], vector.value, 0.0) * weight[:, None]
        grads.append(chain(weight[:, None, None] * UPRIGHT, vector.grad))
    return Vec(value, add_grads(*grads))


def ratio_along(over: Vec, under: Vec, direction: NDArray) -> Scalar:
    """Return the ratio of the parts of two vectors along directions, NaN where the second is nearly 0 (10 mm)."""
    rows = np.broadcast_to(direction, over.value.shape)
    length = np.einsum("ti,ti->t", rows, under.value)
    with np.errstate(invalid="ignore"):
        length = np.where(np.abs(length) > 0.010, length, np.nan)
    value = np.einsum("ti,ti->t", rows, over.value) / length
    grad = add_grads(
        chain(_as_first(rows / length[:, None]), over.grad),
        chain(_as_first(-rows * (value / length)[:, None]), under.grad),
    )
    return _first(value, Vec(over.value, grad))


def sds_of(scalars: Sequence[Scalar], covariances: Mapping[str, NDArray]) -> list[NDArray]:
    """Return the random standard uncertainties, shape (time,) each, in one pass; NaN without covariances."""
    if not covariances:
        return [np.full(scalar.value.shape, np.nan) for scalar in scalars]
    return random_sds(scalars, covariances)


def _as_first(rows: NDArray) -> NDArray:
    """Return matrices, shape (time, 3, 3), with rows (time, 3) as their first and nothing in the others."""
    matrices = np.zeros((len(rows), 3, 3))
    matrices[:, 0] = rows
    return matrices


def _first(value: NDArray, carrier: Vec) -> Scalar:
    return _of_axis(value, carrier, 0)


def _of_axis(value: NDArray, carrier: Vec | Frame, axis: int) -> Scalar:
    """Return a value whose gradient is that of one axis of a vector, or of the small turn of a frame."""
    return Scalar(value, TermGrad([(1.0, carrier.node, axis)]) if carrier.grad else {})
