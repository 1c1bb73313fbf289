"""A look through all samples of a trial for what no body makes, compiled: most trials have nothing of it."""

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def any_beyond(numbers: NDArray, limit: float, start: int, stop: int) -> bool:
    """Tell whether any of float64 numbers, shape (n,), from `start` to `stop` is larger than a limit, or infinite."""
    found = False
    for index in range(start, stop):
        found |= abs(numbers[index]) > limit
    return found


@njit(cache=True, nogil=True)
def look_over(rows: NDArray, bend_m: float, start: int, stop: int) -> NDArray:
    """Find the points that a closer look may find something of, many at a time.

    Parameters
    ----------
    rows : float64, shape (time, 3 * point)
        Coordinates, m; NaN is missing.
    bend_m : float
        A larger second difference in time is rough.
    start, stop : int
        Frames in the middle of second differences.

    Returns
    -------
    bool, shape (point,)
        Whether a point is rough or missing in any frame, or each of its numbers ever stays as it is.
    """
    n_numbers = rows.shape[1]
    bends, still = np.empty(n_numbers), np.zeros(n_numbers, np.bool_)
    doubted = np.zeros(n_numbers // 3, np.bool_)
    for frame in range(start, stop):
        for k in range(n_numbers):
            before, now, after = rows[frame - 1, k], rows[frame, k], rows[frame + 1, k]
            bend = after - 2.0 * now + before
            bends[k] = bend * bend
            still[k] |= (now == before) | (now == after)
        for k in range(len(doubted)):
            doubted[k] |= not bends[3 * k] + bends[3 * k + 1] + bends[3 * k + 2] <= bend_m * bend_m  # of NaN, too
    for k in range(len(doubted)):
        doubted[k] |= still[3 * k] & still[3 * k + 1] & still[3 * k + 2]
    return doubted


@njit(cache=True, nogil=True)
def scan(position: NDArray, columns: NDArray, bend_m: float, leap_m: float) -> tuple[NDArray, NDArray]:
    """Find the points that need a closer look.

    Parameters
    ----------
    position : float64, shape (time, point, 3)
        Metres; NaN is missing.
    columns : int64, shape (column,)
        Columns of `position` to look at.
    bend_m : float
        A larger second difference in time is rough.
    leap_m : float
        So is a step farther than this, over a gap per frame.

    Returns
    -------
    rough : bool, shape (time, column)
        Samples in the middle of a large second difference, or behind a long step.
    still : bool, shape (column,)
        Whether a point has the same position in three frames in a row or more.
    """
    n_frames, n_columns = len(position), len(columns)
    rough = np.zeros((n_frames, n_columns), np.bool_)
    still = np.zeros(n_columns, np.bool_)
    run, last = np.zeros(n_columns, np.int64), np.full(n_columns, -1)
    bend2, leap2 = bend_m * bend_m, leap_m * leap_m
    for frame in range(n_frames):
        for index in range(n_columns):
            column = columns[index]
            x, y, z = position[frame, column, 0], position[frame, column, 1], position[frame, column, 2]
            if not np.isfinite(x + y + z):
                continue
            before = last[index]
            last[index] = frame
            if before < 0:
                continue
            u = x - position[before, column, 0]
            v = y - position[before, column, 1]
            w = z - position[before, column, 2]
            if before < frame - 1:
                run[index] = 0
                span = frame - before
                rough[frame, index] = u * u + v * v + w * w > leap2 * span * span
                continue
            if u * u + v * v + w * w > leap2:
                rough[frame, index] = True  # at one speed between two gaps nothing bends
            if u == 0.0 and v == 0.0 and w == 0.0:
                run[index] += 1
                still[index] |= run[index] >= 2
            else:
                run[index] = 0
            if frame >= 2:
                u -= position[before, column, 0] - position[before - 1, column, 0]
                v -= position[before, column, 1] - position[before - 1, column, 1]
                w -= position[before, column, 2] - position[before - 1, column, 2]
                if u * u + v * v + w * w > bend2:
                    rough[before, index] = True
    return rough, still
