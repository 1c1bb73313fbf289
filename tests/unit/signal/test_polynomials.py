"""Savitzky-Golay filter, smoothing spline, Hampel's filter and residual analysis against what they promise."""

import numpy as np
import pytest

from mocap.errors import ConfigError
from mocap.signal.outliers import hampel
from mocap.signal.polynomials import (
    savgol,
    savgol_cutoff,
    savgol_variance_gain,
    savgol_window,
    smoothing_spline,
)
from mocap.signal.residuals import residual_analysis

RATE = 100.0


def test_a_wave_at_the_cutoff_keeps_its_half_power():
    for window in (7, 15, 31):
        cutoff = savgol_cutoff(window, RATE)
        wave = np.cos(2 * np.pi * cutoff * np.arange(2000) / RATE)
        filtered, done = savgol(wave, window)
        inside = slice(window, 2000 - window)
        gain = (filtered[inside] @ wave[inside]) / (wave[inside] @ wave[inside])
        assert done.all() and abs(gain - np.sqrt(0.5)) < 2e-3


@pytest.mark.parametrize(("cutoff", "order"), [(3.0, 3), (6.0, 3), (10.0, 2), (12.0, 4)])
def test_the_window_has_the_cutoff_that_was_asked_for(cutoff, order):
    window = savgol_window(cutoff, RATE, order)
    errors = {w: abs(savgol_cutoff(w, RATE, order) - cutoff) for w in (window - 2, window, window + 2) if w > order}
    assert window % 2 == 1 and errors[window] == min(errors.values())
    with pytest.raises(ConfigError) as caught:
        savgol_window(49.0, RATE)
    assert caught.value.code == "CUTOFF"


def test_polynomials_pass_and_gaps_stay():
    time = np.arange(100.0)
    values = np.stack([time**3 / 1e4 - time, time], axis=1)
    values[40:43, 0] = np.nan
    filtered, done = savgol(values, 11)
    assert np.isnan(filtered[40:43, 0]).all() and not done[40:43, 0].any()
    assert np.abs(filtered - values)[done].max() < 1e-9
    assert not savgol(values[:9], 11)[1].any()
    with pytest.raises(ConfigError):
        savgol(values, 10)


def test_savgol_noise_gain_is_that_of_a_trial():
    noise = np.random.default_rng(0).normal(0, 1, (120, 1500))
    measured = savgol(noise, 15)[0].var(axis=1)
    assert np.abs(measured / savgol_variance_gain(120, 15) - 1).max() < 0.2


def test_the_spline_finds_the_noise_and_says_what_is_left_of_it():
    rng = np.random.default_rng(1)
    truth = np.sin(2 * np.pi * 0.8 * np.arange(300) / RATE)[:, None] * np.ones(4)
    smooth, done, gain = smoothing_spline(truth + rng.normal(0, 0.05, truth.shape))
    assert done.all()
    error = (smooth - truth)[20:-20].std()
    assert error < 0.02  # measured 0.012 of 0.05
    assert 0.7 < error / (0.05 * np.sqrt(gain[20:-20].mean())) < 1.5
    broken = truth.copy()
    broken[100:103] = np.nan
    smooth, done, _ = smoothing_spline(broken[:, :2], stiffness=10.0)
    assert np.isnan(smooth[100:103]).all() and not done[100:103].any()


def test_the_spline_trusts_what_is_known_better():
    rng = np.random.default_rng(2)
    sd = np.where(np.arange(300) % 3 == 0, 0.01, 0.3)[:, None]
    truth = np.sin(2 * np.pi * 0.8 * np.arange(300) / RATE)[:, None]
    values = truth + sd * rng.normal(0, 1, truth.shape)
    weighted, plain = smoothing_spline(values, sd)[0], smoothing_spline(values)[0]
    assert (weighted - truth).std() < 0.5 * (plain - truth).std()


def test_hampel_flags_spikes_and_leaves_them_missing():
    rng = np.random.default_rng(3)
    values = np.sin(np.arange(400) / 40)[:, None] * np.ones(3) + rng.normal(0, 0.01, (400, 3))
    values[[50, 51, 200], 1] += 0.5
    values[300:304, 2] = np.nan
    kept, flagged = hampel(values, n_sd=6.0)
    assert flagged[[50, 51, 200], 1].all() and np.isnan(kept[[50, 51, 200], 1]).all()
    assert flagged.sum() <= 3 + 4  # beside the spikes noise passes the limit now and then
    assert np.array_equal(np.isnan(kept), np.isnan(values) | flagged)
    assert not hampel(np.ones((50, 1)))[1].any()
    assert not hampel(np.full((50, 1), np.nan))[1].any()
    with pytest.raises(ConfigError):
        hampel(values, half_window=0)


def test_residual_analysis_finds_noise_and_a_cutoff_above_the_motion():
    rng = np.random.default_rng(4)
    time = np.arange(2000) / RATE
    motion = np.sin(2 * np.pi * 1.0 * time) + 0.3 * np.sin(2 * np.pi * 3.0 * time)
    values = motion[:, None] + rng.normal(0, 0.01, (2000, 3))
    found = residual_analysis(values, RATE)
    assert np.abs(found.noise / 0.01 - 1).max() < 0.1
    assert ((found.chosen_hz > 3.5) & (found.chosen_hz < 10)).all()
    assert np.isnan(residual_analysis(np.full((100, 1), np.nan), RATE).chosen_hz).all()
    with pytest.raises(ConfigError):
        residual_analysis(values, RATE, 10.0)
