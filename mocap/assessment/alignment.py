"""Two recordings of one movement on one clock: the lag between them, and the times that they share.

A lag is how much later the second one's clock shows the same instant: what `a` has at `t`, `b` has at `t + lag`.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.effective_number import effective_number
from mocap.assessment.resampling import resampled

__all__ = ["Lag", "common_times", "find_lag", "resampled"]

_FEWEST = 20  # common samples
_LEAST_R = 0.5  # of the angle that follows best; below, the curves are not of one movement
_RIVAL_SHARE = 2.0  # another lag may leave this much more unexplained and still be as good
_ROUNDS = 12
_RATE_S = 0.1  # to either side, over which a rate of change is taken: noise of single samples would pass for movement


@dataclass(frozen=True)
class Lag:
    """How much later the second clock shows the same instant.

    Attributes
    ----------
    lag_s : float
        0 where it cannot be told.
    sd_s : float
        Standard deviation; NaN where it was not estimated.
    told : bool
        Whether the curves tell it.
    reason : str
        Why not.
    rival_s : float
        Another lag that fits nearly as well, as after one more cycle; NaN where there is none.
    """

    lag_s: float
    sd_s: float = float("nan")
    told: bool = True
    reason: str = ""
    rival_s: float = float("nan")


def common_times(time_a: NDArray, time_b: NDArray, lag_s: float) -> tuple[NDArray, NDArray]:
    """Return when both are compared, on each one's own clock, shape (time,) twice: the coarser one's own samples.

    Parameters
    ----------
    time_a, time_b : ndarray, shape (time,)
        Seconds, increasing.
    lag_s : float
    """
    on_a = time_b - lag_s
    margin = 1e-9
    if _rate(time_a) <= _rate(time_b):
        keep = (time_a >= on_a[0] - margin) & (time_a <= on_a[-1] + margin)
        return time_a[keep], time_a[keep] + lag_s
    keep = (on_a >= time_a[0] - margin) & (on_a <= time_a[-1] + margin)
    return on_a[keep], time_b[keep]


def find_lag(
    time_a: NDArray, a: NDArray, time_b: NDArray, b: NDArray, *, least_share: float = 0.5, longest_s: float = np.inf
) -> Lag:
    """Return the lag at which all curves together follow each other best, to a fraction of a sample.

    The likelihood is that of b = offset + gain * a with noise of its own for every curve: the sum of log(1 - r^2) over
    the curves, by cross-correlation over whole samples, then refined along the curves by least squares. Gain and offset
    of a curve do not move the lag. Its variance takes the autocorrelation of what is left, over all curves at once.

    Parameters
    ----------
    time_a, time_b : ndarray, shape (time,)
        Seconds, evenly spaced.
    a, b : ndarray, shape (time, curve)
        The same curves of both; NaN is missing.
    least_share : float
        Overlap that is asked for, of the shorter recording.
    longest_s : float
        Lags beyond it are not looked at.
    """
    if min(len(time_a), len(time_b)) < 2:
        return Lag(0.0, told=False, reason="one of both has less than two samples")
    if _rate(time_b) < _rate(time_a):
        turned = find_lag(time_b, b, time_a, a, least_share=least_share, longest_s=longest_s)
        return replace(turned, lag_s=-turned.lag_s + 0.0, rival_s=-turned.rival_s)
    step = 1 / _rate(time_b)
    fine_a = np.arange(time_a[0], time_a[-1] + step / 2, step)
    fine_b = time_b[0] + step * np.arange(len(time_b))
    lags, fit, best_r = _scan(resampled(time_a, a, fine_a), resampled(time_b, b, fine_b), least_share)
    lags = lags * step + (fine_b[0] - fine_a[0])
    fit = np.where(np.abs(lags) <= longest_s, fit, -np.inf)
    if not np.isfinite(fit).any():
        return Lag(0.0, told=False, reason="no overlap is long enough")
    place = int(np.argmax(fit))
    if best_r[place] < _LEAST_R:
        return Lag(0.0, told=False, reason=f"no curve follows the other at any lag (best r {best_r[place]:.2f})")
    return _refined(time_a, a, time_b, b, Lag(float(lags[place]), rival_s=_rival(lags, fit, place, a.shape[1])), step)


def _rate(time_s: NDArray) -> float:
    return (len(time_s) - 1) / float(time_s[-1] - time_s[0]) if len(time_s) > 1 else 0.0


def _scan(a: NDArray, b: NDArray, least_share: float) -> tuple[NDArray, NDArray, NDArray]:
    """Shifts in samples, how well the curves fit at each, and the best correlation of a curve there."""
    lags = np.arange(-(len(a) - 1), len(b))
    fit, best = np.zeros(len(lags)), np.full(len(lags), -1.0)
    enough = np.zeros(len(lags), bool)
    for one, other in zip(a.T, b.T, strict=True):
        seen = min(np.isfinite(one).sum(), np.isfinite(other).sum())
        r, count = _correlations(one, other)
        usable = (count >= max(least_share * seen, _FEWEST)) & np.isfinite(r)
        positive = np.where(usable, np.maximum(np.nan_to_num(r), 0.0), 0.0)
        fit -= np.log(np.maximum(1 - positive**2, 1e-12))
        best = np.where(usable, np.maximum(best, np.nan_to_num(r, nan=-1.0)), best)
        enough |= usable
    return lags, np.where(enough, fit, -np.inf), best


def _correlations(one: NDArray, other: NDArray) -> tuple[NDArray, NDArray]:
    """Pearson's r and number of pairs at every shift of `other`, from all of `one` before it to all of it after."""
    masks = np.isfinite(one), np.isfinite(other)
    if not (masks[0].any() and masks[1].any()):
        empty = np.full(len(one) + len(other) - 1, np.nan)
        return empty, np.zeros(len(empty))
    x, y = (np.where(mask, part - part[mask].mean(), 0.0) for part, mask in zip((one, other), masks, strict=True))
    size = 2 ** int(np.ceil(np.log2(len(one) + len(other))))

    def cross(first: NDArray, second: NDArray) -> NDArray:
        product = np.conj(np.fft.rfft(first, size)) * np.fft.rfft(second, size)
        return np.roll(np.fft.irfft(product, size), len(one) - 1)[: len(one) + len(other) - 1]

    m, k = (mask.astype(float) for mask in masks)
    count = np.round(cross(m, k))
    pairs = np.maximum(count, 1.0)
    sx, sy = cross(x, k), cross(m, y)
    xx, yy = cross(x * x, k) - sx**2 / pairs, cross(m, y * y) - sy**2 / pairs
    spread = xx * yy
    moves = spread > 1e-12 * float(np.sum(x * x)) * float(np.sum(y * y))
    r = (cross(x, y) - sx * sy / pairs) / np.sqrt(np.where(moves, spread, 1.0))
    return np.where(moves & (count > 2), np.clip(r, -1.0, 1.0), np.nan), count


