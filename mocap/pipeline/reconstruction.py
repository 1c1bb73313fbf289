"""Reconstruction as a recipe: keypoint files and a calibration in, a trial of 3D points out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import calibration
from calibration import CameraRig
from calibration.digits import digits
from mocap.config.plain_names import recorded_name
from mocap.config.plates import Plate
from mocap.errors import ConfigError
from mocap.keypoints import PeopleKeypoints
from mocap.pipeline.digests import input_sha256
from mocap.pipeline.keypoint_input import KeypointInput, LoadedKeypoints, check_image_size, read_people
from mocap.pipeline.notes import frame_time_note
from mocap.pipeline.outputs import check_not_among
from mocap.pipeline.progress import Progress
from mocap.pipeline.steps_of_commands import reconstructed_step
from mocap.pipeline.trial_bumps import bump_verdicts, without_bumped_ends
from mocap.pipeline.trial_check import check_against_calibration, refuse_plain_faults, refuse_wrong_views
from mocap.pipeline.trial_clocks import SetClocks, checked_clock_mode, set_clocks
from mocap.pipeline.trial_outputs import check_trial_output
from mocap.pipeline.trial_people import known_instants, settled_participant
from mocap.pipeline.trial_plates import FittedPlates, beside, fit_plates
from mocap.pipeline.trial_sides import LookedSides, checked_side_mode, look_at_sides
from mocap.pipeline.trial_size import body_size_verdicts
from mocap.pipeline.trial_smoothing import checked_smoother, smooth_trial
from mocap.readers.axes import infer_forward
from mocap.reconstruction import Reconstruction, ReconstructionOptions, reconstruct_details, reconstruction_verdicts
from mocap.reconstruction.doubtful import flag_doubtful
from mocap.reconstruction.quality import length_verdicts, losses, oddity_verdicts, presence_verdict, size_verdicts
from mocap.reconstruction.smooth import SmoothingOptions
from mocap.signal.filter_options import FilterOptions
from mocap.skeleton import bones_among
from mocap.storage import write_trial
from mocap.trial import CameraTimes, Keypoints2D, Operation, SyncEstimate, Trial, Verdict

_TELLING = np.log(1.5)  # cameras that scatter by half more or less than the others are named
#: `Trial.axis_source` where nobody said which way is up; the angles against gravity carry it as their reason.
GRAVITY_UNSTATED = "gravity not stated by the calibration; world Z taken as up"


ClocksOf = Callable[[PeopleKeypoints], tuple[PeopleKeypoints, CameraTimes | None, SyncEstimate | None]]


@dataclass(frozen=True)
class TrialChoices:
    """What a user may choose about the way from keypoints to points.

    Attributes
    ----------
    sides : str
        What is done about left and right exchanged, of `mocap.pipeline.trial_sides.SIDE_MODES`.
    clocks : str
        What is done about cameras out of step, of `mocap.pipeline.trial_clocks.CLOCK_MODES`.
    smooth : str
        Smoother that makes the smoothed points, of `mocap.pipeline.trial_smoothing.SMOOTHERS`; none when empty.
    plates : tuple of Plate
        Plates whose corners are among the keypoints.
    row_time_s : mapping of str to float
        Rolling shutters: seconds from one row of the image to the next, by camera.
    reconstruction : ReconstructionOptions
    smoothing : SmoothingOptions
    outliers : FilterOptions, optional
        Whether Hampel's filter goes before the smoother, and how.
    """

    sides: str = "flag"
    clocks: str = "auto"
    smooth: str = ""
    plates: tuple[Plate, ...] = ()
    row_time_s: Mapping[str, float] = field(default_factory=dict)
    reconstruction: ReconstructionOptions = field(default_factory=ReconstructionOptions)
    smoothing: SmoothingOptions = field(default_factory=SmoothingOptions)
    outliers: FilterOptions | None = None

    def __post_init__(self) -> None:
        checked_clock_mode(self.clocks)
        checked_side_mode(self.sides)
        if self.smooth:
            checked_smoother(self.smooth)


def reconstruct_trial(
    path: Path,
    rig: CameraRig,
    how: KeypointInput,
    choices: TrialChoices | None = None,
    progress: Progress | None = None,
    clocks_of: ClocksOf | None = None,
) -> Trial:
    """Return a trial of 3D points, with its keypoints, rig, timeline and quality figures.

    Parameters
    ----------
    path : Path
        Keypoint files.
    rig : CameraRig
    how : KeypointInput
    choices : TrialChoices, optional
    progress : callable, optional
    clocks_of : callable, optional
        Of everybody's keypoints by frames of the footage: them in the order of time, and what is known of the clocks.
    """
    choices = choices or TrialChoices()
    seen = _prepared(path, rig, how, choices, clocks_of)
    keypoints = seen.sides.keypoints
    use_verdicts = check_against_calibration(keypoints, rig)
    bumps = bump_verdicts(keypoints, rig, seen.clocks.verdicts)
    refuse_wrong_views(keypoints, rig)
    result = reconstruct_details(
        keypoints,
        rig,
        options=choices.reconstruction,
        progress=None if progress is None else lambda done, total: progress("reconstruct", done, total),
    )
    plates = fit_plates(keypoints, rig, choices.plates)
    points = replace(beside(result.points, plates.points), start_s=seen.clocks.timeline.start_s)
    odd_verdicts, odd = oddity_verdicts(points)
    points, doubtful = flag_doubtful(points, odd, result.used, seen.sides.exchanged)
    bones = bones_among(points.names)
    trial = Trial(
        trial_id=recorded_name(path.stem),
        points=points,
        rig=rig,
        timeline=seen.clocks.timeline,
        keypoints=keypoints,
        forward_axis=infer_forward(points.position, points.names) or "x",
        axis_source=f"calibration: {rig.metadata['gravity']}" if rig.gravity_stated else GRAVITY_UNSTATED,
        gravity_known=rig.gravity_known,
        bones=bones,
        quality=(
            *_presence_verdicts(result, keypoints, rig),
            presence_verdict(result, keypoints.names),
            *reconstruction_verdicts(result, keypoints, rig, options=choices.reconstruction),
            *seen.loaded.verdicts,
            *without_bumped_ends(seen.clocks.verdicts, bumps, use_verdicts),
            *seen.sides.verdicts,
            *use_verdicts,
            *bumps,
            _sigma_verdict(result),
            *size_verdicts(result.points, result.used),
            *body_size_verdicts(points),
            *length_verdicts(points, bones),
            *odd_verdicts,
            doubtful,
            *plates.verdicts,
            *_gravity_verdict(rig),
        ),
        operations=(*seen.operations, *_operations(result, keypoints, rig, choices, plates)),
        inputs={recorded_name(path.name): input_sha256(path)},
    )
    if not choices.smooth:
        return trial
    return smooth_trial(trial, result, plates.points, choices.smooth, choices.smoothing, choices.outliers)


@dataclass(frozen=True, eq=False)
class _Prepared:
    """Keypoints that are ready to become points, and what was done on the way."""

    loaded: LoadedKeypoints
    clocks: SetClocks
    sides: LookedSides
    times: CameraTimes | None

    @property
    def operations(self) -> tuple[Operation, ...]:
        notes = "; ".join((*self.loaded.notes, frame_time_note(self.clocks.timeline, self.times)))
        reading = Operation("read keypoints", {"first_frame": self.loaded.first_frame, "notes": notes})
        done = (reading, self.clocks.operation, self.sides.operation)
        return tuple(operation for operation in done if operation is not None)


def _prepared(
    path: Path, rig: CameraRig, how: KeypointInput, choices: TrialChoices, clocks_of: ClocksOf | None
) -> _Prepared:
    """Read the participant's keypoints, set the clocks, look at left and right."""
    read = read_people(path, rig, how)
    people, times, known = clocks_of(read.people) if clocks_of else (read.people, None, None)

    def clocks_set(keypoints: Keypoints2D) -> tuple[SetClocks, NDArray | None]:
        check_image_size(keypoints, rig)
        refuse_plain_faults(keypoints, rig)
        done = set_clocks(keypoints, rig, choices.clocks, times=times, known=known, row_time_s=choices.row_time_s)
        return done, done.instants_s

    when_s = known_instants(times, known, people.n_frames, people.rate_hz)
    loaded, clocks = settled_participant(replace(read, people=people), rig, how.participant, when_s, clocks_set)
    # A camera out of step looks as if its sides were exchanged; the other way round the clocks bear with it.
    sides = look_at_sides(clocks.keypoints, rig, choices.sides, loaded.first_frame)
    return _Prepared(loaded, clocks, sides, times)


