"""How far the errors of points are from independent, and what that does to the covariance of the cameras.

A detector's hip is off to the same side in every frame, and a wand's motion smears a whole stroke alike: a thousand
such errors average out no better than a few. Were the errors independent, the gradient that each group of them leaves
on the camera parameters at the answer would scatter as the normal matrix says. By how much it scatters more is how
much larger the variances are (the trace of the cluster-robust "sandwich" over that of the plain one; Liang and Zeger,
"Longitudinal data analysis using generalized linear models", 1986).
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from calibration.points.refinement import PointRefinement
from calibration.solve.bundle_system import N_LENS, Views, normal_equations

_LEAST_GROUPS = 4
_TIME_BLOCKS = 30


def variance_ratio(refinement: PointRefinement, camera_covariance: NDArray, group: NDArray) -> float:
    """Return by how much variances are larger than independent errors would leave them; 1 at least.

    Parameters
    ----------
    refinement : PointRefinement
    camera_covariance : ndarray, shape (camera * 18, camera * 18)
        As independent errors leave it.
    group : ndarray of int, shape (body,)
        Bodies whose errors may go together; independent of each other.
    """
    problem, state = refinement.problem, refinement.state
    views = problem.views
    free = problem.free.reshape(-1)
    covariance = camera_covariance[np.ix_(free, free)]
    groups = np.unique(group[np.unique(views.body[views.seen.any(axis=1)])])
    if len(groups) < _LEAST_GROUPS:
        return 1.0
    scatter = 0.0
    for own in groups:
        part = _rows(views, (group == own)[views.body])
        gradient = normal_equations(state, part, refinement.sigma).camera_gradient.reshape(-1)[free]
        scatter += float(gradient @ covariance @ gradient)
    # Directions that priors hold have no scatter, and count as little as the data decide of them.
    decided = free.sum() - float(np.einsum("ij,ji->", covariance, _prior_matrix(refinement)[np.ix_(free, free)]))
    return float(max(scatter / max(decided, 1.0), 1.0))


def _rows(views: Views, chosen: NDArray) -> Views:
    return replace(
        views, camera=views.camera[chosen], body=views.body[chosen], pixels=views.pixels[chosen],
        seen=views.seen[chosen],
    )  # fmt: skip


def _prior_matrix(refinement: PointRefinement) -> NDArray:
    """Precision of what was believed before, shape (camera * 18, camera * 18)."""
    problem = refinement.problem
    n, width = problem.free.shape
    answer = np.zeros((n, width, n, width))
    camera, lens = np.arange(n), np.arange(N_LENS)
    answer[camera[:, None], lens, camera[:, None], lens] = problem.prior.precision
    for one, other in ((0, 1), (1, 0)):
        answer[camera, one, camera, one] += problem.prior.aspect_precision
        answer[camera, one, camera, other] -= problem.prior.aspect_precision
    return answer.reshape(n * width, n * width)


def groups_of_points(n_frames: int, exchanged: NDArray) -> NDArray:
    """Return the group of each body where each point of each frame is one: a keypoint with its other side, always."""
    pair = np.minimum(np.arange(len(exchanged)), exchanged)
    return np.tile(pair, n_frames)


def groups_of_frames(n_frames: int, n_points: int = 1) -> NDArray:
    """Return the group of each body, `n_points` in a frame: one of 30 stretches of the recording."""
    return np.repeat(np.arange(n_frames) * min(_TIME_BLOCKS, n_frames) // max(n_frames, 1), n_points)
