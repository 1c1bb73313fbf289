"""Columns of the tuck itself: how much, whether it is told from noise, and where it begins."""

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.wink.cells import Cell, cells_of, column, missing
from mocap.assessment.wink.descent import STEP
from mocap.assessment.wink.repetition import GRADUAL
from mocap.assessment.wink.trial import TILT, RepetitionWink, TrialWinks
from mocap.trial.assessment import Metric

_BENT = "two lines with a bend between them, fitted evenly in depth (bent cable; Chiu et al. 2006)"
_BAKER = "Pelvic tilt, anterior +, in the order rotation, obliquity, tilt (Baker 2001)"


def magnitude_columns(trial: TrialWinks) -> tuple[Metric, ...]:
    """Return magnitude, largest tuck, threshold and the smallest that would have been detected, rows = repetitions."""
    fixed, parts = systematic(trial)
    settings = trial.settings
    return (
        column(
            "wink_magnitude", "deg",
            f"Posterior tuck of the pelvis: greatest anterior tilt in the descent less the tilt at the bottom, both of "
            f"{_BENT}. {_BAKER}. Of the uncertainty are in: "
            f"{', '.join(['noise (' + trial.noise_source + ')', *parts])}. Of a detected tuck the 95 % interval is "
            "given that it passed the threshold (Zhong and Prentice 2008): near it, it reaches further down than up, "
            "may end at the value itself, and leaves out truths of which a tuck would hardly ever be called.",
            cells_of(trial, lambda one: _magnitude(one, fixed)),
        ),
        column(
            "wink_magnitude_unselected", "deg",
            "The tuck, median-unbiased given that it passed the threshold (Zhong and Prentice 2008). Near the "
            "threshold tucks are detected where noise adds to them, so that the magnitude reads too large there; far "
            "above it, this is the magnitude.",
            cells_of(trial, lambda one: _unselected(one, fixed), "tuck"),
        ),
        column(
            "wink_peak", "deg",
            "Greatest anterior tilt of the fit less the lowest filtered tilt from there to the end of the stay at the "
            "bottom; picked as an extreme, it reads a little too large.",
            cells_of(trial, lambda one: _peak(trial, one)),
        ),
        column(
            "wink_threshold", "deg",
            f"A tuck is called present above this: the largest of {settings.least_magnitude:g} deg, MDC95 "
            f"{trial.mdc95:g} deg ({trial.mdc95_source}), and as many SDs of the noise that it exceeds in at most "
            f"{settings.false_call_chance:g} of repetitions without a tuck.",
            cells_of(trial, _threshold),
        ),
        column(
            "wink_detectable", "deg",
            f"Smallest tuck that could have been detected in this repetition: one that would be called with a chance "
            f"of {100 * settings.power:g} %.",
            cells_of(trial, _detectable),
        ),
    )  # fmt: skip


def onset_columns(trial: TrialWinks) -> tuple[Metric, ...]:
    """Return where the tuck begins, rows = repetitions; only where one is detected."""
    last = trial.settings.last_breakpoint
    settings = trial.settings
    return (
        column(
            "wink_onset_depth", "1",
            f"Depth at which the tuck begins, in parts of the repetition's own depth: the breakpoint of {_BENT}, over "
            f"depths above {settings.window_from:g} and above that of the greatest tilt less "
            f"{settings.window_before_peak:g}; the middle of the bend where it is gradual. 95 % interval by a "
            "bootstrap.",
            cells_of(trial, lambda one: _onset(one, last), "onset"),
        ),
        column("wink_earliness", "1", "1 less the onset depth: 0 is only at the very bottom.",
               cells_of(trial, lambda one: _earliness(one, last), "onset")),
        column(
            "wink_onset_crossing", "1",
            "Secondary: depth from which the filtered tilt stays below its maximum by the larger of "
            f"{settings.least_magnitude:g} deg and {settings.crossing_sds:.2f} SDs of it. Later than the onset, the "
            "more so the smaller the tuck.",
            cells_of(trial, _crossing, "tuck"),
        ),
        column("wink_bend", "1", "Half width, in depth, of the bend at the onset; 0 is a sharp corner.",
               cells_of(trial, _half_width, "onset")),
    )  # fmt: skip


