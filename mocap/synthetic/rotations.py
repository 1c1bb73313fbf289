"""Rotations of the synthetic body, in ISB axes (X anterior, Y up, Z right); written for the synthetic lab alone.

The kinematics of the pipeline are not used here on purpose: the truth must not share their mistakes.
"""

import numpy as np
from numpy.typing import NDArray

# The subject's ISB axes seen from the world (X forward, Y left, Z up): Y_isb is up, Z_isb is -Y.
WORLD_FROM_ISB = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])


def about(axis: str, angle: NDArray | float) -> NDArray:
    """Return right-handed rotations, shape (..., 3, 3), by `angle` (rad, shape (...)) about `axis` (x, y or z)."""
    angle = np.asarray(angle, float)
    first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    matrix = np.zeros((*angle.shape, 3, 3))
    matrix[...] = np.eye(3)
    cosine, sine = np.cos(angle), np.sin(angle)
    matrix[..., first, first] = matrix[..., second, second] = cosine
    matrix[..., first, second], matrix[..., second, first] = -sine, sine
    return matrix


def pelvis_rotation(
    tilt: NDArray | float, obliquity: NDArray | float, rotation: NDArray | float
) -> NDArray:
    """Return pelvis (or trunk) rotations, shape (..., 3, 3), in the subject frame: Ry(rot) Rx(-obl) Rz(-tilt).

    Source: order of Baker 2001 (rotation, obliquity, tilt); anterior tilt, right side up and right side forward
    are positive. Angles in rad, shape (...).
    """
    return about("y", rotation) @ about("x", -np.asarray(obliquity)) @ about("z", -np.asarray(tilt))


def joint_rotation(a: NDArray, b: NDArray, g: NDArray) -> NDArray:
    """Return distal in proximal, shape (..., 3, 3): Rz(a) Rx(b) Ry(g), after Grood and Suntay 1983; rad."""
    return about("z", a) @ about("x", b) @ about("y", g)


def joint_cardan(rotation: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Return a, b, g in rad, each of shape (...), of Rz(a) Rx(b) Ry(g)."""
    a = np.arctan2(-rotation[..., 0, 1], rotation[..., 1, 1])
    b = np.arcsin(np.clip(rotation[..., 2, 1], -1.0, 1.0))
    g = np.arctan2(-rotation[..., 2, 0], rotation[..., 2, 2])
    return a, b, g


def transposed(rotation: NDArray) -> NDArray:
    """Return the inverse rotations, shape (..., 3, 3)."""
    return np.swapaxes(rotation, -1, -2)


def turn(rotation: NDArray, points: NDArray) -> NDArray:
    """Return rotated vectors, shape (..., 3); leading axes broadcast."""
    return np.einsum("...ij,...j->...i", rotation, points)


def unit(vectors: NDArray) -> NDArray:
    """Return vectors, shape (..., 3), of length 1."""
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
