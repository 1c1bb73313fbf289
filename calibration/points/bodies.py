"""Points and wands as bodies of the joint refinement: their views, and where they stand at the start."""

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.points.start import robust_points
from calibration.points.tracks import PointTracks
from calibration.rigid import rigid
from calibration.solve.bundle_views import Views, board_views


def point_views(tracks: PointTracks, fisheye: NDArray, target: NDArray | None) -> Views:
    """Return the views of all points that two cameras saw.

    Parameters
    ----------
    tracks : PointTracks
    fisheye : ndarray of bool, shape (camera,)
    target : ndarray, shape (point, 3), optional
        The points are one rigid object, a body per frame. Without it each point of each frame is a body of its own,
        at `frame * n_points + point`.
    """
    pixels = np.where((tracks.seen.sum(axis=0) >= 2)[None, ..., None], tracks.pixels, np.nan)
    if target is None:
        return board_views(pixels.reshape(tracks.n_cameras, -1, 1, 2), fisheye, np.zeros((1, 3)))
    return board_views(pixels, fisheye, target)


def placed_bodies(rig: CameraRig, tracks: PointTracks, target: NDArray | None) -> NDArray:
    """Return world_from_body, shape (body, 4, 4), from triangulated points; the identity where nothing is known."""
    points = robust_points(rig, tracks.pixels)
    if target is None:
        return rigid(np.eye(3), np.where(np.isfinite(points), points, 0.0).reshape(-1, 3))
    return fitted_target(points, target)


def fitted_target(points: NDArray, target: NDArray) -> NDArray:
    """Return the rigid motions of a target onto points, shape (frame, 4, 4), by Kabsch's method.

    Parameters
    ----------
    points : ndarray, shape (frame, point, 3)
        NaN where not known; with one point or points on one line, what is open is left at any value.
    target : ndarray, shape (point, 3)
    """
    there = np.isfinite(points).all(axis=2)
    weight = there / np.maximum(there.sum(axis=1, keepdims=True), 1)
    safe = np.where(there[..., None], points, 0.0)
    middle, own = np.einsum("fp,fpi->fi", weight, safe), weight @ target
    off, own_off = safe - middle[:, None], target - own[:, None]
    left, _, right = np.linalg.svd(np.einsum("fp,fpi,fpj->fij", weight, off, own_off))
    sign = np.sign(np.linalg.det(left) * np.linalg.det(right))
    left = left * np.stack([np.ones_like(sign), np.ones_like(sign), sign], axis=1)[:, None, :]
    rotation = left @ right
    return rigid(rotation, middle - np.einsum("fij,fj->fi", rotation, own))


def body_freedom(views: Views, seen: NDArray) -> NDArray:
    """Return how many unknowns the corners of each body fix, shape (body,): 3 of one point, 5 of a line, 6 of more."""
    corners = np.zeros((views.n_bodies, seen.shape[1]), dtype=bool)
    np.logical_or.at(corners, views.body, seen)
    count = corners.sum(axis=1)
    spread = [np.linalg.svd(t - t.mean(axis=0), compute_uv=False) for t in views.targets]
    flat = np.array([len(s) < 2 or s[1] <= 1e-9 * max(s[0], 1e-300) for s in spread])
    most = np.where(flat[views.body_target], 5, 6)
    return np.where(count == 0, 0, np.where(count == 1, 3, np.minimum(most, 5 + (count > 2))))


def supported(views: Views, seen: NDArray) -> NDArray:
    """Drop corners, shape (view, corner), that only one camera still shows."""
    count = np.zeros((views.n_bodies, seen.shape[1]), dtype=int)
    np.add.at(count, views.body, seen)
    return np.asarray(seen & (count >= 2)[views.body])
