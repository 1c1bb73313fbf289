"""What the first trial in a window needs is imported in the thread that reads it: the window does not wait for it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from threading import Lock
from typing import TypeVar

_T = TypeVar("_T")

_MODULES = (
    "pydantic.fields",  # before Qt, as in `share_graphics`
    "pandas", "napari", "napari.layers", "napari._qt.qt_main_window", "napari._vispy.layers.surface",
    "napari._vispy.layers.points", "pyqtgraph", "mocap.viewer.layout", "mocap.viewer.stage", "mocap.viewer.steps",
    "mocap.viewer.time_bar", "mocap.viewer.menu", "mocap.viewer.keys",
)  # fmt: skip
# Two trials may be opened at once, and a registry that is half read knows half of the units.
_ONE_AT_A_TIME = Lock()


def preload() -> None:
    """Import all that the first window would import, and have napari's units read; opens nothing."""
    with _ONE_AT_A_TIME:
        for name in _MODULES:
            import_module(name)
        import pint

        # A registry reads its definitions when it is first asked for a unit.
        pint.get_application_registry().Unit("pixel")


def while_importing(job: Callable[[], _T]) -> _T:
    """Do what takes a while, and import beside it what the window needs then; what the job raises comes at once."""
    beside = ThreadPoolExecutor(1)
    imported = beside.submit(preload)
    beside.shutdown(wait=False)
    done = job()
    imported.result()
    return done
