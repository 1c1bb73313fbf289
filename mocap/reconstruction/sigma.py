"""The noise of the keypoints in pixels, estimated from how far they lie from their common point.

Residuals of n views keep 2n - 3 degrees of freedom. A generous first truncation is tightened, or widened, until the
truncation at so many sigmas and the sigma of what it leaves agree. A camera has a sigma of its own where it is far
from the others', and confidence has a say where the residuals prove that it tells good from bad.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from calibration import CameraRig
from mocap.reconstruction.blocks import NO_TRUST, Solution, solve
from mocap.reconstruction.options import ReconstructionOptions

_SAMPLE_POINTS = 4000
_FIRST_SIGMA_SHARE = 0.005  # of the longer side of the image
_SMALLEST_SIGMA_PX = 0.01  # no detector is better; perfect synthetic pixels are
_ROUNDS = 10
_MEDIAN_ROUNDS = 2
_COARSE_ROUNDS, _COARSE_SHARE, _FEWEST_FRAMES = 3, 4, 30  # to start the search a quarter of the sample will do
_SETTLED = 0.01
_PRIOR_FREEDOM = 100.0  # a keypoint with this many degrees of freedom is believed half
_LARGEST_LOG_CAMERA = np.log(10.0)
_LEAST_TRUST = 0.05
_FEWEST_FOR_TRUST = 2000
_TRUST_BINS = 12
_ALIKE = 10.0  # observations that err as one: the next frames, and the other keypoints of a limb
_LARGEST_FACTOR = 3.0  # of one keypoint's sigma against the whole


@dataclass(frozen=True, eq=False)
class PixelNoise:
    """How far keypoints lie from the truth.

    Attributes
    ----------
    sigma_px : ndarray, shape (camera, keypoint)
        Standard deviation of u and of v in px, at least 0.01, at the typical confidence.
    confidence_power : float
        Sigma goes with the confidence to minus this power; 0 where confidence tells nothing.
    trust : ndarray, shape (n,)
        The same as a factor of 1 / sigma, by confidence from 0 to 1 in equal steps.
    """

    sigma_px: NDArray
    confidence_power: float = 0.0
    trust: NDArray = field(default_factory=lambda: NO_TRUST)


def estimate_noise(pixels: NDArray, confidence: NDArray, rig: CameraRig, options: ReconstructionOptions) -> PixelNoise:
    """Estimate the noise of every keypoint and camera from an even sample of the frames.

    Cameras whose sigma differs by less than half share one. Detections are biased by the view, and a sigma for every
    camera would take the two views whose biases happen to agree for the best and let them outvote the rest: on real
    detections that made points jump more, and lengths vary more. Confidence likewise counts only where it is proven.

    Parameters
    ----------
    pixels : ndarray, shape (camera, time, keypoint, 2)
        NaN is missing.
    confidence : ndarray, shape (camera, time, keypoint)
    rig : CameraRig
    options : ReconstructionOptions
    """
    stride = sample_stride(confidence.shape[1], confidence.shape[2])
    return noise_of_sample(pixels[:, ::stride], confidence[:, ::stride], rig, options)


def sample_stride(n_frames: int, n_keypoints: int) -> int:
    """Return which every so many frames the noise of a recording is estimated from."""
    return max(1, -(-n_frames * n_keypoints // _SAMPLE_POINTS))


def noise_of_sample(pixels: NDArray, confidence: NDArray, rig: CameraRig, options: ReconstructionOptions) -> PixelNoise:
    """As `estimate_noise`, of the frames that it would take (`sample_stride`), and no others."""
    n_cameras, _, n_keypoints = confidence.shape
    # How well a point is known depends on its residuals: no point is passed over for that, else the large ones go.
    options = replace(options, max_sd_m=np.inf)
    noise = PixelNoise(np.full((n_cameras, n_keypoints), _FIRST_SIGMA_SHARE * max(max(c.size) for c in rig)))
    camera = np.ones(n_cameras)
    whole = np.arange(pixels.shape[1])
    few = _some_frames(len(whole))
    for turn in range(_ROUNDS):
        single, frames = turn >= _MEDIAN_ROUNDS, few if turn < _COARSE_ROUNDS else whole
        seen, sure = pixels[:, frames], confidence[:, frames]
        solution = solve(seen, sure, rig, noise.sigma_px, options, want_freedom=single, trust=noise.trust)
        if not solution.used.any():
            if len(frames) == len(whole):
                return noise
            few = whole
            continue
        before = noise.sigma_px
        if not single:
            noise = replace(noise, sigma_px=np.maximum(_median_sigma(solution, before), _SMALLEST_SIGMA_PX))
        else:
            counted = _counted(solution)
            camera = _camera_factor(solution, counted, before / camera[:, None])
            sigma = np.maximum(_keypoint_sigma(solution, counted, camera, noise, sure), _SMALLEST_SIGMA_PX)
            power = _confidence_power(solution, counted, sure, sigma, noise) if options.weigh_confidence else 0.0
            noise = PixelNoise(sigma, power, _trust(power, _typical(sure, counted)))
        if single and len(frames) == len(whole) and np.abs(np.log(noise.sigma_px / before)).max() < _SETTLED:
            break
    return noise


def _some_frames(n_frames: int) -> NDArray:
    """Return the frames that the search starts from: drawn, for some detectors treat every so many frames alike."""
    if n_frames < _COARSE_SHARE * _FEWEST_FRAMES:
        return np.arange(n_frames)
    return np.sort(np.random.default_rng(0).permutation(n_frames)[: n_frames // _COARSE_SHARE])


def _counted(solution: Solution) -> NDArray:
    """Observations that tell of the noise: two views agree in all but one direction, and were chosen for agreeing."""
    n_views = solution.used.sum(axis=0)
    return solution.used & (n_views >= (3 if (n_views >= 3).any() else 2))


def _camera_factor(solution: Solution, counted: NDArray, common_px: NDArray) -> NDArray:
    """Sigma of each camera over the common one, shape (camera,): 1 up to half more or less, all of it from double."""
    squared = np.where(counted, solution.error / common_px[:, None, :], 0.0).astype(float) ** 2
    freedom = np.where(counted, solution.freedom, 0.0).astype(float)
    ratio = (squared.sum(axis=(1, 2)) + _PRIOR_FREEDOM) / (freedom.sum(axis=(1, 2)) + _PRIOR_FREEDOM)
    size = 0.5 * np.log(ratio / np.median(ratio))
    share = np.clip((np.abs(size) - np.log(1.5)) / (np.log(2.0) - np.log(1.5)), 0.0, 1.0)
    return np.exp(np.clip(share * size, -_LARGEST_LOG_CAMERA, _LARGEST_LOG_CAMERA))


def _typical(confidence: NDArray, counted: NDArray) -> float:
    return float(np.median(confidence[counted])) if counted.any() else 1.0


def _trust(power: float, typical: float) -> NDArray:
    if power == 0.0:
        return NO_TRUST
    steps = np.linspace(0.0, 1.0, len(NO_TRUST))
    return np.maximum(steps / max(typical, 1e-3), _LEAST_TRUST) ** power


def _confidence_power(
    solution: Solution, counted: NDArray, confidence: NDArray, sigma: NDArray, noise: PixelNoise
) -> float:
    """Slope of the log of the residuals against that of the confidence, where it is proven; 0 to 1.

    Neighbouring frames err alike: ten observations are counted as one.
    """
    flat = confidence[counted]
    if len(flat) < _FEWEST_FOR_TRUST:
        return 0.0
    scaled = (solution.error / sigma[:, None, :])[counted].astype(float) ** 2
    freedom = solution.freedom[counted].astype(float)
    edges = np.unique(np.quantile(flat, np.linspace(0.0, 1.0, _TRUST_BINS + 1)))
    if len(edges) < 4:
        return 0.0
    place = np.clip(np.searchsorted(edges, flat, side="right") - 1, 0, len(edges) - 2)
    squares, freedoms, counts = (np.bincount(place, weights, len(edges) - 1) for weights in (scaled, freedom, None))
    at = np.log(np.maximum(np.bincount(place, flat, len(edges) - 1) / np.maximum(counts, 1), 1e-3))
    level = 0.5 * np.log(np.maximum(squares, 1e-12) / np.maximum(freedoms, 1e-12))
    weight = freedoms / _ALIKE
    centred = at - np.average(at, weights=weight)
    information = float((weight * centred**2).sum())
    if information <= 0:
        return 0.0
    slope = -float((weight * centred * level).sum()) / information
    # A log of the root of a mean of n squares has a standard deviation of 1 / sqrt(2 n).
    return float(np.clip(slope, 0.0, 1.0)) if slope > 3.0 / np.sqrt(2.0 * information) else 0.0


def _median_sigma(solution: Solution, sigma: NDArray) -> NDArray:
    """Scale all sigmas by the median over points of the residual sum against what chi-square expects."""
    squared = np.where(solution.used, solution.error / sigma[:, None, :], 0.0) ** 2
    n_views = solution.used.sum(axis=0)
    # Two views agree in all but one direction, and were chosen for agreeing; take them only when there is nothing else.
    enough = n_views >= (3 if (n_views >= 3).any() else 2)
    expected = chi2.median(np.maximum(2 * np.arange(len(solution.used) + 1) - 3, 1))[n_views[enough]]
    return sigma * np.sqrt(np.median(squared.sum(axis=0)[enough] / expected))


def _keypoint_sigma(
    solution: Solution, counted: NDArray, camera: NDArray, noise: PixelNoise, confidence: NDArray
) -> NDArray:
    """One sigma for all, times a factor for each keypoint that its degrees of freedom support, and for each camera."""
    place = np.rint(np.clip(confidence, 0.0, 1.0) * (len(noise.trust) - 1)).astype(int)
    scaled = np.where(counted, solution.error * noise.trust[place] / camera[:, None, None], 0.0).astype(float)
    squared = (scaled**2).sum(axis=(0, 1))
    freedom = np.where(counted, solution.freedom, 0.0).astype(float).sum(axis=(0, 1))
    overall = max(squared.sum() / max(freedom.sum(), 1e-12), _SMALLEST_SIGMA_PX**2)
    factor = (squared / overall + _PRIOR_FREEDOM) / (freedom + _PRIOR_FREEDOM)
    factor = np.clip(factor, _LARGEST_FACTOR**-2, _LARGEST_FACTOR**2)
    return np.asarray(camera[:, None] * np.sqrt(overall * factor))
