"""Dates within sentences, in the ways that people write them."""

import re

_MONTH = (
    r"(?:jan|feb|mar|mär|mrz|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez|fév|avr|juin|juil|aoû|déc|ene|abr|ago|dic)"
    r"[^\W\d_]*"
)
_DAY, _YEAR, _BETWEEN = r"\d{1,2}(?:st|nd|rd|th)?", r"(?:\d{4}|\d{2})", r"[\s.,/\-']{1,3}(?:of |de )?"
_DATES = re.compile(
    # Three figures joined by the same mark: 12.04.1980, 4/12/80, 1980-4-12; digits beside them make another thing.
    r"(?<![\w.])(?:\d{1,2}\s?([./-])\s?\d{1,2}\s?\1\s?(?:\d{4}|\d{2})|(?:1[89]|20)\d\d([./-])\d{1,2}\2\d{1,2})(?![\w]|[./-]\d)"
    rf"|(?<!\w){_DAY}{_BETWEEN}{_MONTH}{_BETWEEN}{_YEAR}(?!\w)"
    rf"|(?<!\w){_MONTH}{_BETWEEN}{_DAY}{_BETWEEN}{_YEAR}(?!\w)"
    rf"|(?<!\w){_MONTH}{_BETWEEN}(?:1[89]|20)\d\d(?!\w)",
    re.IGNORECASE,
)


def without_dates(text: str, instead: str) -> str:
    """Return a text with something else in the place of each date.

    Parameters
    ----------
    text, instead : str
    """
    return _DATES.sub(instead, text)
