"""Calibration as a recipe: footage, board and world in, calibration file out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import calibration
from calibration.camera import CameraRig
from calibration.corrections.choice import Wanted
from calibration.corrections.flatness import Flatness
from calibration.files import rig_text, write_rig, write_texts
from calibration.frame_choice import DEFAULT_FRAMES
from calibration.lengths import ScaledRig, parse_tape_length, scale_by_lengths, scaled_observations
from calibration.lenses.models import checked_model
from calibration.observations import BoardObservations
from calibration.quality.assessment import Assessment, assess, refusal
from calibration.quality.assessment_json import assessment_metadata
from calibration.quality.judgement import GRADES
from calibration.result import Calibration
from calibration.sources import CameraSource, find_sources, frame_size
from calibration.view_checks import MIN_VIEWS
from calibration.world import Landmarks, parse_world, read_landmarks
from mocap.errors import ConfigError
from mocap.pipeline.board_footage import (
    check_told_apart,
    files_of,
    footage_notes,
    length_note,
    named_sources,
    seen_board,
    unequal_lengths,
)  # fmt: skip
from mocap.pipeline.board_shape import calibrate_with_shape, with_shape_told
from mocap.pipeline.boards import target_from
from mocap.pipeline.calibration_report import report_texts
from mocap.pipeline.frame_times import find_frame_times, read_frame_times, spread_sentence
from mocap.pipeline.outputs import check_calibration_outputs, refused_path, report_paths, tried_path
from mocap.pipeline.places import landmark_name, located
from mocap.pipeline.progress import Progress
from mocap.pipeline.recorded import dated
from mocap.readers.video_probe import probe_videos


@dataclass(frozen=True)
class CalibrationOptions:
    """`[options.calibration]`: how board footage becomes a calibration.

    Attributes
    ----------
    lens : str or mapping of camera name to str
        Lens model, as `calibration.calibrate` takes it; cameras that a mapping leaves out are 'auto'.
    boards : tuple of str
        Further boards in the same footage, each a file or a preset; floors refer to the session's own board.
    lengths : tuple of str
        Distances between cameras taken with a tape, 'cam_0-cam_3=4.212+-0.005' (m, and its sd): the scale is held
        against them, and rests on them and on the board.
    max_frames : int
        Calibrate from at most so many frames, those that together show most of the board; 0 for all.
    timing : bool
        Estimate with the cameras how early or late each view was taken.
    bending : bool, optional
        Refine with the cameras how far the board is from flat, or keep it flat; where it is left out, the shape is
        refined when the views prove that the board bends.
    frame_times : str
        CSV file of the times of the frames, as `frame_times.read_frame_times` reads it. A `timestamps.csv` of that
        kind in the folder of the footage is found by itself; shifts are told in frame intervals without times.
    rate_hz : float, optional
        Frame rate of the footage, where there are no times.
    """

    lens: str | dict[str, str] = "auto"
    boards: tuple[str, ...] = ()
    lengths: tuple[str, ...] = ()
    max_frames: int = DEFAULT_FRAMES
    timing: bool = False
    bending: bool | None = None
    frame_times: str = ""
    rate_hz: float | None = None

    def __post_init__(self) -> None:
        if self.rate_hz is not None and not self.rate_hz > 0:
            raise ValueError(f"rate_hz is {self.rate_hz}: give frames per second")
        if self.max_frames != 0 and self.max_frames < MIN_VIEWS:
            raise ValueError(
                f"max_frames is {self.max_frames}: a camera needs {MIN_VIEWS} views at least; 0 takes all frames"
            )


@dataclass(frozen=True, eq=False)
class CalibratedFootage:
    """A calibration and what it was made from: the corners of each board, the main one first, and the footage.

    `scaled` tells what the size rests on, where lengths were given beside the board: calibration and boards then have
    their final size. `ignored` are the files of the folder that were not used, `notes` what a user has to know of the
    views, `wanted` what was corrected, `flatness` what is left of a bend of the board.
    """

    calibration: Calibration
    boards: tuple[BoardObservations, ...]
    sources: tuple[CameraSource, ...]
    ignored: tuple[Path, ...]
    scaled: ScaledRig | None = None
    notes: tuple[str, ...] = ()
    wanted: Wanted = field(default_factory=Wanted)
    flatness: Flatness | None = None


@dataclass(frozen=True, eq=False)
class CalibrationOutcome:
    """A calibrated rig with its assessment, the files written, and those of the footage folder that were not used."""

    rig: CameraRig
    assessment: Assessment | None
    files: tuple[Path, ...]
    ignored: tuple[Path, ...]
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """What the assessment says, in a line; nothing without one."""
        if self.assessment is None:
            return "not assessed"
        return f"{self.assessment.grade}: {self.assessment.reason}"


def calibrate_footage(
    folder: Path,
    board: Path,
    world: str | None,
    progress: Progress,
    patterns: Mapping[str, str] | None = None,
    options: CalibrationOptions | None = None,
    picture: Path | None = None,
    places: Sequence[Path] = (),
) -> CalibratedFootage:
    """Detect the boards in all footage of a folder and calibrate all cameras together.

    Parameters
    ----------
    folder : Path
        One video or one image folder per camera.
    board : Path
        Board description or preset.
    world : str or None
        As `calibration.world.parse_world` reads it, such as `floor:0-9` or `lframe:FILE`. None for the first camera
        (gravity unknown).
    progress : callable
    patterns : mapping of str to str, optional
        File pattern by camera name, as in `[cameras]` of a session; all footage under its own names when empty.
    options : CalibrationOptions, optional
    picture : Path, optional
        PNG that shows what was tried, when the footage does not show a board as it is described.
    places : sequence of Path, optional
        Where all named files are looked for; when left out, where the program runs, then the folder of the footage.
    """
    options, places = options or CalibrationOptions(), places or (Path(), folder)
    boards = [target_from(Path(name), places) for name in (str(board), *options.boards)]
    check_told_apart(boards)
    sources, ignored = find_sources(folder)
    if patterns:
        sources, ignored = named_sources(sources, ignored, patterns)
    probe_videos(sources)
    names = tuple(source.name for source in sources)
    landmarks = _landmarks(world, names, places)  # before the long work
    check_lenses(options.lens, names)
    tapes = tuple(parse_tape_length(text, names) for text in options.lengths)
    choice, alone = parse_world(world, names), len(boards) == 1
    seen = [seen_board(sources, one, choice, options.max_frames, progress, alone, picture) for one in boards]
    corners = tuple(one.observations for one in seen)
    solve = partial(calibration.calibrate, world=world, lens=options.lens, landmarks=landmarks)
    shaped = calibrate_with_shape(
        lambda wanted: solve(corners[0], more_boards=corners[1:], wanted=wanted),
        _wanted(options, folder, places, corners[0]), options.bending,
    )  # fmt: skip
    result, wanted, scaled = shaped.calibration, shaped.wanted, None
    if tapes:
        scaled = scale_by_lengths(result.rig, boards[0], tapes)
        # Anew with boards of that size: world, figures and pictures then are of one size.
        corners = tuple(scaled_observations(one, scaled.result.factor) for one in corners)
        result = _in_final_size(solve(corners[0], more_boards=corners[1:], wanted=wanted), scaled)
    notes = (*footage_notes(sources), *(note for one in seen for note in one.notes))
    result = with_shape_told(dated(result, files_of(sources)), shaped.flatness, options.bending)
    return CalibratedFootage(result, corners, tuple(sources), tuple(ignored), scaled, notes, wanted, shaped.flatness)


def _wanted(options: CalibrationOptions, folder: Path, places: Sequence[Path], seen: BoardObservations) -> Wanted:
    """What to correct beside the shape of the board, with the times of the frames where there are any."""
    path = located(options.frame_times, places) if options.frame_times else find_frame_times(folder)
    times = None if path is None else read_frame_times(path, seen.camera_names, seen.frame_ids)
    return Wanted("per-view" if options.timing else "synchronous", "flat", times, options.rate_hz)


def _in_final_size(result: Calibration, scaled: ScaledRig) -> Calibration:
    """Let a calibration with boards of the final size say what that size rests on."""
    told = {key: scaled.rig.metadata[key] for key in ("board", "scale", "scale_sd", "scale_factor")}
    return replace(result, rig=replace(result.rig, metadata={**result.rig.metadata, **told}))


def check_lenses(lens: str | Mapping[str, str], names: Sequence[str]) -> None:
    """Refuse lens models that do not exist, or that are for cameras which do not.

    Raises
    ------
    CalibrationError
        LENS_MODEL_UNKNOWN
    ConfigError
        CAMERA_UNKNOWN
    """
    if isinstance(lens, str):
        checked_model(lens)
        return
    for name, model in lens.items():
        if name not in names:
            raise ConfigError(
                f"A lens is given for camera '{name}'; the footage has {list(names)}.",
                "Name the camera as its video or folder is named.",
                code="CAMERA_UNKNOWN",
            )
        checked_model(model, name)


def _landmarks(world: str | None, names: tuple[str, ...], places: Sequence[Path]) -> Landmarks | None:
    choice = parse_world(world, names)
    return read_landmarks(located(choice.file, places), names) if choice.file else None


def calibrate_to_file(
    folder: Path,
    board: Path,
    out: Path,
    world: str | None,
    progress: Progress,
    options: CalibrationOptions | None = None,
    report: bool = True,
    anyway: bool = False,
) -> CalibrationOutcome:
    """Calibrate as `calibrate_footage` does, assess the answer and write it, as `write_calibration` does."""
    options = options or CalibrationOptions()
    named = (str(board), *options.boards, options.frame_times, landmark_name(world))
    read = [folder, *(place / name for name in named if name for place in (Path(), folder))]
    check_calibration_outputs(out, report, read)
    found = calibrate_footage(folder, board, world, progress, options=options, picture=tried_path(out))
    return write_calibration(found, out, progress, report, anyway)


def write_calibration(
    found: CalibratedFootage, out: Path, progress: Progress, report: bool = True, anyway: bool = False
) -> CalibrationOutcome:
    """Assess a calibration and write it.

    Writes the calibration file and, with `report`, the page (.html) and the table (.json) of its quality beside it;
    what was there before stays as it was until all of them are complete.

    Parameters
    ----------
    found : CalibratedFootage
    out : Path
    progress : callable
    report : bool
    anyway : bool
        Write also a calibration whose verdict is 'refuse'; the file says so.

    Raises
    ------
    CalibrationError
        CALIBRATION_REFUSED: the verdict is 'refuse'. Page and table are then left as `.refused.html` and
        `.refused.json`, to see why, and the calibration file is not touched.
    """
    rig = found.calibration.rig
    if not report:
        write_rig(out, rig)
        return CalibrationOutcome(rig, None, (out,), found.ignored, found.notes)
    progress("assess", 0, 2)
    sizes = {source.name: frame_size(source) for source in found.sources}
    scale = None if found.scaled is None else found.scaled.result
    times, seen = found.wanted.frame_times, found.boards[0].views()
    limits = (
        unequal_lengths(found.sources), "" if times is None else spread_sentence(times, seen),
        found.scaled.sentence if found.scaled else "",
    )  # fmt: skip
    assessment = assess(
        found.calibration, found.boards[0], scale=scale, footage_sizes=sizes, limits=tuple(filter(None, limits)),
        wanted=found.wanted, flatness=found.flatness,
    )  # fmt: skip
    progress("assess", 1, 2)
    refused = assessment.grade == GRADES[-1] and not anyway
    page, table = report_paths(refused_path(out) if refused else out)
    title = "Calibration" if out.stem == "calibration" else f"Calibration {out.stem}"
    texts = report_texts(found.calibration, found.boards[0], assessment, found.sources, page, table, title)
    if refused:
        write_texts(texts)
        raise refusal(assessment, f"{page} shows it all; --anyway writes the calibration nevertheless.")
    rig = replace(rig, metadata={**rig.metadata, **assessment_metadata(assessment)})
    write_texts({out: rig_text(rig), **texts})
    progress("assess", 2, 2)
    told = length_note(found.sources)  # the assessment says it already
    notes = tuple(note for note in found.notes if note not in told)
    return CalibrationOutcome(rig, assessment, (out, *texts), found.ignored, notes)
