"""Whether a camera of a calibration from points is late: its residuals then lie along the motion in its image.

A camera that shows the scene of k frames ago has every point k velocities behind. The refinement hides part of that,
because it moves the camera after the points; where the motion goes to and fro it cannot.
"""

import numpy as np
from numpy.typing import NDArray

from calibration.errors import SolverError

_LATE_FRAMES = 0.08  # as seen: the refinement hides three quarters of a true lag
_SDS = 6.0
_LEAST_FRAMES = 10
_JUMP = 5.0  # times the median pace


def body_velocity(pixels: NDArray) -> NDArray:
    """Return the median motion of all points, shape (camera, frame, 2), in px a frame; NaN where it is not known.

    Over the points that a camera saw both a frame before and a frame after.

    Parameters
    ----------
    pixels : ndarray, shape (camera, frame, point, 2)
        Of neighbouring frames.
    """
    answer = np.full((*pixels.shape[:2], 2), np.nan)
    step = (pixels[:, 2:] - pixels[:, :-2]) / 2.0
    camera, frame = np.nonzero(np.isfinite(step).all(axis=3).any(axis=2))
    answer[camera, frame + 1] = np.nanmedian(step[camera, frame], axis=1)
    return answer


def camera_lags(residuals: NDArray, velocity: NDArray) -> tuple[NDArray, NDArray]:
    """Return by how many frames each camera seems late, and the sd of that, both of shape (camera,).

    Parameters
    ----------
    residuals : ndarray, shape (camera, frame, point, 2)
        Seen minus expected, px; NaN where not kept.
    velocity : ndarray, shape (camera, frame, 2)
        `body_velocity` at these frames.
    """
    lags, sds = np.zeros(len(residuals)), np.full(len(residuals), np.inf)
    kept = np.isfinite(residuals).all(axis=3)
    count = kept.sum(axis=2)
    mean = np.where(kept[..., None], residuals, 0.0).sum(axis=2) / np.maximum(count, 1)[..., None]
    for camera, (off, speed) in enumerate(zip(mean, velocity, strict=True)):
        good = (count[camera] > 0) & np.isfinite(speed).all(axis=1)
        if good.sum() < _LEAST_FRAMES:
            continue
        # Recordings that were joined, and people that were taken for each other, jump.
        pace = np.linalg.norm(np.where(good[:, None], speed, 0.0), axis=1)
        good &= pace <= _JUMP * np.median(pace[good])
        weight = float((speed[good] ** 2).sum())
        if weight <= 0:
            continue
        lags[camera] = -float((off[good] * speed[good]).sum()) / weight
        left = off[good] + lags[camera] * speed[good]
        sds[camera] = float(np.sqrt((left**2).mean() / weight))
    return lags, sds


def check_lags(lags: NDArray, sds: NDArray, names: tuple[str, ...]) -> None:
    """Refuse cameras that are clearly late or early.

    Raises
    ------
    SolverError
        CAMERA_NOT_SYNCHRONOUS, naming the one that is most.
    """
    apart = lags - np.median(lags)
    bad = (np.abs(apart) > _LATE_FRAMES) & (np.abs(apart) > _SDS * sds)
    if not bad.any():
        return
    worst = int(np.where(bad, np.abs(apart), 0.0).argmax())
    word = "behind" if apart[worst] > 0 else "ahead of"
    raise SolverError(
        f"Camera '{names[worst]}' is not synchronous: its points are at least {abs(apart[worst]):.1f} frames {word} "
        "the others.",
        "Synchronise the recordings (same trigger, or the offset of each camera), and calibrate again.",
        code="CAMERA_NOT_SYNCHRONOUS",
    )
