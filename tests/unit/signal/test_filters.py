"""Filters: numbers of theory (Butterworth's response, Parseval), and gaps that stay gaps."""

import numpy as np
import pytest
from scipy import signal

from mocap.errors import ConfigError
from mocap.schema import Status
from mocap.signal.filter_options import FilterOptions
from mocap.signal.filters import corrected_cutoff, lowpass, variance_gain
from mocap.signal.smoothing import filter_points
from mocap.trial import Points3D

RATE = 100.0


def test_corrected_cutoff_has_minus_three_decibels_where_asked():
    corrected = corrected_cutoff(6.0, RATE)
    assert corrected == pytest.approx(7.4309, abs=5e-5)  # 7.43088
    sections = signal.butter(2, corrected, fs=RATE, output="sos")
    _, once = signal.sosfreqz(sections, worN=[6.0], fs=RATE)
    assert abs(once[0]) ** 2 == pytest.approx(0.707107, abs=1e-6)  # 0.7071068


def _gain_at_6_hz(each_pass_hz):
    """Of a second-order filter run forward and backward, by the closed form of the bilinear Butterworth filter."""
    ratio = np.tan(np.pi * 6.0 / RATE) / np.tan(np.pi * each_pass_hz / RATE)
    return 1.0 / (1.0 + ratio**4)


