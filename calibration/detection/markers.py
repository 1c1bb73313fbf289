"""Square markers of a dictionary, dark on light: where they are and which.

OpenCV's detector finds them too; it spends its time on thresholds and contours of the whole image, and on every
quadrilateral in it. Here one threshold, of a window as large as a marker, is put to the places that `regions` names.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.arrays import checked_array
from calibration.detection.marker_kernels import read_markers, sharpen_quads
from calibration.detection.quad_kernels import fit_quads
from calibration.detection.regions import Region, find_regions

_WINDOWS_PX = (11, 7)
_OFFSET, _LEAST_OFFSET = 7, 5  # gray levels below the mean of the window
_MIN_SIDE_PX = 9.0
_ACCURACY = 0.04  # of the circumference, by which a contour may leave its quadrilateral
_RIM = 0.12  # of a marker's side, beyond which another edge may be
_APART = 0.3  # of a marker's side: nearer centres are of one marker
_LARGE_PX = 420.0  # side of a region above which half the resolution is tried first


@dataclass(frozen=True, eq=False)
class Markers:
    """Markers found in one image.

    Attributes
    ----------
    ids : ndarray of int, shape (marker,)
    corners : ndarray, shape (marker, 4, 2)
        In px, in OpenCV's order.
    """

    ids: NDArray
    corners: NDArray

    def __len__(self) -> int:
        return len(self.ids)


NO_MARKERS = Markers(np.zeros(0, int), np.zeros((0, 4, 2)))


def find_markers(
    gray: NDArray,
    dictionary: str,
    enough: int,
    known: int,
    regions: list[Region] | None = None,
    shares: tuple[float, ...] = (0.0,),
) -> Markers:
    """Find the markers of one board.

    Parameters
    ----------
    gray : ndarray of uint8, shape (height, width)
    dictionary : str
        OpenCV's name.
    enough : int
        Number of the board's markers after which no finer look is taken.
    known : int
        The board's ids are below it; others are reported too.
    regions : list of Region, optional
        Where to look, `find_regions` of the image when not given.
    shares : tuple of float
        How much darker than its surroundings ink has to be, at least, as a share of the region's contrast: each is
        tried. Markers that black squares touch come apart at a large one; 0 does for markers with paper around.

    Returns
    -------
    Markers
        Of a marker that is found twice, none. Corners are good to a fraction of a pixel.
    """
    found: list[Markers] = []
    missing = enough
    for region in find_regions(gray) if regions is None else regions:
        # Once there are enough, one look has to do elsewhere: a second copy of the board would show in it.
        markers = _in_region(region.of(gray), dictionary, missing, known, shares)
        if len(markers):
            found.append(Markers(markers.ids, markers.corners + np.array([region.left, region.top])))
            missing = max(0, missing - int((markers.ids < known).sum()))
    if not found:
        return NO_MARKERS
    return _unique(Markers(np.concatenate([m.ids for m in found]), np.concatenate([m.corners for m in found])))


def _in_region(part: NDArray, dictionary: str, enough: int, known: int, shares: tuple[float, ...]) -> Markers:
    """Look coarsely and then finely; what the first look has found stays."""
    found = NO_MARKERS
    whole = np.ascontiguousarray(part)
    for scale, window, offset in _looks(part, shares):
        level = whole
        for _ in range(int(np.log2(scale))):
            level = cv2.resize(level, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        markers = _unique(_outermost(_at_window(level, dictionary, window, offset)))
        new = ~np.isin(markers.ids, found.ids)
        corners = _sharpened(whole, (markers.corners[new] + 0.5) * scale - 0.5, scale)
        found = Markers(np.concatenate([found.ids, markers.ids[new]]), np.concatenate([found.corners, corners]))
        if (found.ids < known).sum() >= enough:
            break
    return found


def _sharpened(gray: NDArray, quads: NDArray, scale: int) -> NDArray:
    """Move corners from a contour's pixels onto the edges; the rim of paper around a marker bounds the search."""
    side = np.sqrt(((np.roll(quads, 1, axis=1) - quads) ** 2).sum(axis=-1)).min(axis=1)
    quads = np.ascontiguousarray(quads)
    sharpen_quads(_fixed(gray), quads, np.clip(1.5 * scale, 1.5, np.maximum(_RIM * side, 1.5)))
    return quads


