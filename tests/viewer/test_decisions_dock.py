"""Decisions in a real window over a real file: what a click decides is in the file, and undo takes it back."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from calibration.synthetic import ring_rig
from mocap.errors import AssessmentError
from mocap.pipeline.assess import assess_file
from mocap.pipeline.review_open import open_desk
from mocap.reconstruction import reconstruct_details
from mocap.storage import read_trial, write_trial
from mocap.synthetic import default_subject, observe, squat
from mocap.trial import Operation, Trial
from mocap.viewer import open_viewer
from mocap.viewer.review import Decision, Review, ViewOnly
from tests.fixtures.assessed_trials import true_angles
from tests.fixtures.docks import alone, close_dock, context_of

pytestmark = [pytest.mark.viewer, pytest.mark.usefixtures("display")]


def settle():
    from qtpy.QtWidgets import QApplication

    for _ in range(3):
        QApplication.processEvents()


@pytest.fixture(scope="module")
def assessed(tmp_path_factory):
    """A file with two squats, seen by four cameras, and assessed."""
    made = squat(default_subject(), 2, wink_deg=[0.0, 8.0], rate_hz=25.0)
    rig = ring_rig(4, 1)
    keypoints = observe(made.points, rig, 3).keypoints
    points = reconstruct_details(keypoints, rig).points
    path = tmp_path_factory.mktemp("decisions") / "squat_03.h5"
    write_trial(path, Trial(
        "squat_03", points, rig=rig, keypoints=keypoints, segments=made.segments, angles=true_angles(made),
        task="squat", operations=(Operation("reconstruct"), Operation("kinematics", {"model": "segments"})),
    ))  # fmt: skip
    assess_file(path, "squat")
    return path


@pytest.fixture(scope="module")
def path(assessed, tmp_path_factory):
    return shutil.copy(assessed, tmp_path_factory.mktemp("decided") / assessed.name)


@pytest.fixture(scope="module")
def window(display, path):
    viewer, handles = open_viewer(open_desk(path))
    handles.docks["decisions"].parent().raise_()
    settle()
    yield handles
    viewer.close()
    settle()


@pytest.fixture
def dock(window):
    """The dock, of a file in which nothing is decided."""
    dock, desk = window.docks["decisions"], window.desk
    while desk.undoable:
        desk.undo()
    window.show_review(desk.review)
    window.moment.choose_point("")
    dock.pages.setCurrentIndex(0)
    dock.table.setCurrentCell(-1, -1)
    settle()
    dock.reason_edit.setText("lost balance")
    dock.initials_edit.setText("AB")
    return dock


@pytest.fixture
def told(monkeypatch):
    heard = []
    monkeypatch.setattr("mocap.viewer.work.show_error", heard.append)
    monkeypatch.setattr("mocap.viewer.work.show_info", heard.append)
    return heard


def click(dock, button):
    """Click, and wait until it is decided."""
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    assert button.isEnabled()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    decided(dock)


def decided(dock):
    from qtpy.QtTest import QTest

    for _ in range(600):
        if not dock.busy:
            break
        QTest.qWait(10)
    assert not dock.busy
    settle()


def bottoms(path):
    return read_trial(path).assessments[0].repetitions["bottom_time"].values


def test_a_repetition_is_looked_at_rejected_brought_back_and_undone(window, dock, path, told):
    before, at_s = path.read_bytes(), bottoms(path)
    assert [dock.table.item(row, 0).text() for row in range(2)] == ["squat 1", "squat 2"]
    assert not dock.reject_button.isEnabled() and not dock.undo_button.isEnabled()
    dock.table.setCurrentCell(1, 0)
    assert window.moment.time_s == pytest.approx(at_s[1], abs=0.021)
    click(dock, dock.reject_button)
    stored = read_trial(path).assessments[0]
    assert stored.repetitions.rows == 1
    assert [one.reason for one in stored.rejected] == ["taken out by a reviewer: lost balance (AB)"]
    assert [span.rejected for span in window.bar.line._spans] == [False, True]
    assert dock.rows[1].number == 0 and "lost balance (AB)" in dock.table.item(1, 2).text()
    assert dock.made_table.item(0, 1).text() == "AB: lost balance"
    rejected = path.read_bytes()

    dock.reason_edit.setText("it holds")
    assert dock.table.currentRow() == 1  # still the one that was looked at
    click(dock, dock.accept_button)
    assert bottoms(path).tolist() == at_s.tolist()
    assert dock.table.item(1, 2).text() == "accepted by AB: it holds"
    window.docks["decisions"].undo()
    decided(dock)
    assert path.read_bytes() == rejected
    click(dock, dock.undo_button)
    assert path.read_bytes() == before and dock.redo_button.isEnabled() and not dock.undo_button.isEnabled()
    assert told == []


def test_nothing_is_decided_unsigned_or_left_out_without_a_reason(dock, path, told):
    before = path.read_bytes()
    dock.table.setCurrentCell(0, 0)
    dock.reason_edit.clear()
    click(dock, dock.reject_button)
    dock.initials_edit.clear()
    click(dock, dock.accept_button)
    click(dock, dock.missing_button)
    assert [code for words in told for code in ("DECISION_REASON", "DECISION_UNSIGNED") if code in words] == [
        "DECISION_REASON", "DECISION_UNSIGNED", "DECISION_UNSIGNED",
    ]  # fmt: skip
    assert path.read_bytes() == before


def test_a_bottom_is_put_where_one_looks_and_what_is_out_of_order_is_refused(window, dock, path, told):
    dock.table.setCurrentCell(0, 0)
    window.set_frame(window.frame + 3)
    wanted = window.moment.time_s
    dock.instant_box.setCurrentText("bottom")
    click(dock, dock.put_button)
    assert bottoms(path)[0] == pytest.approx(wanted, abs=1e-6)
    assert any(mark.edited and mark.time_s == pytest.approx(wanted) for mark in window.bar.line._marks)
    assert dock.table.item(0, 1).text() == f"{wanted:.2f}"
    after = path.read_bytes()
    window.set_frame(0)
    click(dock, dock.put_button)
    assert len(told) == 1 and "out of order" in told[0]
    assert path.read_bytes() == after


def test_a_point_marked_in_the_picture_moves_and_the_angles_are_said_to_be_older(window, dock, path, told):
    name = "LKNE" if "LKNE" in window.scene.names else window.scene.names[5]
    column = window.scene.names.index(name)
    window.set_frame(30)
    before = window.scene.position[30, column].copy()
    trial = read_trial(path)
    u, v = trial.keypoints.pixels[0, 30, trial.keypoints.names.index(name)]
    window.docks["video"].marked.emit(trial.rig.names[0], name, float(u) + 6.0, float(v))
    decided(dock)
    (edit,) = read_trial(path).edits
    assert (edit.kind, edit.camera, edit.points, edit.first) == ("marked in a view", trial.rig.names[0], (name,), 30)
    moved = 1000 * np.linalg.norm(window.scene.position[30, column] - before)
    assert 0.5 < moved < 60 and f"{name} moved by {moved:.1f} mm" in told[0]
    assert "not yet those of the corrected points" in dock.notice.text() and dock.again_button.isVisible()
    np.testing.assert_array_equal(window.scene.position[31], np.asarray(trial.points.position[31]))
    dock.undo()
    decided(dock)
    assert read_trial(path).edits == () and not dock.notice.isVisible()


def test_where_nothing_can_be_decided_it_says_why_and_offers_nothing(display, assessed):
    from mocap.viewer.decisions_dock import DecisionsDock

    dock = alone(DecisionsDock, replace(read_trial(assessed), segments=None))
    assert "lies in no trial file" in dock.notice.text() and dock.notice.isVisible()
    dock.table.setCurrentCell(0, 0)
    offered = [dock.accept_button, dock.reject_button, dock.put_button, dock.missing_button, dock.camera_button]
    assert not any(button.isEnabled() for button in offered)
    close_dock(dock)


class Blinded(ViewOnly):
    """A desk on which every correction leaves one point unseen in frames 5 to 7."""

    def correct(self, edits):
        trial = self.review.trial
        position = trial.points.position.copy()
        position[5:8, 3] = np.nan
        points = replace(trial.points, position=position, status=np.where(np.isnan(position[..., 0]), 0, 1))
        return Review(replace(trial, points=points), self.review.parts)


def test_points_that_too_few_cameras_see_since_are_told(display, squat_trial, told):
    from mocap.viewer.decisions_dock import DecisionsDock

    dock = alone(DecisionsDock, Blinded(squat_trial, read_only=""))
    dock.pages.setCurrentIndex(1)
    dock.initials_edit.setText("AB")
    dock.choose_span(4, 6)
    click(dock, dock.camera_button)
    (lost,) = told
    there = 3 * len(squat_trial.points.names)
    assert lost == f"2 of {there} points in these frames are gone: too few cameras see them."
    dock.choose_span(0, 3)
    click(dock, dock.camera_button)
    assert len(told) == 1
    close_dock(dock)


def test_initials_are_known_the_next_time(window, dock):
    dock.initials_edit.setText("XY")
    dock.table.setCurrentCell(0, 0)
    click(dock, dock.accept_button)
    from mocap.viewer.decisions_dock import DecisionsDock

    other = DecisionsDock(context_of(window.desk))
    assert other.initials_edit.text() == "XY" and other.reason_edit.text() == ""
    other.close()


class Remembering(ViewOnly):
    """A desk that keeps corrections in mind alone; what becomes of them in a file is tested with the desk of files."""

    def __init__(self, trial):
        super().__init__(trial, read_only="")
        self.edits = []

    def correct(self, edits):
        self.edits += edits
        return self._shown()

    def take_back(self, one):
        self.edits.remove(one)
        return self._shown()

    def _shown(self):
        self.review = replace(self.review, decisions=tuple(Decision(one.kind, one) for one in self.edits))
        return self.review


def test_a_decision_is_of_the_span_at_the_click_and_the_next_one_is_told_to_wait(display, assessed, told, monkeypatch):
    from mocap.viewer import decisions_dock

    waiting = []
    monkeypatch.setattr(decisions_dock, "in_thread", lambda job, *_, **__: waiting.append(job))
    desk = Remembering(replace(read_trial(assessed), segments=None))
    dock = alone(decisions_dock.DecisionsDock, desk)
    dock.initials_edit.setText("AB")
    dock.choose_span(10, 20)
    dock._take_out()
    dock.choose_span(50, 90)
    dock.mark("cam_0", desk.review.trial.points.names[0], 100.0, 100.0)
    assert told == ["A decision is being kept in the file; decide again when it is."]
    (job,) = waiting
    job()
    assert [(one.first, one.last) for one in desk.edits] == [(10, 20)]
    close_dock(dock)


class Overtaken(ViewOnly):
    """A desk whose file was decided on elsewhere."""

    def correct(self, edits):
        self.review = replace(self.review, notes=("anew",))
        raise AssessmentError("Decided elsewhere.", "Decide again.", "DECISION_GONE")


def test_what_was_decided_elsewhere_is_shown_with_the_refusal(display, squat_trial, told, monkeypatch):
    from mocap.viewer.decisions_dock import DecisionsDock

    dock, shown = alone(DecisionsDock, Overtaken(squat_trial, read_only="")), []
    monkeypatch.setattr(dock, "_context", replace(dock._context, changed=shown.append))
    dock.pages.setCurrentIndex(1)
    dock.initials_edit.setText("AB")
    click(dock, dock.missing_button)
    assert [one.notes for one in shown] == [("anew",)] and len(told) == 1
    close_dock(dock)


def test_spans_sides_and_cameras(display, assessed, told):
    from mocap.viewer.decisions_dock import DecisionsDock

    desk = Remembering(replace(read_trial(assessed), segments=None))
    dock = alone(DecisionsDock, desk)
    moment, name = dock._moment, desk.review.trial.points.names[4]
    dock.initials_edit.setText("AB")
    dock.pages.setCurrentIndex(1)
    settle()
    moment.go(12)
    click(dock, dock.from_button)
    moment.go(20)
    click(dock, dock.to_button)
    assert dock.span == (12, 20) and "frames 12 to 20" in dock.span_label.text()
    click(dock, dock.swap_button)
    dock.camera_box.setCurrentIndex(2)
    click(dock, dock.camera_button)
    moment.choose_point(name)
    click(dock, dock.missing_button)
    swap, out, gone = desk.edits
    assert swap.kind == "exchanged" and len(swap.points) > 10 and (swap.first, swap.last) == (12, 20)
    assert (out.kind, out.camera, out.points) == ("camera left out", "cam_2", ())
    assert (gone.kind, gone.points, gone.initials) == ("missing", (name,), "AB")
    dock.show_review(desk.review)
    assert dock.made_table.rowCount() == 3
    dock.pages.setCurrentIndex(2)
    settle()
    dock.made_table.setCurrentCell(1, 0)
    click(dock, dock.take_back_button)
    assert desk.edits == [swap, gone]
    dock.table.setCurrentCell(1, 0)
    dock.pages.setCurrentIndex(1)
    settle()
    click(dock, dock.repetition_button)
    table = desk.review.trial.assessments[0].repetitions
    assert moment.time_of(dock.span[0]) == pytest.approx(table["start_time"].values[1], abs=0.021)
    assert told == []
    close_dock(dock)
