"""When and where feet stand flat, told by their markers alone and whichever way the vertical points."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STILL_M_S = 0.1
"""Of every marker of a foot that stands: mid-stance of recorded walks has 0.02 to 0.08, swing 1 to 4."""
SHORTEST_S = 0.08
_WINDOW_S = 0.1
_MOST_FRAMES = 500
_FOREFOOT = ("MT2", "TOE", "BTOE", "HALLUX", "MT1", "STOE", "MT5")


@dataclass(frozen=True, eq=False)
class Contact:
    """One foot that stands still.

    Attributes
    ----------
    side : str
        `R` or `L`.
    place : ndarray, shape (3,)
        Middle of the foot's markers, ISB-turned world (Y up), m.
    forward : ndarray, shape (3,)
        From the heel to the middle of the forefoot's markers, m.
    """

    side: str
    place: NDArray
    forward: NDArray

    @property
    def pitch(self) -> float:
        """Elevation of the foot's line, rad; markers at unlike heights above the sole add to it."""
        return float(np.arctan2(self.forward[1], np.hypot(self.forward[0], self.forward[2])))


def foot_markers(names: set[str]) -> dict[str, tuple[str, ...]]:
    """Return, by side, the heel and what there is of the forefoot, among the named points; sides without are left out.

    The same markers have to be asked of two recordings that are compared.
    """
    found = {}
    for side in "RL":
        forefoot = tuple(side + name for name in _FOREFOOT if side + name in names)
        if f"{side}HEEL" in names and forefoot:
            found[side] = (f"{side}HEEL", *forefoot)
    return found


def foot_contacts(
    points: Mapping[str, NDArray], rate_hz: float, markers: Mapping[str, tuple[str, ...]]
) -> list[Contact]:
    """Return every time that a foot stands, all its markers slower than 0.1 m/s for 0.08 s or more.

    Parameters
    ----------
    points : mapping of str to ndarray, shape (time, 3)
        ISB-turned world (Y up), m.
    rate_hz : float
    markers : mapping of str to tuple of str
        Of `foot_markers`.
    """
    found = []
    for side, names in markers.items():
        paths = [points[name] for name in names]
        still = _still(paths, rate_hz)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], still.astype(int), [0]])))
        for start, stop in zip(edges[::2], edges[1::2], strict=True):
            if stop - start >= max(2.0, SHORTEST_S * rate_hz):
                # Someone may stand for minutes.
                frames = slice(start, stop, max(1, (stop - start) // _MOST_FRAMES))
                found.append(_contact(side, np.stack([path[frames] for path in paths], axis=1)))
    return found


def standing_contacts(quiet: Mapping[str, NDArray], markers: Mapping[str, tuple[str, ...]]) -> list[Contact]:
    """Return the feet of someone who stands quietly in all the given frames, one contact a side that is seen."""
    stacked = ((side, np.stack([quiet[name] for name in names], axis=1)) for side, names in markers.items())
    return [_contact(side, seen) for side, seen in stacked if np.isfinite(seen).all(axis=(1, 2)).any()]


def _contact(side: str, seen: NDArray) -> Contact:
    """Return the contact of markers, shape (time, marker, 3), the heel first."""
    whole = seen[np.isfinite(seen).all(axis=(1, 2))]
    markers = np.median(whole, axis=0)
    return Contact(side, markers.mean(axis=0), markers[1:].mean(axis=0) - markers[0])


def _still(paths: Sequence[NDArray], rate_hz: float) -> NDArray:
    """Return which frames, shape (time,), have every marker slow and seen; none of what is shorter than the window."""
    n_frames, half = len(paths[0]), max(1, round(_WINDOW_S * rate_hz / 2.0))
    still = np.zeros(n_frames, bool)
    if n_frames <= 2 * half:
        return still
    slow, seen = np.ones(n_frames - 2 * half, bool), np.ones(n_frames, bool)
    limit = (STILL_M_S * 2 * half / rate_hz) ** 2
    for path in paths:
        squares = np.zeros(len(slow))
        for row in path.T:
            step = row[2 * half :] - row[: -2 * half]
            squares += step * step
            seen &= np.isfinite(row)
        with np.errstate(invalid="ignore"):
            slow &= squares < limit  # NaN is not
    still[half:-half] = slow
    still[:half], still[-half:] = slow[0], slow[-1]
    return still & seen
