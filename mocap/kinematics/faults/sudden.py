"""Where the shape of a body changes at once, and whether it changes back: what neither skin nor noise does.

A change is a difference between means over two short neighbouring windows. Skin moves slowly and a body's noise shows
in the usual size of these differences, whatever its spectrum; what exceeds both by far is an edge. Who judges says
which side is right.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WINDOWS_S = ((0.03, 0.0, 0.65), (0.06, 0.01, 0.8), (0.10, 0.03, 1.0))
LONG_WINDOW_S = ((0.20, 0.03, 1.0), (0.50, 0.03, 1.0))
"""Window, half of the gap between the two, that a low-pass filter blurs a step over, and the share of the limit that
skin may move in this time; the long ones are for plates, which no skin bends. Choices: the shortest excursion that is
looked for is four frames of 100 Hz."""
NOISE_TIMES = 6.0
"""Times the range between the quartiles of the differences, that an edge is over the upper one and the limit: six
standard deviations of Gaussian noise along one line, eight in space. A choice; no false alarm in the tests."""
_FEW = 8.0
_WEAK = 0.6  # of that, what is enough for the way back, once there is one edge
_BREAK_S = 0.25  # between samples; what lies on both sides of it is not compared
_SPAN_S = 0.25  # next to an edge, that tells the shapes on both sides
_BLUR, _SMEARED = 8, 0.15  # samples that an edge may be smeared over, and the share of it that counts
_MOST = 60  # edges of one body, more are not told apart


@dataclass(frozen=True, eq=False)
class Edges:
    """Moments at which a shape changes.

    Attributes
    ----------
    at : tuple of int
        First sample behind each.
    before, after : ndarray, shape (edge, point, 3)
        Offsets on both sides, m.
    blur : tuple of (int, int)
        Samples before each edge, and from it on, over which a filter smears it.
    """

    at: tuple[int, ...]
    before: NDArray
    after: NDArray
    blur: tuple[tuple[int, int], ...]

    def bounds(self, n: int) -> list[tuple[int, int]]:
        """Return first sample and the one behind the last, per stretch of `n` samples."""
        return list(zip((0, *self.at), (*self.at, n), strict=True))


def find_edges(
    off: NDArray, lever: NDArray, frames: NDArray, rate_hz: float, limit_m: float, *, plate: bool
) -> Edges:
    """Find the moments at which a shape changes at once.

    Parameters
    ----------
    off : ndarray, shape (time, point, 3)
        Offsets of points from their places on a shape, in its axes, m, finite.
    lever : ndarray, shape (point, 3, 3)
        From the offset of a point of a fit of all to that of a fit without it.
    frames : ndarray of int, shape (time,)
        Of the trial.
    rate_hz : float
        Of the trial.
    limit_m : float
        What skin may do at once.
    plate : bool
    """
    alone, calm = _calm(alone_off(off, lever)), _calm(off)
    per_s = rate_hz / max(float(np.median(np.diff(frames))), 1.0) if len(frames) > 1 else rate_hz
    time_s, edges = frames / rate_hz, list[int]()
    windows = {
        (max(2, round(length * per_s)), round(gap * per_s)): part
        for length, gap, part in (*WINDOWS_S, *(LONG_WINDOW_S if plate else ()))
    }
    # Points that move together show as the whole shape alone.
    ratios = [
        (w, g, _ratio(alone, calm, time_s, (w, g), part * limit_m, 1.0 / per_s)) for (w, g), part in windows.items()
    ]
    for enough in (1.0, _WEAK):
        for w, g, (ratio, point) in ratios:
            if (enough == 1.0 or edges) and len(ratio):
                edges += _peaks(ratio, enough, w, g, edges, alone, point)
    edges = sorted(set(edges))[:_MOST]
    return _sides(off, edges, max(round(_SPAN_S * per_s), 3))


def _calm(path: NDArray) -> NDArray:
    """Return the medians of three samples, (time, ...): one stray sample is no edge."""
    out = path.copy()
    if len(path) > 2:
        out[1:-1] = np.clip(path[1:-1], np.minimum(path[:-2], path[2:]), np.maximum(path[:-2], path[2:]))
    return out


def _ratio(
    alone: NDArray, off: NDArray, time_s: NDArray, window: tuple[int, int], limit_m: float, step_s: float
) -> tuple[NDArray, NDArray]:
    """Return the change at each sample over what is allowed, (time,), and the point that changes most."""
    n, reach = len(alone), sum(window)
    ratio, point = np.zeros(n), np.zeros(n, int)
    if n < 2 * reach + 1:
        return ratio, point
    at = np.arange(reach, n - reach + 1)
    each, whole = _change(alone, at, *window), _change(off, at, *window)
    size = np.sqrt(np.column_stack([np.einsum("tpi,tpi->tp", each, each), np.einsum("tpi,tpi->t", whole, whole)]))
    some = np.sort(size[:: max(1, len(size) // 1000)], axis=0)
    low, high = some[len(some) // 4], some[(3 * len(some)) // 4]
    # A few independent windows do not tell what is usual.
    usual = (high + NOISE_TIMES * (high - low)) * (1.0 + _FEW * window[0] / n)
    share = size / (limit_m + usual)
    near = time_s[at + reach - 1] - time_s[at - reach] < 2 * reach * step_s + _BREAK_S
    ratio[at], point[at] = np.where(near, share.max(axis=1), 0.0), size[:, :-1].argmax(axis=1)
    return ratio, point


def _change(path: NDArray, at: NDArray, window: int, gap: int) -> NDArray:
    """Return the mean of samples behind each less that before it."""
    sums = np.concatenate([np.zeros((1, *path.shape[1:])), np.cumsum(path, axis=0)])
    change: NDArray = sums[at + window + gap] - sums[at + gap] - sums[at - gap] + sums[at - window - gap]
    return change / window


def _peaks(
    ratio: NDArray, enough: float, window: int, gap: int, known: list[int], alone: NDArray, point: NDArray
) -> list[int]:
    """Return the samples at which the ratio is highest, away from edges that are known."""
    left, reach, found = ratio.copy(), window + 2 * gap, list[int]()
    for edge in known:
        left[max(edge - reach, 0) : edge + reach + 1] = 0.0
    while len(known) + len(found) < _MOST and left.max() > enough:
        at = int(np.argmax(left))
        first = at - window - gap
        path = alone[first : at + window + gap, point[at]]
        before, after = path[:window].mean(axis=0), path[-window:].mean(axis=0)
        along = (path - before) @ (after - before) / max(float(np.sum((after - before) ** 2)), 1e-24)
        edge = first + int(np.argmin(np.cumsum(along - 0.5))) + 1
        found.append(edge)
        # An edge next to the last one is the same.
        for there in (at, edge):
            left[max(there - reach + 1, 0) : there + reach] = 0.0
    return found


def _sides(off: NDArray, edges: list[int], span: int) -> Edges:
    bounds, none = [0, *edges, len(off)], np.empty((0, *off.shape[1:]))
    before = [off[max(e - span, bounds[k]) : e].mean(axis=0) for k, e in enumerate(edges)]
    after = [off[e : min(e + span, bounds[k + 2])].mean(axis=0) for k, e in enumerate(edges)]
    blur = tuple(_blur(off[max(e - _BLUR, 0) : e], off[e : e + _BLUR], one, two) for e, one, two in
                 zip(edges, before, after, strict=True))  # fmt: skip
    return Edges(tuple(edges), np.array(before) if edges else none, np.array(after) if edges else none, blur)


def _blur(last: NDArray, first: NDArray, before: NDArray, after: NDArray) -> tuple[int, int]:
    """Return how many of the last samples before an edge, and of the first behind it, lie between the two shapes."""
    jump = after - before
    share = max(float(np.sum(jump**2)), 1e-24)
    up = np.einsum("tpi,pi->t", last - before, jump)[::-1] / share < _SMEARED
    down = np.einsum("tpi,pi->t", after - first, jump) / share < _SMEARED
    return (int(up.argmax()) if up.any() else len(up)), (int(down.argmax()) if down.any() else len(down))


def alone_off(off: NDArray, lever: NDArray) -> NDArray:
    """Return offsets, shape (time, point, 3), from the fit of the other points, by `levers`."""
    n = off.shape[1]
    block = np.zeros((n, 3, n, 3))
    block[np.arange(n), :, np.arange(n)] = lever
    out: NDArray = off.reshape(len(off), -1) @ block.reshape(3 * n, 3 * n)
    return out.reshape(off.shape)


def levers(shape: NDArray) -> NDArray:
    """Return, shape (point, 3, 3), what makes of a point's offset from the fit of all that from a fit of the others.

    Parameters
    ----------
    shape : ndarray, shape (point, 3)
        Centred, m.

    Notes
    -----
    The inverse of the identity less the leverage of the point, for small turns, as in linear regression (Cook and
    Weisberg 1982). Directions in which the others leave a point free count once.
    """
    n, centred = len(shape), shape - shape.mean(axis=0)
    inertia = np.sum(centred**2) * np.eye(3) - centred.T @ centred
    cross = np.array([[[0, -z, y], [z, 0, -x], [-y, x, 0]] for x, y, z in centred])
    leverage = np.eye(3) / n + cross @ np.linalg.pinv(inertia, rcond=1e-6) @ np.swapaxes(cross, 1, 2)
    value, axes = np.linalg.eigh(np.eye(3) - leverage)
    gain = np.where(value > 0.02, 1.0 / np.maximum(value, 0.02), 1.0)
    out: NDArray = np.einsum("pik,pk,pjk->pij", axes, gain, axes)
    return out
