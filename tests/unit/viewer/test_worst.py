"""The worst moments of a recording: each once, ranked, with the frame, the point and the camera that caused it."""

import numpy as np
import pytest

from mocap.schema import Status
from mocap.trial import Points3D, Trial, Verdict
from mocap.viewer.parts import TrialParts
from mocap.viewer.ribbon import Mark, marks_of, ribbon_of
from mocap.viewer.worst import (
    MOST,
    bends_m,
    failed_verdicts,
    jump_troubles,
    peaks,
    run_troubles,
    runs_of,
    sample_words,
    survey,
)

RATE_HZ = 100.0
N = 1000


def walk(n_points=4):
    """Points on smooth paths, (time, point, 3) in m, as fast as limbs are."""
    time = np.arange(N)[:, None] / RATE_HZ
    return np.stack([np.sin(time + np.arange(n_points)), 0.1 * time + 0 * np.arange(n_points), 1 + 0 * time * np.ones(
        n_points)], axis=2)


def trial_of(errors=None, status=None, position=None, n_views=None, quality=()):
    position = walk() if position is None else position
    points = Points3D(position, tuple("abcd"), RATE_HZ, status=status, reprojection_error=errors, n_views=n_views)
    return Trial("t", points, quality=quality)


def looked_through(trial):
    found = list(survey(trial, TrialParts(trial)))
    assert [one.share for one in found] == sorted(one.share for one in found)
    return found[-1]


def quiet_errors():
    return np.random.default_rng(3).uniform(0.5, 1.0, (3, N, 4)).astype(np.float32)


def test_a_single_spike_is_the_worst_moment_with_its_camera():
    errors = quiet_errors()
    errors[2, 417, 1] = 34.0
    worst = looked_through(trial_of(errors)).moments[0]
    assert (worst.frame, worst.first, worst.last, worst.point, worst.camera) == (417, 417, 417, "b", "camera 3")
    assert worst.what == "error 34 px in camera 3" and worst.others == 0 and worst.score > 5


def test_a_view_that_was_left_out_counts_only_among_all_views():
    errors = quiet_errors()
    errors[0, 200, 3] = 250.0
    found = looked_through(trial_of(errors, n_views=np.where(errors > 9, 2, 3).min(axis=0).astype(np.uint8)))
    assert found.all_moments[0].what == "error 250 px in camera 1"
    assert all(one.score < 1 for one in found.moments)
    assert sample_words(found.ribbon, 3, 200).endswith("250 px in camera 1, a view left out")


def test_what_happens_at_once_is_one_moment_and_what_lies_apart_is_two():
    errors = quiet_errors()
    errors[1, 300:310, 0] = 20.0
    errors[1, 304, 2] = 25.0
    errors[0, 308, 3] = 11.0  # within 0.2 s of a higher one
    errors[0, 400, 3] = 12.0
    bad = [one for one in looked_through(trial_of(errors)).moments if one.score >= 1]
    assert [(one.frame, one.point, one.others) for one in bad] == [(304, "c", 1), (400, "d", 0)]
    assert (bad[0].first, bad[0].last) == (300, 309)


def test_gaps_are_told_by_their_length_and_the_longest_comes_first():
    status = np.full((N, 4), Status.MEASURED, np.uint8)
    position = walk()
    status[100:140, 0] = Status.FILLED
    position[300:400, 1:3] = np.nan
    status[300:400, 1:3] = 0
    position[:, 3] = np.nan
    status[700:702, 0] = Status.REJECTED
    moments = looked_through(trial_of(status=status, position=position)).moments
    told = [(one.what, one.point, one.others, one.first, one.last) for one in moments]
    assert told == [
        ("missing for the whole recording", "d", 0, 0, 999),
        ("missing for 1.00 s", "b", 1, 300, 399),
        ("gap of 0.40 s, filled", "a", 0, 100, 139),
        ("rejected for 0.02 s", "a", 0, 700, 701),
    ]


def test_a_jump_tells_where_there_are_no_cameras():
    position = walk()
    position[500:, 2] += [0.0, 0.06, 0.0]
    position[800, 1] += [0.0, 0.0, 0.09]
    found = looked_through(trial_of(position=position))
    assert found.ribbon.error_px is None
    assert [(one.frame, one.point, one.what) for one in found.moments] == [
        (800, "b", "jump of 90 mm"), (499, "c", "jump of 30 mm")]


@pytest.mark.parametrize("noise_m", [0.0, 0.002])
def test_an_even_movement_has_no_jumps(noise_m):
    position = walk() + noise_m * np.random.default_rng(1).standard_normal((N, 4, 3))
    points = Points3D(position, tuple("abcd"), RATE_HZ)
    assert jump_troubles(points, marks_of(points)) == []


def test_rejected_samples_take_no_part_in_jumps():
    position = walk(1)
    position[50] = 9.0
    left_out = np.zeros((N, 1), bool)
    left_out[50] = True
    bends = bends_m(position, left_out)
    assert np.isnan(bends[[0, 49, 50, 51, N - 1], 0]).all()
    assert np.nanmax(bends) < 1e-3


def test_bends_are_the_same_across_the_pieces_of_a_long_recording():
    position = np.random.default_rng(2).standard_normal((4100, 1, 3))
    expected = np.linalg.norm(position[1:-1] - 0.5 * (position[:-2] + position[2:]), axis=2)
    np.testing.assert_allclose(bends_m(position, np.zeros((4100, 1), bool))[1:-1], expected, rtol=1e-6)
    assert np.isnan(bends_m(position[:2], np.zeros((2, 1), bool))).all()


def test_runs_and_peaks():
    flags = np.array([[1, 0, 1, 1], [0, 0, 0, 0], [1, 1, 1, 1]], bool)
    assert [part.tolist() for part in runs_of(flags)] == [[0, 0, 2], [0, 2, 0], [0, 3, 3]]
    assert peaks(np.array([0, 5, 9, 6, 0, 0, 8, 0.0]), 1, 4.0) == [(2, 1, 3), (6, 6, 6)]
    assert peaks(np.array([0, 5, 9, 6, 0, 0, 8, 0.0]), 4, 4.0) == [(2, 1, 3)]
    assert len(peaks(np.tile([0.0, 9.0], 500), 1, 4.0)) == MOST


def test_flicker_all_over_a_recording_stays_a_short_list():
    status = np.full((N, 4), Status.MEASURED, np.uint8)
    status[::2] = Status.REJECTED
    trial = trial_of(status=status)
    assert len(run_troubles(ribbon_of(trial), Mark.REJECTED)) == MOST


def test_checks_that_were_not_passed_are_told():
    verdicts = (Verdict("point sd", 34.22, 30.0, "mm", False, "median"), Verdict("leaps", 0, 0, "", True))
    assert failed_verdicts(verdicts) == (("point sd: 34.2 mm, limit 30 mm", "median"),)
