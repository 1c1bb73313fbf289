"""Whether a chessboard ends where the described one does: a half-hidden larger board shows the same inner corners.

Where the pattern ends, paper goes on from the light outer squares and the dark ones end at the rim. Where it goes on,
every light square is followed by a dark one. What hides the squares beyond shows neither, unless its own edge runs
along the rim to a tenth of a square. So each of the four sides has to show its end.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.detection.pattern import predict

_INSIDE, _BEYOND = 0.35, 0.2  # squares of the outer squares, and of what follows, that are looked at
_BEYOND_PX = 4.0
_NEAR, _NARROW, _NEAR_PX = 0.03, 0.06, 2.0  # where paper has to show, from the rim on: it may be narrow
_OFF, _OFF_PX = 0.06, 0.75  # of a square's end from the rim
_ACROSS = np.array([-0.24, -0.12, 0.0, 0.12, 0.24])  # places along a square's side, in squares
_STEPS = 48
_PAPER = (0.7, 1.4)  # of the contrast above the ink: still paper
_LIGHT = 0.65  # of the contrast above the ink: no longer ink
_CONTRAST = 0.5  # of the board's, in an outer square that is not hidden
_NODES = 2  # meetings of a dark and a light square at the rim, per side
_EVEN = 0.2  # of the contrast: what follows a cut board looks alike before dark and light squares
_STRAIGHT, _STRAIGHT_PX = 0.03, 0.5  # of the ends along a cut side
_STRIP_PX = 0.6  # of paper between the rim and the cut


def ends_at_rim(gray: NDArray, grid: NDArray, dark_origin: bool = True) -> bool:
    """Whether the image shows the end of a chessboard on all four sides.

    Parameters
    ----------
    gray : ndarray of uint8, shape (height, width)
        Ink is dark.
    grid : ndarray, shape (row, column, 2)
        All inner corners, in px.
    dark_origin : bool
        Whether the square before the first corner is dark.
    """
    rows, columns = grid.shape[0] + 1, grid.shape[1] + 1
    x, y = np.arange(columns) + 0.5, np.arange(rows) + 0.5
    even = 0 if dark_origin else 1
    sides = (
        (np.column_stack([x, 0 * x]), (0, -1), np.arange(columns) % 2 == even),
        (np.column_stack([x, 0 * x + rows]), (0, 1), (np.arange(columns) + rows - 1) % 2 == even),
        (np.column_stack([0 * y, y]), (-1, 0), np.arange(rows) % 2 == even),
        (np.column_stack([0 * y + columns, y]), (1, 0), (np.arange(rows) + columns - 1) % 2 == even),
    )
    points = inner_corners(grid)
    middles, axes = predict(points, grid.reshape(-1, 2), np.concatenate([side[0] for side in sides]))
    first = 0
    for places, outwards, dark in sides:
        part = slice(first, first + len(places))
        first += len(places)
        if not _ends(gray, middles[part], axes[part], np.array(outwards, float), dark):
            return False
    return True


def inner_corners(grid: NDArray) -> NDArray[np.float64]:
    """Return where on the board the corners of a grid are, shape (corner, 2), in squares."""
    y, x = np.mgrid[1 : grid.shape[0] + 1, 1 : grid.shape[1] + 1]
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(float)


def _ends(gray: NDArray, middles: NDArray, axes: NDArray, outwards: NDArray, dark: NDArray) -> bool:
    """Whether one side shows its end.

    Parameters
    ----------
    middles : ndarray, shape (square, 2)
        Of the outer sides of the outer squares, in px.
    axes : ndarray, shape (square, 2, 2)
        px per square along the board's x and y, in columns.
    outwards : ndarray, shape (2,)
        Away from the board, in squares.
    dark : ndarray of bool, shape (square,)
    """
    normal, along = axes @ outwards, axes @ outwards[::-1]
    length = float(np.linalg.norm(normal, axis=1).min())  # px per square across the rim
    t = np.linspace(-_INSIDE, max(_BEYOND, _BEYOND_PX / length), _STEPS)
    levels = _profiles(gray, middles, normal, along, t)
    share = _shares(levels, dark, t < -0.4 * _INSIDE)
    near, off = max(_NEAR, _NEAR_PX / length), max(_OFF, _OFF_PX / length)
    to_rim = share[:, t <= near]
    stays = ~dark & (to_rim.min(axis=1) > _PAPER[0]) & (to_rim.max(axis=1) < _PAPER[1])
    edge = _crossing(share, t)
    turns = dark & (np.abs(edge) < off) & (to_rim[:, -1] > _LIGHT)
    good = stays | turns
    # Ink that begins at the rim beyond a light square: the pattern goes on there, whatever hides the rest.
    goes_on = ~dark & (np.abs(edge) < off) & (to_rim[:, -1] < 1 - _LIGHT)
    if int((good[:-1] & good[1:]).sum()) >= _NODES and not goes_on.any():
        return True
    return _is_cut(share, dark, t, max(_NARROW, _NEAR_PX / length), 1 / length)


def _profiles(gray: NDArray, middles: NDArray, normal: NDArray, along: NDArray, t: NDArray) -> NDArray:
    """Return gray levels across the rim, shape (square, step), each the mean along a part of the square; or NaN."""
    places = middles[:, None, None] + normal[:, None, None] * t[:, None, None] + along[:, None, None] * _ACROSS[:, None]
    height, width = gray.shape
    inside = ((places >= 0) & (places <= [width - 1, height - 1])).all(axis=-1)
    flat = places.reshape(len(middles), -1, 2).astype(np.float32)
    levels = cv2.remap(gray, flat[..., 0], flat[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.where(inside, levels.astype(float).reshape(inside.shape), np.nan).mean(axis=2)


def _shares(levels: NDArray, dark: NDArray, inner: NDArray) -> NDArray:
    """Return levels as shares, 0 for the ink beside and 1 for the paper beside; NaN where a square does not show."""
    own = levels[:, inner].mean(axis=1)
    beside = np.full((2, len(own)), np.nan)
    beside[0, 1:], beside[1, :-1] = own[:-1], own[1:]
    # Of the two neighbours the one that differs most: the other may be hidden.
    step = np.where(dark, beside - own, own - beside)
    contrast = np.fmax(step[0], step[1])
    known = np.isfinite(contrast)
    usual = float(np.median(contrast[known])) if known.any() else np.inf
    shown = known & (contrast > max(_CONTRAST * usual, 1.0))
    contrast = np.where(shown, contrast, np.nan)
    return (levels - np.where(dark, own, own - contrast)[:, None]) / contrast[:, None]


def _crossing(share: NDArray, t: NDArray) -> NDArray:
    """Return where each profile first crosses the middle between ink and paper; NaN where it does not."""
    above = share > 0.5
    change = (above[:, :-1] != above[:, 1:]) & np.isfinite(share[:, :-1]) & np.isfinite(share[:, 1:])
    k = change.argmax(axis=1)
    every = np.arange(len(share))
    before, after = share[every, k], share[every, k + 1]
    step = np.where(after == before, np.nan, after - before)
    return np.where(change.any(axis=1), t[k] + (0.5 - before) / step * (t[1] - t[0]), np.nan)


def _is_cut(share: NDArray, dark: NDArray, t: NDArray, near: float, px: float) -> bool:
    """Whether all squares of a side end in one line at the rim, where a board with little or no margin is cut."""
    straight, beyond = max(_STRAIGHT, _STRAIGHT_PX * px), share[:, -1]
    if not np.isfinite(share).all():
        return False
    # What follows may change along the side, but not by turns.
    turns = np.where(dark, 1.0, -1.0)
    smooth = np.vander(np.linspace(-1.0, 1.0, len(dark)), 3 if len(dark) > 5 else 2)
    weights, *_ = np.linalg.lstsq(np.column_stack([smooth, turns]), beyond, rcond=None)
    level = smooth @ weights[:-1]
    if max(abs(weights[-1]), float(np.abs(beyond - level).max())) > _EVEN:
        return False
    light = float(level.mean()) > _LIGHT  # then the ends of the dark squares show best
    kind = dark if light else ~dark
    half = 0.5 * (level + (0.0 if light else 1.0))[kind]
    ends = _crossing(share[kind] - half[:, None] + 0.5, t)
    if not (np.isfinite(ends).all() and np.ptp(ends) < 2 * straight):
        return False
    end = float(np.median(ends))
    outside = share[:, t > 0]
    under = (outside[~dark].min(axis=1) < level[~dark] - _EVEN).any()
    over = (outside[dark].max(axis=1) > level[dark] + _EVEN).any()
    # A strip of paper shows beyond the dark squares only where it shows beyond the light ones too.
    paper = not light and end > _STRIP_PX * px
    return not under and (paper or not over) and -straight < end < max(near, straight)
