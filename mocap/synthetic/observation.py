"""Cameras look at true points: perfect pixels, or pixels with known faults."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from calibration import Camera, CameraRig
from mocap.errors import KeypointError
from mocap.trial import Keypoints2D, Points3D


@dataclass(frozen=True, eq=False)
class Observation:
    """What the cameras report, and what was done to it.

    Attributes
    ----------
    keypoints : Keypoints2D
    true_pixels : ndarray, shape (camera, time, keypoint, 2)
        Where each point really was in the image at the instant of exposure, also outside it; NaN behind a camera
        and where the camera's own clock leaves the recording.
    visible : ndarray of bool, shape (camera, time, keypoint)
        The true pixel lies in the image.
    dropped, outlier : ndarray of bool, shape (camera, time, keypoint)
        Like `visible` by the true point, before sides are exchanged.
    swapped : ndarray of bool, shape (camera, time)
        Left and right labels of the whole body are exchanged.
    offset_frames : ndarray, shape (camera,)
        Camera time minus common time, in frames.
    """

    keypoints: Keypoints2D
    true_pixels: NDArray
    visible: NDArray
    dropped: NDArray
    outlier: NDArray
    swapped: NDArray
    offset_frames: NDArray


def observe(
    points: Points3D,
    rig: CameraRig,
    seed: int = 0,
    *,
    pixel_sigma: float | Sequence[float] = 1.0,
    dropout: float = 0.0,
    dropout_run: int = 1,
    outlier_fraction: float = 0.0,
    outlier_px: tuple[float, float] = (30.0, 300.0),
    swap_fraction: float = 0.0,
    swap_run: int = 1,
    desync_frames: float | Sequence[float] = 0.0,
    drift_ppm: float | Sequence[float] = 0.0,
    rolling_shutter_s: float = 0.0,
) -> Observation:
    """Project points into every camera and spoil the result as told; all zero gives perfect keypoints.

    Faults come in the order of a real recording: the instant of exposure, the image's border, noise, outliers,
    exchanged sides, dropouts. The body hides nothing: every point in front of a camera and inside its image is seen.

    Parameters
    ----------
    points : Points3D
        World, m; NaN is seen by no camera.
    rig : CameraRig
    seed : int
        The same seed gives the same faults.
    pixel_sigma : float or one per camera
        Standard deviation of the noise of u and of v, px.
    dropout, outlier_fraction : float
        Share of the visible observations that is lost, or displaced by a distance in `outlier_px` (px, uniform) in
        a random direction (it may leave the image).
    dropout_run, swap_run : int
        Faults come in runs of this many frames.
    swap_fraction : float
        Share of the camera frames in which left and right are exchanged.
    desync_frames : float or one per camera
        Camera time minus common time in frames: frame i of the camera shows the scene of frame i - k. Fractions are
        interpolated by cubic splines; what would lie outside the recording is missing.
    drift_ppm : float or one per camera
        By how much the camera's clock runs fast: its time is common time + offset + drift * common time, from the
        first common frame on.
    rolling_shutter_s : float
        Time to read the image from its first to its last row; the middle row is exposed at the frame time.

    Returns
    -------
    Observation

    Raises
    ------
    KeypointError
        When a share is outside 0 to 1, a width is negative, a list has another length than the rig, or a recording
        of one frame is to be shifted in time (`FAULTS_IMPOSSIBLE`).
    """
    sigma = _per_camera(pixel_sigma, len(rig), "pixel_sigma")
    offset = _per_camera(desync_frames, len(rig), "desync_frames")
    drift = _per_camera(drift_ppm, len(rig), "drift_ppm") * 1e-6
    _check_time(points, np.where(drift != 0, 0.5, offset), rolling_shutter_s)
    _check(sigma, (dropout, outlier_fraction, swap_fraction), (dropout_run, swap_run), outlier_px, rolling_shutter_s)
    shape = (len(rig), *points.position.shape[:2])
    true_pixels = np.empty((*shape, 2))
    for index, camera in enumerate(rig):
        true_pixels[index] = _exposed(points, camera, offset[index], drift[index], rolling_shutter_s)
    sizes = np.array([camera.size for camera in rig], float)[:, None, None]
    visible = np.all((true_pixels >= -0.5) & (true_pixels <= sizes - 0.5), axis=-1)
    # One stream per fault: switching one on leaves the others as they were.
    noise, strays, swaps, losses, trust = (np.random.default_rng([seed, stream]) for stream in range(5))
    error = np.zeros((*shape, 2))
    if sigma.any():
        error = noise.standard_normal((*shape, 2)) * sigma[:, None, None, None]
    outlier = visible & (strays.random(shape) < outlier_fraction)
    error[outlier] += _displacement(strays, int(outlier.sum()), outlier_px)
    dropped = visible & _runs(losses, shape, dropout, dropout_run)
    swapped = _runs(swaps, shape[:2], swap_fraction, swap_run)
    pixels = np.where((visible & ~dropped)[..., None], true_pixels + error, np.nan)
    confidence = _confidence(trust, error, sigma, outlier)
    confidence[~visible | dropped] = 0.0
    if swapped.any():
        partner = partners(points.names)
        pixels[swapped] = pixels[swapped][:, partner]
        confidence[swapped] = confidence[swapped][:, partner]
    keypoints = Keypoints2D(pixels, confidence, points.names, points.rate_hz)
    return Observation(keypoints, true_pixels, visible, dropped, outlier, swapped, offset)


def partners(names: Sequence[str]) -> NDArray:
    """Return for every keypoint the index of its partner on the other side, or its own.

    Understands a leading R or L, `right`/`left` and endings `_r`/`_l`; a name is sided only if its partner is there.
    """
    position = {name: index for index, name in enumerate(names)}
    found = np.arange(len(names))
    for index, name in enumerate(names):
        other = _other_side(name)
        found[index] = position.get(other, index)
    return found


_SIDED = re.compile(r"^(?:(right|left)|([RLrl])(?=[A-Z0-9_.]))|(_[rlRL]|_right|_left)$", re.IGNORECASE)
_EXCHANGE = {"r": "l", "l": "r", "right": "left", "left": "right"}


def _other_side(name: str) -> str:
    match = _SIDED.search(name)
    if match is None:
        return name
    found = match.group(0)
    word = found.lstrip("_")
    other = _EXCHANGE[word.lower()]
    other = other.upper() if word.isupper() else other.capitalize() if word[0].isupper() else other
    return name[: match.start()] + found[: len(found) - len(word)] + other + name[match.end() :]


def _exposed(points: Points3D, camera: Camera, offset: float, drift: float, readout_s: float) -> NDArray:
    position = _shifted(points.position, offset, drift)
    pixels = camera.project(position)
    if readout_s <= 0:
        return pixels
    # Second order in time around the frame: the row, and with it the instant, comes from the unshifted image.
    step = 1.0 / points.rate_hz
    velocity = np.gradient(position, step, axis=0)
    acceleration = np.gradient(velocity, step, axis=0)
    for _ in range(2):
        late = readout_s * ((pixels[..., 1:] + 0.5) / camera.size[1] - 0.5)
        late = np.clip(late, -readout_s, readout_s)
        pixels = camera.project(position + late * velocity + 0.5 * late**2 * acceleration)
    return pixels


def _shifted(position: NDArray, offset: float, drift: float = 0.0) -> NDArray:
    """Return the scene as a camera sees it whose frame i is taken at common frame (i - offset) / (1 + drift)."""
    n_frames = len(position)
    when = (np.arange(n_frames) - offset) / (1.0 + drift)
    inside = (when >= 0) & (when <= n_frames - 1)
    shifted = np.full(position.shape, np.nan)
    if drift == 0 and float(offset).is_integer():
        shifted[inside] = position[when[inside].astype(int)]
        return shifted
    flat = position.reshape(n_frames, -1)
    whole = np.isfinite(flat).all(axis=0)
    answer = shifted.reshape(n_frames, -1)
    if whole.any() and inside.any():
        spline = CubicSpline(np.arange(n_frames), flat[:, whole])
        answer[np.ix_(inside, whole)] = spline(when[inside])
    # Curves with gaps: straight lines, so that a gap stays a gap.
    low = np.clip(np.floor(when).astype(int), 0, max(n_frames - 2, 0))
    share = (when - low)[:, None]
    broken = flat[low][:, ~whole] * (1 - share) + flat[np.minimum(low + 1, n_frames - 1)][:, ~whole] * share
    broken[~inside] = np.nan
    answer[:, ~whole] = broken
    return answer.reshape(position.shape)


def _runs(rng: np.random.Generator, shape: tuple[int, ...], share: float, run: int) -> NDArray:
    """Return booleans, True in runs of `run` frames along axis 1 with the overall probability `share`."""
    if share <= 0:
        return np.zeros(shape, bool)
    # P(no run covers a frame) = (1 - p)^run = 1 - share.
    starts = rng.random((shape[0], shape[1] + run - 1, *shape[2:])) < 1.0 - (1.0 - share) ** (1.0 / run)
    covered = np.zeros(shape, bool)
    for back in range(run):
        covered |= starts[:, back : back + shape[1]]
    return covered


def _displacement(rng: np.random.Generator, count: int, limits: tuple[float, float]) -> NDArray:
    distance, angle = rng.uniform(*limits, count), rng.uniform(0.0, 2 * np.pi, count)
    return distance[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def _confidence(rng: np.random.Generator, error: NDArray, sigma: NDArray, outlier: NDArray) -> NDArray:
    """Like a detector's: high, a little lower for larger errors, much lower (but not always) for outliers."""
    confidence = np.ones(error.shape[:-1])
    if sigma.any():
        scale = np.maximum(sigma, 1e-9)[:, None, None]
        ratio = np.minimum(np.hypot(error[..., 0], error[..., 1]) / scale, 4.0)
        confidence = 0.95 - 0.05 * ratio + 0.03 * rng.standard_normal(confidence.shape)
    confidence[outlier] = rng.uniform(0.2, 0.9, int(outlier.sum()))
    return np.clip(confidence, 0.05, 1.0)


