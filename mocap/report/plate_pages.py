"""Printable pages of plates, true to scale: tags, ids, names, sides, fold lines, a ruler and what to measure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from calibration.boards.print_page import (
    AROUND,
    draw_ink,
    draw_ruler,
    empty_page,
    letter_size,
    smallest_page,
    write_pages,
)
from calibration.digits import digits
from calibration.synthetic.texture import tag_ink
from mocap.config.plates import Plate, PlateSet, tag_fronts
from mocap.errors import ConfigError

CREATOR = "mocap plates"
_MARGIN_MM, _HEAD_MM, _FOOT_MM = 12.0, 34.0, 44.0


@dataclass(frozen=True, eq=False)
class Flat:
    """A plate before it is folded, as seen from its front; mm, x right, y up.

    Attributes
    ----------
    tags : ndarray, shape (tag, 4, 2)
    outlines : tuple of ndarray, shape (4, 2)
        Paper of each facet.
    folds : tuple of (ndarray of shape (2, 2), float)
        Ends of each fold line, and by how many degrees to fold backwards (where negative: forwards).
    """

    tags: NDArray[np.float64]
    outlines: tuple[NDArray[np.float64], ...]
    folds: tuple[tuple[NDArray[np.float64], float], ...]


def unfolded(plate: Plate) -> Flat:
    """Return a plate laid flat: each facet turned about the line where its plane meets that of the first.

    Raises
    ------
    ConfigError
        PLATE_FLAT, when facets would cover each other, or do not meet.
    """
    corners, fronts, facets = plate.corners_plate, tag_fronts(plate.corners_plate), plate.facets
    first = int(facets[0][0])
    front, middle = fronts[first], corners[facets[0]].mean(axis=(0, 1))
    up = np.array([0.0, 1.0, 0.0]) - front[1] * front
    if np.linalg.norm(up) < 0.5:
        up = corners[first, 0] - corners[first, 3]
    up = up / np.linalg.norm(up)
    page = np.stack([np.cross(up, front), up])
    flat, outlines, folds = np.empty((len(corners), 4, 2)), [], []
    for facet in facets:
        own, angle, line = corners[facet], 0.0, None
        if facet is not facets[0]:
            own, angle, line = _turned(own, fronts[int(facet[0])], front, middle, plate)
        flat[facet] = 1e3 * (own - middle) @ page.T
        outlines.append(_outline(flat[facet], 1e3 * plate.gap))
        if line is not None:
            behind = (corners[facet].mean(axis=(0, 1)) - middle) @ front < 0
            degrees = float(np.rad2deg(angle)) * (1.0 if behind else -1.0)
            folds.append((_fold_ends(1e3 * (line - middle) @ page.T, outlines[-1]), degrees))
    _check_apart(plate, flat)
    return Flat(flat, tuple(outlines), tuple(folds))


def _turned(own: NDArray, normal: NDArray, front: NDArray, middle: NDArray, plate: Plate) -> tuple:
    """Return a facet's corners turned into the first plane, the angle, and two points of the fold line."""
    axis = np.cross(normal, front)
    angle = float(np.arctan2(np.linalg.norm(axis), normal @ front))
    if np.linalg.norm(axis) < 1e-6:
        raise ConfigError(
            f"plates: two facets of '{plate.name}' are parallel and not in one plane: they cannot be folded from one "
            "sheet.", "Print such facets as plates of their own.", code="PLATE_FLAT",
        )  # fmt: skip
    axis = axis / np.linalg.norm(axis)
    there = own.mean(axis=(0, 1))
    point = np.linalg.solve(np.stack([normal, front, axis]), [normal @ there, front @ middle, axis @ there])
    turn = Rotation.from_rotvec(angle * axis).as_matrix()
    return point + (own - point) @ turn.T, angle, np.stack([point - axis, point + axis])


def _outline(tags: NDArray, gap: float) -> NDArray:
    low, high = tags.min(axis=(0, 1)) - gap, tags.max(axis=(0, 1)) + gap
    return low + AROUND * (high - low)


def _fold_ends(line: NDArray, outline: NDArray) -> NDArray:
    along = (line[1] - line[0]) / np.linalg.norm(line[1] - line[0])
    reach = (outline - line[0]) @ along
    return line[0] + np.array([reach.min() - 8.0, reach.max() + 8.0])[:, None] * along


def _check_apart(plate: Plate, flat: NDArray) -> None:
    low, high = flat.min(axis=1), flat.max(axis=1)
    for one in range(len(flat)):
        for other in range(one):
            if (np.minimum(high[one], high[other]) - np.maximum(low[one], low[other]) > 0.1).all():
                raise ConfigError(
                    f"plates: tags {plate.ids[other]} and {plate.ids[one]} of '{plate.name}' would lie upon each "
                    "other on the sheet.", "Print such facets as plates of their own.", code="PLATE_FLAT",
                )  # fmt: skip


def write_plates_pdf(plates: PlateSet | Sequence[Plate], path: str | Path) -> Path:
    """Write a PDF with one page per plate, to be printed at 100 %.

    Raises
    ------
    SourceError
        PAGE_UNWRITABLE
    ConfigError
        PAGE_NAME, PLATE_FLAT
    """
    path = Path(path)
    if path.suffix.lower() != ".pdf":
        raise ConfigError(f"'{path.name}' does not end in .pdf.", "Give a file name that ends in .pdf.", "PAGE_NAME")
    # All of them before the file is begun: a plate that cannot be laid flat leaves none.
    return write_pages([_page(plate) for plate in plates], path, CREATOR)


