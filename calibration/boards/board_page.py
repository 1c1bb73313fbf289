"""Printable pages of a board or of an object of tags, true to scale, with a ruler to prove it."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.boards.board import Board
from calibration.boards.print_page import (
    AROUND,
    draw_ink,
    draw_ruler,
    empty_page,
    letter_size,
    smallest_page,
    write_pages,
)
from calibration.boards.tag_object import TagObject
from calibration.errors import BoardError
from calibration.rigid import apply, inverse
from calibration.synthetic.texture import Sheet, sheets_of

_MARGIN_MM = 10.0
_CAPTION_MM = 24.0


def page_size_mm(target: Board | TagObject, face: int = 0) -> tuple[str, float, float]:
    """Return name, width and height in mm of the smallest page that holds a board, its rim and the caption.

    Parameters
    ----------
    target : Board or TagObject
    face : int
        Of an object, which of its faces.

    Returns
    -------
    name : str
        'A4' to 'A0', or 'custom' for a larger board.
    width, height : float
        In mm; the page lies when the board is wider than high.
    """
    sheet = _faces(target)[face][0]
    rim = _rim_mm(sheet)
    return smallest_page(sheet.size[0] * 1e3 + 2 * rim, sheet.size[1] * 1e3 + 2 * rim + _CAPTION_MM)


def write_board_pdf(target: Board | TagObject, path: str | Path) -> Path:
    """Write a PDF of a board, or of an object of tags, to be printed at 100 %.

    Parameters
    ----------
    target : Board or TagObject
    path : path
        Ends in .pdf.

    Returns
    -------
    Path
        The written file. It holds the pattern as filled areas, exact at any resolution, a ruler in mm,
        and a caption with every parameter. Of an object one page per face, with a line to cut along.

    Raises
    ------
    SourceError
        PAGE_UNWRITABLE.
    BoardError
        PAGE_NAME: `path` does not end in .pdf.
    """
    path = Path(path)
    if path.suffix.lower() != ".pdf":
        raise BoardError(f"'{path.name}' does not end in .pdf.", "Give a file name that ends in .pdf.", "PAGE_NAME")
    pages = (_page(target, face) for face in range(len(_faces(target))))
    return write_pages(pages, path, "mocap board", target.describe())


def _faces(target: Board | TagObject) -> list[list[Sheet]]:
    """The sheets of each page: first the one that bounds the face."""
    sheets = sheets_of(target)
    return [[sheet for sheet in sheets if sheet.face == face] for face in range(sheets[-1].face + 1)]


def _page(target: Board | TagObject, face: int) -> Any:
    name, width, height = page_size_mm(target, face)
    figure, axes = empty_page(width, height)
    sheets = _faces(target)[face]
    left, top = (width - sheets[0].size[0] * 1e3) / 2, height - _rim_mm(sheets[0])
    _draw_pattern(axes, sheets, left, top)
    if isinstance(target, TagObject):
        _draw_cut(axes, sheets[0], left, top)
    draw_ruler(axes, _MARGIN_MM, 8.0, int(min(100, (width - 2 * _MARGIN_MM) // 10 * 10)))
    _draw_caption(axes, _caption(target, face, name), width)
    return figure


def _rim_mm(sheet: Sheet) -> float:
    """Blank border around the pattern; detection needs the outer squares to end somewhere."""
    if sheet.margin is not None:
        return max(_MARGIN_MM, 1e3 * sheet.margin + 5.0)
    return max(_MARGIN_MM, 0.25e3 * sheet.unit)


def _draw_pattern(axes: Any, sheets: list[Sheet], left: float, top: float) -> None:
    from matplotlib.patches import Rectangle

    first = sheets[0]
    if first.inverted:
        rim = 0.8 * _rim_mm(first) if first.margin is None else 1e3 * first.margin
        size = [length * 1e3 + 2 * rim for length in first.size]
        corner = (left - rim, top + rim - size[1])
        axes.add_patch(Rectangle(corner, *size, facecolor="black", edgecolor="none"))
    areas = [_on_page(sheet, first, left, top) for sheet in sheets]
    draw_ink(axes, np.concatenate(areas), "white" if first.inverted else "black")


def _on_page(sheet: Sheet, first: Sheet, left: float, top: float) -> NDArray:
    """Return a sheet's ink as quadrilaterals on the page, shape (area, 4, 2), in mm."""
    corners = sheet.ink[:, None, :2] + AROUND * sheet.ink[:, None, 2:]
    flat = np.concatenate([corners, np.zeros((*corners.shape[:2], 1))], axis=2)
    placed = 1e3 * apply(inverse(first.target_from_sheet) @ sheet.target_from_sheet, flat)
    return np.stack([left + placed[..., 0], top - placed[..., 1]], axis=-1)


def _draw_cut(axes: Any, sheet: Sheet, left: float, top: float) -> None:
    from matplotlib.patches import Rectangle

    margin = 1e3 * float(sheet.margin or 0)
    width, height = (1e3 * length + 2 * margin for length in sheet.size)
    corner = (left - margin, top + margin - height)
    axes.add_patch(Rectangle(corner, width, height, fill=False, edgecolor="0.5", linewidth=0.2, linestyle="dashed"))


def _caption(target: Board | TagObject, face: int, page: str) -> list[str]:
    advice = f"Print on {page} at 100 % (no fit to page), mount flat; measure the ruler and a square."
    if isinstance(target, Board):
        return [target.describe(), advice]
    tags = ", ".join(str(target.ids[tag]) for tag in target.tag_faces[face])
    which = f"Face {face + 1} of {len(target.tag_faces)}: tag{'s' if ',' in tags else ''} {tags}."
    return [
        f"{target.describe()}. {which}",
        f"Print on {page} at 100 % (no fit to page), cut along the dashed line; measure the ruler and a tag.",
    ]


def _draw_caption(axes: Any, lines: list[str], width: float) -> None:
    size = letter_size(lines, width - 2 * _MARGIN_MM, 8.0)
    axes.text(_MARGIN_MM, 15.0, "\n".join(lines), fontsize=size, ha="left", va="bottom", linespacing=1.3)
