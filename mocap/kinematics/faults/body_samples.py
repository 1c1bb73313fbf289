"""Points of one body at the frames that are looked at: what their noise leaves in doubt, what counts as a change."""

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from mocap.kinematics.faults.bodies import Group, Moved
from mocap.kinematics.faults.edge_kernels import from_others
from mocap.kinematics.faults.sudden import largest
from mocap.kinematics.shapes import exchanged, exchanged_sides, explained, explained_sides, rms

BLOCK_S, EDGE_BLOCK_S = 0.25, 0.1
FEWEST_BLOCKS = 3
NOISE_SDS = 5.0
"""Standard uncertainties by the scatter of means over blocks, so that filtered noise counts as it is; a choice."""
_SKIN_ORDER = 3
"""Of the differences between blocks that leave noise of the movement of skin."""
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

    def doubt(self, off: NDArray, lever: NDArray, frames: NDArray, *, skin: bool = False) -> float:
        """Return the standard uncertainty (m) of the mean place of a point by the scatter of blocks of samples.

        With `skin`, slow movement over a few blocks is none of it.
        """
        scatter, count = self.scatter(off, lever, frames, EDGE_BLOCK_S if skin else BLOCK_S, _SKIN_ORDER if skin else 1)
        return scatter / float(np.sqrt(count)) if count >= FEWEST_BLOCKS else float("inf")

    def n_blocks(self, frames: NDArray, block_s: float) -> int:
        """Return over how many blocks of time some frames are spread; the doubt needs `FEWEST_BLOCKS`."""
        return len(np.unique((frames / (block_s * self.rate_hz)).astype(int)))

    def scatter(
        self, off: NDArray, lever: NDArray, frames: NDArray, block_s: float, order: int = 1
    ) -> tuple[float, int]:
        """Return the standard deviation (m) of the mean place of a point over a block of samples, and their number.

        By differences of an order between blocks that follow each other.
        """
        alone = from_others(off, lever)
        block = (frames / (block_s * self.rate_hz)).astype(int)
        start = np.flatnonzero(np.concatenate([[True], np.diff(block) > 0]))
        count = np.diff(np.append(start, len(alone)))[:, None, None]
        means = np.add.reduceat(alone, start, axis=0) / count
        if len(means) < order + 2:
            return 0.0, len(means)
        steps = np.sum(np.diff(means, order, axis=0) ** 2, axis=2) / comb(2 * order, order)
        # Of the sum of squares of three numbers the median is about 0.6 of the mean.
        return float(np.sqrt(np.median(steps, axis=0).max() / 0.6)), len(means)

    def judge(
        self, before: NDArray, change: NDArray, lever: NDArray, doubt: float, bounds: tuple[int, int], *,
        of_static: bool,
    ) -> Moved | None:  # fmt: skip
        """Return the fault that a change of shape, (point, 3), is from the first sample to the last of `bounds`."""
        three, limit, after = len(self.names) == 3, self.group.limit_m, before + change
        start, stop = bounds
        # What noise makes of the fit of a point by the others; a small change of shape may be large by that.
        far = float(largest(change, lever))
        if far < limit + NOISE_SDS * doubt:
            return None
        shapes = (before[0], after[0]) if three else (before, after)
        # Four points in a plane share what one of them is off; a long triangle and a fourth point share it too.
        if not three and _SHARES * len(before) * rms(*shapes) < limit:
            return None
        who, size = explained_sides(*shapes) if three else explained(*shapes)
        if not who and not three and not self.group.plate:
            size = far  # several points: the fit of all shares out what they are off
        if size <= limit:
            return None
        two = exchanged_sides(*shapes) if three else exchanged(*shapes)
        named = tuple(self.names[i] for i in two or who)
        # Between two frames that are looked at it may begin with the first and end with the last.
        first = int(self.frames[start - 1]) + 1 if start else 0
        last = int(self.frames[stop]) if stop < len(self.frames) else int(self.frames[-1]) + 1
        return Moved(self.group, named, size, limit, first, last, of_static, bool(two))
