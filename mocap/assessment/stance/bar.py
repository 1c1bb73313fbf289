"""The barbell, where its ends are marked: path, speed, height, and where it is over foot and body."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.facing import facing, foot_line, middle
from mocap.assessment.movement import Movement
from mocap.assessment.phases import Phases
from mocap.assessment.stance.settings import StanceSettings
from mocap.assessment.values import Value, column, mean_over, measure_series, scatter_sd, smoothed, withheld
from mocap.trial import Metric

_NO_BAR = "withheld: the ends of the bar (BAR_R, BAR_L) are not marked"
_MM = 1000.0


def bar_columns(movement: Movement, parts: Sequence[Phases], settings: StanceSettings) -> tuple[Metric, ...]:
    """Return what the bar does in every repetition."""

    def each(one: Callable[[NDArray, Phases, NDArray], Value]) -> list[Value]:
        return [_with_bar(movement, part, one) for part in parts]

    def offset(bar: NDArray, part: Phases, ahead: NDArray) -> Value:
        centre, _, why = measure_series(movement, "centre_of_mass")
        if why or centre.ndim != 2:
            return withheld(f"withheld: {why}")
        return _mean(movement, (bar - centre) @ ahead, part)

    def over_foot(bar: NDArray, part: Phases, ahead: NDArray) -> Value:
        # The middle of four landmarks.
        return _mean(movement, (bar - _mid_foot(movement)) @ ahead, part).less_sure(settings.landmark_sd_mm / 2)

    def path(bar: NDArray, part: Phases, ahead: NDArray) -> Value:
        return _range(movement, bar @ ahead, part.whole, settings).times(_MM)

    def travel(bar: NDArray, part: Phases, ahead: NDArray) -> Value:
        return _range(movement, bar[:, 2], part.whole, settings)

    def speed(bar: NDArray, part: Phases, ahead: NDArray) -> Value:
        upward = np.gradient(smoothed(movement, bar[:, 2], settings.filter_hz)) * movement.rate_hz
        ascent = part.whole[part.whole > part.descent[-1]]
        if not np.isfinite(upward[ascent]).any():
            return withheld("withheld: the bar is missing in the ascent")
        return Value(float(np.nanmax(upward[ascent])), n=len(ascent))

    facing_words = "along the direction the person faces, forward +"
    return (
        column("bar_ap_offset", "mm", f"Middle of the bar against the centre of mass of the body {facing_words}; at "
               "the bottom. Uncertainty: noise alone, not the table of masses.", each(offset)),
        column("bar_over_mid_foot", "mm", f"Middle of the bar against mid-foot (middle of heel and toe tip, both feet) "
               f"{facing_words}; at the bottom.", each(over_foot)),
        column("bar_path_ap", "mm", "Range of the bar's middle forward and backward in the repetition, low-passed.",
               each(path)),
        column("bar_travel", "m", "Range of the height of the bar's middle in the repetition, low-passed.",
               each(travel)),
        column("bar_speed_up", "m/s", "Greatest upward speed of the bar's middle in the ascent, low-passed.",
               each(speed)),
    )  # fmt: skip


def _with_bar(movement: Movement, part: Phases, one: Callable[[NDArray, Phases, NDArray], Value]) -> Value:
    bar = (movement.place("BAR_R") + movement.place("BAR_L")) / 2
    if not np.isfinite(bar[part.whole]).any():
        return withheld(_NO_BAR)
    seen = facing(movement, part.standing)
    return one(bar, part, seen.ahead) if seen.known else withheld(f"withheld: {seen.method}")


def _mid_foot(movement: Movement) -> NDArray:
    if all(f"{side}HALLUX" in movement.places for side in "RL"):
        return (middle(movement, "HEEL") + middle(movement, "HALLUX")) / 2
    return middle(movement, "HEEL") + (foot_line(movement, "R") + foot_line(movement, "L")) / 4


def _mean(movement: Movement, series: NDArray, part: Phases) -> Value:
    noise = scatter_sd(movement, series[part.whole])
    return mean_over(movement, series, part.bottom, noise, "bar, body or feet are missing at the bottom").times(_MM)


def _range(movement: Movement, series: NDArray, frames: NDArray, settings: StanceSettings) -> Value:
    smooth = smoothed(movement, series, settings.filter_hz)[frames]
    if not np.isfinite(smooth).any():
        return withheld("withheld: the bar is missing")
    noise = scatter_sd(movement, series[frames])
    return Value(float(np.nanmax(smooth) - np.nanmin(smooth)), float(np.sqrt(2.0) * noise), n=len(frames))
