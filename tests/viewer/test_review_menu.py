"""What the window says of itself: notes on the trial, keys, docks put back, and damage that is found while looking."""

import numpy as np
import pytest

from mocap.errors import TrialFileError
from mocap.viewer import open_viewer
from mocap.viewer.parts import TrialParts
from mocap.viewer.review import Review, ViewOnly

pytestmark = [pytest.mark.viewer, pytest.mark.usefixtures("display")]
NOTES = ("There are no pictures of cam_2.", "There is one camera (<cam_0>).")


class Damaged(TrialParts):
    """Parts whose covariance is found damaged at frame 30."""

    def on_refused(self, tell):
        self.tell = tell

    def covariance(self, frame):
        if frame == 30:
            self.tell(TrialFileError("trial.h5: covariance is damaged.", "Restore it.", "TRIAL_DAMAGED"))
        return np.full((len(self._trial.points.names), 3, 3), np.nan)


def settle():
    from qtpy.QtWidgets import QApplication

    for _ in range(3):
        QApplication.processEvents()


@pytest.fixture(scope="module")
def window(display, squat_trial):
    desk = ViewOnly(squat_trial, notes=NOTES)
    desk.review = Review(squat_trial, Damaged(squat_trial), notes=NOTES)
    viewer, handles = open_viewer(desk)
    settle()
    yield handles
    viewer.close()
    settle()


@pytest.fixture
def menu(window):
    main = window.viewer.window._qt_window
    (found,) = [one.menu() for one in main.menuBar().actions() if one.text() == "&Review"]
    return {one.text(): one for one in found.actions()}


def told_box():
    from qtpy.QtWidgets import QApplication, QMessageBox

    settle()
    (box,) = [one for one in QApplication.topLevelWidgets() if isinstance(one, QMessageBox) and one.isVisible()]
    words = box.text()
    box.close()
    settle()
    return words


def test_notes_are_counted_and_shown(window, menu):
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    button = window.bar.notes_button
    assert button.isVisible() and "2 notes" in button.text()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    words = told_box()
    assert NOTES[0] in words and "&lt;cam_0&gt;" in words
    menu["Notes on this trial..."].trigger()
    assert told_box() == words
    review = window.desk.review
    window.show_review(Review(review.trial, review.parts))
    assert not button.isVisible()
    window.show_review(review)


def test_every_key_is_told(menu):

    menu["Keys..."].trigger()
    words = told_box()
    assert all(key in words for key in ("Space", "Shift+Left", "next event", "camera cam_0"))


def test_the_cameras_of_the_trial_are_shown_where_the_person_was(window, menu, monkeypatch):
    """What that window shows of them is tested with it."""
    from mocap.viewer import calibration_window

    shown = []
    monkeypatch.setattr(calibration_window, "open_calibration_view", lambda *what: shown.append(what))
    menu["Cameras and volume..."].trigger()
    ((rig, title, places),) = shown
    assert (rig, title) == (window.desk.review.trial.rig, "cameras of squat_01")
    np.testing.assert_array_equal(places, window.scene.position)


def test_docks_come_back_to_where_they_were(window, menu):
    menu["Docks as at first"].trigger()  # not as the last window was left
    settle()
    before = window.docks["angles"].height()
    frame = window.docks["angles"].parent()
    frame.setFloating(True)
    window.docks["video"].parent().setVisible(False)
    settle()
    menu["Docks as at first"].trigger()
    settle()
    assert not frame.isFloating() and window.docks["video"].isVisible()
    assert window.docks["angles"].height() == before


def test_damage_found_while_looking_is_one_message(window, monkeypatch):
    told = []
    monkeypatch.setattr("mocap.viewer.work.show_error", told.append)
    window.show_review(window.desk.review)
    window.desk.review.parts.covariance(30)
    settle()
    assert len(told) == 1 and "TRIAL_DAMAGED" in told[0] and "Restore it." in told[0]
