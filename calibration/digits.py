"""Figures for sentences: as many digits as count, never an exponent; and nouns that go with their number."""

import math

_MOST_DECIMALS = 6


def digits(value: float, count: int = 2) -> str:
    """A figure with its ``count`` leading digits, trailing zeros included; whole numbers keep all of theirs.

    ``digits(0.2)`` is "0.20", ``digits(0.0034)`` "0.0034" and ``digits(123.4)`` "123"; the format "g" would print the
    last as "1.2e+02". Below 1e-6 digits are lost rather than a row of zeros printed.
    """
    if not math.isfinite(value):
        return str(value)
    if value == 0:
        return "0"
    leading = math.floor(math.log10(abs(float(f"{value:.{count - 1}e}"))))  # rounded first: 0.0999 leads as 0.10
    return f"{value:.{min(max(count - 1 - leading, 0), _MOST_DECIMALS)}f}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun: "1 sample", "2 samples"; another plural than with an s has to be given."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"
