"""Six-degree poses of rigid plates: one fit per moment to all corners in all images, with an honest covariance.

Corners are triangulated from all views to begin with; then the pose is fitted to their pixels directly, weighted by
what each corner's detection says of its noise and by what the fits themselves tell of it (`rigid_noise`, `rigid_lag`).
Poses of single views are never averaged: a flat plate in one view has two poses that look alike. Two views settle that;
with one there is no pose.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from calibration.camera import CameraRig
from calibration.solve.propagation import camera_jacobian
from mocap.config.plates import Plate, sd_of_confidence
from mocap.errors import KeypointError
from mocap.reconstruction.rigid_description import misdescribed
from mocap.reconstruction.rigid_fit import Linear, Sights, linearised, refine
from mocap.reconstruction.rigid_gates import Gate, without_strays
from mocap.reconstruction.rigid_lag import Lag, estimate_lag, lag_covariance, no_lag, turning
from mocap.reconstruction.rigid_noise import CornerNoise, as_stated, estimate_noise
from mocap.reconstruction.rigid_starts import tag_starts, triangulated_starts
from mocap.trial import Keypoints2D

MEASURED, MISSING, ONE_VIEW, NO_START, DISAGREE, UNCERTAIN, AMBIGUOUS = range(7)
REASONS = (
    "measured", "not seen", "seen by one camera alone", "no tag is seen whole, nor three corners by two cameras",
    "the views disagree", "the views do not fix the pose", "two poses fit alike",
)  # fmt: skip
"""Words for the codes of `PlatePoses.reason`."""

_LEAST_SD_PX = 0.01
_BLOCK = 2000  # frames fitted at once
_SAMPLE = 600  # frames from which the noise is estimated
_ROUNDS = 3  # of fitting with the noise that the round before found
_NOISE_QUANTILE = 0.99


@dataclass(frozen=True)
class RigidOptions:
    """Limits of the rigid fit.

    Attributes
    ----------
    min_confidence : float
        Corners below are not used.
    max_rotation_sd : float
        Rad; poses known worse than this about any axis are not given.
    gate : Gate
        What counts as a gross error.
    """

    min_confidence: float = 0.2
    max_rotation_sd: float = np.deg2rad(5.0)
    gate: Gate = field(default_factory=Gate)


@dataclass(frozen=True, eq=False)
class PlatePoses:
    """A plate over time.

    Attributes
    ----------
    plate : Plate
    world_from_plate : ndarray, shape (time, 4, 4)
        m; NaN where there is no pose.
    covariance : ndarray, shape (time, 6, 6)
        Of a small rotation vector (rad) about the plate's origin and of the origin (m), both along the axes of the
        world; from the noise of the corners.
    calibration_covariance : ndarray, shape (time, 6, 6), or None
        What the calibration's own uncertainty adds, where the rig states it: alike in neighbouring frames.
    residual_px : ndarray, shape (time,)
        Root mean square of u and v over the corners used.
    n_views : ndarray of uint8, shape (time,)
        Cameras of which corners were used.
    n_corners : ndarray of int, shape (time,)
        Observations of corners that were used.
    used : ndarray of bool, shape (camera, time, corner)
    reason : ndarray of uint8, shape (time,)
        Place in `REASONS`.
    noise : CornerNoise
    lag : Lag
        By how much corners lag behind their tag; taken out.
    rate_hz : float
    misfit : str
        What of the plate is not as described; empty where nothing is known to be.
    """

    plate: Plate
    world_from_plate: NDArray
    covariance: NDArray
    calibration_covariance: NDArray | None
    residual_px: NDArray
    n_views: NDArray
    n_corners: NDArray
    used: NDArray
    reason: NDArray
    noise: CornerNoise
    lag: Lag
    rate_hz: float
    misfit: str = ""

    @property
    def observable(self) -> NDArray[np.bool_]:
        """In which frames there is a pose, shape (time,)."""
        return np.asarray(self.reason == MEASURED)

    def rotation_sd(self) -> NDArray:
        """Return the standard deviations about the world's axes, shape (time, 3), rad."""
        return np.sqrt(np.einsum("tii->ti", self.covariance)[:, :3])

    def said(self) -> str:
        """Say how many frames have a pose, and why the others have none."""
        words = [f"{int((self.reason == code).sum())} {REASONS[code]}" for code in np.unique(self.reason)]
        late = self.misfit or self.lag.said()
        return f"{self.plate.name}: {', '.join(words)} of {len(self.reason)} frames{f'; {late}' if late else ''}"


