"""The tuck of one repetition: its size, where it begins, whether it is told from noise, and their intervals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.wink.bent_line import Bends, BentLines, fit_bent_lines
from mocap.assessment.wink.descent import STEP, WIDTHS, Descent
from mocap.assessment.wink.detection import Threshold, threshold_of
from mocap.assessment.wink.draw import block_draws, noise_draws
from mocap.assessment.wink.estimate import Tucks, tucks_of
from mocap.assessment.wink.selected import interval_given_passed, median_given_passed
from mocap.assessment.wink.settings import WinkSettings

_TAIL = 2.5  # percent on either side of an interval
_RESOLUTION = 0.5 * STEP / np.sqrt(12.0)  # the vertex between breakpoints halves what their steps leave
_UNEXPLAINED = 97.5  # percentile of what noise leaves beside the fit, above which the fit is what is off
_NAN = float("nan")

NO_FALL = "no tuck, maximum at the bottom"
NOT_DETECTED = "not detected"
NO_ONSET = "tuck without a definable onset"
GRADUAL = "tuck with a gradual onset"
TUCK = "tuck"


@dataclass(frozen=True, eq=False)
class Curve:
    """The tilt of one descent against depth, with what its noise is and which bends are tried.

    Attributes
    ----------
    descent : Descent
    tilt : ndarray, shape (step,)
        Deg.
    covariance : ndarray, shape (step, step)
        Of its noise, deg^2.
    bends : Bends
    depth_covariance : ndarray, shape (step, step)
        Of the noise of the depth; it moves the curve sideways.
    """

    descent: Descent
    tilt: NDArray
    covariance: NDArray
    bends: Bends
    depth_covariance: NDArray


@dataclass(frozen=True, eq=False)
class Wink:
    """The tuck of one repetition; deg, depths in parts of its own.

    Attributes
    ----------
    kind : str
        One of the words of this module.
    magnitude, magnitude_sd, magnitude_low, magnitude_high : float
    magnitude_unselected : float
        Median-unbiased given that a tuck is detected: less than `magnitude` near the threshold; as it is elsewhere.
    onset, onset_sd, onset_low, onset_high : float
        NaN where no tuck is detected, or none begins anywhere in particular.
    crossing : float
        Depth from which the tilt stays below its maximum by `crossing_drop`; NaN where it never does.
    crossing_drop : float
    top, bottom, peak : float
        Tilt where it is most anterior, at depth 1, and the depth of the first.
    half_width : float
        Of the bend.
    threshold : Threshold
    widened : float
        How many times as much as noise at most the fit leaves; 1: not more. Above, the intervals are by blocks of it.
    fit : BentLines
        Of one curve.
    """

    kind: str
    magnitude: float
    magnitude_sd: float
    magnitude_low: float
    magnitude_high: float
    magnitude_unselected: float
    onset: float
    onset_sd: float
    onset_low: float
    onset_high: float
    crossing: float
    crossing_drop: float
    top: float
    bottom: float
    peak: float
    half_width: float
    threshold: Threshold
    widened: float
    fit: BentLines

    @property
    def detected(self) -> bool:
        """Whether a tuck is told from noise."""
        return self.kind in (TUCK, GRADUAL, NO_ONSET)

    @property
    def why_not(self) -> str:
        """Why no tuck is detected; empty where one is."""
        if self.detected:
            return ""
        if self.magnitude > self.threshold.value:
            return f"{self.kind}: the filtered tilt does not stay {self.crossing_drop:.1f} deg below its maximum"
        limit = f"{self.threshold.value:.1f} deg, the limit of detection"
        return f"{self.kind}: {self.magnitude:.1f} deg, at or below {limit}"


def wink_of(curve: Curve, mdc95: float, settings: WinkSettings, seed: int) -> Wink:
    """Return the tuck of one descent.

    The intervals are those of a parametric bootstrap: the fitted curve with noise of the trial's own size and
    correlation over time, assessed again from the choice of the window on. Where the fit leaves more than such noise
    would (a curve of another shape), it is one of blocks of what the fit leaves. That of the magnitude of a detected
    tuck is given that it passed the threshold.

    Blocks alone do not serve: the fit follows slow noise, and what it leaves knows little of it. Of tucks of 10 to
    25 deg under noise of 1 deg that lasts 0.1 s (5 cells of 100), intervals by moving blocks of 0.10 or 0.25 of the
    depth hold the magnitude in 47 and 48 % and the onset in 58 and 58 %; those of the noise in 95.8 and 95.7 %.

    Parameters
    ----------
    curve : Curve
    mdc95 : float
        Minimal detectable change, deg.
    settings : WinkSettings
    seed : int
        Of the draws.
    """
    found = tucks_of(curve.tilt[:, None], curve.bends, settings)
    model = modelled(curve.tilt, found, curve.bends)
    covariance = with_depth_noise(curve, model)
    noise = noise_draws(covariance, settings.bootstrap_draws, seed)
    again = tucks_of(model[:, None] + noise, curve.bends, settings)
    widened = _lack_of_fit(found, again)
    if widened > 1:
        rest, start = curve.tilt - model, int(found.fit.window[0])
        blocks = block_draws(rest, start, round(settings.block_depth / STEP), settings.bootstrap_draws, seed)
        noise[start:] = blocks[start:]
        again = tucks_of(model[:, None] + noise, curve.bends, settings)
    covariance = widened**2 * covariance
    threshold = threshold_of(found, curve.bends, covariance, mdc95, settings)
    drop = max(settings.least_magnitude, settings.crossing_sds * float(np.sqrt(np.median(np.diag(covariance)))))
    crossing = _crossing(curve, drop)
    kind = _kind(curve, found, threshold, crossing, settings, seed)
    value = float(found.magnitude[0])
    resolution = _resolution(found.fit, settings.widest_bend)
    magnitude_sd = float(np.hypot(np.std(again.magnitude), resolution))
    low, high = _interval(value, again.magnitude, resolution)
    unselected = value
    if kind in (TUCK, GRADUAL, NO_ONSET):
        chance = settings.false_call_chance
        low, high = interval_given_passed(value, (value - low, high - value), threshold.value, chance)
        unselected = median_given_passed(value, magnitude_sd, threshold.value, chance)
    onset, onset_sd = _NAN, _NAN
    if kind in (TUCK, GRADUAL):
        onset = float(found.onset[0])
        others = again.onset[np.isfinite(again.onset)]
        onset_sd = float(np.hypot(np.std(others), _RESOLUTION)) if len(others) > 1 else _NAN
    return Wink(
        kind=kind, magnitude=value, magnitude_sd=magnitude_sd,
        magnitude_low=max(low, 0.0), magnitude_high=high, magnitude_unselected=max(unselected, 0.0),
        onset=onset, onset_sd=onset_sd, onset_low=onset - 1.96 * onset_sd,
        onset_high=min(onset + 1.96 * onset_sd, 1.0) if np.isfinite(onset) else _NAN,
        crossing=crossing, crossing_drop=drop, top=float(found.top[0]), bottom=float(found.bottom[0]),
        peak=float(found.fit.peak[0] if np.isfinite(found.fit.peak[0]) else found.peak[0]),
        half_width=float(found.fit.width[0]), threshold=threshold, widened=widened, fit=found.fit,
    )  # fmt: skip


def _interval(value: float, again: NDArray, resolution: float) -> tuple[float, float]:
    """Return the 95 % interval of a magnitude: on either side the wider of percentiles and normal.

    A sharp corner that noise rounds, or a round one that it sharpens, shifts all draws to one side.
    """
    low, high = np.percentile(again, [_TAIL, 100 - _TAIL])
    reach = 1.96 * float(np.std(again))
    below, above = max(value - float(low), reach), max(float(high) - value, reach)
    steps = 1.96 * resolution
    return value - float(np.hypot(below, steps)), value + float(np.hypot(above, steps))


def _resolution(fit: BentLines, widest: float) -> float:
    """Return the standard uncertainty that the steps of the widths of bends leave in the magnitude, deg.

    A bend of half width w between slopes of a and -b takes w a b / (a + b) off the corner of the lines. Half of what a
    step makes of that: the draws choose among the widths as well.
    """
    rise, fall = float(fit.before[0]), -float(fit.after[0])
    if not (rise > 0 and fall > 0):
        return 0.0
    return 0.5 * rise * fall / (rise + fall) * widest / (WIDTHS - 1) / float(np.sqrt(12.0))


def modelled(tilt: NDArray, found: Tucks, bends: Bends) -> NDArray:
    """Return the fitted curve as the filter leaves it, shape (step,); the measured one outside the window."""
    fit = found.fit
    if fit.candidate[0] < 0:
        return tilt
    start, share = int(fit.window[0]), float(fit.share[0])
    curves = [_fitted(tilt, bends, int(one[0]), start) for one in (fit.candidate, fit.beside)]
    model = (1.0 - share) * curves[0] + share * curves[1]
    return np.where(np.arange(len(tilt)) >= start, model, tilt)


def _fitted(tilt: NDArray, bends: Bends, candidate: int, start: int) -> NDArray:
    design = np.stack([np.ones_like(bends.depth), bends.depth, bends.columns[:, candidate]], axis=1)
    return np.asarray(design @ np.linalg.lstsq(design[start:], tilt[start:], rcond=None)[0])


def with_depth_noise(curve: Curve, model: NDArray) -> NDArray:
    """Return the covariance of the tilt at given depths: of its noise, and of that of the depth along its slope."""
    slope = np.gradient(model, curve.bends.depth)
    return np.asarray(curve.covariance + slope[:, None] * curve.depth_covariance * slope)


def excess(curve: Curve, settings: WinkSettings, seed: int) -> float:
    """Return the SD of the noise that the rest of the fit speaks for, in those of the covariance."""
    found = tucks_of(curve.tilt[:, None], curve.bends, settings)
    model = modelled(curve.tilt, found, curve.bends)
    noise = noise_draws(curve.covariance, settings.bootstrap_draws, seed)
    again = tucks_of(model[:, None] + noise, curve.bends, settings)
    rests = _rest(again.fit)
    expected = np.nanmedian(rests) if np.isfinite(rests).any() else _NAN
    return float(np.sqrt(_rest(found.fit)[0] / expected)) if expected > 0 else _NAN


def _lack_of_fit(found: Tucks, again: Tucks) -> float:
    """Return by how much the rest of a fit exceeds what noise leaves at most; 1 where it does not."""
    rests = _rest(again.fit)
    rests = rests[np.isfinite(rests)]
    if found.fit.candidate[0] < 0 or len(rests) < 0.5 * len(again.magnitude):
        return 1.0
    most = float(np.percentile(rests, _UNEXPLAINED))
    return max(float(np.sqrt(_rest(found.fit)[0] / most)), 1.0) if most > 0 else 1.0


def _rest(fit: BentLines) -> NDArray:
    """Return the mean square that fits leave per step of their windows."""
    return np.asarray(fit.rest / (round(1 / STEP) + 1 - fit.window))


def _crossing(curve: Curve, drop: float) -> float:
    """Return the first depth after the maximum from which the tilt stays below it by a drop, to the bottom."""
    below = curve.tilt.max() - curve.tilt >= drop
    if not below[-1]:
        return _NAN
    above = np.flatnonzero(~below)
    return float(curve.bends.depth[above[-1] + 1 if len(above) else 0])


def _kind(
    curve: Curve, found: Tucks, threshold: Threshold, crossing: float, settings: WinkSettings, seed: int
) -> str:
    if found.magnitude[0] <= threshold.value or not np.isfinite(crossing):
        # Where the curve is highest at its last steps, nothing of a tuck is seen at all.
        return NO_FALL if found.fit.candidate[0] < 0 or curve.tilt.argmax() >= len(curve.tilt) - 2 else NOT_DETECTED
    if found.fit.candidate[0] < 0 or _as_good_as_one_line(curve, found, settings, seed):
        return NO_ONSET
    return GRADUAL if found.fit.width[0] >= settings.gradual_bend else TUCK


def _as_good_as_one_line(curve: Curve, found: Tucks, settings: WinkSettings, seed: int) -> bool:
    """Whether noise about one straight line would let a bend fit better as much, too often."""
    start = int(found.fit.window[0])
    depth = curve.bends.depth
    line = np.polynomial.Polynomial.fit(depth[start:], curve.tilt[start:], 1)(depth)
    drawn = line[:, None] + noise_draws(curve.covariance, settings.bootstrap_draws, seed + 1)
    number = drawn.shape[1]
    earliest = np.full(number, found.peak[0] - settings.before_peak)
    gains = fit_bent_lines(drawn, curve.bends, np.full(number, start), earliest).gain
    return bool(np.mean(np.nan_to_num(gains) >= found.fit.gain[0]) > settings.no_onset_chance)
