"""The figures of a calibration, and the refusal of an answer that is none."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.errors import BoardError, SolverError
from calibration.observations import BoardObservations
from calibration.quality.figures import BoardScore
from calibration.solve.bodies import BodyObservations
from calibration.solve.bundle_system import squared_errors
from calibration.solve.refinement import Refinement

_MANY_REJECTED = 0.5
_FEWEST_LOST = 3  # views of a board that a camera lost, before the board is named for it


@dataclass(frozen=True)
class CalibrationQuality:
    """Figures of one calibration, over the corners that it rests on unless said otherwise.

    Attributes
    ----------
    rms_px, median_px : float
        Distance from seen corners to the model.
    camera_rms_px : tuple of float
        Per camera.
    sigma_px : tuple of float
        Per camera, estimated noise of one coordinate of a corner.
    n_views : tuple of int
        Per camera, views used.
    n_rejected_corners : tuple of int
        Per camera, corners left out as outliers.
    rejected_views : tuple of str
        Views left out whole, as 'camera:frame_id'.
    board : BoardScore, optional
        Distances between triangulated corners against the board, on the same data that was fitted.
    floor_tilt_sd_deg : float
        Standard deviation of the world's Z against the board on the floor; NaN without a floor.
    n_floor_frames : int
    """

    rms_px: float
    median_px: float
    camera_rms_px: tuple[float, ...]
    sigma_px: tuple[float, ...]
    n_views: tuple[int, ...]
    n_rejected_corners: tuple[int, ...]
    rejected_views: tuple[str, ...]
    board: BoardScore | None = None
    floor_tilt_sd_deg: float = float("nan")
    n_floor_frames: int = 0


def summarise(
    refinement: Refinement, observations: BoardObservations | BodyObservations, max_rms_share: float
) -> CalibrationQuality:
    """Judge a refinement by its residuals, not by its own word.

    Parameters
    ----------
    refinement : Refinement
    observations : BoardObservations
        The frames of the refinement.
    max_rms_share : float
        RMS residual above which a camera is refused, as a share of the longer side of its image.

    Raises
    ------
    SolverError
        NOT_FINITE, TOO_MANY_REJECTED or RESIDUAL_TOO_LARGE, naming the cameras.
    """
    names, state = observations.camera_names, refinement.state
    parts = (state.lenses, state.cam_from_world, state.world_from_board)
    if not all(np.isfinite(part).all() for part in parts):
        raise SolverError("The refinement has no finite answer.", "Film the board again.", code="NOT_FINITE")
    errors, kept = corner_errors(refinement, observations, np.arange(observations.n_frames))
    _check_rejected(kept, observations)
    rms = np.array([np.sqrt(np.mean(own[keep] ** 2)) for own, keep in zip(errors, kept, strict=True)])
    limit = max_rms_share * observations.image_sizes.max(axis=1)
    if (rms > limit).any():
        bad = ", ".join(f"{names[c]} {rms[c]:.1f} px (limit {limit[c]:.1f})" for c in np.flatnonzero(rms > limit))
        raise SolverError(
            f"The cameras cannot be brought into agreement; RMS residual of {bad}.",
            "Check that the videos are synchronous, that the board is flat and as described, and that the lens model "
            "fits (lens = 'fisheye' for fisheye lenses).",
            code="RESIDUAL_TOO_LARGE",
        )
    lost = observations.views() & ~kept.any(axis=2)
    return CalibrationQuality(
        float(np.sqrt(np.mean(errors[kept] ** 2))),
        float(np.median(errors[kept])),
        tuple(float(value) for value in rms),
        tuple(float(value) for value in refinement.sigma),
        tuple(int(count) for count in kept.any(axis=2).sum(axis=1)),
        tuple(int(count) for count in (observations.seen & ~kept).sum(axis=(1, 2))),
        tuple(f"{names[camera]}:{observations.frame_ids[frame]}" for camera, frame in np.argwhere(lost)),
    )


def _check_rejected(kept: NDArray, observations: BoardObservations | BodyObservations) -> None:
    share = 1.0 - kept.sum(axis=(1, 2)) / np.maximum(observations.seen.sum(axis=(1, 2)), 1)
    if (share <= _MANY_REJECTED).all():
        return
    bad = ", ".join(
        f"{observations.camera_names[camera]} {100 * share[camera]:.0f} %" for camera in np.flatnonzero(share > 0.5)
    )
    raise SolverError(
        f"More than half of the corners contradict the other cameras: {bad}.",
        "Check that this camera's video is synchronous with the others, not mirrored, and of the same board.",
        code="TOO_MANY_REJECTED",
    )


def check_boards_agree(refinement: Refinement, camera_names: Sequence[str], boards: Sequence[str]) -> None:
    """Refuse boards, of several, that a camera sees otherwise than the other boards, as one of another size.

    Parameters
    ----------
    refinement : Refinement
        Of all boards; each is a target.
    camera_names, boards : sequence of str

    Raises
    ------
    BoardError
        BOARD_MISMATCH, naming boards and cameras.
    """
    views, kept = refinement.every_view, refinement.kept
    lost = np.asarray(views.seen.any(axis=1) & ~kept.any(axis=1))
    told = []
    for target, board in enumerate(boards if len(boards) > 1 else ()):
        own = np.asarray(views.body_target[views.body] == target)
        for camera, name in enumerate(camera_names):
            here = np.asarray(own & (views.camera == camera))
            if lost[here].sum() >= _FEWEST_LOST and lost[here].mean() > _MANY_REJECTED:
                told.append(f"{lost[here].sum()} of {here.sum()} views of the {board} in {name}")
    if told:
        raise BoardError(
            f"The boards contradict each other: {'; '.join(told)} do not fit what the other views say; any of "
            f"the boards may be described wrongly ({'; '.join(boards)}).",
            "Measure the squares of every printed board and describe each as it is; check that the videos are "
            "synchronous; or calibrate with one board alone.",
            code="BOARD_MISMATCH",
        )


def corner_errors(
    refinement: Refinement, observations: BoardObservations | BodyObservations, frames: NDArray
) -> tuple[NDArray, NDArray]:
    """Return corner errors in px and which corners were kept, both of shape (camera, frame, corner).

    Parameters
    ----------
    frames : ndarray of int, shape (used,)
        Positions of the refinement's frames on the frame axis of `observations`.
    """
    errors = np.full(observations.pixels.shape[:3], np.nan)
    kept = np.zeros(errors.shape, dtype=bool)
    views = refinement.every_view
    lengths = np.sqrt(squared_errors(refinement.state, views))
    shown = views.seen & np.isfinite(lengths) & refinement.placed[views.body, None]
    errors[views.camera, frames[views.body]] = np.where(shown, lengths, np.nan)
    kept[views.camera, frames[views.body]] = refinement.kept
    return errors, kept


def quality_metadata(quality: CalibrationQuality) -> dict[str, float | int | str]:
    """Return the figures as metadata of a rig; what is not known is left out."""
    table: dict[str, float | int | str] = {
        "reprojection_rms_px": quality.rms_px,
        "reprojection_median_px": quality.median_px,
        "n_views": sum(quality.n_views),
        "n_rejected_corners": sum(quality.n_rejected_corners),
        "rejected_views": " ".join(quality.rejected_views),
    }
    if quality.board is not None:
        table["corner_distance_rmse_mm"] = quality.board.distance_rmse_mm
    if quality.n_floor_frames:
        table["floor_tilt_sd_deg"] = quality.floor_tilt_sd_deg
        table["n_floor_frames"] = quality.n_floor_frames
    return {key: value for key, value in table.items() if not (isinstance(value, float) and np.isnan(value))}
