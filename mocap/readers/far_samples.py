"""Samples of motion files that no laboratory holds: a damaged number, not a marker."""

import numpy as np
from numpy.typing import NDArray

from calibration.digits import counted

_FARTHEST_M = 1000.0


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
