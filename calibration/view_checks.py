"""Refusals of footage by its views, before anything is solved."""

import numpy as np
from numpy.typing import NDArray

from calibration.errors import BoardError, ViewGraphError
from calibration.extrinsics import check_connected
from calibration.observations import BoardObservations
from calibration.views import MIN_VIEW_CORNERS, mirrored_views

MIN_VIEWS = 5


def without_mirrored(usable: NDArray, observations: BoardObservations) -> NDArray:
    """Return the usable views, shape (camera, frame), that show the board's front; refuse flipped footage.

    Raises
    ------
    BoardError
        CAMERA_MIRRORED, naming the cameras of which most views are mirrored.
    """
    mirrored = mirrored_views(observations.pixels, observations.board.corners_board) & usable
    flipped = mirrored.sum(axis=1) > 0.5 * np.maximum(usable.sum(axis=1), 1)
    if flipped.any():
        names = [name for name, flip in zip(observations.camera_names, flipped, strict=True) if flip]
        raise BoardError(
            f"Cameras {', '.join(names)} show the board mirrored.",
            "Switch off the mirror option of the recording software, or flip the videos back.",
            code="CAMERA_MIRRORED",
        )
    return usable & ~mirrored


def check_views(usable: NDArray, names: tuple[str, ...]) -> None:
    """Refuse footage with too few views.

    Parameters
    ----------
    usable : ndarray of bool, shape (camera, frame)
        As `usable_views` says.

    Raises
    ------
    ViewGraphError
        TOO_FEW_VIEWS, naming each camera below 5 views, or CAMERAS_NOT_CONNECTED.
    """
    counts = usable.sum(axis=1)
    if (counts < MIN_VIEWS).any():
        poor = ", ".join(f"{name} {count}" for name, count in zip(names, counts, strict=True) if count < MIN_VIEWS)
        every = ", ".join(f"{name} {count}" for name, count in zip(names, counts, strict=True))
        raise ViewGraphError(
            f"Cameras with fewer than {MIN_VIEWS} usable views of the board (a view needs {MIN_VIEW_CORNERS} corners "
            f"that are not on one line): {poor}. All cameras: {every}.",
            "Show the board to these cameras longer, slanted, near and far; check that board.toml describes it.",
            code="TOO_FEW_VIEWS",
        )
    check_connected(usable.astype(int) @ usable.T.astype(int), names)
