"""From refined shifts to an estimate: whose clock is the common one, what can be told, what is shifted."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.sync.motion_refine import Refined


@dataclass(frozen=True, eq=False)
class Clocks:
    """Shifts against the clock that most cameras share; NaN where they cannot be told.

    Attributes
    ----------
    offset, offset_sd : ndarray, shape (camera,)
        Frames, at the middle of the recording.
    drift, drift_sd : ndarray, shape (camera,)
        Frames more at the end of the recording than in its middle.
    covariance : ndarray, shape (camera,)
        Of the two, frames^2.
    agreed : ndarray of bool, shape (camera,)
        Cameras whose mean clock is the common one.
    """

    offset: NDArray
    offset_sd: NDArray
    drift: NDArray
    drift_sd: NDArray
    covariance: NDArray
    agreed: NDArray


def against_consensus(refined: Refined, alike_frames: float = 0.1) -> Clocks:
    """Set the mean of the largest group of cameras that agree in offset and drift to 0.

    Parameters
    ----------
    refined : Refined
    alike_frames : float
        Cameras agree up to this many frames, or three standard deviations of their difference.
    """
    n_cameras = len(refined.offset)
    agreed = _largest_group(refined, alike_frames)
    share = agreed / max(np.count_nonzero(agreed), 1)
    offset, drift = refined.offset - share @ refined.offset, refined.drift - share @ refined.drift
    spread = np.zeros((n_cameras, 2, 2))
    for camera in range(n_cameras):
        contrast = np.eye(n_cameras)[camera] - share
        zeros = np.zeros(n_cameras)
        by_offset, by_drift = np.concatenate([contrast, zeros]), np.concatenate([zeros, contrast])
        one, two = refined.variance(by_offset), refined.variance(by_drift)
        both = (refined.variance(by_offset + by_drift) - one - two) / 2
        spread[camera] = [[one, both], [both, two]]
    told, drift_told = refined.told[:n_cameras], refined.told[n_cameras:]
    return Clocks(
        np.where(told, offset, np.nan),
        np.where(told, np.sqrt(spread[:, 0, 0]), np.nan),
        np.where(drift_told, drift, np.nan),
        np.where(drift_told, np.sqrt(spread[:, 1, 1]), np.nan),
        np.where(drift_told, spread[:, 0, 1], 0.0),
        agreed,
    )


def _largest_group(refined: Refined, alike_frames: float) -> NDArray:
    """Cameras that agree with the one that most agree with; of equals, those that agree best, then the first."""
    n_cameras = len(refined.offset)
    told = refined.told[:n_cameras]
    best, best_key = np.zeros(n_cameras, bool), (0, 0.0)
    for centre in np.flatnonzero(told):
        group, misfit = np.zeros(n_cameras, bool), 0.0
        for other in np.flatnonzero(told):
            close, distance = _alike(refined, int(centre), int(other), alike_frames)
            group[other] = close
            misfit += distance if close else 0.0
        key = (int(np.count_nonzero(group)), -round(misfit, 6))
        if key > best_key:
            best, best_key = group, key
    return best


def _alike(refined: Refined, one: int, other: int, alike_frames: float) -> tuple[bool, float]:
    n_cameras = len(refined.offset)
    total = 0.0
    for values, start in ((refined.offset, 0), (refined.drift, n_cameras)):
        if not (refined.told[start + one] and refined.told[start + other]):
            continue
        contrast = np.zeros(2 * n_cameras)
        contrast[start + one], contrast[start + other] = 1.0, -1.0
        limit = max(alike_frames, 3 * np.sqrt(refined.variance(contrast)) if one != other else 0.0)
        total += abs(values[one] - values[other]) / limit
        if abs(values[one] - values[other]) > limit:
            return False, total
    return True, total
