"""Axes, curves and bands as inline SVG that reads alike in black and white, on paper and on a phone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.report.page_parts import escaped
from mocap.report.svg import shape, text, ticks

#: Width of a picture in px: that of a phone, so that its words stay readable there.
WIDTH = 350.0
INK, GRAY, LIGHT = "#1a1a1a", "#6b6b6b", "#d4d4d4"
_FONT = 11
_FACE = "Arial,Liberation Sans,Helvetica,sans-serif"
_ROOM_Y, _ROOM_X = 42.0, 32.0  # px for the words at the axes


@dataclass(frozen=True)
class Axes:
    """A plot in px of its picture and the values that it spans.

    Attributes
    ----------
    left, top, width, height : float
        Px.
    x, y : tuple of float
        Values at the left and right, and at the bottom and top.
    """

    left: float
    top: float
    width: float
    height: float
    x: tuple[float, float]
    y: tuple[float, float]

    def across(self, values: NDArray | float) -> NDArray:
        """Return px from the left of values along x."""
        return np.asarray(self.left + (np.asarray(values) - self.x[0]) / (self.x[1] - self.x[0]) * self.width)

    def down(self, values: NDArray | float) -> NDArray:
        """Return px from the top of values along y."""
        return np.asarray(self.top + (self.y[1] - np.asarray(values)) / (self.y[1] - self.y[0]) * self.height)


def axes_for(x: tuple[float, float], values: Sequence[NDArray], height: float = 170.0, top: float = 10.0) -> Axes:
    """Return axes over which all finite values have room; a flat curve gets some room too."""
    known = np.concatenate([np.ravel(one)[np.isfinite(np.ravel(one))] for one in values] or [np.zeros(0)])
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    margin = max(0.06 * (high - low), 0.5)
    return Axes(_ROOM_Y, top, WIDTH - _ROOM_Y - 14, height - top - _ROOM_X, x, (low - margin, high + margin))


def drawing(height: float, shapes: Sequence[str], words: str, width: float = WIDTH, kind: str = "plot") -> str:
    """Return a picture that fills its column; `words` are read out in its place."""
    return (
        f'<svg class="{kind}" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" '
        f'font-family="{_FACE}" role="img" aria-label="{escaped(words)}">{"".join(shapes)}</svg>'
    )


def scales(axes: Axes, x_label: str, y_label: str, x_ticks: Sequence[tuple[float, str]] = ()) -> list[str]:
    """Return grid, round values and labels of both axes."""
    right, base = axes.left + axes.width, axes.top + axes.height
    shapes = []
    for value in ticks(*axes.y, 5):
        y = float(axes.down(value))
        shapes += [shape("line", x1=axes.left, y1=y, x2=right, y2=y, stroke=LIGHT, stroke_width=0.6),
                   text(axes.left - 4, y + 4, f"{value:g}".replace("-", "\u2212"), _FONT, "end", INK)]  # fmt: skip
    for value, word in x_ticks or [(value, f"{value:g}") for value in ticks(*axes.x, 5)]:
        x = float(axes.across(value))
        shapes += [shape("line", x1=x, y1=base, x2=x, y2=base + 3, stroke=INK, stroke_width=0.8),
                   text(x, base + 14, word, _FONT, "middle", INK)]  # fmt: skip
    middle = axes.top + axes.height / 2
    turned = shape("text", transform=f"translate(11 {middle:.1f}) rotate(-90)", text_anchor="middle", font_size=_FONT,
                   fill=INK, text=y_label)  # fmt: skip
    frame = shape("path", d=f"M{axes.left:.1f} {axes.top:.1f}V{base:.1f}H{right:.1f}", fill="none", stroke=INK,
                  stroke_width=0.8)  # fmt: skip
    return [*shapes, frame, turned, text(axes.left + axes.width / 2, base + 28, x_label, _FONT, "middle", INK)]


def curve(axes: Axes, x: NDArray, y: NDArray, colour: str = INK, width: float = 1.5, dash: str = "") -> str:
    """Return a line through the finite ones of places; it breaks where one is missing."""
    known = np.isfinite(x) & np.isfinite(y)
    starts = known & ~np.append(False, known[:-1])
    places = zip(axes.across(x[known]), axes.down(y[known]), starts[known], strict=True)
    path = "".join(f"{'M' if first else 'L'}{across:.1f} {down:.1f}" for across, down, first in places)
    if not path:
        return ""
    dashes = {"stroke_dasharray": dash} if dash else {}
    return shape("path", d=path, fill="none", stroke=colour, stroke_width=width, stroke_linejoin="round", **dashes)


def band(axes: Axes, x: NDArray, low: NDArray, high: NDArray, colour: str = GRAY, opacity: float = 0.28) -> str:
    """Return what lies between two curves, run by run of what is known."""
    known = np.isfinite(x) & np.isfinite(low) & np.isfinite(high)
    edges = np.flatnonzero(np.diff(np.r_[False, known, False].astype(int))).reshape(-1, 2)
    shapes = []
    for start, stop in edges:
        there, back = slice(start, stop), slice(start, stop)
        across = np.r_[axes.across(x[there]), axes.across(x[back])[::-1]]
        down = np.r_[axes.down(high[there]), axes.down(low[back])[::-1]]
        points = " ".join(f"{px:.1f},{py:.1f}" for px, py in zip(across, down, strict=True))
        shapes.append(shape("polygon", points=points, fill=colour, fill_opacity=opacity, stroke="none"))
    return "".join(shapes)


def onset_mark(axes: Axes, at: float, low: float, high: float) -> str:
    """Return a vertical line with its interval hatched beside it; nothing where it is not known."""
    if not np.isfinite(at):
        return ""
    base, shapes = axes.top + axes.height, []
    if np.isfinite([low, high]).all():
        left, right = (float(axes.across(float(np.clip(value, *axes.x)))) for value in (low, high))
        strokes = "".join(
            f"M{left:.1f} {y:.1f}L{right:.1f} {max(y - 4, axes.top):.1f}"
            for y in np.arange(axes.top + 4, base + 0.1, 5)
        )
        shapes += [shape("rect", x=left, y=axes.top, width=max(right - left, 0.5), height=axes.height, fill="#000",
                         fill_opacity=0.06),
                   shape("path", d=strokes, stroke=GRAY, stroke_width=0.7, fill="none")]  # fmt: skip
    x = float(axes.across(at))
    line = shape("path", d=f"M{x:.1f} {axes.top:.1f}V{base:.1f}", stroke=INK, stroke_width=1.3,
                 stroke_dasharray="2 2", fill="none")  # fmt: skip
    return "".join([*shapes, line])


def legend(axes: Axes, entries: Sequence[tuple[str, str, str]]) -> list[str]:
    """Return `(words, colour, dash)` of curves as a line of samples above the plot."""
    shapes, x = [], axes.left
    for words, colour, dash in entries:
        dashes = {"stroke_dasharray": dash} if dash else {}
        shapes += [shape("line", x1=x, y1=axes.top - 8, x2=x + 22, y2=axes.top - 8, stroke=colour, stroke_width=1.6,
                         **dashes), text(x + 26, axes.top - 4, words, _FONT, fill=INK)]  # fmt: skip
        x += 34 + 6.2 * len(words)
    return shapes