def _operations(
    result: Reconstruction, keypoints: Keypoints2D, rig: CameraRig, choices: TrialChoices, plates: FittedPlates
) -> tuple[Operation, ...]:
    parameters = {name: value for name, value in vars(choices.reconstruction).items() if value is not None}
    told = [*_weight_words(result, rig), *losses(result, keypoints, rig, choices.reconstruction).words()]
    made = Operation("reconstruct", {**parameters, "notes": "; ".join(words.replace("; ", ", ") for words in told)})
    return (made,) if plates.operation is None else (made, plates.operation)


def _weight_words(result: Reconstruction, rig: CameraRig) -> list[str]:
    """Say where observations do not weigh alike."""
    words = []
    if result.confidence_power:
        words.append(f"less confident keypoints weigh less: sigma goes with confidence to the power of "
                     f"-{result.confidence_power:.1f}, as their residuals prove")  # fmt: skip
    by_camera = np.median(result.sigma_px, axis=1)
    typical = float(np.median(by_camera))
    words += [
        f"{name} weighs {'less' if sigma > typical else 'more'}: its keypoints scatter by {digits(sigma, 2)} px, those "
        f"of the others by {digits(typical, 2)} px"
        for name, sigma in zip(rig.names, by_camera, strict=True) if abs(np.log(sigma / typical)) > _TELLING
    ]  # fmt: skip
    return words


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


def reconstruct_to_file(
    calibration_file: Path,
    path: Path,
    out: Path,
    how: KeypointInput,
    progress: Progress,
    cameras: tuple[str, ...] = (),
    z_up: bool = False,
    choices: TrialChoices | None = None,
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
    choices : TrialChoices, optional
    """
    check_trial_output(out, [calibration_file, path])
    check_not_among([out], path)
    rig = calibration.read_rig(calibration_file)
    rig = rig.subset(cameras) if cameras else rig
    choices = choices or TrialChoices()
    trial = reconstruct_trial(path, with_z_up(rig) if z_up else rig, how, choices, progress)
    trial = reconstructed_step(trial, calibration_file, path, how, cameras, z_up, choices)
    write_trial(out, trial)
    return trial
