"""Round markers in one image: spots that stand out of their surroundings, each fitted as a soft ellipse.

The centre of the ellipse is not quite the image of the disc's centre, as what is nearer looks larger: the difference
is about r sin(t) r / (2 z) for a disc of radius r (its image r px) at distance z seen at t from its normal, 0.005 px
for a disc of 10 mm in 3 m (5 px); it is left uncorrected, as it needs the disc's orientation. The centre of a disc
that moves is that of mid-exposure.
"""

from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.arrays import checked_array
from mocap.errors import ShapeError
from mocap.keypoints.markers.options import BlobOptions
from mocap.keypoints.markers.region_kernels import grow_regions
from mocap.keypoints.markers.spot_kernels import fit_spots
from mocap.keypoints.markers.start_kernels import MEMORY

SINGLE, SPLIT, MERGED = 0, 1, 2
_PEAK_SHARE = 0.5  # of the contrast: a small spot's peak is flattened by the blur and by half the resolution
_TURNS = 8  # frames until what was no marker and does not move is looked at again


@dataclass(frozen=True, eq=False)
class Blobs:
    """Spots of one image.

    Attributes
    ----------
    centre_px : ndarray, shape (blob, 2)
        Origin in the centre of the top-left pixel.
    axes_px : ndarray, shape (blob, 2)
        Half axes, the larger one first.
    angle : ndarray, shape (blob,)
        Direction of the larger axis from the image's x towards its y, rad, within -pi/2 to pi/2.
    contrast : ndarray, shape (blob,)
        Gray levels between the spot and its surroundings, positive for bright ones.
    softness_px : ndarray, shape (blob,)
        Standard deviation of the blur of the edge.
    residual : ndarray, shape (blob,)
        Rms of the fit over the contrast: 0 is a perfect ellipse.
    sd_px : ndarray, shape (blob,)
        Of u and of v (root mean square of the two); inf for a merged spot, whose centre is no marker's.
    kind : ndarray of uint8, shape (blob,)
        `SINGLE`, `SPLIT` (one of two that touch) or `MERGED` (markers that could not be told apart, or one that is
        half hidden: never to be used as a position).
    """

    centre_px: NDArray
    axes_px: NDArray
    angle: NDArray
    contrast: NDArray
    softness_px: NDArray
    residual: NDArray
    sd_px: NDArray
    kind: NDArray

    def __post_init__(self) -> None:
        n = len(self.centre_px)
        for part in fields(self):
            shape = (n, 2) if part.name in ("centre_px", "axes_px") else (n,)
            dtype = np.uint8 if part.name == "kind" else np.float64
            object.__setattr__(self, part.name, checked_array(getattr(self, part.name), part.name, shape, dtype))

    def __len__(self) -> int:
        return len(self.centre_px)

    @property
    def area_px(self) -> NDArray:
        """Shape (blob,)."""
        return np.pi * self.axes_px.prod(axis=1)

    @property
    def roundness(self) -> NDArray:
        """Smaller over larger axis, shape (blob,)."""
        return self.axes_px[:, 1] / self.axes_px[:, 0]

    @property
    def usable(self) -> NDArray:
        """Whether the centre is that of one marker, shape (blob,)."""
        return self.kind != MERGED

    def chosen(self, index: NDArray) -> "Blobs":
        """Return the spots of an index or mask."""
        return Blobs(**{part.name: getattr(self, part.name)[index] for part in fields(self)})

    def moved(self, shift_px: NDArray) -> "Blobs":
        """Return the same spots with another origin of the image."""
        parts = {part.name: getattr(self, part.name) for part in fields(self)}
        return Blobs(**(parts | {"centre_px": self.centre_px + shift_px}))


_NONE = np.zeros(0)
NO_BLOBS = Blobs(np.zeros((0, 2)), np.zeros((0, 2)), _NONE, _NONE, _NONE, _NONE, _NONE, np.zeros(0, np.uint8))


