"""Where each camera's clock stands to the nearest frame: all whole-frame shifts of all pairs, then their consensus.

The score of a shift is the mean of a bounded loss of the epipolar distance about its median in each window and
keypoint. Bounded, because of outliers and exchanged sides; about the median, because a camera that was bumped misses
by pixels whatever its clock.
"""

import numpy as np
from numpy.typing import NDArray

from mocap.signal.medians import finite_median
from mocap.sync.motion_pairs import Pair
from mocap.sync.motion_tracks import Tracks

_SAMPLES = 1500  # per pair and shift
_FEWEST_FRAMES = 8  # of a window that a median is taken over
_SCALE = 1.5  # of the loss, in parts of the median miss at the best shift
_LEAST_SCALE_PX = 0.5
_FEWEST_SHARE = 0.25  # of the samples that a shift has to leave
_SWEEPS = 20
_MOST_PLACES = 32  # at which a drift is told apart from an offset
# A shift has to lower the loss by this share, and by as many standard errors over stretches of time: a still person
# has no least loss but by chance.
_LEAST_GAIN, _LEAST_GAIN_SE = 0.02, 5.0
_STRETCHES = 8  # at least, over which that error is taken


Scores = dict[tuple[int, int], tuple[NDArray, NDArray]]


def pair_scores(tracks: Tracks, pairs: list[Pair], reach: int, along: NDArray) -> tuple[Scores, NDArray]:
    """Return the losses and numbers of samples of each pair, shape (stretch, shift), and the place of each stretch.

    A shift is that of the second camera against the first; what shifts leave too little has no samples.
    """
    parts = min(max(int(np.ceil(_STRETCHES / len(along))), 4), along.shape[1])
    scores = {}
    for pair in pairs:
        total, count = _scores(tracks, pair, reach, parts)
        if count.any():
            scores[pair.a, pair.b] = total, count
    places = np.stack([part.mean(axis=1) for part in np.array_split(along, parts, axis=1)], axis=1).reshape(-1)
    return scores, places


def agreed_shifts(scores: Scores, places: NDArray, n_cameras: int, reach: int, most_drift: int) -> NDArray:
    """Return the shifts and drifts that agree best over all pairs and beyond chance, shape (camera, 2)."""
    costs = {
        key: _over_drift(total, count, places, reach, most_drift) for key, (total, count) in scores.items()
    }  # fmt: skip
    found = _consensus(costs, n_cameras, reach, most_drift) if costs else np.zeros((n_cameras, 2), int)
    return _beyond_chance(scores, found, places, reach)


def _beyond_chance(
    scores: Scores, found: NDArray, places: NDArray, reach: int
) -> NDArray:
    """Shifts against the most common one, those that gain no more than chance set back to it."""
    values, counts = np.unique(found, axis=0, return_counts=True)
    found = found - values[np.argmax(counts)]
    for camera in np.flatnonzero(found.any(axis=1)):
        held = found.copy()
        held[camera] = 0
        before, after = (_by_stretch(scores, shifts, int(camera), places, reach) for shifts in (held, found))
        gain = before - after
        spread = float(np.sqrt(np.sum((gain - gain.mean()) ** 2) * len(gain) / max(len(gain) - 1, 1)))
        # Someone who moves in a part of the recording alone gains there alone: what was lost elsewhere tells of chance.
        spread = min(spread, float(np.sqrt(np.sum(np.minimum(gain, 0.0) ** 2) * 2.0)))
        total = float(gain.sum())
        if total < _LEAST_GAIN_SE * spread or total < _LEAST_GAIN * before.sum():
            found[camera] = 0
    return found


def _by_stretch(
    scores: Scores, shifts: NDArray, camera: int, places: NDArray, reach: int
) -> NDArray:
    """Mean loss of one camera's pairs in each stretch of time, shape (stretch,); 0 where nothing is seen."""
    answer, row = np.zeros(len(places)), np.arange(len(places))
    for (a, b), (total, count) in scores.items():
        if camera in (a, b):
            offset, drift = shifts[b] - shifts[a]
            place = np.clip(np.rint(offset + drift * places).astype(int) + reach, 0, 2 * reach)
            answer += total[row, place] / np.maximum(count[row, place], 1)
    return answer


