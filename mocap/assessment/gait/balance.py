"""How the centre of mass stands over the feet within a gait cycle."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.gait.cycles import Cycle
from mocap.assessment.movement import Movement
from mocap.trial.assessment import Metric

_NAME = "margin_of_stability"
_WHAT = "Margin of stability (Hof et al. 2005: extrapolated centre of mass inside the base of support, + inside)"


def balance_columns(movement: Movement, cycles: Sequence[Cycle]) -> tuple[Metric, ...]:
    """Return the margin of stability at the contact that begins each cycle, and its least over the cycle."""
    measure = movement.measures.get(_NAME)
    if measure is None:
        values, sd = np.full(movement.n_frames, np.nan), np.full(movement.n_frames, np.nan)
        why = f"withheld: the trial has no {_NAME}"
    else:
        values, sd = np.where(measure.doubted, np.nan, measure.values), np.asarray(measure.sd)
        why = f"withheld: {measure.reason or 'missing or doubted in these frames'}"
    time_s = movement.time_s
    begins = [min(int(np.searchsorted(time_s, cycle.start.time_s)), len(time_s) - 1) for cycle in cycles]
    least = [_lowest(time_s, values, cycle) for cycle in cycles]
    at_contact = f"{_WHAT} at the first frame of the cycle."
    return (
        _column("margin_of_stability_contact", at_contact, begins, values, sd, why),
        _column("margin_of_stability_least", f"{_WHAT}: the least over the cycle.", least, values, sd, why),
    )


def _lowest(time_s: NDArray, values: NDArray, cycle: Cycle) -> int:
    inside = np.arange(np.searchsorted(time_s, cycle.start.time_s), np.searchsorted(time_s, cycle.end.time_s))
    shown = inside[np.isfinite(values[inside])]
    return int(shown[np.argmin(values[shown])]) if len(shown) else int(inside[0])


def _column(name: str, meaning: str, frames: Sequence[int], values: NDArray, sd: NDArray, why: str) -> Metric:
    found = values[list(frames)]
    reasons = tuple("" if known else why for known in np.isfinite(found))
    return Metric(name, "m", meaning, found, sd[list(frames)], reasons=reasons)
