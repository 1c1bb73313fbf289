"""Ties a window to that of another trial: which one, and the event of each that is at 0 s."""

from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QDialog, QFormLayout, QHBoxLayout, QLabel, QPushButton

from mocap.errors import ViewerError
from mocap.viewer.opening import Shown
from mocap.viewer.pairing import best_match, events_of, pair_labels
from mocap.viewer.tie import PairMember, Tie
from mocap.viewer.work import tell, tell_error

_NO_EVENTS = "has no events: run `mocap assess` on it, and open it again."


class CompareDialog(QDialog):
    """Asks what a window is to be tied to, and ties or unties it.

    Parameters
    ----------
    own : Shown
        What the window shows.
    others : list of Shown
        What the other windows show, one at least.
    """

    def __init__(self, own: Shown, others: list[Shown]) -> None:
        super().__init__(own.handles.viewer.window._qt_window)
        self._own, self._others = own, others
        self.other_box, self.here_box, self.there_box = QComboBox(), QComboBox(), QComboBox()
        self.words = QLabel()
        self.tie_button, self.untie_button = QPushButton("Tie"), QPushButton("Untie")
        self.close_button = QPushButton("Close")
        self._build()
        self._other_chosen()

    def tie(self) -> None:
        """Tie the windows at the chosen events."""
        other = self._others[self.other_box.currentIndex()]
        labels = pair_labels((Path(self._own.source), Path(other.source)))
        places = zip((self._own, other), labels, (self.here_box, self.there_box), strict=True)
        first, second = (PairMember(shown.handles, label, *box.currentData()) for shown, label, box in places)
        try:
            Tie((first, second)).align_again()
        except ViewerError as error:
            tell_error(error)
            return
        tell(f"{labels[0]} and {labels[1]} move together now. Review > Film makes a film of both, side by side.")
        self.accept()

    def untie(self) -> None:
        """Let the window go on alone."""
        if self._own.handles.tie is not None:
            self._own.handles.tie.end()
        self.accept()

    def _other_chosen(self) -> None:
        other = self._others[self.other_box.currentIndex()]
        trials = self._own.handles.desk.review.trial, other.handles.desk.review.trial
        events = events_of(trials[0]), events_of(trials[1])
        for box, named in zip((self.here_box, self.there_box), events, strict=True):
            box.clear()
            for event, at_s in named:
                box.addItem(f"{event.words}, at {at_s:.2f} s", (event, at_s))
        here, there = best_match(events, self._own.handles.moment.time_s)
        self.here_box.setCurrentIndex(here)
        self.there_box.setCurrentIndex(there)
        without = [trial.trial_id for trial, named in zip(trials, events, strict=True) if not named]
        self.words.setText(" ".join(f"{name} {_NO_EVENTS}" for name in without))
        self.words.setVisible(bool(without))
        self.tie_button.setEnabled(not without)

    def _build(self) -> None:
        self.setWindowTitle("Compare - mocap")
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for shown in self._others:
            self.other_box.addItem(pair_labels((Path(shown.source), Path(self._own.source)))[0])
        self.other_box.currentIndexChanged.connect(lambda _: self._other_chosen())
        self.tie_button.clicked.connect(self.tie)
        self.untie_button.clicked.connect(self.untie)
        self.untie_button.setVisible(self._own.handles.tie is not None)
        self.close_button.clicked.connect(self.reject)
        self.words.setWordWrap(True)
        form, buttons = QFormLayout(self), QHBoxLayout()
        buttons.addStretch(1)
        for button in (self.tie_button, self.untie_button, self.close_button):
            buttons.addWidget(button)
        form.addRow("Other trial", self.other_box)
        form.addRow("0 s is, here,", self.here_box)
        form.addRow("and there", self.there_box)
        form.addRow(QLabel("Both windows go through time together from these events on."))
        form.addRow(self.words)
        form.addRow(buttons)
