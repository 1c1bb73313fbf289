"""What the choice of the stiffness adds to a spline's noise, against the scatter of repeated draws."""

import numpy as np
import pytest

from mocap.signal.filter_options import FilterOptions
from mocap.signal.linear import filtered_covariance, noise_gain
from mocap.signal.smoothing import filter_points
from mocap.signal.splines import cross_validated
from mocap.signal.stiffness_choice import choice_inflation
from mocap.trial import Points3D

RATE = 50.0


def swing(size: float, n_samples: int = 100) -> np.ndarray:
    """One excursion and back in two axes, so many standard deviations of the noise high."""
    when = (np.arange(n_samples) - n_samples / 2) / RATE
    once = size * np.exp(-((when / 0.3) ** 2))
    return np.stack([once, 0 * when, once / 2], axis=1)


def stated_and_found(size: float, draws: int) -> tuple[float, float]:
    """The sd of a known stiffness, and that which holds the choice, each over the scatter."""
    truth, random = swing(size), np.random.default_rng(5)
    splines, known, chosen = [], [], []
    for _ in range(draws):
        values = truth + random.normal(size=truth.shape)
        linear = cross_validated([values], RATE)
        splines.append(linear(values))
        known.append(noise_gain(linear, len(values)).mean())
        chosen.append(known[-1] * choice_inflation([values], linear))
    scatter = np.var(splines, axis=0, ddof=1).mean()
    return float(np.sqrt(np.mean(known) / scatter)), float(np.sqrt(np.mean(chosen) / scatter))


def test_the_sd_holds_what_the_choice_adds():
    known, chosen = stated_and_found(2.0, 300)
    assert known < 0.98  # 0.965
    assert chosen == pytest.approx(1.0, abs=0.015)  # 0.998


def test_it_is_the_same_for_any_axes_units_and_direction_of_time():
    values = swing(5.0) + np.random.default_rng(1).normal(size=(100, 3))
    linear = cross_validated([values], RATE)
    found = choice_inflation([values], linear)
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))[0]
    for change in (lambda x: x @ turn.T + 4.0, lambda x: 0.001 * x, lambda x: x * [1, -1, 1], lambda x: x[::-1]):
        assert choice_inflation([change(values)], linear) == pytest.approx(found, abs=1e-9)
    assert 1.0 < found < 1.1  # 1.027


def test_much_motion_leaves_little_to_the_choice_and_no_noise_nothing():
    values = swing(300.0) + np.random.default_rng(3).normal(size=(100, 3))
    assert 1.0 < choice_inflation([values], cross_validated([values], RATE)) < 1.02  # 1.006
    still = np.ones((50, 3))
    assert choice_inflation([still], cross_validated([still], RATE)) == pytest.approx(1.0, abs=0.05)
    parts = [values[:30], values[40:]]
    assert 1.0 < choice_inflation(parts, cross_validated(parts, RATE)) < 1.03  # 1.010


def test_filtered_points_state_it():
    values = (swing(3.0) + np.random.default_rng(4).normal(size=(100, 3)))[:, None] * 0.001
    covariance = np.broadcast_to(1e-6 * np.eye(3), (100, 1, 3, 3))
    found = filter_points(Points3D(values, ("P",), RATE, covariance), FilterOptions("gcv_spline")).points.covariance
    linear = cross_validated([values[:, 0]], RATE)
    known = filtered_covariance(np.array(covariance), np.ones((100, 1), bool), np.zeros((100, 1), bool), linear)
    share = choice_inflation([values[:, 0]], linear)
    assert share > 1.01
    np.testing.assert_allclose(found, share * known, rtol=1e-6)
