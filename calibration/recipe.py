"""The recipe of calibration: detected corners in, a rig in its world with its figures out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import one_blas_thread
from calibration.board import Board
from calibration.bundle import BundleCovariance, BundleProblem, lens_and_pose_covariance
from calibration.bundle_system import N_CAMERA, N_LENS, BundleState, board_views, lens_coefficients
from calibration.camera import Camera, CameraRig
from calibration.extrinsics import place_cameras
from calibration.gauge import WorldMotion, covariance_in_world
from calibration.intrinsics import board_candidates, estimate_lens
from calibration.lens_models import checked_model, free_parameters, lens_prior
from calibration.observations import BoardObservations
from calibration.placement import place_boards
from calibration.quality import BoardScore, score_board
from calibration.refinement import Refinement, refine
from calibration.rigid import inverse
from calibration.scale import board_scale, combine_scale
from calibration.steadiness import check_steady
from calibration.verdict import CalibrationQuality, corner_errors, quality_metadata, summarise
from calibration.view_checks import check_duplicates, check_views, without_mirrored
from calibration.views import usable_views
from calibration.world import Landmarks, WorldChoice, WorldFrame, check_landmarks, parse_world, refined_frame
from calibration.world.anchor import volume_motion


@dataclass(frozen=True, eq=False)
class Calibration:
    """A calibrated rig and what it rests on.

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
        frame, relative to the first-order gauge: the camera `held` does not move.
    held : str
        Camera whose pose was held.
    quality : CalibrationQuality
    world : WorldFrame
        From the frame of the refinement, in which the camera `held` does not move.
    """

    rig: CameraRig
    world_from_board: NDArray
    residuals: NDArray
    kept: NDArray
    camera_covariance: NDArray
    held: str
    quality: CalibrationQuality
    world: WorldFrame


def calibrate(
    observations: BoardObservations,
    *,
    world: str | None = None,
    lens: str | Mapping[str, str] = "auto",
    max_rms_share: float = 0.004,
    landmarks: Landmarks | None = None,
) -> Calibration:
    """Calibrate all cameras together from the corners of a moving board.

    Parameters
    ----------
    observations : BoardObservations
    world : str, optional
        'floor:FRAME', 'floor:FIRST-LAST' or several of them, joined by commas (by `frame_ids`): the board lies on
        the floor there, Z is up and the origin is the board's in the first. 'camera:NAME': the frame of a camera,
        gravity unknown. 'lframe:', 'points:', 'wand:', 'plumb:' or 'feet:' with the name of a file: of `landmarks`.
        The first camera by default.
    lens : str or mapping of camera name to str
        'auto' (Brown, five coefficients, weak priors of ordinary lenses), 'brown5' (without priors), 'brown2',
        'rational8', 'pinhole' or 'fisheye'.
    max_rms_share : float
        RMS residual above which the answer is refused, as a share of the longer side of the image.
    landmarks : Landmarks, optional
        What `world.read_landmarks` reads from the file that `world` names.

    Returns
    -------
    Calibration

    Raises
    ------
    BoardError
        CAMERA_MIRRORED, or BOARD_MISMATCH when the corners lie otherwise than on the board described.
    ViewGraphError
        TOO_FEW_VIEWS, CAMERAS_NOT_CONNECTED or CAMERA_DOUBLED.
    SolverError
        NO_LENS, START_NOT_FINITE, TOO_MANY_REJECTED, RESIDUAL_TOO_LARGE or NOT_FINITE.
    CalibrationError
        CAMERA_MOVED, WORLD_UNKNOWN, LENS_MODEL_UNKNOWN, or what `world.refined_frame` refuses.
    """
    with one_blas_thread():
        return _calibrate(observations, world, lens, max_rms_share, landmarks)


def _calibrate(
    observations: BoardObservations,
    world: str | None,
    lens: str | Mapping[str, str],
    max_rms_share: float,
    landmarks: Landmarks | None,
) -> Calibration:
    names = observations.camera_names
    choice = parse_world(world, names)
    check_landmarks(choice, landmarks)
    models = [checked_model(lens if isinstance(lens, str) else lens.get(name, "auto"), name) for name in names]
    usable = usable_views(observations.seen, observations.board.corners_board)
    usable = without_mirrored(usable, observations)
    check_views(usable, names)
    check_duplicates(observations.pixels, names)
    frames = np.flatnonzero(usable.any(axis=0))
    start, problem, held = _start(observations.subset_frames(frames), usable[:, frames], models)
    refinement = refine(problem, start)
    check_steady(problem, refinement.state, names, observations.frame_ids[frames])
    quality = summarise(refinement, observations.subset_frames(frames), max_rms_share)
    covariance = lens_and_pose_covariance(refinement.problem, refinement.state, refinement.sigma)
    frame, quality = _world(choice, refinement, covariance, observations, frames, models, quality, landmarks)
    return _assemble(observations, models, frame, refinement, covariance, frames, held, quality)


def _start(
    observations: BoardObservations, usable: NDArray, models: list[str]
) -> tuple[BundleState, BundleProblem, str]:
    """Estimate lenses, place cameras and boards, and say what the refinement may move."""
    corners, faces = observations.board.corners_board, observations.board.faces
    names, sizes = observations.camera_names, observations.image_sizes
    n_cameras = observations.n_cameras
    fisheye = np.array([model == "fisheye" for model in models])
    lenses = np.empty((n_cameras, N_LENS))
    candidates = np.full((n_cameras, observations.n_frames, 2, 4, 4), np.nan)
    for camera, name in enumerate(names):
        pixels = observations.pixels[camera, usable[camera]]
        size = (int(sizes[camera, 0]), int(sizes[camera, 1]))
        lenses[camera] = estimate_lens(pixels, corners, size, bool(fisheye[camera]), name, faces).parameters
        candidates[camera, usable[camera]], _ = board_candidates(
            pixels, corners, lenses[camera], bool(fisheye[camera]), faces
        )
    free = np.ones((n_cameras, N_CAMERA), dtype=bool)
    free[:, :N_LENS] = free_parameters(models)
    lenses[:, 4:][~free[:, 4:N_LENS]] = 0.0
    cam_from_root = place_cameras(candidates, names)
    root = int(np.abs(cam_from_root - np.eye(4)).sum(axis=(1, 2)).argmin())
    free[root, N_LENS:] = False
    views = board_views(observations.pixels, fisheye, corners)
    problem = BundleProblem(views, free, lens_prior(models, sizes, lenses[:, 0]))
    return place_boards(lenses, cam_from_root, candidates, views), problem, names[root]


def _world(
    choice: WorldChoice,
    refinement: Refinement,
    covariance: BundleCovariance,
    observations: BoardObservations,
    frames: NDArray,
    models: list[str],
    quality: CalibrationQuality,
    landmarks: Landmarks | None,
) -> tuple[WorldFrame, CalibrationQuality]:
    """Return the world, and the figures with the floor's uncertainty."""
    frame_ids = observations.frame_ids[frames]
    root_rig = CameraRig(_cameras(observations, refinement, models, np.eye(4)))
    frame = refined_frame(choice, root_rig, refinement, covariance, frame_ids, landmarks)
    if choice.on_floor:
        n_floor = sum(int(refinement.placed[(frame_ids >= a) & (frame_ids <= b)].sum()) for a, b in choice.spans)
        quality = replace(quality, floor_tilt_sd_deg=frame.gravity_sd_deg, n_floor_frames=n_floor)
    return frame, quality


