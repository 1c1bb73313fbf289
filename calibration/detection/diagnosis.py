"""Why a board was not seen: which board the footage shows instead, and what to write into board.toml."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.boards.board import DICTIONARY_SIZES, Board
from calibration.boards.tag_object import TagObject
from calibration.detection.arrangement import (
    AGREE,
    BLACK,
    GRID,
    WHITE,
    Pattern,
    best_pattern,
    fit_pattern,
    object_share,
    rows_are_absent,
)
from calibration.detection.corners import origin_white
from calibration.detection.markers import Markers
from calibration.detection.other_board import (
    Found,
    id_range,
    not_seen,
    other_board,
    other_chessboard,
    own_ids,
    too_poor,
)
from calibration.detection.tags import read_tags
from calibration.errors import BoardError

FAMILIES = (
    "DICT_4X4_1000", "DICT_5X5_1000", "DICT_6X6_1000", "DICT_7X7_1000", "DICT_APRILTAG_36h11", "DICT_ARUCO_ORIGINAL",
    "DICT_ARUCO_MIP_36h12", "DICT_APRILTAG_36h10", "DICT_APRILTAG_25h9", "DICT_APRILTAG_16h5",
)  # fmt: skip
_MIN_MARKERS = 4
_SIDE = 0.75  # marker over square where nothing is known
_NEARLY_ALL = 0.97  # share of the markers
_CLEARLY_MORE = 0.03
_GLANCE = 2  # images
_ELSEWHERE_IMAGES = 12  # looked through for each of the other dictionaries


def check_pattern(samples: Sequence[Markers], board: Board | TagObject) -> None:
    """Refuse a board whose markers were seen in another arrangement.

    Parameters
    ----------
    samples : sequence of Markers
        Sightings of at least four markers each, from all cameras.
    board : Board or TagObject

    Raises
    ------
    BoardError
        BOARD_SIZE, BOARD_LAYOUT or BOARD_TYPE.
    """
    if isinstance(board, TagObject) or board.type == "chessboard" or not samples:
        return
    side, layout = _side(board), _layout(board)
    own = _own_or_other_layout(samples, board.squares_x, layout, side)
    best = own if own is not None and own.share >= AGREE else best_pattern(samples, side, _layouts(board))
    if best is None:
        return
    same_columns = best.squares_x == board.squares_x and best.layout == layout
    if same_columns and best.squares_y < board.squares_y and not rows_are_absent(samples, board.squares_x, best):
        return
    found = _found(board, best, board.inverted, str(board.dictionary))
    if found.differs_from(board):
        raise other_board(board, found, samples)


def _own_or_other_layout(samples: Sequence[Markers], squares_x: int, layout: str, side: float) -> Pattern | None:
    """Fit the board's own arrangement, or the other ChArUco layout where that explains clearly more.

    On an odd number of columns the two layouts are one but for a shift and the last marker of every other row.
    """
    own = fit_pattern(samples, squares_x, layout, side)
    if layout == GRID or own is None or not AGREE <= own.share < _NEARLY_ALL:
        return own
    other = fit_pattern(samples, squares_x, BLACK if layout == WHITE else WHITE, side)
    return other if other is not None and other.share > own.share + _CLEARLY_MORE else own


def explain_absence(images: Sequence[NDArray], board: Board | TagObject) -> BoardError:
    """Return the error for footage in which no camera has a usable view of the board."""
    if board.dictionary is None:
        # Parts of a ChArUco board pass for a chessboard too: markers first, unless a whole chessboard saves the time.
        whole = other_chessboard(images, board, only_whole=True)
        if whole is not None:
            return whole
        explained, _ = _explained(_few(images), board, [(flag, name) for flag in (False, True) for name in FAMILIES])
        return explained or other_chessboard(images, board) or not_seen(board)
    own, others = _alternatives(board)
    explained, strays = _explained(images, board, own)
    if explained is not None:
        return explained
    if _sightings([cv2.flip(image, 1) for image in images], board.inverted, str(board.dictionary)):
        return BoardError(
            "The board's markers are found only in mirrored images.",
            "Turn mirroring off in the camera's settings and record again.",
            code="IMAGE_MIRRORED",
        )
    explained = None if strays else other_chessboard(images, board, only_whole=True)
    if explained is None:
        explained, _ = _explained(_few(images), board, others)
    if explained is not None:
        return explained
    if strays:
        return BoardError(
            f"Markers of the board's dictionary were seen, but not where the board has them: {id_range(strays)}; "
            f"{own_ids(board)}.",
            "Check that the printed board is the one that board.toml describes.",
            code="BOARD_SIZE",
        )
    return other_chessboard(images, board) or not_seen(board)


def explain_blind_camera(names: Sequence[str], images: Sequence[NDArray], board: Board | TagObject) -> BoardError:
    """Return the error for cameras that have no usable view while others have."""
    reason = explain_absence(images, board)
    shown = ", ".join(f"'{name}'" for name in names)
    hint = f" In '{names[0]}': {reason.cause}" if reason.code != "BOARD_NOT_SEEN" else ""
    error = BoardError(
        f"The board was never seen by camera{'s' if len(names) > 1 else ''} {shown}, but by the others.{hint}",
        f"{reason.remedy if hint else 'Show the board to that camera too, large and in focus'}; "
        "or take its footage out of the folder.",
        code="CAMERA_BLIND",
    )
    error.cameras = tuple(names)
    return error


def family_of(dictionary: str) -> str:
    """Return the largest dictionary that begins with the same markers."""
    stem, _, last = dictionary.rpartition("_")
    return f"{stem}_1000" if last.isdigit() else dictionary


def _explained(
    images: Sequence[NDArray], board: Board | TagObject, alternatives: Sequence[tuple[bool, str]]
) -> tuple[BoardError | None, list[Markers]]:
    """Return the error for the first alternative whose markers form a board, and sightings that form none."""
    strays: list[Markers] = []
    for inverted, dictionary in _likeliest_first(images, alternatives):
        samples = _sightings(images, inverted, dictionary)
        found = _identified(samples, board, inverted, dictionary) if samples else None
        if found is not None:
            return (other_board(board, found, samples) if found.differs_from(board) else too_poor(board)), []
        if inverted == board.inverted:
            strays += samples
    return None, strays


def _likeliest_first(
    images: Sequence[NDArray], alternatives: Sequence[tuple[bool, str]]
) -> Sequence[tuple[bool, str]]:
    """Move what a glance at two images shows to the front: a look for all alternatives in all images takes long."""
    if len(images) > _GLANCE and len(alternatives) > _GLANCE:
        glance = sorted(images, key=detail)[-_GLANCE:]
        for number, seen in enumerate(alternatives):
            if _sightings(glance, *seen):
                return [seen, *alternatives[:number], *alternatives[number + 1 :]]
    return alternatives


def detail(gray: NDArray) -> float:
    """Return how much black meets white: boards have most of it."""
    return float(np.abs(np.diff(gray[::4].astype(np.int16), axis=1)).mean())


def _identified(
    samples: Sequence[Markers], board: Board | TagObject, inverted: bool, dictionary: str
) -> Found | None:
    """Return what the sighted markers form, or None."""
    if isinstance(board, TagObject) and object_share(samples, board) >= AGREE:
        return Found("tag_object", None, None, _smallest(dictionary, max(board.ids) + 1, board), inverted, False)
    pattern = best_pattern(samples, _side(board), _layouts(board))
    return None if pattern is None else _found(board, pattern, inverted, dictionary)


def _found(board: Board | TagObject, pattern: Pattern, inverted: bool, dictionary: str) -> Found:
    n_markers = pattern.squares_x * pattern.squares_y // (1 if pattern.layout == GRID else 2)
    name = _smallest(dictionary, n_markers, board)
    if pattern.layout == GRID:
        kind = board.type if board.type in ("aruco_grid", "april_grid") else "aruco_grid"
        return Found(kind, pattern.squares_x, pattern.squares_y, name, inverted, False)
    # Both layouts agree on an odd number of rows: then what board.toml says stays.
    legacy = pattern.layout == WHITE
    if pattern.squares_y % 2:
        legacy = isinstance(board, Board) and board.type == "charuco" and board.legacy
    return Found("charuco", pattern.squares_x, pattern.squares_y, name, inverted, legacy)


def _layout(board: Board) -> str:
    if board.is_grid:
        return GRID
    return WHITE if origin_white(board) else BLACK


def _layouts(board: Board | TagObject) -> tuple[str, ...]:
    """Arrangements to try, those of the board's own type first."""
    charuco = isinstance(board, Board) and board.type == "charuco"
    return (BLACK, WHITE, GRID) if charuco else (GRID, BLACK, WHITE)