def tilt_columns(trial: TrialWinks) -> tuple[Metric, ...]:
    """Return the tilts at the key instants, rows = repetitions."""
    sd = _sd_of_a_tilt(trial)
    note = "Absolute tilts are not comparable between people."
    return (
        column("tilt_start", "deg", f"Pelvic tilt where the descent begins, anterior +. {note}",
               cells_of(trial, lambda one: Cell(float(trial.tilt.values[one.repetition.start]), sd, n=1))),
        column("tilt_most_anterior", "deg", f"Greatest anterior pelvic tilt in the descent. {note}",
               cells_of(trial, lambda one: Cell(one.wink.top if one.wink else np.nan, sd, n=1))),
        column("tilt_bottom", "deg", f"Pelvic tilt at depth 1, of the fit, anterior +. {note}",
               cells_of(trial, lambda one: Cell(one.wink.bottom if one.wink else np.nan, sd, n=1))),
        column("tilt_bottom_plateau", "deg", f"Median pelvic tilt over the stay at the bottom, anterior +. {note}",
               cells_of(trial, lambda one: _plateau(trial, one, sd))),
        column("tilt_hip_90_r", "deg", "Pelvic tilt where the right hip first reaches 90 deg of flexion, anterior +.",
               _hip_right_angle(trial, "r", sd)),
        column("tilt_hip_90_l", "deg", "Pelvic tilt where the left hip first reaches 90 deg of flexion, anterior +.",
               _hip_right_angle(trial, "l", sd)),
    )  # fmt: skip


def systematic(trial: TrialWinks) -> tuple[float, list[str]]:
    """Return the standard uncertainty of a change of tilt that is no noise, deg, and what is in it."""
    angles = trial.movement.angles
    if TILT not in angles.names:
        return 0.0, []
    index = angles.names.index(TILT)
    parts = {
        "landmark placement": angles.u_landmark_change[index],
        "soft tissue": angles.u_sta[index],
        "gravity": angles.u_gravity_change[index],
        "hip centres": angles.u_hip_centre_change[index],
    }
    known = {name: float(np.rad2deg(value)) for name, value in parts.items() if np.isfinite(value)}
    return float(np.sqrt(sum(value**2 for value in known.values()))), [name for name, size in known.items() if size > 0]


def _magnitude(one: RepetitionWink, fixed: float) -> Cell:
    wink = one.wink
    assert wink is not None
    low, high = wink.magnitude - wink.magnitude_low, wink.magnitude_high - wink.magnitude
    return Cell(
        wink.magnitude, float(np.hypot(wink.magnitude_sd, fixed)),
        max(wink.magnitude - float(np.hypot(low, 1.96 * fixed)), 0.0),
        wink.magnitude + float(np.hypot(high, 1.96 * fixed)), _doubt(one), _frames(one),
    )  # fmt: skip


def _unselected(one: RepetitionWink, fixed: float) -> Cell:
    assert one.wink is not None
    own, whole = one.wink.magnitude_unselected, _magnitude(one, fixed)
    return Cell(own, whole.sd, min(whole.low, own), max(whole.high, own), n=whole.n)


def _threshold(one: RepetitionWink) -> Cell:
    return Cell(one.wink.threshold.value if one.wink else np.nan)


def _detectable(one: RepetitionWink) -> Cell:
    return Cell(one.wink.threshold.detectable if one.wink else np.nan)


