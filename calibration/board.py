"""Calibration boards: what is printed, where its corners are, and the `board.toml` that says so.

Board frame: metres, right-handed, in OpenCV's way. The origin is the outer top-left corner of the pattern as
seen from its front, x runs right along `squares_x`, y down along `squares_y`, z *into* the board, away from who
looks at it. Corner `i` (OpenCV's ChArUco id) stands where interior lines cross:
``((i % (squares_x - 1) + 1) * square_length, (i // (squares_x - 1) + 1) * square_length, 0)``.
A chessboard uses the same frame; its square at the origin is black (white on an inverted board), which decides
between the two orders that look alike.
"""

import difflib
import math
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.errors import BoardError, FormatError, SourceError

BOARD_TYPES = ("charuco", "chessboard", "aruco_grid", "april_grid")

#: Number of different markers per dictionary, by OpenCV's name.
DICTIONARY_SIZES = {
    **{f"DICT_{bits}X{bits}_{count}": count for bits in (4, 5, 6, 7) for count in (50, 100, 250, 1000)},
    "DICT_ARUCO_ORIGINAL": 1024,
    "DICT_APRILTAG_16h5": 30,
    "DICT_APRILTAG_25h9": 35,
    "DICT_APRILTAG_36h10": 2320,
    "DICT_APRILTAG_36h11": 587,
    "DICT_ARUCO_MIP_36h12": 250,
}

#: Rotation of a board lying on the floor, front up, its x along world X: y runs along -Y and z points down, -Z.
WORLD_FROM_FLOOR_BOARD = np.diag([1.0, -1.0, -1.0])
WORLD_FROM_FLOOR_BOARD.flags.writeable = False

MIN_CORNERS = 6
_MAX_SQUARE_M = 1.0
_MIN_SQUARE_M = 0.002


