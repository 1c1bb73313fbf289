"""Printed pages true to scale: the smallest page that holds a thing, ink as areas, a ruler to prove it, the file."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.errors import SourceError

# Width and height in mm, upright.
PAGE_SIZES_MM = {
    "A4": (210.0, 297.0),
    "A3": (297.0, 420.0),
    "A2": (420.0, 594.0),
    "A1": (594.0, 841.0),
    "A0": (841.0, 1189.0),
}
AROUND = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
"""Corners of a unit square, in order."""
_MM_PER_INCH = 25.4
_LETTER = 0.19  # width of a letter per point of its size, mm


def smallest_page(wide_mm: float, high_mm: float) -> tuple[str, float, float]:
    """Return name, width and height in mm of the smallest page, upright or lying; 'custom' where none is large enough.

    Parameters
    ----------
    wide_mm, high_mm : float
        What has to fit.
    """
    for name, (short, long) in PAGE_SIZES_MM.items():
        for width, height in ((short, long), (long, short)):
            if wide_mm <= width and high_mm <= height:
                return name, width, height
    return "custom", float(np.ceil(wide_mm)), float(np.ceil(high_mm))


def empty_page(width_mm: float, height_mm: float) -> tuple[Any, Any]:
    """Return a figure and its only axes, whose units are mm from the page's lower left."""
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_mm / _MM_PER_INCH, height_mm / _MM_PER_INCH))
    FigureCanvasPdf(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0, width_mm)
    axes.set_ylim(0, height_mm)
    axes.axis("off")
    return figure, axes


def draw_ink(axes: Any, areas: NDArray, colour: str = "black") -> None:
    """Fill areas, shape (area, corner, 2), in mm."""
    from matplotlib.collections import PolyCollection

    # Without antialiasing: neighbouring areas would show hairlines between them.
    axes.add_collection(PolyCollection(list(areas), facecolors=colour, edgecolors="none", antialiaseds=False))


def draw_ruler(axes: Any, left: float, base: float, length: int) -> None:
    """Draw a ruler of a whole number of mm, its line at the height `base`."""
    axes.plot([left, left + length], [base, base], color="black", linewidth=0.5, solid_capstyle="butt")
    for mm in range(length + 1):
        tick = 4.0 if mm % 10 == 0 else 3.0 if mm % 5 == 0 else 2.0
        axes.plot([left + mm] * 2, [base, base + tick], color="black", linewidth=0.3, solid_capstyle="butt")
        if mm % 10 == 0:
            axes.text(left + mm, base - 0.8, f"{mm}", fontsize=5, ha="center", va="top")
    axes.text(left + length + 3, base + 1, "mm", fontsize=6, ha="left", va="center")


def letter_size(lines: Sequence[str], width_mm: float, largest: float) -> float:
    """Return the size of letters, in points, at which the longest line still fits."""
    return min(largest, width_mm / (max(map(len, lines)) * _LETTER))


def write_pages(figures: Iterable[Any], path: Path, creator: str, title: str | None = None) -> Path:
    """Write a PDF whole or not at all; the same pages give the same bytes.

    Parameters
    ----------
    figures : iterable of Figure
    path : Path
    creator : str
        By which our own files are known again.
    title : str, optional

    Raises
    ------
    SourceError
        PAGE_UNWRITABLE
    """
    from matplotlib.backends.backend_pdf import PdfPages

    said = {"CreationDate": None, "Creator": creator, **({"Title": title} if title else {})}  # no date in the file
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with PdfPages(temporary, metadata=said) as pages:
            for figure in figures:
                pages.savefig(figure)
        temporary.replace(path)
    except OSError as error:
        raise SourceError(
            f"{path} cannot be written: {error.strerror or error}.", "Choose another place.", "PAGE_UNWRITABLE"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return path
