"""What a recording shows of its cameras' clocks, worked out once for all that ask: tracks, and scores of shifts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.arrays import one_blas_thread
from mocap.sync.motion_coarse import Scores, pair_scores
from mocap.sync.motion_options import MotionSyncOptions, frames_of
from mocap.sync.motion_pairs import Pair, pairs_of
from mocap.sync.motion_tracks import Tracks, Windows, choose_windows, smooth_tracks
from mocap.trial import Keypoints2D

_MOST_EVALUATIONS = 5e5  # samples of all pairs together: what keeps long recordings to seconds


@dataclass(frozen=True, eq=False)
class Look:
    """Stretches of a recording that were looked at.

    Attributes
    ----------
    pairs : list of Pair
    tracks : Tracks
    half : float
        Half the recording, frames.
    along : ndarray, shape (window, sample)
        Place of each sample in the recording, -1 at its start to 1 at its end.
    reach : int
        Shifts of so many frames both ways were scored.
    scores : Scores
        By pair, see `pair_scores`.
    places : ndarray, shape (stretch,)
        Places of the stretches of the scores.
    """

    pairs: list[Pair]
    tracks: Tracks
    half: float
    along: NDArray
    reach: int
    scores: Scores
    places: NDArray

    def scores_within(self, reach: int) -> Scores:
        """Return the scores of shifts of at most `reach` frames."""
        middle = slice(self.reach - reach, self.reach + reach + 1)
        return {key: (total[:, middle], count[:, middle]) for key, (total, count) in self.scores.items()}


def look_at(keypoints: Keypoints2D, rig: CameraRig, options: MotionSyncOptions) -> Look:
    """Choose stretches that show movement, smooth the tracks in them, and score all shifts of up to `reach_s`.

    Parameters
    ----------
    keypoints : Keypoints2D
        By each camera's own frames, cameras in the order of the rig.
    rig : CameraRig
    options : MotionSyncOptions
    """
    pairs, rate, n_frames = pairs_of(rig), keypoints.rate_hz, keypoints.pixels.shape[1]
    reach, half = frames_of(options.reach_s, rate, 1), max((n_frames - 1) / 2, 0.5)
    half_width = frames_of(options.smoothing_s, rate, 3)
    with one_blas_thread():
        windows = _windows(keypoints, options, len(pairs), reach, half_width)
        tracks = smooth_tracks(
            keypoints.pixels, keypoints.confidence, rig, windows, half_width, options.min_confidence
        )
        along = (windows.samples - half) / half
        scores, places = pair_scores(tracks, pairs, reach, along)
    return Look(pairs, tracks, half, along, reach, scores, places)


def _windows(
    keypoints: Keypoints2D, options: MotionSyncOptions, n_pairs: int, reach: int, half_width: int
) -> Windows:
    length = frames_of(options.window_s, keypoints.rate_hz, 8)
    n_frames, n_keypoints = keypoints.pixels.shape[1:3]
    every = n_pairs * n_keypoints * min(options.most_windows * length, n_frames)
    stride = int(np.clip(np.ceil(every / _MOST_EVALUATIONS), max(half_width // 5, 1), half_width))
    return choose_windows(keypoints.pixels, length, reach + half_width + 2, stride, options.most_windows)
