"""Calibration boards: what is printed, where its corners are, and the `board.toml` that says so.

Board frame: metres, right-handed, in OpenCV's way. The origin is the outer top-left corner of the pattern as
seen from its front, x runs right along `squares_x`, y down along `squares_y`, z *into* the board, away from who
looks at it.

Chessboard and ChArUco: corner `i` (OpenCV's ChArUco id) stands where interior lines cross,
``((i % (squares_x - 1) + 1) * square_length, (i // (squares_x - 1) + 1) * square_length, 0)``.
A chessboard's square at the origin is black (white on an inverted board), which decides between the two orders
that look alike.

Grids of tags: tag `t` stands in column ``t % squares_x`` and row ``t // squares_x``; the outer corners of its
black border are the corners ``4 t`` to ``4 t + 3``, clockwise from the top left. The origin is corner 0.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.boards.board_rules import (
    BOARD_TYPES,
    DICTIONARY_SIZES,
    MIN_CORNERS,
    TAG_GRIDS,
    check_board,
    check_table,
)
from calibration.errors import BoardError
from calibration.toml_files import TomlKind, read_toml

__all__ = [
    "BOARD_TYPES", "DICTIONARY_SIZES", "MIN_CORNERS", "TAG_GRIDS", "WORLD_FROM_FLOOR_BOARD",
    "Board", "read_board", "write_board",
]  # fmt: skip

#: Rotation of a board lying on the floor, front up, its x along world X: y runs along -Y and z points down, -Z.
WORLD_FROM_FLOOR_BOARD = np.diag([1.0, -1.0, -1.0])
WORLD_FROM_FLOOR_BOARD.flags.writeable = False

_FILE = TomlKind(
    "board", "BOARD_FILE_MISSING", "BOARD_FORMAT", "Write one `key = value` per line, as in configs/boards."
)
_TAG_CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


@dataclass(frozen=True)
class Board:
    """A printed calibration board.

    Attributes
    ----------
    type : str
        'charuco', 'chessboard', 'aruco_grid' (tags with blank gaps between them) or 'april_grid' (the same with
        black squares in the gaps, corner to corner with the tags, as Kalibr has them). Both grids take any
        dictionary, and where the squares are missing the tags are found all the same.
    squares_x, squares_y : int
        Squares (not interior corners) along x and y; of a grid the tags.
    square_length : float
        Side of a square in m; of a grid the pitch, from one tag's edge to the same edge of the next.
    marker_length : float, optional
        Side of a marker in m (black border included); none on a chessboard.
    dictionary : str, optional
        OpenCV's name of the marker dictionary; none on a chessboard.
    inverted : bool
        Printed white on black.
    legacy : bool
        ChArUco layout of OpenCV before 4.6: on boards with an even `squares_y` the square at the origin
        is white and carries a marker, where today it is black. Both layouts agree when `squares_y` is odd.

    Raises
    ------
    BoardError
        BOARD_UNITS, BOARD_AMBIGUOUS (a chessboard that looks alike from both ends) or BOARD.
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
        check_board(self)
        object.__setattr__(self, "squares_x", int(self.squares_x))
        object.__setattr__(self, "squares_y", int(self.squares_y))
        object.__setattr__(self, "square_length", float(self.square_length))
        if self.marker_length is not None:
            object.__setattr__(self, "marker_length", float(self.marker_length))

    @property
    def is_grid(self) -> bool:
        """Whether its corners are those of tags."""
        return self.type in TAG_GRIDS

    @property
    def n_corners(self) -> int:
        """Number of interior corners, or of corners of tags."""
        if self.is_grid:
            return 4 * self.n_markers
        return (self.squares_x - 1) * (self.squares_y - 1)

    @property
    def n_markers(self) -> int:
        """Number of markers; their ids are 0 .. n_markers - 1."""
        if self.type == "chessboard":
            return 0
        return self.squares_x * self.squares_y // (1 if self.is_grid else 2)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in m, of a grid from the first tag's outer corner to the last one's."""
        cut = self.gap
        return self.squares_x * self.square_length - cut, self.squares_y * self.square_length - cut

    @property
    def gap(self) -> float:
        """Blank space between the tags of a grid in m; 0 on other boards."""
        return self.square_length - float(self.marker_length or 0) if self.is_grid else 0.0

    @property
    def apron(self) -> float:
        """How far the ink reaches beyond `size` on each side, in m: the outermost squares of an April grid."""
        return self.gap if self.type == "april_grid" else 0.0

    @property
    def corners_board(self) -> NDArray[np.float64]:
        """Corners in the board frame, shape (n_corners, 3), in m, by id."""
        if self.is_grid:
            y, x = np.divmod(np.arange(self.n_markers), self.squares_x)
            origin = np.stack([x, y], axis=1) * self.square_length
            flat = (origin[:, None] + _TAG_CORNERS * float(self.marker_length or 0)).reshape(-1, 2)
        else:
            y, x = np.mgrid[1 : self.squares_y, 1 : self.squares_x]
            flat = np.stack([x.ravel(), y.ravel()], axis=1) * self.square_length
        return np.column_stack([flat, np.zeros(len(flat))])

    @property
    def faces(self) -> tuple[NDArray[np.int64], ...]:
        """Corners, by id, that lie in one plane: of a flat board all."""
        return (np.arange(self.n_corners),)

    @property
    def face_fronts(self) -> NDArray[np.float64]:
        """Unit vector out of the front of each face, shape (face, 3)."""
        return np.array([[0.0, 0.0, -1.0]])

    @property
    def neighbours(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Ids of the first and second corner of neighbouring ones, shape (pair,) each, and their distance in m.

        One square apart along rows and columns; of a grid the sides of the tags, and the first corners of tags
        that stand side by side.
        """
        if self.is_grid:
            first, second = _lattice(self.squares_x, self.squares_y)
            sides, ends = tag_sides(self.n_markers)
            first, second = np.concatenate([sides, 4 * first]), np.concatenate([ends, 4 * second])
        else:
            first, second = _lattice(self.squares_x - 1, self.squares_y - 1)
        corners = self.corners_board
        return first, second, np.linalg.norm(corners[first] - corners[second], axis=1)

    def describe(self) -> str:
        """Return one line that names every parameter, lengths in mm."""
        what = "tags, pitch" if self.is_grid else "squares of"
        parts = [f"{self.type} {self.squares_x} x {self.squares_y} {what} {self.square_length * 1e3:g} mm"]
        if self.marker_length is not None:
            parts.append(f"markers {self.marker_length * 1e3:g} mm, {self.dictionary}")
        parts += [name for name in ("inverted", "legacy") if getattr(self, name)]
        return ", ".join(parts)


def tag_sides(n_tags: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the ids, shape (4 * n_tags,) each, of the corners at the ends of the sides of tags."""
    corner = np.arange(4 * n_tags)
    return corner, corner // 4 * 4 + (corner + 1) % 4


def _lattice(columns: int, rows: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ids of neighbours along the rows, then along the columns, of a grid that is counted row by row."""
    ids = np.arange(columns * rows).reshape(rows, columns)
    first = np.concatenate([ids[:, :-1].ravel(), ids[:-1].ravel()])
    second = np.concatenate([ids[:, 1:].ravel(), ids[1:].ravel()])
    return first, second


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
    return board_of_table(read_table(path), path.name)


def board_of_table(table: dict[str, Any], file: str) -> Board:
    """Return the board of a parsed `board.toml`; `file` is its name in refusals, which are those of `read_board`."""
    check_table(table, file)
    try:
        return Board(**table)
    except BoardError as error:
        raise BoardError(f"{file}: {error.cause}", error.remedy, error.code) from error


def read_table(path: Path) -> dict[str, Any]:
    """Read the TOML of a target.

    Raises
    ------
    SourceError
        BOARD_FILE_MISSING
    FormatError
        BOARD_FORMAT
    """
    return read_toml(path, _FILE)


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
