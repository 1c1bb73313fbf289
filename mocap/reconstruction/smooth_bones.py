"""Bones among smoothed keypoints: which length each has, how well it keeps it, and what that says of its ends."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.reconstruction.smooth_bone_kernels import (
    bone_blocks,
    bone_lines,
    correlation_frames,
    spread_along,
    variance_along,
)
from mocap.reconstruction.smooth_kernels import PAD

_FEWEST = 20  # frames with both ends
# Share of the ends' variance of a single frame: a bone is not held more tightly, for the sake of the solver.
_STIFFEST = 0.02
_LAGS = 200
# Evenly spread, at least so many: that lengths are found in, and that a median is taken of.
_CORRELATION_FRAMES, _MEDIAN_FRAMES = 2000, 1000
#: Calls a function for parts of so many rows, each from a start to a stop; several at once, if threads allow.
Share = Callable[[int, Callable[[int, int], None]], None]


def whole(n_rows: int, work: Callable[[int, int], None]) -> None:
    """Work on all rows at once."""
    work(0, n_rows)


@dataclass(frozen=True, eq=False)
class Bones:
    """Bones as the compiled loops take them.

    Attributes
    ----------
    ends : ndarray of int, shape (bone, 4)
        Group and lane of the first end, group and lane of the second.
    apart : ndarray, shape (bone, 3)
        Origin of the second end's coordinates minus that of the first's.
    length : ndarray, shape (bone,)
    weight : ndarray, shape (bone,)
        Inverse variance of the length, its correlation over frames counted; 0 for a bone too rarely seen.
    """

    ends: NDArray
    apart: NDArray
    length: NDArray
    weight: NDArray


def lines(
    bones: Bones, position: NDArray, alive: NDArray, share: Share = whole, every: int = 1
) -> tuple[NDArray, NDArray]:
    """Return direction (rows, bone, 3) and length (rows, bone), a row for every so many frames.

    Both are zero where an end is missing.
    """
    n_rows = -(-(position.shape[1] - PAD) // every)
    direction, length = np.empty((n_rows, len(bones.ends), 3)), np.empty((n_rows, len(bones.ends)))

    def work(start: int, stop: int) -> None:
        bone_lines(position, bones.ends, bones.apart, alive, every, direction, length, start, stop)

    share(n_rows, work)
    return direction, length


def learn_bones(
    bones: Bones, position: NDArray, variance: NDArray, measured: NDArray, info: NDArray, share: Share = whole
) -> Bones:
    """Learn the length of each bone and how well it is kept, from smoothed positions and the variance of each axis."""
    every = max(1, (position.shape[1] - PAD) // _CORRELATION_FRAMES)
    direction, length = lines(bones, position, measured, share, every)
    rarer = max(1, len(length) // _MEDIAN_FRAMES)
    direction, rarely, every_rarer = np.ascontiguousarray(direction[::rarer]), length[::rarer], every * rarer
    own = np.empty(rarely.shape)
    spread_along(bones.ends, direction, variance, every_rarer, own)
    first, second = np.empty((2, *rarely.shape))
    variance_along(bones.ends, direction, info, every_rarer, first, second, 0, len(rarely))
    middle, weight = np.zeros(len(bones.ends)), np.zeros(len(bones.ends))

    def learn(start: int, stop: int) -> None:
        for bone in range(start, stop):
            seen = rarely[:, bone] > 0
            if seen.sum() < _FEWEST:
                continue
            here = rarely[seen, bone]
            middle[bone] = np.median(here)
            spread = (1.4826 * np.median(np.abs(here - middle[bone]))) ** 2
            change = max(float(spread - np.median(own[seen, bone])), 0.0)
            floor = _STIFFEST * float(np.median(first[seen, bone] + second[seen, bone]))
            lasts = 1.0 + every * (_correlation_rows(length[:, bone], middle[bone], _LAGS // every) - 1.0)
            weight[bone] = 1.0 / (change * lasts + floor)

    share(len(bones.ends), learn)
    return Bones(bones.ends, bones.apart, middle, weight)


def relearned(bones: Bones, position: NDArray, alive: NDArray, share: Share = whole) -> Bones:
    """Return the bones with the lengths of these positions."""
    length = lines(bones, position, alive, share)[1]
    middle = bones.length.copy()
    for bone in np.flatnonzero(bones.weight > 0):
        middle[bone] = np.median(length[length[:, bone] > 0, bone])
    return Bones(bones.ends, bones.apart, middle, bones.weight)


def told_by_neighbours(
    bones: Bones, direction: NDArray, info: NDArray, share: Share = whole, into: NDArray | None = None
) -> NDArray:
    """Return the information with what each bone tells of one end from the other end's own single-frame noise.

    What the smoother passes of both ends is the same band of frequencies, so that in it a neighbour is known to the
    noise of its single frames, not to that of its smoothed ones; what further neighbours tell is left out.
    """
    first, second = np.empty((2, *direction.shape[:2]))
    own = np.array([1.0 / weight if weight > 0 else np.inf for weight in bones.weight])
    result = np.empty(info.shape) if into is None else into
    result[:, len(direction) :] = info[:, len(direction) :]

    def work(start: int, stop: int) -> None:
        variance_along(bones.ends, direction, info, 1, first, second, start, stop)
        to_first, to_second = 1.0 / (own + second[start:stop]), 1.0 / (own + first[start:stop])
        first[start:stop], second[start:stop] = to_first, to_second
        result[:, start:stop] = info[:, start:stop]
        bone_blocks(bones.ends, direction, first, second, result, start, stop)

    share(len(direction), work)
    return result


def _correlation_rows(length: NDArray, middle: float, most: int) -> float:
    """Return over how many of these rows, in which a length was seen, a deviation lasts."""
    off = length[length > 0] - middle
    return float(correlation_frames(off, min(most, len(off) // 4)))
