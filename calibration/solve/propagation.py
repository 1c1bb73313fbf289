"""What the uncertainty of a calibration does to points measured with it.

To first order, a change of the cameras moves a point by minus the inverse of its normal matrix times what the
change adds to the gradient (Hartley and Zisserman, "Multiple View Geometry", 2nd ed., 5.2). Unlike the noise of
pixels this error is the same in every frame for a point that stays where it is; smoothing does not lessen it.
"""

import numpy as np
from numpy.typing import NDArray

from calibration.camera import N_CAMERA, Camera, CameraRig
from calibration.errors import ShapeError
from calibration.lens import distort

_VOXEL_M = 0.05
_BLOCK = 2000


def camera_jacobian(camera: Camera, points_world: NDArray) -> tuple[NDArray, NDArray]:
    """Return how pixels move with a camera's parameters and with the points.

    Parameters
    ----------
    camera : Camera
    points_world : ndarray, shape (point, 3)
        In front of the camera, m.

    Returns
    -------
    by_camera : ndarray, shape (point, 2, 18)
        By fx fy cx cy, k1 k2 p1 p2 k3 k4 k5 k6 (fisheye: k1 k2 k3 k4 0 0 0 0), and a small rotation (rad) and
        translation (m) in the camera's own frame.
    by_point : ndarray, shape (point, 2, 3)
    """
    rotation, translation = camera.cam_from_world[:3, :3], camera.cam_from_world[:3, 3]
    points_cam = points_world @ rotation.T + translation
    normalised = points_cam[:, :2] / points_cam[:, 2:]
    bent, bent_by_normalised = distort(normalised, camera.distortion, camera.fisheye)
    focal = camera.matrix[[0, 1], [0, 1]]
    by_cam = np.empty((len(points_cam), 2, 3))
    by_cam[..., :2] = bent_by_normalised * (focal[:, None] / points_cam[:, None, 2:])
    by_cam[..., 2] = -(by_cam[..., :2] @ normalised[..., None])[..., 0]
    by_camera = np.zeros((len(points_cam), 2, N_CAMERA))
    by_camera[:, 0, 0], by_camera[:, 1, 1] = bent[:, 0], bent[:, 1]
    by_camera[:, 0, 2] = by_camera[:, 1, 3] = 1.0
    by_camera[:, :, 4:12] = _by_coefficients(normalised, camera) * focal[:, None]
    by_camera[:, :, 12:15] = np.cross(points_cam[:, None], by_cam)
    by_camera[:, :, 15:18] = by_cam
    return by_camera, by_cam @ rotation


def _by_coefficients(normalised: NDArray, camera: Camera) -> NDArray:
    answer = np.zeros((len(normalised), 2, 8))
    x, y = normalised[:, 0], normalised[:, 1]
    r2 = x * x + y * y
    if camera.fisheye:
        r = np.sqrt(r2)
        theta = np.arctan(r)
        for place, power in enumerate((3, 5, 7, 9)):
            answer[:, :, place] = normalised * (theta**power / np.maximum(r, 1e-300))[:, None]
        return answer
    k = np.zeros(8)
    k[: len(camera.distortion)] = camera.distortion
    below = 1 + r2 * (k[5] + r2 * (k[6] + r2 * k[7]))
    radial = (1 + r2 * (k[0] + r2 * (k[1] + r2 * k[4]))) / below
    for power, above_place, below_place in ((1, 0, 5), (2, 1, 6), (3, 4, 7)):
        answer[:, :, above_place] = normalised * (r2**power / below)[:, None]
        answer[:, :, below_place] = answer[:, :, above_place] * -radial[:, None]
    answer[:, 0, 2] = answer[:, 1, 3] = 2 * x * y
    answer[:, 1, 2], answer[:, 0, 3] = r2 + 2 * y * y, r2 + 2 * x * x
    return answer


