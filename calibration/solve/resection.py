"""The pose of a calibrated camera from points that are known in the world, however far it was moved.

The old pose and linear answers from random sets of points compete; the one that most points agree with is refined.
Source: Hartley and Zisserman, "Multiple View Geometry", 2nd ed., section 7.1 (linear resection); Fischler and Bolles,
"Random sample consensus", 1981.
"""

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera
from calibration.rigid import from_rotvec, rigid
from calibration.solve.propagation import camera_jacobian

_DRAWS = 80
_SET = 8  # points of a linear answer
_SEED = 7
_STEPS = 12
_ROBUST = 3.0


def resected(camera: Camera, points_world: NDArray, pixels: NDArray) -> NDArray:
    """Return cam_from_world, shape (4, 4).

    Parameters
    ----------
    camera : Camera
        With the old pose.
    points_world : ndarray, shape (point, 3)
        Metres.
    pixels : ndarray, shape (point, 2)
    """
    rays = camera.undistort(pixels)[0]
    good = np.flatnonzero(np.isfinite(rays).all(axis=1))
    points, rays, pixels = points_world[good], rays[good], pixels[good]
    rng = np.random.default_rng(_SEED)
    poses = [camera.cam_from_world]
    for _ in range(_DRAWS if len(points) >= _SET else 0):
        rows = rng.choice(len(points), _SET, replace=False)
        poses.extend(_linear(points[rows], rays[rows]))
    costs = [_cost(camera, pose, points, pixels) for pose in poses]
    return _refined(camera, poses[int(np.argmin(costs))], points, pixels)


def _with_pose(camera: Camera, pose: NDArray) -> Camera:
    return Camera(camera.name, camera.size, camera.matrix, camera.distortion, pose, camera.fisheye)


def _cost(camera: Camera, pose: NDArray, points: NDArray, pixels: NDArray) -> float:
    off = np.linalg.norm(_with_pose(camera, pose).project(points) - pixels, axis=1)
    return float(np.median(np.nan_to_num(off, nan=1e6)))


def _linear(points: NDArray, rays: NDArray) -> list[NDArray]:
    """Both signs of the direct linear transformation's answer, made a rigid motion; none of points in a plane."""
    middle = points.mean(axis=0)
    scale = np.sqrt(((points - middle) ** 2).sum(axis=1).mean())
    if not scale > 0:
        return []
    homogeneous = np.column_stack([(points - middle) / scale, np.ones(len(points))])
    zero = np.zeros_like(homogeneous)
    rows = np.concatenate([
        np.concatenate([homogeneous, zero, -rays[:, :1] * homogeneous], axis=1),
        np.concatenate([zero, homogeneous, -rays[:, 1:] * homogeneous], axis=1),
    ])  # fmt: skip
    _, values, right = np.linalg.svd(rows)
    if values[-2] < 1e-6 * values[0]:
        return []
    matrix = right[-1].reshape(3, 4)
    matrix = matrix * np.sign(np.linalg.det(matrix[:, :3]) or 1.0)
    u, stretch, vt = np.linalg.svd(matrix[:, :3])
    if not stretch[-1] > 0.1 * stretch[0]:
        return []
    rotation = u @ vt
    translation = matrix[:, 3] / stretch.mean() * scale - rotation @ middle
    return [rigid(rotation, translation)]


def _refined(camera: Camera, pose: NDArray, points: NDArray, pixels: NDArray) -> NDArray:
    for _ in range(_STEPS):
        moved = _with_pose(camera, pose)
        residual = pixels - moved.project(points)
        front = np.isfinite(residual).all(axis=1)
        if front.sum() < 3:
            break
        by_camera, _ = camera_jacobian(moved, points[front])
        columns, off = by_camera[..., 12:], residual[front]
        squares = (off**2).sum(axis=1)
        weight = 1.0 / (1.0 + squares / (_ROBUST**2 * max(float(np.median(squares)), 1e-12)))
        matrix = np.einsum("p,pri,prj->ij", weight, columns, columns)
        step = np.linalg.lstsq(matrix, np.einsum("p,pri,pr->i", weight, columns, off), rcond=1e-12)[0]
        pose = from_rotvec(step[:3], step[3:]) @ pose
        if np.abs(step).max() < 1e-9:
            break
    return pose
