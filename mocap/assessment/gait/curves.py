"""Angles over the gait cycle: 0 % is an initial contact, 100 % the next of the same foot."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.gait.cycles import Cycle
from mocap.assessment.gait.walker import SIDES
from mocap.assessment.movement import Movement
from mocap.assessment.resampling import resampled
from mocap.assessment.waveforms import multiple_correlation
from mocap.trial.assessment import Metric, Table, Words

POINTS = 101
SCORE_POINTS = 51
_MIDLINE = (
    "pelvic_tilt", "pelvic_obliquity", "pelvic_rotation", "pelvic_tilt_conventional", "pelvic_obliquity_conventional",
    "pelvic_rotation_conventional", "lumbar_flexion", "thoracopelvic_flexion", "trunk_lean",
)  # fmt: skip
_OF_A_LEG = (
    "hip_flexion", "hip_adduction", "hip_rotation", "knee_flexion", "knee_varus", "knee_rotation", "ankle_dorsiflexion",
    "ankle_inversion", "foot_progression",
)  # fmt: skip
# Positive to the right in the angles; over the cycle of a foot, positive to its own side.
_TURNED = ("pelvic_obliquity", "pelvic_rotation", "pelvic_obliquity_conventional", "pelvic_rotation_conventional")
_OWN_SIDE = " Of the cycle's own side: own side up, own side forward."


def cycle_curves(movement: Movement, cycles: Sequence[Cycle]) -> Mapping[str, Mapping[str, NDArray]]:
    """Return the curves by side and variable, each shape (cycle, 101) in deg.

    Cubic splines from sample to sample, NaN where the angle is missing or doubted. Variables that no cycle shows are
    left out. Obliquity and rotation of the pelvis are of the cycle's own side: + is own side up, own side forward.
    """
    found: dict[str, dict[str, NDArray]] = {}
    for side in SIDES:
        own = [cycle for cycle in cycles if cycle.side == side]
        named = [(name, name) for name in _MIDLINE] + [(name, f"{name}_{side[0]}") for name in _OF_A_LEG]
        curves = {name: _curves(movement, own, angle) for name, angle in named}
        sign = {name: -1.0 if side == "left" and name in _TURNED else 1.0 for name in curves}
        found[side] = {name: sign[name] * curve for name, curve in curves.items() if np.isfinite(curve).any()}
    return found


def _curves(movement: Movement, cycles: Sequence[Cycle], angle: str) -> NDArray:
    if angle not in movement.angles.names or not cycles:
        return np.full((len(cycles), POINTS), np.nan)
    values = movement.angle_deg(angle)[:, None]
    share = np.linspace(0.0, 1.0, POINTS)
    begins, ends = (np.array([getattr(cycle, which).time_s for cycle in cycles]) for which in ("start", "end"))
    at_s = begins[:, None] + share * (ends - begins)[:, None]
    return resampled(movement.time_s, values, at_s.ravel())[:, 0].reshape(at_s.shape)


def score_curves(curves: Mapping[str, Mapping[str, NDArray]]) -> Mapping[str, Mapping[str, NDArray]]:
    """Return curves of 101 points at the 51 that scores go by."""
    every = (POINTS - 1) // (SCORE_POINTS - 1)
    return {side: {name: values[:, ::every] for name, values in own.items()} for side, own in curves.items()}


def curve_tables(curves: Mapping[str, Mapping[str, NDArray]]) -> tuple[Table, ...]:
    """Return `curves_right` and `curves_left`: 101 rows, the mean of each variable with the SD over the cycles."""
    made = []
    for side, variables in curves.items():
        if not variables:
            continue
        percent = Metric("cycle", "%", "Of the gait cycle from initial contact.", np.linspace(0, 100, POINTS))
        columns = [_column(name, values) for name, values in variables.items()]
        made.append(Table(f"curves_{side}", POINTS, (percent, *columns)))
    return tuple(made)


def _column(name: str, values: NDArray) -> Metric:
    shown = np.isfinite(values)
    n = shown.sum(axis=0)
    total = np.where(shown, values, 0.0).sum(axis=0)
    mean = np.where(n > 0, total / np.maximum(n, 1), np.nan)
    spread = np.where(shown, values - mean, 0.0)
    sd = np.where(n > 1, np.sqrt((spread**2).sum(axis=0) / np.maximum(n - 1, 1)), np.nan)
    reasons = tuple("" if one else "missing or doubted here in every cycle" for one in n)
    meaning = "Mean over the cycles; sd and interval are the scatter from cycle to cycle, not the error of the angle."
    return Metric(name, "deg", meaning + (_OWN_SIDE if name in _TURNED else ""), mean, sd, reasons=reasons, n=n)


def similarity_table(curves: Mapping[str, Mapping[str, NDArray]]) -> Table:
    """Return `similarity`: how alike the cycles of a side are, and both sides, one row per variable.

    The coefficient of multiple correlation (Kadaba et al. 1989) of the cycles of a side, never without their RMS
    difference from their mean in degrees; between sides the RMS of the right mean curve less the left one, the mean
    difference taken out.
    """
    names = tuple(dict.fromkeys(name for variables in curves.values() for name in variables))
    columns: list[Metric] = []
    for side in SIDES:
        told = [_alike(curves[side].get(name)) for name in names]
        values, scatter = (np.array([one[part] for one in told], float) for part in (0, 1))
        reasons, n = tuple(one[2] for one in told), np.array([one[3] for one in told], int)
        columns += [
            Metric(f"cmc_{side}", "1", f"Coefficient of multiple correlation of the {side} cycles (Kadaba 1989).",
                   values, reasons=reasons, n=n),
            Metric(f"scatter_{side}", "deg", f"RMS difference of the {side} cycles from their mean.", scatter,
                   reasons=reasons, n=n),
        ]  # fmt: skip
    between = [_between(curves["right"].get(name), curves["left"].get(name)) for name in names]
    why = tuple("" if np.isfinite(one) else "withheld: not both sides have it" for one in between)
    columns.append(Metric("sides_rms", "deg", "RMS of the mean right curve less the left one, mean difference out.",
                          np.array(between, float), reasons=why))  # fmt: skip
    return Table("similarity", len(names), tuple(columns), (Words("variable", "Angle over the cycle", names),))


def _alike(values: NDArray | None) -> tuple[float, float, str, int]:
    n = 0 if values is None else int(np.isfinite(values).any(axis=1).sum())
    if values is None or n < 2:
        return np.nan, np.nan, f"withheld: {n} cycle{'' if n == 1 else 's'} with this angle, and it takes two", n
    whole = values[np.isfinite(values).any(axis=1)]
    found = multiple_correlation(whole)
    shown = whole[:, np.isfinite(whole).all(axis=0)]
    scatter = float(np.sqrt(np.mean((shown - shown.mean(axis=0)) ** 2))) if shown.size else np.nan
    return found.value, scatter, found.reason and f"withheld: {found.reason}", n


def _between(right: NDArray | None, left: NDArray | None) -> float:
    if right is None or left is None:
        return float("nan")
    difference = _column("", right).values - _column("", left).values
    shown = difference[np.isfinite(difference)]
    return float(np.std(shown)) if len(shown) else float("nan")
