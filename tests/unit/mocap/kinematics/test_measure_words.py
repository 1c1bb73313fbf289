"""A trial's measures say what their points went through, and carry the doubt about the vertical."""

from dataclasses import replace

import numpy as np

from mocap.kinematics.further.drafts import Draft, Words, finished
from mocap.pipeline.motion import analyse
from mocap.pipeline.reconstruction import GRAVITY_UNSTATED
from mocap.signal.filter_options import FilterOptions
from mocap.storage import read_trial, write_trial
from mocap.synthetic import default_subject, squat, static_standing
from mocap.trial import Trial

SUBJECT = default_subject()
STATIC = static_standing(SUBJECT, seconds=1.0).points
TRIAL = Trial("squat", squat(SUBJECT, repetitions=1).points)


def test_measures_name_the_filter_of_their_points_and_reach_the_file(tmp_path) -> None:
    analysed = analyse(TRIAL, STATIC, filtering=FilterOptions())
    for measure in analysed.segments.measures:
        assert measure.observable and "points: " in measure.method, measure.name
        assert not measure.reason, measure.name
    write_trial(tmp_path / "a.h5", analysed)
    found = read_trial(tmp_path / "a.h5").segments
    assert [one.method for one in found.measures] == [one.method for one in analysed.segments.measures]


def test_the_doubt_about_the_vertical_is_told_where_it_matters() -> None:
    analysed = analyse(replace(TRIAL, axis_source=GRAVITY_UNSTATED), STATIC)
    told = {one.name for one in analysed.segments.measures if GRAVITY_UNSTATED in one.reason}
    assert {"centre_of_mass", "heel_rise_r", "base_of_support_margin"} <= told
    assert not any(name.startswith("angular_velocity") for name in told)


def test_a_measure_without_a_value_has_a_reason() -> None:
    words, gone = Words("knee_over_toe_r", "m", "d", "p"), np.full(3, np.nan)
    drafts = [
        Draft(words, gone, "knee centre"), Draft(words, gone, "knee centre", "83.2 % of the body's mass seen"),
        Draft(words, gone, reason="needs RHEEL"), Draft(words, gone, "rotation", "no frame has neighbours"),
        Draft(words, np.zeros(3), "knee centre"),
    ]  # fmt: skip
    assert [one.reason for one in finished(drafts, {})] == [
        "no frame shows all it needs", "no frame shows all it needs; 83.2 % of the body's mass seen", "needs RHEEL",
        "no frame has neighbours", "",
    ]  # fmt: skip
