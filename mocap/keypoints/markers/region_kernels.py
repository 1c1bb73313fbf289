"""Compiled search of `blobs`: the region around every peak that is brighter than half of what it stands out by.

A threshold for the whole neighbourhood would let a spot at the edge of a limb run into the limb. So each peak has its
own, half-way between the darkest surroundings and itself, and a region that runs away is grown again by a higher one:
what is left of the surroundings then is darker all around.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

REGION = 7  # column and row of the peak, box (first and last column, first and last row), level
_LEVELS = (0.5, 0.65, 0.8)
_LEAST_FILL = 0.35  # of the box; a drawn-out disc on the diagonal fills 0.4


@njit(cache=True, nogil=True)
def grow_regions(smooth: NDArray, floor: NDArray, peaks: NDArray, limits: NDArray, labels: NDArray) -> NDArray:
    """Grow a region from every peak that no other has swallowed.

    Parameters
    ----------
    smooth : ndarray of uint8, shape (height, width)
    floor : ndarray of uint8, shape (about height / 2, about width / 2)
        Its darkest surroundings at half the resolution.
    peaks : ndarray of int, shape (peak, 2)
        Columns and rows, the brightest first.
    limits : ndarray, shape (3,)
        Longest side of the box, largest area, shortest side.
    labels : ndarray of int32, shape (height, width)
        Zeros; becomes the number of the region, from 1, in every pixel, and minus the level where one ran away.

    Returns
    -------
    ndarray of int, shape (region, REGION)
    """
    regions = np.empty((len(peaks), REGION), np.int64)
    queue = np.empty((int(limits[1]) + 8, 2), np.int64)
    box = np.empty(4, np.int64)
    count = 0
    for i in range(len(peaks)):
        x, y = peaks[i]
        if labels[y, x] > 0:
            continue
        low, high = float(floor[y // 2, x // 2]), float(smooth[y, x])
        for share in _LEVELS:
            level = int(low + share * (high - low))
            if -labels[y, x] >= level:  # what is above a higher level runs away already
                continue
            area = _grown(smooth, labels, level, (x, y), limits, count + 1, queue, box)
            if area > 0:
                if _is_spot(box, area, limits):
                    regions[count, 0], regions[count, 1] = x, y
                    for side in range(4):  # a copy by slices takes the compiler seconds
                        regions[count, 2 + side] = box[side]
                    regions[count, 6] = level
                    count += 1
                break
    return regions[:count]


@njit(cache=True, nogil=True)
def _grown(
    smooth: NDArray, labels: NDArray, level: int, start: tuple[int, int], limits: NDArray, label: int,
    queue: NDArray, box: NDArray,
) -> int:  # fmt: skip
    """Label what is above the level around the start; return its area, 0 where it runs away (then it is marked)."""
    height, width = smooth.shape
    queue[0, 0], queue[0, 1] = start
    labels[start[1], start[0]] = label
    box[0], box[1], box[2], box[3] = start[0], start[0], start[1], start[1]
    done, filled, away = 0, 1, False
    while done < filled and not away:
        x, y = queue[done, 0], queue[done, 1]
        done += 1
        box[0], box[1] = min(box[0], x), max(box[1], x)
        box[2], box[3] = min(box[2], y), max(box[3], y)
        away = max(box[1] - box[0], box[3] - box[2]) >= limits[0] or filled >= limits[1]
        away = away or box[0] == 0 or box[2] == 0 or box[1] == width - 1 or box[3] == height - 1
        if away:
            break
        for side in range(4):
            near_x = x + (1 if side == 0 else -1 if side == 1 else 0)
            near_y = y + (1 if side == 2 else -1 if side == 3 else 0)
            if labels[near_y, near_x] <= 0 and smooth[near_y, near_x] > level:
                labels[near_y, near_x] = label
                queue[filled, 0], queue[filled, 1] = near_x, near_y
                filled += 1
    if away:
        for i in range(filled):
            labels[queue[i, 1], queue[i, 0]] = -max(level, 1)
        return 0
    return filled


@njit(cache=True, nogil=True)
def _is_spot(box: NDArray, area: int, limits: NDArray) -> bool:
    wide, high = box[1] - box[0] + 1, box[3] - box[2] + 1
    return min(wide, high) >= limits[2] and area >= _LEAST_FILL * wide * high
