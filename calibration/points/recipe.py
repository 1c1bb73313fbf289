"""Calibration without a board: a wand, or a person's own keypoints and one known length, in; a rig out."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import one_blas_thread
from calibration.boards.wand import Wand
from calibration.camera import CameraRig
from calibration.errors import CalibrationError
from calibration.lengths import TapeLength
from calibration.points.bodies import placed_bodies, point_views
from calibration.points.labels import middle_of, sorted_along, untangled
from calibration.points.lenses import LensStart, guessed_lenses, known_lenses, rig_of_state
from calibration.points.refinement import PointRefinement, refine_points
from calibration.points.result import PointCalibration, Solved, assembled
from calibration.points.size import KnownSizes
from calibration.points.start import check_shared, place_from_points, robust_points
from calibration.points.timing import body_velocity
from calibration.points.tracks import KnownLength, PointTracks
from calibration.scale import scaled_rig
from calibration.solve.bundle import BundleProblem
from calibration.solve.bundle_system import N_CAMERA, N_LENS, BundleState
from calibration.world import Landmarks, WorldChoice, parse_world
from calibration.world.estimates import rig_lenses

__all__ = ["PointCalibration", "calibrate_from_person", "calibrate_from_wand"]

WAND_FRAMES = 600
PERSON_FRAMES = 250


def calibrate_from_wand(
    tracks: PointTracks,
    wand: Wand,
    lenses: CameraRig | None = None,
    world: str | None = None,
    landmarks: Landmarks | None = None,
    max_frames: int = WAND_FRAMES,
    seed: int = 0,
    lengths: Sequence[KnownLength] = (),
    tapes: Sequence[TapeLength] = (),
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
    lengths : sequence of KnownLength
        Further lengths between markers, to hold against the wand and to weigh with it.
    tapes : sequence of TapeLength
        Distances between cameras, likewise.

    Raises
    ------
    CalibrationError, ViewGraphError, SolverError
        CAMERA_BLIND, TOO_FEW_POINTS, LENS_MISSING, LENS_SIZE, LENS_UNKNOWN, CAMERAS_NOT_CONNECTED, DEGENERATE_MOTION,
        SCALE_UNCHAINED, START_NOT_FINITE, NOT_CONVERGED, TOO_MANY_REJECTED, RESIDUAL_TOO_LARGE, WAND_WRONG,
        SCALE_DISAGREES, CAMERA_NOT_SYNCHRONOUS, POORLY_FIXED, WORLD_UNKNOWN and what `world.landmark_frame` refuses.
    """
    tracks = replace(tracks, exchanged=wand.exchanged, labelled=wand.labelled)
    if not wand.labelled:
        tracks = tracks.with_pixels(sorted_along(tracks.pixels, wand.order))
    known = KnownSizes(wand, tuple(lengths), tuple(tapes))
    with one_blas_thread():
        return _calibrated(tracks, known, lenses, world, landmarks, max_frames, seed)


def calibrate_from_person(
    tracks: PointTracks,
    lengths: Sequence[KnownLength],
    lenses: CameraRig | None = None,
    world: str | None = None,
    landmarks: Landmarks | None = None,
    max_frames: int = PERSON_FRAMES,
    seed: int = 0,
    tapes: Sequence[TapeLength] = (),
) -> PointCalibration:
    """Calibrate all cameras from the keypoints of a person who walks about, and known lengths of the body.

    A detector's errors go together: the same keypoint is off to the same side for seconds. Frames spread over the
    recording are used, and the covariance is enlarged by how much the errors of each keypoint add up
    (`point_dependence`).

    Parameters
    ----------
    tracks : PointTracks
    lengths : sequence of KnownLength
        One at least, or a tape. The keypoints' own bias (a detector's hip is no hip joint) has to be in its sd.

    Other parameters and errors as `calibrate_from_wand`; SCALE_UNKNOWN without a length that can be measured,
    LENGTH_NOT_RIGID for one that changes as the person moves.
    """
    if not lengths and not tapes:
        raise no_length()
    with one_blas_thread():
        return _calibrated(
            tracks, KnownSizes(None, tuple(lengths), tuple(tapes)), lenses, world, landmarks, max_frames, seed
        )


def no_length() -> CalibrationError:
    """Return the error of a person of whom no length is known."""
    return CalibrationError(
        "Keypoints alone do not say how large the room is: no length is known.",
        "Give one length of the body between two keypoints in m with its sd (--length RHip-RKnee=0.42+-0.005), the "
        "distance between two cameras likewise, or a wand.",
        code="SCALE_UNKNOWN",
    )


def _calibrated(
    tracks: PointTracks,
    known: KnownSizes,
    lenses: CameraRig | None,
    world: str | None,
    landmarks: Landmarks | None,
    max_frames: int,
    seed: int,
) -> PointCalibration:
    choice = _checked_world(world, tracks.camera_names)
    check_shared(_for_start(tracks, (), known.wand)[0])
    wand, lengths = known.wand, _lengths_of(known)
    velocity = body_velocity(tracks.pixels)
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
    solved = Solved(root_rig, refinement, labelled, frames, exchanged, start.text, velocity[:, frames])
    return assembled(solved, known, choice, landmarks)


def _lengths_of(known: KnownSizes) -> tuple[KnownLength, ...]:
    """Lengths between points that bring a start to its size."""
    if known.wand is None:
        return known.lengths
    one, other = known.wand.ends
    return (KnownLength(one, other, known.wand.length_m, known.wand.length_sd_m),)


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
    known = np.concatenate([*ratios, np.empty(0)])
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
