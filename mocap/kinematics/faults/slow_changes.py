"""How the shape of a body changes slowly over a trial, and how it differs from that of the static."""

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.faults.bodies import Moved
from mocap.kinematics.faults.body_samples import BLOCK_S, FEWEST_BLOCKS, Samples
from mocap.kinematics.faults.sudden import Edges, largest
from mocap.kinematics.shapes import apart, best_split, shared

MIN_SIDE, MIN_SIDE_PLATE = 6, 0.2
"""Frames on each side of a slow change; of a plate, whose noise is all that differs, this share. Choices."""


def gradual(body: Samples, off: NDArray, lever: NDArray, before: NDArray) -> Edges | None:
    """Return the change that divides the trial best, slow as it may be, if any."""
    rows, plate = np.flatnonzero(body.slow), body.group.plate
    local = off[rows].reshape(len(rows), -1)
    # Whatever the posture, a plate has one shape.
    still, everything = np.flatnonzero(body.still[rows]), np.arange(len(rows))
    for use in (everything,) if plate else (still, everything):
        at = best_split(local[use], max(body.min_frames, round(MIN_SIDE_PLATE * len(use)) if plate else 0))
        if at is None:
            continue
        first, last = local[use[: at + 1]], local[use[at + 1 :]]
        start = np.median(first, axis=0)
        change = np.median(last, axis=0) - start
        length = max(float(np.linalg.norm(change)), 1e-12)
        along = (local - start) @ change / length
        if len(use) == len(local) and not plate:
            change = change / length * apart(along[: at + 1], along[at + 1 :])
        field = change.reshape(1, *off.shape[1:])
        if float(largest(field[0], lever)) < body.group.limit_m:
            continue
        skin = len(use) == len(local) and not plate
        doubts = [
            body.doubt(off[rows[part]], lever, body.frames[rows[part]], skin=skin)
            for part in (use[: at + 1], use[at + 1 :])
        ]
        doubt = float(np.hypot(doubts[0], doubts[1]))
        # Between the still frames the change is where the deviation passes half of it, for good.
        between = np.arange(use[at], use[at + 1] + 1)
        small = between[along[between] < length / 2]
        edge = int(rows[min(small[-1] + 1 if len(small) else use[at + 1], len(local) - 1)])
        if body.judge(before, field[0], lever, doubt, (edge, len(off)), of_static=False) is not None:
            return Edges((edge,), start.reshape(field.shape), start.reshape(field.shape) + field, ((0, 0),))
    return None


def against(
    body: Samples, off: NDArray, lever: NDArray, before: NDArray, left: NDArray
) -> Moved | None:
    """Return how the trial differs from the static, by offsets at the samples that are `left`, shape (time,)."""
    off, frames, slow, still = off[left], body.frames[left], body.slow[left], body.still[left]
    if slow.sum() < MIN_SIDE:
        return None
    plate = body.group.plate
    # Of too little standing nothing says how sure its mean is.
    standing = not plate and body.n_blocks(frames[still], BLOCK_S) >= FEWEST_BLOCKS
    use = off[still] if standing else off[slow]
    change = np.median(use, axis=0)
    if not standing and not plate:
        length = max(float(np.linalg.norm(change)), 1e-12)
        change = change / length * shared(np.einsum("tpi,pi->t", use, change) / length)
    if float(largest(change, lever)) < body.group.limit_m:
        return None
    doubt = body.doubt(use, lever, frames[still if standing else slow], skin=not (standing or plate))
    return body.judge(before, change, lever, doubt, (0, len(body.frames)), of_static=True)
