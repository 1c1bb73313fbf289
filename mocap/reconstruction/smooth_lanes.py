"""Keypoints in groups as the compiled smoother takes them: what is learned of each, what strays, and how it looks."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mocap.reconstruction.smooth_guard import doubts, usable_covariance
from mocap.reconstruction.smooth_kernels import LANES, PAD
from mocap.reconstruction.smooth_load_kernels import load_lanes, survey
from mocap.reconstruction.smooth_options import SmoothingOptions
from mocap.reconstruction.smooth_pace import PACE_PERIODS, paced
from mocap.reconstruction.smooth_scout import Seen, learn, look, look_all, strays
from mocap.reconstruction.smooth_series import Series
from mocap.trial import Points3D

_GATE_ROUNDS = 11
_FEW = 0.005  # of the samples: strays that hardly change what was learned
#: Frames that a variance is learned from; more only take time.
LEARN_FRAMES = 600
_LEARN_PIECES = 4
_START_FRAMES, _START_PIECES = 240, 3  # for where the search starts


@dataclass(frozen=True, eq=False)
class Prepared:
    """Points in the unit of the smoother: arrays of all keypoints, and the groups they are worked on in.

    Attributes
    ----------
    position : ndarray, shape (time, keypoint, 3)
    covariance : ndarray, shape (time, keypoint, 3, 3)
        Known for every sample that is there.
    known : ndarray of bool, shape (keypoint,)
        Whether the points brought a covariance.
    centre : ndarray, shape (keypoint, 3)
    unit : float
        Metres.
    groups : list of ndarray of int
    """

    position: NDArray
    covariance: NDArray
    known: NDArray
    centre: NDArray
    unit: float
    groups: list[NDArray]


@dataclass(frozen=True, eq=False)
class Lanes:
    """What was learned of one group of keypoints.

    Attributes
    ----------
    members : ndarray of int
        Keypoints; lane i holds the i-th.
    series : Series
        Without the samples that stray.
    stray : ndarray of bool, shape (time + PAD, LANES)
    stiffness, noise : ndarray, shapes (3, LANES), (LANES,)
        Of `smooth_series.learn`.
    doubts : list of str
        By member why it is not smoothed; empty where it is. The series holds nothing of those that are not.
    """

    members: NDArray
    series: Series
    stray: NDArray
    stiffness: NDArray
    noise: NDArray
    doubts: list[str]

    def held(self, prepared: Prepared, position: NDArray) -> "Lanes":
        """Return the lanes without those that a fit, shape (time + PAD, 3, LANES), moves beyond belief."""
        known = prepared.known[self.members]
        fresh = doubts(self.series.info, self.series.value, position, self.noise, known, self.stray)
        told = [old or new for old, new in zip(self.doubts or [""] * len(fresh), fresh, strict=True)]
        if told == self.doubts or not any(told):
            return replace(self, doubts=told)
        dropped = np.zeros(self.stray.shape[1], bool)
        dropped[: len(told)] = [bool(words) for words in told]
        stray = self.stray & ~dropped
        return replace(self, series=self.series.only(~dropped), stray=stray, doubts=told)


def prepare(points: Points3D) -> Prepared:
    """Return the points as the smoother takes them."""
    position, total = plain(points.position), np.zeros((len(points.names), 4))
    measured = np.empty(position.shape[:2], bool)
    survey(position, measured, total)
    covariance, known = usable_covariance(plain(points.covariance), measured)
    centre = total[:, :3] / np.maximum(total[:, 3:], 1)
    rarely = slice(None, None, max(1, len(measured) // LEARN_FRAMES))
    trace = np.trace(covariance[rarely], axis1=2, axis2=3)[measured[rarely]]
    unit = float(np.sqrt(np.median(trace) / 3)) if len(trace) else 1.0
    n_groups = max(1, -(-len(points.names) // LANES))
    groups = np.array_split(np.arange(len(points.names)), n_groups)
    return Prepared(position, plain(covariance), known, centre, unit, groups)


def plain(array: NDArray) -> NDArray:
    """Return the array as the compiled loops take it: any other layout would be compiled anew."""
    result = np.ascontiguousarray(array).view()
    result.flags.writeable = False
    return result


def look_at_lanes(
    prepared: Prepared, group: NDArray, longest: int, options: SmoothingOptions
) -> tuple[Lanes, Seen]:
    """Learn motion and noise of a group of keypoints, and leave out what strays; with it, what each axis looks like."""
    series = _series(prepared, group, longest)
    gate = options.outlier_probability
    learned = _learned(series, gate)
    stray, steady_pace = np.zeros(series.active.shape, bool), True
    seen = look_all(series, learned[0])
    for _ in range(_GATE_ROUNDS):
        fresh = strays(series, seen, learned[1], gate)
        if fresh.any():
            stray |= fresh
            series = series.leave_out(fresh, longest)
            many = fresh.sum(axis=0) > _FEW * series.measured.sum(axis=0)
            if many.any():
                learned = _learned(series, gate, learned, many)
            seen = look_all(series, learned[0])
        elif steady_pace:
            steady_pace, series = False, _paced(series, learned, seen)
            learned = _learned(series, gate, learned)
            seen = look_all(series, learned[0])
        else:
            break
    return Lanes(group, series, stray, *learned, []), seen


def _paced(series: Series, learned: tuple[NDArray, NDArray], seen: Seen) -> Series:
    """Return the series with its pace; what lies off in between is the pace's own affair, and no stray."""
    series = paced(series, *learned, seen, PACE_PERIODS[0])
    for periods in PACE_PERIODS[1:]:
        series = paced(series, *learned, look_all(series, learned[0]), periods)
    return series


