"""Refusals of footage by its views, before anything is solved."""

import numpy as np
from numpy.typing import NDArray

from calibration.errors import BoardError, ViewGraphError
from calibration.initial.extrinsics import check_connected
from calibration.initial.intrinsics import check_board
from calibration.observations import BoardObservations
from calibration.quality.view_graph import connection_advice, view_graph
from calibration.views import MIN_VIEW_CORNERS, mirrored_views, spread_views

MIN_VIEWS = 5
_SAME_PX = 0.02
_LOOKED_AT = 8


def without_mirrored(usable: NDArray, observations: BoardObservations) -> NDArray:
    """Return the usable views, shape (camera, frame), that show the board's front; refuse flipped footage.

    Raises
    ------
    BoardError
        BOARD_MISMATCH, or CAMERA_MIRRORED, naming the cameras of which most views are mirrored.
    """
    # Corners of another board can look mirrored; then that is what has to be said.
    board = observations.board
    for pixels, own, name in zip(observations.pixels, usable, observations.camera_names, strict=True):
        if own.any():
            chosen = pixels[own][spread_views(pixels[own], _LOOKED_AT)]
            check_board(chosen, board.corners_board, board.faces, name)
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


def check_views(usable: NDArray, names: tuple[str, ...], frame_ids: NDArray | None = None) -> None:
    """Refuse footage with too few views.

    Parameters
    ----------
    usable : ndarray of bool, shape (camera, frame)
        As `usable_views` says.
    names : tuple of str
    frame_ids : ndarray of int, shape (frame,), optional
        In any order, and more than once where several boards were seen; positions on the frame axis without.

    Raises
    ------
    ViewGraphError
        TOO_FEW_VIEWS, naming each camera below 5 views, or CAMERAS_NOT_CONNECTED, with the walk that would connect
        them.
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
    ids, place = np.unique(np.arange(usable.shape[1]) if frame_ids is None else frame_ids, return_inverse=True)
    moments = np.zeros((len(names), len(ids)), dtype=bool)
    moments[np.nonzero(usable)[0], place[np.nonzero(usable)[1]]] = True
    advice = connection_advice(view_graph(moments[..., None], names, ids))
    check_connected(usable.astype(int) @ usable.T.astype(int), names, advice)


def check_duplicates(pixels: NDArray, names: tuple[str, ...]) -> None:
    """Refuse two cameras that show one and the same footage.

    Parameters
    ----------
    pixels : ndarray, shape (camera, frame, corner, 2)
        NaN where not seen.

    Raises
    ------
    ViewGraphError
        CAMERA_DOUBLED
    """
    for i in range(len(names)):
        for j in range(i + 1, len(names)):
            off = np.linalg.norm(pixels[i] - pixels[j], axis=-1)
            off = off[np.isfinite(off)]
            # Two cameras in one place would still differ by the noise of the corners.
            if len(off) >= MIN_VIEWS * MIN_VIEW_CORNERS and np.median(off) < _SAME_PX:
                raise ViewGraphError(
                    f"Cameras '{names[i]}' and '{names[j]}' show the same footage: their corners differ by "
                    f"{np.median(off):.3f} px over {len(off)} corners.",
                    "Give each camera its own video; a file was probably copied or named twice.",
                    code="CAMERA_DOUBLED",
                )
