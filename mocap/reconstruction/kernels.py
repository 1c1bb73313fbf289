"""The compiled loop of robust triangulation: tiles of points, and one by one those whose views do not all agree.

Cameras and rays are laid out as `lens_kernels` and `tile_kernels` say. Callers run spans of points in threads (no
lock is held).
"""

import numpy as np
from numba import njit

from mocap.reconstruction.hard_kernels import (
    AMBIGUOUS,
    DISAGREE,
    MEASURED,
    MISSING,
    SETTLED,
    UNCERTAIN,
    linearise,
    misfit,
    solve_hard,
)
from mocap.reconstruction.lens_kernels import OPTIONS
from mocap.reconstruction.tile_kernels import (
    RAY_ROWS,
    SUM_ROWS,
    TILE,
    reproject_tile,
    step_tile,
    sum_linear,
    sum_linearised,
    undistort_tile,
)

__all__ = ["AMBIGUOUS", "DISAGREE", "IMPORTED_SHA256", "MEASURED", "MISSING", "UNCERTAIN", "triangulate_span"]

# The compiler's cache watches this file alone: a test holds this to the SHA-256 of the kernel files imported.
IMPORTED_SHA256 = "ab83e44e18d3c48a01490c306d8349e73467297e352acfa9ad31bac9cccadc48"
_TILE_STEPS = 2


@njit(**OPTIONS)
def _fit_tile(cams, rays, limit, points, sums, inverse, step):
    """Fit all views of every point of the tile: linear start, then Gauss-Newton."""
    points[:] = 0.0
    sum_linear(rays, cams, sums)
    step_tile(sums, points, inverse, step)
    for _ in range(_TILE_STEPS):
        sum_linearised(rays, cams, points, limit, sums)
        step_tile(sums, points, inverse, step)


@njit(**OPTIONS)
def _load_tile(start, count, held, pixels, confidence, min_confidence, weights, trust, observed, cams, rays):
    """Fill `observed`, (camera, 3 * TILE), with pixels and weights, and `rays` with what of them may be used."""
    keypoint, usable, steps = np.empty(TILE, np.int64), np.empty(3 * TILE), len(trust) - 1
    for p in range(count):
        keypoint[p] = (start + p) % weights.shape[0]
    for i in range(cams.shape[0]):
        observed[i, :] = np.nan
        usable[:] = np.nan
        for p in range(count):
            source = start - held + p
            observed[i, p], observed[i, TILE + p] = pixels[i, source, 0], pixels[i, source, 1]
            usable[p] = pixels[i, source, 0] if confidence[i, source] >= min_confidence else np.nan
            usable[TILE + p] = pixels[i, source, 1]
            # Confidence is in 0 to 1; where nothing was seen it may be anything, and the pixel is missing.
            place = min(max(int(confidence[i, source] * steps + 0.5), 0), steps)
            usable[2 * TILE + p] = weights[keypoint[p], i] * trust[place]
        undistort_tile(usable, cams[i], rays[i])


@njit(**OPTIONS)
def _solve_tile(cams, rays, count, limits, max_variance, points, inverse, factor, reason, chosen):
    """Solve all points of a tile: the fit of all views where it passes, the hard way where not."""
    n = cams.shape[0]
    views, lines, one = np.empty(n, np.int64), np.empty((n, 3)), np.empty(n, np.bool_)
    point, trial, normal, gradient, covariance = np.empty(3), np.empty(3), np.empty(6), np.empty(3), np.empty(6)
    sums, step = np.empty(SUM_ROWS * TILE), np.empty(TILE)
    _fit_tile(cams, rays, limits[0], points, sums, inverse, step)
    for p in range(count):
        total, n_views = sums[9 * TILE + p], 0
        for i in range(n):
            chosen[i, p] = rays[i, 6 * TILE + p] > 0.0
            n_views += chosen[i, p]
        passed = step[p] < SETTLED and sums[10 * TILE + p] == 0.0 and total < limits[2 + n_views]
        reason[p] = MEASURED if passed else DISAGREE
        if n_views < limits[1]:
            reason[p] = MISSING
        elif not passed:
            for axis in range(3):
                point[axis] = points[axis * TILE + p]
            reason[p] = solve_hard(
                cams, rays, p, step[p] < SETTLED, limits, views, lines, one, point, trial, normal, gradient, covariance
            )
            for i in range(n):
                chosen[i, p] = one[i]
            for axis in range(3):
                points[axis * TILE + p] = point[axis]
            for term in range(6):
                inverse[term * TILE + p] = covariance[term]
            total, n_views = misfit(cams, rays, p, one, point)
        if reason[p] == MEASURED:
            factor[p] = total / (2 * n_views - 3) if total > limits[3 + n + n_views] else 1.0
            trace = factor[p] * (inverse[p] + inverse[3 * TILE + p] + inverse[5 * TILE + p])
            reason[p] = MEASURED if trace <= max_variance else UNCERTAIN


