"""Keypoints of several people per camera and frame, as detectors report them: in no particular order."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import checked_array
from calibration.image_points import ImagePoints
from mocap.errors import ShapeError
from mocap.trial import Keypoints2D


@dataclass(frozen=True, eq=False)
class PeopleKeypoints(ImagePoints):
    """What the cameras saw of several people; the same place in two frames or cameras need not be the same person.

    Attributes
    ----------
    pixels : ndarray, shape (camera, time, person, keypoint, 2)
        Origin in the centre of the top-left pixel; NaN is missing. A camera that saw fewer people than the most in
        the file has NaN in the last places.
    confidence : ndarray, shape (camera, time, person, keypoint)
        In [0, 1]; 0 where missing.
    names : tuple of str
        Keypoint names.
    rate_hz : float
    """

    pixels: NDArray
    confidence: NDArray
    names: tuple[str, ...]
    rate_hz: float

    def __post_init__(self) -> None:
        names = tuple(self.names)
        dtype = np.float32 if np.asarray(self.pixels).dtype == np.float32 else np.float64
        pixels = checked_array(self.pixels, "pixels", ("camera", "time", "person", len(names), 2), dtype)
        if pixels.shape[2] == 0:
            raise ShapeError("People keypoints without a place for a person.", "Give at least one, filled with NaN.")
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "pixels", pixels)
        object.__setattr__(self, "confidence", checked_array(self.confidence, "confidence", pixels.shape[:4], dtype))
        self.person(0)  # checks names, confidence and rate as Keypoints2D does

    @property
    def n_people(self) -> int:
        """Most people that one camera saw in one frame."""
        return self.pixels.shape[2]

    @property
    def people_seen(self) -> NDArray:
        """How many people each camera saw, shape (camera, time)."""
        return np.isfinite(self.pixels).all(axis=-1).any(axis=-1).sum(axis=-1)

    def person(self, index: int) -> Keypoints2D:
        """Return the people in one place of the axis, whoever they are."""
        return Keypoints2D(self.pixels[:, :, index], self.confidence[:, :, index], self.names, self.rate_hz)

    def chosen(self, person: NDArray) -> Keypoints2D:
        """Return one person per camera and frame.

        Parameters
        ----------
        person : ndarray of int, shape (camera, time)
            Place on the person axis; -1 is nobody.
        """
        cameras, frames = np.indices(person.shape)
        nobody = np.asarray(person) < 0
        pixels = np.array(self.pixels[cameras, frames, np.where(nobody, 0, person)])
        confidence = np.array(self.confidence[cameras, frames, np.where(nobody, 0, person)])
        pixels[nobody], confidence[nobody] = np.nan, 0.0
        return Keypoints2D(pixels, confidence, self.names, self.rate_hz)
