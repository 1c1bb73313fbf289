"""Chessboards: all corners or none, in the one order that the colours allow."""

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.boards.board import Board
from calibration.detection.corners import refined
from calibration.detection.pattern import predict
from calibration.detection.regions import Region, find_regions
from calibration.detection.rim import ends_at_rim, inner_corners

_SEARCH_PX = 960  # longest side in which the pattern is searched; positions come from the full image

_WITHIN = np.linspace(-0.35, 0.35, 7)  # of a square, from its middle
_BLANK = 0.9  # share of a light square: fingers reach into some


def chessboard_corners(gray: NDArray, board: Board) -> NDArray[np.float64]:
    """Return the corners, shape (n_corners, 2), of a dark-on-light image; all NaN when any is missing.

    The order is the one that has x to the right of y (a board is seen from its front) and a black square at the
    origin; `Board` refuses chessboards for which this leaves a choice. Only a board whose end shows on all four
    sides is taken: a larger one, of which a part is hidden, has the same corners.
    """
    places = find_regions(gray)
    whole = Region(0, 0, gray.shape[1], gray.shape[0])
    # OpenCV's search sometimes shifts the pattern by a row; with other surroundings it does not.
    for region in [*places, whole] if places else []:
        for grid in _grids(region.of(gray), board):
            corners = _fitted(gray, grid + np.array([region.left, region.top]))
            if corners is not None:
                return corners
    return np.full((board.n_corners, 2), np.nan)


def _grids(part: NDArray, board: Board) -> list[NDArray]:
    """Return both orders, shape (row, column, 2) each, of the corners in a part of an image; none when not all are."""
    columns, rows = board.squares_x - 1, board.squares_y - 1
    # The check costs little and keeps the search, which may take a second, from places without a board.
    if not any(cv2.checkChessboard(image, (columns, rows)) for image in (part, _stretched(part))):
        return []
    scale = min(1.0, _SEARCH_PX / max(part.shape))
    small = part if scale == 1.0 else cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found, corners = cv2.findChessboardCornersSB(small, (columns, rows))
    if not found or corners is None or np.size(corners) != 2 * board.n_corners:
        return []
    grid = _front((np.asarray(corners, float).reshape(rows, columns, 2) + 0.5) / scale - 0.5)
    return [grid, grid[::-1, ::-1]]


def _stretched(part: NDArray) -> NDArray[np.uint8]:
    """Spread the gray levels over the whole range: OpenCV's check expects ink to be black and paper white."""
    low, high = np.percentile(part, [5, 95])
    return np.clip((part - low) * (255 / max(high - low, 1.0)), 0, 255).astype(np.uint8)


def _fitted(gray: NDArray, grid: NDArray, dark_origin: bool = True) -> NDArray[np.float64] | None:
    """Fit the corners of a grid; None when it is not a board, in its order, and no more."""
    image, points = grid.reshape(-1, 2), inner_corners(grid)
    start, axes = predict(points, image, points)
    light = points.sum(axis=1) % 2 == (1 if dark_origin else 0)
    fitted = refined(gray, start, axes, np.where(light, 1.0, -1.0), None)
    if np.isnan(fitted).any():
        return None
    whole = fitted.reshape(grid.shape)
    return None if _goes_on(gray, whole, dark_origin) or not ends_at_rim(gray, whole, dark_origin) else fitted


def is_whole(gray: NDArray, grid: NDArray) -> bool:
    """Whether a grid of inner corners, shape (row, column, 2) in px, is all of a plain dark-on-light chessboard."""
    for dark_origin in (True, False):
        fitted = _fitted(gray, grid, dark_origin)
        if fitted is not None:
            return _is_plain(gray, fitted.reshape(grid.shape), dark_origin)
    return False


def _is_plain(gray: NDArray, grid: NDArray, dark_origin: bool) -> bool:
    """Whether light squares are blank all over, where a ChArUco board has markers."""
    y, x = np.mgrid[1 : grid.shape[0], 1 : grid.shape[1]]
    centres = np.stack([x.ravel(), y.ravel()], axis=1) + 0.5
    within = np.stack(np.meshgrid(_WITHIN, _WITHIN), axis=-1).reshape(1, -1, 2)
    image, _ = predict(inner_corners(grid), grid.reshape(-1, 2), (centres[:, None] + within).reshape(-1, 2))
    places = image.astype(np.float32).reshape(len(centres), -1, 2)
    levels = cv2.remap(gray, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    dark = ((x + y) % 2 == (0 if dark_origin else 1)).ravel()
    if dark.all() or not dark.any():
        return False
    black, white = np.median(levels[dark]), np.median(levels[~dark])
    blank = (levels[~dark] > 0.5 * (black + white)).mean(axis=1) > _BLANK
    return bool(white > black and blank.mean() > 0.5)


def _front(grid: NDArray) -> NDArray:
    """Mirror a grid of corners, shape (row, column, 2), when x cross y points out of the image."""
    along_x = grid[:, -1].mean(axis=0) - grid[:, 0].mean(axis=0)
    along_y = grid[-1].mean(axis=0) - grid[0].mean(axis=0)
    return grid if along_x[0] * along_y[1] - along_x[1] * along_y[0] > 0 else grid[::-1]


def _goes_on(gray: NDArray, grid: NDArray, dark_origin: bool = True) -> bool:
    """Whether light and dark squares alternate in a ring just outside the board."""
    y, x = np.mgrid[-1 : grid.shape[0] + 2, -1 : grid.shape[1] + 2]
    centres = np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5
    image, _ = predict(inner_corners(grid), grid.reshape(-1, 2), centres)
    height, width = gray.shape
    nearest = np.rint(image).astype(int)
    inside = ((nearest >= 0) & (nearest < [width, height])).all(axis=1).reshape(x.shape)
    clipped = np.clip(nearest, 0, [width - 1, height - 1])
    levels = gray[clipped[:, 1], clipped[:, 0]].astype(float).reshape(x.shape)
    black = (x + y) % 2 == (0 if dark_origin else 1)
    own = np.zeros_like(black)
    own[1:-1, 1:-1] = True
    contrast = _difference(levels, black, own & inside)
    signed = np.where(black, -levels, levels)
    signed[~inside] = np.nan
    edges = ((0, slice(1, -1)), (-1, slice(1, -1)), (slice(1, -1), 0), (slice(1, -1), -1))
    return any(_alternates(signed[edge], black[edge], contrast) for edge in edges)


def _alternates(side: NDArray, black: NDArray, contrast: float) -> bool:
    """Whether light and dark take turns along a side, or along a few squares of it where the rest is hidden."""
    steps = side[:-1] + side[1:]  # the light square's level minus the dark one's beside it
    known = steps[np.isfinite(steps)]
    whole = len(known) > 0 and float(known.mean()) > 0.5 * contrast
    # Two dark squares with a light one between: a finger or a clamp at the rim makes one dark one.
    clear = steps > 0.5 * contrast
    return whole or bool((clear[:-1] & clear[1:] & black[:-2]).any())


def _difference(levels: NDArray, black: NDArray, where: NDArray) -> float:
    light, dark = levels[where & ~black], levels[where & black]
    return float(light.mean() - dark.mean()) if len(light) and len(dark) else 0.0
