"""Columns that every repetition has: its instants, how long, how deep, and under what circumstances."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mocap.assessment.angle_values import angle_at
from mocap.assessment.movement import Movement
from mocap.assessment.repetitions import Repetition
from mocap.errors import ConfigError
from mocap.trial import METRIC_UNITS, Metric, Words

_BENDS = ("hip_flexion", "knee_flexion", "ankle_dorsiflexion", "thigh_elevation")
_DROP = "Drop of the middle of the hip centres from standing to the bottom; uncertainty: noise alone"
_TEMPO = {True: "paused", False: "flowing"}
_SOURCE = {True: "edited", False: "detected"}
_PATH = "found in the height of the hips; uncertainty: its noise"
_EDGE = "by the limits of the protocol for its speed, so that a slow movement has begun before; uncertainty: noise"


@dataclass(frozen=True)
class DepthSettings:
    """Elevations of the thigh, deg, above which a squat is of a class; below the last it is deep."""

    partial_above: float
    half_above: float
    parallel_above: float

    def __post_init__(self) -> None:
        if not self.partial_above > self.half_above > self.parallel_above:
            raise ConfigError("[depth]: its limits do not fall.", "Give them from above to below.", "CONFIG_VALUE")

    def named(self, thigh_elevation_deg: float) -> str:
        """Return the class of a depth."""
        limits = {"partial": self.partial_above, "half": self.half_above, "parallel": self.parallel_above}
        if not np.isfinite(thigh_elevation_deg):
            return "not known"
        return next((word for word, limit in limits.items() if thigh_elevation_deg > limit), "deep")


def instant_columns(movement: Movement, repetitions: Sequence[Repetition]) -> tuple[Metric | Words, ...]:
    """Return start, bottom and end of each repetition, its phases, pause and source."""
    time_s, rate = movement.time_s, movement.rate_hz
    starts, bottoms, ends = (
        np.array([getattr(one, name) for one in repetitions], int) for name in ("start", "bottom", "end")
    )
    sds = {name: np.array([getattr(one, f"{name}_sd_s") for one in repetitions]) for name in ("start", "bottom", "end")}
    held = np.array([one.still_to - one.still_from for one in repetitions]) / rate
    down_sd, up_sd = np.hypot(sds["start"], sds["bottom"]), np.hypot(sds["bottom"], sds["end"])
    return (
        Metric("start_time", "s", f"The descent begins, {_EDGE}", time_s[starts], sds["start"]),
        Metric("bottom_time", "s", f"The lowest instant; {_PATH}", time_s[bottoms], sds["bottom"]),
        Metric("end_time", "s", f"The ascent ends, {_EDGE}", time_s[ends], sds["end"]),
        Metric("descent_time", "s", "From start to bottom", (bottoms - starts) / rate, down_sd),
        Metric("ascent_time", "s", "From bottom to end", (ends - bottoms) / rate, up_sd),
        Metric("bottom_hold", "s", "Time on the plateau about the bottom", held, np.full(len(held), 1.0 / rate)),
        Words("tempo", "Whether it is held at the bottom", tuple(_TEMPO[one.paused] for one in repetitions)),
        Words("source", "Who found its instants", tuple(_SOURCE[one.edited] for one in repetitions)),
    )


def depth_columns(
    movement: Movement, repetitions: Sequence[Repetition], leg_length_m: float, settings: DepthSettings
) -> tuple[Metric | Words, ...]:
    """Return how deep each repetition is, in m, in leg lengths and by the thigh, and how hips, knees, ankles bend."""
    depth = np.array([one.depth_m for one in repetitions])
    sd = np.array([one.depth_sd_m for one in repetitions])
    bottoms = [one.bottom for one in repetitions]
    relative = depth / leg_length_m if leg_length_m > 0 else np.full(len(depth), np.nan)
    no_length = () if leg_length_m > 0 else ("withheld: nothing shows the floor",) * len(depth)
    made: list[Metric | Words] = [
        Metric("depth", "m", _DROP, depth, sd),
        Metric(
            "depth_relative", "1", "The same in leg lengths (hip centre to floor in standing)", relative,
            sd / leg_length_m if leg_length_m > 0 else None, reasons=no_length,  # type: ignore[arg-type]
        ),
    ]  # fmt: skip
    for angle in _BENDS:
        for side in ("r", "l"):
            name = f"{angle}_{side}"
            made.append(angle_at(movement, name, bottoms, f"{name}_bottom", f"{name} at the bottom"))
    made.append(angle_at(movement, "trunk_lean", bottoms, "trunk_lean_bottom", "trunk_lean at the bottom"))
    thighs = [one.values for one in made if isinstance(one, Metric) and one.name.startswith("thigh_elevation")]
    meaning = "By thigh_elevation at the bottom, mean of both sides; limits of the protocol, ours"
    made.append(Words("depth_class", meaning, tuple(settings.named(one) for one in np.mean(thighs, axis=0))))
    return tuple(made)


def context_columns(context: Mapping[str, float | str], rows: int) -> tuple[Metric | Words, ...]:
    """Return the circumstances of a trial as columns `context_...`, the same in every row."""
    suffixes = {suffix: unit for unit, suffix in METRIC_UNITS.items() if suffix}
    made: dict[str, Metric | Words] = {}
    for name, value in context.items():
        suffix = next((one for one in sorted(suffixes, key=len, reverse=True) if name.endswith(one)), "")
        plain = f"context_{name if isinstance(value, str) else name.removesuffix(suffix)}"
        # `load` beside `load_kg`: without their units they are alike, and every column has its own name.
        own = next(one for one in (plain, *(f"{plain}_{k}" for k in range(2, len(context) + 2))) if one not in made)
        if isinstance(value, str):
            made[own] = Words(own, "As stated for the trial", (value,) * rows)
            continue
        reasons = () if np.isfinite(value) else ("not stated",) * rows
        made[own] = Metric(own, suffixes.get(suffix, "1"), "As stated for the trial",
                           np.full(rows, float(value)), reasons=reasons)  # fmt: skip
    return tuple(made.values())
