"""Points of the world in a camera's image, with what their covariance is there."""

import numpy as np
from numpy.typing import NDArray

from calibration import Camera
from calibration.lens import distort
from calibration.rigid import apply


def seen_by(camera: Camera, points_world: NDArray, covariance: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Return where a camera sees points.

    The covariance goes along by the derivative of the projection (first order), which holds while a point's
    uncertainty is small against its distance from the camera.

    Parameters
    ----------
    camera : Camera
    points_world : ndarray, shape (..., 3)
        Metres.
    covariance : ndarray, shape (..., 3, 3)
        Square metres, world; NaN where unknown.

    Returns
    -------
    pixels : ndarray, shape (..., 2)
        NaN behind the camera.
    points_cam : ndarray, shape (..., 3)
        Metres, in the camera's own frame.
    covariance_px : ndarray, shape (..., 2, 2)
        Square px.
    """
    points_cam = apply(camera.cam_from_world, np.asarray(points_world, float))
    depth = np.where(points_cam[..., 2] > 0, points_cam[..., 2], np.nan)
    normalised = points_cam[..., :2] / depth[..., None]
    distorted, bending = distort(normalised, camera.distortion, camera.fisheye)
    focal = np.array([camera.matrix[0, 0], camera.matrix[1, 1]])
    # d (x/z, y/z) / d (x, y, z)
    shrinking = np.zeros((*points_cam.shape[:-1], 2, 3))
    shrinking[..., 0, 0] = shrinking[..., 1, 1] = 1.0 / depth
    shrinking[..., 2] = -normalised / depth[..., None]
    jacobian = focal[:, None] * bending @ shrinking @ camera.cam_from_world[:3, :3]
    covariance_px = jacobian @ np.asarray(covariance, float) @ np.swapaxes(jacobian, -1, -2)
    return distorted * focal + camera.matrix[:2, 2], points_cam, covariance_px


def on_lens(camera: Camera, pixels: NDArray, points_cam: NDArray) -> NDArray:
    """Return which pixels, shape (...), are those of their points: beyond the fold of a lens model they are not.

    A polynomial of distortion turns back far outside of the picture, and puts points there that no lens shows.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        back, _ = camera.undistort(pixels)
        straight = points_cam[..., :2] / points_cam[..., 2:]
        return np.asarray(np.linalg.norm(back - straight, axis=-1) < 1e-6 * (1.0 + np.linalg.norm(straight, axis=-1)))


def inside(pixels: NDArray, size: tuple[int, int]) -> NDArray:
    """Return which pixels, shape (...), lie in a picture: between the centres of its outermost pixels."""
    with np.errstate(invalid="ignore"):
        return np.asarray(((pixels >= 0) & (pixels <= np.array(size) - 1)).all(axis=-1))


def largest_sd(covariance_px: NDArray) -> NDArray:
    """Return the standard deviation, shape (...), in the direction in which it is greatest, px; NaN where unknown."""
    a, b, c = covariance_px[..., 0, 0], covariance_px[..., 0, 1], covariance_px[..., 1, 1]
    return np.sqrt((a + c) / 2 + np.hypot((a - c) / 2, b))
