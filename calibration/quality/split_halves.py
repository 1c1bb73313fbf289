"""Would another recording give the same cameras? Two calibrations of one recording, each from every other frame.

How far they differ is held against what their stated covariances say. A ratio near 1 means that the stated
uncertainty is true; well above 1 that the errors of the corners are not independent noise (timing, a bent board),
and that every stated uncertainty should be read that many times larger.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.observations import BoardObservations
from calibration.quality.figures import aligning
from calibration.quality.refits import Refit, refit, refit_bodies
from calibration.result import Calibration
from calibration.rigid import inverse, rotvec
from calibration.solve.bundle import BundleProblem
from calibration.solve.bundle_system import N_CAMERA, N_LENS
from calibration.solve.gauge import WorldMotion, covariance_in_world
from calibration.triangulation import triangulate
from calibration.world.anchor import VolumeMotion, volume_motion

_POSE = slice(N_LENS, N_CAMERA)


@dataclass(frozen=True, eq=False)
class SplitHalves:
    """How well a calibration repeats.

    Attributes
    ----------
    position_mm, rotation_deg : ndarray, shape (camera,)
        Standard deviation of the full calibration as the two halves show it: half of their difference, of position
        (all three axes together) and rotation, relative to the volume in which the board was shown.
    focal_px : ndarray, shape (camera,)
        The same of the mean of fx and fy.
    stated_position_mm, stated_rotation_deg : ndarray, shape (camera,)
        What the covariances of the halves promise for the same figures.
    ratio : ndarray, shape (camera,)
        Difference of the poses over what is promised, root mean square over six coordinates.
    reason : str
        In words why the halves could not be compared; then the figures are NaN.
    """

    position_mm: NDArray
    rotation_deg: NDArray
    focal_px: NDArray
    stated_position_mm: NDArray
    stated_rotation_deg: NDArray
    ratio: NDArray
    reason: str = ""

    @property
    def whole_ratio(self) -> float:
        """Root mean square of the ratios of all cameras."""
        known = self.ratio[np.isfinite(self.ratio)]
        return float(np.sqrt(np.mean(known**2))) if len(known) else float("nan")


def split_halves(calibration: Calibration, observations: BoardObservations) -> SplitHalves:
    """Compare two calibrations, each from every other frame.

    Parameters
    ----------
    calibration : Calibration
    observations : BoardObservations
        Those that it was made from.
    """
    if len(calibration.rig) < 2:
        return _nothing(1, "a single camera has no place among others")
    bodies, halves = refit_bodies(calibration), []
    for start in (0, 1):
        half = refit(calibration, observations, bodies[start::2])
        if isinstance(half, str):
            return _nothing(len(calibration.rig), half)
        halves.append(half)
    points = board_middles(calibration, observations)
    poses = [in_volume(half.rig, calibration.rig, points) for half in halves]
    off = np.zeros((len(calibration.rig), N_CAMERA))
    for row, one, other in zip(off, *(list(rig) for rig in poses), strict=True):
        row[:4] = (one.matrix - other.matrix)[[0, 1, 0, 1], [0, 1, 2, 2]]
        step = one.cam_from_world @ inverse(other.cam_from_world)
        row[_POSE] = np.concatenate([rotvec(step), step[:3, 3]])
    try:
        still = _still_volume(calibration, points)
        variance = sum(_sampling_covariance(half, still) for half in halves)
    except np.linalg.LinAlgError:
        return _nothing(len(calibration.rig), "half of the frames alone do not fix the cameras")
    # Of very long footage the halves hold a part of the frames; all of them know the cameras that much better.
    share = len(bodies) / int(calibration.refinement.placed.sum())
    honest = np.asarray(variance) * _larger(calibration, still)
    return _compared(off, honest, np.sqrt(share))


def board_middles(calibration: Calibration, observations: BoardObservations) -> NDArray:
    """Return where the middle of the board was, shape (frame, 3), in the world, in the frames that were used."""
    corners = observations.board.corners_board
    middle = 0.5 * (corners.min(axis=0) + corners.max(axis=0))
    poses = calibration.world_from_board[np.isfinite(calibration.world_from_board[:, 0, 0])]
    return poses[:, :3, :3] @ middle + poses[:, :3, 3]


def in_volume(rig: CameraRig, full: CameraRig, points: NDArray) -> CameraRig:
    """Return a rig moved so that it measures the volume where the full calibration does."""
    pixels = full.project(points)
    for camera, view in zip(full, pixels, strict=True):
        with np.errstate(invalid="ignore"):
            view[~((view >= -0.5) & (view <= np.array(camera.size) - 0.5)).all(axis=-1)] = np.nan
    found = triangulate(rig, pixels)
    good = np.isfinite(found).all(axis=1)
    if good.sum() < 4:
        return rig
    return moved_rig(rig, aligning(points[good], found[good]))


def moved_rig(rig: CameraRig, old_from_new: NDArray) -> CameraRig:
    """Return a rig told in another world, without its metadata and covariance."""
    return CameraRig(tuple(replace(camera, cam_from_world=camera.cam_from_world @ old_from_new) for camera in rig))


def _sampling_covariance(half: Refit, still: WorldMotion) -> NDArray:
    """Covariance, shape (camera, 18, camera, 18), of what the noise of the corners alone does to a half.

    Priors pull both halves the same way: what they add to the certainty is no part of the difference.
    """
    stated = half.covariance().camera
    sampling = stated - stated @ _prior_precision(half.problem) @ stated
    return covariance_in_world(sampling, half.state.cam_from_world, still)


def _still_volume(calibration: Calibration, points: NDArray) -> WorldMotion:
    """How the volume in which the board was moves with the cameras: what is told against it does not."""
    root_from_world = calibration.world.root_from_world
    root_rig = moved_rig(calibration.rig, inverse(root_from_world))
    motion: VolumeMotion = volume_motion(root_rig, points @ root_from_world[:3, :3].T + root_from_world[:3, 3])
    return WorldMotion(np.concatenate([motion.turn, motion.shift]), np.zeros((6, 6)))


def _larger(calibration: Calibration, still: WorldMotion) -> NDArray | float:
    """By how much variances are larger than independent noise leaves them, shape (camera, 18, camera, 18)."""
    both = calibration.camera_covariance, calibration.independent_covariance
    if np.array_equal(*both):
        return 1.0
    cam_from_root = calibration.refinement.state.cam_from_world
    told = [covariance_in_world(covariance, cam_from_root, still) for covariance in both]
    root = [np.sqrt(np.maximum(np.einsum("cici->ci", own), 0.0)) for own in told]
    grown = np.where(root[1] > 0, root[0] / np.where(root[1] > 0, root[1], 1.0), 1.0)
    return np.asarray(grown[:, :, None, None] * grown)


def _prior_precision(problem: BundleProblem) -> NDArray:
    prior, n_cameras = problem.prior, len(problem.free)
    blocks = np.zeros((n_cameras, N_CAMERA, n_cameras, N_CAMERA))
    camera, lens = np.arange(n_cameras)[:, None], np.arange(N_LENS)
    blocks[camera, lens, camera, lens] = prior.precision
    for one, other, sign in ((0, 0, 1), (1, 1, 1), (0, 1, -1), (1, 0, -1)):
        blocks[camera[:, 0], one, camera[:, 0], other] += sign * prior.aspect_precision
    return blocks.reshape(n_cameras * N_CAMERA, -1)


def _compared(off: NDArray, variance: NDArray, shrink: float) -> SplitHalves:
    """Halves from the difference (camera, 18) of two fits and its covariance; sizes are `shrink` of their halves."""
    n_cameras = len(off)
    own = variance[np.arange(n_cameras), :, np.arange(n_cameras)]  # (camera, 18, 18)
    squares = np.maximum(np.diagonal(own, axis1=1, axis2=2), 0.0)
    sums = [shrink * np.sqrt(squares[:, part].sum(axis=1)) / 2 for part in (slice(12, 15), slice(15, 18))]
    sizes = [shrink * np.linalg.norm(off[:, part], axis=1) / 2 for part in (slice(12, 15), slice(15, 18))]
    pose = squares[:, _POSE]
    known = pose > 0
    units = np.where(known, off[:, _POSE] ** 2, 0.0) / np.where(known, pose, 1.0)
    ratio = np.sqrt(np.where(known.any(axis=1), units.sum(axis=1) / np.maximum(known.sum(axis=1), 1), np.nan))
    return SplitHalves(
        1e3 * sizes[1], np.rad2deg(sizes[0]), shrink * np.abs(off[:, :2].mean(axis=1)) / 2, 1e3 * sums[1],
        np.rad2deg(sums[0]), ratio,
    )  # fmt: skip


def _nothing(n_cameras: int, reason: str) -> SplitHalves:
    none = np.full(n_cameras, np.nan)
    return SplitHalves(none, none, none, none, none, none, reason)
