"""Frame times on an even clock: which number each frame would have had none been dropped."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, median_filter

_AHEAD = 5  # frames that are looked at together, so that a late one alone moves nothing
_AROUND = 8  # frames on both sides of one in doubt that the exact search takes along
_CERTAIN = 0.3  # intervals off an even clock below which nothing is in doubt
_MAX_JITTER = 0.25  # intervals: above, a gap cannot be told from a late frame
_COST_CAP = 25.0  # a frame far off costs no more: five SD
_COST_GAP = 12.0  # a gap costs as much as a frame that is 3.5 SD off


def assign_slots(time_s: NDArray) -> tuple[NDArray, float, float]:
    """Number frames by an even clock.

    Parameters
    ----------
    time_s : ndarray, shape (frame,)
        Increasing, s.

    Returns
    -------
    slot : ndarray of int, shape (frame,)
        From 0, increasing; -1 throughout where the times show no even clock.
    interval_s : float
        Of the even clock; the mean where there is none, NaN for one frame.
    jitter : float
        Robust SD of the times about it, in intervals.

    Notes
    -----
    A phase-locked loop over medians of a few frames follows interval and phase, which gives each frame its number to
    within a few; around times that are far off, the row of numbers of least cost is found exactly (Viterbi): the
    squared distance from the clock, capped, plus a price for every gap. The numbers only rise, so a frame that comes
    late, with the next on time, is no gap.
    """
    n_frames = len(time_s)
    if n_frames < 3:
        return np.arange(n_frames), float(time_s[-1] - time_s[0]) if n_frames == 2 else np.nan, 0.0
    interval = _interval(np.diff(time_s))
    slot = _followed(time_s, interval)
    for _ in range(2):
        interval, off, jitter = _distance(time_s, slot)
        if jitter > _MAX_JITTER:
            return np.full(n_frames, -1), float((time_s[-1] - time_s[0]) / (n_frames - 1)), jitter
        if np.abs(off).max() <= _CERTAIN and (np.diff(slot) > 0).all():
            break
        slot = _settled(off + slot, slot, max(jitter, 0.05))
    interval, _, jitter = _distance(time_s, slot)
    return slot - slot[0], interval, jitter


def _interval(step: NDArray) -> float:
    """Return the interval of which the steps are multiples: the median step, or that of the short ones alone.

    Where every second or third frame is lost, half of the steps or more are no single interval.
    """
    typical = float(np.median(step))
    low = float(np.percentile(step, 10))
    short = float(np.median(step[step <= 1.25 * low]))
    whole = [np.mean(np.abs(step / guess - np.round(step / guess)) < 0.3) for guess in (typical, short)]
    guess = short if whole[0] < 0.93 and whole[1] > whole[0] + 0.03 else typical
    for _ in range(3):
        count = np.maximum(np.round(step / guess), 1)
        near = np.abs(step / guess - count) < 0.3
        guess = float(step[near].sum() / count[near].sum()) if near.any() else guess
    return guess


def _followed(time_s: NDArray, interval: float) -> NDArray:
    """Return the number of each frame by a loop that follows phase and interval."""
    n_frames = len(time_s)
    excess = time_s - time_s[0] - interval * np.arange(n_frames)
    ahead = np.median(sliding_window_view(np.pad(excess, (0, _AHEAD - 1), mode="edge"), _AHEAD), axis=1) / interval
    missing = np.empty(n_frames)
    phase, slope, lost = float(ahead[0]), 0.0, 0.0
    for index, value in enumerate(ahead.tolist()):
        phase += slope
        error = value - phase - lost
        jump = round(error)
        lost += jump
        error -= jump
        phase += 0.1 * error
        slope += 0.003 * error
        missing[index] = lost
    return np.arange(n_frames) + missing.astype(np.int64)


def _distance(time_s: NDArray, slot: NDArray) -> tuple[float, NDArray, float]:
    """Return the interval, and how far each frame is off an even clock that may wander slowly, in intervals."""
    weight = np.ones(len(slot))
    x, y = slot - slot.mean(), time_s - time_s.mean()
    interval, start = np.ptp(time_s) / max(np.ptp(slot), 1), 0.0
    for _ in range(8):
        mean_x, mean_y = np.average(x, weights=weight), np.average(y, weights=weight)
        interval = float(np.sum(weight * (x - mean_x) * (y - mean_y)) / np.sum(weight * (x - mean_x) ** 2))
        start = mean_y - interval * mean_x
        weight = 1.0 / np.maximum(np.abs(y - start - interval * x) / (0.2 * interval), 1.0)
    off = (y - start - interval * x) / interval
    off -= median_filter(off, size=101, mode="mirror")
    return interval, off, 1.4826 * float(np.median(np.abs(off)))


def _settled(place: NDArray, near: NDArray, sigma: float) -> NDArray:
    """Find the numbers anew around every frame in doubt.

    Parameters
    ----------
    place : ndarray, shape (frame,)
        Where each frame lies on the even clock, in intervals.
    near : ndarray of int, shape (frame,)
        Its number, as found first.
    sigma : float
        Jitter in intervals.
    """
    n_frames = len(place)
    missing = near - np.arange(n_frames)
    doubt = np.abs(place - near) > _CERTAIN
    falling = np.diff(missing) < 0
    doubt[1:] |= falling
    doubt[:-1] |= falling
    edges = np.diff(np.concatenate([[0], binary_dilation(doubt, iterations=_AROUND).astype(np.int8), [0]]))
    for start, stop in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
        least = missing[start - 1] if start else missing[start:stop].min() - 1
        most = missing[stop] if stop < n_frames else missing[start:stop].max() + 1
        seen = np.unique(missing[max(start - 1, 0) : stop + 1])
        level = np.unique(np.concatenate([seen - 1, seen, seen + 1]))
        level = level[(level >= least) & (level <= max(least, most))]
        missing[start:stop] = _exact(place[start:stop] - np.arange(start, stop), level, least, most, sigma)
    return missing + np.arange(n_frames)


def _exact(excess: NDArray, level: NDArray, least: int, most: int, sigma: float) -> NDArray:
    """Return how many frames are missing before each: the rising row among some levels that costs least."""
    cost = np.minimum(((excess[:, None] - level) / sigma) ** 2, _COST_CAP)
    grows = level[:, None] - level  # to (row) from (column)
    price = np.where(grows < 0, np.inf, _COST_GAP * (grows > 0))
    total = cost[0] + _COST_GAP * (level > least)
    came_from = np.zeros(cost.shape, np.intp)
    for index in range(1, len(cost)):
        way = total + price
        came_from[index] = way.argmin(axis=1)
        total = way.min(axis=1) + cost[index]
    at = int((total + _COST_GAP * (level < most)).argmin())
    answer = np.empty(len(cost), np.int64)
    for index in range(len(cost) - 1, -1, -1):
        answer[index] = level[at]
        at = int(came_from[index, at])
    return answer
