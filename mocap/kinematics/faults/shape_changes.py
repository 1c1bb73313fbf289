"""What is wrong with the shape of one body: where it changes at once, slowly, or is not that of the static.

Of the levels between sudden changes the one nearest to the static is right. What skin does is left out: of a slow
deviation only what nine tenths of the frames share counts, or what quiet standing shows.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.faults.bodies import Moved
from mocap.kinematics.faults.body_samples import EDGE_BLOCK_S, Samples
from mocap.kinematics.faults.rigid_kernels import residuals
from mocap.kinematics.faults.slow_changes import against, gradual
from mocap.kinematics.faults.sudden import Edges, find_edges, largest, levers
from mocap.kinematics.shapes import sides

_SURE = 0.25
"""Of a change, by how much one side has to be nearer to the static to be the right one; a choice."""
_TELLS = 0.5
"""Of the limit, by how much more: skin moves, too."""
_LONGER = 2.0 / 3.0
"""Of the frames, what one shape has to be seen in to be taken as the right one without a static; a choice."""


def faults_of(body: Samples, static_shape: NDArray | None) -> list[Moved]:
    """Return what is wrong within the trial, and against the static shape."""
    # Three points have no shape but their distances, which need no alignment.
    three = len(body.names) == 3
    shape = _own_shape(body) if static_shape is None else static_shape - static_shape.mean(axis=0)
    if three:
        before = sides(shape[None])
        off, lever = (sides(body.places) - before)[:, None], np.eye(3)[None]
    else:
        before = shape
        off, lever = residuals(body.places, shape), levers(shape)
    group = body.group
    edges = find_edges(off, lever, body.frames, body.rate_hz, group.limit_m, plate=group.plate)
    shaky = 0.0
    if edges.at and group.plate:
        shaky = body.scatter(off, lever, body.frames, EDGE_BLOCK_S)[0]
    elif not edges.at:
        edges = gradual(body, off, lever, before) or edges
    with_static = static_shape is not None
    if group.plate and with_static:  # no skin bends it: each stretch is compared with the static
        wrong, sure = np.full(len(edges.at) + 1, bool(edges.at)), True
    else:
        wrong, sure = _wrong(body, edges, lever, with_static=with_static)
    found = _stretches(body, edges, wrong, off, before, lever, shaky)
    if found and not sure:
        last = int(body.frames[-1]) + 1
        either = int(body.frames[edges.at[0]])
        return [replace(max(found, key=lambda one: one.size_m), start=0, stop=last, either=either)]
    if with_static:
        left = np.ones(len(off), bool)
        for one in found:
            left &= (body.frames < one.start) | (body.frames >= one.stop)
        moved = against(body, off, lever, before, left)
        found += [moved] if moved is not None else []
    return joined(found)


def _wrong(body: Samples, edges: Edges, lever: NDArray, *, with_static: bool) -> tuple[NDArray, bool]:
    """Return which stretches between edges are wrong, shape (stretch,), and whether that is sure.

    On both sides of an edge posture and skin are the same, so that the side farther off the reference is wrong.
    """
    away = largest(edges.after, lever) - largest(edges.before, lever)
    least = _SURE * largest(edges.after - edges.before, lever)
    away[np.abs(away) < (least if body.group.plate else np.maximum(least, _TELLS * body.group.limit_m))] = 0.0
    score = np.append(0.0, away) - np.append(away, 0.0)
    sure = bool(away.any()) or not edges.at
    for order in (range(1, len(score)), range(len(score) - 2, -1, -1)):
        for k in order:
            # Where an edge does not tell, both sides are what their neighbours are.
            score[k] = score[k] or score[k - 1 if order.step > 0 else k + 1]
    if not sure:
        score[len(score) // 2 :] = 1.0
    wrong = score > 0.0
    time = np.diff((0, *edges.at, len(body.frames)))
    return wrong, sure and (with_static or float(time[wrong].sum()) < (1.0 - _LONGER) * len(body.frames))


def _stretches(
    body: Samples, edges: Edges, wrong: NDArray, off: NDArray, before: NDArray, lever: NDArray, shaky: float
) -> list[Moved]:
    """Return the stretches that are wrong, with the doubt of a short one."""
    found, around, changes = list[Moved](), ((0, 0), *edges.blur, (0, 0)), _changes(edges, wrong)
    bounds = edges.bounds(len(off))
    right = [off[start:stop] for (start, stop), bad in zip(bounds, wrong, strict=True) if not bad]
    for k, (start, stop) in enumerate(bounds):
        if not wrong[k]:
            continue
        change = changes[k]
        doubt = 0.0
        if body.group.plate:  # nothing else bends it, so all frames tell
            change = np.median(off[start:stop], axis=0)
            change = change - np.median(np.concatenate(right), axis=0) if right else change
            doubt = shaky / float(np.sqrt(max((stop - start) / EDGE_BLOCK_S / body.rate_hz, 1.0)))
        first, last = max(start - around[k][0], 0), min(stop + around[k + 1][1], len(off))
        moved = body.judge(before, change, lever, doubt, (first, last), of_static=False)
        found += [moved] if moved is not None else []
    return found


def _changes(edges: Edges, wrong: NDArray) -> list[NDArray]:
    """Return how each stretch differs from the right ones next to it, by the jumps between: of both sides the mean."""
    jumps, known = edges.after - edges.before, [list[NDArray]() for _ in wrong]
    last = len(jumps)
    for order, sign in ((range(last + 1), 1.0), (range(last, -1, -1), -1.0)):
        level: NDArray | None = None
        for k in order:
            edge = k - 1 if sign > 0 else k
            if not wrong[k]:
                level = np.zeros(edges.before.shape[1:])
            elif level is not None:
                level = level + sign * jumps[edge]
                known[k].append(level)
    return [np.mean(levels, axis=0) if levels else np.zeros(edges.before.shape[1:]) for levels in known]


def _own_shape(body: Samples) -> NDArray:
    """Return the typical shape of the trial."""
    some = body.places[:: max(1, len(body.places) // 500)]
    first = np.ascontiguousarray(some[len(some) // 2] - some[len(some) // 2].mean(axis=0))
    shape: NDArray = first + np.median(residuals(np.ascontiguousarray(some), first), axis=0)
    return shape - shape.mean(axis=0)


def joined(found: list[Moved]) -> list[Moved]:
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
