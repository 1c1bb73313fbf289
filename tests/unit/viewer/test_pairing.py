"""Two trials on one time: which event, which span, whose curve; no display."""

from dataclasses import replace

import numpy as np
import pytest

from mocap.errors import ViewerError
from mocap.trial import AngleDefinition, Event, JointAngles, Points3D, Trial
from mocap.viewer.pairing import EventName, event_named, event_time, pair_lanes, shared_span

EVENTS = (
    Event(1.0, "squat_bottom"),
    Event(3.0, "squat_bottom"),
    Event(0.5, "initial_contact", "left"),
    Event(1.5, "initial_contact", "right"),
    Event(2.5, "initial_contact", "left"),
    Event(3.1, "squat_bottom", source="edited", replaces_s=3.0),
)


def trial_of(n_frames=200, rate_hz=50.0, start_s=0.0, events=EVENTS):
    position = np.zeros((n_frames, 2, 3))
    return Trial("t", Points3D(position, ("LKnee", "RKnee"), rate_hz, start_s=start_s), events=events)


def angles_of(names, zero="level", rate_hz=50.0, n_frames=200):
    told = ("of the plate", "", "anterior", zero, "absolute", "", True, "")
    said = tuple(AngleDefinition(name, *told) for name in names)
    values = np.deg2rad(np.arange(n_frames)[:, None] * np.ones(len(names)))
    return JointAngles(said, values, rate_hz, sd=np.full(values.shape, np.deg2rad(0.5)))


@pytest.mark.parametrize(
    ("text", "event", "at_s"),
    [
        ("squat_bottom", EventName("squat_bottom"), 1.0),
        ("squat_bottom:2", EventName("squat_bottom", "", 2), 3.1),
        ("initial_contact:2", EventName("initial_contact", "", 2), 1.5),
        ("initial_contact:left:2", EventName("initial_contact", "left", 2), 2.5),
        ("initial_contact:right", EventName("initial_contact", "right", 1), 1.5),
    ],
)
def test_an_event_is_found_by_name_side_and_number_where_a_reviewer_put_it(text, event, at_s):
    assert event_named(text) == event
    assert event_time(trial_of(), event) == at_s


@pytest.mark.parametrize("text", ["", ":1", "squat_bottom:", "squat_bottom:0", "squat_bottom:-1", "a:left:1:2", "a:x"])
def test_what_names_no_event_is_refused(text):
    with pytest.raises(ViewerError, match="ALIGN_NAME"):
        event_named(text)


def test_an_event_that_is_not_there_is_answered_by_those_that_are():
    with pytest.raises(ViewerError, match=r"ALIGN_EVENT.*squat_bottom \(2\)"):
        event_time(trial_of(), EventName("squat_bottom", "", 3))
    with pytest.raises(ViewerError, match="mocap assess"):
        event_time(trial_of(events=()), EventName("squat_bottom"))


def test_the_span_is_what_both_have_around_their_events():
    first, second = trial_of(), trial_of(301, 100.0, start_s=10.0)
    assert shared_span((first, second), (1.0, 12.5)) == pytest.approx((-1.0, 0.5))
    with pytest.raises(ViewerError, match="ALIGN_EVENT"):
        shared_span((first, second), (1.0, 9.0))


def test_curves_stand_at_the_time_from_the_event_each_side_by_itself():
    both = angles_of(("pelvic_tilt", "ankle_dorsiflexion_r", "ankle_dorsiflexion_l"))
    other = angles_of(("pelvic_tilt", "ankle_dorsiflexion_r", "ankle_dorsiflexion_l"), rate_hz=100.0)
    lanes = pair_lanes((both, other), (1.0, 0.4))
    assert [one.title for one in lanes] == ["pelvic tilt", "ankle dorsiflexion, right", "ankle dorsiflexion, left"]
    at_event = [float(np.interp(0.0, curve.time_s, curve.value_deg)) for curve in lanes[0].curves]
    assert at_event == pytest.approx([50.0, 40.0])
    assert lanes[0].words(1, 40) == "40.0° ± 0.5°"


def test_an_angle_of_one_trial_alone_says_so():
    lanes = pair_lanes((angles_of(("pelvic_tilt",)), None), (0.0, 0.0))
    assert [one.name for one in lanes] == ["pelvic_tilt"]
    assert lanes[0].words(1, 0) == "not shown"
    assert "after: not in this trial" in lanes[0].conventions(("before", "after"))


def test_angles_of_other_conventions_are_not_passed_off_as_one():
    first = angles_of(("pelvic_tilt",))
    same = pair_lanes((first, first), (0.0, 0.0))[0].conventions(("a", "b"))
    assert same == "pelvic tilt: + is anterior, 0 is level, reference: absolute"
    other = pair_lanes((first, angles_of(("pelvic_tilt",), "as standing")), (0.0, 0.0))[0].conventions(("a", "b"))
    assert "NOT THE SAME ANGLE: a: " in other and "0 is as standing" in other
    definition = replace(first.definitions[0], definition="of the skin")
    elsewhere = JointAngles((definition,), first.values, 50.0)
    assert "DEFINED DIFFERENTLY" in pair_lanes((first, elsewhere), (0.0, 0.0))[0].conventions(("a", "b"))
