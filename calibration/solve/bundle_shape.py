"""Joint refinement of cameras, board poses and the shape of the board: a few columns beside the reduced system.

The shape is a sum of given modes, displacements of the corners in the board's frame, with a Gaussian prior. Every view
shows it, so it stays with the cameras when the poses are eliminated.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.errors import SolverError
from calibration.solve.bundle import BundleCovariance, BundleProblem, determined_inverse, problem_cost, problem_system
from calibration.solve.bundle_system import (
    N_BODY,
    N_CAMERA,
    BundleState,
    NormalEquations,
    Views,
    moved,
    reduced_system,
)
from calibration.solve.view_jacobians import by_body, by_camera, view_misses

_MAX_STEPS = 100
_TOLERANCE = 1e-8  # relative decrease of the cost at which the refinement has converged
_FIRST_DAMPING = 1e-7
_LARGEST_DAMPING = 1e12


@dataclass(frozen=True, eq=False)
class ShapeModes:
    """How the corners of one target may be displaced.

    Attributes
    ----------
    target : int
        Which of the targets of the views.
    modes : ndarray, shape (corner, 3, mode)
        Displacement per unit of each coefficient, without any that a motion or another size would make.
    prior_sd : float
        Of each coefficient.
    """

    target: int
    modes: NDArray
    prior_sd: float


@dataclass(frozen=True, eq=False)
class ShapedResult:
    """Where the refinement ended.

    Attributes
    ----------
    state : BundleState
    problem : BundleProblem
        With the targets of the views in their new shape.
    coefficients : ndarray, shape (mode,)
    covariance : BundleCovariance
        Of the cameras, what the shape leaves open included. Of the poses, the shape counts as known.
    shape_covariance : ndarray, shape (mode, mode)
        Of the coefficients, what cameras and poses leave open included.
    steps : int
    """

    state: BundleState
    problem: BundleProblem
    coefficients: NDArray
    covariance: BundleCovariance
    shape_covariance: NDArray
    steps: int


@dataclass(frozen=True, eq=False)
class _ShapeColumns:
    """What the shape adds to the normal equations."""

    with_camera: NDArray  # (camera, 18, mode)
    with_body: NDArray  # (body, 6, mode)
    own: NDArray  # (mode, mode)
    gradient: NDArray  # (mode,)


def minimise_shape(problem: BundleProblem, start: BundleState, sigma: NDArray, shape: ShapeModes) -> ShapedResult:
    """Minimise the corner errors over cameras, poses and shape, from a flat board.

    Parameters
    ----------
    problem : BundleProblem
        Without a slide.
    start : BundleState
    sigma : ndarray, shape (camera,)
        Noise of one coordinate of a corner, px.
    shape : ShapeModes

    Raises
    ------
    SolverError
        SHAPE_NOT_CONVERGED, NOT_DETERMINED
    """
    flat = problem.views.targets
    state, coefficients, damping, growth = start, np.zeros(shape.modes.shape[2]), _FIRST_DAMPING, 2.0
    now = problem
    cost = problem_cost(now, state, sigma, None)
    for step in range(1, _MAX_STEPS + 1):
        try:
            trial, change = _step(now, state, sigma, shape, coefficients, damping)
        except np.linalg.LinAlgError:
            if damping > _LARGEST_DAMPING:
                break
            damping, growth = damping * growth, growth * 2.0
            continue
        bent = coefficients + change
        then = replace(problem, views=_bent(problem.views, flat, shape, bent))
        trial_cost = problem_cost(then, trial, sigma, None) + float((bent**2).sum()) / shape.prior_sd**2
        if not trial_cost < cost:
            if damping > _LARGEST_DAMPING or abs(trial_cost - cost) <= _TOLERANCE * cost:
                return shaped_result(now, state, sigma, shape, coefficients, step)
            damping, growth = damping * growth, growth * 2.0
            continue
        decrease, cost = cost - trial_cost, trial_cost
        state, coefficients, now = trial, bent, then
        damping, growth = max(0.1 * damping, 1e-14), 2.0
        if decrease <= _TOLERANCE * cost:
            return shaped_result(now, state, sigma, shape, coefficients, step)
    raise SolverError(
        "The joint refinement of cameras and board shape did not settle.",
        "Calibrate with a flat board, or show the board to several cameras at once, slanted both ways.",
        code="SHAPE_NOT_CONVERGED",
    )


def _bent(views: Views, flat: NDArray, shape: ShapeModes, coefficients: NDArray) -> Views:
    targets = flat.copy()
    targets[shape.target, : len(shape.modes)] += shape.modes @ coefficients
    return replace(views, targets=targets)


def _columns(problem: BundleProblem, state: BundleState, sigma: NDArray, shape: ShapeModes) -> _ShapeColumns:
    views, n_modes, n = problem.views, shape.modes.shape[2], len(shape.modes)
    misses = view_misses(state, views)
    weight = np.where(views.body_target[views.body] == shape.target, 1.0 / sigma[views.camera] ** 2, 0.0)
    bend = misses.by_point[:, :n] @ shape.modes
    heavy = bend * weight[:, None, None, None]
    with_body, motion = np.zeros((views.n_bodies, N_BODY, n_modes)), by_body(views, misses)[:, :n]
    n_views = len(views.camera)
    turned = motion.reshape(n_views, -1, N_BODY).swapaxes(1, 2)
    np.add.at(with_body, views.body, turned @ heavy.reshape(n_views, -1, n_modes))
    with_camera = np.zeros((views.n_cameras, N_CAMERA, n_modes))
    for camera in range(views.n_cameras):
        rows, jacobian = by_camera(state, views, camera)
        with_camera[camera] = jacobian[:, :n].reshape(-1, N_CAMERA).T @ heavy[rows].reshape(-1, n_modes)
    flat = heavy.reshape(-1, n_modes).T
    return _ShapeColumns(with_camera, with_body, flat @ bend.reshape(-1, n_modes), flat @ misses.miss[:, :n].ravel())


def _bordered(
    system: NormalEquations, columns: _ShapeColumns, free: NDArray, damping: float, prior_sd: float
) -> tuple[NDArray, NDArray, NDArray]:
    """Matrix and gradient of free camera parameters and shape, and the inverses of the bodies' blocks."""
    matrix, gradient, body_inverse = reduced_system(system, free, damping)
    views = system.views
    n_modes = len(columns.gradient)
    solved = body_inverse @ columns.with_body  # (body, 6, mode)
    side = columns.with_camera.copy()
    np.subtract.at(side, views.camera, system.coupling @ solved[views.body])
    own = columns.own + np.eye(n_modes) / prior_sd**2
    own = own * (1.0 + damping * np.eye(n_modes)) - np.einsum("bim,bik->mk", columns.with_body, solved)
    pull = columns.gradient - np.einsum("bim,bi->m", solved, system.body_gradient)
    border = side[free]
    whole = np.block([[matrix, border], [border.T, own]])
    return whole, np.concatenate([gradient, pull]), body_inverse


