"""Which frames of long footage to calibrate from: those that together show most, not every n-th.

A person who shows a board to the cameras dwells in some places and hurries through others. Frames are chosen one by
one, each time the one that adds most to what the chosen ones show: corners in new parts of each image, the board at
new distances and slants, and pairs of cameras that see it together. Each count enters by its logarithm, so that the
value of a choice falls with every frame that shows the same (a submodular gain, of which the greedy choice reaches
at least 1 - 1/e of the best: Nemhauser, Wolsey & Fisher 1978).
"""

import heapq
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from calibration.errors import ShapeError
from calibration.observations import BoardObservations
from calibration.views import usable_views

#: Frames that are plenty for a calibration: more change the answer less than its uncertainty.
DEFAULT_FRAMES = 400

_CELLS = 10  # along the longer side of an image
_SCALE_STEP = np.log(1.25)  # distances that differ by a quarter count as different
_SLANTS = (0.1, 0.35)  # shortening of the board, 0 as seen from the front, between which slants are told apart
_DIRECTIONS = 8
_VIEW_WEIGHT, _PAIR_WEIGHT = 3.0, 3.0  # of a view, and of a pair of cameras, against a corner in a new cell
_CELL_CORNERS = 2.0  # corners in a cell that count as one look at it


def choose_frames(
    observations: BoardObservations, n: int = DEFAULT_FRAMES, keep: Collection[int] = ()
) -> NDArray[np.int64]:
    """Choose the frames that together show most of the board to all cameras.

    Parameters
    ----------
    observations : BoardObservations
    n : int
        Largest number of frames.
    keep : collection of int
        Positions on the frame axis that stay whatever they show, such as those of a board on the floor.

    Returns
    -------
    ndarray of int, shape (chosen,)
        Positions on the frame axis, increasing. Fewer than `n` when fewer frames hold a usable view.

    Raises
    ------
    ShapeError
        When `n` is not at least 1, `keep` has more than `n` frames, or one that there is not.
    """
    kept = np.unique(np.asarray(list(keep), dtype=np.int64))
    if n < max(1, len(kept)):
        raise ShapeError(f"{n} frames cannot be chosen with {len(kept)} to keep.", "Ask for more frames.")
    if len(kept) and (kept[0] < 0 or kept[-1] >= observations.n_frames):
        raise ShapeError(
            f"keep names frames outside 0 to {observations.n_frames - 1}.", "Give positions on the frame axis."
        )
    shows, weight = _what_frames_show(observations)
    useful = np.flatnonzero(np.diff(shows.indptr))
    if len(np.union1d(useful, kept)) <= n:
        return np.union1d(useful, kept)
    return np.sort(_greedy(shows, weight, n, kept))


def _greedy(shows: csr_matrix, weight: NDArray, n: int, kept: NDArray) -> NDArray[np.int64]:
    """Add the frame of most gain until there are `n`; gains only fall, so that old ones bound them from above."""
    total = np.zeros(shows.shape[1])
    chosen = list(kept)
    for frame in kept:
        columns, amounts = _row(shows, frame)
        total[columns] += amounts
    gains = shows.copy()
    gains.data = weight[shows.indices] * np.log1p(shows.data / (1 + total[shows.indices]))
    first = np.asarray(gains.sum(axis=1)).ravel()
    out = set(chosen)
    queue = [(-float(gain), frame) for frame, gain in enumerate(first) if gain > 0 and frame not in out]
    heapq.heapify(queue)
    while len(chosen) < n and queue:
        _, frame = heapq.heappop(queue)
        columns, amounts = _row(shows, frame)
        gain = float((weight[columns] * np.log1p(amounts / (1 + total[columns]))).sum())
        if queue and (-gain, frame) > queue[0]:
            heapq.heappush(queue, (-gain, frame))
            continue
        chosen.append(frame)
        total[columns] += amounts
    return np.array(chosen, dtype=np.int64)


def _row(matrix: csr_matrix, row: int) -> tuple[NDArray, NDArray]:
    place = slice(matrix.indptr[row], matrix.indptr[row + 1])
    return matrix.indices[place], matrix.data[place]


def _what_frames_show(observations: BoardObservations) -> tuple[csr_matrix, NDArray[np.float64]]:
    """Return amounts, shape (frame, thing), of all that frames can show, and the weight of each thing."""
    usable = usable_views(observations.seen, observations.board.corners_board)
    blocks, weights = [], []
    for camera in range(observations.n_cameras):
        frames = np.flatnonzero(usable[camera])
        pixels = observations.pixels[camera, frames]
        width, height = observations.image_sizes[camera]
        for things, weight in (
            (_cells(pixels, width, height), 1.0),
            (_poses(pixels, observations.board.corners_board), _VIEW_WEIGHT),
        ):
            rows, columns, amounts = things
            block = csr_matrix(
                (amounts, (frames[rows], columns)), shape=(observations.n_frames, int(columns.max(initial=-1)) + 1)
            )
            blocks.append(block)
            weights.append(np.full(block.shape[1], weight))
    blocks.append(_pairs(usable))
    weights.append(np.full(blocks[-1].shape[1], _PAIR_WEIGHT))
    return csr_matrix(hstack(blocks, format="csr")), np.concatenate(weights)


def _cells(pixels: NDArray, width: int, height: int) -> tuple[NDArray, NDArray, NDArray]:
    """Corners per cell of the image."""
    rows, corners = np.nonzero(np.isfinite(pixels[..., 0]))
    side = max(width, height) / _CELLS
    across = int(np.ceil(width / side))
    x, y = (np.clip(pixels[rows, corners] / side, 0, [across - 1, np.ceil(height / side) - 1])).astype(int).T
    return rows, y * across + x, np.full(len(rows), 1 / _CELL_CORNERS)


def _poses(pixels: NDArray, corners_board: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """The class of distance and slant of each view, from the affine map that carries the board into the image."""
    if not len(pixels):
        return (np.zeros(0, int),) * 3
    seen = np.isfinite(pixels[..., 0])
    share = seen / seen.sum(axis=1, keepdims=True)
    filled = np.where(seen[..., None], pixels, 0.0)
    image = np.where(seen[..., None], pixels - np.einsum("vc,vci->vi", share, filled)[:, None], 0.0)
    board = np.where(seen[..., None], corners_board - (share @ corners_board)[:, None], 0.0)
    # Objects with several faces too: their three coordinates, the least norm where the seen ones lie in a plane.
    normal = np.einsum("vci,vcj->vij", board, board)
    affine = np.einsum("vci,vcj->vij", image, board) @ np.linalg.pinv(normal, rcond=1e-9, hermitian=True)
    left, lengths, _ = np.linalg.svd(affine)
    distance = np.rint(np.log(np.maximum(lengths[:, 0], 1e-9)) / _SCALE_STEP).astype(int)
    shortening = 1 - lengths[:, 1] / np.maximum(lengths[:, 0], 1e-9)
    slant = np.digitize(shortening, _SLANTS)
    angle = np.arctan2(left[:, 1, 1], left[:, 0, 1]) % np.pi  # of the shortened direction in the image
    direction = np.where(slant > 0, (angle / np.pi * _DIRECTIONS).astype(int) % _DIRECTIONS, 0)
    classes = ((distance - distance.min()) * (len(_SLANTS) + 1) + slant) * _DIRECTIONS + direction
    return np.arange(len(pixels)), classes, np.ones(len(pixels))


def _pairs(usable: NDArray) -> csr_matrix:
    """Which pairs of cameras see the board in each frame."""
    first, second = np.triu_indices(len(usable), 1)
    return csr_matrix((usable[first] & usable[second]).T.astype(float))
