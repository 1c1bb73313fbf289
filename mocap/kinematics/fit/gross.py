"""Samples and segments that the fitted body does not explain: what is left out, and what is told of the rest."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from mocap.kinematics.fit.result_kernels import distances

GROSS_SD = 8.0
"""A sample this far from the body, in its own sd with skin, is no skin: it is left out."""
FALSE_ALARM = 1e-6
"""How often a segment whose markers err as their sd says would be called implausible, per frame."""


def farthest_gross(residuals: NDArray, weights: NDArray) -> NDArray:
    """Return which sample of each frame, shape (time, marker), is the farthest off, where it is off by 8 sd or more.

    Parameters
    ----------
    residuals : ndarray, shape (time, marker, 3)
        m; NaN is missing.
    weights : ndarray, shape (time, marker, 3, 3)
        Inverse covariances with soft tissue, 1/m².
    """
    squares = _squares(residuals, weights)
    worst = squares.max(axis=1, keepdims=True)
    return (squares == worst) & (worst > GROSS_SD**2)


def implausible(residuals: NDArray, weights: NDArray, segment: NDArray, n_segments: int) -> NDArray:
    """Return the segments, shape (time, segment), that lie farther from their markers than these err.

    The sum of the squared distances of the markers of one segment, in units of their sd with soft tissue, against the
    chi-square distribution of as many coordinates. What the pose takes up of the errors makes the sum smaller, and is
    not counted: the check is on the safe side.
    """
    squares = _squares(residuals, weights)
    seen = np.isfinite(residuals[..., 0])
    found = np.zeros((len(residuals), n_segments), bool)
    for index in range(n_segments):
        of_it = segment == index
        count = seen[:, of_it].sum(axis=1)
        limits = np.array([np.inf, *chi2.isf(FALSE_ALARM, 3.0 * np.arange(1, of_it.sum() + 1))])
        found[:, index] = squares[:, of_it].sum(axis=1) > limits[count]
    return found


def _squares(residuals: NDArray, weights: NDArray) -> NDArray:
    squares = np.empty(residuals.shape[:2])
    distances(residuals, weights, squares)
    return squares


def counted(left_out: Mapping[str, NDArray]) -> str:
    """Return names and numbers of samples in words, the most first."""
    numbers = {name: int(flags.sum()) for name, flags in left_out.items() if flags.any()}
    ordered = sorted(numbers, key=lambda name: -numbers[name])
    return ", ".join(f"{name} {numbers[name]}" for name in ordered)
