"""Frames of the parts of a repetition, and how deep it is at each of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.assessment.facing import middle
from mocap.assessment.movement import Movement
from mocap.assessment.repetitions import Repetition

_LONGEST_PLATEAU_S = 1.0


@dataclass(frozen=True, eq=False)
class Phases:
    """Frames of a repetition.

    Attributes
    ----------
    standing, bottom, whole, descent : ndarray of int
        Just before its start, of the plateau at the bottom, from start to end, from start to bottom.
    depth : ndarray, shape (time,)
        Drop of the middle of the hip centres in parts of the repetition's own, over all frames of the trial.
    """

    standing: NDArray
    bottom: NDArray
    whole: NDArray
    descent: NDArray
    depth: NDArray

    def low(self, share: float) -> NDArray:
        """Return the frames of the repetition in the lowest part of its depth."""
        with np.errstate(invalid="ignore"):
            return self.whole[self.depth[self.whole] >= 1.0 - share]

    def reached(self, depth: float) -> int:
        """Return the frame of the descent at which a depth is first reached; -1 where it never is."""
        with np.errstate(invalid="ignore"):
            there = np.flatnonzero(self.depth[self.descent] >= depth)
        return int(self.descent[there[0]]) if len(there) and np.isfinite(depth) else -1


def phases(movement: Movement, repetition: Repetition, standing_seconds: float) -> Phases:
    """Return the frames of a repetition's parts; of a long pause at the bottom the middle second."""
    n = max(1, round(standing_seconds * movement.rate_hz))
    height = middle(movement, "HJC")[:, 2]
    standing = np.arange(max(0, repetition.start - n + 1), repetition.start + 1)
    first, last = repetition.still_from, repetition.still_to
    most = max(1, round(_LONGEST_PLATEAU_S * movement.rate_hz))
    if last - first + 1 > most:
        first = (first + last - most) // 2
        last = first + most - 1
    bottom = np.arange(first, last + 1)
    top, low = (float(np.nanmean(height[part])) if np.isfinite(height[part]).any() else np.nan
                for part in (standing, bottom))  # fmt: skip
    drop = top - low
    depth = (top - height) / drop if np.isfinite(drop) and drop > 0 else np.full(movement.n_frames, np.nan)
    return Phases(
        standing, bottom, np.arange(repetition.start, repetition.end + 1),
        np.arange(repetition.start, repetition.bottom + 1), depth,
    )  # fmt: skip


def all_phases(
    movement: Movement, repetitions: tuple[Repetition, ...], standing_seconds: float
) -> tuple[Phases, ...]:
    """Return the phases of every repetition."""
    return tuple(phases(movement, one, standing_seconds) for one in repetitions)
