"""Series of several keypoints as the compiled smoother takes them, and what is learned from them."""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.stats import chi2

from mocap.reconstruction.smooth_kernels import (
    FACTOR_ROWS,
    LANES,
    PAD,
    factorise,
    invert_band,
    roughness,
    substitute,
    third_difference_terms,
)
from mocap.reconstruction.smooth_sample_kernels import misfit, stray_distance, weigh
from mocap.signal.gaps import runs

#: Fewest samples of a stretch that is smoothed: three make a parabola, the others tell the noise.
FEWEST = 8
# Cut-offs as shares of the rate: below the first the system is too ill-conditioned for double precision.
_LOWEST, _HIGHEST = 0.005, 0.45
_FIRST = 0.06
_ROUNDS = 30
_RELAXED = 1.5
_LEAST_NOISE = 0.01  # of the stated variance: what this explains is not far, however little the noise
_BESIDE, _NEAR = 0.25, 11  # of the squared distance, and frames
_SETTLED = 0.2  # of the logarithm of the stiffness: 3 % of the cut-off


@dataclass(frozen=True, eq=False)
class Series:
    """LANES keypoints in one unit; every array has PAD frames at its end that hold nothing.

    Attributes
    ----------
    value : ndarray, shape (time + PAD, 3, LANES)
    info : ndarray, shape (time + PAD, 6, LANES)
        Inverse of the stated covariance; zero where nothing was measured, or nothing is to be smoothed.
    active : ndarray of bool, shape (time + PAD, LANES)
        Inside a stretch that is smoothed.
    """

    value: NDArray
    info: NDArray
    active: NDArray

    @property
    def measured(self) -> NDArray:
        """Samples that have an information, shape (time + PAD, LANES)."""
        return np.asarray(self.info[:, 0] > 0)

    @functools.cached_property
    def steady(self) -> NDArray:
        """1 for each third difference all four samples of which are active, shape (time + PAD, LANES)."""
        steady = np.zeros(self.active.shape)
        steady[:-3] = self.active[:-3] & self.active[1:-2] & self.active[2:-1] & self.active[3:]
        return steady

    @functools.cached_property
    def terms(self) -> NDArray:
        """What the third differences bring into the system, flat."""
        terms = np.empty(4 * self.active.size)
        third_difference_terms(self.steady.ravel(), terms)
        return terms

    @functools.cached_property
    def system(self) -> NDArray:
        """Information with a 1 wherever a frame stands for nothing."""
        system = self.info.copy()
        for place in (0, 3, 5):
            system[:, place] += ~self.active
        return system

    def part(self, start: int, stop: int) -> "Series":
        """Return a piece by frames; nothing reaches across its ends."""
        return Series(*(padded(array[start:stop]) for array in (self.value, self.info, self.active)))

    def without(self, stray: NDArray, longest: int) -> "Series":
        """Return the series without some samples; stretches that fall apart thereby are smoothed as several."""
        info = np.where(stray[:, None], 0.0, self.info)
        active = stretches(np.asarray(info[:, 0] > 0), longest)
        return Series(self.value, np.where(active[:, None], info, 0.0), active)

    def less(self, stray: NDArray) -> "Series":
        """Return the series without some samples, the stretches being what they were."""
        return Series(self.value, np.where(stray[:, None], 0.0, self.info), self.active)

    def only(self, lanes: NDArray) -> "Series":
        """Return the series with nothing in the other lanes; `lanes` is bool, shape (LANES,)."""
        return Series(self.value, self.info * lanes, self.active & lanes)


def padded(array: NDArray) -> NDArray:
    """Return the array with PAD frames of nothing at its end."""
    return np.concatenate([array, np.zeros((PAD, *array.shape[1:]), array.dtype)])


def stretches(measured: NDArray, longest: int) -> NDArray:
    """Return which samples lie in a stretch to smooth: no gap longer than `longest`, samples enough; (time, n)."""
    active = np.zeros(measured.shape, bool)
    for column in np.flatnonzero(measured.any(axis=0)):
        bridged = measured[:, column].copy()
        for start, stop in runs(~bridged):
            if start > 0 and stop < len(measured) and stop - start <= longest:
                bridged[start:stop] = True
        for start, stop in runs(bridged):
            if measured[start:stop, column].sum() >= FEWEST:
                active[start:stop, column] = True
    return active


@dataclass(frozen=True, eq=False)
class Factor:
    """A factorised system."""

    rows: NDArray
    terms: NDArray
    n_frames: int

    def solved(self, right: NDArray) -> NDArray:
        """Return the solution for a right-hand side, shape (time + PAD, 3, LANES)."""
        vector = right.copy()
        substitute(self.rows, vector.reshape(-1))
        return vector

    def inverse(self) -> tuple[NDArray, NDArray]:
        """Return the covariance (time + PAD, 6, LANES) and the degrees taken over the stiffness (3, LANES)."""
        covariance, taken = np.zeros((self.n_frames + PAD, 6, LANES)), np.empty(3 * LANES)
        invert_band(self.rows, self.terms, covariance.reshape(-1), taken)
        return covariance, taken.reshape(3, LANES)


