"""Metrics as people read them: value, 95 % uncertainty and unit, rounded to what the uncertainty lets tell."""

import math

from mocap.trial.assessment import Metric

#: Decimals beyond which a unit is not told, however small the uncertainty: nothing here is known better.
_MOST_DECIMALS = {"deg": 1, "m": 3, "mm": 1, "cm": 1, "s": 2, "m/s": 2, "deg/s": 0, "1": 2, "%": 1, "1/min": 1, "kg": 1,
                  "deg/rep": 2}  # fmt: skip
_ASYMMETRIC = 0.05  # of the interval's half width


def shown(one: Metric, row: int, plus_minus: str = "+-") -> str:
    """Return a metric of a row: `12.3 +- 1.1 deg`; `0.82 (0.79 to 0.86)` where its interval is not symmetrical.

    A value whose uncertainty is not known says so; one that is missing is `-`.
    """
    value, low, high = (float(part[row]) for part in (one.values, one.low, one.high))
    unit = "" if one.unit == "1" else f" {one.unit}"
    if not math.isfinite(value):
        return "-"
    most = _MOST_DECIMALS[one.unit]
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"{_rounded(value, most)}{unit} ({plus_minus} not known)"
    half = (high - low) / 2
    decimals = min(max(1 - math.floor(math.log10(half)), 0), most) if half > 0 else most
    if abs(high + low - 2 * value) > 2 * _ASYMMETRIC * max(half, 10.0**-most):
        return f"{_rounded(value, decimals)}{unit} ({_rounded(low, decimals)} to {_rounded(high, decimals)})"
    # Rounded up: no uncertainty is told smaller than it is.
    reach = math.ceil(half * 10**decimals - 1e-9) / 10**decimals
    return f"{_rounded(value, decimals)} {plus_minus} {reach:.{decimals}f}{unit}"


def _rounded(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text  # no -0.0
