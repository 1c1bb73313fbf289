"""The start of the joint refinement: where the board stood in every frame."""

import numpy as np
from numpy.typing import NDArray

from calibration.rigid import inverse
from calibration.solve.bundle_system import BundleState, Views, squared_errors

_SOURCES = 3  # cameras per frame whose poses of the board are tried
_ERROR_CAP_PX = 200.0


def place_boards(lenses: NDArray, cam_from_world: NDArray, candidates: NDArray, views: Views) -> BundleState:
    """Choose, frame by frame, the pose of the board that all cameras agree on best.

    Parameters
    ----------
    lenses : ndarray, shape (camera, 12)
    cam_from_world : ndarray, shape (camera, 4, 4)
    candidates : ndarray, shape (camera, frame, 2, 4, 4)
        cam_from_board, NaN where there is none; every frame has at least one.
    views : Views
        Of one target; a body is a frame.

    Returns
    -------
    BundleState
    """
    n_cameras, n_frames = candidates.shape[:2]
    world_from_board = inverse(cam_from_world)[:, None, None] @ candidates
    n_corners = np.zeros((n_cameras, n_frames))
    n_corners[views.camera, views.body] = views.seen.sum(axis=1)
    n_corners[~np.isfinite(candidates[:, :, 0, 0, 0])] = -1
    order = np.argsort(-n_corners, axis=0, kind="stable")[: min(_SOURCES, n_cameras)]
    best = np.full(n_frames, np.inf)
    chosen = np.zeros((n_frames, 4, 4))
    frames = np.arange(n_frames)
    for source in order:
        for choice in (0, 1):
            trial = world_from_board[source, frames, choice]
            there = np.isfinite(trial[:, 0, 0])
            safe = np.where(there[:, None, None], trial, np.eye(4))
            errors = _body_errors(BundleState(lenses, cam_from_world, safe), views)
            better = there & (errors < best)
            chosen[better], best[better] = safe[better], errors[better]
    return BundleState(lenses, cam_from_world, chosen)


def _body_errors(state: BundleState, views: Views) -> NDArray:
    """Sum of capped corner errors per body, px."""
    lengths = np.minimum(np.sqrt(squared_errors(state, views)), _ERROR_CAP_PX)
    return np.bincount(views.body, lengths.sum(axis=1), minlength=views.n_bodies)
