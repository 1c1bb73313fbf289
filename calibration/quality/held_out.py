"""The error of a calibration on views that it has not seen, in pixels and in millimetres, as a whole and by region.

Interleaved folds: contiguous blocks would leave too little geometry to fit. Corners that the calibration named as
outliers are left out, all others count. Of a calibration with one time shift per view there are two sets of figures:
each view at its own moment, which measures the cameras, and as it was filmed, which is what they make of things that
move as the board did; distances as filmed are also what other programs are scored by.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.observations import BoardObservations
from calibration.quality.figures import BoardScore, LengthErrors, joined_lengths, score_and_lengths
from calibration.quality.held_moments import at_own_moments
from calibration.quality.refits import kept_frames, refit, refit_bodies
from calibration.result import Calibration

DEFAULT_FOLDS = 3
_FEW = 20  # lengths in a region below which its figures are chance


@dataclass(frozen=True)
class LengthRegion:
    """Errors of known lengths in one part of the volume.

    Attributes
    ----------
    name : str
    n : int
        Lengths measured there.
    mean_mm, rmse_mm, worst_mm : float
        `worst` is the largest absolute error. NaN without a length.
    """

    name: str
    n: int
    mean_mm: float
    rmse_mm: float
    worst_mm: float

    @property
    def few(self) -> bool:
        """Whether there are too few lengths to go by."""
        return self.n < _FEW


@dataclass(frozen=True, eq=False)
class AsFilmed:
    """Errors of a calibration with time shifts on frames that it was not fitted to, the pixels as they were.

    Attributes
    ----------
    folds : tuple of BoardScore
    median_px, rms_px, distance_rmse_mm, all_pairs_rmse_mm : float
        As of `HeldOut`.
    """

    folds: tuple[BoardScore, ...]
    median_px: float
    rms_px: float
    distance_rmse_mm: float
    all_pairs_rmse_mm: float


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Errors on frames that the cameras were not fitted to.

    With time shifts, each view is at its own moment, told by corners that are not scored (`held_moments`).

    Attributes
    ----------
    folds : tuple of BoardScore
        One per fold.
    median_px, rms_px : float
        Mean over the folds.
    distance_rmse_mm, distance_mean_mm, distance_worst_mm : float
        Of distances between neighbouring corners, over all folds.
    all_pairs_rmse_mm : float
        Mean over the folds.
    frame_median_rmse_mm : float
        Median over the frames of the RMSE of all neighbouring distances of a frame.
    n_lengths, n_frames : int
    regions : tuple of LengthRegion
        Eight octants of the volume, then three shells by distance from its middle.
    reason : str
        In words why nothing could be held out; then all figures are NaN.
    as_filmed : AsFilmed, optional
        With time shifts: the same without them.
    """

    folds: tuple[BoardScore, ...]
    median_px: float
    rms_px: float
    distance_rmse_mm: float
    distance_mean_mm: float
    distance_worst_mm: float
    all_pairs_rmse_mm: float
    frame_median_rmse_mm: float
    n_lengths: int
    n_frames: int
    regions: tuple[LengthRegion, ...]
    reason: str = ""
    as_filmed: AsFilmed | None = None


