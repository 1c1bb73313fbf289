"""Checks of a trial as a table."""

from collections.abc import Sequence

from mocap.report.page_parts import escaped, grade_badge, number, table
from mocap.trial import Verdict


def verdict_table(verdicts: Sequence[Verdict], head: str = "Check") -> str:
    """Return checks with what was measured and its limit, those that do not hold first; nothing without any."""
    rows = [
        [escaped(one.name.replace("_", " ")), *(number(value, 3, _unit(one)) for value in (one.measured, one.limit)),
         grade_badge("ok" if one.passed else "warn"), escaped(one.text)]
        for one in sorted(verdicts, key=lambda one: one.passed)
    ]  # fmt: skip
    return table([head, "Measured", "Limit", "", "What it is"], rows, (3, 4)) if rows else ""


def _unit(one: Verdict) -> str:
    return "" if one.unit == "1" else escaped(one.unit)
