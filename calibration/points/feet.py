"""The floor under a person who walked for the calibration: contacts of the feet as landmarks of a world."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.errors import CalibrationError
from calibration.points.result import PointCalibration
from calibration.points.start import robust_points
from calibration.rigid import apply, inverse
from calibration.world import Landmarks, WorldChoice, landmark_frame, rig_in_world
from calibration.world.feet import contact_spans

_SMOOTH_S = 0.15
_LEAST_CONTACTS = 6
_LEAST_SIGMA_PX = 0.05
_FAR_SIGMAS = 4.0


def rig_on_feet(
    rig: CameraRig,
    pixels: NDArray,
    kinds: Sequence[str],
    rate_hz: float,
    sigma_px: float,
    volume: NDArray,
    heights_m: Sequence[float] | None = None,
) -> CameraRig:
    """Return the rig in the world whose floor is the plane through the contacts of the feet.

    Parameters
    ----------
    rig : CameraRig
        Of any world, with its covariance.
    pixels : ndarray, shape (camera, frame, foot point, 2)
        Heels and toes in every frame of the recording; NaN where not seen.
    kinds : sequence of str
        What each point is: points of one kind touch the floor at one height.
    rate_hz : float
    sigma_px : float
        Noise of one coordinate in one frame.
    volume : ndarray, shape (point, 3)
        Places in the capture volume, in the world of the rig, m.
    heights_m : sequence of float, optional
        Height of each point over the sole; not known when left out, and then said in the notes.

    Raises
    ------
    CalibrationError
        FEET_TOO_FEW when the feet stood still in fewer than 6 places, and what `world.landmark_frame` refuses.
    """
    points = _smoothed(robust_points(rig, pixels), max(round(_SMOOTH_S * rate_hz), 1))
    spans = contact_spans(points, rate_hz)
    if len(spans) < _LEAST_CONTACTS:
        raise CalibrationError(
            f"The feet stood still in {len(spans)} places, {_LEAST_CONTACTS} at least are needed for a floor.",
            "Walk slowly through the whole volume, or stand in several places for a second each.",
            code="FEET_TOO_FEW",
        )
    landmarks = _landmarks(rig, pixels, spans, kinds, sigma_px, heights_m)
    choice = WorldChoice(kind="feet", file="keypoints")
    return rig_in_world(rig, landmark_frame(choice, rig, landmarks, rig.covariance, volume))


def in_world_of(found: PointCalibration, rig: CameraRig) -> PointCalibration:
    """Return a calibration whose cameras and points are in the world of `rig`, the same cameras in another world."""
    new_from_old = inverse(rig.cameras[0].cam_from_world) @ found.rig.cameras[0].cam_from_world
    return replace(found, rig=rig, points=apply(new_from_old, found.points))


def _smoothed(points: NDArray, width: int) -> NDArray:
    """Mean over `width` frames before and after of those that are there."""
    there = np.isfinite(points).all(axis=2)
    sums = np.insert(np.cumsum(np.where(there[..., None], points, 0.0), axis=0), 0, 0.0, axis=0)
    count = np.insert(np.cumsum(there, axis=0), 0, 0, axis=0)
    low = np.maximum(np.arange(len(points)) - width, 0)
    high = np.minimum(np.arange(len(points)) + width + 1, len(points))
    n = (count[high] - count[low])[..., None]
    return np.where(there[..., None] & (n > 0), (sums[high] - sums[low]) / np.maximum(n, 1), np.nan)


def _landmarks(
    rig: CameraRig,
    pixels: NDArray,
    spans: list[tuple[int, int, int]],
    kinds: Sequence[str],
    sigma_px: float,
    heights_m: Sequence[float] | None,
) -> Landmarks:
    """Each contact as the median pixel of each camera that saw it through at least half of the contact."""
    n = len(spans)
    places = np.full((len(pixels), n, 2), np.nan)
    frames = np.ones(n)
    for row, (key, first, last) in enumerate(spans):
        own = pixels[:, first:last, key]
        count = np.isfinite(own).all(axis=2).sum(axis=1)
        for camera in np.flatnonzero(2 * count >= max(last - first, 2)):
            places[camera, row] = np.nanmedian(own[camera], axis=0)
        frames[row] = max(float(np.median(count[count > 0])) if count.any() else 1.0, 1.0)
    # A camera that took one foot for the other.
    off = np.linalg.norm(rig.project(robust_points(rig, places)) - places, axis=2)
    places[np.nan_to_num(off) > _FAR_SIGMAS * sigma_px] = np.nan
    nothing = np.full((n, 3), np.nan)
    height = np.full(n, np.nan) if heights_m is None else np.array([heights_m[key] for key, *_ in spans], float)
    # A median of m is as noisy as a mean of 2 m / pi.
    sigma = sigma_px * float(np.sqrt(np.pi / 2 / np.median(frames)))
    return Landmarks(
        tuple(f"contact {row + 1}" for row in range(n)), places, nothing, np.zeros(n), nothing, np.zeros(n),
        ("",) * n, tuple(kinds[key] for key, *_ in spans), height, max(sigma, _LEAST_SIGMA_PX),
    )  # fmt: skip
