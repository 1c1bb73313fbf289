"""The recipe of calibration: detected corners in, a rig in its world with its figures out."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calibration.arrays import one_blas_thread
from calibration.bundle import BundleCovariance, lens_and_pose_covariance
from calibration.camera import CameraRig
from calibration.lens_models import checked_model
from calibration.observations import BoardObservations
from calibration.quality import BoardScore, score_board
from calibration.refinement import Refinement, refine
from calibration.result import Calibration, assemble, refined_cameras
from calibration.start import start_of
from calibration.steadiness import check_steady
from calibration.verdict import CalibrationQuality, summarise
from calibration.view_checks import check_duplicates, check_views, without_mirrored
from calibration.views import usable_views
from calibration.world import Landmarks, WorldChoice, WorldFrame, check_landmarks, parse_world, refined_frame

__all__ = ["Calibration", "calibrate", "cross_validate"]


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
    start, problem, held = start_of(observations.subset_frames(frames), usable[:, frames], models)
    refinement = refine(problem, start)
    check_steady(problem, refinement.state, names, observations.frame_ids[frames])
    quality = summarise(refinement, observations.subset_frames(frames), max_rms_share)
    covariance = lens_and_pose_covariance(refinement.problem, refinement.state, refinement.sigma)
    frame, quality = _world(choice, refinement, covariance, observations, frames, models, quality, landmarks)
    return assemble(observations, models, frame, refinement, covariance, frames, held, quality)


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
    root_rig = CameraRig(refined_cameras(observations, refinement, models, np.eye(4)))
    frame = refined_frame(choice, root_rig, refinement, covariance, frame_ids, landmarks)
    if choice.on_floor:
        n_floor = sum(int(refinement.placed[(frame_ids >= a) & (frame_ids <= b)].sum()) for a, b in choice.spans)
        quality = replace(quality, floor_tilt_sd_deg=frame.gravity_sd_deg, n_floor_frames=n_floor)
    return frame, quality


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
