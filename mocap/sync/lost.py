"""Frames that a camera lost without a word, found from movement: from there on its clock is off by whole frames.

A first look compares, for every camera and every instant, one shift against the others throughout with one before and
another after. What it finds is confirmed by taking the camera for two, one before and one after, whose clocks are
estimated as any others' with their honest spread; a drift is told apart because it would bring the two together at the
instant itself. The exact frame is that at which the camera's own observations, one by one, go over from the one clock
to the other. Ends of the recording that are too short for all this are asked by themselves (`lost_ends`).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration import Camera, CameraRig
from calibration.arrays import one_blas_thread
from mocap.sync.lost_ends import EndApart, ends_apart
from mocap.sync.lost_holes import LostFrames, in_footage, slots_with_holes, with_holes
from mocap.sync.lost_place import place_of_step
from mocap.sync.motion import estimate_offsets
from mocap.sync.motion_coarse import Scores, agreed_shifts
from mocap.sync.motion_look import Look, look_at
from mocap.sync.motion_options import MotionSyncOptions
from mocap.trial import Keypoints2D, SyncEstimate

#: Losses may be longer than offsets are.
LOST_OPTIONS = MotionSyncOptions(reach_s=0.7)
_MOST = 12  # places in a recording
_SHORTEST_S = 2.0
_LEAST_GAIN = 0.01  # share of the loss on the side that is better off
_CHANCE_SD = 5.0
_OFF_WHOLE = 0.35  # frames: a loss is a whole number
_MOST_COUNT_SD = 0.3  # frames: else the number is not told, and setting later frames by it would be a guess
_NEAR_S = 0.75  # how far from where an end begins to miss the loss is looked for
_OFF_FIRST_LOOK = 3.0  # frames


@dataclass(frozen=True)
class _Candidate:
    camera: int
    low: int
    high: int
    before: int  # whole frames
    after: int
    gain: float
    others: NDArray  # whole frames of all cameras, by the same clock


@dataclass(frozen=True)
class Losses:
    """What was found, and ends of the recording that do not fit for another reason, by frames with the holes in."""

    lost: tuple[LostFrames, ...] = ()
    apart: tuple[EndApart, ...] = ()


def find_lost_frames(
    keypoints: Keypoints2D, rig: CameraRig, clocks: SyncEstimate | None = None,
    options: MotionSyncOptions | None = None, look: Look | None = None,
) -> tuple[LostFrames, ...]:
    """Find places at which a camera lost frames; parameters as `find_losses`.

    Returns
    -------
    tuple of LostFrames
        In the order of the cameras and frames. Losses while nothing moves do not show, and do not matter.
    """
    return find_losses(keypoints, rig, clocks, options, look).lost


def find_losses(
    keypoints: Keypoints2D, rig: CameraRig, clocks: SyncEstimate | None = None,
    options: MotionSyncOptions | None = None, look: Look | None = None,
) -> Losses:
    """Find places at which a camera lost frames, and ends at which it does not fit the others all the same.

    Parameters
    ----------
    keypoints : Keypoints2D
        By each camera's own frames, in the order of the rig.
    rig : CameraRig
    clocks : SyncEstimate, optional
        What is known of the offsets already, to parts of a frame; a single lost frame is seen better by it.
    options : MotionSyncOptions, optional
        `reach_s` is the longest loss that is looked for, with the offset of the clocks.
    look : Look, optional
        Of these keypoints with that reach, where there is one already.
    """
    options = options or LOST_OPTIONS
    found: list[LostFrames] = []
    apart: list[EndApart] = []
    if len(rig) < 2 or keypoints.n_frames < _SHORTEST_S * keypoints.rate_hz:
        return Losses()
    with one_blas_thread():
        while len(found) < _MOST:
            work = with_holes(keypoints, rig, found)
            shown = look if look is not None and not found else look_at(work, rig, options)
            candidate = _candidate(shown)
            lost = None if candidate is None else _confirmed(work, rig, candidate, clocks, options)
            if lost is None:
                now = clocks if clocks is not None and not found else estimate_offsets(work, rig)
                lost, apart = _at_an_end(work, rig, now, options)
            if lost is None:
                break
            found.append(in_footage(lost, found))
            apart = []
    in_order = sorted(found, key=lambda lost: (rig.names.index(lost.camera), lost.after_frame))
    return Losses(tuple(in_order), tuple(_of_footage(one, rig, found, keypoints.n_frames) for one in apart))


def _of_footage(apart: EndApart, rig: CameraRig, found: list[LostFrames], n_frames: int) -> EndApart:
    slots = slots_with_holes(n_frames, rig.names[apart.camera], found)
    first, last = np.searchsorted(slots, [apart.first, apart.last])
    return replace(apart, first=int(first), last=min(int(last), n_frames - 1))


def ends_out_of_step(
    keypoints: Keypoints2D, rig: CameraRig, clocks: SyncEstimate | None = None
) -> tuple[EndApart, ...]:
    """Find ends at which a camera does not fit the others by their clocks, those of one timeline when left out."""
    if keypoints.n_frames < _SHORTEST_S * keypoints.rate_hz:
        return ()
    with one_blas_thread():
        return tuple(ends_apart(keypoints, rig, *_as_frames(clocks, len(rig), keypoints.rate_hz), LOST_OPTIONS))


def _as_frames(clocks: SyncEstimate | None, n_cameras: int, rate: float) -> tuple[NDArray, NDArray]:
    """Frames that clocks are ahead at frame 0, and more per frame."""
    if clocks is None:
        return np.zeros(n_cameras), np.zeros(n_cameras)
    return np.nan_to_num(clocks.offset_s) * rate, 1e-6 * np.nan_to_num(clocks.drift_ppm)


def _at_an_end(
    keypoints: Keypoints2D, rig: CameraRig, clocks: SyncEstimate, options: MotionSyncOptions
) -> tuple[LostFrames | None, list[EndApart]]:
    """A loss that leaves an end too short for clocks to be compared; else the ends that do not fit."""
    ahead, slope = _as_frames(clocks, len(rig), keypoints.rate_hz)
    apart = ends_apart(keypoints, rig, ahead, slope, options)
    near = round(_NEAR_S * keypoints.rate_hz)
    for end in apart:
        if not end.count or end.count_sd > _MOST_COUNT_SD:
            continue
        at = end.first if end.at_end else end.last
        shifts = np.tile(ahead + slope * at, (2, 1))
        shifts[int(end.at_end), end.camera] += -end.count if end.at_end else end.count
        place = place_of_step(keypoints, rig, end.camera, shifts, max(at - near, 0), at + near, options)
        if place is not None and place.sharp:
            name = rig.names[end.camera]
            return LostFrames(name, place.frame, end.count, place.first, place.last, end.count_sd), apart
    return None, apart


def _candidate(look: Look) -> _Candidate | None:
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
            found.append(_Candidate(camera, int(low), int(np.ceil(high)), before - reach, after - reach, gain, common))
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


def _confirmed(
    keypoints: Keypoints2D, rig: CameraRig, candidate: _Candidate, clocks: SyncEstimate | None,
    options: MotionSyncOptions,
) -> LostFrames | None:
    rate = keypoints.rate_hz
    shifts = np.tile(_by_common(candidate, clocks, rate), (2, 1))
    shifts[:, candidate.camera] = candidate.before, candidate.after
    place = place_of_step(keypoints, rig, candidate.camera, shifts, candidate.low, candidate.high, options)
    if place is None or not place.sharp:
        return None
    jump = candidate.before - candidate.after
    estimate = _as_two(keypoints, rig, candidate.camera, place.frame, jump, options)
    offset = (estimate.offset_s + 1e-6 * np.nan_to_num(estimate.drift_ppm) * place.frame / rate) * rate
    sd = estimate.offset_sd_s * rate
    step = jump + offset[candidate.camera] - offset[-1]
    step_sd = float(np.hypot(sd[candidate.camera], sd[-1]))
    count = round(step) if np.isfinite(step) else 0
    sure = count >= 1 and step >= _CHANCE_SD * step_sd and step_sd <= _MOST_COUNT_SD
    # The first look sees whole frames; what is far from it is another minimum.
    if not sure or abs(step - count) > max(_OFF_WHOLE, 2 * step_sd) or abs(step - jump) > _OFF_FIRST_LOOK:
        return None
    shifts = np.tile(np.nan_to_num(offset[:-1]), (2, 1))
    shifts[1, candidate.camera] = offset[-1] - jump
    wide = 2 * max(place.last - place.first, 25)
    low, high = max(place.first - wide, 0), place.last + wide
    exact = place_of_step(keypoints, rig, candidate.camera, shifts, low, high, options)
    if exact is None or not exact.sharp:
        return None
    return LostFrames(rig.names[candidate.camera], exact.frame, count, exact.first, exact.last, step_sd)


def _by_common(candidate: _Candidate, clocks: SyncEstimate | None, rate: float) -> NDArray:
    """Shifts of all cameras in the middle of where the loss lies, frames, by the clock that the candidate counts by."""
    whole = candidate.others.astype(float)
    if clocks is None:
        return whole
    middle_s = (candidate.low + candidate.high) / 2 / rate
    known = (clocks.offset_s + 1e-6 * np.nan_to_num(clocks.drift_ppm) * middle_s) * rate
    told = np.isfinite(known) & (np.arange(len(known)) != candidate.camera)
    if not told.any():
        return whole
    return np.where(told, known + np.round(np.median((whole - known)[told])), whole)


def _as_two(
    keypoints: Keypoints2D, rig: CameraRig, camera: int, last: int, jump: int, options: MotionSyncOptions
) -> SyncEstimate:
    """Estimate the clocks with one camera taken for two, up to a frame and `jump` after it; the second goes last."""
    own: Camera = rig.cameras[camera]
    hole = LostFrames(own.name, last, jump, last, last, 0.0)
    parted = with_holes(keypoints, rig, [hole])
    pixels = np.concatenate([parted.pixels, parted.pixels[camera : camera + 1]])
    confidence = np.concatenate([parted.confidence, parted.confidence[camera : camera + 1]])
    for index, part in ((camera, slice(last + 1, None)), (-1, slice(None, last + 1))):
        pixels[index, part], confidence[index, part] = np.nan, 0.0
    twice = CameraRig((*rig.cameras, replace(own, name=f"{own.name} after")))
    near = replace(options, reach_s=MotionSyncOptions().reach_s)
    return estimate_offsets(replace(keypoints, pixels=pixels, confidence=confidence), twice, options=near)
