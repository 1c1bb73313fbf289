"""Where a camera should see keypoints by what the others saw, and how well that is known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig

_TRACK_SHARE = 0.1  # variance of a smoothed ray in parts of that of an observation
_PRIOR_M = 3.0  # how far a point may lie from the middle of all where one camera alone tells of it
_NEAREST_M = 0.1  # before the camera
_MEAN_STEPS = 8


@dataclass(frozen=True, eq=False)
class Prediction:
    """Observations held against what the other cameras tell.

    Attributes
    ----------
    miss : ndarray, shape (frame, keypoint, 2)
        Observed less predicted, px; NaN where either is not known.
    weight : ndarray, shape (frame, keypoint, 2, 2)
        Inverse covariance of the miss for noise of 1 px in every observation.
    """

    miss: NDArray
    weight: NDArray

    def squared(self, bias: NDArray) -> NDArray:
        """Squared standardised miss less a bias, shape (frame, keypoint), for noise of 1 px."""
        return _squared(self.miss - bias, self.weight)

    def apart(self, other: "Prediction") -> tuple[NDArray, NDArray]:
        """Squared standardised distance of two predictions of the same observations, and what noise makes of it.

        Both of shape (frame, keypoint), for noise of 1 px; 0 where one is not known.
        """
        weight = (self.weight + other.weight) / 2
        distance = _squared(self.miss - other.miss, weight)
        # The part of each prediction's own variance in the spread whose inverse the weight is.
        noise = 2 * (2 - weight[..., 0, 0] - weight[..., 1, 1])
        known = np.isfinite(distance)
        return np.where(known, distance, 0.0), np.where(known, noise, 0.0)


def common_miss(miss: NDArray, weight: NDArray) -> NDArray:
    """What a keypoint misses by throughout, shape (keypoint, 2): the robust weighted mean.

    Parameters
    ----------
    miss : ndarray, shape (frame, keypoint, 2)
    weight : ndarray, shape (frame, keypoint, 2, 2)
    """
    bias = np.zeros(miss.shape[1:])
    known = np.isfinite(miss).all(axis=-1)
    held, weight = np.where(known[..., None], miss, 0.0), np.where(known[..., None, None], weight, 0.0)
    for _ in range(_MEAN_STEPS):
        square = _squared(held - bias, weight)
        usual = float(np.median(square[known])) if known.any() else 1.0
        trust = weight / (1.0 + square / max(usual, 1e-12))[..., None, None]
        whole = trust.sum(axis=0)
        # A direction that nothing tells of keeps 0.
        whole = whole + (1e-3 * np.trace(whole, axis1=-2, axis2=-1) + 1e-12)[:, None, None] * np.eye(2)
        right = np.einsum("fkab,fkb->ka", trust, held)
        bias = np.linalg.solve(whole, right[..., None])[..., 0]
    return bias


def _squared(left: NDArray, weight: NDArray) -> NDArray:
    u, v = left[..., 0], left[..., 1]
    answer: NDArray = weight[..., 0, 0] * u * u + 2 * weight[..., 0, 1] * u * v + weight[..., 1, 1] * v * v
    return answer


def predicted(
    rig: CameraRig, camera: int, others: Sequence[int], rays: NDArray, own: NDArray
) -> Prediction:
    """Hold one camera's observations against the points that the others' smoothed rays meet in.

    Parameters
    ----------
    rig : CameraRig
    camera : int
    others : sequence of int
    rays : ndarray, shape (other, frame, keypoint, 2)
        Normalised coordinates; NaN where nothing is known.
    own : ndarray, shape (frame, keypoint, 2)
        Normalised coordinates seen by the camera.

    Returns
    -------
    Prediction

    Notes
    -----
    Linear least squares of the rays with a weak prior at the middle of all points. Along a direction that they leave
    open, as one camera does along its ray, the prediction is known so badly that a miss along it counts for nothing:
    what remains is the distance from the epipolar line.
    """
    normal, right = np.zeros((*own.shape[:2], 3, 3)), np.zeros((*own.shape[:2], 3))
    for other, ray in zip(others, rays, strict=True):
        for total, part in zip((normal, right), _equations(rig, other, ray), strict=True):
            total += part
    # With the camera's own rays: those of one other camera alone meet in that camera.
    own_normal, own_right = (part.sum(axis=(0, 1)) for part in _equations(rig, camera, own))
    whole = normal.sum(axis=(0, 1)) + own_normal
    centre = np.linalg.pinv(whole, hermitian=True) @ (right.sum(axis=(0, 1)) + own_right)
    variance = _TRACK_SHARE * _pixel_m(rig, others, centre) ** 2
    least = variance / _PRIOR_M**2
    inverse = np.linalg.inv(normal + least * np.eye(3))
    points = np.einsum("fkab,fkb->fka", inverse, right + least * centre)
    return _held_against(rig, camera, points, variance * inverse, np.isfinite(rays).all(axis=-1).any(axis=0), own)


def _equations(rig: CameraRig, camera: int, rays: NDArray) -> tuple[NDArray, NDArray]:
    """Normal matrices and right sides for the points that lie on a camera's rays."""
    pose = rig.cameras[camera].cam_from_world
    rows = rays[..., None] * pose[2] - pose[:2]
    rows = np.where(np.isfinite(rows), rows, 0.0)
    left = rows[..., :3]
    return np.einsum("fkia,fkib->fkab", left, left), -np.einsum("fkia,fki->fka", left, rows[..., 3])


def _pixel_m(rig: CameraRig, others: Sequence[int], centre: NDArray) -> float:
    """What a pixel of the other cameras is at a point, m."""
    sizes = [
        np.linalg.norm(rig.cameras[other].centre_world - centre) / _focal(rig, other) for other in others
    ]  # fmt: skip
    return float(np.median(sizes))


def _focal(rig: CameraRig, camera: int) -> float:
    matrix = rig.cameras[camera].matrix
    return float(np.sqrt(matrix[0, 0] * matrix[1, 1]))


def _held_against(
    rig: CameraRig, camera: int, points: NDArray, covariance: NDArray, seen: NDArray, own: NDArray
) -> Prediction:
    pose, focal = rig.cameras[camera].cam_from_world, _focal(rig, camera)
    local = points @ pose[:3, :3].T + pose[:3, 3]
    depth = np.where(seen & (local[..., 2] > _NEAREST_M), local[..., 2], np.nan)[..., None]
    ray = local[..., :2] / depth
    slope = focal * (pose[:2, :3] - ray[..., None] * pose[2, :3]) / depth[..., None]
    spread = slope @ covariance @ np.swapaxes(slope, -1, -2) + np.eye(2)
    determinant = spread[..., 0, 0] * spread[..., 1, 1] - spread[..., 0, 1] ** 2
    weight = np.stack(
        [spread[..., 1, 1], -spread[..., 0, 1], -spread[..., 0, 1], spread[..., 0, 0]], axis=-1
    ) / determinant[..., None]  # fmt: skip
    return Prediction(focal * (own - ray), weight.reshape(*weight.shape[:-1], 2, 2))
