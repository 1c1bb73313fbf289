"""Which board sighted markers form: ChArUco of either layout, or a grid of tags, and with how many squares."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.boards.tag_object import TagObject
from calibration.detection.markers import Markers
from calibration.detection.pattern import consistent_markers, marker_cells, marker_corners, misfit
from calibration.detection.tags import faces_of

AGREE = 0.7  # share of the markers that have to lie as a board says
BLACK, WHITE, GRID = "charuco", "charuco, white origin", "grid"
_WIDTHS = range(1, 25)
_ROWS_NEED = 20  # views of each seen marker before a row that never showed is taken to be absent
_MANY = 20  # sightings that decide


@dataclass(frozen=True)
class Pattern:
    """An arrangement that marker sightings fit.

    Attributes
    ----------
    layout : str
        `BLACK` or `WHITE` (ChArUco by its square at the origin), or `GRID`.
    squares_x, squares_y : int
        Squares, or tags of a grid.
    share : float
        Of the markers that lie as it says.
    misfit : float
        Median distance of a marker from where the others predict it, in its own side.
    """

    layout: str
    squares_x: int
    squares_y: int
    share: float
    misfit: float


def best_pattern(samples: Sequence[Markers], side: float, layouts: Sequence[str]) -> Pattern | None:
    """Return the arrangement that explains most of the sightings, or None.

    Parameters
    ----------
    samples : sequence of Markers
    side : float
        Marker side over square side, or over the pitch.
    layouts : sequence of str
        Those to try.
    """
    samples = sorted(samples, key=len, reverse=True)[:_MANY]
    sound = []
    for width in _WIDTHS:
        for layout in layouts:
            if layout != GRID and width < 3:
                continue
            # The fullest sightings decide at once against most arrangements.
            first = fit_pattern(samples[:4], width, layout, side)
            fit = fit_pattern(samples, width, layout, side) if first is not None and first.share > AGREE / 2 else None
            if fit is not None and fit.share >= AGREE:
                sound.append(fit)
    return max(sound, key=lambda fit: (round(fit.share, 1), -fit.misfit), default=None)


def fit_pattern(samples: Sequence[Markers], squares_x: int, layout: str, side: float) -> Pattern | None:
    """Lay the sightings out on a board of that width; None when nothing fits."""
    kept, total, misses = [], 0, []
    for markers in samples:
        cells = _cells(markers.ids, squares_x, layout)
        points = marker_corners(cells, side)
        keep = consistent_markers(points, markers.corners)
        kept.append(cells[keep])
        total += len(keep)
        misses.append(misfit(points[keep], markers.corners[keep]))
    cells = np.concatenate(kept)
    if not len(cells):
        return None
    rows, counts = np.unique(cells[:, 1], return_counts=True)
    # A lone false marker can by chance lie where a further row would be.
    real = rows[counts >= max(2, 0.02 * counts.max())] if len(samples) > 1 else rows
    if not len(real):
        return None
    squares_y = int(real.max()) + 1
    if layout != GRID:
        squares_y = max(squares_y, 3)
        squares_y += squares_y % 2 if layout == WHITE else 0
    return Pattern(layout, squares_x, squares_y, len(cells) / total, float(np.median(np.concatenate(misses))))


def object_share(samples: Sequence[Markers], target: TagObject) -> float:
    """Return the share of the sighted markers that lie as on the faces of an object."""
    kept, total = 0, 0
    for markers in samples:
        total += len(markers)
        for face in faces_of(target):
            order = np.argsort(face.ids)
            found = np.flatnonzero(np.isin(markers.ids, face.ids))
            own = order[np.searchsorted(face.ids, markers.ids[found], sorter=order)]
            # A lone tag of a face has nothing to agree with.
            lone = len(own) < 2
            kept += len(own) if lone else int(consistent_markers(face.points[own], markers.corners[found]).sum())
    return kept / max(total, 1)


def rows_are_absent(samples: Sequence[Markers], squares_x: int, pattern: Pattern) -> bool:
    """Whether rows beyond the pattern's would have shown by now, if there were any."""
    ids = np.concatenate([markers.ids for markers in samples])
    rows = _cells(ids, squares_x, pattern.layout)[:, 1]
    per_row = np.bincount(rows, minlength=pattern.squares_y)[: pattern.squares_y]
    return bool(per_row.min() >= _ROWS_NEED)


def _cells(ids: NDArray, squares_x: int, layout: str) -> NDArray:
    if layout == GRID:
        row, column = np.divmod(np.asarray(ids, int), squares_x)
        return np.stack([column, row], axis=-1)
    return marker_cells(ids, squares_x, layout == WHITE)
