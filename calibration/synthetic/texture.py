"""The printed pattern of a board or an object of tags; the one drawing that printed pages and renderings share."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.boards.board import Board
from calibration.boards.tag_object import TagObject
from calibration.rigid import rigid


@dataclass(frozen=True, eq=False)
class Sheet:
    """A flat piece of a target, with ink on one side. Its frame is that of a board: x right, y down, z into it.

    Attributes
    ----------
    target_from_sheet : ndarray, shape (4, 4)
        The origin is the top-left corner of the pattern.
    size : tuple of float
        Width and height of the pattern, m.
    ink : ndarray, shape (area, 4)
        x, y, width and height of rectangles that do not overlap, m.
    unit : float
        Side of a square (or of a tag), m.
    margin : float or None
        Blank paper around the pattern, m; None where who renders it decides.
    inverted : bool
    face : int
        Sheets of one face lie in one plane, the later upon the earlier.
    """

    target_from_sheet: NDArray[np.float64]
    size: tuple[float, float]
    ink: NDArray[np.float64]
    unit: float
    margin: float | None
    inverted: bool
    face: int = 0


@lru_cache(maxsize=32)
def sheets_of(target: Board | TagObject) -> tuple[Sheet, ...]:
    """Return the sheets that make up a target: of a board one; of an object blank faces and the tags upon them."""
    if isinstance(target, TagObject):
        return _object_sheets(target)
    apron = target.apron
    size = (target.size[0] + 2 * apron, target.size[1] + 2 * apron)
    place = rigid(np.eye(3), np.array([-apron, -apron, 0.0]))
    ink = board_ink(target) + np.array([apron, apron, 0.0, 0.0])
    return (Sheet(place, size, ink, target.square_length, None, target.inverted),)


def _object_sheets(target: TagObject) -> tuple[Sheet, ...]:
    found = []
    for face, tags in enumerate(target.tag_faces):
        target_from_face = target.target_from_face(tags)
        flat = (target.corners[tags] - target_from_face[:3, 3]) @ target_from_face[:3, :2]
        width, height = (float(length) for length in flat.reshape(-1, 2).max(axis=0))
        paper, unit = np.empty((0, 4)), float(target.sides[tags].mean())
        found.append(Sheet(target_from_face, (width, height), paper, unit, target.margin, target.inverted, face))
        for tag in tags:
            side = float(target.sides[tag])
            ink = tag_ink(target.dictionary, target.ids[tag], side)
            # A rim of paper a quarter of a cell wide, so that the edges of the ink lie inside the sheet.
            rim = side / 32
            found.append(Sheet(target.target_from_face([tag]), (side, side), ink, side, rim, target.inverted, face))
    return tuple(found)


def board_ink(board: Board) -> NDArray[np.float64]:
    """Return the inked areas as rectangles x, y, width, height in m, shape (area, 4), before inversion."""
    length, side = board.square_length, float(board.marker_length or 0)
    if board.is_grid:
        y, x = np.divmod(np.arange(board.n_markers), board.squares_x)
        places = np.stack([x, y], axis=1) * length
        boxes = [_april_squares(board)] if board.type == "april_grid" else []
    else:
        row, column = np.nonzero(inked_squares(board))
        boxes = [np.column_stack([column * length, row * length, *np.full((2, len(row)), length)])]
        places = (np.array(marker_squares(board)).reshape(-1, 2) + 0.5) * length - side / 2
    if board.type != "chessboard":
        for marker_id, place in enumerate(places):
            boxes.append(tag_ink(str(board.dictionary), marker_id, side) + np.array([*place, 0.0, 0.0]))
    return np.concatenate(boxes)


def _april_squares(board: Board) -> NDArray:
    y, x = np.mgrid[0 : board.squares_y + 1, 0 : board.squares_x + 1]
    corner = np.stack([x.ravel(), y.ravel()], axis=1) * board.square_length - board.gap
    return np.column_stack([corner, np.full((len(corner), 2), board.gap)])


def tag_ink(dictionary: str, marker_id: int, side: float) -> NDArray[np.float64]:
    """Return the ink of one tag, shape (area, 4), in m from its top-left corner: runs along the rows of its cells."""
    bits = marker_bits(dictionary, marker_id)
    step = side / len(bits)
    boxes = []
    for i, line in enumerate(bits):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], (line == 0).astype(int), [0]])))
        boxes += [(a * step, i * step, (b - a) * step, step) for a, b in edges.reshape(-1, 2)]
    return np.array(boxes, float)


def inked_squares(board: Board) -> NDArray[np.bool_]:
    """Return which squares are filled, shape (squares_y, squares_x), before inversion."""
    y, x = np.mgrid[0 : board.squares_y, 0 : board.squares_x]
    origin_white = board.legacy and board.squares_y % 2 == 0
    return (x + y) % 2 == (1 if origin_white else 0)


def marker_squares(board: Board) -> list[tuple[int, int]]:
    """Return column and row of the square that holds each marker of a ChArUco board, by id."""
    return [(int(column), int(row)) for row, column in np.argwhere(~inked_squares(board))]


def marker_bits(dictionary: str, marker_id: int) -> NDArray[np.uint8]:
    """Return the cells of a marker, border included: 0 for ink, 255 for paper."""
    markers = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, dictionary))
    return np.asarray(cv2.aruco.generateImageMarker(markers, marker_id, markers.markerSize + 2), np.uint8)


def board_texture(board: Board, square_px: int) -> NDArray[np.uint8]:
    """Draw the printed pattern: ink 0, paper 255, `square_px` per square, without a margin.

    Returns
    -------
    ndarray of uint8, shape (squares_y * square_px, squares_x * square_px)
        Texel (i, j) covers the area from (j, i) to (j + 1, i + 1) in units of square_length / square_px.
        Grids of tags: as large as the pattern, rounded up to whole texels.
    """
    return sheet_texture(sheets_of(board)[0], square_px)


def sheet_texture(sheet: Sheet, unit_px: int) -> NDArray[np.uint8]:
    """Draw a sheet's pattern with `unit_px` texels per unit; each texel is the mean over its area."""
    scale = unit_px / sheet.unit
    width, height = (max(int(np.ceil(length * scale - 1e-6)), 1) for length in sheet.size)
    ink = np.zeros((height, width))
    for x, y, w, h in sheet.ink * scale:
        rows, columns = _share(y, y + h, height), _share(x, x + w, width)
        ink[rows[0], columns[0]] += rows[1][:, None] * columns[1]
    texture = np.rint(255 * (1 - np.minimum(ink, 1.0))).astype(np.uint8)
    return np.invert(texture) if sheet.inverted else texture


def _share(low: float, high: float, n: int) -> tuple[slice, NDArray]:
    """Texels that an interval touches, and how much of each it covers."""
    first, last = max(int(np.floor(low + 1e-6)), 0), min(int(np.ceil(high - 1e-6)), n)
    texel = np.arange(first, last)
    return slice(first, last), np.minimum(texel + 1, high) - np.maximum(texel, low)
