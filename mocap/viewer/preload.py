"""What the first trial in a window needs is imported in the thread that reads it: the window does not wait for it."""

from importlib import import_module

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