def _onset(one: RepetitionWink, last_breakpoint: float) -> Cell:
    wink = one.wink
    assert wink is not None
    ends = wink.onset - wink.half_width, min(wink.onset + wink.half_width, 1.0)
    bends = f"gradual: the tilt bends from {ends[0]:.2f} to {ends[1]:.2f} of the depth; this is the middle"
    reason, high = bends if wink.kind == GRADUAL else "", wink.onset_high
    if wink.onset >= last_breakpoint - STEP / 2:
        reason, high = f"at {wink.onset:.2f}, where the search ends, or later", 1.0
    return Cell(wink.onset, wink.onset_sd, wink.onset_low, high, reason, _frames(one))


def _earliness(one: RepetitionWink, last_breakpoint: float) -> Cell:
    first = _onset(one, last_breakpoint)
    return Cell(1 - first.value, first.sd, 1 - first.high, 1 - first.low, n=first.n)


def _crossing(one: RepetitionWink) -> Cell:
    return Cell(one.wink.crossing if one.wink else np.nan)


def _half_width(one: RepetitionWink) -> Cell:
    return Cell(one.wink.half_width if one.wink else np.nan)


def _sd_of_a_tilt(trial: TrialWinks) -> float:
    """Return the standard uncertainty of a tilt of one frame: of its noise and of the placed landmarks, deg."""
    angles = trial.movement.angles
    placed = float(np.rad2deg(angles.u_landmark[angles.names.index(TILT)])) if TILT in angles.names else np.nan
    random = float(np.nanmedian(trial.tilt.sd)) if np.isfinite(trial.tilt.sd).any() else np.nan
    known = np.isfinite([random, placed])
    return float(np.sqrt(np.nansum([random**2, placed**2]))) if known.any() else np.nan


def _hip_right_angle(trial: TrialWinks, side: str, sd: float) -> tuple[Cell, ...]:
    flexion = trial.smooth(f"hip_flexion_{side}").values
    lacking = f"withheld: {trial.movement.why_not(f'hip_flexion_{side}') or 'missing'}"
    return cells_of(trial, lambda one: _at_hip_right_angle(trial, one, flexion, lacking, sd))


def _at_hip_right_angle(trial: TrialWinks, one: RepetitionWink, flexion: NDArray, lacking: str, sd: float) -> Cell:
    assert one.descent is not None
    hip = one.descent.at(flexion)
    beyond = np.flatnonzero(hip >= 90.0)
    if not np.isfinite(hip).any():
        return missing(lacking)
    if not len(beyond):
        return missing("hip flexion does not reach 90 deg")
    return Cell(float(one.descent.at(trial.tilt.values)[beyond[0]]), sd, n=1)


def _plateau(trial: TrialWinks, one: RepetitionWink, sd: float) -> Cell:
    span = trial.tilt.values[one.repetition.still_from : one.repetition.still_to + 1]
    return Cell(float(np.nanmedian(span)) if np.isfinite(span).any() else np.nan, sd, n=1)


def _peak(trial: TrialWinks, one: RepetitionWink) -> Cell:
    assert one.wink is not None and one.descent is not None
    first = int(one.descent.when(min(one.wink.peak, 1.0)))
    span = trial.tilt.values[first : one.repetition.still_to + 1]
    lowest = float(np.nanmin(span)) if np.isfinite(span).any() else np.nan
    return Cell(max(one.wink.top - lowest, 0.0), one.wink.threshold.noise)


def _frames(one: RepetitionWink) -> int:
    assert one.wink is not None and one.descent is not None
    first = one.descent.frames[int(one.wink.fit.window[0])]
    return round(float(one.descent.frames[-1] - first)) + 1


def _doubt(one: RepetitionWink) -> str:
    wink = one.wink
    assert wink is not None
    said = []
    if not wink.detected:
        said.append(wink.why_not)
    if wink.widened > 1.5:
        left = f"the fit leaves {wink.widened:.1f} times what noise does at most"
        said.append(f"the curve is not two lines: {left}, and the intervals go by that")
    return "; ".join(said)
