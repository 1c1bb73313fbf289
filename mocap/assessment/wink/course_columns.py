"""Columns of the course of a tuck: joints at its onset, speed, gain against hip flexion, and recovery in the ascent."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.angle_values import VALUE_PARTS, constant_parts_deg
from mocap.assessment.heights import hip_height
from mocap.assessment.wink.cells import Cell, cells_of, column, missing
from mocap.assessment.wink.noise import Smoothed
from mocap.assessment.wink.trial import RepetitionWink, TrialWinks
from mocap.trial.assessment import Metric

_SIDES = {"r": "right", "l": "left"}
_JOINTS = {
    "hip": ("hip_flexion", "Hip flexion"),
    "knee": ("knee_flexion", "Knee flexion"),
    "thigh": ("thigh_elevation", "Elevation of the thigh, 0 level, negative below parallel,"),
    "ankle": ("ankle_dorsiflexion", "Ankle dorsiflexion"),
}
_SLOPE_STEPS = 2  # of depth on either side, for the slope of an angle at the onset
_FEWEST = 3


def joint_columns(trial: TrialWinks) -> tuple[Metric, ...]:
    """Return the angles of hip, knee, thigh and ankle of both sides at the onset, rows = repetitions."""
    made = []
    for joint, (angle, words) in _JOINTS.items():
        for side, said in _SIDES.items():
            name = f"{angle}_{side}"
            made.append(
                column(
                    f"onset_{joint}_{side}", "deg",
                    f"{words} at the onset of the tuck, {said} side; {VALUE_PARTS}, and the onset's depth.",
                    cells_of(trial, _at_onset(trial, name, trial.smooth(name)), "onset"),
                )
            )  # fmt: skip
    return tuple(made)


def _at_onset(trial: TrialWinks, name: str, angle: Smoothed) -> Callable[[RepetitionWink], Cell]:
    why = trial.movement.why_not(name)
    fixed = 0.0 if why else constant_parts_deg(trial.movement, name, change=False)

    def cell(one: RepetitionWink) -> Cell:
        assert one.wink is not None and one.descent is not None
        if why:
            return missing(f"withheld: {why}")
        curve, noise = one.descent.at(angle.values), one.descent.at(angle.sd)
        value, sd = _interpolated(one.descent.depth, curve, noise, one.wink.onset, one.wink.onset_sd)
        return Cell(value, float(np.hypot(sd, fixed)), n=1)

    return cell


def _interpolated(depth: NDArray, curve: NDArray, noise: NDArray, onset: float, onset_sd: float) -> tuple[float, float]:
    step = round(onset / float(depth[1] - depth[0]))
    near = slice(max(step - _SLOPE_STEPS, 0), step + _SLOPE_STEPS + 1)
    slope = np.polyfit(depth[near], curve[near], 1)[0] if np.isfinite(curve[near]).all() else np.nan
    value = float(np.interp(onset, depth, curve)) if np.isfinite(curve[near]).all() else np.nan
    random = np.nanmedian(noise[near]) if np.isfinite(noise[near]).any() else 0.0
    return value, float(np.hypot(slope * onset_sd, random))


def course_columns(trial: TrialWinks) -> tuple[Metric, ...]:
    """Return speed, gain, recovery and the depth without a tuck, rows = repetitions."""
    hips = np.stack([trial.smooth(f"hip_flexion_{side}").values for side in "rl"])
    height = hip_height(trial.movement)
    leg = 0.0 if height is None else height.leg_length_m
    known = np.isfinite(hips).any(axis=0)
    hip = np.full(hips.shape[1], np.nan)
    hip[known] = np.nanmean(hips[:, known], axis=0)
    return (
        column("wink_velocity", "deg/s", "Greatest speed of the tuck between onset and bottom, of the filtered tilt.",
               cells_of(trial, lambda one: _velocity(trial, one), "onset")),
        column(
            "wink_gain", "1",
            "Change of pelvic tilt per change of hip flexion after the onset (regression on the mean of both hips): "
            "negative where the hips go on flexing while the pelvis tucks, positive where they extend with it.",
            cells_of(trial, lambda one: _gain(trial, one, hip), "onset"),
        ),
        column(
            "wink_recovery", "1",
            "Share of the tuck that is regained in the ascent at the depth of the onset; below "
            f"{trial.settings.persists_below:g} the tuck persists.",
            cells_of(trial, lambda one: _recovery(trial, one), "onset"),
        ),
        column(
            "wink_free_depth", "1",
            "How deep the hips are, in leg lengths (standing height of the hips above the lowest point of the feet), "
            "when the tuck begins.",
            cells_of(trial, lambda one: _free_depth(one, leg), "onset"),
        ),
    )  # fmt: skip


def _velocity(trial: TrialWinks, one: RepetitionWink) -> Cell:
    assert one.wink is not None and one.descent is not None
    first = int(one.descent.when(one.wink.onset))
    speed = -np.gradient(trial.tilt.values)[first : one.repetition.bottom + 1] * trial.movement.rate_hz
    if not np.isfinite(speed).any():
        return missing("withheld: too few frames after the onset")
    near = np.interp(2.0, np.arange(len(trial.tilt.correlation) + 1.0), np.append(trial.tilt.correlation, 0.0))
    # The difference of two frames that are two frames apart.
    noise = float(np.nanmedian(trial.tilt.sd)) if np.isfinite(trial.tilt.sd).any() else np.nan
    sd = noise * float(np.sqrt(max(2 - 2 * near, 0.0))) / 2 * trial.movement.rate_hz
    return Cell(float(np.nanmax(speed)), sd, n=len(speed))


def _gain(trial: TrialWinks, one: RepetitionWink, hip: NDArray) -> Cell:
    assert one.wink is not None and one.descent is not None
    after = one.descent.depth >= one.wink.onset
    x, y = one.descent.at(hip)[after], one.descent.at(trial.tilt.values)[after]
    known = np.isfinite(x) & np.isfinite(y)
    if known.sum() < _FEWEST:
        why = trial.movement.why_not("hip_flexion_r") or "too few steps of depth after the onset"
        return missing(f"withheld: {why}")
    x, y = x[known], y[known]
    moved, least = float(x[-1] - x[0]), trial.settings.gain_least_flexion
    if abs(moved) < least:
        return missing(f"withheld: hip flexion changes by {moved:.1f} deg after the onset, and {least:g} are needed")
    slope = float(np.polyfit(x, y, 1)[0])
    hips = trial.smooth("hip_flexion_r").sd
    noise = float(np.nanmedian(hips)) if np.isfinite(hips).any() else 0.0
    return Cell(slope, float(np.hypot(one.wink.threshold.noise, slope * noise * np.sqrt(2.0))) / abs(moved), n=len(x))


def _recovery(trial: TrialWinks, one: RepetitionWink) -> Cell:
    assert one.wink is not None
    repetition = one.repetition
    up = one.depth[repetition.still_to : repetition.end + 1]
    above = np.flatnonzero(up <= one.wink.onset)
    if not len(above) or above[0] == 0:
        return missing("withheld: the ascent does not reach the depth of the onset")
    last = above[0]
    part = (up[last - 1] - one.wink.onset) / (up[last - 1] - up[last])
    tilt = trial.tilt.values[repetition.still_to + last - 1 : repetition.still_to + last + 1]
    there = float(tilt[0] + part * (tilt[1] - tilt[0]))
    value = (there - one.wink.bottom) / one.wink.magnitude
    noise = float(np.nanmedian(trial.tilt.sd)) if np.isfinite(trial.tilt.sd).any() else np.nan
    sd = float(np.hypot(noise, value * one.wink.magnitude_sd)) / one.wink.magnitude
    return Cell(value, sd, n=1)


def _free_depth(one: RepetitionWink, leg_length_m: float) -> Cell:
    assert one.wink is not None
    if not leg_length_m > 0:
        return missing("withheld: no point of the feet tells the length of the legs")
    share = one.repetition.depth_m / leg_length_m
    return Cell(one.wink.onset * share, one.wink.onset_sd * share, n=1)
