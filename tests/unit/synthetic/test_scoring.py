"""Scores of curves whose errors are known in closed form, and the mistakes that they name."""

import numpy as np
import pytest

from mocap.synthetic.scoring import score_curve, score_points

TIME = np.arange(400) / 50.0
TRUTH = 20.0 + 15.0 * np.sin(TIME) + 4.0 * np.cos(3.1 * TIME)
NO_SD = np.full(400, np.nan)


def test_errors_are_those_that_were_made():
    error = 0.7 + np.random.default_rng(1).normal(0.0, 0.5, 400)
    found = score_curve(TIME, TRUTH + error, np.full(400, 0.5), TIME, TRUTH)
    assert found.rmse == pytest.approx(np.sqrt(np.mean(error**2))) and found.bias == pytest.approx(error.mean())
    assert found.largest == pytest.approx(np.abs(error).max()) and found.n == 400
    assert found.rmse_without_bias == pytest.approx(error.std())
    assert found.coverage == pytest.approx(np.mean(np.abs(error) <= 1.96 * 0.5), abs=0.005)
    assert found.missing == 0.0 and found.hints == ()


def test_an_honest_uncertainty_covers_95_percent():
    time, rng = np.arange(20000) / 50.0, np.random.default_rng(2)
    found = score_curve(time, np.sin(time) + rng.normal(0, 2.0, 20000), np.full(20000, 2.0), time, np.sin(time))
    assert abs(found.coverage - 0.95) < 0.005


def test_what_is_not_known_is_missing_and_not_wrong():
    values = TRUTH.copy()
    values[100:200] = np.nan
    found = score_curve(TIME, values, NO_SD, TIME, TRUTH)
    assert found.rmse == 0.0 and found.missing == pytest.approx(0.25) and np.isnan(found.coverage)
    nothing = score_curve(TIME, np.full(400, np.nan), NO_SD, TIME, TRUTH)
    assert np.isnan(nothing.rmse) and nothing.missing == 1.0 and nothing.n == 0 and nothing.hints == ()
    assert score_curve(TIME[::2], TRUTH[::2], NO_SD[::2], TIME, TRUTH).missing == pytest.approx(0.5)


def test_answers_between_frames_are_held_to_the_curve():
    fine = np.arange(0, 7.9, 0.003)
    values = 20.0 + 15.0 * np.sin(fine) + 4.0 * np.cos(3.1 * fine)
    assert score_curve(fine, values, np.full(len(fine), np.nan), TIME, TRUTH).rmse < 1e-4


@pytest.mark.parametrize(
    ("answer", "words"),
    [(-TRUTH, "the sign is the other way round"), (np.deg2rad(TRUTH), "it is in radians; degrees are asked for"),
     (TRUTH + 12.0, "a constant offset of +12.0 deg: another zero"), (TRUTH + 90.0, "it is off by 90 deg"),
     (np.interp(TIME - 0.2, TIME, TRUTH), "it is 0.20 s late"), (np.interp(TIME + 0.1, TIME, TRUTH), "0.10 s early"),
     (30.0 - TRUTH, "the sign is the other way round, and another zero"),
     (-np.deg2rad(TRUTH), "it is in radians, and the sign is the other way round"),
     (np.rad2deg(TRUTH), "degrees were taken for radians")],
)  # fmt: skip
def test_a_simple_mistake_is_named(answer, words):
    noise = np.random.default_rng(3).normal(0, 0.1, 400) * (0.02 if np.abs(answer).max() < 2 else 1.0)
    (hint,) = score_curve(TIME, answer + noise, NO_SD, TIME, TRUTH).hints
    assert words in hint


def test_noise_has_no_simple_explanation():
    noisy = TRUTH + np.random.default_rng(4).normal(0.0, 6.0, 400)
    assert score_curve(TIME, noisy, NO_SD, TIME, TRUTH).hints == ()


def test_points_are_scored_in_mm_and_their_unit_is_told():
    rng = np.random.default_rng(5)
    truth = rng.normal(size=(400, 6, 3))
    error = rng.normal(0, 0.003, truth.shape)
    found = score_points(TIME, truth + error, TIME, truth)
    assert found.rmse == pytest.approx(1e3 * np.sqrt((error**2).sum(axis=2).mean())) and found.hints == ()
    assert score_points(TIME, 1e3 * truth, TIME, truth).hints == ("the points are in mm; m are asked for",)
    assert score_points(TIME, truth[..., [1, 2, 0]], TIME, truth).hints == ("Y is up in the points; Z is asked for",)
    gone = truth.copy()
    gone[:, :3] = np.nan
    assert score_points(TIME, gone, TIME, truth).missing == pytest.approx(0.5)
