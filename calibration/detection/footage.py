"""The footage of all cameras: the board's corners in every frame, or the reason why there are none."""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from calibration.boards.board import MIN_CORNERS
from calibration.boards.tag_object import TagObject
from calibration.boards.targets import Target
from calibration.detection.corners import board_markers, detect_corners, view_from_markers
from calibration.detection.diagnosis import check_pattern, explain_absence, explain_blind_camera
from calibration.detection.markers import NO_MARKERS, Markers
from calibration.detection.pattern import usable_view
from calibration.detection.stream import in_order
from calibration.detection.tags import find_tags, tag_corners
from calibration.detection.view_tests import BoardView, dropped_views
from calibration.errors import SourceError
from calibration.observations import BoardObservations
from calibration.sources import CameraSource, frame_count, iter_frames

Progress = Callable[[str, int, int | None], None]

_SAMPLE_IMAGES = 12
_SAMPLE_MARKERS = 60
_DIAGNOSED_IMAGES = 40


@dataclass(frozen=True, eq=False)
class BoardScan:
    """A board in the footage of all cameras, and what of it is not used.

    Attributes
    ----------
    observations : BoardObservations
    dropped : dict of dict
        By camera name, the frames whose views were left out, each with its reason: 'motion blur', 'blur' or 'glare'.
    """

    observations: BoardObservations
    dropped: dict[str, dict[int, str]]

    @property
    def notes(self) -> tuple[str, ...]:
        """One line per camera and reason, such as 'cam_1: 12 of 80 views dropped for motion blur'."""
        left = self.observations.views_per_camera()
        lines = []
        for name, views in zip(self.observations.camera_names, left, strict=True):
            reasons = list(self.dropped[name].values())
            total = int(views) + len(reasons)
            lines += [f"{name}: {reasons.count(r)} of {total} views dropped for {r}" for r in sorted(set(reasons))]
        return tuple(lines)


def detect_board(
    sources: Sequence[CameraSource],
    board: Target,
    progress: Progress | None = None,
    every: int = 1,
    limit: int | None = None,
    by_every_camera: bool = True,
    keep: Collection[int] = (),
    workers: int = 2,
) -> BoardObservations:
    """Find the board in the footage of all cameras.

    Parameters
    ----------
    sources : sequence of CameraSource
        Frames of the cameras correspond by index.
    board : Board or TagObject
    progress : callable, optional
        Called as ``progress(camera_name, frames_done, frames_total or None)``, from several threads.
    every : int
        Look only at frames whose index is a multiple of it.
    limit : int, optional
        Look only at frames before this index.
    by_every_camera : bool
        Refuse footage in which a camera never sees the board; without it such a camera has only NaN, as where
        several boards serve different cameras.

    keep : collection of int
        Frames whose views stay even when they are blurred, such as those of a board on the floor.
    workers : int
        Threads that look at images; the outcome does not depend on it.

    Returns
    -------
    BoardObservations
        Frames in which at least one camera has a usable view: six corners or more, not on one line, without glare
        and not blurred beyond what the camera's other views show.

    Raises
    ------
    BoardError
        BOARD_NOT_SEEN, BOARD_TYPE, BOARD_INVERTED, BOARD_DICTIONARY, BOARD_SIZE, BOARD_LAYOUT, IMAGE_MIRRORED or
        CAMERA_BLIND, each with what the footage shows instead.
    SourceError, FormatError
        As `iter_frames`.
    """
    return scan_board(sources, board, progress, every, limit, by_every_camera, keep, workers).observations


