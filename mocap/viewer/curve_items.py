"""What a plot of angles is drawn of: bands, lines and spans that cost the same for a minute and for an hour."""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen
from qtpy.QtWidgets import QGraphicsPathItem, QStyleOptionGraphicsItem, QWidget

from mocap.viewer.angles import Curve, finite_runs
from mocap.viewer.lanes import thinned, zigzag
from mocap.viewer.time_marks import Span

BINS = 700
_REPETITION, _REJECTED = QColor(70, 110, 150, 60), QColor(150, 120, 140, 70)


class CurveItem:
    """A curve with its band in a plot, thinned out to the frames that the plot shows.

    Parameters
    ----------
    curve : Curve
    colour : str
    dashed : bool
    """

    def __init__(self, curve: Curve, colour: str, dashed: bool = False) -> None:
        self.curve = curve
        style = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
        self.line = pg.PlotCurveItem(pen=pg.mkPen(colour, width=1.6, style=style), connect="finite")
        self.band = QGraphicsPathItem()
        brush = pg.mkColor(colour)
        brush.setAlpha(55)
        self.band.setBrush(pg.mkBrush(brush))
        self.band.setPen(pg.mkPen(None))

    def show_frames(self, first: int, last: int) -> None:
        """Draw what lies between two frames."""
        frame, low, high = thinned(self.curve.value_deg, first, last, BINS)
        x, y = zigzag(self._time(frame), low, high)
        self.line.setData(x, y)
        edges = self.curve.band_deg
        if not self.band.isVisible() or not np.isfinite(edges[0][first : last + 1]).any():
            self.band.setPath(QPainterPath())
            return
        bottom, top = thinned(edges[0], first, last, BINS)[1], thinned(edges[1], first, last, BINS)[2]
        self.band.setPath(band_path(self._time(frame), bottom, top))

    def _time(self, frame: NDArray) -> NDArray:
        return np.interp(frame, np.arange(len(self.curve.time_s)), self.curve.time_s)


class SpansItem(pg.GraphicsObject):
    """Repetitions as blocks over the whole height of a plot; those that were rejected are hatched."""

    def __init__(self, spans: Sequence[Span]) -> None:
        super().__init__()
        self._spans = tuple(spans)

    def show_spans(self, spans: Sequence[Span]) -> None:
        """Draw other repetitions."""
        self._spans = tuple(spans)
        self.update()

    def boundingRect(self) -> QRectF:
        """Return what the plot shows: the blocks reach from its bottom to its top."""
        return QRectF(self.viewRect())

    def viewRangeChanged(self) -> None:
        """Follow the plot."""
        self.prepareGeometryChange()
        self.update()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Draw the blocks."""
        view = self.viewRect()
        for span in self._spans:
            block = QRectF(span.start_s, view.top(), span.end_s - span.start_s, view.height())
            if block.intersects(view):
                brush = QBrush(_REJECTED, Qt.BrushStyle.BDiagPattern) if span.rejected else QBrush(_REPETITION)
                # The pattern is one of the screen, and not of seconds and degrees.
                brush.setTransform(painter.worldTransform().inverted()[0])
                painter.fillRect(block, brush)


class InstantsItem(pg.GraphicsObject):
    """Instants as thin lines over the whole height of a plot."""

    def __init__(self, colour: str, dashed: bool) -> None:
        super().__init__()
        self._times_s: tuple[float, ...] = ()
        self._pen = QPen(QColor(colour), 1.2, Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine)
        self._pen.setCosmetic(True)

    def show_times(self, times_s: Sequence[float]) -> None:
        """Mark other instants."""
        self._times_s = tuple(times_s)
        self.update()

    def boundingRect(self) -> QRectF:
        """Return what the plot shows."""
        return QRectF(self.viewRect())

    def viewRangeChanged(self) -> None:
        """Follow the plot."""
        self.prepareGeometryChange()
        self.update()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Draw the lines."""
        view = self.viewRect()
        painter.setPen(self._pen)
        for at in self._times_s:
            if view.left() <= at <= view.right():
                painter.drawLine(pg.QtCore.QLineF(at, view.top(), at, view.bottom()))


def band_path(across: NDArray, low: NDArray, high: NDArray) -> QPainterPath:
    """Return one closed outline per stretch in which both edges, each (place,), are known over `across`."""
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.WindingFill)  # an outline that turns back over itself is filled there, too
    for start, stop in finite_runs(across, low, high):
        place = across[start:stop]
        edge = np.concatenate([high[start:stop], low[start:stop][::-1]])
        path.addPath(pg.arrayToQPath(np.concatenate([place, place[::-1]]), edge))
    return path
