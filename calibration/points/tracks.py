"""Single points as all cameras saw them, frame by frame: markers of a wand, keypoints of a person."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import checked_array
from calibration.errors import ShapeError
from calibration.image_points import ImagePoints, checked_pixels, checked_sizes


@dataclass(frozen=True, eq=False)
class PointTracks(ImagePoints):
    """Named points in the images of synchronised cameras.

    Attributes
    ----------
    pixels : ndarray, shape (camera, frame, point, 2)
        In px, the centre of the top-left pixel at (0, 0); NaN where not seen.
    camera_names : tuple of str
    image_sizes : ndarray of int, shape (camera, 2)
        Width and height in px.
    point_names : tuple of str
    exchanged : ndarray of int, shape (point,)
        Which point each one is when a detector takes the two ends of a wand, or left and right of a person, for
        each other: `exchanged[i]` is the point then found under the name of `i`. Its own place for those that are
        never mistaken.
    labelled : bool
        Whether the names can be believed at large. When False, which of the two orders a view has is not known.
    """

    pixels: NDArray
    camera_names: tuple[str, ...]
    image_sizes: NDArray
    point_names: tuple[str, ...]
    exchanged: NDArray
    labelled: bool = True

    def __post_init__(self) -> None:
        names, points = tuple(map(str, self.camera_names)), tuple(map(str, self.point_names))
        if len(names) < 2 or len(set(names)) < len(names) or len(set(points)) < len(points):
            raise ShapeError(
                f"The cameras {list(names)} or points {list(points)} are doubled, or fewer than two cameras.",
                "Name every camera and every point once; two cameras at least.",
            )
        pixels = checked_pixels(self.pixels, len(names), len(points), "point")
        sizes = checked_sizes(self.image_sizes, len(names))
        exchanged = checked_array(self.exchanged, "exchanged", (len(points),), np.int64)
        if not np.array_equal(np.sort(exchanged), np.arange(len(points))):
            raise ShapeError("exchanged is no permutation of the points.", "Give the place of each point's partner.")
        for name, value in (("camera_names", names), ("point_names", points), ("pixels", pixels)):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "image_sizes", sizes)
        object.__setattr__(self, "exchanged", exchanged)

    @property
    def n_points(self) -> int:
        """Length of the point axis."""
        return self.pixels.shape[2]

    @property
    def seen(self) -> NDArray:
        """Which points were seen, shape (camera, frame, point)."""
        return np.isfinite(self.pixels).all(axis=-1)

    def with_pixels(self, pixels: NDArray) -> "PointTracks":
        """Return the same points with other pixels."""
        return replace(self, pixels=pixels)

    def frames(self, chosen: NDArray) -> "PointTracks":
        """Return some frames alone; `chosen` are their positions."""
        return replace(self, pixels=self.pixels[:, chosen])

    def thinned(self, most: int) -> "tuple[PointTracks, NDArray]":
        """Return at most so many frames spread evenly over those with a point that two cameras saw, and which."""
        useful = np.flatnonzero((self.seen.sum(axis=0) >= 2).any(axis=1))
        if len(useful) > most:
            useful = useful[np.unique(np.linspace(0, len(useful) - 1, most).round().astype(int))]
        return self.frames(useful), useful


@dataclass(frozen=True)
class KnownLength:
    """A distance between two points of which the length was measured.

    Attributes
    ----------
    one, other : int
        Places of the points.
    length_m, sd_m : float
    """

    one: int
    other: int
    length_m: float
    sd_m: float

    def __post_init__(self) -> None:
        sound = np.isfinite(self.length_m) and self.length_m > 0 and np.isfinite(self.sd_m) and self.sd_m > 0
        if not sound or self.one == self.other or self.length_m > 5.0:
            raise ShapeError(
                f"A known length of {self.length_m} +- {self.sd_m} m between points {self.one} and {self.other}.",
                "Give a length between two different points in metres and a standard deviation above 0.",
            )
