"""The words for a board that is not the one described: its code, what it is instead, what to write into board.toml."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.boards.board import Board
from calibration.boards.tag_object import TagObject
from calibration.detection.chessboard import is_whole
from calibration.detection.markers import Markers
from calibration.errors import BoardError

_SEARCH_PX = 960  # longest side in which a chessboard is searched
_FEW_IMAGES = 8  # searched for chessboards, or a few more: half a second each
_STEADY = 0.5  # share of the images in which a chessboard shows: more of them agree on its size
_OFTEN = 0.2  # of the most frequent marker's count; false readings are rarer


@dataclass(frozen=True)
class Found:
    """What footage shows, in the words of board.toml; None where that does not count."""

    type: str
    squares_x: int | None
    squares_y: int | None
    dictionary: str | None
    inverted: bool
    legacy: bool

    def differs_from(self, board: Board | TagObject) -> bool:
        """Whether any key of board.toml would have to change."""
        return bool(self.keys(board))

    def keys(self, board: Board | TagObject) -> list[str]:
        """Names of the keys that would have to change."""
        names = ("type", "inverted", "dictionary", "squares_x", "squares_y", "legacy")
        own = {name: getattr(self, name) for name in names}
        return [name for name in names if own[name] is not None and own[name] != getattr(board, name, own[name])]

    @property
    def text(self) -> str:
        """The board in words."""
        if self.type in ("aruco_grid", "april_grid"):
            return f"a grid of {self.squares_x} x {self.squares_y} tags of {self.dictionary}"
        if self.type == "charuco":
            return f"a charuco board of {self.squares_x} x {self.squares_y} squares with {self.dictionary}"
        return f"a {self.type.replace('_', ' ')} of {self.squares_x} x {self.squares_y} squares"


def other_board(board: Board | TagObject, found: Found, samples: Sequence[Markers]) -> BoardError:
    """Return the error that names what differs first, in the order type, inversion, dictionary, size, layout."""
    keys = found.keys(board)
    codes = {
        "type": "BOARD_TYPE", "inverted": "BOARD_INVERTED", "dictionary": "BOARD_DICTIONARY", "legacy": "BOARD_LAYOUT",
    }  # fmt: skip
    if keys[0] == "dictionary" and _stem(found.dictionary) == _stem(board.dictionary):
        keys = keys[1:] + keys[:1]  # only a larger set of the same markers: the size is the cause
    code = codes.get(keys[0], "BOARD_SIZE")
    if code == "BOARD_TYPE":
        return _other_type(board, found)
    what = {
        "BOARD_INVERTED": f"the board is {'white on black' if found.inverted else 'black on white'}",
        "BOARD_DICTIONARY": f"its markers are of {found.dictionary}, not {board.dictionary}",
        "BOARD_LAYOUT": f"its markers lie in the {'older' if found.legacy else 'newer'} of OpenCV's two layouts",
        "BOARD_SIZE": f"{id_range(samples)}, {own_ids(board)}",
    }[code]
    fits = "" if found.squares_x is None else f" It fits {found.squares_x} x {found.squares_y} squares."
    if found.type in ("aruco_grid", "april_grid"):
        fits = fits.replace("squares", "tags")
    settings = ", ".join(f"{key} = {_toml(getattr(found, key))}" for key in keys)
    return BoardError(
        f"The footage shows another board than board.toml describes: {what}.{fits}",
        f"Set {settings} in board.toml, or use the board that it describes.",
        code=code,
    )


def _other_type(board: Board | TagObject, found: Found) -> BoardError:
    settings = [f'type = "{found.type}"', f"squares_x = {found.squares_x}", f"squares_y = {found.squares_y}"]
    if found.dictionary is not None:
        settings.append(f'dictionary = "{found.dictionary}"')
    settings += ["inverted = true"] * found.inverted + ["legacy = true"] * found.legacy
    lengths = "square_length and marker_length" if found.dictionary is not None else "square_length"
    return BoardError(
        f"The footage shows {found.text}, board.toml describes a {board.type.replace('_', ' ')} ({board.describe()}).",
        f"Set {', '.join(settings)} in board.toml, with {lengths} as measured; or use the board that it describes.",
        code="BOARD_TYPE",
    )


@dataclass(frozen=True)
class _Seen:
    """A chessboard in one image: its squares, and whether it is proven to be all of the board."""

    columns: int
    rows: int
    whole: bool

    @property
    def size(self) -> tuple[int, int]:
        """The squares along the shorter and the longer side: of a board that is turned, the same."""
        return min(self.columns, self.rows), max(self.columns, self.rows)


def other_chessboard(
    images: Sequence[NDArray], board: Board | TagObject, only_whole: bool = False
) -> BoardError | None:
    """Return the error for footage that shows a chessboard of another size, or a chessboard at all, or None.

    Whole boards decide alone. Where there is none, the size has to be steady: one that changes from image to image is
    that of a board of which a part is hidden, and is not named.
    """
    few = images[:: max(1, len(images) // _FEW_IMAGES)]
    every = [seen for seen in (_chessboard(image, board.inverted) for image in few) if seen is not None]
    wholes = [seen for seen in every if seen.whole]
    voters = wholes if only_whole else wholes or every
    if not voters:
        return None
    counts = Counter(seen.size for seen in voters)
    usual, often = max(counts.items(), key=lambda item: (item[1], item[0]))
    voter = next(seen for seen in voters if seen.size == usual)
    if not isinstance(board, Board) or board.type != "chessboard":
        return _other_type(board, Found("chessboard", voter.columns, voter.rows, None, False, False))
    own = tuple(sorted((board.squares_x, board.squares_y)))
    steady = often > _STEADY * len(voters) and (often > 1 or len(images) == 1)
    if usual != own and (voter.whole or steady):
        return BoardError(
            f"The footage shows a chessboard of {voter.columns} x {voter.rows} squares, "
            f"board.toml describes {board.squares_x} x {board.squares_y}.",
            f"Count the squares (not the inner corners): set squares_x = {voter.columns}, squares_y = {voter.rows} in "
            "board.toml, or use the board that it describes.",
            code="BOARD_SIZE",
        )
    return _hidden(every, board)


def _hidden(every: Sequence[_Seen], board: Board) -> BoardError:
    """Return the error for a chessboard of which something is hidden in every image."""
    sizes = sorted({seen.size for seen in every})
    parts = ", ".join(f"{y} x {x}" for x, y in sizes)
    return BoardError(
        f"Parts of a chessboard were seen ({parts} squares), never the whole one of {board.squares_x} x "
        f"{board.squares_y} squares with its rim.",
        "Hold the board by the margin and keep all of it in view: a chessboard counts only as a whole. Or use a "
        "charuco board, of which parts count.",
        code="BOARD_NOT_SEEN",
    )


def _chessboard(image: NDArray, inverted: bool) -> _Seen | None:
    """Return the chessboard of any size in an image."""
    scale = min(1.0, _SEARCH_PX / max(image.shape))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if not cv2.checkChessboard(small, (3, 3)):
        return None
    found, corners, meta = cv2.findChessboardCornersSBWithMeta(small, (3, 3), cv2.CALIB_CB_LARGER)
    if not found:
        return None
    rows, columns = (int(length) for length in meta.shape[:2])
    grid = (np.asarray(corners, float).reshape(rows, columns, 2) + 0.5) / scale - 0.5
    return _Seen(columns + 1, rows + 1, is_whole(255 - image if inverted else image, grid))


def not_seen(board: Board | TagObject) -> BoardError:
    """Return the error for footage without any board."""
    return BoardError(
        f"Nothing in the footage looks like the board ({board.describe()}), nor like one of other markers, "
        "layout or inversion.",
        "Show the board to the cameras large, flat, lit evenly and in focus; check that this is the right footage.",
        code="BOARD_NOT_SEEN",
    )


def too_poor(board: Board | TagObject) -> BoardError:
    """Return the error for footage in which the right board is never seen well enough."""
    return BoardError(
        f"Markers of the board were found, but never six of its {board.n_corners} corners in one image.",
        "Show more of the board, larger, in focus and without motion blur.",
        code="BOARD_NOT_SEEN",
    )


def id_range(samples: Sequence[Markers]) -> str:
    """Return which ids were seen, in words."""
    ids, counts = np.unique(np.concatenate([markers.ids for markers in samples]), return_counts=True)
    often = ids[counts >= _OFTEN * counts.max()]
    return f"saw marker ids {often.min()} to {often.max()}"


def own_ids(board: Board | TagObject) -> str:
    """Return which ids the board has, in words."""
    if isinstance(board, TagObject):
        return f"the object has {board.n_markers} tags, ids {min(board.ids)} to {max(board.ids)}"
    return f"a {board.squares_x} x {board.squares_y} board has {board.n_markers} (0 to {board.n_markers - 1})"


def _stem(dictionary: str | None) -> str:
    stem, _, last = str(dictionary).rpartition("_")
    return stem if last.isdigit() else str(dictionary)


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)
