"""Small pictures as inline SVG: shapes, colours, axes. Every text is escaped here."""

import base64
import html
import io
from collections.abc import Sequence

import matplotlib

matplotlib.use("Agg")  # no display needed, no window ever opens

import numpy as np
from matplotlib import image as images
from numpy.typing import NDArray

#: From few to many, dark on light paper last; readable in gray too.
_STOPS = np.array([[247, 251, 255], [198, 219, 239], [107, 174, 214], [33, 113, 181], [8, 48, 107]], float)
_HEAT = np.array([[255, 247, 220], [254, 217, 118], [253, 141, 60], [227, 26, 28], [128, 0, 38]], float)
SERIES = ("#1f77b4", "#d95f02", "#2a9d58", "#8c4fb0", "#b8860b", "#c2397b", "#5f6b7a", "#17888f")


def shape(name: str, **attributes: object) -> str:
    """Return one element; `stroke_width=2` becomes `stroke-width="2"`, and `text` its content."""
    content = attributes.pop("text", None)
    parts = "".join(f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"' for key, value in attributes.items())
    return f"<{name}{parts}/>" if content is None else f"<{name}{parts}>{html.escape(str(content))}</{name}>"


def _value(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else html.escape(str(value), quote=True)


def picture(width: float, height: float, shapes: Sequence[str], label: str) -> str:
    """Return a whole picture of a size in px; `label` is read out in place of it."""
    return (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" role="img" '
        f'aria-label="{html.escape(label, quote=True)}">{"".join(shapes)}</svg>'
    )


def text(x: float, y: float, words: object, size: float = 11, anchor: str = "start", fill: str = "#444") -> str:
    """Return a text whose baseline begins, is centred or ends at a place."""
    return shape("text", x=float(x), y=float(y), font_size=size, text_anchor=anchor, fill=fill, text=words)


def haloed(x: float, y: float, words: object, size: float = 10) -> str:
    """Return a text about a place that stays readable on lines."""
    return shape("text", x=float(x), y=float(y), font_size=size, text_anchor="middle", fill="#222", stroke="#fff",
                 stroke_width=3, paint_order="stroke", text=words)  # fmt: skip


def colour(share: float, heat: bool = False) -> str:
    """Return the colour of a share from 0 to 1: blues for amounts, warm ones for errors."""
    stops = _HEAT if heat else _STOPS
    place = float(np.clip(share, 0.0, 1.0)) * (len(stops) - 1)
    first = min(int(place), len(stops) - 2)
    red, green, blue = stops[first] + (place - first) * (stops[first + 1] - stops[first])
    return f"#{round(red):02x}{round(green):02x}{round(blue):02x}"


def points_text(places: NDArray) -> str:
    """Return places, shape (point, 2), as the `points` of a line."""
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return round values from `low` to `high`, at most about `most`."""
    if not high > low:
        return [low]
    rough = (high - low) / most
    power = 10.0 ** np.floor(np.log10(rough))
    step = power * next(factor for factor in (1, 2, 5, 10) if factor * power >= rough)
    return [float(value) for value in np.arange(np.ceil(low / step - 1e-9), high / step + 1e-9) * step + 0.0]


def colour_bar(x: float, y: float, height: float, low: float, high: float, label: str, heat: bool = False) -> str:
    """Return a bar of colours with its ends labelled, to stand beside a map."""
    n = 20
    steps = [
        shape("rect", x=x, y=y + height * (n - 1 - i) / n, width=10.0, height=height / n + 0.5,
              fill=colour((i + 0.5) / n, heat))
        for i in range(n)
    ]  # fmt: skip
    ends = [text(x + 14, y + 9, f"{high:.3g}", 10), text(x + 14, y + height, f"{low:.3g}", 10)]
    turned = (
        f'<text transform="translate({x + 22:.1f} {y + height / 2:.1f}) rotate(90)" text-anchor="middle" '
        f'font-size="10" fill="#444">{html.escape(label)}</text>'
    )
    return "".join([*steps, *ends, turned])


def photograph(gray: NDArray, longest_px: int = 420) -> str:
    """Return an image as a data URL: JPEG, made smaller by whole steps until it is about `longest_px` long.

    Parameters
    ----------
    gray : ndarray of uint8, shape (height, width)
    """
    step = max(int(np.ceil(max(gray.shape) / longest_px)), 1)
    rows, columns = (length // step for length in gray.shape)
    small = gray[: rows * step, : columns * step].reshape(rows, step, columns, step).mean(axis=(1, 3))
    buffer = io.BytesIO()
    images.imsave(
        buffer, small.round().astype(np.uint8), cmap="gray", vmin=0, vmax=255, format="jpg", pil_kwargs={"quality": 72}
    )
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
