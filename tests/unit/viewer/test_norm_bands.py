"""What angles are set beside: a norm stretched between the strikes of its side, and the person's own standing."""

import dataclasses

import numpy as np
import pytest

from mocap.trial import Assessment, Metric, Points3D, Table, Trial, Words
from mocap.viewer.norm_bands import NORM, STANDING, bands_of, why_no_norm
from tests.fixtures.assessed_trials import gait_trial, squat_trial

PERCENT = np.array([0.0, 25.0, 60.0, 100.0])
RIGHT, LEFT = ((1.0, 2.0), (2.0, 3.2)), ((1.4, 2.6),)


def walk(variable="hip_flexion", note="norm set 'ours': Walks of ours; grown-ups, own; our lab. Judge yourself."):
    """A walk with two right cycles and a left one, and a norm of one variable that is told at four points."""
    spans = [(*span, "right") for span in RIGHT] + [(*span, "left") for span in LEFT]
    cycles = Table("repetitions", 3, (
        Metric("start_time", "s", "", [one[0] for one in spans]),
        Metric("end_time", "s", "", [one[1] for one in spans]),
    ), (Words("side", "", tuple(one[2] for one in spans)),))  # fmt: skip
    mean = np.array([30.0, 10.0, -5.0, 31.0])
    norm = Table("norm_points", 8, (
        Metric("cycle", "%", "", np.tile(PERCENT, 2)), Metric("norm_mean", "deg", "Mean of 'ours'.", np.tile(mean, 2)),
        Metric("norm_sd", "deg", "", np.tile([5.0, 4.0, 3.0, 2.0], 2)),
    ), (Words("variable", "", (variable,) * 8), Words("side", "", ("right",) * 4 + ("left",) * 4)))  # fmt: skip
    made = Assessment("gait", cycles, tables=(norm,), notes=("something else", note))
    return Trial("w", Points3D(np.zeros((400, 1, 3)), ("a",), 100.0), assessments=(made,))


def test_the_norm_lies_between_the_strikes_of_its_own_side():
    (right,) = bands_of(walk(), "hip_flexion_r")
    assert (right.kind, right.short) == (NORM, "norm ours")
    np.testing.assert_allclose(right.pieces[0][0], [1.0, 1.25, 1.6, 2.0])
    np.testing.assert_allclose(right.pieces[1][0], [2.0, 2.3, 2.72, 3.2])
    for _, low, high in right.pieces:
        np.testing.assert_allclose(low, [25.0, 6.0, -8.0, 29.0])
        np.testing.assert_allclose(high, [35.0, 14.0, -2.0, 33.0])
    (left,) = bands_of(walk(), "hip_flexion_l")
    assert len(left.pieces) == 1
    np.testing.assert_allclose(left.pieces[0][0], [1.4, 1.7, 2.12, 2.6])
    assert bands_of(walk(), "knee_flexion_r") == ()


def test_its_source_and_that_it_tells_no_number_of_people_are_said():
    (band,) = bands_of(walk(), "hip_flexion_l")
    assert "'ours': Walks of ours; grown-ups, own; our lab. Judge yourself. Told at 4 points" in band.words
    assert "1 left cycle" in band.words
    assert "How many people were measured is not told" in band.words
    (unnamed,) = bands_of(walk(note="nothing"), "hip_flexion_l")
    assert "Mean of 'ours'." in unnamed.words


def test_an_angle_of_the_midline_goes_by_the_side_with_more_cycles():
    (band,) = bands_of(walk("pelvic_tilt"), "pelvic_tilt")
    assert [piece[0][0] for piece in band.pieces] == [1.0, 2.0]
    assert bands_of(walk("pelvic_tilt"), "pelvic_tilt_conventional") == ()  # another convention


def test_over_left_cycles_what_is_told_of_the_own_side_is_turned():
    trial = walk("pelvic_obliquity")
    table = trial.assessments[0].repetitions
    turned = dataclasses.replace(table, words=(Words("side", "", ("left", "left", "right")),))
    trial = dataclasses.replace(trial, assessments=(dataclasses.replace(trial.assessments[0], repetitions=turned),))
    (band,) = bands_of(trial, "pelvic_obliquity")
    np.testing.assert_allclose(band.pieces[0][1], [-35.0, -14.0, 2.0, -33.0])
    np.testing.assert_allclose(band.pieces[0][2], [-25.0, -6.0, 8.0, -29.0])


def test_the_own_standing_lies_behind_the_whole_recording():
    told = {"neutral_pelvic_tilt_deg": 9.6, "neutral_pelvic_tilt_sd_deg": 0.3, "static_quiet_s": 3.0,
            "static_trial": "standing"}  # fmt: skip
    trial = dataclasses.replace(squat_trial(), subject=told)
    (band,) = bands_of(trial, "pelvic_tilt")
    ((time, low, high),) = band.pieces
    assert band.kind == STANDING
    np.testing.assert_allclose(time, [0.0, (trial.points.n_frames - 1) / 50.0])
    np.testing.assert_allclose([*low, *high], [9.3, 9.3, 9.9, 9.9])
    assert "'standing', 3.0 s: 9.6° ± 0.3° (1 SD over its frames; n = 1, this person)" in band.words
    assert bands_of(trial, "knee_flexion_r") == ()
    assert why_no_norm(trial) == ""


def test_where_there_is_nothing_it_says_why_and_makes_nothing_up():
    assert bands_of(squat_trial(), "pelvic_tilt") == ()
    assert "norm sets are known of gait alone" in why_no_norm(squat_trial())
    assert "no norm set was named" in why_no_norm(gait_trial(norm=False))
    assert why_no_norm(gait_trial()) == ""


def test_the_reach_is_of_the_pieces_that_are_seen():
    (band,) = bands_of(walk(), "hip_flexion_r")
    assert band.reach(0.0, 4.0) == (-8.0, 35.0)
    assert band.reach(3.3, 4.0) is None
    assert band.reach(3.0, 4.0) == (pytest.approx(-8.0), pytest.approx(35.0))
