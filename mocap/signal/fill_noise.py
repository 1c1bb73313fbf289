"""Noise of filtered series beside filled gaps.

A filled sample is a sum of the samples beside its gap, often with weights far above 1, and the filter then spreads it:
beside a gap of one sample the noise is hardly more than inside a run, beside one of ten it is several times that. Both
steps are linear, so that here their product is formed and squared, sample by sample.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mocap.signal.gaps import NEIGHBOURS, fill_weights
from mocap.signal.runs import runs

Operator = Callable[[int], NDArray]


def covariance_beside_fills(
    result: NDArray, covariance: NDArray, done: NDArray, filled: NDArray, operator: Operator, reach: int
) -> None:
    """Put into `result`, in place, the covariances of the filtered samples that filled ones have a part in.

    Parameters
    ----------
    result : ndarray, shape (time, keypoint, 3, 3)
        Covariances after the filter, as if no sample were filled; m^2.
    covariance : ndarray, shape (time, keypoint, 3, 3)
        Before the filter, of errors that are independent from frame to frame; those of filled samples are not used.
    done, filled : ndarray of bool, shape (time, keypoint)
        Where the filter was run, and which of its samples were filled.
    operator : callable
        Number of samples of a run to the matrix of the filter over such a run.
    reach : int
        Samples beyond which the filter sees nothing.
    """
    for members, start, stop in _shared_runs(done, filled):
        gaps = filled[start:stop, members[0]]
        for first, last, low, high in _stretches(gaps, reach):
            rows = operator(high - low)[first - low : last - low]
            squares = _through_fills(rows, gaps[low:high]) ** 2
            part = covariance[start + low : start + high, members].astype(float)
            result[start + first : start + last, members] = np.tensordot(squares, part, axes=1)


def _shared_runs(done: NDArray, filled: NDArray) -> Iterator[tuple[NDArray, int, int]]:
    """Yield filtered runs with filled samples as (keypoints, start, stop), keypoints with the same gaps together."""
    touched = np.flatnonzero((filled & done).any(axis=0))
    both = np.packbits(np.concatenate([done, filled])[:, touched], axis=0)
    patterns, owner = np.unique(both, axis=1, return_inverse=True)
    for pattern in range(patterns.shape[1]):
        members = touched[owner.ravel() == pattern]
        for start, stop in runs(done[:, members[0]]):
            yield members, start, stop


def _stretches(gaps: NDArray, reach: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield what is near gaps in pieces (first, last), each with the samples (low, high) that act on it."""
    longest = max((stop - start for start, stop in runs(gaps)), default=0)
    margin = reach + longest + NEIGHBOURS
    near = ndimage.binary_dilation(gaps, iterations=reach) if gaps.any() else gaps
    for start, stop in runs(near):
        for first in range(start, stop, 2 * reach):
            last = min(first + 2 * reach, stop)
            yield first, last, max(0, first - margin), min(len(gaps), last + margin)


def _through_fills(rows: NDArray, gaps: NDArray) -> NDArray:
    """Return the rows of a filter, shape (n, samples), as weights of the samples that are not filled."""
    weights = rows.copy()
    for start, stop in runs(gaps):
        found = fill_weights(~gaps, start, stop)
        if found is not None:
            frames, shares = found
            weights[:, frames] += rows[:, start:stop] @ shares
            weights[:, start:stop] = 0.0
    return weights
