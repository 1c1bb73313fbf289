"""Boards and objects of tags: read by name or path, made from a few numbers, printed."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from calibration.boards.board import BOARD_TYPES, DICTIONARY_SIZES, Board
from calibration.boards.board_page import write_board_pdf
from calibration.boards.tag_object import TagObject, tag_cube
from calibration.boards.targets import Target, read_target, write_target
from calibration.errors import BoardError
from mocap.config.presets import preset_names, preset_path
from mocap.errors import ConfigError, MocapError
from mocap.pipeline.output_kinds import PRINT
from mocap.pipeline.outputs import check_output, check_outputs
from mocap.pipeline.places import located

CUBE = "tag_cube"
KINDS = (*BOARD_TYPES, CUBE)
_MARKER_SHARE = 0.75  # of a square, or of the pitch


def target_from(name_or_path: Path, places: Sequence[Path] = (Path(),)) -> Target:
    """Return the board or the object of tags of a file in one of the places, or of the preset of that name."""
    return read_target(target_path(name_or_path, places))


def target_path(name_or_path: Path, places: Sequence[Path]) -> Path:
    """Return the file of a board or an object of tags: in the first place that has it, or that of a preset."""
    name, found = str(name_or_path), located(name_or_path, places)
    if found.exists() or name_or_path.suffix == ".toml" or name_or_path.name != name:
        return found
    return preset_path("objects" if name in preset_names("objects") else "boards", name)


def print_target(target: Path, out: Path) -> Target:
    """Write the PDF of a board or of an object of tags; return it."""
    described = target_from(target)
    check_outputs({out: PRINT}, [target])
    write_board_pdf(described, out)
    return described


def new_target(
    kind: str,
    squares: str | None,
    square: float | None,
    marker: float | None = None,
    dictionary: str | None = None,
    inverted: bool = False,
    legacy: bool = False,
) -> Target:
    """Make a board, or a cube of tags, from a few numbers.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    squares : str, optional
        '7x5': squares (of a grid: tags) along x and y; of a cube the tags along the edges of a face, '1x1' if left out.
    square : float
        Side of a square, pitch of a grid, edge of a cube; m.
    marker : float, optional
        Side of a marker, m; three quarters of the room it has when left out.
    dictionary : str, optional
        The smallest of the 5 x 5 markers that serves when left out; on April grids and cubes AprilTag 36h11.
    inverted, legacy : bool
        As in `Board`.

    Raises
    ------
    BoardError
    """
    if kind not in KINDS:
        raise BoardError(f"There is no kind of board '{kind}'.", f"Known: {', '.join(KINDS)}.")
    if square is None or (squares is None and kind != CUBE):
        raise BoardError(
            f"A new {kind} needs {'its edge' if kind == CUBE else 'the number and the size of its squares'}.",
            f"Give {'--square' if kind == CUBE else '--squares, such as 7x5, and --square'} in m.",
        )
    columns, rows = _counts(squares or "1x1")
    if kind == CUBE:
        if legacy or columns != rows:
            raise BoardError("A cube of tags has as many tags each way, and no legacy layout.", "Give --squares 2x2.")
        side = marker if marker is not None else _MARKER_SHARE * square / max(columns, 1)
        cube = tag_cube(square, side, dictionary or "DICT_APRILTAG_36h11", columns)
        return replace(cube, inverted=inverted)
    if kind == "chessboard":
        return Board(kind, columns, rows, square, marker, dictionary, inverted, legacy)
    marker = marker if marker is not None else round(_MARKER_SHARE * square, 6)
    dictionary = dictionary or _dictionary(kind, columns * rows // (2 if kind == "charuco" else 1))
    return Board(kind, columns, rows, square, marker, dictionary, inverted, legacy)


def write_new(target: Target, out: Path) -> tuple[Path, Path]:
    """Write the description and the PDF of a new target side by side.

    A description that exists is kept: it may hold the lengths that were measured on the print. The PDF is printed
    beside it when it describes the same target.

    Parameters
    ----------
    target : Board or TagObject
    out : Path
        Ends in .toml or .pdf; the other file gets the same name.

    Returns
    -------
    toml, pdf : Path

    Raises
    ------
    BoardError
        PAGE_NAME
    ConfigError
        BOARD_EXISTS when there is another description of that name; OUTPUT_OTHER for a file that is no PDF.
    """
    if out.suffix.lower() not in (".toml", ".pdf"):
        raise BoardError(
            f"'{out.name}' ends in neither .toml nor .pdf.", "Give --out board.toml; the PDF comes beside it.",
            "PAGE_NAME",
        )  # fmt: skip
    toml, pdf = out.with_suffix(".toml"), out.with_suffix(".pdf")
    check_output(toml)
    check_outputs({pdf: PRINT}, [])
    described = toml.exists()
    if described and not _describes(toml, target):
        raise ConfigError(
            f"{toml} exists and describes another board, or lengths that were corrected; it is kept.",
            f"Name another file with --out, or print the one that is described: mocap board {toml} --out {pdf}.",
            code="BOARD_EXISTS",
        )
    write_board_pdf(target, pdf)
    if not described:
        write_target(toml, target)
    return toml, pdf


def _describes(toml: Path, target: Target) -> bool:
    try:
        return read_target(toml) == target
    except MocapError:
        return False


def size_mm(target: Target) -> list[float]:
    """Return the width and height of a board, or the three extents of an object, in mm."""
    if isinstance(target, TagObject):
        corners = target.corners_board
        return [round(1e3 * float(extent), 6) for extent in corners.max(axis=0) - corners.min(axis=0)]
    return [round(1e3 * length, 6) for length in target.size]


def _counts(squares: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,3})[xX](\d{1,3})", squares.strip())
    if match is None:
        raise BoardError(f"'{squares}' is not a number of squares.", "Write columns x rows, such as --squares 7x5.")
    return int(match[1]), int(match[2])


def _dictionary(kind: str, n_markers: int) -> str:
    if kind == "april_grid":
        return "DICT_APRILTAG_36h11"
    fitting = [name for name, size in DICTIONARY_SIZES.items() if name.startswith("DICT_5X5") and size >= n_markers]
    return min(fitting, key=DICTIONARY_SIZES.__getitem__, default="DICT_5X5_1000")
