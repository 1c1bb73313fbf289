"""Why a board was not seen: which board the footage shows instead, and what to write into board.toml."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.board import DICTIONARY_SIZES, Board
from calibration.detection.corners import Markers, detect_markers, origin_white
from calibration.detection.pattern import consistent_markers, marker_cells, marker_corners
from calibration.errors import BoardError

_FAMILIES = (
    "DICT_4X4_1000", "DICT_5X5_1000", "DICT_6X6_1000", "DICT_7X7_1000", "DICT_APRILTAG_36h11", "DICT_ARUCO_ORIGINAL",
    "DICT_ARUCO_MIP_36h12", "DICT_APRILTAG_36h10", "DICT_APRILTAG_25h9", "DICT_APRILTAG_16h5",
)  # fmt: skip
_WIDTHS = range(3, 25)
_MIN_MARKERS = 4
_AGREE = 0.7  # share of the markers that have to lie as a board says
_ROWS_NEED = 20  # views of each seen marker before a row that never showed is taken to be absent


@dataclass(frozen=True)
class _Pattern:
    """A ChArUco arrangement that marker sightings fit."""

    squares_x: int
    squares_y: int
    origin_white: bool
    share: float


def check_pattern(samples: Sequence[Markers], board: Board) -> None:
    """Refuse a board whose markers were seen in another arrangement.

    Parameters
    ----------
    samples : sequence of Markers
        Sightings of at least four markers each, from all cameras.
    board : Board

    Raises
    ------
    BoardError
        BOARD_SIZE or BOARD_LAYOUT.
    """
    if board.type != "charuco" or not samples:
        return
    side = _side(board)
    own = _fit(samples, board.squares_x, origin_white(board), side)
    best = own if own is not None and own.share >= _AGREE else _best_pattern(samples, side)
    if best is None:
        return
    same_columns = best.squares_x == board.squares_x and best.origin_white == origin_white(board)
    if same_columns and best.squares_y < board.squares_y and not _rows_are_absent(samples, board, best):
        return
    found = _as_board(board, best, board.inverted, str(board.dictionary))
    if found != board:
        raise _other_board(board, found, samples)


def explain_absence(images: Sequence[NDArray], board: Board) -> BoardError:
    """Return the error for footage in which no camera has a usable view of the board."""
    if board.type == "chessboard":
        return _other_chessboard(images, board) or _not_seen(board)
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
    explained, _ = _explained(images, board, others)
    if explained is not None:
        return explained
    if strays:
        return BoardError(
            f"Markers of the board's dictionary were seen, but not where the board has them: {_id_range(strays)}; "
            f"{_own_ids(board)}.",
            "Check that the printed board is the one that board.toml describes.",
            code="BOARD_SIZE",
        )
    return _not_seen(board)


def explain_blind_camera(names: Sequence[str], images: Sequence[NDArray], board: Board) -> BoardError:
    """Return the error for cameras that have no usable view while others have."""
    reason = explain_absence(images, board)
    shown = ", ".join(f"'{name}'" for name in names)
    hint = f" In '{names[0]}': {reason.cause}" if reason.code != "BOARD_NOT_SEEN" else ""
    return BoardError(
        f"The board was never seen by camera{'s' if len(names) > 1 else ''} {shown}, but by the others.{hint}",
        f"{reason.remedy if hint else 'Show the board to that camera too, large and in focus'}; "
        "or take its footage out of the folder.",
        code="CAMERA_BLIND",
    )


def _explained(
    images: Sequence[NDArray], board: Board, alternatives: Sequence[tuple[bool, str]]
) -> tuple[BoardError | None, list[Markers]]:
    """Return the error for the first alternative whose markers form a board, and sightings that form none."""
    strays: list[Markers] = []
    for inverted, dictionary in alternatives:
        samples = _sightings(images, inverted, dictionary)
        pattern = _best_pattern(samples, _side(board)) if samples else None
        if pattern is not None:
            found = _as_board(board, pattern, inverted, dictionary)
            return (_other_board(board, found, samples) if found != board else _too_poor(board)), []
        if inverted == board.inverted:
            strays += samples
    return None, strays


def _alternatives(board: Board) -> tuple[list[tuple[bool, str]], list[tuple[bool, str]]]:
    """Return inversion and dictionary: of the board's own markers, and of others; the likelier first."""
    own = _family(str(board.dictionary))
    both = (board.inverted, not board.inverted)
    others = [(inverted, name) for inverted in both for name in _FAMILIES if name != own]
    return [(inverted, own) for inverted in both], others


def _family(dictionary: str) -> str:
    """Return the largest dictionary that begins with the same markers."""
    stem, _, last = dictionary.rpartition("_")
    return f"{stem}_1000" if last.isdigit() else dictionary


def _smallest(family: str, n_markers: int, wanted: str) -> str:
    """Return the dictionary of a family to write down: the configured one when it will do."""
    if _family(wanted) == family and DICTIONARY_SIZES[wanted] >= n_markers:
        return wanted
    members = [name for name in DICTIONARY_SIZES if _family(name) == family and DICTIONARY_SIZES[name] >= n_markers]
    return min(members, key=DICTIONARY_SIZES.__getitem__, default=family)


def _sightings(images: Sequence[NDArray], inverted: bool, dictionary: str) -> list[Markers]:
    found = (detect_markers(255 - image if inverted else image, dictionary) for image in images)
    return [markers for markers in found if len(markers) >= _MIN_MARKERS]


def _side(board: Board) -> float:
    return float(board.marker_length or 0) / board.square_length


