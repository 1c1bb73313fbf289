"""Where the centre of mass stands over the feet."""

from collections.abc import Sequence

import numpy as np

from mocap.assessment.facing import facing, foot_line, middle
from mocap.assessment.movement import Movement
from mocap.assessment.phases import Phases
from mocap.assessment.stance.feet import extreme_index
from mocap.assessment.stance.settings import StanceSettings
from mocap.assessment.values import (
    Value,
    column,
    measure_over,
    measure_series,
    scatter_sd,
    smoothed,
    withheld,
)
from mocap.trial import Metric

_GRAVITY_M_S2 = 9.81
_MM = 1000.0


def balance_columns(movement: Movement, parts: Sequence[Phases], settings: StanceSettings) -> tuple[Metric, ...]:
    """Return place of the centre of mass between heels and toes, and margins to the border of the base of support."""
    low = f"the lowest {100 * settings.low_share:.0f} % of the depth"
    ratio = "Place of the centre of mass between heels (0) and toes (1)"
    alone = "Uncertainty: noise and placement of heel and toe, not the table of masses"
    placed = settings.landmark_sd_mm / float(np.sqrt(2.0))
    return (
        column("com_ap_ratio_bottom", "1", f"{ratio} at the bottom. {alone}.",
               [measure_over(movement, "com_ap_ratio", part.bottom).less_sure(placed / _foot_mm(movement, part))
                for part in parts]),
        column("com_ap_ratio_lowest", "1", f"{ratio}: the most backward one in {low}, low-passed. {alone}.",
               [_least(movement, "com_ap_ratio", part, settings).less_sure(placed / _foot_mm(movement, part))
                for part in parts]),
        column("base_margin_lowest", "mm", "Distance of the centre of mass from the border of the base of support, "
               f"inside +: the smallest in {low}, low-passed. {alone}.",
               [_least(movement, "base_of_support_margin", part, settings).times(_MM).less_sure(settings.landmark_sd_mm)
                for part in parts]),
        column("xcom_heel_margin", "mm", "Distance of the extrapolated centre of mass (Hof 2005: position + velocity / "
               "sqrt(g/l), l its height above the ankles) in front of the middle of the heels, along the direction the "
               f"person faces: the smallest in {low}, low-passed; less than 0 is behind the heels. {alone}.",
               [_backward(movement, part, settings).less_sure(placed) for part in parts]),
    )  # fmt: skip


def _foot_mm(movement: Movement, part: Phases) -> float:
    """Return the length from heel to toe, mm, by which a place between them is told."""
    lengths = [np.linalg.norm(foot_line(movement, side)[part.bottom], axis=1) for side in "RL"]
    known = np.concatenate(lengths)[np.isfinite(np.concatenate(lengths))]
    return _MM * float(known.mean()) if len(known) else float("nan")


def _least(movement: Movement, name: str, part: Phases, settings: StanceSettings) -> Value:
    values, _, why = measure_series(movement, name)
    frames = extreme_index(movement, values, part.low(settings.low_share), -1.0, settings)
    if frames is None or not len(frames):
        return withheld(f"withheld: {why or f'{name} is missing in these frames'}")
    return measure_over(movement, name, frames)


def _backward(movement: Movement, part: Phases, settings: StanceSettings) -> Value:
    centre, _, why = measure_series(movement, "centre_of_mass")
    seen = facing(movement, part.standing)
    if why or not seen.known or centre.ndim != 2:
        return withheld(f"withheld: {why or seen.method}")
    along = smoothed(movement, (centre - middle(movement, "HEEL")) @ seen.ahead, settings.filter_hz)
    with np.errstate(invalid="ignore"):
        height = centre[:, 2] - middle(movement, "AJC")[:, 2]
        period = np.sqrt(np.where(height > 0.1, height, np.nan) / _GRAVITY_M_S2)
    # The heels rest: what moves is the centre.
    series = along + np.gradient(along) * movement.rate_hz * period
    low = part.low(settings.low_share)
    if not np.isfinite(series[low]).any():
        return withheld("withheld: centre of mass, heels or ankles are not known in the lowest part")
    # Not averaged: where the lowest part begins or ends, it may change fast.
    return Value(float(np.nanmin(series[low])), scatter_sd(movement, series[part.whole]), n=len(low)).times(_MM)
