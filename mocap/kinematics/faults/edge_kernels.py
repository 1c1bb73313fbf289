"""How much points jump at each sample, compiled: once over all samples, whatever the windows."""

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def calm(path: NDArray) -> NDArray:
    """Return the medians of three samples, shape (time, point, 3): one stray sample is no edge."""
    out = path.copy()
    n, k, _ = path.shape
    for t in range(1, n - 1):
        for p in range(k):
            for i in range(3):
                a, b, c = path[t - 1, p, i], path[t, p, i], path[t + 1, p, i]
                out[t, p, i] = max(min(a, c), min(max(a, c), b))
    return out


@njit(cache=True, nogil=True)
def from_others(off: NDArray, lever: NDArray) -> NDArray:
    """Return offsets, shape (time, point, 3), from the fit of the other points, by levers, shape (point, 3, 3)."""
    out = np.empty_like(off)
    n, k, _ = off.shape
    for t in range(n):
        for p in range(k):
            x, y, z = off[t, p, 0], off[t, p, 1], off[t, p, 2]
            for j in range(3):
                out[t, p, j] = x * lever[p, 0, j] + y * lever[p, 1, j] + z * lever[p, 2, j]
    return out


@njit(cache=True, nogil=True)
def jumps(alone: NDArray, off: NDArray, window: int, gap: int, trend: bool) -> NDArray:
    """Return how much each point jumps at each sample, and the whole shape in the last column.

    Parameters
    ----------
    alone, off : float64, shape (time, point, 3)
        Offsets of points from the fit of the others, and from that of all, m.
    window, gap : int
        Samples of a window on each side, and between it and the middle.
    trend : bool
        Whether what a straight line common to both windows tells is left out: the difference is then that of the two
        levels of a least-squares fit, which neither a constant speed nor a constant acceleration changes.

    Returns
    -------
    float64, shape (point + 1, time)
        Differences between the windows before and behind, m; 0 where there is no room for them.
    """
    n, k, _ = alone.shape
    size, reach = np.zeros((k + 1, n)), window + gap
    slope = (window + 2 * gap) * 6.0 / (window * (window * window - 1.0)) if trend and window > 1 else 0.0
    path = np.empty(n)
    for p in range(k):
        for i in range(3):
            for whole in range(2):
                for t in range(n):
                    path[t] = off[t, p, i] if whole else alone[t, p, i]
                _add_jumps(path, window, gap, slope, size[k if whole else p])
    for p in range(k + 1):
        for t in range(reach, n - reach + 1):
            size[p, t] = np.sqrt(size[p, t])
    return size


@njit(cache=True, nogil=True)
def _add_jumps(path: NDArray, window: int, gap: int, slope: float, size: NDArray) -> None:
    """Add the squares of the jumps of one path, shape (time,), to `size`; each window's sums move on with it."""
    n, reach, middle = len(path), window + gap, 0.5 * (window - 1)
    before = behind = before_t = behind_t = 0.0
    for s in range(window):
        before += path[s]
        before_t += (s - middle) * path[s]
        behind += path[reach + gap + s]
        behind_t += (s - middle) * path[reach + gap + s]
    share = 1.0 / window
    for t in range(reach, n - reach + 1):
        jump = (behind - before) * share - slope * (before_t + behind_t)
        size[t] += jump * jump
        if t < n - reach:
            first, last = path[t - reach], path[t - gap]
            before_t += (1.0 + middle) * first + middle * last - before
            before += last - first
            first, last = path[t + gap], path[t + reach]
            behind_t += (1.0 + middle) * first + middle * last - behind
            behind += last - first


@njit(cache=True, nogil=True)
def over(size: NDArray, allowed: NDArray, near: NDArray) -> tuple[NDArray, NDArray]:
    """Return the highest share of what is allowed, shape (time,), 0 where not `near`, and the point that jumps most."""
    k, n = size.shape
    ratio, point, most = np.zeros(n), np.zeros(n, np.int64), np.full(n, -1.0)
    for p in range(k):
        for t in range(n):
            if near[t]:
                ratio[t] = max(ratio[t], size[p, t] / allowed[p])
                if p < k - 1 and size[p, t] > most[t]:
                    most[t], point[t] = size[p, t], p
    return ratio, point
