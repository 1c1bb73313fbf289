"""Columns of the lumbar flexion that goes with a tuck."""

import numpy as np

from mocap.assessment.angle_values import CHANGE_PARTS, VALUE_PARTS, constant_parts_deg
from mocap.assessment.wink.bent_line import bend
from mocap.assessment.wink.cells import Cell, cells_of, column, missing
from mocap.assessment.wink.descent import noise_between
from mocap.assessment.wink.noise import Smoothed
from mocap.assessment.wink.trial import RepetitionWink, TrialWinks
from mocap.trial.assessment import Metric

LUMBAR = "lumbar_flexion"
_SIGN = "flexion +, relative to the static trial; T12/L1 against the pelvis, so that the level of the spine is not told"


def lumbar_columns(trial: TrialWinks) -> tuple[Metric, ...]:
    """Return change, value at the bottom, share of the largest, ratio to the tuck, and exposure, rows = repetitions."""
    flexion = trial.smooth(LUMBAR)
    largest = trial.movement.number("lumbar_flexion_max_deg")
    load = trial.movement.number("load_kg")
    change = cells_of(trial, lambda one: lumbar_ends(trial, flexion, one)[0])
    bottom = cells_of(trial, lambda one: lumbar_ends(trial, flexion, one)[1])
    flexed = cells_of(trial, lambda one: _flexed(trial, flexion, one))
    return (
        column("lumbar_change", "deg",
               f"Lumbar flexion at the bottom less that at the greatest anterior tilt; {_SIGN}; {CHANGE_PARTS}.",
               change),
        column("lumbar_bottom", "deg", f"Lumbar flexion at the bottom; {_SIGN}; {VALUE_PARTS}.", bottom),
        column("lumbar_pctmax", "%", "Lumbar flexion at the bottom in percent of the person's largest (a slow full "
               "forward bend).", tuple(_percent(one, largest) for one in bottom)),
        column(
            "wink_lumbar_ratio", "1",
            "Change of lumbar flexion per tuck: near 1 the lumbar spine takes it all and the thorax keeps its "
            "direction; near 0 the trunk turns with the pelvis.",
            tuple(_ratio(one, own) for one, own in zip(trial.repetitions, change, strict=True)),
        ),
        column("lumbar_flexed_time", "s", "Time of the repetition with lumbar flexion beyond the neutral band of the "
               f"static trial (mean + {trial.settings.neutral_band_sds:g} SD).", flexed),
        column("lumbar_flexed_load", "kg s",
               "That time multiplied by the load beside the body; exposure, no measure of tissue.",
               tuple(_loaded(one, load) for one in flexed)),
    )  # fmt: skip


def lumbar_ends(trial: TrialWinks, flexion: Smoothed, one: RepetitionWink) -> tuple[Cell, Cell]:
    """Return the change from the greatest tilt to the bottom, and the value there.

    Of the lines with the tuck's own bend, where one is detected; of the curve at these depths where none is.
    """
    wink, descent = one.wink, one.descent
    assert wink is not None and descent is not None
    why = trial.movement.why_not(LUMBAR)
    if why:
        return (missing(f"withheld: lumbar flexion is not observable: {why}"),) * 2
    curve = descent.at(flexion.values)
    start = int(wink.fit.window[0])
    if not np.isfinite(curve[start:]).all():
        return (missing("withheld: lumbar flexion is missing in part of the descent"),) * 2
    ends = np.zeros((2, len(curve)))
    bends = one.bends
    if wink.detected and bends is not None and wink.fit.candidate[0] >= 0:
        candidate = int(wink.fit.candidate[0])
        x = descent.depth[start:]
        design = np.stack([np.ones(len(x)), x, bends.columns[start:, candidate]], axis=1)
        depths = np.array([wink.peak, 1.0])
        shape = bend(depths, bends.place[candidate], bends.width[candidate])
        ends[:, start:] = np.stack([np.ones(2), depths, shape], axis=1) @ np.linalg.pinv(design)
    else:
        ends[0, np.argmin(np.abs(descent.depth - wink.peak))] = 1.0
        ends[1, -1] = 1.0
    known = np.nan_to_num(curve)
    covariance = noise_between(descent, flexion.sd, flexion.correlation)
    drop = ends[1] - ends[0]
    spread = np.sqrt(np.array([drop @ covariance @ drop, ends[1] @ covariance @ ends[1]])) * wink.widened
    moved, placed = (constant_parts_deg(trial.movement, LUMBAR, change=change) for change in (True, False))
    frames = round(float(descent.frames[-1] - descent.frames[start])) + 1
    return (
        Cell(float(drop @ known), float(np.hypot(spread[0], moved)), n=frames),
        Cell(float(ends[1] @ known), float(np.hypot(spread[1], placed)), n=frames),
    )


def _percent(bottom: Cell, largest: float) -> Cell:
    if not np.isfinite(bottom.value):
        return missing(bottom.reason)
    if not largest > 0:
        return missing("withheld: no largest lumbar flexion is given (lumbar_flexion_max_deg, of a full forward bend)")
    return Cell(100 * bottom.value / largest, 100 * bottom.sd / largest, n=bottom.n)


def _ratio(one: RepetitionWink, change: Cell) -> Cell:
    if one.wink is None or not np.isfinite(change.value):
        return missing(change.reason or one.reason)
    if not one.wink.detected:
        return missing(f"{one.wink.kind}: there is no tuck to compare with")
    ratio = change.value / one.wink.magnitude
    return Cell(ratio, float(np.hypot(change.sd, ratio * one.wink.magnitude_sd)) / one.wink.magnitude, n=change.n)


def _flexed(trial: TrialWinks, flexion: Smoothed, one: RepetitionWink) -> Cell:
    why = trial.movement.why_not(LUMBAR)
    if why:
        return missing(f"withheld: lumbar flexion is not observable: {why}")
    mean, sd = trial.movement.neutral_deg(LUMBAR)
    limit = mean + trial.settings.neutral_band_sds * sd
    if not np.isfinite(limit):
        return missing("withheld: no static trial tells the neutral band")
    span = flexion.values[one.repetition.start : one.repetition.end + 1]
    return Cell(float(np.sum(span > limit)) / trial.movement.rate_hz, n=int(np.isfinite(span).sum()))


def _loaded(flexed: Cell, load: float) -> Cell:
    if not np.isfinite(flexed.value):
        return missing(flexed.reason)
    if not np.isfinite(load):
        return missing("withheld: the load is not given (load_kg)")
    return Cell(flexed.value * load, n=flexed.n)
