"""Calibration without a board: a wand, or a person's own keypoints and one known length, in; a rig out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import one_blas_thread
from calibration.bundle import BundleProblem, lens_and_pose_covariance
from calibration.bundle_system import N_CAMERA, N_LENS, BundleState
from calibration.camera import CameraRig
from calibration.errors import CalibrationError
from calibration.gauge import WorldMotion, covariance_in_world
from calibration.point_bodies import placed_bodies, point_views
from calibration.point_labels import middle_of, sorted_along, untangled
from calibration.point_lenses import LensStart, guessed_lenses, known_lenses, rig_of_state
from calibration.point_quality import PointQuality, check_points, point_metadata
from calibration.point_refinement import PointRefinement, refine_points
from calibration.point_scale import SizeEstimate, covariance_with_size, size_from_length, size_sd
from calibration.point_start import place_from_points, robust_points
from calibration.point_tracks import KnownLength, PointTracks
from calibration.rigid import rigid
from calibration.scale import ScaleEstimate, check_scale, combine_scale, scaled_rig
from calibration.wand import Wand
from calibration.world import Landmarks, WorldChoice, landmark_frame, parse_world, rig_in_world
from calibration.world.anchor import volume_motion
from calibration.world.estimates import rig_lenses

__all__ = ["PointCalibration", "calibrate_from_person", "calibrate_from_wand"]

WAND_FRAMES = 600
PERSON_FRAMES = 250


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
    """

    rig: CameraRig
    points: NDArray
    frames: NDArray
    kept: NDArray
    exchanged: NDArray
    scale_sd: float
    quality: PointQuality


def calibrate_from_wand(
    tracks: PointTracks,
    wand: Wand,
    lenses: CameraRig | None = None,
    world: str | None = None,
    landmarks: Landmarks | None = None,
    max_frames: int = WAND_FRAMES,
    seed: int = 0,
) -> PointCalibration:
    """Calibrate all cameras from a wand that was moved through the volume.

    Parameters
    ----------
    tracks : PointTracks
        Its points are the wand's markers, in the wand's order.
    wand : Wand
    lenses : CameraRig, optional
        Lenses by camera name; from the points alone when left out.
    world : str, optional
        As `calibration.world.parse_world` reads it, but no board on the floor; the first camera by default.
    landmarks : Landmarks, optional
        Of the file that `world` names.
    max_frames : int
        Frames used at most, spread evenly.
    seed : int
        Decides the random samples of the start.

    Raises
    ------
    CalibrationError, ViewGraphError, SolverError
        LENS_MISSING, LENS_SIZE, LENS_UNKNOWN, CAMERAS_NOT_CONNECTED, DEGENERATE_MOTION, SCALE_UNCHAINED,
        START_NOT_FINITE, NOT_CONVERGED, TOO_MANY_REJECTED, RESIDUAL_TOO_LARGE, POORLY_FIXED, WORLD_UNKNOWN and what
        `world.landmark_frame` refuses.
    """
    tracks = replace(tracks, exchanged=wand.exchanged, labelled=wand.labelled)
    if not wand.labelled:
        tracks = tracks.with_pixels(sorted_along(tracks.pixels, wand.order))
    one, other = wand.ends
    lengths = (KnownLength(one, other, wand.length_m, wand.length_sd_m),)
    with one_blas_thread():
        return _calibrated(tracks, lengths, wand, lenses, world, landmarks, max_frames, seed)


def calibrate_from_person(
    tracks: PointTracks,
    lengths: Sequence[KnownLength],
    lenses: CameraRig | None = None,
    world: str | None = None,
    landmarks: Landmarks | None = None,
    max_frames: int = PERSON_FRAMES,
    seed: int = 0,
) -> PointCalibration:
    """Calibrate all cameras from the keypoints of a person who walks about, and known lengths of the body.

    Neighbouring frames carry the same error of a detector, so a few frames a second spread over the recording are
    used, and count as independent.

    Parameters
    ----------
    tracks : PointTracks
    lengths : sequence of KnownLength
        One at least. The keypoints' own bias (a detector's hip is no hip joint) has to be in its sd.

    Other parameters and errors as `calibrate_from_wand`; SCALE_UNKNOWN without a length that can be measured.
    """
    if not lengths:
        raise CalibrationError(
            "Keypoints alone do not say how large the room is: no length is known.",
            "Give one length of the body between two keypoints in metres, with its sd, or a wand.",
            code="SCALE_UNKNOWN",
        )
    with one_blas_thread():
        return _calibrated(tracks, tuple(lengths), None, lenses, world, landmarks, max_frames, seed)


