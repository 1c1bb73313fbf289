"""What filters share that are linear: run by run over series with gaps, and what they do to the noise.

A filter never looks across a gap: every run of samples is filtered by itself, and runs too short for the filter stay as
they are. Its weights, taken from its answer to single samples, tell what becomes of the noise.
"""

import functools
from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mocap.signal.fill_noise import covariance_beside_fills
from mocap.signal.runs import runs


class LinearFilter(Protocol):
    """A filter over one run of samples; hashable, so that its weights are computed once."""

    def __hash__(self) -> int:
        """Of its parameters."""

    @property
    def cutoff_hz(self) -> float:
        """Where a sine keeps 0.7071 of its amplitude (-3 dB)."""

    @property
    def shortest(self) -> int:
        """Samples that a run needs to be filtered."""

    @property
    def reach(self) -> int:
        """Samples beyond which the filter sees nothing."""

    def __call__(self, run: NDArray) -> NDArray:
        """Filter the columns of a run without gaps, shape (samples, columns)."""


def filter_runs(values: NDArray, linear: LinearFilter) -> tuple[NDArray, NDArray]:
    """Filter every run of finite samples of every column by itself.

    Parameters
    ----------
    values : ndarray, shape (time, ...)
        NaN is missing.
    linear : LinearFilter

    Returns
    -------
    filtered : ndarray, shape (time, ...)
        NaN where `values` is.
    done : ndarray of bool, shape (time, ...)
        Where the filter was run: runs of at least `linear.shortest` samples.
    """
    values = np.asarray(values, float)
    columns = values.reshape(len(values), -1)
    finite = np.isfinite(columns)
    filtered = np.where(finite, columns, np.nan)
    done = np.zeros(columns.shape, bool)
    for members, start, stop in shared_runs(finite):
        if stop - start >= linear.shortest:
            filtered[start:stop, members] = linear(columns[start:stop, members])
            done[start:stop, members] = True
    return filtered.reshape(values.shape), done.reshape(values.shape)


@functools.lru_cache(maxsize=6)
def operator(linear: LinearFilter, n_samples: int) -> NDArray:
    """Return the matrix, shape (n_samples, n_samples), of the filter over a run that is long enough for it."""
    rows: NDArray = linear(np.eye(n_samples))
    rows.flags.writeable = False
    return rows


def noise_gain(linear: LinearFilter, n_samples: int) -> NDArray:
    """Return by how much the filter multiplies the variance of white noise at each sample of a run, (n_samples,)."""
    if n_samples < linear.shortest:
        return np.ones(n_samples)
    # The ends act over a few periods; beyond, every sample sees the same filter.
    reach = linear.reach + 1
    size = min(n_samples, 2 * reach)
    gain: NDArray = (operator(linear, size) ** 2).sum(axis=1)
    if n_samples <= 2 * reach:
        return gain
    inside = np.full(n_samples - 2 * reach, gain[reach])
    return np.concatenate([gain[:reach], inside, gain[reach:]])


def filtered_covariance(covariance: NDArray, done: NDArray, filled: NDArray, linear: LinearFilter) -> NDArray:
    """Return the covariance after the filter: its squared response averages the covariances near a sample.

    Parameters
    ----------
    covariance : ndarray, shape (time, keypoint, 3, 3)
        Before the filter, m^2, of errors that are independent from frame to frame; NaN is unknown.
    done, filled : ndarray of bool, shape (time, keypoint)
        Where the filter was run, and which samples were filled before.
    linear : LinearFilter

    Returns
    -------
    ndarray, shape (time, keypoint, 3, 3)
        NaN where it was unknown and for filled samples; those beside them carry the noise that the fill brings.
    """
    known = np.isfinite(covariance).all(axis=(2, 3)) & ~filled
    if not known.any():
        return covariance
    before = _with_nearest(covariance, known)
    result = before.copy()
    weights = _squared_response(linear)
    for members, start, stop in shared_runs(done):
        part = before[start:stop, members].astype(float)
        averaged = ndimage.convolve1d(part, weights, axis=0, mode="nearest")
        result[start:stop, members] = averaged * noise_gain(linear, stop - start)[:, None, None, None]
    covariance_beside_fills(result, before, done, filled, lambda n: operator(linear, n), linear.reach)
    result[~known] = np.nan
    return result


def noise_correlation(linear: LinearFilter) -> NDArray:
    """Return how noise that was white is correlated after the filter, (reach + 1,): 1 at distance 0, 0 beyond.

    Away from the ends of a run: the answer to a single sample against itself, shifted.
    """
    impulse = np.zeros((2 * linear.reach + 1, 1))
    impulse[linear.reach] = 1.0
    response = linear(impulse)[:, 0]
    together = np.correlate(response, response, mode="full")[len(response) - 1 :][: linear.reach + 1]
    correlation: NDArray = together / together[0]
    return correlation


def shared_runs(finite: NDArray) -> Iterator[tuple[NDArray, int, int]]:
    """Yield runs of True, shape (time, column), as (columns, start, stop); columns with the same gaps together."""
    patterns, owner = np.unique(np.packbits(finite, axis=0), axis=1, return_inverse=True)
    for pattern in range(patterns.shape[1]):
        members = np.flatnonzero(owner.ravel() == pattern)
        for start, stop in runs(finite[:, members[0]]):
            yield members, start, stop


def _with_nearest(covariance: NDArray, known: NDArray) -> NDArray:
    """Return covariances in which each unknown one is the nearest known one of its keypoint: the filter uses all."""
    result = np.where(known[..., None, None], covariance, np.nan)
    for keypoint in np.flatnonzero(known.any(axis=0) & ~known.all(axis=0)):
        nearest = ndimage.distance_transform_edt(~known[:, keypoint], return_distances=False, return_indices=True)[0]
        result[:, keypoint] = result[nearest, keypoint]
    return result


def _squared_response(linear: LinearFilter) -> NDArray:
    """Squares of the filter's answer to a single sample, scaled to a sum of 1."""
    impulse = np.zeros((2 * linear.reach + 1, 1))
    impulse[linear.reach] = 1.0
    response = linear(impulse)[:, 0]
    return response**2 / (response**2).sum()
