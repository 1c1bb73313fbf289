"""A picture of what was tried: the frame that shows most, with what was detected drawn on it."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.boards.board import Board
from calibration.boards.tag_object import TagObject
from calibration.detection.corners import detect_corners
from calibration.detection.diagnosis import FAMILIES, detail, family_of
from calibration.detection.markers import NO_MARKERS, Markers
from calibration.detection.tags import read_tags
from calibration.sources import CameraSource, frame_count, iter_frames

_FRAMES = 12  # looked at per camera
_CLOSER = 4  # of these, searched for other markers
_ENOUGH = 4  # markers that are not there by chance
_SEARCH_PX = 960
_SMALL_PX, _LARGE_PX = 60.0, 2000  # side of a marker below which the picture is enlarged, and of images that are not
_LEGEND = "Green: markers as board.toml has them. Red: others. Blue: corners."
_GOOD, _STRANGE, _CORNER = (60, 200, 60), (50, 80, 240), (240, 160, 30)  # BGR


@dataclass(frozen=True, eq=False)
class TriedFrame:
    """The frame in which most was found.

    Attributes
    ----------
    camera : str
    frame : int
        Index in the camera's footage.
    image : ndarray of uint8, shape (height, width, 3)
        BGR, with markers (green: of the board as described; red: of another), corners and a caption drawn on it;
        enlarged where the markers are small.
    found : str
        What was found, in a line.
    """

    camera: str
    frame: int
    image: NDArray[np.uint8]
    found: str

    def png(self) -> bytes:
        """Return the picture as the content of a PNG file."""
        return bytes(cv2.imencode(".png", self.image)[1].tobytes())


@dataclass(frozen=True, eq=False)
class _Look:
    """What one frame shows: markers of a dictionary, corners of the board, corners of any chessboard."""

    camera: str
    frame: int
    gray: NDArray[np.uint8]
    markers: Markers = NO_MARKERS
    inverted: bool = False
    dictionary: str | None = None
    corners: NDArray[np.float64] | None = None
    squares: tuple[int, int] | None = None
    mirrored: bool = False

    @property
    def score(self) -> tuple[int, int]:
        """Corners of the board count more than anything else."""
        seen = 0 if self.corners is None or self.squares else int(np.isfinite(self.corners[:, 0]).sum())
        others = 0 if self.squares is None else self.squares[0] * self.squares[1]
        return seen, len(self.markers) + others


def tried_frame(sources: Sequence[CameraSource], board: Board | TagObject) -> TriedFrame | None:
    """Return the frame that explains best why a board was not found.

    Parameters
    ----------
    sources : sequence of CameraSource
    board : Board or TagObject
        As it is described.

    Returns
    -------
    TriedFrame or None
        None when there is no frame at all. Of each camera a dozen frames are looked at, spread over its footage.
    """
    looks = [_own(source.name, index, gray, board) for source in sources for index, gray in _spread(source)]
    if not looks:
        return None
    best = max(looks, key=lambda look: look.score)
    if best.score[0] == 0 and len(best.markers) < _ENOUGH:
        closer = sorted(looks, key=lambda look: -detail(look.gray))[: _CLOSER * max(1, len(sources) // 2)]
        best = max([best, *_any(closer, board)], key=lambda look: look.score)
    return TriedFrame(best.camera, best.frame, _drawn(best, board), _words(best, board))


def _spread(source: CameraSource) -> list[tuple[int, NDArray[np.uint8]]]:
    step = max(1, (frame_count(source) or _FRAMES) // _FRAMES)
    return [(index, gray) for index, gray in iter_frames(source, step, _FRAMES * step)]


def _own(camera: str, frame: int, gray: NDArray, board: Board | TagObject) -> _Look:
    """Look for the board as described, and for its markers in both inversions."""
    corners = detect_corners(gray, board)
    if board.dictionary is None:
        return _Look(camera, frame, gray, corners=corners)
    own = family_of(str(board.dictionary))
    both = (board.inverted, not board.inverted)
    reads = {inverted: read_tags(255 - gray if inverted else gray, own) for inverted in both}
    inverted = max(reads, key=lambda flag: len(reads[flag]))
    return _Look(camera, frame, gray, reads[inverted], inverted, own, corners)


def _any(looks: Sequence[_Look], board: Board | TagObject) -> list[_Look]:
    """Look for the board's own markers in mirrored images, then for markers of any dictionary, then for a chessboard.

    One footage shows one board: what the first image with markers shows is all that is looked for in the others.
    """
    every = [(name, inverted, False) for inverted in (board.inverted, not board.inverted) for name in FAMILIES]
    if board.dictionary is not None:
        every = [(family_of(str(board.dictionary)), board.inverted, True), *every]
    found: list[_Look] = []
    for look in looks:
        for name, inverted, mirrored in every:
            seen = _read(look, name, inverted, mirrored)
            if len(seen.markers) >= _ENOUGH:
                found.append(seen)
                every = [(name, inverted, mirrored)]
                break
    return found or [_chessboard(look) for look in looks]


def _read(look: _Look, dictionary: str, inverted: bool, mirrored: bool) -> _Look:
    gray = np.ascontiguousarray(look.gray[:, ::-1]) if mirrored else look.gray
    markers = read_tags(255 - gray if inverted else gray, dictionary)
    if mirrored:
        corners = np.stack([gray.shape[1] - 1 - markers.corners[..., 0], markers.corners[..., 1]], axis=-1)
        markers = Markers(markers.ids, corners)
    return _Look(look.camera, look.frame, look.gray, markers, inverted, dictionary, mirrored=mirrored)


def _chessboard(look: _Look) -> _Look:
    scale = min(1.0, _SEARCH_PX / max(look.gray.shape))
    small = cv2.resize(look.gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if not cv2.checkChessboard(small, (3, 3)):
        return look
    found, corners, meta = cv2.findChessboardCornersSBWithMeta(small, (3, 3), cv2.CALIB_CB_LARGER)
    if not found:
        return look
    rows, columns = (int(length) + 1 for length in meta.shape[:2])
    places = (np.asarray(corners, float).reshape(-1, 2) + 0.5) / scale - 0.5
    return _Look(look.camera, look.frame, look.gray, corners=places, squares=(columns, rows))


def _owned(look: _Look, board: Board | TagObject) -> NDArray[np.bool_]:
    """Which markers the board as described has."""
    if look.mirrored or look.inverted != board.inverted or look.dictionary != family_of(str(board.dictionary)):
        return np.zeros(len(look.markers), bool)
    if isinstance(board, TagObject):
        return np.isin(look.markers.ids, board.ids)
    return np.asarray(look.markers.ids < board.n_markers)


def _words(look: _Look, board: Board | TagObject) -> str:
    if look.squares is not None:
        return f"a chessboard of {look.squares[0]} x {look.squares[1]} squares"
    if not len(look.markers):
        return "no marker of any dictionary, no chessboard" if look.score[0] == 0 else f"{look.score[0]} corners"
    ids = f"ids {look.markers.ids.min()} to {look.markers.ids.max()}"
    light = ("white on black" if look.inverted else "black on white") + (", mirrored" if look.mirrored else "")
    own, family = int(_owned(look, board).sum()), str(look.dictionary).removesuffix("_1000")
    return (
        f"{len(look.markers)} markers of {family}, {light}, {ids}, {own} of them the board's; "
        f"{look.score[0]} of its {board.n_corners} corners"
    )


def _drawn(look: _Look, board: Board | TagObject) -> NDArray[np.uint8]:
    sides = np.linalg.norm(np.diff(look.markers.corners[:, :2], axis=1)[:, 0], axis=-1)
    zoom = 2 if len(sides) and np.median(sides) < _SMALL_PX and max(look.gray.shape) < _LARGE_PX else 1
    gray = cv2.resize(look.gray, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC) if zoom > 1 else look.gray
    image = cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR)
    width = max(1, round(max(gray.shape) / 900))
    for corners, number, own in zip(look.markers.corners, look.markers.ids, _owned(look, board), strict=True):
        places = (corners + 0.5) * zoom - 0.5
        cv2.polylines(image, [np.rint(places).astype(np.int32)], True, _GOOD if own else _STRANGE, width, cv2.LINE_AA)
        _write_number(image, int(number), places, _GOOD if own else _STRANGE)
    if look.corners is not None:
        seen = look.corners[np.isfinite(look.corners[:, 0])]
        for x, y in np.rint((seen + 0.5) * zoom - 0.5).astype(int):
            cv2.circle(image, (int(x), int(y)), 3 * width, _CORNER, width, cv2.LINE_AA)
    lines = [f"{look.camera}, frame {look.frame}: {_words(look, board)}", f"board.toml: {board.describe()}", _LEGEND]
    return np.concatenate([image, _caption(lines, image.shape[1])])


def _write_number(image: NDArray, number: int, corners: NDArray, colour: tuple[int, int, int]) -> None:
    """Write a marker's number into its middle, half as high as the marker, with a rim of white to be read on black."""
    side = float(np.linalg.norm(corners[1] - corners[0]))
    scale = float(np.clip(side / 44, 0.35, 2.0))
    thick = max(1, round(2 * scale))
    (width, height), _ = cv2.getTextSize(str(number), cv2.FONT_HERSHEY_SIMPLEX, scale, thick)
    middle = corners.mean(axis=0)
    place = (round(float(middle[0]) - width / 2), round(float(middle[1]) + height / 2))
    for ink, extra in (((255, 255, 255), 4), (colour, 0)):
        cv2.putText(image, str(number), place, cv2.FONT_HERSHEY_SIMPLEX, scale, ink, thick + extra, cv2.LINE_AA)


def _caption(lines: Sequence[str], width: int) -> NDArray[np.uint8]:
    """Black on white, small enough that every line fits."""
    longest = max(cv2.getTextSize(line, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 1)[0][0] for line in lines)
    scale = min(max(0.6, width / 2000), (width - 16) / longest)
    step = max(12, round(34 * scale))
    strip = np.full((step * len(lines) + 8, width, 3), 255, np.uint8)
    for row, line in enumerate(lines):
        cv2.putText(strip, line, (8, step * (row + 1)), cv2.FONT_HERSHEY_SIMPLEX, scale, (0, 0, 0), 1, cv2.LINE_AA)
    return strip
