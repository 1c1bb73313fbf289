"""Points of one body at the frames that are looked at: what their noise leaves in doubt, what counts as a change."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.faults.bodies import Group, Moved
from mocap.kinematics.faults.sudden import alone_off, levers
from mocap.kinematics.shapes import exchanged, exchanged_sides, explained, explained_sides, rms

BLOCK_S, EDGE_BLOCK_S = 0.25, 0.1
NOISE_SDS = 5.0
"""Standard uncertainties by the scatter of means over blocks, so that filtered noise counts as it is; a choice."""
_SHARES = 2.0
"""Times the number of points, that one point may be off its place for the RMS of all."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Points of a group, shape (time, point, 3), at the frames that are looked at, `slow` ones for slow changes."""

    group: Group
    names: tuple[str, ...]
    places: NDArray
    frames: NDArray
    slow: NDArray
    still: NDArray
    min_frames: int
    rate_hz: float

    def doubt(self, off: NDArray, lever: NDArray, rows: NDArray) -> float:
        """Return the standard uncertainty (m) of the mean place of a point by the scatter of blocks of samples."""
        scatter, count = self.scatter(off, lever, rows, BLOCK_S)
        return scatter / float(np.sqrt(count)) if count >= 3 else float("inf")

    def scatter(self, off: NDArray, lever: NDArray, rows: NDArray, block_s: float) -> tuple[float, int]:
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

    def judge(
        self, before: NDArray, after: NDArray, doubt: float, start: int, stop: int, *, of_static: bool
    ) -> Moved | None:
        three, limit = len(self.names) == 3, self.group.limit_m
        # What noise makes of the fit of a point by the others; a small change of shape may be large by that.
        if float(largest(after - before, np.eye(3)[None] if three else levers(before))) < limit + NOISE_SDS * doubt:
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


def largest(field: NDArray, lever: NDArray) -> NDArray:
    """Return how far the point that is farthest off by the others is, from offsets (..., point, 3)."""
    size: NDArray = np.linalg.norm(np.einsum("...pi,pij->...pj", field, lever), axis=-1).max(axis=-1)
    return size
