"""Cameras that stay out of step up to an end of the recording, seen by their observations one by one.

What was lost is gone for good: from there on every observation misses what the other cameras saw, up to the end; or,
where most of the recording comes after the loss, from the start up to it. The windows of seconds in which clocks are
compared are too long for ends shorter than themselves, so the ends are asked by themselves: first whether they fit as
the rest does, and only where they do not, which whole number of frames would make them fit.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from mocap.sync.lost_count import DOUBT, few_keypoints
from mocap.sync.lost_place import CAP, Held, held
from mocap.sync.lost_prediction import Prediction, common_miss
from mocap.sync.motion_options import MotionSyncOptions
from mocap.trial import Keypoints2D

_WHOLE_S = 8.0  # up to which a recording is looked at frame by frame
_END_S = 4.0  # of a longer one
_LONG_SHARE = 15.0  # and this part of it with a stride
_SAMPLES = 400
_END_SAMPLES = 40  # frames that a count is asked of
_OFTEN = 1.5  # usual losses that an end may have
_FRAMES_WORTH = 20.0  # of usual losses above that: a burst of exchanged sides is worth 12
_LEAST_LOSS = 150.0
_FEWEST = 40  # observations that tell a count
_ENOUGH = 0.25  # of the observations that the best count leaves
_SURE = 10.0  # of the loss, by which a count has to be better than any other
_LEAST_SCALE_PX = 0.05


@dataclass(frozen=True)
class EndApart:
    """An end of a recording in which a camera does not fit the others by the clock of the rest.

    Attributes
    ----------
    camera : int
    at_end : bool
        Else it is the start.
    first, last : int
        Frames of the part that does not fit.
    gain : float
        By how much its loss is above what is usual.
    count : int
        Lost frames that would set it right; 0 where no number does.
    count_sd : float
    """

    camera: int
    at_end: bool
    first: int
    last: int
    gain: float
    count: int = 0
    count_sd: float = np.inf


def ends_apart(
    keypoints: Keypoints2D, rig: CameraRig, ahead: NDArray, slope: NDArray, options: MotionSyncOptions
) -> list[EndApart]:
    """Find ends of the recording in which a camera does not fit the others, and how many lost frames explain it.

    Parameters
    ----------
    keypoints : Keypoints2D
        By each camera's own frames, in the order of the rig.
    rig : CameraRig
    ahead, slope : ndarray, shape (camera,)
        Frames that each clock is ahead at frame 0, and more per frame.
    options : MotionSyncOptions
        `reach_s` is the longest loss that is looked for.

    Returns
    -------
    list of EndApart
        Those that a number of lost frames explains first, then by what they gain.
    """
    few = few_keypoints(keypoints)
    reach = round(options.reach_s * keypoints.rate_hz)
    found = []
    for first, length, stride, sides in _spans(keypoints.n_frames, keypoints.rate_hz):
        middle = first + length / 2
        clock = ahead + slope * middle
        part = held(few, rig, np.arange(first, first + length, stride), float(np.abs(clock).max()), options)
        apart = [one for camera in range(len(rig)) for one in _misfits(part, camera, clock, sides)]
        if apart:
            wide = held(few, rig, part.frames, float(np.abs(clock).max()) + reach, options)
            found += _first_explained(wide, sorted(apart, key=lambda one: -one.gain), clock, reach)
    return sorted(found, key=lambda one: (one.count == 0, -one.gain))


def _first_explained(part: Held, apart: list[EndApart], clock: NDArray, reach: int) -> list[EndApart]:
    """Ends with a number of lost frames at the first that one explains: the others miss because of it."""
    for place, one in enumerate(apart):
        explained = _explained(part, one, clock, reach)
        if explained.count:
            return [explained, *apart[:place], *apart[place + 1 :]]
    return apart


def _spans(n_frames: int, rate_hz: float) -> list[tuple[int, int, int, tuple[bool, ...]]]:
    """First frame, length and stride of what is looked at, and at which ends (True: the end)."""
    if n_frames <= _WHOLE_S * rate_hz:
        return [(0, n_frames, 1, (False, True))]
    spans: list[tuple[int, int, int, tuple[bool, ...]]] = []
    for length in (round(_END_S * rate_hz), max(round(_WHOLE_S * rate_hz), int(n_frames / _LONG_SHARE))):
        stride = max(int(np.ceil(length / _SAMPLES)), 1)
        spans += [(0, length, stride, (False,)), (n_frames - length, length, stride, (True,))]
    return spans


def _misfits(part: Held, camera: int, clock: NDArray, sides: tuple[bool, ...]) -> list[EndApart]:
    """Ends at which the losses of one camera add up above what is usual."""
    fit = _Fit.of(part.by(camera, clock))
    loss, seen = fit.loss(part.by(camera, clock))
    count = seen.sum(axis=1)
    if not count.any():
        return []
    usual = max(float(np.median(loss.sum(axis=1)[count > 0] / count[count > 0])), 0.5)
    over = loss.sum(axis=1) - _OFTEN * usual * count
    limit = max(_FRAMES_WORTH * usual * float(np.median(count[count > 0])), _LEAST_LOSS)
    answer = []
    for at_end in sides:
        sums = np.cumsum(over[::-1])[::-1] if at_end else np.cumsum(over)
        place = int(sums.argmax())
        if sums[place] > limit:
            first, last = (place, len(over) - 1) if at_end else (0, place)
            answer.append(
                EndApart(camera, at_end, int(part.frames[first]), int(part.frames[last]), float(sums[place]))
            )  # fmt: skip
    return answer


@dataclass(frozen=True, eq=False)
class _Fit:
    """What each keypoint of a camera misses by throughout, and the square of its scatter, px^2."""

    bias: NDArray
    scale: float

    @classmethod
    def of(cls, prediction: Prediction) -> "_Fit":
        bias = common_miss(prediction.miss, prediction.weight)
        square = prediction.squared(bias)
        known = square[np.isfinite(square)]
        # The median of a sum of two squares is 1.386 of each one's mean.
        return cls(bias, max(float(np.median(known)) / 1.386 if len(known) else 0.0, _LEAST_SCALE_PX**2))

    def loss(self, prediction: Prediction) -> tuple[NDArray, NDArray]:
        """Bounded losses and where there are any, shape (frame, keypoint)."""
        square = prediction.squared(self.bias) / self.scale
        seen = np.isfinite(square)
        return np.where(seen, np.minimum(np.where(seen, square, 0.0), CAP), 0.0) / 2, seen


def _explained(part: Held, apart: EndApart, clock: NDArray, reach: int) -> EndApart:
    """Look for the number of lost frames that makes an end fit as the rest does."""
    inside = (part.frames >= apart.first) & (part.frames <= apart.last)
    own = part.by(apart.camera, clock)
    fit = _Fit.of(_only(own, ~inside)) if np.count_nonzero(~inside) > np.count_nonzero(inside) else _Fit.of(own)
    loss, seen = fit.loss(own)
    outside = seen & ~inside[:, None]
    usual = float(loss[outside].mean()) if outside.any() else 1.0
    end = part.only(np.flatnonzero(inside)[:: max(np.count_nonzero(inside) // _END_SAMPLES, 1)])
    by_count = [fit.loss(end.by(apart.camera, _shifted(clock, apart, count))) for count in range(reach + 1)]
    losses, known = (np.array(values) for values in zip(*by_count, strict=True))
    count = _best_count(losses, known, usual)
    if not count or not _beats_a_turn(end, apart.camera, clock, fit, losses[count], known[count]):
        return apart
    return replace(apart, count=count, count_sd=_spread(losses, known, count))


def _shifted(clock: NDArray, apart: EndApart, count: float) -> NDArray:
    """Clocks with those of a camera that lost frames: less ahead after the loss, more before it."""
    answer = clock.astype(float).copy()
    answer[apart.camera] += -count if apart.at_end else count
    return answer


def _best_count(losses: NDArray, known: NDArray, usual: float) -> int:
    """The count that fits as well as the rest does and better than none; 0 where there is none."""
    samples = known.sum(axis=(1, 2))
    enough = samples >= max(_FEWEST, _ENOUGH * samples.max())
    mean = np.where(enough, losses.sum(axis=(1, 2)) / np.maximum(samples, 1), np.inf)
    best = int(mean.argmin())
    if not best or mean[best] > _OFTEN * usual or not _better(losses, known, best, 0) > _SURE:
        return 0
    # Far counts that fit as well, as in walking, would be a guess.
    far = [count for count in np.flatnonzero(enough) if abs(count - best) > 3]
    return best if all(_better(losses, known, best, int(count)) > _SURE for count in far) else 0


def _better(losses: NDArray, known: NDArray, one: int, other: int) -> float:
    """By how much the loss of one count is lower than that of another, over what both can be asked of."""
    both = known[one] & known[other]
    return float((losses[other] - losses[one])[both].sum())


def _spread(losses: NDArray, known: NDArray, count: int) -> float:
    """How well a count is known, frames, by the bend of the loss about it."""
    sides = [side for side in (count - 1, count + 1) if 0 <= side < len(losses) and (known[side] & known[count]).any()]
    bends = [2 * _better(losses, known, count, side) for side in sides]
    bend = min(bends, default=0.0)
    return DOUBT / np.sqrt(bend) if bend > 0 else np.inf


def _beats_a_turn(
    end: Held, camera: int, clock: NDArray, fit: _Fit, loss: NDArray, seen: NDArray
) -> bool:
    """Whether lost frames explain an end better than a camera that was bumped, whose image moved as a whole."""
    plain = end.by(camera, clock)
    miss, place = plain.miss - fit.bias, end.own[camera]
    known = np.isfinite(miss).all(axis=-1) & np.isfinite(place).all(axis=-1)
    if np.count_nonzero(known) < _FEWEST:
        return True
    design = np.concatenate([np.ones((*place.shape[:2], 1)), place], axis=-1)
    trust = known.astype(float)
    moved = np.zeros_like(miss)
    for _ in range(5):
        root = np.sqrt(trust[known])[:, None]
        moved = np.nan_to_num(design @ np.linalg.lstsq(root * design[known], root * miss[known], rcond=None)[0])
        away = np.where(known, ((np.where(known[..., None], miss, 0.0) - moved) ** 2).sum(axis=-1), 0.0)
        trust = known / (1.0 + away / fit.scale)
    turned, there = fit.loss(Prediction(np.where(known[..., None], plain.miss - moved, np.nan), plain.weight))
    both = there & seen
    return bool((turned - loss)[both].sum() > _SURE)


def _only(prediction: Prediction, frames: NDArray) -> Prediction:
    return Prediction(prediction.miss[frames], prediction.weight[frames])