def factor_of(series: Series, stiffness: NDArray, system: NDArray | None = None) -> Factor:
    """Factorise for a stiffness, shape (3, LANES): the precision of the third difference by axis."""
    rows = np.zeros(len(series.active) * FACTOR_ROWS * LANES)
    own = series.system if system is None else system
    factorise(own.reshape(-1), series.terms, np.ascontiguousarray(stiffness).reshape(-1), rows)
    return Factor(rows, series.terms, len(series.active) - PAD)


def right_hand(series: Series) -> NDArray:
    """Return information times value, shape (time + PAD, 3, LANES)."""
    result = np.empty(series.value.shape)
    weigh(series.info, series.value, result)
    return result


def fit(series: Series, stiffness: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Smooth: position (time + PAD, 3, LANES), covariance (time + PAD, 6, LANES), degrees taken (3, LANES)."""
    factor = factor_of(series, stiffness)
    return (factor.solved(right_hand(series)), *factor.inverse())


def learn(
    series: Series, start: tuple[NDArray, NDArray] | None = None, lanes: NDArray | None = None
) -> tuple[NDArray, NDArray]:
    """Learn how smooth each keypoint moves and how large its noise is, by restricted maximum likelihood.

    Each round equates sums of squares with the degrees of freedom that they have (Schall 1991, Biometrika 78:719).
    A lane is done when it has settled, whatever the others do.

    Parameters
    ----------
    series : Series
    start : (ndarray, ndarray), optional
        Where to begin: what was returned before.
    lanes : ndarray of bool, shape (LANES,), optional
        The others keep what they started with.

    Returns
    -------
    stiffness : ndarray, shape (3, LANES)
        Variance of the noise, in units of the stated one, over the variance of the third difference.
    noise : ndarray, shape (LANES,)
        Variance of the noise over the stated one.
    """
    moving, scale = series.active.any(axis=0), _typical(series)
    low, high = stiffness_of(_HIGHEST) * scale, stiffness_of(_LOWEST) * scale
    first = np.tile(stiffness_of(_FIRST) * scale, (3, 1)), np.ones(LANES)
    stiffness, noise = (part.copy() for part in start or first)
    moving &= True if lanes is None else lanes
    squares, total = np.empty(LANES), np.empty(3 * LANES)
    count = np.maximum(series.steady.sum(axis=0), 1.0)
    n_active, n_measured = series.active.sum(axis=0), series.measured.sum(axis=0)
    for _ in range(_ROUNDS):
        if not moving.any():
            break
        position, _, taken = fit(series, stiffness)
        roughness(position.reshape(-1), series.steady.reshape(-1), total)
        model = np.clip(count - stiffness * taken, 1e-3 * count, None)
        misfit(series.info, series.value, position, squares)
        left = 3 * n_measured - (3 * n_active - (stiffness * taken).sum(axis=0))
        noise[moving] = (np.maximum(squares, 1e-12) / np.maximum(left, 1.0))[moving]
        fresh = np.clip(noise * model / np.maximum(total.reshape(3, LANES), 1e-300), low, high)
        change = np.abs(np.log(fresh / stiffness)).max(axis=0)
        # The rounds come from one side; a longer step halves their number.
        stiffness = np.where(moving, np.clip(stiffness * (fresh / stiffness) ** _RELAXED, low, high), stiffness)
        moving &= change >= _SETTLED
    return stiffness, noise


def _typical(series: Series) -> NDArray:
    """Return the typical information of a sample by lane; 1 where there is none."""
    trace = np.where(series.measured, (series.info[:, 0] + series.info[:, 3] + series.info[:, 5]) / 3, np.nan)
    result = np.ones(LANES)
    some = series.measured.any(axis=0)
    result[some] = np.nanmedian(trace[:, some], axis=0)
    return result


def stiffness_of(share: float) -> float:
    """Return the stiffness whose half-amplitude cut-off is this share of the rate, for an information of 1."""
    return float((2.0 * np.sin(np.pi * share)) ** -6)


def cutoffs(series: Series, stiffness: NDArray) -> NDArray:
    """Return the cut-off by axis as a share of the rate, shape (3, LANES): the inverse of `stiffness_of`."""
    ratio = stiffness / _typical(series)
    return np.asarray(np.arcsin(np.minimum(0.5 * ratio ** (-1 / 6), 1.0)) / np.pi)


def strays(
    series: Series, position: NDArray, covariance: NDArray, noise: NDArray, probability: float
) -> NDArray:
    """Return which samples lie too far from what all others say of them, shape (time + PAD, LANES).

    What strays pulls the fit away from its neighbours, so that a sample far less off than one beside it waits.
    """
    distance = np.empty(series.active.shape)
    stray_distance(series.info, series.value, position, covariance, distance)
    limit = chi2.isf(probability, 3) if probability > 0 else np.inf
    far = np.asarray(distance > np.maximum(noise, _LEAST_NOISE) * limit)
    if far.any():
        for lane in np.flatnonzero(far.any(axis=0)):
            far[:, lane] &= distance[:, lane] >= _BESIDE * ndimage.maximum_filter1d(distance[:, lane], _NEAR)
    return far
