"""Angles of orientations and lines, in rad: the formulas, and the same with their gradients.

Orientation matrices hold the axes as columns, in ISB axes: X anterior, Y up, Z to the subject's right.
Sources: Grood and Suntay 1983 (joints), Baker 2001 (order of the pelvis), Plug-in Gait (conventional order).
"""

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.traced import Frame, Scalar, Vec, add_grads, chain, skew, turned

Triple = tuple[NDArray, NDArray, NDArray]


def rotation_about(axis: str, angle: NDArray | float) -> NDArray:
    """Return right-handed rotations about x, y or z, shape (..., 3, 3), by `angle` in rad, shape (...)."""
    angle = np.asarray(angle, float)
    first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    matrix = np.zeros((*angle.shape, 3, 3)) + np.eye(3)
    matrix[..., first, first] = matrix[..., second, second] = np.cos(angle)
    matrix[..., second, first] = np.sin(angle)
    matrix[..., first, second] = -np.sin(angle)
    return matrix


def from_joint(a: NDArray | float, b: NDArray | float, g: NDArray | float) -> NDArray:
    """Return distal in proximal, shape (..., 3, 3): Rz(a) Rx(b) Ry(g), rad."""
    return rotation_about("z", a) @ rotation_about("x", b) @ rotation_about("y", g)


def joint(rotation: NDArray) -> Triple:
    """Return a, b, g (rad) of Rz(a) Rx(b) Ry(g), each of shape (...), of matrices of shape (..., 3, 3)."""
    a = np.arctan2(-rotation[..., 0, 1], rotation[..., 1, 1])
    b = np.arcsin(np.clip(rotation[..., 2, 1], -1.0, 1.0))
    g = np.arctan2(-rotation[..., 2, 0], rotation[..., 2, 2])
    return a, b, g


def from_baker(tilt: NDArray | float, obliquity: NDArray | float, rotation: NDArray | float) -> NDArray:
    """Return pelvis in subject frame, shape (..., 3, 3): Ry(rotation) Rx(-obliquity) Rz(-tilt), rad."""
    tilt, obliquity = np.asarray(tilt, float), np.asarray(obliquity, float)
    return rotation_about("y", rotation) @ rotation_about("x", -obliquity) @ rotation_about("z", -tilt)


def baker(rotation: NDArray) -> Triple:
    """Return tilt (anterior +), obliquity (right up +) and rotation (right side forward +) in rad.

    Order rotation, obliquity, tilt after Baker 2001. Tilt and obliquity need gravity, but no heading.
    """
    tilt = -np.arctan2(rotation[..., 1, 0], rotation[..., 1, 1])
    obliquity = -np.arctan2(-rotation[..., 1, 2], np.hypot(rotation[..., 1, 0], rotation[..., 1, 1]))
    turn = np.arctan2(rotation[..., 0, 2], rotation[..., 2, 2])
    return tilt, obliquity, turn


def conventional(rotation: NDArray) -> Triple:
    """Return tilt, obliquity and rotation (rad) in the order tilt, obliquity, rotation (that of Plug-in Gait)."""
    a, b, g = joint(rotation)
    return -a, -b, g


def unwrap(angle: NDArray) -> NDArray:
    """Return angles (rad), shape (time,), without jumps of a full turn; NaN frames stay, the first is kept."""
    found = np.isfinite(angle)
    out = np.array(angle, float)
    out[found] = np.unwrap(out[found])
    return out


def _between(proximal: Frame, distal: Frame) -> tuple[NDArray, dict[str, NDArray]]:
    """Return distal in proximal, and the gradient of its rotation vector in proximal axes."""
    prox_from_world = np.swapaxes(proximal.axes, -1, -2)
    minus = {source: -term for source, term in proximal.grad.items()}
    return prox_from_world @ distal.axes, dict(chain(prox_from_world, add_grads(distal.grad, minus)))


def _rows(rows: NDArray, grad: dict[str, NDArray]) -> dict[str, NDArray]:
    return {source: np.einsum("ti,tij->tj", rows, term) for source, term in grad.items()}


