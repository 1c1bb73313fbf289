"""The bar under the 3D view: play, step, the time line with its events and repetitions, the view, the legend."""

from time import perf_counter

from qtpy.QtCore import QRectF, Qt, QTimer, Signal
from qtpy.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QResizeEvent
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from mocap.trial import Trial
from mocap.viewer.layers import REJECTED_COLOUR, SIDE_COLOUR
from mocap.viewer.moment import Moment
from mocap.viewer.notes import NotesButton
from mocap.viewer.review import Review
from mocap.viewer.sight import EYES
from mocap.viewer.time_marks import marks_of, neighbour, rows_of, spans_of

SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0)
_GROUND, _INK, _LINE = QColor("#16181d"), QColor("#c9ccd3"), QColor("#5a606b")
_REPETITION, _REJECTED = QColor("#35506b"), QColor("#4a4148")
_HEIGHT_PX, _EDGE_PX, _NEAR_PX, _TOP_PX = 34, 8, 6, 6
_TICK_MS = 15


class TimeLine(QWidget):
    """The recording as a strip: repetitions as numbered blocks, events as lines, and where we are."""

    def __init__(self, trial: Trial, moment: Moment) -> None:
        super().__init__()
        self._moment, self._picture = moment, QPixmap()
        self._marks, self._spans = marks_of(trial), spans_of(trial)
        self.setFixedHeight(_HEIGHT_PX)
        self.setMinimumWidth(200)
        self.setMouseTracking(True)
        moment.frame_changed.connect(self._moved)

    @property
    def times_s(self) -> tuple[float, ...]:
        """Times of all events."""
        return tuple(mark.time_s for mark in self._marks)

    def show_trial(self, trial: Trial) -> None:
        """Mark the events and repetitions of a trial that was decided on."""
        self._marks, self._spans = marks_of(trial), spans_of(trial)
        self._picture = QPixmap()
        self.update()

    def x_of(self, time_s: float) -> float:
        """Return where a time is drawn, px."""
        moment = self._moment
        share = (time_s - moment.time_of(0)) * moment.rate_hz / max(1, moment.n_frames - 1)
        return _EDGE_PX + share * (self.width() - 2 * _EDGE_PX)

    def frame_at(self, x: float) -> int:
        """Return the frame that is drawn at a place, px."""
        share = (x - _EDGE_PX) / max(1, self.width() - 2 * _EDGE_PX)
        return round(share * (self._moment.n_frames - 1))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the strip, which is kept, and the cursor."""
        if self._picture.isNull():
            self._picture = self._drawn()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        painter.setPen(QPen(QColor("white"), 2))
        x = round(self.x_of(self._moment.time_s))
        painter.drawLine(x, 0, x, self.height())
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw anew in another size."""
        self._picture = QPixmap()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the event that was clicked, or to the place."""
        near = [mark for mark in self._marks if abs(self.x_of(mark.time_s) - event.position().x()) <= _NEAR_PX]
        if near:
            at = event.position().x()
            self._moment.go_to_time(min(near, key=lambda mark: abs(self.x_of(mark.time_s) - at)).time_s)
        else:
            self._moment.go(self.frame_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the cursor, or tell what is under the mouse."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._moment.go(self.frame_at(event.position().x()))
            return
        at = event.position().x()
        words = [mark.text for mark in self._marks if abs(self.x_of(mark.time_s) - at) <= _NEAR_PX]
        words += [span.text for span in self._spans if self.x_of(span.start_s) <= at <= self.x_of(span.end_s)]
        QToolTip.showText(event.globalPosition().toPoint(), "\n".join(words), self)

    def _moved(self, frame: int) -> None:
        self.update()

    def _drawn(self) -> QPixmap:
        picture = QPixmap(self.size())
        picture.fill(_GROUND)
        painter = QPainter(picture)
        low = self.height() - 1
        painter.setPen(_LINE)
        painter.drawLine(_EDGE_PX, low, self.width() - _EDGE_PX, low)
        rows = rows_of(self._spans)
        deep = (low - _TOP_PX) / (1 + max(rows, default=0))
        where, shift = Qt.AlignmentFlag.AlignCenter, 0
        if deep < low - _TOP_PX:
            # In the middle of a cycle of one foot stand the marks of the other one.
            where, shift = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, 10
            font = painter.font()
            font.setPixelSize(max(7, int(deep) - 2))
            painter.setFont(font)
        for span, row in zip(self._spans, rows, strict=True):
            left, right = self.x_of(span.start_s), self.x_of(span.end_s)
            block = QRectF(left, _TOP_PX + row * deep, max(2.0, right - left), deep - (deep < low - _TOP_PX))
            painter.fillRect(block, _REJECTED if span.rejected else _REPETITION)
            if span.rejected:
                painter.fillRect(block, Qt.BrushStyle.BDiagPattern)
            if span.number and block.width() > 14:
                painter.setPen(_INK)
                painter.drawText(block.adjusted(shift, 0, 0, 0), where, str(span.number))
        for mark in self._marks:
            painter.setPen(QPen(_colour(SIDE_COLOUR["centre" if mark.side == "general" else mark.side]), 1.5))
            x = round(self.x_of(mark.time_s))
            painter.drawLine(x, 0, x, low - 2)
            if mark.edited:
                painter.setBrush(QColor("white"))
                painter.drawEllipse(x - 3, 0, 6, 6)
        painter.end()
        return picture


class TimeBar(QWidget):
    """Play and step, the time line, the view from a side, and what the colours mean.

    Attributes
    ----------
    eye_requested : signal(str)
        A view of `mocap.viewer.sight.EYES` was chosen.
    """

    eye_requested = Signal(str)

    def __init__(self, review: Review, moment: Moment) -> None:
        super().__init__()
        self._moment, self._timer = moment, QTimer(self)
        self._started_s, self._started_frame, self._shown_frame = 0.0, 0, 0
        self.line = TimeLine(review.trial, moment)
        self.play_button, self.clock = QPushButton("▶"), QLabel()
        self.speed_box, self.eye_box, self.follow_box = QComboBox(), QComboBox(), QCheckBox("follow")
        self.notes_button, self.out_button = NotesButton(), QPushButton("out")
        self._build()
        self.notes_button.show_notes(review.notes)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)
        moment.frame_changed.connect(self._show_time)
        self._show_time(moment.frame)

    @property
    def playing(self) -> bool:
        """Whether time runs."""
        return self._timer.isActive()

    def toggle(self) -> None:
        """Play or pause; at the end, from the beginning."""
        if self.playing:
            self._timer.stop()
        else:
            if self._moment.frame == self._moment.n_frames - 1:
                self._moment.go(0)
            self._restart()
            self._timer.start()
        self.play_button.setText("❚❚" if self.playing else "▶")

    def step(self, frames: int) -> None:
        """Go some frames on, or back."""
        self._moment.go(self._moment.frame + frames)

    def next_event(self, forward: bool = True) -> None:
        """Go to the next event, or to the one before."""
        moment = self._moment
        found = neighbour(self.line.times_s, moment.time_s, forward, 0.5 / moment.rate_hz)
        if found is not None:
            moment.go_to_time(found)

    def show_review(self, review: Review) -> None:
        """Mark the events and repetitions as they were decided."""
        self.line.show_trial(review.trial)
        self.notes_button.show_notes(review.notes)

    def _build(self) -> None:
        self.play_button.clicked.connect(lambda: self.toggle())
        for speed in SPEEDS:
            self.speed_box.addItem(f"x {speed:g}", speed)
        self.speed_box.setCurrentIndex(SPEEDS.index(1.0))
        self.speed_box.activated.connect(lambda: self._restart())
        self.eye_box.addItems(list(EYES))
        self.eye_box.textActivated.connect(self.eye_requested)
        bar = QHBoxLayout()
        buttons = (
            ("|◀", "event before (P)", lambda: self.next_event(False)),
            ("‹", "frame back (←)", lambda: self.step(-1)),
            ("›", "frame on (→)", lambda: self.step(1)),
            ("▶|", "next event (N)", lambda: self.next_event()),
        )
        self.play_button.setToolTip("play or pause (space)")
        self.play_button.setFixedWidth(44)
        bar.addWidget(self.play_button)
        for text, words, action in buttons:
            button = QPushButton(text)
            button.setFixedWidth(30)
            button.setToolTip(words)
            button.clicked.connect(lambda _=False, do=action: do())
            bar.addWidget(button)
        self.clock.setMinimumWidth(210)
        for part in (self.speed_box, self.clock):
            bar.addWidget(part)
        bar.addWidget(self.notes_button)
        bar.addStretch(1)
        bar.addWidget(QLabel(legend()))
        bar.addSpacing(12)
        self.follow_box.setToolTip("keep the person in the middle (F)")
        bar.addWidget(self.follow_box)
        bar.addWidget(QLabel("view"))
        bar.addWidget(self.eye_box)
        self.out_button.setToolTip("a picture or a film of this")
        self.out_button.setFixedWidth(56)
        bar.addWidget(self.out_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 2, 6, 2)
        column.setSpacing(2)
        column.addWidget(self.line)
        column.addLayout(bar)

    def _restart(self) -> None:
        self._started_s, self._started_frame = perf_counter(), self._moment.frame
        self._shown_frame = self._moment.frame

    def _tick(self) -> None:
        if self._moment.frame != self._shown_frame:  # somebody went elsewhere: from there on
            self._restart()
        # The clock leads: a slow machine leaves frames out rather than showing time run slower.
        passed_s = (perf_counter() - self._started_s) * float(self.speed_box.currentData())
        frame = self._started_frame + int(passed_s * self._moment.rate_hz)
        self._moment.go(frame)
        self._shown_frame = self._moment.frame
        if frame >= self._moment.n_frames - 1:
            self.toggle()

    def _show_time(self, frame: int) -> None:
        last = self._moment.n_frames - 1
        self.clock.setText(f"{self._moment.time_s:.3f} s   frame {frame} of {last}")


def legend() -> str:
    """Return what colours and forms of markers mean, as rich text."""
    dots = [f'<span style="color:{_hex(colour)}">●</span> {side}' for side, colour in SIDE_COLOUR.items()]
    rejected = f'<span style="color:{_hex(REJECTED_COLOUR)}">✕</span> rejected'
    return "&nbsp; ".join([*dots, "○ filled", "◉ edited", rejected])


def _colour(rgb: tuple[float, float, float]) -> QColor:
    return QColor.fromRgbF(*rgb)


def _hex(rgb: tuple[float, float, float]) -> str:
    return str(_colour(rgb).name())
