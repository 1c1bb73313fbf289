"""How the feet stand and the knees track over them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.facing import facing
from mocap.assessment.movement import Movement
from mocap.assessment.phases import Phases
from mocap.assessment.stance.settings import StanceSettings
from mocap.assessment.values import (
    Value,
    about,
    angle_change,
    angle_over,
    column,
    combined,
    extreme_frame,
    mean_over,
    measure_over,
    measure_series,
    scatter_sd,
    withheld,
)
from mocap.trial import Metric

_MM = 1000.0
_TWO = float(np.sqrt(2.0))
_SIDES = (("r", "right"), ("l", "left"))


def foot_columns(movement: Movement, parts: Sequence[Phases], settings: StanceSettings) -> tuple[Metric, ...]:
    """Return stance width, its ratios, and toe-out, means over each repetition."""
    across = "perpendicular to the direction the person faces, mean over the repetition"
    placed = settings.landmark_sd_mm / _MM
    hip = settings.hip_centre_sd_mm / _MM * _TWO
    # An ankle centre is the middle of two landmarks, a width the difference of two sides.
    widths = [_width(movement, part, "AJC").less_sure(placed) for part in parts]
    columns = [
        column("stance_width", "m", f"Distance of the ankle centres {across}.", widths),
        column("stance_width_heels", "m", f"Distance of the heels {across}.",
               [_width(movement, part, "HEEL").less_sure(placed * _TWO) for part in parts]),
        column("stance_to_biacromial", "1", "Stance width (ankle centres) over biacromial width: `biacromial_m` of the "
               "context where given, else the distance of the acromion landmarks, else of the shoulder centres (then "
               "somewhat too large).", [_ratio(one, _shoulders(movement, part, placed * _TWO))
                                        for one, part in zip(widths, parts, strict=True)]),
        column("stance_to_hips", "1", "Stance width (ankle centres) over the distance of the hip centres.",
               [_ratio(one, _apart(movement, "HJC", part).less_sure(hip))
                for one, part in zip(widths, parts, strict=True)]),
    ]  # fmt: skip
    for side, word in _SIDES:
        columns.append(
            column(f"toe_out_{side}", "deg", f"Line of the {word} foot against the direction the person faces, in the "
                   "floor plane, toes out +; mean over the repetition.",
                   [angle_over(movement, f"foot_progression_{side}", part.whole) for part in parts])
        )  # fmt: skip
    return tuple(columns)


def knee_columns(movement: Movement, parts: Sequence[Phases], settings: StanceSettings) -> tuple[Metric, ...]:
    """Return how the knees track over the feet: angle, distance, varus."""
    columns: list[Metric] = []
    knee = (settings.landmark_sd_mm / _TWO, settings.landmark_sd_mm)  # its centre, and the line of the foot
    for side, word in _SIDES:
        name = f"knee_over_toe_{side}"
        columns += [
            column(f"knee_tracking_{side}", "deg", f"Line from the {word} ankle to knee centre against the foot line, "
                   "from above, knee lateral +; at the bottom.",
                   [angle_over(movement, f"knee_tracking_{side}", part.bottom) for part in parts]),
            column(f"knee_over_foot_{side}", "mm", f"Distance of the {word} knee centre from the vertical plane "
                   "through heel and MT2, lateral +; at the bottom.",
                   [measure_over(movement, name, part.bottom).times(_MM).less_sure(*knee) for part in parts]),
            column(f"knee_over_foot_lowest_{side}", "mm", f"Most medial place of the {word} knee centre in the "
                   "repetition, against the vertical plane through heel and MT2, lateral +; low-passed.",
                   [_most_medial(movement, name, part, settings).less_sure(*knee) for part in parts]),
            column(f"knee_varus_{side}", "deg", f"Change of the {word} knee's varus from standing to the bottom, varus "
                   "+, valgus -. In deep flexion the crosstalk of the knee's axis is in it.",
                   [angle_change(movement, f"knee_varus_{side}", part.standing, part.bottom) for part in parts]),
        ]  # fmt: skip
    return tuple(columns)


def _width(movement: Movement, part: Phases, name: str) -> Value:
    seen = facing(movement, part.standing)
    if not seen.known:
        return withheld(f"withheld: {seen.method}")
    series = (movement.place(f"R{name}") - movement.place(f"L{name}")) @ seen.right
    return mean_over(movement, series, part.whole, scatter_sd(movement, series[part.whole]), f"{name} is not known")


def _apart(movement: Movement, name: str, part: Phases) -> Value:
    series = np.linalg.norm(movement.place(f"R{name}") - movement.place(f"L{name}"), axis=1)
    return mean_over(movement, series, part.standing, scatter_sd(movement, series[part.whole]), f"{name} is not known")


def _shoulders(movement: Movement, part: Phases, placed: float) -> Value:
    given = movement.number("biacromial_m")
    if np.isfinite(given):
        return Value(given, 0.0)
    for name in ("ACR", "SHOULDER", "SJC"):
        found = _apart(movement, name, part)
        if found.known:
            return found.less_sure(placed)
    return withheld("withheld: neither `biacromial_m` in the context nor landmarks of both shoulders")


def _ratio(one: Value, other: Value) -> Value:
    if not (one.known and other.known):
        return one if not one.known else other
    ratio = one.value / other.value
    return combined(ratio, [(1.0 / other.value, one.sd), (ratio / other.value, other.sd)], n=one.n)


def _most_medial(movement: Movement, name: str, part: Phases, settings: StanceSettings) -> Value:
    values, _, why = measure_series(movement, name)
    index = extreme_index(movement, values, part.whole, -1.0, settings)
    if index is None:
        return withheld(f"withheld: {why or f'{name} is missing in these frames'}")
    return measure_over(movement, name, index).times(_MM)


def extreme_index(
    movement: Movement, values: NDArray, frames: NDArray, sign: float, settings: StanceSettings
) -> NDArray | None:
    """Return the frames about the extreme of a series, or None where it is not known."""
    index = extreme_frame(movement, values, frames, sign, settings.filter_hz)
    return None if index < 0 else about(movement, index, settings.extreme_seconds, frames)
