"""Columns of the rises from a chair, and what the trial says as a whole."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.movement import Movement
from mocap.assessment.sit_to_stand.repetitions import Rise
from mocap.assessment.sit_to_stand.settings import SitToStandSettings
from mocap.assessment.stance.sides import difference
from mocap.assessment.values import (
    Value,
    angle_over,
    both_sides,
    column,
    extreme,
    measure_over,
    withheld,
)
from mocap.trial import Metric

_NO_LEAN = "withheld: the lean of the trunk before seat-off is not known, or was under way from the start"
_NO_SITTING = "the recording ends before the person sits down"


def rise_columns(movement: Movement, rises: Sequence[Rise], settings: SitToStandSettings) -> tuple[Metric, ...]:
    """Return the columns of every rise: durations, height, lean, knees and hips at seat-off, balance."""

    def largest(name: str, way: NDArray) -> Value:
        return extreme(movement, name, way, 1.0, settings.filter_hz, settings.extreme_seconds)

    offs = [np.array([one.off]) for one in rises]
    ways = [np.arange(one.lean if one.lean >= 0 else one.off, one.standing + 1) for one in rises]
    knees = [tuple(angle_over(movement, f"knee_flexion_{side}", off) for side in "rl") for off in offs]
    hips = [tuple(angle_over(movement, f"hip_flexion_{side}", off) for side in "rl") for off in offs]
    return (
        column("lean_time", "s", "The trunk begins to lean forward.",
               [_at(movement, one.lean, _NO_LEAN) for one in rises]),
        column("duration", "s", "From seat-off to standing.",
               [_between(movement, one.off, one.standing) for one in rises]),
        column("lean_duration", "s", "From the beginning of the lean to seat-off.",
               [_between(movement, one.lean, one.off, _NO_LEAN) for one in rises]),
        column("sitting_duration", "s", "From the beginning of sitting down to the seat.",
               [_between(movement, one.sitting, one.end, _NO_SITTING) for one in rises]),
        column("rise", "m", "How far the middle of the hip centres rises.", [Value(one.height_m) for one in rises]),
        column("trunk_lean_largest", "deg", "Largest forward lean of the thorax from the lean to standing.",
               [largest("trunk_lean", way) for way in ways]),
        column("lumbar_flexion_largest", "deg", "Largest lumbar flexion from the lean to standing, against the static.",
               [largest("lumbar_flexion", way) for way in ways]),
        column("knee_flexion_off", "deg", "Knee flexion at seat-off, mean of both sides.",
               [both_sides(*one) for one in knees]),
        column("knee_flexion_off_difference", "deg", "Right less left knee flexion at seat-off.",
               [difference(*one) for one in knees]),
        column("hip_flexion_off", "deg", "Hip flexion at seat-off, mean of both sides.",
               [both_sides(*one) for one in hips]),
        column("com_ap_ratio_off", "1", "Place of the centre of mass between heels (0) and toes (1) at seat-off.",
               [measure_over(movement, "com_ap_ratio", off) for off in offs]),
    )  # fmt: skip


def count_columns(movement: Movement, rises: Sequence[Rise], settings: SitToStandSettings) -> tuple[Metric, ...]:
    """Return what the trial says, one row: stands in 30 s, and the time of five."""
    begins = [one.lean if one.lean >= 0 else one.off for one in rises]
    rate = movement.rate_hz
    seconds, wanted = settings.count_seconds, settings.count_repetitions
    if not rises:
        count = timed = withheld("there is no repetition")
    else:
        left = (movement.n_frames - 1 - begins[0]) / rate
        within = sum(1 for one in rises if (one.standing - begins[0]) / rate <= seconds)
        count = Value(float(within)) if left >= seconds else withheld(
            f"not assessable: the recording goes on for {left:.1f} s from the first one; it needs {seconds:g} s")
        timed = withheld(f"not assessable: there are {len(rises)} repetitions, and {wanted} are needed")
        if len(rises) >= wanted:
            timed = _between(movement, begins[0], rises[wanted - 1].standing)
    return (
        column("stands_counted", "1", f"Stands that are reached within {seconds:g} s from the beginning of the first.",
               [count]),
        column("stands_timed", "s", f"From the beginning of the first to standing in repetition {wanted}.", [timed]),
    )  # fmt: skip


def _at(movement: Movement, frame: int, lacking: str) -> Value:
    return Value(float(movement.time_s[frame]), _frame_sd(movement)) if frame >= 0 else withheld(lacking)


def _between(movement: Movement, first: int, last: int, lacking: str = "") -> Value:
    if first < 0 or last < 0:
        return withheld(lacking)
    return Value((last - first) / movement.rate_hz, float(np.sqrt(2.0)) * _frame_sd(movement))


def _frame_sd(movement: Movement) -> float:
    return float(1.0 / (movement.rate_hz * np.sqrt(12.0)))
