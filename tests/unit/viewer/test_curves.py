"""Which angles stand together, what of them a screen shows, and what is marked in them."""

import dataclasses

import numpy as np
import pytest

from mocap.errors import ShapeError
from mocap.trial import AngleDefinition, Assessment, JointAngles, Metric, Points3D, Table, Trial
from mocap.viewer import curve_marks, lanes
from mocap.viewer.review import RawAngles
from tests.fixtures.assessed_trials import squat_trial


def angles(*names, missing=()):
    said = tuple(AngleDefinition(name, "", "", "", "", "absolute", "", name not in missing,
                                 "two hips are a line" if name in missing else "") for name in names)  # fmt: skip
    values = np.tile(np.linspace(0, 1, 200)[:, None], (1, len(names)))
    values[:, [name in missing for name in names]] = np.nan
    return JointAngles(said, values, 100.0, sd=np.full_like(values, 0.02))


def test_both_sides_of_a_joint_stand_together():
    told = angles("ankle_dorsiflexion_r", "pelvic_tilt", "ankle_dorsiflexion_l", "knee_flexion_r")
    lane = lanes.lane_of(told, "ankle_dorsiflexion")
    assert [curve.name for curve in lane.curves] == ["ankle_dorsiflexion_r", "ankle_dorsiflexion_l"]
    assert lane.sides == ("right", "left")
    assert lanes.lane_of(told, "knee_flexion").sides == ("right",)
    assert lanes.lane_of(told, "pelvic_tilt").sides == ("centre",)
    assert lanes.lane_names(told) == ("ankle_dorsiflexion", "pelvic_tilt", "knee_flexion")
    with pytest.raises(ShapeError):
        lanes.lane_of(told, "lumbar_flexion")


def test_tilt_lumbar_flexion_and_dorsiflexion_come_first_and_say_why_they_are_not_shown():
    names = "knee_flexion_r", "pelvic_tilt", "lumbar_flexion", "ankle_dorsiflexion_l"
    told = angles(*names, missing=("lumbar_flexion",))
    assert lanes.first_lanes(told) == ("pelvic_tilt", "lumbar_flexion", "ankle_dorsiflexion")
    assert lanes.lane_of(told, "lumbar_flexion").reason == "not observable: two hips are a line"
    assert lanes.lane_names(told)[-1] == "lumbar_flexion"
    assert lanes.first_lanes(angles("imported_hip", "imported_knee")) == ("imported_hip",)


@pytest.mark.parametrize("seed", range(60))
def test_thinning_hides_no_extreme_and_no_gap(seed):
    rng = np.random.default_rng(seed)
    n, most = int(rng.integers(1, 400)), int(rng.integers(1, 50))
    values = rng.normal(size=n)
    values[rng.random(n) < 0.02] = np.nan
    first, last = sorted(rng.integers(0, n, size=2).tolist())
    frame, low, high = lanes.thinned(values, first, last, most)
    part = values[first : last + 1]
    assert len(frame) <= most
    assert first <= frame[0] <= frame[-1] <= last
    assert np.isnan(low).any() == np.isnan(part).any()
    if np.isfinite(part).all():
        assert (low.min(), high.max()) == (part.min(), part.max())
    if len(part) <= most:
        np.testing.assert_array_equal(lanes.zigzag(frame, low, high)[1], part)


def test_a_single_frame_of_sixty_thousand_shows():
    values = np.zeros(60_000)
    values[43_210] = 50.0
    frame, low, high = lanes.thinned(values, 0, 59_999, 700)
    assert high.max() == 50.0
    assert abs(frame[high.argmax()] - 43_210) < 60_000 / 700
    x, y = lanes.zigzag(frame, low, high)
    assert len(x) == len(y) == 2 * len(frame)


def test_a_plot_never_shows_less_than_four_degrees():
    lane = lanes.lane_of(angles("pelvic_tilt"), "pelvic_tilt")
    low, high = lanes.shown_range(lane, 0, 199)
    np.testing.assert_allclose([low, high], np.rad2deg([-0.02, 1.02]))
    low, high = lanes.shown_range(lane, 5, 6)
    assert high - low == pytest.approx(4.0)
    assert lanes.shown_range(lanes.lane_of(angles("a", missing=("a",)), "a"), 0, 199) == (-1.0, 1.0)


