"""Curves of angles with their bands, and differences of two measurements, as pictures inside a page."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

import matplotlib

matplotlib.use("Agg")  # no display needed, no window ever opens

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image as images

from mocap.assessment import Agreement
from mocap.report.page_parts import escaped

# Okabe and Ito's colours, told apart by most colour-blind people; the second line is dashed as well.
RIGHT, LEFT, MIDDLE = "#d55e00", "#0072b2", "#333333"
_DOUBTED = "#9a9a9a"
_STRIP = 0.03  # of the height of a picture
_MOST_STRETCHES = 1200  # of a picture 1100 px wide
_Z95 = 1.96
_DPI = 144
_COLOURS = 64
_HALF_PX, _WHOLE_PX = 464, 960  # of the width of a page


@dataclass(frozen=True, eq=False)
class Line:
    """One curve of a picture.

    Attributes
    ----------
    label : str
        Empty for a curve that needs none.
    time_s, value_deg : ndarray, shape (time,)
    random_deg, all_deg : ndarray, shape (time,)
        Standard uncertainties: random, and with those that stay the same; NaN is unknown.
    colour : str
    dashed : bool
    doubted : ndarray of bool, shape (time,), or None
        Frames with a flag: drawn grey, without a band, and marked below in the colour of the curve.
    """

    label: str
    time_s: NDArray
    value_deg: NDArray
    random_deg: NDArray
    all_deg: NDArray
    colour: str = MIDDLE
    dashed: bool = False
    doubted: NDArray | None = None

    def marked(self) -> NDArray:
        """Return the flagged frames, shape (time,) of bool; none where nothing is told of them."""
        return np.zeros(len(self.time_s), bool) if self.doubted is None else np.asarray(self.doubted)


def thinned(line: Line) -> Line:
    """Return a curve with as many frames as a picture can show: of each stretch its lowest and its highest one.

    The widest band and any flag of a stretch hold for both.
    """
    n = len(line.time_s)
    step = n // _MOST_STRETCHES
    if step < 3:
        return line
    used = n // step * step
    value = np.asarray(line.value_deg)[:used].reshape(-1, step)
    known = np.isfinite(value)
    low = np.where(known, value, np.inf).argmin(axis=1)
    high = np.where(known, value, -np.inf).argmax(axis=1)
    starts = np.arange(len(value)) * step
    rows = np.sort(np.stack([starts + low, starts + high], axis=1), axis=1).ravel()

    def widest(part: NDArray) -> NDArray:
        blocks = np.asarray(part)[:used].reshape(-1, step)
        return np.repeat(np.where(np.isfinite(blocks).any(axis=1), np.fmax.reduce(blocks, axis=1), np.nan), 2)

    flagged = None if line.doubted is None else np.repeat(line.marked()[:used].reshape(-1, step).any(axis=1), 2)
    return replace(
        line, time_s=line.time_s[rows], value_deg=line.value_deg[rows], random_deg=widest(line.random_deg),
        all_deg=widest(line.all_deg), doubted=flagged,
    )  # fmt: skip


def curve_picture(lines: Sequence[Line], words: str, neutral_deg: Sequence[float] = (), unit: str = "deg") -> str:
    """Return curves over time with their 95 % bands as an image of a page.

    Parameters
    ----------
    lines : sequence of Line
    words : str
        What a screen reader says.
    neutral_deg : sequence of float
        Standing values, one for each line, drawn across; NaN draws none.
    unit : str
        What stands at the axis, where the lines are no angles.
    """
    figure, axis = plt.subplots(figsize=(5.4, 2.5))
    draw_curves(axis, [thinned(line) for line in lines])
    for line, level in zip(lines, neutral_deg, strict=False):
        if np.isfinite(level):
            axis.axhline(level, color=line.colour, lw=0.8, ls=":")
    axis.set_xlabel("time (s)")
    axis.set_ylabel(unit)
    return _image(figure, words, _HALF_PX)


def agreement_picture(a: Line, b: Line, figures: Agreement, words: str) -> str:
    """Return two measurements over each other, and their differences against their means (Bland and Altman 1986).

    Parameters
    ----------
    a, b : Line
        On the same times.
    figures : Agreement
    words : str
        What a screen reader says.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.4, 3.0), width_ratios=(1.5, 1.0))
    draw_curves(left, (a, b))
    left.set_xlabel("time (s)")
    left.set_ylabel("deg")
    right.scatter((a.value_deg + b.value_deg) / 2, a.value_deg - b.value_deg, s=5, color=MIDDLE, alpha=0.35, lw=0)
    for level, interval, style in (
        (figures.offset, figures.offset_interval, "-"), (figures.limits[0], figures.lower_interval, "--"),
        (figures.limits[1], figures.upper_interval, "--"),
    ):  # fmt: skip
        if np.isfinite(level):
            right.axhline(level, color=RIGHT, lw=1.2, ls=style)
            right.axhspan(*interval, color=RIGHT, alpha=0.12, lw=0)
            right.annotate(f"{level:.1f}", (1.01, level), xycoords=("axes fraction", "data"), fontsize=8, va="center",
                           color=RIGHT)  # fmt: skip
    right.axhline(0.0, color="#999999", lw=0.7)
    right.set_xlabel("mean of A and B (deg)")
    right.set_ylabel("A - B (deg)")
    _plain(right)
    return _image(figure, words, _WHOLE_PX)


