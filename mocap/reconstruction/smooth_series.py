"""Series of several keypoints as the compiled smoother takes them, and what is learned from them."""

import functools
import threading
from dataclasses import dataclass, replace

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
_held = threading.local()
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
    pace : ndarray, shape (time + PAD, LANES), or None
        Variance of each third difference over the typical one of its lane; 1 everywhere when None.
    """

    value: NDArray
    info: NDArray
    active: NDArray
    pace: NDArray | None = None

    @property
    def measured(self) -> NDArray:
        """Samples that have an information, shape (time + PAD, LANES)."""
        return np.asarray(self.info[:, 0] > 0)

    @functools.cached_property
    def steady(self) -> NDArray:
        """What each third difference counts: 1 over its pace, 0 unless all four samples are active."""
        steady = np.zeros(self.active.shape)
        steady[:-3] = self.active[:-3] & self.active[1:-2] & self.active[2:-1] & self.active[3:]
        return steady if self.pace is None else steady / np.where(steady > 0, self.pace, 1.0)

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
        value, info, active = (padded(array[start:stop]) for array in (self.value, self.info, self.active))
        return Series(value, info, active, None if self.pace is None else padded(self.pace[start:stop]))

    def without(self, stray: NDArray, longest: int) -> "Series":
        """Return the series without some samples; stretches that fall apart thereby are smoothed as several."""
        info = np.where(stray[:, None], 0.0, self.info)
        active = stretches(np.asarray(info[:, 0] > 0), longest)
        return replace(self, info=np.where(active[:, None], info, 0.0), active=active)

    def less(self, stray: NDArray) -> "Series":
        """Return the series without some samples, the stretches being what they were."""
        return replace(self, info=np.where(stray[:, None], 0.0, self.info))

    def only(self, lanes: NDArray) -> "Series":
        """Return the series with nothing in the other lanes; `lanes` is bool, shape (LANES,)."""
        return replace(self, info=self.info * lanes, active=self.active & lanes)


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
    steady: NDArray
    stiffness: NDArray

    def solved(self, right: NDArray) -> NDArray:
        """Return the solution for a right-hand side, shape (time + PAD, 3, LANES)."""
        vector = right.copy()
        substitute(self.rows, vector.reshape(-1))
        return vector

    def inverse(self) -> tuple[NDArray, NDArray, NDArray]:
        """Return the covariance (time + PAD, 6, LANES), and the degrees taken: over the stiffness, and by frame."""
        covariance, taken = np.zeros((len(self.steady), 6, LANES)), np.empty(3 * LANES)
        local = np.empty(self.steady.shape)
        invert_band(
            self.rows, self.steady.reshape(-1), self.stiffness.reshape(-1), covariance.reshape(-1), taken,
            local.reshape(-1),
        )  # fmt: skip
        return covariance, taken.reshape(3, LANES), local


def factor_of(
    series: Series, stiffness: NDArray, system: NDArray | None = None, rows: NDArray | None = None
) -> Factor:
    """Factorise for a stiffness, shape (3, LANES): the precision of the third difference by axis; `rows` is memory."""
    rows = np.empty(len(series.active) * FACTOR_ROWS * LANES) if rows is None else rows
    own = series.system if system is None else system
    stiffness = np.ascontiguousarray(stiffness)
    factorise(own.reshape(-1), series.terms, stiffness.reshape(-1), rows)
    return Factor(rows, series.steady, stiffness)


def right_hand(series: Series) -> NDArray:
    """Return information times value, shape (time + PAD, 3, LANES)."""
    result = np.empty(series.value.shape)
    weigh(series.info, series.value, result)
    return result


@dataclass(frozen=True, eq=False)
class Fit:
    """A smoothed series.

    Attributes
    ----------
    position : ndarray, shape (time + PAD, 3, LANES)
    covariance : ndarray, shape (time + PAD, 6, LANES)
    taken : ndarray, shape (3, LANES)
        Degrees of freedom that the model of motion takes up, over the stiffness.
    local : ndarray, shape (time + PAD, LANES)
        Those degrees by third difference, of all axes together.
    """

    position: NDArray
    covariance: NDArray
    taken: NDArray
    local: NDArray


def _memory(size: int) -> NDArray:
    """Return memory that the thread writes again and again: fresh pages cost more than the sums done in them."""
    held: NDArray | None = getattr(_held, "rows", None)
    if held is None or len(held) < size:
        held = _held.rows = np.empty(size)
    return held[:size]


def fit(series: Series, stiffness: NDArray) -> Fit:
    """Smooth for a stiffness, shape (3, LANES)."""
    factor = factor_of(series, stiffness, rows=_memory(len(series.active) * FACTOR_ROWS * LANES))
    return Fit(factor.solved(right_hand(series)), *factor.inverse())


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
    count = np.maximum((series.steady > 0).sum(axis=0), 1.0)
    n_active, n_measured = series.active.sum(axis=0), series.measured.sum(axis=0)
    for _ in range(_ROUNDS):
        if not moving.any():
            break
        found = fit(series, stiffness)
        flat = (found.position.reshape(-1), series.steady.reshape(-1), stiffness.reshape(-1))
        roughness(*flat, total, np.empty(series.active.size))
        model = np.clip(count - stiffness * found.taken, 1e-3 * count, None)
        misfit(series.info, series.value, found.position, squares)
        left = 3 * n_measured - (3 * n_active - (stiffness * found.taken).sum(axis=0))
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


def strays(series: Series, fitted: Fit, noise: NDArray, probability: float) -> NDArray:
    """Return which samples lie too far from what all others say of them, shape (time + PAD, LANES).

    What strays pulls the fit away from its neighbours, so that a sample far less off than one beside it waits.
    """
    distance = np.empty(series.active.shape)
    stray_distance(series.info, series.value, fitted.position, fitted.covariance, distance)
    limit = chi2.isf(probability, 3) if probability > 0 else np.inf
    far = np.asarray(distance > np.maximum(noise, _LEAST_NOISE) * limit)
    if far.any():
        for lane in np.flatnonzero(far.any(axis=0)):
            far[:, lane] &= distance[:, lane] >= _BESIDE * ndimage.maximum_filter1d(distance[:, lane], _NEAR)
    return far
