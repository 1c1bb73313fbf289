"""Spots that are smaller than their marker: something hides a part of it, and what is left has its centre elsewhere."""

import numpy as np
from numpy.typing import NDArray

_WHOLE = 0.8  # quantile of a marker's sizes that is its own: most of its spots show it whole
_LEAST, _MOST = 0.8, 1.3  # of that; spots of whole discs of 3 px are within 0.87 to 1.02
_ENOUGH = 10  # spots that tell the size of a marker; those of all markers where there are fewer


def wrong_size(larger_px: NDArray, px_per_m: NDArray) -> NDArray:
    """Tell the spots that are not as large as their marker is elsewhere.

    The larger axis of a disc's image is its diameter from wherever it is seen, which alone changes with the distance;
    where a limb hides a part of a small disc, what is left may well be an ellipse, but a smaller one.

    Parameters
    ----------
    larger_px : ndarray, shape (camera, time, marker)
        Larger half axis of every labelled spot; NaN elsewhere.
    px_per_m : ndarray, shape (camera, time, marker)
        At the distance of the marker: focal length over depth.

    Returns
    -------
    ndarray of bool, shape (camera, time, marker)
    """
    size = larger_px / px_per_m
    known = np.isfinite(size)
    if not known.any():
        return np.zeros(size.shape, bool)
    common = float(np.quantile(size[known], _WHOLE))
    own = np.array([
        np.quantile(size[:, :, k][known[:, :, k]], _WHOLE) if known[:, :, k].sum() >= _ENOUGH else common
        for k in range(size.shape[2])
    ])  # fmt: skip
    return known & ((size < _LEAST * own) | (size > _MOST * own))
