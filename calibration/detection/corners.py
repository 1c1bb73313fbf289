"""One image: the corners of a board with sub-pixel positions, or NaN."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.arrays import checked_array
from calibration.boards.board import Board
from calibration.boards.tag_object import TagObject
from calibration.detection.markers import Markers, find_markers
from calibration.detection.pattern import consistent_markers, marker_cells, marker_corners, predict
from calibration.detection.saddles import fit_saddles
from calibration.detection.view_tests import BoardView, tested_view
from calibration.errors import ShapeError

_MIN_CONTRAST = 6.0  # gray levels, half of light minus dark
_MAX_RESIDUAL = 0.45
_MAX_SD_PX = 0.25
_MAX_SHIFT = 0.25  # squares between the expected and the fitted corner
_FEW_MARKERS = 4
_ROUNDS = 8  # of growing from the seen part of the board into the rest
_N_FIGURES = 7
_REACH = 1.6  # squares over which corners are expected beyond what was seen


def detect_corners(gray: NDArray, board: Board | TagObject) -> NDArray[np.float64]:
    """Find the corners of a board, or of an object of tags, in one image.

    Parameters
    ----------
    gray : ndarray of uint8, shape (height, width)
    board : Board or TagObject

    Returns
    -------
    ndarray, shape (n_corners, 2)
        In px, the centre of the top-left pixel at (0, 0); NaN where a corner is not seen. A chessboard is seen as
        a whole or not at all.

    Raises
    ------
    ShapeError
        IMAGE when it is empty or its values are no bytes; SHAPE when it has colours.

    Notes
    -----
    ChArUco: markers (`markers`), those that contradict the board taken out; corners expected from the near markers,
    then from the near corners, and fitted (`saddles`). So a corner needs no marker beside it to be found.
    """
    gray = _checked_image(gray)
    gray = 255 - gray if board.inverted else np.ascontiguousarray(gray)
    if isinstance(board, TagObject) or board.is_grid:
        from calibration.detection.tags import tag_corners

        return tag_corners(gray, board)
    if board.type == "chessboard":
        from calibration.detection.chessboard import chessboard_corners

        return chessboard_corners(gray, board)
    return corners_from_markers(gray, board, board_markers(gray, board))


def _checked_image(gray: NDArray) -> NDArray[np.uint8]:
    """Refuse what is no image of bytes: other values would wrap round or saturate without a word."""
    found = np.asarray(gray)
    if found.dtype != np.uint8:
        raise ShapeError(
            f"gray has values of type {found.dtype}, expected uint8.",
            "Scale the gray levels to 0 to 255 and convert them to uint8; of 16 bits take the upper 8.",
            code="IMAGE",
        )
    if found.ndim == 2 and found.size == 0:
        raise ShapeError(f"gray has no pixels: its shape is {found.shape}.", "Pass an image.", code="IMAGE")
    return checked_array(found, "gray", ("height", "width"), np.uint8)


def board_markers(gray: NDArray, board: Board) -> Markers:
    """Find the markers of a board in an image in which they are dark on light."""
    return find_markers(gray, str(board.dictionary), max(_FEW_MARKERS, board.n_markers // 2), board.n_markers)


def detect_markers(gray: NDArray, dictionary: str) -> Markers:
    """Find markers that are dark on light with OpenCV, slowly; of a marker that is found twice, none."""
    corners, ids, _ = _marker_detector(dictionary).detectMarkers(gray)
    if ids is None or not len(ids):
        return Markers(np.zeros(0, int), np.zeros((0, 4, 2)))
    ids = np.asarray(ids).reshape(-1)
    values, counts = np.unique(ids, return_counts=True)
    once = np.isin(ids, values[counts == 1])
    return Markers(ids[once], np.asarray(corners, float).reshape(-1, 4, 2)[once])


def consistent(markers: Markers, board: Board) -> Markers:
    """Keep the markers that lie as on the board, or none when most do not."""
    known = markers.ids < board.n_markers
    ids, corners = markers.ids[known], markers.corners[known]
    keep = consistent_markers(_marker_points(board, ids), corners)
    return Markers(ids[keep], corners[keep])


def corners_from_markers(gray: NDArray, board: Board, markers: Markers) -> NDArray[np.float64]:
    """Find the corners, shape (n_corners, 2), of a ChArUco board around its markers."""
    return view_from_markers(gray, board, markers).pixels


def view_from_markers(gray: NDArray, board: Board, markers: Markers) -> BoardView:
    """Find the corners of a ChArUco board around its markers, and test what the image shows of them.

    Parameters
    ----------
    gray : ndarray of uint8, shape (height, width)
        Markers are dark on light: the negative of an inverted board's image.
    board : Board
    markers : Markers
    """
    fits = np.full((board.n_corners, _N_FIGURES), np.nan)
    markers = consistent(markers, board)
    if len(markers) >= 2:
        _grow(gray, board, markers, fits)
    return tested_view(fits[:, :2], fits[:, 2:4], fits[:, 4], fits[:, 5], fits[:, 6], board.inverted)


def _grow(gray: NDArray, board: Board, markers: Markers, fits: NDArray) -> None:
    """Fill in the corners near to markers, then those near to corners."""
    found_board = _marker_points(board, markers.ids).reshape(-1, 2)
    found_image = markers.corners.reshape(-1, 2)
    targets = board.corners_board[:, :2] / board.square_length
    missing = np.ones(board.n_corners, bool)
    for _ in range(_ROUNDS):
        distance = np.linalg.norm(targets[:, None] - found_board, axis=2).min(axis=1)
        todo = np.flatnonzero(missing & (distance < _REACH))
        if not len(todo):
            break
        missing[todo] = False
        fits[todo] = _fitted(gray, board, found_board, found_image, todo)
        good = todo[~np.isnan(fits[todo, 0])]
        found_board = np.concatenate([found_board, targets[good]])
        found_image = np.concatenate([found_image, fits[good, :2]])


def _fitted(gray: NDArray, board: Board, found_board: NDArray, found_image: NDArray, todo: NDArray) -> NDArray:
    targets = board.corners_board[todo, :2] / board.square_length
    start, axes = predict(found_board, found_image, targets)
    height, width = gray.shape
    inside = ((start > 2) & (start < [width - 3, height - 3])).all(axis=1)
    fitted = np.full((len(todo), _N_FIGURES), np.nan)
    if inside.any():
        gap = (1 - float(board.marker_length or 0) / board.square_length) / 2
        fitted[inside] = _figures(gray, start[inside], axes[inside], corner_signs(board)[todo[inside]], gap)
    return fitted


def refined(gray: NDArray, start: NDArray, axes: NDArray, sign: NDArray, gap: float | None) -> NDArray:
    """Return fitted corners, shape (corner, 2); NaN where the image does not show one."""
    return _figures(gray, start, axes, sign, gap)[:, :2]


def _figures(gray: NDArray, start: NDArray, axes: NDArray, sign: NDArray, gap: float | None) -> NDArray:
    """Fit corners: x, y, both blurs, level, contrast and residual of each, NaN where the image does not show one."""
    saddles = fit_saddles(gray, start, axes, sign, gap)
    shift = np.linalg.norm(saddles.position - start, axis=1) / np.linalg.norm(axes, axis=1).min(axis=1)
    height, width = gray.shape
    good = (saddles.contrast > _MIN_CONTRAST) & (saddles.residual < _MAX_RESIDUAL) & (saddles.sd < _MAX_SD_PX)
    good &= (shift < _MAX_SHIFT) & ((saddles.position > 0) & (saddles.position < [width - 1, height - 1])).all(axis=1)
    columns = [saddles.position, saddles.blur, saddles.level, saddles.contrast, saddles.residual]
    return np.where(good[:, None], np.column_stack(columns), np.nan)


def corner_signs(board: Board) -> NDArray:
    """Return +1 per corner where the square towards +x +y is light, -1 where it is dark, shape (n_corners,)."""
    y, x = np.mgrid[1 : board.squares_y, 1 : board.squares_x]
    light = (x + y) % 2 == (0 if origin_white(board) else 1)
    return np.where(light, 1.0, -1.0).ravel()


def origin_white(board: Board) -> bool:
    """Whether the square at the board's origin is light (before inversion)."""
    return board.legacy and board.squares_y % 2 == 0


def _marker_points(board: Board, ids: NDArray) -> NDArray:
    cells = marker_cells(ids, board.squares_x, origin_white(board))
    return marker_corners(cells, float(board.marker_length or 0) / board.square_length)


@lru_cache(maxsize=32)
def _marker_detector(dictionary: str) -> cv2.aruco.ArucoDetector:
    parameters = cv2.aruco.DetectorParameters()
    return cv2.aruco.ArucoDetector(
        cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, dictionary)), parameters
    )
