"""Residuals of one view that share a pattern: a shift, a turn, a shear in the image.

They are no noise of corners: shifts in time, a bent board, a lens of another kind and rolling shutters make them. How
much of the residuals is of that kind decides what a better recording needs, and how far stated intervals that presume
independent corners can be trusted.
"""

from dataclasses import dataclass

import numpy as np

from calibration.solve.bundle_views import BundleState, Views
from calibration.solve.view_jacobians import points_of_views, view_misses

_PATTERN = 6  # of an affine map of the image: freedoms of a pattern that a view's residuals share


@dataclass(frozen=True, eq=False)
class ViewPatterns:
    """How residuals part into noise of corners and patterns that whole views share.

    Attributes
    ----------
    corner_px : float
        Noise of one coordinate of a corner about the pattern of its view; NaN where views are too small to tell.
    view_px : float
        RMS, in a coordinate, of the patterns beyond what that noise makes; 0 where it makes them all.
    excess : float
        Variance of the patterns over what the noise makes.
    """

    corner_px: float
    view_px: float
    excess: float


def view_patterns(state: BundleState, views: Views) -> ViewPatterns:
    """Part residuals into noise and patterns by an affine fit to each view.

    Parameters
    ----------
    state : BundleState
        Refined.
    views : Views
        The corners that count.
    """
    misses = view_misses(state, views).miss
    points = points_of_views(views, np.arange(len(views.camera)))
    counts = views.seen.sum(axis=1)
    enough = counts >= _PATTERN // 2 + 1
    seen = views.seen[enough]
    # Rows of corners that were not seen are 0: they span nothing.
    columns = np.concatenate([np.ones((*seen.shape, 1)), points[enough]], axis=2) * seen[..., None]
    basis, spread, _ = np.linalg.svd(columns, full_matrices=False)
    spans = spread > 1e-9 * spread[:, :1]
    basis, miss = basis * spans[:, None], misses[enough] * seen[..., None]
    shared = basis @ (basis.swapaxes(1, 2) @ miss)
    noise, pattern = float(((miss - shared) ** 2).sum()), float((shared**2).sum())
    corners, of_patterns = int(counts[enough].sum()), 2 * int(spans.sum())
    freedom = 2 * corners - of_patterns
    bodies = len(np.unique(views.body[views.seen.any(axis=1)]))
    # Every body's pose has taken six of the patterns' freedoms.
    left = of_patterns - 6 * bodies
    if freedom < 1 or left < 1:
        return ViewPatterns(float("nan"), 0.0, 1.0)
    variance = noise / freedom
    excess = pattern / left / max(variance, 1e-300)
    beyond = max(pattern - left * variance, 0.0) / (2 * corners)
    return ViewPatterns(float(np.sqrt(variance)), float(np.sqrt(beyond)), float(excess))
