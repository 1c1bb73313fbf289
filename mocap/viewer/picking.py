"""Which point the mouse is on, and what is known of it, in words. Needs no display."""

import numpy as np
from numpy.typing import NDArray

from mocap.viewer.layers import Quality, Scene
from mocap.viewer.parts import Parts

NEAR_PX = 9.0
_WORDS = {
    Quality.MEASURED: "measured",
    Quality.FILLED: "filled, not measured",
    Quality.EDITED: "edited by a reviewer",
    Quality.REJECTED: "rejected",
    Quality.HIDDEN: "missing here",
}


def picked(canvas_px: NDArray, depth: NDArray, shown: NDArray, at_px: NDArray, radius_px: float = 0.0) -> int:
    """Return the point that the mouse is on; -1 where it is on none.

    Of several points under the mouse the one in front counts; where it is beside all of them, the nearest.

    Parameters
    ----------
    canvas_px : ndarray, shape (point, 2)
        Where points are drawn.
    depth : ndarray, shape (point,)
        Larger is farther away.
    shown : ndarray of bool, shape (point,)
    at_px : ndarray, shape (2,)
        The mouse.
    radius_px : float
        Of a marker.
    """
    apart = np.where(shown, np.linalg.norm(canvas_px - at_px, axis=1), np.inf)
    on = apart <= radius_px
    if on.any():
        return int(np.argmin(np.where(on, depth, np.inf)))
    nearest = int(np.argmin(apart))
    return nearest if apart[nearest] <= max(NEAR_PX, radius_px) else -1


def point_words(scene: Scene, parts: Parts, cameras: tuple[str, ...], frame: int, name: str) -> str:
    """Return what is known of a point in a frame: where it is with its SD, how it came to be, and its worst view."""
    index = scene.names.index(name)
    quality = Quality(int(scene.quality[frame, index]))
    place = scene.position[frame, index]
    told = [name]
    if quality != Quality.HIDDEN:
        told.append(f"({', '.join(f'{value:.3f}' for value in place)}) m{_spread(parts.covariance(frame), index)}")
    told.append(_WORDS[quality])
    errors = parts.errors(frame)
    seen = np.isfinite(errors[:, index]) if len(errors) else np.zeros(0, bool)
    if seen.any():
        worst = int(np.nanargmax(errors[:, index]))
        camera = cameras[worst] if worst < len(cameras) else f"camera {worst}"
        told.append(f"{int(seen.sum())} views, worst {errors[worst, index]:.1f} px in {camera}")
    return "   ".join(told)


def _spread(covariance: NDArray, index: int) -> str:
    spread = np.sqrt(np.trace(covariance[index])) if len(covariance) else np.nan
    return f" ± {1000 * spread:.1f} mm" if np.isfinite(spread) else " (± unknown)"