def rigid_plate_poses(
    keypoints: Keypoints2D, rig: CameraRig, plate: Plate, options: RigidOptions | None = None
) -> PlatePoses:
    """Fit the pose of one plate in every frame.

    Parameters
    ----------
    keypoints : Keypoints2D
        Cameras in the order of the rig; `<plate>.<id>.<corner>` among the names, with confidences as
        `mocap.config.plates.confidence_of_sd` makes them.
    rig : CameraRig
    plate : Plate
        As measured, not as drawn: its geometry is taken for exact.
    options : RigidOptions, optional

    Returns
    -------
    PlatePoses
        NaN, with the reason, wherever fewer than two cameras see the plate or its pose is not fixed.

    Raises
    ------
    KeypointError
        PLATE_NAMES, CAMERA_COUNT
    """
    options = options or RigidOptions()
    sights = _sights(keypoints, rig, plate, options)
    body = plate.corners_plate.reshape(-1, 3)
    reason = _seen_enough(sights)
    start = _starts(rig, plate, sights, reason)
    group = np.repeat(np.arange(len(plate.ids)), 4)
    every = sights
    sights, start, reason = without_strays(rig, body, sights, start, reason, group, options.gate)
    misfit = misdescribed(rig, plate, every, start)
    drift = turning(rig, body, start, group)
    noise, lag = _noise(rig, body, sights, start, reason, drift, group)
    sights = _quieted(sights, noise, lag, drift)
    found = _final(rig, plate, sights, start, reason, noise, keypoints.rate_hz, options, lag, drift)
    return replace(found, misfit=misfit)


def _sights(keypoints: Keypoints2D, rig: CameraRig, plate: Plate, options: RigidOptions) -> Sights:
    missing = [name for name in plate.keypoint_names if name not in keypoints.names]
    if missing:
        raise KeypointError(
            f"The keypoints lack {len(missing)} corners of plate '{plate.name}', such as {missing[0]}.",
            "Detect with the same plates.toml.",
            code="PLATE_NAMES",
        )
    if keypoints.n_cameras != len(rig):
        raise KeypointError(
            f"The keypoints are of {keypoints.n_cameras} cameras, the calibration has {len(rig)}: {list(rig.names)}.",
            "Pass keypoints and calibration of the same cameras, in the same order.",
            code="CAMERA_COUNT",
        )
    place = [keypoints.names.index(name) for name in plate.keypoint_names]
    pixels = np.asarray(keypoints.pixels[:, :, place], float)
    confidence = np.asarray(keypoints.confidence[:, :, place], float)
    used = np.isfinite(pixels).all(axis=-1) & (confidence >= max(options.min_confidence, 1e-6))
    variance = np.maximum(sd_of_confidence(np.where(used, confidence, 0.5)), _LEAST_SD_PX) ** 2
    return Sights(pixels, variance, used)


def _seen_enough(sights: Sights) -> NDArray[np.uint8]:
    """Return MISSING, ONE_VIEW or MEASURED by what is seen; a view needs two corners."""
    corners = sights.used.sum(axis=2)
    views = (corners >= 2).sum(axis=0)
    reason = np.full(len(views), MEASURED, np.uint8)
    reason[(views < 2) | (corners.sum(axis=0) < 5)] = ONE_VIEW
    reason[corners.sum(axis=0) == 0] = MISSING
    return reason


def _starts(rig: CameraRig, plate: Plate, sights: Sights, reason: NDArray) -> NDArray:
    """Return poses to begin with, shape (time, 4, 4), of the frames that are MEASURED so far; mark the others."""
    start = triangulated_starts(rig, plate, sights)
    lost = np.flatnonzero(~np.isfinite(start[:, 0, 0]) & (reason == MEASURED))
    if len(lost):
        start[lost], rival = tag_starts(rig, plate, sights.at(lost))
        reason[lost[rival]] = AMBIGUOUS
    reason[~np.isfinite(start[:, 0, 0]) & (reason == MEASURED)] = NO_START
    start[reason != MEASURED] = np.nan
    return start


def _noise(
    rig: CameraRig, body: NDArray, sights: Sights, start: NDArray, reason: NDArray, drift: NDArray, group: NDArray
) -> tuple[CornerNoise, Lag]:
    noise, lag, good = as_stated(len(rig)), no_lag(len(rig)), np.flatnonzero(reason == MEASURED)
    if not len(good):
        return noise, lag
    chosen = good[np.unique(np.linspace(0, len(good) - 1, min(len(good), _SAMPLE)).astype(int))]
    part, poses, own = sights.at(chosen), start[chosen], drift[:, chosen]
    for _ in range(_ROUNDS):
        quieted = _quieted(part, noise, lag, own)
        poses, _ = refine(rig, body, poses, quieted)
        linear = linearised(rig, body, poses, quieted)
        noise, lag = estimate_noise(linear, part.variance), estimate_lag(linear, own, lag, part.variance, group)
    return noise, lag


def _quieted(sights: Sights, noise: CornerNoise, lag: Lag, drift: NDArray) -> Sights:
    """Return the sights with their noise as estimated, and the lag taken out."""
    pixels = sights.pixels + lag.frames[:, None, None, None] * drift
    return replace(sights, pixels=pixels, variance=noise.variance(sights.variance), shared=noise.shared_px2)


