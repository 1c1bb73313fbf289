"""Geometry of a board's pattern in one image, lens unknown: do the markers fit the board, where are its corners.

Everything rests on homographies that weigh near markers more than far ones, so that a bent lens does not disturb:
over a few squares even a fisheye is close to a plane's homography.
"""

import numpy as np
from numpy.typing import NDArray

from calibration.boards.board import Board
from calibration.boards.tag_object import TagObject
from calibration.detection.pattern_kernels import fit_homographies


def marker_cells(ids: NDArray, squares_x: int, origin_white: bool) -> NDArray:
    """Return the column and row, shape (marker, 2), of marker ids on a board of that width.

    Parameters
    ----------
    ids : ndarray of int, shape (marker,)
    squares_x : int
    origin_white : bool
        Whether the square at the origin carries a marker (OpenCV's legacy layout with an even number of rows).
    """
    # Two rows hold squares_x markers; the first of them has the larger half when it starts white.
    first = (squares_x + 1) // 2 if origin_white else squares_x // 2
    pair, rest = np.divmod(np.asarray(ids, int), squares_x)
    lower = rest >= first
    row = 2 * pair + lower
    start = np.where(lower, int(origin_white), int(not origin_white))
    return np.stack([start + 2 * np.where(lower, rest - first, rest), row], axis=-1)


def marker_corners(cells: NDArray, side: float) -> NDArray:
    """Return corners of markers, shape (marker, 4, 2), in squares from the board's origin, in OpenCV's order.

    Parameters
    ----------
    cells : ndarray, shape (marker, 2)
    side : float
        Marker side over square side.
    """
    around = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * side / 2
    return cells[:, None, :] + 0.5 + around


def misfit(points_board: NDArray, points_image: NDArray) -> NDArray:
    """Measure how far each marker is from where the others predict it.

    Parameters
    ----------
    points_board : ndarray, shape (marker, 4, 2)
        In squares.
    points_image : ndarray, shape (marker, 4, 2)
        In px.

    Returns
    -------
    ndarray, shape (marker,)
        RMS distance over the marker's own side; inf for a lone marker.
    """
    n = len(points_board)
    if n < 2:
        return np.full(n, np.inf)
    fit = _Homographies(points_board.reshape(-1, 2), points_image.reshape(-1, 2))
    centre = points_board.mean(axis=1)
    weights = _near(centre, centre)
    np.fill_diagonal(weights, 0.0)
    predicted = fit.apply(weights.repeat(4, axis=1), points_board)
    distance = np.sqrt(((predicted - points_image) ** 2).sum(axis=-1).mean(axis=-1))
    return distance / np.maximum(_side(points_image), 1e-9)


def consistent_markers(points_board: NDArray, points_image: NDArray, limit: float = 0.4) -> NDArray[np.bool_]:
    """Choose markers that agree with each other, taking out the worst one by one.

    Parameters
    ----------
    points_board, points_image : ndarray, shape (marker, 4, 2)
    limit : float
        Largest misfit of a marker in its own side.

    Returns
    -------
    ndarray of bool, shape (marker,)
        All False when fewer than two, or not the majority, agree.
    """
    keep = _agreeing_with_a_group(points_board, points_image, 2 * limit)
    while keep.sum() >= 2 and 2 * keep.sum() > len(keep):
        index = np.flatnonzero(keep)
        error = misfit(points_board[index], points_image[index])
        if error.max() <= limit:
            return keep
        keep[index[error.argmax()]] = False
    return np.zeros(len(points_board), bool)


