"""Several tests at once: p adjusted so that the chance of any false finding stays at alpha (Holm 1979)."""

import numpy as np
from numpy.typing import NDArray


def holm(p: NDArray) -> NDArray:
    """Return adjusted p, shape (test,); NaN, where there was no test, counts for none."""
    p = np.asarray(p, float)
    adjusted = np.full(len(p), np.nan)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return adjusted
