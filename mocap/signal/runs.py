"""Runs of samples that have something in common."""

import numpy as np
from numpy.typing import NDArray


def runs(flags: NDArray) -> list[tuple[int, int]]:
    """Return the runs of True in a vector, as (start, stop) with stop exclusive."""
    edges = np.diff(np.concatenate([[False], np.asarray(flags, bool), [False]]).astype(np.int8))
    return list(zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True))
