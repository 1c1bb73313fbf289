"""What finds keypoints in the images of one camera: the one protocol of all detectors."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import checked_array


@dataclass(frozen=True, eq=False)
class Detection:
    """What one image shows.

    Attributes
    ----------
    pixels : ndarray, shape (person, keypoint, 2)
        Origin in the centre of the top-left pixel; NaN is missing. No person: shape (0, keypoint, 2).
    confidence : ndarray, shape (person, keypoint)
        In [0, 1]; 0 where missing.
    """

    pixels: NDArray
    confidence: NDArray

    def __post_init__(self) -> None:
        pixels = checked_array(self.pixels, "pixels", ("person", "keypoint", 2))
        object.__setattr__(self, "pixels", pixels)
        confidence = checked_array(self.confidence, "confidence", pixels.shape[:2])
        object.__setattr__(self, "confidence", np.where(np.isfinite(pixels).all(axis=2), confidence, 0.0))


class Detector(Protocol):
    """Finds named keypoints in the images of one camera, which come in order; it may remember the last one.

    Make one per camera: nothing of it is shared, and it need not survive being sent to another process.

    Attributes
    ----------
    names : tuple of str
        Keypoint names.
    colour : bool
        Whether it wants images of shape (height, width, 3), BGR, rather than gray ones of shape (height, width).
    """

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def colour(self) -> bool: ...

    def detect(self, image: NDArray) -> Detection:
        """Return what the next image, uint8, shows."""
        ...
