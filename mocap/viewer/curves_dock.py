"""The dock with the curves: angles over time, stacked, tied to the moment that the whole window looks at."""

from collections.abc import Callable

import pyqtgraph as pg
from numpy.typing import NDArray
from qtpy.QtCore import Qt
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QCompleter,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from mocap.viewer.curve_marks import bottoms_of, hips_height, onsets_of
from mocap.viewer.docks import Context, in_sight
from mocap.viewer.lane_plot import LanePlot
from mocap.viewer.lanes import first_lanes, lane_names, lane_of, why_no_lane
from mocap.viewer.norm_bands import why_no_norm
from mocap.viewer.review import RawAngles, RawSource, Review
from mocap.viewer.time_marks import spans_of
from mocap.viewer.work import in_steps, in_thread, tell_error

_GROUND = "#16181d"
_MOST_LANES = 6


class SecondsAxis(pg.AxisItem):
    """An axis of time that says so at its values, and needs no line of its own for it."""

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Return the values with their unit."""
        return [f"{text} s" for text in super().tickStrings(values, scale, spacing)]


class CurvesDock(QWidget):
    """Curves of angles with bands, marks and a cursor; see `mocap.viewer.docks.Dock`.

    Attributes
    ----------
    lanes : list of LanePlot
    height_m : ndarray, shape (time,), or None
        Height of the hips; none before it was read.
    """

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._moment, self._review = context.moment, context.desk.review
        self.lanes: list[LanePlot] = []
        self._names: tuple[str, ...] = ()
        self.height_m: NDArray | None = None
        self._late = True
        self.stack = pg.GraphicsLayoutWidget()
        self.stack.setBackground(_GROUND)
        self.stack.ci.setSpacing(0)
        self.stack.ci.setContentsMargins(0, 0, 6, 0)
        self.angle_box, self.bands_box = QComboBox(), QCheckBox("bands")
        self.norms_box, self.raw_box = QCheckBox("norm"), QCheckBox("raw")
        self._raw: RawAngles | None = None
        self._source: RawSource | None = None
        self._at_work = False
        self.readouts = QLabel()
        self.notice = QLabel("no angles in this trial: run `mocap kinematics` on it")
        self._build()
        self._moment.frame_changed.connect(self._moved)
        self.show_review(self._review)

    def show_review(self, review: Review) -> None:
        """Show the angles, repetitions and marks of a review."""
        self._review, self.height_m = review, None
        in_thread(
            lambda: hips_height(review.parts), lambda height: self._height_known(review, height),
            lambda error: tell_error(error) if review is self._review else None, owner=self,
        )  # fmt: skip
        angles = review.trial.angles
        self._offer_norms()
        self._offer_raw()
        there = angles is not None and bool(angles.names)
        self.notice.setVisible(not there)
        self.stack.setVisible(there)
        if angles is None or not angles.names:
            return
        names = lane_names(angles)
        kept = tuple(name for name in self._names if name in names) or first_lanes(angles)
        self.show_lanes(kept)

    def show_lanes(self, names: tuple[str, ...]) -> None:
        """Stack the plots of these angles."""
        trial, angles = self._review.trial, self._review.trial.angles
        if angles is None:
            return
        seen_s = self.lanes[0].plot.viewRange()[0] if self.lanes else None
        self.stack.clear()
        self._names = names
        self.lanes = [
            LanePlot(self._new_plot(row), lane_of(angles, name), trial) for row, name in enumerate(names)
        ]
        for lane in self.lanes:
            last = lane is self.lanes[-1]
            lane.plot.getAxis("bottom").setStyle(showValues=last)
            lane.plot.setXLink(self.lanes[0].plot if lane is not self.lanes[0] else None)
            lane.cursor.sigDragged.connect(self._dragged)
            lane.show_bands(self.bands_box.isChecked())
            lane.show_norms(self.norms_box.isChecked())
            lane.show_raw(self._raw if self.raw_box.isChecked() else None)
        if self.lanes:
            self.lanes[0].plot.sigXRangeChanged.connect(self._range_changed)
        self._list_angles()
        self._mark()
        if seen_s is None or not self.lanes:
            self.zoom_out()
        else:
            self.lanes[0].plot.setXRange(*seen_s, padding=0.0)
            self._range_changed()
        self._moved(self._moment.frame)

    def zoom(self, first_s: float, last_s: float) -> None:
        """Show the time between two instants."""
        self._zoom(self._moment.frame_at(first_s), self._moment.frame_at(last_s))

    def zoom_out(self) -> None:
        """Show the whole recording."""
        self._zoom(0, self._moment.n_frames - 1)

    def zoom_to_repetition(self) -> None:
        """Show the repetition in which the cursor stands, or the next one."""
        spans = [span for span in spans_of(self._review.trial) if not span.rejected]
        now = self._moment.time_s
        here = next((span for span in spans if span.end_s >= now), None)
        if here is not None:
            spare = 0.1 * (here.end_s - here.start_s)
            self.zoom(here.start_s - spare, here.end_s + spare)

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with the frame that was chosen while the dock was hidden."""
        if self._late:
            self._moved(self._moment.frame)

    def _build(self) -> None:
        self.angle_box.setEditable(True)
        self.angle_box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        found = QCompleter(self.angle_box.model(), self.angle_box)
        found.setFilterMode(Qt.MatchFlag.MatchContains)
        found.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.angle_box.setCompleter(found)
        self.angle_box.setMinimumWidth(190)
        line = self.angle_box.lineEdit()
        if line is not None:
            line.setPlaceholderText("show or hide an angle ...")
        self.angle_box.activated.connect(lambda row: self._toggle(self.angle_box.itemData(row)))
        self.bands_box.setChecked(True)
        self.bands_box.setToolTip("± 1 SD, frame to frame")
        self.bands_box.toggled.connect(lambda on: self._switch(lambda lane: lane.show_bands(on)))
        self.norms_box.setChecked(True)
        self.norms_box.toggled.connect(lambda on: self._switch(lambda lane: lane.show_norms(on)))
        self.raw_box.toggled.connect(self._show_raw)
        self.readouts.setTextFormat(Qt.TextFormat.RichText)
        # Long words must not make the window wider than its screen.
        self.readouts.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        bar = QHBoxLayout()
        bar.addWidget(self.angle_box)
        for box in (self.bands_box, self.norms_box, self.raw_box):
            bar.addWidget(box)
        buttons: tuple[tuple[str, str, Callable[[], None]], ...] = (
            ("repetition", "zoom to the repetition at the cursor", self.zoom_to_repetition),
            ("all", "show the whole recording (double click)", self.zoom_out),
        )
        for text, words, action in buttons:
            button = QPushButton(text)
            button.setToolTip(words)
            button.clicked.connect(lambda _=False, do=action: do())
            bar.addWidget(button)
        bar.addWidget(self.readouts, stretch=1)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 2, 6, 2)
        column.setSpacing(2)
        column.addLayout(bar)
        self.notice.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(self.notice, stretch=1)
        column.addWidget(self.stack, stretch=1)
        self.stack.scene().sigMouseClicked.connect(self._clicked)
        self.setMinimumHeight(150)

    def _new_plot(self, row: int) -> pg.PlotItem:
        return self.stack.addPlot(row, 0, axisItems={"bottom": SecondsAxis("bottom")})

    def _list_angles(self) -> None:
        angles = self._review.trial.angles
        if angles is None:
            return
        self.angle_box.clear()
        for name in lane_names(angles):
            reason = why_no_lane(angles, name)
            mark = "✓ " if name in self._names else ""
            self.angle_box.addItem(f"{mark}{name}{' (no curve)' if reason else ''}", name)
            self.angle_box.setItemData(self.angle_box.count() - 1, reason or None, Qt.ItemDataRole.ToolTipRole)
        self.angle_box.setCurrentIndex(-1)
        self.angle_box.clearEditText()

    def _toggle(self, name: str) -> None:
        shown = tuple(one for one in self._names if one != name)
        if len(shown) == len(self._names):
            shown = (*shown, name)[-_MOST_LANES:]
        self.show_lanes(shown or (name,))

    def _switch(self, change: Callable[[LanePlot], None]) -> None:
        for lane in self.lanes:
            change(lane)
        self._range_changed()

    def _offer_norms(self) -> None:
        lacking = why_no_norm(self._review.trial)
        self.norms_box.setEnabled(not lacking)
        self.norms_box.setToolTip(
            lacking or "what the angles are set beside: the norm set that the assessment names, and the person's own "
            "quiet standing; the tooltip of a plot tells its source"
        )

    def _offer_raw(self) -> None:
        """Say whether there are angles of other points than those that are shown."""
        smoothed, source = self._review.trial.points_smoothed is not None, self._review.raw
        if source is not self._source:
            self._source, self._raw = source, None
        self.raw_box.setEnabled(smoothed and source is not None)
        self.raw_box.setText("raw" if smoothed else "raw: shown")
        self.raw_box.setToolTip(
            "the points of this trial were not smoothed here: the curves are those of the raw points" if not smoothed
            else "draw the angles of the points before smoothing beneath; they are computed when first asked for"
            if source is not None else "no file tells how these angles were computed: those of the raw points cannot be"
        )  # fmt: skip
        if self.raw_box.isChecked():
            self._show_raw(True)

    def _show_raw(self, on: bool) -> None:
        source = self._source
        if on and self._raw is None and source is not None:
            if not self._at_work:
                self._at_work = True
                work = in_steps(source.steps, lambda told: self._raw_told(source, told), self._raw_ended, owner=self)
                self.destroyed.connect(work.quit)
            return
        self._switch(lambda lane: lane.show_raw(self._raw if on else None))

    def _raw_told(self, source: RawSource, told: str | RawAngles) -> None:
        if source is not self._source:
            return
        if isinstance(told, str):
            self.raw_box.setText(f"raw: {told}")
            return
        self._raw = told
        self._switch(lambda lane: lane.show_raw(told if self.raw_box.isChecked() else None))

    def _raw_ended(self) -> None:
        self._at_work = False
        if self.raw_box.isEnabled():
            self.raw_box.setText("raw")
        if self._raw is None and self.raw_box.isChecked():
            self.raw_box.setChecked(False)  # refused, and told

    def _height_known(self, review: Review, height: NDArray | None) -> None:
        if review is self._review:
            self.height_m = height
            self._mark()

    def _mark(self) -> None:
        trial = self._review.trial
        spans, bottoms, onsets = spans_of(trial), bottoms_of(trial), onsets_of(trial, self.height_m)
        for lane in self.lanes:
            lane.mark(spans, bottoms, onsets)

    def _seen_frames(self) -> tuple[int, int]:
        first_s, last_s = self.lanes[0].plot.viewRange()[0]
        return self._moment.frame_at(first_s), self._moment.frame_at(last_s)

    def _zoom(self, first: int, last: int) -> None:
        if self.lanes:
            start_s, end_s = self._moment.time_of(first), self._moment.time_of(max(last, first + 1))
            self.lanes[0].plot.setXRange(start_s, end_s, padding=0.01)
            self._range_changed()

    def _range_changed(self, *_: object) -> None:
        first, last = self._seen_frames()
        for lane in self.lanes:
            lane.show_frames(first, last)

    def _moved(self, frame: int) -> None:
        self._late = not in_sight(self)
        if self._late:
            return
        at = self._moment.time_of(frame)
        for lane in self.lanes:
            lane.cursor.setValue(at)
        self.readouts.setText(" &nbsp;&nbsp; ".join(lane.words(frame) for lane in self.lanes))

    def _dragged(self, line: pg.InfiniteLine) -> None:
        self._moment.go_to_time(line.value())
        line.setValue(self._moment.time_s)  # at a frame, and not between two

    def _clicked(self, event: object) -> None:
        if event.button() != Qt.MouseButton.LeftButton:  # type: ignore[attr-defined]
            return
        if event.double():  # type: ignore[attr-defined]
            self.zoom_out()
            return
        place = event.scenePos()  # type: ignore[attr-defined]
        for lane in self.lanes:
            if lane.plot.sceneBoundingRect().contains(place):
                self._moment.go_to_time(lane.plot.getViewBox().mapSceneToView(place).x())
