"""What is to be known of a trial beside its numbers, told in the window."""

from html import escape

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QMessageBox, QToolButton, QWidget


def told(parent: QWidget, title: str, words: str) -> QMessageBox:
    """Show words in a window of their own, beside which the review goes on."""
    box = QMessageBox(QMessageBox.Icon.NoIcon, f"{title} - mocap", words, QMessageBox.StandardButton.Close, parent)
    box.setTextFormat(Qt.TextFormat.RichText)
    box.setModal(False)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.show()
    return box


def notes_words(notes: tuple[str, ...]) -> str:
    """Return notes as rich text."""
    return "".join(f"<p>{escape(note)}</p>" for note in notes) or "There is nothing to note."


class NotesButton(QToolButton):
    """How many notes there are on a trial; a click shows them. Hidden where there are none."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: tuple[str, ...] = ()
        self.setAutoRaise(True)
        self.clicked.connect(lambda: told(self.window(), "Notes", notes_words(self.notes)))

    def show_notes(self, notes: tuple[str, ...]) -> None:
        """Show how many there are."""
        self.notes = notes
        self.setText(f"{len(notes)} note{'s' if len(notes) > 1 else ''}")
        self.setToolTip(notes_words(notes))
        self.setVisible(bool(notes))