def held_out(calibration: Calibration, observations: BoardObservations, n_folds: int = DEFAULT_FOLDS) -> HeldOut:
    """Measure boards with cameras that were fitted to other frames.

    Parameters
    ----------
    calibration : Calibration
    observations : BoardObservations
        Those that it was made from.
    n_folds : int
        Fold k is scored on every n-th used frame from the k-th on; the cameras are fitted to the others.
    """
    bodies, n_frames = refit_bodies(calibration), 0
    scores, lengths, starts, filmed, filmed_lengths = [], [], [], [], []
    for fold in range(n_folds):
        test = bodies[fold::n_folds]
        fitted = refit(calibration, observations, np.setdiff1d(bodies, test))
        if isinstance(fitted, str):
            return _nothing(fitted)
        score, own = score_and_lengths(fitted.rig, kept_frames(observations, calibration, test))
        if calibration.slide is not None:
            filmed.append(score)
            filmed_lengths.append(own)
            score, own = score_and_lengths(fitted.rig, at_own_moments(fitted, observations, calibration, test))
        scores.append(score)
        lengths.append(own)
        starts.append(n_frames)
        n_frames += len(test)
    whole = joined_lengths(lengths, starts)
    if not len(whole.error):
        return _nothing("no two neighbouring corners were seen by two cameras")
    everywhere = _region("everywhere", 1e3 * whole.error)
    return HeldOut(
        tuple(scores), _mean(scores, "reprojection_median_px"), _mean(scores, "reprojection_rms_px"),
        everywhere.rmse_mm, everywhere.mean_mm, everywhere.worst_mm, _mean(scores, "all_pairs_rmse_mm"),
        float(np.median(_frame_rmse_mm(whole))), len(whole.error), n_frames, regions_of(whole),
        as_filmed=_as_filmed(filmed, joined_lengths(filmed_lengths, starts)) if filmed else None,
    )  # fmt: skip


def _as_filmed(scores: list[BoardScore], lengths: LengthErrors) -> AsFilmed:
    return AsFilmed(
        tuple(scores), _mean(scores, "reprojection_median_px"), _mean(scores, "reprojection_rms_px"),
        _region("everywhere", 1e3 * lengths.error).rmse_mm, _mean(scores, "all_pairs_rmse_mm"),
    )  # fmt: skip


def regions_of(lengths: LengthErrors) -> tuple[LengthRegion, ...]:
    """Sort known lengths by where they were measured: octants about the middle, and shells around it.

    Parameters
    ----------
    lengths : LengthErrors
        The middle is the median of their places; the shells hold a third of the lengths each.
    """
    off = lengths.middle_world - np.median(lengths.middle_world, axis=0)
    errors_mm, answer = 1e3 * lengths.error, []
    for octant in range(8):
        upper = [bool(octant >> axis & 1) for axis in range(3)]
        inside = ((off > 0) == upper).all(axis=1)
        name = " ".join(f"{axis}{'+' if high else '-'}" for axis, high in zip("XYZ", upper, strict=True))
        answer.append(_region(name, errors_mm[inside]))
    distance = np.linalg.norm(off, axis=1)
    inner, outer = np.quantile(distance, [1 / 3, 2 / 3])
    shells = (
        (f"within {inner:.2f} m of the middle", distance <= inner),
        (f"{inner:.2f} to {outer:.2f} m from the middle", (distance > inner) & (distance <= outer)),
        (f"beyond {outer:.2f} m", distance > outer),
    )
    return (*answer, *(_region(name, errors_mm[inside]) for name, inside in shells))


def _region(name: str, errors_mm: NDArray) -> LengthRegion:
    if not len(errors_mm):
        return LengthRegion(name, 0, float("nan"), float("nan"), float("nan"))
    rmse, worst = np.sqrt(np.mean(errors_mm**2)), np.abs(errors_mm).max()
    return LengthRegion(name, len(errors_mm), float(errors_mm.mean()), float(rmse), float(worst))


def _frame_rmse_mm(lengths: LengthErrors) -> NDArray:
    """RMSE of the lengths of each frame, shape (frame,), of frames that have any."""
    count = np.bincount(lengths.frame)
    squares = np.bincount(lengths.frame, (1e3 * lengths.error) ** 2)
    return np.sqrt(squares[count > 0] / count[count > 0])


def _mean(scores: list[BoardScore], figure: str) -> float:
    return float(np.mean([getattr(score, figure) for score in scores]))


def _nothing(reason: str) -> HeldOut:
    none = float("nan")
    return HeldOut((), none, none, none, none, none, none, none, 0, 0, (), reason)
