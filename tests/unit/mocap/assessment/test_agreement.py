"""Agreement against published examples, closed forms and simulated series of known autocorrelation."""

import numpy as np
import pytest
from scipy.signal import lfilter

from mocap.assessment import agreement, multiple_correlation
from mocap.assessment.effective_number import effective_number

# First measurements of Bland and Altman, Lancet 1986 (l/min): Wright's peak flow meter and the mini meter.
WRIGHT = np.array([494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427], float)
MINI = np.array([512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451], float)


def test_the_example_of_bland_and_altman() -> None:
    found = agreement(WRIGHT, MINI, independent=True, factor=2.0)
    # As printed there: mean -2.1, SD 38.8, limits -79.7 and 75.5, r 0.94, and the intervals with t = 2.12.
    assert found.n == 17 and found.n_effective == 17
    assert found.offset == pytest.approx(-2.1, abs=0.05)
    assert found.sd == pytest.approx(38.8, abs=0.05)
    assert found.limits == pytest.approx((-79.7, 75.5), abs=0.15)
    assert found.r == pytest.approx(0.94, abs=0.005)
    assert found.offset_interval == pytest.approx((-22.0, 17.8), abs=0.15)
    # They round the standard error of a limit to 16.3.
    assert found.lower_interval == pytest.approx((-114.3, -45.1), abs=0.3)
    assert found.upper_interval == pytest.approx((40.9, 110.1), abs=0.3)
    assert (found.largest, found.largest_at) == (-81.0, 14)


def test_figures_by_hand() -> None:
    found = agreement(np.array([1.0, 2.0, 3.0, np.nan, 6.0]), np.array([0.0, 2.0, 1.0, 5.0, 5.0]), independent=True)
    # Differences 1, 0, 2, 1.
    assert found.n == 4
    assert found.offset == 1.0
    assert found.sd == pytest.approx(np.sqrt(2 / 3))
    assert found.rmse == pytest.approx(np.sqrt(6 / 4))
    assert found.rmse_after_offset == pytest.approx(np.sqrt(0.5))
    # On the means 0.5, 2, 2, 5.5 the slope is sum(dx dd) / sum(dx^2) = 0 / 13.5.
    assert found.slope == pytest.approx(0.0, abs=1e-12)


def test_a_gain_shows_as_proportional_bias() -> None:
    x = np.linspace(0.0, 90.0, 50)
    found = agreement(1.1 * x + 3.0, 0.9 * x, independent=True)
    assert found.slope == pytest.approx(0.2 * 50 / 50, abs=1e-12)
    assert np.ptp(found.slope_interval) < 1e-9


def _autoregressive(rng: np.random.Generator, phi: float, n: int) -> np.ndarray:
    return lfilter([1.0], [1.0, -phi], rng.normal(size=n + 1000))[1000:] * np.sqrt(1 - phi**2)


@pytest.mark.parametrize(("phi", "n"), [(0.0, 500), (0.9, 1000), (0.98, 5000)])
def test_the_effective_number_of_an_autoregressive_series(phi: float, n: int) -> None:
    rng = np.random.default_rng(3)
    found = np.median([effective_number(_autoregressive(rng, phi, n)) for _ in range(100)])
    # Closed form n (1 - phi) / (1 + phi). Measured 475 of 500, 53 of 52.6, 52 of 50.5.
    assert found == pytest.approx(n * (1 - phi) / (1 + phi), rel=0.15)


def test_gaps_and_stillness_do_not_upset_the_effective_number() -> None:
    series = _autoregressive(np.random.default_rng(4), 0.9, 4000)
    there = series.copy()
    there[1000:1400] = np.nan
    assert effective_number(there) == pytest.approx(effective_number(series) * 0.9, rel=0.2)
    assert effective_number(np.full(20, 3.0)) == 20
    assert effective_number(np.full(20, np.nan)) == 0


@pytest.mark.parametrize(("phi", "n"), [(0.9, 1000), (0.98, 600), (0.99, 600)])
def test_the_intervals_hold_what_they_promise_for_a_curve(phi: float, n: int) -> None:
    rng = np.random.default_rng(5)
    hits, upper = np.zeros(2), 3.0 + 1.96
    for _ in range(300):
        found = agreement(3.0 + _autoregressive(rng, phi, n), np.zeros(n))
        hits += [found.offset_interval[0] <= 3.0 <= found.offset_interval[1],
                 found.upper_interval[0] <= upper <= found.upper_interval[1]]  # fmt: skip
    print(phi, n, hits / 300)
    # Measured 0.94, 0.95, 0.94 and, for the limit, 0.96, 0.96, 0.94. Of 600 samples at 0.99, worth three independent
    # ones, SD / sqrt(n_effective) with t of n_effective - 1 held 0.82 and 0.85.
    assert 0.91 <= hits[0] / 300 <= 0.98
    assert hits[1] / 300 >= 0.91


def _squat_like(rng: np.random.Generator) -> np.ndarray:
    return 30 * np.sin(np.arange(1000) * np.pi / 300) ** 2


def _slow(rng: np.random.Generator) -> np.ndarray:
    return 30 * _autoregressive(rng, 0.99, 1000)


