"""Samples far off at the ends of a recording and beside gaps, where only what came before, or after, tells.

To go on from one side errs more than to bridge two: noise counts up to three times as much, and what a body does next
is not known. So each keypoint is asked first how far it was foretold wrong where it was seen throughout.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

#: A stray sample this far off has to be told; ends at which it would not be are said not to be judged (m).
TO_BE_TOLD_M = 0.05
_LONGEST_LEAD = 4  # frames from the nearest sample that is trusted
_WAYS = ((2, 4), (2, 6), (3, 6), (3, 8))  # terms of the polynomial, and samples that it goes through
_HOLES = 2  # samples that may be missing among those
_DEEPEST = 14  # ends in a row
_WINDOW = _LONGEST_LEAD + max(n for _, n in _WAYS) + _HOLES
_SIGMAS = 5.5  # one in a million lies farther off, of Gaussian noise in three axes
_RARELY, _MORE = 1000, 1.45  # what is farther off than all but one in so many by so much is not of the motion
_FEWEST = 30  # frames that tell how well a keypoint is foretold
_MOST_ASKED = 2000
_MEDIAN_OF_MAXWELL = 1.538  # median distance from the origin of three normal components of SD 1


@dataclass(frozen=True, eq=False)
class _Foretelling:
    """How a keypoint is best foretold by so many frames: shape (lead, keypoint) each, leads from 1 on.

    `way` is the place in `_WAYS`, and `limit_m` how far off a sample may lie; infinite where not known.
    """

    way: NDArray
    limit_m: NDArray


def find_stray_ends(
    position: NDArray, ends: NDArray, least_m: NDArray, sure: NDArray
) -> tuple[NDArray, NDArray]:
    """Judge samples at ends of runs by where the run was going, those nearest to its middle first.

    Parameters
    ----------
    position : ndarray, shape (time, keypoint, 3)
        Metres, without leaps and other strays; NaN is missing.
    ends : ndarray of bool, shape (time, keypoint)
        The samples to judge.
    least_m : ndarray, shape (time, keypoint)
        What lies less far off is never stray.
    sure : ndarray, shape (time, keypoint, 3)
        The samples that nothing speaks against, the ends left out: they tell how well each keypoint is foretold.

    Returns
    -------
    stray : ndarray of bool, shape (time, keypoint)
    judged : ndarray of bool, shape (time, keypoint)
        Where a sample 50 mm off would have been told.
    """
    stray, judged = np.zeros((2, *ends.shape), bool)
    if len(position) <= _WINDOW or not ends.any():
        return stray, judged
    sides = (slice(None), slice(None, None, -1))
    answers = [tuple(a[way] for a in _judge(position[way], ends[way], least_m[way], sure[way])) for way in sides]
    cleared = np.any([asked & ~far for far, asked, _ in answers], axis=0)
    stray = np.any([far for far, _, _ in answers], axis=0) & ~cleared
    return stray, np.any([sharp for _, _, sharp in answers], axis=0)


def _judge(position: NDArray, ends: NDArray, least_m: NDArray, sure: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Judge ends by what came before: which are far off, were asked, and would have been told if 50 mm off."""
    work = np.array(position)
    far, asked, sharp = np.zeros((3, *ends.shape), bool)
    known = _learn(sure)
    depth = _depth(ends)
    for level in range(1, _DEEPEST + 1):
        frame, keypoint = np.nonzero(depth == level)
        if not len(frame):
            break
        distance, limit = _off(work, frame, keypoint, known)
        limit = np.maximum(limit, least_m[frame, keypoint])
        told = np.isfinite(distance) & np.isfinite(limit)
        out = told & (distance > limit)
        asked[frame, keypoint], far[frame, keypoint] = told, out
        sharp[frame, keypoint] = told & (limit <= TO_BE_TOLD_M)
        work[frame[out], keypoint[out]] = np.nan
    return far, asked, sharp


def _depth(ends: NDArray) -> NDArray:
    """The how manieth end in a row each is, shape (time, keypoint), at most so many; 0: none."""
    depth = ends.astype(np.int8)
    for _ in range(_DEEPEST):
        before = np.zeros_like(depth)
        for shift in range(1, _LONGEST_LEAD + 1):
            before[shift:] = np.maximum(before[shift:], depth[:-shift])
        deeper = np.where(ends, before + 1, 0).astype(np.int8)
        if np.array_equal(deeper, depth):
            break
        depth = deeper
    return depth


