"""The descents of a trial against depth, and the tuck of each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.heights import hip_height
from mocap.assessment.movement import Movement
from mocap.assessment.repetitions import Repetition
from mocap.assessment.wink.bent_line import Bends
from mocap.assessment.wink.descent import STEPS, Descent, bends_of, descent_of, noise_between
from mocap.assessment.wink.noise import Smoothed, smoothed, through_filter
from mocap.assessment.wink.repetition import Curve, Wink, excess, wink_of
from mocap.assessment.wink.settings import WinkSettings
from mocap.signal.filters import Butterworth
from mocap.signal.runs import runs

TILT = "pelvic_tilt"
_BRIDGED_S = 0.1


@dataclass(frozen=True, eq=False)
class RepetitionWink:
    """One repetition with its tuck.

    Attributes
    ----------
    repetition : Repetition
    depth : ndarray, shape (time,)
        Of the whole trial, in parts of this repetition's depth.
    descent : Descent or None
    bends : Bends or None
    wink : Wink or None
        None where it cannot be told.
    reason : str
        Why not; empty otherwise.
    """

    repetition: Repetition
    depth: NDArray
    descent: Descent | None
    bends: Bends | None
    wink: Wink | None
    reason: str


@dataclass(frozen=True, eq=False)
class TrialWinks:
    """The tucks of a trial.

    Attributes
    ----------
    movement : Movement
    settings : WinkSettings
    tilt : Smoothed
    noise_source : str
        Where the size of the noise is from.
    mdc95 : float
    mdc95_source : str
    repetitions : tuple of RepetitionWink
    """

    movement: Movement
    settings: WinkSettings
    tilt: Smoothed
    noise_source: str
    mdc95: float
    mdc95_source: str
    repetitions: tuple[RepetitionWink, ...]

    def smooth(self, name: str) -> Smoothed:
        """Return another angle as filtered, with its noise, deg."""
        return smooth_angle(self.movement, name, self.settings)


def smooth_angle(movement: Movement, name: str, settings: WinkSettings) -> Smoothed:
    """Return an angle of a trial as filtered, with its noise, deg; gaps of up to 0.1 s are bridged."""
    values = movement.angle_deg(name)
    known = np.isfinite(values)
    frames = np.arange(len(values))
    for start, stop in runs(~known):
        if start > 0 and stop < len(values) and stop - start <= _BRIDGED_S * movement.rate_hz:
            values[start:stop] = np.interp(frames[start:stop], [start - 1, stop], [values[start - 1], values[stop]])
    return smoothed(
        values, movement.sd_deg(name), movement.correlation, movement.rate_hz, settings.filter_hz, movement.filtered
    )


def winks_of(
    movement: Movement, repetitions: Sequence[Repetition], settings: WinkSettings, mdc95: float, mdc95_source: str
) -> TrialWinks:
    """Return the tuck of every repetition of a trial.

    Parameters
    ----------
    movement : Movement
    repetitions : sequence of Repetition
    settings : WinkSettings
    mdc95 : float
        Minimal detectable change of the magnitude, deg.
    mdc95_source : str
        Where it is from.
    """
    tilt = smooth_angle(movement, TILT, settings)
    height = _height(movement, settings)
    if height is None:
        why = "withheld: the height of the hips is not known"
        unknown = np.full(movement.n_frames, np.nan)
        lost = tuple(RepetitionWink(one, unknown, None, None, None, why) for one in repetitions)
        return TrialWinks(movement, settings, tilt, tilt.source, mdc95, mdc95_source, lost)
    prepared = [_prepared(movement, one, tilt, height, settings) for one in repetitions]
    source = tilt.source
    covariances = [None if curve is None else curve.covariance for *_, curve in prepared]
    if any(one is not None and not np.isfinite(one).all() for one in covariances):
        prepared, source = _by_the_fit(movement, tilt, prepared, settings)
    found = []
    for number, (repetition, depth, reason, curve) in enumerate(prepared):
        wink = None if curve is None else wink_of(curve, mdc95, settings, settings.seed + 2 * number)
        parts: tuple[Descent | None, Bends | None] = (None, None) if curve is None else (curve.descent, curve.bends)
        found.append(RepetitionWink(repetition, depth, *parts, wink, reason))
    return TrialWinks(movement, settings, tilt, source, mdc95, mdc95_source, tuple(found))


_Prepared = tuple[Repetition, NDArray, str, Curve | None]


@dataclass(frozen=True, eq=False)
class _Height:
    """Height of the hips, m: filtered with its noise, and as it is; gaps are bridged."""

    smooth: Smoothed
    raw_m: NDArray


def _prepared(
    movement: Movement, repetition: Repetition, tilt: Smoothed, height: _Height, settings: WinkSettings
) -> _Prepared:
    """Return a repetition with its depth and its curve, or why there is none."""
    smooth, raw = height.smooth.values, height.raw_m
    drop = repetition.standing_m - smooth[repetition.bottom]
    if not (np.isfinite(drop) and drop > 0):
        return repetition, np.full(len(smooth), np.nan), "withheld: the bottom is not below standing", None
    depth, raw_depth = (repetition.standing_m - smooth) / drop, (repetition.standing_m - raw) / drop
    why = movement.why_not(TILT) or ("" if movement.gravity_known else "the direction of gravity is not known")
    if why:
        return repetition, depth, f"withheld: pelvic tilt is not observable: {why}", None
    descent = descent_of(depth, repetition.start, repetition.bottom)
    if descent is None:
        return repetition, depth, "withheld: the depth is not known throughout the descent", None
    own = descent.at(tilt.values)
    if not np.isfinite(own).all():
        share = 100 * np.mean(~np.isfinite(own))
        return repetition, depth, f"withheld: pelvic tilt is missing in {share:.0f} % of the descent", None
    linear = Butterworth(min(settings.filter_hz, 0.4 * movement.rate_hz), movement.rate_hz)
    around = max(repetition.start - linear.reach, 0), min(repetition.bottom + linear.reach, len(smooth) - 1)
    limits = settings.window_from, settings.last_breakpoint, settings.widest_bend
    bends = bends_of(descent, raw_depth, *around, linear, limits)
    noise = noise_between(descent, tilt.sd, tilt.correlation)
    beside = noise_between(descent, np.nan_to_num(height.smooth.sd) / drop, height.smooth.correlation)
    return repetition, depth, "", Curve(descent, own, noise, bends, beside)


def _by_the_fit(
    movement: Movement, tilt: Smoothed, prepared: list[_Prepared], settings: WinkSettings
) -> tuple[list[_Prepared], str]:
    """Give the repetitions the noise that is left beside their fits, in the middle of all of them."""
    linear = Butterworth(min(settings.filter_hz, 0.4 * movement.rate_hz), movement.rate_hz)
    correlation = tilt.correlation if len(tilt.correlation) > 1 else through_filter(np.ones(1), linear)[1]
    ones = np.ones(len(tilt.values))
    nothing = np.zeros((STEPS, STEPS))  # the fit leaves the noise of the depth as well
    units = [
        None if curve is None else
        replace(curve, covariance=noise_between(curve.descent, ones, correlation), depth_covariance=nothing)
        for *_, curve in prepared
    ]  # fmt: skip
    sizes = np.array([excess(one, settings, settings.seed) for one in units if one is not None])
    sizes = sizes[np.isfinite(sizes)]
    size = float(np.median(sizes)) if len(sizes) else 0.0
    scaled: list[_Prepared] = [
        (*before[:3], None if one is None else replace(one, covariance=size**2 * one.covariance))
        for before, one in zip(prepared, units, strict=True)
    ]
    return scaled, "what the fits leave, since the points came filtered and without noise"


def _height(movement: Movement, settings: WinkSettings) -> _Height | None:
    height = hip_height(movement)
    if height is None:
        return None
    known = np.flatnonzero(np.isfinite(height.values_m))
    raw = np.interp(np.arange(movement.n_frames), known, height.values_m[known])
    # Of filtered points nothing tells the noise of a height; it is left out then.
    unknown = np.full(movement.n_frames, np.nan)
    return _Height(
        smoothed(raw, unknown, movement.correlation, movement.rate_hz, settings.filter_hz, movement.filtered), raw
    )
