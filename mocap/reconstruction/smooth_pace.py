"""Motion that comes and goes: how strong it is at each time, as a look at it shows."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mocap.reconstruction.smooth_kernels import LANES, PAD
from mocap.reconstruction.smooth_scout import Seen
from mocap.reconstruction.smooth_series import Series, cutoffs

#: Periods of the cut-off that the pace is learned from, turn by turn: coarse first, then where exactly it is fast.
PACE_PERIODS = (1.0, 0.4, 0.15)
# Degrees of freedom that hold the pace to what it was.
_SHRINK = 0.5
_RANGE = (0.02, 3000.0)
# Standard deviations of the squares that are left to chance.
_CHANCE = 0.7
# A fit takes up what it is too stiff for only in part, and shows less than is there: a change is raised to this power.
_UP, _DOWN = 5, 2


def paced(series: Series, stiffness: NDArray, noise: NDArray, seen: Seen, periods: float) -> Series:
    """Return the series with its pace as a look at it shows: motion that comes and goes.

    Over a span of some periods of the cut-off, squares are compared with their degrees of freedom; the fewer these
    are, the nearer the pace stays to what it was.
    """
    span = np.maximum(np.round(periods / cutoffs(series, stiffness).max(axis=0) / 2), 1).astype(int)
    free = np.where(series.steady > 0, 3.0, 0.0) - seen.local[:, 0]
    squares = np.maximum(_around(seen.local[:, 1], span) / noise, 0.0)
    free = np.maximum(_around(free, span), 0.0) + _SHRINK
    chance = _CHANCE * np.sqrt(2.0 * free)
    more, less = (squares + _SHRINK) / (free + chance), (squares + _SHRINK + chance) / free
    pace = np.maximum(more, 1.0) ** _UP * np.minimum(less, 1.0) ** _DOWN
    if series.pace is not None:
        pace *= series.pace
    return replace(series, pace=np.clip(pace, *_RANGE))


def _around(values: NDArray, span: NDArray) -> NDArray:
    """Sum values, shape (time + PAD, LANES), over so many frames on both sides, by lane."""
    n = len(values)
    running = np.zeros((n + 1, LANES))
    np.cumsum(values, axis=0, out=running[1:])
    result = np.empty(values.shape)
    for lane, reach in enumerate(np.minimum(span, n - PAD)):
        own = np.concatenate([np.zeros(reach), running[:, lane], np.full(reach, running[-1, lane])])
        result[:, lane] = own[2 * reach + 1 :] - own[:n]
    return result
