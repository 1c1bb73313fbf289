"""A first look for lost frames: one shift of a camera against the others throughout, or one before and one after."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.sync.motion_coarse import Scores, agreed_shifts
from mocap.sync.motion_look import Look

_LEAST_GAIN = 0.01  # share of the loss on the side that is better off


@dataclass(frozen=True)
class Candidate:
    """A camera that two shifts fit better than one, and between which frames the second takes over.

    Attributes
    ----------
    camera : int
    low, high : int
        Frames.
    before, after : int
        Whole frames that its clock is ahead.
    gain : float
        By how much the loss falls.
    others : ndarray of int, shape (camera,)
        Whole frames that all clocks are ahead by the same count.
    """

    camera: int
    low: int
    high: int
    before: int
    after: int
    gain: float
    others: NDArray


def candidate_of(look: Look) -> Candidate | None:
    """Return the loss of a camera that lowers what its pairs miss by most, None where none lowers it."""
    scores, reach, half = look.scores, look.reach, look.half
    if not scores:
        return None
    n_cameras = len(look.tracks.position)
    common = agreed_shifts(scores, look.places, n_cameras, reach, 0)[:, 0]
    frames = look.places * half + half
    found = []
    for camera in range(n_cameras):
        loss = _loss_by_shift(scores, common, camera, reach)
        best = None if loss is None else _best_step(loss)
        if best is not None:
            step, before, after, gain = best
            low, high = frames[max(step - 4, 0)], frames[min(step + 3, len(frames) - 1)]
            found.append(Candidate(camera, int(low), int(np.ceil(high)), before - reach, after - reach, gain, common))
    return max(found, key=lambda candidate: candidate.gain, default=None)


def _loss_by_shift(scores: Scores, common: NDArray, camera: int, reach: int) -> NDArray | None:
    """Loss of each shift of one camera against where the others stand, shape (stretch, shift)."""
    answer = None
    for (a, b), (total, count) in scores.items():
        if camera not in (a, b):
            continue
        other, sign = (a, 1) if camera == b else (b, -1)
        total, count = total[:, ::sign], count[:, ::sign]
        enough = count > 0.25 * np.maximum(count.max(axis=1, keepdims=True), 1)
        mean = np.where(enough, total / np.maximum(count, 1), np.nan)
        usual = np.nan_to_num(np.nanmean(mean, axis=1, keepdims=True)) if enough.any(axis=1).all() else 0.5
        loss = np.where(enough, mean, usual) * count.max(axis=1, keepdims=True)
        at = np.clip(np.arange(2 * reach + 1) - common[other], 0, 2 * reach)
        answer = loss[:, at] if answer is None else answer + loss[:, at]
    return answer


def _best_step(loss: NDArray) -> tuple[int, int, int, float] | None:
    """Stretch from which another shift holds, both shifts, and what they gain; only losses, that is, falling shifts."""
    sums = np.cumsum(loss, axis=0)
    single = int(sums[-1].argmin())
    first, rest = sums[:-1], sums[-1] - sums[:-1]
    # The least over all pairs of shifts of which the second is smaller.
    least_after = np.minimum.accumulate(rest, axis=1)
    both = first[:, 1:] + least_after[:, :-1]
    if not both.size:
        return None
    step, place = np.unravel_index(int(both.argmin()), both.shape)
    before = int(place) + 1
    after = int(rest[step, :before].argmin())
    gain = float(sums[-1, single] - both[step, place])
    changed = [first[step, single]] * (before != single) + [rest[step, single]] * (after != single)
    if gain <= _LEAST_GAIN * float(min(changed, default=np.inf)):
        return None
    return int(step) + 1, before, after, gain
