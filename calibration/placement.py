"""The start of the joint refinement: where the board stood in every frame, and which views to leave out."""

import numpy as np
from numpy.typing import NDArray

from calibration.bundle_system import BundleState, CameraViews, project_views
from calibration.rigid import inverse

_SOURCES = 3  # cameras per frame whose poses of the board are tried
_ERROR_CAP_PX = 200.0


def place_boards(
    lenses: NDArray,
    cam_from_world: NDArray,
    candidates: NDArray,
    views: list[CameraViews],
    corners_board: NDArray,
) -> BundleState:
    """Choose, frame by frame, the pose of the board that all cameras agree on best.

    Parameters
    ----------
    lenses : ndarray, shape (camera, 12)
    cam_from_world : ndarray, shape (camera, 4, 4)
    candidates : ndarray, shape (camera, frame, 2, 4, 4)
        cam_from_board, NaN where there is none; every frame has at least one.
    views : list of CameraViews
    corners_board : ndarray, shape (corner, 3)

    Returns
    -------
    BundleState
    """
    n_cameras, n_frames = candidates.shape[:2]
    world_from_board = inverse(cam_from_world)[:, None, None] @ candidates
    n_corners = np.zeros((n_cameras, n_frames))
    for camera, view in enumerate(views):
        n_corners[camera, view.frames] = view.seen.sum(axis=1)
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
            errors = _frame_errors(BundleState(lenses, cam_from_world, safe), views, corners_board)
            better = there & (errors < best)
            chosen[better], best[better] = safe[better], errors[better]
    return BundleState(lenses, cam_from_world, chosen)


def _frame_errors(state: BundleState, views: list[CameraViews], corners_board: NDArray) -> NDArray:
    """Sum of capped corner errors per frame, px."""
    errors = np.zeros(len(state.world_from_board))
    for camera, view in enumerate(views):
        residuals, _ = project_views(state, camera, view, corners_board)
        lengths = np.minimum(np.hypot(residuals[..., 0], residuals[..., 1]), _ERROR_CAP_PX)
        errors[view.frames] += lengths.sum(axis=1)
    return errors


def view_rms(state: BundleState, views: list[CameraViews], corners_board: NDArray) -> list[NDArray]:
    """Return, per camera, the RMS corner error (view,) in px; infinite behind the camera."""
    answer = []
    for camera, view in enumerate(views):
        residuals, _ = project_views(state, camera, view, corners_board)
        answer.append(np.sqrt((residuals**2).sum(axis=(1, 2)) / np.maximum(view.seen.sum(axis=1), 1)))
    return answer
