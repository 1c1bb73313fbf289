"""Series of several keypoints as the compiled smoother takes them, and what is learned from them."""

import functools
import math
import threading
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mocap.reconstruction.smooth_kernels import LANES, MARK_ROWS, PAD, PIECE, solve
from mocap.reconstruction.smooth_sample_kernels import leave_out, marginal_precision, weigh
from mocap.signal.medians import finite_median

#: Fewest samples of a stretch that is smoothed: three make a parabola, the others tell the noise.
FEWEST = 8
_TYPICAL_FRAMES = 500
#: Frames that are solved at once, and those beside them that are solved for their sake: far beyond any reach.
CHUNK, MARGIN = 16384, 512
#: Numbers that `memory` holds at most for one use, 32 MB.
MOST_HELD = 4_000_000
_held = threading.local()
_NONE = np.empty(0)


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
    def led(self) -> NDArray:
        """What each third difference counts, after PAD rows of zeros; shape (PAD + time + PAD, LANES)."""
        led = np.zeros((len(self.active) + PAD, LANES))
        steady = led[PAD:]
        steady[:-3] = self.active[:-3] & self.active[1:-2] & self.active[2:-1] & self.active[3:]
        if self.pace is not None:
            np.divide(steady, self.pace, out=steady, where=steady > 0)
        return led

    @property
    def steady(self) -> NDArray:
        """What each third difference counts: 1 over its pace, 0 unless all four samples are active."""
        return self.led[PAD:]

    @functools.cached_property
    def precision(self) -> NDArray:
        """Inverse variance of each axis whatever the others are, shape (time + PAD, 3, LANES)."""
        precision = np.empty(self.value.shape)
        marginal_precision(self.info.reshape(-1), precision.reshape(-1))
        return precision

    @functools.cached_property
    def typical(self) -> NDArray:
        """Typical information of a sample by lane; 1 where there is none."""
        some = self.info[:: max(1, len(self.info) // _TYPICAL_FRAMES)]
        trace = np.where(some[:, 0] > 0, (some[:, 0] + some[:, 3] + some[:, 5]) / 3, np.nan)
        return np.nan_to_num(finite_median(trace, axis=0), nan=1.0)

    def part(self, start: int, stop: int) -> "Series":
        """Return a piece by frames; nothing reaches across its ends."""
        value, info, active = (padded(array[start:stop]) for array in (self.value, self.info, self.active))
        return Series(value, info, active, None if self.pace is None else padded(self.pace[start:stop]))

    def leave_out(self, stray: NDArray, longest: int) -> "Series":
        """Return the series without some samples; stretches that fall apart thereby are smoothed as several.

        The arrays are changed in place: what is returned takes this one's place.
        """
        leave_out(self.info, self.precision, stray, longest, FEWEST, self.active)
        return self._heir()

    def with_pace(self, pace: NDArray) -> "Series":
        """Return the series with another pace."""
        return self._heir(pace=pace)

    def _heir(self, **changes: NDArray) -> "Series":
        """Return a copy that keeps what was computed of samples."""
        heir = replace(self, **changes)
        heir.__dict__.update({name: self.__dict__[name] for name in ("precision", "typical") if name in self.__dict__})
        return heir

    def less(self, stray: NDArray) -> "Series":
        """Return the series without some samples, the stretches being what they were."""
        return replace(self, info=np.where(stray[:, None], 0.0, self.info))

    def only(self, lanes: NDArray) -> "Series":
        """Return the series with nothing in the other lanes; `lanes` is bool, shape (LANES,)."""
        return replace(self, info=self.info * lanes, active=self.active & lanes)


def padded(array: NDArray) -> NDArray:
    """Return the array with PAD frames of nothing at its end."""
    return np.concatenate([array, np.zeros((PAD, *array.shape[1:]), array.dtype)])


def memory(size: int, use: str) -> NDArray:
    """Return memory that the thread writes again and again: fresh pages cost more than the sums done in them.

    Of long recordings it is not held: there the pages are few beside the sums, and would lie idle afterwards.
    """
    old: NDArray | None = getattr(_held, use, None)
    if old is None or len(old) < size:
        old = np.empty(size)
        if size <= MOST_HELD:
            setattr(_held, use, old)
    return old[:size]


def held(shape: tuple[int, ...], use: str) -> NDArray:
    """Return `memory` in a shape; what it holds is not to leave the call for which it was taken."""
    return memory(math.prod(shape), use).reshape(shape)


def solve_for(
    series: Series, stiffness: NDArray, vector: NDArray, info: NDArray | None = None, covariance: NDArray = _NONE
) -> None:
    """Solve for a right-hand side, shape (time + PAD, 3, LANES), in place, and fill in the covariance if it is given.

    Parameters
    ----------
    stiffness : ndarray, shape (3, LANES)
        The precision of the third difference by axis.
    info : ndarray, optional
        Takes the place of the series' own; none of it where that has no sample to smooth.
    covariance : ndarray, shape (time + PAD, 6, LANES), optional
    """
    own = series.info if info is None else info
    marks = memory((len(series.active) // PIECE + 2) * MARK_ROWS * LANES, "marks of a fit")
    solve(
        own.reshape(-1), series.led.reshape(-1), np.ascontiguousarray(stiffness).reshape(-1), marks,
        vector.reshape(-1), covariance.reshape(-1),
    )  # fmt: skip


def fit(series: Series, stiffness: NDArray) -> tuple[NDArray, NDArray]:
    """Smooth for a stiffness, shape (3, LANES): position (time + PAD, 3, LANES), covariance (time + PAD, 6, LANES)."""
    position, covariance = np.empty(series.value.shape), np.empty(series.info.shape)
    weigh(series.info.reshape(-1), series.value.reshape(-1), position.reshape(-1))
    covariance[-PAD:] = 0.0
    solve_for(series, stiffness, position, covariance=covariance)
    return position, covariance


def fit_all(series: Series, stiffness: NDArray) -> tuple[NDArray, NDArray]:
    """Smooth all frames, in chunks that overlap by more than any sample reaches; as `fit`."""
    n_frames = len(series.active) - PAD
    if n_frames <= CHUNK:
        return fit(series, stiffness)
    position, covariance = np.zeros(series.value.shape), np.zeros(series.info.shape)
    for start in range(0, n_frames, CHUNK):
        stop = min(start + CHUNK, n_frames)
        low, high = max(0, start - MARGIN), min(n_frames, stop + MARGIN)
        near, inner = fit(series.part(low, high), stiffness), slice(start - low, stop - low)
        position[start:stop], covariance[start:stop] = near[0][inner], near[1][inner]
    return position, covariance


def stiffness_of(share: float) -> float:
    """Return the stiffness whose half-amplitude cut-off is this share of the rate, for an information of 1."""
    return float((2.0 * np.sin(np.pi * share)) ** -6)


def cutoffs(series: Series, stiffness: NDArray) -> NDArray:
    """Return the cut-off by axis as a share of the rate, shape (3, LANES): the inverse of `stiffness_of`."""
    ratio = stiffness / series.typical
    return np.asarray(np.arcsin(np.minimum(0.5 * ratio ** (-1 / 6), 1.0)) / np.pi)
