"""Whether the heels stay down, and the live check of shank against ankle."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.movement import Movement
from mocap.assessment.phases import Phases
from mocap.assessment.repetitions import Repetition
from mocap.assessment.stance.feet import extreme_index
from mocap.assessment.stance.settings import StanceSettings
from mocap.assessment.values import (
    Value,
    angle_over,
    column,
    combined,
    measure_over,
    measure_series,
    smoothed,
    withheld,
)
from mocap.signal.runs import runs
from mocap.trial import Event, Metric

_MM = 1000.0
_SIDES = (("r", "right"), ("l", "left"))


def heel_columns(movement: Movement, parts: Sequence[Phases], settings: StanceSettings) -> tuple[Metric, ...]:
    """Return heel rise, the depth at which a heel lifts, and shank inclination against dorsiflexion."""
    columns: list[Metric] = []
    limit = f"{settings.heel_lift_mm:g} mm for {1000 * settings.heel_lift_seconds:g} ms"
    for side, word in _SIDES:
        columns += [
            column(f"heel_rise_{side}", "mm", f"Highest rise of the {word} heel in the repetition above its height in "
                   "the static trial, low-passed.", [_highest(movement, side, part, settings) for part in parts]),
            column(f"heel_lift_depth_{side}", "1", f"Depth (0 to 1 of the repetition's own) at which the {word} heel "
                   f"first lifts in the descent: more than {limit}.",
                   [_lift_depth(movement, side, part, settings) for part in parts]),
            column(f"shank_minus_ankle_{side}", "deg", f"Inclination of the {word} shank minus its ankle's "
                   "dorsiflexion at the bottom: 0 with a sole flat on the floor, else a lifted heel, a fallen arch, a "
                   "wedge or a misplaced landmark.",
                   [_shank_minus_ankle(movement, side, part, settings) for part in parts]),
        ]  # fmt: skip
    return tuple(columns)


def heel_lift_events(
    movement: Movement, repetitions: Sequence[Repetition], settings: StanceSettings
) -> tuple[Event, ...]:
    """Return an event `heel_lift` for every time that a heel lifts during a repetition."""
    found = []
    for side, word in _SIDES:
        for first, last in _lifts(movement, side, settings):
            if any(one.start < last and first <= one.end for one in repetitions):
                note = f"heel more than {settings.heel_lift_mm:g} mm up for {(last - first) / movement.rate_hz:.2f} s"
                found.append(Event(float(movement.time_s[first]), "heel_lift", word, note=note))
    return tuple(sorted(found, key=lambda one: one.time_s))


def _lifts(movement: Movement, side: str, settings: StanceSettings) -> list[tuple[int, int]]:
    with np.errstate(invalid="ignore"):
        up = _rise_mm(movement, side, settings) > settings.heel_lift_mm
    return [run for run in runs(up) if run[1] - run[0] >= settings.heel_lift_seconds * movement.rate_hz]


def _rise_mm(movement: Movement, side: str, settings: StanceSettings) -> NDArray:
    return _MM * smoothed(movement, measure_series(movement, f"heel_rise_{side}")[0], settings.filter_hz)


def _highest(movement: Movement, side: str, part: Phases, settings: StanceSettings) -> Value:
    name = f"heel_rise_{side}"
    values, _, why = measure_series(movement, name)
    frames = extreme_index(movement, values, part.whole, 1.0, settings)
    if frames is None:
        return withheld(f"withheld: {why or f'{name} is missing in these frames'}")
    return measure_over(movement, name, frames).times(_MM)


def _lift_depth(movement: Movement, side: str, part: Phases, settings: StanceSettings) -> Value:
    values, _, why = measure_series(movement, f"heel_rise_{side}")
    if why or not np.isfinite(values[part.descent]).any():
        return withheld(f"withheld: {why or 'the heel is missing in these frames'}")
    first = [one for one, last in _lifts(movement, side, settings)
             if part.descent[0] <= one <= part.descent[-1] or one < part.descent[0] < last]  # fmt: skip
    if not first:
        return withheld("the heel does not lift in the descent")
    frame = max(first[0], int(part.descent[0]))
    return Value(float(part.depth[frame]), reason="" if np.isfinite(part.depth[frame]) else "the depth is not known")


def _shank_minus_ankle(movement: Movement, side: str, part: Phases, settings: StanceSettings) -> Value:
    shank, ankle = (angle_over(movement, f"{name}_{side}", part.bottom)
                    for name in ("shank_inclination", "ankle_dorsiflexion"))  # fmt: skip
    if not (shank.known and ankle.known):
        return shank if not shank.known else ankle
    difference = shank.value - ankle.value
    rise = measure_over(movement, f"heel_rise_{side}", part.bottom).times(_MM)
    down = rise.known and rise.value < settings.heel_down_mm
    doubt = ""
    if down and abs(difference) > settings.shank_ankle_deg:
        doubt = f"more than {settings.shank_ankle_deg:g} deg with the heel down: look at foot and shank landmarks"
    return combined(difference, [(1.0, shank.sd), (1.0, ankle.sd)], doubt, shank.n)
