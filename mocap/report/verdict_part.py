"""Checks of a trial as a table."""

from collections.abc import Sequence

from mocap.report.convention_part import side_of
from mocap.report.page_parts import escaped, grade_badge, number, table
from mocap.trial import Verdict

_FEW_M = 0.1


def verdict_table(verdicts: Sequence[Verdict], head: str = "Check") -> str:
    """Return checks with what was measured and its limit, those that do not hold first; nothing without any."""
    rows = [
        [escaped(check_name(one.name)), *_figures(one), grade_badge("ok" if one.passed else "warn"),
         escaped(one.text)]
        for one in sorted(verdicts, key=lambda one: one.passed)
    ]  # fmt: skip
    return table([head, "Measured", "Limit", "", "What it is"], rows, (3, 4)) if rows else ""


def check_name(name: str) -> str:
    """Return the name of a check as it is shown: `flat_foot_r` is "flat foot, right"."""
    base, side = side_of(name)
    return f"{base}, {side}".replace("_", " ") if side else name.replace("_", " ")


def _figures(one: Verdict) -> list[str]:
    """Measured value and limit with their unit: millimetres where the limit is some of them."""
    in_mm = one.unit == "m" and abs(one.limit) < _FEW_M
    unit = "mm" if in_mm else ("" if one.unit == "1" else escaped(one.unit))
    factor = 1000 if in_mm else 1
    return [number(factor * value, 3, unit).replace("-", "\u2212") for value in (one.measured, one.limit)]
