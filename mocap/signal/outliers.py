"""Find single samples that stand out of their neighbourhood: Hampel's filter, for points that move in space.

Hampel's rule (distance from the median of a window against the median absolute deviation; Davies & Gather 1993) takes
movement for scatter. So here the window is first freed of its course, the line through the medians of both its halves;
and medians are spatial ones (the place of least summed distance), so that the result does not depend on the axes.
"""

import numpy as np
from numpy.typing import NDArray

from mocap.errors import ConfigError

_FEWEST_ON_A_SIDE = 3  # one of them may lie off
# Of a normal distribution, its standard deviation over its median absolute deviation.
_TO_SD = 1.4826
_TURNS = 12
_ALIKE_M = 1e-7
#: Standard deviations below count as this (m): where neighbours happen to be alike, everything would stand out.
LEAST_SD_M = 0.0005


def hampel(position: NDArray, half_window: int = 5, n_sd: float = 4.0, least_sd_m: float = LEAST_SD_M) -> NDArray:
    """Flag what lies farther from the course of its neighbourhood than noise and motion there explain.

    A flagged sample is to be made missing: the median in its place would be a plausible number that nobody measured.

    Parameters
    ----------
    position : ndarray, shape (time, keypoint, 3)
        Metres; NaN is missing.
    half_window : int
        Samples on each side.
    n_sd : float
        Limit of the distance: so many standard deviations above its median. They are told by the median absolute
        deviation in the window, or by the typical one of the point where that is more.
    least_sd_m : float

    Returns
    -------
    ndarray of bool, shape (time, keypoint)
        Never where fewer than three samples of the window are there on one side.

    Raises
    ------
    ConfigError
        Code `FILTER_WINDOW`.
    """
    checked_hampel(half_window, n_sd)
    position = np.asarray(position, float)
    flagged = np.zeros(position.shape[:2], bool)
    for keypoint in range(position.shape[1]):
        flagged[:, keypoint] = _of_one(position[:, keypoint], half_window, n_sd, least_sd_m)
    return flagged


def checked_hampel(half_window: int, n_sd: float) -> None:
    """Refuse a window or limit that tells nothing (ConfigError, FILTER_WINDOW)."""
    if half_window < _FEWEST_ON_A_SIDE or not n_sd > 0:
        raise ConfigError(
            f"Hampel's filter with {half_window} frames on each side and a limit of {n_sd:g} standard deviations.",
            f"Choose {_FEWEST_ON_A_SIDE} frames or more on each side, and a limit above 0.",
            code="FILTER_WINDOW",
        )


def _of_one(track: NDArray, half_window: int, n_sd: float, least_sd_m: float) -> NDArray:
    """Flags, shape (time,), of one point, shape (time, 3)."""
    edge = np.full((half_window, 3), np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(
        np.concatenate([edge, track, edge]), 2 * half_window + 1, axis=0
    ).transpose(0, 2, 1)
    there = np.isfinite(windows).all(axis=2)
    sides = np.minimum(there[:, :half_window].sum(axis=1), there[:, half_window + 1 :].sum(axis=1))
    judged = np.flatnonzero(there[:, half_window] & (sides >= _FEWEST_ON_A_SIDE))
    flags = np.zeros(len(track), bool)
    if len(judged):
        there = there[judged]
        straight = _without_course(np.where(there[..., None], windows[judged], 0.0), there)
        distance = np.linalg.norm(straight - _median(straight, there)[:, None], axis=2)
        distance[~there] = np.nan
        typical = np.nanmedian(distance, axis=1)
        spread = _TO_SD * np.nanmedian(np.abs(distance - typical[:, None]), axis=1)
        sd = np.maximum(spread, max(float(np.median(spread)), least_sd_m))
        flags[judged] = distance[:, half_window] > typical + n_sd * sd
    return flags


def _without_course(inside: NDArray, there: NDArray) -> NDArray:
    """Windows, shape (window, sample, 3), less the line through the medians of their halves."""
    half = inside.shape[1] // 2
    offsets = np.arange(-half, half + 1.0)
    places, times = [], []
    for side in (slice(0, half), slice(half + 1, None)):
        places.append(_median(inside[:, side], there[:, side]))
        times.append((there[:, side] * offsets[side]).sum(axis=1) / there[:, side].sum(axis=1))
    slope = (places[1] - places[0]) / (times[1] - times[0])[:, None]
    return np.where(there[..., None], inside - slope[:, None] * offsets[:, None], 0.0)


def _median(inside: NDArray, there: NDArray) -> NDArray:
    """Spatial medians, shape (window, 3), of the samples that are there (Weiszfeld 1937)."""
    centre: NDArray = (inside * there[..., None]).sum(axis=1) / there.sum(axis=1)[:, None]
    for _ in range(_TURNS):
        weights = there / np.maximum(np.linalg.norm(inside - centre[:, None], axis=2), _ALIKE_M)
        centre = np.einsum("ws,wsc->wc", weights, inside) / weights.sum(axis=1)[:, None]
    return centre
