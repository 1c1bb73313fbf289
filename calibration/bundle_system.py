"""The linear algebra of the joint refinement: views, residuals, normal equations, and the reduced camera system.

Parameters of a camera, in this order: fx, fy, cx, cy and eight lens coefficients (k1 k2 p1 p2 k3 k4 k5 k6, or for
a fisheye k1 k2 k3 k4 and four unused), then three rotations and three translations of a small motion applied in
the camera's own frame. Parameters of a body (a board, a wand, a point; one per moment): a small motion applied in
the body's own frame. Small motions keep every Jacobian polynomial in known points and free of singular angles.

Each residual touches one camera and one body, so the bodies are eliminated by a Schur complement and what is left
is at most 18 unknowns a camera. Source: Triggs et al., "Bundle adjustment: a modern synthesis", 2000.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration import bundle_kernels
from calibration.bundle_kernels import N_BODY, N_CAMERA, N_LENS
from calibration.rigid import from_rotvec

__all__ = ["N_BODY", "N_CAMERA", "N_LENS"]

_CHUNKS = 32  # fixed, so that sums do not depend on the number of threads
_DENSE_BYTES = 64e6
# A wand may turn about its own line and a point about itself, and no camera sees it: a precision that holds them
# where they are, as a share of the largest of the body's own. Cameras do not feel it.
_LOOSE = 1e-9


@dataclass(frozen=True, eq=False)
class BundleState:
    """Everything the refinement moves.

    Attributes
    ----------
    lenses : ndarray, shape (camera, 12)
        fx, fy, cx, cy in px, then k1 k2 p1 p2 k3 k4 k5 k6, or k1 k2 k3 k4 0 0 0 0 for a fisheye.
    cam_from_world : ndarray, shape (camera, 4, 4)
        Metres.
    world_from_board : ndarray, shape (body, 4, 4)
        Metres. Of one board, a body is a frame.
    """

    lenses: NDArray
    cam_from_world: NDArray
    world_from_board: NDArray


@dataclass(frozen=True, eq=False)
class Views:
    """What all cameras saw: one row per camera and body, sorted by body.

    Attributes
    ----------
    camera, body : ndarray of int, shape (view,)
    pixels : ndarray, shape (view, corner, 2)
        0 where not seen.
    seen : ndarray of bool, shape (view, corner)
    fisheye : ndarray of bool, shape (camera,)
    targets : ndarray, shape (target, corner, 3)
        Metres, in the frame of the body.
    body_target : ndarray of int, shape (body,)
        What each body is.
    """

    camera: NDArray
    body: NDArray
    pixels: NDArray
    seen: NDArray
    fisheye: NDArray
    targets: NDArray
    body_target: NDArray

    @property
    def n_cameras(self) -> int:
        """Number of cameras."""
        return len(self.fisheye)

    @property
    def n_bodies(self) -> int:
        """Number of bodies."""
        return len(self.body_target)

    def with_seen(self, seen: NDArray) -> "Views":
        """Return the same views with other corners, shape (view, corner), counted."""
        return replace(self, seen=seen)

    def chunks(self) -> NDArray:
        """Return where to cut the rows into chunks of whole bodies, shape (chunk + 1,)."""
        ends = np.linspace(0, self.n_bodies, min(_CHUNKS, max(self.n_bodies, 1)) + 1).astype(np.int64)
        return np.searchsorted(self.body, ends)


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


def board_views(pixels: NDArray, fisheye: NDArray, corners_board: NDArray) -> Views:
    """Sort what all cameras saw of one target; views without a corner go.

    Parameters
    ----------
    pixels : ndarray, shape (camera, frame, corner, 2)
        NaN where not seen.
    fisheye : ndarray of bool, shape (camera,)
    corners_board : ndarray, shape (corner, 3)
        Metres.
    """
    seen = np.isfinite(pixels).all(axis=-1)
    body, camera = np.nonzero(seen.any(axis=2).T)
    own = seen[camera, body]
    return Views(
        camera.astype(np.int64), body.astype(np.int64), np.where(own[..., None], pixels[camera, body], 0.0), own,
        np.asarray(fisheye, bool), np.asarray(corners_board, float)[None], np.zeros(pixels.shape[1], np.int64),
    )  # fmt: skip


def joined_views(parts: list[Views]) -> Views:
    """Put the views of several targets seen by the same cameras together; bodies count on from part to part."""
    n_corners = max(part.targets.shape[1] for part in parts)
    bodies = np.cumsum([0, *(part.n_bodies for part in parts)])
    kinds = np.cumsum([0, *(len(part.targets) for part in parts)])

    def wide(values: NDArray, mode: str = "constant") -> NDArray:
        return np.pad(values, [(0, n_corners - values.shape[1] if i == 1 else 0) for i in range(values.ndim)], mode)

    return Views(
        np.concatenate([part.camera for part in parts]),
        np.concatenate([part.body + first for part, first in zip(parts, bodies, strict=False)]),
        np.concatenate([wide(part.pixels) for part in parts]),
        np.concatenate([wide(part.seen) for part in parts]),
        parts[0].fisheye,
        np.concatenate([wide(part.targets, "edge") for part in parts]),
        np.concatenate([part.body_target + first for part, first in zip(parts, kinds, strict=False)]),
    )


def lens_coefficients(lens: NDArray, fisheye: bool) -> NDArray:
    """Return OpenCV's coefficients, shape (8,), or (4,) for a fisheye, of one row of `BundleState.lenses`."""
    return lens[4:8] if fisheye else lens[4:12]


