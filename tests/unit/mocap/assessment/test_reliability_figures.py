"""ICC, SEM and MDC95 against published examples and exact fractions, and their intervals against simulation."""

from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import chi2

from mocap.assessment.statistics.two_way import reliability
from mocap.errors import KinematicsError

# Shrout and Fleiss (1979), table 2: six people rated by four judges.
RATINGS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
# Bland and Altman (BMJ 1996; 313: 744): peak expiratory flow of 20 schoolchildren, four times each, l/min.
FLOW = [
    [190, 220, 200, 200], [220, 200, 240, 230], [260, 260, 240, 280], [210, 300, 280, 265], [270, 265, 280, 270],
    [280, 280, 270, 275], [260, 280, 280, 300], [275, 275, 275, 305], [280, 290, 300, 290], [320, 290, 300, 290],
    [300, 300, 310, 300], [270, 250, 330, 370], [320, 330, 330, 330], [335, 320, 335, 375], [350, 320, 340, 365],
    [360, 320, 350, 345], [330, 340, 380, 390], [335, 385, 360, 370], [400, 420, 425, 420], [430, 460, 480, 470],
]  # fmt: skip

#: Scores of eight wines by four judges, an example that several statistics packages print.
WINES = [[1, 2, 0, 1], [1, 3, 3, 2], [3, 8, 1, 4], [6, 4, 3, 3], [6, 5, 5, 6], [7, 5, 6, 2], [8, 7, 7, 9], [9, 9, 9, 8]]


def exact(rows: list[list[int]]) -> dict[str, float]:
    """By fractions, from sums of products: no mean squares, and no rounding but the last."""
    n, k = len(rows), len(rows[0])
    total = sum(map(sum, rows))
    squares = sum(value**2 for row in rows for value in row)
    of_rows = Fraction(sum(sum(row) ** 2 for row in rows), k)
    of_columns = Fraction(sum(sum(row[j] for row in rows) ** 2 for j in range(k)), n)
    correction = Fraction(total**2, n * k)
    between = (of_rows - correction) / (n - 1)
    across = (of_columns - correction) / (k - 1)
    left = (squares - of_rows - of_columns + correction) / ((n - 1) * (k - 1))
    within = (squares - of_rows) / (n * (k - 1))
    return {
        "ICC(1,1)": float((between - within) / (between + (k - 1) * within)),
        "ICC(2,1)": float((between - left) / (between + (k - 1) * left + k * (across - left) / n)),
        "ICC(3,1)": float((between - left) / (between + (k - 1) * left)),
        "ICC(1,k)": float((between - within) / between),
        "ICC(2,k)": float((between - left) / (between + (across - left) / n)),
        "ICC(3,k)": float((between - left) / between),
        "sem": float(within) ** 0.5, "consistency": float(left) ** 0.5,
    }  # fmt: skip


@pytest.mark.parametrize("rows", [RATINGS, FLOW, WINES])
def test_coefficients_and_errors_are_those_of_exact_fractions(rows: list[list[int]]) -> None:
    found, true = reliability(np.array(rows, float)), exact(rows)
    for one in found.coefficients:
        assert one.value == pytest.approx(true[one.form], abs=1e-12)
    # The SEM of agreement squared is the mean square within people, as long as MSC exceeds MSE.
    assert found.sem_agreement == pytest.approx(true["sem"], rel=1e-12)
    assert found.sem_consistency == pytest.approx(true["consistency"], rel=1e-12)


def test_the_example_of_shrout_and_fleiss() -> None:
    found = reliability(np.array(RATINGS, float))
    assert found.squares.rows == pytest.approx(11.24, abs=0.005)
    assert found.squares.columns == pytest.approx(32.49, abs=0.005)
    assert found.squares.residual == pytest.approx(1.02, abs=0.005)
    assert found.squares.within == pytest.approx(6.26, abs=0.005)
    printed = {
        "ICC(1,1)": (0.17, -0.13, 0.72), "ICC(2,1)": (0.29, 0.02, 0.76), "ICC(3,1)": (0.71, 0.34, 0.95),
        "ICC(1,k)": (0.44, -0.88, 0.91), "ICC(2,k)": (0.62, 0.07, 0.93), "ICC(3,k)": (0.91, 0.68, 0.99),
    }  # fmt: skip
    for form, figures in printed.items():
        one = found.icc(form)
        assert (one.value, *one.interval) == pytest.approx(figures, abs=0.005), form


