"""By how many frames a camera is late: whole frames by search, parts of a frame by least squares.

A late camera misses the others along the way that things move, and most where they move fast. Sub-frame shifts use
lines between frames; the estimate is where a further shift explains nothing any more, so that the noise of the speeds
does not draw it to zero.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.in_use.agreement import median_px
from calibration.in_use.change_systems import LATE, change_systems, speeds
from calibration.triangulation import sampson_distance_px

_FARTHEST = 30  # frames
_SEARCH_POINTS = 1000
_CLEARLY = 0.9  # of the distance without a shift
_STEPS = 4
_SETTLED = 0.01
_GIVE = np.array([1e-3, 1e-3, 1e-3, 3e-3, 3e-3, 3e-3, 1e-3, 30.0])  # sd of rotation, position, focal length; frames


@dataclass(frozen=True)
class Lateness:
    """How late a camera is.

    Attributes
    ----------
    frames : float
        Its frame i shows what the others show in frame i - `frames`.
    sd : float
    before_px, after_px : float
        By how much it misses the others without and with that shift, as the sigma of a coordinate.
    """

    frames: float
    sd: float
    before_px: float
    after_px: float


def late_by(rig: CameraRig, pixels: NDArray, frames: NDArray, camera: int) -> Lateness | None:
    """Estimate how late one camera is against the others.

    Parameters
    ----------
    rig : CameraRig
    pixels : ndarray, shape (camera, time, point, 2)
        Of all frames; NaN where not seen.
    frames : ndarray of int, shape (chosen,)
        Places on the time axis to look at.
    camera : int

    Returns
    -------
    Lateness or None
        None where the camera shares too few points with the others.
    """
    others = [index for index in range(len(rig)) if index != camera]
    few = frames[:: max(1, len(frames) * pixels.shape[2] // _SEARCH_POINTS)]
    rays = {index: rig.cameras[index].undistort(pixels[index, few])[0] for index in others}
    whole = np.arange(-_FARTHEST, _FARTHEST + 1)
    apart = np.array([_apart(rig, rays, camera, shifted(pixels[camera], few, float(k))) for k in whole])
    if np.isnan(apart[_FARTHEST]):
        return None
    best = int(np.nanargmin(apart))
    late = float(whole[best]) if apart[best] < _CLEARLY * apart[_FARTHEST] else 0.0
    sd = np.inf
    for _ in range(_STEPS):
        # The neighbours of each frame too, for the speeds.
        moved = pixels[:, frames].copy()
        moved[camera] = shifted(pixels[camera], frames, late)
        systems = change_systems(rig, moved, _speeds(pixels, frames, camera, late))
        if systems is None:
            return None
        # Someone who walks evenly looks late to a camera that stands a little off: its pose may give way as far as
        # calibrations err.
        whole = systems.matrix[camera].sum(axis=0) + np.diag(systems.sigma2 / _GIVE**2)
        inverse = np.linalg.pinv(whole, hermitian=True)
        if not inverse[LATE, LATE] > 0 or not systems.matrix[camera, :, LATE, LATE].sum() > 0:
            return None
        sd = float(np.sqrt(systems.sigma2 * inverse[LATE, LATE]))
        step = float(np.clip(inverse[LATE] @ systems.gradient[camera].sum(axis=0), -3.0, 3.0))
        late += step
        if abs(step) < _SETTLED:
            break
    after = _apart(rig, rays, camera, shifted(pixels[camera], few, late))
    return Lateness(late, sd, float(apart[_FARTHEST]), after)


def shifted(pixels: NDArray, frames: NDArray, late: float) -> NDArray:
    """Return what a camera that is late shows of some frames of the others, shape (chosen, point, 2); NaN outside.

    Parameters
    ----------
    pixels : ndarray, shape (time, point, 2)
    frames : ndarray of int, shape (chosen,)
    late : float
    """
    when = frames + late
    low = np.floor(when).astype(int)
    share = (when - low)[:, None, None]
    inside = (low >= 0) & (low + (share[:, 0, 0] > 0) < len(pixels))
    one, other = (np.clip(low + more, 0, len(pixels) - 1) for more in (0, 1))
    answer = np.where(share > 0, pixels[one] * (1 - share) + pixels[other] * share, pixels[one])
    return np.where(inside[:, None, None], answer, np.nan)


def _speeds(pixels: NDArray, frames: NDArray, camera: int, late: float) -> NDArray:
    answer = speeds(pixels, frames)
    answer[camera] = speeds(pixels[camera : camera + 1], np.rint(frames + late).astype(int))[0]
    return answer


def _apart(rig: CameraRig, rays: dict[int, NDArray], camera: int, pixels: NDArray) -> float:
    own = rig.cameras[camera].undistort(pixels)[0]
    found = [median_px(sampson_distance_px(rig.cameras[camera], rig.cameras[i], own, other))
             for i, other in rays.items()]  # fmt: skip
    known = [value for value in found if np.isfinite(value)]
    return float(np.sqrt(np.mean(np.square(known)))) if known else float("nan")