def _per_camera(value: float | Sequence[float], n_cameras: int, name: str) -> NDArray:
    values = np.asarray(value, float)
    if values.shape not in ((), (n_cameras,)) or not np.isfinite(values).all():
        raise KeypointError(
            f"{name} has shape {values.shape} for {n_cameras} cameras, or is not finite.",
            "Give one number, or one per camera in the order of the rig.",
            code="FAULTS_IMPOSSIBLE",
        )
    return np.broadcast_to(values, (n_cameras,)).copy()


def _check_time(points: Points3D, offset: NDArray, readout_s: float) -> None:
    if points.n_frames < 2 and (readout_s > 0 or (offset % 1).any()):
        raise KeypointError(
            f"{points.n_frames} frame cannot be shifted by a part of a frame.",
            "Give two frames or more.",
            code="FAULTS_IMPOSSIBLE",
        )


def _check(
    sigma: NDArray,
    shares: tuple[float, ...],
    runs: tuple[int, ...],
    outlier_px: tuple[float, float],
    readout_s: float,
) -> None:
    sound = (
        (sigma >= 0).all()
        and all(0 <= share <= 1 for share in shares)
        and all(run >= 1 for run in runs)
        and 0 <= outlier_px[0] <= outlier_px[1]
        and readout_s >= 0
    )
    if not sound:
        raise KeypointError(
            f"Faults with sigma {sigma}, shares {shares}, runs {runs}, outliers of {outlier_px} px and a readout of "
            f"{readout_s} s.",
            "Give shares of 0 to 1, runs of 1 frame or more, and widths of 0 or more.",
            code="FAULTS_IMPOSSIBLE",
        )
