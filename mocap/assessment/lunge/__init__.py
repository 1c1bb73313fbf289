"""Lunges in a split stance or with a step forward: repetitions, the leg in front, and its angles at the bottom."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mocap.assessment.excursions import Excursion, ExcursionSettings, Signal, find_excursions
from mocap.assessment.facing import facing, leg_length_m, middle
from mocap.assessment.knee_to_wall import front_leg
from mocap.assessment.movement import Movement
from mocap.assessment.phases import Phases, phases
from mocap.assessment.repetitions import Found, Repetition
from mocap.assessment.stacking import one_by_one
from mocap.assessment.values import (
    Value,
    angle_change,
    angle_over,
    column,
    extreme,
    mean_over,
    measure_over,
    scatter_sd,
    withheld,
)
from mocap.trial import Metric, Rejected, Words

__all__ = ["LungeSettings", "lunge_columns", "lunge_repetitions"]

_WORDS = {"R": "right", "L": "left", "": "not known"}
_PAD_S = 2.0  # beside a repetition: the stand before it, and as far as filters reach
_NO_SIDE = "withheld: neither leg is in front of the other"


@dataclass(frozen=True)
class LungeSettings:
    """How a lunge is measured.

    Attributes
    ----------
    standing_seconds : float
        Time before the start that counts as standing.
    filter_hz, extreme_seconds : float
        Cut-off of curves whose extremes are sought, and the time to either side that is averaged.
    landmark_sd_mm : float
        Standard uncertainty of the place of a landmark, per axis.
    """

    standing_seconds: float
    filter_hz: float
    extreme_seconds: float
    landmark_sd_mm: float


def lunge_repetitions(movement: Movement, limits: ExcursionSettings) -> Found:
    """Return the lunges of a trial, by the drop of the middle of the hip centres."""
    height = middle(movement, "HJC")[:, 2]
    if not np.isfinite(height).any():
        return Found((), (), ("no repetition: the hip centres are not known",))
    hips = Signal(-height, "the height of the hip centres", "m")
    found = find_excursions(hips, movement.rate_hz, limits, movement.angles.start_s)
    made, refused = ([_repetition(one) for one in some] for some in (found.found, found.refused))
    times = movement.time_s
    level = [
        Rejected(float(times[one.start]), float(times[one.bottom]), float(times[one.end]),
                 "neither leg is in front of the other at the bottom: a squat, not a lunge")
        for one in made if not front_leg(movement, one)
    ]  # fmt: skip
    taken = tuple(one for one in made if front_leg(movement, one))
    rejected = tuple(sorted((*found.rejected, *level), key=lambda one: one.bottom_s))
    note = found.note or ("" if taken else f"all {len(rejected)} candidates were rejected")
    candidates = (*refused, *(one for one in made if one not in taken))
    return Found(taken, rejected, (f"no repetition: {note}",) if note else (), candidates=candidates)


def _repetition(one: Excursion) -> Repetition:
    return Repetition(
        one.start, one.extreme, one.end, one.still_from, one.still_to, one.paused, one.size, -one.level,
        one.start_sd_s, one.extreme_sd_s, one.end_sd_s,
    )  # fmt: skip


def lunge_columns(
    movement: Movement, repetitions: Sequence[Repetition], settings: LungeSettings
) -> tuple[Metric | Words, ...]:
    """Return the columns of lunges: which leg is in front, depth, step, and angles at the bottom."""
    return one_by_one(movement, repetitions, _PAD_S, lambda part, some, _: _columns(part, some, settings))


def _columns(
    movement: Movement, repetitions: Sequence[Repetition], settings: LungeSettings
) -> tuple[Metric | Words, ...]:
    parts = [phases(movement, one, settings.standing_seconds) for one in repetitions]
    fronts = [front_leg(movement, one) for one in repetitions]
    rears = ["" if not one else "L" if one == "R" else "R" for one in fronts]

    def at_bottom(angle: str, sides: Sequence[str], where: str) -> Metric:
        words = f"{angle.replace('_', ' ').capitalize()} of the leg {'in front' if where == 'front' else 'behind'}"
        cells = [_of_side(movement, angle, side, part) for side, part in zip(sides, parts, strict=True)]
        return column(f"{angle}_{where}", "deg", f"{words}, at the bottom.", cells)

    def largest(name: str, part: Phases) -> Value:
        return extreme(movement, name, part.whole, 1.0, settings.filter_hz, settings.extreme_seconds)

    return (
        Words("side", "The leg in front", tuple(_WORDS[one] for one in fronts)),
        column("depth", "m", "Drop of the middle of the hip centres from standing to the bottom.",
               [Value(one.depth_m) for one in repetitions]),
        column("step_length", "1", "Distance of the heels along the direction the person faces, in leg lengths, at the "
               "bottom.", [_step(movement, part, settings) for part in parts]),
        *(at_bottom(name, fronts, "front") for name in
          ("hip_flexion", "knee_flexion", "ankle_dorsiflexion", "shank_inclination", "knee_tracking", "knee_varus")),
        column("knee_over_foot_front", "mm", "Distance of the front knee centre from the vertical plane of its foot "
               "line, lateral +, at the bottom.",
               [_over_foot(movement, side, part, settings) for side, part in zip(fronts, parts, strict=True)]),
        *(at_bottom(name, rears, "rear") for name in ("hip_flexion", "knee_flexion")),
        column("trunk_lean_largest", "deg", "Largest forward lean of the thorax in the lunge.",
               [largest("trunk_lean", part) for part in parts]),
        *(column(f"{name}_change", "deg", f"Change of {name.replace('_', ' ')} from standing to the bottom.",
                 [angle_change(movement, name, part.standing, part.bottom) for part in parts])
          for name in ("pelvic_tilt", "pelvic_obliquity", "pelvic_rotation", "lumbar_flexion")),
    )  # fmt: skip


def _of_side(movement: Movement, angle: str, side: str, part: Phases) -> Value:
    return angle_over(movement, f"{angle}_{side.lower()}", part.bottom) if side else withheld(_NO_SIDE)


def _over_foot(movement: Movement, side: str, part: Phases, settings: LungeSettings) -> Value:
    if not side:
        return withheld(_NO_SIDE)
    found = measure_over(movement, f"knee_over_toe_{side.lower()}", part.bottom).times(1000.0)
    # The knee's centre is the middle of two landmarks; the line of the foot goes through two more.
    return found.less_sure(settings.landmark_sd_mm / float(np.sqrt(2.0)), settings.landmark_sd_mm)


def _step(movement: Movement, part: Phases, settings: LungeSettings) -> Value:
    seen, leg = facing(movement, part.bottom), leg_length_m(movement, part.standing)
    if not (seen.known and np.isfinite(leg)):
        return withheld(f"withheld: {'the length of the legs is not known' if seen.known else seen.method}")
    series = np.abs((movement.place("RHEEL") - movement.place("LHEEL")) @ seen.ahead) / leg
    found = mean_over(movement, series, part.bottom, scatter_sd(movement, series[part.whole]), "a heel is not known")
    return found.less_sure(float(np.sqrt(2.0)) * settings.landmark_sd_mm / (1000.0 * leg))
