"""A printable page of a board, true to scale, with a ruler to prove it."""

from pathlib import Path
from typing import Any

import numpy as np

from calibration.board import Board
from calibration.errors import BoardError, SourceError
from calibration.synthetic.texture import board_ink

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


def page_size_mm(board: Board) -> tuple[str, float, float]:
    """Return name, width and height in mm of the smallest page that holds the board, its rim and the caption.

    Returns
    -------
    name : str
        'A4' to 'A0', or 'custom' for a larger board.
    width, height : float
        In mm; the page lies when the board is wider than high.
    """
    rim = _rim_mm(board)
    need_w = board.size[0] * 1e3 + 2 * rim
    need_h = board.size[1] * 1e3 + 2 * rim + _CAPTION_MM
    for name, (short, long) in PAGE_SIZES_MM.items():
        for width, height in ((short, long), (long, short)):
            if need_w <= width and need_h <= height:
                return name, width, height
    return "custom", float(np.ceil(need_w)), float(np.ceil(need_h))


def write_board_pdf(board: Board, path: str | Path) -> Path:
    """Write a PDF of the board to be printed at 100 %.

    Parameters
    ----------
    board : Board
    path : path
        Ends in .pdf.

    Returns
    -------
    Path
        The written file. It holds the pattern as filled areas, exact at any resolution, a ruler in mm,
        and a caption with every parameter.

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
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.figure import Figure

    name, width, height = page_size_mm(board)
    figure = Figure(figsize=(width / _MM_PER_INCH, height / _MM_PER_INCH))
    FigureCanvasPdf(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))  # data units are mm from the page's lower left
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.axis("off")
    left = (width - board.size[0] * 1e3) / 2
    top = height - _rim_mm(board)
    _draw_pattern(axes, board, left, top)
    _draw_ruler(axes, width)
    _draw_caption(axes, board, name, width)
    try:
        # No date in the file: the same board gives the same bytes.
        figure.savefig(path, format="pdf", metadata={"CreationDate": None, "Title": board.describe()})
    except OSError as error:
        raise SourceError(
            f"{path} cannot be written: {error.strerror or error}.", "Choose another place.", "PAGE_UNWRITABLE"
        ) from error
    return path


def _rim_mm(board: Board) -> float:
    """Blank border around the pattern; detection needs the outer squares to end somewhere."""
    return max(_MARGIN_MM, 0.25e3 * board.square_length) + 1e3 * board.apron


def _draw_pattern(axes: Any, board: Board, left: float, top: float) -> None:
    from matplotlib.collections import PolyCollection
    from matplotlib.patches import Rectangle

    if board.inverted:
        rim = 0.8 * _rim_mm(board)
        corner = (left - rim, top - board.size[1] * 1e3 - rim)
        size = [length * 1e3 + 2 * rim for length in board.size]
        axes.add_patch(Rectangle(corner, *size, facecolor="black", edgecolor="none"))
    boxes = board_ink(board) * 1e3
    x, y, w, h = left + boxes[:, 0], top - boxes[:, 1], boxes[:, 2], boxes[:, 3]
    corners = np.stack(
        [np.stack([x, y], 1), np.stack([x + w, y], 1), np.stack([x + w, y - h], 1), np.stack([x, y - h], 1)], axis=1
    )
    colour = "white" if board.inverted else "black"
    # Without antialiasing: neighbouring areas would show hairlines between them.
    axes.add_collection(PolyCollection(list(corners), facecolors=colour, edgecolors="none", antialiaseds=False))


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


def _draw_caption(axes: Any, board: Board, page: str, width: float) -> None:
    advice = f"Print on {page} at 100 % (no fit to page), mount flat; measure the ruler and a square."
    lines = [board.describe(), advice]
    room = (width - 2 * _MARGIN_MM) / (max(map(len, lines)) * 0.19)  # points per character that still fit
    axes.text(_MARGIN_MM, 15.0, "\n".join(lines), fontsize=min(8.0, room), ha="left", va="bottom", linespacing=1.3)
