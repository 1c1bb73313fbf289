"""Calibration as a recipe: footage, board and world in, calibration file out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path

import calibration
from calibration.board import Board, read_board
from calibration.board_page import write_board_pdf
from calibration.detection import detect_board
from calibration.files import write_rig
from calibration.lens_models import checked_model
from calibration.sources import CameraSource, find_sources
from calibration.world import Landmarks, parse_world, read_landmarks
from mocap.config.presets import preset_path
from mocap.errors import ConfigError
from mocap.pipeline.notes import check_output
from mocap.pipeline.progress import Progress


@dataclass(frozen=True)
class CalibrationOutcome:
    """A calibrated rig and the files of the footage folder that were not used."""

    rig: calibration.CameraRig
    ignored: tuple[Path, ...]


def board_from(name_or_path: Path) -> Board:
    """Return the board of a file, or of the preset of that name."""
    if not name_or_path.exists() and name_or_path.suffix != ".toml" and name_or_path.name == str(name_or_path):
        return read_board(preset_path("boards", str(name_or_path)))
    return read_board(name_or_path)


def print_board(board: Path, out: Path) -> Board:
    """Write the PDF of a board; return the board."""
    described = board_from(board)
    check_output(out)
    write_board_pdf(described, out)
    return described


def calibrate_footage(
    folder: Path,
    board: Path,
    world: str | None,
    progress: Progress,
    patterns: Mapping[str, str] | None = None,
    lens: str = "auto",
) -> CalibrationOutcome:
    """Detect the board in all footage of a folder and calibrate all cameras together.

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
    lens : str
        Lens model, as `calibration.calibrate` takes it.
    """
    described = board_from(board)
    sources, ignored = find_sources(folder)
    if patterns:
        sources, ignored = named_sources(sources, ignored, patterns)
    landmarks = _landmarks(world, tuple(source.name for source in sources), folder)  # before the long work
    checked_model(lens, "every camera")
    observations = detect_board(
        sources, described, progress=lambda camera, done, total: progress(f"detect in {camera}", done, total)
    )
    result = calibration.calibrate(observations, world=world, lens=lens, landmarks=landmarks)
    return CalibrationOutcome(result.rig, tuple(ignored))


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
    folder: Path, board: Path, out: Path, world: str | None, progress: Progress, lens: str = "auto"
) -> CalibrationOutcome:
    """Calibrate as `calibrate_footage` does and write the calibration file."""
    check_output(out)
    outcome = calibrate_footage(folder, board, world, progress, lens=lens)
    write_rig(out, outcome.rig)
    return outcome
