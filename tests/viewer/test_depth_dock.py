"""The tilt against depth in a real window: what is drawn, clicks, the cursor, and that a hidden dock rests."""

import dataclasses
import time

import numpy as np
import pytest

from mocap.viewer import open_viewer
from tests.fixtures.assessed_trials import squat_trial as assessed_squat
from tests.fixtures.docks import alone, close_dock
from tests.fixtures.long_trials import repeated

pytestmark = [pytest.mark.viewer, pytest.mark.usefixtures("display")]


def settle():
    from qtpy.QtWidgets import QApplication

    for _ in range(3):
        QApplication.processEvents()


def wait_for(condition):
    until = time.monotonic() + 5
    while time.monotonic() < until and not condition():
        settle()
    assert condition()


def raised(handles, name="depth"):
    """Bring a dock to the front, and wait until it has its data."""
    from qtpy.QtWidgets import QDockWidget

    frame = dock = handles.docks[name]
    while not isinstance(frame, QDockWidget):
        frame = frame.parent()
    frame.raise_()
    wait_for(lambda: not dock.visibleRegion().isEmpty())
    if name == "depth":
        wait_for(lambda: dock.view.strands or dock.view.reason)


def close(viewer, handles):
    """Close a window with the first dock in front, as the next one will have it then."""
    raised(handles, "angles")
    viewer.close()
    settle()


@pytest.fixture(scope="module")
def window(display):
    viewer, handles = open_viewer(assessed_squat())
    raised(handles)
    yield handles
    close(viewer, handles)


@pytest.fixture
def dock(window):
    raised(window)
    dock = window.docks["depth"]
    dock.unit_box.setCurrentIndex(0)
    dock.others_box.setChecked(True)
    dock._show_view(dock.view)
    return dock


def click(dock, x, y):
    from qtpy.QtCore import QPointF, Qt
    from qtpy.QtTest import QTest

    at = dock.plot.getPlotItem().getViewBox().mapViewToScene(QPointF(x, y))
    QTest.mouseClick(dock.plot.viewport(), Qt.MouseButton.LeftButton, pos=at.toPoint())
    settle()


def test_way_down_and_way_up_of_the_present_repetition_stand_out(window, dock):
    strands = dock.view.strands
    window.set_frame(strands[1].bottom)
    assert dock.number == 1
    one, turn = strands[1], strands[1].bottom - strands[1].first
    x, y = dock.down.getData()
    np.testing.assert_allclose(x[:-1], one.depth_mm[: turn + 1])
    np.testing.assert_allclose(y[:-1], one.value_deg[: turn + 1])
    np.testing.assert_allclose(dock.up.getData()[1][:-1], one.value_deg[turn:])
    pens = [item.opts["pen"] for item in (dock.down, dock.up, dock.other_downs, dock.other_ups)]
    assert pens[0].color().name() != pens[1].color().name()
    assert pens[0].style() == pens[2].style() != pens[1].style() == pens[3].style()
    assert all(pen.color().alpha() < 128 for pen in pens[2:])
    others = len(strands[0].depth_mm) + len(strands[2].depth_mm)
    assert np.isfinite(dock.other_downs.getData()[0]).sum() + np.isfinite(
        dock.other_ups.getData()[0]
    ).sum() == others + 2  # the bottom belongs to both ways
    dock.others_box.setChecked(False)
    assert not np.isfinite(dock.other_downs.getData()[0]).any()


def test_onset_and_bottom_are_marked_and_the_band_is_drawn(window, dock):
    one = dock.view.strands[1]
    window.set_frame(one.first)
    assert dock.onset_line.isVisible()
    assert dock.onset_line.value() == pytest.approx(one.onset.depth * one.full_mm)
    np.testing.assert_allclose(dock.onset_span.getRegion(), [one.onset.low * one.full_mm, one.onset.high * one.full_mm])
    assert (dock.bottoms.points()[0].pos().x(), len(dock.bottoms.points())) == (pytest.approx(one.full_mm), 3)
    assert len(dock.onsets.points()) == 2  # the first squat has no tuck
    box = dock.bands[0].path().boundingRect()
    low, high = one.value_deg - one.sd_deg, one.value_deg + one.sd_deg
    turn = one.bottom - one.first
    assert (box.top(), box.bottom()) == (pytest.approx(low[: turn + 1].min()), pytest.approx(high[: turn + 1].max()))
    dock.band_box.setChecked(False)
    assert not dock.bands[0].isVisible()
    dock.band_box.setChecked(True)
    window.set_frame(dock.view.strands[0].bottom)
    assert not dock.onset_line.isVisible()
    assert not dock.onset_span.isVisible()
    settle()
    picture = dock.plot.grab().toImage()
    names = {picture.pixelColor(x, y).name() for x in range(0, picture.width()) for y in range(0, picture.height(), 2)}
    assert {"#f5d25a", "#9fc3ee"} <= names


