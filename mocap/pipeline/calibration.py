"""Calibration as a recipe: footage, board and world in, calibration file out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path

import calibration
from calibration.assessment import Assessment, assess
from calibration.assessment_json import assessment_metadata
from calibration.detection import detect_board
from calibration.errors import BoardError
from calibration.files import rig_text, write_rig, write_texts
from calibration.lens_models import checked_model
from calibration.observations import BoardObservations
from calibration.result import Calibration
from calibration.sources import CameraSource, find_sources, frame_size
from calibration.targets import Target
from calibration.world import Landmarks, parse_world, read_landmarks
from mocap.errors import ConfigError
from mocap.pipeline.boards import target_from
from mocap.pipeline.calibration_report import report_texts
from mocap.pipeline.notes import check_output
from mocap.pipeline.progress import Progress


@dataclass(frozen=True)
class CalibrationOptions:
    """`[options.calibration]`: how board footage becomes a calibration.

    Attributes
    ----------
    lens : str or mapping of camera name to str
        Lens model, as `calibration.calibrate` takes it; cameras that a mapping leaves out are 'auto'.
    boards : tuple of str
        Further boards in the same footage, each a file or a preset; floors refer to the session's own board.
    """

    lens: str | dict[str, str] = "auto"
    boards: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class CalibratedFootage:
    """A calibration and what it was made from: the corners of each board, the main one first, and the footage.

    `ignored` are the files of the folder that were not used.
    """

    calibration: Calibration
    boards: tuple[BoardObservations, ...]
    sources: tuple[CameraSource, ...]
    ignored: tuple[Path, ...]


@dataclass(frozen=True, eq=False)
class CalibrationOutcome:
    """A calibrated rig with its assessment, the files written, and those of the footage folder that were not used."""

    rig: calibration.CameraRig
    assessment: Assessment | None
    files: tuple[Path, ...]
    ignored: tuple[Path, ...]

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
) -> CalibratedFootage:
    """Detect the boards in all footage of a folder and calibrate all cameras together.

    Parameters
    ----------
    folder : Path
        One video or one image folder per camera.
    board : Path
        Board description or preset.
    world : str or None
        As `calibration.world.parse_world` reads it, such as `floor:0-9` or `lframe:FILE`; the file is looked for
        where the program runs, then in the folder of the footage. None for the first camera (gravity unknown).
    progress : callable
    patterns : mapping of str to str, optional
        File pattern by camera name, as in `[cameras]` of a session; all footage under its own names when empty.
    options : CalibrationOptions, optional
    """
    options = options or CalibrationOptions()
    boards = [target_from(board), *(target_from(Path(name)) for name in options.boards)]
    check_told_apart(boards)
    sources, ignored = find_sources(folder)
    if patterns:
        sources, ignored = named_sources(sources, ignored, patterns)
    names = tuple(source.name for source in sources)
    landmarks = _landmarks(world, names, folder)  # before the long work
    check_lenses(options.lens, names)
    seen = tuple(_detect(sources, one, progress, len(boards)) for one in boards)
    result = calibration.calibrate(
        seen[0], world=world, lens=options.lens, landmarks=landmarks, more_boards=seen[1:]
    )
    return CalibratedFootage(result, seen, tuple(sources), tuple(ignored))


def _detect(
    sources: Sequence[CameraSource], board: Target, progress: Progress, n_boards: int
) -> BoardObservations:
    what = "detect in" if n_boards == 1 else f"detect {board.squares_x} x {board.squares_y} in"
    return detect_board(
        sources,
        board,
        progress=lambda camera, done, total: progress(f"{what} {camera}", done, total),
        by_every_camera=n_boards == 1,
    )


def check_told_apart(boards: Sequence[Target]) -> None:
    """Refuse boards of one footage that show the same markers, or none.

    Raises
    ------
    BoardError
        BOARDS_ALIKE
    """
    marks = [board.dictionary or "no marker" for board in boards]
    for mark in marks:
        if marks.count(mark) > 1:
            raise BoardError(
                f"{marks.count(mark)} boards have {mark}, so that footage cannot tell them apart.",
                "Print each board with a dictionary of its own, or use one board.",
                code="BOARDS_ALIKE",
            )


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
        checked_model(lens, "every camera")
        return
    for name, model in lens.items():
        if name not in names:
            raise ConfigError(
                f"A lens is given for camera '{name}'; the footage has {list(names)}.",
                "Name the camera as its video or folder is named.",
                code="CAMERA_UNKNOWN",
            )
        checked_model(model, name)


def _landmarks(world: str | None, names: tuple[str, ...], folder: Path) -> Landmarks | None:
    choice = parse_world(world, names)
    if not choice.file:
        return None
    beside = folder / choice.file
    return read_landmarks(beside if beside.exists() and not Path(choice.file).exists() else choice.file, names)


def named_sources(
    sources: Sequence[CameraSource], ignored: Sequence[Path], patterns: Mapping[str, str]
) -> tuple[tuple[CameraSource, ...], tuple[Path, ...]]:
    """Give each camera of a session the footage that its pattern names.

    Raises
    ------
    ConfigError
        When a pattern fits no footage, or several.
    """
    named = []
    for name, pattern in patterns.items():
        fitting = [source for source in sources if pattern in {source.name, source.path.name}] or [
            source for source in sources if fnmatch(source.path.name, pattern) or fnmatch(source.name, pattern)
        ]
        if len(fitting) != 1:
            raise ConfigError(
                f"session.toml: the pattern '{pattern}' of camera '{name}' fits {[s.path.name for s in fitting]}; "
                f"the footage is {[s.path.name for s in sources]}.",
                "Give each camera in [cameras] a pattern that fits one file or folder.",
                code="CAMERA_PATTERN",
            )
        named.append(replace(fitting[0], name=name))
    used = {source.path for source in named}
    return tuple(named), (*ignored, *(source.path for source in sources if source.path not in used))


def calibrate_to_file(
    folder: Path,
    board: Path,
    out: Path,
    world: str | None,
    progress: Progress,
    options: CalibrationOptions | None = None,
    report: bool = True,
) -> CalibrationOutcome:
    """Calibrate as `calibrate_footage` does, assess the answer and write it.

    Writes the calibration file and, with `report`, the page (.html) and the table (.json) of its quality beside it;
    what was there before stays as it was until all of them are complete.
    """
    for path in (out, *(report_paths(out) if report else ())):
        check_output(path)
    found = calibrate_footage(folder, board, world, progress, options=options)
    return write_calibration(found, out, progress, report)


def report_paths(out: Path) -> tuple[Path, Path]:
    """Return where page and table of a calibration file are written."""
    return out.with_suffix(".html"), out.with_suffix(".json")


def write_calibration(
    found: CalibratedFootage, out: Path, progress: Progress, report: bool = True
) -> CalibrationOutcome:
    """Assess a calibration and write it; as `calibrate_to_file`."""
    rig = found.calibration.rig
    if not report:
        write_rig(out, rig)
        return CalibrationOutcome(rig, None, (out,), found.ignored)
    progress("assess", 0, 2)
    sizes = {source.name: frame_size(source) for source in found.sources}
    assessment = assess(found.calibration, found.boards[0], footage_sizes=sizes)
    progress("assess", 1, 2)
    rig = replace(rig, metadata={**rig.metadata, **assessment_metadata(assessment)})
    page, table = report_paths(out)
    title = f"Calibration {out.stem}" if out.stem != "calibration" else "Calibration"
    texts = report_texts(found.calibration, found.boards[0], assessment, found.sources, page, table, title)
    write_texts({out: rig_text(rig), **texts})
    progress("assess", 2, 2)
    return CalibrationOutcome(rig, assessment, (out, *texts), found.ignored)
