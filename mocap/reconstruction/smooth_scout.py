"""What is learned of series before they are smoothed: how each keypoint moves, its noise, and what strays.

All this looks at each axis by itself, which costs little; the fit at the end takes the axes together.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.stats import chi2

from mocap.reconstruction.smooth_kernels import LANES, PAD
from mocap.reconstruction.smooth_sample_kernels import stray_samples
from mocap.reconstruction.smooth_scout_kernels import MARK_ROWS, PIECE, SEEN_ROWS, scout
from mocap.reconstruction.smooth_series import CHUNK, MARGIN, Series, memory, stiffness_of
from mocap.signal.gaps import runs

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
    n = len(series.active)
    rows, local = memory(n * SEEN_ROWS * LANES, use), memory(n * 2 * LANES, use + " local")
    marks, sums = memory((n // PIECE + 2) * MARK_ROWS * LANES, "marks"), np.empty((3, 3, LANES))
    scout(
        series.value.reshape(-1), series.precision.reshape(-1), series.led.reshape(-1),
        np.ascontiguousarray(stiffness).reshape(-1), marks, sums.reshape(-1), local, rows,
    )  # fmt: skip
    return Seen(rows.reshape(n, 2, 3, LANES), sums, local.reshape(n, 2, LANES))


def look_all(series: Series, stiffness: NDArray) -> Seen:
    """Look at all frames, in chunks that overlap by more than any sample reaches."""
    n_frames = len(series.active) - PAD
    if n_frames <= CHUNK:
        return look(series, stiffness, "all")
    n = len(series.active)
    seen = Seen(np.zeros((n, 2, 3, LANES)), np.zeros((3, 3, LANES)), np.zeros((n, 2, LANES)))
    for start in range(0, n_frames, CHUNK):
        _look_again(series, stiffness, seen, start, min(start + CHUNK, n_frames), MARGIN)
    return seen


def look_again(series: Series, stiffness: NDArray, seen: Seen, frames: NDArray, everything: bool) -> Seen:
    """Return what is seen after a change of some frames, bool (time + PAD,), by what lies near them if that is less."""
    n_frames = len(series.active) - PAD
    spans = runs(ndimage.binary_dilation(frames[:-PAD], iterations=MARGIN // 2))
    if everything or sum(stop - start + MARGIN for start, stop in spans) > 0.7 * n_frames:
        return look_all(series, stiffness)
    for start, stop in spans:
        _look_again(series, stiffness, seen, start, stop, MARGIN // 2)
    return seen


def _look_again(series: Series, stiffness: NDArray, seen: Seen, start: int, stop: int, margin: int) -> None:
    low, high = max(0, start - margin), min(len(series.active) - PAD, stop + margin)
    near, inner = look(series.part(low, high), stiffness), slice(start - low, stop - low)
    seen.rows[start:stop] = near.rows[inner]
    seen.local[start:stop] = near.local[inner]


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
    moving, scale = series.active.any(axis=0), series.typical
    low, high = stiffness_of(_HIGHEST) * scale, stiffness_of(_LOWEST) * scale
    first = np.tile(stiffness_of(_FIRST) * scale, (3, 1)), np.ones(LANES)
    stiffness, noise = (part.copy() for part in start or first)
    moving &= True if lanes is None else lanes
    count = np.maximum((series.steady > 0).sum(axis=0), 1.0)
    n_active, n_measured = series.active.sum(axis=0), series.measured.sum(axis=0)
    for _ in range(_ROUNDS):
        if not moving.any():
            break
        taken, rough, squares = look(series, stiffness).sums
        model = np.clip(count - stiffness * taken, 1e-3 * count, None)
        left = 3 * n_measured - (3 * n_active - (stiffness * taken).sum(axis=0))
        noise[moving] = (np.maximum(squares.sum(axis=0), 1e-12) / np.maximum(left, 1.0))[moving]
        fresh = np.clip(noise * model / np.maximum(rough, 1e-300), low, high)
        change = np.abs(np.log(fresh / stiffness)).max(axis=0)
        # The rounds come from one side; a longer step halves their number.
        stiffness = np.where(moving, np.clip(stiffness * (fresh / stiffness) ** _RELAXED, low, high), stiffness)
        moving &= change >= _SETTLED
    return stiffness, noise


def strays(series: Series, seen: Seen, noise: NDArray, probability: float) -> NDArray:
    """Return which samples lie too far from what all others say of them, shape (time + PAD, LANES)."""
    limit = np.maximum(noise, _LEAST_NOISE) * (chi2.isf(probability, 3) if probability > 0 else np.inf)
    far, distance = np.empty(series.active.shape, bool), memory(series.active.size, "distance")
    stray_samples(
        series.info.reshape(-1), series.precision.reshape(-1), series.value.reshape(-1), seen.rows.reshape(-1), limit,
        _BESIDE, _NEAR // 2, distance, far,
    )  # fmt: skip
    return far
