"""Corrections of points where they are used: applied to what is computed from, kept in the file, taken back."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from calibration.digits import counted
from mocap.errors import ShapeError
from mocap.pipeline.point_filter import filter_of
from mocap.schema import Status
from mocap.signal.smoothing import filter_points
from mocap.storage import read_trial, writing
from mocap.trial import Operation, PointEdit, Points3D, Trial, Verdict
from mocap.trial.edits import IN_VIEWS, checked_edits, edited, edits_sha256

USED = "edits"
"""Parameter of an operation that used edited points: the digest of the edits."""
BEHIND = "edits of points in the angles"
"""Name of the verdict on a trial whose angles were computed before its last edit."""


def edited_points(trial: Trial) -> Points3D:
    """Return the raw points of a trial with all corrections applied, flagged EDITED or REJECTED.

    Where what a camera saw was corrected, the points of that span are those of a reconstruction without it.

    Raises
    ------
    ReconstructionError
        EDIT_NO_VIEWS where a camera's view was corrected and the trial has no keypoints or no cameras; EDIT_PLATES
        where its points of plates would have to be fitted again.
    ShapeError
        EDIT_WRONG
    """
    if not trial.edits:
        return trial.points
    checked_edits(trial.edits, trial.points.names, trial.points.n_frames)
    in_views = [one for one in trial.edits if one.kind in IN_VIEWS]
    points = trial.points
    if in_views:
        # A review knows edits without being able to reconstruct, which takes time and memory to load.
        from mocap.pipeline.edited_views import with_seen_again

        points = with_seen_again(trial, in_views)
    return edited(points, trial.edits)


def with_edits(trial: Trial) -> Trial:
    """Return a trial whose points, raw and smoothed, are the corrected ones: to compute from, or to hand over."""
    filtered = filtered_with(trial)
    if not trial.edits and filtered is None:
        return trial
    points = edited_points(trial)
    smoothed = trial.points_smoothed
    if smoothed is not None and filtered != edits_sha256(trial.edits):
        options = filter_of(trial)
        if options is not None:
            smoothed = filter_points(points, options).points
        else:
            smoothed = _taken_over(smoothed, points)
    return replace(trial, points=points, points_smoothed=smoothed)


def used_edits(made: Trial, stored: Trial, refiltered: bool) -> Trial:
    """Return a trial that was computed from corrected points, with its raw points again, and the edits that were used.

    Parameters
    ----------
    made : Trial
        With corrected points.
    stored : Trial
        With the raw ones.
    refiltered : bool
        The smoothed points were made of the corrected ones, and stay.
    """
    digest = edits_sha256(stored.edits)
    kept = refiltered or filter_of(stored) is not None
    told = {"kinematics", "smooth"} if kept else {"kinematics"}
    operations = tuple(_marked(one, digest) if one.name in told else one for one in made.operations)
    operations = tuple(_noted(one, stored.edits) if one.name == "kinematics" else one for one in operations)
    smoothed = made.points_smoothed if kept else stored.points_smoothed
    quality = tuple(one for one in made.quality if one.name != BEHIND)
    return replace(made, points=stored.points, points_smoothed=smoothed, operations=operations, quality=quality)


def add_edits(path: Path, edits: Sequence[PointEdit]) -> Trial:
    """Add corrections to a trial file.

    Its angles and assessments stay as they were, and a verdict says that they are of before, until the kinematics are
    computed again.

    Raises
    ------
    ShapeError
        EDIT_WRONG, EDIT_OUTSIDE
    ReconstructionError
        EDIT_NO_VIEWS, EDIT_PLATES
    MocapError
        What reading and writing refuse.
    """
    with writing(path, present=True) as writer:
        trial = read_trial(path)
        made = judged(with_more(trial, edits))
        edited_points(made)  # refused before anything is written
        writer.write(made, f"edit: {'; '.join(dict.fromkeys(one.kind for one in edits))}")
    return made


def with_more(trial: Trial, edits: Sequence[PointEdit]) -> Trial:
    """Return a trial with more corrections, none of which is yet applied.

    Raises
    ------
    ShapeError
        EDIT_OUTSIDE for a mark where the camera's picture is not.
    """
    sizes = {} if trial.rig is None else {camera.name: camera.size for camera in trial.rig}
    for one in edits:
        if one.pixel is None or one.camera not in sizes:
            continue
        width, height = sizes[one.camera]
        u, v = one.pixel
        if not (-0.5 <= u < width - 0.5 and -0.5 <= v < height - 0.5):
            raise ShapeError(
                f"A mark at ({u:g}, {v:g}) px is outside of the picture of '{one.camera}', {width} x {height} px.",
                "Mark the point where it is seen.", code="EDIT_OUTSIDE",
            )  # fmt: skip
    return replace(trial, edits=(*trial.edits, *edits))


def take_back(path: Path, count: int = 1) -> Trial:
    """Take the last corrections out of a trial file again; see `add_edits`."""
    with writing(path, present=True) as writer:
        trial = read_trial(path)
        made = judged(replace(trial, edits=trial.edits[: max(0, len(trial.edits) - count)]))
        writer.write(made, "edit taken back")
    return made


def judged(trial: Trial) -> Trial:
    """Return a trial with a verdict that fails where its angles are not of the points as they are corrected now."""
    quality = tuple(one for one in trial.quality if one.name != BEHIND)
    step = next((one for one in trial.operations if one.name == "kinematics"), None)
    if step is not None and str(step.parameters.get(USED, "")) != edits_sha256(trial.edits):
        text = "corrections now, others when the angles were computed: compute them again, and assess again"
        quality = (*quality, Verdict(BEHIND, float(len(trial.edits)), 0.0, "", False, text))
    return replace(trial, quality=quality)


def filtered_with(trial: Trial) -> str | None:
    """The digest of the edits that smoothed points were made with; None where they were made without."""
    step = next((one for one in reversed(trial.operations) if one.name == "smooth"), None)
    return None if step is None or USED not in step.parameters else str(step.parameters[USED])


def _marked(step: Operation, digest: str) -> Operation:
    rest = {name: value for name, value in step.parameters.items() if name != USED}
    return Operation(step.name, {**rest, USED: digest} if digest else rest)


def _noted(step: Operation, edits: Sequence[PointEdit]) -> Operation:
    if not edits:
        return step
    note = f"{counted(len(edits), 'correction')} of points by a reviewer: the angles are of the corrected points"
    before = str(step.parameters.get("notes", ""))
    return Operation(step.name, {**step.parameters, "notes": "; ".join(one for one in (before, note) if one)})


def _taken_over(smoothed: Points3D, points: Points3D) -> Points3D:
    """Smoothed points with the samples that were edited in place of their own: the smoother is not to be had again."""
    at = (points.status & np.uint8(Status.EDITED)) != 0
    return replace(
        smoothed, position=np.where(at[..., None], points.position, smoothed.position),
        covariance=np.where(at[..., None, None], points.covariance, smoothed.covariance),
        status=np.where(at, points.status, smoothed.status),
    )  # fmt: skip
