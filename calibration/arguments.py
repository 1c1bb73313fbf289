"""What a caller hands to a calibration, refused at the door where it cannot be meant."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from calibration.errors import BoardError, CalibrationError, ShapeError
from calibration.lenses.models import checked_model
from calibration.observations import BoardObservations
from calibration.solve.bodies import check_same_cameras

if TYPE_CHECKING:
    from calibration.result import Calibration

_COUNTED_TWICE = 0.2  # of the corners of a board, from which on they are another's; whole pixels agree by chance


def checked_boards(
    observations: BoardObservations, more_boards: Sequence[BoardObservations]
) -> tuple[BoardObservations, ...]:
    """Return all boards as one tuple.

    Raises
    ------
    ShapeError
        When one is no `BoardObservations`, or not of the same cameras.
    BoardError
        BOARDS_ALIKE when two hold the same corners, which would count twice.
    """
    more = (more_boards,) if isinstance(more_boards, BoardObservations) else tuple(more_boards)
    boards = (observations, *more)
    for board in boards:
        if not isinstance(board, BoardObservations):
            raise ShapeError(
                f"observations are {type(board).__name__}, not BoardObservations.",
                "Detect the board (detect_board), or make BoardObservations of the pixels.",
            )
    check_same_cameras(boards)
    _check_counted_once(boards)
    return boards


def _check_counted_once(boards: tuple[BoardObservations, ...]) -> None:
    if len(boards) == 1:
        return
    seen = [_corners(board) for board in boards]
    for number, one in enumerate(seen):
        for other, another in enumerate(seen[:number]):
            n_same = len(np.intersect1d(one, another))
            least = max(min(len(one), len(another)), 1)
            if n_same > _COUNTED_TWICE * least:
                raise BoardError(
                    f"Board {number + 1} and board {other + 1} hold the same corners ({n_same} of {least}): they would "
                    "count twice, and every stated uncertainty be too small.",
                    "Give each board's own corners, once.",
                    code="BOARDS_ALIKE",
                )


def _corners(board: BoardObservations) -> NDArray:
    """All corners that were seen, each as camera, x and y in one number that two corners hardly have in common."""
    seen = board.seen
    camera = np.nonzero(seen)[0]
    packed = np.empty((len(camera), 3))
    packed[:, 0], packed[:, 1:] = camera, board.pixels[seen]
    return np.unique(packed.view([("camera", float), ("x", float), ("y", float)])[:, 0])


def lens_models_of(lens: str | Mapping[str, str], names: tuple[str, ...]) -> list[str]:
    """Return the lens model of each camera, in the words of `lenses.models.checked_model`.

    Raises
    ------
    CalibrationError
        LENS_MODEL_UNKNOWN; CAMERA_UNKNOWN when a model is given for a camera that there is not.
    """
    if not isinstance(lens, str) and not (
        isinstance(lens, Mapping) and all(isinstance(one, str) for one in lens.values())
    ):
        raise CalibrationError(
            f"lens = {lens!r:.60} is neither a name nor a mapping of camera name to name.",
            "Write lens='auto', or lens={'left': 'fisheye', 'right': 'brown5'}.",
            code="LENS_MODEL_UNKNOWN",
        )
    if isinstance(lens, str):
        return [checked_model(lens, name) for name in names]
    unknown = [name for name in lens if name not in names]
    if unknown:
        raise CalibrationError(
            f"lens names cameras that there are not: {', '.join(map(repr, unknown))}; there are {', '.join(names)}.",
            "Name the cameras as in the footage.",
            code="CAMERA_UNKNOWN",
        )
    return [checked_model(lens.get(name, "auto"), name) for name in names]


def check_share(max_rms_share: float) -> None:
    """Refuse a limit of the residual that no residual can be held to.

    Raises
    ------
    CalibrationError
        RMS_LIMIT
    """
    if not isinstance(max_rms_share, float | int) or not max_rms_share > 0:
        raise CalibrationError(
            f"max_rms_share = {max_rms_share!r:.40} is no share above 0 of the longer side of the image.",
            "Give a number such as 0.004, or leave it out.",
            code="RMS_LIMIT",
        )


def check_folds(n_folds: int, least: int = 2) -> None:
    """Refuse a number of folds that leaves nothing to fit, or nothing to score.

    Raises
    ------
    CalibrationError
        FOLDS
    """
    if isinstance(n_folds, bool) or not isinstance(n_folds, int | np.integer) or n_folds < least:
        raise CalibrationError(
            f"n_folds = {n_folds!r:.40}, and it takes a whole number of at least {least}.",
            "Give 2 or more folds.",
            code="FOLDS",
        )


def check_calibrated_from(calibration: "Calibration", observations: BoardObservations) -> None:
    """Refuse observations that a calibration was not made from.

    Raises
    ------
    CalibrationError
        OBSERVATIONS_OTHER
    """
    n_cameras, n_frames, n_corners = calibration.kept.shape
    names = calibration.rig.names
    found = (*observations.pixels.shape[:3], observations.camera_names)
    if found != (n_cameras, n_frames, n_corners, names) or (calibration.kept & ~observations.seen).any():
        raise CalibrationError(
            f"These observations are not those that the calibration was made from: it has {n_frames} frames of "
            f"{n_corners} corners by {', '.join(names)}; given are {found[1]} frames of {found[2]} corners by "
            f"{', '.join(observations.camera_names)}.",
            "Give the observations that were calibrated, or calibrate these.",
            code="OBSERVATIONS_OTHER",
        )
