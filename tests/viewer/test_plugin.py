"""The napari plugin in a real window: trials come in through napari's own doors, and what is unfit is told once."""

import dataclasses
import time
from pathlib import Path

import pytest

from calibration import CameraRig
from mocap.napari_plugin import open_in
from mocap.storage import write_trial
from mocap.viewer.review import ViewOnly
from tests.fixtures.unfit_files import UNFIT, write_unfit

pytestmark = [pytest.mark.viewer, pytest.mark.usefixtures("display")]

MANIFEST = Path(__file__).resolve().parents[2] / "mocap" / "napari.yaml"


@pytest.fixture(scope="module", autouse=True)
def plugin(display):
    """Our plugin, known to napari from the manifest of this checkout."""
    import napari.plugins
    from npe2 import PluginManager, PluginManifest

    napari.plugins._initialize_plugins()
    manager, here = PluginManager.instance(), PluginManifest.from_file(MANIFEST)
    if "mocap" in manager:
        if manager.get_manifest("mocap").contributions == here.contributions:
            return  # napari's menus of windows that were closed take no change any more
        manager.unregister("mocap")
    manager.register(here)


@pytest.fixture(scope="module")
def files(tmp_path_factory, squat_trial):
    """A folder with sound trials and with all those that are not."""
    folder = tmp_path_factory.mktemp("trials").resolve()
    write_unfit(folder, squat_trial)
    write_trial(folder / "bare.h5", dataclasses.replace(squat_trial, rig=None, angles=None))
    write_trial(folder / "one_camera.h5", dataclasses.replace(squat_trial, rig=CameraRig(tuple(squat_trial.rig)[:1])))
    (folder / "folder.h5").mkdir()
    (folder / "words.txt").write_text("no motion")
    return folder


@pytest.fixture
def told():
    """What the window was told: kind and words."""
    from napari.utils.notifications import notification_manager

    heard = []

    def hear(notification):
        heard.append((str(notification.severity), notification.message))

    notification_manager.notification_ready.connect(hear)
    yield heard
    notification_manager.notification_ready.disconnect(hear)


@pytest.fixture(scope="module")
def empty(plugin):
    """A window in which nothing is ever opened."""
    import napari

    viewer = napari.Viewer()
    yield viewer
    viewer.close()


@pytest.fixture
def viewer(plugin):
    """A window of one's own; whatever windows were opened beside it are closed with it."""
    import napari

    before = windows()
    made = napari.Viewer()
    yield made
    for window in windows():
        if window not in before:
            window._qt_viewer.viewer.close()
    until(lambda: len(windows()) == len(before))


@pytest.fixture
def asked(monkeypatch):
    """The questions of napari which reader to take; answered with ours."""
    from napari._qt.dialogs.qt_reader_dialog import QtReaderDialog

    questions = []

    def answer(dialog):
        choices = sorted(button.text() for button in dialog.reader_btn_group.buttons())
        questions.append(choices)
        return ("mocap", False) if "mocap" in choices else ("", False)

    monkeypatch.setattr(QtReaderDialog, "get_user_choices", answer)
    return questions


def windows():
    from napari._qt.qt_main_window import _QtMainWindow

    return list(_QtMainWindow._instances)


def viewers():
    return [window._qt_viewer.viewer for window in windows()]


def shown(viewer):
    from mocap.viewer.opening import shown_in

    return shown_in(viewer)


def until(true, patience_s=60.0):
    from qtpy.QtWidgets import QApplication

    end = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        QApplication.processEvents()
        time.sleep(0.002)


def quiet():
    """Return whether nothing is being opened."""
    from mocap.viewer.waiting import waits

    return not any(waits(window) for window in windows())


