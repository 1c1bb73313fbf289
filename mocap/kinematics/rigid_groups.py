"""Points that ought to keep their places on one body: which of them was moved, slid, or carries another's label.

The shape of every group is compared with that of the static, and with itself over the trial: where it changes at once
and comes back, or changes for good. Of the levels between such changes the one nearest to the static is right. What
skin does is left out: of a slow deviation only what nine tenths of the frames share counts, or what quiet standing
shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.faults.rigid_kernels import residuals
from mocap.kinematics.faults.sudden import Edges, alone_off, find_edges, levers
from mocap.kinematics.heading import quiet_at
from mocap.kinematics.shapes import (
    apart,
    best_split,
    exchanged,
    exchanged_sides,
    explained,
    explained_sides,
    rms,
    shared,
    sides,
)
from mocap.kinematics.static import standing_frames
from mocap.trial import Points3D

Positions = Mapping[str, NDArray]

PLATE_M, FOOT_M, SKIN_M, TRUNK_M = 0.002, 0.009, 0.015, 0.020
"""How far a point may be from its place; see `tests/accuracy/test_moved_markers.py` for what real skin does."""
MOST_FRAMES = 3000
"""That are looked at for sudden changes; 200 of them for slow ones."""
MOST_SLOW = 200
MIN_SIDE_S, MIN_SIDE, MIN_SIDE_PLATE = 0.25, 6, 0.2
"""Frames on each side of a slow change; of a plate, whose noise is all that differs, this share. Choices."""
BLOCK_S, EDGE_BLOCK_S = 0.25, 0.1
NOISE_SDS = 5.0
"""Standard uncertainties by the scatter of means over blocks, so that filtered noise counts as it is; a choice."""
_SHARES = 2.0
"""Times the number of points, that one point may be off its place for the RMS of all."""
_SURE = 0.25
"""Of a change, by how much one side has to be nearer to the static to be the right one; a choice."""
_LONGER = 2.0 / 3.0
"""Of the frames, what one shape has to be seen in to be taken as the right one without a static; a choice."""
_SETS = 4  # of points that are seen together, which are judged one after the other


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
    start, stop : int
        The first frame of it, and the one behind the last.
    of_static : bool
        Whether the static shows another shape, which may be the wrong one; else the trial itself changes.
    exchanged : bool
        Whether two of the points named have each other's labels.
    either : int
        Where nothing tells which side of a change is right, the frame of the change; else -1.
    in_static : bool
        Whether the change is within the static.
    """

    group: Group
    names: tuple[str, ...]
    size_m: float
    limit_m: float
    start: int
    stop: int
    of_static: bool
    exchanged: bool = False
    either: int = -1
    in_static: bool = False


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
        tracking = tuple(f"{s}FT{i}" for i in numbers)
        plates.append(Group(f"foot_plate_{s.lower()}", f"foot plate {s}", tracking, PLATE_M, plate=True))
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
        By group and stretch of time. A change within five standard uncertainties, by the scatter of the points, is
        none.
    int
        How many groups could be compared.
    """
    n_frames = len(next(iter(trial.values()))) if trial else 0
    frames = np.unique(np.linspace(0, n_frames - 1, min(n_frames, MOST_FRAMES)).round().astype(int))
    if len(frames) < 2 * MIN_SIDE:
        return (), 0
    slow = np.unique(np.linspace(0, len(frames) - 1, min(len(frames), MOST_SLOW)).round().astype(int))
    still = np.zeros(len(frames), bool)
    still[slow] = quiet_at(list(trial.values()), rate_hz, frames[slow]) & standing_frames(trial)[frames[slow]]
    looked = np.zeros(len(frames), bool)
    looked[slow] = True
    min_slow = max(MIN_SIDE, round(MIN_SIDE_S * rate_hz * len(slow) / n_frames))
    found, seen = list[Moved](), 0
    for group in GROUPS:
        names = tuple(name for name in group.points if name in trial and (not static or name in static))
        if len(names) < 3:
            continue
        places = np.stack([trial[name][frames] for name in names], axis=1)
        compared = False
        for points, rows in seen_together(np.isfinite(places).all(axis=2), 2 * MIN_SIDE):
            who = tuple(names[i] for i in points)
            before = _mean_shape(np.stack([static[name] for name in who], axis=1)) if static else None
            if (static and before is None) or (looked & rows).sum() < 2 * MIN_SIDE:
                continue
            judged = _Judged(
                group, who, np.ascontiguousarray(places[rows][:, points]), frames[rows], looked[rows], still[rows],
                min_slow, rate_hz,
            )  # fmt: skip
            compared = True
            found += judged.faults(before)
        seen += compared
    return tuple(found), seen


def find_moved_in_static(quiet: Positions, static: Points3D | None, n_frames: int) -> tuple[Moved, ...]:
    """Return what moves within the quiet frames, shapes (time, 3): it spoils all frames, `n_frames`, of the trial."""
    found, told = list[Moved](), set[str]()
    for one in find_moved(quiet, {}, static.rate_hz)[0] if static is not None else ():
        if one.group.name not in told:
            told.add(one.group.name)
            found.append(replace(one, start=0, stop=n_frames, in_static=True, either=-1))
    return tuple(found)


def _mean_shape(places: NDArray) -> NDArray | None:
    """Do as `clusters.mean_shape`, by the compiled fit."""
    whole = places[np.isfinite(places).all(axis=(1, 2))]
    if not len(whole):
        return None
    first = whole[0] - whole[0].mean(axis=0)
    shape: NDArray = first + residuals(np.ascontiguousarray(whole), first).mean(axis=0)
    return shape


def seen_together(seen: NDArray, least: int) -> list[tuple[NDArray, NDArray]]:
    """Return sets of points and the frames to judge them in, from what is seen, shape (time, point).

    A point that is lost for some time does not keep the others from being judged: the frames fall into those that show
    one set and those that show another, three points or more of them, in `least` frames or more.
    """
    if seen.all():
        return [(np.arange(seen.shape[1]), np.ones(len(seen), bool))]
    codes, left, out = seen @ (1 << np.arange(seen.shape[1])), np.ones(len(seen), bool), []
    for _ in range(_SETS):
        values, counts = np.unique(codes[left], return_counts=True)
        best, score = 0, 0
        for code in values[np.argsort(-counts)][:16].tolist():
            size = code.bit_count()
            worth = int(((codes[left] & code) == code).sum()) * size if size >= 3 else 0
            best, score = (code, worth) if worth > score else (best, score)
        rows = left & ((codes & best) == best)
        if not best or rows.sum() < least:
            break
        out.append((np.flatnonzero(best >> np.arange(seen.shape[1]) & 1), rows))
        left &= ~rows
    return out


@dataclass(frozen=True, eq=False)
class _Judged:
    """Points of a group, shape (time, point, 3), at the frames that are looked at, `slow` ones for slow changes."""

    group: Group
    names: tuple[str, ...]
    places: NDArray
    frames: NDArray
    slow: NDArray
    still: NDArray
    min_frames: int
    rate_hz: float

    def faults(self, static_shape: NDArray | None) -> list[Moved]:
        """Return what is wrong within the trial, and against the static shape."""
        # Three points have no shape but their distances, which need no alignment.
        three = len(self.names) == 3
        shape = self._own_shape() if static_shape is None else static_shape - static_shape.mean(axis=0)
        if three:
            before = sides(shape[None])
            off, lever = (sides(self.places) - before)[:, None], np.eye(3)[None]
        else:
            before = shape
            off, lever = residuals(self.places, shape), levers(shape)
        group = self.group
        edges = find_edges(off, lever, self.frames, self.rate_hz, group.limit_m, plate=group.plate)
        shaky = 0.0
        if edges.at and group.plate:
            shaky = self._scatter(off, lever, np.arange(len(off)), EDGE_BLOCK_S)[0]
        elif not edges.at:
            edges = self._gradual(off, lever, before) or edges
        with_static = static_shape is not None
        if group.plate and with_static:  # no skin bends it: each stretch is compared with the static
            wrong, sure = np.full(len(edges.at) + 1, bool(edges.at)), True
        else:
            wrong, sure = self._wrong(edges, lever, with_static=with_static)
        found = self._stretches(edges, wrong, off, before, shaky)
        if found and not sure:
            last = int(self.frames[-1]) + 1
            either = int(self.frames[edges.at[0]])
            return [replace(max(found, key=lambda one: one.size_m), start=0, stop=last, either=either)]
        if with_static:
            left = np.ones(len(off), bool)
            for one in found:
                left &= (self.frames < one.start) | (self.frames >= one.stop)
            moved = self._against(off[left], lever, before, self.slow[left], self.still[left])
            found += [moved] if moved is not None else []
        return _joined(found)

    def _wrong(self, edges: Edges, lever: NDArray, *, with_static: bool) -> tuple[NDArray, bool]:
        """Return which stretches between edges are wrong, shape (stretch,), and whether that is sure.

        On both sides of an edge posture and skin are the same, so that the side farther off the reference is wrong.
        """
        away = _largest(edges.after, lever) - _largest(edges.before, lever)
        away[np.abs(away) < _SURE * _largest(edges.after - edges.before, lever)] = 0.0
        score = np.append(0.0, away) - np.append(away, 0.0)
        sure = bool(away.any()) or not edges.at
        for order in (range(1, len(score)), range(len(score) - 2, -1, -1)):
            for k in order:
                # Where an edge does not tell, both sides are what their neighbours are.
                score[k] = score[k] or score[k - 1 if order.step > 0 else k + 1]
        if not sure:
            score[len(score) // 2 :] = 1.0
        wrong = score > 0.0
        time = np.diff((0, *edges.at, len(self.frames)))
        return wrong, sure and (with_static or float(time[wrong].sum()) < (1.0 - _LONGER) * len(self.frames))

    def _stretches(self, edges: Edges, wrong: NDArray, off: NDArray, before: NDArray, shaky: float) -> list[Moved]:
        """Return the stretches that are wrong, with the doubt of a short one."""
        found, around, change = list[Moved](), ((0, 0), *edges.blur, (0, 0)), np.zeros_like(before)
        bounds = edges.bounds(len(off))
        right = [off[start:stop] for (start, stop), bad in zip(bounds, wrong, strict=True) if not bad]
        for k, (start, stop) in enumerate(bounds):
            if not wrong[k]:
                continue
            jumps = [edges.after[k - 1] - edges.before[k - 1]] if k and not wrong[k - 1] else []
            jumps += [edges.before[k] - edges.after[k]] if k < len(edges.at) and not wrong[k + 1] else []
            change = np.mean(jumps, axis=0) if jumps else change
            doubt = 0.0
            if self.group.plate:  # nothing else bends it, so all frames tell
                change = np.median(off[start:stop], axis=0)
                change = change - np.median(np.concatenate(right), axis=0) if right else change
                doubt = shaky / float(np.sqrt(max((stop - start) / EDGE_BLOCK_S / self.rate_hz, 1.0)))
            first, last = max(start - around[k][0], 0), min(stop + around[k + 1][1], len(off))
            moved = self._judge(before, before + change, doubt, first, last, of_static=False)
            found += [moved] if moved is not None else []
        return found

    def _own_shape(self) -> NDArray:
        """Return the typical shape of the trial."""
        some = self.places[:: max(1, len(self.places) // 500)]
        first = np.ascontiguousarray(some[len(some) // 2] - some[len(some) // 2].mean(axis=0))
        shape: NDArray = first + np.median(residuals(np.ascontiguousarray(some), first), axis=0)
        return shape - shape.mean(axis=0)

    def _gradual(self, off: NDArray, lever: NDArray, before: NDArray) -> Edges | None:
        """Return the change that divides the trial best, slow as it may be, if any."""
        rows, plate = np.flatnonzero(self.slow), self.group.plate
        local = off[rows].reshape(len(rows), -1)
        # Whatever the posture, a plate has one shape.
        still, everything = np.flatnonzero(self.still[rows]), np.arange(len(rows))
        for use in (everything,) if plate else (still, everything):
            at = best_split(local[use], max(self.min_frames, round(MIN_SIDE_PLATE * len(use)) if plate else 0))
            if at is None:
                continue
            first, last = local[use[: at + 1]], local[use[at + 1 :]]
            start, change = np.median(first, axis=0), np.median(last, axis=0) - np.median(first, axis=0)
            length = max(float(np.linalg.norm(change)), 1e-12)
            along = (local - start) @ change / length
            if len(use) == len(local) and not plate:
                change = change / length * apart(along[: at + 1], along[at + 1 :])
            doubts = [self._doubt(off[rows[part]], lever, rows[part]) for part in (use[: at + 1], use[at + 1 :])]
            doubt = float(np.hypot(doubts[0], doubts[1]))
            # Between the still frames the change is where the deviation passes half of it, for good.
            between = np.arange(use[at], use[at + 1] + 1)
            small = between[along[between] < length / 2]
            edge = int(rows[min(small[-1] + 1 if len(small) else use[at + 1], len(local) - 1)])
            field = change.reshape(1, *off.shape[1:])
            if self._judge(before, before + field[0], doubt, edge, len(off), of_static=False) is not None:
                return Edges((edge,), start.reshape(field.shape), start.reshape(field.shape) + field, ((0, 0),))
        return None

    def _against(
        self, off: NDArray, lever: NDArray, before: NDArray, slow: NDArray, still: NDArray
    ) -> Moved | None:
        """Return how the trial differs from the static."""
        if slow.sum() < MIN_SIDE:
            return None
        plate = self.group.plate
        standing = still.sum() >= self.min_frames and not plate
        use = off[still] if standing else off[slow]
        change = np.median(use, axis=0)
        if not standing and not plate:
            length = max(float(np.linalg.norm(change)), 1e-12)
            change = change / length * shared(np.einsum("tpi,pi->t", use, change) / length)
        doubt = self._doubt(use, lever, np.flatnonzero(still if standing else slow))
        return self._judge(before, before + change, doubt, 0, len(self.frames), of_static=True)

    def _doubt(self, off: NDArray, lever: NDArray, rows: NDArray) -> float:
        """Return the standard uncertainty (m) of the mean place of a point by the scatter of blocks of samples."""
        scatter, count = self._scatter(off, lever, rows, BLOCK_S)
        return scatter / float(np.sqrt(count)) if count >= 3 else float("inf")

    def _scatter(self, off: NDArray, lever: NDArray, rows: NDArray, block_s: float) -> tuple[float, int]:
        """Return the standard deviation (m) of the mean place of a point over a block of samples, and their number."""
        alone = alone_off(off, lever)
        block = (self.frames[rows] / (block_s * self.rate_hz)).astype(int)
        start = np.flatnonzero(np.concatenate([[True], np.diff(block) > 0]))
        count = np.diff(np.append(start, len(alone)))[:, None, None]
        means = np.add.reduceat(alone, start, axis=0) / count
        if len(means) < 3:
            return 0.0, len(means)
        steps = np.sum(np.diff(means, axis=0) ** 2, axis=2) / 2.0
        # Of the sum of squares of three numbers the median is about 0.6 of the mean.
        return float(np.sqrt(np.median(steps, axis=0).max() / 0.6)), len(means)

    def _judge(
        self, before: NDArray, after: NDArray, doubt: float, start: int, stop: int, *, of_static: bool
    ) -> Moved | None:
        three, limit = len(self.names) == 3, self.group.limit_m
        # What noise makes of the fit of a point by the others; a small change of shape may be large by that.
        if float(_largest(after - before, np.eye(3)[None] if three else levers(before))) < limit + NOISE_SDS * doubt:
            return None
        shapes = (before[0], after[0]) if three else (before, after)
        # Four points in a plane share what one of them is off; a long triangle and a fourth point share it too.
        if not three and _SHARES * len(before) * rms(*shapes) < limit:
            return None
        who, size = explained_sides(*shapes) if three else explained(*shapes)
        if size <= limit:
            return None
        two = exchanged_sides(*shapes) if three else exchanged(*shapes)
        named = tuple(self.names[i] for i in two or who)
        # Between two frames that are looked at it may begin with the first and end with the last.
        first = int(self.frames[start - 1]) + 1 if start else 0
        last = int(self.frames[stop]) if stop < len(self.frames) else int(self.frames[-1]) + 1
        return Moved(self.group, named, size, limit, first, last, of_static, bool(two))


def _largest(field: NDArray, lever: NDArray) -> NDArray:
    """Return how far the point that is farthest off by the others is, from offsets (..., point, 3)."""
    size: NDArray = np.linalg.norm(np.einsum("...pi,pij->...pj", field, lever), axis=-1).max(axis=-1)
    return size


def _joined(found: list[Moved]) -> list[Moved]:
    """Join stretches of one fault that follow each other."""
    out = list[Moved]()
    for one in found:
        last = out[-1] if out else None
        if last is not None and last.stop >= one.start and (last.names, last.exchanged, last.of_static) == (
            one.names, one.exchanged, one.of_static
        ):  # fmt: skip
            out[-1] = replace(last, stop=max(one.stop, last.stop), size_m=max(last.size_m, one.size_m))
        else:
            out.append(one)
    return out
