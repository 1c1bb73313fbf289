"""The menu `Review` of the window: keys, the layout as it was at first, and what is to be known of the trial."""

from html import escape
from typing import TYPE_CHECKING

from mocap.viewer.keys import actions_of
from mocap.viewer.layout import first_layout
from mocap.viewer.notes import notes_words, told

if TYPE_CHECKING:
    from mocap.viewer.app import ViewerHandles

TITLE = "&Review"


def add_menu(handles: "ViewerHandles") -> None:
    """Add the menu to the menu bar of the window."""
    main = handles.viewer.window._qt_window
    menu = main.menuBar().addMenu(TITLE)
    menu.addAction("Keys...", lambda: told(main, "Keys", keys_words(handles)))
    menu.addAction("Notes on this trial...", lambda: told(main, "Notes", notes_words(handles.desk.review.notes)))
    menu.addAction("Docks as at first", lambda: first_layout(main))


def keys_words(handles: "ViewerHandles") -> str:
    """Return what the keys do, as rich text."""
    rows = (f"<tr><td><b>{escape(key)}</b>&nbsp;&nbsp;</td><td>{escape(words)}</td></tr>"
            for key, (words, _) in actions_of(handles).items())  # fmt: skip
    return f"<table>{''.join(rows)}</table>"
