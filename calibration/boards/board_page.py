"""Printable pages of a board or of an object of tags, true to scale, with a ruler to prove it."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.boards.board import Board
from calibration.boards.tag_object import TagObject
from calibration.errors import BoardError, SourceError
from calibration.rigid import apply, inverse
from calibration.synthetic.texture import Sheet, sheets_of

# Width and height in mm, upright.
PAGE_SIZES_MM = {
    "A4": (210.0, 297.0),
    "A3": (297.0, 420.0),
    "A2": (420.0, 594.0),
    "A1": (594.0, 841.0),
    "A0": (841.0, 1189.0),
}
_MARGIN_MM = 10.0
_CAPTION_MM = 24.0
_MM_PER_INCH = 25.4
_AROUND = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


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
    need_w, need_h = sheet.size[0] * 1e3 + 2 * rim, sheet.size[1] * 1e3 + 2 * rim + _CAPTION_MM
    for name, (short, long) in PAGE_SIZES_MM.items():
        for width, height in ((short, long), (long, short)):
            if need_w <= width and need_h <= height:
                return name, width, height
    return "custom", float(np.ceil(need_w)), float(np.ceil(need_h))


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
    from matplotlib.backends.backend_pdf import PdfPages

    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        # No date in the file: the same board gives the same bytes. By the creator our own files are known again.
        said = {"CreationDate": None, "Creator": "mocap board", "Title": target.describe()}
        with PdfPages(temporary, metadata=said) as pages:
            for face in range(len(_faces(target))):
                pages.savefig(_page(target, face))
        temporary.replace(path)
    except OSError as error:
        raise SourceError(
            f"{path} cannot be written: {error.strerror or error}.", "Choose another place.", "PAGE_UNWRITABLE"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _faces(target: Board | TagObject) -> list[list[Sheet]]:
    """The sheets of each page: first the one that bounds the face."""
    sheets = sheets_of(target)
    return [[sheet for sheet in sheets if sheet.face == face] for face in range(sheets[-1].face + 1)]


def _page(target: Board | TagObject, face: int) -> Any:
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.figure import Figure

    name, width, height = page_size_mm(target, face)
    figure = Figure(figsize=(width / _MM_PER_INCH, height / _MM_PER_INCH))
    FigureCanvasPdf(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))  # data units are mm from the page's lower left
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.axis("off")
    sheets = _faces(target)[face]
    left, top = (width - sheets[0].size[0] * 1e3) / 2, height - _rim_mm(sheets[0])
    _draw_pattern(axes, sheets, left, top)
    if isinstance(target, TagObject):
        _draw_cut(axes, sheets[0], left, top)
    _draw_ruler(axes, width)
    _draw_caption(axes, _caption(target, face, name), width)
    return figure


def _rim_mm(sheet: Sheet) -> float:
    """Blank border around the pattern; detection needs the outer squares to end somewhere."""
    if sheet.margin is not None:
        return max(_MARGIN_MM, 1e3 * sheet.margin + 5.0)
    return max(_MARGIN_MM, 0.25e3 * sheet.unit)


def _draw_pattern(axes: Any, sheets: list[Sheet], left: float, top: float) -> None:
    from matplotlib.collections import PolyCollection
    from matplotlib.patches import Rectangle

    first = sheets[0]
    if first.inverted:
        rim = 0.8 * _rim_mm(first) if first.margin is None else 1e3 * first.margin
        size = [length * 1e3 + 2 * rim for length in first.size]
        corner = (left - rim, top + rim - size[1])
        axes.add_patch(Rectangle(corner, *size, facecolor="black", edgecolor="none"))
    areas = [_on_page(sheet, first, left, top) for sheet in sheets]
    colour = "white" if first.inverted else "black"
    # Without antialiasing: neighbouring areas would show hairlines between them.
    axes.add_collection(
        PolyCollection(list(np.concatenate(areas)), facecolors=colour, edgecolors="none", antialiaseds=False)
    )


def _on_page(sheet: Sheet, first: Sheet, left: float, top: float) -> NDArray:
    """Return a sheet's ink as quadrilaterals on the page, shape (area, 4, 2), in mm."""
    corners = sheet.ink[:, None, :2] + _AROUND * sheet.ink[:, None, 2:]
    flat = np.concatenate([corners, np.zeros((*corners.shape[:2], 1))], axis=2)
    placed = 1e3 * apply(inverse(first.target_from_sheet) @ sheet.target_from_sheet, flat)
    return np.stack([left + placed[..., 0], top - placed[..., 1]], axis=-1)


def _draw_cut(axes: Any, sheet: Sheet, left: float, top: float) -> None:
    from matplotlib.patches import Rectangle

    margin = 1e3 * float(sheet.margin or 0)
    width, height = (1e3 * length + 2 * margin for length in sheet.size)
    corner = (left - margin, top + margin - height)
    axes.add_patch(Rectangle(corner, width, height, fill=False, edgecolor="0.5", linewidth=0.2, linestyle="dashed"))


def _draw_ruler(axes: Any, width: float) -> None:
    length = int(min(100, (width - 2 * _MARGIN_MM) // 10 * 10))
    left, base = _MARGIN_MM, 8.0
    axes.plot([left, left + length], [base, base], color="black", linewidth=0.5, solid_capstyle="butt")
    for mm in range(length + 1):
        tick = 4.0 if mm % 10 == 0 else 3.0 if mm % 5 == 0 else 2.0
        axes.plot([left + mm] * 2, [base, base + tick], color="black", linewidth=0.3, solid_capstyle="butt")
        if mm % 10 == 0:
            axes.text(left + mm, base - 0.8, f"{mm}", fontsize=5, ha="center", va="top")
    axes.text(left + length + 3, base + 1, "mm", fontsize=6, ha="left", va="center")


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
    room = (width - 2 * _MARGIN_MM) / (max(map(len, lines)) * 0.19)  # points per character that still fit
    axes.text(_MARGIN_MM, 15.0, "\n".join(lines), fontsize=min(8.0, room), ha="left", va="bottom", linespacing=1.3)