def _final(
    rig: CameraRig, plate: Plate, sights: Sights, start: NDArray, reason: NDArray, noise: CornerNoise, rate_hz: float,
    options: RigidOptions, lag: Lag, drift: NDArray,
) -> PlatePoses:  # fmt: skip
    body, n_frames = plate.corners_plate.reshape(-1, 3), len(reason)
    poses, covariance = np.full((n_frames, 4, 4), np.nan), np.full((n_frames, 6, 6), np.nan)
    by_rig = None if rig.covariance is None else np.full((n_frames, 6, 6), np.nan)
    residual = np.full(n_frames, np.nan)
    good = np.flatnonzero(reason == MEASURED)
    for first in range(0, len(good), _BLOCK):
        rows = good[first : first + _BLOCK]
        part = sights.at(rows)
        poses[rows], cost = refine(rig, body, start[rows], part)
        linear = linearised(rig, body, poses[rows], part)
        covariance[rows] = _covariance(linear, cost)
        covariance[rows] += lag_covariance(linear, drift[:, rows], lag, _inverse(linear.normal().sum(axis=0)))
        residual[rows] = np.sqrt((linear.residual**2).sum(axis=(0, 2, 3)) / (2 * part.used.sum(axis=(0, 2))))
        if by_rig is not None:
            by_rig[rows] = _calibration_covariance(rig, body, poses[rows], linear)
    with np.errstate(invalid="ignore"):
        worst = np.linalg.eigvalsh(np.where(np.isfinite(covariance), covariance, 0.0)[:, :3, :3])[:, -1]
        reason[(reason == MEASURED) & ~(worst <= options.max_rotation_sd**2)] = UNCERTAIN
    lost = reason != MEASURED
    poses[lost], covariance[lost] = np.nan, np.nan
    if by_rig is not None:
        by_rig[lost] = np.nan
    used = sights.used & ~lost[:, None]
    return PlatePoses(
        plate, poses, covariance, by_rig, residual, used.any(axis=2).sum(axis=0).astype(np.uint8),
        used.sum(axis=(0, 2)), used, reason, noise, lag, rate_hz,
    )  # fmt: skip


def _covariance(linear: Linear, cost: NDArray) -> NDArray:
    """Return the inverse of the normal matrices, wider where a frame fits worse than noise makes it."""
    normal = linear.normal().sum(axis=0)
    freedom = np.maximum(2.0 * (linear.weight > 0).sum(axis=(0, 2)) - 6.0, 1.0)
    excess = np.where(cost > chi2.ppf(_NOISE_QUANTILE, freedom), cost / freedom, 1.0)
    covariance = _inverse(normal) * np.maximum(excess, 1.0)[:, None, None]
    return (covariance + np.swapaxes(covariance, 1, 2)) / 2


def _inverse(normal: NDArray) -> NDArray:
    """Invert in units in which rotations and shifts weigh alike; infinite where singular."""
    scale = 1.0 / np.sqrt(np.maximum(np.einsum("tii->ti", normal), 1e-30))
    even = normal * scale[:, :, None] * scale[:, None]
    sound = np.linalg.eigvalsh(even)[:, 0] > 1e-12
    even = np.where(sound[:, None, None], even, np.eye(6))
    answer = np.linalg.inv(even) * scale[:, :, None] * scale[:, None]
    answer[~sound] = np.inf
    return answer


def _calibration_covariance(rig: CameraRig, body: NDArray, poses: NDArray, linear: Linear) -> NDArray:
    assert rig.covariance is not None
    size = len(rig) * rig.covariance.shape[1]
    points = np.einsum("tij,kj->tki", poses[:, :3, :3], body) + poses[:, None, :3, 3]
    pull = np.zeros((len(poses), 6, *rig.covariance.shape[:2]))
    sums = linear.sums()
    for index, camera in enumerate(rig):
        seen = linear.weight[index] > 0
        if not seen.any():
            continue
        by_camera = np.zeros((*seen.shape, 2, rig.covariance.shape[1]))
        by_camera[seen] = camera_jacobian(camera, points[seen])[0]
        weight = linear.weight[index]
        plain = np.einsum("tk,tkai,tkaj->tij", weight, linear.jacobian[index], by_camera)
        total = np.einsum("tk,tkaj->taj", weight, by_camera)
        shared = np.einsum("t,tai,taj->tij", linear.shrink[index], sums[index], total)
        pull[:, :, index] = plain - shared
    moved = -_inverse(linear.normal().sum(axis=0)) @ pull.reshape(len(poses), 6, size)
    return moved @ rig.covariance.reshape(size, size) @ np.swapaxes(moved, 1, 2)
