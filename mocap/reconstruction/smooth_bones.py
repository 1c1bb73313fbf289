"""Bones among smoothed keypoints: which length each has, how well it keeps it, and what that says of its ends."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.reconstruction.smooth_bone_kernels import bone_blocks, bone_lines, spread_along, variance_along

_FEWEST = 20  # frames with both ends
# Share of the ends' variance of a single frame: a bone is not held more tightly, for the sake of the solver.
_STIFFEST = 0.02
_LAGS = 200
_MEDIAN_FRAMES = 1000  # that a median is taken of, at least, evenly spread


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


def lines(bones: Bones, position: NDArray, alive: NDArray) -> tuple[NDArray, NDArray]:
    """Return direction (time, bone, 3) and length (time, bone) in all frames; zero where an end is missing."""
    n_frames = position.shape[1] - 3
    direction, length = np.empty((n_frames, len(bones.ends), 3)), np.empty((n_frames, len(bones.ends)))
    bone_lines(position, bones.ends, bones.apart, alive, direction, length)
    return direction, length


def learn_bones(bones: Bones, position: NDArray, covariance: NDArray, measured: NDArray, info: NDArray) -> Bones:
    """Learn the length of each bone and how well it is kept, from smoothed positions and their covariance."""
    direction, length = lines(bones, position, measured)
    own = np.empty(length.shape)
    spread_along(bones.ends, direction, covariance, own)
    raw = np.empty((2, *length.shape))
    variance_along(bones.ends, direction, info, raw[0], raw[1])
    middle, weight = np.zeros(len(bones.ends)), np.zeros(len(bones.ends))
    for bone in range(len(bones.ends)):
        seen = np.flatnonzero(length[:, bone] > 0)
        if len(seen) < _FEWEST:
            continue
        here = length[seen, bone]
        some = slice(None, None, max(1, len(seen) // _MEDIAN_FRAMES))
        middle[bone] = np.median(here[some])
        spread = (1.4826 * np.median(np.abs(here[some] - middle[bone]))) ** 2
        single = raw[0, seen[some], bone] + raw[1, seen[some], bone]
        change = max(float(spread - np.median(own[seen[some], bone])), 0.0)
        floor = _STIFFEST * float(np.median(single))
        weight[bone] = 1.0 / (change * _correlation_frames(here - middle[bone]) + floor)
    return Bones(bones.ends, bones.apart, middle, weight)


def relearned(bones: Bones, position: NDArray, alive: NDArray) -> Bones:
    """Return the bones with the lengths of these positions."""
    length = lines(bones, position, alive)[1]
    middle = bones.length.copy()
    for bone in np.flatnonzero(bones.weight > 0):
        middle[bone] = np.median(length[length[:, bone] > 0, bone])
    return Bones(bones.ends, bones.apart, middle, bones.weight)


def told_by_neighbours(bones: Bones, direction: NDArray, info: NDArray) -> NDArray:
    """Return the information with what each bone tells of one end from the other end's own single-frame noise.

    What the smoother passes of both ends is the same band of frequencies, so that in it a neighbour is known to the
    noise of its single frames, not to that of its smoothed ones; what further neighbours tell is left out.
    """
    first, second = np.empty(direction.shape[:2]), np.empty(direction.shape[:2])
    variance_along(bones.ends, direction, info, first, second)
    own = 1.0 / np.where(bones.weight > 0, bones.weight, np.nan)
    result = info.copy()
    to_first, to_second = (np.nan_to_num(1.0 / (own + other)) for other in (second, first))
    bone_blocks(bones.ends, direction, to_first, to_second, result)
    return result


def _correlation_frames(series: NDArray) -> float:
    """Return over how many frames a deviation lasts: the sum of its autocorrelation up to where it ends."""
    lags = min(_LAGS, len(series) // 4)
    power = float(series @ series)
    if power <= 0:
        return 1.0
    total = 1.0
    for lag in range(1, lags):
        share = float(series[lag:] @ series[:-lag]) / power
        if share < 0.05:
            break
        total += 2.0 * share
    return total
