"""One picture of a film: title, scene, read-outs, curves with the cursor, and what the angles mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QFont, QImage, QPainter, QPen, QPixmap, QTextDocument
from qtpy.QtWidgets import QApplication, QWidget

GROUND, INK, FAINT = "#16181d", "#e6e8ec", "#9aa0ab"
_TITLE_PX, _TEXT_PX, _SMALL_PX, _EDGE_PX = 17, 15, 12, 10
_CURSOR = QColor("#ffffff")


@dataclass(frozen=True, eq=False)
class CurvePicture:
    """Curves drawn once, and where a cursor goes.

    Attributes
    ----------
    picture : QPixmap
    plots : tuple of QRectF
        The areas of the curves in it, px.
    first_s, last_s : float
        Times at the left and right edge of the areas.
    """

    picture: QPixmap
    plots: tuple[QRectF, ...]
    first_s: float
    last_s: float

    def x_of(self, time_s: float) -> float:
        """Return where a time is, px."""
        area = self.plots[0]
        return area.left() + (time_s - self.first_s) / (self.last_s - self.first_s) * area.width()


def curve_picture(stack: pg.GraphicsLayoutWidget, plots: Sequence[pg.PlotItem]) -> CurvePicture:
    """Draw a stack of plots of the same time, their cursors hidden by whoever made them; the stack goes with it."""
    areas = tuple(plot.getViewBox().mapRectToScene(plot.getViewBox().boundingRect()) for plot in plots)
    first_s, last_s = plots[0].viewRange()[0]
    picture = CurvePicture(stack.grab(), areas, float(first_s), float(last_s))
    stack.close()
    stack.deleteLater()
    return picture


def laid_out(widget: QWidget, width: int, height: int) -> None:
    """Give a widget its size and layout without showing it to anybody."""
    widget.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
    widget.resize(width, height)
    widget.show()
    QApplication.processEvents()


class FilmPage:
    """The layout of all pictures of a film, stacked from top to bottom.

    Parameters
    ----------
    width, scene_height : int
        Of the picture of the scene, px.
    sample : tuple of str
        Title and read-outs, as rich text: as long as they get.
    footer : str
        Below the curves, rich text.
    curves : CurvePicture, optional
    """

    def __init__(
        self, width: int, scene_height: int, sample: tuple[str, str], footer: str, curves: CurvePicture | None
    ) -> None:
        self._width, self._curves = width, curves
        self._title, self._values = _document(width, _TITLE_PX), _document(width, _TEXT_PX)
        self._footer = _document(width, _SMALL_PX)
        heights = []
        for document, text in ((self._title, sample[0]), (self._values, sample[1]), (self._footer, footer)):
            document.setHtml(_inked(text, FAINT if document is self._footer else INK))
            heights.append(round(document.size().height()) + 6 if text else 0)
        self._tops = np.cumsum([0, heights[0], scene_height, heights[1], self._curve_height, heights[2]])
        self._scene_height = scene_height
        self.size = (width, int(self._tops[-1]) // 2 * 2 + 2)

    @property
    def _curve_height(self) -> int:
        return 0 if self._curves is None else self._curves.picture.height()

    def picture(self, scene: NDArray, time_s: float, title: str, values: str) -> NDArray:
        """Return a picture, shape (height, width, 3) uint8 RGB.

        Parameters
        ----------
        scene : ndarray, shape (height, width, 3)
            uint8 RGB, of any size: it is drawn as large as it fits.
        time_s : float
            Where the cursor stands.
        title, values : str
            Rich text.
        """
        image = QImage(*self.size, QImage.Format.Format_RGB888)
        image.fill(QColor(GROUND))
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        self._write(painter, self._title, title, self._tops[0])
        area = QRectF(0, self._tops[1], self._width, self._scene_height)
        _draw_inside(painter, image_of(scene), area)
        self._write(painter, self._values, values, self._tops[2])
        if self._curves is not None:
            self._draw_curves(painter, self._curves, time_s)
        self._write(painter, self._footer, None, self._tops[4])
        painter.end()
        return array_of(image)

    def _draw_curves(self, painter: QPainter, curves: CurvePicture, time_s: float) -> None:
        painter.drawPixmap(0, int(self._tops[3]), curves.picture)
        painter.setPen(QPen(_CURSOR, 2))
        x = curves.x_of(time_s)
        for area in curves.plots:
            painter.drawLine(
                QPointF(x, self._tops[3] + area.top()), QPointF(x, self._tops[3] + area.bottom())
            )

    @staticmethod
    def _write(painter: QPainter, document: QTextDocument, text: str | None, top: float) -> None:
        if text is not None:
            document.setHtml(_inked(text, INK))
        painter.save()
        painter.translate(0, float(top))
        document.drawContents(painter)
        painter.restore()


def image_of(picture: NDArray) -> QImage:
    """Return a picture, shape (height, width, 3) uint8 RGB, for painting."""
    height, width = picture.shape[:2]
    kept = np.ascontiguousarray(picture)
    return QImage(kept.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)


def array_of(image: QImage) -> NDArray:
    """Return an image as an array, shape (height, width, 3) uint8 RGB."""
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def scene_picture(viewer: Any) -> NDArray:
    """Return what the 3D canvas shows, shape (height, width, 3) uint8 RGB; drawn anew, also when it is hidden."""
    canvas = viewer.window._qt_viewer.canvas
    canvas.on_draw(None)
    # Straight from the graphics library: half the time of a screenshot, and the window need not be in front.
    picture = np.asarray(canvas._scene_canvas.render(alpha=False))[:, :, :3]
    canvas.native.doneCurrent()  # as Qt leaves it: else a window that is closed takes others' drawing with it
    return picture


def _draw_inside(painter: QPainter, image: QImage, area: QRectF) -> None:
    """Draw an image as large as it fits; at its own size it is not resampled."""
    scale = min(area.width() / image.width(), area.height() / image.height())
    width, height = image.width() * scale, image.height() * scale
    painter.fillRect(area, QColor("black"))
    place = QRectF(area.left() + (area.width() - width) / 2, area.top() + (area.height() - height) / 2, width, height)
    painter.drawImage(place, image)


def _inked(text: str, colour: str) -> str:
    return f'<div style="color:{colour}">{text}</div>'


def _document(width: int, size_px: int) -> QTextDocument:
    document = QTextDocument()
    font = QFont("sans-serif")
    font.setPixelSize(size_px)
    document.setDefaultFont(font)
    document.setDocumentMargin(4)
    document.setTextWidth(width)
    return document
