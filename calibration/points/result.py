"""From refined points to a rig: its size, its covariance, its world and its figures."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.points.dependence import groups_of_frames, groups_of_points, variance_ratio
from calibration.points.quality import PointQuality, check_points, point_metadata
from calibration.points.refinement import PointRefinement
from calibration.points.scale import covariance_with_size, size_sd
from calibration.points.size import KnownSizes, RigSize, check_wand_shape, size_of_rig
from calibration.points.start import robust_points
from calibration.points.timing import camera_lags, check_lags
from calibration.points.tracks import PointTracks
from calibration.scale import scaled_rig
from calibration.solve.bundle import lens_and_pose_covariance
from calibration.solve.bundle_system import N_CAMERA, N_LENS
from calibration.solve.gauge import WorldMotion, covariance_in_world
from calibration.world import Landmarks, WorldChoice, landmark_frame, rig_in_world
from calibration.world.anchor import volume_motion


@dataclass(frozen=True, eq=False)
class Solved:
    """What the refinement of points ended with.

    Attributes
    ----------
    rig : CameraRig
        In the frame of the refinement, of any size where no rigid object was in it.
    refinement : PointRefinement
    tracks : PointTracks
        The frames used, with names put right.
    frames : ndarray of int, shape (frame,)
        Their positions in what was given.
    exchanged : ndarray of bool, shape (camera, frame)
    lens_text : str
        Where the lenses come from.
    velocity : ndarray, shape (camera, frame, 2)
        `timing.body_velocity` at these frames.
    """

    rig: CameraRig
    refinement: PointRefinement
    tracks: PointTracks
    frames: NDArray
    exchanged: NDArray
    lens_text: str
    velocity: NDArray


@dataclass(frozen=True, eq=False)
class PointCalibration:
    """A rig calibrated from points, and what it rests on.

    Attributes
    ----------
    rig : CameraRig
        In metres, with the covariance of its cameras relative to the volume in which the points were, that of the
        scale included.
    points : ndarray, shape (frame, point, 3)
        Where the points were, in the world, m; NaN where fewer than two cameras agree.
    frames : ndarray of int, shape (frame,)
        Positions of these frames in the tracks.
    kept : ndarray of bool, shape (camera, frame, point)
        Observations that the answer rests on.
    exchanged : ndarray of bool, shape (camera, frame)
        Views whose ends, or sides, were taken for each other and put right.
    scale_sd : float
        Relative standard deviation of every length, in all.
    quality : PointQuality
    solved : Solved
    known : KnownSizes
    size : RigSize
    lag_frames, lag_sd_frames : ndarray, shape (camera,)
        `timing.camera_lags`.
    """

    rig: CameraRig
    points: NDArray
    frames: NDArray
    kept: NDArray
    exchanged: NDArray
    scale_sd: float
    quality: PointQuality
    solved: Solved
    known: KnownSizes
    size: RigSize
    lag_frames: NDArray
    lag_sd_frames: NDArray


def assembled(
    solved: Solved,
    known: KnownSizes,
    choice: WorldChoice,
    landmarks: Landmarks | None,
) -> PointCalibration:
    """Set the size, carry all uncertainty into the cameras' covariance, choose the world and judge.

    Raises
    ------
    CalibrationError, SolverError
        SCALE_UNKNOWN, SCALE_DISAGREES, LENGTH_NOT_RIGID, WAND_WRONG, CAMERA_NOT_SYNCHRONOUS; what `check_points` and
        `world.landmark_frame` refuse.
    """
    refinement, tracks, wand = solved.refinement, solved.tracks, known.wand
    kept = _kept(refinement, tracks)
    pixels = np.where(kept[..., None], tracks.pixels, np.nan)
    covariance = lens_and_pose_covariance(refinement.problem, refinement.state, refinement.sigma).camera
    n_frames = tracks.n_frames
    n_points = tracks.n_points if wand is None else 1
    ratio = variance_ratio(refinement, covariance, groups_of_frames(n_frames, n_points))
    if wand is None:
        ratio = max(ratio, variance_ratio(refinement, covariance, groups_of_points(n_frames, tracks.exchanged)))
    sigma = float(np.sqrt(np.mean(refinement.sigma**2)))
    whole = size_of_rig(solved.rig, ratio * covariance, pixels, known, sigma, tracks.point_names, ratio)
    size = whole.estimate
    rig = scaled_rig(solved.rig, size.factor)
    points = robust_points(rig, pixels)
    lags, lag_sds = camera_lags(pixels - rig.project(points), solved.velocity)
    check_lags(lags, lag_sds, rig.names)
    if wand is not None:
        check_wand_shape(rig, tracks, kept, wand, sigma, ratio)
    poses = np.stack([camera.cam_from_world for camera in rig])
    by_camera = None if wand is not None else _per_metre(size.by_camera, size.factor)
    covariance = _in_metres(ratio * covariance, size.factor)
    covariance = covariance_with_size(covariance, poses, size.relative_sd, by_camera)
    volume = points[np.isfinite(points).all(axis=2)]
    motion = volume_motion(rig, volume)
    still = WorldMotion(np.concatenate([motion.turn, motion.shift]), np.zeros((6, 6)))
    anchored = covariance_in_world(covariance, poses, still)
    sd = size_sd(rig, anchored, volume)
    quality = check_points(rig, anchored, refinement, tracks, kept, solved.exchanged, volume, ratio, sd)
    frame = landmark_frame(choice, rig, landmarks, covariance, volume)
    table = point_metadata(quality, tracks, known, whole, sd, solved.lens_text)
    table["lag_frames"] = " ".join(f"{lag:.3f}" for lag in lags)
    world_rig = rig_in_world(CameraRig(rig.cameras, table, anchored), frame)
    in_world = (points - frame.root_from_world[:3, 3]) @ frame.root_from_world[:3, :3]
    return PointCalibration(
        world_rig, in_world, solved.frames, kept, solved.exchanged, sd, quality, solved, known, whole, lags, lag_sds
    )


def _kept(refinement: PointRefinement, tracks: PointTracks) -> NDArray:
    views = refinement.every_view
    kept = np.zeros((tracks.n_cameras, views.n_bodies, refinement.kept.shape[1]), dtype=bool)
    kept[views.camera, views.body] = refinement.kept
    return kept.reshape(tracks.n_cameras, tracks.n_frames, tracks.n_points)


def _in_metres(covariance: NDArray, factor: float) -> NDArray:
    units = np.ones((len(covariance) // N_CAMERA, N_CAMERA))
    units[:, N_LENS + 3 :] = factor
    return covariance * units.reshape(-1)[:, None] * units.reshape(-1)


def _per_metre(by_camera: NDArray, factor: float) -> NDArray:
    rows = by_camera.reshape(-1, N_CAMERA).copy()
    rows[:, N_LENS + 3 :] /= factor
    return rows.reshape(-1)
