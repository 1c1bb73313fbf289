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
        """Signed Sampson distance in px, shape (...), and the scaled epipolar lines in a and in b, shape (2, ...).

        The lines are derivatives: d miss / d ray, with the scale held.
        """
        # Written out by components: for this many tiny products far faster than matrix products.
        e = self.matrix.astype(rays_a.dtype)
        xa, ya, xb, yb = rays_a[..., 0], rays_a[..., 1], rays_b[..., 0], rays_b[..., 1]
        bx, by = e[0, 0] * xa + e[0, 1] * ya + e[0, 2], e[1, 0] * xa + e[1, 1] * ya + e[1, 2]
        ax, ay = e[0, 0] * xb + e[1, 0] * yb + e[2, 0], e[0, 1] * xb + e[1, 1] * yb + e[2, 1]
        value = xb * bx + yb * by + (e[2, 0] * xa + e[2, 1] * ya + e[2, 2])
        slope = (ax * ax + ay * ay) * (1 / self.focal_a**2) + (bx * bx + by * by) * (1 / self.focal_b**2)
        scale = 1.0 / np.sqrt(np.maximum(slope, 1e-30))
        return value * scale, np.stack([ax * scale, ay * scale]), np.stack([bx * scale, by * scale])

    def miss_by_shift(self, rays_a: NDArray, rays_b: NDArray) -> NDArray:
        """Signed distance in px of tracks of b read at many shifts, in float32, shape (..., shift, sample).

        The scale is that of no shift, which is near enough to compare shifts by.

        Parameters
        ----------
        rays_a : ndarray, shape (2, ..., sample)
        rays_b : ndarray, shape (2, ..., shift, sample)
            The shift in the middle is none.
        """
        e = self.matrix.astype(np.float32)
        (xa, ya), (xb, yb) = rays_a.astype(np.float32), rays_b
        lines = [e[row, 0] * xa + e[row, 1] * ya + e[row, 2] for row in range(3)]
        still = xb.shape[-2] // 2
        ax, ay = (e[0, i] * xb[..., still, :] + e[1, i] * yb[..., still, :] + e[2, i] for i in range(2))
        by_b = (lines[0] ** 2 + lines[1] ** 2) / self.focal_b**2
        by_a = (ax**2 + ay**2) / self.focal_a**2
        scale = 1.0 / np.sqrt(np.maximum(by_b + np.where(np.isfinite(by_a), by_a, by_b), 1e-20))
        bx, by, bc = ((line * scale)[..., None, :] for line in lines)
        miss: NDArray = bx * xb
        miss += by * yb
        miss += bc
        return miss


def pairs_of(rig: CameraRig) -> list[Pair]:
    """All pairs of cameras that do not stand in one place."""
    focal = [float(np.sqrt(camera.matrix[0, 0] * camera.matrix[1, 1])) for camera in rig]
    found = []
    for a, b in combinations(range(len(rig)), 2):
        if np.linalg.norm(rig.cameras[a].centre_world - rig.cameras[b].centre_world) > 1e-6:
            found.append(Pair(a, b, essential(rig.cameras[a], rig.cameras[b]), focal[a], focal[b]))
    return found
