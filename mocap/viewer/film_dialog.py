"""Out of the window: a picture of the moment, and a film of a span, made one picture at a time."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray
from qtpy.QtCore import QEvent, QObject, QSettings, Qt, QTimer
from qtpy.QtGui import QCloseEvent
from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
)

from mocap.errors import MocapError, ViewerError
from mocap.viewer.film_page import image_of
from mocap.viewer.film_plan import (
    SPEEDS,
    WIDTHS,
    FilmPlan,
    FilmSink,
    checked_plan,
    film_name,
    free_path,
    picture_name,
)
from mocap.viewer.filming import FilmLook, film_steps, still, trial_film
from mocap.viewer.time_marks import spans_of
from mocap.viewer.work import in_thread, tell, tell_error

if TYPE_CHECKING:
    from mocap.viewer.app import ViewerHandles

_FOLDER = "out_folder"
_STEP_PAUSE_MS = 1


def save_picture(handles: "ViewerHandles", path: Path | None = None) -> Path | None:
    """Save scene, read-outs and curves of the frame that is shown; ask where, unless a path is given."""
    picture = still(handles)
    moment = handles.moment
    name = picture_name(handles.desk.review.trial.trial_id, moment.time_s, moment.frame)
    path = path or ask_path(handles, "Save picture", name)
    if path is None:
        return None
    try:
        write_png(picture, path)
    except ViewerError as error:
        tell_error(error)
        return None
    tell(f"The picture is {path}")
    return path


def write_png(picture: NDArray, path: Path) -> None:
    """Write a picture, shape (height, width, 3) uint8 RGB, which has its name only when it is whole.

    Raises
    ------
    ViewerError
        PICTURE_NAME, PICTURE_NOT_WRITTEN.
    """
    if path.suffix.lower() != ".png":
        raise ViewerError(f"A picture cannot be called {path.name}.", "Give a name that ends in .png.", "PICTURE_NAME")
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.touch()
        if not image_of(picture).save(str(beside), "PNG"):  # type: ignore[call-overload]  # it wants text
            raise OSError("the disk may be full")
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise ViewerError(
            f"The picture {path} cannot be written: {error.strerror or error}.",
            "Check the folder, the rights and the free space.", "PICTURE_NOT_WRITTEN",
        ) from error  # fmt: skip


def ask_path(handles: "ViewerHandles", title: str, name: str) -> Path | None:
    """Ask for the place of a file, from a name on that is free, where the last one was put or the trial lies."""
    settings, main = QSettings("mocap", "review"), handles.viewer.window._qt_window
    kept = settings.value(_FOLDER)
    folder = Path(str(kept)) if kept else _folder_of(main)
    if not folder.is_dir():
        folder = Path.home()
    ending = Path(name).suffix
    wanted = str(free_path(folder, name))
    chosen, _ = QFileDialog.getSaveFileName(main, title, wanted, f"{ending[1:].upper()} (*{ending})")
    if not chosen:
        return None
    path = Path(chosen)
    settings.setValue(_FOLDER, str(path.parent))
    if path.suffix.lower() != ending:
        # The dialog asked whether to write over the name without its ending, and not about this one.
        path = free_path(path.parent, path.name + ending)
    return path


def _folder_of(main: Any) -> Path:
    from mocap.viewer.opening import SHOWN

    shown = main.property(SHOWN)
    return Path.home() if shown is None or "://" in shown.source else Path(shown.source).parent


class FilmDialog(QDialog):
    """Asks for span, speed and width of a film, makes it, and tells how far it is.

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
        self._handles, self._main = handles, main
        self._steps: Any = None
        self._sink: FilmSink | None = None
        self._timer = QTimer(self)
        self.span_box, self.speed_box, self.width_box = QComboBox(), QComboBox(), QComboBox()
        self.from_box, self.to_box = QDoubleSpinBox(), QDoubleSpinBox()
        self.words, self.bar = QLabel(), QProgressBar()
        self.film_button, self.close_button = QPushButton("Film..."), QPushButton("Close")
        self._build()
        self._timer.setInterval(_STEP_PAUSE_MS)
        self._timer.timeout.connect(self._step)
        main.installEventFilter(self)

    @property
    def filming(self) -> bool:
        """Whether a film is being made."""
        return self._steps is not None

    @property
    def plan(self) -> FilmPlan:
        """What is asked for."""
        first_s, last_s = self.from_box.value(), self.to_box.value()
        moment = self._handles.moment
        # To a frame: the boxes round to milliseconds, which may lie outside of the recording.
        first_s, last_s = (moment.time_of(moment.frame_at(at)) for at in (first_s, last_s))
        return FilmPlan(first_s, last_s, float(self.speed_box.currentData()))

    def film(self, path: Path | None = None) -> None:
        """Make the film; ask where, unless a path is given."""
        if self._handles.open_film is None:
            return
        moment, plan = self._handles.moment, self.plan
        try:
            checked_plan(plan, moment.time_of(0), moment.time_of(moment.n_frames - 1))
            name = film_name(self._handles.desk.review.trial.trial_id, plan)
            path = path or ask_path(self._handles, "Film", name)
            if path is None:
                return
            filmed = trial_film(self._handles, plan, FilmLook(int(self.width_box.currentData())))
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
        """Cancel the film when the window is closed."""
        if event.type() == QEvent.Type.Close:
            self.cancel()
        return False

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
        for part in (self.span_box, self.speed_box, self.width_box, self.from_box, self.to_box, self.film_button):
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
        form.addRow(QLabel("The scene as it is turned now, over the curves of the angles that are shown."))
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
        plan = self.plan
        there = plan.last_s > plan.first_s
        self.film_button.setEnabled(there and not self.filming)
        lasts = plan.n_frames / plan.rate_hz
        self.words.setText(
            f"{plan.n_frames} pictures, {lasts:.1f} s of film" if there else "Its end must be after its beginning."
        )
