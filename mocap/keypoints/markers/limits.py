"""How far a spot may be from the projection of its marker: told by the recording itself."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration import CameraRig
from calibration.digits import digits
from mocap.keypoints.markers.candidates import find_candidates, paired_spots, reprojection_px, spot_pixels

_ASKED, _LEAST_TOLD = 12, 20  # frames looked at for the limit, and points that tell it
_LEAST_LIMIT_PX = 0.3
_MIDDLE_TIMES = 6.0
_WIDE, _WIDE_TIMES = 0.75, 3.0  # a quarter of the points may be of chance; 95 % of the others are within 1.5 times
_ODD_TIMES, _ODD_PX = 1.5, 0.2  # the worst camera is named where it is off by so much, and more than is usual


@dataclass(frozen=True, eq=False)
class LearnedLimit:
    """What was learned.

    Attributes
    ----------
    limit_px : float
    learned : bool
        False where the true pairs do not stand out: then it is the largest that was allowed.
    camera_px : ndarray, shape (camera,)
        What three quarters of each camera's spots are from points that three cameras see or more; NaN where too few
        are known.
    """

    limit_px: float
    learned: bool
    camera_px: NDArray


def learned_limit(rig: CameraRig, centres_px: list[list[NDArray]], most_px: float) -> LearnedLimit:
    """Return how far spots may be from the projection of their point.

    Rays of two cameras that have nothing to do with each other miss each other by any distance alike; what is more
    frequent near 0 than that are the true pairs, and half of them lie within what detection, calibration and clocks
    leave. Six times as much is allowed: within 2 px far more rays meet by chance than within 0.3. But never less
    than what the worst camera needs: twice what holds 95 % of its spots of points that three cameras see or more,
    few of which meet by chance (three times what holds three quarters, which some chance does not change).

    Parameters
    ----------
    rig : CameraRig
    centres_px : list (camera) of list (time) of ndarray, shape (spot, 2)
    most_px : float
        Never more than that, and just that where the true pairs do not stand out.
    """
    frames = [[own[frame] for own in centres_px] for frame in asked_frames(len(centres_px[0]))]
    miss = np.concatenate([paired_spots(rig, centres, most_px)[1] for centres in frames])
    middle = _true_middle(miss, most_px)
    own = _camera_misses(rig, frames, most_px)
    if np.isnan(middle):
        return LearnedLimit(most_px, False, own)
    needed = float(np.max(own, where=np.isfinite(own), initial=0.0))
    limit = max(_LEAST_LIMIT_PX, _MIDDLE_TIMES * middle, _WIDE_TIMES * needed)
    return LearnedLimit(float(min(most_px, limit)), True, own)


def asked_frames(n_frames: int) -> NDArray:
    """Return the frames that are looked at for the limit."""
    return np.unique(np.linspace(0, n_frames - 1, _ASKED).astype(int))


def told_limit(found: LearnedLimit, names: Sequence[str]) -> tuple[str, ...]:
    """Return what to tell of it, in plain words; `names` are those of the cameras."""
    how = "learned from how the rays of this recording meet" if found.learned else (
        "the most that is allowed, as the recording does not tell how well its rays meet")  # fmt: skip
    told = [f"A spot may be {digits(found.limit_px, 2)} px from the projection of its marker: {how}."]
    known = np.isfinite(found.camera_px)
    if known.any():
        own = np.where(known, found.camera_px, -1.0)
        worst = int(own.argmax())
        usual = float(np.median(own[known])) if known.sum() >= 3 else 0.0
        if own[worst] > max(_ODD_PX, _ODD_TIMES * usual):
            told.append(f"The spots of {names[worst]} are the farthest from the points they share with the others (a "
                        f"quarter is off by more than {digits(float(own[worst]), 2)} px): check its calibration and "
                        f"its clock.")  # fmt: skip
    return tuple(told)


def _camera_misses(rig: CameraRig, frames: list[list[NDArray]], most_px: float) -> NDArray:
    """Return within what three quarters of every camera's spots are, shape (camera,); NaN where that is not known."""
    misses = []
    for centres in frames:
        found = find_candidates(rig, centres, most_px, min_views=3)
        misses.append(reprojection_px(rig, spot_pixels(centres, found.spot), found.position_world))
    told = [own[np.isfinite(own)] for own in np.concatenate(misses, axis=1)]
    return np.array([np.quantile(own, _WIDE) if len(own) >= _LEAST_TOLD else np.nan for own in told])


def _true_middle(miss: NDArray, most_px: float) -> float:
    """Return within what half of the true pairs are; NaN where they do not stand out of chance."""
    miss = np.sort(miss)
    if not len(miss):
        return np.nan
    chance = np.mean(miss > most_px / 2) * len(miss) / (most_px / 2)  # per px
    more = np.arange(1, len(miss) + 1) - chance * miss
    more = more[: np.searchsorted(miss, most_px / 2)]
    if not len(more) or more[-1] < max(_LEAST_TOLD, 3 * np.sqrt(len(miss))):
        return np.nan
    return float(miss[np.searchsorted(np.maximum.accumulate(more), more[-1] / 2)])
