"""Find single samples that stand out of their neighbourhood (Hampel's filter)."""

import numpy as np
from numpy.typing import NDArray

from mocap.errors import ConfigError

_FEWEST = 5
# Of a normal distribution, its standard deviation over its median absolute deviation.
_TO_SD = 1.4826


def hampel(
    values: NDArray, half_window: int = 5, n_sd: float = 4.0, least_sd: float = 0.0
) -> tuple[NDArray, NDArray]:
    """Flag what lies farther from the median of its neighbourhood than noise and motion there explain.

    A flagged sample becomes missing: putting the median in its place would be a plausible number that nobody measured.

    Parameters
    ----------
    values : ndarray, shape (time, ...)
        NaN is missing.
    half_window : int
        Samples on each side.
    n_sd : float
        Limit, in standard deviations told by the median absolute deviation.
    least_sd : float
        Standard deviations below count as this: where neighbours happen to be alike, everything would stand out.

    Returns
    -------
    kept : ndarray, shape (time, ...)
        NaN where flagged.
    flagged : ndarray of bool, shape (time, ...)

    Raises
    ------
    ConfigError
        Code `FILTER_WINDOW`.
    """
    if half_window < 2 or n_sd <= 0 or least_sd < 0:
        raise ConfigError(
            f"Hampel's filter with {half_window} samples on each side and limits {n_sd}, {least_sd}.",
            "Choose two samples or more on each side, and limits above 0.",
            code="FILTER_WINDOW",
        )
    values = np.asarray(values, float)
    columns = values.reshape(len(values), -1)
    edge = np.full((half_window, columns.shape[1]), np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(
        np.concatenate([edge, columns, edge]), 2 * half_window + 1, axis=0
    )
    enough = np.isfinite(windows).sum(axis=2) >= _FEWEST
    inside = np.where(enough[..., None], windows, 0.0)
    middle = np.nanmedian(inside, axis=2)
    spread = _TO_SD * np.nanmedian(np.abs(inside - middle[..., None]), axis=2)
    far = np.abs(np.where(np.isfinite(columns), columns, middle) - middle)
    flagged = enough & (far > n_sd * np.maximum(spread, max(least_sd, np.finfo(float).tiny)))
    return np.where(flagged, np.nan, columns).reshape(values.shape), flagged.reshape(values.shape)
