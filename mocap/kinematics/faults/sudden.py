"""Where the shape of a body changes at once, and whether it changes back: what neither skin nor noise does.

A change is a difference between means over two short neighbouring windows. Skin moves slowly and a body's noise shows
in the usual size of these differences, whatever its spectrum; what exceeds both by far is an edge. Who judges says
which side is right.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.faults.edge_kernels import calm, from_others, jumps, over

WINDOWS_S = (
    (0.04, 0.0, 0.5, 6.0), (0.06, 0.0, 0.5, 5.0), (0.10, 0.0, 0.3, 4.0), (0.15, 0.0, 0.3, 4.0), (0.15, 0.02, 0.3, 4.0),
)  # fmt: skip
PLATE_WINDOWS_S = (
    (0.03, 0.0, 0.65, 6.0), (0.06, 0.01, 0.8, 6.0), (0.10, 0.03, 1.0, 6.0), (0.20, 0.03, 1.0, 6.0),
    (0.50, 0.03, 1.0, 6.0),
)  # fmt: skip
"""Window, half of the gap between the two, that a low-pass filter blurs a step over, the share of the limit that skin
may move in this time besides its speed, which is taken out, and times the range between the quartiles of the
differences, that an edge is over the upper one and that share. No skin bends a plate. Choices: the shortest excursion
that is looked for is four frames of 100 Hz; six times are six standard deviations of Gaussian noise along one line,
eight in space. Without a fault the highest share of what is allowed is 0.9 (see `tests/accuracy`)."""
_FEW = 8.0
_SMALL = 0.6  # of the limit, smaller jumps are left out
_RIGHT_AT_S, _ALIKE = 0.04, 0.5  # samples right at the jump show this share of it, or it is none
_WEAK, _WEAK_SKIN = 0.6, 0.85  # of that, what is enough for the way back, once there is one edge
_BREAK_S = 0.25  # between samples; what lies on both sides of it is not compared
_SPAN_S, _SPANS_SKIN_S = 0.25, (0.12, 0.18, 0.25)  # next to an edge, that tells the shapes on both sides
_STRAIGHT = 1.2  # times the misfit of the shortest span, that a longer one may have
_LINE = 3  # samples on each side that tell a speed
_SAMPLE = 500  # differences that tell what is usual
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
    path, steady = calm(from_others(off, lever)), calm(off)
    per_s = rate_hz / max(float(np.median(np.diff(frames))), 1.0) if len(frames) > 1 else rate_hz
    time_s, edges = frames / rate_hz, list[int]()
    windows = {
        (max(2 if plate else 3, round(length * per_s)), round(gap * per_s)): (part * limit_m, times)
        for length, gap, part, times in (PLATE_WINDOWS_S if plate else WINDOWS_S)
    }
    # Points that move together show as the whole shape alone.
    ratios = [
        (w, g, _ratio(path, steady, time_s, (w, g), allowed, 1.0 / per_s, trend=not plate))
        for (w, g), allowed in windows.items()
    ]
    for enough in (1.0, _WEAK if plate else _WEAK_SKIN):
        for w, g, (ratio, point) in ratios:
            if (enough == 1.0 or edges) and len(ratio):
                edges += _peaks(ratio, enough, w, g, edges, path, point)
    edges = sorted(set(edges))[:_MOST]
    spans = tuple(max(round(span * per_s), 3) for span in ((_SPAN_S,) if plate else _SPANS_SKIN_S))
    found = _sides(off, edges, spans, trend=not plate)
    if plate or not edges:
        return found
    # What is neither a fault nor the way back from one is skin, or the end of a short excursion.
    jump, seen = found.after - found.before, _seen_jumps(off, found, max(round(_RIGHT_AT_S * per_s), 2))
    alike = np.sum(seen * jump, axis=(1, 2)) >= _ALIKE * np.sum(jump**2, axis=(1, 2))
    far = np.flatnonzero(alike & (largest(jump, lever) >= _SMALL * limit_m))
    return found if len(far) == len(edges) else _sides(off, [edges[k] for k in far], spans, trend=True)


def _ratio(
    alone: NDArray, off: NDArray, time_s: NDArray, window: tuple[int, int], allowed: tuple[float, float], step_s: float,
    *, trend: bool,
) -> tuple[NDArray, NDArray]:  # fmt: skip
    """Return the change at each sample over what is allowed, (time,), and the point that changes most."""
    n, reach = len(alone), sum(window)
    if n < 2 * reach + 1:
        return np.zeros(n), np.zeros(n, int)
    size = jumps(alone, off, *window, trend)
    inner = n - 2 * reach + 1
    some = size[:, reach : n - reach + 1 : max(1, inner // _SAMPLE)]
    quarters = some.shape[1] // 4, (3 * some.shape[1]) // 4
    low, high = np.partition(some, quarters, axis=1)[:, list(quarters)].T
    # A few independent windows do not tell what is usual.
    usual = (high + allowed[1] * (high - low)) * (1.0 + _FEW * window[0] / n)
    near = np.zeros(n, bool)
    near[reach : n - reach + 1] = time_s[2 * reach - 1 :] - time_s[: n - 2 * reach + 1] < 2 * reach * step_s + _BREAK_S
    return over(size, allowed[0] + usual, near)


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


def _sides(off: NDArray, edges: list[int], spans: tuple[int, ...], *, trend: bool) -> Edges:
    """Return the edges with the shapes on both sides, by the longest span over which skin moves on straight."""
    bounds, none = [0, *edges, len(off)], np.empty((0, *off.shape[1:]))
    before, after, blurs = list[NDArray](), list[NDArray](), list[tuple[int, int]]()
    for k, edge in enumerate(edges):
        blur = (0, 0)
        for _ in range(2 if trend else 1):
            one, two, least = _levels(off, _around(edge, spans[0], bounds, k), blur, trend=trend)
            for span in spans[1:]:
                longer = _levels(off, _around(edge, span, bounds, k), blur, trend=trend)
                if longer[2] > _STRAIGHT * least:
                    break
                one, two, _ = longer
            blur = _blur(off[max(edge - _BLUR, 0) : edge], off[edge : edge + _BLUR], one, two)
        before.append(one)
        after.append(two)
        blurs.append(blur)
    return Edges(tuple(edges), np.array(before) if edges else none, np.array(after) if edges else none, tuple(blurs))


def _seen_jumps(off: NDArray, edges: Edges, few: int) -> NDArray:
    """Return the differences between a few samples on both sides, outside of what a filter smears."""
    return np.array([
        off[edge + blur[1] :][:few].mean(axis=0) - off[: max(edge - blur[0], 1)][-few:].mean(axis=0)
        if edge + blur[1] < len(off) else np.zeros(off.shape[1:])
        for edge, blur in zip(edges.at, edges.blur, strict=True)
    ])  # fmt: skip


def _around(edge: int, span: int, bounds: list[int], k: int) -> tuple[int, int, int]:
    return max(edge - span, bounds[k]), edge, min(edge + span, bounds[k + 2])


def _levels(
    off: NDArray, around: tuple[int, int, int], blur: tuple[int, int], *, trend: bool
) -> tuple[NDArray, NDArray, float]:
    """Return the shapes right before and behind an edge, and the misfit, by the samples that no filter smears."""
    first, edge, last = around
    stop = max(edge - blur[0], min(first + 3, edge))
    start = min(edge + blur[1], max(last - 3, edge))
    one, two = off[first:stop], off[start:last]
    before, after = one.mean(axis=0), two.mean(axis=0)
    if not trend or len(one) < _LINE or len(two) < _LINE:
        return before, after, 0.0
    time = np.concatenate([np.arange(len(part)) - (len(part) - 1) / 2 for part in (one, two)])
    rest = np.concatenate([one - before, two - after])
    slope = np.tensordot(time, rest, axes=(0, 0)) / np.sum(time**2)
    misfit = float(np.sqrt(np.mean((rest - time[:, None, None] * slope) ** 2)))
    # Both at the edge.
    return before + slope * (edge - (first + stop) / 2), after - slope * ((start + last) / 2 - edge), misfit


def _blur(last: NDArray, first: NDArray, before: NDArray, after: NDArray) -> tuple[int, int]:
    """Return how many of the last samples before an edge, and of the first behind it, lie between the two shapes."""
    jump = after - before
    share = max(float(np.sum(jump**2)), 1e-24)
    up = np.einsum("tpi,pi->t", last - before, jump)[::-1] / share < _SMEARED
    down = np.einsum("tpi,pi->t", after - first, jump) / share < _SMEARED
    return (int(up.argmax()) if up.any() else len(up)), (int(down.argmax()) if down.any() else len(down))


def largest(field: NDArray, lever: NDArray) -> NDArray:
    """Return how far the point that is farthest off by the others is, from offsets (..., point, 3)."""
    size: NDArray = np.linalg.norm(np.einsum("...pi,pij->...pj", field, lever), axis=-1).max(axis=-1)
    return size


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
