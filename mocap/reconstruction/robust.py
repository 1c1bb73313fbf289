"""Robust triangulation with covariance: `Keypoints2D` and `CameraRig` become `Points3D`.

Each observation is undistorted once, with the Jacobian that turns errors of rays into pixels. Most points are the
fit of all their views; where that fails, the midpoint of every pair of views is a proposal, scored by the squared
pixel error truncated at so many sigmas, and the views that agree with the best are fitted by Gauss-Newton steps.
The inverse normal matrix in units of the estimated pixel sigma is the covariance, times the squared residual per
degree of freedom where that is more than noise makes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.digits import counted
from calibration.solve.propagation import point_covariance_by_place
from mocap.errors import KeypointError, ReconstructionError
from mocap.reconstruction.blocks import Progress, Solution, solve
from mocap.reconstruction.kernels import MEASURED, MISSING
from mocap.reconstruction.losses import FEWEST_FRAMES, enough_found, usable_observations, what_became
from mocap.reconstruction.options import ReconstructionOptions
from mocap.reconstruction.sigma import PixelNoise, estimate_noise
from mocap.schema import Status
from mocap.trial import Keypoints2D, Points3D

_DEFAULT = ReconstructionOptions()


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """Points together with how each came about.

    Attributes
    ----------
    points : Points3D
    used : ndarray of bool, shape (camera, time, keypoint)
        Observations that the point was fitted to.
    reason : ndarray of uint8, shape (time, keypoint)
        Of `mocap.reconstruction.kernels`: `MISSING` (too few usable views), `MEASURED`, `DISAGREE` (no point fits
        enough views), `AMBIGUOUS` (as many views, or one fewer, agree on another place; of two views, another two),
        `UNCERTAIN` (rays too parallel, or the views fit too badly).
    sigma_px : ndarray, shape (camera, keypoint)
        Standard deviation of u and of v in px, estimated or given.
    confidence_power : float
        The sigma of an observation goes with its confidence to minus this power; 0 where confidence tells nothing.
    """

    points: Points3D
    used: NDArray
    reason: NDArray
    sigma_px: NDArray
    confidence_power: float = 0.0


def reconstruct(
    keypoints: Keypoints2D,
    rig: CameraRig,
    *,
    options: ReconstructionOptions = _DEFAULT,
    progress: Progress | None = None,
) -> Points3D:
    """Triangulate keypoints of all cameras into points of the world.

    Parameters
    ----------
    keypoints : Keypoints2D
        Cameras in the order of the rig.
    rig : CameraRig
    options : ReconstructionOptions
    progress : callable, optional
        Called with the frames done and all frames.

    Returns
    -------
    Points3D
        Position in metres; covariance in m^2 (float32) from the pixel noise and how badly the views fit;
        `calibration_covariance` what the calibration adds to it, where the rig knows; `n_views` 2 marks points
        without a third view to vouch for them. A point whose views contradict each other is NaN with status
        REJECTED, one without enough views NaN with status 0.

    Raises
    ------
    KeypointError
        CAMERA_COUNT, when keypoints and rig have another number of cameras.
    ReconstructionError
        NO_VIEWS, TOO_FEW_POINTS, SIGMA_IMPLAUSIBLE, when too little can be found or the cameras agree too badly;
        says by camera what failed.
    """
    return reconstruct_details(keypoints, rig, options=options, progress=progress).points


def reconstruct_details(
    keypoints: Keypoints2D,
    rig: CameraRig,
    *,
    options: ReconstructionOptions = _DEFAULT,
    progress: Progress | None = None,
) -> Reconstruction:
    """As `reconstruct`, and tell how each point came about."""
    if keypoints.n_cameras != len(rig):
        raise KeypointError(
            f"The keypoints are of {keypoints.n_cameras} cameras, the calibration has {len(rig)}: {list(rig.names)}.",
            "Pass keypoints and calibration of the same cameras, in the same order.",
            code="CAMERA_COUNT",
        )
    if options.pixel_sigma is None:
        noise = estimate_noise(keypoints.pixels, keypoints.confidence, rig, options)
    else:
        noise = stated_noise(rig, keypoints.names, options.pixel_sigma)
    sigma = noise.sigma_px
    solution = solve(
        keypoints.pixels, keypoints.confidence, rig, sigma, options, progress=progress, trust=noise.trust
    )  # fmt: skip
    _require_points(keypoints, solution, rig, options)
    _require_enough(keypoints, solution, rig, options)
    _require_plausible_sigma(sigma, rig, options)
    return Reconstruction(
        _points(keypoints, solution, rig), solution.used, solution.reason, sigma, noise.confidence_power
    )


def stated_noise(rig: CameraRig, names: tuple[str, ...], pixel_sigma: float) -> PixelNoise:
    """Return the noise of keypoints that is stated, px, alike for all."""
    return PixelNoise(np.full((len(rig), len(names)), float(pixel_sigma)))


def reconstruct_span(
    keypoints: Keypoints2D, rig: CameraRig, noise: PixelNoise, options: ReconstructionOptions = _DEFAULT
) -> Points3D:
    """Triangulate some frames of a recording whose noise is known: each point as `reconstruct` gives it of the whole.

    What the calibration adds to the covariance is computed once for points near each other, and so may differ by a few
    percent. Nothing is refused for too few points.
    """
    solution = solve(
        keypoints.pixels, keypoints.confidence, rig, noise.sigma_px, options, trust=noise.trust
    )  # fmt: skip
    return _points(keypoints, solution, rig)


def _points(keypoints: Keypoints2D, solution: Solution, rig: CameraRig) -> Points3D:
    status = np.full(solution.reason.shape, Status.REJECTED, np.uint8)
    status[solution.reason == MISSING] = 0
    status[solution.reason == MEASURED] = Status.MEASURED
    return Points3D(
        position=solution.position,
        names=keypoints.names,
        rate_hz=keypoints.rate_hz,
        covariance=solution.covariance,
        status=status,
        reprojection_error=solution.error,
        n_views=solution.used.sum(axis=0, dtype=np.uint8),
        gravity_known=rig.gravity_known,
        calibration_covariance=_calibration_covariance(solution, rig),
    )


def _calibration_covariance(solution: Solution, rig: CameraRig) -> NDArray | None:
    if rig.covariance is None:
        return None
    return point_covariance_by_place(rig, solution.position, solution.used)


def _require_points(
    keypoints: Keypoints2D, solution: Solution, rig: CameraRig, options: ReconstructionOptions
) -> None:
    possible = int((solution.reason != MISSING).sum())
    if not possible:
        raise ReconstructionError(
            f"No keypoint is seen by {options.min_views} cameras at once: {_seen(keypoints, rig, options)}.",
            "Check that all cameras hold the same recording, their frame numbers, and the least confidence.",
            code="NO_VIEWS",
        )
    share = int((solution.reason == MEASURED).sum()) / possible
    if share < options.min_share:
        raise ReconstructionError(
            f"Only {100 * share:.1f} % of the points that {options.min_views} or more cameras saw could be found "
            f"(limit {100 * options.min_share:g} %): the cameras contradict each other. "
            f"{_seen(keypoints, rig, options, solution.used)}.",
            "Check the order of the cameras, the synchronisation, the image size and the calibration.",
            code="TOO_FEW_POINTS",
        )


def _require_enough(
    keypoints: Keypoints2D, solution: Solution, rig: CameraRig, options: ReconstructionOptions
) -> None:
    usable = usable_observations(keypoints, options)
    enough, full = enough_found(solution.reason == MEASURED, np.asarray(usable.any(axis=(0, 1))))
    if enough or not options.min_share:
        return
    told = what_became(solution.used, solution.reason, keypoints, usable, rig.names).words()
    raise ReconstructionError(
        f"Only {full} of {counted(keypoints.n_frames, 'frame')} hold a quarter of the keypoints (limit "
        f"{min(FEWEST_FRAMES, keypoints.n_frames / 2):g}), and nowhere are three keypoints found in half of ten frames "
        f"in a row. {_seen(keypoints, rig, options, solution.used)}. {'. '.join(told)}.",
        "Check that the files are whole and of this recording, their frame numbers, and the least confidence.",
        code="TOO_FEW_POINTS",
    )


def _require_plausible_sigma(sigma: NDArray, rig: CameraRig, options: ReconstructionOptions) -> None:
    limit = options.max_sigma_share * max(max(camera.size) for camera in rig)
    # One camera may be bad; where two are, nothing says that it is not the others.
    by_camera = np.sort(np.median(sigma, axis=1))
    typical = float(by_camera[-2] if len(by_camera) > 2 else by_camera[-1])
    if options.pixel_sigma is None and typical > limit:
        raise ReconstructionError(
            f"The cameras agree on the keypoints to {typical:.1f} px only (limit {limit:.1f} px).",
            "Check the order of the cameras, the synchronisation, the image size and the calibration; raise the "
            "limit only for a detector that is known to be so coarse.",
            code="SIGMA_IMPLAUSIBLE",
        )


def _seen(
    keypoints: Keypoints2D, rig: CameraRig, options: ReconstructionOptions, used: NDArray | None = None
) -> str:
    """Say by camera how many observations there are, are confident, and were used."""
    seen = np.isfinite(keypoints.pixels).all(axis=-1)
    usable = usable_observations(keypoints, options)
    words = []
    for camera, name in enumerate(rig.names):
        text = f"{name} {int(seen[camera].sum())} seen, {int(usable[camera].sum())} confident"
        words.append(text if used is None else f"{text}, {int(used[camera].sum())} used")
    return "; ".join(words)
