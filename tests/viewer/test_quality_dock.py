"""The dock of quality in a real window: a click on a spike lands on its frame, its point and its camera."""

from dataclasses import replace

import numpy as np
import pytest

from mocap.errors import TrialFileError
from mocap.trial import Verdict
from mocap.viewer.parts import TrialParts
from mocap.viewer.review import Review
from tests.fixtures.docks import context_of

pytestmark = [pytest.mark.viewer, pytest.mark.usefixtures("display")]

SPIKE = (1703, 5, 2)
N_FRAMES = 4001


def with_spike(trial):
    errors = np.random.default_rng(1).uniform(0.5, 1.0, (4, *trial.points.position.shape[:2])).astype(np.float32)
    frame, point, camera = SPIKE
    errors[camera, frame, point] = 34.0
    covariance = np.broadcast_to(1e-6 * np.eye(3), (*trial.points.position.shape[:2], 3, 3))
    quality = (Verdict("point sd", 34.2, 30.0, "mm", False, "median"),)
    points = replace(trial.points, reprojection_error=errors, covariance=covariance)
    return replace(trial, points=points, quality=quality)


def wait_for(holds):
    from qtpy.QtTest import QTest

    for _ in range(500):
        if holds():
            return
        QTest.qWait(5)
    pytest.fail("it did not happen within 2.5 s")


def shown(dock):
    dock.resize(1100, 230)
    dock.show()
    wait_for(lambda: dock.ribbon is not None and not dock.progress_label.text() and dock._worker is None)
    settle()
    return dock


def settle():
    from qtpy.QtTest import QTest

    QTest.qWait(30)


@pytest.fixture(scope="module")
def napari_app(display):
    from napari.qt import get_qapp

    return get_qapp()


@pytest.fixture(scope="module")
def spiked(trial_of_length):
    return with_spike(trial_of_length(N_FRAMES))


@pytest.fixture
def dock(napari_app, spiked):
    from mocap.viewer.quality_dock import QualityDock

    dock = shown(QualityDock(context_of(spiked)))
    yield dock
    dock.close()


def click(dock, row, time_s):
    from qtpy.QtCore import QPoint, QPointF, Qt
    from qtpy.QtTest import QTest

    box = dock.plot.plot.getPlotItem().vb
    at = box.mapViewToScene(QPointF(time_s, row + 0.5))
    place = QPoint(round(at.x()), round(at.y()))
    QTest.mouseClick(dock.plot.plot.viewport(), Qt.MouseButton.LeftButton, pos=place)
    settle()


def test_a_click_beside_a_spike_lands_on_frame_point_and_camera(dock, spiked):
    frame, point, camera = SPIKE
    dock.choose_mode("error")
    settle()
    moment = dock._moment
    # 4001 frames in fewer than 1000 columns: no click hits one frame. The worst row is the uppermost.
    click(dock, 0, moment.time_of(frame) + 0.1)
    assert (moment.frame, moment.point) == (frame, spiked.points.names[point])
    assert moment.camera == spiked.rig.names[camera]
    assert "error 34 px in cam_2" in dock.readout_label.text()


def test_the_spike_is_seen_in_the_picture_at_every_zoom(dock):
    frame, _, _ = SPIKE
    dock.choose_mode("error")
    for half_s in (100.0, 5.0, 0.2):
        middle = dock._moment.time_of(frame)
        dock.plot.plot.setXRange(middle - half_s, middle + half_s, padding=0)
        settle()
        picture = dock.plot.image.image
        assert picture.shape[1] <= 1100  # never more columns than pixels, whatever the length
        top = picture[4].astype(int)
        assert (top.sum(axis=1) > 400).any()  # light green: all others are dark
        assert (top.sum(axis=1) > 400).mean() < 0.2


def test_worst_moments_are_listed_and_lead_there(dock, spiked):
    frame, point, camera = SPIKE
    cells = [[dock.table.item(row, column).text() for column in range(4)] for row in range(3)]
    assert cells[0] == ["", "", "check", "point sd: 34.2 mm, limit 30 mm"]
    found = next(row for row in range(dock.table.rowCount()) if "34 px" in dock.table.item(row, 3).text())
    dock.table.selectRow(found)
    moment = dock._moment
    assert (moment.frame, moment.point) == (frame, spiked.points.names[point])
    assert moment.camera == spiked.rig.names[camera]
    dock.table.selectRow(0)  # a check of the whole recording leads nowhere
    assert moment.frame == frame


def test_cursor_and_row_follow_the_moment(dock, spiked):
    moment = dock._moment
    moment.go(3100)
    assert dock.plot.cursor_line.value() == pytest.approx(moment.time_of(3100))
    moment.choose_point(spiked.points.names[-1])
    settle()
    names = [text for _, text in dock.plot.plot.getPlotItem().getAxis("left")._tickLevels[0]]
    assert spiked.points.names[-1] in names  # scrolled to


def test_the_picture_follows_what_is_gone_to_at_the_same_zoom(dock, spiked):
    plot, moment = dock.plot.plot, dock._moment
    moment.go(10)
    plot.setXRange(0, 2, padding=0)
    moment.go(120)  # 2.4 s: played on beyond the page
    low, high = plot.viewRange()[0]
    assert low < 2.4 < high and high - low == pytest.approx(2, abs=0.01)
    plot.setXRange(60, 62, padding=0)
    moment.go(130)  # somebody looks elsewhere: left alone
    assert plot.viewRange()[0][0] == pytest.approx(60, abs=0.01)
    dock.table.selectRow(next(row for row in range(9) if "34 px" in dock.table.item(row, 3).text()))
    low, high = plot.viewRange()[0]
    assert low < moment.time_of(SPIKE[0]) < high and high - low == pytest.approx(2, abs=0.01)