def test_the_interval_of_the_error_by_hand() -> None:
    # Of the ratings: MSC / n = 5.4144 with 3 and MSE (n - 1) / n = 0.8495 with 15 degrees of freedom, together 3.996.
    found = reliability(np.array(RATINGS, float))
    parts = 32.486111111111114 / 6, 1.0194444444444444 * 5 / 6
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / 3 + parts[1] ** 2 / 15)
    assert freedom == pytest.approx(3.996, abs=0.001)
    ends = [np.sqrt(sum(parts) * freedom / chi2.ppf(share, freedom)) for share in (0.975, 0.025)]
    assert found.sem_agreement_interval == pytest.approx(tuple(ends), rel=1e-9)
    ends = [np.sqrt(1.0194444444444444 * 15 / chi2.ppf(share, 15)) for share in (0.975, 0.025)]
    assert found.sem_consistency_interval == pytest.approx(tuple(ends), rel=1e-9)


def test_the_example_of_wines() -> None:
    found = reliability(np.array(WINES, float))
    # As psych (R) and pingouin print it: F 11.680 and 11.787, three decimals of the coefficients, two of the intervals.
    assert found.squares.rows / found.squares.within == pytest.approx(11.680, abs=0.0005)
    assert found.squares.rows / found.squares.residual == pytest.approx(11.787, abs=0.0005)
    printed = {"ICC(1,1)": 0.728, "ICC(2,1)": 0.728, "ICC(3,1)": 0.729, "ICC(1,k)": 0.914, "ICC(2,k)": 0.914,
               "ICC(3,k)": 0.915}  # fmt: skip
    for form, value in printed.items():
        one = found.icc(form)
        assert one.value == pytest.approx(value, abs=0.0005)
        assert one.interval == pytest.approx((0.43, 0.93) if form.endswith("1)") else (0.75, 0.98), abs=0.005)


def test_the_example_of_bland_and_altman() -> None:
    # As printed there: within-subject SD 21.5 l/min, repeatability 2.77 times it: 60 l/min.
    found = reliability(np.array(FLOW, float))
    assert found.sem_agreement == pytest.approx(21.5, abs=0.05)
    assert found.mdc95 == pytest.approx(60.0, abs=0.6)
    assert found.mdc95 == pytest.approx(1.959963984540054 * np.sqrt(2) * exact(FLOW)["sem"], rel=1e-9)


def test_a_missing_cell_leaves_a_person_out_and_is_told() -> None:
    table = np.array(RATINGS, float)
    table[2, 1] = np.nan
    found = reliability(table)
    assert found.left_out == (2,) and found.squares.n == 5
    assert found.coefficients == reliability(np.delete(table, 2, axis=0)).coefficients


def test_a_design_that_tells_nothing_is_refused() -> None:
    with pytest.raises(KinematicsError, match="RELIABILITY_DESIGN"):
        reliability(np.array([[1.0, 2.0], [3.0, np.nan]]))
    with pytest.raises(KinematicsError, match="RELIABILITY_DESIGN"):
        reliability(np.array([[1.0], [3.0]]))


def test_measurements_that_agree_to_the_bit_have_no_error() -> None:
    found = reliability(np.array([[1.0, 1.0], [2.0, 2.0], [4.0, 4.0]]))
    assert found.sem_agreement == 0 and found.mdc95 == 0
    assert found.icc().value == 1 and np.isnan(found.icc().interval).all()
    assert np.isnan(reliability(np.ones((3, 2))).icc().value)


def coverage(n_sets: int, n: int, k: int) -> tuple[float, float, float]:
    """Shares of tables with known variances whose intervals hold the true ICC(2,1), ICC(3,1) and SEM."""
    rng = np.random.default_rng(8)
    of_people, of_columns, of_rest = 3.0, 1.0, 2.0
    agreement = of_people**2 / (of_people**2 + of_columns**2 + of_rest**2)
    consistency = of_people**2 / (of_people**2 + of_rest**2)
    sem = np.hypot(of_columns, of_rest)
    held = np.zeros(3)
    for _ in range(n_sets):
        people, columns, rest = rng.normal(size=(n, 1)), rng.normal(size=(1, k)), rng.normal(size=(n, k))
        found = reliability(of_people * people + of_columns * columns + of_rest * rest)
        spans = found.icc().interval, found.icc("ICC(3,1)").interval, found.sem_agreement_interval
        held += [low <= true <= high for (low, high), true in zip(spans, (agreement, consistency, sem), strict=True)]
    return tuple(held / n_sets)


def test_intervals_hold_the_truth() -> None:
    agreement, consistency, sem = coverage(1000, 12, 6)
    # Measured 0.954, 0.951 and 0.968 of 1000 tables; 0.948, 0.950 and 0.962 of 4000.
    assert agreement == pytest.approx(0.95, abs=0.025)
    assert consistency == pytest.approx(0.95, abs=0.02)
    assert sem == pytest.approx(0.95, abs=0.03)
