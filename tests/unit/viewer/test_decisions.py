"""What can be decided, and what was, in rows and words."""

from dataclasses import replace

import numpy as np
import pytest

from mocap.assessment.decisions import with_decisions
from mocap.errors import ViewerError
from mocap.trial import Assessment, Event, Keypoints2D, Metric, Points3D, Rejected, Table, Trial, Words
from mocap.viewer.decisions import (
    Signature,
    camera_out,
    change_words,
    exchanged,
    gone_words,
    marked,
    missing,
    pairs_of,
    rows_of,
)
from mocap.viewer.parts import TrialParts
from mocap.viewer.review import Decision, Review
from tests.fixtures.assessed_trials import squat_trial

AB = Signature("blurred", "AB")


def bare(**more) -> Trial:
    points = Points3D(np.zeros((10, 3, 3)), ("LKNE", "RKNE", "C7"), 10.0)
    return Trial("t", points, **more)


def test_repetitions_and_what_was_not_taken_stand_in_the_order_of_time():
    made = squat_trial((0.0, 8.0))
    assessment = made.assessments[0]
    at = float(assessment.repetitions["bottom_time"].values[0])
    events = (Event(at, "squat_accepted", source="edited", note="looked at", replaces_s=at, initials="AB"),)
    assessment = replace(with_decisions(assessment, events), rejected=(Rejected(0.0, 0.2, 0.4, "too shallow"),))
    first, one, two = rows_of(replace(made, assessments=(assessment,)))
    assert (first.name, first.number, first.counts, first.words) == ("squat (not taken)", 0, False, "too shallow")
    assert first.span_s == (0.0, 0.4)
    assert (one.name, one.counts, one.words) == ("squat 1", True, "accepted by AB: looked at")
    assert one.at_s == at and one.instants["bottom"] == at and list(one.instants) == ["start", "bottom", "end"]
    assert (two.name, two.words) == ("squat 2", "")
    assert rows_of(bare()) == ()


def test_cycles_go_by_their_start_and_foot_and_say_why_they_are_left_out():
    columns = tuple(Metric(f"{name}_time", "s", "", values) for name, values in (
        ("start", [1.0, 0.5]), ("off", [1.6, 1.1]), ("end", [2.0, 1.5]))
    )  # fmt: skip
    told = (Words("side", "", ("left", "right")), Words("left_out", "", ("cut off", "")))
    made = Assessment("gait", Table("cycles", 2, columns, told))
    right, left = rows_of(bare(assessments=(made,)))
    assert (right.name, right.at_s, right.counts, right.words) == ("gait 2 right", 0.5, True, "")
    assert (left.name, left.side, left.counts, left.words) == ("gait 1 left", "left", False, "cut off")
    assert list(left.instants) == ["start", "off", "end"]


def test_a_moved_instant_that_went_with_its_repetition_is_told():
    moved = Event(4.13, "squat_bottom", source="edited", replaces_s=3.93)
    rejected = Event(float("nan"), "squat_bottom", source="edited", replaces_s=3.93)
    accepted = Event(3.93, "squat_accepted", source="edited", replaces_s=3.93)
    before, after, later = (
        Review(bare(), TrialParts(bare()), decisions=(Decision(words, one),))
        for words, one in (("squat bottom to 4.13 s", moved), ("rejected", rejected), ("accepted", accepted))
    )
    assert gone_words(before, after) == "With it went: squat bottom to 4.13 s. Undo brings that back."
    assert gone_words(after, later) == gone_words(later, after) == gone_words(before, before) == ""


def test_an_assessment_without_repetitions_has_no_rows():
    assert rows_of(bare(assessments=(Assessment("squat", Table("repetitions", 0)),))) == ()


def test_a_decision_is_signed_and_what_is_left_out_has_a_reason():
    assert Signature(" a b ", " AB ").checked() == Signature("a b", "AB")
    with pytest.raises(ViewerError, match="DECISION_UNSIGNED"):
        Signature("why", " ").checked()
    assert Signature("", "AB").checked() == Signature("", "AB")
    with pytest.raises(ViewerError, match="DECISION_REASON"):
        Signature(" ", "AB").checked(reason_needed=True)


def test_edits_are_of_the_span_and_signed():
    names = ("LKNE", "RKNE", "C7", "L_Toe", "R_Toe")
    assert pairs_of(names) == [("RKNE", "LKNE"), ("R_Toe", "L_Toe")]
    assert pairs_of(names, "LKNE") == [("RKNE", "LKNE")] and pairs_of(names, "C7") == []
    (swap,) = exchanged(pairs_of(names), 3, 7, AB)
    assert (swap.kind, swap.points, swap.first, swap.last) == ("exchanged", ("RKNE", "LKNE", "R_Toe", "L_Toe"), 3, 7)
    assert (swap.reason, swap.initials) == ("blurred", "AB")
    with pytest.raises(ViewerError, match="DECISION_PAIRS"):
        exchanged([], 3, 7, AB)
    (gone,), (out,), (mark,) = (missing(names[:2], 0, 1, AB), camera_out("cam_1", [], 2, 4, AB),
                                marked("cam_1", "C7", (5.0, 6.0), 9, AB))  # fmt: skip
    assert (gone.kind, gone.points) == ("missing", ("LKNE", "RKNE"))
    assert (out.kind, out.camera, out.points) == ("camera left out", "cam_1", ())
    assert (mark.pixel, mark.first, mark.last, mark.points) == ((5.0, 6.0), 9, 9, ("C7",))


def test_who_decided_and_why_is_told_of_edits_and_events():
    event = Event(1.0, "squat_accepted", source="edited", note="held", initials="CD")
    assert Decision("", event).signed == "CD: held"
    assert Decision("", missing(["C7"], 0, 1, AB)[0]).signed == "AB: blurred"
    assert Decision("", Event(1.0, "x", source="edited")).signed == ""


def test_how_a_mark_moved_its_point_is_told_in_mm_and_px():
    made = squat_trial()
    from calibration.synthetic import ring_rig

    rig = ring_rig(3, 1)
    names, shape = made.points.names, made.points.position.shape[:2]
    seen = Keypoints2D(np.ones((3, *shape, 2)), np.ones((3, *shape)), names, 50.0)
    before, after = (
        replace(made, rig=rig, keypoints=seen, points=replace(
            made.points, position=made.points.position + shift,
            reprojection_error=np.full((3, *shape), error, np.float32)))
        for shift, error in ((0.0, 4.0), (np.array([0.0, 0.003, 0.004]), 0.5))
    )  # fmt: skip
    reviews = [Review(one, TrialParts(one)) for one in (before, after)]
    words = change_words(*reviews, names[3], rig.names[1], 10)
    assert words == f"{names[3]} moved by 5.0 mm; its error in {rig.names[1]}: 4.0 px, now 0.5 px."
    assert change_words(*reviews, "nobody", rig.names[1], 10) == ""
    off = after.points.reprojection_error.copy()
    off[1, 10, 3] = 9.0  # the others: 0.5 px
    outvoted = replace(after, points=replace(after.points, reprojection_error=off))
    words = change_words(reviews[0], Review(outvoted, TrialParts(outvoted)), names[3], rig.names[1], 10)
    assert words.endswith("now 9.0 px. The other cameras do not agree with this mark, and outvote it.")
