"""Motion that comes and goes: how strong it is at each time, as a fit shows it."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mocap.reconstruction.smooth_scout import Seen
from mocap.reconstruction.smooth_series import Series, cutoffs

# Periods of the cut-off that a pace is learned from; degrees of freedom that hold it to what it was; a longer step
# saves a round.
_PACE_PERIODS, _PACE_SHRINK, _PACE_STEP, _PACE_RANGE = 2.0, 2.0, 1.5, (0.02, 100.0)


def paced(series: Series, stiffness: NDArray, noise: NDArray, seen: Seen) -> Series:
    """Return the series with its pace as a look at it shows: motion that comes and goes.

    Over a span of two periods of the cut-off, squares are compared with their degrees of freedom; the fewer these are,
    the nearer the pace stays to what it was.
    """
    pace = np.ones(series.active.shape) if series.pace is None else series.pace.copy()
    share = cutoffs(series, stiffness).max(axis=0)
    for lane in np.flatnonzero(series.active.any(axis=0)):
        span = 2 * round(_PACE_PERIODS / share[lane] / 2) + 1
        alive = series.steady[:, lane] > 0
        degrees = np.where(alive, 3.0, 0.0) - seen.local[:, 0, lane]
        here = span * ndimage.uniform_filter1d(seen.local[:, 1, lane], span, mode="constant") / noise[lane]
        free = span * ndimage.uniform_filter1d(degrees, span, mode="constant")
        change = (np.maximum(here, 0.0) + _PACE_SHRINK) / (np.maximum(free, 0.0) + _PACE_SHRINK)
        pace[:, lane] *= change**_PACE_STEP
    return replace(series, pace=np.clip(pace, *_PACE_RANGE))
