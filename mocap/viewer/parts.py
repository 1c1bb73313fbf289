"""The large arrays of a trial, read a frame at a time: a review needs a moment of them, and never all. No display."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mocap.trial import Points3D, Trial

BLOCK = 4096


class Parts(Protocol):
    """What there is of each frame beside the positions."""

    @property
    def keypoint_names(self) -> tuple[str, ...]:
        """Names of the keypoints in the views; none where the trial holds no views."""

    def pixels(self, frame: int) -> NDArray:
        """Return what each camera saw, shape (camera, keypoint, 2) in px; NaN is missing."""

    def confidence(self, frame: int) -> NDArray:
        """Return how sure each camera was, shape (camera, keypoint)."""

    def covariance(self, frame: int) -> NDArray:
        """Return the covariance of the points that are shown, shape (point, 3, 3) in m²; NaN is unknown."""

    def errors(self, frame: int) -> NDArray:
        """Return the distance of each observation from the projected point, shape (camera, point) in px."""

    def error_blocks(self) -> Iterator[tuple[int, NDArray]]:
        """Go through all reprojection errors: first frame and (camera, frame, point) in px, a block at a time.

        Nothing comes where the trial holds none.
        """


class TrialParts:
    """Parts of a trial that is in memory as a whole."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial

    @property
    def _shown(self) -> Points3D:
        return self._trial.points if self._trial.points_smoothed is None else self._trial.points_smoothed

    @property
    def keypoint_names(self) -> tuple[str, ...]:
        """See `Parts`."""
        return () if self._trial.keypoints is None else self._trial.keypoints.names

    def pixels(self, frame: int) -> NDArray:
        """See `Parts`."""
        keypoints = self._trial.keypoints
        return np.empty((0, 0, 2), np.float32) if keypoints is None else keypoints.pixels[:, frame]

    def confidence(self, frame: int) -> NDArray:
        """See `Parts`."""
        keypoints = self._trial.keypoints
        return np.empty((0, 0), np.float32) if keypoints is None else keypoints.confidence[:, frame]

    def covariance(self, frame: int) -> NDArray:
        """See `Parts`."""
        return self._shown.covariance[frame]

    def errors(self, frame: int) -> NDArray:
        """See `Parts`."""
        errors = self._trial.points.reprojection_error
        return np.empty((0, len(self._trial.points.names)), np.float32) if errors is None else errors[:, frame]

    def error_blocks(self) -> Iterator[tuple[int, NDArray]]:
        """See `Parts`."""
        errors = self._trial.points.reprojection_error
        for start in range(0, 0 if errors is None else self._trial.points.n_frames, BLOCK):
            yield start, errors[:, start : start + BLOCK]  # type: ignore[index]  # none: no blocks
