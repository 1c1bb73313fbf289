"""Where the docks stand, and that they stand there again the next time."""

from collections.abc import Generator
from typing import Any

from qtpy.QtCore import QEvent, QObject, QSettings, Qt
from qtpy.QtGui import QHideEvent, QShowEvent

from mocap.viewer.dock_list import dock_kinds
from mocap.viewer.docks import Context, set_behind
from mocap.viewer.pauses import MAY_PAUSE, MUST_PAUSE, Pause
from mocap.viewer.time_bar import TimeBar

_BOTTOM_PX, _RIGHT_PX, _LIST_PX = 280, 380, 190
_VERSION = 1
_FIRST = "mocap_first_layout"


def lay_out(viewer: Any, bar: TimeBar, context: Context) -> Generator[Pause, None, dict[str, Any]]:
    """Put the bar and all docks into the window step by step, and return the docks by their titles.

    The window gets its sizes with them, since the first view depends on them.
    """
    window = viewer.window
    main = window._qt_window
    main.setUpdatesEnabled(False)  # curves are slow to paint: once, at the size that they get
    window._qt_viewer.dockLayerControls.setVisible(False)
    window._qt_viewer.dims.setVisible(False)  # the bar's time line is the slider, with marks on it
    time = window.add_dock_widget(bar, name="time", area="bottom")
    yield MAY_PAUSE
    docks: dict[str, Any] = {}
    frames: dict[str, Any] = {}
    first: dict[str, Any] = {}
    for kind in dock_kinds():
        dock = kind.build(context)
        docks[kind.title] = dock
        set_behind(dock, kind.area in first)
        frames[kind.title] = frame = window.add_dock_widget(dock, name=kind.title, area=kind.area)
        if kind.area in first:
            main.tabifyDockWidget(first[kind.area], frame)
        elif kind.area == "bottom":
            main.splitDockWidget(time, frame, Qt.Orientation.Vertical)
        first.setdefault(kind.area, frame)
        yield MAY_PAUSE
    for frame in first.values():
        frame.raise_()
    yield MUST_PAUSE
    for area, size, direction in (("bottom", _BOTTOM_PX, "Vertical"), ("right", _RIGHT_PX, "Horizontal")):
        if area in first:
            main.resizeDocks([first[area]], [size], Qt.Orientation[direction])
    main.resizeDocks([window._qt_viewer.dockLayerList], [_LIST_PX], Qt.Orientation.Horizontal)
    yield MUST_PAUSE
    for title, frame in frames.items():
        frame.visibilityChanged.connect(lambda on, dock=docks[title]: _turned(dock, on))
    main.setProperty(_FIRST, main.saveState(_VERSION))
    _LayoutKeeper(main)
    yield MUST_PAUSE
    for frame in frames.values():
        frame.setUpdatesEnabled(False)
    main.setUpdatesEnabled(True)
    for frame in frames.values():
        yield MAY_PAUSE
        frame.setUpdatesEnabled(True)
    yield MAY_PAUSE
    return docks


def _turned(dock: Any, on: bool) -> None:
    """Let a dock rest that goes behind another tab, and catch up when it comes back: Qt sends it no event then."""
    set_behind(dock, not on)
    if on:
        dock.showEvent(QShowEvent())
    else:
        dock.hideEvent(QHideEvent())


def first_layout(main: Any) -> None:
    """Put the docks where they stood before anybody moved one."""
    main.restoreState(main.property(_FIRST), _VERSION)


class _LayoutKeeper(QObject):
    """Restores the layout of the last window that was closed, and keeps that of its own when it is closed."""

    def __init__(self, main: Any) -> None:
        super().__init__(main)
        self._main, self._settings = main, QSettings("mocap", "review")
        state = self._settings.value("layout")
        if state is not None:
            main.restoreState(state, _VERSION)
        main.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the layout when the window closes."""
        if event.type() == QEvent.Type.Close:
            self._settings.setValue("layout", self._main.saveState(_VERSION))
        return False
