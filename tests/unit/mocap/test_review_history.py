"""Decisions of several reviewers: whose word stands."""

import pytest

from mocap.errors import AssessmentError
from mocap.pipeline.review_history import Decided, check_overrules
from mocap.trial import Event, PointEdit

NAN = float("nan")
MINE = PointEdit("missing", 1, 2, ("LASI",))
REJECTED = Event(NAN, "squat_bottom", source="edited", note="lost balance", replaces_s=3.9, initials="CD")
ACCEPTED = Event(3.9, "squat_accepted", source="edited", replaces_s=3.9, initials="AB")


def test_nobody_overrules_what_the_window_never_showed():
    with pytest.raises(AssessmentError, match="DECIDED_ELSEWHERE"):
        check_overrules(Decided((MINE,), ()), Decided((MINE,), (REJECTED,)), Decided((MINE,), (ACCEPTED,)))


def test_what_was_shown_may_be_overruled_and_what_others_decided_besides_stays():
    check_overrules(Decided((), (REJECTED,)), Decided((), (REJECTED,)), Decided((), (ACCEPTED,)))
    check_overrules(Decided((MINE,), ()), Decided((MINE,), (REJECTED,)), Decided((), (REJECTED, ACCEPTED)))
