"""Joint refinement of lenses, camera poses and board poses over all views of all cameras.

Levenberg-Marquardt with analytic Jacobians on the Schur complement of the board poses (`bundle_system` holds the
algebra, `bundle_kernels` its hot loop, `refinement` the rounds that make it robust).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.errors import SolverError
from calibration.solve.bundle_slide import Slide, alone_views, best_shifts, slid_equations
from calibration.solve.bundle_system import (
    N_BODY,
    N_CAMERA,
    N_LENS,
    BundleState,
    NormalEquations,
    Views,
    data_cost,
    moved,
    normal_equations,
    promised_decrease,
    reduced_system,
    solve_step,
)

MAX_STEPS = 200
_TOLERANCE = 1e-7  # relative decrease of the cost at which the refinement has converged
# Little, because the start is good and some directions (focal length against distance) are soft: a thousand times as
# much keeps these from moving, and needs twice the steps.
_FIRST_DAMPING = 1e-7
_LARGEST_DAMPING = 1e12
_NEAR_BOTTOM = 0.01  # decrease of the cost, in units of sigma², that a converged answer may still have before it


@dataclass(frozen=True, eq=False)
class LensPrior:
    """What is known of lenses before any board was seen: keeps what the views cannot show near the ordinary.

    Gaussian; with enough views the data outweigh it by far. Zero precision means no opinion.

    Attributes
    ----------
    mean, precision : ndarray, shape (camera, 12)
        Of fx, fy, cx, cy and the coefficients; precision is 1 / sd², in the units of the parameter.
    aspect_precision : ndarray, shape (camera,)
        1 / sd² of fx - fy in px: sensors have square pixels.
    """

    mean: NDArray
    precision: NDArray
    aspect_precision: NDArray


@dataclass(frozen=True, eq=False)
class BundleProblem:
    """What the refinement is given besides a start.

    Attributes
    ----------
    views : Views
    free : ndarray of bool, shape (camera, 18)
        Camera parameters that move: 12 of the lens, 6 of the pose. One pose has to stay, or be held otherwise.
    prior : LensPrior
    slide : Slide, optional
        Along what each view may be off besides, as one taken late is.
    """

    views: Views
    free: NDArray
    prior: LensPrior
    slide: Slide | None = None


@dataclass(frozen=True, eq=False)
class BundleResult:
    """Where a minimisation ended.

    Attributes
    ----------
    state : BundleState
    steps : int
        Accepted and refused steps together.
    converged : bool
        Whether an undamped step promises next to nothing any more: at the bottom, not merely slow.
    """

    state: BundleState
    steps: int
    converged: bool


def minimise(
    problem: BundleProblem,
    start: BundleState,
    sigma: NDArray,
    robust_scale: float | None = None,
    tolerance: float = _TOLERANCE,
) -> BundleResult:
    """Minimise the corner errors from `start` by Levenberg-Marquardt.

    Parameters
    ----------
    problem : BundleProblem
    start : BundleState
        Every seen corner has to lie in front of its camera.
    sigma : ndarray, shape (camera,)
        Noise of one coordinate of a corner, px.
    robust_scale : float, optional
        Scale of a Cauchy loss in units of sigma; plain least squares without.
    tolerance : float
        Relative decrease of the cost at which the minimisation stops.

    Raises
    ------
    SolverError
        START_NOT_FINITE when a corner lies behind its camera.
    """
    state, damping, growth, steps = start, _FIRST_DAMPING, 2.0, 0
    cost = problem_cost(problem, state, sigma, robust_scale)
    if not np.isfinite(cost):
        raise SolverError(
            "The start of the refinement has a board behind a camera or is not finite.",
            "Check that all cameras filmed the same board at the same time.",
            code="START_NOT_FINITE",
        )
    system = problem_system(problem, state, sigma, robust_scale)
    while steps < MAX_STEPS:
        steps += 1
        trial, promised = _trial(system, state, problem.free, damping)
        trial_cost = problem_cost(problem, trial, sigma, robust_scale) if trial else np.inf
        if trial is None or not trial_cost < cost:
            damping, growth = damping * growth, growth * 2.0
            # No direction leads down any more, or only by rounding.
            if damping > _LARGEST_DAMPING or promised <= tolerance * cost:
                return BundleResult(state, steps, _at_bottom(system, problem.free, tolerance * cost))
            continue
        decrease = cost - trial_cost
        state, cost = trial, trial_cost
        if decrease <= tolerance * cost and promised <= 10 * tolerance * cost:
            # The little that was left has just been taken, unless damping had held back the soft directions.
            return BundleResult(state, steps, damping < 1e-3 or _at_bottom(system, problem.free, tolerance * cost))
        # Nielsen's rule, bolder: the better the model foretold the decrease, the more it is trusted.
        damping = max(damping * max(0.1, 1 - (2 * decrease / promised - 1) ** 3), 1e-14)
        growth = 2.0
        system = problem_system(problem, state, sigma, robust_scale)
    return BundleResult(state, steps, False)


def _at_bottom(system: NormalEquations, free: NDArray, little: float) -> bool:
    """Whether a step without damping would lower the cost by no more than what is statistically nothing."""
    try:
        camera_step, board_step = solve_step(system, free, 1e-14)
    except np.linalg.LinAlgError:
        return False
    return promised_decrease(system, camera_step, board_step, 1e-14) <= max(10 * little, _NEAR_BOTTOM)


def _trial(
    system: NormalEquations, state: BundleState, free: NDArray, damping: float
) -> tuple[BundleState | None, float]:
    """Return the state after a damped step, None when there is none, and the decrease of cost it promises."""
    try:
        camera_step, board_step = solve_step(system, free, damping)
    except np.linalg.LinAlgError:
        return None, np.inf
    if not (np.isfinite(camera_step).all() and np.isfinite(board_step).all()):
        return None, np.inf
    trial = moved(state, camera_step, board_step)
    return (trial if (trial.lenses[:, :2] > 0).all() else None), promised_decrease(
        system, camera_step, board_step, damping
    )


def problem_cost(problem: BundleProblem, state: BundleState, sigma: NDArray, scale: float | None) -> float:
    """Return what is minimised: squared errors in units of sigma (with a scale: Cauchy's loss), and the priors."""
    if problem.slide is None:
        return _prior_cost(problem.prior, state) + data_cost(state, problem.views, sigma, scale)
    best = best_shifts(problem.slide, state, problem.views, sigma)
    of_data = data_cost(best.state, alone_views(problem.views), sigma, scale)
    return _prior_cost(problem.prior, state) + of_data + best.cost(problem.slide, problem.views)


def _prior_cost(prior: LensPrior, state: BundleState) -> float:
    off = prior.precision * (state.lenses - prior.mean) ** 2
    aspect = prior.aspect_precision * (state.lenses[:, 0] - state.lenses[:, 1]) ** 2
    return float(off.sum() + aspect.sum())


def problem_system(problem: BundleProblem, state: BundleState, sigma: NDArray, scale: float | None) -> NormalEquations:
    """Return the Gauss-Newton system of `problem_cost`, halved."""
    used = np.asarray(problem.free[:, :N_LENS].any(axis=0))
    if problem.slide is None:
        system = normal_equations(state, problem.views, sigma, scale, used)
    else:
        system = slid_equations(problem.slide, state, problem.views, sigma, scale, used)
    prior, lens = problem.prior, np.arange(N_LENS)
    system.camera[:, lens, lens] += prior.precision
    system.camera_gradient[:, :N_LENS] += prior.precision * (state.lenses - prior.mean)
    pull = prior.aspect_precision * (state.lenses[:, 0] - state.lenses[:, 1])
    for one, other in ((0, 1), (1, 0)):
        system.camera[:, one, one] += prior.aspect_precision
        system.camera[:, one, other] -= prior.aspect_precision
        system.camera_gradient[:, one] += pull if one == 0 else -pull
    return system


def lens_and_pose_covariance(problem: BundleProblem, state: BundleState, sigma: NDArray) -> "BundleCovariance":
    """Return the first-order covariance of cameras and boards at the answer.

    Parameters
    ----------
    sigma : ndarray, shape (camera,)
        Noise of one coordinate of a corner, px.

    Raises
    ------
    SolverError
        NOT_DETERMINED
    """
    system = problem_system(problem, state, sigma, None)
    matrix, _, body_inverse = reduced_system(system, problem.free, 0.0)
    chosen = np.flatnonzero(problem.free)
    camera = np.zeros((problem.free.size, problem.free.size))
    camera[np.ix_(chosen, chosen)] = determined_inverse(matrix)
    return BundleCovariance(camera, body_inverse, problem.views, system.coupling)


def determined_inverse(matrix: NDArray) -> NDArray:
    """Return the inverse of an information matrix, shape (n, n), its parameters scaled to unit information.

    Raises
    ------
    SolverError
        NOT_DETERMINED
    """
    spread = np.diagonal(matrix)
    _check_determined(bool(np.isfinite(matrix).all() and (spread > 0).all()))
    scale = 1.0 / np.sqrt(spread)
    try:
        inverse = np.linalg.inv(matrix * scale * scale[:, None]) * scale * scale[:, None]
    except np.linalg.LinAlgError:
        inverse = np.full(matrix.shape, np.nan)
    _check_determined(bool((np.diagonal(inverse) >= 0).all()))
    return inverse


def _check_determined(well: bool) -> None:
    if not well:
        raise SolverError(
            "The views leave some camera undetermined: there is no smallest residual.",
            "Film the board slanted, near and far, where two cameras see it at once, or choose a lens model with "
            "fewer coefficients.",
            code="NOT_DETERMINED",
        )


@dataclass(frozen=True, eq=False)
class BundleCovariance:
    """First-order uncertainty of the answer, relative to the camera whose pose was held.

    Attributes
    ----------
    camera : ndarray, shape (camera * 18, camera * 18)
        Of all camera parameters, what the board poses leave open included; 0 where held.
    board_alone : ndarray, shape (frame, 6, 6)
        Of each board pose were the cameras known.
    views : Views
    coupling : ndarray, shape (view, 18, 6)
        Between the cameras and the boards, 1 / units².
    """

    camera: NDArray
    board_alone: NDArray
    views: Views
    coupling: NDArray

    def board_by_camera(self, boards: NDArray) -> NDArray:
        """Return how far boards follow (with opposite sign) when camera parameters move.

        Parameters
        ----------
        boards : ndarray of int, shape (chosen,)
            Rows of `board_alone`.

        Returns
        -------
        ndarray, shape (chosen, 6, camera * 18)
        """
        answer = np.zeros((len(boards), N_BODY, len(self.views.fisheye), N_CAMERA))
        for row, board in enumerate(boards):
            here = slice(*np.searchsorted(self.views.body, [board, board + 1]))
            pulled = self.board_alone[board] @ self.coupling[here].swapaxes(1, 2)
            answer[row][:, self.views.camera[here]] = pulled.swapaxes(0, 1)
        return answer.reshape(len(boards), N_BODY, -1)
