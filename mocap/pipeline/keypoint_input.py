"""Keypoint files as they enter the pipeline: read in the order of the cameras, of one person, of images that fit."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from mocap.errors import KeypointError
from mocap.keypoints import (
    ParticipantChoice,
    ParticipantRule,
    PeopleKeypoints,
    associate_people,
    choose_participant,
    simultaneous,
)
from mocap.pipeline.trial_check import check_against_calibration
from mocap.readers.keypoints import read_keypoints
from mocap.trial import Keypoints2D, Verdict

_MAX_OUTSIDE = 0.1


@dataclass(frozen=True)
class KeypointInput:
    """How keypoint files are to be read.

    Attributes
    ----------
    rate_hz : float or None
        May be left out where the files tell it; goes before what they tell.
    skeleton : str or None
        Keypoint order, where the files bring no names: a preset, or the path of a skeleton in TOML.
    source : str
        `auto`, or a key of `mocap.readers.keypoints.KEYPOINT_READERS`.
    cameras : mapping of str to str
        Camera name to the name of its file or folder, where the names do not tell.
    names : tuple of str
        Keypoints to read; all when empty.
    participant : ParticipantRule
        Who of several people is meant.
    leave_others : bool
        Some cameras of the calibration were chosen, and there may be files of others, which are not read.
    """

    rate_hz: float | None = None
    skeleton: str | None = None
    source: str = "auto"
    cameras: Mapping[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    participant: ParticipantRule = field(default_factory=ParticipantRule)
    leave_others: bool = False


@dataclass(frozen=True, eq=False)
class LoadedKeypoints:
    """Keypoints of the participant.

    Attributes
    ----------
    keypoints : Keypoints2D
        Cameras in the order of the rig.
    first_frame : int
        Number of the first frame in the files.
    notes : tuple of str
        Which file became which camera, and who was chosen, and why.
    verdicts : tuple of Verdict
        Whether the participant is known, none where the files hold one person; and that image sizes differ.
    """

    keypoints: Keypoints2D
    first_frame: int
    notes: tuple[str, ...]
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, eq=False)
class ReadPeople:
    """Everybody in keypoint files.

    Attributes
    ----------
    people : PeopleKeypoints
        Cameras in the order of the rig, by their own frames.
    first_frame : int
        Number of the first frame in the files.
    notes : tuple of str
        Which file became which camera.
    verdicts : tuple of Verdict
        That image sizes differ.
    """

    people: PeopleKeypoints
    first_frame: int
    notes: tuple[str, ...]
    verdicts: tuple[Verdict, ...] = ()


def load_keypoints(path: Path, rig: CameraRig, how: KeypointInput) -> LoadedKeypoints:
    """Read keypoints in the order of the rig's cameras; where files hold several people, find out who is meant.

    People are told apart as if all cameras had taken their frames at once: `settled_participant` asks the clocks.
    """
    return participant_of(read_people(path, rig, how), rig, how.participant)


def read_people(path: Path, rig: CameraRig, how: KeypointInput) -> ReadPeople:
    """Read keypoints of everybody, in the order of the rig's cameras."""
    read = read_keypoints(
        path, source=how.source, camera_names=rig.names, skeleton=how.skeleton, rate_hz=how.rate_hz,
        declared=how.cameras or None, keypoints=how.names or None,
        image_sizes={camera.name: camera.size for camera in rig}, leave_others=how.leave_others,
    )  # fmt: skip
    renamed = [f"{camera} from {name}" for camera, name in read.source_of.items() if camera != name]
    notes = [*renamed, *(note.rstrip(".") for note in read.notes)]
    if read.first_frame:
        notes.append(f"time 0 is frame {read.first_frame} of the files")
    return ReadPeople(read.people, read.first_frame, tuple(notes), _size_verdicts(read.sizes_apart))