def _page(plate: Plate) -> Any:
    flat = unfolded(plate)
    every = np.concatenate(flat.outlines)
    low, high = every.min(axis=0), every.max(axis=0)
    wide, tall = high - low + [2 * _MARGIN_MM + 44.0, _HEAD_MM + _FOOT_MM + 24.0]
    name, width, height = smallest_page(wide, tall)
    figure, axes = empty_page(width, height)
    shift = np.array([width / 2, (height - _HEAD_MM + _FOOT_MM) / 2]) - (low + high) / 2
    _draw_paper(axes, flat, shift)
    _draw_tags(axes, plate, flat, shift)
    _draw_sides(axes, low + shift, high + shift)
    _draw_measure(axes, flat, shift)
    draw_ruler(axes, _MARGIN_MM, 10.0, int(min(150, (width - 2 * _MARGIN_MM - 10) // 10 * 10)))
    _draw_words(axes, plate, name, width, height)
    return figure


def _draw_paper(axes: Any, flat: Flat, shift: NDArray) -> None:
    from matplotlib.patches import Polygon

    for outline in flat.outlines:
        axes.add_patch(Polygon(outline + shift, fill=False, edgecolor="0.55", linewidth=0.25, linestyle=(0, (6, 3))))
    words: list[str] = []
    for ends, angle in flat.folds:
        axes.plot(*(ends + shift).T, color="0.35", linewidth=0.3, linestyle=(0, (2, 2)))
        way = "away from you" if angle > 0 else "towards you"
        words.append(f"fold along the dotted line, both sides {way}, by {digits(abs(angle), 3)}° in all")
    every = np.concatenate(flat.outlines) + shift
    middle, top = (every[:, 0].min() + every[:, 0].max()) / 2, every[:, 1].max() + 10.0
    axes.text(middle, top, "\n".join(dict.fromkeys(words)), fontsize=6, ha="center", va="bottom", color="0.2")


def _draw_tags(axes: Any, plate: Plate, flat: Flat, shift: NDArray) -> None:
    for number, corners in zip(plate.ids, flat.tags, strict=True):
        ink = tag_ink(plate.dictionary, number, plate.tag_size) / plate.tag_size
        areas = ink[:, None, :2] + AROUND * ink[:, None, 2:]
        placed = corners[0] + areas[..., :1] * (corners[1] - corners[0]) + areas[..., 1:] * (corners[3] - corners[0])
        draw_ink(axes, placed + shift)
        place = corners.mean(axis=0) + shift
        below = corners[:, 1].min() + shift[1] - 1e3 * plate.gap * 0.5
        axes.text(place[0], below, f"{plate.name}  id {number}", fontsize=5, ha="center", va="center", color="0.5")


def _draw_sides(axes: Any, low: NDArray, high: NDArray) -> None:
    arrow = {"arrowstyle": "-|>", "color": "black", "linewidth": 0.8}
    middle = (low + high) / 2
    axes.annotate("", (high[0] + 11, middle[1] + 14), (high[0] + 11, middle[1] - 8), arrowprops=arrow)
    axes.text(high[0] + 11, middle[1] + 16, "UP", fontsize=9, ha="center", va="bottom", fontweight="bold")
    axes.text(low[0] - 11, middle[1], "LEFT\nas you\nlook at it", fontsize=6, ha="right", va="center")
    axes.text(high[0] + 14, middle[1], "RIGHT\nas you\nlook at it", fontsize=6, ha="left", va="center")


def _draw_measure(axes: Any, flat: Flat, shift: NDArray) -> None:
    """Draw the length across all tags, and that of one, to be checked on the print."""
    low, high = flat.tags.min(axis=(0, 1)) + shift, flat.tags.max(axis=(0, 1)) + shift
    base = np.concatenate(flat.outlines)[:, 1].min() + shift[1] - 6.0
    arrow = {"arrowstyle": "<|-|>", "color": "black", "linewidth": 0.4, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 5}
    one = flat.tags[0] + shift
    for row, (left, right) in enumerate(((one[:, 0].min(), one[:, 0].max()), (low[0], high[0]))):
        y = base - 6.0 * row
        axes.annotate("", (right, y), (left, y), arrowprops=arrow)
        for x in (left, right):
            axes.plot([x, x], [y - 1.5, y + 1.5], color="black", linewidth=0.25)
        words = f"measure this: {right - left:.1f} mm"
        axes.text((left + right) / 2, y - 0.8, words, fontsize=5.5, ha="center", va="top")


def _draw_words(axes: Any, plate: Plate, page: str, width: float, height: float) -> None:
    where = plate.segment if plate.segment != "other" else "its segment"
    title = f"Plate '{plate.name}' for {where}: tags {', '.join(map(str, plate.ids))}"
    lines = [
        plate.describe(),
        f"Print on {page} at 100 % (no fit to page); the lengths marked below have to be met to 0.3 mm, and the ruler.",
        "Glue onto stiff board before cutting along the dashed outline; keep the white rim. "
        + ("Fold, brace, then measure the real angle: mocap plate-calibrate." if plate.facet_angles().size else ""),
        *([plate.note] if plate.note else []),
    ]
    axes.text(_MARGIN_MM, height - _MARGIN_MM, title, fontsize=11, ha="left", va="top", fontweight="bold")
    size = letter_size(lines, width - 2 * _MARGIN_MM, 7.0)
    axes.text(
        _MARGIN_MM, height - _MARGIN_MM - 7, "\n".join(lines), fontsize=size, ha="left", va="top", linespacing=1.4
    )
