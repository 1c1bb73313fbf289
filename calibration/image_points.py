"""What all points in images have in common: the axes they begin with, and the checks at the door."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import checked_array
from calibration.errors import ShapeError


class ImagePoints:
    """Has `pixels`, whose first two axes are camera and frame, whatever comes between them and x, y."""

    pixels: NDArray

    @property
    def n_cameras(self) -> int:
        """Length of the camera axis."""
        return self.pixels.shape[0]

    @property
    def n_frames(self) -> int:
        """Length of the frame axis."""
        return self.pixels.shape[1]


def checked_pixels(pixels: Any, n_cameras: int, n_points: int, what: str) -> NDArray:
    """Return pixels as a read-only array, shape (camera, frame, point, 2), NaN where not seen.

    Parameters
    ----------
    pixels : array-like
    n_cameras, n_points : int
    what : str
        How an error calls a point, 'corner'.

    Raises
    ------
    ShapeError
        Of another shape, with infinite values, or with one coordinate alone.
    """
    checked = checked_array(pixels, "pixels", (n_cameras, "frame", n_points, 2))
    if np.isinf(checked).any() or (np.isnan(checked[..., 0]) != np.isnan(checked[..., 1])).any():
        raise ShapeError(
            f"pixels hold infinite values, or {what}s with only one of x and y.",
            f"Mark a {what} that was not seen by NaN in both coordinates.",
        )
    return checked


def checked_sizes(image_sizes: Any, n_cameras: int) -> NDArray[np.int64]:
    """Return widths and heights as a read-only array, shape (camera, 2), in px.

    Raises
    ------
    ShapeError
        Of another shape, or not all above 0.
    """
    sizes = checked_array(image_sizes, "image_sizes", (n_cameras, 2), np.int64)
    if (sizes <= 0).any():
        raise ShapeError(f"image_sizes {sizes.tolist()} are not all above 0 px.", "Give width and height in px.")
    return sizes
