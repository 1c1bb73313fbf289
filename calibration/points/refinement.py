"""Joint refinement over single points and wands: the same solver as for boards, with rounds for noisier data.

Keypoints of a person are no corners: every twentieth is somewhere else altogether. So the Cauchy loss comes first,
each camera's noise is estimated from the median, what lies beyond 4.5 sigma is left out, and plain least squares
over the rest give the answer and its covariance.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.errors import SolverError
from calibration.points.bodies import body_freedom, supported
from calibration.solve.bundle import BundleProblem, minimise
from calibration.solve.bundle_system import BundleState, Views, squared_errors

_CAUCHY_SCALE = 2.0
_REJECT_SIGMAS = 4.5
_ROUNDS = 6
_ROUGH = 1e-4
_SETTLED = 0.01  # relative change of the noise
_FAR_MEDIANS = 15.0
_FAR_PX = 60.0
_SIGMA_FLOOR_PX = 1e-4
_LEAST_POINTS = 20
_SIGMA_RATIO = 1.5
_FEW = 1e-3  # of the points: as many may still come and go
_MEDIAN_OF_SQUARES = 2 * np.log(2.0)


@dataclass(frozen=True, eq=False)
class PointRefinement:
    """The refined state and what it rests on.

    Attributes
    ----------
    state : BundleState
    problem : BundleProblem
        With the views that were kept.
    sigma : ndarray, shape (camera,)
        Noise of one coordinate, px.
    every_view : Views
    kept : ndarray of bool, shape (view, corner)
        Over `every_view`.
    """

    state: BundleState
    problem: BundleProblem
    sigma: NDArray
    every_view: Views
    kept: NDArray

    def rms_px(self) -> NDArray:
        """Return the RMS distance from kept points to the model per camera, shape (camera,)."""
        views = self.problem.views
        squares = squared_errors(self.state, views).sum(axis=1)
        n = views.n_cameras
        count = np.bincount(views.camera, self.kept.sum(axis=1), minlength=n)
        return np.sqrt(np.bincount(views.camera, squares, minlength=n) / np.maximum(count, 1))


def refine_points(problem: BundleProblem, start: BundleState) -> PointRefinement:
    """Refine cameras and bodies from `start`.

    Raises
    ------
    SolverError
        START_NOT_FINITE, NOT_CONVERGED.
    """
    views = problem.views
    seen = _near(views, squared_errors(start, views))
    ones = np.ones(views.n_cameras)
    state, sigma = start, ones * common_noise(noise_of_points(_with(problem, seen), start), views, seen)
    for _ in range(_ROUNDS):
        state = minimise(_with(problem, seen), state, sigma, _CAUCHY_SCALE, _ROUGH).state
        # What a poor start had put far off, or behind a camera, may fit by now.
        seen = _near(views, squared_errors(state, views))
        each = noise_of_points(_with(problem, seen), state)
        before, sigma = sigma, ones * common_noise(each, views, seen)
        if (np.abs(sigma - before) <= _SETTLED * before).all():
            break
    # Taken once, from equal weights: a camera that gains weight places the points, looks better for it, and in the
    # end decides alone.
    ratio = np.clip(each / sigma, 1.0 / _SIGMA_RATIO, _SIGMA_RATIO)
    kept = _fitting(views, state, ratio * sigma)
    for _ in range(_ROUNDS):
        result = minimise(_with(problem, kept), state, ratio * sigma)
        state, before = result.state, kept
        sigma = ones * common_noise(noise_of_points(_with(problem, kept), state, mean=True) / ratio, views, kept)
        kept = _fitting(views, state, ratio * sigma)
        if (before != kept).sum() <= _FEW * kept.sum():
            break
    if not result.converged:
        raise SolverError(
            "The joint refinement of the cameras was still moving when it ended.",
            "Move through more of the volume, or give the lenses of the cameras.",
            code="NOT_CONVERGED",
        )
    return PointRefinement(state, _with(problem, before), ratio * sigma, views, before)


def common_noise(sigma: NDArray, views: Views, seen: NDArray) -> float:
    """Return the noise of all cameras together, px, each weighed by the points it saw."""
    count = np.maximum(np.bincount(views.camera, seen.sum(axis=1), minlength=views.n_cameras), 1)
    return max(float(np.sqrt(count @ sigma**2 / count.sum())), _SIGMA_FLOOR_PX)


def _with(problem: BundleProblem, seen: NDArray) -> BundleProblem:
    return replace(problem, views=problem.views.with_seen(seen))


def _near(views: Views, squares: NDArray) -> NDArray:
    there = views.seen & np.isfinite(squares)
    if not there.any():
        return there
    limit = max(_FAR_PX, _FAR_MEDIANS * float(np.sqrt(np.median(squares[there]))))
    return supported(views, there & (squares < limit**2))


def _fitting(views: Views, state: BundleState, sigma: NDArray) -> NDArray:
    squares = squared_errors(state, views)
    return supported(views, views.seen & (squares < (_REJECT_SIGMAS * sigma[views.camera, None]) ** 2))


def noise_of_points(problem: BundleProblem, state: BundleState, mean: bool = False) -> NDArray:
    """Return each camera's noise of one coordinate, shape (camera,), px.

    Corrected for what the bodies and the cameras have absorbed, which is much where each point is a body: with two
    views three of four coordinates. Cameras with too few points for an own estimate take the common one.

    Parameters
    ----------
    problem : BundleProblem
    state : BundleState
    mean : bool
        From the mean square, once outliers are gone; from the median, which they do not touch, otherwise.
    """
    views = problem.views
    n, per_view = views.n_cameras, views.seen.sum(axis=1)
    per_body = np.maximum(np.bincount(views.body, per_view, minlength=views.n_bodies), 1)
    # Each residual is scaled by what its own body leaves of it: points of two views and of eight lie side by side.
    absorbed = (body_freedom(views, views.seen) / (2.0 * per_body))[views.body]
    squares = squared_errors(state, views)
    scaled = squares / np.maximum(1.0 - absorbed, 0.05)[:, None]
    sigma = np.full(n, np.nan)
    for camera in range(n):
        own = views.camera == camera
        count, left = per_view[own].sum(), 2.0 * (per_view[own] * (1.0 - absorbed[own])).sum()
        if count < _LEAST_POINTS:
            continue
        lens = max(1.0 - problem.free[camera].sum() / max(left, 1.0), 0.1)
        if mean:
            square = float(squares[own].sum()) / max(left, 1.0)
        else:
            square = float(np.median(scaled[own][views.seen[own]])) / _MEDIAN_OF_SQUARES
        sigma[camera] = np.sqrt(square / lens)
    known = np.isfinite(sigma)
    common = float(np.sqrt(np.mean(sigma[known] ** 2))) if known.any() else _SIGMA_FLOOR_PX
    return np.maximum(np.where(known, sigma, common), _SIGMA_FLOOR_PX)