def draw_curves(axis: Axes, lines: Sequence[Line]) -> None:
    """Draw curves with their 95 % bands, flagged frames apart, and a legend of what has a name."""
    for line in lines:
        style = "--" if line.dashed else "-"
        value = np.where(line.marked(), np.nan, line.value_deg)
        axis.plot(line.time_s, value, color=line.colour, lw=1.4, ls=style, label=line.label or None)
        for sd, alpha in ((line.all_deg, 0.13), (line.random_deg, 0.3)):
            if np.isfinite(sd).any():
                reach = _Z95 * sd
                axis.fill_between(line.time_s, value - reach, value + reach, color=line.colour,
                                  alpha=alpha, lw=0)  # fmt: skip
    flagged = [line for line in lines if line.marked().any()]
    for place, line in enumerate(flagged):
        _draw_doubted(axis, line, _STRIP * place, "doubted" if place == 0 else None)
    if any(line.label for line in lines) or flagged:
        axis.legend(fontsize=8, frameon=False, ncols=len(lines) + bool(flagged), loc="lower right",
                    bbox_to_anchor=(1.0, 0.98), borderaxespad=0.0)  # fmt: skip
    axis.margins(x=0.01)
    _plain(axis)


def _draw_doubted(axis: Axes, line: Line, low: float, label: str | None) -> None:
    """Draw the flagged frames of a curve in grey, up to their neighbours, and a strip of its colour below them."""
    marked = line.marked()
    beside = np.convolve(marked, np.ones(3))[1:-1] > 0
    value = np.where(beside, line.value_deg, np.nan)
    axis.plot(line.time_s, value, color=_DOUBTED, lw=1.1, ls="--" if line.dashed else "-", label=label, zorder=1.9)
    step = np.median(np.diff(line.time_s)) if len(line.time_s) > 1 else 1.0
    edges = np.flatnonzero(np.diff(np.r_[False, marked, False].astype(int)))
    bars = [(line.time_s[start] - step / 2, step * (stop - start)) for start, stop in edges.reshape(-1, 2)]
    axis.broken_barh(bars, (low, _STRIP), transform=axis.get_xaxis_transform(), color=line.colour, lw=0)


def _plain(axis: Axes) -> None:
    axis.grid(alpha=0.25)
    axis.tick_params(labelsize=8)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)


def _image(figure: Figure, words: str, width_px: int) -> str:
    buffer, canvas = io.BytesIO(), FigureCanvasAgg(figure)
    figure.set_dpi(_DPI)
    figure.tight_layout(pad=0.4)
    canvas.draw()
    drawn = np.array(canvas.buffer_rgba())[..., :3]
    plt.close(figure)
    # A few dozen colours are all there are; a page has to stay small enough to be sent.
    images.fromarray(drawn).quantize(_COLOURS).save(buffer, format="png", optimize=True)
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img alt="{escaped(words)}" width="{width_px}" src="data:image/png;base64,{data}">'