def _step(
    problem: BundleProblem, state: BundleState, sigma: NDArray, shape: ShapeModes, coefficients: NDArray, damping: float
) -> tuple[BundleState, NDArray]:
    """Return the state after a damped step, and the change of the coefficients."""
    system = problem_system(problem, state, sigma, None)
    columns = _columns(problem, state, sigma, shape)
    columns = replace(columns, gradient=columns.gradient + coefficients / shape.prior_sd**2)
    matrix, gradient, body_inverse = _bordered(system, columns, problem.free, damping, shape.prior_sd)
    spread = np.diagonal(matrix)
    if not (np.isfinite(matrix).all() and (spread > 0).all()):
        raise np.linalg.LinAlgError("not determined")
    scale = 1.0 / np.sqrt(spread)
    step = -scale * np.linalg.solve(matrix * scale * scale[:, None], gradient * scale)
    n_free = int(problem.free.sum())
    camera_step = np.zeros(problem.free.shape)
    camera_step[problem.free] = step[:n_free]
    views, change = problem.views, step[n_free:]
    pull = system.body_gradient + columns.with_body @ change
    np.add.at(pull, views.body, np.einsum("vij,vi->vj", system.coupling, camera_step[views.camera]))
    body_step = -np.einsum("bij,bj->bi", body_inverse, pull)
    return moved(state, camera_step, body_step), change


def shaped_result(
    problem: BundleProblem, state: BundleState, sigma: NDArray, shape: ShapeModes, coefficients: NDArray, steps: int
) -> ShapedResult:
    """Return an answer with its covariance, first order.

    Parameters
    ----------
    problem : BundleProblem
        Its views with the bent targets; what is free in it is uncertain.
    state : BundleState
    sigma : ndarray, shape (camera,)
    shape : ShapeModes
    coefficients : ndarray, shape (mode,)
    steps : int

    Raises
    ------
    SolverError
        NOT_DETERMINED
    """
    system = problem_system(problem, state, sigma, None)
    columns = _columns(problem, state, sigma, shape)
    matrix, _, body_inverse = _bordered(system, columns, problem.free, 0.0, shape.prior_sd)
    whole = determined_inverse(matrix)
    chosen, n_free = np.flatnonzero(problem.free), int(problem.free.sum())
    camera = np.zeros((problem.free.size, problem.free.size))
    camera[np.ix_(chosen, chosen)] = whole[:n_free, :n_free]
    covariance = BundleCovariance(camera, body_inverse, problem.views, system.coupling)
    return ShapedResult(state, problem, coefficients, covariance, whole[n_free:, n_free:], steps)
