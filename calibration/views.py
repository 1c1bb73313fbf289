"""Which views of a board say enough, and which few of many say the most."""

import numpy as np
from numpy.typing import NDArray

MIN_VIEW_CORNERS = 6
_MIN_OFF_LINE = 2  # corners outside the fullest row and outside the fullest column


def usable_views(seen: NDArray, corners_board: NDArray) -> NDArray:
    """Return which views determine the pose of the board.

    A view needs 6 corners that do not (nearly) lie on one line: corners on a line leave the board free to turn
    about it, and one corner beside a line fixes no perspective.

    Parameters
    ----------
    seen : ndarray of bool, shape (..., corner)
    corners_board : ndarray, shape (corner, 3)
        Metres.

    Returns
    -------
    ndarray of bool, shape (...)
    """
    enough = seen.sum(axis=-1) >= MIN_VIEW_CORNERS
    if corners_board[:, 2].any():
        return enough & _off_line(seen, corners_board)
    for axis in (0, 1):
        _, line = np.unique(np.round(corners_board[:, axis], 9), return_inverse=True)
        per_line = seen.astype(float) @ np.eye(line.max() + 1)[line]
        enough &= seen.sum(axis=-1) - per_line.max(axis=-1) >= _MIN_OFF_LINE
    return enough & (_narrow_spread(seen, corners_board) > 0.3 * _spacing(corners_board))


def _off_line(seen: NDArray, corners: NDArray) -> NDArray:
    """Whether the seen corners of an object with several faces spread in two directions at least."""
    weight = seen / np.maximum(seen.sum(axis=-1, keepdims=True), 1)
    mean = weight @ corners
    products = (corners[:, :, None] * corners[:, None, :]).reshape(len(corners), 9)
    covariance = (weight @ products).reshape(*mean.shape, 3) - mean[..., :, None] * mean[..., None, :]
    second = np.sqrt(np.maximum(np.linalg.eigvalsh(covariance)[..., 1], 0.0))
    return second > 0.3 * _spacing(corners)


def _narrow_spread(seen: NDArray, corners_board: NDArray) -> NDArray:
    """Standard deviation, in m, of the seen corners along their shorter direction."""
    weight = seen / np.maximum(seen.sum(axis=-1, keepdims=True), 1)
    flat = corners_board[:, :2]
    mean = weight @ flat
    products = (flat[:, :, None] * flat[:, None, :]).reshape(len(flat), 4)
    covariance = (weight @ products).reshape(*mean.shape, 2) - mean[..., :, None] * mean[..., None, :]
    return np.sqrt(np.maximum(np.linalg.eigvalsh(covariance)[..., 0], 0.0))


def mirrored_views(pixels: NDArray, corners_board: NDArray) -> NDArray:
    """Return which views show the board mirrored, shape (...): seen from its back, or through a flipped image.

    Parameters
    ----------
    pixels : ndarray, shape (..., corner, 2)
        NaN where not seen.
    corners_board : ndarray, shape (corner, 3)
        Metres; x right and y down on the board's front, as in the image of an upright board.

    Returns
    -------
    ndarray of bool, shape (...)
        False where the corners say nothing, and on an object with several faces, whose markers are not read when
        they are mirrored.
    """
    if corners_board[:, 2].any():
        return np.zeros(pixels.shape[:-2], dtype=bool)
    seen = np.isfinite(pixels).all(axis=-1)
    weight = seen / np.maximum(seen.sum(axis=-1, keepdims=True), 1)
    flat, filled = corners_board[:, :2], np.where(seen[..., None], pixels, 0.0)
    off_board = np.where(seen[..., None], flat - (weight @ flat)[..., None, :], 0.0)
    off_image = np.where(seen[..., None], filled - (weight[..., None] * filled).sum(axis=-2)[..., None, :], 0.0)
    # The linear part of the best affine map has the sign of this: its normal matrix is positive.
    return np.linalg.det(off_board.swapaxes(-1, -2) @ off_image) < 0


def _spacing(corners_board: NDArray) -> float:
    return float(np.linalg.norm(corners_board[1] - corners_board[0]))


def spread_views(pixels: NDArray, count: int) -> NDArray:
    """Return the positions of at most `count` views that differ most in place, size, turn and slant.

    Parameters
    ----------
    pixels : ndarray, shape (view, corner, 2)
        NaN where not seen; each view with at least 3 corners.
    count : int

    Returns
    -------
    ndarray of int, shape (chosen,)
        Increasing.
    """
    if len(pixels) <= count:
        return np.arange(len(pixels))
    seen = np.isfinite(pixels).all(axis=-1)
    total = seen.sum(axis=1)
    filled = np.where(seen[..., None], pixels, 0.0)
    mean = filled.sum(axis=1) / total[:, None]
    off = np.where(seen[..., None], pixels - mean[:, None], 0.0)
    covariance = np.einsum("vki,vkj->vij", off, off) / total[:, None, None]
    feature = np.column_stack([mean, np.sqrt(covariance[:, [0, 1], [0, 1]]), covariance[:, 0, 1] / 100.0])
    feature = (feature - feature.mean(axis=0)) / np.maximum(feature.std(axis=0), 1e-9)
    # The view with the most corners comes first; each next one is the farthest from all chosen.
    chosen = [int(np.argmax(total))]
    distance = np.linalg.norm(feature - feature[chosen[0]], axis=1)
    while len(chosen) < count:
        chosen.append(int(np.argmax(distance)))
        distance = np.minimum(distance, np.linalg.norm(feature - feature[chosen[-1]], axis=1))
    return np.unique(chosen)
