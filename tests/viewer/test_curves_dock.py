"""The curves in a real window: cursor, read-out, zoom, marks, what is not observable."""

import time
from dataclasses import replace

import numpy as np
import pytest

from mocap.errors import SourceError
from mocap.viewer import open_viewer
from mocap.viewer.parts import TrialParts
from mocap.viewer.review import RawAngles, ViewOnly
from tests.fixtures.assessed_trials import gait_trial
from tests.fixtures.assessed_trials import squat_trial as assessed_squat
from tests.fixtures.docks import alone, close_dock
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


@pytest.fixture
def curves(display):
    """The maker of a dock without the rest of the window: `curves(trial)`."""
    from mocap.viewer.curves_dock import CurvesDock

    made = []

    def make(shown):
        made.append(alone(CurvesDock, shown))
        settle()
        return made[-1]

    yield make
    for dock in made:
        close_dock(dock)


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


def test_a_long_reason_stays_in_its_plot(curves, squat_trial):
    reason = "the marker set has no landmark of the lumbar spine, and none can be stood in for by others " * 2
    definitions = tuple(replace(one, reason=reason) if one.reason else one for one in squat_trial.angles.definitions)
    dock = curves(replace(squat_trial, angles=replace(squat_trial.angles, definitions=definitions)))
    dock.show_lanes(("lumbar_flexion",))
    settle()
    (lane,) = dock.lanes
    for width in (1100, 420):
        dock.resize(width, 320)
        settle()
        settle()
        drawn = lane.notice.mapRectToScene(lane.notice.boundingRect())
        assert lane.plot.getViewBox().sceneBoundingRect().contains(drawn), (width, drawn)
    assert reason.strip() in lane.plot.toolTip()


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
    assert "right 110.0° ± ?" in dock.readouts.text()
    dock.angle_box.activated.emit(names.index("knee_flexion"))
    assert [lane.lane.name for lane in dock.lanes] == ["pelvic_tilt", "lumbar_flexion"]


def test_repetitions_bottoms_and_onsets_are_marked_and_zoomed_to(curves):
    made = assessed_squat()
    dock = curves(made)
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
    dock._moment.go(round(table["bottom_time"].values[1] * 50))
    dock.zoom_to_repetition()
    settle()
    second = tilt.plot.viewRange()[0]
    np.testing.assert_allclose(bottoms, table["bottom_time"].values)
    assert len(onsets) == 2  # the first squat has no tuck
    assert (onsets < np.array(bottoms)[1:]).all()
    assert low < table["start_time"].values[0] < table["end_time"].values[0] < high < table["end_time"].values[1]
    assert pink == 0  # no onset in the first repetition
    assert second[0] < table["start_time"].values[1] < second[1]
    before, review = dock.height_m, dock._review
    up = np.zeros((4, 4))
    up[2, 3] = 0.1
    higher = replace(made.segments, world_from_segment=made.segments.world_from_segment + up)
    for _ in range(2):
        dock.show_review(replace(review, parts=TrialParts(replace(made, segments=higher))))
        assert dock.height_m is None  # until it is known anew
    for _ in range(50):
        settle()
        if dock.height_m is not None:
            break
    np.testing.assert_allclose(dock.height_m, before + 0.1)
    np.testing.assert_allclose(dock.lanes[0].plot.viewRange()[0], second, atol=1e-9)


def test_a_long_recording_is_drawn_in_as_many_points_as_a_screen_has(curves):
    dock = curves(repeated(assessed_squat(), 20_000))
    drawn = [len(item.line.getData()[0]) for lane in dock.lanes for item in lane.items]
    dock.zoom(10.0, 12.0)
    near = [len(item.line.getData()[0]) for lane in dock.lanes for item in lane.items]
    assert max(drawn) <= 1400
    assert min(near) >= 90  # two seconds, each frame of them


def test_norms_lie_behind_the_curves_of_their_side_and_can_be_hidden(curves):
    dock = curves(gait_trial())
    dock.show_lanes(("hip_flexion", "knee_flexion"))
    settle()
    hip, knee = dock.lanes
    wide = hip.plot.viewRange()[1]
    said, tip = hip.title.text, hip.plot.toolTip()
    drawn = hip.norms[0].isVisible()
    dock.norms_box.setChecked(False)
    settle()
    hidden, narrow, unsaid = not hip.norms[0].isVisible(), hip.plot.viewRange()[1], hip.title.text
    assert [band.kind for band in hip.bands] == ["norm"]  # it tells of the right side
    assert not knee.bands
    assert "▨ norm" in said and "▨" not in unsaid
    assert "How many people were measured" in tip
    assert wide[0] < -4.9 and wide[1] > 44.9  # 0 and 40 deg, SD 5
    assert wide != narrow
    assert drawn and hidden


