"""Points that ought to keep their places on one body: which of them was moved, slid, or carries another's label.

The shape of every group is compared with that of the static, and the beginning of the trial with its end. The poses
are least-squares fits (Soderkvist and Wedin 1993); a point is named where all others fit without it. What skin does is
left out: of a deviation only what nine tenths of the frames share counts, or what quiet standing shows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.clusters import MIN_SPREAD_M, mean_shape, second_spread
from mocap.kinematics.heading import quiet_at
from mocap.kinematics.static import standing_frames

Positions = Mapping[str, NDArray]

PLATE_M, FOOT_M, SKIN_M, TRUNK_M = 0.002, 0.009, 0.015, 0.020
"""How far a point may be from its place; see `tests/accuracy/test_moved_markers.py` for what real skin does."""
MOST_FRAMES = 200
MIN_SIDE_S, MIN_SIDE, MIN_SIDE_PLATE = 0.25, 6, 20
NOISE_SDS = 5.0
_SHARED = (0.1, 0.9)
_CLEAR = 0.5
"""Of the misfit with a point, what may be left without it for the point to be named."""
_RIVAL = 1.5
"""Times the misfit without the named point, that is left without any other; nearer ones are named too."""
_SHARES = 2.0
"""Times the number of points, that one point may be off its place for the RMS of all."""
_EXCHANGED = 0.25
"""Of the misfit, what may be left with two labels exchanged for these to be named."""


@dataclass(frozen=True)
class Group:
    """Points that move as one body; `plate` where nothing but the points themselves may move them apart."""

    name: str
    words: str
    points: tuple[str, ...]
    limit_m: float
    plate: bool = False


@dataclass(frozen=True)
class Moved:
    """A fault of one group.

    Attributes
    ----------
    group : Group
    names : tuple of str
        The points that may be the one; empty where no single one explains the change.
    size_m, limit_m : float
    start : int
        The frame from which it is there.
    of_static : bool
        Whether the static shows another shape; else the trial itself.
    exchanged : bool
        Whether two of the points named have each other's labels.
    """

    group: Group
    names: tuple[str, ...]
    size_m: float
    limit_m: float
    start: int
    of_static: bool
    exchanged: bool = False


def _groups() -> tuple[Group, ...]:
    numbers = range(1, 7)
    plates = [
        Group("pelvis_plate", "sacral plate", tuple(f"SAC{i}" for i in numbers), PLATE_M, plate=True),
        Group("lumbar_plate", "T12/L1 plate", tuple(f"T12_{i}" for i in numbers), PLATE_M, plate=True),
    ]
    body = [
        Group("pelvis", "pelvis", ("RASIS", "LASIS", "RPSIS", "LPSIS", "SACR"), SKIN_M),
        Group("thorax", "thorax", ("C7", "T10", "CLAV", "STRN"), TRUNK_M),
    ]
    for s in "RL":
        thigh, shank = (tuple(f"{s}{part}{i}" for i in numbers) for part in ("TH", "SH"))
        # The malleoli lie near the axis of the ankle, so that the foot keeps its distances to them.
        foot = tuple(s + name for name in ("HEEL", "MT1", "MT2", "MT5", "TOE", "LMAL", "MMAL"))
        body += [
            Group(f"thigh_{s.lower()}", f"thigh {s}", (*thigh, f"{s}LFE", f"{s}MFE"), SKIN_M),
            Group(f"shank_{s.lower()}", f"shank {s}", (*shank, f"{s}LMAL", f"{s}MMAL"), SKIN_M),
            Group(f"foot_{s.lower()}", f"foot {s}", foot, FOOT_M),
        ]
    return (*plates, *body)


GROUPS = _groups()


def find_moved(trial: Positions, static: Positions, rate_hz: float) -> tuple[tuple[Moved, ...], int]:
    """Find the points that left their places on the body.

    Parameters
    ----------
    trial, static : mapping of str to ndarray, shape (time, 3)
        Landmarks, and those in the static's quiet frames (empty without one), m.
    rate_hz : float

    Returns
    -------
    tuple of Moved
        At most one for each group. A change below five standard uncertainties, by the scatter of the points, is none.
    int
        How many groups could be compared.
    """
    n_frames = len(next(iter(trial.values()))) if trial else 0
    frames = np.unique(np.linspace(0, n_frames - 1, min(n_frames, MOST_FRAMES)).round().astype(int))
    if len(frames) < 2 * MIN_SIDE:
        return (), 0
    still = quiet_at(list(trial.values()), rate_hz, frames) & standing_frames(trial)[frames]
    min_frames = max(MIN_SIDE, round(MIN_SIDE_S * rate_hz * len(frames) / n_frames))
    found, seen = [], 0
    for group in GROUPS:
        names = tuple(name for name in group.points if name in trial and (not static or name in static))
        if len(names) < 3:
            continue
        places = np.stack([trial[name][frames] for name in names], axis=1)
        there = np.isfinite(places).all(axis=(1, 2))
        before = mean_shape(np.stack([static[name] for name in names], axis=1)) if static else None
        if there.sum() < 2 * min_frames or (static and before is None):
            continue
        seen += 1
        judged = _Judged(group, names, places[there], frames[there], still[there], min_frames)
        fault = judged.fault(before)
        if fault is not None:
            found.append(fault)
    return tuple(found), seen


@dataclass(frozen=True, eq=False)
class _Judged:
    """Points of a group, shape (time, point, 3), at the frames that are looked at."""

    group: Group
    names: tuple[str, ...]
    places: NDArray
    frames: NDArray
    still: NDArray
    min_frames: int

    def fault(self, static_shape: NDArray | None) -> Moved | None:
        """Return what is wrong within the trial, or else against the static shape."""
        shape = self.places[0] - self.places[0].mean(axis=0) if static_shape is None else static_shape
        # Three points have no shape but their distances, which need no alignment.
        three = len(self.names) == 3
        local = sides(self.places) if three else aligned(self.places, shape).reshape(len(self.places), -1)
        before = sides(shape[None])[0] if three else shape.ravel()
        step = self._step(local)
        if step is not None or static_shape is None:
            return step
        use = local[self.still] if self.still.sum() >= self.min_frames and not self.group.plate else local
        off = np.median(use, axis=0) - before
        if len(use) == len(local) and not self.group.plate:
            length = max(float(np.linalg.norm(off)), 1e-12)
            off = off / length * shared((local - before) @ off / length)
        doubt = spread(use, 1) / np.sqrt(len(use))
        return self._judge(before, before + off, doubt, 0, of_static=True)

    def _step(self, local: NDArray) -> Moved | None:
        """Return the change that divides the trial best, if any."""
        everything, plate = np.arange(len(local)), self.group.plate
        # Whatever the posture, a plate has one shape.
        for use in (everything,) if plate else (np.flatnonzero(self.still), everything):
            at = best_split(local[use], max(self.min_frames, MIN_SIDE_PLATE if plate else 0))
            if at is None:
                continue
            first, last = local[use[: at + 1]], local[use[at + 1 :]]
            start, off = np.median(first, axis=0), np.median(last, axis=0) - np.median(first, axis=0)
            length = max(float(np.linalg.norm(off)), 1e-12)
            along = (local - start) @ off / length
            if len(use) == len(local) and not plate:
                off = off / length * apart(along[: at + 1], along[at + 1 :])
            doubt = max(spread(first, 0), spread(last, 0)) * np.sqrt(1 / len(first) + 1 / len(last))
            # Between the still frames the change is where the deviation passes half of it, for good.
            between = np.arange(use[at], use[at + 1] + 1)
            small = between[along[between] < length / 2]
            frame = int(self.frames[min(small[-1] + 1 if len(small) else use[at + 1], len(local) - 1)])
            moved = self._judge(start, start + off, doubt, frame, of_static=False)
            if moved is not None:
                return moved
        return None

    def _judge(self, before: NDArray, after: NDArray, doubt: float, start: int, *, of_static: bool) -> Moved | None:
        three = len(self.names) == 3
        shapes = (before, after) if three else (before.reshape(-1, 3), after.reshape(-1, 3))
        limit = max(self.group.limit_m, NOISE_SDS * doubt)
        # Four points in a plane share what one of them is off; a long triangle and a fourth point share it too.
        if not three and _SHARES * len(before) / 3 * rms(*shapes) < limit:
            return None
        who, size = explained_sides(*shapes) if three else explained(*shapes)
        if size <= limit:
            return None
        two = () if three else exchanged(*shapes)
        named = tuple(self.names[i] for i in two or who)
        return Moved(self.group, named, size, limit, start, of_static, bool(two))


def sides(places: NDArray) -> NDArray:
    """Return the sides of triangles, shape (time, 3, 3), each in the place of the corner opposite, (time, 3)."""
    lengths: NDArray = np.linalg.norm(places[:, [1, 2, 0]] - places[:, [2, 0, 1]], axis=2)
    return lengths


def spread(local: NDArray, order: int) -> float:
    """Return a robust standard deviation of columns of `local`, shape (time, n): the largest of them."""
    off = np.abs(local - np.median(local, axis=0)) if order == 0 else np.abs(np.diff(local, axis=0)) / np.sqrt(2.0)
    return 1.4826 * float(np.median(off, axis=0).max())


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