def _best_pattern(samples: Sequence[Markers], side: float) -> _Pattern | None:
    samples = sorted(samples, key=len, reverse=True)[:20]
    sound = []
    for width in _WIDTHS:
        for white in (False, True):
            # The fullest sightings decide at once against most arrangements.
            first = _fit(samples[:4], width, white, side)
            fit = _fit(samples, width, white, side) if first is not None and first.share > _AGREE / 2 else None
            if fit is not None and fit.share >= _AGREE:
                sound.append(fit)
    return max(sound, key=lambda fit: fit.share, default=None)


def _fit(samples: Sequence[Markers], squares_x: int, white: bool, side: float) -> _Pattern | None:
    kept, total = [], 0
    for markers in samples:
        cells = marker_cells(markers.ids, squares_x, white)
        keep = consistent_markers(marker_corners(cells, side), markers.corners)
        kept.append(cells[keep])
        total += len(keep)
    cells = np.concatenate(kept)
    if not len(cells):
        return None
    rows, counts = np.unique(cells[:, 1], return_counts=True)
    # A lone false marker can by chance lie where a further row would be.
    real = rows[counts >= max(2, 0.02 * counts.max())] if len(samples) > 1 else rows
    if not len(real):
        return None
    squares_y = max(int(real.max()) + 1, 3)
    squares_y += squares_y % 2 if white else 0
    return _Pattern(squares_x, squares_y, white, len(cells) / total)


def _rows_are_absent(samples: Sequence[Markers], board: Board, pattern: _Pattern) -> bool:
    ids = np.concatenate([markers.ids for markers in samples])
    rows = marker_cells(ids, board.squares_x, pattern.origin_white)[:, 1]
    per_row = np.bincount(rows, minlength=pattern.squares_y)[: pattern.squares_y]
    return bool(per_row.min() >= _ROWS_NEED)


def _as_board(board: Board, pattern: _Pattern, inverted: bool, dictionary: str) -> Board:
    # Both layouts agree on an odd number of rows: then what board.toml says stays.
    legacy = pattern.origin_white if pattern.squares_y % 2 == 0 else board.legacy
    n_markers = pattern.squares_x * pattern.squares_y // 2
    return replace(
        board,
        squares_x=pattern.squares_x,
        squares_y=pattern.squares_y,
        legacy=legacy,
        inverted=inverted,
        dictionary=_smallest(_family(dictionary), n_markers, str(board.dictionary)),
    )


def _other_board(board: Board, found: Board, samples: Sequence[Markers]) -> BoardError:
    keys = [
        key
        for key in ("inverted", "dictionary", "squares_x", "squares_y", "legacy")
        if getattr(board, key) != getattr(found, key)
    ]
    codes = {"inverted": "BOARD_INVERTED", "dictionary": "BOARD_DICTIONARY", "legacy": "BOARD_LAYOUT"}
    if keys[0] == "dictionary" and _family(str(found.dictionary)) == _family(str(board.dictionary)):
        keys = keys[1:] + keys[:1]  # only a larger set of the same markers: the size is the cause
    code = codes.get(keys[0], "BOARD_SIZE")
    what = {
        "BOARD_INVERTED": f"the board is {'white on black' if found.inverted else 'black on white'}",
        "BOARD_DICTIONARY": f"its markers are of {found.dictionary}, not {board.dictionary}",
        "BOARD_LAYOUT": f"its markers lie in the {'older' if found.legacy else 'newer'} of OpenCV's two layouts",
        "BOARD_SIZE": f"{_id_range(samples)}, {_own_ids(board)}",
    }[code]
    settings = ", ".join(f"{key} = {_toml(getattr(found, key))}" for key in keys)
    return BoardError(
        f"The footage shows another board than board.toml describes: {what}. "
        f"It fits {found.squares_x} x {found.squares_y} squares.",
        f"Set {settings} in board.toml, or use the board that it describes.",
        code=code,
    )


def _id_range(samples: Sequence[Markers]) -> str:
    ids, counts = np.unique(np.concatenate([markers.ids for markers in samples]), return_counts=True)
    often = ids[counts >= 0.2 * counts.max()]
    return f"saw marker ids {often.min()} to {often.max()}"


def _own_ids(board: Board) -> str:
    return f"a {board.squares_x} x {board.squares_y} board has {board.n_markers} (0 to {board.n_markers - 1})"


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)


def _other_chessboard(images: Sequence[NDArray], board: Board) -> BoardError | None:
    for image in images:
        scale = min(1.0, 960 / max(image.shape))
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        if not cv2.checkChessboard(small, (3, 3)):
            continue
        found, _, meta = cv2.findChessboardCornersSBWithMeta(small, (3, 3), cv2.CALIB_CB_LARGER)
        if found and sorted(meta.shape) != sorted((board.squares_x - 1, board.squares_y - 1)):
            rows, columns = (length + 1 for length in meta.shape[:2])
            return BoardError(
                f"The footage shows a chessboard of {columns} x {rows} squares, "
                f"board.toml describes {board.squares_x} x {board.squares_y}.",
                "Count the squares (not the inner corners) and set squares_x and squares_y.",
                code="BOARD_SIZE",
            )
    return None


def _not_seen(board: Board) -> BoardError:
    return BoardError(
        f"Nothing in the footage looks like the board ({board.describe()}), nor like one of other markers, "
        "layout or inversion.",
        "Show the board to the cameras large, flat, lit evenly and in focus; check that this is the right footage.",
        code="BOARD_NOT_SEEN",
    )


def _too_poor(board: Board) -> BoardError:
    return BoardError(
        f"Markers of the board were found, but never six of its {board.n_corners} corners in one image.",
        "Show more of the board, larger, in focus and without motion blur.",
        code="BOARD_NOT_SEEN",
    )
