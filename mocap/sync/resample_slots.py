"""Which of a camera's frames stands for which frame of the common timeline."""

import numpy as np
from numpy.typing import NDArray

EXACT = 1e-6  # frames: nearer than this a sample is copied
SLACK = 0.5  # frames: how uneven frame times may be before two frames have a hole between them
_FARTHEST = 0.75  # frames that a frame may lie from the common one that follows its forerunner's
_ONE_RATE = 0.1  # by how much two rates may differ and frames be taken one by one


def frame_of_slots(place: NDArray, n_slots: int) -> NDArray:
    """Return the frame that stands for each common frame, shape (slot,); -1 where the camera took none.

    Parameters
    ----------
    place : ndarray, shape (frame,)
        When each frame was taken, in common frames, increasing; NaN after the last.

    Notes
    -----
    Each frame serves once, in order, and none is left out because times tremble about the middle between two common
    frames: one follows its forerunner as long as it lies within 0.75 frame. What is left empty without a hole in the
    frame times (a clock that runs slow, a lower rate) is served by the nearest frame again.
    """
    frame = np.full(n_slots, -1)
    own = np.flatnonzero(np.isfinite(place))
    if not len(own):
        return frame
    place = place[own]
    interval = float(np.median(np.diff(place))) if len(place) > 1 else 1.0
    slot = _one_by_one(place, interval) if abs(interval - 1) < _ONE_RATE else _nearest_slot(place)
    inside = (slot >= 0) & (slot < n_slots)
    # The nearest of several goes last, and stays.
    order = np.argsort(-np.abs(place - slot)[inside], kind="stable")
    frame[slot[inside][order]] = own[inside][order]
    empty = np.flatnonzero(frame < 0)
    after = np.searchsorted(place, empty)
    held = (after > 0) & (after < len(place))
    empty, after = empty[held], after[held]
    whole = place[after] - place[after - 1] <= (1 + SLACK) * interval
    empty, after = empty[whole], after[whole]
    frame[empty] = own[after - (empty - place[after - 1] <= place[after] - empty)]
    return frame


def _nearest_slot(place: NDArray) -> NDArray:
    """The later one of two that are equally near, whatever the rounding."""
    return np.asarray(np.floor(place + 0.5 + EXACT), np.int64)


def _one_by_one(place: NDArray, interval: float) -> NDArray:
    nearest = _nearest_slot(place).tolist()
    slot = np.empty(len(place), np.int64)
    last, before = 0, -np.inf
    for index, here in enumerate(place.tolist()):
        follows = here - before <= (1 + SLACK) * interval and abs(here - last - 1) <= _FARTHEST
        last = last + 1 if follows else nearest[index]
        slot[index], before = last, here
    return slot
