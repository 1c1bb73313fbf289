"""A trial comes into a napari window: read beside it, and shown in that window where it is empty, else in a new one."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari
from qtpy.compat import isalive
from qtpy.QtWidgets import QApplication

from mocap.errors import MocapError, SourceError
from mocap.viewer.app import ViewerHandles, mounting, new_viewer
from mocap.viewer.file_kinds import prefer_for_trials
from mocap.viewer.preload import while_importing
from mocap.viewer.recent import remember_file
from mocap.viewer.review import Desk
from mocap.viewer.steps import one_by_one
from mocap.viewer.waiting import Waiting
from mocap.viewer.work import in_thread, tell, tell_error

if TYPE_CHECKING:
    from mocap.viewer.film_plan import OpenFilm

# A property of the window itself: it ends with the window, and whoever watches the window is told of it.
SHOWN = "mocap_shown"
# The source of what a window shows or is about to: events go on while a window is filled.
_TAKEN = "mocap_taken"


@dataclass(frozen=True, eq=False)
class Shown:
    """What a window shows.

    Attributes
    ----------
    source : str
        Where it came from: the whole path of a file, or the address of a sample.
    handles : ViewerHandles
    """

    source: str
    handles: ViewerHandles


def current_viewer() -> Any | None:
    """Return the napari viewer that is in front; None where no window is open."""
    return napari.current_viewer()


def shown_in(viewer: Any) -> Shown | None:
    """Return what a viewer shows; None where it shows no trial."""
    return viewer.window._qt_window.property(SHOWN)


def all_shown() -> list[Shown]:
    """Return what the open windows of this process show."""
    shown = [window.property(SHOWN) for window in QApplication.topLevelWidgets() if window.isVisible()]
    return [one for one in shown if one is not None]


def open_beside(
    viewer: Any, source: str, name: str, job: Callable[[], Desk], open_film: "OpenFilm | None" = None
) -> Any | None:
    """Read a trial in a thread, and show it when it is read; the window goes on meanwhile.

    A trial that is open already comes to the front: two windows must not decide on one file. Two trials never share
    a window, since they have one time slider and one set of curves.

    Parameters
    ----------
    viewer : napari.Viewer
        Gets the trial, unless it shows anything by then.
    source : str
        What tells this trial from others.
    name : str
        For the reader's eyes.
    job : callable
        Opens it; what it refuses becomes one message.
    open_film : OpenFilm, optional
        What writes films of it.

    Returns
    -------
    worker, or None where the trial was open already
    """
    if _brought_to_front(source):
        return None
    window = viewer.window._qt_window
    waiting = Waiting(viewer, f"Opening {name}")

    def show(desk: Desk) -> None:
        # Whoever closed the window does not wait for the trial any more.
        if isalive(window) and not _brought_to_front(source):
            _show(viewer, source, name, desk, open_film)

    def failed(error: MocapError) -> None:
        # A whole path would be most of the message, and the window knows which file it was asked for.
        folder = str(Path(source).parent) + os.sep
        tell_error(MocapError(error.cause.replace(folder, ""), error.remedy, error.code))

    return in_thread(lambda: _opened(job, name), show, failed, waiting.end)


def _opened(job: Callable[[], Desk], name: str) -> Desk:
    try:
        desk = while_importing(job)
    except MemoryError as error:
        raise SourceError(
            f"There is not enough memory for {name}.", "Close other windows, or cut the recording.", code="MEMORY"
        ) from error
    except OSError as error:
        if isinstance(error, MocapError):
            raise
        cause = f"{name} cannot be read: {error.strerror or error}."
        raise SourceError(cause, "Check the path and the rights.") from error
    return desk


def keep_source(handles: ViewerHandles, source: str) -> None:
    """Note in a window what it shows, remember the file among the recent ones, and its kind as one of ours."""
    if "://" not in source:
        remember_file(source)
        prefer_for_trials()
    window = handles.viewer.window._qt_window
    window.setProperty(_TAKEN, source)
    window.setProperty(SHOWN, Shown(source, handles))


def _show(viewer: Any, source: str, name: str, desk: Desk, open_film: "OpenFilm | None") -> None:
    target = viewer if _is_free(viewer) else new_viewer()
    window = target.window._qt_window
    window.setProperty(_TAKEN, source)
    waiting = Waiting(target, f"Opening {name}")

    def refused(error: MocapError) -> None:
        waiting.end()
        window.setProperty(_TAKEN, None)
        tell_error(error)

    def ended(handles: ViewerHandles) -> None:
        waiting.end()
        keep_source(handles, source)
        if desk.review.notes:
            tell(f"{name}: {' '.join(desk.review.notes)}")

    one_by_one(mounting(target, desk, open_film), window, ended, refused)


def _is_free(viewer: Any) -> bool:
    return not viewer.window._qt_window.property(_TAKEN) and not viewer.layers


def _brought_to_front(source: str) -> bool:
    for window in QApplication.topLevelWidgets():
        if window.property(_TAKEN) == source and window.isVisible():
            window.raise_()
            window.activateWindow()
            return True
    return False
