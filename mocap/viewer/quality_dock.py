"""The dock of quality: a ribbon per point over time, and the worst moments to go to."""

from dataclasses import replace
from typing import Any

import numpy as np
from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QBrush, QColor
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from mocap.viewer.docks import Context, in_sight
from mocap.viewer.review import Review
from mocap.viewer.ribbon import (
    ERROR_PX,
    MARK_COLOURS,
    MARK_WORDS,
    UNCERTAINTY_MM,
    Ribbon,
    bad_samples,
    mark_colours,
    row_order,
    scale_colours,
    with_uncertainty,
)
from mocap.viewer.ribbon_plot import RibbonPlot
from mocap.viewer.work import in_steps
from mocap.viewer.worst import Survey, Trouble, failed_verdicts, sample_words, survey

STATUS, ERROR, ALL_ERRORS, UNCERTAINTY = "status", "error", "error of all views", "uncertainty"
_MODES = {
    STATUS: "status of the samples",
    ERROR: "worst error, views used [px]",
    ALL_ERRORS: "worst error, all views [px]",
    UNCERTAINTY: "uncertainty, 1 SD [mm]",
}
_COLUMNS = ("time [s]", "frame", "point", "what")
_TICKS = (0.5, 1, 2, 5, 10, 20, 50)
_WAIT_MS = 200
_BAD, _PLAIN = "#ffb060", "#c9ccd3"