def test_a_click_on_the_curve_goes_to_its_frame_and_the_cursor_follows(window, dock):
    one = dock.view.strands[2]
    window.set_frame(one.bottom)
    frame = one.first + 20
    click(dock, float(one.depth_mm[20]), float(one.value_deg[20]))
    assert abs(window.frame - frame) <= 1
    (spot,) = dock.spot.points()
    at = window.frame - one.first
    assert (spot.pos().x(), spot.pos().y()) == (pytest.approx(one.depth_mm[at]), pytest.approx(one.value_deg[at]))
    assert dock.readouts.text().startswith("squat 3, down: ")
    assert "° ± 0.4° at " in dock.readouts.text()
    window.set_frame(0)
    assert not len(dock.spot.points())
    assert "between repetitions; the next one is squat 1" in dock.readouts.text()


def test_depth_can_be_in_percent_and_the_angle_the_lumbar_flexion(window, dock):
    one = dock.view.strands[1]
    window.set_frame(one.bottom)
    dock.unit_box.setCurrentIndex(1)
    dock.unit_box.activated.emit(1)
    assert dock.down.getData()[0][-2] == pytest.approx(100.0)
    assert dock.onset_line.value() == pytest.approx(100 * one.onset.depth)
    click(dock, float(one.share[30]), float(one.value_deg[30]))
    assert abs(window.frame - one.first - 30) <= 1
    dock.angle_box.setCurrentIndex(1)
    dock.angle_box.activated.emit(1)
    flexion = window.desk.review.trial.angles.deg("lumbar_flexion")
    np.testing.assert_allclose(dock.down.getData()[1][:-1], flexion[one.first : one.bottom + 1])
    dock.angle_box.setCurrentIndex(0)
    dock.angle_box.activated.emit(0)


def test_a_hidden_dock_does_no_work_and_catches_up(window, dock, monkeypatch):
    from mocap.viewer import depth_dock
    from mocap.viewer.curve_marks import hips_height

    window.set_frame(dock.view.strands[0].bottom)
    raised(window, "angles")
    done = []
    monkeypatch.setattr(depth_dock, "strand_at", lambda strands, frame: done.append(frame) or 1)
    monkeypatch.setattr(depth_dock, "hips_height", lambda parts: done.append("height") or hips_height(parts))
    window.set_frame(dock.view.strands[1].bottom)
    window.show_review(window.desk.review)
    settle()
    assert not done
    raised(window)
    wait_for(lambda: len(done) > 1)
    assert "height" in done
    assert dock.number == 1


def test_what_is_not_observable_and_what_has_no_repetitions_says_so(display):
    from mocap.viewer.depth_dock import DepthDock

    for made, words in ((assessed_squat(seen=False), "two hips are a line"),
                        (dataclasses.replace(assessed_squat(), assessments=()), "run `mocap assess`")):  # fmt: skip
        dock = alone(DepthDock, made)
        wait_for(lambda of=dock: of.view.reason)
        dock._moment.go(40)
        told, shown, plot = dock.notice.text(), dock.notice.isVisible(), dock.plot.isVisible()
        close_dock(dock)
        assert words in told
        assert (shown, plot) == (True, False)


def test_a_step_costs_little_also_in_a_long_recording(display):
    from mocap.viewer.depth_dock import DepthDock

    made = assessed_squat((8.0,) * 3)
    dock = alone(DepthDock, repeated(made, 20_000))
    wait_for(lambda: dock.view.strands)
    first, last = dock.view.strands[0].first, dock.view.strands[0].last
    costs = []
    for frame in range(first, min(last, first + 60)):
        begun = time.perf_counter()
        dock._moved(frame)
        costs.append(time.perf_counter() - begun)
    close_dock(dock)
    assert np.median(costs) < 0.003