def _alternatives(board: Board | TagObject) -> tuple[list[tuple[bool, str]], list[tuple[bool, str]]]:
    """Return inversion and dictionary: of the board's own markers, and of others; the likelier first."""
    own = family_of(str(board.dictionary))
    both = (board.inverted, not board.inverted)
    others = [(inverted, name) for inverted in both for name in FAMILIES if name != own]
    return [(inverted, own) for inverted in both], others


def _smallest(family: str, n_markers: int, board: Board | TagObject) -> str:
    """Return the dictionary of a family to write down: the configured one when it will do."""
    family, wanted = family_of(family), str(board.dictionary)
    if wanted in DICTIONARY_SIZES and family_of(wanted) == family and DICTIONARY_SIZES[wanted] >= n_markers:
        return wanted
    members = [name for name in DICTIONARY_SIZES if family_of(name) == family and DICTIONARY_SIZES[name] >= n_markers]
    return min(members, key=DICTIONARY_SIZES.__getitem__, default=family)


def _sightings(images: Sequence[NDArray], inverted: bool, dictionary: str) -> list[Markers]:
    return [markers for markers in _read(images, inverted, dictionary) if len(markers) >= _MIN_MARKERS]


def _read(images: Sequence[NDArray], inverted: bool, dictionary: str) -> Iterator[Markers]:
    for image in images:
        yield read_tags(255 - image if inverted else image, dictionary)


def _few(images: Sequence[NDArray]) -> Sequence[NDArray]:
    return images[:: max(1, len(images) // _ELSEWHERE_IMAGES)]


def _side(board: Board | TagObject) -> float:
    if isinstance(board, TagObject) or board.marker_length is None:
        return _SIDE
    return board.marker_length / board.square_length