def _scores(tracks: Tracks, pair: Pair, reach: int, parts: int) -> tuple[NDArray, NDArray]:
    """Sum of the losses and number of samples, shape (stretch, shift), `parts` stretches in a window; b is shifted
    against a."""
    n_windows, n_keypoints = tracks.position.shape[1], tracks.position.shape[3]
    n_samples = tracks.windows.samples.shape[1]
    every = int(np.clip(n_windows * n_samples * n_keypoints / _SAMPLES, 1, max(n_samples // _FEWEST_FRAMES, 1)))
    rays_a = np.moveaxis(tracks.whole(pair.a, 0, every), 1, -1)
    miss = pair.miss_by_shift(np.moveaxis(rays_a, 2, 0), tracks.runs(pair.b, reach, every))
    miss = np.abs(miss - finite_median(miss, axis=3)[..., None])
    seen = np.isfinite(miss)
    cuts = [part[0] for part in np.array_split(np.arange(miss.shape[3]), parts)]
    count = _parted(np.add.reduce(seen.view(np.uint8), axis=1, dtype=np.uint16), cuts)
    n_seen = count.sum(axis=0)
    enough = n_seen >= max(_FEWEST_SHARE * int(n_seen.max()), 1)
    if not n_seen.any():
        return np.zeros(count.shape), count
    some = np.moveaxis(miss, 2, 0).reshape(2 * reach + 1, -1)
    some = some[:, :: max(some.shape[1] // _SAMPLES, 1)]
    usual = finite_median(some[enough], axis=1)
    scale = max(_SCALE * float(np.nanmin(usual)) if np.isfinite(usual).any() else 0.0, _LEAST_SCALE_PX)
    np.square(miss, out=miss)
    loss = np.where(seen, miss / (miss + np.float32(scale**2)), np.float32(0))
    return _parted(loss.sum(axis=1), cuts), np.where(enough, count, 0.0)


def _parted(values: NDArray, cuts: list[int]) -> NDArray:
    """Sums of (window, shift, sample) over the parts of each window, shape (stretch, shift)."""
    parts = np.add.reduceat(values, cuts, axis=-1, dtype=values.dtype).swapaxes(1, 2)
    answer: NDArray = parts.reshape(-1, values.shape[1]).astype(float)
    return answer


def _over_drift(total: NDArray, count: NDArray, along: NDArray, reach: int, most_drift: int) -> NDArray:
    """Mean loss, shape (offset, drift), 1 where a shift leaves too little."""
    cuts = [part[0] for part in np.array_split(np.arange(len(along)), min(len(along), _MOST_PLACES))]
    total, count = np.add.reduceat(total, cuts), np.add.reduceat(count, cuts)
    along = np.add.reduceat(along, cuts) / np.diff([*cuts, len(along)])
    offset = np.arange(-reach, reach + 1)
    cost = np.ones((len(offset), 2 * most_drift + 1))
    row = np.arange(len(along))
    for place, drift in enumerate(range(-most_drift, most_drift + 1)):
        shift = np.rint(offset[:, None] + drift * along).astype(int) + reach
        held = np.clip(shift, 0, 2 * reach)
        samples = np.where(shift == held, count[row, held], 0)
        losses = np.where(samples > 0, total[row, held], 0.0).sum(axis=1)
        samples = samples.sum(axis=1)
        enough = samples >= _FEWEST_SHARE * count.sum(axis=0).max()
        cost[enough, place] = losses[enough] / samples[enough]
    return cost


def _consensus(costs: dict[tuple[int, int], NDArray], n_cameras: int, reach: int, most_drift: int) -> NDArray:
    """Shifts of all cameras, shape (camera, 2), with the least sum over pairs.

    From the shifts that each camera sees best by itself, then one camera at a time until none moves.
    """
    table: dict[tuple[int, int], NDArray] = dict(costs)
    table.update({(b, a): cost[::-1, ::-1] for (a, b), cost in costs.items()})  # (a, b): b against a
    grid = (np.arange(-reach, reach + 1)[:, None], np.arange(-most_drift, most_drift + 1)[None])
    best_cost = _total(costs, np.zeros((n_cameras, 2), int), reach, most_drift)
    best = np.zeros((n_cameras, 2), int)
    for start in range(n_cameras):
        found = np.zeros((n_cameras, 2), int)
        for camera in range(n_cameras):
            if (start, camera) in table:
                found[camera] = _least(table[start, camera], reach, most_drift)
        for _ in range(_SWEEPS):
            before = found.copy()
            for camera in range(n_cameras):
                others = [other for other in range(n_cameras) if (other, camera) in table]
                if others:
                    sums = sum(
                        _looked_up(table[other, camera], grid[0] - found[other, 0], grid[1] - found[other, 1],
                                   reach, most_drift) for other in others
                    )  # fmt: skip
                    found[camera] = _least(np.asarray(sums), reach, most_drift)
            if (found == before).all():
                break
        cost = _total(costs, found, reach, most_drift)
        if cost < best_cost:
            best, best_cost = found, cost
    return best


def _least(cost: NDArray, reach: int, most_drift: int) -> tuple[int, int]:
    offset, drift = np.unravel_index(int(np.argmin(cost)), cost.shape)
    return int(offset) - reach, int(drift) - most_drift


def _looked_up(cost: NDArray, offset: NDArray, drift: NDArray, reach: int, most_drift: int) -> NDArray:
    inside = (np.abs(offset) <= reach) & (np.abs(drift) <= most_drift)
    held = cost[np.clip(offset, -reach, reach) + reach, np.clip(drift, -most_drift, most_drift) + most_drift]
    return np.where(inside, held, 1.0)


def _total(costs: dict[tuple[int, int], NDArray], found: NDArray, reach: int, most_drift: int) -> float:
    total = 0.0
    for (a, b), cost in costs.items():
        offset, drift = found[b] - found[a]
        total += float(_looked_up(cost, offset, drift, reach, most_drift))
    return total
