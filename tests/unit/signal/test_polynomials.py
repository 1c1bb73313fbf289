"""Savitzky-Golay filter and residual analysis against what they promise."""

import numpy as np
import pytest

from mocap.errors import ConfigError
from mocap.signal.linear import filter_runs, noise_gain
from mocap.signal.polynomials import SavitzkyGolay, savgol_cutoff, savgol_window
from mocap.signal.residuals import residual_analysis

RATE = 100.0


def test_a_wave_at_the_cutoff_keeps_its_half_power():
    for window in (7, 15, 31):
        linear = SavitzkyGolay(window, 3, RATE)
        wave = np.cos(2 * np.pi * linear.cutoff_hz * np.arange(2000) / RATE)
        filtered, done = filter_runs(wave, linear)
        inside = slice(window, 2000 - window)
        gain = (filtered[inside] @ wave[inside]) / (wave[inside] @ wave[inside])
        assert done.all() and abs(gain - np.sqrt(0.5)) < 2e-3  # 5e-4


@pytest.mark.parametrize(("cutoff", "order"), [(3.0, 3), (6.0, 3), (10.0, 2), (12.0, 4), (23.0, 3)])
def test_the_window_has_the_cutoff_that_was_asked_for(cutoff, order):
    window = savgol_window(cutoff, RATE, order)
    errors = {w: abs(savgol_cutoff(w, RATE, order) - cutoff) for w in (window - 2, window, window + 2) if w > order}
    assert window % 2 == 1 and errors[window] == min(errors.values())


@pytest.mark.parametrize("cutoff", [49.0, 0.0, -1.0, float("nan"), 0.01])
def test_a_cutoff_that_no_window_has_is_refused_with_those_that_can_be(cutoff):
    with pytest.raises(ConfigError, match=r"Choose a cutoff of 0\.05 to 23\.8 Hz") as caught:
        savgol_window(cutoff, RATE)
    assert caught.value.code == "CUTOFF"


def test_polynomials_of_the_order_pass_unchanged_and_gaps_stay():
    time = np.arange(100.0)
    values = np.stack([time**3 / 1e4 - time, time], axis=1)
    values[40:43, 0] = np.nan
    filtered, done = filter_runs(values, SavitzkyGolay(11, 3, RATE))
    assert np.isnan(filtered[40:43, 0]).all() and not done[40:43, 0].any()
    assert done[:40].all() and np.abs(filtered - values)[done].max() < 1e-9  # 6e-14, up to both ends of each run
    assert not filter_runs(values[:10], SavitzkyGolay(11, 3, RATE))[1].any()
    with pytest.raises(ConfigError, match="FILTER_WINDOW"):
        SavitzkyGolay(10, 3, RATE)


def test_savgol_noise_gain_is_that_of_a_trial():
    noise = np.random.default_rng(0).normal(0, 1, (120, 1500))
    linear = SavitzkyGolay(15, 3, RATE)
    measured = filter_runs(noise, linear)[0].var(axis=1)
    assert np.abs(measured / noise_gain(linear, 120) - 1).max() < 0.15  # standard error 3.7 %


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
