"""Points before the angles: outliers out, short gaps bridged, filtered; every sample flagged, all of it told."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mocap.schema import Status
from mocap.signal.filter_options import FilterOptions
from mocap.signal.filters import Butterworth, corrected_cutoff
from mocap.signal.gaps import fill_gaps
from mocap.signal.implausible import without_implausible
from mocap.signal.linear import LinearFilter, filter_runs, filtered_covariance
from mocap.signal.outliers import hampel
from mocap.signal.polynomials import SavitzkyGolay, savgol_window
from mocap.signal.runs import runs
from mocap.signal.splines import FEWEST, cross_validated
from mocap.signal.stiffness_choice import ChoiceNoise, choice_noise
from mocap.trial import Points3D


@dataclass(frozen=True, eq=False)
class FilteredPoints:
    """Filtered points, and what was done to them.

    Attributes
    ----------
    points : Points3D
    method : str
        The filter with its parameters and its effective cutoff, in words.
    cutoff_hz : ndarray, shape (keypoint,)
        Frequency of -3 dB; NaN for a point that was not filtered.
    notes : tuple of str
        What a user has to be told.
    """

    points: Points3D
    method: str
    cutoff_hz: NDArray
    notes: tuple[str, ...]


def filter_points(points: Points3D, options: FilterOptions) -> FilteredPoints:
    """Leave out what no body makes, bridge short gaps, filter, and carry the covariance through all of it.

    The covariance is that of errors that are independent from frame to frame; where detections err alike over
    several frames the true one is larger, at most the unfiltered one. Filled samples have no covariance, and those
    beside them carry the noise that the fill brings with it. Of `gcv_spline` it holds what the choice of the stiffness
    adds (`choice_noise`).

    Parameters
    ----------
    points : Points3D
        World, m.
    options : FilterOptions
        With a method of `mocap.signal.filter_options.FILTERS`.

    Returns
    -------
    FilteredPoints
        Samples that were left out are REJECTED, filled ones FILLED, filtered ones FILTERED; samples of runs shorter
        than the filter stay as they came.

    Raises
    ------
    ConfigError
        `CUTOFF`, for one that cannot be at this rate.
    """
    plausible = without_implausible(points)
    kept = without_outliers(plausible, options)
    position, status = fill_gaps(kept.position, kept.status, points.rate_hz, options.gap_s)
    done, cutoff = np.zeros(status.shape, bool), np.full(len(points.names), np.nan)
    filtered, covariance = position.copy(), np.array(kept.covariance)
    filled = (status & np.uint8(Status.FILLED)) != 0
    covariance[filled] = np.nan
    shortest = 0
    known = np.isfinite(covariance).any(axis=(0, 2, 3))
    for members, linear, choice in _filters(position, known, points.rate_hz, options):
        filtered[:, members], ran = filter_runs(position[:, members], linear)
        done[:, members] = ran.all(axis=2)
        covariance[:, members] = filtered_covariance(
            kept.covariance[:, members], done[:, members], filled[:, members], linear
        )
        if choice is not None:
            for (start, stop), added in zip(_long_runs(position[:, members[0]]), choice.added, strict=True):
                part = covariance[start:stop, members[0]]
                part[:] = choice.inflation * part + added
        cutoff[members] = np.where(done[:, members].any(axis=0), linear.cutoff_hz, np.nan)
        shortest = linear.shortest
    made = replace(kept, position=filtered, status=status | (done * np.uint8(Status.FILTERED)), covariance=covariance)
    notes = [
        *_left_out(points, plausible, "frozen, leaping or stray", ""),
        *_left_out(plausible, kept, "outlying", " by Hampel's filter"),
        *(_unfiltered(made, shortest) if options.filters else []),
    ]
    return FilteredPoints(made, filter_words(options, points.rate_hz, cutoff), cutoff, tuple(notes))


def without_outliers(points: Points3D, options: FilterOptions) -> Points3D:
    """Return the points without those that Hampel's filter finds, where it is wanted: NaN and REJECTED."""
    if not options.hampel:
        return points
    odd = hampel(points.position, options.outlier_frames, options.outlier_sd)
    odd = odd & ((points.status & np.uint8(Status.EDITED)) == 0)  # a person placed these
    status = (points.status & ~np.uint8(Status.MEASURED)) | np.uint8(Status.REJECTED)
    return replace(
        points, position=np.where(odd[..., None], np.nan, points.position), status=np.where(odd, status, points.status),
        covariance=np.where(odd[..., None, None], np.nan, points.covariance),
    )  # fmt: skip