def test_the_onset_of_the_tuck_is_where_the_descent_passes_its_depth():
    height = np.concatenate([np.full(50, 1.0), np.linspace(1.0, 0.5, 101), np.linspace(0.5, 1.0, 101)])
    assert curve_marks.passed(height, 50, 150, 0.6, 1.0) == 110  # 60 of 100 steps down from frame 50
    assert curve_marks.passed(height, 60, 150, 0.6, 1.0) == 110  # though it was told to begin late
    assert curve_marks.passed(height, 50, 150, 0.0, 1.0) == 50
    assert curve_marks.passed(np.full(10, np.nan), 0, 9, 0.5, 1.0) is None
    columns = (Metric("start_time", "s", "", [0.5]), Metric("bottom_time", "s", "", [1.5]),
               Metric("wink_onset_depth", "1", "", [0.6], low=[0.55], high=[0.7]))  # fmt: skip
    points = Points3D(np.zeros((len(height), 1, 3)), ("a",), 100.0)
    trial = Trial("t", points, assessments=(Assessment("squat", Table("repetitions", 1, columns)),))
    (onset,) = curve_marks.onsets_of(trial, height)
    assert onset.time_s == pytest.approx(1.10)
    assert onset.text == "the tuck of squat 1 begins at 60 % of its depth (55 to 70 %)"
    assert curve_marks.onsets_of(trial, None) == ()
    assert curve_marks.onsets_of(trial, height[:120]) == ()  # a repetition beyond the end, as of a recording cut short


def test_bottoms_are_those_of_the_assessment_and_no_tuck_has_no_onset():
    trial = squat_trial(winks=(0.0, 8.0))
    table = trial.assessments[0].repetitions
    bottoms = curve_marks.bottoms_of(trial)
    np.testing.assert_allclose([one.time_s for one in bottoms], table["bottom_time"].values)
    height = trial.segments.world_from_segment[:, trial.segments.names.index("pelvis"), 2, 3]
    assert len(curve_marks.onsets_of(trial, height)) == 1


def test_doubted_frames_come_with_their_reason():
    told = angles("pelvic_tilt", "knee_flexion_r")
    reason = np.zeros((200, 2), np.uint8)
    reason[20:30, 0], reason[50, 0] = 1, 2
    told = dataclasses.replace(told, frame_reason=reason, frame_reason_words=("", "label jumped", "one camera"))
    assert curve_marks.doubts_of(told, "pelvic_tilt") == ((20, 29, "label jumped"), (50, 50, "one camera"))
    assert curve_marks.doubts_of(told, "knee_flexion_r") == ()


def test_notes_of_sound_values_are_no_doubts_and_what_is_missing_says_why():
    told = angles("pelvic_tilt")
    reason = np.zeros((200, 1), np.uint8)
    reason[20:30], reason[50], reason[60] = 1, 2, 3
    values = told.values.copy()
    values[60] = np.nan
    words = ("", "label jumped", "near gimbal lock (second angle above 75 deg)", "a marker is missing")
    told = dataclasses.replace(told, values=values, frame_reason=reason, frame_reason_words=words)
    doubts = curve_marks.doubts_of(told, "pelvic_tilt")
    assert doubts == ((20, 29, "label jumped"), (60, 60, "a marker is missing"))
    said = [curve_marks.doubt_at(doubts, frame) for frame in (19, 20, 29, 30, 50, 60, 199)]
    assert said == ["", "label jumped", "label jumped", "", "", "a marker is missing", ""]
    assert curve_marks.doubt_at((), 3) == ""


def test_angles_of_raw_points_stand_beneath_their_own_curve():
    told = angles("pelvic_tilt", "knee_flexion_r", missing=("knee_flexion_r",))
    raw = RawAngles(("pelvic_tilt", "knee_flexion_r"), np.rad2deg(told.values).astype(np.float32) + 1)
    tilt, knee = (lanes.lane_of(told, name).curves[0] for name in ("pelvic_tilt", "knee_flexion"))
    beneath = lanes.raw_curve(tilt, raw)
    np.testing.assert_allclose(beneath.value_deg, tilt.value_deg + 1, rtol=1e-6)
    assert lanes.raw_curve(knee, raw) is None  # it has no value
    assert lanes.raw_curve(tilt, RawAngles(("pelvic_tilt",), raw.values_deg[:100])) is None  # of another recording
    assert lanes.raw_curve(tilt, RawAngles((), raw.values_deg)) is None
