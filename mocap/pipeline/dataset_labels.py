"""The labels of a recording, camera by camera and block by block, with their pictures where these go along."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mocap.export.dataset.labels import LabelLimits, ViewLabels, course_of, view_labels
from mocap.export.dataset.recordings import Recording, picture_name
from mocap.export.dataset.truth import angle_truths, squat_truth
from mocap.pipeline.dataset_pictures import fits, footage_of, seen_of, write_pictures
from mocap.pipeline.dataset_plan import DatasetOptions, Opened, Planned, best_points, movement_of
from mocap.pipeline.review_footage import ReviewFootage

MOVED = "a camera that moved since it was calibrated, or whose pictures are cropped"
OTHER_SIZE = "a camera whose pictures have another size than it was calibrated with"
_FRAMES = 512  # of a block: what is in memory at once


@dataclass(frozen=True, eq=False)
class Block:
    """Labels of one camera, how many of its pictures could not be written, and why it has no labels at all."""

    camera: int
    labels: ViewLabels | None
    lost: int = 0
    why: str = ""


def recording_of(opened: Opened, planned: Planned, split: str) -> Recording:
    """Return what is told of a recording, with the truth of its frames."""
    trial = opened.told
    assert trial.rig is not None  # what has no cameras is not planned
    points = best_points(trial)
    return Recording(
        planned.name, planned.subject, split, movement_of(trial), planned.source.licence,
        tuple(dict.fromkeys(one.name for one in trial.quality if not one.passed)), points.names, trial.rig,
        points.time_s, angle_truths(trial.angles, points.n_frames), squat_truth(trial), planned.frames,
    )  # fmt: skip


def labelled_blocks(
    opened: Opened, planned: Planned, recording: Recording, options: DatasetOptions, pictures: Path | None
) -> tuple[Iterator[Block], str]:
    """Return the labels of a recording, and why there are none of it.

    Parameters
    ----------
    opened : Opened
    planned : Planned
    recording : Recording
    options : DatasetOptions
    pictures : Path, optional
        Where pictures are written; without it none are.
    """
    footage, why = footage_of(planned.source.path, opened.recorded)
    if pictures is not None and footage is None:
        return iter(()), why
    return _blocks(opened, planned, recording, options, footage, pictures), ""


def _blocks(
    opened: Opened, planned: Planned, recording: Recording, options: DatasetOptions, footage: ReviewFootage | None,
    pictures: Path | None,
) -> Iterator[Block]:  # fmt: skip
    limits = LabelLimits(max_sigma_px=options.max_sigma_px)
    recorded, told = opened.recorded, opened.told
    names = best_points(recorded).names
    assert recorded.rig is not None
    failed = {one.name for one in recorded.quality if not one.passed}
    for number, camera in enumerate(recording.rig):
        own = recorded.rig.cameras[number].name
        there = footage is not None and own in footage.cameras
        if f"{own} as calibrated" in failed:
            yield Block(number, None, why=MOVED)
            continue
        if footage is not None and there and not fits(footage, camera, own):
            # Where a point is in pictures of another size nobody knows.
            yield Block(number, None, why=OTHER_SIZE)
            continue
        for start in range(0, len(planned.frames), _FRAMES):
            frames = planned.frames[start : start + _FRAMES]
            course = course_of(best_points(told), told.segments, frames)
            seen = seen_of(recorded, names, number, frames, footage if there or pictures is not None else None)
            labels = view_labels(camera, course, seen, limits)
            if pictures is None or footage is None:
                yield Block(number, labels)
                continue
            targets = [pictures / f"{picture_name(recording.name, camera.name, int(picture))}.jpg"
                       for picture in labels.pictures]  # fmt: skip
            body = course.body.chosen(labels.rows)
            done = write_pictures(footage, own, camera, labels, body, targets, options.faces)
            yield Block(number, labels.chosen(done), int(np.sum(~done)))
