"""Calibration as a recipe: footage, board and world in, calibration file out."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from calibration.board_page import write_board_pdf
from calibration.files import write_rig

import calibration
from calibration.board import Board, read_board
from calibration.detection import detect_board
from calibration.sources import find_sources
from mocap.config.presets import preset_names, preset_path

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class CalibrationOutcome:
    """A calibrated rig and the files of the footage folder that were not used."""

    rig: calibration.CameraRig
    ignored: tuple[Path, ...]


def board_from(name_or_path: Path) -> Board:
    """Return the board of a file, or of the preset of that name."""
    if not name_or_path.exists() and str(name_or_path) in preset_names("boards"):
        return read_board(preset_path("boards", str(name_or_path)))
    return read_board(name_or_path)


def print_board(board: Path, out: Path) -> Board:
    """Write the PDF of a board; return the board."""
    described = board_from(board)
    write_board_pdf(described, out)
    return described


def calibrate_footage(folder: Path, board: Path, world: str | None, progress: Progress) -> CalibrationOutcome:
    """Detect the board in all footage of a folder and calibrate all cameras together.

    Parameters
    ----------
    folder : Path
        One video or one image folder per camera.
    board : Path
        Board description or preset.
    world : str or None
        `floor:FRAME`, `floor:FIRST-LAST`, `camera:NAME`; None for the first camera (gravity unknown).
    """
    described = board_from(board)
    sources, ignored = find_sources(folder)
    observations = detect_board(sources, described, progress=progress)
    result = calibration.calibrate(observations, world=world)
    return CalibrationOutcome(result.rig, tuple(ignored))


def calibrate_to_file(
    folder: Path, board: Path, out: Path, world: str | None, progress: Progress
) -> CalibrationOutcome:
    """Calibrate as `calibrate_footage` does and write the calibration file."""
    outcome = calibrate_footage(folder, board, world, progress)
    write_rig(out, outcome.rig)
    return outcome
