"""Points of the components of a hinge, and the score over them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mocap.assessment.hinge.measured import Measured
from mocap.assessment.hinge.settings import HingeSettings
from mocap.assessment.values import NAN, Value, combined, withheld


@dataclass(frozen=True)
class Component:
    """One part of the score.

    Attributes
    ----------
    name, unit, meaning : str
    value : callable
        Of a repetition.
    points : callable
        Of a value: 0 to 1.
    weight : float
    """

    name: str
    unit: str
    meaning: str
    value: Callable[[Measured], Value]
    points: Callable[[float], float]
    weight: float


def ramp(value: float, zero: float, full: float) -> float:
    """Return 0 at `zero`, 1 at `full` and beyond, linear in between; either may be the larger one."""
    return float(np.clip((value - zero) / (full - zero), 0.0, 1.0))


def components(settings: HingeSettings, neutral_sd_deg: float) -> tuple[Component, ...]:
    """Return the components of the score.

    Parameters
    ----------
    settings : HingeSettings
    neutral_sd_deg : float
        SD of lumbar flexion in quiet standing, whose double is the neutral band; NaN (not known) is taken as 0.
    """
    s = settings
    band = 2.0 * neutral_sd_deg if np.isfinite(neutral_sd_deg) else 0.0

    def knee(value: float) -> float:
        return min(ramp(value, s.knee_zero_low, s.knee_full_low), ramp(value, s.knee_zero_high, s.knee_full_high))

    def falling(zero: float, full: float) -> Callable[[float], float]:
        return lambda value: ramp(value, zero, full)

    legs = "in parts of the leg length"
    return (
        Component("knee_flexion_bottom", "deg", "Knee flexion at the bottom, mean of both sides.",
                  lambda one: one.knee_bottom, knee, s.knee_weight),
        Component("shank_inclination_largest", "deg", "Largest inclination of a shank against the vertical, whichever "
                  "way and side, in the plane of the foot.", lambda one: one.shank,
                  falling(s.shank_zero, s.shank_full), s.shank_weight),
        Component("lumbar_excursion", "deg", "Largest amount of lumbar flexion or extension against the static "
                  f"trial; full marks up to {band + s.lumbar_full:.1f} deg (neutral band and {s.lumbar_full:g}).",
                  lambda one: one.lumbar, falling(s.lumbar_zero, band + s.lumbar_full), s.lumbar_weight),
        Component("hip_share", "1", "Change of hip flexion over that of hip and lumbar flexion, standing to bottom.",
                  lambda one: one.share, falling(s.share_zero, s.share_full), s.share_weight),
        Component("hip_back", "1", f"Travel of the hip centres backward against the ankles {legs}, standing to bottom.",
                  lambda one: one.back, falling(s.back_zero, s.back_full), s.back_weight),
        Component("hip_drop", "1", f"Drop of the hip centres {legs}, standing to bottom.",
                  lambda one: one.drop, falling(s.drop_zero, s.drop_full), s.drop_weight),
        Component("trunk_lean_range", "deg", "Change of the forward lean of the thorax, standing to bottom.",
                  lambda one: one.lean, falling(s.lean_zero, s.lean_full), s.lean_weight),
        Component("pelvis_turn", "deg", "Largest change of pelvic rotation or obliquity from standing.",
                  lambda one: one.symmetry, falling(s.symmetry_zero, s.symmetry_full), s.symmetry_weight),
    )  # fmt: skip


def points_of(component: Component, one: Measured) -> Value:
    """Return the points, 0 to 1, of a component in a repetition, with what its value's uncertainty makes of them."""
    value = component.value(one)
    if not value.known:
        return withheld(value.reason)
    points = component.points(value.value)
    if not np.isfinite(value.sd):
        return Value(points, NAN, value.reason, value.n)
    high, low = component.points(value.value + value.sd), component.points(value.value - value.sd)
    return Value(points, max(abs(high - points), abs(low - points)), value.reason, value.n)


def score_of(parts: Sequence[Component], one: Measured) -> tuple[Value, Value, float]:
    """Return the score of a repetition, 0 to 100, and what is left of it where something is not observable.

    Returns
    -------
    score : Value
        100 times the weighted mean of the points; withheld where a component that has a weight has no points.
    observable : Value
        The same over the components that have points alone; not to be compared with a score.
    share : float
        Their part of all weights, 0 to 1.
    """
    weighted = [(part, points_of(part, one)) for part in parts if part.weight > 0]
    seen = [(part.weight, points) for part, points in weighted if points.known]
    total, known = sum(part.weight for part, _ in weighted), sum(weight for weight, _ in seen)
    if not seen:
        nothing = withheld("withheld: no component is observable")
        return nothing, nothing, 0.0
    value = 100.0 * sum(weight * points.value for weight, points in seen) / known
    observable = combined(value, [(100.0 * weight / known, points.sd) for weight, points in seen], n=len(seen))
    lacking = [part.name for part, points in weighted if not points.known]
    if lacking:
        return withheld(f"withheld: not observable: {', '.join(lacking)}"), observable, known / total
    return observable, observable, 1.0
