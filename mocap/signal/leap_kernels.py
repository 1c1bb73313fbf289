"""Which runs between leaps are excursions, compiled: a bad recording has thousands."""

import numpy as np
from numba import njit

#: Runs in a row that one excursion may consist of, at most.
MOST_RUNS = 32


@njit(cache=True, nogil=True)
def kept_runs(first, last, start, stop, size, limit):
    """Choose the runs of one point that stay, so that few leaps are left, and few samples lost.

    Between two runs that stay, others may be left out where the point can have gone from the one to the other. A leap
    counts as much as a quarter of all samples: what goes away and comes back is left out up to half of the recording.
    The first and the last run stay: nobody knows what was before and after.

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
    leap = 0.25 * size.sum()
    cost, before = np.zeros(n_runs), np.zeros(n_runs, np.int64)
    for run in range(1, n_runs):
        cost[run], before[run], lost = cost[run - 1] + leap, run - 1, 0
        for earlier in range(run - 2, max(-1, run - 2 - MOST_RUNS), -1):
            lost += size[earlier + 1]
            far = limit * (start[run] - stop[earlier])
            x, y, z = first[run] - last[earlier]
            if x * x + y * y + z * z < far * far and cost[earlier] + lost < cost[run]:
                cost[run], before[run] = cost[earlier] + lost, earlier
    kept = np.zeros(n_runs, np.bool_)
    run = n_runs - 1
    while run > 0:
        kept[run] = True
        run = before[run]
    kept[0] = True
    return kept
