"""An angle against depth: what is drawn, what a click means, what is read out, and why there is nothing."""

import dataclasses

import numpy as np
import pytest

from mocap.trial import AngleDefinition, Assessment, JointAngles, Metric, Points3D, Table, Trial
from mocap.viewer import curve_marks, depth_view
from tests.fixtures.assessed_trials import gait_trial, squat_trial

RATE, STANDING, DROP = 100.0, 0.95, 0.40
# Tilt by depth in parts of it: rises 30 deg to 0.7, and falls by 12 to the bottom; 2 deg more on the way up.
CORNER = (0.0, 0.7, 1.0), (10.0, 40.0, 28.0)


def closed_form(onset=0.7, depth_told=DROP):
    """One squat, down in a second and up in another, that begins 10 % late: height and tilt of it are known."""
    share = np.concatenate([np.linspace(0, 1, 101), np.linspace(1, 0, 101)[1:]])
    height = STANDING - DROP * share
    tilt = np.interp(share, *CORNER) + np.where(np.arange(201) > 100, 2.0, 0.0)
    said = AngleDefinition("pelvic_tilt", "the tilt", "", "anterior", "", "absolute", "", True, "")
    values = np.deg2rad(tilt)[:, None]
    angles = JointAngles((said,), values, RATE, sd=np.full_like(values, np.deg2rad(0.5)), start_s=3.0)
    columns = (
        Metric("start_time", "s", "", [3.1]), Metric("bottom_time", "s", "", [4.0]),
        Metric("end_time", "s", "", [4.9]), Metric("depth", "m", "", [depth_told]),
        Metric("wink_onset_depth", "1", "", [onset], low=[0.65], high=[0.75],
               reasons=("" if np.isfinite(onset) else "none",)),
    )  # fmt: skip
    points = Points3D(np.zeros((201, 1, 3)), ("a",), RATE, start_s=3.0)
    table = Table("repetitions", 1, columns)
    return Trial("t", points, angles=angles, assessments=(Assessment("squat", table),)), height


def test_the_tilt_against_depth_is_that_which_was_made():
    trial, height = closed_form()
    view = depth_view.depth_view(trial, height)
    (one,) = view.strands
    assert (one.title, one.first, one.bottom, one.last) == ("squat 1", 10, 100, 190)
    assert one.full_mm == pytest.approx(400.0)
    # Counted from standing as the assessment has it, though the descent was told to begin 40 mm lower.
    assert one.depth_mm[0] == pytest.approx(40.0)
    (x, y), (up_x, up_y) = depth_view.halves(one, percent=True)
    np.testing.assert_allclose(y, np.interp(x / 100, *CORNER), atol=1e-9)
    np.testing.assert_allclose(up_y[1:], np.interp(up_x[1:] / 100, *CORNER) + 2.0, atol=1e-9)
    assert x[-1] == up_x[0] == pytest.approx(100.0)
    assert (view.positive, view.meaning, view.reason) == ("anterior", "the tilt", "")


def test_the_onset_is_at_its_depth_and_at_the_frame_that_the_curves_over_time_mark():
    trial, height = closed_form()
    (one,) = depth_view.depth_view(trial, height).strands
    assert one.onset_frame == 70
    assert one.share[one.onset_frame - one.first] == pytest.approx(70.0)
    assert one.value_deg[one.onset_frame - one.first] == pytest.approx(40.0)
    (marked,) = curve_marks.onsets_of(trial, height)
    assert marked.time_s == pytest.approx(3.7)
    assert depth_view.onset_words(one) == "tuck from 70 % (65 to 75 %) = 280 mm"
    (none,) = depth_view.depth_view(*closed_form(onset=np.nan)).strands
    assert (none.onset, none.onset_frame) == (None, None)
    assert depth_view.onset_words(none) == "no onset of a tuck is told of it"


def test_the_read_out_tells_angle_and_depth_and_which_way():
    view = depth_view.depth_view(*closed_form())
    assert depth_view.readout(view, 50) == "squat 1, down: 31.4° ± 0.5° at 200 mm (50 % of 400 mm)"
    assert depth_view.readout(view, 100) == "squat 1, bottom: 28.0° ± 0.5° at 400 mm (100 % of 400 mm)"
    assert depth_view.readout(view, 150) == "squat 1, up: 33.4° ± 0.5° at 200 mm (50 % of 400 mm)"
    assert depth_view.readout(view, 3) == "between repetitions; the next one is squat 1, 400 mm deep"
    assert depth_view.readout(view, 199) == "between repetitions; the last one is squat 1, 400 mm deep"


