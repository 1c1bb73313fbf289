"""Mixed models against a dense likelihood, the paired t and published figures; changes and trends of one person."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import norm, ttest_rel

from mocap.assessment.statistics.change import person_change, trend
from mocap.assessment.statistics.mixed import mixed_effect
from mocap.assessment.statistics.repeated_agreement import repeated_agreement
from mocap.assessment.statistics.two_way import reliability


def people(rng: np.random.Generator, n: int, effect: float, sds: tuple[float, float, float], most: int = 5):
    """Repetitions of people in two conditions, in unequal numbers."""
    rows = []
    for one in range(n):
        own = sds[0] * rng.normal()
        for second in (0, 1):
            level = 10 + own + sds[1] * rng.normal() + effect * second
            rows += [(level + sds[2] * rng.normal(), one, second) for _ in range(rng.integers(1, most + 1))]
    y, who, second = np.array(rows).T
    return y, who.astype(int), second.astype(bool)


def dense(y: np.ndarray, who: np.ndarray, second: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Effect, its standard error and the three SDs by the whole covariance matrix and another minimiser."""
    design = np.column_stack([np.ones(len(y)), second])
    same = who[:, None] == who[None]
    cell = same & (second[:, None] == second[None])

    def parts(logs: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        variance = np.exp(2 * logs)
        covariance = variance[0] * same + variance[1] * cell + variance[2] * np.eye(len(y))
        inverse = np.linalg.inv(covariance)
        normal = design.T @ inverse @ design
        estimate = np.linalg.solve(normal, design.T @ inverse @ y)
        rest = y - design @ estimate
        likelihood = np.linalg.slogdet(covariance)[1] + np.linalg.slogdet(normal)[1] + rest @ inverse @ rest
        return estimate, np.linalg.inv(normal), float(likelihood)

    best = minimize(lambda logs: parts(logs)[2], np.log([2.0, 1.0, 1.0]), method="BFGS", options={"gtol": 1e-7})
    estimate, covariance, _ = parts(best.x)
    return float(estimate[1]), float(np.sqrt(covariance[1, 1])), np.exp(best.x)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_unbalanced_repetitions_as_by_the_dense_likelihood(seed: int) -> None:
    y, who, second = people(np.random.default_rng(seed), 9, 2.0, (3.0, 1.5, 0.7))
    found = mixed_effect(y, who, second)
    effect, se, sds = dense(y, who, second)
    assert found.effect == pytest.approx(effect, abs=1e-5)
    assert found.se == pytest.approx(se, rel=1e-4)
    assert (found.sd_people, found.sd_condition, found.sd_repetition) == pytest.approx(tuple(sds), rel=2e-3)


def test_balanced_repetitions_give_the_paired_t_of_the_means() -> None:
    rng = np.random.default_rng(4)
    who, second = np.repeat(np.arange(8), 8), np.tile(np.repeat([False, True], 4), 8)
    y = 3 * rng.normal(size=8)[who] + rng.normal(size=16)[2 * who + second] + 1.5 * second + rng.normal(size=64)
    found = mixed_effect(y, who, second)
    means = [np.array([y[(who == one) & (second == level)].mean() for one in range(8)]) for level in (False, True)]
    peer = ttest_rel(means[1], means[0])
    assert found.effect == pytest.approx((means[1] - means[0]).mean(), abs=1e-9)
    assert found.p == pytest.approx(peer.pvalue, rel=1e-5)
    assert found.interval == pytest.approx(tuple(peer.confidence_interval()), rel=1e-6)
    # One repetition in each condition: the same, whatever the parts are.
    single = mixed_effect(np.r_[means[0], means[1]], np.r_[:8, :8], np.repeat([False, True], 8))
    assert single.p == pytest.approx(peer.pvalue, rel=1e-5) and np.isnan(single.sd_repetition)


def test_people_with_one_condition_tell_a_little_and_the_unit_does_not_matter() -> None:
    y, who, second = people(np.random.default_rng(6), 8, 1.0, (2.0, 0.8, 0.5))
    keep = ~((who == 3) & second)
    found = mixed_effect(y[keep], who[keep], second[keep])
    effect, se, _ = dense(y[keep], who[keep], second[keep])
    assert (found.n_people, found.freedom) == (7, 6.0)
    assert (found.effect, found.se) == pytest.approx((effect, se), rel=1e-3)
    larger = mixed_effect(1000 * y[keep] + 1e5, who[keep], second[keep])
    assert (larger.effect, larger.se) == pytest.approx((1000 * found.effect, 1000 * found.se), rel=1e-5)


def test_what_a_mixed_model_cannot_tell() -> None:
    who, second = np.repeat([0, 1], 4), np.tile([False, False, True, True], 2)
    assert mixed_effect(np.arange(8.0), who, second).reason.startswith("n too small: 2 people with both")
    assert mixed_effect(np.ones(12), np.repeat([0, 1, 2], 4), np.tile(second[:4], 3)).reason == "nothing varies"


def shares(n_sets: int, most: int) -> tuple[float, float]:
    """How often the interval holds the true effect, and how often one is found where there is none."""
    rng = np.random.default_rng(9)
    held = found = 0
    for _ in range(n_sets):
        one = mixed_effect(*people(rng, 8, 1.0, (3.0, 1.0, 1.0), most))
        held += one.interval[0] <= 1.0 <= one.interval[1]
        found += mixed_effect(*people(rng, 8, 0.0, (3.0, 0.0, 1.0), most)).p <= 0.05
    return held / n_sets, found / n_sets


def test_intervals_hold_the_true_effect() -> None:
    held, found = shares(24, 5)
    assert held >= 0.79 and found <= 0.21


@pytest.mark.heavy
def test_intervals_hold_the_true_effect_often() -> None:
    held, found = shares(2000, 5)
    print(f"interval holds the effect in {held:.4f}, false findings {found:.4f}")
    assert held == pytest.approx(0.95, abs=0.015) and found <= 0.06


def test_a_change_of_one_person() -> None:
    one = person_change(4.0, 10.0, 5.0)
    assert (one.change, one.interval, one.beyond) == (6.0, (1.0, 11.0), True)
    assert one.p == pytest.approx(2 * norm.sf(6.0 * 1.959963984540054 / 5.0), rel=1e-9)
    assert "beyond the MDC95: in 1.9 % of pairs" in one.words
    # On the limit itself nothing is beyond it, and the chance is 5 %.
    assert person_change(0.0, -5.0, 5.0).beyond is False
    assert person_change(0.0, 5.0, 5.0).p == pytest.approx(0.05, abs=1e-9)
    unknown = person_change(4.0, 10.0, float("nan"))
    assert unknown.beyond is None and unknown.change == 6.0 and "not known" in unknown.words
    assert person_change(float("nan"), 10.0, 5.0).words == "one of both is not known"


def test_a_trend_over_two_visits_is_the_change_between_them() -> None:
    one = trend(np.array([0.0, 30.0]), np.array([10.0, 16.0]), 2.0)
    assert one.change == pytest.approx(6.0) and one.slope == pytest.approx(0.2)
    assert one.mdc95 == pytest.approx(1.959963984540054 * np.sqrt(2) * 2.0, rel=1e-12) and one.beyond
    assert trend(np.array([5.0, 5.0]), np.array([1.0, 2.0]), 1.0).beyond is None
    assert trend(np.arange(3.0), np.array([1.0, 2.0, 3.0]), float("nan")).beyond is None


def test_a_trend_holds_its_limit_and_tells_a_course_that_is_no_line() -> None:
    rng = np.random.default_rng(3)
    times, errors = np.array([0.0, 10.0, 25.0, 60.0]), np.array([1.0, 2.0, 1.0, 1.5])
    made = [trend(times, 20 + errors * rng.normal(size=4), errors) for _ in range(4000)]
    assert np.mean([one.beyond for one in made]) == pytest.approx(0.05, abs=0.01)
    assert np.mean([one.scatter_p < 0.05 for one in made]) == pytest.approx(0.05, abs=0.01)
    assert trend(times, np.array([0.0, 9.0, 0.0, 9.0]), errors).scatter_p < 1e-3


def test_limits_of_agreement_with_repetitions() -> None:
    # By hand: differences 1, 3 | 5, 7, 6 of two people.
    found = repeated_agreement(np.array([1.0, 3, 5, 7, 6]), np.zeros(5), np.array([0, 0, 1, 1, 1]))
    within = (2.0 + 2.0) / 3
    between = (2 * (2 - 4.4) ** 2 + 3 * (6 - 4.4) ** 2) / 1
    parts = (between - within) / ((25 - 13) / 5)
    assert found.offset == pytest.approx(4.4)
    assert (found.sd_within**2, found.sd_between**2) == pytest.approx((within, parts))
    assert found.limits == pytest.approx((4.4 - 1.96 * np.sqrt(within + parts), 4.4 + 1.96 * np.sqrt(within + parts)))
    assert repeated_agreement(np.arange(3.0), np.zeros(3), np.arange(3)).reason.startswith("3 people with 3 pairs")


def test_limits_of_agreement_of_two_ways_to_measure_cardiac_output() -> None:
    # Bland and Altman (1999), l/min: 60 pairs of 12 people.
    pairs = {
        1: "7.83 6.57 7.42 5.62 7.89 6.90 7.12 6.57 7.88 6.35", 2: "6.16 4.06 7.26 4.29 6.71 4.26 6.54 4.09",
        3: "4.75 4.71 5.24 5.50 4.86 5.08 4.78 5.02 6.05 6.01 5.42 5.67", 4: "4.21 4.14 3.61 4.20 3.72 4.61 3.87 4.68 "
        "3.92 5.04", 5: "3.13 3.03 2.98 2.86 2.85 2.77 3.17 2.46 3.09 2.32 3.12 2.43", 6: "5.92 5.90 6.42 5.81 5.92 "
        "5.70 6.27 5.76", 7: "7.13 5.09 6.62 4.63 6.58 4.61 6.93 5.09", 8: "4.54 4.72 4.81 4.61 5.11 4.36 5.29 4.20 "
        "5.39 4.36 5.57 4.20", 9: "4.48 3.17 4.92 3.12 3.97 2.96", 10: "4.22 4.35 4.65 4.62 4.74 3.16 4.44 3.53 4.50 "
        "3.53", 11: "6.78 7.20 6.07 6.09 6.52 7.00 6.42 7.10 6.41 7.40 5.76 6.80", 12: "5.06 4.50 4.72 4.20 4.90 3.80 "
        "4.80 3.80 4.90 4.20 5.10 4.50",
    }  # fmt: skip
    values = {person: np.array(words.split(), float).reshape(-1, 2) for person, words in pairs.items()}
    who = np.repeat(list(values), [len(one) for one in values.values()])
    both = np.concatenate(list(values.values()))
    found = repeated_agreement(both[:, 0], both[:, 1], who)
    assert (found.n_people, found.n_pairs) == (12, 60)
    # lme4 finds 0.413 within people (printed by BAtrending); between them its REML, 0.934, is another estimate than
    # that by mean squares.
    assert found.sd_within == pytest.approx(0.413, abs=0.0005) and found.sd_between == pytest.approx(0.934, rel=0.05)
    spread = np.concatenate([one[:, 0] - one[:, 1] - np.mean(one[:, 0] - one[:, 1]) for one in values.values()])
    assert found.sd_within == pytest.approx(np.sqrt(np.sum(spread**2) / 48), rel=1e-12)
    assert found.limits == pytest.approx((-1.34, 2.54), abs=0.005)


def test_limits_with_repetitions_hold_95_of_single_differences() -> None:
    rng = np.random.default_rng(2)
    found = []
    for _ in range(400):
        who = np.repeat(np.arange(25), rng.integers(1, 6, 25))
        single = 2 + 1.5 * rng.normal(size=25)[who] + rng.normal(size=len(who))
        one = repeated_agreement(single, np.zeros(len(who)), who)
        found.append((*one.limits, *one.offset_interval))
    low, high, first, last = np.array(found).T
    true = 1.96 * np.sqrt(1.5**2 + 1)
    assert low.mean() == pytest.approx(2 - true, abs=0.08) and high.mean() == pytest.approx(2 + true, abs=0.08)
    assert np.mean((first <= 2) & (last >= 2)) == pytest.approx(0.95, abs=0.03)


def test_the_error_of_two_visits_is_that_of_the_mixed_model() -> None:
    # The SEM of consistency of a table of two columns is the SD of a person in a condition.
    table = np.random.default_rng(7).normal(size=(10, 2)) + 5 * np.random.default_rng(8).normal(size=(10, 1))
    one = mixed_effect(table.ravel(), np.repeat(np.arange(10), 2), np.tile([False, True], 10))
    sem = reliability(table).sem_consistency
    assert one.se == pytest.approx(sem * np.sqrt(2 / 10), rel=1e-6)