@pytest.mark.parametrize(("movement", "phi"), [(_squat_like, 0.9), (_squat_like, 0.98), (_slow, 0.9), (_slow, 0.98)])
def test_the_slope_of_a_curve_is_told_as_unsure_as_it_is(movement, phi: float) -> None:
    rng = np.random.default_rng(6)
    inside = 0
    for _ in range(300):
        x = movement(rng)
        noise = [0.5 * _autoregressive(rng, phi, 1000) for _ in range(2)]
        found = agreement(x + noise[0], x + noise[1])
        inside += found.slope_interval[0] <= 0.0 <= found.slope_interval[1]
    print(phi, inside / 300)
    # Measured 0.93, 0.98, 0.95, 0.91; with n_effective - 2 and nothing taken the last is below 0.90.
    assert 0.90 <= inside / 300 <= 0.99


def test_error_bars_that_explain_and_that_do_not() -> None:
    rng = np.random.default_rng(7)
    a, b, sd = rng.normal(0, 0.3, 4000), rng.normal(0, 0.4, 4000), np.full(4000, 0.3)
    found = agreement(a, b + 5.0, sd, np.full(4000, 0.4))
    assert found.expected_sd == pytest.approx(0.5)
    assert found.sd_ratio == pytest.approx(1.0, abs=0.05)
    assert agreement(a, b + 5.0, sd, sd / 3).sd_ratio == pytest.approx(0.5 / np.hypot(0.3, 0.1), rel=0.05)
    assert np.isnan(agreement(a, b, sd, np.full(4000, np.nan)).sd_ratio)


def test_the_multiple_correlation_by_its_definition() -> None:
    rng = np.random.default_rng(8)
    curves = rng.normal(size=(3, 4, 50)) + 5 * np.sin(np.linspace(0, 6, 50)) + rng.normal(size=(3, 1, 1))
    # Kadaba et al. 1989, summed term by term: cycles g, systems k, times t.
    within = total = 0.0
    for g in range(3):
        for k in range(4):
            for t in range(50):
                within += (curves[g, k, t] - curves[g, :, t].mean()) ** 2 / (3 * 50 * (4 - 1))
                total += (curves[g, k, t] - curves[g].mean()) ** 2 / (3 * (4 * 50 - 1))
    assert multiple_correlation(curves).value == pytest.approx(np.sqrt(1 - within / total), rel=1e-12)


def test_the_multiple_correlation_of_two_curves_with_an_offset() -> None:
    # Two systems, one cycle, y and y + d: within = d^2 / 2, total = (2 T s^2 + T d^2 / 2) / (2 T - 1).
    y, d, n = np.sin(np.linspace(0, 20, 400)), 0.7, 400
    spread = float(np.var(y))
    expected = np.sqrt(1 - (d**2 / 2) / ((2 * n * spread + n * d**2 / 2) / (2 * n - 1)))
    assert multiple_correlation(np.stack([y, y + d])).value == pytest.approx(expected, rel=1e-12)
    assert multiple_correlation(np.stack([y, y])).value == 1.0


@pytest.mark.parametrize(
    ("curves", "reason"),
    [
        (np.stack([np.sin(np.arange(50.0)), 9 + np.sin(np.arange(50.0))]), "differ more than they move"),
        (np.full((2, 50), 3.0), "nothing moves"),
        (np.full((2, 50), np.nan), "fewer than two"),
    ],
)
def test_the_multiple_correlation_is_undefined_with_a_reason(curves: np.ndarray, reason: str) -> None:
    found = multiple_correlation(curves)
    assert np.isnan(found.value) and reason in found.reason


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_samples_are_told_as_not_known(n: int) -> None:
    found = agreement(np.arange(float(n)), np.zeros(n))
    assert found.n == n and np.isnan(found.sd) and np.isnan(found.limits).all()


@pytest.mark.parametrize("spacing", [2, 3])
def test_a_series_of_which_neighbours_are_never_seen(spacing: int) -> None:
    rng = np.random.default_rng(8)
    n, phi = 600, 0.95
    seen = np.arange(n) % spacing == 0
    kept = int(seen.sum())
    found = [effective_number(np.where(seen, _autoregressive(rng, phi, n), np.nan)) for _ in range(100)]
    # Closed form of the series at that spacing. Measured 17.0 and 16.6 of 15.4; lags that are not seen once
    # ended the sum, and all samples counted.
    coarse = phi**spacing
    assert np.median(found) == pytest.approx(kept * (1 - coarse) / (1 + coarse), rel=0.2)
    # Samples that are independent stay so.
    white = [effective_number(np.where(seen, rng.normal(size=n), np.nan)) for _ in range(50)]
    assert np.median(white) > 0.85 * kept


def test_the_offset_of_every_other_sample_is_as_unsure_as_it_is() -> None:
    rng = np.random.default_rng(9)
    hits = 0
    for _ in range(200):
        series = _autoregressive(rng, 0.95, 1200)
        series[1::2] = np.nan
        low, high = agreement(series, np.zeros(1200)).offset_interval
        hits += low <= 0.0 <= high
    assert hits / 200 >= 0.89  # measured 0.935


def test_of_two_samples_the_largest_difference_is_the_larger() -> None:
    found = agreement(np.array([1.0, np.nan, -4.0]), np.zeros(3))
    assert (found.n, found.largest, found.largest_at) == (2, -4.0, 2)
    found = agreement(np.array([np.nan, 5.0, -4.0]), np.zeros(3))
    assert (found.largest, found.largest_at) == (5.0, 1)
    found = agreement(np.full(3, np.nan), np.zeros(3))
    assert np.isnan(found.largest) and found.largest_at == -1
