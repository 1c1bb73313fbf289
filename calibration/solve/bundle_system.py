"""The linear algebra of the joint refinement: residuals, normal equations, and the reduced camera system.

Parameters of a camera, in this order: fx, fy, cx, cy and eight lens coefficients (k1 k2 p1 p2 k3 k4 k5 k6, or for
a fisheye k1 k2 k3 k4 and four unused), then three rotations and three translations of a small motion applied in
the camera's own frame. Parameters of a body (a board, a wand, a point; one per moment): a small motion applied in
the body's own frame. Small motions keep every Jacobian polynomial in known points and free of singular angles.

Each residual touches one camera and one body, so the bodies are eliminated by a Schur complement and what is left
is at most 18 unknowns a camera. Source: Triggs et al., "Bundle adjustment: a modern synthesis", 2000.
"""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.rigid import from_rotvec
from calibration.solve import bundle_kernels, schur_kernels
from calibration.solve.bundle_kernels import N_BODY, N_CAMERA, N_LENS
from calibration.solve.bundle_views import BundleState, Views, board_views, joined_views

__all__ = ["N_BODY", "N_CAMERA", "N_LENS", "BundleState", "Views", "board_views", "joined_views"]

# A wand may turn about its own line and a point about itself, and no camera sees it: a precision that holds them
# where they are, as a share of the largest of the body's own. Cameras do not feel it.
_LOOSE = 1e-9
_KERNELS: Any = bundle_kernels  # their decorators are not typed


@dataclass(frozen=True, eq=False)
class NormalEquations:
    """Gauss-Newton system in blocks.

    Attributes
    ----------
    camera : ndarray, shape (camera, 18, 18)
    camera_gradient : ndarray, shape (camera, 18)
    body : ndarray, shape (body, 6, 6)
    body_gradient : ndarray, shape (body, 6)
    coupling : ndarray, shape (view, 18, 6)
    views : Views
    """

    camera: NDArray
    camera_gradient: NDArray
    body: NDArray
    body_gradient: NDArray
    coupling: NDArray
    views: Views


def lens_coefficients(lens: NDArray, fisheye: bool) -> NDArray:
    """Return OpenCV's coefficients, shape (8,), or (4,) for a fisheye, of one row of `BundleState.lenses`."""
    return lens[4:8] if fisheye else lens[4:12]


def _arguments(state: BundleState, views: Views) -> tuple[NDArray, ...]:
    return (
        np.ascontiguousarray(state.lenses, float), views.fisheye, np.ascontiguousarray(state.cam_from_world, float),
        np.ascontiguousarray(state.world_from_board, float), views.targets, views.body_target, views.camera,
        views.body, views.pixels, views.seen, np.searchsorted(views.body, views.body_chunks()),
    )  # fmt: skip


def threads() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _in_threads(work: Callable[[int, int], object], n_chunks: int) -> None:
    """Call `work(first, last)` on spans of chunks at once."""
    ends = np.linspace(0, n_chunks, min(threads(), n_chunks) + 1).astype(int).tolist()
    others = [threading.Thread(target=work, args=span) for span in pairwise(ends[1:])]
    for other in others:
        other.start()
    work(ends[0], ends[1])
    for other in others:
        other.join()


def squared_errors(state: BundleState, views: Views) -> NDArray:
    """Return the squared distance from pixel to model, shape (view, corner), in px².

    0 where not seen; infinite for a seen corner that is not in front of its camera.
    """
    errors, arguments = np.empty(views.seen.shape), _arguments(state, views)
    _in_threads(
        lambda first, last: _KERNELS.residual_squares(*arguments, first, last, errors), len(arguments[-1]) - 1
    )
    return errors


def data_cost(state: BundleState, views: Views, sigma: NDArray, robust_scale: float | None) -> float:
    """Return the sum of squared (or with a scale: Cauchy) errors in units of sigma, shape (camera,) in px."""
    arguments, weights = _arguments(state, views), _weights(sigma, robust_scale)
    sums = np.zeros(len(arguments[-1]) - 1)
    _in_threads(lambda first, last: _KERNELS.robust_cost(*arguments, first, last, *weights, sums), len(sums))
    return float(sums.sum())


def _weights(sigma: NDArray, robust_scale: float | None) -> tuple[NDArray, float]:
    return 1.0 / np.asarray(sigma, float) ** 2, 0.0 if robust_scale is None else float(robust_scale) ** 2


def normal_equations(
    state: BundleState,
    views: Views,
    sigma: NDArray,
    robust_scale: float | None = None,
    used: NDArray | None = None,
) -> NormalEquations:
    """Sum weighted Jacobians over all corners.

    Parameters
    ----------
    sigma : ndarray, shape (camera,)
        Noise of one coordinate of a corner, px.
    robust_scale : float, optional
        Scale of the Cauchy loss in units of sigma.
    used : ndarray of bool, shape (12,), optional
        Lens parameters that any camera moves; what belongs to the others is left 0, and saves time.
    """
    arguments, n_chunks = _arguments(state, views), len(views.body_chunks()) - 1
    sums = np.zeros((n_chunks, views.n_cameras, N_CAMERA, N_CAMERA + 1))
    body, body_gradient = np.zeros((views.n_bodies, N_BODY, N_BODY)), np.zeros((views.n_bodies, N_BODY))
    coupling = np.zeros((len(views.camera), N_CAMERA, N_BODY))
    rows = np.concatenate([np.arange(N_LENS) if used is None else np.flatnonzero(used), np.arange(N_LENS, 19)])
    rows = np.concatenate([rows, np.full(-len(rows) % 4, 19)])
    weights = _weights(sigma, robust_scale)
    _in_threads(
        lambda first, last: _KERNELS.normal_equations(
            *arguments, first, last, *weights, rows, sums, body, body_gradient, coupling
        ),
        n_chunks,
    )
    total = sums.sum(axis=0)
    index = np.arange(N_BODY)
    loose = np.flatnonzero(_loose_targets(views.targets)[views.body_target])
    body[loose[:, None], index, index] += _LOOSE * body[loose].max(axis=(1, 2), initial=0.0)[:, None]
    camera = np.ascontiguousarray(total[..., :N_CAMERA])
    return NormalEquations(camera, total[..., N_CAMERA], body, body_gradient, coupling, views)


