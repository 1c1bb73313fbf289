"""Where no window can be opened, one clear error comes before Qt would end the process."""

import subprocess
import sys

import numpy as np
import pytest

from mocap.errors import ViewerError
from mocap.trial import Points3D, Trial
from mocap.viewer import display as screen
from mocap.viewer import view_trial

linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X11 and Wayland are asked on Linux only")


@pytest.fixture
def bare(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@linux_only
def test_no_display_is_one_clear_error(bare):
    trial = Trial("t", Points3D(np.zeros((1, 1, 3)), ("a",), 100.0))
    with pytest.raises(ViewerError, match="neither DISPLAY nor WAYLAND_DISPLAY") as caught:
        view_trial(trial)
    assert caught.value.code == "VIEWER_NO_DISPLAY"
    assert "xvfb-run" in caught.value.remedy


@linux_only
def test_a_display_that_does_not_answer_is_one_clear_error(bare):
    bare.setenv("DISPLAY", ":59876")
    with pytest.raises(ViewerError, match=":59876") as caught:
        screen.check_display()
    assert caught.value.code == "VIEWER_NO_DISPLAY"


def test_a_platform_without_screen_is_refused(bare):
    """Under `offscreen` the 3D canvas stays black without any error."""
    bare.setenv("QT_QPA_PLATFORM", "offscreen")
    with pytest.raises(ViewerError, match="offscreen") as caught:
        screen.check_display()
    assert caught.value.code == "VIEWER_NO_DISPLAY"


def test_missing_packages_are_named_with_their_extra(monkeypatch):
    monkeypatch.setattr(screen, "find_spec", lambda name: None if name == "napari" else object())
    with pytest.raises(ViewerError, match="napari") as caught:
        screen.check_installed()
    assert caught.value.code == "VIEWER_MISSING"
    assert "mocap[viewer]" in caught.value.remedy


def test_without_the_extra_the_command_says_so_in_one_line():
    """Nothing that the extra brings is imported before it is looked for."""
    without = "napari", "pyqtgraph", "PySide6", "qtpy", "psygnal", "superqt", "vispy"
    code = f"""
import importlib.util, sys
for name in {without}:
    sys.modules[name] = None
find, importlib.util.find_spec = importlib.util.find_spec, lambda name: None if name in {without} else find(name)
from mocap.cli import main
sys.argv = ["mocap", "view", "absent.h5"]
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "VIEWER_MISSING" in done.stderr and "mocap[viewer]" in done.stderr
    assert "Traceback" not in done.stderr


@linux_only
@pytest.mark.viewer
def test_a_real_display_is_accepted(display):
    screen.check_display()


@pytest.mark.viewer
def test_windows_can_be_made_also_after_what_assesses(display):
    """PySide6 looked into a half imported pydantic, of which the assessment had imported a part."""
    code = """
import mocap.pipeline.assess
from mocap.viewer.display import share_graphics
share_graphics()
import napari._qt.qt_main_window
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