def _cameras(
    observations: BoardObservations, refinement: Refinement, models: list[str], root_from_world: NDArray
) -> tuple[Camera, ...]:
    state = refinement.state
    return tuple(
        _camera(name, size, lens, cam_from_root @ root_from_world, model == "fisheye")
        for name, size, lens, cam_from_root, model in zip(
            observations.camera_names, observations.image_sizes, state.lenses, state.cam_from_world, models, strict=True
        )
    )


def _assemble(
    observations: BoardObservations,
    models: list[str],
    frame: WorldFrame,
    refinement: Refinement,
    covariance: BundleCovariance,
    frames: NDArray,
    held: str,
    quality: CalibrationQuality,
) -> Calibration:
    state, root_from_world = refinement.state, frame.root_from_world
    cameras = _cameras(observations, refinement, models, root_from_world)
    metadata = {**frame.metadata(), "lens_models": ", ".join(models)}
    rig = CameraRig(cameras, metadata)
    world_from_board = np.full((observations.n_frames, 4, 4), np.nan)
    used = frames[refinement.placed]
    world_from_board[used] = inverse(root_from_world) @ state.world_from_board[refinement.placed]
    residuals, kept = corner_errors(refinement, observations, frames)
    quality = replace(quality, board=score_board(rig, _only(observations, kept)))
    n = len(cameras)
    whole = {**metadata, **quality_metadata(quality), **_origin(observations.board)}
    rig = CameraRig(cameras, whole, _covariance_in_volume(observations, refinement, covariance, models))
    return Calibration(
        rig, world_from_board, residuals, kept, covariance.camera.reshape(n, N_CAMERA, n, N_CAMERA), held, quality,
        frame,
    )  # fmt: skip