def _learned(
    series: Series, gate: float, start: tuple[NDArray, NDArray] | None = None, lanes: NDArray | None = None
) -> tuple[NDArray, NDArray]:
    """Learn from a few pieces, without what strays in them."""
    if start is None and len(series.active) > 2 * _START_FRAMES:
        start = learn(_sample(series, _START_FRAMES, _START_PIECES))
    sample = _sample(series, LEARN_FRAMES, _LEARN_PIECES)
    learned = learn(sample, start, lanes)
    for _ in range(_GATE_ROUNDS if gate > 0 else 0):
        stray = strays(sample, look(sample, learned[0]), learned[1], gate)
        stray &= np.bool_(True) if lanes is None else lanes
        if not stray.any():
            break
        sample = sample.less(stray)
        learned = learn(sample, learned, np.asarray(stray.any(axis=0)))
    return learned


def _series(prepared: Prepared, group: NDArray, longest: int) -> Series:
    """Return the keypoints about their middle in units of the typical noise; spare lanes stay empty."""
    n_frames = len(prepared.position)
    value, precision = np.zeros((2, n_frames + PAD, 3, LANES))
    info = np.zeros((n_frames + PAD, 6, LANES))
    load_lanes(
        prepared.position, prepared.covariance, group, prepared.centre, prepared.unit, value.reshape(-1),
        info.reshape(-1), precision.reshape(-1),
    )  # fmt: skip
    active, stray = np.zeros((2, n_frames + PAD, LANES), bool)
    series = Series(value, info, active)
    series.__dict__["precision"] = precision  # came with the rest: the series need not find it from `info`
    return series.leave_out(stray, longest)


def _sample(series: Series, frames: int, pieces: int) -> Series:
    """Return a few pieces, evenly spread, of a long series."""
    n_frames = len(series.active) - PAD
    if n_frames <= frames:
        return series
    starts = np.linspace(0, n_frames - frames // pieces, pieces).astype(int)
    # The PAD frames at the end of each piece keep it apart from the next.
    parts = [series.part(start, start + frames // pieces) for start in starts]
    value, info, active = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("value", "info", "active")
    )
    paces = [part.pace for part in parts if part.pace is not None]
    return Series(value, info, active, np.concatenate(paces) if paces else None)
