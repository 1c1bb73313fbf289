"""Frames that a camera lost without a word, found from movement: from there on its clock is off by whole frames.

A first look compares, for every camera and every instant, one shift against the others throughout with one before and
another after. What it finds is confirmed by taking the camera for two, one before and one after, whose clocks are
estimated as any others' with their honest spread; a drift is told apart because it would bring the two together at the
instant itself. The number is asked of the observations one by one, together with the camera's clock (`lost_count`), and
numbers that fit nearly as well are told with it. The exact frame is that at which those observations go over from the
one clock to the other. Ends of the recording that are too short for all this are asked by themselves (`lost_ends`).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration import Camera, CameraRig
from calibration.arrays import one_blas_thread
from mocap.sync.lost_count import Count, count_lost
from mocap.sync.lost_ends import EndApart, ends_apart
from mocap.sync.lost_first_look import Candidate, candidate_of
from mocap.sync.lost_holes import LostFrames, in_footage, slots_with_holes, with_holes
from mocap.sync.lost_place import Place, place_of_step
from mocap.sync.motion import estimate_offsets
from mocap.sync.motion_look import Look, look_at
from mocap.sync.motion_options import MotionSyncOptions
from mocap.trial import Keypoints2D, SyncEstimate

#: Losses may be longer than offsets are.
LOST_OPTIONS = MotionSyncOptions(reach_s=0.7)
_MOST = 12  # places in a recording
_SHORTEST_S = 2.0
_CHANCE_SD = 5.0
_MOST_STEP_SD = 0.5  # frames
_OFF_WHOLE, _OFF_STEP_SD = 0.35, 4.0  # frames and standard deviations: a loss is a whole number
_LEAST_STEP_GAIN = 100.0  # of the loss, by which a step has to be better than none to be told without its number
_MOST_COUNT_SD = 0.3  # frames: else setting later frames by it would be a guess
_NEAR_S = 0.75  # how far from where an end begins to miss the loss is looked for
_OFF_FIRST_LOOK = 3.0  # frames


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
            candidate = candidate_of(shown)
            seen = None if candidate is None else _confirmed(work, rig, candidate, clocks, options)
            lost = seen if isinstance(seen, LostFrames) else None
            if lost is None:
                now = clocks if clocks is not None and not found else estimate_offsets(work, rig)
                lost, apart = _at_an_end(work, rig, now, options)
                apart = [*apart, seen] if isinstance(seen, EndApart) else apart
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
        span = (max(at - near, 0), at + near)
        place = place_of_step(keypoints, rig, end.camera, shifts, *span, options)
        if place is None or not place.sharp:
            continue
        # The clock of the rest was learned with the end in it: it may be off as much as the number is.
        sd = np.array([0.5, np.inf] if end.at_end else [np.inf, 0.5])
        told = count_lost(keypoints, rig, end.camera, place.frame, shifts, sd, end.count, options)
        lost = _placed(keypoints, rig, end.camera, shifts, told, span, options) if told and told.closed else None
        if lost is not None:
            return lost, apart
    return None, apart


def _confirmed(
    keypoints: Keypoints2D, rig: CameraRig, candidate: Candidate, clocks: SyncEstimate | None,
    options: MotionSyncOptions,
) -> LostFrames | EndApart | None:
    """A loss; or the side of a plain step of which no number of lost frames can be told."""
    rate, camera = keypoints.rate_hz, candidate.camera
    shifts = np.tile(_by_common(candidate, clocks, rate), (2, 1))
    shifts[:, camera] = candidate.before, candidate.after
    place = place_of_step(keypoints, rig, camera, shifts, candidate.low, candidate.high, options)
    if place is None or not place.sharp:
        return None
    jump = candidate.before - candidate.after
    estimate = _as_two(keypoints, rig, camera, place.frame, jump, options)
    offset = (estimate.offset_s + 1e-6 * np.nan_to_num(estimate.drift_ppm) * place.frame / rate) * rate
    sd = np.nan_to_num(estimate.offset_sd_s * rate, nan=np.inf)[[camera, -1]]
    step, step_sd = jump + offset[camera] - offset[-1], float(np.hypot(*sd))
    if not np.isfinite(sd).any():
        return None
    sure = bool(step >= _CHANCE_SD * step_sd and step_sd <= _MOST_STEP_SD)
    # The first look sees whole frames; what is far from it is another minimum.
    if np.isfinite(step) and (not sure or abs(step - jump) > _OFF_FIRST_LOOK):
        return None
    shifts = np.tile(np.nan_to_num(offset[:-1]), (2, 1))
    own = (offset[camera], offset[-1] - jump)
    shifts[:, camera] = np.where(np.isfinite(own), own, (own[1] + jump, own[0] - jump))
    told = count_lost(keypoints, rig, camera, place.frame, shifts, sd, round(step) if sure else jump, options)
    if told is None:
        return None
    if not sure or not told.closed:
        return _undecided(keypoints, camera, place, sd, told)
    if abs(step - told.count) > max(_OFF_WHOLE, _OFF_STEP_SD * step_sd):
        return None
    wide = 2 * max(place.last - place.first, 25)
    return _placed(keypoints, rig, camera, shifts, told, (max(place.first - wide, 0), place.last + wide), options)


def _undecided(
    keypoints: Keypoints2D, camera: int, place: Place, sd: NDArray, told: Count
) -> EndApart | None:
    """The side whose clock is known less, where a step is plain and yet no number of lost frames is told."""
    if told.gain < _LEAST_STEP_GAIN:
        return None
    at_end = bool(sd[1] > sd[0])
    first, last = (place.frame + 1, keypoints.n_frames - 1) if at_end else (0, place.frame)
    return EndApart(camera, at_end, first, last, told.gain)


def _placed(
    keypoints: Keypoints2D, rig: CameraRig, camera: int, shifts: NDArray, told: Count, span: tuple[int, int],
    options: MotionSyncOptions,
) -> LostFrames | None:
    """The loss at the frame after which observations go over from one clock to the other, both known by now."""
    shifts = shifts.copy()
    shifts[:, camera] = told.before, told.before - told.count
    exact = place_of_step(keypoints, rig, camera, shifts, *span, options)
    if exact is None or not exact.sharp:
        return None
    name, counts = rig.names[camera], (told.least, told.most)
    return LostFrames(name, exact.frame, told.count, exact.first, exact.last, told.sd, counts)


def _by_common(candidate: Candidate, clocks: SyncEstimate | None, rate: float) -> NDArray:
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
