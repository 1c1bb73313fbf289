"""Frames that a camera dropped, doubled or put out of order, and counters that rolled over, by its own times."""

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.digits import digits
from mocap.errors import ShapeError
from mocap.sync.dropped_slots import assign_slots

#: Counters of cameras begin again after so many of their units, or after so many seconds (the cycle timer of a bus).
ROLLOVER_UNITS = tuple(2**bits for bits in (16, 24, 31, 32, 40, 48))
ROLLOVER_S = (128.0, 86400.0)
_MAX_EQUAL = 0.05
_LISTED = 6


@dataclass(frozen=True, eq=False)
class FrameOrder:
    """The frames of one camera in the order of time, each with the place that it has on an even clock.

    Attributes
    ----------
    time_s : ndarray, shape (frame,)
        Seconds, increasing; rollovers of the counter are undone.
    footage_index : ndarray of int, shape (frame,)
        Which frame of the footage was taken at that time; doubled frames are left out.
    slot : ndarray of int, shape (frame,)
        Number of the frame had none been dropped, from 0; -1 throughout where the times show no even clock.
    interval_s : float
        Between frames, as the times have it; NaN for fewer than three frames.
    jitter : float
        SD of the times about an even clock, in frame intervals.
    dropped : ndarray of int, shape (gap, 2)
        Per gap the last frame of the footage before it and how many frames are missing after that.
    duplicated : ndarray of int, shape (n,)
        Frames of the footage that have the time of the one before them.
    reordered : ndarray of int, shape (n,)
        Frames of the footage that lie later or earlier in it than they were taken: the fewest whose moving puts all
        in order.
    rollover : ndarray of int, shape (n,)
        Frames of the footage at which the counter began again.
    notes : tuple of str
    """

    time_s: NDArray
    footage_index: NDArray
    slot: NDArray
    interval_s: float
    jitter: float
    dropped: NDArray
    duplicated: NDArray
    reordered: NDArray
    rollover: NDArray
    notes: tuple[str, ...] = ()

    @property
    def n_dropped(self) -> int:
        """How many frames are missing."""
        return int(self.dropped[:, 1].sum())


def order_frames(time_s: NDArray, *, unit_s: float | None = None) -> FrameOrder:
    """Put the frames of one camera in the order of their times, and tell which are missing, doubled or misplaced.

    Parameters
    ----------
    time_s : array_like, shape (frame,)
        When each frame of the footage was taken, by the camera's clock (s), in the order of the footage.
    unit_s : float, optional
        What one step of the counter behind the times lasts, where it is one: counters of 16 to 48 bits begin again.

    Returns
    -------
    FrameOrder

    Raises
    ------
    ShapeError
        FRAME_TIMES_UNUSABLE: times that are not numbers, or so coarse that many frames share one.

    Notes
    -----
    Missing frames are found by placing all times on an even clock whose interval and phase come from the times
    themselves (`assign_slots`), so neither jitter nor a nominal rate that is a little wrong moves a gap.
    """
    raw = np.asarray(time_s, dtype=np.float64)
    if raw.ndim != 1 or not len(raw) or not np.isfinite(raw).all():
        raise _unusable("Frame times that are no row of finite numbers.")
    times, rollover, notes = _unrolled(raw, unit_s)
    order = np.argsort(times, kind="stable")
    reordered = _misplaced(times)
    doubled = np.concatenate([[False], np.diff(times[order]) <= 0])
    if doubled.mean() > _MAX_EQUAL:
        raise _unusable(f"{100 * doubled.mean():.0f} % of the frame times are the same as the one before.")
    kept, duplicated = order[~doubled], np.sort(order[doubled])
    when = times[kept]
    slot, interval, jitter = assign_slots(when)
    gaps = np.flatnonzero(np.diff(slot) > 1) if slot[0] >= 0 else np.zeros(0, int)
    dropped = np.stack([kept[gaps], np.diff(slot)[gaps] - 1], axis=1) if len(gaps) else np.zeros((0, 2), np.int64)
    notes += _words(dropped, duplicated, reordered, slot, jitter)
    return FrameOrder(when, kept, slot, interval, jitter, dropped, duplicated, reordered, rollover, notes)


def in_order(values: NDArray, footage_index: NDArray, axis: int = 0) -> NDArray:
    """Return what belongs to the frames of the footage (keypoints, say) in the order of time, doubled ones left out.

    Parameters
    ----------
    values : ndarray
        Along `axis` one entry per frame of the footage.
    footage_index : ndarray of int, shape (frame,)
        Of `FrameOrder`.
    """
    return np.take(values, footage_index, axis=axis)


