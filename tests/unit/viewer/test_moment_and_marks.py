"""The moment that all parts of the window look at, the marks on the time line, and what a click picks."""

import numpy as np
import pytest

from mocap.trial import Assessment, Event, Keypoints2D, Metric, Points3D, Table, Trial, Words
from mocap.viewer.layers import scene_of
from mocap.viewer.moment import Moment
from mocap.viewer.parts import TrialParts
from mocap.viewer.picking import picked, point_words
from mocap.viewer.time_marks import Span, marks_of, neighbour, rows_of, spans_of
from tests.fixtures.assessed_trials import squat_trial


def test_whoever_moves_the_moment_all_hear_of_it_once():
    moment, heard = Moment(101, 50.0, 2.0), []
    moment.frame_changed.connect(heard.append)
    moment.go(30)
    moment.go(30)
    moment.go_to_time(2.5)
    moment.go(1000)
    moment.go(-3)
    assert heard == [30, 25, 100, 0]
    assert moment.time_s == 2.0
    moment.choose_span(60, 20)
    assert moment.span == (20, 60)


def test_a_moment_of_a_single_frame():
    moment = Moment(1, 100.0)
    moment.go(5)
    assert (moment.frame, moment.time_s, moment.span) == (0, 0.0, (0, 0))


def test_marks_are_the_events_as_they_hold_now():
    points = Points3D(np.zeros((300, 1, 3)), ("a",), 100.0)
    nan = float("nan")
    events = (
        Event(2.0, "squat_bottom", confidence=0.9), Event(1.0, "squat_start"), Event(0.5, "initial_contact", "left"),
        Event(1.1, "squat_start", source="edited", replaces_s=1.0, note="AB"),
        Event(nan, "squat_bottom", source="edited", replaces_s=2.0, note="lost balance"),
    )  # fmt: skip
    marks = marks_of(Trial("m", points, events=events))
    assert [(mark.time_s, mark.label, mark.side, mark.edited) for mark in marks] == [
        (0.5, "initial_contact", "left", False), (1.1, "squat_start", "general", True)]  # fmt: skip
    assert marks[0].text == "initial contact left at 0.500 s (detected)"
    assert marks[1].text.endswith("(edited): AB")


def test_spans_are_the_repetitions_and_what_was_rejected():
    trial = squat_trial()
    spans = spans_of(trial)
    table = trial.assessments[0].repetitions
    assert [span.number for span in spans] == [1, 2, 3]
    np.testing.assert_allclose([span.start_s for span in spans], table["start_time"].values)
    np.testing.assert_allclose([span.end_s for span in spans], table["end_time"].values)


@pytest.mark.parametrize(("now", "forward", "found"), [
    (0.0, True, 1.0), (1.0, True, 2.0), (1.004, True, 2.0), (2.0, True, None), (2.0, False, 1.0), (1.0, False, None)])
def test_the_next_event_is_never_the_present_one(now, forward, found):
    assert neighbour((1.0, 2.0), now, forward, 0.005) == found


def test_of_points_under_the_mouse_the_front_one_is_picked():
    place, depth = np.array([[10.0, 10], [12, 10], [100, 100]]), np.array([2.0, 1.0, 0.0])
    shown = np.ones(3, bool)
    assert picked(place, depth, shown, np.array([11.0, 10]), radius_px=5) == 1
    assert picked(place, depth, np.array([True, False, True]), np.array([11.0, 10]), radius_px=5) == 0
    assert picked(place, depth, shown, np.array([7.0, 10]), radius_px=1) == 0
    assert picked(place, depth, shown, np.array([50.0, 50])) == -1
    assert picked(place, depth, np.zeros(3, bool), np.array([10.0, 10])) == -1


def test_what_is_known_of_a_point_is_told():
    covariance = np.tile(np.eye(3) * 1e-6, (1, 2, 1, 1))
    errors = np.array([[[1.0, np.nan]], [[4.0, np.nan]], [[np.nan, np.nan]]])
    position = np.array([[[0.1, 0.2, 0.3], [np.nan, np.nan, np.nan]]])
    points = Points3D(position, ("a", "b"), 100.0, covariance, reprojection_error=errors)
    views = Keypoints2D(np.zeros((3, 1, 2, 2)), np.ones((3, 1, 2)), ("a", "b"), 100.0)
    trial = Trial("p", points, keypoints=views)
    words = [point_words(scene_of(trial), TrialParts(trial), ("x", "y", "z"), 0, name) for name in "ab"]
    assert words[0] == "a   (0.100, 0.200, 0.300) m ± 1.7 mm   measured   2 views, worst 4.0 px in y"
    assert words[1] == "b   missing here"


def test_a_cycle_that_is_left_out_is_marked_as_such():
    times = (("start", [0.5, 1.0]), ("end", [1.5, 2.0]))
    columns = tuple(Metric(f"{name}_time", "s", "", values) for name, values in times)
    told = (Words("side", "", ("left", "right")), Words("left_out", "", ("", "taken out by a reviewer")))
    points = Points3D(np.zeros((10, 1, 3)), ("C7",), 10.0)
    trial = Trial("t", points, assessments=(Assessment("gait", Table("cycles", 2, columns, told)),))
    assert [(one.number, one.text, one.rejected) for one in spans_of(trial)] == [
        (1, "gait 1", False), (2, "gait 2, left out: taken out by a reviewer", True),
    ]  # fmt: skip


def test_spans_that_overlap_stand_in_rows_and_others_in_one():
    def rows(*times):
        return rows_of([Span(1, start, end, "") for start, end in times])

    assert rows((0, 1), (1, 2), (2.5, 3)) == (0, 0, 0)
    assert rows((0.0, 1.1), (0.5, 1.6), (1.1, 2.2), (1.6, 2.7)) == (0, 1, 0, 1)
    assert rows((1.0, 2.0), (0.0, 1.5), (1.2, 1.4)) == (1, 0, 2)
    assert rows() == ()
