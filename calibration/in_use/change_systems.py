"""The least-squares systems of what each camera may have changed by, all points free to follow.

Points are triangulated from all cameras and eliminated one by one (a Schur complement of 3 x 3 blocks), to first
order about the calibration. What a change of one camera gains is then a quadratic form of a few unknowns, frame by
frame, so that any span of time can be asked at once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from calibration.camera import N_CAMERA, CameraRig
from calibration.solve.propagation import camera_jacobian
from calibration.triangulation import triangulate

N_CHANGE = 8  # rotation 3 (rad), translation 3 (m), relative focal length, frames late
POSE, ZOOM, LATE = slice(0, 6), 6, 7
_REACH = 4  # frames to either side through which a line is laid for the speed in the image
_LEAST_SPREAD = 20.0  # squared frames: five in a row have 10, nine 60
_ROBUST = 3.0
_LEAST_SQUARE = 1e-8  # px²: below is rounding
_FARTHEST = 8.0  # sd of a point, over that of a pixel at its distance; rays from opposite sides cross worse
_LEAST_POINTS = 30


@dataclass(frozen=True, eq=False)
class Systems:
    """The least-squares systems of each camera's own change, frame by frame, with what they were made of.

    Attributes
    ----------
    matrix : ndarray, shape (camera, time, 8, 8)
        The points eliminated; units of px².
    gradient : ndarray, shape (camera, time, 8)
    by_change, pull : ndarray, shape (camera, time, point, 2, 8)
        d pixel / d change with points held and with points following; 0 where not seen.
    residual : ndarray, shape (camera, time, point, 2)
        Seen minus projected, px; 0 where not seen.
    weight : ndarray, shape (time, point)
        Less than 1 for points whose views contradict each other more than most.
    mm_per_px : ndarray, shape (camera, time, point)
        What a pixel is at the point's distance.
    sigma2 : float
        Squared noise of a coordinate, px², with the residuals as they are.
    by_camera : ndarray, shape (camera, time, point, 2, 18)
        d pixel / d all parameters of the camera, as `CameraRig.covariance` orders them.
    by_point, follow : ndarray, shape (camera, time, point, 2, 3)
        d pixel / d point, and the same times the inverse of the point's normal matrix.
    squares : ndarray, shape (time, point)
        Summed squares of the residuals of a point; 0 where it is not placed.
    freedom : ndarray of int, shape (time, point)
        Degrees of freedom that its views leave; 0 where it is not placed.
    """

    matrix: NDArray
    gradient: NDArray
    by_change: NDArray
    pull: NDArray
    residual: NDArray
    weight: NDArray
    mm_per_px: NDArray
    sigma2: float
    by_camera: NDArray
    by_point: NDArray
    follow: NDArray
    squares: NDArray
    freedom: NDArray


def change_systems(rig: CameraRig, pixels: NDArray, speed: NDArray) -> Systems | None:
    """Linearise what a change of each camera would do.

    Parameters
    ----------
    rig : CameraRig
    pixels, speed : ndarray, shape (camera, time, point, 2)
        px, and px per frame; NaN where not seen, or where the speed is not known.

    Returns
    -------
    Systems or None
        None with fewer than 30 points that two cameras share.
    """
    points = triangulate(rig, pixels)
    shape = pixels.shape[:3]
    seen = np.isfinite(pixels).all(axis=-1) & np.isfinite(points).all(axis=-1)
    projected = rig.project(points)
    seen &= np.isfinite(projected).all(axis=-1)
    seen &= seen.sum(axis=0) >= 2
    if seen.any(axis=0).sum() < _LEAST_POINTS:
        return None
    residual = np.where(seen[..., None], pixels - projected, 0.0)
    by_change, by_point = np.zeros((*shape, 2, N_CHANGE)), np.zeros((*shape, 2, 3))
    mm_per_px, every = np.zeros(shape), np.zeros((*shape, 2, N_CAMERA))
    for index, camera in enumerate(rig):
        own = seen[index]
        by_camera, by_point[index][own] = camera_jacobian(camera, points[own])
        every[index][own] = by_camera
        focal = camera.matrix[[0, 1], [0, 1]]
        columns = by_change[index]
        mine = np.concatenate([by_camera[..., 12:18], by_camera[..., :2] @ focal[:, None]], axis=-1)
        late = -np.nan_to_num(speed[index][own])[..., None]
        columns[own] = np.concatenate([mine, late], axis=-1)
        depth = points[own] @ camera.cam_from_world[2, :3] + camera.cam_from_world[2, 3]
        mm_per_px[index][own] = 1e3 * depth / focal.mean()
    normal = np.einsum("ctpri,ctprj->tpij", by_point, by_point)
    sure = _well_placed(normal, mm_per_px)
    seen &= sure
    for part in (residual, by_change, by_point, every):
        part[~seen] = 0.0
    mm_per_px[~seen] = 0.0
    if sure.sum() < _LEAST_POINTS:
        return None
    normal[~sure] = np.eye(3)
    follow = by_point @ np.linalg.inv(normal)[None]  # (camera, time, point, 2, 3)
    pull = by_change - follow @ (np.swapaxes(by_point, -1, -2) @ by_change)
    # The last step of each point to where the squared error is least: along what no view shows, rounding would count.
    off = np.einsum("ctpri,ctpr->tpi", by_point, residual)
    residual -= (follow @ off[None, ..., None])[..., 0]
    freedom = np.where(sure, 2 * seen.sum(axis=0) - 3, 0)
    squares = (residual**2).sum(axis=(0, -1))
    typical = typical_square(squares, freedom)
    weight = np.where(sure, 1.0 / (1.0 + squares / np.maximum(freedom, 1) / (_ROBUST**2 * typical)), 0.0)
    matrix = np.einsum("tp,ctpri,ctprj->ctij", weight, by_change, pull)
    gradient = np.einsum("tp,ctpri,ctpr->cti", weight, by_change, residual)
    sigma2 = max(float((weight * squares).sum() / (weight * freedom).sum()), _LEAST_SQUARE)
    return Systems(
        matrix, gradient, by_change, pull, residual, weight, mm_per_px, sigma2, every, by_point, follow, squares,
        freedom,
    )  # fmt: skip


def typical_square(squares: NDArray, freedom: NDArray) -> float:
    """Return the squared noise of a coordinate, px², by the median over points, which a few wild ones do not move."""
    placed = freedom > 0
    return max(float(np.median(squares[placed] / chdtri(freedom[placed], 0.5))), _LEAST_SQUARE)


def _well_placed(normal: NDArray, mm_per_px: NDArray) -> NDArray:
    """Which points, shape (time, point), are known about as well along their rays as across."""
    trace = np.einsum("tpii->tp", normal)
    determinant = np.linalg.det(normal)
    minors = 0.5 * (trace**2 - np.einsum("tpij,tpji->tp", normal, normal))  # of the inverse's trace
    variance = np.divide(minors, determinant, out=np.full(trace.shape, np.inf), where=determinant > 1e-9)
    nearest = np.where(mm_per_px > 0, mm_per_px, np.inf).min(axis=0)
    return np.sqrt(np.maximum(variance, 0.0)) < _FARTHEST * 1e-3 * np.where(np.isfinite(nearest), nearest, 0.0)


def speeds(pixels: NDArray, frames: NDArray) -> NDArray:
    """Return how fast points move in the image at some frames, px per frame; NaN where not known.

    Parameters
    ----------
    pixels : ndarray, shape (camera, time, point, 2)
    frames : ndarray of int, shape (chosen,)
    """
    steps = np.arange(-_REACH, _REACH + 1)
    near = frames[:, None] + steps
    inside = (near >= 0) & (near < pixels.shape[1])
    window = pixels[:, np.clip(near, 0, pixels.shape[1] - 1)]  # (camera, chosen, step, point, 2)
    there = np.isfinite(window) & inside[None, :, :, None, None]
    count = np.maximum(there.sum(axis=2), 1)
    when = np.where(there, steps[None, None, :, None, None], 0.0)
    centred = np.where(there, when - (when.sum(axis=2) / count)[:, :, None], 0.0)
    spread = (centred**2).sum(axis=2)
    slope = (centred * np.where(there, window, 0.0)).sum(axis=2) / np.maximum(spread, 1e-12)
    return np.where(spread >= _LEAST_SPREAD, slope, np.nan)
