"""How the noise of the points that the angles use is correlated from frame to frame."""

import numpy as np
from numpy.typing import NDArray

from mocap.signal.filter_options import FILTERS, FilterOptions
from mocap.signal.filters import Butterworth, variance_gain
from mocap.signal.linear import LinearFilter, noise_correlation
from mocap.signal.polynomials import SavitzkyGolay, savgol_window
from mocap.signal.splines import SmoothingSpline
from mocap.trial import Operation, Trial

_REFERENCE_HZ, _HIGHEST_SHARE = 0.06, 0.4


def trial_noise_correlation(trial: Trial) -> NDArray:
    """Return the correlation of the noise of angles by distance in frames, shape (lag,), 1 first; for `change_between`.

    Parameters
    ----------
    trial : Trial
        Its raw points count as independent from frame to frame. Of a filter it has the exact correlation away from the
        ends, of `gcv_spline` that of its median cutoff; of smoothing that learns from the points, that of the
        Butterworth filter which leaves as much of the variance.
    """
    if trial.points_smoothed is None:
        return np.ones(1)
    if any(_is_filter(operation) for operation in trial.operations):
        linear = trial_filter(trial)
        return np.ones(1) if linear is None else noise_correlation(linear)
    return _of_equal_gain(trial)


def trial_filter(trial: Trial) -> LinearFilter | None:
    """Return the filter of the smoothed points of a trial, that of the median cutoff of `gcv_spline`.

    None without a filter, and for smoothing that learns from the points.
    """
    for operation in trial.operations:
        if _is_filter(operation):
            return _stated_filter(operation, trial.points.rate_hz)
    return None


def _is_filter(operation: Operation) -> bool:
    return operation.name == "smooth" and operation.parameters.get("method") in FILTERS


def _stated_filter(operation: Operation, rate_hz: float) -> LinearFilter | None:
    known = operation.parameters
    stated = {name: known[name] for name in ("method", "cutoff_hz", "window_frames", "order") if name in known}
    options = FilterOptions(**stated)  # type: ignore[arg-type]
    if not options.filters:
        return None
    if options.method == "butterworth":
        return Butterworth(options.cutoff, rate_hz)
    if options.method == "savitzky_golay":
        window = options.window_frames or savgol_window(options.cutoff, rate_hz, options.polynomial_order)
        return SavitzkyGolay(window, options.polynomial_order, rate_hz)
    told = str(known.get("effective_cutoff_hz", ""))
    cutoffs = [float(one.rpartition(" ")[2]) for one in told.split(", ") if one]
    return SmoothingSpline(float(np.median(cutoffs)), rate_hz) if cutoffs else None


def _of_equal_gain(trial: Trial) -> NDArray:
    assert trial.points_smoothed is not None
    raw, smooth = (
        np.einsum("tpii->tp", np.asarray(points.covariance, float)) for points in (trial.points, trial.points_smoothed)
    )
    ratio = smooth / np.where(raw > 0, raw, np.nan)
    ratio = ratio[np.isfinite(ratio)]
    if not len(ratio) or np.median(ratio) >= 1.0:
        return np.ones(1)
    # The gain of a Butterworth filter goes with its cutoff.
    gain = variance_gain(201, 1.0, _REFERENCE_HZ)[100]
    share = min(float(np.median(ratio)) * _REFERENCE_HZ / float(gain), _HIGHEST_SHARE)
    return noise_correlation(Butterworth(share * trial.points.rate_hz, trial.points.rate_hz))
