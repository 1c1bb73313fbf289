"""Out of the window: a film of a span, made one picture at a time."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtGui import QCloseEvent
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
)

from mocap.errors import MocapError
from mocap.viewer.film_plan import (
    SPEEDS,
    WIDTHS,
    FilmPlan,
    FilmSink,
    film_name,
)
from mocap.viewer.filming import Filmed, FilmLook, film_steps, trial_film
from mocap.viewer.out_files import ask_path
from mocap.viewer.pair_film import pair_film
from mocap.viewer.tie import Tie
from mocap.viewer.time_marks import spans_of
from mocap.viewer.work import in_thread, tell, tell_error

if TYPE_CHECKING:
    from mocap.viewer.app import ViewerHandles

_STEP_PAUSE_MS = 1


class FilmDialog(QDialog):
    """Asks for span, speed and width of a film, makes it, and tells how far it is.

    Of a window that is tied to another one, the film shows both unless it is told not to.

    Parameters
    ----------
    handles : ViewerHandles
        With something that writes films.

    Attributes
    ----------
    filming : bool
    """

    def __init__(self, handles: "ViewerHandles") -> None:
        main = handles.viewer.window._qt_window
        super().__init__(main)
        self._handles = handles
        self._steps: Any = None
        self._sink: FilmSink | None = None
        self._timer = QTimer(self)
        self.span_box, self.speed_box, self.width_box = QComboBox(), QComboBox(), QComboBox()
        self.from_box, self.to_box = QDoubleSpinBox(), QDoubleSpinBox()
        self.both_box = QCheckBox("both trials side by side")
        self.words, self.scene_words, self.bar = QLabel(), QLabel(), QProgressBar()
        self.film_button, self.close_button = QPushButton("Film..."), QPushButton("Close")
        self._build()
        self._timer.setInterval(_STEP_PAUSE_MS)
        self._timer.timeout.connect(self._step)
        for window in self._windows():
            window.installEventFilter(self)

    @property
    def filming(self) -> bool:
        """Whether a film is being made."""
        return self._steps is not None

    @property
    def plan(self) -> FilmPlan:
        """What is asked for, on the clock of this window's trial; of both trials as much as both have."""
        first_s, last_s = self.from_box.value(), self.to_box.value()
        moment = self._handles.moment
        # To a frame: the boxes round to milliseconds, which may lie outside of the recording.
        first_s, last_s = (moment.time_of(moment.frame_at(at)) for at in (first_s, last_s))
        tie = self._tie
        if tie is not None:
            at_s = tie.side_of(self._handles)[0].at_s
            first_s, last_s = max(first_s, at_s + tie.shared_s[0]), min(last_s, at_s + tie.shared_s[1])
        return FilmPlan(first_s, last_s, float(self.speed_box.currentData()))

    def film(self, path: Path | None = None) -> None:
        """Make the film; ask where, unless a path is given."""
        if self._handles.open_film is None:
            return
        try:
            filmed, plan, name = self._filmed()
            path = path or ask_path(self._handles, "Film", name)
            if path is None:
                return
            self._sink = self._handles.open_film(path, filmed.size, plan.rate_hz, filmed.title, plan.speed_words)
        except MocapError as error:
            tell_error(error)
            return
        if self._handles.bar.playing:
            self._handles.bar.toggle()
        self._steps = film_steps(filmed, plan, self._sink)
        self._show_filming(plan.n_frames)
        self._timer.start()

    def cancel(self) -> None:
        """Leave nothing of a film that is being made."""
        self._timer.stop()
        if self._steps is not None:
            steps, self._steps = self._steps, None
            steps.close()
            if self._sink is not None:
                self._sink.give_up()
        self._show_filming(0)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Cancel the film, too."""
        self.cancel()
        super().closeEvent(event)

    def reject(self) -> None:
        """Cancel the film, or close where none is being made."""
        if self.filming:
            self.cancel()
        else:
            super().reject()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Cancel the film when a window that it shows is closed."""
        if event.type() == QEvent.Type.Close:
            self.cancel()
            if watched is not self.parent():
                self.both_box.setChecked(False)
                self.both_box.setEnabled(False)
        return False

    @property
    def _tie(self) -> Tie | None:
        """What the film shows both sides of; None where it is of this window alone."""
        tie = self._handles.tie
        return tie if tie is not None and tie.whole and self.both_box.isChecked() else None

    def _filmed(self) -> tuple[Filmed, FilmPlan, str]:
        """Return what is filmed, the plan on its clock, and what the film may be called."""
        plan, look, tie = self.plan, FilmLook(int(self.width_box.currentData())), self._tie
        if tie is None:
            name = film_name(self._handles.desk.review.trial.trial_id, plan)
            return trial_film(self._handles, plan, look), plan, name
        own, other = tie.side_of(self._handles)
        plan = replace(plan, first_s=plan.first_s - own.at_s, last_s=plan.last_s - own.at_s)
        dock = self._handles.docks.get("angles")
        shown = tuple(one.lane.name for one in dock.lanes) if dock is not None else ()
        eye = self._handles.bar.eye_box.currentText()
        filmed = pair_film(tie, plan, replace(look, lanes=shown or None), eye)
        return filmed, plan, film_name(f"{own.label} {other.label}", plan)

    def _windows(self) -> list[Any]:
        tie = self._handles.tie
        every = [self._handles] if tie is None else [member.handles for member in tie.members]
        return [handles.viewer.window._qt_window for handles in every if not handles.closed]

    def _step(self) -> None:
        try:
            done = next(self._steps)
        except StopIteration:
            self._finish()
        except MocapError as error:
            self.cancel()
            tell_error(error)
        else:
            self.bar.setValue(done)

    def _finish(self) -> None:
        self._timer.stop()
        self._steps = None
        self.words.setText("Writing the last of it ...")
        self.film_button.setEnabled(False)
        if self._sink is not None:
            in_thread(self._sink.finish, self._told, ended=lambda: self._show_filming(0), owner=self)

    def _told(self, film: Any) -> None:
        tell(f"The film is {film.path}: {film.duration_s:.1f} s, {film.size[0]} x {film.size[1]} px")
        self.accept()

    def _show_filming(self, n_frames: int) -> None:
        on = n_frames > 0
        for part in (self.span_box, self.speed_box, self.width_box, self.from_box, self.to_box, self.film_button,
                     self.both_box):  # fmt: skip
            part.setEnabled(not on)
        self.bar.setVisible(on)
        self.bar.setRange(0, max(1, n_frames))
        self.bar.setValue(0)
        self.close_button.setText("Cancel" if on else "Close")
        if not on:
            self._span_chosen()

    def _build(self) -> None:
        self.setWindowTitle("Film - mocap")
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        moment = self._handles.moment
        first_s, last_s = moment.time_of(0), moment.time_of(moment.n_frames - 1)
        for box, at in ((self.from_box, moment.time_of(moment.span[0])), (self.to_box, moment.time_of(moment.span[1]))):
            box.setDecimals(3)
            box.setRange(first_s, last_s)
            box.setSingleStep(0.1)
            box.setSuffix(" s")
            box.setValue(at)
            box.valueChanged.connect(lambda _: self._tell())
        self._list_spans(first_s, last_s)
        for speed in SPEEDS:
            self.speed_box.addItem("real time" if speed == 1.0 else f"x {speed:g} of real time", speed)
        self.speed_box.setCurrentIndex(len(SPEEDS) - 1)
        for width in WIDTHS:
            self.width_box.addItem(f"{width} px wide", width)
        self.width_box.setCurrentIndex(1)
        self.speed_box.currentIndexChanged.connect(lambda _: self._tell())
        self.both_box.setChecked(True)
        self.both_box.toggled.connect(lambda _: self._tell())
        self.film_button.clicked.connect(lambda: self.film())
        self.close_button.clicked.connect(self.reject)
        self._lay_out()
        self._show_filming(0)

    def _list_spans(self, first_s: float, last_s: float) -> None:
        now = self._handles.moment.time_s
        spans = [one for one in spans_of(self._handles.desk.review.trial) if not one.rejected]
        for one in spans:
            self.span_box.addItem(f"{one.text}: {one.start_s:.2f} to {one.end_s:.2f} s", (one.start_s, one.end_s))
        self.span_box.addItem(f"whole recording: {first_s:.2f} to {last_s:.2f} s", (first_s, last_s))
        self.span_box.addItem("between two times", None)
        here = next((row for row, one in enumerate(spans) if one.end_s >= now), len(spans))
        self.span_box.setCurrentIndex(here)
        self.span_box.currentIndexChanged.connect(lambda _: self._span_chosen())

    def _lay_out(self) -> None:
        times, buttons, form = QHBoxLayout(), QHBoxLayout(), QFormLayout(self)
        for part in (self.from_box, QLabel("to"), self.to_box):
            times.addWidget(part)
        buttons.addStretch(1)
        for button in (self.film_button, self.close_button):
            buttons.addWidget(button)
        form.addRow("What", self.span_box)
        form.addRow("From", times)
        form.addRow("Speed", self.speed_box)
        form.addRow("Size", self.width_box)
        if self._handles.tie is not None and self._handles.tie.whole:
            form.addRow("Show", self.both_box)
        form.addRow(self.scene_words)
        form.addRow(self.words)
        form.addRow(self.bar)
        form.addRow(buttons)

    def _span_chosen(self) -> None:
        span = self.span_box.currentData()
        for box in (self.from_box, self.to_box):
            box.setEnabled(span is None and not self.filming)
        if span is not None:
            self.from_box.setValue(span[0])
            self.to_box.setValue(span[1])
        self._tell()

    def _tell(self) -> None:
        plan, tie = self.plan, self._tie
        there = plan.last_s > plan.first_s
        self.film_button.setEnabled(there and not self.filming)
        lasts = plan.n_frames / plan.rate_hz
        told = f"{plan.n_frames} pictures, {lasts:.1f} s of film"
        if tie is None:
            self.words.setText(told if there else "Its end must be after its beginning.")
            self.scene_words.setText("The scene as it is turned now, over the curves of the angles that are shown.")
            return
        own, other = tie.side_of(self._handles)
        span = f"{plan.first_s - own.at_s:+.2f} to {plan.last_s - own.at_s:+.2f} s from {own.event.words}"
        self.words.setText(f"{span}: {told}" if there else f"{other.label} has nothing of this span.")
        self.scene_words.setText("Both from the side chosen in the window, in one scale, their curves over each other.")
