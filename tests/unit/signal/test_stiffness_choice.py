"""What the choice of the stiffness adds to a spline's noise, against the scatter of repeated draws."""

import numpy as np
import pytest

from mocap.signal.filter_options import FilterOptions
from mocap.signal.linear import filtered_covariance, noise_gain
from mocap.signal.smoothing import filter_points
from mocap.signal.splines import cross_validated
from mocap.signal.stiffness_choice import choice_noise
from mocap.trial import Points3D

RATE = 50.0


def swing(size: float, n_samples: int = 100) -> np.ndarray:
    """One excursion and back in two axes, so many standard deviations of the noise high."""
    when = (np.arange(n_samples) - n_samples / 2) / RATE
    once = size * np.exp(-((when / 0.3) ** 2))
    return np.stack([once, 0 * when, once / 2], axis=1)


def total(runs, linear):
    """The variance with the choice, summed over samples and axes, over that of a known stiffness."""
    found = choice_noise(runs, linear)
    noise = np.mean([(run - linear(run)).var() for run in runs])
    known = 3 * noise * sum(noise_gain(linear, len(run)).sum() for run in runs)
    return found.inflation + sum(np.trace(one, axis1=1, axis2=2).sum() for one in found.added) / known


def drawn(size: float, draws: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The variance of a known stiffness, that with the choice (by every sixth draw), and the scatter, (samples, axis).
    """
    truth, random = swing(size), np.random.default_rng(5)
    splines, known, chosen = [], [], []
    for draw in range(draws):
        values = truth + random.normal(size=truth.shape)
        linear = cross_validated([values], RATE)
        splines.append(linear(values))
        known.append(np.repeat(noise_gain(linear, len(values))[:, None], 3, axis=1))
        if draw % 6 == 0:
            found = choice_noise([values], linear)
            chosen.append(found.inflation * known[-1] + np.diagonal(found.added[0], axis1=1, axis2=2))
    same = np.mean(known) / np.mean(known[::6])
    return np.mean(known, axis=0), same * np.mean(chosen, axis=0), np.var(splines, axis=0, ddof=1)


def test_the_sd_holds_what_the_choice_adds_where_and_along_which_it_adds_it():
    known, chosen, scatter = drawn(2.0, 300)
    print(np.sqrt([known.mean() / scatter.mean(), chosen.mean() / scatter.mean()]).round(3))
    assert np.sqrt(known.mean() / scatter.mean()) < 0.98  # 0.965
    assert np.sqrt(chosen.mean() / scatter.mean()) == pytest.approx(1.0, abs=0.015)  # 0.998
    beside = np.r_[30:70]
    known, chosen = (np.sqrt((one / scatter)[beside].mean(axis=0)) for one in (known, chosen))
    print(known.round(3), chosen.round(3))
    # Along the motion first, of which one share for all axes and samples would make 0.93; the second axis is still.
    assert known[0] < 0.92 and known[2] < 0.92
    np.testing.assert_allclose(chosen, 1.0, atol=0.07)  # 0.97, 0.99, 0.94


def test_it_is_the_same_for_any_axes_units_and_direction_of_time():
    values = swing(5.0) + np.random.default_rng(1).normal(size=(100, 3))
    linear = cross_validated([values], RATE)
    found = choice_noise([values], linear)
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))[0]
    for change in (turn, 0.001 * np.eye(3), np.diag([1.0, -1.0, 1.0])):
        other = choice_noise([values @ change.T + 4.0], linear)
        assert other.inflation == pytest.approx(found.inflation, abs=1e-9)
        np.testing.assert_allclose(other.added[0], change @ found.added[0] @ change.T, atol=1e-9)
    back = choice_noise([values[::-1]], linear)
    assert back.inflation == pytest.approx(found.inflation, abs=1e-9)
    np.testing.assert_allclose(back.added[0][::-1], found.added[0], atol=1e-9)
    assert 1.0 < total([values], linear) < 1.1  # 1.027


def test_much_motion_leaves_little_to_the_choice_and_no_noise_nothing():
    values = swing(300.0) + np.random.default_rng(3).normal(size=(100, 3))
    assert 1.0 < total([values], cross_validated([values], RATE)) < 1.02  # 1.006
    # It lies along the motion, whose second axis is still, and is there while it bends, but for what is left of noise.
    added = choice_noise([values], cross_validated([values], RATE)).added[0]
    by_axis, by_sample = np.einsum("tii->i", added), np.einsum("tii->t", added)
    assert by_axis[0] > 0.6 * by_axis.sum() and by_axis[1] < 0.15 * by_axis.sum()  # 0.72, 0.07
    assert by_sample[20:80].sum() > 0.75 * by_sample.sum()  # 0.84
    still = np.ones((50, 3))
    found = choice_noise([still], cross_validated([still], RATE))
    assert found.inflation == 1.0 and not found.added[0].any()
    parts = [values[:30], values[40:]]
    assert 1.0 < total(parts, cross_validated(parts, RATE)) < 1.03  # 1.010


def test_filtered_points_state_it():
    values = (swing(3.0) + np.random.default_rng(4).normal(size=(100, 3)))[:, None] * 0.001
    values[60:75] = np.nan
    covariance = np.broadcast_to(1e-6 * np.eye(3), (100, 1, 3, 3))
    found = filter_points(Points3D(values, ("P",), RATE, covariance), FilterOptions("gcv_spline")).points.covariance
    runs = [values[:60, 0], values[75:, 0]]
    there = np.isfinite(values[..., 0])
    linear = cross_validated(runs, RATE)
    known = filtered_covariance(np.where(there[..., None, None], covariance, np.nan), there, ~there, linear)
    choice = choice_noise(runs, linear)
    assert choice.inflation > 1.005 and choice.added[0].max() > 1e-9
    added = np.full((100, 3, 3), np.nan)
    added[:60], added[75:] = choice.added
    np.testing.assert_allclose(found[there], (choice.inflation * known[:, 0] + added)[there[:, 0]], rtol=1e-5)
