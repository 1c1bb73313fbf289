"""Where in a descent a repetition has reached a part of its depth: the frame at which a tuck begins."""

import numpy as np
from numpy.typing import NDArray

from mocap.trial import Table


def standing_height(table: Table, row: int, height_m: NDArray, start: int, bottom: int) -> float:
    """Return the height of standing that the depth of a repetition is told from, m.

    It lies above the bottom by the depth that the assessment tells; where it tells none, it is that of the start.
    """
    told = float(table["depth"].values[row]) if table.has("depth") else np.nan
    return float(height_m[bottom] + told) if np.isfinite(told) else float(height_m[start])


def passed(height_m: NDArray, start: int, bottom: int, share: float, standing_m: float) -> int | None:
    """Return the last frame of a descent above a share of its depth below standing; None where it cannot be told."""
    part = height_m[start : bottom + 1]
    if len(part) < 2 or not np.isfinite([standing_m, part[-1]]).all():
        return None
    level = standing_m - share * (standing_m - part[-1])
    above = np.flatnonzero(part >= level)
    return start + int(above[-1]) if len(above) else None
