"""Samples of motion files that no laboratory holds: a damaged number, not a marker."""

import numpy as np
from numpy.typing import NDArray

from calibration.digits import counted

_FARTHEST_M = 1000.0
# Twice a golf club's head: what leaves a trajectory and comes back to it faster than that was never a marker.
_FASTEST_M_PER_S = 100.0
_LEAST_JUMP_M = 0.3
_LONGEST_JUMP = 3  # frames


def without_far(positions: NDArray) -> tuple[NDArray, tuple[str, ...]]:
    """Take samples as missing that lie farther from the origin than any laboratory reaches, with a note.

    Parameters
    ----------
    positions : ndarray, shape (time, marker, 3)
        Metres.
    """
    with np.errstate(invalid="ignore"):
        far = (np.abs(positions) > _FARTHEST_M).any(axis=2)
    if not far.any():
        return positions, ()
    frame, marker = np.argwhere(far)[0]
    note = (f"{counted(int(far.sum()), 'sample')} more than 1 km from the origin taken as missing, the first in row "
            f"{frame + 1} of point {marker + 1}.")  # fmt: skip
    return np.where(far[..., None], np.nan, positions), (note,)


def without_jumps(positions: NDArray, rate_hz: float) -> tuple[NDArray, tuple[str, ...]]:
    """Take samples as missing that leave a trajectory for up to three frames faster than anything flies, with a note.

    Parameters
    ----------
    positions : ndarray, shape (time, marker, 3)
        Metres.
    rate_hz : float
    """
    least = max(_FASTEST_M_PER_S / rate_hz, _LEAST_JUMP_M)
    away = np.zeros(positions.shape[:2], bool)
    for length in range(1, _LONGEST_JUMP + 1):
        before, after = positions[: -length - 1], positions[length + 1 :]
        inner = [positions[place : len(positions) - length - 1 + place] for place in range(1, length + 1)]
        with np.errstate(invalid="ignore"):
            jumps = np.linalg.norm(after - before, axis=2) < (length + 1) * least
            for sample in inner:
                jumps &= np.linalg.norm(sample - before, axis=2) > least
                jumps &= np.linalg.norm(sample - after, axis=2) > least
        for place in range(1, length + 1):
            away[place : len(positions) - length - 1 + place] |= jumps
    if not away.any():
        return positions, ()
    frame, marker = np.argwhere(away)[0]
    note = (f"{counted(int(away.sum()), 'sample')} that jump away from the samples around taken as missing, the first "
            f"in row {frame + 1} of point {marker + 1}.")  # fmt: skip
    return np.where(away[..., None], np.nan, positions), (note,)
