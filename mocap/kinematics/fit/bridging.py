"""Which poses a trial shows, which only the frames around a gap vouch for, and which nothing does."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SEEN_SD_RAD = float(np.deg2rad(12.0))
"""A turn that the markers of its frame leave looser than this (root of the sum over the axes) is not seen."""


@dataclass(frozen=True, eq=False)
class Shown:
    """State of one segment over time.

    Attributes
    ----------
    lost : ndarray of bool, shape (time,)
        Not observable.
    bridged : ndarray of bool, shape (time,)
        Held by the movement before and after alone.
    longest_s : float
        Longest gap, bridged or not, between two frames that show the segment.
    """

    lost: NDArray
    bridged: NDArray
    longest_s: float


def judge(spread_rad: NDArray, rate_hz: float, bridge_s: float, restless: NDArray | None = None) -> Shown:
    """Return what becomes of the frames of a segment.

    Parameters
    ----------
    spread_rad : ndarray, shape (time,)
        Sd of its turn by the markers of each frame alone.
    bridge_s : float
        Gaps up to this long are bridged; before the first and after the last frame that shows it, none is.
    restless : ndarray of bool, shape (time,), optional
        Frames that have no answer, whatever their markers.
    """
    seen = spread_rad <= SEEN_SD_RAD
    lost, bridged, longest = ~seen, np.zeros(len(seen), bool), 0.0
    for first, last in runs_of(~seen):
        inside = first > 0 and last < len(seen)
        length = (last - first) / rate_hz
        longest = max(longest, length if inside else 0.0)
        if inside and length <= bridge_s + 1e-9:
            bridged[first:last], lost[first:last] = True, False
    if restless is not None:
        lost, bridged = lost | restless, bridged & ~restless
    return Shown(lost, bridged, longest)


def runs_of(flags: NDArray) -> list[tuple[int, int]]:
    """Return first and one past last of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
