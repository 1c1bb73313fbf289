"""Images that are shifted against the calibration: cropped on one side, which may look like a camera that turned."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.triangulation import triangulate


def image_shift(rig: CameraRig, pixels: NDArray, camera: int) -> tuple[float, float]:
    """Return by how much the images of one camera lie to the right of and below where the others say, px.

    Parameters
    ----------
    rig : CameraRig
    pixels : ndarray, shape (camera, time, point, 2)
    camera : int
    """
    others = pixels.copy()
    others[camera] = np.nan
    off = (pixels[camera] - rig.cameras[camera].project(triangulate(rig, others))).reshape(-1, 2)
    off = off[np.isfinite(off).all(axis=1)]
    right, down = np.median(off, axis=0) if len(off) else (0.0, 0.0)
    return float(right), float(down)


def with_image_shift(rig: CameraRig, camera: int, shift_px: tuple[float, float]) -> CameraRig:
    """Return the rig with the images of one camera shifted to the right and down."""
    cameras = list(rig.cameras)
    matrix = cameras[camera].matrix.copy()
    matrix[:2, 2] += shift_px
    cameras[camera] = replace(cameras[camera], matrix=matrix)
    return CameraRig(tuple(cameras))
