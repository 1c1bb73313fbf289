"""The least-squares systems of what each camera's pose may do within a recording, frame by frame, for many frames.

As `change_systems`, with poses that may differ by frame, a lens that is undone once and closed forms in ideal rays, so
that ten minutes of eight cameras take a fraction of a second: points are eliminated one by one, and what a change of a
camera explains is a quadratic form of a few unknowns.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.in_use.change_systems import typical_square

N_STEP = 7  # rotation 3 (rad), translation 3 (m), frames late
_ROBUST = 3.0
_LEAST_POINTS = 30
_LEAST_VIEWS = 3  # of two nobody knows which one is wrong
_NEAREST_M = 0.05
_SURE = 1e-3  # least eigenvalue of a point's normal matrix, of the largest: rays that are nearly parallel tell nothing


@dataclass(frozen=True, eq=False)
class StepSystems:
    """Systems of each camera's own change, in units of the noise.

    Attributes
    ----------
    matrix : ndarray, shape (camera, time, 7, 7)
        The points eliminated.
    bent, pull : ndarray, shape (camera, time, point, 2, 7)
        Weighted d pixel / d change with points held, and d pixel / d change with points following; 0 where not seen.
    residual : ndarray, shape (camera, time, point, 2)
        Seen minus projected, px; 0 where not seen.
    square_mm : ndarray, shape (camera, time, 7, 7)
        What a change does at the points that the camera sees, summed squares in mm^2.
    n_points : ndarray, shape (camera, time)
        Points that it sees.
    sigma_px : float
        Noise of a coordinate.
    """

    matrix: NDArray
    bent: NDArray
    pull: NDArray
    residual: NDArray
    square_mm: NDArray
    n_points: NDArray
    sigma_px: float

    def gradient(self, camera: int, change: NDArray | None = None) -> NDArray:
        """Return what residuals pull on a camera, shape (time, point, 7), with a change undone, shape (time, 7)."""
        left = self.residual[camera]
        if change is not None:
            left = left - (self.pull[camera] * change[:, None, None, :]).sum(axis=-1)
        bent: NDArray = self.bent[camera]
        return np.asarray((bent * left[..., None]).sum(axis=-2))


def step_systems(rays: NDArray, focal: NDArray, poses: NDArray, speed: NDArray) -> StepSystems | None:
    """Linearise what a change of each camera would do to how it agrees with the points of all.

    Parameters
    ----------
    rays : ndarray, shape (camera, time, point, 2)
        Normalised coordinates; NaN where not seen.
    focal : ndarray, shape (camera,)
        px.
    poses : ndarray, shape (camera, time, 3, 4)
        Camera from world.
    speed : ndarray, shape (camera, time, point, 2)
        Of the rays per frame; 0 where not known.

    Returns
    -------
    StepSystems or None
        None with fewer than 30 points that three cameras share.
    """
    seen = np.isfinite(rays).all(axis=-1)
    seen &= seen.sum(axis=0) >= _LEAST_VIEWS
    if seen.any(axis=0).sum() < _LEAST_POINTS:
        return None
    held = np.where(seen[..., None], rays, 0.0)
    rows = poses[:, :, None, :2, :3] - held[..., None] * poses[:, :, None, 2:, :3]
    offsets = held * poses[:, :, None, 2, 3:] - poses[:, :, None, :2, 3]
    scale = np.where(seen, focal[:, None, None], 0.0)
    points = _solved(rows, offsets, scale)[0]
    depth = np.einsum("cta,tpa->ctp", poses[:, :, 2, :3], points) + poses[:, :, None, 2, 3]
    scale = np.where(seen & (depth > _NEAREST_M), scale / np.maximum(depth, _NEAREST_M), 0.0)
    points, inverse, sure = _solved(rows, offsets, scale)
    scale = np.where(sure, scale, 0.0)
    residual = scale[..., None] * (offsets - np.einsum("ctpra,tpa->ctpr", rows, points))
    squares = (residual**2).sum(axis=(0, -1))
    freedom = np.where(sure, 2 * np.count_nonzero(scale, axis=0) - 3, 0)
    if np.count_nonzero(freedom > 0) < _LEAST_POINTS:
        return None
    typical = typical_square(squares, freedom)
    weight = np.where(freedom > 0, 1.0 / (1.0 + squares / np.maximum(freedom, 1) / (_ROBUST**2 * typical)) ** 2, 0.0)
    parts = [
        _of_camera(held[c], rows[c], scale[c], depth[c], speed[c], float(focal[c]), inverse, weight)
        for c in range(len(rays))
    ]
    bent, pull, matrix, square_mm = (np.stack(part) for part in zip(*parts, strict=True))
    count = np.count_nonzero(scale, axis=2)
    return StepSystems(matrix / typical, bent / typical, pull, residual, square_mm, count, float(np.sqrt(typical)))


def points_without(rays: NDArray, focal: NDArray, poses: NDArray, camera: int) -> NDArray:
    """Return the points that all cameras but one place, shape (time, point, 3); NaN where fewer than two do.

    Parameters
    ----------
    rays, focal, poses : ndarray
        As `step_systems` takes them.
    camera : int
        That has no say.
    """
    others = np.delete(np.arange(len(rays)), camera)
    seen = np.isfinite(rays[others]).all(axis=-1)
    held = np.where(seen[..., None], rays[others], 0.0)
    pose = poses[others][:, :, None]
    rows = pose[..., :2, :3] - held[..., None] * pose[..., 2:, :3]
    offsets = held * pose[..., 2, 3:] - pose[..., :2, 3]
    points, _, sure = _solved(rows, offsets, np.where(seen, focal[others, None, None], 0.0))
    return np.where((sure & (seen.sum(axis=0) >= 2))[..., None], points, np.nan)


def _solved(rows: NDArray, offsets: NDArray, scale: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Points by linear least squares, their inverse normal matrices, and which are well placed."""
    weighted = rows * (scale**2)[..., None, None]
    normal = np.einsum("ctpri,ctprj->tpij", weighted, rows, optimize=True)
    right = np.einsum("ctpri,ctpr->tpi", weighted, offsets, optimize=True)
    trace = np.trace(normal, axis1=-2, axis2=-1)
    # The determinant over the cube of the trace is below the share of the least eigenvalue.
    sure = np.linalg.det(normal) > (_SURE * trace**3 / 27) * (trace > 0)
    normal[~sure] = np.eye(3)
    inverse = np.linalg.inv(normal)
    return np.where(sure[..., None], (inverse @ right[..., None])[..., 0], 0.0), inverse, sure


