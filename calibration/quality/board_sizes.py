"""Whether several boards in one recording agree about length."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from calibration.camera import CameraRig
from calibration.errors import BoardError
from calibration.observations import BoardObservations
from calibration.triangulation import triangulate

_MOST_APART = 0.02  # of a length, between two boards; lenses that are poorly known bend space by less
_CHANCE_SDS = 6.0
_FEWEST_FRAMES = 5
_FEWEST_CORNERS = 6


@dataclass(frozen=True)
class BoardSize:
    """How large two cameras see a board.

    Attributes
    ----------
    board, cameras : str
    size, sd : float
        Measured over described lengths, median over frames, and its standard deviation.
    """

    board: str
    cameras: str
    size: float
    sd: float


def check_sizes_agree(rig: CameraRig, boards: Sequence[BoardObservations]) -> None:
    """Refuse boards of which the cameras see one larger, against its description, than another.

    Views of a board of another size may be left out one by one as outliers, or every pair of cameras may take the
    size of the board that it sees most. So every pair of cameras measures every board, whatever was left out.

    Parameters
    ----------
    rig : CameraRig
        Calibrated from these boards.
    boards : sequence of BoardObservations

    Raises
    ------
    BoardError
        BOARD_MISMATCH, naming boards, cameras and sizes.
    """
    sizes = [size for board in boards for size in _sizes(rig, board)]
    if len(sizes) < 2:
        return
    low, high = min(sizes, key=lambda one: one.size), max(sizes, key=lambda one: one.size)
    if high.size - low.size > max(_MOST_APART, _CHANCE_SDS * float(np.hypot(low.sd, high.sd))):
        told = " and ".join(f"{100 * one.size:.1f} % of the {one.board} ({one.cameras})" for one in (high, low))
        raise BoardError(
            f"The boards contradict each other about length: cameras measure {told}, of lengths as described; any "
            "of the boards may be described wrongly.",
            "Measure the squares of every printed board and describe each as it is; check that the videos are "
            "synchronous; or calibrate with one board alone.",
            code="BOARD_MISMATCH",
        )


def _sizes(rig: CameraRig, board: BoardObservations) -> list[BoardSize]:
    """Return how large every two cameras see a board that they share in enough frames."""
    found = []
    for one, other in combinations(rig.names, 2):
        own = board.subset_cameras((one, other))
        pair = CameraRig(tuple(camera for camera in rig if camera.name in own.camera_names))
        together = np.isfinite(own.pixels).all(axis=(0, -1)).sum(axis=-1) >= _FEWEST_CORNERS
        sizes = _size_by_frame(triangulate(pair, own.pixels[:, together]), board.board.corners_board)
        if len(sizes) >= _FEWEST_FRAMES:
            middle = float(np.median(sizes))
            sd = 1.2533 * 1.4826 * float(np.median(np.abs(sizes - middle))) / np.sqrt(len(sizes))
            found.append(BoardSize(board.board.describe(), f"{one} with {other}", middle, sd))
    return found


def _size_by_frame(points_world: NDArray, corners_board: NDArray) -> NDArray:
    """Return the scale of the similarity from board to triangulated corners (Umeyama 1991), frame by frame."""
    sizes = []
    for points in points_world:
        known = np.isfinite(points).all(axis=-1)
        if known.sum() < _FEWEST_CORNERS:
            continue
        described = corners_board[known] - corners_board[known].mean(axis=0)
        measured = points[known] - points[known].mean(axis=0)
        sizes.append(np.linalg.svd(described.T @ measured, compute_uv=False).sum() / (described**2).sum())
    return np.array(sizes)
