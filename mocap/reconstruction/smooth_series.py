"""Series of several keypoints as the compiled smoother takes them, and what is learned from them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from mocap.reconstruction.smooth_kernels import (
    BAND,
    LANES,
    factorise,
    invert_band,
    roughness,
    substitute,
    third_difference_terms,
)
from mocap.signal.gaps import runs

#: Fewest samples of a stretch that is smoothed: three make a parabola, the others tell the noise.
FEWEST = 8
_TERMS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
# Cut-offs as shares of the rate: below the first the system is too ill-conditioned for double precision.
_LOWEST, _HIGHEST = 0.005, 0.45
_FIRST = 0.06
_ROUNDS = 30
_SETTLED = 0.03


@dataclass(frozen=True, eq=False)
class Series:
    """LANES keypoints in units of their own noise.

    Attributes
    ----------
    value : ndarray, shape (3 time, LANES)
    info : ndarray, shape (time, 6, LANES)
        Zero where nothing was measured.
    active : ndarray of bool, shape (time, LANES)
        Inside a stretch that is smoothed.
    steady : ndarray, shape (time, LANES)
    """

    value: NDArray
    info: NDArray
    active: NDArray
    steady: NDArray

    @property
    def measured(self) -> NDArray:
        """Samples that have an information, shape (time, LANES)."""
        return np.asarray((self.info[:, 0] > 0) & self.active)

    def part(self, start: int, stop: int) -> "Series":
        """Return a piece by frames; nothing reaches across its ends."""
        steady = self.steady[start:stop].copy()
        steady[-3:] = 0.0
        return Series(self.value[3 * start : 3 * stop], self.info[start:stop], self.active[start:stop], steady)


@dataclass(frozen=True, eq=False)
class Fit:
    """Result for one set of stiffnesses: position like `Series.value`, covariance (time, 6, LANES), degrees taken."""

    position: NDArray
    covariance: NDArray
    taken: NDArray


def stretches(measured: NDArray, longest: int) -> NDArray:
    """Return which samples lie in a stretch to smooth: no gap longer than `longest`, samples enough; (time, n)."""
    active = np.zeros(measured.shape, bool)
    for column in range(measured.shape[1]):
        gaps = np.concatenate([[False], measured[:, column], [False]])
        bridged = measured[:, column].copy()
        for start, stop in runs(~gaps[1:-1]):
            inside = start > 0 and stop < len(measured)
            if inside and stop - start <= longest:
                bridged[start:stop] = True
        for start, stop in runs(bridged):
            if measured[start:stop, column].sum() >= FEWEST:
                active[start:stop, column] = True
    return active


def steadiness(active: NDArray) -> NDArray:
    """Return 1 for each third difference all four samples of which are active, shape (time, n)."""
    steady = np.zeros(active.shape)
    steady[:-3] = active[:-3] & active[1:-2] & active[2:-1] & active[3:]
    return steady


def fit(series: Series, stiffness: NDArray) -> Fit:
    """Smooth with a given stiffness, shape (3, LANES): the precision of the third difference by axis."""
    n_frames = len(series.active)
    info = np.where(series.active[:, None], series.info, 0.0)
    terms = np.empty((n_frames, 4, LANES))
    third_difference_terms(series.steady, terms)
    system = info.copy()
    for place in (0, 3, 5):
        system[:, place][~series.active] = 1.0
    factor, log_det = np.empty((3 * n_frames, BAND, LANES)), np.empty(LANES)
    factorise(system, terms, stiffness, factor, log_det)
    position = weighted(info, series.value)
    substitute(factor, position)
    covariance, taken = np.empty((n_frames, 6, LANES)), np.empty((3, LANES))
    invert_band(factor, terms, covariance, taken)
    return Fit(position, covariance, taken)


def weighted(info: NDArray, value: NDArray) -> NDArray:
    """Return information times value, shape (3 time, LANES)."""
    v = value.reshape(-1, 3, LANES)
    rows = [
        info[:, 0] * v[:, 0] + info[:, 1] * v[:, 1] + info[:, 2] * v[:, 2],
        info[:, 1] * v[:, 0] + info[:, 3] * v[:, 1] + info[:, 4] * v[:, 2],
        info[:, 2] * v[:, 0] + info[:, 4] * v[:, 1] + info[:, 5] * v[:, 2],
    ]
    return np.stack(rows, axis=1).reshape(value.shape)


def learn(series: Series, stiffness: NDArray | None = None) -> tuple[NDArray, NDArray]:
    """Learn how smooth each keypoint moves and how large its noise is, by restricted maximum likelihood.

    Each round equates sums of squares with the degrees of freedom that they have (Schall 1991, Biometrika 78:719).

    Returns
    -------
    stiffness : ndarray, shape (3, LANES)
        Variance of the noise, in units of the stated one, over the variance of the third difference.
    noise : ndarray, shape (LANES,)
        Variance of the noise over the stated one.
    """
    low, high = stiffness_of(_HIGHEST), stiffness_of(_LOWEST)
    stiffness = np.full((3, LANES), stiffness_of(_FIRST)) if stiffness is None else stiffness
    noise = np.ones(LANES)
    count = np.maximum(series.steady.sum(axis=0), 1.0)
    total, n_active = np.empty((3, LANES)), series.active.sum(axis=0)
    for _ in range(_ROUNDS):
        found = fit(series, stiffness)
        roughness(found.position, series.steady, total)
        model = np.clip(count - stiffness * found.taken, 1e-3 * count, None)
        miss = found.position - series.value
        squares = (miss * weighted(series.info, miss)).sum(axis=0)
        left = 3 * series.measured.sum(axis=0) - (3 * n_active - (stiffness * found.taken).sum(axis=0))
        noise = np.maximum(squares, 1e-12) / np.maximum(left, 1.0)
        fresh = np.clip(noise * model / np.maximum(total, 1e-300), low, high)
        change = np.abs(np.log(fresh / stiffness)).max(where=series.active.any(axis=0), initial=0.0)
        stiffness = fresh
        if change < _SETTLED:
            break
    return stiffness, noise


def stiffness_of(share: float) -> float:
    """Return the stiffness whose half-amplitude cut-off is this share of the rate, for noise of 1."""
    return float((2.0 * np.sin(np.pi * share)) ** -6)


def cutoff_share(stiffness: NDArray) -> NDArray:
    """Return the cut-off as a share of the rate: the inverse of `stiffness_of`."""
    return np.arcsin(np.minimum(0.5 * np.asarray(stiffness) ** (-1 / 6), 1.0)) / np.pi


def strays(series: Series, found: Fit, noise: NDArray, probability: float) -> NDArray:
    """Return which samples lie too far from what all others say of them, shape (time, LANES).

    The residual of a sample against the fit has the covariance of its noise minus that of the fit; that of the
    prediction from all others follows from both, and their normalised squares are the same.
    """
    limit = chi2.isf(probability, 3) if probability > 0 else np.inf
    miss = (series.value - found.position).reshape(-1, 3, LANES).transpose(0, 2, 1)
    seen = series.measured
    information, fitted = matrices(series.info), matrices(found.covariance)
    result = np.zeros(seen.shape, bool)
    own = np.linalg.inv(information[seen])
    left = (own - fitted[seen]) * np.broadcast_to(noise, seen.shape)[seen][:, None, None]
    # A sample that nothing else speaks of has nothing left; it cannot be judged.
    lowest, axes = np.linalg.eigh(left)
    along = np.einsum("nij,ni->nj", axes, miss[seen])
    sure = lowest > 1e-6 * np.trace(own, axis1=1, axis2=2)[:, None]
    result[seen] = np.where(sure, along**2 / np.where(sure, lowest, 1.0), 0.0).sum(axis=1) > limit
    return result


def matrices(terms: NDArray) -> NDArray:
    """Return terms (time, 6, LANES) as matrices (time, LANES, 3, 3)."""
    result = np.empty((len(terms), LANES, 3, 3))
    for place, (row, column) in enumerate(_TERMS):
        result[..., row, column] = result[..., column, row] = terms[:, place]
    return result


def as_terms(matrix: NDArray) -> NDArray:
    """Return matrices (time, LANES, 3, 3) as terms (time, 6, LANES)."""
    return np.stack([matrix[..., row, column] for row, column in _TERMS], axis=1)
