"""The menu `Review` of the window: keys, the layout as it was at first, and what is to be known of the trial."""

from html import escape
from typing import TYPE_CHECKING

from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QMenu

from mocap.viewer.keys import actions_of
from mocap.viewer.layout import first_layout
from mocap.viewer.notes import notes_words, told

if TYPE_CHECKING:
    from mocap.viewer.app import ViewerHandles
    from mocap.viewer.compare_dialog import CompareDialog
    from mocap.viewer.film_dialog import FilmDialog

TITLE = "&Review"
_FRAMES_OF_VOLUME = 1000
_OPEN_FIRST = "Open the other trial first: File > Open, or drop it on this window. It gets a window of its own."
PICTURE_KEY, FILM_KEY = "Ctrl+Shift+S", "Ctrl+Shift+F"


def add_menu(handles: "ViewerHandles") -> None:
    """Add the menu to the menu bar of the window."""
    main = handles.viewer.window._qt_window
    menu = main.menuBar().addMenu(TITLE)
    add_out(handles, menu)
    menu.addSeparator()
    rig = handles.desk.review.trial.rig
    cameras = menu.addAction("Cameras and volume...", lambda: show_cameras(handles))
    cameras.setEnabled(rig is not None)
    cameras.setToolTip("" if rig is not None else "this trial has no cameras")
    menu.addAction("Compare with another trial...", lambda: compare(handles))
    menu.addAction("Keys...", lambda: told(main, "Keys", keys_words(handles)))
    menu.addAction("Notes on this trial...", lambda: told(main, "Notes", notes_words(handles.desk.review.notes)))
    menu.addAction("Docks as at first", lambda: first_layout(main))


def add_out(handles: "ViewerHandles", menu: QMenu) -> None:
    """Add what leaves the window, to the menu and to the button of the bar."""
    picture = menu.addAction("Save picture...", lambda: save_picture(handles))
    film = menu.addAction("Film...", lambda: film_dialog(handles))
    for action, key in ((picture, PICTURE_KEY), (film, FILM_KEY)):
        action.setShortcut(QKeySequence(key))
    film.setEnabled(handles.open_film is not None)
    film.setToolTip("" if film.isEnabled() else "opened by a program that gave nothing to write films with")
    menu.setToolTipsVisible(True)
    out = QMenu(handles.bar.out_button)
    out.addActions([picture, film])
    handles.bar.out_button.setMenu(out)


def show_cameras(handles: "ViewerHandles") -> None:
    """Open a window with the cameras of the trial, and how well they measure where the person was."""
    from mocap.viewer.calibration_window import open_calibration_view

    trial, position = handles.desk.review.trial, handles.scene.position
    if trial.rig is not None:
        some = position[:: max(1, len(position) // _FRAMES_OF_VOLUME)]
        open_calibration_view(trial.rig, f"cameras of {trial.trial_id}", some)


def compare(handles: "ViewerHandles") -> "CompareDialog | None":
    """Ask for another window and the events to tie both at; tell how to open one where there is none."""
    from mocap.viewer.compare_dialog import CompareDialog
    from mocap.viewer.opening import all_shown

    shown = all_shown()
    own = next((one for one in shown if one.handles is handles), None)
    others = [one for one in shown if one.handles is not handles]
    if own is None or not others:
        told(handles.viewer.window._qt_window, "Compare", _OPEN_FIRST)
        return None
    dialog = CompareDialog(own, others)
    dialog.show()
    return dialog


def save_picture(handles: "ViewerHandles") -> None:
    """Save a picture of the moment."""
    # Here, so that a window opens without what only pictures and films need.
    from mocap.viewer.out_files import save_picture as save

    save(handles)


def film_dialog(handles: "ViewerHandles") -> "FilmDialog":
    """Ask for a film, and make it."""
    from mocap.viewer.film_dialog import FilmDialog

    dialog = FilmDialog(handles)
    dialog.show()
    return dialog


def keys_words(handles: "ViewerHandles") -> str:
    """Return what the keys do, as rich text."""
    rows = (f"<tr><td><b>{escape(key)}</b>&nbsp;&nbsp;</td><td>{escape(words)}</td></tr>"
            for key, words in _keys(handles))  # fmt: skip
    return f"<table>{''.join(rows)}</table>"


def _keys(handles: "ViewerHandles") -> list[tuple[str, str]]:
    told = [(key, words) for key, (words, _) in actions_of(handles).items()]
    return [*told, (PICTURE_KEY, "save a picture"), (FILM_KEY, "make a film")]
