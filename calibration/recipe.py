"""The recipe of calibration: detected corners in, a rig in its world with its figures out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from calibration.arguments import check_folds, check_share, checked_boards, lens_models_of
from calibration.arrays import one_blas_thread
from calibration.camera import CameraRig
from calibration.corrections.choice import Wanted, corrected
from calibration.corrections.flatness import further_bent
from calibration.lenses.solved import solved_lenses
from calibration.observations import BoardObservations
from calibration.quality.board_sizes import check_sizes_agree
from calibration.quality.figures import BoardScore, score_board
from calibration.quality.verdict import CalibrationQuality, check_boards_agree, summarise
from calibration.result import Calibration, assemble, refined_cameras
from calibration.solve.bodies import BoardFootage, board_footage
from calibration.solve.bundle import BundleCovariance
from calibration.solve.refinement import Refinement
from calibration.steadiness import check_steady
from calibration.view_checks import check_duplicates, check_views, without_mirrored
from calibration.views import usable_views
from calibration.world import Landmarks, WorldChoice, WorldFrame, check_landmarks, parse_world, refined_frame

__all__ = ["Calibration", "calibrate", "cross_validate"]

_FLOOR_OF_BENT = "the board bends, so that heights over the floor may be off by up to {:.1f} mm"


def calibrate(
    observations: BoardObservations,
    *,
    world: str | None = None,
    lens: str | Mapping[str, str] = "auto",
    max_rms_share: float = 0.004,
    landmarks: Landmarks | None = None,
    more_boards: Sequence[BoardObservations] = (),
    wanted: Wanted | None = None,
) -> Calibration:
    """Calibrate all cameras together from the corners of a moving board, or of several.

    Parameters
    ----------
    observations : BoardObservations
    world : str, optional
        'floor:FRAME', 'floor:FIRST-LAST' or several of them, joined by commas (by `frame_ids`): the board lies on
        the floor there, Z is up and the origin is the board's in the first. 'camera:NAME': the frame of a camera,
        gravity unknown. 'lframe:', 'points:', 'wand:', 'plumb:' or 'feet:' with the name of a file: of `landmarks`.
        The first camera by default.
    lens : str or mapping of camera name to str
        'auto' (chosen from the views, camera by camera, as `lens_choice` describes), 'brown5' (without priors),
        'brown2', 'rational8', 'pinhole' or 'fisheye', and what to hold, as `lens_models.checked_model` describes.
    max_rms_share : float
        RMS residual above which the answer is refused, as a share of the longer side of the image.
    landmarks : Landmarks, optional
        What `world.read_landmarks` reads from the file that `world` names.
    more_boards : sequence of BoardObservations
        Further boards in the same footage, by the same cameras; floors and figures refer to the first board.
    wanted : Wanted, optional
        What else to correct: the moments of single views (timing 'per-view'), the shape of the board.

    Returns
    -------
    Calibration

    Raises
    ------
    ShapeError
        When what is given are no observations, or those of other cameras.
    BoardError
        BOARDS_ALIKE, CAMERA_MIRRORED, or BOARD_MISMATCH when the corners lie otherwise than on the board described.
    ViewGraphError
        TOO_FEW_VIEWS, CAMERAS_NOT_CONNECTED or CAMERA_DOUBLED.
    SolverError
        NO_LENS, START_NOT_FINITE, TOO_MANY_REJECTED, RESIDUAL_TOO_LARGE or NOT_FINITE.
    CalibrationError
        CAMERA_MOVED, WORLD_UNKNOWN, LENS_MODEL_UNKNOWN, CAMERA_UNKNOWN, RMS_LIMIT, or what `world.refined_frame`
        refuses.
    """
    with one_blas_thread():
        boards = checked_boards(observations, more_boards)
        check_share(max_rms_share)
        return _calibrate(boards, world, lens, max_rms_share, landmarks, wanted or Wanted())


def _calibrate(
    boards: Sequence[BoardObservations],
    world: str | None,
    lens: str | Mapping[str, str],
    max_rms_share: float,
    landmarks: Landmarks | None,
    wanted: Wanted,
) -> Calibration:
    names = boards[0].camera_names
    choice = parse_world(world, names)
    check_landmarks(choice, landmarks)
    asked = lens_models_of(lens, names)
    footage, described = _usable_footage(boards), [board.board.describe() for board in boards]
    lenses, held = solved_lenses(footage, asked)
    answer, models = corrected(lenses.refinement, lenses.open_problem, footage, wanted), lenses.models
    refinement = answer.refinement
    seen = replace(lenses.open_problem, views=refinement.every_view)
    check_steady(seen, refinement.state, names, footage.frame_ids)
    quality = summarise(refinement, footage.observed(), max_rms_share)
    check_boards_agree(refinement, names, described)
    if len(boards) > 1:
        check_sizes_agree(CameraRig(refined_cameras(footage, refinement, models, np.eye(4))), boards)
    shared = answer.shared_errors()
    frame, quality = _world(choice, refinement, shared.covariance, footage, models, quality, landmarks)
    if choice.on_floor and answer.shape is not None and answer.shape.significant:
        frame = replace(frame, notes=f"{frame.notes}; {_FLOOR_OF_BENT.format(1e3 * answer.shape.bow_m)}")
    others = further_bent(refinement, described)
    whole = assemble(footage, lenses, frame, answer, shared, held, quality)
    return replace(whole, asked=tuple(asked), further_bent=others)


def _usable_footage(boards: Sequence[BoardObservations]) -> BoardFootage:
    names, every = boards[0].camera_names, []
    for board in boards:
        usable = usable_views(board.seen, board.board.corners_board)
        every.append(without_mirrored(usable, board))
        check_duplicates(board.pixels, names)
    check_views(np.concatenate(every, axis=1), names, np.concatenate([board.frame_ids for board in boards]))
    return board_footage(boards, every)


def _world(
    choice: WorldChoice,
    refinement: Refinement,
    covariance: BundleCovariance,
    footage: BoardFootage,
    models: list[str],
    quality: CalibrationQuality,
    landmarks: Landmarks | None,
) -> tuple[WorldFrame, CalibrationQuality]:
    """Return the world, and the figures with the floor's uncertainty."""
    frame_ids, main = footage.frame_ids, footage.board == 0
    root_rig = CameraRig(refined_cameras(footage, refinement, models, np.eye(4)))
    frame = refined_frame(choice, root_rig, refinement, covariance, frame_ids, landmarks, main=main)
    if choice.on_floor:
        placed = refinement.placed & main
        n_floor = sum(int(placed[(frame_ids >= a) & (frame_ids <= b)].sum()) for a, b in choice.spans)
        quality = replace(quality, floor_tilt_sd_deg=frame.gravity_sd_deg, n_floor_frames=n_floor)
    return frame, quality


def cross_validate(
    observations: BoardObservations,
    n_folds: int = 3,
    lens: str | Mapping[str, str] = "auto",
    board_shape: str = "flat",
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
    board_shape : str
        As of `Wanted`.

    Returns
    -------
    tuple of BoardScore
        One per fold.

    Raises
    ------
    CalibrationError
        FOLDS, and what `calibrate` refuses.
    """
    check_folds(n_folds)
    checked_boards(observations, ())
    frames = np.flatnonzero(observations.views().any(axis=0))
    scores = []
    for fold in range(n_folds):
        test = frames[fold::n_folds]
        fit = np.setdiff1d(frames, test)
        rig = calibrate(observations.subset_frames(fit), lens=lens, wanted=Wanted(board_shape=board_shape)).rig
        scores.append(score_board(rig, observations.subset_frames(test)))
    return tuple(scores)
