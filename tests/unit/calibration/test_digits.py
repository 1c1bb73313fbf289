"""Figures in sentences."""

import pytest

from calibration.digits import counted, digits


@pytest.mark.parametrize(
    ("value", "count", "told"),
    [
        (0.2, 2, "0.20"),
        (0.0034, 2, "0.0034"),
        (0.0999, 2, "0.10"),
        (0.997, 2, "1.0"),
        (9.96, 2, "10"),
        (12.4, 1, "12"),
        (123.4, 2, "123"),
        (-0.046, 1, "-0.05"),
        (1.5, 3, "1.50"),
        (0.0, 2, "0"),
        (3e-9, 2, "0.000000"),
        (float("inf"), 2, "inf"),
        (float("nan"), 2, "nan"),
    ],
)
def test_the_digits_that_count(value: float, count: int, told: str) -> None:
    assert digits(value, count) == told


def test_a_noun_goes_with_its_number() -> None:
    assert [counted(n, "sample") for n in (0, 1, 2)] == ["0 samples", "1 sample", "2 samples"]
    assert (counted(1, "body", "bodies"), counted(3, "body", "bodies")) == ("1 body", "3 bodies")