def test_the_norm_box_says_why_there_is_none(curves, squat_trial):
    dock = curves(squat_trial)
    on, tip, raw, raw_tip = (dock.norms_box.isEnabled(), dock.norms_box.toolTip(), dock.raw_box.text(),
                             dock.raw_box.toolTip())  # fmt: skip
    assert not on and "norm sets are known of gait alone" in tip
    assert raw == "raw: shown" and "not smoothed here" in raw_tip


def doubted_trial(trial):
    reason = np.zeros(trial.angles.values.shape, np.uint8)
    reason[20:35, trial.angles.names.index("pelvic_tilt")] = 1
    angles = replace(trial.angles, frame_reason=reason, frame_reason_words=("", "label jumped"))
    return replace(trial, angles=angles)


def test_doubted_stretches_are_hatched_and_read_out(curves, squat_trial):
    dock = curves(doubted_trial(squat_trial))
    dock.show_lanes(("pelvic_tilt",))
    settle()
    starts, ends = dock.lanes[0].doubts._starts_s, dock.lanes[0].doubts._ends_s
    foot = [dock.stack.grab().toImage().pixelColor(place_of(dock, at).x(), bottom_of(dock)).lightness()
            for at in (0.2, 0.5, 1.0)]  # fmt: skip
    said = []
    for frame in (19, 20, 34, 35):
        dock._moment.go(frame)
        said.append("doubted: label jumped" in dock.readouts.text())
    title = dock.lanes[0].title.text
    np.testing.assert_allclose([*starts, *ends], [0.39, 0.69])  # frames 20 to 34, half a frame on either side
    assert said == [False, True, True, False]
    assert foot[1] > 120 > max(foot[0], foot[2])
    assert "doubted" in title


def bottom_of(dock):
    """Row of pixels of the stack just above the foot of the first plot."""
    from qtpy.QtCore import QPointF

    box = dock.lanes[0].plot.getViewBox()
    return round(box.mapViewToScene(QPointF(0.5, box.viewRange()[1][0])).y()) - 2


class Source:
    """What computes raw angles: half a degree above the others, in a step that can be waited for."""

    def __init__(self, angles, error=None):
        self.angles, self.error, self.asked = angles, error, 0

    def steps(self):
        self.asked += 1
        yield "reading"
        if self.error is not None:
            raise self.error
        yield RawAngles(self.angles.names, (np.rad2deg(self.angles.values) + 0.5).astype(np.float32))


def with_source(trial, error=None):
    source = Source(trial.angles, error)
    desk = ViewOnly(replace(trial, points_smoothed=trial.points))
    desk.review = replace(desk.review, raw=source)
    return desk, source


def wait_for(condition):
    until = time.monotonic() + 5
    while time.monotonic() < until and not condition():
        settle()
    assert condition()


def test_raw_angles_are_computed_once_and_drawn_beneath(curves, squat_trial):
    desk, source = with_source(squat_trial)
    dock = curves(desk)
    asked_before = source.asked
    dock.raw_box.setChecked(True)
    wait_for(lambda: dock.lanes[0].raws and dock.raw_box.text() == "raw")
    tilt = next(lane for lane in dock.lanes if lane.lane.name == "pelvic_tilt")
    y = tilt.raws[0].line.getData()[1]
    beneath = tilt.raws[0].line.zValue() < tilt.items[0].line.zValue()
    dock.raw_box.setChecked(False)
    gone = not tilt.raws
    dock.raw_box.setChecked(True)
    dock.show_lanes(("pelvic_tilt",))
    again = len(dock.lanes[0].raws)
    dock.show_review(replace(desk.review, notes=("something was decided",)))
    kept = len(dock.lanes[0].raws)
    np.testing.assert_allclose(y, np.rad2deg(squat_trial.angles["pelvic_tilt"]) + 0.5, rtol=1e-5)
    assert beneath and gone
    assert (asked_before, source.asked, again, kept) == (0, 1, 1, 1)


def test_raw_angles_that_cannot_be_computed_are_told_and_the_box_goes_off(curves, squat_trial):
    from mocap.viewer import work

    desk, _ = with_source(squat_trial, SourceError("The static is gone.", "Put it back.", code="REPRODUCE_MISSING"))
    dock = curves(desk)
    dock.raw_box.setChecked(True)
    wait_for(lambda: not dock.raw_box.isChecked())
    told = [message.message.text() for message in work._messages()]
    raws = [lane.raws for lane in dock.lanes]
    assert any("The static is gone." in one for one in told)
    assert not any(raws)
