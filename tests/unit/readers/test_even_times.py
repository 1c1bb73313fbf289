"""The rate of times with few decimals, and the times that are not where the others put them."""

import numpy as np
import pytest

from mocap.readers.even_times import last_digit, off_times, rate_of


@pytest.mark.parametrize("rate", [24.0, 50.0, 60.0, 100.0, 120.0, 60 / 1.001, 120 / 1.001, 240.0])
@pytest.mark.parametrize("digits", [4, 5, 6, 8])
@pytest.mark.parametrize("start", [0.0, 12.3456])
def test_the_rate_is_found_exactly_though_the_times_are_rounded(rate, digits, start):
    for n_frames in (20, 1001):
        whole = start + np.arange(n_frames) / rate
        for time_s in (np.round(whole, digits), np.floor(whole * 10.0**digits) / 10.0**digits):
            # The mean of the steps is up to 3e-3 off.
            assert abs(rate_of(time_s) / rate - 1) < (1e-9 if rate == round(rate) or digits > 5 else 2e-3)
            assert not off_times(time_s, rate_of(time_s)).any()


def test_a_rate_that_is_none_of_the_usual_is_the_mean():
    time_s = np.arange(500) / 99.5417
    assert rate_of(time_s) == pytest.approx(99.5417, rel=1e-12)
    assert np.isnan(rate_of(np.array([1.0])))


@pytest.mark.parametrize("at", [0, 7, 19])
def test_a_time_with_a_wrong_digit_is_found(at):
    time_s = np.round(np.arange(20) / 100, 5)
    time_s[at] += 2e-5
    off = off_times(time_s, rate_of(time_s))
    assert off[at] == off.max() > 1e-5 and np.count_nonzero(off > 1e-5) == 1
    time_s[at] -= 1e-5  # as a time may be rounded
    assert rate_of(time_s) == 100.0 and not off_times(time_s, 100.0).any()


def test_a_wrong_digit_at_the_end_of_a_short_recording_leaves_the_rate():
    for at in (0, -1):
        time_s = np.round(np.arange(20) / 100, 5)
        time_s[at] += 1e-3
        assert rate_of(time_s) == 100.0


def test_the_last_digit_is_that_of_the_times():
    assert last_digit(np.array([0.0, 0.017, 0.033])) == 1e-3
    assert last_digit(np.arange(5) / 3) == 1e-9
