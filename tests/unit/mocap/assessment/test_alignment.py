"""Lags recovered from noisy curves with stated uncertainty; curves at other times."""

import numpy as np
import pytest

from mocap.assessment import common_times, find_lag, resampled


def movement(time_s: np.ndarray, phase: float = 0.0) -> np.ndarray:
    """Squat-like: about 40 deg every 1.25 s, with a drift of its own."""
    slow = 8 * np.sin(2 * np.pi * 0.31 * time_s) + 5 * np.sin(1.3 * time_s + phase)
    return 40 * np.sin(2 * np.pi * 0.4 * time_s + phase) ** 2 + slow


def two_systems(rng, lag_s, rate_a=100.0, rate_b=50.0, noise_deg=0.5, start_b=1.0):
    time_a, time_b = np.arange(0, 12, 1 / rate_a), np.arange(start_b, 13 + start_b, 1 / rate_b)
    a = np.stack([movement(time_a), movement(time_a, 1.0)], axis=1)
    b = np.stack([1.2 * movement(time_b - lag_s) + 7, 0.6 * movement(time_b - lag_s, 1.0) - 3], axis=1)
    return time_a, a + rng.normal(0, noise_deg, a.shape), time_b, b + rng.normal(0, noise_deg, b.shape)


@pytest.mark.parametrize(("rate_a", "rate_b"), [(100.0, 50.0), (30.0, 200.0), (100.0, 100.0)])
def test_a_lag_is_found_to_a_fraction_of_a_sample_and_as_well_as_stated(rate_a: float, rate_b: float) -> None:
    rng = np.random.default_rng(11)
    misses = []
    for lag in rng.uniform(-1.5, 1.5, 30):
        found = find_lag(*two_systems(rng, lag, rate_a, rate_b))
        assert found.told and np.isnan(found.rival_s)
        assert abs(found.lag_s - lag) < 0.002
        misses.append((found.lag_s - lag) / found.sd_s)
    # Measured at 100 and 50 Hz over 200: RMS 0.32 ms, 0.97 of the stated.
    assert 0.75 < np.sqrt(np.mean(np.square(misses))) < 1.3


def test_clocks_with_other_zeros_and_gaps() -> None:
    time_a, a, time_b, b = two_systems(np.random.default_rng(12), 0.37)
    a[300:360] = np.nan
    b[100:110, 0] = np.nan
    found = find_lag(time_a, a, time_b + 5000.0, b)
    assert found.lag_s == pytest.approx(5000.37, abs=0.002)


def test_perfect_copies_have_their_lag_exactly() -> None:
    time = np.arange(0, 10, 0.01)
    curve = movement(time)[:, None]
    assert find_lag(time, curve, time, curve).lag_s == pytest.approx(0.0, abs=1e-9)
    assert find_lag(time, curve, time + 0.5, curve).lag_s == pytest.approx(0.5, abs=1e-9)


def test_a_movement_that_repeats_itself_has_a_rival_lag() -> None:
    rng, time = np.random.default_rng(1), np.arange(0, 8, 0.01)
    waves = [np.sin(2 * np.pi * (time - lag))[:, None] + rng.normal(0, 0.05, (800, 1)) for lag in (0.0, 0.03)]
    found = find_lag(time, waves[0], time, waves[1])
    cycles = found.rival_s - found.lag_s
    assert abs(cycles - round(cycles)) < 0.05 and round(cycles) != 0
    assert abs(found.lag_s - 0.03 - round(found.lag_s)) < 0.01


def test_what_does_not_follow_has_no_lag() -> None:
    rng = np.random.default_rng(2)
    time = np.arange(0, 10, 0.01)
    found = find_lag(time, rng.normal(size=(1000, 2)), time, rng.normal(size=(1000, 2)))
    assert not found.told and found.lag_s == 0.0 and "no curve follows" in found.reason
    mirrored = find_lag(time, np.cumsum(np.ones((1000, 1)), 0), time, -np.cumsum(np.ones((1000, 1)), 0))
    assert not mirrored.told


def test_curves_at_other_times() -> None:
    time = np.arange(0, 5, 0.02)
    values = np.stack([movement(time), time**3], axis=1)
    values[100:103, 0] = np.nan
    at = np.arange(-0.1, 5.2, 0.003)
    found = resampled(time, values, at)
    outside = (at < -1e-9) | (at > time[-1] + 1e-9)
    assert np.isnan(found[outside]).all() and np.isfinite(found[~outside, 1]).all()
    np.testing.assert_allclose(found[~outside, 1], at[~outside] ** 3, atol=1e-9)
    hole = (at > time[99] + 1e-9) & (at < time[103] - 1e-9)
    assert np.isnan(found[hole, 0]).all()
    rest = ~outside & ~hole
    # Cubic interpolation of 0.8 Hz at 50 Hz.
    np.testing.assert_allclose(found[rest, 0], movement(at[rest]), atol=0.01)
    # A sample's own time gives its own bits.
    np.testing.assert_array_equal(resampled(time, values, time), values)


@pytest.mark.parametrize("rates", [(100.0, 40.0), (40.0, 100.0)])
def test_common_times_are_the_samples_of_the_coarser_one(rates: tuple[float, float]) -> None:
    time_a, time_b = (np.arange(0, 10, 1 / rate) for rate in rates)
    on_a, on_b = common_times(time_a, time_b, 2.0)
    np.testing.assert_allclose(on_b - on_a, 2.0)
    assert np.mean(np.diff(on_a)) == pytest.approx(1 / 40)
    assert on_a[0] >= 0 and on_b[-1] <= time_b[-1] + 1e-9
    assert len(common_times(time_a, time_b, 100.0)[0]) == 0


@pytest.mark.parametrize(("n_a", "n_b"), [(0, 0), (0, 50), (1, 1), (1, 50), (50, 0), (50, 1)])
def test_curves_too_short_to_follow_have_no_lag(n_a: int, n_b: int) -> None:
    found = find_lag(np.arange(n_a) / 100, np.ones((n_a, 1)), np.arange(n_b) / 100, np.ones((n_b, 1)))
    assert not found.told and "two samples" in found.reason
