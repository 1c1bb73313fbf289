"""Angles of each gait cycle in a few numbers: at initial contact, the least and the greatest, and their range."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.gait.cycles import Cycle
from mocap.assessment.movement import Movement
from mocap.trial.assessment import Metric

_NAMES = ("pelvic_tilt", "hip_flexion", "knee_flexion", "ankle_dorsiflexion")
_SHOWN_SHARE = 0.9  # of the frames of a cycle that an extreme rests on
_SD = "sd: random part alone, of single frames; the parts that stay over a trial are with the angles"


def extent_columns(movement: Movement, cycles: Sequence[Cycle]) -> tuple[Metric, ...]:
    """Return the columns of the sagittal angles of the cycle's own leg, and of the pelvis."""
    columns: list[Metric] = []
    for name in _NAMES:
        sided = "{}" if name == "pelvic_tilt" else "{}_{}"
        angles = {cycle.side: sided.format(name, cycle.side[0]) for cycle in cycles}
        known = {side: (movement.angle_deg(angle), movement.sd_deg(angle), movement.why_not(angle) or
                        f"{angle} is missing or doubted in parts of the cycle") for side, angle in angles.items()}
        rows = [_extents(movement.time_s, *known[cycle.side], cycle) for cycle in cycles]
        for k, (what, meaning) in enumerate((
            ("contact", "at the initial contact"), ("least", "least over the cycle"),
            ("greatest", "greatest over the cycle"), ("range", "greatest less least over the cycle"),
        )):  # fmt: skip
            values, sd = (np.array([row[part][k] for row in rows]) for part in (0, 1))
            reasons = tuple(row[2] if np.isnan(row[0][k]) else "" for row in rows)
            columns.append(Metric(f"{name}_{what}", "deg", f"{name} {meaning}; {_SD}.", values, sd, reasons=reasons))
    return tuple(columns)


def _extents(
    time_s: NDArray, values: NDArray, sd: NDArray, why: str, cycle: Cycle
) -> tuple[tuple[float, ...], tuple[float, ...], str]:
    inside = np.arange(np.searchsorted(time_s, cycle.start.time_s), np.searchsorted(time_s, cycle.end.time_s))
    shown = inside[np.isfinite(values[inside])]
    nothing = (float("nan"),) * 4
    if len(shown) < _SHOWN_SHARE * len(inside):
        return nothing, nothing, f"withheld: {why}"
    low, high = shown[np.argmin(values[shown])], shown[np.argmax(values[shown])]
    first = shown[0]
    found = float(values[first]), float(values[low]), float(values[high]), float(values[high] - values[low])
    return found, (float(sd[first]), float(sd[low]), float(sd[high]), float(np.hypot(sd[low], sd[high]))), ""
