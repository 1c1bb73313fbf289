"""The picture of a ribbon of quality: rows of points over time, at the resolution of the screen."""

from collections.abc import Callable

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import QRectF, Qt, QTimer, Signal
from qtpy.QtWidgets import QGraphicsRectItem, QHBoxLayout, QScrollBar, QWidget

from mocap.viewer.ribbon import bin_starts, binned, worst_frame

ROW_PX = 12
NEAR_PX = 3
"""How far a click looks for a worse frame: no hand hits a single one of thousands."""
_GROUND = "#16181d"
_INK = "#c9ccd3"
_NAMES_PX = 92
_LONGEST_NAME = 14


class RibbonPlot(QWidget):
    """Rows of values over time; the wheel zooms and dragging moves in time, the bar at the side scrolls the rows.

    Attributes
    ----------
    chosen : signal(int, int)
        Row of the values and frame that were clicked, or the worst frame within 3 px.
    pointed : signal(int, int)
        The same under the mouse.
    """

    chosen = Signal(int, int)
    pointed = Signal(int, int)

    def __init__(self) -> None:
        super().__init__()
        self.plot = pg.PlotWidget(background=_GROUND)
        self.scroll_bar = QScrollBar(Qt.Orientation.Vertical)
        self.image = pg.ImageItem(axisOrder="row-major")
        self.cursor_line = pg.InfiniteLine(angle=90, pen=pg.mkPen("#ffffff", width=1.5))
        self._row_mark = QGraphicsRectItem()
        self._notice = pg.TextItem(color=_INK, anchor=(0.5, 0.5))
        self._names: tuple[str, ...] = ()
        self._values = np.zeros((0, 1), np.float32)
        self._colours: Callable[[NDArray], NDArray] = lambda values: np.zeros((*values.shape, 3), np.uint8)
        self._order = np.zeros(0, int)
        self._rate_hz, self._first_s = 1.0, 0.0
        self._point = ""
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._build()

    def show_values(
        self, names: tuple[str, ...], values: NDArray, colours: Callable[[NDArray], NDArray], order: NDArray
    ) -> None:
        """Show values (row, time), in rows from top to bottom as in `order`; `colours` makes RGB of them."""
        self._names, self._values, self._colours, self._order = names, values, colours, order
        self._draw_later()

    def set_time(self, first_s: float, rate_hz: float, n_frames: int) -> None:
        """Show the whole of a recording whose first frame is at `first_s`."""
        self._first_s, self._rate_hz = first_s, rate_hz
        low, high = first_s - 0.5 / rate_hz, first_s + (n_frames - 0.5) / rate_hz
        self.plot.setLimits(xMin=low, xMax=high, minXRange=min(8 / rate_hz, high - low))
        self.plot.setXRange(low, high, padding=0)

    def show_cursor(self, time_s: float) -> None:
        """Put the cursor on a time; where it leaves the picture, as in playing, the next page is turned to."""
        low, high = self.plot.viewRange()[0]
        leaves = low <= self.cursor_line.value() <= high and not low <= time_s <= high
        self.cursor_line.setValue(time_s)
        if leaves:
            self.reveal(time_s)

    def reveal(self, time_s: float) -> None:
        """Move in time, at the same zoom, so that a time is in the picture."""
        low, high = self.plot.viewRange()[0]
        if not low <= time_s <= high:
            first = time_s - 0.1 * (high - low)
            self.plot.setXRange(first, first + (high - low), padding=0)

    def show_point(self, name: str) -> None:
        """Mark the row of a point, and scroll to it."""
        self._point = name
        at = self._place_of(name)
        if at is not None:
            shown = self._n_shown()
            if not self.scroll_bar.value() <= at < self.scroll_bar.value() + shown:
                self.scroll_bar.setValue(max(0, at - shown // 2))
        self._draw_later()

    def say(self, text: str) -> None:
        """Show words in place of a picture that there is not."""
        self._notice.setText(text)
        self._notice.setVisible(bool(text))

    def _build(self) -> None:
        item = self.plot.getPlotItem()
        item.setMenuEnabled(False)
        item.hideButtons()
        box = item.getViewBox()
        box.setMouseEnabled(x=True, y=False)
        box.invertY(True)
        for side in ("left", "bottom"):
            item.getAxis(side).setTextPen(_INK)
        left = item.getAxis("left")
        left.setWidth(_NAMES_PX)
        left.setStyle(tickLength=0, autoExpandTextSpace=False, tickFont=self._small_font())
        item.getAxis("bottom").setStyle(tickFont=self._small_font())
        item.getAxis("bottom").setHeight(32)
        item.getAxis("bottom").enableAutoSIPrefix(False)  # a short recording has no thousandths of seconds either
        self.plot.setLabel("bottom", "time [s]", **{"color": _INK, "font-size": "8pt"})
        self._row_mark.setPen(pg.mkPen("#ffffff", width=1))
        for part in (self.image, self._row_mark, self.cursor_line, self._notice):
            self.plot.addItem(part, ignoreBounds=True)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(0)
        line.addWidget(self.plot)
        line.addWidget(self.scroll_bar)
        self._later.timeout.connect(self._draw)
        for signal in (box.sigXRangeChanged, box.sigResized, self.scroll_bar.valueChanged):
            signal.connect(self._draw_later)
        self.plot.scene().sigMouseClicked.connect(self._on_click)
        self._mouse = pg.SignalProxy(self.plot.scene().sigMouseMoved, rateLimit=30, slot=self._on_move)

    def _small_font(self):  # type: ignore[no-untyped-def]  # QFont, of whichever binding
        font = self.font()
        font.setPixelSize(10)
        return font

    def _n_shown(self) -> int:
        return max(1, min(len(self._order), int(self.plot.getViewBox().height() // ROW_PX)))

    def _place_of(self, name: str) -> int | None:
        if name not in self._names:
            return None
        found = np.flatnonzero(self._order == self._names.index(name))
        return int(found[0]) if len(found) else None

    def _draw_later(self, *_: object) -> None:
        if not self._later.isActive():
            self._later.start(0)

    def _draw(self) -> None:
        n_frames, box = self._values.shape[1], self.plot.getViewBox()
        if not len(self._order) or not self.isVisible():
            return
        shown = self._n_shown()
        self.scroll_bar.setRange(0, len(self._order) - shown)
        self.scroll_bar.setPageStep(shown)
        self.scroll_bar.setVisible(shown < len(self._order))
        top = self.scroll_bar.value()
        rows = self._order[top : top + shown]
        low, high = self.plot.viewRange()[0]
        first, last = (np.clip((edge - self._first_s) * self._rate_hz, -0.5, n_frames - 0.5) for edge in (low, high))
        starts = bin_starts(first, last, max(2, int(box.width())), n_frames)
        colours = np.repeat(self._colours(binned(self._values[rows], starts)), ROW_PX, axis=0)
        colours[ROW_PX - 1 :: ROW_PX] = 22  # a dark line between two rows
        self.image.setImage(colours, autoLevels=False, levels=None)
        span_s = (last - first) / self._rate_hz
        self.image.setRect(QRectF(self._first_s + first / self._rate_hz, top, span_s, shown))
        # Rows keep their height where there are few of them: names stay beside their rows.
        self.plot.setYRange(top, top + max(shown, box.height() / ROW_PX), padding=0)
        ticks = [(top + row + 0.5, _short(self._names[number])) for row, number in enumerate(rows)]
        self.plot.getPlotItem().getAxis("left").setTicks([ticks])
        at = self._place_of(self._point)
        self._row_mark.setVisible(at is not None)
        if at is not None:
            self._row_mark.setRect(QRectF(self._first_s - 0.5 / self._rate_hz, at, n_frames / self._rate_hz, 1.0))
        self._notice.setPos((low + high) / 2, top + 0.5 * shown)

    def _at(self, place: object) -> tuple[int, int] | None:
        """Return the row of the values and the worst frame near a place of the scene; None beside the picture."""
        box = self.plot.getViewBox()
        if not box.sceneBoundingRect().contains(place):
            return None
        at = box.mapSceneToView(place)
        number = int(np.floor(at.y()))
        if not 0 <= number < len(self._order):
            return None
        frame = (at.x() - self._first_s) * self._rate_hz
        reach = NEAR_PX * box.viewPixelSize()[0] * self._rate_hz
        row = int(self._order[number])
        first, last = (int(np.floor(frame + side * reach + 0.5)) for side in (-1, 1))
        near = worst_frame(self._values[row], first, last)
        # Of equal ones the frame that was meant.
        meant = int(np.clip(round(frame), 0, self._values.shape[1] - 1))
        return row, near if self._values[row, near] > self._values[row, meant] else meant

    def _on_click(self, event: object) -> None:
        if event.button() == Qt.MouseButton.LeftButton:  # type: ignore[attr-defined]
            self._tell(event.scenePos(), self.chosen)  # type: ignore[attr-defined]

    def _on_move(self, event: tuple[object]) -> None:
        self._tell(event[0], self.pointed)

    def _tell(self, place: object, signal: object) -> None:
        found = self._at(place)
        if found is not None:
            signal.emit(*found)  # type: ignore[attr-defined]


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
