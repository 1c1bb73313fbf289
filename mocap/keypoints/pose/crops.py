"""The part of an image that a top-down pose model sees, and the way back from its pixels to those of the image."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Crop:
    """An upright part of an image, enlarged or reduced by one factor; it may reach beyond the image.

    Attributes
    ----------
    centre : tuple of float
        In px of the image, whose origin is the centre of the top-left pixel.
    px_per_px : float
        Pixels of the image per pixel of the crop.
    size : tuple of int
        Width and height of the crop in px.
    udp : bool
        The model was trained with unbiased data processing: the middle of a crop is that of its pixels rather than
        the place at half its width, which is half a pixel further.
    """

    centre: tuple[float, float]
    px_per_px: float
    size: tuple[int, int]
    udp: bool = False

    @property
    def middle(self) -> NDArray:
        """The pixel of the crop that shows `centre`, shape (2,)."""
        return (np.array(self.size, float) - (1.0 if self.udp else 0.0)) / 2

    def to_image(self, pixels_crop: NDArray) -> NDArray:
        """Return where pixels of the crop lie in the image, shape (..., 2)."""
        return (pixels_crop - self.middle) * self.px_per_px + np.array(self.centre)

    def from_image(self, pixels: NDArray) -> NDArray:
        """Return where pixels of the image lie in the crop, shape (..., 2)."""
        return (pixels - np.array(self.centre)) / self.px_per_px + self.middle

    def cut(self, image: NDArray) -> NDArray:
        """Return the crop, bilinear; black where it reaches beyond the image."""
        offset = np.array(self.centre) - self.px_per_px * self.middle
        image_from_crop = np.column_stack((np.eye(2) * self.px_per_px, offset))
        return cv2.warpAffine(image, image_from_crop, self.size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def crop_of_box(box: NDArray, size: tuple[int, int], padding: float = 1.25, udp: bool = False) -> Crop:
    """Return the crop that shows a box with some padding, in the aspect of the model's input.

    Parameters
    ----------
    box : ndarray, shape (4,)
        Left, top, right, bottom in px.
    size : tuple of int
        Width and height of the model's input in px.
    padding : float
        Of both sides together, as a factor; pose models are trained with 1.25.
    udp : bool
        See `Crop`.
    """
    left, top, right, bottom = (float(edge) for edge in box)
    width, height = size
    wide = max(right - left, (bottom - top) * width / height) * padding
    return Crop(((left + right) / 2, (top + bottom) / 2), wide / (width - (1.0 if udp else 0.0)), size, udp)


def box_of_keypoints(pixels: NDArray, confidence: NDArray, least: float) -> NDArray | None:
    """Return the box around a person's keypoints, shape (4,), or None when too few are sure to follow somebody by.

    Parameters
    ----------
    pixels : ndarray, shape (keypoint, 2)
    confidence : ndarray, shape (keypoint,)
    least : float
        Confidence below which a keypoint does not count.
    """
    sure = np.isfinite(pixels).all(axis=1) & (confidence >= least)
    if sure.sum() < max(3, len(sure) // 4):
        return None
    low, high = pixels[sure].min(axis=0), pixels[sure].max(axis=0)
    if (high - low).max() < 8.0:
        return None  # a heap of keypoints on one spot is nobody
    return np.concatenate((low, high))


def whole_image(image: NDArray) -> NDArray:
    """Return the box of a whole image, shape (4,)."""
    return np.array([0.0, 0.0, image.shape[1] - 1.0, image.shape[0] - 1.0])