def joined(parts: list[Blobs]) -> Blobs:
    """Return all spots of several lists."""
    if not parts:
        return NO_BLOBS
    names = [field.name for field in fields(Blobs)]
    return Blobs(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


_DEFAULT = BlobOptions()


class BlobMemory:
    """What a camera's last image showed: fits start from there, and what stood there and was none is passed over."""

    def __init__(self) -> None:
        self.known = np.zeros((0, MEMORY))
        self.labels = np.zeros((0, 0), np.int32)
        self.turn = 0


def find_blobs(gray: NDArray, options: BlobOptions = _DEFAULT, memory: BlobMemory | None = None) -> Blobs:
    """Find round spots and measure their centres.

    Parameters
    ----------
    gray : ndarray of uint8, shape (height, width)
    options : BlobOptions
    memory : BlobMemory, optional
        Of the camera's last image with the same options; brought up to date.

    Returns
    -------
    Blobs
        From the brightest down. What is too large, too small, too long or no ellipse is left out, as are spots
        that touch the image's border; spots that may be markers but have no sound centre are there as `MERGED`.

    Raises
    ------
    ShapeError
        When the image is not gray and uint8.
    """
    gray = np.asarray(gray)
    if gray.ndim != 2 or gray.dtype != np.uint8:
        raise ShapeError(
            f"An image of shape {gray.shape} and type {gray.dtype}.", "Pass gray images of type uint8, (height, width)."
        )
    memory = memory or BlobMemory()
    if options.polarity == "auto":
        bright, dark = _bright(gray, options, BlobMemory()), _dark(gray, options, BlobMemory())
        return bright if _weight(bright) >= _weight(dark) else dark
    return (_bright if options.polarity == "bright" else _dark)(gray, options, memory)


def _weight(blobs: Blobs) -> float:
    return float(np.abs(blobs.contrast[blobs.kind == SINGLE]).sum())


def _dark(gray: NDArray, options: BlobOptions, memory: BlobMemory) -> Blobs:
    found = _bright(cv2.bitwise_not(gray), options, memory)
    parts = {part.name: getattr(found, part.name) for part in fields(found)}
    return Blobs(**(parts | {"contrast": -found.contrast}))


def _bright(gray: NDArray, options: BlobOptions, memory: BlobMemory) -> Blobs:
    gray = np.ascontiguousarray(gray)
    half = _halved(gray)
    floor = _floor(half, options.max_radius_px)
    smooth = cv2.GaussianBlur(gray, (3, 3), 0)
    if memory.labels.shape == gray.shape:
        memory.labels.fill(0)
    else:
        memory.labels, memory.known, memory.turn = np.zeros(gray.shape, np.int32), memory.known[:0], 0
    # The region ends half-way up the edge, and is as much larger as the blur makes it.
    longest = 2 * (options.max_radius_px * (2.0 if options.split else 1.0) + 2)
    area = np.pi * (options.max_radius_px + 2) ** 2 * (2.0 if options.split else 1.0)
    sizes = np.array([longest, area, max(2.0, 2 * options.min_radius_px - 1)])
    regions = grow_regions(smooth, floor, _peaks(smooth, half, floor, options), sizes, memory.labels)
    limits = np.array(
        [options.min_radius_px, options.max_radius_px, options.max_elongation, options.min_contrast,
         options.max_residual, options.max_sd_px, float(options.split)]
    )  # fmt: skip
    memory.turn = (memory.turn + 1) % _TURNS
    rows, memory.known = fit_spots(gray, memory.labels, regions, limits, memory.known, memory.turn == 0)
    return _blobs(rows)


def _halved(gray: NDArray) -> NDArray:
    """Return the image at half its resolution."""
    height, width = gray.shape
    size = ((width + 1) // 2, (height + 1) // 2)
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8)


def _floor(half: NDArray, max_radius_px: float) -> NDArray:
    """Return the image, at half its resolution, without what is narrower than the largest marker."""
    size = int(np.ceil(max_radius_px)) + 3
    return np.asarray(cv2.morphologyEx(half, cv2.MORPH_OPEN, np.ones((size, size), np.uint8)), np.uint8)


def _peaks(smooth: NDArray, half: NDArray, floor: NDArray, options: BlobOptions) -> NDArray:
    """Columns and rows of the local maxima that stand out of the floor, the brightest first, shape (peak, 2)."""
    height, width = smooth.shape
    high = (cv2.subtract(half, floor) > _PEAK_SHARE * options.min_contrast).view(np.uint8)
    top = cv2.compare(half, cv2.dilate(half, np.ones((3, 3), np.uint8)), cv2.CMP_EQ)
    found = cv2.findNonZero(cv2.bitwise_and(high, top))
    if found is None:
        return np.zeros((0, 2), np.int64)
    corner = 2 * found.reshape(-1, 1, 2).astype(np.int64)
    four = np.minimum(corner + np.array([[0, 0], [1, 0], [0, 1], [1, 1]]), [width - 1, height - 1])
    level = smooth[four[..., 1], four[..., 0]].astype(int)
    place, level = four[np.arange(len(four)), level.argmax(axis=1)], level.max(axis=1)
    return place[np.argsort(-level, kind="stable")]


def _blobs(rows: NDArray) -> Blobs:
    rows = rows[rows[:, 0] >= 0]
    return Blobs(rows[:, 1:3], rows[:, 3:5], rows[:, 5], rows[:, 6], rows[:, 7], rows[:, 8], rows[:, 9],
                 rows[:, 0].astype(np.uint8))  # fmt: skip
