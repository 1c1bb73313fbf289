"""Whether a window can be opened here; asked before Qt is, because Qt ends the whole process when it cannot."""

import os
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from mocap.errors import ViewerError

APT_LINE = (
    "apt-get install --no-install-recommends xvfb xauth libgl1 libegl1 libglx-mesa0 libgl1-mesa-dri libglib2.0-0 "
    "libfontconfig1 libdbus-1-3 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 "
    "libxcb-render-util0 libxcb-xkb1"
)
_NEEDED = ("napari", "pyqtgraph", "PySide6")
_WITHOUT_SCREEN = ("offscreen", "minimal", "minimalegl", "vnc", "linuxfb")
_PATIENCE_S = 60
_HELD = "mocap_held_graphics"


def check_installed() -> None:
    """Raise where the viewer's packages are missing.

    Raises
    ------
    ViewerError
        VIEWER_MISSING.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise ViewerError(
            f"The viewer needs {', '.join(missing)}, which is not installed.",
            "Install the extra: pip install 'mocap[viewer]'.",
            code="VIEWER_MISSING",
        )


def check_display() -> None:
    """Raise where Qt cannot open a window.

    A second process tries first: Qt aborts without an exception when the display or one of its libraries is missing.

    Raises
    ------
    ViewerError
        VIEWER_NO_DISPLAY.
    """
    platform = os.environ.get("QT_QPA_PLATFORM", "").split(":")[0]
    if platform in _WITHOUT_SCREEN:
        raise _no_display(f"QT_QPA_PLATFORM is '{platform}', which has no screen to draw on.")
    if not sys.platform.startswith("linux"):
        return
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        raise _no_display("There is no display: neither DISPLAY nor WAYLAND_DISPLAY is set.")
    attempt = [sys.executable, "-c", "from PySide6.QtGui import QGuiApplication; QGuiApplication([])"]
    try:
        done = subprocess.run(attempt, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    except subprocess.TimeoutExpired:
        raise _no_display(f"The display '{os.environ.get('DISPLAY', '')}' did not answer in {_PATIENCE_S} s.") from None
    if done.returncode != 0:
        said = next((line for line in done.stderr.splitlines() if line.strip()), "no message")
        raise _no_display(f"Qt cannot open a window on display '{os.environ.get('DISPLAY', '')}': {said}")


def _no_display(cause: str) -> ViewerError:
    return ViewerError(
        cause,
        f"Run it on a desktop, over `ssh -X`, or under xvfb-run; on Debian the libraries come with: {APT_LINE}",
        code="VIEWER_NO_DISPLAY",
    )


def share_graphics() -> None:
    """Have all windows of this process share what lies in graphics memory; has to come before the first of them.

    Else each numbers its buffers by itself, and one that is closed takes those of the same numbers from the others,
    which then can draw no more.
    """
    # PySide6 looks into each module that is imported after it, and pydantic, which napari needs, fails under that look
    # while it is half imported.
    import_module("pydantic.fields")
    from qtpy.QtCore import QCoreApplication, Qt

    if QCoreApplication.instance() is None:
        QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)


def keep_graphics(canvas: Any) -> None:
    """Keep what a canvas draws with until the process ends, where windows do not share graphics memory.

    That is so in a process that napari itself began. What is let go there is taken from the window that draws next.

    Parameters
    ----------
    canvas : napari's canvas
        With its layers; to be told again when it gets more of them.
    """
    from qtpy.QtCore import QCoreApplication, Qt

    application = QCoreApplication.instance()
    if application is not None and not application.testAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts):
        held = [one for one in application.property(_HELD) or [] if one[0] is not canvas]
        application.setProperty(_HELD, [*held, (canvas, canvas._scene_canvas, dict(canvas.layer_to_visual))])
