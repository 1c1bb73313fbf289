"""The smoothing spline against scipy's, and its cross-validation against leaving samples out."""

import numpy as np
import pytest
from scipy.interpolate import make_smoothing_spline

from mocap.signal.linear import filter_runs, noise_gain, operator
from mocap.signal.splines import SmoothingSpline, cross_validated, degrees_of_freedom

RATE = 100.0


def noisy_wave(seed: int, n_samples: int = 300, sd: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
    time = np.arange(n_samples) / RATE
    truth = np.stack([np.sin(2 * np.pi * 0.8 * time), np.cos(2 * np.pi * 0.8 * time), 0 * time], axis=1)
    return truth, truth + np.random.default_rng(seed).normal(0, sd, truth.shape)


@pytest.mark.parametrize("cutoff", [0.5, 3.0, 12.0, 40.0])
def test_it_is_the_natural_smoothing_spline_of_that_stiffness(cutoff):
    _, values = noisy_wave(0)
    linear, when = SmoothingSpline(cutoff, RATE), np.arange(300.0)
    other = make_smoothing_spline(when, values, lam=linear.stiffness)(when)
    assert np.abs(linear(values) - other).max() < 1e-7  # 4e-10 at the worst, 0.5 Hz


@pytest.mark.parametrize("cutoff", [0.5, 3.0, 12.0, 40.0])
def test_a_sine_at_the_cutoff_loses_three_decibels(cutoff):
    sine = np.sin(2 * np.pi * cutoff * np.arange(6000) / RATE)
    filtered, done = filter_runs(sine, SmoothingSpline(cutoff, RATE))
    inside = slice(1500, 4500)
    assert done.all()
    assert (filtered[inside] @ sine[inside]) / (sine[inside] @ sine[inside]) == pytest.approx(0.7071068, abs=1e-7)


def test_straight_lines_pass_at_any_stiffness():
    line = np.linspace(-3.0, 5.0, 200)
    assert np.abs(filter_runs(line, SmoothingSpline(0.5, RATE))[0] - line).max() < 1e-9  # 4e-11


def test_the_choice_is_the_least_of_the_exact_score():
    for seed in range(3):
        _, values = noisy_wave(seed)

        def score(cutoff: float, values: np.ndarray = values) -> float:
            rows = operator(SmoothingSpline(cutoff, RATE), 300)
            return float(((values - rows @ values) ** 2).sum() / (1 - np.trace(rows) / 300) ** 2)

        grid = np.geomspace(0.4, 45.0, 200)
        best = min(score(float(cutoff)) for cutoff in grid)
        chosen = cross_validated([values], RATE).cutoff_hz
        assert score(chosen) < best * (1 + 1e-4)  # never above 1 + 1e-7
        assert 1.2 < chosen < 6.0


@pytest.mark.parametrize("n_samples", [8, 20, 300])
def test_the_degrees_of_freedom_are_the_trace(n_samples):
    for cutoff in (0.5, 2.0, 6.0, 20.0, 45.0):
        linear = SmoothingSpline(cutoff, RATE)
        trace = np.trace(linear(np.eye(n_samples)))
        assert abs(degrees_of_freedom(n_samples, linear.stiffness) - trace) < 0.14  # 0.134


def test_the_choice_turns_with_the_axes_and_scales_with_the_unit():
    _, values = noisy_wave(4)
    values[:, 2] *= 0.2
    turn = np.linalg.qr(np.random.default_rng(5).normal(size=(3, 3)))[0]
    chosen = cross_validated([values], RATE).cutoff_hz
    assert cross_validated([1000 * values @ turn.T + 7], RATE).cutoff_hz == pytest.approx(chosen, rel=1e-4)
    assert cross_validated([values[::-1]], RATE).cutoff_hz == pytest.approx(chosen, rel=1e-4)
    assert cross_validated([values], 2 * RATE).cutoff_hz == pytest.approx(2 * chosen, rel=1e-6)


def test_the_spline_finds_the_motion_and_says_what_is_left_of_the_noise():
    errors, gains = [], []
    for seed in range(20):
        truth, values = noisy_wave(100 + seed)
        linear = cross_validated([values], RATE)
        errors.append(np.square(linear(values) - truth)[20:-20].mean())
        gains.append(noise_gain(linear, 300)[20:-20].mean())
    error = np.sqrt(np.mean(errors))
    assert error < 0.016  # 0.0129 of 0.05
    # Beside the noise that passes the spline leaves as much of the motion away: 1.10.
    assert 0.9 < error / (0.05 * np.sqrt(np.mean(gains))) < 1.3


def test_what_stands_still_or_has_no_noise_has_a_cutoff_all_the_same():
    assert cross_validated([np.ones((50, 3))], RATE).cutoff_hz >= 0.4
    exact = np.sin(np.arange(400) / 20)[:, None] * np.ones(3)
    linear = cross_validated([exact], RATE)
    assert np.abs(linear(exact) - exact).max() < 1e-4  # 8e-6
