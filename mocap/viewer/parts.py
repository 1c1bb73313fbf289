"""The large arrays of a trial, read a frame at a time: a review needs a moment of them, and never all. No display."""

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mocap.errors import MocapError, ShapeError
from mocap.trial import Points3D, Trial

BLOCK = 4096


class Parts(Protocol):
    """What there is of each frame beside the positions."""

    def on_refused(self, tell: Callable[[MocapError], object]) -> None:
        """Have it told, once and from any thread, what can be read no more: from then on it is as if it were not there.

        The last one who asks is told.
        """

    @property
    def keypoint_names(self) -> tuple[str, ...]:
        """Names of the keypoints in the views; none where the trial holds no views."""

    def pixels(self, camera: int, frame: int) -> NDArray:
        """Return what a camera, by its place in the rig, saw, shape (keypoint, 2) in px; NaN is missing."""

    def confidence(self, camera: int, frame: int) -> NDArray:
        """Return how sure a camera was, shape (keypoint,)."""

    def covariance(self, frame: int) -> NDArray:
        """Return the covariance of the points that are shown, shape (point, 3, 3) in m²; NaN is unknown."""

    def errors(self, frame: int) -> NDArray:
        """Return the distance of each observation from the projected point, shape (camera, point) in px."""

    @property
    def segment_names(self) -> tuple[str, ...]:
        """Names of the segments that have poses; none where the trial holds none."""

    def poses(self, frame: int) -> NDArray:
        """Return `world_from_segment` of all segments, shape (segment, 4, 4), with ISB axes; NaN is missing."""

    def pose_course(self, segment: str) -> NDArray:
        """Return the poses of a segment over time, shape (time, 4, 4)."""

    def centre_of_mass(self) -> NDArray | None:
        """Return the centre of mass over time, shape (time, 3) in m; None where it is not observable."""

    def error_blocks(self) -> Iterator[tuple[int, NDArray]]:
        """Go through all reprojection errors: first frame and (camera, frame, point) in px, a block at a time.

        Nothing comes where the trial holds none.
        """


class TrialParts:
    """Parts of a trial that is in memory as a whole."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial

    def on_refused(self, tell: Callable[[MocapError], object]) -> None:
        """See `Parts`; what is in memory can be read."""

    @property
    def _shown(self) -> Points3D:
        return self._trial.points if self._trial.points_smoothed is None else self._trial.points_smoothed

    @property
    def keypoint_names(self) -> tuple[str, ...]:
        """See `Parts`."""
        return () if self._trial.keypoints is None else self._trial.keypoints.names

    def pixels(self, camera: int, frame: int) -> NDArray:
        """See `Parts`."""
        keypoints = self._trial.keypoints
        return np.empty((0, 2), np.float32) if keypoints is None else keypoints.pixels[camera, frame]

    def confidence(self, camera: int, frame: int) -> NDArray:
        """See `Parts`."""
        keypoints = self._trial.keypoints
        return np.empty(0, np.float32) if keypoints is None else keypoints.confidence[camera, frame]

    def covariance(self, frame: int) -> NDArray:
        """See `Parts`."""
        return self._shown.covariance[frame]

    def errors(self, frame: int) -> NDArray:
        """See `Parts`."""
        errors = self._trial.points.reprojection_error
        return np.empty((0, len(self._trial.points.names)), np.float32) if errors is None else errors[:, frame]

    @property
    def segment_names(self) -> tuple[str, ...]:
        """See `Parts`."""
        return () if self._trial.segments is None else self._trial.segments.names

    def poses(self, frame: int) -> NDArray:
        """See `Parts`."""
        segments = self._trial.segments
        return np.empty((0, 4, 4)) if segments is None else segments.world_from_segment[frame]

    def pose_course(self, segment: str) -> NDArray:
        """See `Parts`."""
        segments = self._trial.segments
        if segments is None or segment not in segments.names:
            raise ShapeError(f"There is no segment '{segment}'.", "Name one that is there.")
        return segments.world_from_segment[:, segments.names.index(segment)]

    def centre_of_mass(self) -> NDArray | None:
        """See `Parts`."""
        measures = () if self._trial.segments is None else self._trial.segments.measures
        return next((one.values for one in measures if one.name == "centre_of_mass" and one.observable), None)

    def error_blocks(self) -> Iterator[tuple[int, NDArray]]:
        """See `Parts`."""
        errors = self._trial.points.reprojection_error
        for start in range(0, 0 if errors is None else self._trial.points.n_frames, BLOCK):
            yield start, errors[:, start : start + BLOCK]  # type: ignore[index]  # none: no blocks
