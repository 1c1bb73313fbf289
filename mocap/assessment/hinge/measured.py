"""What is measured of each repetition of a hinge: the values that its components are made of, and more."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.facing import facing, leg_length_m, middle
from mocap.assessment.hinge.settings import HingeSettings
from mocap.assessment.movement import Movement
from mocap.assessment.phases import Phases
from mocap.assessment.values import (
    NAN,
    Value,
    about,
    angle_change,
    angle_over,
    both_sides,
    combined,
    extreme,
    extreme_frame,
    mean_over,
    scatter_sd,
    withheld,
)


@dataclass(frozen=True)
class Measured:
    """One repetition; deg, lengths in parts of the leg length (`back_mm`, `drop_mm` in mm).

    Attributes
    ----------
    knee_start, knee_bottom, knee_mean, knee_range : Value
        Knee flexion, mean of both sides.
    shank, lumbar, share, back, drop, lean, symmetry : Value
        The other components of the score.
    hip, lumbar_change, tilt : Value
        Changes of hip flexion, lumbar flexion and pelvic tilt from standing to the bottom.
    index : Value
        Change of hip flexion over that of knee flexion.
    thoracic : Value
        Change of the thorax against T12/L1.
    early_lumbar : Value
        Lumbar flexion gained until the lean of the control test.
    back_mm, drop_mm : Value
        Travel of the hips.
    """

    knee_start: Value
    knee_bottom: Value
    knee_mean: Value
    knee_range: Value
    shank: Value
    lumbar: Value
    share: Value
    back: Value
    drop: Value
    lean: Value
    symmetry: Value
    hip: Value
    lumbar_change: Value
    tilt: Value
    index: Value
    thoracic: Value
    early_lumbar: Value
    back_mm: Value
    drop_mm: Value


def measured(movement: Movement, parts: Sequence[Phases], settings: HingeSettings) -> tuple[Measured, ...]:
    """Return what is measured of every repetition."""
    return tuple(_measured(movement, part, settings) for part in parts)


def _measured(movement: Movement, part: Phases, settings: HingeSettings) -> Measured:
    def change(name: str) -> Value:
        return angle_change(movement, name, part.standing, part.bottom)

    def knee(frames: NDArray) -> Value:
        return both_sides(*(angle_over(movement, f"knee_flexion_{side}", frames) for side in "rl"))

    hip, bent = (both_sides(*(change(f"{name}_{side}") for side in "rl")) for name in ("hip_flexion", "knee_flexion"))
    lumbar = change("lumbar_flexion")
    leg = leg_length_m(movement, part.standing)
    tilt = change("pelvic_tilt")
    # A misplaced hip centre turns with the pelvis.
    swung = 2.0 * abs(np.sin(np.deg2rad(np.nan_to_num(tilt.value)) / 2)) * settings.hip_centre_sd_mm
    back, drop = (one.less_sure(float(swung)) for one in _travel(movement, part))
    return Measured(
        knee_start=knee(part.standing), knee_bottom=knee(part.bottom), knee_mean=knee(part.whole),
        knee_range=both_sides(*(_range(movement, f"knee_flexion_{side}", part, settings) for side in "rl")),
        shank=_largest_of(movement, ("shank_inclination_r", "shank_inclination_l"), part, settings),
        lumbar=_largest_of(movement, ("lumbar_flexion",), part, settings),
        share=_share(hip, lumbar, settings), back=_in_legs(back, leg), drop=_in_legs(drop, leg),
        lean=change("trunk_lean"), symmetry=_symmetry(movement, part, settings), hip=hip,
        lumbar_change=lumbar, tilt=tilt,
        index=_index(hip, bent, settings), thoracic=_difference(change("thoracopelvic_flexion"), lumbar),
        early_lumbar=_early(movement, part, settings), back_mm=back, drop_mm=drop,
    )  # fmt: skip


def _largest_of(movement: Movement, names: tuple[str, ...], part: Phases, settings: HingeSettings) -> Value:
    """Return the largest amount, whichever its sign, that any of some angles has in the repetition."""
    found = [
        extreme(movement, name, part.whole, sign, settings.filter_hz, settings.extreme_seconds).times(sign)
        for name in names for sign in (1.0, -1.0)
    ]  # fmt: skip
    known = [one for one in found if one.known]
    return max(known, key=lambda one: one.value) if known else found[0]


def _range(movement: Movement, name: str, part: Phases, settings: HingeSettings) -> Value:
    curve = movement.angle_deg(name)
    ends = [extreme_frame(movement, curve, part.whole, sign, settings.filter_hz) for sign in (-1.0, 1.0)]
    if min(ends) < 0:
        return angle_over(movement, name, part.whole)
    return angle_change(movement, name, *(about(movement, one, settings.extreme_seconds, part.whole) for one in ends))


def _share(hip: Value, lumbar: Value, settings: HingeSettings) -> Value:
    if not (hip.known and lumbar.known):
        return hip if not hip.known else lumbar
    both = hip.value + lumbar.value
    if both < settings.least_change:
        return withheld(f"withheld: hip and lumbar spine flex by {both:.1f} deg in all, too little to share")
    slopes = lumbar.value / both**2, -hip.value / both**2
    return combined(hip.value / both, [(slopes[0], hip.sd), (slopes[1], lumbar.sd)], n=hip.n)


def _index(hip: Value, knee: Value, settings: HingeSettings) -> Value:
    if not (hip.known and knee.known):
        return hip if not hip.known else knee
    if abs(knee.value) < settings.least_change:
        return withheld(f"withheld: the knees flex by {knee.value:.1f} deg, too little to divide by: a pure hinge")
    ratio = hip.value / knee.value
    return combined(ratio, [(1.0 / knee.value, hip.sd), (ratio / knee.value, knee.sd)], n=hip.n)


def _difference(one: Value, other: Value) -> Value:
    if not (one.known and other.known):
        return one if not one.known else other
    return combined(one.value - other.value, [(1.0, one.sd), (1.0, other.sd)], n=one.n)


def _travel(movement: Movement, part: Phases) -> tuple[Value, Value]:
    """Return how far the hips go backward against the ankles, and down, in mm."""
    seen = facing(movement, part.standing)
    if not seen.known:
        why = withheld(f"withheld: {seen.method}")
        return why, why
    hips = middle(movement, "HJC") - middle(movement, "AJC")
    found = []
    for direction in (-seen.ahead, np.array([0.0, 0.0, -1.0])):
        series = 1000.0 * hips @ direction
        noise = scatter_sd(movement, series[part.whole])
        ends = [mean_over(movement, series, frames, noise, "hip or ankle centres are not known")
                for frames in (part.standing, part.bottom)]  # fmt: skip
        found.append(_difference(ends[1], ends[0]))
    return found[0], found[1]


def _in_legs(travel_mm: Value, leg_m: float) -> Value:
    if travel_mm.known and not np.isfinite(leg_m):
        return withheld("withheld: the length of the legs is not known")
    return travel_mm.times(1.0 / (1000.0 * leg_m)) if travel_mm.known else travel_mm


def _symmetry(movement: Movement, part: Phases, settings: HingeSettings) -> Value:
    """Return the largest change of pelvic rotation or obliquity from standing."""
    found = []
    for name in ("pelvic_rotation", "pelvic_obliquity"):
        curve = movement.angle_deg(name)
        for sign in (1.0, -1.0):
            frame = extreme_frame(movement, curve, part.whole, sign, settings.filter_hz)
            if frame >= 0:
                near = about(movement, frame, settings.extreme_seconds, part.whole)
                found.append(angle_change(movement, name, part.standing, near).times(sign))
    known = [one for one in found if one.known]
    return max(known, key=lambda one: one.value) if known else angle_change(
        movement, "pelvic_rotation", part.standing, part.bottom
    )


def _early(movement: Movement, part: Phases, settings: HingeSettings) -> Value:
    lean = movement.angle_deg("trunk_lean")[part.descent]
    with np.errstate(invalid="ignore"):
        beyond = np.flatnonzero(lean >= settings.control_lean)
    frames = part.descent[: beyond[0]] if len(beyond) else part.descent
    if not len(frames):
        return Value(NAN, NAN, "withheld: the lean is beyond the limit from the start")
    curve = movement.angle_deg("lumbar_flexion")
    frame = extreme_frame(movement, curve, frames, 1.0, settings.filter_hz)
    near = frames if frame < 0 else about(movement, frame, settings.extreme_seconds, frames)
    return angle_change(movement, "lumbar_flexion", part.standing, near)
