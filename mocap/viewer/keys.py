"""Keys of the review window; they work whatever part of it has the focus, but for words that are being typed."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QShortcut

if TYPE_CHECKING:
    from mocap.viewer.app import ViewerHandles

_FAR = 10
N_CAMERAS = 8


def actions_of(handles: "ViewerHandles") -> dict[str, tuple[str, Callable[[], None]]]:
    """Return what each key does: in words, and the action."""
    bar, moment = handles.bar, handles.moment
    rig = handles.desk.review.trial.rig
    cameras = () if rig is None else rig.names
    actions: dict[str, tuple[str, Callable[[], None]]] = {
        "Space": ("play or pause", bar.toggle),
        "Right": ("one frame on", lambda: bar.step(1)),
        "Left": ("one frame back", lambda: bar.step(-1)),
        "Shift+Right": (f"{_FAR} frames on", lambda: bar.step(_FAR)),
        "Shift+Left": (f"{_FAR} frames back", lambda: bar.step(-_FAR)),
        "Home": ("first frame", lambda: moment.go(0)),
        "End": ("last frame", lambda: moment.go(moment.n_frames - 1)),
        "N": ("next event", lambda: bar.next_event(True)),
        "P": ("event before", lambda: bar.next_event(False)),
        "F": ("follow the person", bar.follow_box.toggle),
    }
    decisions = handles.docks.get("decisions")
    if decisions is not None:
        actions |= {"Ctrl+Z": ("undo the last decision", decisions.undo),
                    "Ctrl+Shift+Z": ("do it again", decisions.redo)}  # fmt: skip
    for number, name in enumerate(cameras[:N_CAMERAS], start=1):
        actions[str(number)] = (f"camera {name}", lambda name=name: moment.choose_camera(name))  # type: ignore[misc]
    return actions


def bind_keys(handles: "ViewerHandles") -> None:
    """Bind the keys of `actions_of` to the window."""
    main = handles.viewer.window._qt_window
    for key, (_, action) in actions_of(handles).items():
        shortcut = QShortcut(QKeySequence(key), main)
        shortcut.activated.connect(action)