def _arguments(state: BundleState, views: Views) -> tuple[NDArray, ...]:
    return (
        np.ascontiguousarray(state.lenses, float), views.fisheye, np.ascontiguousarray(state.cam_from_world, float),
        np.ascontiguousarray(state.world_from_board, float), views.targets, views.body_target, views.camera,
        views.body, views.pixels, views.seen,
    )  # fmt: skip


def squared_errors(state: BundleState, views: Views) -> NDArray:
    """Return the squared distance from pixel to model, shape (view, corner), in px².

    0 where not seen; infinite for a seen corner that is not in front of its camera.
    """
    errors = np.empty(views.seen.shape)
    bundle_kernels.residual_squares(*_arguments(state, views), errors)
    return errors


def data_cost(state: BundleState, views: Views, sigma: NDArray, robust_scale: float | None) -> float:
    """Return the sum of squared (or with a scale: Cauchy) errors in units of sigma, shape (camera,) in px."""
    chunks = views.chunks()
    sums = np.zeros(len(chunks) - 1)
    scale2 = 0.0 if robust_scale is None else float(robust_scale) ** 2
    precision = 1.0 / np.asarray(sigma, float) ** 2
    bundle_kernels.robust_cost(*_arguments(state, views), precision, scale2, chunks, sums)
    return float(sums.sum())


def normal_equations(
    state: BundleState, views: Views, sigma: NDArray, robust_scale: float | None = None
) -> NormalEquations:
    """Sum weighted Jacobians over all corners.

    Parameters
    ----------
    sigma : ndarray, shape (camera,)
        Noise of one coordinate of a corner, px.
    robust_scale : float, optional
        Scale of the Cauchy loss in units of sigma.
    """
    chunks = views.chunks()
    sums = np.zeros((len(chunks) - 1, views.n_cameras, N_CAMERA, N_CAMERA + 1))
    body, body_gradient = np.zeros((views.n_bodies, N_BODY, N_BODY)), np.zeros((views.n_bodies, N_BODY))
    coupling = np.zeros((len(views.camera), N_CAMERA, N_BODY))
    scale2 = 0.0 if robust_scale is None else float(robust_scale) ** 2
    precision = 1.0 / np.asarray(sigma, float) ** 2
    bundle_kernels.normal_equations(
        *_arguments(state, views), precision, scale2, chunks, sums, body, body_gradient, coupling
    )
    total = sums.sum(axis=0)
    camera = 0.5 * (total[..., :N_CAMERA] + total[..., :N_CAMERA].swapaxes(1, 2))
    index = np.arange(N_BODY)
    loose = np.flatnonzero(_loose_targets(views.targets)[views.body_target])
    body[loose[:, None], index, index] += _LOOSE * body[loose].max(axis=(1, 2), initial=0.0)[:, None]
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
    views = system.views
    # A body whose every view was left out has no equations: it stays where it is.
    empty = ~system.body.any(axis=(1, 2))
    blocks = _damped(system.body, damping)
    blocks[empty] = np.eye(N_BODY)
    body_inverse = np.linalg.inv(blocks)
    root = np.linalg.cholesky(body_inverse)  # inverse = root @ root.T
    chosen = np.flatnonzero(free)
    matrix = np.zeros((len(chosen), len(chosen)))
    step = max(int(_DENSE_BYTES / (8 * N_BODY * free.size)), 1)
    for first in range(0, views.n_bodies, step):
        rows = slice(*np.searchsorted(views.body, [first, first + step]))
        n_here = min(step, views.n_bodies - first)
        dense = np.zeros((n_here, views.n_cameras, N_CAMERA, N_BODY))
        dense[views.body[rows] - first, views.camera[rows]] = system.coupling[rows] @ root[views.body[rows]]
        pulled = dense.reshape(n_here, -1, N_BODY)[:, chosen].transpose(1, 0, 2).reshape(len(chosen), -1)
        matrix -= pulled @ pulled.T
    camera = _damped(system.camera, damping)
    whole = np.zeros((*free.shape, *free.shape))
    index = np.arange(len(camera))
    whole[index, :, index] = camera
    matrix += whole.reshape(free.size, free.size)[np.ix_(chosen, chosen)]
    moved_by = (body_inverse @ system.body_gradient[..., None])[views.body]
    gradient = system.camera_gradient.copy()
    np.subtract.at(gradient, views.camera, (system.coupling @ moved_by)[..., 0])
    return matrix, gradient.ravel()[chosen], body_inverse


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
    lower = np.linalg.cholesky(matrix * scale * scale[:, None])
    step = np.zeros(free.size)
    inner = np.linalg.solve(lower, -gradient * scale)
    step[np.flatnonzero(free)] = np.linalg.solve(lower.T, inner) * scale
    camera_step = step.reshape(free.shape)
    views = system.views
    pull = np.zeros_like(system.body_gradient)
    each = np.einsum("vuk,vu->vk", system.coupling, camera_step[views.camera])
    np.add.at(pull, views.body, each)
    body_step = -np.einsum("fij,fj->fi", body_inverse, system.body_gradient + pull)
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