def traced_joint(proximal: Frame, distal: Frame) -> tuple[Scalar, Scalar, Scalar]:
    """Return a, b, g of Rz(a) Rx(b) Ry(g) of distal in proximal; a and g unwrapped over time."""
    rotation, grad = _between(proximal, distal)
    a, b, g = joint(rotation)
    zero, one = np.zeros_like(a), np.ones_like(a)
    cos_b = np.where(np.abs(np.cos(b)) > 1e-9, np.cos(b), np.nan)
    # Rotation vector = a' z + b' Rz x + g' Rz Rx y, solved for the three rates.
    by_g = np.stack([-np.sin(a) / cos_b, np.cos(a) / cos_b, zero], axis=-1)
    by_b = np.stack([np.cos(a), np.sin(a), zero], axis=-1)
    by_a = np.stack([zero, zero, one], axis=-1) - np.sin(b)[:, None] * by_g
    return (
        Scalar(unwrap(a), _rows(by_a, grad)),
        Scalar(b, _rows(by_b, grad)),
        Scalar(unwrap(g), _rows(by_g, grad)),
    )


def traced_baker(subject: Frame, segment: Frame) -> tuple[Scalar, Scalar, Scalar]:
    """Return tilt, obliquity, rotation in Baker's order of a segment in the subject frame; unwrapped over time."""
    matrix, grad = _between(subject, segment)
    tilt, obliquity, turn = baker(matrix)
    zero, one = np.zeros_like(tilt), np.ones_like(tilt)
    cos_o = np.where(np.abs(np.cos(obliquity)) > 1e-9, np.cos(obliquity), np.nan)
    # Rotation vector = rot' y - obl' Ry x - tilt' Ry Rx z, solved for the three rates.
    by_tilt = -np.stack([np.sin(turn) / cos_o, zero, np.cos(turn) / cos_o], axis=-1)
    by_obliquity = -np.stack([np.cos(turn), zero, -np.sin(turn)], axis=-1)
    by_turn = np.stack([zero, one, zero], axis=-1) + np.sin(obliquity)[:, None] * by_tilt
    return (
        Scalar(unwrap(tilt), _rows(by_tilt, grad)),
        Scalar(obliquity, _rows(by_obliquity, grad)),
        Scalar(unwrap(turn), _rows(by_turn, grad)),
    )


def line_lean(line: Vec, carrier: Frame) -> Scalar:
    """Return the forward lean of a line in the sagittal plane of a frame: atan2(line.X, line.Y), unwrapped."""
    into = np.swapaxes(carrier.axes, -1, -2)
    inside = turned(into, line.value)
    turning = chain(skew(line.value), carrier.grad)  # d(R^T u) = R^T (du - theta x u) = R^T (du + [u] theta)
    grad = dict(chain(into, add_grads(line.grad, turning)))
    x, y = inside[:, 0], inside[:, 1]
    square = x**2 + y**2
    square = np.where(square > 0, square, np.nan)
    rows = np.stack([y / square, -x / square, np.zeros_like(x)], axis=-1)
    return Scalar(unwrap(np.arctan2(x, y)), _rows(rows, grad))


def line_elevation(line: Vec) -> Scalar:
    """Return the elevation above the horizontal (rad) of a line in ISB axes (Y up)."""
    length = np.linalg.norm(line.value, axis=-1, keepdims=True)
    unit = line.value / np.where(length > 0, length, np.nan)
    sine = np.clip(unit[:, 1], -1.0, 1.0)
    cosine = np.sqrt(1.0 - sine**2)
    flat = np.where(cosine > 1e-9, cosine, np.nan)[:, None]
    rows = (np.array([0.0, 1.0, 0.0]) - sine[:, None] * unit) / (length * flat)
    return Scalar(np.arcsin(sine), _rows(rows, dict(line.grad)))


def angle_between(first: Vec, second: Vec) -> Scalar:
    """Return the angle (rad, 0 to pi) between two lines; its gradient is NaN where they are parallel."""
    u, w = first.value, second.value
    normal = np.cross(u, w)
    sine = np.linalg.norm(normal, axis=-1)
    value = np.arctan2(sine, np.sum(u * w, axis=-1))
    normal = normal / np.where(sine > 0, sine, np.nan)[:, None]
    by_first = -np.cross(normal, u) / np.sum(u * u, axis=-1)[:, None]
    by_second = np.cross(normal, w) / np.sum(w * w, axis=-1)[:, None]
    return Scalar(value, add_grads(_rows(by_first, dict(first.grad)), _rows(by_second, dict(second.grad))))


def signed(sign: float, angle: Scalar, zero: float = 0.0) -> Scalar:
    """Return sign * angle - zero."""
    return Scalar(sign * angle.value - zero, {source: sign * term for source, term in angle.grad.items()})


def subtract(first: Scalar, second: Scalar) -> Scalar:
    """Return first - second."""
    return Scalar(first.value - second.value, add_grads(first.grad, signed(-1.0, second).grad))
