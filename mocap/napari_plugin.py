"""What napari calls: the readers, samples, widget and commands of `napari.yaml`.

napari knows of them from the manifest alone. This file is imported when one is used first, in the window's own thread,
so it imports little itself; files are read in another thread.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mocap.schema import FORMAT

SAMPLE = "mocap-sample://"
_HDF5 = (".h5", ".hdf5")
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_LOOKED_AT = 1 << 20

# What napari takes for "read, and nothing is left for you to add".
_NO_LAYERS = [(None,)]


def get_reader(path: str | list[str]) -> Callable[[str | list[str]], list[Any]] | None:
    """Return what opens a path, or several; None where another plugin should.

    A trial file that is damaged or newer is taken all the same: it is told what is wrong with it. So is what ends in
    .h5 and is no HDF5 at all, which nobody else can read either.
    """
    paths = [path] if isinstance(path, str) else path
    return read if all(_is_ours(one) for one in paths) else None


def read(path: str | list[str]) -> list[Any]:
    """Open trials in the window in front; without a window, return their points as plain layers."""
    from mocap.viewer.opening import current_viewer

    paths = [path] if isinstance(path, str) else path
    viewer = current_viewer()
    if viewer is None:
        return [layer for one in paths for layer in _plain_layers(one)]
    for one in paths:
        open_in(viewer, one)
    return _NO_LAYERS


def open_in(viewer: Any, path: str) -> Any | None:
    """Open a file or a sample in a napari window; see `mocap.viewer.opening.open_beside`."""
    from mocap.viewer.opening import open_beside

    if path.startswith(SAMPLE):
        return open_beside(viewer, path, path.removeprefix(SAMPLE), lambda: _desk(path), _open_film)
    whole = Path(path).resolve()
    return open_beside(viewer, str(whole), whole.name, lambda: _desk(str(whole)), _open_film)


def review_panel() -> Any:
    """Return the widget of the Plugins menu."""
    from mocap.viewer.open_panel import OpenPanel

    return OpenPanel(open_in)


def ask_for_trial() -> None:
    """Ask for files, and open them in the window in front."""
    from mocap.viewer.open_panel import ask_for_files
    from mocap.viewer.opening import current_viewer

    viewer = current_viewer()
    for path in ask_for_files(None if viewer is None else viewer.window._qt_window):
        open_in(viewer, path)


def _desk(path: str) -> Any:
    from mocap.pipeline.review_open import open_desk, open_sample

    return open_sample(path.removeprefix(SAMPLE)) if path.startswith(SAMPLE) else open_desk(Path(path))


def _open_film(*what: Any) -> Any:
    from mocap.pipeline.review_film import open_film

    return open_film(*what)


def _plain_layers(path: str) -> list[Any]:
    from mocap.viewer.plain_layers import plain_layers

    return plain_layers(_desk(path).review.trial)


def _is_ours(path: str) -> bool:
    """Look at a little of the file, and not through the HDF5 library: that takes long to load, and may crash."""
    if path.startswith(SAMPLE) or Path(path).suffix.lower() not in _HDF5:
        return True
    try:
        with Path(path).open("rb") as file:
            beginning = file.read(_LOOKED_AT)
    except OSError:
        return True  # so that the message is one of ours
    return not beginning.startswith(_SIGNATURE) or FORMAT.encode() in beginning