def test_doubted_samples_are_left_out_as_the_assessment_leaves_them_out():
    trial, height = closed_form()
    reason = np.zeros((201, 1), np.uint8)
    reason[40:45], reason[60] = 1, 2
    words = ("", "label jumped", "near gimbal lock (second angle above 75 deg)")
    angles = dataclasses.replace(trial.angles, frame_reason=reason, frame_reason_words=words)
    view = depth_view.depth_view(dataclasses.replace(trial, angles=angles), height)
    (one,) = view.strands
    assert np.flatnonzero(np.isnan(one.value_deg)).tolist() == list(range(30, 35))  # the note is of a sound value
    assert "missing or doubted here at 164 mm" in depth_view.readout(view, 41)


def test_a_click_goes_to_the_nearest_sample_and_rather_of_the_repetition_that_is_looked_at():
    trial, height = closed_form()
    (one,) = depth_view.depth_view(trial, height).strands
    later = dataclasses.replace(one, first=one.first + 500, bottom=one.bottom + 500, last=one.last + 500,
                                value_deg=one.value_deg + 1.0)  # fmt: skip
    both, pixel = (one, later), (1.0, 0.1)
    at = (200.0, 10 + 30 * 0.5 / 0.7)
    assert depth_view.nearest(both, False, at, pixel, 0) == 50
    assert depth_view.nearest(both, True, (50.0, at[1]), pixel, 0) == 50
    above = at[0], at[1] + 0.6  # 6 px above the one, 4 below the other
    assert depth_view.nearest(both, False, above, pixel, 0) < 100
    assert depth_view.nearest(both, False, above, pixel, 1) > 500
    assert depth_view.nearest(both, False, (200.0, 0.0), pixel, 0) is None


def test_the_repetition_of_a_frame_is_its_own_or_the_next_or_the_last():
    strands = depth_view.depth_view(squat_trial(), hips(squat_trial())).strands
    assert len(strands) == 3
    for number, one in enumerate(strands):
        assert depth_view.strand_at(strands, one.bottom) == number
        assert depth_view.strand_at(strands, one.first - 1) == number
    assert depth_view.strand_at(strands, strands[-1].last + 50) == 2
    assert depth_view.strand_at((), 0) == -1


def hips(trial):
    at = [trial.segments.names.index(name) for name in ("femur_r", "femur_l")]
    return trial.segments.world_from_segment[:, at, 2, 3].mean(axis=1)


def test_many_repetitions_are_one_line_of_bounded_length_with_gaps_and_their_ends():
    lines = [(np.arange(300.0) + k, np.full(300, float(k))) for k in range(200)]
    x, y = depth_view.joined(lines, 6000)
    assert len(x) == len(y) <= 6000 + 2 * 200 + 200
    assert np.isnan(y).sum() == 200
    parts = np.split(x, np.flatnonzero(np.isnan(x)) + 1)[:-1]
    assert [(part[0], part[-2]) for part in parts] == [(k, k + 299.0) for k in range(200)]
    assert len(depth_view.joined([], 6000)[0]) == 0
    np.testing.assert_array_equal(depth_view.joined(lines[:1], 6000)[0][:-1], lines[0][0])


def test_each_thing_that_lacks_is_said_in_one_line():
    trial, height = closed_form()
    said = {
        "no angles": depth_view.depth_view(dataclasses.replace(trial, angles=None), height),
        "lumbar flexion is not among": depth_view.depth_view(trial, height, "lumbar_flexion"),
        "two hips are a line": depth_view.depth_view(squat_trial(seen=False), height),
        "run `mocap assess`": depth_view.depth_view(dataclasses.replace(trial, assessments=()), height),
        "what was assessed (gait)": depth_view.depth_view(gait_trial(), height),
        "poses neither of the thighs": depth_view.depth_view(trial, None),
        "missing in every repetition": depth_view.depth_view(trial, np.where(height < 0.6, np.nan, height)),
    }
    for words, view in said.items():
        assert words in view.reason
        assert "\n" not in view.reason
        assert view.strands == ()
    none = Assessment("squat", Table("repetitions", 0), notes=("no repetition: nobody squats",))
    assert "nobody squats" in depth_view.depth_view(dataclasses.replace(trial, assessments=(none,)), height).reason


def test_what_is_shown_holds_all_and_at_least_four_degrees():
    view = depth_view.depth_view(*closed_form())
    (left, right), (low, high) = depth_view.shown_range(view, percent=False)
    np.testing.assert_allclose([left, right, low, high], [0.0, 400.0, 10 + 30 * 0.1 / 0.7 - 0.5, 42.5])
    assert depth_view.shown_range(view, percent=True)[0] == (0.0, pytest.approx(100.0))
    assert depth_view.shown_range(depth_view.DepthView("pelvic_tilt"), True)[0] == (0.0, 100.0)