def _filters(
    position: NDArray, known: NDArray, rate_hz: float, options: FilterOptions
) -> Iterator[tuple[NDArray, LinearFilter, ChoiceNoise | None]]:
    """Yield keypoints with the filter that is theirs and what its choice does to their variance.

    `known`, shape (keypoint,), tells which have a covariance; of others the last is None.
    """
    everyone = np.arange(position.shape[1])
    if options.filters and options.method == "butterworth":
        yield everyone, Butterworth(options.cutoff, rate_hz), None
    elif options.filters and options.method == "savitzky_golay":
        order = options.polynomial_order
        window = options.window_frames or savgol_window(options.cutoff, rate_hz, order)
        yield everyone, SavitzkyGolay(window, order, rate_hz), None
    elif options.filters:
        for keypoint in everyone:
            long = [position[start:stop, keypoint] for start, stop in _long_runs(position[:, keypoint])]
            if long:
                spline = cross_validated(long, rate_hz)
                yield np.array([keypoint]), spline, choice_noise(long, spline) if known[keypoint] else None


def _long_runs(positions: NDArray) -> list[tuple[int, int]]:
    """Return the runs of one point, (time, 3), that are long enough for a spline."""
    there = np.isfinite(positions).all(axis=1)
    return [(start, stop) for start, stop in runs(there) if stop - start >= FEWEST]


def filter_words(options: FilterOptions, rate_hz: float, cutoff_hz: NDArray) -> str:
    """Say which filter, with its parameters and its effective cutoff; no semicolons.

    Parameters
    ----------
    options : FilterOptions
    rate_hz : float
    cutoff_hz : ndarray, shape (keypoint,)
        NaN for a point that was not filtered.
    """
    known = cutoff_hz[np.isfinite(cutoff_hz)]
    if not options.filters:
        said = "not filtered"
    elif not len(known):
        said = f"not filtered, all runs being too short for {options.method}"
    elif options.method == "butterworth":
        each = corrected_cutoff(options.cutoff, rate_hz)
        said = (
            f"Butterworth filter, order 2 forward and backward, -3 dB at {options.cutoff:.4g} Hz in all "
            f"({each:.4g} Hz each pass)"
        )
    elif options.method == "savitzky_golay":
        order = options.polynomial_order
        window = options.window_frames or savgol_window(options.cutoff, rate_hz, order)
        said = (
            f"Savitzky-Golay filter, order {order}, window of {window} frames ({window / rate_hz:.3g} s), "
            f"-3 dB at {known[0]:.3g} Hz"
        )
    else:
        said = (
            f"cubic smoothing spline by generalised cross-validation, -3 dB at {np.median(known):.3g} Hz "
            f"({known.min():.3g} to {known.max():.3g} Hz by point)"
        )
    if options.hampel:
        said += f" after Hampel's filter ({options.outlier_frames} frames on each side, {options.outlier_sd:g} sd)"
    return said


def _left_out(before: Points3D, after: Points3D, kind: str, how: str) -> list[str]:
    """Say how many samples are there no longer, and of which points."""
    gone = np.isfinite(before.position).all(axis=2) & ~np.isfinite(after.position).all(axis=2)
    if not gone.any():
        return []
    return [f"{int(gone.sum())} {kind} samples were left out{how}: {_by_point(gone, before.names)}"]


def _unfiltered(points: Points3D, shortest: int) -> list[str]:
    """Say what was too short for the filter."""
    raw = np.isfinite(points.position).all(axis=2) & ((points.status & np.uint8(Status.FILTERED)) == 0)
    if not raw.any():
        return []
    least = f"fewer than {shortest} frames" if shortest else "too few frames"
    return [f"{int(raw.sum())} samples in runs of {least} stay unfiltered: {_by_point(raw, points.names)}"]


def _by_point(flags: NDArray, names: tuple[str, ...]) -> str:
    """Name the points with most flags, with their number."""
    count = flags.sum(axis=0)
    most = [place for place in np.argsort(-count, kind="stable") if count[place]]
    told = ", ".join(f"{names[place]} {count[place]}" for place in most[:4])
    return told + (f" and {len(most) - 4} more" if len(most) > 4 else "")
