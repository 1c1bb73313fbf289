"""Similarity of curves as one number: the coefficient of multiple correlation."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Cmc:
    """A coefficient of multiple correlation.

    Attributes
    ----------
    value : float
        From 0 to 1; NaN where it is undefined.
    reason : str
        Why it is undefined; empty otherwise.
    """

    value: float
    reason: str = ""


def multiple_correlation(curves: NDArray) -> Cmc:
    """Return the coefficient of multiple correlation of curves that should be the same (Kadaba et al. 1989).

    The square root of 1 minus the variance about the mean curve over the variance about the grand mean, each with its
    degrees of freedom; with several groups (cycles) each about its own means, so that for two systems that saw the same
    cycles only the systems make the difference (Ferrari et al. 2010). It falls with the offset of the curves and rises
    with their range of motion (Roislien et al. 2012), so that it never stands without the differences in degrees.

    Parameters
    ----------
    curves : ndarray, shape (curve, time) or (group, curve, time)
        Two curves or more; times at which any curve of a group is NaN are left out for that group.

    Returns
    -------
    Cmc
        Undefined where the curves differ more than they move: the variance ratio exceeds 1.
    """
    groups = curves[None] if curves.ndim == 2 else curves
    within, total = 0.0, 0.0
    n_within, n_total = 0, 0
    for group in groups:
        known = group[:, np.isfinite(group).all(axis=0)]
        n_curves, n_times = known.shape
        if n_curves < 2 or n_times < 2:
            continue
        within += float(np.sum((known - known.mean(axis=0)) ** 2))
        total += float(np.sum((known - known.mean()) ** 2))
        n_within += n_times * (n_curves - 1)
        n_total += n_times * n_curves - 1
    if not n_total:
        return Cmc(float("nan"), "fewer than two common samples")
    if not total > 0:
        return Cmc(float("nan"), "nothing moves")
    ratio = (within / n_within) / (total / n_total)
    if ratio > 1:
        return Cmc(float("nan"), f"the curves differ more than they move (variance ratio {ratio:.3g} > 1)")
    return Cmc(float(np.sqrt(1 - ratio)))
