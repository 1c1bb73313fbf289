"""What a calibration is when it is done: the rig in its world, with its covariance, figures and origin."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from calibration.boards.targets import Target
from calibration.camera import Camera, CameraRig
from calibration.corrections.board_shape import BoardShape
from calibration.corrections.choice import Corrected, corrected_observations
from calibration.corrections.view_timing import ViewTiming
from calibration.lenses.choice import ChosenLenses
from calibration.observations import BoardObservations
from calibration.quality.figures import score_board
from calibration.quality.verdict import CalibrationQuality, corner_errors, quality_metadata
from calibration.rigid import inverse
from calibration.scale import board_scales, combine_scale
from calibration.solve.bodies import BoardFootage, refinement_of_board
from calibration.solve.bundle_slide import Slide
from calibration.solve.bundle_system import N_CAMERA, lens_coefficients
from calibration.solve.gauge import WorldMotion, covariance_in_world
from calibration.solve.part import slide_of
from calibration.solve.refinement import Refinement
from calibration.solve.shared_errors import SharedErrors
from calibration.world import WorldFrame
from calibration.world.anchor import volume_motion


@dataclass(frozen=True, eq=False)
class Calibration:
    """A calibrated rig and what it rests on; of several boards, figures per corner and frame are the first one's.

    Attributes
    ----------
    rig : CameraRig
        With the covariance of its cameras, relative to the volume in which the board was shown.
    world_from_board : ndarray, shape (frame, 4, 4)
        Where the board stood, m; NaN in frames that were not used.
    residuals : ndarray, shape (camera, frame, corner)
        Distance, in px, from each seen corner to the model; NaN where not seen or the frame was not used.
    kept : ndarray of bool, shape (camera, frame, corner)
        Corners that the answer rests on; those seen but not kept were left out as outliers.
    camera_covariance : ndarray, shape (camera, 18, camera, 18)
        Of fx fy cx cy, eight coefficients, and a small rotation (rad) and translation (m) in the camera's own
        frame, relative to the first-order gauge: the camera `held` does not move. With the errors that whole views
        share (`solve.shared_errors`), as is the covariance of `rig`.
    independent_covariance : ndarray, shape (camera, 18, camera, 18)
        What independent noise of the corners would leave: smaller where their errors hang together.
    held : str
        Camera whose pose was held.
    quality : CalibrationQuality
    world : WorldFrame
        From the frame of the refinement, in which the camera `held` does not move.
    refinement : Refinement
        The refined state, views and noise, in the frame of the refinement; a body is a used frame of the board.
    frames : ndarray of int, shape (used,)
        Positions of the refinement's frames on the frame axis of the observations.
    models : tuple of str
        Lens model of each camera.
    timing : ViewTiming, optional
        When each view was taken, if that was estimated; axes (camera, used frame of all boards). The refinement's
        pixels are then those at the moments of their frames (`corrections.corrected_observations`).
    shape : BoardShape, optional
        Of the board, if that was refined.
    further_bent : tuple of str
        Sentences on boards after the first that are proven to bend and were taken for flat.
    asked : tuple of str
        Lens model of each camera as it was asked for, in the words of `lenses.models.checked_model`.
    slide : Slide, optional
        With `timing`: along what the refinement's bodies moved, and what was expected of their shifts.
    every_kept : ndarray of bool, shape (camera, body, corner), optional
        Of several boards: corners of all of them that the answer rests on; a body is a frame of one board.
    every_frame_id : ndarray of int, shape (body,), optional
        With `every_kept`: the frame of each body.
    """

    rig: CameraRig
    world_from_board: NDArray
    residuals: NDArray
    kept: NDArray
    camera_covariance: NDArray
    independent_covariance: NDArray
    held: str
    quality: CalibrationQuality
    world: WorldFrame
    refinement: Refinement
    frames: NDArray
    models: tuple[str, ...]
    timing: ViewTiming | None = None
    shape: BoardShape | None = None
    slide: Slide | None = None
    asked: tuple[str, ...] = ()
    further_bent: tuple[str, ...] = ()
    every_kept: NDArray | None = None
    every_frame_id: NDArray | None = None


def refined_cameras(
    observations: BoardObservations | BoardFootage, refinement: Refinement, models: list[str], root_from_world: NDArray
) -> tuple[Camera, ...]:
    """Return the cameras of a refinement in a world, given as root_from_world, shape (4, 4)."""
    state = refinement.state
    return tuple(
        _camera(name, size, lens, cam_from_root @ root_from_world, model == "fisheye")
        for name, size, lens, cam_from_root, model in zip(
            observations.camera_names, observations.image_sizes, state.lenses, state.cam_from_world, models, strict=True
        )
    )


def assemble(
    footage: BoardFootage,
    lenses: ChosenLenses,
    frame: WorldFrame,
    answer: Corrected,
    shared: SharedErrors,
    held: str,
    quality: CalibrationQuality,
) -> Calibration:
    """Put a calibration together from its refinement.

    Parameters
    ----------
    footage : BoardFootage
    lenses : ChosenLenses
    frame : WorldFrame
    answer : Corrected
    shared : SharedErrors
        The covariance of the refinement.
    held : str
    quality : CalibrationQuality
    """
    refinement, models = answer.refinement, lenses.models
    observations, main = footage.boards[0], footage.bodies_of(0)
    cameras = refined_cameras(footage, refinement, models, frame.root_from_world)
    metadata = {**frame.metadata(), "lens_models": ", ".join(models), "lens_choice": lenses.describe()}
    metadata |= answer.sentences(footage.camera_names) | shared.metadata()
    rig = CameraRig(cameras, metadata)
    own, frames = refinement_of_board(refinement, main, observations.board.n_corners), footage.frame[main]
    world_from_board = np.full((observations.n_frames, 4, 4), np.nan)
    world_from_board[frames[own.placed]] = inverse(frame.root_from_world) @ own.state.world_from_board[own.placed]
    residuals, kept = corner_errors(own, observations, frames)
    scored = corrected_observations(own, frames, _only(observations, kept))
    quality = replace(quality, board=score_board(rig, scored))
    n, slide = len(cameras), answer.open_problem.slide
    slide = None if slide is None else slide_of(slide, main)
    whole = {**metadata, **quality_metadata(quality), **_origin([part.board for part in footage.boards])}
    every_kept = None if len(footage.boards) == 1 else _kept_of_bodies(refinement)
    shape = (n, N_CAMERA, n, N_CAMERA)
    covariance, independent = shared.covariance.camera.reshape(shape), shared.independent.reshape(shape)
    rig = CameraRig(cameras, whole, _covariance_in_volume(footage, refinement, covariance, models))
    return Calibration(
        rig, world_from_board, residuals, kept, covariance, independent, held, quality, frame, own, frames,
        tuple(models), answer.timing, answer.shape, slide, every_kept=every_kept, every_frame_id=footage.frame_ids,
    )  # fmt: skip


def _kept_of_bodies(refinement: Refinement) -> NDArray:
    views = refinement.every_view
    kept = np.zeros((views.n_cameras, views.n_bodies, views.seen.shape[1]), dtype=bool)
    kept[views.camera, views.body] = refinement.kept
    return kept


def _covariance_in_volume(
    footage: BoardFootage, refinement: Refinement, covariance: NDArray, models: list[str]
) -> NDArray:
    """Covariance of all cameras, shape (camera, 18, camera, 18), relative to the measured volume.

    There the boards were: what turns or shifts cameras and volume alike changes no measured shape, and how far the
    world itself may be off is told by the world.
    """
    state = refinement.state
    corners = footage.boards[0].board.corners_board
    middle = 0.5 * (corners.min(axis=0) + corners.max(axis=0))
    boards = state.world_from_board[refinement.placed]
    rig = CameraRig(refined_cameras(footage, refinement, models, np.eye(4)))
    motion = volume_motion(rig, boards[:, :3, :3] @ middle + boards[:, :3, 3])
    still = WorldMotion(np.concatenate([motion.turn, motion.shift]), np.zeros((6, 6)))
    return covariance_in_world(covariance, state.cam_from_world, still)


def _camera(name: str, size: NDArray, lens: NDArray, cam_from_world: NDArray, fisheye: bool) -> Camera:
    matrix = np.array([[lens[0], 0, lens[2]], [0, lens[1], lens[3]], [0, 0, 1.0]])
    coefficients = lens_coefficients(lens, fisheye)
    # Five are enough for most lenses, and the only ones that many programs read.
    distortion = coefficients if fisheye or coefficients[5:].any() else coefficients[:5]
    return Camera(name, (int(size[0]), int(size[1])), matrix, distortion, cam_from_world, fisheye)


def _only(observations: BoardObservations, kept: NDArray) -> BoardObservations:
    return replace(observations, pixels=np.where(kept[..., None], observations.pixels, np.nan))


def _origin(boards: Sequence[Target]) -> dict[str, str]:
    opencv = version("opencv-contrib-python")
    scale = combine_scale(board_scales(boards)).describe()
    described = "; ".join(board.describe() for board in boards)
    return {"board": described, "scale": scale, "opencv_version": opencv, "numpy_version": np.__version__}
