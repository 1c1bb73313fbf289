"""Offset and drift of all cameras at once, to a fraction of a frame, by iteratively reweighted Gauss-Newton.

The residual of a keypoint in a pair of cameras is its signed Sampson distance, less its mean over the window: what
a detector or a calibration gets wrong in the same way throughout says nothing of the clock. The derivative with
respect to a clock is the velocity of the ray across the epipolar line.

The spread comes from the scores summed over stretches of time and over keypoints (clustered both ways; Cameron,
Gelbach and Miller, "Robust inference with multiway clustering", 2011), so that errors which last, or belong to one
keypoint, count once rather than once a frame; and over pairs of cameras, which disagree where the calibration is
wrong. The curvature has its second-order term: in a still recording the
velocities are noise, the two terms cancel, and the estimate says that it knows nothing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.signal.medians import finite_median
from mocap.sync.motion_pairs import Pair
from mocap.sync.motion_tracks import TUKEY, Tracks

_STEPS = 20
_SETTLED, _NEARLY = 1e-3, 0.02  # frames
_LONGEST_STEP = 3.0  # frames
_LEAST_SCALE_PX = 1e-3
_BLOCK_S = 0.5
_FEWEST_BLOCKS = 10
_LEAST_CURVATURE = 0.6  # of Gauss-Newton's: below, the velocities are mostly noise
_FEWEST_SAMPLES = 30
_FEWEST_SPARE = 0.5  # degrees of freedom beyond two


@dataclass(frozen=True, eq=False)
class Refined:
    """Shifts in frames; parameters are the offsets of all cameras, then their drifts.

    Attributes
    ----------
    offset, drift : ndarray, shape (camera,)
        Frames at the middle of the recording, and more at its end.
    influence : ndarray, shape (parameter, block, keypoint)
        By how much each block of time and keypoint moves each estimate, frames: sums of their squares are variances.
    by_pair : ndarray, shape (parameter, pair, block)
        The same for each pair of cameras.
    told : ndarray of bool, shape (parameter,)
        Parameters that the movement decides.
    blocks_per_window : int
    """

    offset: NDArray
    drift: NDArray
    influence: NDArray
    by_pair: NDArray
    told: NDArray
    blocks_per_window: int

    def variance(self, weights: NDArray) -> float:
        """Variance of ``weights @ parameters``, frames^2."""
        moved = np.tensordot(weights, self.influence, axes=1)
        # The mean that is taken off in a window takes the part of one block with it.
        blocks = self.blocks_per_window if self.blocks_per_window > 1 else moved.shape[0]
        by_block = moved.sum(axis=1)
        by_time = float((by_block**2).sum()) * blocks / max(blocks - 1, 1) * _few(by_block)
        by_keypoint = float((moved.sum(axis=0) ** 2).sum())
        return by_time + max(by_keypoint - float((moved**2).sum()), 0.0) + self._between_pairs(weights)

    def _between_pairs(self, weights: NDArray) -> float:
        """What pairs of cameras disagree by, beyond what time lets them; 0 for two cameras, which are one pair."""
        moved = np.tensordot(weights, self.by_pair, axes=1)
        n_pairs, spare = len(moved), len(moved) - len(self.offset) + 1
        if spare < 1:
            return 0.0
        together = float((moved.sum(axis=1) ** 2).sum()) * n_pairs / spare
        return max(together - float((moved**2).sum()), 0.0)


def _few(by_block: NDArray) -> float:
    """By how much a variance from few blocks has to be larger: that of Student's t, n / (n - 2).

    Blocks with much movement count for more than others; n is the number of equal ones that would vary as much
    (Satterthwaite, "An approximate distribution of estimates of variance components", 1946).
    """
    total, fourth = float((by_block**2).sum()), float((by_block**4).sum())
    count = total**2 / fourth if fourth > 0 else 1.0
    return count / max(count - 2.0, _FEWEST_SPARE)


@dataclass(frozen=True, eq=False)
class _System:
    gauss_newton: NDArray
    plain: NDArray  # with the second derivatives of the miss
    curvature: NDArray  # and with those of the bounded loss
    score: NDArray
    by_part: NDArray
    by_pair: NDArray


def refine(
    tracks: Tracks, pairs: list[Pair], along: NDArray, offset: NDArray, drift: NDArray, free: NDArray, rate_hz: float
) -> Refined:
    """Refine from shifts within about a frame: offsets first, then the free drifts with them.

    Parameters
    ----------
    along : ndarray, shape (window, sample)
        Place of each sample in the recording, -1 to 1.
    offset, drift : ndarray, shape (camera,)
        Start, frames.
    free : ndarray of bool, shape (camera,)
        Cameras whose drift is estimated; that of the others stays.
    """
    n_cameras = len(tracks.position)
    values = np.concatenate([offset, drift]).astype(float)
    wanted = np.concatenate([np.ones(n_cameras, bool), np.asarray(free, bool)])
    first = wanted & (np.arange(2 * n_cameras) < n_cameras)
    system = _system(tracks, pairs, along, values, rate_hz)
    # At the start too: where the movement is noise, a minimum that was searched for has a curvature all the same.
    known = _told(system, n_cameras, least=_LEAST_CURVATURE)
    for used, settled in ((first, _NEARLY), (wanted, _SETTLED)):
        for _ in range(_STEPS):
            seen = used & _told(system, n_cameras, least=0.0)
            step = -_inverse(system.gauss_newton, seen, n_cameras) @ system.score
            step = np.clip(step, -_LONGEST_STEP, _LONGEST_STEP)
            values = values + step
            system = _system(tracks, pairs, along, values, rate_hz)
            if np.abs(step).max() < settled:
                break
    told = wanted & known & _told(system, n_cameras, least=_LEAST_CURVATURE)
    told = _sound(system.curvature, told, n_cameras)
    inverse = _inverse(system.curvature, told, n_cameras)
    influence, by_pair = (np.tensordot(inverse, part, axes=1) for part in (system.by_part, system.by_pair))
    blocks = len(_block_starts(tracks, rate_hz))
    return Refined(values[:n_cameras], values[n_cameras:], influence, by_pair, told, blocks)


def _told(system: _System, n_cameras: int, least: float) -> NDArray:
    expected, found = np.diag(system.gauss_newton), np.diag(system.plain)
    told = (expected > 0) & (found > least * expected) if least > 0 else expected > 0
    told[n_cameras:] &= told[:n_cameras]
    return np.asarray(told)


def _sound(curvature: NDArray, told: NDArray, n_cameras: int) -> NDArray:
    """Leave out parameters until the rest has a minimum: no direction but the common clock's may be flat."""
    told = told.copy()
    while told.any():
        places = np.flatnonzero(told)
        gauged = _gauged(curvature, told, n_cameras)[np.ix_(places, places)]
        scale = 1.0 / np.sqrt(np.abs(np.diag(gauged)))
        values, vectors = np.linalg.eigh(gauged * scale[:, None] * scale)
        if values[0] > 1e-6:
            break
        worst = int(places[np.argmax(np.abs(vectors[:, 0]))])
        told[worst] = False
        if worst < n_cameras:
            told[worst + n_cameras] = False
    return told