def test_the_shortest_recording_is_shown(napari_app):
    from mocap.trial import Points3D, Trial
    from mocap.viewer.quality_dock import QualityDock

    position = np.array([[[0.2, 0.1, 1.0], [np.nan, np.nan, np.nan]]])
    dock = shown(QualityDock(context_of(Trial("bare", Points3D(position, ("LKnee", "RKnee"), 100.0)))))
    click(dock, 0, 0.0)
    chosen, whats = dock._moment.point, [dock.table.item(row, 3).text() for row in range(dock.table.rowCount())]
    words = dock.plot.plot.getPlotItem().getAxis("bottom").labelString()
    dock.close()
    assert ">time [s] <" in words  # and not thousandths of them
    assert chosen == "RKnee" and whats == ["missing for the whole recording"]


def test_uncertainty_is_read_when_it_is_asked_for(dock):
    assert dock.ribbon.sd_mm is None
    dock.choose_mode("uncertainty")
    wait_for(lambda: dock.ribbon.sd_mm is not None)
    assert np.nanmax(dock.ribbon.sd_mm) == pytest.approx(3**0.5)


def test_an_edit_is_seen_before_the_errors_are_read_again(dock, spiked, monkeypatch):
    from mocap.schema import Status
    from mocap.viewer import quality_dock
    from mocap.viewer.ribbon import Mark

    looked = []
    survey = quality_dock.survey
    monkeypatch.setattr(quality_dock, "survey", lambda *review: looked.append(review) or survey(*review))
    status = spiked.points.status.copy()
    status[700:720, 3] |= np.uint8(Status.EDITED)
    seen = []
    monkeypatch.setattr(dock, "_draw", lambda: seen.append((dock.ribbon.marks[3, 710], dock.ribbon.error_px is None)))
    edited = replace(spiked, points=replace(spiked.points, status=status))
    for _ in range(3):  # a burst of them is looked through once
        dock.show_review(Review(edited, TrialParts(edited)))
    wait_for(lambda: len(seen) == 2 and dock._worker is None)
    assert len(looked) == 1
    assert seen == [(Mark.EDITED, False), (Mark.EDITED, False)]


def test_a_hidden_dock_does_nothing_and_catches_up(napari_app, spiked):
    from mocap.viewer.quality_dock import QualityDock

    context = context_of(spiked)
    dock = QualityDock(context)
    before = dock.plot.cursor_line.value()
    context.moment.go(2000)
    dock.show_review(Review(spiked, context.desk.review.parts))
    settle()
    assert dock.ribbon is None and dock.plot.cursor_line.value() == before
    shown(dock)
    assert dock.plot.cursor_line.value() == pytest.approx(context.moment.time_of(2000))
    dock.close()


def test_a_trial_without_cameras_shows_status_and_says_what_is_missing(napari_app, squat_trial):
    from mocap.viewer.quality_dock import UNCERTAINTY, QualityDock

    dock = shown(QualityDock(context_of(replace(squat_trial, rig=None))))
    texts = [dock.mode_box.itemText(row) for row in range(dock.mode_box.count())]
    whats = [dock.table.item(row, 3).text() for row in range(dock.table.rowCount())]
    dock.choose_mode(UNCERTAINTY)
    wait_for(lambda: dock.ribbon.sd_mm is not None)
    settle()
    said = dock.plot._notice.toPlainText()
    dock.close()
    assert [text.endswith("none stored") for text in texts] == [False, True, True, False]
    assert whats == ["missing for 0.20 s", "rejected for 0.20 s", "gap of 0.40 s, filled"] or set(whats) >= {
        "missing for 0.20 s", "rejected for 0.20 s", "gap of 0.40 s, filled"}
    assert said == "the uncertainty of these points is not known"


def test_errors_that_cannot_be_read_are_one_message(napari_app, spiked, monkeypatch):
    from mocap.viewer import work
    from mocap.viewer.quality_dock import QualityDock

    class Damaged:
        def error_blocks(self):
            yield from ()
            raise TrialFileError("A piece of the file is damaged.", "Take the copy.", code="TRIAL_DAMAGED")

    told = []
    monkeypatch.setattr(work, "tell_error", told.append)
    dock = QualityDock(context_of(spiked))
    dock.show_review(Review(spiked, Damaged()))
    shown(dock)
    dock.close()
    assert [error.code for error in told] == ["TRIAL_DAMAGED"]
    assert dock.ribbon is not None and dock.ribbon.error_px is None


@pytest.mark.benchmark
def test_a_frame_costs_the_dock_little_in_ten_minutes(napari_app, trial_of_length):
    import time

    from mocap.viewer.quality_dock import QualityDock

    dock = shown(QualityDock(context_of(with_spike(trial_of_length(60_000)))))
    dock._moment.choose_point("LWrist")
    spent = []
    for frame in range(100, 3100, 100):
        started = time.perf_counter()
        dock._moment.go(frame)
        spent.append(time.perf_counter() - started)
        settle()
    dock.close()
    assert np.median(spent) < 0.003  # measured: 0.1 ms
