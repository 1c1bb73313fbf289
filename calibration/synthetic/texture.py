"""The printed pattern of a board; the one drawing that printed pages and renderings share."""

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.board import Board


def board_texture(board: Board, square_px: int) -> NDArray[np.uint8]:
    """Draw the printed pattern: ink 0, paper 255, `square_px` per square, without a margin.

    Returns
    -------
    ndarray of uint8, shape (squares_y * square_px, squares_x * square_px)
        Texel (i, j) covers the area from (j, i) to (j + 1, i + 1) in units of square_length / square_px.
    """
    ink = inked_squares(board)
    texture = np.where(ink, 0, 255).astype(np.uint8).repeat(square_px, axis=0).repeat(square_px, axis=1)
    if board.type == "charuco":
        texture = _with_markers(texture, board, square_px)
    return np.invert(texture) if board.inverted else texture


def inked_squares(board: Board) -> NDArray[np.bool_]:
    """Return which squares are filled, shape (squares_y, squares_x), before inversion."""
    y, x = np.mgrid[0 : board.squares_y, 0 : board.squares_x]
    origin_white = board.legacy and board.squares_y % 2 == 0
    return (x + y) % 2 == (1 if origin_white else 0)


def marker_squares(board: Board) -> list[tuple[int, int]]:
    """Return column and row of the square that holds each marker, by id."""
    return [(int(column), int(row)) for row, column in np.argwhere(~inked_squares(board))]


def marker_bits(board: Board, marker_id: int) -> NDArray[np.uint8]:
    """Return the cells of a marker, border included: 0 for ink, 255 for paper."""
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, str(board.dictionary)))
    return np.asarray(cv2.aruco.generateImageMarker(dictionary, marker_id, dictionary.markerSize + 2), np.uint8)


def _with_markers(texture: NDArray[np.uint8], board: Board, square_px: int) -> NDArray[np.uint8]:
    # Markers rarely end on texel borders: draw each finely, let the area mean do the rest.
    fine = 8
    bits = len(marker_bits(board, 0))
    side = float(board.marker_length or 0) / board.square_length * square_px
    start = (square_px - side) / 2
    texel = (np.arange(square_px * fine) + 0.5) / fine
    cell = np.floor((texel - start) / side * bits).astype(int)
    inside = (cell >= 0) & (cell < bits)
    cell = np.clip(cell, 0, bits - 1)
    for marker_id, (column, row) in enumerate(marker_squares(board)):
        marker = marker_bits(board, marker_id)
        square = np.where(inside[:, None] & inside[None, :], marker[np.ix_(cell, cell)], np.uint8(255))
        mean = square.reshape(square_px, fine, square_px, fine).mean(axis=(1, 3))
        corner = slice(row * square_px, (row + 1) * square_px), slice(column * square_px, (column + 1) * square_px)
        texture[corner] = np.rint(mean)
    return texture