@dataclass(frozen=True)
class Board:
    """A printed calibration board.

    Attributes
    ----------
    type : str
        'charuco' or 'chessboard' ('aruco_grid' and 'april_grid' are names of the format that are refused for now).
    squares_x, squares_y : int
        Squares (not interior corners) along x and y.
    square_length : float
        Side of a square in m.
    marker_length : float, optional
        Side of a marker in m (black border included); ChArUco only.
    dictionary : str, optional
        OpenCV's name of the marker dictionary; ChArUco only.
    inverted : bool
        Printed white on black.
    legacy : bool
        ChArUco layout of OpenCV before 4.6: on boards with an even `squares_y` the square at the origin
        is white and carries a marker, where today it is black. Both layouts agree when `squares_y` is odd.

    Raises
    ------
    BoardError
        BOARD_UNSUPPORTED, BOARD_UNITS, BOARD_AMBIGUOUS (a chessboard that looks alike from both ends) or BOARD.
    """

    type: str
    squares_x: int
    squares_y: int
    square_length: float
    marker_length: float | None = None
    dictionary: str | None = None
    inverted: bool = False
    legacy: bool = False

    def __post_init__(self) -> None:
        _check_type(self)
        _check_counts(self)
        _check_length("square_length", self.square_length)
        object.__setattr__(self, "square_length", float(self.square_length))
        if self.type == "charuco":
            _check_markers(self)
            object.__setattr__(self, "marker_length", float(self.marker_length or 0))
        else:
            _check_chessboard(self)

    @property
    def n_corners(self) -> int:
        """Number of interior corners."""
        return (self.squares_x - 1) * (self.squares_y - 1)

    @property
    def n_markers(self) -> int:
        """Number of markers; their ids are 0 .. n_markers - 1."""
        return self.squares_x * self.squares_y // 2 if self.type == "charuco" else 0

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the pattern in m."""
        return self.squares_x * self.square_length, self.squares_y * self.square_length

    @property
    def corners_board(self) -> NDArray[np.float64]:
        """Interior corners in the board frame, shape (n_corners, 3), in m, by id."""
        y, x = np.mgrid[1 : self.squares_y, 1 : self.squares_x]
        return np.stack([x.ravel(), y.ravel(), np.zeros(self.n_corners)], axis=1) * self.square_length

    @property
    def faces(self) -> tuple[NDArray[np.int64], ...]:
        """Corners, by id, that lie in one plane: of a flat board all."""
        return (np.arange(self.n_corners),)

    def describe(self) -> str:
        """Return one line that names every parameter, lengths in mm."""
        parts = [f"{self.type} {self.squares_x} x {self.squares_y} squares of {self.square_length * 1e3:g} mm"]
        if self.marker_length is not None:
            parts.append(f"markers {self.marker_length * 1e3:g} mm, {self.dictionary}")
        parts += [name for name in ("inverted", "legacy") if getattr(self, name)]
        return ", ".join(parts)


def read_board(path: str | Path) -> Board:
    """Read a `board.toml`.

    Parameters
    ----------
    path : path
        TOML with the fields of `Board` as top-level keys, lengths in m.

    Raises
    ------
    SourceError
        When there is no such readable file.
    FormatError
        When it is not TOML, a key is unknown (the nearest is named) or missing, or a value has the wrong type.
    BoardError
        When the board is impossible.
    """
    path = Path(path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(
            f"The board file {path} cannot be read: {error.strerror or error}.",
            "Give the path of a board.toml.",
            code="BOARD_FILE_MISSING",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FormatError(
            f"{path} is not TOML: {error}.", "Write one `key = value` per line, as in configs/boards.", "BOARD_FORMAT"
        ) from error
    _check_table(table, path)
    try:
        return Board(**table)
    except BoardError as error:
        raise BoardError(f"{path.name}: {error.cause}", error.remedy, error.code) from error


def write_board(path: str | Path, board: Board) -> None:
    """Write `board` as a `board.toml` that `read_board` reads back equal."""
    import tomlkit

    document = tomlkit.document()
    document.add(tomlkit.comment("Calibration board. Lengths in metres; measure them on the printed board."))
    for field in fields(board):
        value = getattr(board, field.name)
        if value is not None:
            document.add(field.name, value)
    Path(path).write_text(tomlkit.dumps(document), encoding="utf-8")


_KINDS: dict[str, tuple[str, tuple[type, ...]]] = {
    "type": ("a text", (str,)),
    "squares_x": ("a whole number", (int,)),
    "squares_y": ("a whole number", (int,)),
    "square_length": ("a number (m)", (int, float)),
    "marker_length": ("a number (m)", (int, float)),
    "dictionary": ("a text", (str,)),
    "inverted": ("true or false", (bool,)),
    "legacy": ("true or false", (bool,)),
}
_REQUIRED = ("type", "squares_x", "squares_y", "square_length")


def _check_table(table: dict[str, Any], path: Path) -> None:
    for key, value in table.items():
        if key not in _KINDS:
            near = difflib.get_close_matches(key, _KINDS, n=1)
            hint = f"Did you mean '{near[0]}'? " if near else ""
            raise FormatError(
                f"{path.name} has the unknown key '{key}'.", f"{hint}Known keys: {', '.join(_KINDS)}.", "BOARD_FORMAT"
            )
        wanted, types = _KINDS[key]
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise FormatError(
                f"{path.name}: {key} = {value!r} is not {wanted}.", f"Give {key} as {wanted}.", "BOARD_FORMAT"
            )
    missing = [key for key in _REQUIRED if key not in table]
    if missing:
        raise FormatError(f"{path.name} lacks {', '.join(missing)}.", "Add the missing keys.", "BOARD_FORMAT")


def _check_type(board: Board) -> None:
    if board.type not in BOARD_TYPES:
        near = difflib.get_close_matches(str(board.type), BOARD_TYPES, n=1)
        hint = f"Did you mean '{near[0]}'? " if near else ""
        raise BoardError(f"There is no board type '{board.type}'.", f"{hint}Known: {', '.join(BOARD_TYPES)}.")
    if board.type not in ("charuco", "chessboard"):
        raise BoardError(
            f"Boards of type '{board.type}' are not supported yet.",
            "Use a charuco board, or a chessboard.",
            code="BOARD_UNSUPPORTED",
        )


def _check_counts(board: Board) -> None:
    for name in ("squares_x", "squares_y"):
        value = getattr(board, name)
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 3:
            raise BoardError(f"{name} = {value!r} is not a whole number of at least 3.", "Count the squares again.")
        object.__setattr__(board, name, int(value))
    if board.n_corners < MIN_CORNERS:
        raise BoardError(
            f"A board of {board.squares_x} x {board.squares_y} squares has {board.n_corners} interior corners, "
            f"at least {MIN_CORNERS} are needed.",
            "Use a board with more squares.",
        )


def _check_length(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not math.isfinite(value):
        raise BoardError(f"{name} = {value!r} is not a number of metres.", f"Measure {name} and give it in m.")
    if value <= 0:
        raise BoardError(f"{name} = {value:g} is not above 0.", f"Measure {name} and give it in m.")
    if value > _MAX_SQUARE_M:
        unit, factor = ("millimetres", 1e-3) if value >= 10 else ("centimetres", 1e-2)
        raise BoardError(
            f"{name} = {value:g} looks like {unit}; metres are expected.",
            f"If it is {value:g} {unit}, write {name} = {value * factor:g}.",
            code="BOARD_UNITS",
        )
    if value < _MIN_SQUARE_M:
        raise BoardError(
            f"{name} = {value:g} m is below {_MIN_SQUARE_M * 1e3:g} mm.", f"Give {name} in metres.", code="BOARD_UNITS"
        )


def _check_markers(board: Board) -> None:
    if board.marker_length is None or board.dictionary is None:
        lacking = "marker_length" if board.marker_length is None else "dictionary"
        raise BoardError(f"A charuco board needs a {lacking}.", f"Add {lacking} to the board.")
    _check_length("marker_length", board.marker_length)
    if board.marker_length >= board.square_length:
        raise BoardError(
            f"marker_length = {board.marker_length:g} m does not fit into squares of {board.square_length:g} m.",
            "Measure the marker's black border and the square again; both in metres.",
        )
    if board.dictionary not in DICTIONARY_SIZES:
        near = difflib.get_close_matches(board.dictionary.upper(), DICTIONARY_SIZES, n=1)
        hint = f"Did you mean '{near[0]}'? " if near else ""
        raise BoardError(
            f"There is no marker dictionary '{board.dictionary}'.", f"{hint}Known: {', '.join(DICTIONARY_SIZES)}."
        )
    if board.n_markers > DICTIONARY_SIZES[board.dictionary]:
        raise BoardError(
            f"The board needs {board.n_markers} markers, {board.dictionary} has {DICTIONARY_SIZES[board.dictionary]}.",
            "Use a larger dictionary or fewer squares.",
        )


def _check_chessboard(board: Board) -> None:
    extra = [name for name in ("marker_length", "dictionary", "legacy") if getattr(board, name)]
    if extra:
        raise BoardError(f"A chessboard has no {', '.join(extra)}.", "Leave it out, or set type = 'charuco'.")
    if min(board.squares_x, board.squares_y) < 4:
        raise BoardError(
            f"A chessboard of {board.squares_x} x {board.squares_y} squares is too narrow to be found.",
            "Use a chessboard with at least 4 squares each way.",
        )
    if (board.squares_x + board.squares_y) % 2 == 0:
        raise BoardError(
            f"A chessboard of {board.squares_x} x {board.squares_y} squares looks the same turned by 180 degrees, "
            "so its corners cannot be told apart.",
            "Use a chessboard with an even number of squares one way and an odd number the other, or a charuco board.",
            code="BOARD_AMBIGUOUS",
        )
