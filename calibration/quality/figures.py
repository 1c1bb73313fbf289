"""How good a calibration is, in pixels and in millimetres.

A small reprojection error proves little: position, rotation and focal length trade against each other. Distances
between corners of a board that the calibration has not seen, and against a synthetic truth the error of points
in the capture volume, are the honest figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.boards.targets import Target
from calibration.camera import CameraRig
from calibration.errors import ShapeError
from calibration.observations import BoardObservations
from calibration.rigid import apply, rigid
from calibration.triangulation import triangulate

_BLOCK_CORNERS = 200_000


@dataclass(frozen=True)
class BoardScore:
    """What a rig makes of a board: nothing is left out as an outlier.

    Attributes
    ----------
    distance_rmse_mm : float
        Of the distances between neighbouring corners (one square apart, along rows and columns).
    distance_bias_mm : float
        Mean error of these distances; positive is too long.
    all_pairs_rmse_mm : float
        The same over every pair of corners.
    reprojection_median_px, reprojection_rms_px : float
        Distance between seen corners and the triangulated ones.
    n_pairs : int
        Neighbouring pairs scored.
    share_counted : float
        Corners triangulated, of those seen by two cameras or more.
    """

    distance_rmse_mm: float
    distance_bias_mm: float
    all_pairs_rmse_mm: float
    reprojection_median_px: float
    reprojection_rms_px: float
    n_pairs: int
    share_counted: float


def score_board(rig: CameraRig, observations: BoardObservations) -> BoardScore:
    """Triangulate every corner that two cameras saw and hold the distances between them against the board.

    Parameters
    ----------
    rig : CameraRig
        Its cameras are found by name among those of `observations`.
    observations : BoardObservations
        Best those that the calibration has not used.

    Returns
    -------
    BoardScore
        NaN where no corner was seen by two cameras.
    """
    return score_and_lengths(rig, observations)[0]


def score_and_lengths(rig: CameraRig, observations: BoardObservations) -> tuple[BoardScore, "LengthErrors"]:
    """Return what `score_board` does, and every distance between neighbouring corners with its place."""
    seen_by, board = observations.subset_cameras(rig.names), observations.board
    # Memory stays bounded however long the footage is.
    step = max(_BLOCK_CORNERS // (len(rig) * board.n_corners), 1)
    starts = range(0, seen_by.n_frames, step)
    blocks = [_score_block(rig, seen_by.pixels[:, i : i + step], board) for i in starts]
    lengths = joined_lengths([block.lengths for block in blocks], starts)
    errors_px = np.concatenate([np.empty(0), *(block.errors_px for block in blocks)])
    n_every, possible = sum(block.n_every for block in blocks), sum(block.possible for block in blocks)
    every = np.sqrt(sum(block.every_squares for block in blocks) / n_every) if n_every else np.nan
    score = BoardScore(
        1e3 * _rms(lengths.error), 1e3 * _mean(lengths.error), 1e3 * float(every),
        float(np.median(errors_px)) if len(errors_px) else np.nan, _rms(errors_px),
        len(lengths.error), sum(block.counted for block in blocks) / possible if possible else np.nan,
    )  # fmt: skip
    return score, lengths


@dataclass(frozen=True, eq=False)
class LengthErrors:
    """Distances between neighbouring corners of a board, as cameras measure them, against the board.

    Attributes
    ----------
    middle_world : ndarray, shape (pair, 3)
        Between the two corners, m.
    error : ndarray, shape (pair,)
        Measured minus true, m; positive is too long.
    frame : ndarray of int, shape (pair,)
        Position on the frame axis of the observations.
    """

    middle_world: NDArray
    error: NDArray
    frame: NDArray


def joined_lengths(parts: Sequence[LengthErrors], first_frames: Sequence[int]) -> LengthErrors:
    """Put lengths together; the frames of each part count on from `first_frames`."""
    return LengthErrors(
        np.concatenate([np.empty((0, 3)), *(part.middle_world for part in parts)]),
        np.concatenate([np.empty(0), *(part.error for part in parts)]),
        np.concatenate(
            [np.empty(0, np.int64), *(part.frame + first for part, first in zip(parts, first_frames, strict=True))]
        ),
    )


@dataclass(frozen=True, eq=False)
class _Block:
    """What some frames add to the score: errors in px and m, and of all pairs sum of squares and number."""

    errors_px: NDArray
    lengths: LengthErrors
    every_squares: float
    n_every: int
    possible: int
    counted: int


def _score_block(rig: CameraRig, pixels: NDArray, board: Target) -> _Block:
    shared = np.isfinite(pixels[..., 0]).sum(axis=0) >= 2
    corners_world = np.full((*shared.shape, 3), np.nan)
    corners_world[shared] = triangulate(rig, pixels[:, shared])
    misses = pixels[:, shared] - rig.project(corners_world[shared])
    errors_px = np.hypot(misses[..., 0], misses[..., 1])
    every = _distance_errors(corners_world, board, np.triu_indices(board.n_corners, 1)).error
    return _Block(
        errors_px[np.isfinite(errors_px)], _distance_errors(corners_world, board, neighbour_pairs(board)),
        float((every**2).sum()), len(every), int(shared.sum()), int(np.isfinite(corners_world[..., 0]).sum()),
    )  # fmt: skip


def neighbour_pairs(board: Target) -> tuple[NDArray, NDArray]:
    """Return the ids, shape (pair,) each, of corners next to each other: on a board one square apart.

    As the board says itself (`neighbours`: first ids, second ids and distances). Of a target that does not, the pairs
    within a face that are no farther apart than a tenth beyond the nearest neighbour of either.
    """
    stated = getattr(board, "neighbours", None)
    if stated is None:
        return _nearest_pairs(board.corners_board, board.faces)
    return np.asarray(stated[0], np.int64), np.asarray(stated[1], np.int64)


def _nearest_pairs(corners_board: NDArray, faces: tuple[NDArray, ...]) -> tuple[NDArray, NDArray]:
    pairs = set()
    for face in faces:
        apart = np.linalg.norm(corners_board[face][:, None] - corners_board[face], axis=-1)
        np.fill_diagonal(apart, np.inf)
        nearest = apart.min(axis=1)
        first, second = np.nonzero(apart <= 1.1 * np.minimum(nearest, nearest[:, None]))
        pairs |= {(int(face[i]), int(face[j])) for i, j in zip(first, second, strict=True) if i < j}
    ordered = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    return ordered[:, 0], ordered[:, 1]


def _distance_errors(corners_world: NDArray, board: Target, pairs: tuple[NDArray, NDArray]) -> LengthErrors:
    first, second = pairs
    ends = corners_world[:, first], corners_world[:, second]
    errors = np.linalg.norm(ends[0] - ends[1], axis=-1)
    errors -= np.linalg.norm(board.corners_board[first] - board.corners_board[second], axis=-1)
    known = np.isfinite(errors)
    return LengthErrors(0.5 * (ends[0][known] + ends[1][known]), errors[known], np.nonzero(known)[0])


def _rms(values: NDArray) -> float:
    return float(np.sqrt(np.mean(values**2))) if len(values) else float("nan")


def _mean(values: NDArray) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def volume_error(
    rig_estimated: CameraRig, rig_true: CameraRig, points_world: NDArray, align: bool = True
) -> float:
    """Return the RMS error, in m, of points triangulated from noise-free pixels with the estimated cameras.

    Parameters
    ----------
    rig_estimated, rig_true : CameraRig
        Cameras are matched by name.
    points_world : ndarray, shape (point, 3)
        Points that fill the capture volume, in the true world; a point is used where two cameras see it inside
        their image.
    align : bool
        Remove the rigid motion between the two worlds first; without it the choice of the world counts too.

    Raises
    ------
    ShapeError
        When no camera pair sees 3 of the points.
    """
    rig_true = rig_true.subset(rig_estimated.names)
    points_world = np.asarray(points_world, float).reshape(-1, 3)
    pixels = rig_true.project(points_world)
    for camera, view in zip(rig_true, pixels, strict=True):
        with np.errstate(invalid="ignore"):
            view[~((view >= -0.5) & (view <= np.array(camera.size) - 0.5)).all(axis=-1)] = np.nan
    found = triangulate(rig_estimated, pixels)
    good = np.isfinite(found).all(axis=-1)
    if good.sum() < 3:
        raise ShapeError(
            f"Only {int(good.sum())} of {len(points_world)} points are in view of two cameras.",
            "Give points inside the capture volume of the rig.",
        )
    found, wanted = found[good], points_world[good]
    if align:
        found = apply(aligning(found, wanted), found)
    return float(np.sqrt(((found - wanted) ** 2).sum(axis=1).mean()))


def aligning(points_a: NDArray, points_b: NDArray) -> NDArray:
    """Return b_from_a, shape (4, 4), the rigid motion that brings points a (point, 3) closest to points b.

    Source: Kabsch, "A solution for the best rotation to relate two sets of vectors", 1976.
    """
    mean_a, mean_b = points_a.mean(axis=0), points_b.mean(axis=0)
    u, _, vt = np.linalg.svd((points_b - mean_b).T @ (points_a - mean_a))
    rotation = u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))]) @ vt
    return rigid(rotation, mean_b - rotation @ mean_a)