def _agreeing_with_a_group(points_board: NDArray, points_image: NDArray, limit: float) -> NDArray[np.bool_]:
    """Return the markers that fit the group of three neighbours that most markers fit; tolerant far away."""
    n = len(points_board)
    if n < 2:
        return np.zeros(n, bool)
    fit = _Homographies(points_board.reshape(-1, 2), points_image.reshape(-1, 2))
    centre = points_board.mean(axis=1)
    distance = np.linalg.norm(centre[:, None] - centre, axis=2)
    groups = np.argsort(distance, axis=1, kind="stable")[:, :3]
    weights = np.zeros((n, n))
    np.put_along_axis(weights, groups, 1.0, axis=1)
    predicted = fit.apply(weights.repeat(4, axis=1), points_board.reshape(1, -1, 2)).reshape(n, n, 4, 2)
    error = np.sqrt(((predicted - points_image) ** 2).sum(axis=-1).mean(axis=-1))
    agree = error < limit * (1 + 0.3 * distance) * _side(points_image)
    return agree[agree.sum(axis=1).argmax()].copy()


def predict(points_board: NDArray, points_image: NDArray, targets_board: NDArray) -> tuple[NDArray, NDArray]:
    """Carry board points into the image by homographies of what was seen near them.

    Parameters
    ----------
    points_board : ndarray, shape (point, 2)
        At least four in general position, in squares.
    points_image : ndarray, shape (point, 2)
        In px.
    targets_board : ndarray, shape (target, 2)

    Returns
    -------
    targets_image : ndarray, shape (target, 2)
    axes : ndarray, shape (target, 2, 2)
        Columns: px per square along the board's x and y.
    """
    fit = _Homographies(points_board, points_image)
    step = 0.05
    around = np.array([[0, 0], [step, 0], [-step, 0], [0, step], [0, -step]])
    image = fit.apply(_near(targets_board, points_board), targets_board[:, None, :] + around)
    axes = np.stack([image[:, 1] - image[:, 2], image[:, 3] - image[:, 4]], axis=-1) / (2 * step)
    return image[:, 0], axes


def usable_view(corners_image: NDArray, board: Board | TagObject, min_corners: int) -> bool:
    """Whether the seen corners, shape (n_corners, 2) with NaN, are enough and not on one line."""
    seen = ~np.isnan(corners_image[:, 0])
    if seen.sum() < min_corners:
        return False
    points, spacing = board.corners_board[seen], board.neighbours[2].min()
    return bool(np.linalg.matrix_rank((points - points.mean(axis=0)) / spacing, tol=0.3) >= 2)


def _near(targets: NDArray, points: NDArray) -> NDArray:
    """Return weights, shape (target, point), that fall with the square of the distance beyond two squares."""
    distance2 = ((targets[:, None, :] - points[None, :, :]) ** 2).sum(axis=-1)
    return 1.0 / (distance2 + 4.0)


def _side(points_image: NDArray) -> NDArray:
    return np.linalg.norm(points_image - np.roll(points_image, 1, axis=1), axis=-1).mean(axis=1)


class _Homographies:
    """Weighted direct linear transforms that share their points (Hartley & Zisserman 2004, 4.1 and 4.4.4)."""

    def __init__(self, points_board: NDArray, points_image: NDArray) -> None:
        self._board_mean, self._board_scale = _frame(points_board)
        self._image_mean, self._image_scale = _frame(points_image)
        self._board = np.ascontiguousarray((points_board - self._board_mean) / self._board_scale)
        self._image = np.ascontiguousarray((points_image - self._image_mean) / self._image_scale)

    def apply(self, weights: NDArray, points_board: NDArray) -> NDArray:
        """Map points (fit, point, 2), by the homographies of weights (fit, point of the fits)."""
        h = fit_homographies(self._board, self._image, np.ascontiguousarray(weights, dtype=float)).reshape(-1, 3, 3)
        points = (points_board - self._board_mean) / self._board_scale
        x, y = points[..., 0, None], points[..., 1, None]
        mapped = h[:, None, :, 0] * x + h[:, None, :, 1] * y + h[:, None, :, 2]
        depth = mapped[..., 2:]
        depth = np.where(np.abs(depth) < 1e-12, 1e-12, depth)
        return mapped[..., :2] / depth * self._image_scale + self._image_mean


def _frame(points: NDArray) -> tuple[NDArray, float]:
    mean = points.mean(axis=0)
    return mean, float(max(np.sqrt(((points - mean) ** 2).sum(axis=1).mean()), 1e-9))
