"""The scale of a rig that points alone have calibrated, and what it does to the covariance of the cameras.

Points fix a rig up to its size. The refinement holds the size at any value; a known length then sets it, and how
uncertain that is moves all cameras to and from the volume together. First order.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.errors import CalibrationError
from calibration.points.tracks import KnownLength
from calibration.solve.bundle_system import N_CAMERA, N_LENS
from calibration.world.estimates import estimate_points
from calibration.world.fit import inflation

_LEAST_FRAMES = 5
_OUTLIER_SIGMAS = 4.0
_MOST_PLACES = 60


@dataclass(frozen=True, eq=False)
class SizeEstimate:
    """What known lengths say of the size of a rig.

    Attributes
    ----------
    factor : float
        What every length of the rig has to be multiplied by.
    relative_sd : float
        Of what the cameras do not explain: the known length's own uncertainty and the noise of the points.
    by_camera : ndarray, shape (camera * 18,)
        How the logarithm of the factor follows the camera parameters.
    spread : float
        Relative sd of single frames about the mean: how well the length keeps.
    n_frames : int
    noise : float
        As `spread`, by the noise of the points alone.
    """

    factor: float
    relative_sd: float
    by_camera: NDArray
    spread: float
    n_frames: int
    noise: float = 0.0


def size_from_length(
    rig: CameraRig, pixels: NDArray, length: KnownLength, sigma_px: float, name: str, variance_ratio: float = 1.0
) -> SizeEstimate:
    """Measure a known length in all frames.

    Parameters
    ----------
    rig : CameraRig
        In any scale.
    pixels : ndarray, shape (camera, frame, point, 2)
        Without outliers; NaN where not seen.
    length : KnownLength
    sigma_px : float
        Noise of one coordinate.
    name : str
        For the error text.
    variance_ratio : float
        By how much the mean of many frames varies more than independent errors would leave it.

    Raises
    ------
    CalibrationError
        SCALE_UNKNOWN when fewer than 5 frames show both points to two cameras.
    """
    n_frames = pixels.shape[1]
    pair = pixels[:, :, [length.one, length.other]].reshape(len(rig), 2 * n_frames, 2)
    found = estimate_points(rig, pair, sigma_px)
    there = np.isfinite(found.points).all(axis=1).reshape(n_frames, 2).all(axis=1)
    between = np.where(there[:, None], found.points[0::2] - found.points[1::2], 1.0)
    lengths = np.linalg.norm(between, axis=1)
    along = between / lengths[:, None]
    alone = found.alone[0::2] + found.alone[1::2]
    variance = np.einsum("fi,fij,fj->f", along, alone, along)
    # Noise across the length makes it longer on average.
    lengths = lengths - (np.einsum("fii->f", alone) - variance) / (2 * lengths)
    good = np.flatnonzero(there & (lengths > 0) & (variance > 0))
    if len(good) >= _LEAST_FRAMES:
        off = np.abs(lengths[good] - np.median(lengths[good]))
        limit = np.maximum(np.sqrt(variance[good]), 1.4826 * np.median(off))
        good = good[off <= _OUTLIER_SIGMAS * limit]
    if len(good) < _LEAST_FRAMES:
        raise CalibrationError(
            f"The known length {name} is measured in {len(good)} frames, {_LEAST_FRAMES} at least are needed.",
            "Give a length between two keypoints that several cameras see at once.",
            code="SCALE_UNKNOWN",
        )
    weight = 1.0 / variance[good] / (1.0 / variance[good]).sum()
    mean = float(weight @ lengths[good])
    chi2 = float(((lengths[good] - mean) ** 2 / variance[good]).sum())
    grow = max(inflation(chi2, len(good) - 1), float(np.sqrt(variance_ratio)))
    sd = grow / np.sqrt((1.0 / variance[good]).sum())
    slope = np.einsum("f,fi,fin->n", weight, along[good], found.by_camera[2 * good] - found.by_camera[2 * good + 1])
    return SizeEstimate(
        length.length_m / mean, float(np.hypot(length.sd_m / length.length_m, sd / mean)), -slope / mean,
        float(np.std(lengths[good]) / mean), len(good), float(np.sqrt(np.median(variance[good])) / mean),
    )  # fmt: skip


def growth(cam_from_root: NDArray) -> NDArray:
    """Return how camera parameters move when the rig grows about the root's origin, shape (camera * 18,)."""
    answer = np.zeros((len(cam_from_root), N_CAMERA))
    answer[:, N_LENS + 3 :] = cam_from_root[:, :3, 3]
    return answer.reshape(-1)


def covariance_with_size(
    camera_covariance: NDArray, cam_from_root: NDArray, relative_sd: float, by_camera: NDArray | None = None
) -> NDArray:
    """Return the covariance of all camera parameters with that of the size, shape (camera * 18, camera * 18).

    Parameters
    ----------
    camera_covariance : ndarray, shape (camera * 18, camera * 18)
        With the size held, or fixed by an object whose size counted as exact.
    cam_from_root : ndarray, shape (camera, 4, 4)
    relative_sd : float
        Of the size, apart from the cameras.
    by_camera : ndarray, shape (camera * 18,), optional
        `SizeEstimate.by_camera`.
    """
    direction = growth(cam_from_root)
    whole = np.eye(len(direction))
    if by_camera is not None:
        whole = whole + np.outer(direction, by_camera)
    answer = whole @ camera_covariance @ whole.T + relative_sd**2 * np.outer(direction, direction)
    return np.asarray(0.5 * (answer + answer.T))


def size_sd(rig: CameraRig, camera_covariance: NDArray, points: NDArray) -> float:
    """Return the relative standard deviation of lengths that the rig measures among points in its volume.

    Parameters
    ----------
    rig : CameraRig
    camera_covariance : ndarray, shape (camera, 18, camera, 18)
    points : ndarray, shape (point, 3)
        In the frame of the rig, m.

    Returns
    -------
    float
        Of the size of all points together; NaN when no four of them are inside two images.
    """
    points = points[:: max(len(points) // _MOST_PLACES, 1)]
    pixels = rig.project(points)
    sizes = np.array([camera.size for camera in rig])[:, None]
    with np.errstate(invalid="ignore"):
        pixels[~((pixels >= -0.5) & (pixels <= sizes - 0.5)).all(axis=2)] = np.nan
    good = np.isfinite(pixels[..., 0]).sum(axis=0) >= 2
    if good.sum() < 4:
        return float("nan")
    found = estimate_points(rig, pixels[:, good], 1.0)
    off = points[good] - points[good].mean(axis=0)
    by_camera = np.einsum("pi,pin->n", off, found.by_camera) / (off**2).sum()
    return float(np.sqrt(max(by_camera @ camera_covariance.reshape(len(by_camera), -1) @ by_camera, 0.0)))
