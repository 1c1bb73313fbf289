"""The rounds that make the joint refinement robust without a loss of precision on clean data.

Plain least squares first: a robust loss from a bad start stops at a bad answer with a success status. Then the
noise of each camera is estimated, a Cauchy loss finds what does not belong, that is left out by name, and plain
least squares over the rest give the answer. On clean data nothing is left out and the answer is the
maximum-likelihood one.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.bundle import BundleProblem, minimise
from calibration.bundle_system import BundleState, CameraViews, project_views
from calibration.placement import view_rms
from calibration.views import usable_views

CAUCHY_SCALE = 3.0
REJECT_SIGMAS = 12.0  # generous: a late camera's corners are off by many sigmas and still carry geometry
_ROUNDS = 3
_FAR_START_PX = 30.0
_FAR_START_MEDIANS = 8.0
_SIGMA_FLOOR_PX = 1e-6  # below this, residuals are rounding and no noise
_SIGMA_RATIO = 1.4


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
    every_view : list of CameraViews
        Per camera, all views that were given.
    kept : list of ndarray of bool, shape (view, corner)
        Per camera, over `every_view`: corners that the answer rests on.
    placed : ndarray of bool, shape (frame,)
        Frames whose board pose the answer fixes.
    steps : int
    converged : bool
    """

    state: BundleState
    problem: BundleProblem
    sigma: NDArray
    every_view: list[CameraViews]
    kept: list[NDArray]
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
        START_NOT_FINITE when not even the plausible views lie in front of their cameras.
    """
    near = _near_views(problem, start)
    first = minimise(_with(problem, near), start, np.ones(len(problem.views)))
    # Views far off at a poor start may fit once the cameras stand better.
    close = _with(problem, _near_views(problem, first.state))
    ratio = _ratios(noise_per_camera(close, first.state), close)
    state, sigma, steps = _robust_rounds(close, first.state, ratio)
    kept, fitting = [], _fitting(problem, state, sigma)
    for _ in range(_ROUNDS):
        kept, final = fitting, _with(problem, fitting)
        result = minimise(final, state, sigma)
        state, steps = result.state, steps + result.steps
        # What wrong corners had pulled away may fit again, and what they had covered may show.
        fitting = _fitting(problem, state, sigma)
        if all(np.array_equal(one, other) for one, other in zip(kept, fitting, strict=True)):
            break
    placed = np.zeros(len(start.world_from_board), dtype=bool)
    for views, keep in zip(problem.views, kept, strict=True):
        placed[views.frames] |= keep.any(axis=1)
    sigma = ratio * _scale(final, state, ratio)
    return Refinement(state, final, sigma, problem.views, kept, placed, first.steps + steps, result.converged)


def _robust_rounds(
    problem: BundleProblem, state: BundleState, ratio: NDArray
) -> tuple[BundleState, NDArray, int]:
    """Alternate between the Cauchy loss and the scale of the noise; return state, sigma (camera,) and steps."""
    scale, steps = _scale(problem, state, ratio), 0
    for _ in range(_ROUNDS):
        result = minimise(problem, state, ratio * scale, CAUCHY_SCALE)
        before, scale = scale, _scale(problem, result.state, ratio)
        state, steps = result.state, steps + result.steps
        if np.isclose(before, scale, rtol=0.02):
            break
    return state, ratio * scale, steps


def _with(problem: BundleProblem, seen: list[NDArray]) -> BundleProblem:
    views = [replace(view, seen=one) for view, one in zip(problem.views, seen, strict=True)]
    return replace(problem, views=views)


def _near_views(problem: BundleProblem, state: BundleState) -> list[NDArray]:
    """Corners, per camera (view, corner), of the views that are not hopelessly far from a state."""
    errors = view_rms(state, problem.views, problem.corners_board)
    limit = max(_FAR_START_PX, _FAR_START_MEDIANS * float(np.median(np.concatenate(errors))))
    return _keep_sound(
        problem, [views.seen & (one < limit)[:, None] for views, one in zip(problem.views, errors, strict=True)]
    )


def _fitting(problem: BundleProblem, state: BundleState, sigma: NDArray) -> list[NDArray]:
    """Which corners, per camera (view, corner), agree with a state; a view most of which does not, goes whole."""
    answer = []
    for camera, views in enumerate(problem.views):
        residuals, _ = project_views(state, camera, views, problem.corners_board)
        fits = views.seen & (np.hypot(residuals[..., 0], residuals[..., 1]) < REJECT_SIGMAS * sigma[camera])
        answer.append(fits & (2 * fits.sum(axis=1) > views.seen.sum(axis=1))[:, None])
    return _keep_sound(problem, answer)


def _keep_sound(problem: BundleProblem, seen: list[NDArray]) -> list[NDArray]:
    """Drop what remains of frames in which no single view fixes the pose of the board any more."""
    n_frames = max(int(views.frames.max(initial=-1)) for views in problem.views) + 1
    sound = np.zeros(n_frames, dtype=bool)
    for views, one in zip(problem.views, seen, strict=True):
        sound[views.frames] |= usable_views(one, problem.corners_board)
    return [one & sound[views.frames, None] for views, one in zip(problem.views, seen, strict=True)]


def noise_per_camera(problem: BundleProblem, state: BundleState) -> NDArray:
    """Return each camera's noise of one coordinate of a corner, shape (camera,), in px.

    From the median absolute residual, corrected for what lenses and board poses have absorbed; never below a floor.
    """
    seen_per_frame = np.zeros(len(state.world_from_board))
    for views in problem.views:
        seen_per_frame[views.frames] += views.seen.sum(axis=1)
    sigma = np.empty(len(problem.views))
    for camera, views in enumerate(problem.views):
        residuals, _ = project_views(state, camera, views, problem.corners_board)
        per_view = views.seen.sum(axis=1)
        absorbed = problem.free[camera].sum() + 6.0 * (per_view / np.maximum(seen_per_frame[views.frames], 1)).sum()
        freedom = max(1.0 - absorbed / max(2.0 * per_view.sum(), 1.0), 0.1)
        middle = np.median(np.abs(residuals[views.seen])) if per_view.any() else 0.0
        sigma[camera] = 1.4826 * middle / np.sqrt(freedom)
    return np.maximum(sigma, _SIGMA_FLOOR_PX)


def _scale(problem: BundleProblem, state: BundleState, ratio: NDArray) -> float:
    """Noise of all cameras together, px, for given ratios between them."""
    total = np.array([views.seen.sum() for views in problem.views])
    return max(float(np.sqrt(total @ (noise_per_camera(problem, state) / ratio) ** 2 / total.sum())), _SIGMA_FLOOR_PX)


def _ratios(sigma: NDArray, problem: BundleProblem) -> NDArray:
    """Noise of each camera relative to all together, shape (camera,), at most a factor of 1.4 either way.

    Taken once, from equally weighted residuals, and not iterated: where the error is no independent noise but,
    say, timing, a camera that gains weight places the boards, looks better for it, and in the end decides alone.
    """
    total = np.array([views.seen.sum() for views in problem.views])
    pooled = np.sqrt(total @ sigma**2 / total.sum())
    return np.clip(sigma / pooled, 1.0 / _SIGMA_RATIO, _SIGMA_RATIO)
