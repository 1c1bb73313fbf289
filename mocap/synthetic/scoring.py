"""How far a measured curve is from the true one, and what simple mistake would explain it."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_COVERED = 1.959963984540054  # standard deviations that hold 95 % of a normal error
_LAGS_S = 0.5
_EXPLAINS = 0.5  # a hint leaves less than this part of the RMSE
_LEAST_DEG = 1.0  # an error below this needs no explanation


@dataclass(frozen=True)
class CurveScore:
    """Errors of one curve against the truth, in the unit of both.

    Attributes
    ----------
    rmse, bias, largest : float
        Of the frames with a value; NaN without one.
    rmse_without_bias : float
        What is left when a constant offset is taken away: tools define zeros differently.
    coverage : float
        Share of the frames whose 95 % interval (1.96 stated standard deviations) holds the truth; NaN without any.
    missing : float
        Share of the true frames without a value: said not to be known, which is no error.
    n : int
    hints : tuple of str
        Simple mistakes that would explain most of the error.
    """

    rmse: float
    bias: float
    largest: float
    rmse_without_bias: float
    coverage: float
    missing: float
    n: int
    hints: tuple[str, ...] = field(default=())


def score_curve(time_s: NDArray, values: NDArray, sd: NDArray, true_time_s: NDArray, truth: NDArray) -> CurveScore:
    """Return the errors of a curve.

    Parameters
    ----------
    time_s, values, sd : ndarray, shape (n,)
        As answered; NaN is missing, also of the standard deviation.
    true_time_s, truth : ndarray, shape (frame,)
        Evenly spaced, without gaps. Between frames the truth is interpolated by a cubic spline.
    """
    known = np.isfinite(values) & np.isfinite(time_s)
    inside = known & (time_s >= true_time_s[0] - 1e-9) & (time_s <= true_time_s[-1] + 1e-9)
    missing = 1.0 - _answered(time_s[inside], true_time_s)
    if not inside.any():
        nan = float("nan")
        return CurveScore(nan, nan, nan, nan, nan, missing, 0)
    when, told, spread = time_s[inside], values[inside], sd[inside]
    error = told - _at(when, true_time_s, truth)
    stated = np.isfinite(spread)
    held = np.abs(error[stated]) <= _COVERED * spread[stated]
    return CurveScore(
        _rms(error), float(error.mean()), float(np.abs(error).max()), _rms(error - error.mean()),
        float(held.mean()) if stated.any() else float("nan"), missing, int(inside.sum()),
        _hints(when, told, true_time_s, truth, _rms(error)),
    )  # fmt: skip


def score_points(time_s: NDArray, points_m: NDArray, true_time_s: NDArray, truth_m: NDArray) -> CurveScore:
    """Return the distances of points from the true ones, in mm.

    Parameters
    ----------
    time_s : ndarray, shape (n,)
    points_m, truth_m : ndarray, shape (n, point, 3) and (frame, point, 3)
        The same points in the same order; NaN is missing.
    """
    nearest = np.clip(np.searchsorted(true_time_s, time_s - 1e-9), 0, len(true_time_s) - 1)
    on_frame = np.abs(true_time_s[nearest] - time_s) < 0.25 * (true_time_s[1] - true_time_s[0])
    apart = 1e3 * np.linalg.norm(points_m - truth_m[nearest], axis=2)[on_frame]
    known = apart[np.isfinite(apart)]
    missing = 1.0 - len(known) / (truth_m.shape[0] * truth_m.shape[1])
    nan = float("nan")
    if not len(known):
        return CurveScore(nan, nan, nan, nan, nan, missing, 0)
    hints = _unit_of_points(points_m[on_frame], truth_m[nearest][on_frame], _rms(known))
    return CurveScore(_rms(known), float(known.mean()), float(known.max()), nan, nan, missing, len(known), hints)


def _unit_of_points(points: NDArray, truth: NDArray, rmse_mm: float) -> tuple[str, ...]:
    tries = {
        "the points are in mm; m are asked for": 1e-3 * points, "the points are in cm; m are asked for": 1e-2 * points,
        "Y is up in the points; Z is asked for": points[..., [2, 0, 1]],
    }  # fmt: skip
    left = {words: 1e3 * _rms(np.linalg.norm(tried - truth, axis=2)) for words, tried in tries.items()}
    best = min(left, key=lambda words: left[words])
    return (best,) if left[best] < _EXPLAINS * rmse_mm else ()


def _answered(time_s: NDArray, true_time_s: NDArray) -> float:
    """Share of the true frames that have an answer within half the time between frames."""
    step = true_time_s[1] - true_time_s[0]
    frames = np.unique(np.round((time_s - true_time_s[0]) / step).astype(int))
    return float(len(frames[(frames >= 0) & (frames < len(true_time_s))]) / len(true_time_s))


def _at(time_s: NDArray, true_time_s: NDArray, truth: NDArray) -> NDArray:
    from scipy.interpolate import CubicSpline

    return np.asarray(CubicSpline(true_time_s, truth)(time_s))


def _hints(time_s: NDArray, told: NDArray, true_time_s: NDArray, truth: NDArray, rmse: float) -> tuple[str, ...]:
    if rmse < _LEAST_DEG:
        return ()
    true = _at(time_s, true_time_s, truth)
    tries = {
        "the sign is the other way round": -told, "it is in radians; degrees are asked for": np.rad2deg(told),
        "it is in radians, and the sign is the other way round": -np.rad2deg(told),
        "it is off by 90 deg": told - 90.0 * np.sign(np.mean(told - true)),
    }  # fmt: skip
    if _rms(told) > 5 * _rms(true):
        tries["degrees were taken for radians"] = np.deg2rad(told)
    found = {words: _rms(tried - true) for words, tried in tries.items()}
    offset = float(np.mean(told - true))
    found[f"a constant offset of {offset:+.1f} deg: another zero"] = _rms(told - offset - true)
    flipped = -told
    away = float(np.mean(flipped - true))
    found[f"the sign is the other way round, and another zero ({away:+.1f} deg)"] = _rms(flipped - away - true)
    lag_s, left = _best_lag(time_s, told, true_time_s, truth)
    found[f"it is {abs(lag_s):.2f} s {'late' if lag_s > 0 else 'early'}"] = left if abs(lag_s) > 0.015 else rmse
    # The simplest that explains nearly as much as the best: a second cause has to explain a third more.
    best = min(found.values())
    if best >= _EXPLAINS * rmse:
        return ()
    return (next(words for words, rest in found.items() if rest <= max(1.5 * best, 0.2 * rmse)),)


def _best_lag(time_s: NDArray, told: NDArray, true_time_s: NDArray, truth: NDArray) -> tuple[float, float]:
    """Return by how much the answer comes late, s, and what error would be left without that."""
    best = (0.0, _rms(told - _at(time_s, true_time_s, truth)))
    for lag_s in np.arange(-_LAGS_S, _LAGS_S + 1e-9, 0.01):
        when = time_s - lag_s
        kept = (when >= true_time_s[0]) & (when <= true_time_s[-1])
        if kept.mean() > 0.7:
            left = _rms(told[kept] - _at(when[kept], true_time_s, truth))
            if left < best[1]:
                best = (float(lag_s), left)
    return best


def _rms(values: NDArray) -> float:
    return float(np.sqrt(np.nanmean(np.square(values))))
