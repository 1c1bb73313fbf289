"""Residuals of every corner of every view with their derivatives, corner by corner, in plain numpy.

The joint refinement sums these in compiled loops and keeps no single one; what asks about a view (was it late? is
the board bent?) needs them. Conventions as in `bundle_system`: a residual is model minus pixel.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera
from calibration.lens import distort
from calibration.solve.bundle_system import N_BODY, N_CAMERA, lens_coefficients
from calibration.solve.bundle_views import BundleState, Views
from calibration.solve.propagation import camera_jacobian

_NEAR_M = 1e-6


@dataclass(frozen=True, eq=False)
class ViewMisses:
    """What the model of a state is off, and how it moves with the points of the bodies; 0 where not seen.

    Attributes
    ----------
    miss : ndarray, shape (view, corner, 2)
        Model minus pixel, px.
    by_point : ndarray, shape (view, corner, 2, 3)
        d pixel / d corner in the frame of its body, px/m.
    """

    miss: NDArray
    by_point: NDArray


def view_misses(state: BundleState, views: Views) -> ViewMisses:
    """Project all corners; one that is not in front of its camera counts as not seen."""
    miss = np.zeros(views.pixels.shape)
    by_point = np.zeros((*views.pixels.shape, 3))
    for camera in range(views.n_cameras):
        rows = np.flatnonzero(views.camera == camera)
        lens, fisheye = state.lenses[camera], bool(views.fisheye[camera])
        cam_from_body = state.cam_from_world[camera] @ state.world_from_board[views.body[rows]]
        points_cam = points_of_views(views, rows) @ cam_from_body[:, :3, :3].swapaxes(1, 2)
        points_cam = points_cam + cam_from_body[:, None, :3, 3]
        seen = views.seen[rows]
        seen = seen & (points_cam[..., 2] > _NEAR_M)
        depth = np.where(seen, points_cam[..., 2], 1.0)[..., None]
        normalised = np.where(seen[..., None], points_cam[..., :2], 0.0) / depth
        bent, by_normalised = distort(normalised, lens_coefficients(lens, fisheye), fisheye)
        miss[rows] = np.where(seen[..., None], bent * lens[:2] + lens[2:4] - views.pixels[rows], 0.0)
        by_cam = np.empty((*normalised.shape, 3))
        by_cam[..., :2] = by_normalised * (lens[:2, None] / depth[..., None])
        by_cam[..., 2] = -(by_cam[..., :2] @ normalised[..., None])[..., 0]
        by_point[rows] = (by_cam @ cam_from_body[:, None, :3, :3]) * seen[..., None, None]
    return ViewMisses(miss, by_point)


def points_of_views(views: Views, rows: NDArray) -> NDArray:
    """Return the corners of some views in the frames of their bodies, shape (row, corner, 3)."""
    return np.asarray(views.targets[views.body_target[views.body[rows]]])


def by_body(views: Views, misses: ViewMisses) -> NDArray:
    """Return d pixel / d small motion (turn, shift) of the body in its own frame, shape (view, corner, 2, 6)."""
    points = points_of_views(views, np.arange(len(views.camera)))
    answer = np.empty((*misses.miss.shape, N_BODY))
    # A turn w moves the point p by w x p, and d . (w x p) = w . (p x d).
    answer[..., :3] = np.cross(points[:, :, None], misses.by_point)
    answer[..., 3:] = misses.by_point
    return answer


def by_camera(state: BundleState, views: Views, camera: int) -> tuple[NDArray, NDArray]:
    """Return d pixel / d all parameters of one camera.

    Returns
    -------
    rows : ndarray of int, shape (row,)
        Its views.
    jacobian : ndarray, shape (row, corner, 2, 18)
        0 where not seen.
    """
    rows = np.flatnonzero(views.camera == camera)
    bodies = state.world_from_board[views.body[rows]]
    points_world = points_of_views(views, rows) @ bodies[:, :3, :3].swapaxes(1, 2) + bodies[:, None, :3, 3]
    lens, fisheye = state.lenses[camera], bool(views.fisheye[camera])
    matrix = np.array([[lens[0], 0, lens[2]], [0, lens[1], lens[3]], [0, 0, 1.0]])
    own = Camera("camera", (1, 1), matrix, lens_coefficients(lens, fisheye), state.cam_from_world[camera], fisheye)
    seen = views.seen[rows]
    jacobian = np.zeros((*seen.shape, 2, N_CAMERA))
    jacobian[seen], _ = camera_jacobian(own, points_world[seen])
    return rows, jacobian
