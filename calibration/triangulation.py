"""Linear triangulation of many points at once, in plain numpy; the robust loop is `mocap.reconstruction`.

Rays are normalised coordinates (x/z, y/z in the camera's frame). Sources: Hartley and Zisserman, "Multiple View
Geometry", 2nd ed., section 12.2 (linear methods) and 11.4.3 (Sampson distance).
"""

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import checked_array
from calibration.camera import Camera, CameraRig

# Below this ratio of the smallest to the largest eigenvalue the rays are as good as parallel.
_SMALLEST_CONDITION = 1e-10


def undistorted(rig: CameraRig, pixels: NDArray) -> tuple[NDArray, NDArray]:
    """Turn the pixels of every camera into ideal rays.

    Parameters
    ----------
    rig : CameraRig
    pixels : ndarray, shape (camera, ..., 2)
        NaN is missing.

    Returns
    -------
    normalised : ndarray, shape (camera, ..., 2)
    pixel_jacobian : ndarray, shape (camera, ..., 2, 2)
        d pixel / d normalised.

    Raises
    ------
    ShapeError
        When the first axis is not as long as the rig, or the last is not 2.
    """
    pixels = np.asarray(pixels, float)
    middle = [f"axis {i}" for i in range(1, pixels.ndim - 1)]
    checked_array(pixels, "pixels", (len(rig), *middle, 2))
    rays = [camera.undistort(view) for camera, view in zip(rig, pixels, strict=True)]
    return np.stack([ray for ray, _ in rays]), np.stack([jacobian for _, jacobian in rays])


def triangulate(rig: CameraRig, pixels: NDArray, weights: NDArray | None = None) -> NDArray:
    """Triangulate by linear least squares over all cameras that see a point; not robust.

    The lines of sight are weighted by the lens's Jacobian, so that residuals count in pixels, and a second
    solution divides by the depths of the first: what is minimised is then the reprojection error to first order.

    Parameters
    ----------
    rig : CameraRig
    pixels : ndarray, shape (camera, ..., 2)
        NaN is missing.
    weights : ndarray, shape (camera, ...), optional
        Weight of each observation, 0 or more; 1 when left out.

    Returns
    -------
    ndarray, shape (..., 3)
        Points in the world in metres; NaN with fewer than two rays or when the rays are parallel.
    """
    normalised, jacobian = undistorted(rig, pixels)
    seen = np.isfinite(normalised).all(axis=-1)
    if weights is not None:
        seen = seen & (np.asarray(weights) > 0)
        jacobian = jacobian * np.sqrt(np.where(seen, weights, 0.0))[..., None, None]
    rows, offsets = _rows(rig, np.where(seen[..., None], normalised, 0.0))
    jacobian = np.where(seen[..., None, None], jacobian, 0.0)
    points = _least_squares(jacobian @ rows, jacobian @ offsets[..., None], seen)
    depth = np.stack([points @ camera.cam_from_world[2, :3] + camera.cam_from_world[2, 3] for camera in rig])
    with np.errstate(invalid="ignore", divide="ignore"):
        by_depth = np.where(seen & (depth > 0), 1.0 / depth, 0.0)[..., None, None]
    points = _least_squares(by_depth * (jacobian @ rows), by_depth * (jacobian @ offsets[..., None]), seen)
    return points


def _rows(rig: CameraRig, normalised: NDArray) -> tuple[NDArray, NDArray]:
    """Lines of sight as planes: rows, shape (camera, ..., 2, 3), and offsets, shape (camera, ..., 2)."""
    rows, offsets = [], []
    for camera, ray in zip(rig, normalised, strict=True):
        rotation, translation = camera.cam_from_world[:3, :3], camera.cam_from_world[:3, 3]
        rows.append(rotation[:2] - ray[..., None] * rotation[2])
        offsets.append(translation[:2] - ray * translation[2])
    return np.stack(rows), np.stack(offsets)


def _least_squares(rows: NDArray, offsets: NDArray, seen: NDArray) -> NDArray:
    flat = np.moveaxis(rows, 0, -3).reshape(*rows.shape[1:-2], len(rows) * rows.shape[-2], 3)
    turned = np.swapaxes(flat, -1, -2)
    normal = turned @ flat
    right = -(turned @ np.moveaxis(offsets, 0, -3).reshape(*flat.shape[:-1], 1))[..., 0]
    adjugate, determinant = _adjugate(normal)
    # The least eigenvalue is near the determinant over the sum of the 2x2 minors; the greatest below the trace.
    minors, trace = np.trace(adjugate, axis1=-2, axis2=-1), np.trace(normal, axis1=-2, axis2=-1)
    solvable = (seen.sum(axis=0) >= 2) & (determinant > _SMALLEST_CONDITION * minors * trace)
    points = (adjugate @ right[..., None])[..., 0] / np.where(solvable, determinant, 1.0)[..., None]
    return np.where(solvable[..., None], points, np.nan)


def _adjugate(matrices: NDArray) -> tuple[NDArray, NDArray]:
    """Adjugate, shape (..., 3, 3), and determinant of symmetric 3x3 matrices."""
    a, b, c = matrices[..., 0, 0], matrices[..., 0, 1], matrices[..., 0, 2]
    d, e, f = matrices[..., 1, 1], matrices[..., 1, 2], matrices[..., 2, 2]
    answer = np.empty(matrices.shape)
    answer[..., 0, 0], answer[..., 1, 1], answer[..., 2, 2] = d * f - e * e, a * f - c * c, a * d - b * b
    answer[..., 0, 1] = answer[..., 1, 0] = c * e - b * f
    answer[..., 0, 2] = answer[..., 2, 0] = b * e - c * d
    answer[..., 1, 2] = answer[..., 2, 1] = b * c - a * e
    return answer, a * answer[..., 0, 0] + b * answer[..., 0, 1] + c * answer[..., 0, 2]


def essential(camera_a: Camera, camera_b: Camera) -> NDArray:
    """Return the essential matrix, shape (3, 3): ``ray_b @ essential @ ray_a = 0`` for rays (x, y, 1) of one point."""
    rotation_ba = camera_b.cam_from_world[:3, :3] @ camera_a.cam_from_world[:3, :3].T
    x, y, z = camera_b.cam_from_world[:3, 3] - rotation_ba @ camera_a.cam_from_world[:3, 3]
    return np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]) @ rotation_ba


def sampson_distance_px(camera_a: Camera, camera_b: Camera, rays_a: NDArray, rays_b: NDArray) -> NDArray:
    """Return by how many pixels two rays miss each other: the two-view reprojection error to first order.

    Parameters
    ----------
    camera_a, camera_b : Camera
    rays_a, rays_b : ndarray, shape (..., 2)
        Normalised coordinates; leading axes broadcast.

    Returns
    -------
    ndarray, shape (...)
        Root of the summed squared corrections of both views, in px of their mean focal lengths.
    """
    matrix = essential(camera_a, camera_b)
    line_b = rays_a @ matrix[:, :2].T + matrix[:, 2]
    line_a = rays_b @ matrix[:2] + matrix[2]
    mismatch = np.sum(rays_b * line_b[..., :2], axis=-1) + line_b[..., 2]
    slope_a = np.sum(line_a[..., :2] ** 2, axis=-1) / _focal(camera_a) ** 2
    slope_b = np.sum(line_b[..., :2] ** 2, axis=-1) / _focal(camera_b) ** 2
    return np.abs(mismatch) / np.sqrt(np.maximum(slope_a + slope_b, 1e-300))


def _focal(camera: Camera) -> float:
    return float(np.sqrt(camera.matrix[0, 0] * camera.matrix[1, 1]))
