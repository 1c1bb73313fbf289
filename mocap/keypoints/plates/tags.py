"""The tags of one dictionary that plates carry: found in a part of an image, read where they are expected, and fitted.

Finding and reading are those of calibration targets. The corners are fitted as blurred edges, each edge with a blur of
its own: a plate that moves is blurred along its path alone, alike to both sides, so that what is fitted stays where
the corner was in the middle of the exposure.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.arrays import checked_array
from calibration.detection.marker_kernels import read_markers, sharpen_quads
from calibration.detection.markers import find_markers
from calibration.detection.regions import Region
from calibration.detection.tag_kernels import N_CELLS, fit_tag_corners
from calibration.synthetic.texture import marker_bits
from mocap.config.plates import Plate

_MIN_CONTRAST = 12.0  # gray levels, paper minus ink
_MAX_RESIDUAL = 0.2  # of the contrast
_MAX_SD_PX = 0.25
_MAX_SHIFT = 0.2  # sides of a tag between the corner of the outline and the fitted one
_FORGIVEN = 0.6  # share of the bit errors that a dictionary can mend; OpenCV forgives as many
_RIM_PX, _RIM_SHARE = 1.5, 0.12  # how far edges are looked for beside an outline
# Of the fitted corner's own standard deviation: what the model leaves out (pixels' area, print, sampling), px.
_FLOOR_PX = 0.02


@dataclass(frozen=True, eq=False)
class FittedTags:
    """Tags that an image shows.

    Attributes
    ----------
    tag : ndarray of int, shape (found,)
        Places in the table.
    corners : ndarray, shape (found, 4, 2)
        Px; NaN for a corner that the image does not show.
    sd : ndarray, shape (found, 4)
        Of u and of v, px; NaN like the corner.
    """

    tag: NDArray[np.int64]
    corners: NDArray[np.float64]
    sd: NDArray[np.float64]


NO_TAGS = FittedTags(np.zeros(0, np.int64), np.zeros((0, 4, 2)), np.zeros((0, 4)))


class TagTable:
    """Tags of one dictionary, and what their corners look like.

    Parameters
    ----------
    plates : tuple of Plate
        All of the same dictionary.
    """

    def __init__(self, plates: tuple[Plate, ...]) -> None:
        self.dictionary = plates[0].dictionary
        self.ids = np.array([number for plate in plates for number in plate.ids])
        self.gap = np.array([plate.gap / plate.tag_size for plate in plates for _ in plate.ids])
        table = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, self.dictionary))
        self.bits = int(table.markerSize)
        self._max_errors = int(_FORGIVEN * table.maxCorrectionBits)
        self._ink, self._codes = _patterns(self.dictionary, self.ids)

    def found_in(self, gray: NDArray, regions: list[Region]) -> FittedTags:
        """Search parts of an image; of a tag that is found twice, neither."""
        if not regions:
            return NO_TAGS
        gray = checked_array(np.ascontiguousarray(gray), "gray", ("height", "width"), np.uint8)
        markers = find_markers(gray, self.dictionary, len(self.ids), int(self.ids.max()) + 1, regions)
        known = np.flatnonzero(np.isin(markers.ids, self.ids))
        order = np.argsort(self.ids)
        tag = order[np.searchsorted(self.ids, markers.ids[known], sorter=order)]
        return self._fitted(gray, tag, np.asarray(markers.corners[known], float))

    def read_at(self, gray: NDArray, tag: NDArray, expected: NDArray) -> FittedTags:
        """Look for tags just where they are expected, corners of shape (tag, 4, 2)."""
        if not len(tag):
            return NO_TAGS
        gray = checked_array(np.ascontiguousarray(gray), "gray", ("height", "width"), np.uint8)
        quads = np.ascontiguousarray(expected, float)
        side = np.sqrt(((np.roll(quads, 1, axis=1) - quads) ** 2).sum(axis=2)).min(axis=1)
        sharpen_quads(gray, quads, np.maximum(_RIM_SHARE * side, _RIM_PX))
        read = read_markers(gray, quads, self._codes, self.bits, self._max_errors)
        good = (read[:, 0] == tag) & (read[:, 1] == 0)
        return self._fitted(gray, tag[good], quads[good])

    def _fitted(self, gray: NDArray, tag: NDArray, quads: NDArray) -> FittedTags:
        corners, sd = np.full((len(tag), 4, 2), np.nan), np.full((len(tag), 4), np.nan)
        for row, (place, quad) in enumerate(zip(tag, quads, strict=True)):
            axes = np.stack([np.roll(quad, -1, axis=0) - quad, np.roll(quad, 1, axis=0) - quad], axis=-1)
            fit = fit_tag_corners(
                gray, quad, axes, self._ink[place], 1.0 / (self.bits + 2), float(self.gap[place]), False
            )
            good = _acceptable(fit, quad, axes, gray.shape)
            corners[row, good] = fit[good, :2]
            sd[row, good] = np.hypot(fit[good, 2], _FLOOR_PX)
        kept = np.isfinite(sd).any(axis=1)
        return FittedTags(tag[kept], corners[kept], sd[kept])


def _acceptable(fit: NDArray, quad: NDArray, axes: NDArray, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    shift = np.linalg.norm(fit[:, :2] - quad, axis=1) / np.linalg.norm(axes, axis=1).min(axis=1)
    good = (fit[:, 3] > _MIN_CONTRAST) & (fit[:, 4] < _MAX_RESIDUAL) & (fit[:, 2] < _MAX_SD_PX) & (shift < _MAX_SHIFT)
    inside = (fit[:, :2] > 0) & (fit[:, :2] < [shape[1] - 1, shape[0] - 1])
    return np.asarray(good & inside.all(axis=1))


def _patterns(dictionary: str, ids: NDArray) -> tuple[NDArray[np.float64], NDArray[np.uint64]]:
    """Return the cells around every corner, shape (tag, 4, N_CELLS, N_CELLS), and the codes, shape (4, tag)."""
    ink = np.empty((len(ids), 4, N_CELLS, N_CELLS))
    codes = np.zeros((4, len(ids)), np.uint64)
    for row, number in enumerate(ids):
        bits = marker_bits(dictionary, int(number))
        inner = (bits[1:-1, 1:-1] > 0).astype(np.uint64)
        for turn in range(4):
            # Turned so that the corner is the top left; its first index then counts along the side to the next one.
            ink[row, turn] = np.rot90(bits == 0, turn)[:N_CELLS, :N_CELLS].T
            code = np.uint64(0)
            for bit in np.rot90(inner, turn).ravel():
                code = (code << np.uint64(1)) | bit
            codes[turn, row] = code
    return ink, codes