def participant_of(
    read: ReadPeople, rig: CameraRig, rule: ParticipantRule, when_s: NDArray | None = None
) -> LoadedKeypoints:
    """Find out who is meant.

    Parameters
    ----------
    read : ReadPeople
    rig : CameraRig
    rule : ParticipantRule
        A click's frame is the camera's own.
    when_s : ndarray, shape (camera, frame), optional
        When each frame was taken, by one clock; without it all cameras took frame i at once.

    Returns
    -------
    LoadedKeypoints
        By the cameras' own frames.
    """
    if read.people.n_people == 1:
        return LoadedKeypoints(read.people.person(0), read.first_frame, read.notes, read.verdicts)
    told = read.notes
    if when_s is None:
        chosen = _participant(read.people, rig, rule)
        keypoints = chosen.keypoints
    else:
        people, slot = simultaneous(read.people, when_s)
        if people is read.people:
            told = (*told, "no two cameras share any time by their clocks, people were told apart by frame numbers")
        chosen = _participant(people, rig, _on_slots(rule, rig, slot))
        person = chosen.person[np.arange(len(rig))[:, None], slot]
        keypoints = read.people.chosen(np.where(slot >= 0, person, -1))
    # Notes are joined by what separates the parts of this sentence.
    notes = (*told, chosen.reason.replace("; ", ", "))
    return LoadedKeypoints(keypoints, read.first_frame, notes, (*read.verdicts, *chosen.verdicts))


def _on_slots(rule: ParticipantRule, rig: CameraRig, slot: NDArray) -> ParticipantRule:
    """The rule with the click's frame as the slot that it went to; one that is not there is left to be refused."""
    if rule.click is None or rule.click[1] not in rig.names or not 0 <= rule.click[0] < slot.shape[1]:
        return rule
    frame, name, pixel = rule.click
    return replace(rule, click=(int(slot[rig.names.index(name), frame]), name, pixel))


def _participant(people: PeopleKeypoints, rig: CameraRig, rule: ParticipantRule) -> ParticipantChoice:
    """Choose the participant; where no cameras agree on anybody, say first whether the footage is of these cameras."""
    try:
        return choose_participant(associate_people(people, rig), rule)
    except KeypointError as error:
        if error.code == "NO_PERSON":
            seen = np.isfinite(people.pixels).all(axis=-1)
            trust = (people.confidence * seen).sum(axis=-1)
            check_against_calibration(people.chosen(np.where(trust.max(axis=2) > 0, trust.argmax(axis=2), -1)), rig)
        raise


def _size_verdicts(apart: tuple[str, ...]) -> tuple[Verdict, ...]:
    """Return what fails where images have almost the calibration's size: nobody knows which side was cut or padded."""
    if not apart:
        return ()
    text = (
        f"with another image size than the calibration ({'; '.join(apart)}): where they were cut or padded decides "
        "by how much their keypoints are shifted; calibrate with images of this size"
    )
    return (Verdict("image size", float(len(apart)), 0.0, "cameras", False, text),)


def check_image_size(keypoints: Keypoints2D, rig: CameraRig) -> None:
    """Refuse keypoints of images of another size than the calibration's.

    Raises
    ------
    KeypointError
        IMAGE_SIZE, naming each camera with more than a tenth of its keypoints outside its image.
    """
    strange = []
    for camera, pixels in zip(rig, keypoints.pixels, strict=True):
        x, y = pixels[..., 0], pixels[..., 1]
        width, height = camera.size
        # Comparisons with NaN are false: what is missing is not outside.
        outside = (x < -0.5) | (x > width - 0.5) | (y < -0.5) | (y > height - 0.5)
        if np.count_nonzero(outside) > _MAX_OUTSIDE * np.count_nonzero(np.isfinite(x) & np.isfinite(y)):
            strange.append(f"{camera.name} is {width} x {height} px, keypoints reach from {np.nanmin(x):.0f}, "
                           f"{np.nanmin(y):.0f} to {np.nanmax(x):.0f}, {np.nanmax(y):.0f}")  # fmt: skip
    if strange:
        raise KeypointError(
            f"Keypoints lie outside the images of the calibration: {'; '.join(strange)}.",
            "Use the calibration of these recordings: same cameras in the same order, same resolution, same rotation. "
            "Leave x and y empty where nothing was found, in place of a number such as -1.",
            code="IMAGE_SIZE",
        )
