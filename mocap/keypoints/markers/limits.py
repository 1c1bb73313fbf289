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
_MIDDLE_TIMES, _WIDE, _WIDE_TIMES = 6.0, 0.95, 2.0
_ODD_TIMES, _ODD_PX = 3.0, 0.1  # a camera that misses the others by so much more is named


@dataclass(frozen=True, eq=False)
class LearnedLimit:
    """What was learned.

    Attributes
    ----------
    limit_px : float
    learned : bool
        False where the true pairs do not stand out: then it is the largest that was allowed.
    middle_px : ndarray, shape (camera,)
        By how much the rays of each camera and those of the others miss each other, in the middle; NaN where too
        few are known.
    """

    limit_px: float
    learned: bool
    middle_px: NDArray


def learned_limit(rig: CameraRig, centres_px: list[list[NDArray]], most_px: float) -> LearnedLimit:
    """Return how far spots may be from the projection of their point.

    Rays of two cameras that have nothing to do with each other miss each other by any distance alike; what is more
    frequent near 0 than that are the true pairs, and half of them lie within what detection, calibration and clocks
    leave. Six times as much is allowed: within 2 px far more rays meet by chance than within 0.3. But never less
    than what the worst camera needs: twice what holds 95 % of its spots of points that three cameras see or more,
    which hardly meet by chance.

    Parameters
    ----------
    rig : CameraRig
    centres_px : list (camera) of list (time) of ndarray, shape (spot, 2)
    most_px : float
        Never more than that, and just that where the true pairs do not stand out.
    """
    asked = np.unique(np.linspace(0, len(centres_px[0]) - 1, _ASKED).astype(int))
    frames = [[own[frame] for own in centres_px] for frame in asked]
    pairs = [paired_spots(rig, centres, most_px) for centres in frames]
    has, miss = np.concatenate([spot for spot, _ in pairs]) >= 0, np.concatenate([one for _, one in pairs])
    middle = _true_middle(miss, most_px)
    own = np.array([_true_middle(miss[has[:, camera]], most_px) for camera in range(len(rig))])
    if np.isnan(middle):
        return LearnedLimit(most_px, False, own)
    limit = max(_LEAST_LIMIT_PX, _MIDDLE_TIMES * middle, _WIDE_TIMES * _worst_camera(rig, frames, most_px))
    return LearnedLimit(float(min(most_px, limit)), True, own)


def told_limit(found: LearnedLimit, names: Sequence[str]) -> tuple[str, ...]:
    """Return what to tell of it, in plain words; `names` are those of the cameras."""
    how = "learned from how the rays of this recording meet" if found.learned else (
        "the most that is allowed, as the recording does not tell how well its rays meet")  # fmt: skip
    told = [f"A spot may be {digits(found.limit_px, 2)} px from the projection of its marker: {how}."]
    known = np.isfinite(found.middle_px)
    if known.sum() >= 3:
        usual = float(np.median(found.middle_px[known]))
        odd = [f"{name} ({digits(own, 2)} px)" for name, own in zip(names, found.middle_px, strict=True)
               if own > max(_ODD_TIMES * usual, _ODD_PX)]  # fmt: skip
        if odd:
            told.append(f"The rays of {', '.join(odd)} miss those of the others by more than is usual here "
                        f"({digits(usual, 2)} px): check calibration and clock.")  # fmt: skip
    return tuple(told)


def _worst_camera(rig: CameraRig, frames: list[list[NDArray]], most_px: float) -> float:
    """Return within what 95 % of the spots of the worst camera are; 0 where no camera tells."""
    misses = []
    for centres in frames:
        found = find_candidates(rig, centres, most_px, min_views=3)
        misses.append(reprojection_px(rig, spot_pixels(centres, found.spot), found.position_world))
    miss = np.concatenate(misses, axis=1)
    told = [own[np.isfinite(own)] for own in miss]
    return max((float(np.quantile(own, _WIDE)) for own in told if len(own) >= _LEAST_TOLD), default=0.0)


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
