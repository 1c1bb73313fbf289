"""Hampel's filter for points in space: what it flags, and that the axes have no say in it."""

import numpy as np
import pytest

from mocap.errors import ConfigError
from mocap.signal.outliers import hampel


def tracks(seed: int = 3) -> np.ndarray:
    """Three noisy points on their ways, shape (400, 3, 3)."""
    time = np.arange(400)[:, None, None] / 40
    ways = np.concatenate([np.sin(time), np.cos(time), 0.3 * time], axis=2) * np.ones((1, 3, 1))
    return ways + np.random.default_rng(seed).normal(0, 0.002, (400, 3, 3))


def test_spikes_are_flagged_and_next_to_nothing_else():
    values = tracks()
    values[[50, 51, 200], 1] += [0.03, -0.04, 0.05]
    values[300:304, 2] = np.nan
    flagged = hampel(values)
    assert flagged[[50, 51, 200], 1].all()
    assert flagged.sum() == 3  # of 1196


@pytest.mark.parametrize(("n_sd", "share"), [(3.0, 0.00496), (4.0, 0.00040)])
def test_of_plain_noise_the_share_of_theory_is_flagged(n_sd, share):
    still = np.random.default_rng(8).normal(0, 0.002, (40000, 1, 3))
    # Of the distances of normal noise (Maxwell: median 1.538, median absolute deviation 0.460) as many lie beyond.
    assert 0.6 < hampel(still, n_sd=n_sd).mean() / share < 2.0  # 1.13, 1.25; a window of 11 knows its median badly


def test_nothing_is_flagged_where_a_point_stands_starts_or_speeds_up():
    still = np.ones((50, 1, 3))
    start = np.where(np.arange(60) < 30, 0.0, (np.arange(60) - 29) * 0.02)[:, None, None] * np.ones(3)
    faster = ((np.arange(40) * 0.01) ** 2)[:, None, None] * np.ones(3)
    for values in (still, start, start[::-1], faster, faster[::-1], np.full((50, 1, 3), np.nan), np.ones((4, 1, 3))):
        assert not hampel(values).any()


def test_a_sample_that_too_few_neighbours_tell_of_stays():
    values = tracks()
    values[[0, 1, 398, 399], 0] += 0.5
    values[200:210, 1] = np.nan
    values[199, 1] += 0.5
    assert not hampel(values)[[0, 1, 398, 399], 0].any()
    assert not hampel(values)[199, 1]


def test_turning_mirroring_moving_and_reversing_flag_the_same():
    values = tracks()
    spikes = np.random.default_rng(9).random(values.shape[:2]) < 0.05
    values += spikes[..., None] * np.random.default_rng(10).normal(0, 0.02, values.shape)
    flagged = hampel(values)
    assert 20 < flagged.sum() < 100
    turn = np.linalg.qr(np.random.default_rng(11).normal(size=(3, 3)))[0]
    assert np.array_equal(hampel(values @ turn.T + [4.0, -2.0, 1.0]), flagged)
    assert np.array_equal(hampel(values * [1, -1, 1]), flagged)
    assert np.array_equal(hampel(values[::-1])[::-1], flagged)


@pytest.mark.parametrize(("half_window", "n_sd"), [(2, 4.0), (0, 4.0), (5, 0.0), (5, float("nan"))])
def test_a_window_or_limit_that_tells_nothing_is_refused(half_window, n_sd):
    with pytest.raises(ConfigError, match="FILTER_WINDOW"):
        hampel(tracks(), half_window, n_sd)