def point_covariance(rig: CameraRig, points_world: NDArray, used: NDArray) -> NDArray:
    """Return the covariance of points that comes from the calibration alone.

    Parameters
    ----------
    rig : CameraRig
        With its covariance.
    points_world : ndarray, shape (point, 3)
        Metres; NaN is missing.
    used : ndarray of bool, shape (camera, point)
        Cameras that a point was measured with.

    Returns
    -------
    ndarray, shape (point, 3, 3)
        m²; NaN where a point is missing or fewer than two cameras were used.

    Raises
    ------
    ShapeError
        When the rig has no covariance.
    """
    if rig.covariance is None:
        raise ShapeError("The rig has no covariance.", "Calibrate again, or read a calibration that has one.")
    size = len(rig) * N_CAMERA
    covariance = rig.covariance.reshape(size, size)
    answer = np.full((len(points_world), 3, 3), np.nan)
    good = np.flatnonzero(np.isfinite(points_world).all(axis=1) & (used.sum(axis=0) >= 2))
    for first in range(0, len(good), _BLOCK):
        rows = good[first : first + _BLOCK]
        pull = _pull(rig, points_world[rows], used[:, rows])
        answer[rows] = pull @ covariance @ np.swapaxes(pull, 1, 2)
    return answer


def _pull(rig: CameraRig, points_world: NDArray, used: NDArray) -> NDArray:
    """d point / d all camera parameters, shape (point, 3, camera * 18)."""
    normal = np.zeros((len(points_world), 3, 3))
    mixed = np.zeros((len(points_world), 3, len(rig), N_CAMERA))
    for index, camera in enumerate(rig):
        mine = np.flatnonzero(used[index])
        by_camera, by_point = camera_jacobian(camera, points_world[mine])
        turned = np.swapaxes(by_point, 1, 2)
        normal[mine] += turned @ by_point
        mixed[mine, :, index] = turned @ by_camera
    return -np.linalg.solve(normal, mixed.reshape(len(points_world), 3, -1))


def point_covariance_by_place(rig: CameraRig, points_world: NDArray, used: NDArray) -> NDArray:
    """As `point_covariance`, computed once for all points within 5 cm that the same cameras measured.

    The calibration's error changes by a few percent over such a distance at most; a recording visits far fewer
    places than it has points.

    Parameters
    ----------
    points_world : ndarray, shape (..., 3)
    used : ndarray of bool, shape (camera, ...)

    Returns
    -------
    ndarray of float32, shape (..., 3, 3)
    """
    flat = np.asarray(points_world, float).reshape(-1, 3)
    seen = np.asarray(used, bool).reshape(len(rig), -1)
    good = np.flatnonzero(np.isfinite(flat).all(axis=1) & (seen.sum(axis=0) >= 2))
    answer = np.full((len(flat), 3, 3), np.nan, np.float32)
    if len(good):
        cells = np.round(flat[good] / _VOXEL_M).astype(np.int64)
        bits = (seen[:, good].T @ (1 << np.arange(len(rig), dtype=np.uint64))).astype(np.int64)
        _, first, place = np.unique(np.column_stack([cells, bits]), axis=0, return_index=True, return_inverse=True)
        chosen = good[first]
        answer[good] = point_covariance(rig, flat[chosen], seen[:, chosen])[place.reshape(-1)]
    return answer.reshape(*np.shape(points_world)[:-1], 3, 3)


def point_shifts(rig: CameraRig, points_world: NDArray, errors: NDArray) -> NDArray:
    """Return how far errors of the cameras move points, as measured by every camera that has them in its image.

    Parameters
    ----------
    rig : CameraRig
    points_world : ndarray, shape (point, 3)
        Metres; NaN is missing.
    errors : ndarray, shape (error, camera * 18)
        As in the covariance of the rig.

    Returns
    -------
    ndarray, shape (error, point, 3)
        m; NaN where a point is missing or fewer than two cameras have it in their image.
    """
    shifts = np.full((len(errors), len(points_world), 3), np.nan)
    there = np.isfinite(points_world).all(axis=1)
    used = np.zeros((len(rig), len(points_world)), bool)
    for index, camera in enumerate(rig):
        used[index, there] = _in_image(camera, points_world[there])
    good = np.flatnonzero(used.sum(axis=0) >= 2)
    for first in range(0, len(good), _BLOCK):
        rows = good[first : first + _BLOCK]
        shifts[:, rows] = np.einsum("pik,ek->epi", _pull(rig, points_world[rows], used[:, rows]), errors)
    return shifts


def _in_image(camera: Camera, points_world: NDArray) -> NDArray:
    points_cam = points_world @ camera.cam_from_world[:3, :3].T + camera.cam_from_world[:3, 3]
    front = points_cam[:, 2] > 0
    seen = np.zeros(len(points_world), bool)
    pixels = camera.project(points_world[front])
    seen[front] = ((pixels >= 0) & (pixels <= np.array(camera.size) - 1)).all(axis=1)
    return seen
