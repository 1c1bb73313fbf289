"""The printed pattern of a board as a picture; the one drawing that pages and renderings share."""

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
    y, x = np.mgrid[0 : board.squares_y, 0 : board.squares_x]
    ink = (x + y) % 2 == (1 if _origin_is_white(board) else 0)
    texture = np.kron(np.where(ink, 0, 255).astype(np.uint8), np.ones((square_px, square_px), np.uint8))
    if board.type == "charuco":
        texture = _with_markers(texture, board, ~ink, square_px)
    return 255 - texture if board.inverted else texture


def _origin_is_white(board: Board) -> bool:
    return board.legacy and board.squares_y % 2 == 0


def _with_markers(texture: NDArray, board: Board, white: NDArray, square_px: int) -> NDArray:
    # Markers rarely end on texel borders: draw each finely, let the area mean do the rest.
    fine = 8
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, str(board.dictionary)))
    bits = dictionary.markerSize + 2
    side = float(board.marker_length or 0) / board.square_length * square_px
    start = (square_px - side) / 2
    texel = (np.arange(square_px * fine) + 0.5) / fine
    cell = np.floor((texel - start) / side * bits).astype(int)
    inside = (cell >= 0) & (cell < bits)
    cell = np.clip(cell, 0, bits - 1)
    for marker_id, (row, column) in enumerate(np.argwhere(white)):
        marker = cv2.aruco.generateImageMarker(dictionary, marker_id, bits)
        square = np.where(inside[:, None] & inside[None, :], marker[np.ix_(cell, cell)], np.uint8(255))
        mean = square.reshape(square_px, fine, square_px, fine).mean(axis=(1, 3))
        corner = slice(row * square_px, (row + 1) * square_px), slice(column * square_px, (column + 1) * square_px)
        texture[corner] = np.rint(mean)
    return texture
