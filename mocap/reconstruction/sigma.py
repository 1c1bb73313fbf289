"""The noise of the keypoints in pixels, estimated from how far they lie from their common point.

Residuals of n views keep 2n - 3 degrees of freedom. A generous first truncation is tightened, or widened, until the
truncation at so many sigmas and the sigma of what it leaves agree.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from calibration import CameraRig
from mocap.reconstruction.blocks import Solution, solve
from mocap.reconstruction.options import ReconstructionOptions

_SAMPLE_POINTS = 4000
_FIRST_SIGMA_SHARE = 0.005  # of the longer side of the image
_SMALLEST_SIGMA_PX = 0.01  # no detector is better; perfect synthetic pixels are
_ROUNDS = 10
_MEDIAN_ROUNDS = 2
_SETTLED = 0.01
_PRIOR_FREEDOM = 100.0  # a camera or keypoint with this many degrees of freedom is believed half
_LARGEST_FACTOR = 3.0  # of one camera's or keypoint's sigma against the whole


def estimate_sigma(pixels: NDArray, confidence: NDArray, rig: CameraRig, options: ReconstructionOptions) -> NDArray:
    """Estimate the pixel sigma of every camera and keypoint from an even sample of the frames.

    One sigma for all, times a factor for each camera and one for each keypoint, as far as the data support them.

    Parameters
    ----------
    pixels : ndarray, shape (camera, time, keypoint, 2)
        NaN is missing.
    confidence : ndarray, shape (camera, time, keypoint)
    rig : CameraRig
    options : ReconstructionOptions

    Returns
    -------
    ndarray, shape (camera, keypoint)
        Standard deviation of u and of v in px, at least 0.01.
    """
    n_cameras, n_frames, n_keypoints = confidence.shape
    stride = max(1, -(-n_frames * n_keypoints // _SAMPLE_POINTS))
    pixels, confidence = pixels[:, ::stride], confidence[:, ::stride]
    sigma = np.full((n_cameras, n_keypoints), _FIRST_SIGMA_SHARE * max(max(camera.size) for camera in rig))
    for turn in range(_ROUNDS):
        by_factors = turn >= _MEDIAN_ROUNDS
        solution = solve(pixels, confidence, rig, sigma, options, want_freedom=by_factors)
        if not solution.used.any():
            return sigma
        fresh = _sigma_by_factors(solution) if by_factors else _median_sigma(solution, sigma)
        fresh = np.maximum(fresh, _SMALLEST_SIGMA_PX)
        change = np.abs(np.log(fresh / sigma)).max()
        sigma = fresh
        if by_factors and change < _SETTLED:
            break
    return sigma


def _median_sigma(solution: Solution, sigma: NDArray) -> NDArray:
    """Scale all sigmas by the median over points of the residual sum against what chi-square expects."""
    squared = np.where(solution.used, solution.error / sigma[:, None, :], 0.0) ** 2
    n_views = solution.used.sum(axis=0)
    # Two views agree in all but one direction, and were chosen for agreeing; take them only when there is nothing else.
    enough = n_views >= (3 if (n_views >= 3).any() else 2)
    expected = chi2.median(np.maximum(2 * n_views[enough] - 3, 1))
    return sigma * np.sqrt(np.median(squared.sum(axis=0)[enough] / expected))


def _sigma_by_factors(solution: Solution) -> NDArray:
    n_views = solution.used.sum(axis=0)
    counted = solution.used & (n_views >= (3 if (n_views >= 3).any() else 2))
    squared = np.where(counted, solution.error, 0.0).astype(float) ** 2
    freedom = np.where(counted, solution.freedom, 0.0).astype(float)
    squared, freedom = squared.sum(axis=1), freedom.sum(axis=1)
    overall = squared.sum() / max(freedom.sum(), 1e-12)
    of_camera, of_keypoint = np.ones(len(squared)), np.ones(squared.shape[1])
    if overall <= _SMALLEST_SIGMA_PX**2:
        return np.full(squared.shape, _SMALLEST_SIGMA_PX)
    for _ in range(5):
        of_camera = _factor(squared / (overall * of_keypoint), freedom, axis=1)
        of_keypoint = _factor(squared / (overall * of_camera[:, None]), freedom, axis=0)
    return np.sqrt(overall * of_camera[:, None] * of_keypoint)


def _factor(squared: NDArray, freedom: NDArray, axis: int) -> NDArray:
    """Ratio of variances, drawn to 1 where the data are few."""
    ratio = (squared.sum(axis=axis) + _PRIOR_FREEDOM) / (freedom.sum(axis=axis) + _PRIOR_FREEDOM)
    return np.clip(ratio, _LARGEST_FACTOR**-2, _LARGEST_FACTOR**2)
