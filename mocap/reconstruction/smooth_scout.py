"""What is learned of series before they are smoothed: how each keypoint moves, its noise, and what strays.

All this looks at each axis by itself, which costs little; the fit at the end takes the axes together.
"""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from mocap.reconstruction.smooth_kernels import LANES, PAD
from mocap.reconstruction.smooth_learn_kernels import learn_lanes
from mocap.reconstruction.smooth_sample_kernels import stray_samples
from mocap.reconstruction.smooth_scout_kernels import MARK_ROWS, PIECE, SEEN_ROWS, scout
from mocap.reconstruction.smooth_series import CHUNK, MARGIN, Series, memory, stiffness_of

# Cut-offs as shares of the rate: below the first the system is too ill-conditioned for double precision.
_LOWEST, _HIGHEST = 0.005, 0.45
_FIRST = 0.06
_ROUNDS = 30
_RELAXED = 1.5
_LEAST_NOISE = 0.01  # of the stated variance: what this explains is not far, however little the noise
_BESIDE, _NEAR = 0.25, 11  # of the squared distance, and frames
_SETTLED = 0.2  # of the logarithm of the stiffness: 3 % of the cut-off


@dataclass(frozen=True, eq=False)
class Seen:
    """A series smoothed axis by axis.

    Attributes
    ----------
    rows : ndarray, shape (time + PAD, 2, 3, LANES)
        Variance and value; the memory, as that of `local`, is written anew by the next look as long.
    sums : ndarray, shape (3, 3, LANES)
        By axis the degrees of freedom that motion takes over its stiffness, squares of third differences, misfit.
    local : ndarray, shape (time + PAD, 2, LANES)
        Degrees and squares by third difference, of all axes together, times the stiffness.
    """

    rows: NDArray
    sums: NDArray
    local: NDArray

    @property
    def position(self) -> NDArray:
        """Shape (time + PAD, 3, LANES), as a series has it."""
        return np.ascontiguousarray(self.rows[:, 1])

    @property
    def variance(self) -> NDArray:
        """Of each axis by itself, shape (time + PAD, 3, LANES)."""
        return np.ascontiguousarray(self.rows[:, 0])


def look(series: Series, stiffness: NDArray, use: str = "piece") -> Seen:
    """Smooth each axis by itself for a stiffness, shape (3, LANES); `use` names the memory."""
    n, sums = len(series.active), np.empty((3, 3, LANES))
    marks, local, rows = _memory(n, use)
    scout(*_flat(series), np.ascontiguousarray(stiffness).reshape(-1), marks, sums.reshape(-1), local, rows)
    return Seen(rows.reshape(n, 2, 3, LANES), sums, local.reshape(n, 2, LANES))


def _flat(series: Series) -> tuple[NDArray, NDArray, NDArray]:
    return series.value.reshape(-1), series.precision.reshape(-1), series.led.reshape(-1)


def _memory(n: int, use: str) -> tuple[NDArray, NDArray, NDArray]:
    """Return memory for the marks, the local sums and the rows of so many frames."""
    marks = memory((n // PIECE + 2) * MARK_ROWS * LANES, "marks")
    return marks, memory(n * 2 * LANES, use + " local"), memory(n * SEEN_ROWS * LANES, use)


def look_all(series: Series, stiffness: NDArray) -> Seen:
    """Look at all frames, in chunks that overlap by more than any sample reaches."""
    n_frames = len(series.active) - PAD
    if n_frames <= CHUNK:
        return look(series, stiffness, "all")
    n = len(series.active)
    seen = Seen(np.zeros((n, 2, 3, LANES)), np.zeros((3, 3, LANES)), np.zeros((n, 2, LANES)))
    for start in range(0, n_frames, CHUNK):
        stop = min(start + CHUNK, n_frames)
        low, high = max(0, start - MARGIN), min(n_frames, stop + MARGIN)
        near, inner = look(series.part(low, high), stiffness), slice(start - low, stop - low)
        seen.rows[start:stop], seen.local[start:stop] = near.rows[inner], near.local[inner]
    return seen


def learn(
    series: Series, start: tuple[NDArray, NDArray] | None = None, lanes: NDArray | None = None
) -> tuple[NDArray, NDArray]:
    """Learn how smooth each keypoint moves and how large its noise is, by restricted maximum likelihood of each axis.

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
    moving, scale = np.asarray(series.active.any(axis=0)), series.typical
    first = np.tile(stiffness_of(_FIRST) * scale, (3, 1)), np.ones(LANES)
    stiffness, noise = (np.array(part) for part in start or first)
    moving &= True if lanes is None else lanes
    counts = np.array([
        np.maximum((series.steady > 0).sum(axis=0), 1.0), series.active.sum(axis=0), series.measured.sum(axis=0)
    ], float)  # fmt: skip
    limits = np.array([stiffness_of(_HIGHEST) * scale, stiffness_of(_LOWEST) * scale])
    learn_lanes(
        _flat(series), _memory(len(series.active), "piece"), counts, limits, (_ROUNDS, _RELAXED, _SETTLED), moving,
        stiffness, noise,
    )  # fmt: skip
    return stiffness, noise


def strays(series: Series, seen: Seen, noise: NDArray, probability: float) -> NDArray:
    """Return which samples lie too far from what all others say of them, shape (time + PAD, LANES)."""
    limit = np.maximum(noise, _LEAST_NOISE) * _quantile(probability)
    far, distance = np.empty(series.active.shape, bool), memory(series.active.size, "distance")
    stray_samples(
        series.info.reshape(-1), series.precision.reshape(-1), series.value.reshape(-1), seen.rows.reshape(-1), limit,
        _BESIDE, _NEAR // 2, distance, far,
    )  # fmt: skip
    return far


@functools.lru_cache(maxsize=8)
def _quantile(probability: float) -> float:
    """Return the squared distance beyond which noise goes with this probability."""
    return float(chi2.isf(probability, 3)) if probability > 0 else np.inf
