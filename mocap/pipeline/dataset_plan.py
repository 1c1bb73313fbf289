"""What of each trial goes into a dataset, before anything is written: names outside, frames, and what was seen."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mocap.errors import ExportError
from mocap.export.dataset.choice import distinct_frames
from mocap.export.dataset.labels import azimuth_deg, course_of, views_of
from mocap.pipeline.dataset_sources import DatasetSource
from mocap.pipeline.export_privacy import can_be_sought, without_identity
from mocap.pipeline.point_edits import with_edits
from mocap.storage import read_trial
from mocap.trial import Points3D, Trial

OTHERS = "the trial is of another person than its session says, whose consent this is"
TWICE = "the same recording as one that is in it already"
NO_CAMERAS = "no cameras in the trial: it came from a motion file"
NO_POINTS = "no frame with points"


@dataclass(frozen=True)
class DatasetOptions:
    """What a dataset is to hold.

    Attributes
    ----------
    kind : str
        `coco`, `yolo` or `parquet`.
    purpose : str
    images : bool
        Pictures go along.
    faces : bool
        They keep their faces.
    shares : tuple of float
        Of train, val and test.
    seed : int
    every : int
        Looks at every so many frames.
    min_change_mm, max_sigma_px : float
    key : Path, optional
        Of the pseudonyms; None keeps names.
    """

    kind: str
    purpose: str = "machine-learning"
    images: bool = False
    faces: bool = False
    shares: tuple[float, float, float] = (0.7, 0.15, 0.15)
    seed: int = 0
    every: int = 1
    min_change_mm: float = 5.0
    max_sigma_px: float = 10.0
    key: Path | None = None


@dataclass(frozen=True, eq=False)
class Planned:
    """A trial of the dataset.

    Attributes
    ----------
    source : DatasetSource
    name, subject : str
        As they are called outside.
    frames : ndarray of int
    names : tuple of str
        Of its points, outside.
    bones : tuple of (str, str)
    strata : mapping of str to int
        Pictures by movement and view.
    digest : str
        Of its points.
    person : str
        Who it is for the splits: codes that differ in case, blanks or signs alone count as one person.
    """

    source: DatasetSource
    name: str
    subject: str
    person: str
    frames: NDArray
    names: tuple[str, ...]
    bones: tuple[tuple[str, str], ...]
    strata: Mapping[str, int]
    digest: str


@dataclass(frozen=True, eq=False)
class Opened:
    """A trial as recorded, and as it is told outside.

    Attributes
    ----------
    recorded, told : Trial
    subject, name : str
    identifiers : frozenset of str
        What must not be told.
    """

    recorded: Trial
    told: Trial
    subject: str
    name: str
    identifiers: frozenset[str]


def open_source(source: DatasetSource, key: Path | None) -> Opened:
    """Read a trial with its corrections, and take out what tells whose it is where there is a key.

    Raises
    ------
    MocapError
        What reading and `without_identity` refuse.
    """
    trial = with_edits(read_trial(source.path))
    if not trial.subject_code:
        trial = replace(trial, subject_code=_unnamed(source))
    if key is None:
        subject = trial.subject_code
        return Opened(trial, trial, subject, f"{subject}_{source.folder.name}_{trial.trial_id}", frozenset())
    without = without_identity(trial, key)
    sought = frozenset(word for word in without.identifiers if can_be_sought(word))
    return Opened(trial, without.trial, without.alias.subject, without.alias.trial, sought)


def _unnamed(source: DatasetSource) -> str:
    """Name somebody without a code by the session: two trials of one session are of one person."""
    return f"unnamed {' '.join(source.folder.resolve().parts[-2:])}"


def is_unnamed(planned: "Planned") -> bool:
    """Return whether nobody says who a recording is of."""
    return planned.person.startswith("unnamed ")


def _person(code: str) -> str:
    plain = "".join(letter for letter in code.casefold() if letter.isalnum())
    return code if code.startswith("unnamed ") else plain or code


def best_points(trial: Trial) -> Points3D:
    """Return the points that the angles are computed from."""
    return trial.points if trial.points_smoothed is None else trial.points_smoothed


def plan_of(source: DatasetSource, options: DatasetOptions, planned: Sequence["Planned"]) -> Planned | str:
    """Return what of a trial goes into the dataset, or why nothing does.

    Parameters
    ----------
    source : DatasetSource
    options : DatasetOptions
    planned : sequence of Planned
        What goes in already.
    """
    opened = open_source(source, options.key)
    trial, code = opened.told, opened.recorded.subject_code
    if source.subject and not code.startswith("unnamed ") and code != source.subject:
        return OTHERS
    digest = hashlib.sha256(np.ascontiguousarray(trial.points.position).tobytes()).hexdigest()
    if any(one.digest == digest and one.person == _person(code) for one in planned):
        return TWICE
    if trial.rig is None or not len(trial.rig):
        return NO_CAMERAS
    points = best_points(trial)
    frames = distinct_frames(points.position, 1e-3 * options.min_change_mm, options.every)
    if not len(frames):
        return NO_POINTS
    name, number = opened.name, 1
    while name in [one.name for one in planned]:
        number += 1
        name = f"{opened.name}-{number}"
    course = course_of(points, trial.segments, frames)
    strata: Counter[str] = Counter()
    for camera in trial.rig:
        for view in views_of(azimuth_deg(camera, course)):
            strata[f"{movement_of(trial)} {view}"] += 1
    return Planned(
        source, name, opened.subject, _person(code), frames, points.names, trial.bones, dict(strata), digest
    )


def movement_of(trial: Trial) -> str:
    """Return the task of a trial, in one word."""
    return trial.task or "other"


def check_told(opened: Opened, words: Sequence[str]) -> None:
    """Refuse words that hold anything of what came with a recording.

    Raises
    ------
    ExportError
        DEIDENTIFY_LEAK
    """
    for word in words:
        found = next((one for one in opened.identifiers if one.lower() in word.lower()), None)
        if found is not None:
            raise ExportError(
                f"'{word}' holds '{found}', which came with the recording.",
                "Nothing was written. Rename what bears that word in the recording.", code="DEIDENTIFY_LEAK",
            )  # fmt: skip


def union(planned: Sequence[Planned]) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Return the points and bones of all trials, each once, in the order in which they are met."""
    names = dict.fromkeys(name for one in planned for name in one.names)
    bones = dict.fromkeys(bone for one in planned for bone in one.bones)
    return tuple(names), tuple(bones)