@njit(**OPTIONS)
def _leverage(cam, ray, p, points, inverse, point, normal, gradient):
    """Share of an observation's two degrees of freedom that the point takes up."""
    for axis in range(3):
        point[axis] = points[axis * TILE + p]
    normal[:] = 0.0
    linearise(cam, ray, p, point, normal, gradient)
    total = 0.0
    for term in range(6):
        twice = 1.0 if term == 0 or term == 3 or term == 5 else 2.0
        total += twice * inverse[term * TILE + p] * normal[term]
    return total


@njit(**OPTIONS)
def triangulate_span(
    start, stop, held, pixels, confidence, min_confidence, cams, weights, trust, limits, max_variance,
    position, covariance, reason, used, error, freedom,
):
    """Triangulate the points from start to stop; C cameras, P points, K keypoints that take turns.

    Parameters
    ----------
    start, stop : int
        Span of points.
    held : int
        Which point comes first in `pixels` and `confidence`; the results hold all points.
    pixels : float64, shape (C, points held, 2)
        NaN is missing.
    confidence : float64, shape (C, points held)
        Observations with less than `min_confidence` are not used.
    cams : float64, shape (C, 28)
    weights : float64, shape (K, C)
        1 / sigma in 1/px.
    trust : float64, shape (N,)
        Factor of the weight by confidence, which goes from 0 to 1 in N - 1 equal steps.
    limits : float64, shape (2 + 2 (C + 1),)
        Truncation in sigma^2, least number of views; by number of views the cost below which the fit of all of them
        is accepted at once; and, again by number of views, the cost above which the covariance is widened by the cost
        per degree of freedom, for then a view that is not wrong enough to be left out has drawn the point.
    max_variance : float
        Largest trace of the covariance, m^2.
    position (P, 3), covariance (P, 3, 3), reason (P,), used (C, P), error (C, P), freedom (C, P) or (0, P)
        Results; come filled with NaN or False.
    """
    n = cams.shape[0]
    observed, rays = np.empty((n, 3 * TILE)), np.empty((n, RAY_ROWS * TILE))
    points, inverse, factor, distance = np.empty(3 * TILE), np.empty(6 * TILE), np.empty(TILE), np.empty(TILE)
    chosen, outcome = np.empty((n, TILE), np.bool_), np.empty(TILE, np.uint8)
    point, normal, gradient = np.empty(3), np.empty(6), np.empty(3)
    for first in range(start, stop, TILE):
        count = min(TILE, stop - first)
        _load_tile(first, count, held, pixels, confidence, min_confidence, weights, trust, observed, cams, rays)
        _solve_tile(cams, rays, count, limits, max_variance, points, inverse, factor, outcome, chosen)
        for i in range(n):
            reproject_tile(observed[i], cams[i], points, distance)
            for p in range(count):
                if outcome[p] == MEASURED:
                    used[i, first + p] = chosen[i, p]
                    error[i, first + p] = distance[p]
                    if chosen[i, p] and freedom.shape[0]:
                        taken = _leverage(cams[i], rays[i], p, points, inverse, point, normal, gradient)
                        freedom[i, first + p] = 2.0 - taken
        for p in range(count):
            reason[first + p] = outcome[p]
            if outcome[p] == MEASURED:
                for axis in range(3):
                    position[first + p, axis] = points[axis * TILE + p]
                for row, column, term in ((0, 0, 0), (0, 1, 1), (0, 2, 2), (1, 1, 3), (1, 2, 4), (2, 2, 5)):
                    covariance[first + p, row, column] = factor[p] * inverse[term * TILE + p]
                    covariance[first + p, column, row] = factor[p] * inverse[term * TILE + p]
