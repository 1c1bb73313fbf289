"""What is drawn over a camera's picture: keypoints as they were seen and as the 3D points project. No display."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera
from mocap.viewer.layers import Scene, believed
from mocap.viewer.parts import Parts

NEAR_PX = 14.0


@dataclass(frozen=True, eq=False)
class Overlay:
    """Keypoints of one camera in one frame.

    Attributes
    ----------
    names : tuple of str
    detected, reprojected : ndarray, shape (point, 2)
        px; NaN is missing.
    sides : tuple of str
    confidence : ndarray, shape (point,)
    """

    names: tuple[str, ...]
    detected: NDArray
    reprojected: NDArray
    sides: tuple[str, ...]
    confidence: NDArray

    @property
    def residual_px(self) -> NDArray:
        """Distance of what was seen from what the 3D point projects to, shape (point,); NaN where either is missing."""
        return np.linalg.norm(self.detected - self.reprojected, axis=1)

    @property
    def words(self) -> str:
        """What the residuals say, for people."""
        residual = self.residual_px
        if not np.isfinite(residual).any():
            return "no keypoint that was seen here has a 3D point"
        worst = int(np.nanargmax(residual))
        middle = float(np.nanmedian(residual))
        return f"residuals: median {middle:.1f} px, largest {residual[worst]:.1f} px ({self.names[worst]})"

    def nearest(self, at_px: NDArray, within_px: float) -> str:
        """Return the point that was seen or projects nearest to a place, within a distance; empty for none."""
        apart = np.fmin(np.linalg.norm(self.detected - at_px, axis=1), np.linalg.norm(self.reprojected - at_px, axis=1))
        apart = np.where(np.isfinite(apart), apart, np.inf)
        return self.names[int(np.argmin(apart))] if len(apart) and apart.min() <= within_px else ""


def overlay_of(scene: Scene, parts: Parts, camera: Camera, index: int, frame: int) -> Overlay:
    """Return what is drawn over the picture of a camera.

    Parameters
    ----------
    scene : Scene
    parts : Parts
    camera : Camera
    index : int
        Its place among the cameras.
    frame : int
    """
    place = np.where(believed(scene.quality[frame])[:, None], scene.position[frame], np.nan)
    reprojected = camera.project(place)
    detected = np.full((len(scene.names), 2), np.nan)
    confidence = np.full(len(scene.names), np.nan)
    names = parts.keypoint_names
    if names:
        column = {name: number for number, name in enumerate(names)}
        shared = [(row, column[name]) for row, name in enumerate(scene.names) if name in column]
        rows, columns = np.array(shared, int).reshape(-1, 2).T
        seen, sure = parts.pixels(index, frame), parts.confidence(index, frame)
        if len(seen) and len(sure):  # what is damaged is as if it were not there
            detected[rows], confidence[rows] = seen[columns], sure[columns]
    return Overlay(scene.names, detected, reprojected, scene.sides, confidence)
