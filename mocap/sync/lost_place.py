"""At which frame a camera goes over from one clock to another, by its observations one by one."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.triangulation import undistorted
from mocap.sync.lost_prediction import Prediction, common_miss, predicted
from mocap.sync.motion_options import MotionSyncOptions, frames_of
from mocap.sync.motion_tracks import Tracks, Windows, smooth_tracks
from mocap.trial import Keypoints2D

_AROUND_S = 0.5  # on both sides: what a keypoint misses by whatever the clock is learned there
_NEAR_S = 0.15  # in which a step has to fit better than a clock half-way between the two
CAP = 14.0  # squared standard deviations: an outlier counts no more
_SPAN = 6.0  # of the loss: frames that are not less likely than 5 % of the best one, with some to spare
_SURE = 10.0  # of the loss, by which each side has to prefer its own clock
_LEAST_SCALE_PX = 0.05
_TOGETHER = 3  # frames on both sides over which movement is held against noise
_DOUBT = 2.5  # what noise makes of the distance is counted this often: it scatters
_MOST_DOUBT = 15.0  # as often, of one keypoint


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
    Each observation of the camera is held against where the others saw the keypoint (see `predicted`), read where the
    first clock says it was taken, and where the second one does, less its middle. The step is where the sum of bounded
    squares before by the first and after by the second is least.
    """
    around = frames_of(_AROUND_S, keypoints.rate_hz, 5)
    start, stop = max(low - around, 0), min(high + around + 1, keypoints.n_frames)
    frames = np.arange(start, stop)
    if len(frames) < 4:
        return None
    part = held(keypoints, rig, frames, float(np.abs(shifts).max()), options)
    first, second, halfway = (part.by(camera, clock) for clock in (shifts[0], shifts[1], shifts.mean(axis=0)))
    inside = (frames >= low) & (frames < high)
    at = len(frames) // 2
    losses, share = _losses(first, second, halfway, at)
    for _ in range(3):
        climb = np.cumsum(losses[0] - losses[1])
        where = np.where(inside, climb, np.inf)
        found = int(where.argmin())
        if found == at:
            break
        at = found
        losses, share = _losses(first, second, halfway, at)
    if not np.isfinite(where[at]) or not (losses[0] + losses[1]).any():
        return None
    sure = np.cumsum(share * (losses[0] - losses[1]))
    likely = np.flatnonzero(inside & (sure - sure[at] <= _SPAN))
    near = frames_of(_NEAR_S, keypoints.rate_hz, 3)
    reach = slice(max(likely[0] - near, 0), likely[-1] + near + 1)
    stepped = np.where(np.arange(len(frames)) <= at, losses[0], losses[1])
    sharp = bool(stepped[reach].sum() < losses[2][reach].sum())
    sharp &= min(float(sure[-1] - sure[at]), float(-sure[at])) > _SURE
    return Place(int(frames[at]), int(frames[likely[0]]), int(frames[likely[-1]]), sharp)


@dataclass(frozen=True, eq=False)
class Held:
    """A stretch of a recording whose observations can be held against what the other cameras see at any shift.

    Attributes
    ----------
    rig : CameraRig
    frames : ndarray of int, shape (frame,)
    tracks : Tracks
        One window.
    own : ndarray, shape (camera, frame, keypoint, 2)
        Normalised coordinates of the observations.
    """

    rig: CameraRig
    frames: NDArray
    tracks: Tracks
    own: NDArray

    def only(self, inside: NDArray) -> "Held":
        """Return some of the frames, by their places or a mask."""
        return replace(self, frames=self.frames[inside], own=self.own[:, inside])

    def by(self, camera: int, clock: NDArray) -> Prediction:
        """Hold one camera against the others by clocks that are so many frames ahead, shape (camera,)."""
        others = [other for other in range(len(self.rig)) if other != camera]
        when = self.frames - clock[camera]
        rays = np.stack([self.tracks.read(other, (when + clock[other])[None])[0][0] for other in others])
        return predicted(self.rig, camera, others, rays, self.own[camera])


def held(keypoints: Keypoints2D, rig: CameraRig, frames: NDArray, reach: float, options: MotionSyncOptions) -> Held:
    """Smooth the tracks of a stretch so that clocks of up to `reach` frames can be compared."""
    half_width = frames_of(options.smoothing_s, keypoints.rate_hz, 3)
    margin = 2 * int(np.ceil(reach)) + half_width + 3
    windows = Windows(frames[:1], int(frames[-1] - frames[0]) + 1, margin, 1)
    tracks = smooth_tracks(keypoints.pixels, keypoints.confidence, rig, windows, half_width, options.min_confidence)
    part = np.array(keypoints.pixels[:, frames], float)
    part[keypoints.confidence[:, frames] < options.min_confidence] = np.nan
    return Held(rig, frames, tracks, undistorted(rig, part)[0])


def _losses(first: Prediction, second: Prediction, halfway: Prediction, at: int) -> tuple[list[NDArray], NDArray]:
    """Loss of each frame by the first clock, by the second, and by one half-way; and how far each frame tells."""
    parted = [np.concatenate([getattr(first, name)[: at + 1], getattr(second, name)[at + 1 :]])
              for name in ("miss", "weight")]  # fmt: skip
    bias = common_miss(*parted)
    squares = [item.squared(bias) for item in (first, second, halfway)]
    fitted = np.concatenate([squares[0][: at + 1], squares[1][at + 1 :]])
    known = fitted[np.isfinite(fitted)]
    # The median of a sum of two squares is 1.386 of each one's mean.
    scale = max(float(np.median(known)) / 1.386 if len(known) else 0.0, _LEAST_SCALE_PX**2)
    # Where one of the two cannot be read neither counts: frames beyond the others' end favour no clock.
    both = np.asarray(np.isfinite(np.array(squares)).all(axis=0))
    losses = [np.where(both, np.minimum(square / scale, CAP), 0.0).sum(axis=1) / 2 for square in squares]
    return losses, _told_apart(first, second, both, scale)


def _told_apart(first: Prediction, second: Prediction, both: NDArray, scale: float) -> NDArray:
    """Share of the difference between two clocks that is movement rather than noise of the tracks, shape (frame,).

    The noise of a smoothed track lasts for many frames, and would be taken for evidence as often as it lasts.
    """
    distance, noise = first.apart(second)
    # One keypoint that is followed wrongly is no movement of the body.
    distance = np.minimum(distance, _MOST_DOUBT * scale * noise)
    frames = np.ones(2 * _TOGETHER + 1)
    distance, noise = (
        np.convolve(np.where(both, part, 0.0).sum(axis=1), frames, mode="same") for part in (distance, noise)
    )
    return np.asarray(np.clip(1.0 - _DOUBT * scale * noise / np.maximum(distance, 1e-12), 0.0, 1.0))
