"""The curves in a real window: cursor, read-out, zoom, marks, what is not observable."""

import numpy as np
import pytest

from mocap.viewer import open_viewer
from tests.fixtures.assessed_trials import squat_trial as assessed_squat
from tests.fixtures.long_trials import repeated

pytestmark = [pytest.mark.viewer, pytest.mark.usefixtures("display")]


def settle():
    from qtpy.QtWidgets import QApplication

    for _ in range(3):
        QApplication.processEvents()


@pytest.fixture(scope="module")
def window(display, squat_trial):
    viewer, handles = open_viewer(squat_trial)
    settle()
    yield handles
    viewer.close()
    settle()


@pytest.fixture
def dock(window):
    window.docks["angles"].show_lanes(("pelvic_tilt", "lumbar_flexion"))
    window.docks["angles"].zoom_out()
    window.set_frame(0)
    settle()
    return window.docks["angles"]


def place_of(dock, time_s, row=0):
    """Pixel of the stack at which a time lies, in the middle of a plot."""
    from qtpy.QtCore import QPoint, QPointF

    box = dock.lanes[row].plot.getViewBox()
    at = box.mapViewToScene(QPointF(time_s, float(np.mean(box.viewRange()[1]))))
    return QPoint(round(at.x()), round(at.y()))


def test_the_cursor_is_drawn_at_the_frame_and_can_be_dragged(window, dock):
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    window.set_frame(30)
    settle()
    image = dock.stack.grab().toImage()
    rows = range(0, image.height(), 3)
    white = [sum(image.pixelColor(x, y).lightness() > 240 for y in rows) for x in range(image.width())]
    assert abs(int(np.argmax(white)) - place_of(dock, 0.6).x()) <= 1
    port = dock.stack.viewport()
    QTest.mouseMove(port, place_of(dock, 0.6))
    QTest.mousePress(port, Qt.MouseButton.LeftButton, pos=place_of(dock, 0.6))
    for frame in range(33, 61, 3):
        QTest.mouseMove(port, place_of(dock, frame / 50))
        QTest.qWait(2)
    QTest.mouseRelease(port, Qt.MouseButton.LeftButton, pos=place_of(dock, 1.2))
    settle()
    assert window.frame == 60
    assert [lane.cursor.value() for lane in dock.lanes] == [1.2, 1.2]


def test_a_click_goes_to_its_time_and_a_double_click_shows_all(window, dock):
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    QTest.mouseClick(dock.stack.viewport(), Qt.MouseButton.LeftButton, pos=place_of(dock, 1.5, row=1))
    settle()
    assert window.frame == 75
    dock.zoom(0.5, 1.0)
    np.testing.assert_allclose(dock.lanes[1].plot.viewRange()[0], [0.495, 1.005], atol=0.01)  # linked
    QTest.mouseClick(dock.stack.viewport(), Qt.MouseButton.LeftButton, pos=place_of(dock, 0.7))
    QTest.mouseDClick(dock.stack.viewport(), Qt.MouseButton.LeftButton, pos=place_of(dock, 0.7))
    QTest.mouseRelease(dock.stack.viewport(), Qt.MouseButton.LeftButton, pos=place_of(dock, 0.7))
    settle()
    low, high = dock.lanes[0].plot.viewRange()[0]
    assert low <= 0
    assert high >= 2.0


def test_the_read_out_is_in_degrees_with_its_sd_and_what_cannot_be_seen_says_why(window, dock):
    window.set_frame(50)
    assert "15.0° ± 1.4°" in dock.readouts.text()
    assert "<b>lumbar flexion</b> not shown" in dock.readouts.text()
    window.set_frame(72)
    assert "missing here" in dock.readouts.text()
    tilt, lumbar = dock.lanes
    assert lumbar.notice.toPlainText() == "not observable: no T12 or L1 among the markers"
    assert not len(lumbar.items[0].line.getData()[1])
    y = tilt.items[0].line.getData()[1]
    truth = np.rad2deg(window.desk.review.trial.angles["pelvic_tilt"])
    np.testing.assert_allclose(y, truth)
    assert np.isnan(y).sum() == 6  # the gap stays one


def test_bands_can_be_hidden_and_other_angles_shown(window, dock):
    band = dock.lanes[0].items[0].band
    assert not band.path().isEmpty()
    dock.bands_box.setChecked(False)
    assert not band.isVisible()
    dock.bands_box.setChecked(True)
    assert band.isVisible()
    names = [dock.angle_box.itemData(row) for row in range(dock.angle_box.count())]
    assert names == ["pelvic_tilt", "knee_flexion", "lumbar_flexion"]
    dock.angle_box.activated.emit(1)
    assert [lane.lane.name for lane in dock.lanes] == ["pelvic_tilt", "lumbar_flexion", "knee_flexion"]
    window.set_frame(50)
    assert "right 110.0° (± unknown)" in dock.readouts.text()
    dock.angle_box.activated.emit(names.index("knee_flexion"))
    assert [lane.lane.name for lane in dock.lanes] == ["pelvic_tilt", "lumbar_flexion"]


def test_repetitions_bottoms_and_onsets_are_marked_and_zoomed_to(display):
    made = assessed_squat()
    viewer, handles = open_viewer(made)
    dock = handles.docks["angles"]
    for _ in range(50):
        settle()
        if dock.height_m is not None:
            break
    table = made.assessments[0].repetitions
    tilt = dock.lanes[0]
    onsets, bottoms = tilt.onsets._times_s, tilt.bottoms._times_s
    dock.zoom_to_repetition()
    settle()
    low, high = tilt.plot.viewRange()[0]
    picture = dock.stack.grab().toImage()
    pink = sum(picture.pixelColor(x, 20).name() == "#ed59bf" for x in range(picture.width()))
    handles.set_frame(round(table["bottom_time"].values[1] * 50))
    dock.zoom_to_repetition()
    settle()
    second = tilt.plot.viewRange()[0]
    viewer.close()
    settle()
    np.testing.assert_allclose(bottoms, table["bottom_time"].values)
    assert len(onsets) == 2  # the first squat has no tuck
    assert (onsets < np.array(bottoms)[1:]).all()
    assert low < table["start_time"].values[0] < table["end_time"].values[0] < high < table["end_time"].values[1]
    assert pink == 0  # no onset in the first repetition
    assert second[0] < table["start_time"].values[1] < second[1]


def test_a_long_recording_is_drawn_in_as_many_points_as_a_screen_has(display):
    viewer, handles = open_viewer(repeated(assessed_squat(), 20_000))
    settle()
    dock = handles.docks["angles"]
    drawn = [len(item.line.getData()[0]) for lane in dock.lanes for item in lane.items]
    dock.zoom(10.0, 12.0)
    near = [len(item.line.getData()[0]) for lane in dock.lanes for item in lane.items]
    viewer.close()
    settle()
    assert max(drawn) <= 1400
    assert min(near) >= 90  # two seconds, each frame of them