def _covariance_in_volume(
    observations: BoardObservations, refinement: Refinement, covariance: BundleCovariance, models: list[str]
) -> NDArray:
    """Covariance of all cameras, shape (camera, 18, camera, 18), relative to the measured volume.

    There the boards were: what turns or shifts cameras and volume alike changes no measured shape, and how far the
    world itself may be off is told by the world.
    """
    state = refinement.state
    corners = observations.board.corners_board
    middle = 0.5 * (corners.min(axis=0) + corners.max(axis=0))
    boards = state.world_from_board[refinement.placed]
    motion = volume_motion(
        CameraRig(_cameras(observations, refinement, models, np.eye(4))), boards[:, :3, :3] @ middle + boards[:, :3, 3]
    )
    still = WorldMotion(np.concatenate([motion.turn, motion.shift]), np.zeros((6, 6)))
    return covariance_in_world(covariance.camera, state.cam_from_world, still)


def _camera(name: str, size: NDArray, lens: NDArray, cam_from_world: NDArray, fisheye: bool) -> Camera:
    matrix = np.array([[lens[0], 0, lens[2]], [0, lens[1], lens[3]], [0, 0, 1.0]])
    coefficients = lens_coefficients(lens, fisheye)
    # Five are enough for most lenses, and the only ones that many programs read.
    distortion = coefficients if fisheye or coefficients[5:].any() else coefficients[:5]
    return Camera(name, (int(size[0]), int(size[1])), matrix, distortion, cam_from_world, fisheye)


def _only(observations: BoardObservations, kept: NDArray) -> BoardObservations:
    return replace(observations, pixels=np.where(kept[..., None], observations.pixels, np.nan))


def _origin(board: Board) -> dict[str, str]:
    opencv = version("opencv-contrib-python")
    scale = combine_scale([board_scale(board)]).describe()
    return {"board": board.describe(), "scale": scale, "opencv_version": opencv, "numpy_version": np.__version__}


def cross_validate(
    observations: BoardObservations, n_folds: int = 3, lens: str | Mapping[str, str] = "auto"
) -> tuple[BoardScore, ...]:
    """Score calibrations on frames they have not seen.

    Interleaved folds over the frames in which any camera saw the board: fold k is scored on every n-th frame from
    the k-th on and calibrated on the others. Contiguous blocks would leave too little geometry to fit.

    Parameters
    ----------
    observations : BoardObservations
    n_folds : int
    lens : str or mapping
        As in `calibrate`.

    Returns
    -------
    tuple of BoardScore
        One per fold.
    """
    frames = np.flatnonzero(observations.views().any(axis=0))
    scores = []
    for fold in range(n_folds):
        test = frames[fold::n_folds]
        fit = np.setdiff1d(frames, test)
        rig = calibrate(observations.subset_frames(fit), lens=lens).rig
        scores.append(score_board(rig, observations.subset_frames(test)))
    return tuple(scores)
