"""By how many pixels two cameras' rays miss each other, signed, and how that changes with each camera's clock."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.triangulation import essential


@dataclass(frozen=True, eq=False)
class Pair:
    """Two cameras of a rig and their epipolar geometry.

    Attributes
    ----------
    a, b : int
    matrix : ndarray, shape (3, 3)
        ``ray_b @ matrix @ ray_a = 0``.
    focal_a, focal_b : float
        Mean focal lengths, px.
    """

    a: int
    b: int
    matrix: NDArray
    focal_a: float
    focal_b: float

    def miss(self, rays_a: NDArray, rays_b: NDArray) -> tuple[NDArray, NDArray, NDArray]:
        """Signed Sampson distance in px, shape (...), and the scaled epipolar lines in a and in b, (..., 2).

        The lines are derivatives: d miss / d ray, with the scale held.
        """
        line_b = rays_a @ self.matrix[:, :2].T + self.matrix[:, 2]
        line_a = rays_b @ self.matrix[:2] + self.matrix[2]
        value = np.einsum("...i,...i->...", rays_b, line_b[..., :2]) + line_b[..., 2]
        slope = np.einsum("...i,...i->...", line_a[..., :2], line_a[..., :2]) / self.focal_a**2
        slope = slope + np.einsum("...i,...i->...", line_b[..., :2], line_b[..., :2]) / self.focal_b**2
        scale = 1.0 / np.sqrt(np.maximum(slope, 1e-300))
        return value * scale, line_a[..., :2] * scale[..., None], line_b[..., :2] * scale[..., None]


def pairs_of(rig: CameraRig) -> list[Pair]:
    """All pairs of cameras that do not stand in one place."""
    focal = [float(np.sqrt(camera.matrix[0, 0] * camera.matrix[1, 1])) for camera in rig]
    found = []
    for a, b in combinations(range(len(rig)), 2):
        if np.linalg.norm(rig.cameras[a].centre_world - rig.cameras[b].centre_world) > 1e-6:
            found.append(Pair(a, b, essential(rig.cameras[a], rig.cameras[b]), focal[a], focal[b]))
    return found
