"""What a plot of angles is drawn of: bands, lines and spans that cost the same for a minute and for an hour."""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen
from qtpy.QtWidgets import QGraphicsPathItem, QStyleOptionGraphicsItem, QWidget

from mocap.viewer.angles import Curve, finite_runs
from mocap.viewer.lanes import merged, thinned, zigzag
from mocap.viewer.time_marks import Span

BINS = 700
_FAINT = 120
_REPETITION, _REJECTED = QColor(70, 110, 150, 60), QColor(150, 120, 140, 70)
_DOUBT, _DOUBT_FOOT = QColor(225, 225, 225, 90), QColor(235, 235, 235, 190)
_NORM, _NORM_GROUND = QColor(190, 190, 190, 85), QColor(190, 190, 190, 22)
_MOST_HATCHED = 60


class CurveItem:
    """A curve with its band in a plot, thinned out to the frames that the plot shows.

    Parameters
    ----------
    curve : Curve
    colour : str
    faint : bool
        For what lies beneath another curve.
    dashed : bool
    """

    def __init__(self, curve: Curve, colour: str, faint: bool = False, dashed: bool = False) -> None:
        self.curve, self._faint = curve, faint
        line = pg.mkColor(colour)
        line.setAlpha(_FAINT if faint else 255)
        style = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
        pen = pg.mkPen(line, width=1.0 if faint else 1.6, style=style)
        self.line = pg.PlotCurveItem(pen=pen, connect="finite")
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
        if self._faint:
            return
        edges = self.curve.band_deg
        if not self.band.isVisible() or not np.isfinite(edges[0][first : last + 1]).any():
            self.band.setPath(QPainterPath())
            return
        bottom, top = thinned(edges[0], first, last, BINS)[1], thinned(edges[1], first, last, BINS)[2]
        self.band.setPath(band_path(self._time(frame), bottom, top))

    def _time(self, frame: NDArray) -> NDArray:
        return np.interp(frame, np.arange(len(self.curve.time_s)), self.curve.time_s)


class OverItem(pg.GraphicsObject):
    """Something that is drawn over what the plot shows, and follows it."""

    def boundingRect(self) -> QRectF:
        """Return what the plot shows."""
        return QRectF(self.viewRect())

    def viewRangeChanged(self) -> None:
        """Follow the plot."""
        self.prepareGeometryChange()
        self.update()


class SpansItem(OverItem):
    """Repetitions as blocks over the whole height of a plot; those that were rejected are hatched."""

    def __init__(self, spans: Sequence[Span]) -> None:
        super().__init__()
        self._spans = tuple(spans)

    def show_spans(self, spans: Sequence[Span]) -> None:
        """Draw other repetitions."""
        self._spans = tuple(spans)
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


class DoubtsItem(OverItem):
    """Stretches of time in which a value is to be doubted: cross-hatched, with a bar at the foot of the plot."""

    def __init__(self) -> None:
        super().__init__()
        self._starts_s, self._ends_s = np.empty(0), np.empty(0)

    def show_spans(self, starts_s: NDArray, ends_s: NDArray) -> None:
        """Mark other stretches, each (span,), sorted by their starts."""
        self._starts_s, self._ends_s = starts_s, ends_s
        self.update()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Draw the stretches; those nearer than a pixel as one, so that a thousand cost no more than a few."""
        view, (wide, tall) = self.viewRect(), self.pixelVectors()
        if not len(self._starts_s) or wide is None or tall is None:
            return
        pixel, foot = abs(wide.x()), 4 * abs(tall.y())
        hatch = QBrush(_DOUBT, Qt.BrushStyle.DiagCrossPattern)
        hatch.setTransform(painter.worldTransform().inverted()[0])
        for start, end in merged(self._starts_s, self._ends_s, view.left(), view.right(), pixel):
            width = max(end - start, 2 * pixel)
            painter.fillRect(QRectF(start, view.top(), width, view.height()), hatch)
            painter.fillRect(QRectF(start, view.top(), width, foot), _DOUBT_FOOT)


class NormItem(OverItem):
    """Bands that angles are set beside, piece by piece, behind the curves: hatched, each kind in its own way.

    Parameters
    ----------
    pieces : sequence of (ndarray, ndarray, ndarray)
        Time, low and high end, each (place,).
    edge : str
        Colour of the outline.
    pattern : Qt.BrushStyle
    marked : bool
        Whether each place is marked with a bar: where the norm is told, between which it is joined.
    """

    def __init__(
        self, pieces: Sequence[tuple[NDArray, NDArray, NDArray]], edge: str, pattern: Qt.BrushStyle, marked: bool
    ) -> None:
        super().__init__()
        self._pieces = [(float(time[0]), float(time[-1]), band_path(time, low, high), (time, low, high))
                        for time, low, high in pieces]  # fmt: skip
        self._pattern, self._marked = pattern, marked
        self._pen = QPen(pg.mkColor(edge), 1.0)
        self._pen.setCosmetic(True)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Draw the pieces that the plot shows; of very many only a plain band, as a pattern would not be seen."""
        view = self.viewRect()
        seen = [piece for piece in self._pieces if piece[1] >= view.left() and piece[0] <= view.right()]
        brush = QBrush(_NORM, self._pattern if len(seen) <= _MOST_HATCHED else Qt.BrushStyle.SolidPattern)
        brush.setTransform(painter.worldTransform().inverted()[0])
        for _, _, path, (time, low, high) in seen:
            painter.fillPath(path, _NORM_GROUND)
            painter.fillPath(path, brush)
            if len(seen) > _MOST_HATCHED:
                continue
            painter.setPen(self._pen)
            painter.drawPath(path)
            if self._marked:
                painter.drawLines([pg.QtCore.QLineF(at, one, at, other) for at, one, other in
                                   zip(time, low, high, strict=True)])  # fmt: skip


class InstantsItem(OverItem):
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
