"""How pelvis and lumbar spine share the bend over its course, and when the knees soften."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.hinge.settings import HingeSettings
from mocap.assessment.movement import Movement
from mocap.assessment.phases import Phases
from mocap.assessment.values import Value, column, scatter_sd, smoothed, withheld
from mocap.trial import Event, Metric

_BINS = ((0, 25), (25, 50), (50, 75), (75, 100))
_GRID = 101


def rhythm_columns(movement: Movement, parts: Sequence[Phases], settings: HingeSettings) -> tuple[Metric, ...]:
    """Return the lumbopelvic rhythm in quarters of the lean, and as a slope over the descent."""
    told = "Change of lumbar flexion over that of pelvic tilt"
    columns = [
        column(f"lumbopelvic_rhythm_{low}_{high}", "1", f"{told} from {low} to {high} % of the trunk lean of the "
               "descent.", [_quarter(movement, part, low / 100, high / 100, settings) for part in parts])
        for low, high in _BINS
    ]  # fmt: skip
    slope = column("lumbopelvic_slope", "1", "Slope of the regression of lumbar flexion on pelvic tilt in the descent.",
                   [_slope(movement, part, settings) for part in parts])  # fmt: skip
    return (*columns, slope)


def soften_columns(movement: Movement, parts: Sequence[Phases], settings: HingeSettings) -> tuple[Metric, ...]:
    """Return when in the lean the knees begin to flex."""
    meaning = (
        "Part of the trunk lean of the descent after which the knees begin to flex: corner of the least-squares fit of "
        "a level that goes over into a straight line; 0 where they flex from the start."
    )
    return (column("knee_soften_lean", "%", meaning, [_soften(movement, part, settings)[0] for part in parts]),)


def soften_events(movement: Movement, parts: Sequence[Phases], settings: HingeSettings) -> tuple[Event, ...]:
    """Return an event `knee_soften` per repetition in which the knees flex."""
    found = []
    for part in parts:
        value, frame = _soften(movement, part, settings)
        if frame >= 0:
            note = f"at {value.value:.0f} % of the lean"
            found.append(Event(float(movement.time_s[frame]), "knee_soften", note=note))
    return tuple(found)


def _lean_share(movement: Movement, part: Phases, settings: HingeSettings) -> NDArray:
    """Return the share of the lean of the descent that is reached, 0 to 1, per frame of it; never falling."""
    lean = smoothed(movement, movement.angle_deg("trunk_lean"), settings.filter_hz)[part.descent]
    if not np.isfinite(lean).all() or lean[-1] - lean[0] < settings.least_change:
        return np.full(len(lean), np.nan)
    return np.maximum.accumulate((lean - lean[0]) / (lean[-1] - lean[0]))


def _quarter(movement: Movement, part: Phases, low: float, high: float, settings: HingeSettings) -> Value:
    share = _lean_share(movement, part, settings)
    if not np.isfinite(share).all():
        return withheld("withheld: trunk lean is not known throughout the descent")
    changes, noises = [], []
    for name in ("lumbar_flexion", "pelvic_tilt"):
        raw = movement.angle_deg(name)
        curve = smoothed(movement, raw, settings.filter_hz)[part.descent]
        if not np.isfinite(curve).all():
            return withheld(f"withheld: {movement.why_not(name) or f'{name} has gaps in the descent'}")
        ends = np.interp((low, high), share, curve)
        changes.append(float(ends[1] - ends[0]))
        noises.append(float(np.sqrt(2.0)) * scatter_sd(movement, raw[part.whole]))
    if abs(changes[1]) < settings.least_change:
        return withheld(f"withheld: the pelvis turns by {changes[1]:.1f} deg in this quarter, too little to divide by")
    ratio = changes[0] / changes[1]
    sd = float(np.hypot(noises[0], ratio * noises[1]) / abs(changes[1]))
    return Value(ratio, sd, n=int(((share >= low) & (share <= high)).sum()))


def _slope(movement: Movement, part: Phases, settings: HingeSettings) -> Value:
    lumbar, tilt = (movement.angle_deg(name)[part.descent] for name in ("lumbar_flexion", "pelvic_tilt"))
    known = np.isfinite(lumbar) & np.isfinite(tilt)
    if known.sum() < 3:
        return withheld(f"withheld: {movement.why_not('lumbar_flexion') or movement.why_not('pelvic_tilt') or 'gaps'}")
    x, y = tilt[known] - tilt[known].mean(), lumbar[known] - lumbar[known].mean()
    if np.ptp(x) < settings.least_change:
        return withheld(f"withheld: the pelvis turns by {np.ptp(x):.1f} deg in the descent, too little")
    slope = float(x @ y / (x @ x))
    rest = y - slope * x
    return Value(slope, float(np.sqrt((rest @ rest) / (len(x) - 2) / (x @ x))), n=len(x))


def _soften(movement: Movement, part: Phases, settings: HingeSettings) -> tuple[Value, int]:
    """Return the share of the lean (%) at which the knees begin to flex, and its frame; -1 without one."""
    share = _lean_share(movement, part, settings)
    with np.errstate(invalid="ignore"):
        knees = np.stack([movement.angle_deg(f"knee_flexion_{side}") for side in "rl"])
    shown = [one for one in knees if np.isfinite(one[part.descent]).all()]
    if not np.isfinite(share).all() or not shown:
        return withheld("withheld: trunk lean or knee flexion is not known throughout the descent"), -1
    knee = smoothed(movement, np.mean(shown, axis=0), settings.filter_hz)[part.descent]
    if knee[-1] - knee[0] < settings.soften_deg:
        return withheld(f"the knees flex by {knee[-1] - knee[0]:.1f} deg in the descent: no softening"), -1
    # Evenly in lean, so that a slow beginning does not count for more.
    at = np.linspace(0.0, 1.0, _GRID)
    curve = np.interp(at, share, knee)
    corner = _corner(at, curve)
    frame = int(part.descent[int(np.searchsorted(share, corner))])
    return Value(100.0 * corner, n=len(knee)), frame


def _corner(at: NDArray, curve: NDArray) -> float:
    """Return where a level goes over into a rising line: the least squares over corners of a grid."""
    corners = at[:-5]
    lines = np.maximum(at[None, :] - corners[:, None], 0.0)
    lines -= lines.mean(axis=1, keepdims=True)
    rest = curve - curve.mean()
    squares = (lines**2).sum(axis=1)
    slopes = lines @ rest / squares
    errors = np.where(slopes > 0, float(rest @ rest) - slopes**2 * squares, np.inf)
    return float(corners[int(np.argmin(errors))])
