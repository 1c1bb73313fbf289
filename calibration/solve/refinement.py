"""The rounds that make the joint refinement robust without a loss of precision on clean data.

Plain least squares first: a robust loss from a bad start stops at a bad answer with a success status. Then the
noise of each camera is estimated, a Cauchy loss finds what does not belong, that is left out by name, and plain
least squares over the rest give the answer. On clean data, whose residuals look Gaussian to the last one, nothing
would be left out, the Cauchy rounds are spared, and the answer is the maximum-likelihood one.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.errors import SolverError
from calibration.solve.bundle import BundleProblem, minimise
from calibration.solve.bundle_system import BundleState, Views, squared_errors
from calibration.views import usable_views

CAUCHY_SCALE = 3.0
REJECT_SIGMAS = 12.0  # generous: a late camera's corners are off by many sigmas and still carry geometry
_ROUNDS = 3
_CLEAN_SIGMAS = 7.0  # of a million corners of Gaussian noise none lies beyond
_CLEAN_SPREAD = 1.1  # mean square over that which the median of Gaussian noise implies
_ROUGH = 1e-5  # tolerance of the rounds before the last ones
_FAR_START_PX = 30.0
_FAR_START_MEDIANS = 8.0
_SIGMA_FLOOR_PX = 1e-6  # below this, residuals are rounding and no noise
_SIGMA_RATIO = 1.4
_MEDIAN_SD = 0.5 / np.log(2.0)  # of a sigma from the median distance, relative, times the root of the number
_CHANCE_SDS = 2.0
_MEDIAN_OF_SQUARES = 2 * np.log(2.0)  # of a squared distance in the plane, in units of sigma²


@dataclass(frozen=True, eq=False)
class Refinement:
    """The refined state and what it rests on.

    Attributes
    ----------
    state : BundleState
    problem : BundleProblem
        With the views that were kept.
    sigma : ndarray, shape (camera,)
        Noise of one coordinate of a corner, px.
    every_view : Views
        All views that were given.
    kept : ndarray of bool, shape (view, corner)
        Over `every_view`: corners that the answer rests on.
    placed : ndarray of bool, shape (frame,)
        Frames whose board pose the answer fixes.
    steps : int
    converged : bool
    """

    state: BundleState
    problem: BundleProblem
    sigma: NDArray
    every_view: Views
    kept: NDArray
    placed: NDArray
    steps: int
    converged: bool


def refine(problem: BundleProblem, start: BundleState) -> Refinement:
    """Refine cameras and boards from `start`, leaving out corners that belong to no consistent answer.

    Parameters
    ----------
    problem : BundleProblem
    start : BundleState

    Returns
    -------
    Refinement

    Raises
    ------
    SolverError
        START_NOT_FINITE when not even the plausible views lie in front of their cameras; NOT_CONVERGED when the
        answer is not at the bottom.
    """
    near = _near_views(problem, start)
    first = minimise(_with(problem, near), start, np.ones(problem.views.n_cameras), tolerance=_ROUGH)
    # Views far off at a poor start may fit once the cameras stand better.
    close = _with(problem, _near_views(problem, first.state))
    ratio = _ratios(noise_per_camera(close, first.state), close)
    state, steps = first.state, 0
    sigma = ratio * _scale(close, state, ratio)
    if not _is_gaussian(problem, state, sigma):
        state, sigma, steps = _robust_rounds(close, state, ratio)
    fitting = fitting_corners(problem, state, sigma)
    for _ in range(_ROUNDS):
        kept, final = fitting, _with(problem, fitting)
        result = minimise(final, state, sigma)
        state, steps = result.state, steps + result.steps
        # What wrong corners had pulled away may fit again, and what they had covered may show.
        fitting = fitting_corners(problem, state, sigma)
        if np.array_equal(kept, fitting):
            break
    if not result.converged:
        raise SolverError(
            f"The joint refinement of the cameras was still moving after {result.steps} steps.",
            "Film the board slanted, near and far, where two cameras see it at once, or choose a lens model with "
            "fewer coefficients.",
            code="NOT_CONVERGED",
        )
    placed = np.zeros(len(start.world_from_board), dtype=bool)
    placed[problem.views.body[kept.any(axis=1)]] = True
    sigma = ratio * _scale(final, state, ratio)
    return Refinement(state, final, sigma, problem.views, kept, placed, first.steps + steps, result.converged)


def _robust_rounds(
    problem: BundleProblem, state: BundleState, ratio: NDArray
) -> tuple[BundleState, NDArray, int]:
    """Alternate between the Cauchy loss and the scale of the noise; return state, sigma (camera,) and steps."""
    scale, steps = _scale(problem, state, ratio), 0
    for _ in range(_ROUNDS):
        result = minimise(problem, state, ratio * scale, CAUCHY_SCALE, _ROUGH)
        before, scale = scale, _scale(problem, result.state, ratio)
        state, steps = result.state, steps + result.steps
        if np.isclose(before, scale, rtol=0.02):
            break
    return state, ratio * scale, steps


def _is_gaussian(problem: BundleProblem, state: BundleState, sigma: NDArray) -> bool:
    """Whether the residuals of all corners look like noise: none far out, and no more spread than their median says."""
    views = problem.views
    units = (squared_errors(state, views) / (sigma[views.camera] ** 2)[:, None])[views.seen]
    return bool(units.max() < _CLEAN_SIGMAS**2 and units.mean() < _CLEAN_SPREAD * np.median(units) / np.log(2.0))


def _with(problem: BundleProblem, seen: NDArray) -> BundleProblem:
    return replace(problem, views=problem.views.with_seen(seen))


def _near_views(problem: BundleProblem, state: BundleState) -> NDArray:
    """Corners, shape (view, corner), that are not hopelessly far from a state, nor are most others of their view."""
    squares = squared_errors(state, problem.views)
    errors = np.sqrt(_view_medians(squares, problem.views.seen))
    limit = max(_FAR_START_PX, _FAR_START_MEDIANS * float(np.median(errors)))
    # By the median: a corner far off speaks against itself, not against its view.
    near = problem.views.seen & (errors < limit)[:, None] & (squares < limit**2)
    return _keep_sound(problem.views, near)


def _view_medians(squares: NDArray, seen: NDArray) -> NDArray:
    """Lower median over the seen corners of each view, shape (view,); 0 where none was seen."""
    ordered = np.sort(np.where(seen, squares, np.inf), axis=1)
    n_seen = seen.sum(axis=1)
    middle = ordered[np.arange(len(seen)), np.maximum(n_seen - 1, 0) // 2]
    return np.where(n_seen > 0, middle, 0.0)


def fitting_corners(problem: BundleProblem, state: BundleState, sigma: NDArray) -> NDArray:
    """Return which corners, shape (view, corner), agree with a state; a view most of which does not, goes whole."""
    views = problem.views
    limit = (REJECT_SIGMAS * sigma[views.camera]) ** 2
    fits = views.seen & (squared_errors(state, views) < limit[:, None])
    return _keep_sound(views, fits & (2 * fits.sum(axis=1) > views.seen.sum(axis=1))[:, None])


def _keep_sound(views: Views, seen: NDArray) -> NDArray:
    """Drop what remains of bodies that no single view fixes any more."""
    sound = np.zeros(views.n_bodies, dtype=bool)
    kinds = views.body_target[views.body]
    for kind, corners in enumerate(views.targets):
        rows = np.flatnonzero(kinds == kind)
        sound[views.body[rows[usable_views(seen[rows], corners)]]] = True
    return seen & sound[views.body, None]


def noise_per_camera(problem: BundleProblem, state: BundleState, besides: NDArray | None = None) -> NDArray:
    """Return each camera's noise of one coordinate of a corner, shape (camera,), in px.

    From the median distance, corrected for what lenses and board poses have absorbed, and for degrees of freedom
    taken `besides`, shape (camera,); never below a floor.
    """
    views = problem.views
    per_view = views.seen.sum(axis=1)
    per_body = np.maximum(np.bincount(views.body, per_view, minlength=views.n_bodies), 1)
    squares = squared_errors(state, views)
    sigma = np.empty(views.n_cameras)
    for camera in range(views.n_cameras):
        own = views.camera == camera
        n_seen = per_view[own].sum()
        absorbed = problem.free[camera].sum() + 6.0 * (per_view[own] / per_body[views.body[own]]).sum()
        absorbed += 0.0 if besides is None else besides[camera]
        freedom = max(1.0 - absorbed / max(2.0 * n_seen, 1.0), 0.1)
        middle = np.median(squares[own][views.seen[own]]) if n_seen else 0.0
        sigma[camera] = np.sqrt(middle / _MEDIAN_OF_SQUARES / freedom)
    return np.maximum(sigma, _SIGMA_FLOOR_PX)


def _scale(problem: BundleProblem, state: BundleState, ratio: NDArray) -> float:
    """Noise of all cameras together, px, for given ratios between them."""
    total = _seen_per_camera(problem.views)
    return max(float(np.sqrt(total @ (noise_per_camera(problem, state) / ratio) ** 2 / total.sum())), _SIGMA_FLOOR_PX)


def _ratios(sigma: NDArray, problem: BundleProblem) -> NDArray:
    """Noise of each camera relative to all together, shape (camera,), at most a factor of 1.4 either way.

    Taken once, from equally weighted residuals, and not iterated: where the error is no independent noise but,
    say, timing, a camera that gains weight places the boards, looks better for it, and in the end decides alone.
    What chance explains is left out (a positive-part shrinkage): cameras that are alike weigh alike, exactly.
    """
    total = _seen_per_camera(problem.views)
    pooled = np.sqrt(total @ sigma**2 / total.sum())
    apart = np.log(np.maximum(sigma / pooled, 1e-12))
    chance = _CHANCE_SDS * _MEDIAN_SD / np.sqrt(np.maximum(total, 1))
    apart *= np.maximum(1.0 - (chance / np.maximum(np.abs(apart), chance)) ** 2, 0.0)
    return np.clip(np.exp(apart), 1.0 / _SIGMA_RATIO, _SIGMA_RATIO)


def _seen_per_camera(views: Views) -> NDArray:
    return np.bincount(views.camera, views.seen.sum(axis=1), minlength=views.n_cameras)