class QualityDock(QWidget):
    """Ribbon of quality beside the table of the worst moments.

    Parameters
    ----------
    context : Context

    Attributes
    ----------
    ribbon : Ribbon or None
    moments : tuple of Trouble
        As listed in the table, below the checks that failed.
    """

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.ribbon: Ribbon | None = None
        self.moments: tuple[Trouble, ...] = ()
        self._moment = context.moment
        self._review = context.desk.review
        self._survey: Survey | None = None
        self._stale, self._asked, self._worker = True, 0, None
        self._sd_worker: Any = None
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._start)
        self.mode_box, self.sort_box = QComboBox(), QComboBox()
        self.whole_button = QPushButton("all of it")
        self.legend_label, self.readout_label, self.progress_label = QLabel(), QLabel(), QLabel()
        self.plot, self.table = RibbonPlot(), QTableWidget(0, len(_COLUMNS))
        self._build()
        self._show_whole()
        context.moment.frame_changed.connect(self._on_frame)
        context.moment.point_changed.connect(self._on_point)

    @property
    def mode(self) -> str:
        """What the colours tell: `status`, `error`, `error of all views` or `uncertainty`."""
        return str(self.mode_box.currentData())

    def show_review(self, review: Review) -> None:
        """Show a review in place of the one before."""
        self._review, self._stale = review, True
        if in_sight(self):
            self._later.start(_WAIT_MS)  # of many reviews within a moment the last one is looked through

    def choose_mode(self, mode: str) -> None:
        """Show one of the modes."""
        self.mode_box.setCurrentIndex(self.mode_box.findData(mode))
        self._draw()
        self._fill_table()

    def showEvent(self, event: Any) -> None:  # Qt's name
        """Catch up with what happened while the dock was hidden."""
        super().showEvent(event)
        if not in_sight(self):
            return  # while the docks are laid out: what is looked through takes time and memory
        if self._stale:
            self._start()
        self._on_frame(self._moment.frame)
        self._on_point(self._moment.point)

    def _start(self) -> None:
        """Look through the recording in a thread; an older look is dropped."""
        self._stale = False
        self._asked += 1
        asked, review = self._asked, self._review
        for worker in (self._worker, self._sd_worker):
            if worker is not None:
                worker.quit()

        def each(found: Survey) -> None:
            if asked == self._asked:
                self._take(found)

        def then() -> None:
            if asked == self._asked:
                self._worker = None
                self.progress_label.setText("")
                if self.mode == UNCERTAINTY:
                    self._draw()

        self._sd_worker = None
        self._worker = in_steps(lambda: survey(review.trial, review.parts), each, then, owner=self)

    def _take(self, found: Survey) -> None:
        done = found.share >= 1.0
        self.progress_label.setText("" if done else f"reading errors: {100 * found.share:.0f} %")
        if done or self.ribbon is None:
            self.ribbon, self._survey = found.ribbon, found
            self._draw()
        elif found.share == 0 and found.ribbon.names == self.ribbon.names:
            # While errors are read anew the older ones stay; what was just edited is seen at once.
            self.ribbon = replace(self.ribbon, marks=found.ribbon.marks)
            self._draw()
        if done:
            has_errors = found.ribbon.error_px is not None
            for mode in (ERROR, ALL_ERRORS):
                self._enable(mode, has_errors)
            if self.mode in (ERROR, ALL_ERRORS) and not has_errors:
                self.choose_mode(STATUS)
            self._fill_table()

    def _enable(self, mode: str, on: bool) -> None:
        row = self.mode_box.findData(mode)
        self.mode_box.model().item(row).setEnabled(on)  # type: ignore[attr-defined]  # a standard item model
        self.mode_box.setItemText(row, _MODES[mode] if on else f"{_MODES[mode]}: none stored")

    def _build(self) -> None:
        for mode, text in _MODES.items():
            self.mode_box.addItem(text, mode)
        self.sort_box.addItems(["worst first", "by name"])
        self.whole_button.setToolTip("Show the whole recording. Wheel: zoom in time; drag: move.")
        self.readout_label.setStyleSheet("color: #f5d25a;")
        for label in (self.legend_label, self.readout_label, self.progress_label):
            # Words never make the window wider than the screen.
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        for box in (self.mode_box, self.sort_box):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.mode_box.setMinimumContentsLength(18)
        self.sort_box.setMinimumContentsLength(9)
        bar = QHBoxLayout()
        for part in (self.mode_box, self.sort_box, self.whole_button):
            bar.addWidget(part)
        bar.addWidget(self.legend_label, 1)
        below = QHBoxLayout()
        below.addWidget(self.readout_label, 3)
        below.addWidget(self.progress_label, 1)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(bar)
        column.addWidget(self.plot, 1)
        column.addLayout(below)
        self._build_table()
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.addWidget(left)
        halves.addWidget(self.table)
        halves.setStretchFactor(0, 3)
        halves.setStretchFactor(1, 1)
        halves.setSizes([760, 360])
        whole = QVBoxLayout(self)
        whole.setContentsMargins(6, 4, 6, 4)
        whole.addWidget(halves)
        self.mode_box.activated.connect(lambda _: self.choose_mode(self.mode))
        self.sort_box.activated.connect(lambda _: self._draw())
        self.whole_button.clicked.connect(self._show_whole)
        self.plot.chosen.connect(self._on_chosen)
        self.plot.pointed.connect(self._tell_sample)

    def _build_table(self) -> None:
        table = self.table
        table.setHorizontalHeaderLabels(_COLUMNS)
        table.setMinimumWidth(200)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.verticalHeader().setVisible(False)
        table.verticalHeader().setDefaultSectionSize(20)
        table.horizontalHeader().setStretchLastSection(True)
        table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for column, width in enumerate((58, 52, 90)):
            table.setColumnWidth(column, width)
        table.itemSelectionChanged.connect(self._on_table)

    def _show_whole(self) -> None:
        self.plot.set_time(self._moment.time_of_first_s, self._moment.rate_hz, self._moment.n_frames)

    def _draw(self) -> None:
        ribbon, mode = self.ribbon, self.mode
        self.legend_label.setText(_legend(mode))
        if ribbon is None:
            return
        if mode == UNCERTAINTY and ribbon.sd_mm is None:
            self._read_uncertainty(ribbon)
        values = {ERROR: ribbon.error_px, ALL_ERRORS: ribbon.all_px, UNCERTAINTY: ribbon.sd_mm}.get(mode)
        by_worst = self.sort_box.currentIndex() == 0
        if mode == STATUS or values is None:
            order = row_order(ribbon.names, bad_samples(ribbon.marks) if by_worst else None)
            colours = mark_colours if mode == STATUS else _nothing
            self.plot.show_values(ribbon.names, ribbon.marks, colours, order)
        else:
            ends = UNCERTAINTY_MM if mode == UNCERTAINTY else ERROR_PX
            order = row_order(ribbon.names, np.fmax.reduce(values, axis=1) if by_worst else None)
            self.plot.show_values(ribbon.names, values, lambda part: scale_colours(part, ends), order)
        unknown = mode == UNCERTAINTY and ribbon.sd_mm is not None and not np.isfinite(ribbon.sd_mm).any()
        self.plot.say("the uncertainty of these points is not known" if unknown else "")

    def _read_uncertainty(self, ribbon: Ribbon) -> None:
        if self._sd_worker is not None or self._worker is not None:
            return
        asked, parts = self._asked, self._review.parts

        def each(found: tuple[float, Ribbon | None]) -> None:
            share, done = found
            if asked == self._asked:
                self.progress_label.setText(f"reading uncertainties: {100 * share:.0f} %" if done is None else "")
                if done is not None:
                    self.ribbon = done
                    self._draw()

        self._sd_worker = in_steps(lambda: with_uncertainty(ribbon, parts), each, owner=self)

    def _fill_table(self) -> None:
        if self._survey is None or self._survey.share < 1.0:
            return
        self.moments = self._survey.all_moments if self.mode == ALL_ERRORS else self._survey.moments
        checks = failed_verdicts(self._review.trial.quality)
        table = self.table
        table.blockSignals(True)
        table.setRowCount(len(checks) + len(self.moments))
        for row, (line, text) in enumerate(checks):
            self._set_row(row, ("", "", "check", line), f"Not passed. {line}\n{text}".strip(), True)
        for row, one in enumerate(self.moments, start=len(checks)):
            more = f" (+{one.others} points)" if one.others > 0 else ""
            cells = (f"{self._moment.time_of(one.frame):.2f}", str(one.frame), one.point, one.what + more)
            span = f"from {self._moment.time_of(one.first):.2f} to {self._moment.time_of(one.last):.2f} s"
            self._set_row(row, cells, f"{one.point}: {one.what}, {span}", one.score >= 1)
        table.clearSelection()
        table.blockSignals(False)

    def _set_row(self, row: int, cells: tuple[str, ...], tip: str, bad: bool) -> None:
        for column, text in enumerate(cells):
            item = QTableWidgetItem(text)
            item.setToolTip(tip)
            item.setForeground(QBrush(QColor(_BAD if bad else _PLAIN)))
            self.table.setItem(row, column, item)

    def _on_table(self) -> None:
        rows = {index.row() for index in self.table.selectedIndexes()}
        number = min(rows, default=-1) - (self.table.rowCount() - len(self.moments))
        if 0 <= number < len(self.moments):
            one = self.moments[number]
            camera = one.camera
            if not camera and self.ribbon is not None and one.point in self.ribbon.names:
                camera = self.ribbon.camera_at(self.ribbon.names.index(one.point), one.frame, every=True)
            self._go(one.frame, one.point, camera)

    def _on_chosen(self, row: int, frame: int) -> None:
        if self.ribbon is not None:
            camera = self.ribbon.camera_at(row, frame, every=self.mode != ERROR)
            self._go(frame, self.ribbon.names[row], camera)

    def _go(self, frame: int, point: str, camera: str) -> None:
        # The frame first: who shows the camera then loads one picture, not two.
        self._moment.go(frame)
        self.plot.reveal(self._moment.time_of(frame))
        self._moment.choose_point(point)
        if camera:
            self._moment.choose_camera(camera)

    def _on_frame(self, frame: int) -> None:
        if in_sight(self):
            self.plot.show_cursor(self._moment.time_of(frame))
            if self.ribbon is not None and self._moment.point in self.ribbon.names:
                self._tell_sample(self.ribbon.names.index(self._moment.point), frame)

    def _on_point(self, name: str) -> None:
        if in_sight(self):
            self.plot.show_point(name)
            self._on_frame(self._moment.frame)

    def _tell_sample(self, row: int, frame: int) -> None:
        if self.ribbon is not None:
            time_s = self._moment.time_of(frame)
            self.readout_label.setText(f"{time_s:.3f} s   {sample_words(self.ribbon, row, frame)}")


def _nothing(values: np.ndarray) -> np.ndarray:
    return np.full((*values.shape, 3), 38, np.uint8)


def _legend(mode: str) -> str:
    if mode == STATUS:
        return "&nbsp; ".join(_swatch(colour, word) for colour, word in zip(MARK_COLOURS, MARK_WORDS, strict=True))
    ends, unit = (UNCERTAINTY_MM, "mm") if mode == UNCERTAINTY else (ERROR_PX, "px")
    colours = scale_colours(np.array(_TICKS, float), ends)
    words = [f"{tick:g}" for tick in _TICKS[:-1]] + [f"{_TICKS[-1]:g} {unit} and more"]
    return "&nbsp; ".join(_swatch(colour, word) for colour, word in zip(colours, words, strict=True))


def _swatch(colour: np.ndarray, word: str) -> str:
    red, green, blue = (int(part) for part in colour)
    if red + green + blue == 0:
        return f"□ {word}"  # black on black would not be seen
    return f'<span style="color:#{red:02x}{green:02x}{blue:02x}">■</span> {word}'