def _unrolled(times: NDArray, unit_s: float | None) -> tuple[NDArray, NDArray, tuple[str, ...]]:
    """Undo rollovers: jumps back far beyond what frames out of order explain."""
    step = np.diff(times)
    forward = step[step > 0]
    if not len(forward):
        return times, np.zeros(0, np.int64), ()
    typical = float(np.median(forward))
    back = np.flatnonzero(step < -50 * typical)
    if not len(back):
        return times, np.zeros(0, np.int64), ()
    period = _period(times, int(back[0]), typical, unit_s)
    if period is None:
        return _restarted(times, back, typical)
    answer = times.copy()
    for index in range(1, len(times)):
        # Nearest to the frame before: one that is out of order at the rollover comes right as well.
        answer[index] += period * np.round((answer[index - 1] + typical - times[index]) / period)
    turns = np.round((answer - times) / period)
    rolled = np.flatnonzero(np.diff(np.maximum.accumulate(turns)) > 0) + 1
    listed = ", ".join(str(index) for index in rolled[:_LISTED])
    return answer, rolled, (f"the counter began again at frame {listed} (after {period:.6g} s), which is undone",)


def _period(times: NDArray, at: int, typical: float, unit_s: float | None) -> float | None:
    """Return the period of the counter that goes on by a few frames across the jump back after frame `at`."""
    known = [*(ROLLOVER_S), *(units * unit_s for units in ROLLOVER_UNITS if unit_s)]
    gaps = {period: times[at + 1] - times[at] + period for period in known}
    fitting = [period for period, gap in gaps.items() if 0.2 * typical < gap < 200 * typical]
    reach = np.ptp(times)
    return min((period for period in fitting if period > 0.99 * reach), key=lambda p: gaps[p], default=None)


def _restarted(times: NDArray, back: NDArray, typical: float) -> tuple[NDArray, NDArray, tuple[str, ...]]:
    answer = times.copy()
    for index in back:
        answer[index + 1 :] += answer[index] + typical - answer[index + 1]
    listed = ", ".join(str(index + 1) for index in back[:_LISTED])
    note = f"the clock was set back at frame {listed}, and how long it stood still is unknown: one frame is assumed"
    return answer, back + 1, (note,)


def _misplaced(times: NDArray) -> NDArray:
    """Return the fewest frames whose moving makes all times rise: those outside the longest rising row."""
    if (np.diff(times) >= 0).all():
        return np.zeros(0, np.int64)
    tails: list[float] = []  # smallest last time of a rising row, by its length
    ends: list[int] = []  # and the frame that has it
    before = np.full(len(times), -1)
    for index, time in enumerate(times.tolist()):
        place = bisect_right(tails, time)
        before[index] = ends[place - 1] if place else -1
        tails[place : place + 1], ends[place : place + 1] = [time], [index]
    inside = np.zeros(len(times), bool)
    at = ends[-1]
    while at >= 0:
        inside[at] = True
        at = int(before[at])
    return np.flatnonzero(~inside)


def _words(
    dropped: NDArray, duplicated: NDArray, reordered: NDArray, slot: NDArray, jitter: float
) -> tuple[str, ...]:
    notes = []
    if len(dropped):
        total, count = int(dropped[:, 1].sum()), len(dropped)
        listed = _listed([f"{n} after frame {after}" for after, n in dropped])
        share = 100 * total / (slot[-1] + 1)
        notes.append(f"{_frames(total)} dropped in {count} place{'s' * (count > 1)} ({digits(share)} %): {listed}")
    if len(duplicated):
        notes.append(f"{_frames(len(duplicated), 'doubled')} left out: {_listed([str(index) for index in duplicated])}")
    if len(reordered):
        notes.append(f"{_frames(len(reordered))} put in order: {_listed([str(index) for index in reordered])}")
    if len(slot) > 2 and slot[0] < 0:
        notes.append(f"the frame rate varies (by {100 * jitter:.0f} %): no dropped frame can be told from a late one")
    return tuple(notes)


def _frames(count: int, kind: str = "") -> str:
    return f"{count} {kind + ' ' * bool(kind)}frame{'s' * (count > 1)}"


def _listed(items: list[str]) -> str:
    return ", ".join(items[:_LISTED]) + (f" and {len(items) - _LISTED} more" if len(items) > _LISTED else "")


def _unusable(cause: str) -> ShapeError:
    return ShapeError(cause, "Give the times as the camera wrote them, one per frame.", code="FRAME_TIMES_UNUSABLE")
