"""Whether a camera that seems to have been bumped has rather lost frames, or runs late."""

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.in_use.step_systems import points_without

_FARTHEST = 15  # frames
_LOOKED_AT = 200  # frames on either side
_CAP = 14.0  # squared standard deviations: an outlier counts no more


def clock_explains(
    rig: CameraRig, pixels: NDArray, rays: NDArray, focal: NDArray, poses: NDArray, moved: NDArray, camera: int,
    frames: NDArray, points: NDArray, place: int, sigma_px: float,
) -> bool:  # fmt: skip
    """Return whether whole frames of shift before and after a moment leave less error than a bump at that moment.

    Parameters
    ----------
    rig : CameraRig
    pixels : ndarray, shape (camera, frame, keypoint, 2)
        All of them.
    rays : ndarray, shape (camera, time, point, 2)
        Of the `frames` and `points` that are looked at.
    focal : ndarray, shape (camera,)
    poses, moved : ndarray, shape (camera, time, 3, 4)
        Without and with the bump.
    camera : int
    frames, points : ndarray of int
    place : int
        First of `frames` after the bump.
    sigma_px : float
        Noise of a coordinate.
    """
    by_bump = by_clock = 0.0
    shifts = np.arange(-_FARTHEST, _FARTHEST + 1)
    for side in (np.arange(place), np.arange(place, len(frames))):
        part = side[:: max(len(side) // _LOOKED_AT, 1)]
        placed = points_without(rays[:, part], focal, poses[:, part], camera)
        when = frames[part] + shifts[:, None]
        inside = (when >= 0) & (when < pixels.shape[1])
        shown = pixels[camera][np.clip(when, 0, pixels.shape[1] - 1)[..., None], points]
        late = np.where(inside[..., None, None], rig.cameras[camera].undistort(shown)[0], np.nan)
        seen = _projected(placed, poses[camera, part])
        scale = float(focal[camera]) / sigma_px
        after = _projected(placed, moved[camera, part])
        # What cannot be asked at all shifts is left out for all alike; what a shift carries outside counts as wrong.
        by_bump += _loss(scale * (rays[camera, part] - after), np.isfinite(after + rays[camera, part]))
        known = np.isfinite(seen + rays[camera, part])
        by_clock += min(_loss(scale * (one - seen), known) for one in late)
    return by_clock < by_bump


def _projected(points: NDArray, poses: NDArray) -> NDArray:
    local = np.einsum("tij,tpj->tpi", poses[:, :, :3], points) + poses[:, None, :, 3]
    depth = np.where(local[..., 2:] > 0, local[..., 2:], np.nan)
    return np.asarray(local[..., :2] / depth)


def _loss(off: NDArray, known: NDArray) -> float:
    square = (off**2).sum(axis=-1)
    square = np.where(np.isfinite(square), np.minimum(square, _CAP), _CAP)
    return float(square[known.all(axis=-1)].sum())
