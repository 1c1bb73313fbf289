"""Angles of orientations and lines, in rad: the formulas, and the same with their gradients.

Orientation matrices hold the axes as columns, in ISB axes: X anterior, Y up, Z to the subject's right.
Sources: Grood and Suntay 1983 (joints), Baker 2001 (order of the pelvis), Plug-in Gait (conventional order).
"""

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.tape import operations as op
from mocap.kinematics.tape.graph import Node
from mocap.kinematics.traced import Frame, Scalar, Vec

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


def _three(kind: int, proximal: Frame, distal: Frame) -> tuple[Scalar, Scalar, Scalar]:
    node = Node(kind, (proximal.node, distal.node))
    return Scalar.of([(1.0, node, 0)]), Scalar.of([(1.0, node, 1)]), Scalar.of([(1.0, node, 2)])


def traced_joint(proximal: Frame, distal: Frame) -> tuple[Scalar, Scalar, Scalar]:
    """Return a, b, g of Rz(a) Rx(b) Ry(g) of distal in proximal; a and g unwrapped over time."""
    return _three(op.JOINT, proximal, distal)


def traced_baker(subject: Frame, segment: Frame) -> tuple[Scalar, Scalar, Scalar]:
    """Return tilt, obliquity, rotation in Baker's order of a segment in the subject frame; unwrapped over time."""
    return _three(op.BAKER, subject, segment)


def line_lean(line: Vec, carrier: Frame) -> Scalar:
    """Return the forward lean of a line in the sagittal plane of a frame: atan2(line.X, line.Y), unwrapped."""
    return Scalar.of([(1.0, Node(op.LEAN, (line.node, carrier.node)), 0)])


def line_elevation(line: Vec) -> Scalar:
    """Return the elevation above the horizontal (rad) of a line in ISB axes (Y up)."""
    return Scalar.of([(1.0, Node(op.ELEVATION, (line.node,)), 0)])


def angle_between(first: Vec, second: Vec) -> Scalar:
    """Return the angle (rad, 0 to pi) between two lines; its gradient is NaN where they are parallel."""
    return Scalar.of([(1.0, Node(op.BETWEEN, (first.node, second.node)), 0)])


def signed(sign: float, angle: Scalar, zero: float = 0.0) -> Scalar:
    """Return sign * angle - zero."""
    return angle.scaled(sign, zero)


def subtract(first: Scalar, second: Scalar) -> Scalar:
    """Return first - second."""
    return first.less(second)
