"""A light trial as a reviewer corrected it: what is large is corrected when a frame of it is asked for."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mocap.errors import MocapError
from mocap.pipeline.point_edits import filtered_with, judged
from mocap.pipeline.point_filter import filter_of
from mocap.schema import Status
from mocap.trial import PointEdit, Points3D, Trial
from mocap.trial.edits import IN_VIEWS, MARKED, checked_edits, correct, edits_sha256
from mocap.viewer.parts import Parts

if TYPE_CHECKING:
    from mocap.pipeline.edited_views import SeenAgain, Views


def corrected(light: Trial, views: "Views | None") -> "tuple[Trial, SeenAgain | None]":
    """Return a light trial with corrected points, and the points of the frames in which a view was corrected.

    The raw points are those of `mocap.pipeline.point_edits.edited_points`; the smoothed ones have the corrected samples
    in place of theirs until the angles are computed again.

    Parameters
    ----------
    light : Trial
        With its edits.
    views : Views, optional
        What the cameras saw.

    Raises
    ------
    ReconstructionError
        EDIT_NO_VIEWS, EDIT_PLATES
    ShapeError
        EDIT_WRONG
    """
    light = judged(light)
    edits, points, smoothed = light.edits, light.points, light.points_smoothed
    used = filtered_with(light)
    if not edits and not used:
        return light, None
    checked_edits(edits, points.names, points.n_frames)
    again = None
    if any(one.kind in IN_VIEWS for one in edits):
        from mocap.pipeline.edited_views import seen_again  # loads all that reconstructs

        again = seen_again(views, light.rig, points.names, edits, light.operations, light.trial_id)
    made = _with(points, again, edits)
    if smoothed is not None and used != edits_sha256(edits):
        from mocap.signal.smoothing import filter_points

        options = filter_of(light)
        # Of those that were made with other corrections the uncorrected ones are not to be had.
        smoothed = filter_points(made, options).points if used and options is not None else _over(smoothed, made)
    return replace(light, points=made, points_smoothed=smoothed), again


def _with(points: Points3D, again: "SeenAgain | None", edits: Sequence[PointEdit]) -> Points3D:
    names = [name for name in ("position", "status", "n_views") if getattr(points, name) is not None]
    parts = {name: np.array(getattr(points, name)) for name in names}
    if again is not None:
        for name, values in parts.items():
            found = getattr(again.points, name)
            found = found | np.uint8(Status.EDITED) if name == "status" else found
            mask = again.changed.reshape(again.changed.shape + (1,) * (values.ndim - 2))
            values[again.frames] = np.where(mask, found, values[again.frames])
    correct(parts, points.names, edits)
    return replace(points, **parts)  # type: ignore[arg-type]


def _over(smoothed: Points3D, points: Points3D) -> Points3D:
    """Smoothed points with the samples that were corrected in place of their own."""
    rows, columns = np.nonzero(points.status & np.uint8(Status.EDITED))
    position, status = np.array(smoothed.position), np.array(smoothed.status)
    position[rows, columns] = points.position[rows, columns]
    status[rows, columns] = points.status[rows, columns]
    return replace(smoothed, position=position, status=status)


class CorrectedParts:
    """Parts (`mocap.viewer.parts.Parts`) of a trial file with a reviewer's corrections, applied frame by frame.

    A view shows a marked point where it was marked; what a camera that is left out saw stays to be looked at.

    Parameters
    ----------
    inner : Parts
        Of the file.
    trial : Trial
        Corrected.
    again : SeenAgain, optional
    """

    def __init__(self, inner: Parts, trial: Trial, again: "SeenAgain | None") -> None:
        self._inner, self._edits, self._again = inner, trial.edits, again
        # Of points that were smoothed with these corrections the file holds the covariance.
        self._fits = trial.points_smoothed is not None and filtered_with(trial) == edits_sha256(trial.edits)
        self._names = trial.points.names
        self._cameras = () if trial.rig is None else trial.rig.names

    def on_refused(self, tell: Callable[[MocapError], object]) -> None:
        """See `Parts`."""
        self._inner.on_refused(tell)

    @property
    def keypoint_names(self) -> tuple[str, ...]:
        """See `Parts`."""
        return self._inner.keypoint_names

    def pixels(self, camera: int, frame: int) -> NDArray:
        """See `Parts`."""
        return self._marked(self._inner.pixels(camera, frame), camera, frame, lambda one: one.pixel)

    def confidence(self, camera: int, frame: int) -> NDArray:
        """See `Parts`."""
        return self._marked(self._inner.confidence(camera, frame), camera, frame, lambda one: 1.0)

    def _marked(self, found: NDArray, camera: int, frame: int, value: Callable[[PointEdit], object]) -> NDArray:
        """What a camera saw, with the value that each mark in its view gives."""
        marks = [one for one in self._at(frame) if one.kind == MARKED and one.camera == self._cameras[camera]]
        if not marks or not len(found):
            return found
        found = np.array(found)
        for one in marks:
            found[self.keypoint_names.index(one.points[0])] = value(one)
        return found

    def covariance(self, frame: int) -> NDArray:
        """See `Parts`."""
        found = self._inner.covariance(frame)
        edits = () if self._fits else self._at(frame)
        if not edits:
            return found
        parts = {"covariance": np.array(found)[None]}
        row = self._row(frame)
        if row is not None and self._again is not None:
            changed = self._again.changed[row]
            parts["covariance"][0, changed] = self._again.points.covariance[row, changed]
        correct(parts, self._names, edits)
        return parts["covariance"][0]

    def errors(self, frame: int) -> NDArray:
        """See `Parts`."""
        found = self._inner.errors(frame)
        edits = self._at(frame)
        return self._with_errors(found[:, None], [frame])[:, 0] if edits and found.size else found

    @property
    def segment_names(self) -> tuple[str, ...]:
        """See `Parts`."""
        return self._inner.segment_names

    def poses(self, frame: int) -> NDArray:
        """See `Parts`."""
        return self._inner.poses(frame)

    def pose_course(self, segment: str) -> NDArray:
        """See `Parts`."""
        return self._inner.pose_course(segment)

    def centre_of_mass(self) -> NDArray | None:
        """See `Parts`."""
        return self._inner.centre_of_mass()

    def error_blocks(self) -> Iterator[tuple[int, NDArray]]:
        """See `Parts`."""
        for first, block in self._inner.error_blocks():
            last = first + block.shape[1] - 1
            own = sorted({frame for one in self._edits if one.first <= last and one.last >= first
                          for frame in range(max(one.first, first), min(one.last, last) + 1)})  # fmt: skip
            if own:
                block = np.array(block)
                rows = np.array(own) - first
                block[:, rows] = self._with_errors(block[:, rows], own)
            yield first, block

    def _with_errors(self, errors: NDArray, frames: Sequence[int]) -> NDArray:
        """The errors of some frames, shape (camera, frame, point), as corrected."""
        made = np.array(errors)
        for place, frame in enumerate(frames):
            row = self._row(frame)
            if row is not None and self._again is not None and self._again.points.reprojection_error is not None:
                changed = self._again.changed[row]
                made[:, place, changed] = self._again.points.reprojection_error[:, row, changed]
            correct({"reprojection_error": made[:, place : place + 1]}, self._names, self._at(frame))
        return made

    def _row(self, frame: int) -> int | None:
        if self._again is None:
            return None
        row = int(np.searchsorted(self._again.frames, frame))
        return row if row < len(self._again.frames) and self._again.frames[row] == frame else None

    def _at(self, frame: int) -> tuple[PointEdit, ...]:
        """The edits of a frame, as edits of the first one."""
        return tuple(replace(one, first=0, last=0) for one in self._edits if one.first <= frame <= one.last)
