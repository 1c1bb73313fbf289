"""Samples that no body makes: points that stand still while the rest moves, leaps, and single samples far off.

They are told apart, not removed: what is raw stays raw, and the stages that smooth leave them out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mocap.schema import Status
from mocap.signal.leap_kernels import kept_runs
from mocap.signal.medians import finite_median
from mocap.signal.runs import runs
from mocap.signal.stray_ends import find_stray_ends
from mocap.trial import Points3D

#: A point that moves farther from one frame to the next has leapt (m).
LEAP_M = 0.3
#: Between the frames of a slow recording: feet swing at 4.5 m/s in walking (m/s).
LEAP_M_PER_S = 8.0
#: A sample farther from the course of its neighbours stands out, where the noise is small (m).
STRAY_M = 0.02
#: At lower rates limbs leave the cubic through their neighbours by more (Hz).
STRAY_RATE_HZ = 50.0
# With so many neighbours on each side not asked the limit grows by this power of the time between frames: what walking
# does at 33 to 10 Hz, recorded and synthetic, is 1.1 to 2 times less.
_STRAY_POWERS = (1.5, 2.1, 2.7)
_STRAY_SIGMAS = 7.0
_STRAY_OWN_SDS = 5.0
_POORLY_KNOWN = 2.0  # times the typical sd of the point
_FEWEST_FROZEN = 3
_OWN_STEP_M = 1e-5  # a point that usually moves less from frame to frame has no noise: a plant, or perfect data
_COPY_JUMP_M = 0.0005  # median step beside frames that are copies; with noise every step is as large
_OTHERS_MOVE_M = 1e-3
_NEIGHBOURS, _LOOKS = 4, 16
_LONGEST_STRAY = 3
_REACH = 4  # neighbours on each side that tell the course of a point
_TURNS = 8
_MEDIAN_OF_MAXWELL = 1.538  # median distance from the origin of three normal components of SD 1


@dataclass(frozen=True, eq=False)
class Implausible:
    """Which samples are implausible, and why; each of shape (time, keypoint), bool.

    Attributes
    ----------
    frozen : ndarray
        The same position to the last digit for three frames or more, while most other points move.
    leap : ndarray
        Both samples of a move of more than 0.3 m between two frames; of a point that leaps away and back all
        samples in between as well, unless that is about half of the recording or more.
    stray : ndarray
        Up to three samples in a row far off the course of their neighbours, or of those of one side at an end.
    unjudged : ndarray
        Samples at the ends of what is there, of which too little is known to tell whether they stray by 50 mm.
    """

    frozen: NDArray
    leap: NDArray
    stray: NDArray
    unjudged: NDArray

    @property
    def any(self) -> NDArray:
        """Samples that are implausible for any reason, shape (time, keypoint)."""
        return self.frozen | self.leap | self.stray


def leap_limit(rate_hz: float) -> float:
    """Return how far (m) a point may move from one frame to the next: 0.3 m, or at 8 m/s where that is farther."""
    return max(LEAP_M, LEAP_M_PER_S / rate_hz)


def stray_limits(rate_hz: float) -> NDArray:
    """Return how far (m) a sample may lie off the course of its neighbours with 0, 1, ... of them not asked, (3,).

    20 mm at 50 Hz and above; below that limbs do more from frame to frame.
    """
    return STRAY_M * max(1.0, STRAY_RATE_HZ / rate_hz) ** np.array(_STRAY_POWERS)


def find_implausible(
    position: NDArray, sd_m: NDArray | None = None, rate_hz: float = STRAY_RATE_HZ
) -> Implausible:
    """Find frozen points, leaps and stray samples.

    Parameters
    ----------
    position : ndarray, shape (time, keypoint, 3)
        Metres; NaN is missing.
    sd_m : ndarray, shape (time, keypoint), optional
        How well each sample is known (root of the summed variances, m); NaN unknown. One that is known badly may lie
        farther off.
    rate_hz : float
        Below 50 Hz limits grow with what limbs do between frames, see `leap_limit` and `stray_limits`.

    Returns
    -------
    Implausible
    """
    position = np.asarray(position, float)
    leap = find_leaps(position, leap_limit(rate_hz))
    stray, unjudged = judge_strays(np.where(leap[..., None], np.nan, position), sd_m, stray_limits(rate_hz))
    return Implausible(find_frozen(position), leap, stray, unjudged)


def without_implausible(points: Points3D) -> Points3D:
    """Return the points without samples that are implausible: NaN and REJECTED, for what interpolates or smooths.

    Samples that a reviewer edited stay.

    Parameters
    ----------
    points : Points3D
        World, m; its covariance tells how far a sample may lie off.
    """
    variance = np.trace(points.covariance, axis1=2, axis2=3)
    odd = find_implausible(points.position, np.sqrt(np.where(variance >= 0, variance, np.nan)), points.rate_hz).any
    odd = odd & ((points.status & np.uint8(Status.EDITED)) == 0)  # a person placed these
    if not odd.any():
        return points
    status = (points.status & ~np.uint8(Status.MEASURED)) | np.uint8(Status.REJECTED)
    return replace(
        points, position=np.where(odd[..., None], np.nan, points.position), status=np.where(odd, status, points.status),
        covariance=np.where(odd[..., None, None], np.nan, points.covariance),
    )  # fmt: skip


def find_frozen(position: NDArray) -> NDArray:
    """Return the samples, shape (time, keypoint), of points that stand still to the last digit as others move.

    So are all points of frames that were filled with a copy, which begin or end with a jump of most points.

    A point that mostly does not move at all is not called frozen where one of its neighbours does not either, as those
    of a planted foot in perfect data.
    """
    n_frames, n_keypoints = position.shape[:2]
    frozen = np.zeros((n_frames, n_keypoints), bool)
    if n_frames < _FEWEST_FROZEN or n_keypoints < 2:
        return frozen
    step = np.linalg.norm(np.diff(position, axis=0), axis=2)
    typical = finite_median(step, axis=0)
    still = step == 0.0
    moves = ~(typical <= _OWN_STEP_M) | ~_beside(position, typical <= _OWN_STEP_M)
    for keypoint in np.flatnonzero(still.any(axis=0) & moves):
        rests = np.array([rest for rest in runs(still[:, keypoint]) if rest[1] - rest[0] + 1 >= _FEWEST_FROZEN], int)
        if len(rests):
            for start, stop in rests[_others_move(position, step, int(keypoint), rests)]:
                frozen[start : stop + 1, keypoint] = True
    for start, stop in _copied(position, step):
        frozen[start : stop + 1] |= np.isfinite(position[start : stop + 1]).all(axis=2)
    return frozen


def _copied(position: NDArray, step: NDArray) -> list[tuple[int, int]]:
    """Return the stretches, first and last frame, in which no point moves to the last digit, with a jump at an end.

    Who stands still in perfect data comes to rest, and starts, by less than a millimetre a frame.
    """
    seen = np.isfinite(step)
    still = (np.where(seen, step, 0.0) == 0.0).all(axis=1) & (seen.sum(axis=1) >= 2)
    usual, found = finite_median(step, axis=1), []
    for start, stop in runs(still):
        edges = [usual[edge] for edge in (start - 1, stop) if 0 <= edge < len(usual)]
        if stop - start + 1 >= _FEWEST_FROZEN and any(edge > _COPY_JUMP_M for edge in edges):
            found.append((start, stop))
    return found


def _beside(position: NDArray, marked: NDArray) -> NDArray:
    """Return which points, shape (keypoint,), have a marked one among the four that are nearest in a few frames."""
    looks = np.unique(np.linspace(0, len(position) - 1, _LOOKS).round().astype(int))
    apart = np.linalg.norm(position[looks][:, :, None] - position[looks][:, None], axis=3)
    distance = finite_median(apart, 0)
    np.fill_diagonal(distance, np.inf)
    return np.asarray(marked[np.argsort(distance, axis=1)[:, :_NEIGHBOURS]].any(axis=1))


def _others_move(position: NDArray, step: NDArray, keypoint: int, rests: NDArray) -> NDArray:
    """Return during which rests of a point, shape (n, 2) of start and stop, most others move."""
    start, stop = rests.T
    moved = np.linalg.norm(position[stop] - position[start], axis=2)
    # Someone who turns back in between has moved, too: the longest single step tells.
    first = np.cumsum(stop - start) - (stop - start)
    frames = np.arange(np.sum(stop - start)) + np.repeat(start - first, stop - start)
    path = np.maximum.reduceat(step[frames], first, axis=0)
    far = [finite_median(np.delete(way, keypoint, axis=1), 1) for way in (moved, path)]
    return np.asarray(np.fmax(*far) > _OTHERS_MOVE_M)


def find_leaps(position: NDArray, limit_m: float = LEAP_M) -> NDArray:
    """Return the samples, shape (time, keypoint), beside or between leaps; over gaps the limit is that per frame."""
    n_frames, n_keypoints = position.shape[:2]
    leap = np.zeros((n_frames, n_keypoints), bool)
    for keypoint in range(n_keypoints):
        there = np.flatnonzero(np.isfinite(position[:, keypoint]).all(axis=1))
        if len(there) < 2:
            continue
        own = position[there, keypoint]
        span = np.diff(there)
        far = np.linalg.norm(np.diff(own, axis=0), axis=1) > limit_m * span
        at = np.flatnonzero(far)
        leap[there[at], keypoint] = leap[there[at + 1], keypoint] = True
        if len(at) > 1:
            # Away and back again: what lies between is the excursion, unless that is most of the recording.
            start, stop = np.append(0, at + 1), np.append(at, len(there) - 1)
            size = stop - start + 1
            kept = kept_runs(own[start], own[stop], there[start], there[stop], size, limit_m)
            leap[there[~np.repeat(kept, size)], keypoint] = True
    return leap


def judge_strays(
    position: NDArray, sd_m: NDArray | None = None, limits_m: Sequence[float] | NDArray = (STRAY_M,) * _LONGEST_STRAY
) -> tuple[NDArray, NDArray]:
    """Find the samples, shape (time, keypoint), that lie far from the cubic through their neighbours.

    Far is more than `limits_m` (m, with 0, 1, ... neighbours on each side not asked, see `stray_limits`), more than
    seven times the spread of such distances, which a noisy recording makes large, and more than five times what the
    sample's own `sd_m` lets expect. The worst sample of a neighbourhood is taken out first, and its neighbours are
    asked again. A sample known much worse than the others of its point says nothing about them, nor is it told apart
    itself. Where neighbours of one side are missing, the others foretell it, see `find_stray_ends`; these are never
    asked about others before they are judged themselves.

    Returns
    -------
    stray : ndarray of bool, shape (time, keypoint)
    unjudged : ndarray of bool, shape (time, keypoint)
        Those at ends that could lie 50 mm off and would not be found.
    """
    leasts = np.array([np.full(position.shape[:2], limit) for limit in limits_m])
    known = np.isfinite(position).all(axis=2)
    if sd_m is not None:
        leasts = np.maximum(leasts, _STRAY_OWN_SDS * np.nan_to_num(sd_m))
        known &= ~(np.nan_to_num(sd_m) > _POORLY_KNOWN * np.nan_to_num(finite_median(sd_m, axis=0), nan=np.inf))
    if len(position) < 2 * _REACH + 1:
        return np.zeros(known.shape, bool), known
    one_sided = known & ~_between(known)
    work = np.where((known & ~one_sided)[..., None], position, np.nan)
    stray, least = _inner_strays(work, leasts), leasts[0]
    work[stray] = np.nan
    ends = known & ~_between(known & ~one_sided)
    # A stray that nobody could judge yet makes its judged neighbour look stray: near ends all are judged in order.
    doubted = stray & _near(ends)
    ends |= known & _near(ends) & _near(doubted)
    stray &= ~ends
    work[ends] = np.nan
    at_ends, judged = find_stray_ends(
        np.where((known & ~stray)[..., None], position, np.nan), ends, least, work
    )
    stray |= at_ends | (doubted & ~judged)
    excess = _excess(position, 0, least, np.where((known & ~stray)[..., None], position, np.nan))
    # A good sample beside strays may have gone with them: it fits the course of those that are left. And what only one
    # side told of may have two by now.
    stray = (stray & ~(excess <= 1.0)) | (ends & (np.nan_to_num(excess) > 1.0))
    return stray, one_sided & ~judged & ~stray


def _near(marked: NDArray) -> NDArray:
    """Frames whose course the marked ones, or those beside these, have a part in, shape (time, keypoint)."""
    near = marked.copy()
    for shift in range(1, 2 * _REACH + 1):
        near[shift:] |= marked[:-shift]
        near[:-shift] |= marked[shift:]
    return near


def _between(known: NDArray) -> NDArray:
    """Where enough neighbours are known for the course of a point, shape (time, keypoint)."""
    sides = np.zeros((2, *known.shape), np.int8)
    for shift in range(1, _REACH + 1):
        sides[0, shift:] += known[:-shift]
        sides[1, :-shift] += known[shift:]
    return np.asarray((sides >= 2).all(axis=0) & (sides.sum(axis=0) >= 5))


def _inner_strays(position: NDArray, leasts: NDArray) -> NDArray:
    """Strays among samples that have neighbours on both sides, the worst of a neighbourhood first."""
    work, stray = np.array(position), np.zeros(position.shape[:2], bool)
    for _ in range(_TURNS):
        shown = np.max([np.nan_to_num(_excess(work, near, least)) for near, least in enumerate(leasts)], axis=0)
        worst = shown > 1.0
        if not worst.any():
            break
        for shift in range(1, _REACH + 1):
            worst[shift:] &= shown[shift:] >= shown[:-shift]
            worst[:-shift] &= shown[:-shift] >= shown[shift:]
        stray |= worst
        work[worst] = np.nan
    return stray


def _excess(position: NDArray, left_out: int, least_m: NDArray, neighbours: NDArray | None = None) -> NDArray:
    """Distance from the course of the neighbours as a share of what is allowed, shape (time, keypoint); NaN unknown."""
    distance, gain = _off_course(position, position if neighbours is None else neighbours, left_out)
    sigma = finite_median(distance / gain, axis=0) / _MEDIAN_OF_MAXWELL
    limit = np.maximum(least_m, _STRAY_SIGMAS * np.where(np.isfinite(sigma), sigma, np.inf) * gain)
    return distance / limit


def _off_course(position: NDArray, neighbours: NDArray, left_out: int) -> tuple[NDArray, NDArray]:
    """Distance of each sample from the cubic through up to four neighbours on each side, shape (time, keypoint).

    The next `left_out` samples on each side are not asked: strays in a row would vouch for each other. NaN where
    fewer than five neighbours are there, or fewer than two on one side. With it, by how much this distance is
    noisier than one sample.
    """
    near, reach = left_out + 1, left_out + _REACH
    offsets = np.array([*range(-reach, -near + 1), *range(near, reach + 1)])
    n_frames, n_keypoints = position.shape[:2]
    padded = np.full((n_frames + 2 * reach, n_keypoints, 3), np.nan)
    padded[reach:-reach] = neighbours
    basis = np.vander(offsets / reach, 4, increasing=True)
    weights = np.linalg.pinv(basis)[0]
    centre = np.zeros(position.shape)
    for shift, weight in zip(offsets, weights, strict=True):
        centre += weight * padded[reach + shift : reach + shift + n_frames]
    gain = np.full(position.shape[:2], np.sqrt(1 + (weights**2).sum()))
    # Beside gaps and at both ends some neighbours are missing: few samples, each with weights of its own.
    frame, keypoint = np.nonzero(np.isnan(centre).any(axis=2) & np.isfinite(position).all(axis=2))
    if len(frame):
        around = padded[reach + frame[:, None] + offsets, keypoint[:, None]]
        centre[frame, keypoint], gain[frame, keypoint] = _at_centre(around, basis, offsets)
    return np.linalg.norm(position - centre, axis=2), gain


def _at_centre(around: NDArray, basis: NDArray, offsets: NDArray) -> tuple[NDArray, NDArray]:
    """Value at 0 of the cubics through those of the neighbours, shape (sample, neighbour, 3), that are there."""
    there = np.isfinite(around).all(axis=2)
    normal = np.einsum("so,oi,oj->sij", there.astype(float), basis, basis)
    enough = (there.sum(axis=1) >= 5) & (there[:, offsets < 0].sum(axis=1) >= 2)
    enough &= there[:, offsets > 0].sum(axis=1) >= 2
    normal[~enough] = np.eye(4)
    weights = np.linalg.inv(normal)[:, 0] @ basis.T * there
    centre = np.einsum("so,soc->sc", weights, np.where(there[..., None], around, 0.0))
    return np.where(enough[:, None], centre, np.nan), np.sqrt(1 + (weights**2).sum(axis=1))
