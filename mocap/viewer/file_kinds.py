"""Which plugin napari opens trial files with."""

from napari.settings import get_settings
from npe2 import PluginManager

PLUGIN = "mocap"
_PATTERNS = ("*.h5", "*.hdf5")


def prefer_for_trials() -> None:
    """Have napari open .h5 files with this plugin, where the user prefers no other.

    napari's own reader names .h5 too, so that it would ask each time. What is no trial is still passed on to others.
    """
    plugins = get_settings().plugins
    missing = [pattern for pattern in _PATTERNS if pattern not in plugins.extension2reader]
    if missing and PLUGIN in PluginManager.instance():
        plugins.extension2reader = {**plugins.extension2reader, **dict.fromkeys(missing, PLUGIN)}