def _fixed(gray: NDArray) -> NDArray[np.uint8]:
    """Return what the compiled functions are given: they would be compiled once more for an image that may change."""
    return checked_array(np.ascontiguousarray(gray), "gray", ("height", "width"), np.uint8)


def _looks(part: NDArray, shares: tuple[float, ...]) -> list[tuple[int, int, int]]:
    """Return scales, threshold windows and offsets, in the order in which they are tried."""
    scales, scale = [1], 2
    while np.sqrt(part.size) / scale > _LARGE_PX / 2 and scale <= 4:
        scales.append(scale)
        scale *= 2
    low, high = np.percentile(part[::2, ::2], [2, 98]) if any(shares) else (0.0, 0.0)
    offsets = [max(round(share * (high - low)), _OFFSET if share == 0 else _LEAST_OFFSET) for share in shares]
    return [(scale, window, offset) for scale in scales[::-1] for window in _WINDOWS_PX for offset in offsets]


def _at_window(gray: NDArray, dictionary: str, window: int, offset: int) -> Markers:
    if min(gray.shape) < window:
        return NO_MARKERS
    binary = cv2.adaptiveThreshold(
        gray, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, window, offset
    )
    quads = _quadrilaterals(binary)
    if not len(quads):
        return NO_MARKERS
    quads = _sharpened(gray, quads, 1)
    codes, bits, max_errors = _codes(dictionary)
    read = read_markers(_fixed(gray), quads, codes, bits, max_errors)
    known = read[:, 0] >= 0
    turns = (read[known, 1][:, None] + np.arange(4)) % 4
    return Markers(read[known, 0], np.take_along_axis(quads[known], turns[..., None], axis=1))


def _quadrilaterals(binary: NDArray) -> NDArray[np.float64]:
    """Return convex quadrilaterals, shape (quad, 4, 2), clockwise as seen, around what is set."""
    contours, _ = cv2.findContours(binary, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    long = [contour[:, 0] for contour in contours if len(contour) >= 4 * _MIN_SIDE_PX * 0.7]
    if not long:
        return np.zeros((0, 4, 2))
    ends = np.cumsum([len(contour) for contour in long])
    return np.asarray(fit_quads(np.concatenate(long), ends, _ACCURACY, 0.5 * _MIN_SIDE_PX))


def _outermost(markers: Markers) -> Markers:
    """Keep the largest of the contours around one marker: a thick border has an inner one, which is read as well."""
    sides = np.sqrt(((np.roll(markers.corners, 1, axis=1) - markers.corners) ** 2).sum(axis=-1)).mean(axis=1)
    order = np.argsort(-sides, kind="stable")
    centres = markers.corners.mean(axis=1)
    kept: list[int] = []
    for place in order:
        same = [other for other in kept if markers.ids[other] == markers.ids[place]]
        if all(np.linalg.norm(centres[place] - centres[other]) > _APART * sides[other] for other in same):
            kept.append(int(place))
    return Markers(markers.ids[kept], markers.corners[kept])


def _unique(markers: Markers) -> Markers:
    values, counts = np.unique(markers.ids, return_counts=True)
    once = np.isin(markers.ids, values[counts == 1])
    return Markers(markers.ids[once], markers.corners[once])


@lru_cache(maxsize=32)
def _codes(dictionary: str) -> tuple[NDArray[np.uint64], int, int]:
    table = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, dictionary))
    size = int(table.markerSize)
    cells = np.array([table.getBitsFromByteList(table.bytesList[i : i + 1], size) for i in range(len(table.bytesList))])
    weights = np.uint64(1) << np.arange(size * size - 1, -1, -1, dtype=np.uint64)
    turned = [np.rot90(cells, turn, axes=(1, 2)).reshape(len(cells), -1) for turn in range(4)]
    codes = np.array([(one.astype(np.uint64) * weights).sum(axis=1, dtype=np.uint64) for one in turned])
    # OpenCV forgives as many by default.
    return codes, size, int(0.6 * table.maxCorrectionBits)
