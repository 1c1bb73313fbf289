"""What a calibration board may be: the rules of `Board`, each with its cause and remedy."""

import difflib
import math
from typing import Any

import numpy as np

from calibration.errors import BoardError, FormatError

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

TAG_GRIDS = ("aruco_grid", "april_grid")
MIN_CORNERS = 6
_SQUARE_LENGTH = {True: "the pitch from tag to tag", False: "the square"}
_MAX_SQUARE_M = 1.0
_MOST_SQUARES = 1000
_MIN_SQUARE_M = 0.002

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


def check_table(table: dict[str, Any], file: str) -> None:
    """Refuse a parsed board.toml with keys unknown or missing, or values of a wrong type.

    Raises
    ------
    FormatError
        BOARD_FORMAT
    """
    for key, value in table.items():
        if key not in _KINDS:
            near = difflib.get_close_matches(key, _KINDS, n=1)
            hint = f"Did you mean '{near[0]}'? " if near else ""
            raise FormatError(
                f"{file} has the unknown key '{key}'.", f"{hint}Known keys: {', '.join(_KINDS)}.", "BOARD_FORMAT"
            )
        wanted, types = _KINDS[key]
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise FormatError(
                f"{file}: {key} = {value!r} is not {wanted}.", f"Give {key} as {wanted}.", "BOARD_FORMAT"
            )
    missing = [key for key in _REQUIRED if key not in table]
    if missing:
        raise FormatError(f"{file} lacks {', '.join(missing)}.", "Add the missing keys.", "BOARD_FORMAT")


def check_board(board: Any) -> None:
    """Refuse an impossible board; see `Board` for the codes."""
    _check_type(board)
    _check_counts(board)
    check_length("square_length", board.square_length)
    if board.type == "chessboard":
        _check_chessboard(board)
    else:
        _check_markers(board)


def _check_type(board: Any) -> None:
    if board.type not in BOARD_TYPES:
        near = difflib.get_close_matches(str(board.type), BOARD_TYPES, n=1)
        hint = f"Did you mean '{near[0]}'? " if near else ""
        raise BoardError(f"There is no board type '{board.type}'.", f"{hint}Known: {', '.join(BOARD_TYPES)}.")


def _check_counts(board: Any) -> None:
    least, what = (1, "tags") if board.type in TAG_GRIDS else (3, "squares")
    for name in ("squares_x", "squares_y"):
        value = getattr(board, name)
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise BoardError(
                f"{name} = {value!r} is not a whole number of at least {least}.", f"Count the {what} again."
            )
        if value > _MOST_SQUARES:
            raise BoardError(
                f"{name} = {value} is more {what} than a camera tells apart ({_MOST_SQUARES}).",
                f"Count the {what} again.",
            )
    if board.n_corners < MIN_CORNERS:
        kind = "tag corners" if board.type in TAG_GRIDS else "interior corners"
        raise BoardError(
            f"A board of {board.squares_x} x {board.squares_y} {what} has {board.n_corners} {kind}, "
            f"at least {MIN_CORNERS} are needed.",
            f"Use a board with more {what}.",
        )


def check_length(name: str, value: Any) -> None:
    """Refuse what cannot be a length in m of something printed.

    Raises
    ------
    BoardError
        BOARD or BOARD_UNITS.
    """
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


def _check_markers(board: Any) -> None:
    grid = board.type in TAG_GRIDS
    if board.marker_length is None or board.dictionary is None:
        lacking = "marker_length" if board.marker_length is None else "dictionary"
        raise BoardError(f"A board of type '{board.type}' needs a {lacking}.", f"Add {lacking} to the board.")
    check_length("marker_length", board.marker_length)
    if board.marker_length >= board.square_length:
        raise BoardError(
            f"marker_length = {board.marker_length:g} m does not fit into "
            f"{'a pitch' if grid else 'squares'} of {board.square_length:g} m.",
            f"Measure the marker's black border and {_SQUARE_LENGTH[grid]} again; both in metres.",
        )
    check_dictionary(board.dictionary, board.n_markers, "board")
    if grid and board.legacy:
        raise BoardError(
            f"A board of type '{board.type}' has no legacy layout.", "Leave legacy out; it is of charuco boards."
        )


def check_dictionary(dictionary: str, n_markers: int, what: str) -> None:
    """Refuse a marker dictionary that there is not, or that has too few markers.

    Raises
    ------
    BoardError
    """
    if dictionary not in DICTIONARY_SIZES:
        near = difflib.get_close_matches(str(dictionary).upper(), DICTIONARY_SIZES, n=1)
        hint = f"Did you mean '{near[0]}'? " if near else ""
        known = ", ".join(DICTIONARY_SIZES)
        raise BoardError(f"There is no marker dictionary '{dictionary}'.", f"{hint}Known: {known}.")
    if n_markers > DICTIONARY_SIZES[dictionary]:
        raise BoardError(
            f"The {what} needs {n_markers} markers, {dictionary} has {DICTIONARY_SIZES[dictionary]}.",
            "Use a larger dictionary or fewer markers.",
        )


def _check_chessboard(board: Any) -> None:
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