def _rival(lags: NDArray, fit: NDArray, place: int, n_curves: int) -> float:
    """The best other peak of the fit that leaves less than twice as much unexplained (geometric mean of curves)."""
    peak = np.zeros(len(fit), bool)
    peak[1:-1] = (fit[1:-1] >= fit[:-2]) & (fit[1:-1] >= fit[2:]) & np.isfinite(fit[1:-1])
    peak[max(place - 1, 0) : place + 2] = False
    near = peak & (fit > fit[place] - n_curves * np.log(_RIVAL_SHARE))
    # A peak is another lag once the fit has fallen between the two.
    others = [other for other in np.flatnonzero(near) if _falls_between(fit, place, int(other))]
    return float(lags[max(others, key=lambda other: fit[other])]) if others else float("nan")


def _falls_between(fit: NDArray, place: int, other: int) -> bool:
    between = fit[min(place, other) : max(place, other) + 1]
    return bool(between.min() < fit[other] - 0.05 * max(fit[place], 1e-9))


def _refined(time_a: NDArray, a: NDArray, time_b: NDArray, b: NDArray, start: Lag, step: float) -> Lag:
    """Gauss-Newton on the lag, with gain and offset of every curve solved for; at most two samples away."""
    rate = _rates(b, step)
    lag = start.lag_s
    for _ in range(_ROUNDS):
        score, information = _score(a, resampled(time_b, b, time_a + lag), resampled(time_b, rate, time_a + lag))
        if not information > 0:
            return replace(start, lag_s=lag)
        move = float(np.clip(np.nansum(score) / information, -step / 2, step / 2))
        lag = float(np.clip(lag + move, start.lag_s - 2 * step, start.lag_s + 2 * step))
        if abs(move) < 1e-6 * step:
            break
    n, total = int(np.isfinite(score).sum()), float(np.nansum(score**2))
    variance = total * n / max(effective_number(score), 1.0) / information**2
    return replace(start, lag_s=lag, sd_s=float(np.sqrt(variance)))


def _rates(values: NDArray, step: float) -> NDArray:
    """Rates of change per second by straight lines through neighbouring samples; NaN near what is missing."""
    reach = max(round(_RATE_S / step), 1)
    places = np.arange(-reach, reach + 1)
    weights = places[::-1] / (step * float(np.sum(places**2)))
    rate = np.full(values.shape, np.nan)
    if len(values) >= len(places):
        for column in range(values.shape[1]):
            rate[reach:-reach, column] = np.convolve(values[:, column], weights, "valid")
    return rate


def _score(a: NDArray, b: NDArray, rate: NDArray) -> tuple[NDArray, float]:
    """Score of the lag by frame of `a`, shape (time,), and its information, in units of the curves' own noise."""
    score, information = np.full(len(a), np.nan), 0.0
    for one, other, change in zip(a.T, b.T, rate.T, strict=True):
        both = np.isfinite(one) & np.isfinite(other) & np.isfinite(change)
        if both.sum() < _FEWEST:
            continue
        x, slope = one[both], change[both]
        design = np.column_stack([np.ones(len(x)), other[both]])
        solved = np.linalg.lstsq(design, np.column_stack([x, slope]), rcond=None)[0]
        gain, rest = solved[1, 0], x - design @ solved[:, 0]
        turn = gain * (slope - design @ solved[:, 1])
        noise = max(float(np.mean(rest**2)), 1e-12 * float(x.var()))
        if gain <= 0 or not noise > 0:
            continue
        score[both] = np.nan_to_num(score[both]) + turn * rest / noise
        information += float(np.sum(turn**2)) / noise
    return score, information
