"""Smoothing of one trial: the raw points stay, the smoothed ones stand beside them."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calibration.digits import digits
from mocap.errors import ConfigError
from mocap.pipeline.trial_plates import beside
from mocap.reconstruction import Reconstruction
from mocap.reconstruction.smooth import Smoothed, SmoothingOptions, smooth_points_kalman
from mocap.reconstruction.smooth_map import smooth_points_map
from mocap.reconstruction.smooth_views import with_reprojection
from mocap.schema import Status
from mocap.signal.filter_options import FILTERS, FilterOptions
from mocap.signal.implausible import find_frozen, find_leaps, leap_limit
from mocap.signal.outliers import hampel
from mocap.trial import Operation, Points3D, Trial, Verdict

#: Name of the verdict on points that a smoother left as they came.
LEFT = "points smoothed"


def _kalman(trial: Trial, found: Reconstruction, options: SmoothingOptions) -> Smoothed:
    return smooth_points_kalman(found.points, options)


def _map(trial: Trial, found: Reconstruction, options: SmoothingOptions) -> Smoothed:
    assert trial.keypoints is not None and trial.rig is not None
    return smooth_points_map(found, trial.keypoints, trial.rig, trial.bones, options)


#: Ways of smoothing that learn from the data how much is noise.
SMOOTHERS: Mapping[str, Callable[[Trial, Reconstruction, SmoothingOptions], Smoothed]] = {
    "kalman": _kalman, "map": _map,
}  # fmt: skip


def checked_smoother(method: str) -> str:
    """Return the name of the smoother, or refuse one that is not there (ConfigError, SMOOTHER_UNKNOWN)."""
    if method not in SMOOTHERS:
        known = f"Known: {', '.join(SMOOTHERS)}"
        elsewhere = f"; '{method}' is a filter of the angles' points: `mocap kinematics --filter {method}`"
        remedy = f"{known}{elsewhere if method in FILTERS else ''}."
        raise ConfigError(f"There is no smoother '{method}'.", remedy, code="SMOOTHER_UNKNOWN")
    return method


def smooth_trial(
    trial: Trial,
    found: Reconstruction,
    more: Points3D | None = None,
    method: str = "kalman",
    options: SmoothingOptions | None = None,
    outliers: FilterOptions | None = None,
) -> Trial:
    """Return the trial with smoothed points beside the raw ones.

    Frozen and leaping samples are left out, bridged where the gap is short enough, and flagged REJECTED.

    Parameters
    ----------
    trial : Trial
        With the points of `found` and of `more`, and for `map` with its keypoints and rig.
    found : Reconstruction
        How the points came about.
    more : Points3D, optional
        Points of plates, which are smoothed each by itself.
    method : str
        A key of `SMOOTHERS`.
    options : SmoothingOptions, optional
    outliers : FilterOptions, optional
        Whether Hampel's filter goes first, and how.

    Raises
    ------
    ConfigError
        SMOOTHER_UNKNOWN
    """
    checked_smoother(method)
    chosen = options or SmoothingOptions()
    leaps = find_leaps(trial.points.position, leap_limit(trial.points.rate_hz))
    implausible = find_frozen(trial.points.position) | leaps
    odd = implausible | _outlying(trial.points.position, implausible, outliers)
    own = len(found.points.names)
    smoothed = SMOOTHERS[method](trial, replace(found, points=_without(found.points, odd[:, :own])), chosen)
    points = smoothed.points
    if trial.keypoints is not None and trial.rig is not None:
        points = with_reprojection(points, trial.keypoints, trial.rig)
    left = dict(smoothed.left)
    if more is not None:
        rigid = smooth_points_kalman(_without(more, odd[:, own:]), chosen)
        points = beside(points, rigid.points)
        left |= rigid.left
    status = points.status | (odd * np.uint8(Status.REJECTED)) | (trial.points.status & np.uint8(Status.DOUBTFUL))
    points = replace(points, status=status, start_s=trial.points.start_s)
    learned = _cutoff_note(smoothed.cutoff_hz)
    notes = [*smoothed.notes, learned]
    notes += [f"{name} was not smoothed: {words}" for name, words in left.items() if name not in smoothed.left]
    if implausible.any():
        notes.append(f"{int(implausible.sum())} frozen or leaping samples were left out of the smoothing")
    if (odd & ~implausible).any():
        notes.append(f"{int((odd & ~implausible).sum())} outlying samples were left out by Hampel's filter")
    parameters: dict[str, str | float | int | bool] = {
        "method": method, "longest_gap_s": chosen.longest_gap_s, "points": f"{method}, {learned}",
        "notes": "; ".join(note for note in notes if note),
    }  # fmt: skip
    kept = tuple(operation for operation in trial.operations if operation.name != "smooth")
    quality = tuple(verdict for verdict in trial.quality if verdict.name != LEFT)
    if left:
        quality = (*quality, _left_verdict(left, len(points.names)))
    operations = (*kept, Operation("smooth", parameters))
    return replace(trial, points_smoothed=points, quality=quality, operations=operations)


def _outlying(position: NDArray, implausible: NDArray, options: FilterOptions | None) -> NDArray:
    """Samples, shape (time, keypoint), that Hampel's filter leaves out, where it is wanted."""
    if options is None or not options.hampel:
        return np.zeros(implausible.shape, bool)
    rest = np.where(implausible[..., None], np.nan, position)
    return hampel(rest, options.outlier_frames, options.outlier_sd)


def _left_verdict(left: Mapping[str, str], n_points: int) -> Verdict:
    share = 100.0 * (1.0 - len(left) / n_points)
    text = f"of the points; {', '.join(left)} stay as they came, since smoothing would have gone against their data"
    return Verdict(LEFT, share, 100.0, "%", False, text)


def _without(points: Points3D, odd: NDArray) -> Points3D:
    if not odd.any():
        return points
    position = np.where(odd[..., None], np.nan, points.position)
    covariance = np.where(odd[..., None, None], np.nan, points.covariance)
    status = np.where(odd, points.status & ~np.uint8(Status.MEASURED), points.status)
    return replace(points, position=position, covariance=covariance, status=status)


def _cutoff_note(cutoff_hz: NDArray) -> str:
    known = cutoff_hz[np.isfinite(cutoff_hz)]
    if not known.size:
        return "nothing could be smoothed: too few samples"
    # Of a point that moves along one axis alone the others tell of rest.
    fastest = np.where(np.isfinite(cutoff_hz), cutoff_hz, 0.0).max(axis=1)
    low, middle, high = np.quantile(fastest[fastest > 0], [0.05, 0.5, 0.95])
    return (
        f"smoothed as if by a low-pass of {digits(middle, 2)} Hz along the axis of fastest movement (90 % of the "
        f"keypoints {digits(low, 2)} to {digits(high, 2)} Hz), learned from the data"
    )
