"""Where two points change places from one frame to the next, or lie on each other, compiled."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

_BLOCK = 32  # frames that the box around a point's places is of


@njit(cache=True, nogil=True)
def boxes(places: NDArray, within_m: float) -> NDArray:
    """Return the least coordinates less `within_m`, and the largest, of a point, float64, shape (3, time), in blocks.

    Returns
    -------
    float64, shape (2, 3, block)
        Of a block without the point, infinite and minus infinite.
    """
    n_frames = places.shape[1]
    found = np.empty((2, 3, (n_frames + _BLOCK - 1) // _BLOCK))
    for axis in range(3):
        for block in range(found.shape[2]):
            low, high = np.inf, -np.inf
            for frame in range(block * _BLOCK, min((block + 1) * _BLOCK, n_frames)):
                here = places[axis, frame]
                low = here if here < low else low  # NaN is neither
                high = here if here > high else high
            found[0, axis, block], found[1, axis, block] = low - within_m, high
    return found


@njit(cache=True, nogil=True)
def boxes_meet(around: NDArray) -> NDArray:
    """Return whether boxes, shape (point, 2, 3, block), of two points ever meet: bool, shape (point, point), above."""
    n_points, n_blocks = len(around), around.shape[3]
    met = np.zeros((n_points, n_points), np.bool_)
    for one in range(n_points):
        for other in range(one + 1, n_points):
            for block in range(n_blocks):
                meet = True
                for axis in range(3):
                    meet &= around[one, 0, axis, block] <= around[other, 1, axis, block]
                    meet &= around[other, 0, axis, block] <= around[one, 1, axis, block]
                met[one, other] |= meet
    return met


@njit(cache=True, nogil=True)
def line_never_turns(one: NDArray, other: NDArray) -> bool:
    """Tell whether both points, float64, shape (3, time), are there in all frames and their line never turns about.

    That is most pairs of most trials, and is told many frames at a time.
    """
    doubts = 0
    for frame in range(1, one.shape[1]):
        x, u = one[0, frame] - other[0, frame], one[0, frame - 1] - other[0, frame - 1]
        y, v = one[1, frame] - other[1, frame], one[1, frame - 1] - other[1, frame - 1]
        z, w = one[2, frame] - other[2, frame], one[2, frame - 1] - other[2, frame - 1]
        doubts += 0 if x * u + y * v + z * w >= 0.0 else 1  # NaN is none
    return doubts == 0


@njit(cache=True, nogil=True)
def places_changed(one: NDArray, other: NDArray, least_m: float, ratio: float, longest: int) -> NDArray:
    """Find the frames at which two points have changed places.

    The line from one to the other turns about at once, wherever both go together.

    Parameters
    ----------
    one, other : float64, shape (3, time)
        Metres; NaN is missing.
    least_m : float
        The two have to be farther apart than this.
    ratio : float
        The length of the sum of the lines before and after over that of their difference, which is 0 for a line that
        is reversed and infinite for one that stays; below this the places are changed.
    longest : int
        Frames that may lie between a frame that shows both and the one before it.

    Returns
    -------
    bool, shape (time,)
        True at the first frame with the places changed, and at the first with them changed back.
    """
    n_frames, last = one.shape[1], -1
    changed = np.zeros(n_frames, np.bool_)
    for frame in range(n_frames):
        x, y, z = one[0, frame] - other[0, frame], one[1, frame] - other[1, frame], one[2, frame] - other[2, frame]
        if not np.isfinite(x + y + z):
            continue
        before, last = last, frame
        if before < 0 or frame - before > longest:
            continue
        u, v = one[0, before] - other[0, before], one[1, before] - other[1, before]
        w = one[2, before] - other[2, before]
        if x * u + y * v + z * w >= 0.0:
            continue
        apart2, least2 = (x - u) ** 2 + (y - v) ** 2 + (z - w) ** 2, 4.0 * least_m * least_m
        turned2 = (x + u) ** 2 + (y + v) ** 2 + (z + w) ** 2
        changed[frame] = apart2 > least2 and turned2 < ratio * ratio * apart2
    return changed


@njit(cache=True, nogil=True)
def courses_changed(one: NDArray, other: NDArray, least_m: float, ratio: float) -> NDArray:
    """Find the frames from which on two points go on along each other's course.

    Parameters
    ----------
    one, other : float64, shape (3, time)
        Metres; NaN is missing.
    least_m : float
        The two have to be farther apart than this.
    ratio : float
        Of what both are off each other's course, ahead by one frame, to what they are off their own.

    Returns
    -------
    bool, shape (time,)
        True at the first frame with the courses changed, and at the first with them changed back.
    """
    n_frames = one.shape[1]
    changed = np.zeros(n_frames, np.bool_)
    for frame in range(2, n_frames):
        own2, crossed2, apart2 = 0.0, 0.0, 0.0
        for axis in range(3):
            first, second = one[axis, frame], other[axis, frame]
            first_ahead = 2.0 * one[axis, frame - 1] - one[axis, frame - 2]
            second_ahead = 2.0 * other[axis, frame - 1] - other[axis, frame - 2]
            own2 += (first - first_ahead) ** 2 + (second - second_ahead) ** 2
            crossed2 += (first - second_ahead) ** 2 + (second - first_ahead) ** 2
            apart2 += (first - second) ** 2
        changed[frame] = apart2 > least_m * least_m and crossed2 < ratio * ratio * own2  # NaN is not
    return changed
