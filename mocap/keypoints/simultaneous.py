"""Frames of all cameras that were taken at one time, side by side: people are told apart by what is seen at once."""

from heapq import heappush, heapreplace

import numpy as np
from numpy.typing import NDArray

from mocap.errors import KeypointError
from mocap.keypoints.people import PeopleKeypoints

_NEVER = 1e18
_LONGEST_OVERLAP = 3.0  # lengths of a recording that clocks may spread over
_MOST_SLOTS = 20  # for each frame of a camera


def simultaneous(people: PeopleKeypoints, when_s: NDArray) -> tuple[PeopleKeypoints, NDArray]:
    """Put the frames of every camera in slots of a common time, each frame in one slot of its own.

    Parameters
    ----------
    people : PeopleKeypoints
        By the cameras' own frames.
    when_s : ndarray, shape (camera, frame)
        When each frame was taken, by one clock; NaN unknown. Increasing along a camera.

    Returns
    -------
    PeopleKeypoints
        By slots of the rate of the fastest camera, from where two cameras have begun to where all but one have
        ended; NaN where a camera took no frame. As they were where no two cameras share any time.
    slot : ndarray of int, shape (camera, frame)
        Where each frame went; -1 for those without a time, or that only one camera could have seen.

    Raises
    ------
    KeypointError
        `FRAME_TIMES`: a camera's frames were all taken at one time. `CLOCKS_APART`: the clocks spread over many times
        the length of the recording.
    """
    known = np.isfinite(when_s)
    interval_s = _interval(when_s, known, 1.0 / people.rate_hz)
    begin = np.min(when_s, where=known, initial=np.inf)
    _check_spread(when_s, known, interval_s)
    slot = np.full(when_s.shape, -1.0)
    for own, row, there in zip(slot, when_s, known, strict=True):
        own[there] = _own_slots((row[there] - begin) / interval_s)
    first = np.sort(np.min(slot, axis=1, where=known, initial=_NEVER))[min(1, len(slot) - 1)]
    last = np.sort(np.max(slot, axis=1, where=known, initial=-_NEVER))[max(len(slot) - 2, 0)]
    if first > last:
        return people, np.broadcast_to(np.arange(people.n_frames), when_s.shape)
    n_slots = int(last - first) + 1
    known &= (slot >= first) & (slot <= last)
    slot = np.where(known, slot - first, -1).astype(np.int64)
    camera, frame = np.nonzero(known)
    pixels = np.full((people.n_cameras, n_slots, *people.pixels.shape[2:]), np.nan, people.pixels.dtype)
    confidence = np.zeros((people.n_cameras, n_slots, *people.confidence.shape[2:]), people.confidence.dtype)
    pixels[camera, slot[known]] = people.pixels[camera, frame]
    confidence[camera, slot[known]] = people.confidence[camera, frame]
    return PeopleKeypoints(pixels, confidence, people.names, 1.0 / interval_s), slot


def _interval(when_s: NDArray, known: NDArray, stated_s: float) -> float:
    """Time from frame to frame of the fastest camera, s; the stated one where no camera has two frames.

    Raises
    ------
    KeypointError
        `FRAME_TIMES`.
    """
    found = []
    for camera, there in enumerate(known):
        own = when_s[camera, there]
        if len(own) < 2:
            continue
        if own.max() <= own.min():
            raise KeypointError(
                f"All {len(own)} frames of camera {camera + 1} of {len(known)} bear the same time ({own[0]:.3f} s).",
                "Give the time at which each frame was taken, or none, so that the rate tells.", code="FRAME_TIMES",
            )  # fmt: skip
        found.append(_own_interval(own))
    return min(found, default=stated_s)


def _own_interval(own_s: NDArray) -> float:
    """Time from frame to frame of one camera, s: bears with lost frames, jitter and stamps in whole milliseconds."""
    on_average = float(own_s.max() - own_s.min()) / (len(own_s) - 1)
    # One way bears with frames lost everywhere, the other with much jitter; the right one has all frames in step.
    found = [_by_stretches(own_s, each) for each in (True, False)]
    best = max(found, key=lambda interval: abs(np.exp(2j * np.pi * (own_s - own_s[0]) / interval).sum()))
    # More frames than slots would push one another on for good.
    return min(best, on_average)


def _by_stretches(own_s: NDArray, each: bool) -> float:
    """Time from frame to frame, s, by ever longer stretches: the error of a stamp is spread over more intervals.

    A stretch of frames holds a whole number of intervals, more than frames where some were lost: how many, the
    interval by stretches of half the length tells; of `each` stretch, or of the median one alone.
    """
    ahead = min(2, len(own_s) - 1)  # stamps may come in pairs
    interval = float(np.median(own_s[ahead:] - own_s[:-ahead])) / ahead
    while interval > 0 and 2 * ahead <= len(own_s) - 1:
        ahead *= 2
        stretch = own_s[ahead:] - own_s[:-ahead]
        stretch = stretch if each else np.median(stretch, keepdims=True)
        interval = float(np.median(stretch / np.maximum(np.rint(stretch / interval), 1)))
    return interval if interval > 0 else float(own_s.max() - own_s.min()) / (len(own_s) - 1)


def _check_spread(when_s: NDArray, known: NDArray, interval_s: float) -> None:
    """Refuse clocks that have no time in common, rather than lay out the years between.

    Raises
    ------
    KeypointError
        `CLOCKS_APART`.
    """
    rows = [own[there] for own, there in zip(when_s, known, strict=True) if there.any()]
    if len(rows) < 2:
        return
    # A camera that nobody else shares a time with leaves no slots; they lie between the second and the last but one.
    spread = float(np.sort([row.max() for row in rows])[-2] - np.sort([row.min() for row in rows])[1])
    longest = max(float(row.max() - row.min()) for row in rows)
    most = min(_LONGEST_OVERLAP * max(longest, interval_s), _MOST_SLOTS * max(map(len, rows)) * interval_s)
    if spread > most:
        raise KeypointError(
            f"The times of the cameras' frames spread over {spread:.0f} s for recordings of "
            f"{max(map(len, rows))} frames ({max(map(len, rows)) * interval_s:.1f} s).",
            "Give times that begin together, such as seconds since a common trigger, and without leaps on the way.",
            code="CLOCKS_APART",
        )


def _own_slots(place: NDArray) -> NDArray:
    """Put each frame of one camera into a slot of its own, in their order, with the least sum of |slot - place|.

    Parameters
    ----------
    place : ndarray, shape (frame,)
        Where each frame belongs, in slots.
    """
    order = np.arange(len(place))
    nearest = np.rint(place)
    if (np.diff(nearest) > 0).all():
        return nearest
    # Slots of their own are slots less the number of the frame that never fall. Where several answers are as good
    # (two frames that want one slot), the middle between the lowest and the highest of them is another.
    late = place - order
    return np.asarray(np.rint((_never_falling(late) - _never_falling(-late[::-1])[::-1]) / 2) + order)


def _never_falling(values: NDArray) -> NDArray:
    """The lowest sequence that never falls with the least sum of distances from the values, by medians.

    Sums of distances are convex and piecewise linear in the last value of the sequence; a heap holds the places
    where their slope changes up to the lowest minimum. From the end, each value is then no higher than the next.
    """
    heap: list[float] = []  # negated: the largest comes first
    lowest = np.empty(len(values))
    for frame, value in enumerate(values.tolist()):
        heappush(heap, -value)
        if -heap[0] > value:
            heapreplace(heap, -value)
        lowest[frame] = -heap[0]
    return np.minimum.accumulate(lowest[::-1])[::-1]
