"""Intervals of values that are stated because they passed a threshold, against drawn values that did."""

import numpy as np
import pytest

from mocap.assessment.wink.selected import interval_given_passed, median_given_passed

LEAST = 1e-4
REACHES = (1.959964 * 2.0, 1.959964 * 2.0)  # of an SD of 2


def passed(truth: float, threshold: float, number: int) -> np.ndarray:
    values = truth + 2.0 * np.random.default_rng(3).standard_normal(200 * number)
    return values[values > threshold][:number]


@pytest.mark.parametrize("truth", [6.0, 8.0, 10.0, 12.0, 16.0])
def test_intervals_hold_the_truth_of_values_that_passed(truth: float) -> None:
    values = passed(truth, 10.0, 2000)
    ends = np.array([interval_given_passed(one, REACHES, 10.0, LEAST) for one in values])
    held = ((ends[:, 0] <= truth) & (truth <= ends[:, 1])).mean()
    usual = (np.abs(values - truth) <= REACHES[0]).mean()
    # Measured: 94.9 to 97.5 %: more than 95 where the value itself is put into the interval. The usual ones: 0 % at 6.
    assert 0.935 <= held <= 0.98
    assert truth > 6.0 or usual == 0.0


def test_half_the_medians_lie_above_the_truth() -> None:
    values = passed(8.0, 10.0, 2000)
    medians = np.array([median_given_passed(one, 2.0, 10.0, LEAST) for one in values])
    assert abs((medians > 8.0).mean() - 0.5) < 0.035
    assert (values > 8.0).all()


def test_far_above_the_threshold_the_interval_is_the_usual_one() -> None:
    low, high = interval_given_passed(30.0, (2.0, 3.0), 10.0, LEAST)
    assert (low, high) == pytest.approx((28.0, 33.0), abs=1e-5)
    assert median_given_passed(30.0, 1.0, 10.0, LEAST) == pytest.approx(30.0, abs=1e-6)


@pytest.mark.parametrize("above", [0.0, 1e-9, 1e-3, 0.5, 2.0, 50.0])
def test_the_value_lies_in_its_interval_and_no_truth_is_told_that_never_passes(above: float) -> None:
    low, high = interval_given_passed(10.0 + above, REACHES, 10.0, LEAST)
    assert low <= 10.0 + above <= high
    # 3.719 SDs: a normal value exceeds them with 1e-4.
    assert low >= 10.0 - 3.7191 * 2.0
    assert median_given_passed(10.0 + above, 2.0, 10.0, LEAST) >= 10.0 - 3.7191 * 2.0


def test_a_value_without_noise_stays() -> None:
    assert interval_given_passed(12.0, (0.0, 0.0), 10.0, LEAST) == pytest.approx((12.0, 12.0), abs=1e-6)
