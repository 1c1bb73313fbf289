"""Medians where samples are missing."""

import numpy as np
from numpy.typing import NDArray


def finite_median(values: NDArray, axis: int) -> NDArray:
    """Return the median of the finite values along an axis; NaN where nothing is finite; -inf must not be there."""
    if not values.shape[axis]:
        return np.full(np.delete(values.shape, axis), np.nan)
    # Sorting is faster than what numpy has for many short rows, and makes no warning where there are none.
    ordered = np.moveaxis(np.sort(values, axis=axis), axis, -1)  # NaN goes last
    length = ordered.shape[-1]
    answer = np.asarray((ordered[..., (length - 1) // 2] + ordered[..., length // 2]) / 2)
    short = ~np.isfinite(ordered[..., -1])
    if short.any():
        part = ordered[short]
        count = np.isfinite(part).sum(axis=1)
        row = np.arange(len(part))
        low, high = part[row, np.maximum(count - 1, 0) // 2], part[row, np.minimum(count // 2, length - 1)]
        answer[short] = np.where(count > 0, (low + high) / 2, np.nan)
    return answer
