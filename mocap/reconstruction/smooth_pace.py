"""Motion that comes and goes: how strong it is at each time, as a look at it shows."""

import numpy as np
from numpy.typing import NDArray

from mocap.reconstruction.smooth_learn_kernels import fill_pace
from mocap.reconstruction.smooth_scout import Seen
from mocap.reconstruction.smooth_series import Series, cutoffs

#: Periods of the cut-off that the pace is learned from, turn by turn: coarse first, then where exactly it is fast.
PACE_PERIODS = (1.0, 0.4, 0.15)
# Degrees of freedom that hold the pace to what it was.
_SHRINK = 0.5
_RANGE = (0.02, 3000.0)
# Standard deviations of the squares that are left to chance.
_CHANCE = 0.7


def paced(series: Series, stiffness: NDArray, noise: NDArray, seen: Seen, periods: float) -> Series:
    """Return the series with its pace as a look at it shows: motion that comes and goes.

    Over a span of some periods of the cut-off, squares are compared with their degrees of freedom; the fewer these
    are, the nearer the pace stays to what it was. A fit takes up what it is too stiff for only in part, and shows
    less than is there: a change upwards is raised to the fifth power, downwards to the second.
    """
    reach = np.maximum(np.round(periods / cutoffs(series, stiffness).max(axis=0) / 2), 1).astype(int)
    pace = np.ones(series.active.shape) if series.pace is None else series.pace
    settings = (_SHRINK, _CHANCE, *_RANGE)
    fill_pace(seen.local, series.steady, reach, noise, settings, pace)
    return series.with_pace(pace)