def _loose_targets(targets: NDArray) -> NDArray[np.bool_]:
    """Which targets leave a rotation open: points on one line, or a single one."""
    spread = np.linalg.svd(targets - targets.mean(axis=1, keepdims=True), compute_uv=False)
    straight = spread[:, 1] <= 1e-9 * np.maximum(spread[:, 0], 1e-300) if spread.shape[1] > 1 else True
    return np.broadcast_to(straight, len(targets))


def reduced_system(system: NormalEquations, free: NDArray, damping: float) -> tuple[NDArray, NDArray, NDArray]:
    """Eliminate the bodies.

    Parameters
    ----------
    free : ndarray of bool, shape (camera, 18)
        Which camera parameters move.
    damping : float
        Levenberg-Marquardt factor on every diagonal.

    Returns
    -------
    matrix : ndarray, shape (free, free)
    gradient : ndarray, shape (free,)
    body_inverse : ndarray, shape (body, 6, 6)
        Inverse of the damped blocks of the bodies.

    Raises
    ------
    numpy.linalg.LinAlgError
        When a body's block is singular.
    """
    views, cuts = system.views, system.views.body_chunks()
    start = np.concatenate([[0], np.cumsum(free.sum(axis=1))])
    moving = np.argsort(~free, axis=1, kind="stable")  # the free ones of each camera first
    sums = np.zeros((len(cuts) - 1, start[-1], start[-1]))
    pulls, body_inverse = np.zeros((len(cuts) - 1, start[-1])), np.empty(system.body.shape)
    failed = []

    def work(first: int, last: int) -> None:
        bad = schur_kernels.eliminate(
            system.body, system.body_gradient, system.coupling, views.camera, views.body_starts(), moving, start,
            damping, cuts, first, last, sums, pulls, body_inverse,
        )  # fmt: skip
        if bad >= 0:
            failed.append(bad)

    _in_threads(work, len(cuts) - 1)
    if failed:
        raise np.linalg.LinAlgError(f"body {min(failed)} is not fixed by its views")
    upper = np.triu(sums.sum(axis=0))
    matrix = upper + np.triu(upper, 1).T
    for camera, block in enumerate(_damped(system.camera, damping)):
        own = slice(start[camera], start[camera + 1])
        matrix[own, own] += block[np.ix_(free[camera], free[camera])]
    return matrix, system.camera_gradient[free] + pulls.sum(axis=0), body_inverse


def _damped(blocks: NDArray, damping: float) -> NDArray:
    blocks = blocks.copy()
    index = np.arange(blocks.shape[-1])
    blocks[..., index, index] *= 1.0 + damping
    return blocks


def solve_step(system: NormalEquations, free: NDArray, damping: float) -> tuple[NDArray, NDArray]:
    """Return the damped step of the cameras, shape (camera, 18), and of the bodies, shape (body, 6).

    Raises
    ------
    numpy.linalg.LinAlgError
        When the system is singular.
    """
    matrix, gradient, body_inverse = reduced_system(system, free, damping)
    # Unknowns span px, rad, m and pure numbers: scaled to a unit diagonal before factoring.
    diagonal = np.diagonal(matrix)
    if (diagonal <= 0).any():
        raise np.linalg.LinAlgError("a camera parameter that no view shows")
    scale = 1.0 / np.sqrt(diagonal)
    answer = -gradient * scale
    if not schur_kernels.solve_positive(matrix * scale * scale[:, None], answer):
        raise np.linalg.LinAlgError("the cameras are not fixed by their views")
    camera_step = np.zeros(free.shape)
    camera_step[free] = answer * scale
    views, body_step = system.views, np.empty(system.body_gradient.shape)
    schur_kernels.substitute(
        body_inverse, system.body_gradient, system.coupling, views.camera, views.body_starts(), camera_step, 0,
        views.n_bodies, body_step,
    )  # fmt: skip
    return camera_step, body_step


def promised_decrease(
    system: NormalEquations, camera_step: NDArray, body_step: NDArray, damping: float
) -> float:
    """Return by how much the linearised cost falls along a damped step."""
    camera_bend = np.einsum("cii,ci->", system.camera, camera_step**2)
    body_bend = np.einsum("fii,fi->", system.body, body_step**2)
    slope = (system.camera_gradient * camera_step).sum() + (system.body_gradient * body_step).sum()
    return float(-slope + damping * (camera_bend + body_bend))


def moved(state: BundleState, camera_step: NDArray, body_step: NDArray) -> BundleState:
    """Apply a step: motions of cameras from the left, of bodies from the right."""
    return BundleState(
        state.lenses + camera_step[:, :N_LENS],
        from_rotvec(camera_step[:, 12:15], camera_step[:, 15:18]) @ state.cam_from_world,
        state.world_from_board @ from_rotvec(body_step[:, :3], body_step[:, 3:]),
    )