def _gauged(matrix: NDArray, used: NDArray, n_cameras: int) -> NDArray:
    """Matrix with the free common offset and drift held."""
    gauge = np.zeros((2, len(used)))
    gauge[0, :n_cameras] = used[:n_cameras]
    if (used[:n_cameras] == used[n_cameras:]).all():  # otherwise a drift that is held holds the common one
        gauge[1, n_cameras:] = used[n_cameras:]
    size = np.abs(np.diag(matrix)[used]).max() if used.any() else 1.0
    answer: NDArray = matrix + size * gauge.T @ gauge
    return answer


def _inverse(matrix: NDArray, used: NDArray, n_cameras: int) -> NDArray:
    """Inverse over the used parameters, 0 elsewhere."""
    answer = np.zeros_like(matrix)
    places = np.flatnonzero(used)
    if len(places):
        block = np.ix_(places, places)
        answer[block] = np.linalg.pinv(_gauged(matrix, used, n_cameras)[block], hermitian=True)
    return answer


def _system(tracks: Tracks, pairs: list[Pair], along: NDArray, values: NDArray, rate_hz: float) -> _System:
    n_cameras, n_keypoints = len(tracks.position), tracks.position.shape[3]
    starts = _block_starts(tracks, rate_hz)
    n_blocks = len(tracks.windows.start) * len(starts)
    gauss_newton = np.zeros((2 * n_cameras, 2 * n_cameras))
    plain, curvature = np.zeros_like(gauss_newton), np.zeros_like(gauss_newton)
    by_part = np.zeros((2 * n_cameras, n_blocks, n_keypoints))
    by_pair = np.zeros((2 * n_cameras, len(pairs), n_blocks))
    read = [tracks.at(c, values[c] + values[n_cameras + c] * along) for c in range(n_cameras)]
    for place_of_pair, pair in enumerate(pairs):
        terms = _terms(pair, read)
        if terms is None:
            continue
        miss, weight, bounded, changes, bends = terms
        place = along[..., None]
        columns = [changes[0], changes[1], changes[0] * place, changes[1] * place]
        columns = [column - _mean(column, weight) for column in columns]
        index = np.array([pair.a, pair.b, n_cameras + pair.a, n_cameras + pair.b])
        weighted = np.stack([weight * column for column in columns])
        flat = np.stack(columns).reshape(4, -1)
        normal = weighted.reshape(4, -1) @ flat.T
        gauss_newton[np.ix_(index, index)] += normal
        bent = np.zeros((4, 4))
        for side in range(2):
            second = (weight * miss * bends[side]).sum(axis=2)
            bent[side, side] = second.sum()
            bent[side, side + 2] = bent[side + 2, side] = (second * along).sum()
            bent[side + 2, side + 2] = (second * along**2).sum()
        plain[np.ix_(index, index)] += normal + bent
        curvature[np.ix_(index, index)] += (flat * bounded.reshape(-1)) @ flat.T + bent
        parts = np.add.reduceat(weighted * miss, starts, axis=2)
        parts = parts.reshape(4, n_blocks, n_keypoints)
        by_part[index] += parts
        by_pair[index, place_of_pair] = parts.sum(axis=2)
    return _System(gauss_newton, plain, curvature, by_part.sum(axis=(1, 2)), by_part, by_pair)


