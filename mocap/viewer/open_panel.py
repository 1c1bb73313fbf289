"""The widget of the Plugins menu: opens trials, keeps the recent ones at hand, and says what is open and how good."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import (
    QFileDialog,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from mocap.viewer.facts import facts
from mocap.viewer.opening import SHOWN, current_viewer
from mocap.viewer.recent import recent_files

_KINDS = "Trials and motion files (*.h5 *.hdf5 *.c3d *.trc);;All files (*)"
_LIST_PX = 120
_EMPTY = "No trial is open in this window.\nOpen one above, or drop a .h5, .c3d or .trc file on the window."


class OpenPanel(QWidget):
    """Opens trials and tells of the one in its window.

    Parameters
    ----------
    open_in : callable
        `open_in(viewer, path)` opens a file in a napari window, in a thread.
    """

    def __init__(self, open_in: Callable[[Any, str], Any]) -> None:
        super().__init__()
        self._open_in, self._watched = open_in, None
        self.button = QPushButton("Open trials...")
        self.button.setToolTip("A trial file (.h5), or a C3D or TRC file to look at")
        self.recent = QListWidget()
        self.recent.setMaximumHeight(_LIST_PX)
        self.recent.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.recent.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.told = QPlainTextEdit(_EMPTY)
        self.told.setReadOnly(True)
        layout = QVBoxLayout(self)
        for part in (self.button, QLabel("Recent"), self.recent, QLabel("In this window"), self.told):
            layout.addWidget(part)
        self.button.clicked.connect(self.ask)
        self.recent.itemClicked.connect(lambda item: self.open(item.toolTip()))
        self._list(recent_files())

    def ask(self) -> None:
        """Ask for files, and open them."""
        for path in ask_for_files(self):
            self.open(path)

    def open(self, path: str) -> None:
        """Open a file in the window that this widget lies in."""
        window = self._main_window()
        viewer = current_viewer() if window is None else window._qt_viewer.viewer
        self._open_in(viewer, path)

    def showEvent(self, event: Any) -> None:
        """Watch the window that it lies in, from the first time on that it lies in one."""
        super().showEvent(event)
        window = self._main_window()
        if window is not None and window is not self._watched:
            window.installEventFilter(self)
            self._watched = window
        self.tell()

    def eventFilter(self, watched: QObject, event: Any) -> bool:
        """Tell of the trial that the window shows from now on."""
        if event.type() == QEvent.Type.DynamicPropertyChange and event.propertyName() == SHOWN.encode():
            self.tell()
        return False

    def tell(self) -> None:
        """Say what is open in the window."""
        shown = None if self._watched is None else self._watched.property(SHOWN)
        if shown is None:
            self.told.setPlainText(_EMPTY)
            return
        desk = shown.handles.desk
        self.told.setPlainText("\n".join(facts(desk.review, shown.source, desk.read_only)))
        self._list(recent_files())

    def _list(self, paths: list[str]) -> None:
        self.recent.clear()
        for path in paths:
            item = QListWidgetItem(f"{Path(path).name}   {Path(path).parent}")
            item.setToolTip(path)
            self.recent.addItem(item)

    def _main_window(self) -> Any | None:
        # A dock that floats is a window of its own: the main window is further up.
        parent = self.parentWidget()
        while parent is not None and not hasattr(parent, "_qt_viewer"):
            parent = parent.parentWidget()
        return parent


def ask_for_files(parent: Any | None) -> list[str]:
    """Let the user choose files, beginning where the last one was."""
    recent = recent_files()
    folder = str(Path(recent[0]).parent) if recent else ""
    paths, _ = QFileDialog.getOpenFileNames(parent, "Open trials", folder, _KINDS)
    return list(paths)