def _of_camera(
    rays: NDArray, rows: NDArray, scale: NDArray, depth: NDArray, speed: NDArray, focal: float, inverse: NDArray,
    weight: NDArray,
) -> tuple[NDArray, NDArray, NDArray, NDArray]:  # fmt: skip
    """What pulls on one camera's change, how residuals follow it, its matrix, and its effect in mm."""
    there = scale > 0
    by_change = _by_change(rays, scale, speed, np.where(there, focal, 0.0))
    by_point = rows * scale[..., None, None]
    pull = by_change - by_point @ (inverse @ (np.swapaxes(by_point, -1, -2) @ by_change))
    n_time, n_points = scale.shape
    shape = (n_time, 2 * n_points, N_STEP)
    bent = np.where(there, weight, 0.0)[..., None, None] * by_change
    matrix = np.swapaxes(bent.reshape(shape), -1, -2) @ pull.reshape(shape)
    mm = np.where(there, 1e3 * depth / focal, 0.0)
    in_mm = (mm[..., None, None] * by_change).reshape(shape)
    return bent, pull, matrix, np.swapaxes(in_mm, -1, -2) @ in_mm


def _by_change(rays: NDArray, scale: NDArray, speed: NDArray, focal: NDArray) -> NDArray:
    """d pixel / d change, shape (time, point, 2, 7): a turn and a shift from the left of the pose, frames late."""
    x, y = rays[..., 0], rays[..., 1]
    answer = np.zeros((*x.shape, 2, N_STEP))
    answer[..., 0, 0], answer[..., 1, 0] = -x * y, -(1 + y * y)
    answer[..., 0, 1], answer[..., 1, 1] = 1 + x * x, x * y
    answer[..., 0, 2], answer[..., 1, 2] = -y, x
    answer[..., 6] = -speed
    answer *= focal[..., None, None]
    answer[..., 0, 3] = answer[..., 1, 4] = scale
    answer[..., 0, 5], answer[..., 1, 5] = -scale * x, -scale * y
    return answer
