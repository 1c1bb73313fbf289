"""Landmarks in space from their pixels, with the covariance that pixels and cameras leave them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.errors import CalibrationError
from calibration.rigid import rigid
from calibration.solve.bundle_system import N_CAMERA, N_LENS, BundleState, board_views, normal_equations, squared_errors
from calibration.triangulation import triangulate
from calibration.world.fit import inflation
from calibration.world.landmarks import Landmarks

_STEPS = 3
_WORST_PX = 10.0
_WORST_SIGMAS = 10.0


@dataclass(frozen=True, eq=False)
class PointEstimates:
    """Points measured by a rig.

    Attributes
    ----------
    points : ndarray, shape (point, 3)
        In the frame of the rig, m; NaN with fewer than two cameras.
    alone : ndarray, shape (point, 3, 3)
        Covariance of each were the cameras known, m².
    by_camera : ndarray, shape (point, 3, n)
        How the points follow the camera parameters.
    chi2, freedom : float, int
        Of the reprojection errors against the stated noise.
    """

    points: NDArray
    alone: NDArray
    by_camera: NDArray
    chi2: float = 0.0
    freedom: int = 0

    def covariance(self, camera_covariance: NDArray | None, rows: NDArray | None = None) -> NDArray:
        """Return the covariance, shape (point * 3, point * 3) in m², of all or the chosen points together.

        Parameters
        ----------
        camera_covariance : ndarray, shape (n, n), or (camera, 18, camera, 18), optional
            Cameras count as known without it.
        rows : ndarray of int, optional
        """
        rows = np.arange(len(self.points)) if rows is None else rows
        answer = np.zeros((3 * len(rows), 3 * len(rows)))
        if camera_covariance is not None:
            follow = self.by_camera[rows].reshape(3 * len(rows), -1)
            answer += follow @ camera_covariance.reshape(follow.shape[1], -1) @ follow.T
        for place, row in enumerate(rows):
            answer[3 * place : 3 * place + 3, 3 * place : 3 * place + 3] += self.alone[row]
        return answer


def rig_lenses(rig: CameraRig) -> NDArray:
    """Return the lens vectors, shape (camera, 12), of a rig."""
    lenses = np.zeros((len(rig), N_LENS))
    for row, camera in zip(lenses, rig, strict=True):
        row[:4] = camera.matrix[[0, 1, 0, 1], [0, 1, 2, 2]]
        row[4 : 4 + len(camera.distortion)] = camera.distortion
    return lenses


def estimate_points(rig: CameraRig, pixels: NDArray, sigma_px: float) -> PointEstimates:
    """Triangulate points by maximum likelihood and say how uncertain they are.

    Parameters
    ----------
    rig : CameraRig
    pixels : ndarray, shape (camera, point, 2)
        NaN where not seen.
    sigma_px : float
        Noise of one coordinate. Where the reprojection errors contradict it, theirs is used (`inflation`).
    """
    points = triangulate(rig, pixels)
    found = np.isfinite(points).all(axis=1)
    views = board_views(
        np.where(found[:, None], pixels, np.nan)[:, :, None], np.array([c.fisheye for c in rig]), np.zeros((1, 3))
    )
    poses = np.stack([camera.cam_from_world for camera in rig])
    state = BundleState(rig_lenses(rig), poses, rigid(np.eye(3), np.where(found[:, None], points, 0.0)))
    sigma = np.full(len(rig), sigma_px)
    for _ in range(_STEPS):
        system = normal_equations(state, views, sigma)
        alone = np.zeros((len(points), 3, 3))
        alone[found] = np.linalg.inv(system.body[found, 3:, 3:])
        moved = state.world_from_board[:, :3, 3] - np.einsum("pij,pj->pi", alone, system.body_gradient[:, 3:])
        state = BundleState(state.lenses, poses, rigid(np.eye(3), moved))
    by_camera = np.zeros((len(points), 3, len(rig), N_CAMERA))
    by_camera[views.body, :, views.camera] = -alone[views.body] @ system.coupling[:, :, 3:].swapaxes(1, 2)
    chi2 = float(squared_errors(state, views)[views.seen].sum() / sigma_px**2)
    freedom = int(2 * views.seen.sum() - 3 * found.sum())
    moved = np.where(found[:, None], moved, np.nan)
    grow = inflation(chi2, freedom) ** 2
    return PointEstimates(moved, alone * grow, by_camera.reshape(len(points), 3, -1), chi2, freedom)


def landmark_points(rig: CameraRig, landmarks: Landmarks, dispensable: bool = False) -> PointEstimates:
    """Return where the landmarks are in the frame of a rig: from their pixels, or as given.

    Parameters
    ----------
    rig : CameraRig
    landmarks : Landmarks
    dispensable : bool
        Whether landmarks that no two cameras place are left out (NaN), but for origin and heading.

    Raises
    ------
    CalibrationError
        LANDMARK_NOT_SEEN, naming those that fewer than two cameras see, LANDMARK_PIXELS those whose pixels do not
        belong to one point.
    """
    measured = estimate_points(rig, landmarks.pixels, landmarks.sigma_px)
    given = np.isfinite(landmarks.position).all(axis=1)
    lost = ~(given | np.isfinite(measured.points).all(axis=1))
    needed = [not dispensable or name in (landmarks.origin, landmarks.heading) for name in landmarks.names]
    if (lost & needed).any():
        counts = np.isfinite(landmarks.pixels[..., 0]).sum(axis=0)
        named = ", ".join(f"{landmarks.names[i]} ({counts[i]} cameras)" for i in np.flatnonzero(lost & needed))
        raise CalibrationError(
            f"Landmarks that no two cameras place: {named}.",
            "Give pixels of two cameras or more, which look from different sides.",
            code="LANDMARK_NOT_SEEN",
        )
    _check_pixels(rig, landmarks, measured.points)
    alone = np.where(given[:, None, None], landmarks.position_sd_m[:, None, None] ** 2 * np.eye(3), measured.alone)
    return PointEstimates(
        np.where(given[:, None], landmarks.position, measured.points), alone,
        np.where(given[:, None, None], 0.0, measured.by_camera), measured.chi2, measured.freedom,
    )  # fmt: skip


def _check_pixels(rig: CameraRig, landmarks: Landmarks, points: NDArray) -> None:
    misses = np.linalg.norm(rig.project(points) - landmarks.pixels, axis=2)
    limit = max(_WORST_PX, _WORST_SIGMAS * landmarks.sigma_px)
    if not (misses > limit).any():  # NaN is not
        return
    camera, point = np.unravel_index(np.nanargmax(misses), misses.shape)
    raise CalibrationError(
        f"The pixels of landmark '{landmarks.names[point]}' do not belong to one point: {misses[camera, point]:.0f} px "
        f"off in '{rig.names[camera]}' (limit {limit:.0f}).",
        "Check the name and the pixels of this landmark in every camera.",
        code="LANDMARK_PIXELS",
    )
