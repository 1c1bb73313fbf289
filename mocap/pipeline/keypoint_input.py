"""Keypoint files as they enter the pipeline: read in the order of the cameras, of one person, of images that fit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from calibration import CameraRig
from mocap.errors import KeypointError
from mocap.keypoints import (
    ParticipantChoice,
    ParticipantRule,
    PeopleKeypoints,
    associate_people,
    choose_participant,
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
    """

    rate_hz: float | None = None
    skeleton: str | None = None
    source: str = "auto"
    cameras: Mapping[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    participant: ParticipantRule = field(default_factory=ParticipantRule)


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


def load_keypoints(path: Path, rig: CameraRig, how: KeypointInput) -> LoadedKeypoints:
    """Read keypoints in the order of the rig's cameras; where files hold several people, find out who is meant."""
    read = read_keypoints(
        path, source=how.source, camera_names=rig.names, skeleton=how.skeleton, rate_hz=how.rate_hz,
        declared=how.cameras or None, keypoints=how.names or None,
        image_sizes={camera.name: camera.size for camera in rig},
    )  # fmt: skip
    renamed = [f"{camera} from {name}" for camera, name in read.source_of.items() if camera != name]
    notes = [*renamed, *(note.rstrip(".") for note in read.notes)]
    if read.first_frame:
        notes.append(f"time 0 is frame {read.first_frame} of the files")
    people, sizes = read.people, _size_verdicts(read.sizes_apart)
    if people.n_people == 1:
        return LoadedKeypoints(people.person(0), read.first_frame, tuple(notes), sizes)
    chosen = _participant(people, rig, how)
    # Notes are joined by what separates the parts of this sentence.
    notes.append(chosen.reason.replace("; ", ", "))
    return LoadedKeypoints(chosen.keypoints, read.first_frame, tuple(notes), (*sizes, *chosen.verdicts))


def _participant(people: PeopleKeypoints, rig: CameraRig, how: KeypointInput) -> ParticipantChoice:
    """Choose the participant; where no cameras agree on anybody, say first whether the footage is of these cameras."""
    try:
        return choose_participant(associate_people(people, rig), how.participant)
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
        seen = pixels[np.isfinite(pixels).all(axis=2)]
        outside = ((seen < -0.5) | (seen > np.array(camera.size) - 0.5)).any(axis=1)
        if len(seen) and outside.mean() > _MAX_OUTSIDE:
            reach = seen.max(axis=0)
            strange.append(f"{camera.name} is {camera.size[0]} x {camera.size[1]} px, keypoints reach "
                           f"{reach[0]:.0f}, {reach[1]:.0f}")  # fmt: skip
    if strange:
        raise KeypointError(
            f"Keypoints lie outside the images of the calibration: {'; '.join(strange)}.",
            "Use the calibration of these recordings: same cameras in the same order, same resolution, same rotation.",
            code="IMAGE_SIZE",
        )
