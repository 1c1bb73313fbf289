"""Rigid transforms as 4x4 matrices, named `b_from_a`: ``points_b = apply(b_from_a, points_a)``.

Adjacent names cancel: ``c_from_a = c_from_b @ b_from_a``. The inverse of `b_from_a` is `a_from_b`.
"""

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import checked_array
from calibration.errors import ShapeError


def rigid(rotation: NDArray, translation: NDArray) -> NDArray:
    """Stack rotation and translation into b_from_a.

    Parameters
    ----------
    rotation : ndarray, shape (..., 3, 3)
    translation : ndarray, shape (..., 3)

    Returns
    -------
    ndarray, shape (..., 4, 4)
    """
    rotation, translation = np.asarray(rotation, float), np.asarray(translation, float)
    lead = np.broadcast_shapes(rotation.shape[:-2], translation.shape[:-1])
    b_from_a = np.zeros((*lead, 4, 4))
    b_from_a[..., :3, :3] = rotation
    b_from_a[..., :3, 3] = translation
    b_from_a[..., 3, 3] = 1.0
    return b_from_a


def inverse(b_from_a: NDArray) -> NDArray:
    """Return a_from_b, shape (..., 4, 4), of b_from_a, shape (..., 4, 4); NaN stays NaN."""
    rotation_ab = np.swapaxes(b_from_a[..., :3, :3], -1, -2)
    return rigid(rotation_ab, -np.einsum("...ij,...j->...i", rotation_ab, b_from_a[..., :3, 3]))


def apply(b_from_a: NDArray, points_a: NDArray) -> NDArray:
    """Return points_b, shape (..., 3), of points_a, shape (..., 3); leading axes broadcast."""
    return np.einsum("...ij,...j->...i", b_from_a[..., :3, :3], points_a) + b_from_a[..., :3, 3]


def from_rotvec(rotvec: NDArray, translation: NDArray) -> NDArray:
    """Return b_from_a, shape (..., 4, 4), of Rodrigues vectors (..., 3) in rad and translations (..., 3) in m."""
    from scipy.spatial.transform import Rotation  # a quarter of a second that `import calibration` must not cost

    rotvec = np.asarray(rotvec, float)
    matrices = Rotation.from_rotvec(rotvec.reshape(-1, 3)).as_matrix()
    return rigid(matrices.reshape(*rotvec.shape[:-1], 3, 3), translation)


def rotvec(b_from_a: NDArray) -> NDArray:
    """Return the Rodrigues vectors, shape (..., 3) in rad, of b_from_a, shape (..., 4, 4)."""
    from scipy.spatial.transform import Rotation

    rotation = np.asarray(b_from_a)[..., :3, :3]
    return Rotation.from_matrix(rotation.reshape(-1, 3, 3)).as_rotvec().reshape(*rotation.shape[:-2], 3)


def checked_rigid(value: NDArray, name: str) -> NDArray:
    """Return `value` as a read-only (4, 4) rigid transform, or refuse it.

    Raises
    ------
    ShapeError
        When it is not finite, not orthonormal to 1e-6, has det -1, or a last row other than 0 0 0 1.
    """
    b_from_a = checked_array(value, name, (4, 4))
    rotation = b_from_a[:3, :3]
    sound = (
        np.isfinite(b_from_a).all()
        and np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-6)
        and np.linalg.det(rotation) > 0
        and np.array_equal(b_from_a[3], [0, 0, 0, 1])
    )
    if not sound:
        raise ShapeError(
            f"{name} is not a rigid transform (rotation with det +1, last row 0 0 0 1).",
            "Pass a proper rotation and a translation in metres.",
        )
    return b_from_a


def look_at(centre_world: NDArray, aim_world: NDArray, roll: float = 0.0) -> NDArray:
    """Return cam_from_world, shape (4, 4), of a camera at a point that looks at another one.

    Parameters
    ----------
    centre_world, aim_world : ndarray, shape (3,)
        In m, Z up; not one above the other.
    roll : float
        Rotation about the viewing direction in rad, away from an upright image.
    """
    z = np.asarray(aim_world, float) - centre_world
    x = np.cross(z, [0.0, 0.0, 1.0])
    z, x = z / np.linalg.norm(z), x / np.linalg.norm(x)
    y = np.cross(z, x)
    upright = np.stack([x, y, z])
    c, s = np.cos(roll), np.sin(roll)
    rotation = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ upright
    return rigid(rotation, -rotation @ np.asarray(centre_world, float))
