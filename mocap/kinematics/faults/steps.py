"""Points of segments that too few points show for their shape to be judged: whether their course breaks off.

A marker that is knocked, or a label that goes over to another marker, goes on elsewhere from one frame to the next.
"""

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.faults.bodies import GROUPS, SKIN_M, TRUNK_M, Group, Moved
from mocap.kinematics.landmarks import SPINOUS
from mocap.signal.medians import finite_median

FULL_RATE_HZ = 100.0
"""At lower rates limbs do more between frames: limits grow in proportion to the time between them. Knees and spines of
recorded walks and squats break off by at most 8, 5 and 23 mm at 100, 50 and 25 Hz; the limits are 15, 30 and 60."""
_SIDE = 4  # samples on each side, through which a parabola is laid
_MISSING = 3  # samples among these eight
_SIGMAS, _MEDIAN_OF_MAXWELL = 7.0, 1.538
_ALIKE = 0.6  # the way back is so many times the way there, or more
_OF_STEP = 0.5  # of a step, that the way between two samples is off those around it
_MOST = 60
_ALONE = (
    Group("spine", "spine", SPINOUS, SKIN_M),
    Group("head", "head", ("VERTEX", "HEAD"), SKIN_M),
    *(Group(f"toes_{s.lower()}", f"toes {s}", tuple(s + n for n in ("HALLUX", "TOE", "BTOE", "STOE")), TRUNK_M)
      for s in "RL"),
    *(Group(f"arm_{s.lower()}", f"arm {s}", tuple(s + n for n in ("SJC", "EJC", "WJC", "MET3")), SKIN_M)
      for s in "RL"),
)  # fmt: skip
"""Points that no shape judges. Toes, heads and arms of recorded walks and squats break off by at most 3.6 mm at 100 Hz
and 8.9 mm at 50."""


def lone_points(names: Collection[str]) -> list[tuple[Group, str]]:
    """Return the points, with their segment, that no group of three or more of them judges."""
    lone, judged = list[tuple[Group, str]](), set[str]()
    for group in GROUPS:
        seen = [name for name in group.points if name in names]
        judged.update(seen if len(seen) >= 3 else ())
    for group in (*GROUPS, *_ALONE):
        lone += [(group, name) for name in group.points if name in names and name not in judged]
        judged.update(group.points)
    return lone


def find_steps(
    positions: Mapping[str, NDArray],
    rate_hz: float,
    keypoints: Collection[str] = frozenset(),
    doubted: Collection[str] | None = None,
) -> tuple[Moved, ...]:
    """Find the lone points that go on elsewhere from one frame to the next.

    Parameters
    ----------
    positions : mapping of str to ndarray, shape (time, 3)
        Landmarks as they were measured, m: a low-pass filter hides a step.
    rate_hz : float
    keypoints : collection of str
        Landmarks that a pose detector placed, which are not looked at.
    doubted : collection of str, optional
        Landmarks that do anything at once, where that is known: no others are looked at.

    Returns
    -------
    tuple of Moved
        The stretches off their course. Where a point does not come back nothing tells which side of the step is wrong.
    """
    found = list[Moved]()
    for group, name in lone_points([name for name in positions if name not in keypoints]):
        if doubted is not None and name not in doubted:
            continue
        limit = group.limit_m * max(1.0, FULL_RATE_HZ / rate_hz)
        found += _of_point(group, name, positions[name], limit)
    return tuple(found)


def _of_point(group: Group, name: str, path: NDArray, limit_m: float) -> list[Moved]:
    size, apart = breaks(path)
    usual = float(finite_median(size[:, None], axis=0)[0]) / _MEDIAN_OF_MAXWELL
    limit = max(limit_m, _SIGMAS * usual) if np.isfinite(usual) else np.inf
    at = [frame for frame in _peaks(size / apart, limit) if not _is_kink(path, frame, size[frame])]
    if not at:
        return []
    largest = float(size[at].max())

    def moved(start: int, stop: int, either: int = -1) -> Moved:
        return Moved(group, (name,), largest, limit, start, stop, of_static=False, either=either)

    there, back = size[at[0::2]], size[at[1::2]]
    if len(there) != len(back) or (np.minimum(there, back) < _ALIKE * np.maximum(there, back)).any():
        return [moved(0, len(path), at[0])]
    inside = sum(stop - start for start, stop in zip(at[0::2], at[1::2], strict=True))
    if 2 * inside <= len(path):
        return [moved(start, stop) for start, stop in zip(at[0::2], at[1::2], strict=True)]
    return [moved(start, stop) for start, stop in zip((0, *at[1::2]), (*at[0::2], len(path)), strict=True)]


def breaks(path: NDArray) -> tuple[NDArray, NDArray]:
    """Return by how much the courses before and from each frame on miss each other half-way between the samples.

    Parameters
    ----------
    path : ndarray, shape (time, 3)
        Metres; NaN is missing.

    Returns
    -------
    ndarray, shape (time,)
        Metres; NaN where four samples on either side are not within three frames more than these eight.
    ndarray, shape (time,)
        The number of frames from one sample to the other.
    """
    size, apart = np.full(len(path), np.nan), np.ones(len(path))
    there = np.flatnonzero(np.isfinite(path).all(axis=1))
    inner = len(there) - 2 * _SIDE + 1
    if inner < 1:
        return size, apart
    own = path if len(there) == len(path) else path[there]
    miss = np.zeros((inner, 3))
    for k, weight in enumerate(_at_middle(np.arange(_SIDE) + 0.5)):
        before, behind = _SIDE - 1 - k, _SIDE + k
        miss += weight * (own[behind : behind + inner] - own[before : before + inner])
    span = there[2 * _SIDE - 1 :] - there[:inner] - (2 * _SIDE - 1)
    for at in np.flatnonzero((span > 0) & (span <= _MISSING)):
        left, right = np.split(there[at : at + 2 * _SIDE], 2)
        middle = (left[-1] + right[0]) / 2
        miss[at] = _at_middle(right - middle) @ path[right] - _at_middle(left - middle) @ path[left]
    miss[span > _MISSING] = np.nan
    size[there[_SIDE : _SIDE + inner]] = np.linalg.norm(miss, axis=1)
    apart[there[1:]] = np.diff(there)
    return size, apart


def _is_kink(path: NDArray, frame: int, size: float) -> bool:
    """Tell whether a point that lands or hits changes its speed there and not its place.

    Its way from one sample to the next lies between those before and behind, then.
    """
    way = np.diff(path[frame - 3 : frame + 3], axis=0)
    if not np.isfinite(way).all() or len(way) < _SIDE + 1:
        return False
    before, here, behind = way[:-2], way[1:-1], way[2:]
    line = behind - before
    share = np.clip(np.sum((here - before) * line, axis=1) / np.maximum(np.sum(line**2, axis=1), 1e-18), 0.0, 1.0)
    return bool(np.linalg.norm(here - before - share[:, None] * line, axis=1).max() < _OF_STEP * size)


def _at_middle(frames: NDArray) -> NDArray:
    """Return the weights of samples in the value at 0 of the parabola through them."""
    weights: NDArray = np.linalg.pinv(np.vander(frames, 3, increasing=True))[0]
    return weights


def _peaks(size: NDArray, limit: float) -> list[int]:
    """Return the frames of the largest breaks above a limit, one for each step."""
    left, at = np.nan_to_num(size), list[int]()
    while len(at) < _MOST and left.size and left.max() > limit:
        top = int(left.argmax())
        at.append(top)
        left[max(top - _SIDE + 1, 0) : top + _SIDE] = 0.0
    return sorted(at)

