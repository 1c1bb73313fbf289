"""What each stage of a trial made, taken from the trial's own file: kept when it is as recorded, to the last bit."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mocap.errors import MocapError
from mocap.pipeline.record import Stage
from mocap.storage import as_stored, content_sha256, read_trial
from mocap.trial import Operation, Trial, Verdict


def stage_result(trial: Trial) -> Trial:
    """Return what a stage made as the next one finds it, whether it is made now or was before.

    Its values have the types of the file, and it does not say whose it is: who, when and under which circumstances
    is stated anew with each run.
    """
    return as_stored(_nameless(trial))


def stage_of(result: Trial, parts: Mapping[str, str]) -> Stage:
    """Return the record of a stage: what it was made from, the digest of its result, and what it said."""
    return Stage(parts, content_sha256(result), _told(result))


def kept_points(older: Trial | None, stage: Stage | None, smoothed: bool) -> Trial | None:
    """Return what the reconstruction made of a trial, from the older result; None where that is not what it was.

    Parameters
    ----------
    older : Trial, optional
    stage : Stage, optional
        The record of its reconstruction.
    smoothed : bool
        The reconstruction smoothed the points itself.
    """
    if older is None or stage is None:
        return None
    points = replace(
        older, points_smoothed=older.points_smoothed if smoothed else None, segments=None, angles=None, subject={}
    )
    return _checked(points, stage)


def kept_angles(older: Trial | None, stage: Stage | None) -> Trial | None:
    """Return what the kinematics made of a trial, from the older result; None where that is not what it was."""
    return None if older is None or stage is None else _checked(older, stage)


def older_result(path: Path) -> Trial | None:
    """Return the trial that is in a file; None where there is none, or none that can be believed."""
    try:
        return read_trial(path) if path.is_file() else None
    except MocapError:
        return None


def _nameless(trial: Trial) -> Trial:
    return replace(
        trial, trial_id="", subject_code="", task="", created_utc="", site="", operator="", context={}, events=(),
        assessments=(), steps=(), settings=(), edits=(),
    )  # fmt: skip


def _checked(trial: Trial, stage: Stage) -> Trial | None:
    try:
        result = stage_result(_with_told(trial, stage.told))
        return result if content_sha256(result) == stage.content else None
    except (MocapError, KeyError, TypeError, ValueError):
        return None  # a record of another version, or one that somebody edited


def _told(trial: Trial) -> dict[str, Any]:
    return {
        "quality": [list(vars(one).values()) for one in trial.quality],
        "operations": [[one.name, dict(one.parameters)] for one in trial.operations],
        "inputs": list(map(list, trial.inputs.items())),
    }


def _with_told(trial: Trial, told: Mapping[str, Any]) -> Trial:
    return replace(
        trial,
        quality=tuple(Verdict(*row) for row in told["quality"]),
        operations=tuple(Operation(name, parameters) for name, parameters in told["operations"]),
        inputs=dict(told["inputs"]),
    )
