"""Coordinates of vectors in frames, with their dependence on the measured points."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.traced import Frame, Grad, Scalar, Vec, add_grads, chain
from mocap.kinematics.uncertainty import random_sd

UPRIGHT = np.eye(3)


def coordinate(vector: Vec, carrier: Frame, axis: int) -> Scalar:
    """Return one coordinate (m), shape (time,), of a vector in the axes of a frame."""
    direction = carrier.axes[:, :, axis]
    turning = _rows(np.cross(direction, vector.value), carrier.grad)
    # d(e . u) = e . du + (theta x e) . u = e . du + theta . (e x u)
    grad = add_grads(_rows(direction, vector.grad), turning)
    return Scalar(np.einsum("ti,ti->t", direction, vector.value), grad)


def along(vector: Vec, direction: NDArray) -> Scalar:
    """Return the part of a vector along directions, shape (3,) or (time, 3), that are known exactly."""
    rows = np.broadcast_to(direction, vector.value.shape)
    return Scalar(np.einsum("ti,ti->t", rows, vector.value), _rows(rows, vector.grad))


def turn_part(frame: Frame, axis: int) -> Scalar:
    """Return the small turn (rad) of a frame about one axis of the world: value 0, with its gradient."""
    rows = np.broadcast_to(UPRIGHT[axis], frame.axes.shape[:2])
    return Scalar(np.where(np.isfinite(frame.axes[:, 0, 0]), 0.0, np.nan), _rows(rows, frame.grad))


def weighted(weights: NDArray, vectors: Sequence[Vec]) -> Vec:
    """Return the sum of vectors with weights that change over time, shape (time, vector)."""
    parts = [Vec(np.zeros(3))]
    for weight, vector in zip(np.asarray(weights, float).T, vectors, strict=True):
        used = weight != 0
        value = np.where(used[:, None], vector.value, 0.0) * weight[:, None]
        grad = chain(weight[:, None, None] * np.eye(3), vector.grad)
        parts.append(Vec(value, {source: np.where(used[:, None, None], g, 0.0) for source, g in grad.items()}))
    return Vec(
        sum((part.value for part in parts), start=np.zeros(3)), add_grads(*(part.grad for part in parts))
    )


def ratio(over: Scalar, under: Scalar) -> Scalar:
    """Return over / under, NaN where the latter is nearly 0 (10 mm)."""
    sound = np.where(np.abs(under.value) > 0.010, under.value, np.nan)
    value = over.value / sound
    return Scalar(value, add_grads(_scaled(1.0 / sound, over.grad), _scaled(-value / sound, under.grad)))


def sd_of(scalar: Scalar, covariances: Mapping[str, NDArray]) -> NDArray:
    """Return the random standard uncertainty of a quantity, shape (time,); NaN without covariances."""
    return random_sd(scalar, covariances) if covariances else np.full(scalar.value.shape, np.nan)


def _rows(rows: NDArray, grad: Grad) -> Grad:
    return {source: row[:, 0] for source, row in chain(rows[:, None, :], grad).items()}


def _scaled(factor: NDArray, grad: Grad) -> Grad:
    return {source: factor[:, None] * row for source, row in grad.items()}
