"""The noise of the keypoints in pixels, estimated from how far they lie from their common point.

Residuals of n views keep 2n - 3 degrees of freedom. A generous first truncation is tightened, or widened, until the
truncation at so many sigmas and the sigma of what it leaves agree.
"""

from dataclasses import replace

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
_PRIOR_FREEDOM = 100.0  # a keypoint with this many degrees of freedom is believed half
_LARGEST_FACTOR = 3.0  # of one keypoint's sigma against the whole


def estimate_sigma(pixels: NDArray, confidence: NDArray, rig: CameraRig, options: ReconstructionOptions) -> NDArray:
    """Estimate the pixel sigma of every keypoint from an even sample of the frames.

    All cameras share it. Detections are biased by the view, and a sigma per camera would take the two views whose
    biases happen to agree for the best and let them outvote the rest: on real detections that made points jump more.

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
        Standard deviation of u and of v in px, at least 0.01; the same for all cameras.
    """
    n_cameras, n_frames, n_keypoints = confidence.shape
    # How well a point is known depends on its residuals: no point is passed over for that, else the large ones go.
    options = replace(options, max_sd_m=np.inf)
    stride = max(1, -(-n_frames * n_keypoints // _SAMPLE_POINTS))
    pixels, confidence = pixels[:, ::stride], confidence[:, ::stride]
    sigma = np.full((n_cameras, n_keypoints), _FIRST_SIGMA_SHARE * max(max(camera.size) for camera in rig))
    for turn in range(_ROUNDS):
        by_keypoint = turn >= _MEDIAN_ROUNDS
        solution = solve(pixels, confidence, rig, sigma, options, want_freedom=by_keypoint)
        if not solution.used.any():
            return sigma
        fresh = _keypoint_sigma(solution) if by_keypoint else _median_sigma(solution, sigma)
        fresh = np.maximum(fresh, _SMALLEST_SIGMA_PX)
        change = np.abs(np.log(fresh / sigma)).max()
        sigma = fresh
        if by_keypoint and change < _SETTLED:
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


def _keypoint_sigma(solution: Solution) -> NDArray:
    """One sigma for all, times a factor for each keypoint that its degrees of freedom support."""
    n_views = solution.used.sum(axis=0)
    counted = solution.used & (n_views >= (3 if (n_views >= 3).any() else 2))
    squared = np.where(counted, solution.error, 0.0).astype(float) ** 2
    freedom = np.where(counted, solution.freedom, 0.0).astype(float)
    squared, freedom = squared.sum(axis=(0, 1)), freedom.sum(axis=(0, 1))
    overall = max(squared.sum() / max(freedom.sum(), 1e-12), _SMALLEST_SIGMA_PX**2)
    factor = (squared / overall + _PRIOR_FREEDOM) / (freedom + _PRIOR_FREEDOM)
    factor = np.clip(factor, _LARGEST_FACTOR**-2, _LARGEST_FACTOR**2)
    return np.broadcast_to(np.sqrt(overall * factor), (len(solution.used), len(factor)))