def _calibrated(
    tracks: PointTracks,
    lengths: tuple[KnownLength, ...],
    wand: Wand | None,
    lenses: CameraRig | None,
    world: str | None,
    landmarks: Landmarks | None,
    max_frames: int,
    seed: int,
) -> PointCalibration:
    choice = _checked_world(world, tracks.camera_names)
    tracks, frames = tracks.thinned(max_frames)
    start_tracks, start_lengths = _for_start(tracks, lengths, wand)
    names, sizes = tracks.camera_names, tracks.image_sizes
    start = guessed_lenses(start_tracks, seed) if lenses is None else known_lenses(lenses, names, sizes)
    placed = place_from_points(start.rig, start_tracks, start_lengths, seed)
    target = None if wand is None else wand.markers_wand
    labelled, exchanged = untangled(placed.rig, tracks)
    rig = _metric(placed.rig, labelled, lengths)
    labelled, exchanged = untangled(rig, tracks, target)
    refinement = _refined(rig, labelled, start, target, placed.root)
    root_rig = rig_of_state(start.rig, refinement.state.lenses, refinement.state.cam_from_world)
    again, exchanged = untangled(root_rig, tracks, target)
    if not np.array_equal(again.pixels, labelled.pixels, equal_nan=True):
        labelled = again
        refinement = _refined(root_rig, labelled, start, target, placed.root)
        root_rig = rig_of_state(start.rig, refinement.state.lenses, refinement.state.cam_from_world)
    kept = _kept(refinement, labelled)
    return _assembled(
        root_rig, refinement, labelled, kept, exchanged, frames, lengths, wand, choice, landmarks, start.text
    )


def _checked_world(world: str | None, names: tuple[str, ...]) -> WorldChoice:
    choice = parse_world(world, names)
    if choice.on_floor:
        raise CalibrationError(
            f"world '{world}' needs a board on the floor, and there is none.",
            "Choose lframe:, points:, wand:, plumb: or feet: with a FILE of landmarks, or camera:NAME.",
            code="WORLD_UNKNOWN",
        )
    return choice


def _for_start(
    tracks: PointTracks, lengths: tuple[KnownLength, ...], wand: Wand | None
) -> tuple[PointTracks, tuple[KnownLength, ...]]:
    """What can be used before it is known which end of the wand is which."""
    if wand is None or wand.labelled:
        return tracks, lengths
    middle = replace(
        tracks, pixels=middle_of(tracks.pixels, wand.order), point_names=("middle",), exchanged=np.zeros(1, int)
    )
    return middle, ()


def _metric(rig: CameraRig, tracks: PointTracks, lengths: tuple[KnownLength, ...]) -> CameraRig:
    """Bring a start to about its true size; as it is where no length is seen."""
    points = robust_points(rig, tracks.pixels)
    ratios = [k.length_m / np.linalg.norm(points[:, k.one] - points[:, k.other], axis=1) for k in lengths]
    known = np.concatenate(ratios)
    known = known[np.isfinite(known)]
    return scaled_rig(rig, float(np.median(known))) if len(known) else rig


def _refined(
    rig: CameraRig, tracks: PointTracks, start: LensStart, target: NDArray | None, root: int
) -> PointRefinement:
    poses = np.stack([camera.cam_from_world for camera in rig])
    fisheye = np.array([camera.fisheye for camera in rig])
    free = np.ones((len(rig), N_CAMERA), dtype=bool)
    free[:, :N_LENS] = start.free
    free[root, N_LENS:] = False
    if target is None:
        # The size is open: one coordinate of the farthest camera holds it, until a known length sets it.
        far = int(np.linalg.norm(poses[:, :3, 3], axis=1).argmax())
        free[far, N_LENS + 3 + int(np.abs(poses[far, :3, 3]).argmax())] = False
    problem = BundleProblem(point_views(tracks, fisheye, target), free, start.prior)
    return refine_points(problem, BundleState(rig_lenses(rig), poses, placed_bodies(rig, tracks, target)))


