"""What single views say of samples that no point was found for: pixels against a prediction over time."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from calibration import Camera, CameraRig
from mocap.reconstruction.blocks import camera_table
from mocap.reconstruction.smooth_options import SmoothingOptions, pool
from mocap.reconstruction.smooth_view_kernels import reprojection_distance
from mocap.trial import Keypoints2D, Points3D

_STEP_M = 1e-4
_DEFAULT = SmoothingOptions()


def view_information(
    pixels: NDArray,
    usable: NDArray,
    rig: CameraRig,
    sigma_px: NDArray,
    predicted: NDArray,
    covariance: NDArray,
    probability: float,
) -> tuple[NDArray, NDArray, NDArray]:
    """Return what the views of some points say about them, about where each was predicted.

    A view is believed where it lies as near to the prediction as its noise and the prediction's allow.

    Parameters
    ----------
    pixels : ndarray, shape (camera, n, 2)
    usable : ndarray of bool, shape (camera, n)
    rig : CameraRig
    sigma_px : ndarray, shape (camera, n)
    predicted : ndarray, shape (n, 3)
        World, m.
    covariance : ndarray, shape (n, 3, 3)
        Of the prediction, m^2.
    probability : float
        With which a good view may be left out.

    Returns
    -------
    info : ndarray, shape (n, 3, 3)
        1/m^2.
    pull : ndarray, shape (n, 3)
        Information times the step from the prediction to where the views see the point.
    believed : ndarray of bool, shape (camera, n)
    """
    info, pull = np.zeros((len(predicted), 3, 3)), np.zeros((len(predicted), 3))
    believed = np.zeros(usable.shape, bool)
    limit = chi2.isf(max(probability, 1e-12), 2)
    for index, camera in enumerate(rig):
        some = np.flatnonzero(usable[index])
        if not len(some):
            continue
        seen, slope = _linearised(camera, predicted[some])
        miss = pixels[index, some] - seen
        variance = sigma_px[index, some] ** 2
        spread = slope @ covariance[some] @ slope.swapaxes(1, 2) + variance[:, None, None] * np.eye(2)
        with np.errstate(invalid="ignore"):
            near = np.einsum("ni,nij,nj->n", miss, _inverse2(spread), miss) < limit
        good = some[near]
        weighted = slope[near] / variance[near, None, None]
        info[good] += weighted.swapaxes(1, 2) @ slope[near]
        pull[good] += np.einsum("nij,ni->nj", weighted, miss[near])
        believed[index, good] = True
    return info, pull, believed


def with_reprojection(
    points: Points3D, keypoints: Keypoints2D, rig: CameraRig, options: SmoothingOptions = _DEFAULT
) -> Points3D:
    """Return the points with the distance in px of every observation from where they are now."""
    error = np.empty(keypoints.pixels.shape[:-1], np.float32)
    position, pixels = points.position.reshape(-1, 3), keypoints.pixels.reshape(len(rig), -1, 2)
    table, flat = camera_table(rig), error.reshape(len(rig), -1)

    def one(index: int) -> None:
        part = slice(index, index + 1)
        reprojection_distance(position, pixels[part], table[part], flat[part])

    with pool(options) as workers:
        list(workers.map(one, range(len(rig))))
    return replace(points, reprojection_error=error)


def _linearised(camera: Camera, points_world: NDArray) -> tuple[NDArray, NDArray]:
    """Return pixels (n, 2) and their slope (n, 2, 3) against the points, by central differences."""
    steps = np.eye(3) * _STEP_M
    ahead = np.stack([camera.project(points_world + step) for step in steps], axis=-1)
    back = np.stack([camera.project(points_world - step) for step in steps], axis=-1)
    return camera.project(points_world), (ahead - back) / (2 * _STEP_M)


def _inverse2(matrix: NDArray) -> NDArray:
    """Invert 2x2 matrices; what is not finite stays so."""
    result = np.empty_like(matrix)
    result[:, 0, 0], result[:, 1, 1] = matrix[:, 1, 1], matrix[:, 0, 0]
    result[:, 0, 1], result[:, 1, 0] = -matrix[:, 0, 1], -matrix[:, 1, 0]
    det = matrix[:, 0, 0] * matrix[:, 1, 1] - matrix[:, 0, 1] * matrix[:, 1, 0]
    return result / det[:, None, None]
