"""Out of the window: a picture of the moment, and the places of files that a person is asked for."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray
from qtpy.QtCore import QSettings
from qtpy.QtWidgets import QFileDialog

from mocap.errors import ViewerError
from mocap.viewer.film_page import image_of
from mocap.viewer.film_plan import free_path, picture_name
from mocap.viewer.filming import still
from mocap.viewer.work import tell, tell_error

if TYPE_CHECKING:
    from mocap.viewer.app import ViewerHandles

_FOLDER = "out_folder"


def save_picture(handles: "ViewerHandles", path: Path | None = None) -> Path | None:
    """Save scene, read-outs and curves of the frame that is shown; ask where, unless a path is given."""
    picture = still(handles)
    moment = handles.moment
    name = picture_name(handles.desk.review.trial.trial_id, moment.time_s, moment.frame)
    path = path or ask_path(handles, "Save picture", name)
    if path is None:
        return None
    try:
        write_png(picture, path)
    except ViewerError as error:
        tell_error(error)
        return None
    tell(f"The picture is {path}")
    return path


def write_png(picture: NDArray, path: Path) -> None:
    """Write a picture, shape (height, width, 3) uint8 RGB, which has its name only when it is whole.

    Raises
    ------
    ViewerError
        PICTURE_NAME, PICTURE_NOT_WRITTEN.
    """
    if path.suffix.lower() != ".png":
        raise ViewerError(f"A picture cannot be called {path.name}.", "Give a name that ends in .png.", "PICTURE_NAME")
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.touch()
        if not image_of(picture).save(str(beside), "PNG"):  # type: ignore[call-overload]  # it wants text
            raise OSError("the disk may be full")
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise ViewerError(
            f"The picture {path} cannot be written: {error.strerror or error}.",
            "Check the folder, the rights and the free space.", "PICTURE_NOT_WRITTEN",
        ) from error  # fmt: skip


def ask_path(handles: "ViewerHandles", title: str, name: str) -> Path | None:
    """Ask for the place of a file, from a name on that is free, where the last one was put or the trial lies."""
    settings, main = QSettings("mocap", "review"), handles.viewer.window._qt_window
    kept = settings.value(_FOLDER)
    folder = Path(str(kept)) if kept else _folder_of(main)
    if not folder.is_dir():
        folder = Path.home()
    ending = Path(name).suffix
    wanted = str(free_path(folder, name))
    chosen, _ = QFileDialog.getSaveFileName(main, title, wanted, f"{ending[1:].upper()} (*{ending})")
    if not chosen:
        return None
    path = Path(chosen)
    settings.setValue(_FOLDER, str(path.parent))
    if path.suffix.lower() != ending:
        # The dialog asked whether to write over the name without its ending, and not about this one.
        path = free_path(path.parent, path.name + ending)
    return path


def _folder_of(main: Any) -> Path:
    from mocap.viewer.opening import SHOWN

    shown = main.property(SHOWN)
    return Path.home() if shown is None or "://" in shown.source else Path(shown.source).parent
