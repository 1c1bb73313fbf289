"""What a window needs is imported while the trial is read: both take a second or more, and neither waits for the other.

Reading hashes and unpacks, for which Python lets another thread run.
"""

from importlib import import_module
from threading import Thread

_MODULES = (
    "pandas", "napari", "napari.layers", "napari._qt.qt_main_window", "napari._vispy.layers.surface",
    "napari._vispy.layers.points", "pyqtgraph", "mocap.viewer.layout", "mocap.viewer.stage", "mocap.viewer.time_bar",
    "mocap.viewer.menu", "mocap.viewer.keys",
)  # fmt: skip


def preload() -> None:
    """Import all that the first window would import, and have napari's units read; opens nothing."""
    for name in _MODULES:
        import_module(name)
    import pint

    # A registry reads its definitions when it is first asked for a unit.
    pint.get_application_registry().Unit("pixel")


def preload_beside() -> Thread:
    """Run `preload` in a thread, and return that; who opens a window waits for its end."""
    thread = Thread(target=preload, name="preload", daemon=True)
    thread.start()
    return thread