def _learn(sure: NDArray) -> _Foretelling:
    """Foretell frames that are known, in every way and by every lead, and see how far that errs."""
    n_frames = len(sure)
    frames = np.arange(_WINDOW, n_frames, max((n_frames - _WINDOW) // _MOST_ASKED, 1))
    leads = np.arange(1, _LONGEST_LEAD + 1)
    longest = _LONGEST_LEAD + max(n for _, n in _WAYS) - 1
    seen = np.stack([sure[frames - back] for back in range(longest + 1)])
    weights = np.zeros((len(leads), len(_WAYS), longest + 1))
    weights[..., 0] = -1.0
    for lead in leads:
        for place, (terms, n) in enumerate(_WAYS):
            weights[lead - 1, place, lead : lead + n] = _contiguous(terms, n, lead)
    errors = np.linalg.norm(np.tensordot(weights, seen, axes=1), axis=-1)  # (lead, way, frame, keypoint)
    limit = _usual_limit(errors)
    way = limit.argmin(axis=1)
    return _Foretelling(way, np.take_along_axis(limit, way[:, None], axis=1)[:, 0])


def _usual_limit(errors: NDArray) -> NDArray:
    """How far off sound samples may lie, shape (lead, way, keypoint)."""
    known = np.isfinite(errors[0, 0])  # the same samples in every way
    count = known.sum(axis=0)
    ordered = np.sort(np.where(known, errors, np.inf), axis=2)

    def at(place: NDArray) -> NDArray:
        index = np.broadcast_to(np.clip(place, 0, None), (*errors.shape[:2], 1, len(count)))
        return np.take_along_axis(ordered, index, axis=2)[:, :, 0]

    if not len(known):
        return np.full((*errors.shape[:2], len(count)), np.inf)
    noise = at((count - 1) // 2) / _MEDIAN_OF_MAXWELL
    rare = at(count - 1 - count // _RARELY)
    return np.where(count >= _FEWEST, np.maximum(_SIGMAS * noise, _MORE * rare), np.inf)


@cache
def _contiguous(terms: int, n: int, lead: int) -> NDArray:
    """Weights of the last `n` samples, the nearest first, for what comes `lead` frames after the nearest."""
    offsets = -(lead + np.arange(float(n)))
    return np.asarray(np.linalg.pinv(np.vander(offsets, terms, increasing=True))[0])


def _off(position: NDArray, frame: NDArray, keypoint: NDArray, known: _Foretelling) -> tuple[NDArray, NDArray]:
    """Distance of samples from where the ones before were going, and how far off they may lie; NaN unknown."""
    distance, limit = np.full((2, len(frame)), np.nan)
    back = np.arange(1, _WINDOW + 1)
    at = frame[:, None] - back
    around = np.where((at >= 0)[..., None], position[np.maximum(at, 0), keypoint[:, None]], np.nan)
    there = np.asarray(np.isfinite(around).all(axis=2))
    lead = np.where(there.any(axis=1), there.argmax(axis=1) + 1, _WINDOW)
    near = lead <= _LONGEST_LEAD
    row = np.minimum(lead, _LONGEST_LEAD) - 1
    for place, (terms, n) in enumerate(_WAYS):
        used = there & (there.cumsum(axis=1) <= n) & (back < (lead + n + _HOLES)[:, None])
        own = np.flatnonzero(near & (known.way[row, keypoint] == place) & (used.sum(axis=1) == n))
        if len(own):
            weights = _weights(used[own], back, terms)
            foretold = np.einsum("so,soc->sc", weights, np.where(used[own, :, None], around[own], 0.0))
            distance[own] = np.linalg.norm(position[frame[own], keypoint[own]] - foretold, axis=1)
            whole = np.array([_gain(_contiguous(terms, n, by)) for by in range(1, _LONGEST_LEAD + 1)])[row[own]]
            limit[own] = known.limit_m[row[own], keypoint[own]] * np.maximum(_gain(weights) / whole, 1.0)
    return distance, limit


def _weights(used: NDArray, back: NDArray, terms: int) -> NDArray:
    """Weights, shape (sample, frame back), of those that are used for the polynomial's value at 0."""
    basis = np.vander(back / _WINDOW, terms, increasing=True)
    normal = np.einsum("so,oi,oj->sij", used.astype(float), basis, basis)
    return np.asarray(np.linalg.inv(normal)[:, 0] @ basis.T * used)


def _gain(weights: NDArray) -> NDArray:
    """By how much the error of foretelling is noisier than one sample."""
    return np.asarray(np.sqrt(1.0 + (weights**2).sum(axis=-1)))
