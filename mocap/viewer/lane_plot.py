"""One plot of the stack of curves: an angle of one or both sides with its band, what lies behind it, and its marks."""

from collections.abc import Sequence
from html import escape

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt

from mocap.trial import Trial
from mocap.viewer.angles import Curve, readout
from mocap.viewer.curve_items import CurveItem, DoubtsItem, InstantsItem, NormItem, SpansItem
from mocap.viewer.curve_marks import Instant, doubt_at, doubts_of
from mocap.viewer.lanes import Lane, raw_curve, shown_range
from mocap.viewer.layers import SIDE_COLOUR
from mocap.viewer.norm_bands import NORM, NormBand, bands_of
from mocap.viewer.review import RawAngles
from mocap.viewer.time_marks import Span

INK = "#c9ccd3"
_CENTRE, _BOTTOM, _ONSET, _CURSOR, _GREY = "#f5d25a", "#c9ccd3", "#ed59bf", "#ffffff", "#9a9fa8"
_AXIS_PX = 52
_BEHIND = -10
_NARROWEST_PX, _MARGIN_PX = 120, 12


class LanePlot:
    """One plot of the stack.

    Parameters
    ----------
    plot : pyqtgraph.PlotItem
    lane : Lane
    trial : Trial, optional
        Tells what the angles are set beside, and what of them is doubted.
    """

    def __init__(self, plot: pg.PlotItem, lane: Lane, trial: Trial | None = None) -> None:
        self.plot, self.lane = plot, lane
        self.items = [CurveItem(curve, side_colour(side)) for curve, side in zip(lane.curves, lane.sides, strict=True)]
        self.raws: list[CurveItem] = []
        self.spans, self.bottoms, self.onsets = SpansItem(()), InstantsItem(_BOTTOM, True), InstantsItem(_ONSET, False)
        self.doubts, self.doubted = DoubtsItem(), [_doubts(trial, curve) for curve in lane.curves]
        self.norms: list[NormItem] = []
        self.bands: list[NormBand] = []
        self.cursor = pg.InfiniteLine(angle=90, pen=pg.mkPen(_CURSOR, width=1.5), movable=True)
        self.notice = pg.TextItem(lane.reason, color=INK, anchor=(0.5, 0.5))
        self.title = pg.LabelItem("", color=INK, size="9pt")
        self._norm_on = True
        self._build()
        if trial is not None:
            self._set_beside(trial)
        self._mark_doubts()
        self._say()

    def show_frames(self, first: int, last: int) -> None:
        """Draw the curves between two frames, and let them fill the height."""
        for item in (*self.raws, *self.items):
            if not item.curve.reason:
                item.show_frames(first, last)
        low, high = shown_range(self.lane, first, last)
        reaches = [band.reach(*self._times(first, last)) for band in self.bands if self._norm_on]
        for reach in reaches:
            low, high = (low, high) if reach is None else (min(low, reach[0]), max(high, reach[1]))
        self.plot.setYRange(low, high, padding=0.08)
        if self.lane.reason:
            self.notice.setPos(float(np.mean(self.plot.viewRange()[0])), (low + high) / 2)

    def mark(self, spans: Sequence[Span], bottoms: Sequence[Instant], onsets: Sequence[Instant]) -> None:
        """Mark repetitions, their bottoms, and onsets of the tuck where the plot is one of pelvis or back."""
        self.spans.show_spans(spans)
        self.bottoms.show_times([one.time_s for one in bottoms])
        tilts = self.lane.name.startswith(("pelvic_tilt", "lumbar_flexion"))
        self.onsets.show_times([one.time_s for one in onsets] if tilts else [])

    def show_bands(self, on: bool) -> None:
        """Show or hide the bands of the curves."""
        for item in self.items:
            item.band.setVisible(on)

    def show_norms(self, on: bool) -> None:
        """Show or hide what the angles are set beside."""
        self._norm_on = on
        for item in self.norms:
            item.setVisible(on)
        self._say()

    def show_raw(self, raw: RawAngles | None) -> None:
        """Draw the angles of points that were not smoothed beneath the others, or take them away."""
        for item in self.raws:
            self.plot.removeItem(item.line)
        self.raws = []
        for curve, side in zip(self.lane.curves, self.lane.sides, strict=True):
            beneath = None if raw is None or curve.reason else raw_curve(curve, raw)
            if beneath is not None:
                item = CurveItem(beneath, side_colour(side), faint=True)
                item.line.setZValue(_BEHIND + 5)
                self.plot.addItem(item.line, ignoreBounds=True)
                self.raws.append(item)
        self._say()

    def words(self, frame: int) -> str:
        """Return name and values at a frame as rich text."""
        name = self.lane.name.replace("_", " ")
        if self.lane.reason:
            return f"<b>{name}</b> not shown"
        parts = []
        for item, side, doubts in zip(self.items, self.lane.sides, self.doubted, strict=True):
            told = readout(item.curve, frame).replace(" (1 SD)", "").replace("(± unknown)", "± ?")
            why = doubt_at(doubts, frame)
            label = "" if side == "centre" else f"{side} "
            doubt = f" ({'doubted: ' if np.isfinite(item.curve.value_deg[frame]) else ''}{why})" if why else ""
            parts.append(f'<span style="color:{side_colour(side)}">{label}{told}{doubt}</span>')
        return f"<b>{name}</b> {' &nbsp; '.join(parts)}"

    def _build(self) -> None:
        plot = self.plot
        dress(plot, self.title)
        for part in (self.spans, self.doubts, self.bottoms, self.onsets):
            plot.addItem(part, ignoreBounds=True)
        for item in self.items:
            plot.addItem(item.band, ignoreBounds=True)
            plot.addItem(item.line, ignoreBounds=True)
        plot.addItem(self.cursor, ignoreBounds=True)
        if self.lane.reason:
            plot.addItem(self.notice, ignoreBounds=True)
            plot.getViewBox().sigResized.connect(self._fit_notice)

    def _fit_notice(self) -> None:
        self.notice.setTextWidth(max(_NARROWEST_PX, self.plot.getViewBox().width() - 2 * _MARGIN_PX))

    def _set_beside(self, trial: Trial) -> None:
        patterns = {"right": Qt.BrushStyle.FDiagPattern, "left": Qt.BrushStyle.BDiagPattern}
        for curve, side in zip(self.lane.curves, self.lane.sides, strict=True):
            for band in () if curve.reason else bands_of(trial, curve.name):
                norm = band.kind == NORM
                colour = pg.mkColor(_GREY if side == "centre" else side_colour(side))
                colour.setAlpha(150)
                pattern = patterns.get(side, Qt.BrushStyle.FDiagPattern) if norm else Qt.BrushStyle.Dense6Pattern
                item = NormItem(band.pieces, colour, pattern, norm)
                item.setZValue(_BEHIND)
                self.plot.addItem(item, ignoreBounds=True)
                self.bands.append(band)
                self.norms.append(item)

    def _mark_doubts(self) -> None:
        spans = np.array(sorted((first, last) for doubts in self.doubted for first, last, _ in doubts), int)
        if len(spans):
            time = self.lane.curves[0].time_s
            half = 0.5 * (time[-1] - time[0]) / max(1, len(time) - 1)
            self.doubts.show_spans(time[spans[:, 0]] - half, time[spans[:, 1]] + half)

    def _say(self) -> None:
        """Write over the plot what it shows, and in its tooltip what that means and whence it is."""
        legend = [f"{self.lane.name.replace('_', ' ')} [°]"]
        if self._norm_on:
            legend += [f'<span style="color:{_GREY}">▨ {short}</span>'
                       for short in dict.fromkeys(band.short for band in self.bands)]  # fmt: skip
        if self.raws:
            legend.append(f'<span style="color:{_GREY}">thin: not smoothed</span>')
        if any(self.doubted):
            legend.append(f'<span style="color:{_GREY}">▩ missing or doubted</span>')
        self.title.setText(" &nbsp; ".join(legend))
        sign = f"+ is {self.lane.positive}; the band is ± 1 SD, frame to frame" if self.lane.positive else ""
        beside = dict.fromkeys(band.words for band in self.bands)
        # As rich text its lines are broken; plain they would run out of the screen.
        told = "\n\n".join(filter(None, (self.lane.reason, sign, *beside, self.lane.meaning)))
        self.plot.setToolTip(f"<p>{escape(told).replace(chr(10), '<br>')}</p>")

    def _times(self, first: int, last: int) -> tuple[float, float]:
        time = self.lane.curves[0].time_s
        return float(time[first]), float(time[last])


def dress(plot: pg.PlotItem, title: pg.LabelItem) -> None:
    """Give a plot of a stack its look, with a title in its corner."""
    plot.setMenuEnabled(False)
    plot.hideButtons()
    plot.showGrid(x=True, y=True, alpha=0.15)
    plot.setMouseEnabled(x=True, y=False)
    plot.getViewBox().disableAutoRange()  # every item would be measured again with each step
    plot.getAxis("left").setWidth(_AXIS_PX)
    title.setParentItem(plot.getViewBox())
    title.anchor((0, 0), (0, 0))
    for side in ("left", "bottom"):
        plot.getAxis(side).setTextPen(INK)


def side_colour(side: str) -> str:
    """Return the colour of `right`, `left` or `centre` as Qt takes it."""
    if side == "centre":
        return _CENTRE
    return "#" + "".join(f"{round(255 * part):02x}" for part in SIDE_COLOUR[side])


def _doubts(trial: Trial | None, curve: Curve) -> tuple[tuple[int, int, str], ...]:
    if trial is None or trial.angles is None or curve.reason:
        return ()
    return doubts_of(trial.angles, curve.name)
