"""Motion that comes and goes: how strong it is at each time, as a look at it shows."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mocap.reconstruction.smooth_kernels import LANES
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
    span = np.maximum(np.round(periods / cutoffs(series, stiffness).max(axis=0) / 2), 1).astype(int)
    free = np.where(series.steady > 0, 3.0, 0.0) - seen.local[:, 0]
    squares = np.maximum(_around(seen.local[:, 1], span) / noise, 0.0)
    free = np.maximum(_around(free, span), 0.0) + _SHRINK
    chance = _CHANCE * np.sqrt(2.0 * free)
    more, less = (squares + _SHRINK) / (free + chance), (squares + _SHRINK + chance) / free
    up, down = np.maximum(more, 1.0), np.minimum(less, 1.0)
    square = up * up
    pace = square * square * up * (down * down)
    if series.pace is not None:
        pace *= series.pace
    return replace(series, pace=np.clip(pace, *_RANGE))


def _around(values: NDArray, span: NDArray) -> NDArray:
    """Sum values, shape (time + PAD, LANES), over so many frames on both sides, by lane."""
    n = len(values)
    running = np.zeros((LANES, n + 1))
    np.cumsum(values.T, axis=1, out=running[:, 1:])
    result = np.empty((LANES, n))
    for lane, reach in enumerate(np.minimum(span, (n - 1) // 2)):
        own, inner = running[lane], slice(reach, n - reach)
        result[lane, inner] = own[2 * reach + 1 :] - own[: n - 2 * reach]
        result[lane, :reach] = own[reach + 1 : 2 * reach + 1]
        result[lane, n - reach :] = own[-1] - own[n - 2 * reach : n - reach]
    return np.ascontiguousarray(result.T)
