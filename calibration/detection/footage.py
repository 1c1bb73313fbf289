"""The footage of all cameras: the board's corners in every frame, or the reason why there are none."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from calibration.board import MIN_CORNERS, Board
from calibration.detection.corners import board_markers, corners_from_markers, detect_corners
from calibration.detection.diagnosis import check_pattern, explain_absence, explain_blind_camera
from calibration.detection.markers import Markers
from calibration.detection.pattern import usable_view
from calibration.errors import SourceError
from calibration.observations import BoardObservations
from calibration.sources import CameraSource, frame_count, iter_frames

Progress = Callable[[str, int, int | None], None]

_SAMPLE_IMAGES = 12
_SAMPLE_MARKERS = 60
_DIAGNOSED_IMAGES = 40
_WORKERS = 2


def detect_board(
    sources: Sequence[CameraSource],
    board: Board,
    progress: Progress | None = None,
    every: int = 1,
    limit: int | None = None,
    by_every_camera: bool = True,
) -> BoardObservations:
    """Find the board in the footage of all cameras.

    Parameters
    ----------
    sources : sequence of CameraSource
        Frames of the cameras correspond by index.
    board : Board
    progress : callable, optional
        Called as ``progress(camera_name, frames_done, frames_total or None)``, from several threads.
    every : int
        Look only at frames whose index is a multiple of it.
    limit : int, optional
        Look only at frames before this index.
    by_every_camera : bool
        Refuse footage in which a camera never sees the board; without it such a camera has only NaN, as where
        several boards serve different cameras.

    Returns
    -------
    BoardObservations
        Frames in which at least one camera has a usable view: six corners or more, not on one line.

    Raises
    ------
    BoardError
        BOARD_NOT_SEEN, BOARD_INVERTED, BOARD_DICTIONARY, BOARD_SIZE, BOARD_LAYOUT, IMAGE_MIRRORED or CAMERA_BLIND,
        each with what the footage shows instead.
    SourceError, FormatError
        As `iter_frames`.
    """
    if not sources:
        raise SourceError("There is no camera to look at.", "Give the footage of at least one camera.", "SOURCE_EMPTY")
    scans = _scan_all(sources, board, progress, every, limit)
    samples = [markers for scan in scans for markers in scan.markers.items]
    check_pattern(samples, board)
    blind = [scan for scan in scans if not scan.corners]
    if len(blind) == len(scans):
        raise explain_absence(_mixed([scan.images.items for scan in scans]), board)
    if blind and by_every_camera:
        raise explain_blind_camera([scan.name for scan in blind], _mixed([blind[0].images.items]), board)
    frame_ids = sorted(set().union(*(scan.corners for scan in scans)))
    pixels = np.full((len(scans), len(frame_ids), board.n_corners, 2), np.nan)
    for camera, scan in enumerate(scans):
        for frame, frame_id in enumerate(frame_ids):
            if frame_id in scan.corners:
                pixels[camera, frame] = scan.corners[frame_id]
    names = tuple(scan.name for scan in scans)
    return BoardObservations(board, names, np.array([scan.size for scan in scans]), pixels, np.array(frame_ids))


@dataclass
class _Sample:
    """An evenly thinned sample of a stream of unknown length, in bounded memory and without chance."""

    capacity: int
    items: list = field(default_factory=list)
    _stride: int = 1
    _count: int = 0

    def offer(self, item: object) -> None:
        if self._count % self._stride == 0:
            if len(self.items) == 2 * self.capacity:
                self.items, self._stride = self.items[::2], 2 * self._stride
            if self._count % self._stride == 0:
                self.items.append(item)
        self._count += 1


@dataclass
class _Scan:
    """What one camera's footage holds."""

    name: str
    size: tuple[int, int] = (0, 0)
    corners: dict[int, NDArray] = field(default_factory=dict)
    images: _Sample = field(default_factory=lambda: _Sample(_SAMPLE_IMAGES))
    markers: _Sample = field(default_factory=lambda: _Sample(_SAMPLE_MARKERS))


def _scan_all(
    sources: Sequence[CameraSource], board: Board, progress: Progress | None, every: int, limit: int | None
) -> list[_Scan]:
    # OpenCV lets go of the interpreter's lock while it decodes and detects.
    with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
        futures = [pool.submit(_scan, source, board, progress, every, limit) for source in sources]
        try:
            return [future.result() for future in futures]
        except BaseException:
            for future in futures:
                future.cancel()
            raise


def _scan(source: CameraSource, board: Board, progress: Progress | None, every: int, limit: int | None) -> _Scan:
    scan = _Scan(source.name)
    total = _total(frame_count(source), every, limit)
    done = 0
    for index, gray in iter_frames(source, every, limit):
        scan.size = gray.shape[1], gray.shape[0]
        scan.images.offer(gray)
        corners, markers = _look(gray, board)
        if markers is not None and len(markers) >= 4:
            scan.markers.offer(markers)
        if usable_view(corners, board, MIN_CORNERS):
            scan.corners[index] = corners
        done += 1
        if progress is not None:
            progress(source.name, done, total)
    if not done:
        raise SourceError(
            f"No frame of camera '{source.name}' lies in the range asked for.", "Ask for more frames.", "SOURCE_EMPTY"
        )
    return scan


def _look(gray: NDArray, board: Board) -> tuple[NDArray, Markers | None]:
    if board.type != "charuco":
        return detect_corners(gray, board), None
    gray = 255 - gray if board.inverted else gray
    markers = board_markers(gray, board)
    return corners_from_markers(gray, board, markers), markers


def _total(count: int | None, every: int, limit: int | None) -> int | None:
    if count is None:
        return None
    count = count if limit is None else min(count, limit)
    return -(-count // every)


def _mixed(lists: list[list[NDArray]]) -> list[NDArray]:
    """Take a few images of each camera, spread over its footage, for a diagnosis."""
    each = max(_DIAGNOSED_IMAGES // len(lists), 4)
    chosen = [[items[i] for i in np.linspace(0, len(items) - 1, min(each, len(items))).astype(int)] for items in lists]
    return [image for images in chosen for image in images]
