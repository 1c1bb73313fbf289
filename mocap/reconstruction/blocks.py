"""Runs the compiled loop over spans of time in threads, so that memory beyond input and output stays bounded."""

import functools
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from calibration import CameraRig
from calibration.arrays import checked_array
from mocap.reconstruction.kernels import triangulate_span
from mocap.reconstruction.options import ReconstructionOptions

Progress = Callable[[int, int], None]

# Large enough that a span costs milliseconds, small enough that its copies stay in the megabytes.
_SPAN_POINTS = 2048
# The fit of all views is accepted at once below this quantile of chi-square: above it, leaving one out may be better.
_PASSING_QUANTILE = 0.999
# Above this quantile the noise alone is no longer believed, and the covariance is widened; one good point in a hundred
# is widened for nothing.
_NOISE_QUANTILE = 0.99


#: Confidence has no say in the weight.
NO_TRUST = np.ones(33)


@dataclass(frozen=True, eq=False)
class Solution:
    """What the loop found, as plain arrays.

    Attributes
    ----------
    position : ndarray, shape (time, keypoint, 3)
        Metres; NaN where not found.
    covariance : ndarray of float32, shape (time, keypoint, 3, 3)
    reason : ndarray of uint8, shape (time, keypoint)
        One of the reasons of `mocap.reconstruction.kernels`.
    used : ndarray of bool, shape (camera, time, keypoint)
    error : ndarray of float32, shape (camera, time, keypoint)
        Distance in px of every observation from the projected point.
    freedom : ndarray of float32, shape (camera, time, keypoint), or (0, time, keypoint)
        Degrees of freedom that each used observation keeps, where asked for.
    """

    position: NDArray
    covariance: NDArray
    reason: NDArray
    used: NDArray
    error: NDArray
    freedom: NDArray


def camera_table(rig: CameraRig) -> NDArray:
    """Return the cameras as rows, shape (camera, 28), as `mocap.reconstruction.lens_kernels` reads them."""
    table = np.zeros((len(rig), 28))
    for row, camera in zip(table, rig, strict=True):
        row[:9] = camera.cam_from_world[:3, :3].ravel()
        row[9:12] = camera.cam_from_world[:3, 3]
        row[12:16] = camera.matrix[0, 0], camera.matrix[1, 1], camera.matrix[0, 2], camera.matrix[1, 2]
        row[16 : 16 + len(camera.distortion)] = camera.distortion
        row[24] = camera.fisheye
        row[25:28] = camera.centre_world
    return table


def solve(
    pixels: NDArray,
    confidence: NDArray,
    rig: CameraRig,
    sigma_px: NDArray,
    options: ReconstructionOptions,
    want_freedom: bool = False,
    progress: Progress | None = None,
    trust: NDArray | None = None,
) -> Solution:
    """Triangulate every point with given pixel sigmas.

    Parameters
    ----------
    pixels : ndarray, shape (camera, time, keypoint, 2)
        NaN is missing.
    confidence : ndarray, shape (camera, time, keypoint)
    rig : CameraRig
    sigma_px : ndarray, shape (camera, keypoint)
    options : ReconstructionOptions
    want_freedom : bool
        Also compute the degrees of freedom of each observation.
    progress : callable, optional
        Called with the frames done and all frames.
    trust : ndarray, shape (n,), optional
        Factor of 1 / sigma by confidence, which goes from 0 to 1 in n - 1 steps; 1 everywhere when left out.

    Returns
    -------
    Solution
    """
    n_cameras, n_frames, n_keypoints = confidence.shape
    solution = _empty(n_cameras, n_frames, n_keypoints, want_freedom)
    cameras = (camera_table(rig), np.ascontiguousarray(1.0 / sigma_px.T), NO_TRUST if trust is None else trust,
               _limits(n_cameras, options.truncation_sigma, options.min_views))  # fmt: skip

    def solve_span(frames: slice) -> slice:
        _solve_span(frames, pixels, confidence, cameras, options, solution)
        return frames

    spans = list(_spans(n_frames, n_keypoints))
    with ThreadPoolExecutor(max_workers=max(1, min(_threads(options), len(spans)))) as pool:
        for frames in pool.map(solve_span, spans):
            if progress is not None:
                progress(frames.stop, n_frames)
    return solution


def _threads(options: ReconstructionOptions) -> int:
    if options.threads is not None:
        return options.threads
    # Processors that this process may use, where the system tells.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _spans(n_frames: int, n_keypoints: int) -> Iterator[slice]:
    length = max(1, _SPAN_POINTS // max(1, n_keypoints))
    for start in range(0, n_frames, length):
        yield slice(start, min(start + length, n_frames))


def _empty(n_cameras: int, n_frames: int, n_keypoints: int, want_freedom: bool) -> Solution:
    flat, seen = (n_frames, n_keypoints), (n_cameras, n_frames, n_keypoints)
    return Solution(
        position=np.full((*flat, 3), np.nan),
        covariance=np.full((*flat, 3, 3), np.nan, np.float32),
        reason=np.zeros(flat, np.uint8),
        used=np.zeros(seen, np.bool_),
        error=np.full(seen, np.nan, np.float32),
        freedom=np.full(seen if want_freedom else (0, *flat), np.nan, np.float32),
    )


def _solve_span(
    frames: slice,
    pixels: NDArray,
    confidence: NDArray,
    cameras: tuple[NDArray, NDArray, NDArray, NDArray],
    options: ReconstructionOptions,
    solution: Solution,
) -> None:
    n_cameras, n_frames, n_keypoints = solution.used.shape
    first, last = frames.start * n_keypoints, frames.stop * n_keypoints
    held = 0
    if not _is_plain(pixels) or not _is_plain(confidence):
        # The compiled loop knows one layout; of anything else only the span at hand is copied.
        pixels, confidence = _plain(pixels[:, frames]), _plain(confidence[:, frames])
        held = first
    triangulate_span(
        first, last, held, pixels.reshape(n_cameras, -1, 2), confidence.reshape(n_cameras, -1),
        max(options.min_confidence, np.finfo(float).tiny), *cameras, options.max_sd_m**2,
        solution.position.reshape(-1, 3), solution.covariance.reshape(-1, 3, 3), solution.reason.reshape(-1),
        solution.used.reshape(n_cameras, -1), solution.error.reshape(n_cameras, -1),
        solution.freedom.reshape(len(solution.freedom), n_frames * n_keypoints),
    )


def _is_plain(array: NDArray) -> bool:
    return array.dtype == np.float64 and array.flags.c_contiguous and array.flags.aligned and not array.flags.writeable


def _plain(array: NDArray) -> NDArray:
    # Read-only like the arrays of `Keypoints2D`: to the compiler that is another type.
    return checked_array(np.ascontiguousarray(array, np.float64), "observations", array.shape)


@functools.lru_cache(maxsize=32)
def _limits(n_cameras: int, truncation_sigma: float, min_views: int) -> NDArray:
    truncation = truncation_sigma**2
    freedom = np.maximum(2 * np.arange(n_cameras + 1) - 3, 1)
    passing = np.maximum(truncation, chi2.ppf(_PASSING_QUANTILE, freedom))
    return np.concatenate([[truncation, min_views], passing, chi2.ppf(_NOISE_QUANTILE, freedom)])