def scan_board(
    sources: Sequence[CameraSource],
    board: Target,
    progress: Progress | None = None,
    every: int = 1,
    limit: int | None = None,
    by_every_camera: bool = True,
    keep: Collection[int] = (),
    workers: int = 2,
) -> BoardScan:
    """Find the board as `detect_board` does; say also which views were dropped, and why."""
    if not sources:
        raise SourceError("There is no camera to look at.", "Give the footage of at least one camera.", "SOURCE_EMPTY")
    scans = _scan_all(sources, board, progress, every, limit, workers)
    samples = [markers for scan in scans for markers in scan.markers.items]
    check_pattern(samples, board)
    blind = [scan for scan in scans if not scan.seen]
    if len(blind) == len(scans):
        raise explain_absence(_mixed([scan.images.items for scan in scans]), board)
    if blind and by_every_camera:
        raise explain_blind_camera([scan.name for scan in blind], _mixed([blind[0].images.items]), board)
    dropped = [dropped_views(scan.views, keep) for scan in scans]
    seen = [
        {frame: view.pixels for frame, view in scan.views.items() if frame not in out}
        for scan, out in zip(scans, dropped, strict=True)
    ]
    frame_ids = sorted(set().union(*seen))
    pixels = np.full((len(scans), len(frame_ids), board.n_corners, 2), np.nan)
    for camera, corners in enumerate(seen):
        for frame, frame_id in enumerate(frame_ids):
            if frame_id in corners:
                pixels[camera, frame] = corners[frame_id]
    names = tuple(scan.name for scan in scans)
    sizes = np.array([scan.size for scan in scans])
    observations = BoardObservations(board, names, sizes, pixels, np.array(frame_ids, dtype=np.int64))
    return BoardScan(observations, dict(zip(names, dropped, strict=True)))


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
    seen: bool = False
    views: dict[int, BoardView] = field(default_factory=dict)
    images: _Sample = field(default_factory=lambda: _Sample(_SAMPLE_IMAGES))
    markers: _Sample = field(default_factory=lambda: _Sample(_SAMPLE_MARKERS))


def _scan_all(
    sources: Sequence[CameraSource],
    board: Target,
    progress: Progress | None,
    every: int,
    limit: int | None,
    workers: int,
) -> list[_Scan]:
    # OpenCV and the compiled parts let go of the interpreter's lock while they decode and detect.
    readers = max(1, min(workers, len(sources)))
    own = -(-workers // readers)  # of each reader
    with ThreadPoolExecutor(max_workers=readers) as pool:
        futures = [pool.submit(_scan, source, board, progress, every, limit, own) for source in sources]
        try:
            return [future.result() for future in futures]
        except BaseException:
            for future in futures:
                future.cancel()
            raise


def _scan(
    source: CameraSource, board: Target, progress: Progress | None, every: int, limit: int | None, workers: int
) -> _Scan:
    scan = _Scan(source.name)
    total = _total(frame_count(source), every, limit)
    done = 0
    for index, gray, view, markers in in_order(partial(_look, board), iter_frames(source, every, limit), workers):
        scan.size = gray.shape[1], gray.shape[0]
        if len(markers) >= 4:
            scan.markers.offer(markers)
        usable = usable_view(view.pixels, board, MIN_CORNERS)
        if usable or view.glaring:
            scan.views[index] = view
        scan.seen = scan.seen or (usable and not view.glaring)
        if scan.seen:
            scan.images.items.clear()
        else:
            scan.images.offer(gray)  # kept to explain why there is none
        done += 1
        if progress is not None:
            progress(source.name, done, total)
    if not done:
        raise SourceError(
            f"No frame of camera '{source.name}' lies in the range asked for.", "Ask for more frames.", "SOURCE_EMPTY"
        )
    return scan


def _look(board: Target, frame: tuple[int, NDArray]) -> tuple[int, NDArray, BoardView, Markers]:
    index, gray = frame
    if board.type == "chessboard":
        return index, gray, BoardView(detect_corners(gray, board), np.full(2, np.nan), 0), NO_MARKERS
    ink = 255 - gray if board.inverted else gray
    if isinstance(board, TagObject) or board.is_grid:
        markers = find_tags(ink, board)
        return index, gray, BoardView(tag_corners(ink, board, markers), np.full(2, np.nan), 0), markers
    markers = board_markers(ink, board)
    return index, gray, view_from_markers(ink, board, markers), markers


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
