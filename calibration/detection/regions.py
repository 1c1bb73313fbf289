"""Where in an image a board may be: places rich in saddle points, found at reduced resolution.

The corners of a board, and those inside its markers, are saddle points of the gray levels, tens of them side by side.
Walls, floors and people show edges and few saddles, so that most images without a board are done with here.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.detection.region_kernels import count_saddles

_MIN_HALF_CONTRAST = 6.0  # gray levels
_CELL_PX = 12
_MIN_SADDLES = 6  # fewer than a usable view has corners
_COARSEST_PX = 300  # longest side at which a board that fills the image still has its corners side by side
_MIN_SIDE_PX = 24  # smallest image that is looked at


@dataclass(frozen=True)
class Region:
    """A box of pixels, the upper bounds excluded."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def area(self) -> int:
        """Number of pixels."""
        return (self.right - self.left) * (self.bottom - self.top)

    def of(self, gray: NDArray) -> NDArray:
        """Return that part of an image."""
        return gray[self.top : self.bottom, self.left : self.right]


def find_regions(gray: NDArray) -> list[Region]:
    """Find the parts of an image that may hold a board.

    Parameters
    ----------
    gray : ndarray of uint8, shape (height, width)

    Returns
    -------
    list of Region
        Apart from each other, the one with most saddle points first; empty when there is no board.

    Notes
    -----
    Saddle points by the determinant of the Hessian matrix, at a half, a quarter and an eighth of the resolution: fine
    for far boards, coarse for near or blurred ones; of images larger than 2400 px also at coarser ones.
    """
    found: list[tuple[int, Region]] = []
    level, scale = gray, 1
    while (scale < 8 or max(level.shape) > _COARSEST_PX) and min(level.shape) >= 2 * _MIN_SIDE_PX:
        level, scale = cv2.resize(level, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), 2 * scale
        found += _unseen_finer(_in_level(level, scale, gray.shape), found)
    if not found:
        return [Region(0, 0, gray.shape[1], gray.shape[0])] if min(gray.shape) < 2 * _MIN_SIDE_PX else []
    return _joined(found)


def _in_level(level: NDArray, scale: int, shape: tuple[int, ...]) -> list[tuple[int, Region]]:
    counts = count_saddles(level, int(64 * _MIN_HALF_CONTRAST**2), _CELL_PX)
    if counts.sum() < _MIN_SADDLES:
        return []
    near = cv2.dilate((counts > 0).astype(np.uint8), np.ones((3, 3), np.uint8))
    n, labels, boxes, _ = cv2.connectedComponentsWithStats(near, connectivity=8)
    saddles = np.bincount(labels.ravel(), counts.ravel(), n)
    step, regions = _CELL_PX * scale, []
    for k in range(1, n):
        if saddles[k] >= _MIN_SADDLES:
            x, y, w, h = (step * int(value) for value in boxes[k, :4])
            right, bottom = min(x + w + step, shape[1]), min(y + h + step, shape[0])
            regions.append((int(saddles[k]), Region(max(x - step, 0), max(y - step, 0), right, bottom)))
    return regions


def _unseen_finer(coarse: list[tuple[int, Region]], fine: list[tuple[int, Region]]) -> list[tuple[int, Region]]:
    """Drop regions that were found at finer levels already, and more tightly: with as many saddle points."""
    return [
        (count, region)
        for count, region in coarse
        if sum(other for other, place in fine if _overlap(region, place)) < count
    ]


def _joined(found: list[tuple[int, Region]]) -> list[Region]:
    """Unite regions that overlap, until none do; the richest first."""
    apart: list[tuple[int, Region]] = []
    for count, region in sorted(found, key=lambda item: -item[0]):
        grown = True
        while grown:
            grown = False
            for other in apart:
                if _overlap(region, other[1]):
                    region, count = _union(region, other[1]), max(count, other[0])
                    apart.remove(other)
                    grown = True
                    break
        apart.append((count, region))
    return [region for _, region in sorted(apart, key=lambda item: (-item[0], item[1].top, item[1].left))]


def _overlap(a: Region, b: Region) -> bool:
    return a.left < b.right and b.left < a.right and a.top < b.bottom and b.top < a.bottom


def _union(a: Region, b: Region) -> Region:
    return Region(min(a.left, b.left), min(a.top, b.top), max(a.right, b.right), max(a.bottom, b.bottom))