def _kept(refinement: PointRefinement, tracks: PointTracks) -> NDArray:
    views = refinement.every_view
    kept = np.zeros((tracks.n_cameras, views.n_bodies, refinement.kept.shape[1]), dtype=bool)
    kept[views.camera, views.body] = refinement.kept
    return kept.reshape(tracks.n_cameras, tracks.n_frames, tracks.n_points)


def _assembled(
    root_rig: CameraRig,
    refinement: PointRefinement,
    tracks: PointTracks,
    kept: NDArray,
    exchanged: NDArray,
    frames: NDArray,
    lengths: tuple[KnownLength, ...],
    wand: Wand | None,
    choice: WorldChoice,
    landmarks: Landmarks | None,
    lens_text: str,
) -> PointCalibration:
    pixels = np.where(kept[..., None], tracks.pixels, np.nan)
    covariance = lens_and_pose_covariance(refinement.problem, refinement.state, refinement.sigma).camera
    sigma = float(np.sqrt(np.mean(refinement.sigma**2)))
    size = _size(root_rig, pixels, lengths, wand, sigma, tracks.point_names)
    rig = scaled_rig(root_rig, size.factor)
    points = robust_points(rig, pixels)
    poses = np.stack([camera.cam_from_world for camera in rig])
    covariance = _in_metres(covariance, size.factor)
    by_camera = None if wand is not None else _per_metre(size.by_camera, size.factor)
    covariance = covariance_with_size(covariance, poses, size.relative_sd, by_camera)
    volume = points[np.isfinite(points).all(axis=2)]
    motion = volume_motion(rig, volume)
    still = WorldMotion(np.concatenate([motion.turn, motion.shift]), np.zeros((6, 6)))
    frame = landmark_frame(choice, rig, landmarks, covariance, volume)
    anchored = covariance_in_world(covariance, poses, still)
    sd = size_sd(rig, anchored, volume)
    quality = check_points(rig, anchored, refinement, tracks, kept, exchanged, volume)
    table = point_metadata(quality, tracks, lengths, wand, size, sd, lens_text)
    world_rig = rig_in_world(CameraRig(rig.cameras, table, anchored), frame)
    turned = rigid(frame.root_from_world[:3, :3], frame.root_from_world[:3, 3])
    in_world = (points - turned[:3, 3]) @ turned[:3, :3]
    return PointCalibration(world_rig, in_world, frames, kept, exchanged, sd, quality)


def _size(
    rig: CameraRig,
    pixels: NDArray,
    lengths: tuple[KnownLength, ...],
    wand: Wand | None,
    sigma: float,
    names: tuple[str, ...],
) -> SizeEstimate:
    if wand is not None:  # its size was in the refinement, as exact
        n_frames = int(np.isfinite(pixels).all(axis=3).sum(axis=0).max(axis=1, initial=0).astype(bool).sum())
        return SizeEstimate(1.0, wand.length_sd_m / wand.length_m, np.zeros(len(rig) * N_CAMERA), 0.0, n_frames)
    found = [size_from_length(rig, pixels, k, sigma, f"{names[k.one]}-{names[k.other]}") for k in lengths]
    each = [
        ScaleEstimate(f"{names[k.one]}-{names[k.other]}", one.factor, one.factor * one.relative_sd)
        for k, one in zip(lengths, found, strict=True)
    ]
    both = combine_scale(each)
    check_scale(both)
    weight = np.array([1.0 / one.sd**2 for one in each])
    by_camera = np.einsum("l,ln->n", weight / weight.sum(), np.stack([one.by_camera for one in found]))
    spread, n_frames = max(one.spread for one in found), min(one.n_frames for one in found)
    return SizeEstimate(both.factor, both.sd / both.factor, by_camera, spread, n_frames)


def _in_metres(covariance: NDArray, factor: float) -> NDArray:
    units = np.ones((len(covariance) // N_CAMERA, N_CAMERA))
    units[:, N_LENS + 3 :] = factor
    return covariance * units.reshape(-1)[:, None] * units.reshape(-1)


def _per_metre(by_camera: NDArray, factor: float) -> NDArray:
    rows = by_camera.reshape(-1, N_CAMERA).copy()
    rows[:, N_LENS + 3 :] /= factor
    return rows.reshape(-1)
