"""Where two points change places from one frame to the next, compiled: every pair of a body, in every frame."""

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def places_changed(position: NDArray, pairs: NDArray, least_m: float, ratio: float, longest: int) -> NDArray:
    """Find the frames at which the two points of a pair have changed places.

    The line from one to the other turns about at once, wherever both go together.

    Parameters
    ----------
    position : float64, shape (time, point, 3)
        Metres; NaN is missing.
    pairs : int64, shape (pair, 2)
        Columns of `position`.
    least_m : float
        The two have to be farther apart than this.
    ratio : float
        The length of the sum of the lines before and after over that of their difference, which is 0 for a line that
        is reversed and infinite for one that stays; below this the places are changed.
    longest : int
        Frames that may lie between a frame that shows both and the one before it.

    Returns
    -------
    bool, shape (pair, time)
        True at the first frame with the places changed, and at the first with them changed back.
    """
    n_frames, n_pairs = position.shape[0], len(pairs)
    changed = np.zeros((n_pairs, n_frames), np.bool_)
    last = np.full(n_pairs, -1)
    for frame in range(n_frames):
        for index in range(n_pairs):
            one, other = pairs[index, 0], pairs[index, 1]
            x = position[frame, one, 0] - position[frame, other, 0]
            y = position[frame, one, 1] - position[frame, other, 1]
            z = position[frame, one, 2] - position[frame, other, 2]
            if not np.isfinite(x + y + z):
                continue
            before = last[index]
            last[index] = frame
            if before < 0 or frame - before > longest:
                continue
            u = position[before, one, 0] - position[before, other, 0]
            v = position[before, one, 1] - position[before, other, 1]
            w = position[before, one, 2] - position[before, other, 2]
            if x * u + y * v + z * w >= 0.0:
                continue
            apart2, least2 = (x - u) ** 2 + (y - v) ** 2 + (z - w) ** 2, 4.0 * least_m * least_m
            turned2 = (x + u) ** 2 + (y + v) ** 2 + (z + w) ** 2
            changed[index, frame] = apart2 > least2 and turned2 < ratio * ratio * apart2
    return changed
