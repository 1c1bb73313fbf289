"""A curve over depth as two straight lines with a bend between them: where it bends, and how far it falls after.

The bent-cable regression of Chiu, Lockhart and Routledge (2006, J Am Stat Assoc 101:542): two lines joined by a
parabola of half width `bend` about the breakpoint; with no width it is the segmented line of Hudson (1966). What a
low-pass filter does to the corner it does to the column of the regression as well, so that a fast and late corner is
neither missed nor made smaller.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEWEST = 4  # steps of depth between the start of a window and a breakpoint
_NEGLIGIBLE = 1e-12


@dataclass(frozen=True, eq=False)
class Bends:
    """Candidates for the bend of one repetition.

    Attributes
    ----------
    depth : ndarray, shape (step,)
        Evenly spaced, up to 1.
    place, width : ndarray, shape (candidate,)
        Breakpoint and half width of the bend; breakpoints of one width follow each other in even steps.
    columns : ndarray, shape (step, candidate)
        The bend of each as the filter leaves it: 0 before, rising with slope 1 after.
    """

    depth: NDArray
    place: NDArray
    width: NDArray
    columns: NDArray


@dataclass(frozen=True, eq=False)
class BentLines:
    """Fits to several curves, each shape (curve,); NaN where no candidate falls after its breakpoint.

    Attributes
    ----------
    place, width : ndarray
        Breakpoint and half width of the bend.
    top, bottom : ndarray
        Greatest value of the fit in its window, and value at depth 1, as they are without the filter.
    before, after : ndarray
        Slopes.
    gain : ndarray
        Sum of squares that the bend takes off those about one line.
    rest : ndarray
        Sum of squares that is left.
    window : ndarray of int
        First step of depth of the fit.
    peak : ndarray
        Depth of `top`.
    candidate, beside : ndarray of int
        The best one, -1 where there is none, and the one beside it that the best place leans to.
    share : ndarray
        How much of the one beside is in the other figures.
    """

    place: NDArray
    width: NDArray
    top: NDArray
    bottom: NDArray
    before: NDArray
    after: NDArray
    gain: NDArray
    rest: NDArray
    window: NDArray
    peak: NDArray
    candidate: NDArray
    beside: NDArray
    share: NDArray


def bend(depth: NDArray, place: NDArray | float, width: NDArray | float) -> NDArray:
    """Return a bend without a filter: 0, a parabola over the width on either side of the place, slope 1."""
    wide = np.maximum(width, _NEGLIGIBLE)
    beyond = depth - place - wide
    # The parabola up to the end of the bend, and the line from there; in place, since there are many candidates.
    curved = np.clip(beyond + 2.0 * wide, 0.0, 2.0 * wide)
    curved *= curved
    curved /= 4.0 * wide
    curved += np.maximum(beyond, 0.0)
    return np.asarray(curved)


def fit_bent_lines(curves: NDArray, bends: Bends, window: NDArray, earliest: NDArray) -> BentLines:
    """Fit two lines with a bend to curves by least squares, even in depth.

    Parameters
    ----------
    curves : ndarray, shape (step, curve)
        Deg.
    bends : Bends
    window : ndarray of int, shape (curve,)
        First step of depth that counts.
    earliest : ndarray, shape (curve,)
        No breakpoint lies before it.
    """
    n_curves = curves.shape[1]
    unknown = {name: np.full(n_curves, np.nan) for name in
               ("place", "width", "top", "bottom", "before", "after", "gain", "rest", "peak",
                "share")}  # fmt: skip
    found = BentLines(**unknown, window=window, candidate=np.full(n_curves, -1), beside=np.full(n_curves, -1))
    for start in np.unique(window):
        members = np.flatnonzero(window == start)
        _fit_window(found, curves[:, members], bends, int(start), earliest[members], members)
    return found


def _fit_window(
    found: BentLines, curves: NDArray, bends: Bends, start: int, earliest: NDArray, members: NDArray
) -> None:
    depth, values = bends.depth[start:], curves[start:]
    step = bends.depth[1] - bends.depth[0]
    allowed = np.flatnonzero(bends.place >= depth[0] + FEWEST * step - _NEGLIGIBLE)
    if not len(allowed) or len(depth) < 2 * FEWEST:
        return
    centre = depth.mean()
    along = depth - centre
    square = along @ along
    columns = bends.columns[start:, allowed]
    mean, slope = columns.mean(axis=0), along @ columns / square
    apart = columns - mean - along[:, None] * slope
    size = np.einsum("ij,ij->j", apart, apart)
    level, tilt = values.mean(axis=0), along @ values / square
    about = values - level - along[:, None] * tilt
    total = np.einsum("ij,ij->j", about, about)
    change = (apart.T @ about) / np.maximum(size, _NEGLIGIBLE)[:, None]
    gain = change**2 * size[:, None]
    before = tilt - change * slope[:, None]
    usable = (before + change < 0) & (bends.place[allowed][:, None] >= earliest - _NEGLIGIBLE)
    gain = np.where(usable, gain, -1.0)
    best = gain.argmax(axis=0)
    there = np.flatnonzero(gain[best, np.arange(len(members))] >= 0)
    own, best = members[there], best[there]
    share = _between_places(gain, bends, allowed, best, there)
    beside = np.clip(best + np.sign(share).astype(int), 0, len(allowed) - 1)
    found.candidate[own], found.beside[own], found.share[own] = allowed[best], allowed[beside], np.abs(share)
    found.width[own] = bends.width[allowed[best]]
    found.gain[own], found.rest[own] = gain[best, there], total[there] - gain[best, there]
    found.place[own] = 0.0
    for part in (found.before, found.after, found.top, found.bottom, found.peak):
        part[own] = 0.0
    # The values of the best candidate and of the one beside it, each by its part.
    for chosen, part in ((best, 1.0 - np.abs(share)), (beside, np.abs(share))):
        first, bent = before[chosen, there], change[chosen, there]
        place, width = bends.place[allowed[chosen]], bends.width[allowed[chosen]]
        base = level[there] - bent * mean[chosen] - first * centre
        peak = _peak(first, bent, place, width, depth[0])
        found.place[own] += part * place
        found.before[own] += part * first
        found.after[own] += part * (first + bent)
        found.peak[own] += part * peak
        found.top[own] += part * (base + first * peak + bent * bend(peak, place, width))
        found.bottom[own] += part * (base + first + bent * bend(np.ones(len(own)), place, width))


def _peak(before: NDArray, change: NDArray, place: NDArray, width: NDArray, start: float) -> NDArray:
    """Return the depth of the greatest value: within the bend where the first line rises, else the start."""
    share = np.clip(-before / np.minimum(change, -_NEGLIGIBLE), 0.0, 1.0)
    return np.where(before > 0, place - width + 2.0 * width * share, start)


def _between_places(gain: NDArray, bends: Bends, allowed: NDArray, best: NDArray, curve: NDArray) -> NDArray:
    """Return by how many steps the gain is greatest beside the best candidate: the vertex through its neighbours."""
    lower, upper = np.maximum(best - 1, 0), np.minimum(best + 1, len(allowed) - 1)
    left, middle, right = gain[lower, curve], gain[best, curve], gain[upper, curve]
    same = (bends.width[allowed[lower]] == bends.width[allowed[upper]]) & (upper - lower == 2)
    curved = left - 2.0 * middle + right
    usable = same & (left >= 0) & (right >= 0) & (curved < 0)
    return np.where(usable, np.clip(0.5 * (left - right) / np.where(usable, curved, -1.0), -0.5, 0.5), 0.0)