def _terms(
    pair: Pair, read: list[tuple[NDArray, NDArray, NDArray]]
) -> tuple[NDArray, NDArray, NDArray, tuple[NDArray, NDArray], tuple[NDArray, NDArray]] | None:
    """Miss about its mean, its weight, the derivative of their product by the miss, and first and second derivatives
    of the miss by both clocks; shape (window, sample, keypoint)."""
    (rays_a, velocity_a, bend_a), (rays_b, velocity_b, bend_b) = read[pair.a], read[pair.b]
    miss, line_a, line_b = pair.miss(rays_a, rays_b)
    seen = np.isfinite(miss)
    if np.count_nonzero(seen) < _FEWEST_SAMPLES:
        return None
    about = miss - finite_median(miss, axis=1)[:, None]
    # A zero is a window with one sample: it would make the scale too small.
    scale = 1.4826 * float(np.median(np.abs(about[seen & (about != 0)]))) if (seen & (about != 0)).any() else 0.0
    scale = float(np.hypot(scale, _LEAST_SCALE_PX))
    miss, about = np.where(seen, miss, 0.0), np.where(seen, about, np.inf)
    ratio = np.minimum((about / (TUKEY * scale)) ** 2, 1.0)
    weight = (1 - ratio) ** 2 / scale**2
    bounded = (1 - ratio) * (1 - 5 * ratio) / scale**2
    miss = miss - _mean(miss, weight)
    along = [(line_a, velocity_a), (line_b, velocity_b), (line_a, bend_a), (line_b, bend_b)]
    rates = [np.where(seen, line[0] * change[..., 0] + line[1] * change[..., 1], 0.0) for line, change in along]
    return miss, weight, bounded, (rates[0], rates[1]), (rates[2], rates[3])


def _mean(values: NDArray, weight: NDArray) -> NDArray:
    total = weight.sum(axis=1, keepdims=True)
    answer: NDArray = (weight * values).sum(axis=1, keepdims=True) / np.maximum(total, 1e-300)
    return answer


def _block_starts(tracks: Tracks, rate_hz: float) -> NDArray:
    """First samples of the blocks of time in a window: half a second each, shorter where that makes too few."""
    windows = tracks.windows
    n_samples = windows.samples.shape[1]
    seconds = windows.length / rate_hz
    wanted = max(seconds / _BLOCK_S, _FEWEST_BLOCKS / len(windows.start), 1.0)
    return np.unique((np.arange(int(np.ceil(wanted))) * n_samples / np.ceil(wanted)).astype(int))
