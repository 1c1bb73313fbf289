"""Reconstruction as a recipe: keypoint files and a calibration in, a trial of 3D points out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import calibration
from calibration import CameraRig
from mocap.errors import ConfigError, KeypointError
from mocap.keypoints import PeopleKeypoints, PersonChoice, choose_person
from mocap.pipeline.digests import input_sha256
from mocap.pipeline.output_kinds import TRIAL
from mocap.pipeline.outputs import check_not_among, check_outputs
from mocap.pipeline.progress import Progress
from mocap.pipeline.trial_check import check_against_calibration
from mocap.readers.axes import infer_forward
from mocap.readers.keypoints import read_keypoints
from mocap.reconstruction import Reconstruction, ReconstructionOptions, reconstruct_details, reconstruction_verdicts
from mocap.skeleton import bones_among
from mocap.storage import write_trial
from mocap.trial import Keypoints2D, Operation, Timeline, Trial, Verdict

_MAX_OUTSIDE = 0.1
#: `Trial.axis_source` where nobody said which way is up; the angles against gravity carry it as their reason.
GRAVITY_UNSTATED = "gravity not stated by the calibration; world Z taken as up"


@dataclass(frozen=True)
class KeypointInput:
    """How keypoint files are to be read.

    Attributes
    ----------
    rate_hz : float or None
        No format holds it.
    skeleton : str or None
        Keypoint order, where the files bring no names.
    source : str
        `auto`, or a key of `mocap.readers.keypoints.KEYPOINT_READERS`.
    cameras : mapping of str to str
        Camera name to the name of its file or folder, where the names do not tell.
    names : tuple of str
        Keypoints to read; all when empty.
    """

    rate_hz: float | None = None
    skeleton: str | None = None
    source: str = "auto"
    cameras: Mapping[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()


def load_keypoints(path: Path, rig: CameraRig, how: KeypointInput) -> tuple[Keypoints2D, int, tuple[str, ...]]:
    """Read keypoints in the order of the rig's cameras; where a file holds several people, choose one per camera.

    Returns
    -------
    keypoints : Keypoints2D
    first_frame : int
        Number of the first frame in the files.
    notes : tuple of str
        Which file became which camera, and which person was chosen how often.
    """
    read = read_keypoints(
        path, source=how.source, camera_names=rig.names, skeleton=how.skeleton, rate_hz=how.rate_hz,
        declared=how.cameras or None, keypoints=how.names or None,
    )  # fmt: skip
    renamed = [f"{camera} from {name}" for camera, name in read.source_of.items() if camera != name]
    notes = [*renamed, *(note.rstrip(".") for note in read.notes)]
    if read.first_frame:
        notes.append(f"time 0 is frame {read.first_frame} of the files")
    people = read.people
    if people.n_people == 1:
        return people.person(0), read.first_frame, tuple(notes)
    chosen = _chosen(people, rig)
    notes.append(f"one of up to {people.n_people} people chosen by reprojection error")
    rivals = int((chosen.others > 0).sum())
    if rivals:
        # More than one person is seen by two cameras: the choice is the best seen one, and a user has to know.
        notes.append(f"in {rivals} of {len(chosen.others)} frames two or more cameras also agree on somebody else")
    return chosen.keypoints, read.first_frame, tuple(notes)


def _chosen(people: PeopleKeypoints, rig: CameraRig) -> PersonChoice:
    """Choose one person; where no cameras agree on anybody, say first whether the footage is of these cameras."""
    try:
        return choose_person(people, rig)
    except KeypointError as error:
        if error.code == "NO_PERSON":
            seen = np.isfinite(people.pixels).all(axis=-1)
            trust = (people.confidence * seen).sum(axis=-1)
            check_against_calibration(people.chosen(np.where(trust.max(axis=2) > 0, trust.argmax(axis=2), -1)), rig)
        raise


def reconstruct_trial(
    path: Path,
    rig: CameraRig,
    how: KeypointInput,
    options: ReconstructionOptions | None = None,
    progress: Progress | None = None,
) -> Trial:
    """Return a trial of 3D points, with its keypoints, rig, timeline and quality figures."""
    chosen_options = options or ReconstructionOptions()
    keypoints, first_frame, notes = load_keypoints(path, rig, how)
    use_verdicts = check_against_calibration(keypoints, rig)
    check_image_size(keypoints, rig)
    result = reconstruct_details(
        keypoints,
        rig,
        options=chosen_options,
        progress=None if progress is None else lambda done, total: progress("reconstruct", done, total),
    )
    points = result.points
    parameters = {name: value for name, value in vars(chosen_options).items() if value is not None}
    reading = Operation("read keypoints", {"first_frame": first_frame, "notes": "; ".join(notes)})
    return Trial(
        trial_id=path.stem,
        points=points,
        rig=rig,
        timeline=Timeline(keypoints.rate_hz, keypoints.n_frames, camera_names=rig.names),
        keypoints=keypoints,
        forward_axis=infer_forward(points.position, points.names) or "x",
        axis_source=f"calibration: {rig.metadata['gravity']}" if rig.gravity_stated else GRAVITY_UNSTATED,
        gravity_known=rig.gravity_known,
        bones=bones_among(points.names),
        quality=(
            *_presence_verdicts(result, keypoints, rig),
            *reconstruction_verdicts(result, keypoints, rig, options=chosen_options),
            *use_verdicts,
            _sigma_verdict(result),
            *_gravity_verdict(rig),
        ),
        operations=(reading, Operation("reconstruct", parameters)),
        inputs={path.name: input_sha256(path)},
    )


def _presence_verdicts(result: Reconstruction, keypoints: Keypoints2D, rig: CameraRig) -> tuple[Verdict, ...]:
    """Judge what is there at all: a camera that dropped out makes every other figure look good."""
    present = 100.0 * float(np.isfinite(result.points.position).all(axis=2).mean())
    verdicts = [Verdict("points present", present, 90.0, "%", present >= 90.0, "of all keypoints in all frames")]
    for name, pixels in zip(rig.names, keypoints.pixels, strict=True):
        saw = 100.0 * float(np.isfinite(pixels).all(axis=2).any(axis=1).mean())
        text = "of the frames hold a keypoint of this camera; else it started late, stopped or lost the person"
        verdicts.append(Verdict(f"{name} saw", saw, 90.0, "%", saw >= 90.0, text))
    return tuple(verdicts)


def _sigma_verdict(result: Reconstruction) -> Verdict:
    sigma = float(np.nanmedian(result.sigma_px))
    return Verdict("pixel sigma", sigma, 20.0, "px", sigma <= 20.0, "median over cameras and keypoints, estimated")


def _gravity_verdict(rig: CameraRig) -> tuple[Verdict, ...]:
    if rig.gravity_stated:
        return ()
    text = "the calibration says nothing of gravity; where its Z is not up, every angle against gravity is wrong"
    return (Verdict("gravity stated", 0.0, 1.0, "", False, text),)


def with_z_up(rig: CameraRig) -> CameraRig:
    """Return the rig with the user's word that its world Z points up; a file that says otherwise is refused.

    Raises
    ------
    ConfigError
        When the calibration itself says that gravity is unknown.
    """
    if not rig.gravity_known:
        raise ConfigError(
            "The calibration says that gravity is unknown: its world is the frame of a camera or a board.",
            "Calibrate with the board lying on the floor (--world floor:FRAME).",
            code="GRAVITY_UNKNOWN",
        )
    return CameraRig(rig.cameras, {"gravity": "Z up, as stated by the user", **rig.metadata}, rig.covariance)


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


def reconstruct_to_file(
    calibration_file: Path,
    path: Path,
    out: Path,
    how: KeypointInput,
    progress: Progress,
    cameras: tuple[str, ...] = (),
    z_up: bool = False,
) -> Trial:
    """Reconstruct keypoint files with a calibration file and write the trial file.

    Parameters
    ----------
    calibration_file, path, out : Path
    how : KeypointInput
    progress : callable
    cameras : tuple of str
        Use these cameras of the calibration alone; all when empty.
    z_up : bool
        The user states that the calibration's Z points up.
    """
    check_outputs({out: TRIAL}, [calibration_file, path])
    check_not_among([out], path)
    rig = calibration.read_rig(calibration_file)
    rig = rig.subset(cameras) if cameras else rig
    trial = reconstruct_trial(path, with_z_up(rig) if z_up else rig, how, progress=progress)
    write_trial(out, trial)
    return trial