def drop(viewer, *paths):
    """Drop files on the canvas, as a file manager does."""
    from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
    from qtpy.QtGui import QDragEnterEvent, QDropEvent
    from qtpy.QtWidgets import QApplication

    load = QMimeData()
    load.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    how = (Qt.DropAction.CopyAction, load, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    target = viewer.window._qt_viewer
    QApplication.sendEvent(target, QDragEnterEvent(QPoint(200, 200), *how))
    QApplication.sendEvent(target, QDropEvent(QPointF(200, 200), *how))


def test_dropped_trials_never_share_a_window_and_napari_asks_at_most_once(viewer, files, asked, told):
    """Both are read before the first of them is in its window, and events go on while that is filled."""
    sound, other = files / "sound.h5", files / "one_camera.h5"
    drop(viewer, sound, other, sound)
    until(lambda: quiet() and len(told) == 2)
    by_source = {one.source: one.handles for one in map(shown, viewers()) if one is not None}
    assert set(by_source) == {str(sound), str(other)}
    assert shown(viewer) is not None
    assert viewer.status == ""
    assert by_source[str(sound)].viewer.title == "squat_01 - mocap"
    assert by_source[str(sound)].moment.n_frames == 101
    for handles in by_source.values():
        names = [layer.name for layer in handles.viewer.layers]
        assert {"time", "markers", "bones", "cameras"} <= set(names)
        assert len(names) == len(set(names))
    assert {kind for kind, _ in told} == {"info"}
    assert any("There is one camera (cam_0)" in words for _, words in told)
    # napari's own reader names .h5, too.
    assert len(asked) <= 1
    asked.clear()

    # The same file again comes to the front.
    before = windows()
    drop(viewer, sound)
    assert quiet()
    assert windows() == before
    assert asked == []


def test_a_sample_of_the_menu_is_shown(viewer, told):
    from napari._app_model import get_app_model

    viewer.open_sample("mocap", "squat")
    until(lambda: shown(viewer) and quiet())
    trial = shown(viewer).handles.desk.review.trial
    assert trial.assessments[0].task == "squat"
    assert told == []
    commands = {identity for identity, _ in get_app_model().commands}
    assert {"mocap.squat", "mocap.walk", "mocap.ask_for_trial", "mocap.review_panel"} <= commands


def test_the_widget_opens_trials_and_tells_of_them(viewer, files, monkeypatch, told):
    from qtpy.QtWidgets import QFileDialog

    _, panel = viewer.window.add_plugin_dock_widget("mocap")
    assert "No trial is open" in panel.told.toPlainText()
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(files / "bare.h5")], ""))
    panel.button.click()
    until(lambda: shown(viewer) and quiet())
    words = panel.told.toPlainText()
    assert "squat_01, subject S01" in words
    assert "101 frames at 50.00 Hz (2.02 s), 18 points, no cameras" in words
    assert "No angles are stored" in words
    assert [kind for kind, _ in told] == ["info"]
    first = panel.recent.item(0)
    assert first.toolTip() == str(files / "bare.h5")
    # A file that is gone by now: one line, and the widget goes on.
    first.setToolTip(str(files / "gone.h5"))
    panel.recent.itemClicked.emit(first)
    until(lambda: len(told) == 2 and quiet())
    assert told[1][0] == "error"
    assert told[1][1].startswith("FILE_MISSING: There is no file gone.h5.")


@pytest.mark.parametrize("name", UNFIT)
def test_what_is_unfit_is_one_message_in_the_window(empty, files, asked, told, name):
    empty.window._qt_viewer._qt_open([str(files / name)], stack=False)  # as File > Open does
    until(lambda: told and quiet())
    ((kind, words),) = told
    assert kind == "error"
    assert words.startswith(f"{UNFIT[name]}: ")
    assert "Remedy: " in words
    assert str(files) not in words
    assert not empty.layers
    assert shown(empty) is None


@pytest.mark.parametrize(("name", "code"), [
    ("folder.h5", "FILE_MISSING"), ("words.txt", "SUFFIX_UNKNOWN"), ("gone.c3d", "FILE_MISSING"),
])  # fmt: skip
def test_what_no_reader_takes_is_one_message_from_the_widget(empty, files, told, name, code):
    open_in(empty, str(files / name))
    until(lambda: told and quiet())
    assert [words.partition(":")[0] for _, words in told] == [code]


def test_a_file_of_another_program_is_left_to_other_readers(empty, files, asked, told):
    import h5py

    with h5py.File(files / "theirs.h5", "w") as file:
        file["pixels"] = [1, 2, 3]
    from mocap.viewer.file_kinds import prefer_for_trials

    prefer_for_trials()
    empty.window._qt_viewer._qt_open([str(files / "theirs.h5")], stack=False)
    assert asked == [["napari builtins"]]
    assert told == []


def test_the_window_goes_on_while_a_trial_is_read(empty, told):
    from mocap.viewer.opening import open_beside

    def refused_in_the_end():
        time.sleep(0.3)
        raise PermissionError(13, "Permission denied")

    ticks = []
    open_beside(empty, "/recordings/long.h5", "long.h5", refused_in_the_end)
    assert not quiet()
    assert empty.status == "Opening long.h5 ..."
    until(lambda: ticks.append(time.monotonic()) or quiet())
    assert len(ticks) > 20
    assert told == [
        ("error", "SOURCE: long.h5 cannot be read: Permission denied. Remedy: Check the path and the rights.")
    ]


def test_too_little_memory_is_one_message(empty, told):
    from mocap.viewer.opening import open_beside

    def too_large():
        raise MemoryError

    open_beside(empty, "/recordings/long.h5", "long.h5", too_large)
    until(lambda: told and quiet())
    assert [words.partition(":")[0] for _, words in told] == ["MEMORY"]


def test_who_closed_the_window_is_shown_nothing(viewer, squat_trial, told):
    from threading import Event

    from mocap.viewer.opening import open_beside

    gone = Event()

    def late():
        gone.wait(10)
        return ViewOnly(squat_trial)

    open_beside(viewer, "/recordings/late.h5", "late.h5", late)
    viewer.close()
    before = len(windows())
    gone.set()
    until(quiet)
    assert len(windows()) == before
    assert told == []


def test_without_a_window_the_points_are_plain_layers(files, monkeypatch):
    from npe2.io_utils import read

    from mocap.viewer import opening

    monkeypatch.setattr(opening, "current_viewer", lambda: None)
    ((data, known, kind),) = read([str(files / "sound.h5")], stack=False, plugin_name="mocap")
    assert kind == "points"
    assert data.shape[1] == 4
    assert data[:, 0].max() == 100
    assert set(known["features"]["name"]) > {"LKnee", "RKnee"}
