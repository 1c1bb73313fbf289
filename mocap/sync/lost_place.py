"""At which frame a camera goes over from one clock to another, by its observations one by one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.triangulation import undistorted
from mocap.sync.motion import MotionSyncOptions, frames_of
from mocap.sync.motion_pairs import pairs_of
from mocap.sync.motion_tracks import Windows, middle, smooth_tracks
from mocap.trial import Keypoints2D

_AROUND_S = 0.5  # on both sides: what a keypoint misses by whatever the clock is learned there
_NEAR_S = 0.15  # in which a step has to fit better than a clock half-way between the two
_CAP = 9.0  # squared standard deviations: an outlier counts no more
_SPAN = 6.0  # of the loss per other camera: frames that are not less likely than 5 % of the best one
_SURE = 10.0  # of the loss per other camera, by which each side has to prefer its own clock
_LEAST_SCALE_PX = 0.05


@dataclass(frozen=True)
class Place:
    """The last frame by the first clock, between which frames it lies, and whether it is a step.

    A step fits better than a slope would, and on either side the clock of that side fits better than the other.
    """

    frame: int
    first: int
    last: int
    sharp: bool


def place_of_step(
    keypoints: Keypoints2D, rig: CameraRig, camera: int, shifts: NDArray, low: int, high: int,
    options: MotionSyncOptions,
) -> Place | None:
    """Find the frame after which one camera's clock is another.

    Parameters
    ----------
    keypoints : Keypoints2D
    rig : CameraRig
    camera : int
    shifts : ndarray, shape (2, camera)
        Frames that the clocks are ahead, before and after.
    low, high : int
        Frames between which the step lies.
    options : MotionSyncOptions

    Returns
    -------
    Place or None
        None where too little is seen.

    Notes
    -----
    Each observation of the camera is held against the smoothed tracks of the others, read where the first clock says
    it was taken, and where the second one does: the signed distance from the epipolar line less its middle. The step
    is where the sum of bounded squares before by the first and after by the second is least.
    """
    around = frames_of(_AROUND_S, keypoints.rate_hz, 5)
    start, stop = max(low - around, 0), min(high + around + 1, keypoints.n_frames)
    frames = np.arange(start, stop)
    if len(frames) < 4:
        return None
    middle_clock = shifts.mean(axis=0)
    first, second, halfway = (
        _misses(keypoints, rig, camera, clock, start, len(frames), options, np.abs(shifts).max())
        for clock in (shifts[0], shifts[1], middle_clock)
    )
    inside = (frames >= low) & (frames < high)
    at = len(frames) // 2
    losses: tuple[NDArray, NDArray, NDArray] = (first, second, halfway)
    for _ in range(3):
        losses = _losses(first, second, halfway, at)
        climb = np.cumsum(losses[0] - losses[1])
        where = np.where(inside, climb, np.inf)
        found = int(where.argmin())
        if found == at:
            break
        at = found
    if not np.isfinite(where[at]) or not (losses[0] + losses[1]).any():
        return None
    likely = np.flatnonzero(where - where[at] <= _SPAN * (len(rig) - 1))
    near = frames_of(_NEAR_S, keypoints.rate_hz, 3)
    reach = slice(max(likely[0] - near, 0), likely[-1] + near + 1)
    stepped = np.where(np.arange(len(frames)) <= at, losses[0], losses[1])
    sharp = bool(stepped[reach].sum() < losses[2][reach].sum())
    either = min(float(climb[-1] - climb[at]), float(-climb[at]))
    sharp &= either > _SURE * (len(rig) - 1)
    return Place(int(frames[at]), int(frames[likely[0]]), int(frames[likely[-1]]), sharp)


def _misses(
    keypoints: Keypoints2D, rig: CameraRig, camera: int, clock: NDArray, start: int, length: int,
    options: MotionSyncOptions, most: float,
) -> NDArray:
    """Signed distances of one camera's observations from the others' tracks, shape (other, frame, keypoint), px."""
    half_width = frames_of(options.smoothing_s, keypoints.rate_hz, 3)
    windows = Windows(np.array([start]), length, 2 * int(np.ceil(most)) + half_width + 3, 1)
    tracks = smooth_tracks(keypoints.pixels, keypoints.confidence, rig, windows, half_width, options.min_confidence)
    part = np.array(keypoints.pixels[:, start : start + length], float)
    part[keypoints.confidence[:, start : start + length] < options.min_confidence] = np.nan
    own = undistorted(rig, part)[0][camera]
    frames = start + np.arange(length)
    answer = []
    for pair in pairs_of(rig):
        if camera not in (pair.a, pair.b):
            continue
        other = pair.a if camera == pair.b else pair.b
        shift = frames[None] - clock[camera] + clock[other] - windows.samples
        track = tracks.at(other, shift)[0][0]
        answer.append(pair.miss(track, own)[0] if camera == pair.b else pair.miss(own, track)[0])
    return np.array(answer)


def _losses(first: NDArray, second: NDArray, halfway: NDArray, at: int) -> tuple[NDArray, NDArray, NDArray]:
    """Loss of each frame by the first clock, by the second, and by one half-way, shape (frame,)."""
    fitted = np.concatenate([first[:, : at + 1], second[:, at + 1 :]], axis=1)
    bias = np.nan_to_num(middle(fitted, axis=1))[:, None]
    about = np.abs(fitted - bias)
    known = about[np.isfinite(about)]
    scale = max(1.4826 * float(np.median(known)) if len(known) else 0.0, _LEAST_SCALE_PX)
    # Where one of the two cannot be read neither counts: frames beyond the others' end favour no clock.
    both = np.isfinite(first) & np.isfinite(second) & np.isfinite(halfway)
    answer = [
        np.where(both, np.minimum(((values - bias) / scale) ** 2, _CAP), 0.0).sum(axis=(0, 2)) / 2
        for values in (np.nan_to_num(first), np.nan_to_num(second), np.nan_to_num(halfway))
    ]
    return answer[0], answer[1], answer[2]
