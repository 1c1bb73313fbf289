"""The dock with an angle against depth: the way down and the way up of each repetition, tied to the moment."""

from html import escape

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from mocap.viewer.curve_items import band_path
from mocap.viewer.curve_marks import hips_height
from mocap.viewer.depth_view import (
    ANGLES,
    DepthView,
    Strand,
    depth_view,
    halves,
    joined,
    nearest,
    onset_words,
    readout,
    shown_name,
    shown_range,
    strand_at,
)
from mocap.viewer.docks import Context, in_sight
from mocap.viewer.review import Review
from mocap.viewer.work import in_thread

_GROUND, _INK, _CURSOR, _ONSET = "#16181d", "#c9ccd3", "#ffffff", "#ed59bf"
# Yellow and pale blue stay apart under every common colour blindness; the way up is dashed as well.
_DOWN, _UP = "#f5d25a", "#9fc3ee"
_FAINT = 110
_MOST_FAINT, _MOST_STRONG = 6000, 3000
_AXIS_PX = 52


class DepthDock(QWidget):
    """Pelvic tilt, or lumbar flexion, against depth; see `mocap.viewer.docks.Dock`.

    Attributes
    ----------
    view : DepthView
    number : int
        The repetition that is drawn strongly; -1 is none.
    """

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._moment, self._review = context.moment, context.desk.review
        self._height: NDArray | None = None
        self._stale = self._late = True
        self.view, self.number = DepthView(ANGLES[0]), -1
        self.angle_box, self.unit_box = QComboBox(), QComboBox()
        self.band_box, self.others_box = QCheckBox("band"), QCheckBox("other repetitions")
        self.readouts, self.notice = QLabel(), QLabel()
        self.plot = pg.PlotWidget(background=_GROUND)
        self.down, self.up = _line(_DOWN, 255, 2.2), _line(_UP, 255, 2.0, dashed=True)
        self.other_downs, self.other_ups = _line(_DOWN, _FAINT, 1.0), _line(_UP, _FAINT, 1.0, dashed=True)
        self.bands = pg.QtWidgets.QGraphicsPathItem(), pg.QtWidgets.QGraphicsPathItem()
        self.onset_line = pg.InfiniteLine(angle=90, pen=pg.mkPen(_ONSET, width=1.2))
        self.onset_span = pg.LinearRegionItem(movable=False, brush=_transparent(_ONSET, 45), pen=pg.mkPen(None))
        self.onsets, self.bottoms = _spots("o", _ONSET), _spots("t1", _INK)
        self.spot = _spots("o", _CURSOR)
        self.title = pg.LabelItem("", size="9pt", color=_INK)
        self._build()
        self._moment.frame_changed.connect(self._moved)
        self.show_review(self._review)

    @property
    def percent(self) -> bool:
        """Whether depth is drawn in percent of the repetition's own, and not in mm."""
        return bool(self.unit_box.currentData())

    def show_review(self, review: Review) -> None:
        """Show the repetitions of a review; a hidden dock does so when it is shown."""
        self._review, self._stale = review, True
        if in_sight(self):
            self._load()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what changed while the dock was hidden."""
        if self._stale:
            self._load()
        elif self._late:
            self._moved(self._moment.frame)

    def zoom_out(self) -> None:
        """Show all repetitions."""
        (left, right), (low, high) = shown_range(self.view, self.percent)
        self.plot.setRange(xRange=(left, right), yRange=(low, high), padding=0.06)

    def _build(self) -> None:
        for angle in ANGLES:
            self.angle_box.addItem(shown_name(angle), angle)
        for text, percent in (("depth in mm", False), ("depth in %", True)):
            self.unit_box.addItem(text, percent)
        self.unit_box.setToolTip("% is of the depth of each repetition's own: 0 standing, 100 at its bottom")
        self.band_box.setToolTip("± 1 SD, frame to frame, of the repetition that is drawn strongly")
        for box in (self.band_box, self.others_box):
            box.setChecked(True)
            box.toggled.connect(self._switched)
        self.angle_box.activated.connect(lambda _: self._show_view(self._made(self._review, self._height)))
        self.unit_box.activated.connect(lambda _: self._show_view(self.view))
        self.readouts.setTextFormat(Qt.TextFormat.RichText)
        # Long words must not make the window wider than its screen.
        for label in (self.readouts, self.notice):
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        bar = QHBoxLayout()
        for widget in (self.angle_box, self.unit_box, self.band_box, self.others_box):
            bar.addWidget(widget)
        bar.addWidget(self.readouts, stretch=1)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 2, 6, 2)
        column.setSpacing(2)
        column.addLayout(bar)
        self.notice.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.notice.setWordWrap(True)
        column.addWidget(self.notice, stretch=1)
        column.addWidget(self.plot, stretch=1)
        self._build_plot()
        self.setMinimumHeight(150)

    def _build_plot(self) -> None:
        item = self.plot.getPlotItem()
        item.setMenuEnabled(False)
        item.hideButtons()
        item.showGrid(x=True, y=True, alpha=0.15)
        item.getViewBox().disableAutoRange()
        item.getAxis("left").setWidth(_AXIS_PX)
        item.getAxis("bottom").enableAutoSIPrefix(False)
        for side in ("left", "bottom"):
            item.getAxis(side).setTextPen(_INK)
        for band, colour in zip(self.bands, (_DOWN, _UP), strict=True):
            band.setBrush(pg.mkBrush(_transparent(colour, 50)))
            band.setPen(pg.mkPen(None))
        for part in (
            self.onset_span, self.onset_line, *self.bands, self.other_downs, self.other_ups, self.up, self.down,
            self.bottoms, self.onsets, self.spot,
        ):  # fmt: skip
            self.plot.addItem(part, ignoreBounds=True)
        self.title.setParentItem(item.getViewBox())
        self.title.anchor((0, 0), (0, 0))
        self.plot.scene().sigMouseClicked.connect(self._clicked)

    def _load(self) -> None:
        self._stale = False
        review = self._review
        angle = self._angle()
        in_thread(lambda: _height_and_view(review, angle), lambda found: self._loaded(review, *found), owner=self)

    def _loaded(self, review: Review, height: NDArray | None, view: DepthView) -> None:
        if review is not self._review:
            return
        self._height = height
        # Another angle may have been chosen meanwhile.
        self._show_view(view if view.angle == self._angle() else self._made(review, height))

    def _made(self, review: Review, height: NDArray | None) -> DepthView:
        return depth_view(review.trial, height, self._angle())

    def _angle(self) -> str:
        return str(self.angle_box.currentData())

    def _show_view(self, view: DepthView) -> None:
        self.view, self.number = view, -1
        there = not view.reason
        self.notice.setText(view.reason)
        self.notice.setVisible(not there)
        self.plot.setVisible(there)
        self.readouts.setVisible(there)
        self.unit_box.setEnabled(there)
        unit = "% of its own" if self.percent else "mm"
        self.plot.getPlotItem().setLabel("bottom", f"depth [{unit}]", **{"color": _INK, "font-size": "9pt"})
        self.title.setText(
            f'{shown_name(view.angle)} [°] &nbsp; <span style="color:{_DOWN}">━ down</span> &nbsp;'
            f'<span style="color:{_UP}">╍ up</span> &nbsp;<span style="color:{_ONSET}">● onset of the tuck</span>'
            f' &nbsp;<span style="color:{_INK}">▲ bottom</span>'
        )  # fmt: skip
        sign = f"+ is {view.positive}; the band is ± 1 SD, frame to frame" if view.positive else ""
        depth = "depth: drop of the hips from standing, as the assessment tells it"
        # As rich text its lines are broken; plain they would run out of the screen.
        self.plot.setToolTip("".join(f"<p>{escape(one)}</p>" for one in (sign, depth, view.meaning) if one))
        if there:
            self.zoom_out()
        self._moved(self._moment.frame)

    def _switched(self, *_: object) -> None:
        self.number = -1
        self._moved(self._moment.frame)

    def _moved(self, frame: int) -> None:
        self._late = not in_sight(self)
        if self._late or self._stale or self.view.reason or not self.view.strands:
            return
        number = strand_at(self.view.strands, frame)
        if number != self.number:
            self.number = number
            self._draw()
        one = self.view.strands[number]
        at = frame - one.first
        if 0 <= at < len(one.depth_mm):
            self.spot.setData(one.across(self.percent)[at : at + 1], one.value_deg[at : at + 1], size=9)
        else:
            self.spot.setData([], [])
        self.readouts.setText(f"{readout(self.view, frame)} &nbsp;&nbsp; {onset_words(one)}")

    def _draw(self) -> None:
        """Draw the present repetition strongly, and the others faintly."""
        one, percent = self.view.strands[self.number], self.percent
        shown = [other for other in self.view.strands if other is not one] if self.others_box.isChecked() else []
        ways = [halves(other, percent) for other in shown]
        self.other_downs.setData(*joined([way[0] for way in ways], _MOST_FAINT))
        self.other_ups.setData(*joined([way[1] for way in ways], _MOST_FAINT))
        for item, way in zip((self.down, self.up), halves(one, percent), strict=True):
            item.setData(*joined([way], _MOST_STRONG))
        turn = one.bottom - one.first
        for band, part in zip(self.bands, (slice(0, turn + 1), slice(turn, None)), strict=True):
            low, high = one.value_deg[part] - one.sd_deg[part], one.value_deg[part] + one.sd_deg[part]
            band.setPath(band_path(one.across(percent)[part], low, high))
            band.setVisible(self.band_box.isChecked())
        self._draw_marks(one, shown)

    def _draw_marks(self, one: Strand, others: list[Strand]) -> None:
        strands = [one, *others]
        for spots, frames in ((self.bottoms, [each.bottom for each in strands]),
                              (self.onsets, [each.onset_frame for each in strands])):  # fmt: skip
            at = [(each, frame - each.first) for each, frame in zip(strands, frames, strict=True) if frame is not None]
            spots.setData(
                [float(each.across(self.percent)[place]) for each, place in at],
                [float(each.value_deg[place]) for each, place in at], size=[11 if each is one else 6 for each, _ in at],
            )  # fmt: skip
        onset = one.onset
        self.onset_line.setVisible(onset is not None)
        bounded = onset is not None and bool(np.isfinite([onset.low, onset.high]).all())
        self.onset_span.setVisible(bounded)
        scale = 100.0 if self.percent else one.full_mm
        if onset is not None:
            self.onset_line.setValue(onset.depth * scale)
        if onset is not None and bounded:
            self.onset_span.setRegion((onset.low * scale, onset.high * scale))

    def _clicked(self, event: object) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self.view.reason:  # type: ignore[attr-defined]
            return
        if event.double():  # type: ignore[attr-defined]
            self.zoom_out()
            return
        box = self.plot.getPlotItem().getViewBox()
        place: QPointF = event.scenePos()  # type: ignore[attr-defined]
        if not box.sceneBoundingRect().contains(place):
            return
        at = box.mapSceneToView(place)
        strands, number = self.view.strands, self.number
        if not self.others_box.isChecked():
            strands, number = strands[number : number + 1], 0
        frame = nearest(strands, self.percent, (at.x(), at.y()), box.viewPixelSize(), number)
        if frame is not None:
            self._moment.go(frame)


def _height_and_view(review: Review, angle: str) -> tuple[NDArray | None, DepthView]:
    height = hips_height(review.parts)
    return height, depth_view(review.trial, height, angle)


def _line(colour: str, alpha: int, width: float, dashed: bool = False) -> pg.PlotCurveItem:
    style = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
    return pg.PlotCurveItem(pen=pg.mkPen(_transparent(colour, alpha), width=width, style=style), connect="finite")


def _spots(symbol: str, colour: str) -> pg.ScatterPlotItem:
    return pg.ScatterPlotItem(symbol=symbol, brush=pg.mkBrush(colour), pen=pg.mkPen(_GROUND, width=1), pxMode=True)


def _transparent(colour: str, alpha: int) -> pg.QtGui.QColor:
    made = pg.mkColor(colour)
    made.setAlpha(alpha)
    return made
