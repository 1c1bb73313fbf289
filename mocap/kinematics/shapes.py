"""Two shapes of one set of points: which point moved between them, or which two have each other's labels.

The poses are least-squares fits (Soderkvist and Wedin 1993); a point is named where all others fit without it.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.clusters import MIN_SPREAD_M, second_spread

_SHARED = (0.1, 0.9)
_CLEAR = 0.5
"""Of the misfit with a point, what may be left without it for the point to be named; a choice, as those below."""
_RIVAL = 1.5
"""Times the misfit without the named point, that is left without any other; nearer ones are named too."""
_EXCHANGED = 0.25
"""Of the misfit, what may be left with two labels exchanged for these to be named."""


def sides(places: NDArray) -> NDArray:
    """Return the sides of triangles, shape (time, 3, 3), each in the place of the corner opposite, (time, 3)."""
    lengths: NDArray = np.linalg.norm(places[:, [1, 2, 0]] - places[:, [2, 0, 1]], axis=2)
    return lengths


def aligned(places: NDArray, shape: NDArray) -> NDArray:
    """Return points, shape (time, point, 3), turned and shifted onto a shape, (point, 3), as a body is."""
    offset, centred = places - places.mean(axis=1, keepdims=True), shape - shape.mean(axis=0)
    u, _, vt = np.linalg.svd(np.einsum("tpi,pj->tij", offset, centred))
    vt[:, 2] *= np.sign(np.linalg.det(u) * np.linalg.det(vt))[:, None]
    turned: NDArray = offset @ (u @ vt)
    return turned + shape.mean(axis=0)


def shared(deviation: NDArray) -> float:
    """Return what nine tenths of the frames share of a deviation, shape (time,): 0 where it changes its sign."""
    return max(float(np.quantile(deviation, _SHARED[0])), 0.0)


def apart(first: NDArray, last: NDArray) -> float:
    """Return the gap between the range of `first`, shape (time,), and the higher of `last`; 0 where they overlap."""
    return max(float(np.quantile(last, _SHARED[0]) - np.quantile(first, _SHARED[1])), 0.0)


def best_split(local: NDArray, min_frames: int) -> int | None:
    """Return the last frame before the change that leaves the least scatter on both sides; None without room."""
    n = len(local)
    if n < 2 * min_frames:
        return None
    seen = local - local.mean(axis=0)
    count = np.arange(1, n)
    gain = np.sum(np.cumsum(seen, axis=0)[:-1] ** 2, axis=1) / (count * (n - count))
    return int(np.argmax(gain[min_frames - 1 : n - min_frames])) + min_frames - 1


def explained(before: NDArray, after: NDArray) -> tuple[Sequence[int], float]:
    """Return which point moved between two shapes, shape (point, 3), and by how much (m).

    Several points are told where the shapes do not say which of them; none where it was not one alone, and then the
    size is the largest deviation of a point from the best fit of all.
    """
    misfit = rms(before, after)
    rest, size = zip(*(_without(before, after, i) for i in range(len(before))), strict=True)
    best = int(np.argmin(rest))
    if rest[best] > _CLEAR * misfit:
        alone = np.linalg.norm(aligned(after[None], before)[0] - before, axis=1)
        return (), float(alone.max())
    limit = max(_RIVAL * rest[best], 0.25 * misfit)
    return [i for i, left in enumerate(rest) if left <= limit], size[best]


def rms(before: NDArray, after: NDArray) -> float:
    """Return the RMS distance (m) of points of two shapes, shape (point, 3), laid over each other."""
    return float(np.sqrt(np.mean(np.sum((aligned(after[None], before - before.mean(axis=0))[0]
                                         - before + before.mean(axis=0)) ** 2, axis=1))))  # fmt: skip


def exchanged(before: NDArray, after: NDArray) -> tuple[int, ...]:
    """Return the two points that explain a change, shapes (point, 3), by having each other's labels; else none.

    More than two where several pairs explain it alike, as on a plate that is a rectangle.
    """
    pairs, left = list(combinations(range(len(before)), 2)), []
    for pair in pairs:
        order = np.arange(len(before))
        order[list(pair)] = pair[::-1]
        left.append(rms(before, after[order]))
    enough = _EXCHANGED * rms(before, after)
    alike = [pair for pair, misfit in zip(pairs, left, strict=True) if misfit < min(enough, 2.0 * min(left))]
    return tuple(sorted({point for pair in alike for point in pair}))


def explained_sides(before: NDArray, after: NDArray) -> tuple[Sequence[int], float]:
    """Do as `explained` by the sides of a triangle, shape (3,), each in the place of the corner opposite."""
    change = np.abs(after - before)
    least = int(np.argmin(change))
    size = float(change.max())
    return ([least] if change[least] < _CLEAR * np.sort(change)[1] else []), size


def exchanged_sides(before: NDArray, after: NDArray) -> tuple[int, ...]:
    """Do as `exchanged` by the sides of a triangle, shape (3,), each in the place of the corner opposite."""
    pairs, left = list(combinations(range(3), 2)), []
    for one, other in pairs:
        order = np.arange(3)
        order[[one, other]] = other, one
        left.append(float(np.linalg.norm(after[order] - before)))
    enough = _EXCHANGED * float(np.linalg.norm(after - before))
    alike = [pair for pair, misfit in zip(pairs, left, strict=True) if misfit < min(enough, 2.0 * min(left))]
    return tuple(sorted({point for pair in alike for point in pair}))


def _without(before: NDArray, after: NDArray, index: int) -> tuple[float, float]:
    """Return the misfit (RMS, m) of all points but one, and how far that one is from where they say."""
    kept = np.arange(len(before)) != index
    if kept.sum() < 3 or second_spread(before[kept]) < MIN_SPREAD_M:
        lengths = [np.linalg.norm(shape - shape[index], axis=1)[kept] for shape in (before, after)]
        sizes = [np.linalg.norm(shape[kept] - shape[kept].mean(axis=0)) for shape in (before, after)]
        change = np.abs(lengths[1] - lengths[0])
        return float(abs(sizes[1] - sizes[0]) / np.sqrt(kept.sum())), float(change.max())
    one, other = before[kept].mean(axis=0), after[kept].mean(axis=0)
    u, _, vt = np.linalg.svd((after[kept] - other).T @ (before[kept] - one))
    turn = u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))]) @ vt
    off = np.linalg.norm((after - other) @ turn + one - before, axis=1)
    return float(np.sqrt(np.mean(off[kept] ** 2))), float(off[index])
