"""The dock in which a reviewer decides: repetitions, their instants, points, sides and cameras; all can be undone."""

from collections.abc import Callable

import numpy as np
from qtpy.QtCore import QSettings

from mocap.errors import MocapError
from mocap.trial import PointEdit
from mocap.viewer.decisions import (
    Row,
    Signature,
    camera_out,
    change_words,
    exchanged,
    gone_words,
    instant_words,
    lost_words,
    marked,
    missing,
    pairs_of,
    rows_of,
)
from mocap.viewer.decisions_form import INITIALS, DecisionsForm, fill
from mocap.viewer.docks import Context
from mocap.viewer.review import Review
from mocap.viewer.work import in_thread, tell, tell_error

_ALL = "all points"
_BEHIND = "The angles are not yet those of the corrected points."


class DecisionsDock(DecisionsForm):
    """What can be decided, and what was; see `mocap.viewer.docks.Dock`.

    Attributes
    ----------
    rows : tuple of Row
        As listed in the table of repetitions.
    busy : bool
        Whether a decision is being kept; the next one has to wait.
    span : tuple of int
        First and last frame, the last one included, of what is decided on points.
    """

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context, self._moment, self._desk = context, context.moment, context.desk
        self._review = context.desk.review
        self.rows: tuple[Row, ...] = ()
        self.busy = False
        self.span = (0, max(0, self._moment.n_frames - 1))
        self._connect()
        self.show_review(self._review)
        self._show_span()

    def show_review(self, review: Review) -> None:
        """Show what was decided of a review, and what can be."""
        row = self._row()
        self._review, self.rows = review, rows_of(review.trial)
        self._fill_rows(row)
        self._fill_made()
        self._fill_boxes()
        self._show_state()

    def mark(self, camera: str, point: str, u: float, v: float) -> None:
        """Keep where a camera sees a point in the frame that is looked at, and reconstruct that moment again."""
        frame, before = self._moment.frame, self._review

        def told(after: Review) -> None:
            tell(change_words(before, after, point, camera, frame))

        self._correct(lambda by: marked(camera, point, (u, v), frame, by), told)

    def undo(self) -> None:
        """Take the last decision back."""
        if self._desk.undoable:
            self._ask(self._desk.undo)

    def redo(self) -> None:
        """Do again what was undone."""
        if self._desk.redoable:
            self._ask(self._desk.redo)

    def choose_span(self, first: int, last: int) -> None:
        """Choose the frames, the last one included, that decisions on points are of."""
        self.span = (min(first, last), max(first, last))
        self._show_span()

    # What the buttons do.

    def _decide(self, accepted: bool) -> None:
        row = self._row()
        if row is None:
            return
        try:
            by = self._signature().checked(reason_needed=not accepted)
        except MocapError as error:
            tell_error(error)
            return
        before = self._review

        def told(after: Review) -> None:
            if gone := gone_words(before, after):
                tell(gone)

        self._ask(lambda: self._desk.decide(row.task, row.at_s, accepted, by.reason, by.initials, row.side), told)

    def _put(self) -> None:
        row, instant, time_s = self._row(), str(self.instant_box.currentData()), self._moment.time_s
        if row is None:
            return
        try:
            by = self._signature().checked()
        except MocapError as error:
            tell_error(error)
            return
        self._ask(lambda: self._desk.move_event(row.task, row.at_s, instant, time_s, by.reason, by.initials, row.side))

    def _correct(
        self, edits_of: Callable[[Signature], list[PointEdit]], then: Callable[[Review], None] | None = None
    ) -> None:
        try:
            edits = edits_of(self._signature().checked())  # now: the span may be another one before a thread is free
        except MocapError as error:
            tell_error(error)
            return
        self._ask(lambda: self._desk.correct(edits), then)

    def _take_out(self) -> None:
        names = [self._point()] if self._point() else list(self._review.trial.points.names)
        self._correct(lambda by: missing(names, *self.span, by))

    def _swap(self) -> None:
        names, point = self._review.trial.points.names, self._point()
        self._correct(lambda by: exchanged(pairs_of(names, point), *self.span, by))

    def _leave_out(self) -> None:
        points, camera = [self._point()] if self._point() else [], self.camera_box.currentText()
        span, before = self.span, self._review

        def told(after: Review) -> None:
            if lost := lost_words(before, after, span):
                tell(lost)

        self._correct(lambda by: camera_out(camera, points, *span, by), told)

    def _take_back(self) -> None:
        row = self.made_table.currentRow()
        if 0 <= row < len(self._review.decisions):
            one = self._review.decisions[row].one
            self._ask(lambda: self._desk.take_back(one))

    def _ask(self, job: Callable[[], Review], then: Callable[[Review], None] | None = None) -> None:
        """Have the desk decide in a thread, and show what it returns; one decision at a time."""
        if self.busy:
            tell("A decision is being kept in the file; decide again when it is.")
            return

        def done(review: Review) -> None:
            self._context.changed(review)
            if then is not None:
                then(review)

        self.busy = True
        self._keep_initials()
        self._show_state()
        in_thread(job, done, self._refused, self._ended, owner=self)

    def _refused(self, error: MocapError) -> None:
        """Tell what was refused, and show what is in the file now where that is not what was shown."""
        tell_error(error)
        if self._desk.review is not self._review:
            self._context.changed(self._desk.review)

    def _ended(self) -> None:
        self.busy = False
        self._show_state()

    # What is shown.

    def _row(self) -> Row | None:
        place = self.table.currentRow()
        return self.rows[place] if 0 <= place < len(self.rows) else None

    def _point(self) -> str:
        """The point that decisions are of; empty for all of them."""
        return "" if self.points_box.currentIndex() <= 0 else self.points_box.currentText()

    def _signature(self) -> Signature:
        return Signature(self.reason_edit.text(), self.initials_edit.text())

    def _keep_initials(self) -> None:
        QSettings("mocap", "review").setValue(INITIALS, self.initials_edit.text())

    def _fill_rows(self, chosen: Row | None) -> None:
        self.table.blockSignals(True)
        self.table.setRowCount(len(self.rows))
        for place, row in enumerate(self.rows):
            state = row.words or ("" if row.counts else "not counted")
            fill(self.table, place, (row.name, f"{row.at_s:.2f}", state), faint=not row.counts)
        self.table.blockSignals(False)
        if chosen is not None and self.rows:
            away = [abs(row.at_s - chosen.at_s) + (row.task != chosen.task) + (row.side != chosen.side)
                    for row in self.rows]  # fmt: skip
            self._select(int(np.nanargmin(away)) if np.isfinite(away).any() else -1)

    def _fill_made(self) -> None:
        decisions = self._review.decisions
        self.made_table.setRowCount(len(decisions))
        for place, one in enumerate(decisions):
            fill(self.made_table, place, (one.words, one.signed))

    def _fill_boxes(self) -> None:
        names = self._review.trial.points.names
        if self.points_box.count() != len(names) + 1:
            self.points_box.clear()
            self.points_box.addItems([_ALL, *names])
        rig = self._review.trial.rig
        cameras = () if rig is None else rig.names
        if self.camera_box.count() != len(cameras):
            self.camera_box.clear()
            self.camera_box.addItems(list(cameras))
        self._row_chosen()

    def _select(self, place: int) -> None:
        self.table.blockSignals(True)
        self.table.setCurrentCell(place, 0)
        self.table.blockSignals(False)

    def _row_chosen(self) -> None:
        row = self._row()
        names = [] if row is None or not row.number else list(row.instants)
        if [self.instant_box.itemData(place) for place in range(self.instant_box.count())] != names:
            self.instant_box.clear()
            for name in names:
                self.instant_box.addItem(instant_words(name), name)
        self._show_buttons()

    def _row_clicked(self) -> None:
        self._row_chosen()
        row = self._row()
        if row is not None and np.isfinite(row.at_s):
            self._moment.go_to_time(row.at_s)

    def _span_of_row(self) -> None:
        row = self._row()
        if row is not None and np.isfinite(row.span_s).all():
            self.choose_span(*(self._moment.frame_at(time_s) for time_s in row.span_s))

    def _show_span(self) -> None:
        first, last = self.span
        times = " to ".join(f"{self._moment.time_of(one):.2f}" for one in self.span)
        self.span_label.setText(f"frames {first} to {last} ({times} s)")

    def _show_state(self) -> None:
        why = self._desk.read_only
        text = f"Nothing can be decided here: {why}." if why else _BEHIND if self._review.behind else ""
        self.notice.setText(text)
        self.notice.setToolTip(self._review.behind)
        self.notice.setVisible(bool(text))
        self.again_button.setVisible(bool(self._review.behind) and not why)
        self.state.setText("keeping it in the file ..." if self.busy else "")
        self._show_buttons()

    def _show_buttons(self) -> None:
        free, row = not self.busy and not self._desk.read_only, self._row()
        self.accept_button.setEnabled(free and row is not None)
        self.reject_button.setEnabled(free and row is not None and row.number > 0)
        self.put_button.setEnabled(free and row is not None and row.number > 0)
        self.repetition_button.setEnabled(row is not None and bool(np.isfinite(row.span_s).all()))
        for button in (self.missing_button, self.swap_button, self.again_button):
            button.setEnabled(free)
        self.camera_button.setEnabled(free and self.camera_box.count() > 0)
        self.take_back_button.setEnabled(free and self.made_table.currentRow() >= 0)
        for button, words in ((self.undo_button, self._desk.undoable), (self.redo_button, self._desk.redoable)):
            button.setEnabled(free and bool(words))
            button.setToolTip(words)

    def _connect(self) -> None:
        self.table.itemSelectionChanged.connect(self._row_clicked)
        self.made_table.itemSelectionChanged.connect(self._show_buttons)
        for button, action in (
            (self.accept_button, lambda: self._decide(True)), (self.reject_button, lambda: self._decide(False)),
            (self.put_button, self._put), (self.again_button, lambda: self._ask(self._desk.assess)),
            (self.from_button, lambda: self.choose_span(self._moment.frame, max(self.span[1], self._moment.frame))),
            (self.to_button, lambda: self.choose_span(min(self.span[0], self._moment.frame), self._moment.frame)),
            (self.repetition_button, self._span_of_row), (self.missing_button, self._take_out),
            (self.swap_button, self._swap), (self.camera_button, self._leave_out), (self.undo_button, self.undo),
            (self.redo_button, self.redo), (self.take_back_button, self._take_back),
        ):  # fmt: skip
            button.clicked.connect(lambda _=False, do=action: do())
        self._moment.point_changed.connect(self._point_changed)
        self._moment.camera_changed.connect(lambda name: self.camera_box.setCurrentText(name))

    def _point_changed(self, name: str) -> None:
        self.points_box.setCurrentIndex(max(0, self.points_box.findText(name)) if name else 0)
