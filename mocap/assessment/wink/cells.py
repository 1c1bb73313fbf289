"""From numbers per repetition to the columns of a table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mocap.assessment.wink.trial import RepetitionWink, TrialWinks
from mocap.trial.assessment import Metric

_NAN = float("nan")


@dataclass(frozen=True)
class Cell:
    """One value of a column: NaN with a reason where it is not known.

    Attributes
    ----------
    value, sd, low, high : float
        Without `low` and `high`: 1.96 standard uncertainties.
    reason : str
    n : int
        Frames that it rests on.
    """

    value: float
    sd: float = _NAN
    low: float = _NAN
    high: float = _NAN
    reason: str = ""
    n: int = 0


def missing(reason: str) -> Cell:
    """Return a cell without a value."""
    return Cell(_NAN, reason=reason)


def column(name: str, unit: str, meaning: str, cells: Sequence[Cell]) -> Metric:
    """Return a metric of its cells."""
    rows = len(cells)
    values, sd = (np.array([getattr(one, key) for one in cells], float).reshape(rows) for key in ("value", "sd"))
    ends = []
    for key, sign in (("low", -1.0), ("high", 1.0)):
        own = np.array([getattr(one, key) for one in cells], float).reshape(rows)
        ends.append(np.where(np.isfinite(own), own, values + sign * 1.959963984540054 * sd))
    reasons = tuple(
        one.reason or ("" if np.isfinite(one.value) else "withheld: cannot be told from these frames") for one in cells
    )
    n = np.array([one.n for one in cells], int)
    return Metric(name, unit, meaning, values, sd, ends[0], ends[1], reasons, n)


def cells_of(
    trial: TrialWinks, made: Callable[[RepetitionWink], Cell], needs: str = "curve"
) -> tuple[Cell, ...]:
    """Return a cell of every repetition, or why there is none.

    Parameters
    ----------
    trial : TrialWinks
    made : function
        Of a repetition that has what is needed.
    needs : str
        `curve` (pelvic tilt against depth), `tuck` (one that is detected) or `onset`.
    """
    return tuple(missing(why_not(one, needs)) if why_not(one, needs) else made(one) for one in trial.repetitions)


def why_not(one: RepetitionWink, needs: str) -> str:
    """Return why a repetition has no such thing; empty where it has."""
    if one.wink is None:
        return one.reason
    if needs == "curve":
        return ""
    if not one.wink.detected:
        return one.wink.why_not
    if needs == "onset" and not np.isfinite(one.wink.onset):
        return one.wink.kind
    return ""
