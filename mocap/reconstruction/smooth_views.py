"""What single views say of samples that no point was found for: pixels against a prediction over time."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from calibration import CameraRig
from mocap.reconstruction.blocks import camera_table
from mocap.reconstruction.smooth_options import SmoothingOptions, pool
from mocap.reconstruction.smooth_view_kernels import believe_views, reprojection_distance
from mocap.trial import Keypoints2D, Points3D

_PARTS = 8  # of the points, for threads to share
_DEFAULT = SmoothingOptions()


def view_information(
    pixels: NDArray,
    usable: NDArray,
    rig: CameraRig,
    sigma_px: NDArray,
    predicted: NDArray,
    variance: NDArray,
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
    predicted, variance : ndarray, shape (n, 3)
        World, m, and the variance of the prediction along each axis, m^2.
    probability : float
        With which a good view may be left out.

    Returns
    -------
    info : ndarray, shape (n, 6)
        Terms xx xy xz yy yz zz, 1/m^2.
    pull : ndarray, shape (n, 3)
        Information times the step from the prediction to where the views see the point.
    believed : ndarray of bool, shape (camera, n)
    """
    info, pull = np.zeros((len(predicted), 6)), np.zeros((len(predicted), 3))
    believed = np.zeros(usable.shape, bool)
    limit = chi2.isf(max(probability, 1e-12), 2)
    believe_views(predicted, variance, pixels, usable, camera_table(rig), sigma_px, limit, info, pull, believed)
    return info, pull, believed


def with_reprojection(
    points: Points3D, keypoints: Keypoints2D, rig: CameraRig, options: SmoothingOptions = _DEFAULT
) -> Points3D:
    """Return the points with the distance in px of every observation from where they are now."""
    error = np.empty(keypoints.pixels.shape[:-1], np.float32)
    position, pixels = points.position.reshape(-1, 3), keypoints.pixels.reshape(len(rig), -1, 2)
    table, flat = camera_table(rig), error.reshape(len(rig), -1)
    ends = np.linspace(0, len(position), _PARTS + 1).astype(int).tolist()

    def part(start: int, stop: int) -> None:
        reprojection_distance(position, pixels, table, start, stop, flat)

    with pool(options) as workers:
        list(workers.map(part, ends[:-1], ends[1:]))
    return replace(points, reprojection_error=error)
