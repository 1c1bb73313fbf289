"""How footage can have been changed since its camera was calibrated, and the way back: turned, mirrored, rescaled.

Pixels have their origin in the centre of the top-left pixel; `size` is always that of the calibrated image.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_STANDARD_HEIGHTS = (480, 540, 720, 900, 960, 1080, 1200, 1440, 1536, 2160)
_LARGEST_FACTOR = 3.2


@dataclass(frozen=True)
class ImageChange:
    """A change that was made to all images of a camera.

    Attributes
    ----------
    kind : str
        'turned' (by `value` degrees clockwise: 90, 180, 270), 'mirrored' (left and right exchanged), 'flipped' (top
        and bottom exchanged), 'scaled' (`value` times as large) or 'cropped'.
    value : float
    shift_px : tuple of float
        Cropped: by how much everything lies farther to the right and down.
    """

    kind: str
    value: float = 0.0
    shift_px: tuple[float, float] = (0.0, 0.0)

    def describe(self) -> str:
        """Return what was done, as a participle."""
        if self.kind == "turned":
            return f"turned by {self.value:.0f} deg"
        if self.kind == "cropped":
            return f"cropped (shifted by {self.shift_px[0]:+.0f} px to the right and {self.shift_px[1]:+.0f} px down)"
        return f"scaled by {self.value:.4g}" if self.kind == "scaled" else self.kind

    @property
    def reflects(self) -> bool:
        """Whether left and right of what is seen are exchanged."""
        return self.kind in ("mirrored", "flipped")


def restored(pixels: NDArray, change: ImageChange, size: tuple[int, int]) -> NDArray:
    """Return where pixels of changed footage lie in the images of the calibrated camera.

    Parameters
    ----------
    pixels : ndarray, shape (..., 2)
    change : ImageChange
    size : tuple of int
        Width and height of the calibrated image.
    """
    x, y = pixels[..., 0], pixels[..., 1]
    right, bottom = size[0] - 1.0, size[1] - 1.0
    if change.kind == "cropped":
        return np.asarray(pixels) - change.shift_px
    if change.kind == "scaled":
        return (np.asarray(pixels) + 0.5) / change.value - 0.5
    back: dict[tuple[str, float], Callable[[], tuple[NDArray, NDArray]]] = {
        ("turned", 90.0): lambda: (y, bottom - x),
        ("turned", 180.0): lambda: (right - x, bottom - y),
        ("turned", 270.0): lambda: (right - y, x),
        ("mirrored", 0.0): lambda: (right - x, y),
        ("flipped", 0.0): lambda: (x, bottom - y),
    }
    return np.stack(back[change.kind, float(change.value)](), axis=-1)


def possible_turns() -> tuple[ImageChange, ...]:
    """Return every turn and reflection."""
    turns = tuple(ImageChange("turned", angle) for angle in (90.0, 180.0, 270.0))
    return (*turns, ImageChange("mirrored"), ImageChange("flipped"))


def possible_scales() -> tuple[ImageChange, ...]:
    """Return the changes of size between usual heights of video."""
    factors = {one / other for one in _STANDARD_HEIGHTS for other in _STANDARD_HEIGHTS if one != other}
    return tuple(ImageChange("scaled", f) for f in sorted(factors) if 1 / _LARGEST_FACTOR < f < _LARGEST_FACTOR)
