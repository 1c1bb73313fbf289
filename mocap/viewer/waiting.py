"""What a window says while a trial is opened."""

from typing import Any

from napari.utils import progress
from qtpy.compat import isalive
from qtpy.QtCore import QTimer

LONG_MS = 3000
_WAITED_FOR = "mocap_waited_for"


class Waiting:
    """A line in the window's status bar, and a bar with a moving sign where it takes long.

    The sign is for what may have come to a halt: napari draws it again and again, which takes a third of the time
    from those who read.

    Parameters
    ----------
    viewer : napari.Viewer
    words : str
        What is being done.
    """

    def __init__(self, viewer: Any, words: str) -> None:
        self._viewer, self._words, self._bar = viewer, words, None
        self._window = viewer.window._qt_window
        self._window.setProperty(_WAITED_FOR, _count(self._window) + 1)
        viewer.status = f"{words} ..."
        self._long = QTimer(self._window)
        self._long.setSingleShot(True)
        self._long.timeout.connect(self._show_bar)
        self._long.start(LONG_MS)

    def end(self) -> None:
        """Take it all away."""
        if self._bar is not None:
            self._bar.close()
        if isalive(self._window):
            self._long.stop()
            self._window.setProperty(_WAITED_FOR, _count(self._window) - 1)
            self._viewer.status = ""

    def _show_bar(self) -> None:
        self._bar = progress(total=0, desc=self._words)


def waits(window: Any) -> bool:
    """Return whether something is still being opened for a window."""
    return _count(window) > 0


def _count(window: Any) -> int:
    return int(window.property(_WAITED_FOR) or 0)