def test_the_correction_is_that_of_the_warped_frequency():
    # Without it two passes halve a sine at the cutoff; correcting the cutoff itself leaves 0.7129.
    assert corrected_cutoff(6.0, RATE) == pytest.approx(7.430885, abs=1e-6)
    assert _gain_at_6_hz(corrected_cutoff(6.0, RATE)) == pytest.approx(np.sqrt(0.5), abs=1e-6)
    assert _gain_at_6_hz(6.0) == pytest.approx(0.5, abs=1e-6)
    assert _gain_at_6_hz(6.0 / 0.802) == pytest.approx(0.7129, abs=5e-5)
    # The filter itself, by its answer to one sample: the transform of the response at 6 Hz.
    size = 4001
    impulse = np.zeros((size, 1))
    impulse[size // 2] = 1.0
    for cutoff in (6.0, 3.0, 12.0):
        response = lowpass(impulse, RATE, cutoff)[0][:, 0]
        wave = np.cos(2 * np.pi * cutoff / RATE * (np.arange(size) - size // 2))
        assert response @ wave == pytest.approx(np.sqrt(0.5), abs=1e-6)  # 1e-13


def test_a_sine_at_the_cutoff_loses_three_decibels_and_no_phase():
    time = np.arange(2000) / RATE
    sine = np.sin(2 * np.pi * 6.0 * time)
    filtered, done = lowpass(sine[:, None], RATE, 6.0)
    assert done.all()
    inside = slice(300, -300)
    gain = filtered[inside, 0] @ sine[inside] / (sine[inside] @ sine[inside])
    assert gain == pytest.approx(np.sqrt(0.5), abs=1e-6)  # 2e-12
    assert np.abs(filtered[inside, 0] - gain * sine[inside]).max() < 1e-6  # no part out of phase; 2e-15


def test_slow_motion_passes_and_noise_shrinks_by_the_variance_gain():
    rng = np.random.default_rng(3)
    noise = rng.normal(size=(400, 3000))
    filtered, _ = lowpass(noise, RATE, 6.0)
    gain = variance_gain(400, RATE, 6.0)
    measured = filtered.var(axis=1)
    # The standard error of a variance from 3000 samples is 2.6 %; worst of 400 seen: 9.5 %.
    assert np.abs(measured / gain - 1).max() < 0.12
    # Parseval: the interior gain is the mean of the squared response over all frequencies; 0.1303.
    sections = signal.butter(2, corrected_cutoff(6.0, RATE), fs=RATE, output="sos")
    _, once = signal.sosfreqz(sections, worN=np.linspace(0, RATE / 2, 20001), fs=RATE)
    assert gain[200] == pytest.approx(np.trapezoid(np.abs(once) ** 4) / 20000, rel=1e-4)
    assert gain[0] == pytest.approx(1.0, abs=0.05) and gain[-1] == pytest.approx(gain[0])


def test_variance_gain_of_a_long_run_equals_the_full_operator():
    size = 260
    rows = signal.sosfiltfilt(
        signal.butter(2, corrected_cutoff(6.0, RATE), fs=RATE, output="sos"), np.eye(size), axis=0, padlen=50
    )
    np.testing.assert_allclose(variance_gain(size, RATE, 6.0), (rows**2).sum(axis=1), rtol=1e-6)  # 3e-9


def test_a_gap_stays_a_gap_and_nothing_leaks_across_it():
    rng = np.random.default_rng(5)
    values = rng.normal(size=(300, 4))
    values[140:160, 1] = np.nan
    filtered, done = lowpass(values, RATE, 6.0)
    assert np.array_equal(np.isnan(filtered), np.isnan(values))
    alone, _ = lowpass(values[:140, 1:2], RATE, 6.0)
    np.testing.assert_array_equal(filtered[:140, 1], alone[:, 0])
    whole, _ = lowpass(values[:, [0]], RATE, 6.0)
    np.testing.assert_array_equal(filtered[:, 0], whole[:, 0])
    assert not done[140:160, 1].any() and done[:140].all()


def test_a_run_too_short_to_filter_is_left_alone_and_not_called_filtered():
    values = np.full((50, 1), np.nan)
    values[10:15, 0] = [1.0, 5.0, -2.0, 4.0, 0.0]
    values[20:40, 0] = 7.0
    filtered, done = lowpass(values, RATE, 6.0)
    np.testing.assert_array_equal(filtered[10:15, 0], values[10:15, 0])
    assert not done[10:15].any() and done[20:40].all()
    np.testing.assert_allclose(filtered[20:40, 0], 7.0, atol=1e-12)


@pytest.mark.parametrize("cutoff", [0.0, -3.0, 50.0, float("nan")])
def test_an_impossible_cutoff_is_refused(cutoff):
    with pytest.raises(ConfigError, match="CUTOFF"):
        lowpass(np.zeros((20, 1)), RATE, cutoff)


def test_smoothing_flags_and_scales_the_covariance():
    rng = np.random.default_rng(7)
    n_frames = 300
    time = np.arange(n_frames) / RATE
    true = np.stack([np.sin(time), np.cos(2 * time), 1 + 0 * time], axis=1)[:, None]
    sigma = 0.004
    position = true + rng.normal(scale=sigma, size=true.shape)
    position[100:105] = np.nan
    position[200:230] = np.nan
    covariance = np.broadcast_to(sigma**2 * np.eye(3), (n_frames, 1, 3, 3))
    smooth = filter_points(Points3D(position, ("A",), RATE, covariance), FilterOptions()).points
    assert (smooth.status[100:105] == Status.FILLED | Status.FILTERED).all()
    assert (smooth.status[50] == Status.MEASURED | Status.FILTERED).all()
    assert (smooth.status[200:230] == 0).all() and np.isnan(smooth.position[200:230]).all()
    assert np.isnan(smooth.covariance[100:105]).all()
    claimed = np.sqrt(smooth.covariance[150, 0, 0, 0])
    assert claimed == pytest.approx(sigma * np.sqrt(variance_gain(400, RATE)[200]), rel=1e-5)
    error = (smooth.position - true)[20:90]
    assert 0.7 < error.std() / claimed < 1.3  # 0.97


def _claimed_over_scatter(position, covariance, gap):
    """Claimed over measured SD, shape (time,), where each keypoint is one draw of the same series; NaN in the gap."""
    names = tuple(f"m{i}" for i in range(position.shape[1]))
    position = position.copy()
    position[gap] = np.nan
    smooth = filter_points(Points3D(position, names, RATE, covariance), FilterOptions()).points
    return np.sqrt(smooth.covariance[:, 0, 0, 0]) / smooth.position.std(axis=(1, 2))


@pytest.mark.parametrize(
    ("missing", "first"),
    [
        (1, 4),
        (10, 60),
        *(pytest.param(*one, marks=pytest.mark.heavy) for one in ((5, 4), (10, 4), (1, 60), (5, 60))),
    ],
)
def test_beside_a_filled_gap_the_claimed_sd_is_that_of_repeated_draws(missing, first):
    rng = np.random.default_rng(11)
    n_frames, n_draws, sigma = 140, 700, 0.003 * (1 + 0.5 * np.sin(np.arange(140) / 9))
    noise = rng.normal(size=(n_frames, n_draws, 3)) * sigma[:, None, None]
    covariance = np.broadcast_to(np.einsum("t,ij->tij", sigma**2, np.eye(3))[:, None], (n_frames, n_draws, 3, 3))
    gap = slice(first, first + missing)
    ratio = _claimed_over_scatter(noise, covariance, gap)
    assert np.isnan(ratio[gap]).all()
    near = np.r_[max(0, first - 20) : first, first + missing : first + missing + 20]
    # The standard error of an SD of 2100 values is 1.5 %. Measured: 4.3 %; as if the fill brought no noise of its
    # own: 0.24 beside ten missing samples; as if the run ended at the gap: 2.4 beside one, 0.67 beside ten.
    assert np.abs(ratio[near] - 1).max() < 0.07
    # Elsewhere the covariances near a sample are averaged, which is not exact where they change: measured 8.8 %.
    assert np.abs(np.delete(ratio, gap) - 1).max() < 0.10


def test_gaps_in_a_row_are_each_accounted_for():
    rng = np.random.default_rng(12)
    n_frames, n_draws, sigma = 400, 400, 0.002
    position = rng.normal(scale=sigma, size=(n_frames, n_draws, 3))
    covariance = np.broadcast_to(sigma**2 * np.eye(3), (n_frames, n_draws, 3, 3))
    gap = np.zeros(n_frames, bool)
    for start, missing in zip(range(30, 370, 25), [1, 3, 8, 2, 10, 5] * 3, strict=False):
        gap[start : start + missing] = True
    ratio = _claimed_over_scatter(position, covariance, gap)
    assert np.array_equal(np.isnan(ratio), gap)
    assert np.abs(ratio[~gap] - 1).max() < 0.09  # 6.4 % at the worst of 330 frames; standard error 2.0 %


def test_a_measured_sample_of_unknown_covariance_does_not_cut_the_run():
    rng = np.random.default_rng(13)
    position = rng.normal(scale=0.002, size=(200, 1, 3))
    known = np.broadcast_to(0.002**2 * np.eye(3), (200, 1, 3, 3))
    holed = known.copy()
    holed[100] = np.nan
    whole = filter_points(Points3D(position, ("A",), RATE, known), FilterOptions(longest_gap_s=0.0)).points.covariance
    found = filter_points(Points3D(position, ("A",), RATE, holed), FilterOptions(longest_gap_s=0.0)).points.covariance
    assert np.isnan(found[100]).all()
    rest = np.arange(200) != 100
    np.testing.assert_allclose(found[rest], whole[rest], rtol=1e-6)
