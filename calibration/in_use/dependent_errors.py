"""What errors that go together leave open of one camera's pose: keypoints lie off to the same side for many frames.

Were they independent, the gradients that groups of them leave on the pose at the answer would scatter as the normal
matrix says. Where they scatter more, the covariance is that of the groups (the cluster-robust "sandwich"; Liang and
Zeger, "Longitudinal data analysis using generalized linear models", 1986).
"""

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera
from calibration.solve.bundle_system import BundleState, Views
from calibration.solve.propagation import camera_jacobian

_TIME_BLOCKS = 24


def covariance_of_points(
    placed: Camera, camera: int, state: BundleState, views: Views, sigma_px: float, noise: NDArray, kinds: NDArray
) -> NDArray:
    """Return the covariance of a camera's pose, shape (6, 6), where errors of free points go together.

    Parameters
    ----------
    placed : Camera
        With the pose of the answer.
    camera : int
    state : BundleState
    views : Views
        Bodies are points.
    sigma_px : float
        Noise of a coordinate.
    noise : ndarray, shape (6, 6)
        Covariance of independent errors.
    kinds : ndarray of int, shape (2, body)
        Frame and point of each body: the errors of one point, or of one span of time, may go together.
    """
    rows = np.flatnonzero((views.camera == camera) & views.seen[:, 0])
    bodies = views.body[rows]
    scores = pose_scores(placed, state.world_from_board[bodies, :3, 3], views.pixels[rows, 0], sigma_px)
    frame, point = kinds[:, bodies]
    return grouped_covariance(noise, scores, (time_blocks(frame), point))


def pose_scores(camera: Camera, points_world: NDArray, pixels: NDArray, sigma_px: float) -> NDArray:
    """Return the gradient that each view leaves on the camera's pose, shape (view, 6).

    Parameters
    ----------
    camera : Camera
        As placed.
    points_world : ndarray, shape (view, 3)
        Each where all its views together put it, so that it pulls no further.
    pixels : ndarray, shape (view, 2)
    sigma_px : float
        Noise of a coordinate.
    """
    by_pose = camera_jacobian(camera, points_world)[0][..., 12:]
    off = pixels - camera.project(points_world)
    return np.einsum("vri,vr->vi", by_pose, off) / sigma_px**2


def grouped_covariance(noise: NDArray, scores: NDArray, groups: tuple[NDArray, ...]) -> NDArray:
    """Return the covariance of a pose by the grouping under which it is largest; at least that of independent errors.

    Parameters
    ----------
    noise : ndarray, shape (k, k)
        Covariance of independent errors.
    scores : ndarray, shape (view, k)
    groups : tuple of ndarray of int, shape (view,)
        Ways to tell views apart: those of one number may err together, others do not.
    """
    k, answer = len(noise), noise
    for group in groups:
        index = np.unique(group, return_inverse=True)[1]
        n = int(index.max(initial=-1)) + 1
        if n < k + 4:
            continue
        sums = np.zeros((n, k))
        np.add.at(sums, index, scores)
        spread = noise @ (sums.T @ sums) @ noise * n / (n - k)
        if np.trace(np.linalg.solve(answer, spread)) > k:
            answer = spread
    return answer


def time_blocks(frames: NDArray) -> NDArray:
    """Return for each view which of 24 spans of equally many views its frame lies in."""
    order = np.argsort(frames, kind="stable")
    block = np.empty(len(frames), dtype=np.int64)
    block[order] = np.arange(len(frames)) * _TIME_BLOCKS // max(len(frames), 1)
    return block
