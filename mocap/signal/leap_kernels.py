"""Which runs between leaps are excursions, compiled: a bad recording has thousands."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

#: Runs in a row that one excursion may consist of, at most.
MOST_RUNS = 32
_END = 4.0


@njit(cache=True, nogil=True)
def kept_runs(
    first: NDArray, last: NDArray, start: NDArray, stop: NDArray, size: NDArray, limit: float
) -> NDArray:
    """Choose the runs of one point that stay, so that few leaps are left, and few samples lost.

    Between two runs that stay, others may be left out where the point can have gone from the one to the other; the
    farther it would have gone for the time, the nearer that is to a leap itself. A leap counts as much as a quarter of
    all samples: what goes away and comes back is left out up to about half of the recording. What is left out at an
    end counts four times: nobody knows what was before or after.

    Parameters
    ----------
    first, last : float64, shape (run, 3)
        Position at the beginning and at the end of each run; between runs in a row the point leaps.
    start, stop : int64, shape (run,)
        Frames of these.
    size : int64, shape (run,)
        Samples.
    limit : float
        Farther per frame is a leap.

    Returns
    -------
    bool, shape (run,)
    """
    n_runs = len(size)
    leap, n_samples = 0.25 * size.sum(), size.sum()
    cost, before = np.zeros(n_runs), np.full(n_runs, -1)
    end, best, ahead = 0, np.inf, 0
    for run in range(n_runs):
        cost[run] = _END * ahead
        if run and cost[run - 1] + leap < cost[run]:
            cost[run], before[run] = cost[run - 1] + leap, run - 1
        lost = 0
        for earlier in range(run - 2, max(-1, run - 2 - MOST_RUNS), -1):
            lost += size[earlier + 1]
            far = limit * (start[run] - stop[earlier])
            distance = np.sqrt(((first[run] - last[earlier]) ** 2).sum())
            left_out = cost[earlier] + lost + leap * distance / far
            if distance < far and left_out < cost[run]:
                cost[run], before[run] = left_out, earlier
        ahead += size[run]
        if cost[run] + _END * (n_samples - ahead) < best:
            best, end = cost[run] + _END * (n_samples - ahead), run
    kept = np.zeros(n_runs, np.bool_)
    while end >= 0:
        kept[end] = True
        end = before[end]
    return kept
