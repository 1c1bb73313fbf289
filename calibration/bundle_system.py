"""The linear algebra of the joint refinement: residuals, analytic Jacobians, and the reduced camera system.

Parameters of a camera, in this order: fx, fy, cx, cy and eight lens coefficients (k1 k2 p1 p2 k3 k4 k5 k6, or for
a fisheye k1 k2 k3 k4 and four unused), then three rotations and three translations of a small motion applied in
the camera's own frame. Parameters of a board pose: a small motion applied in the board's own frame. Small
motions keep every Jacobian polynomial in known points and free of singular angles.

Each residual touches one camera and one board pose, so the board poses are eliminated by a Schur complement
and what is left is at most 18 unknowns a camera. Source: Triggs et al., "Bundle adjustment: a modern synthesis", 2000.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.lens import distort
from calibration.rigid import from_rotvec

N_LENS = 12
N_CAMERA = 18
N_BOARD = 6


@dataclass(frozen=True, eq=False)
class BundleState:
    """Everything the refinement moves.

    Attributes
    ----------
    lenses : ndarray, shape (camera, 12)
        fx, fy, cx, cy in px, then k1 k2 p1 p2 k3 k4 k5 k6, or k1 k2 k3 k4 0 0 0 0 for a fisheye.
    cam_from_world : ndarray, shape (camera, 4, 4)
        Metres.
    world_from_board : ndarray, shape (frame, 4, 4)
        Metres.
    """

    lenses: NDArray
    cam_from_world: NDArray
    world_from_board: NDArray


@dataclass(frozen=True, eq=False)
class CameraViews:
    """What one camera saw of the board.

    Attributes
    ----------
    frames : ndarray of int, shape (view,)
        Row of each view in `BundleState.world_from_board`, each at most once.
    pixels : ndarray, shape (view, corner, 2)
        0 where not seen.
    seen : ndarray of bool, shape (view, corner)
    fisheye : bool
    """

    frames: NDArray
    pixels: NDArray
    seen: NDArray
    fisheye: bool


@dataclass(frozen=True, eq=False)
class NormalEquations:
    """Gauss-Newton system in blocks: camera (camera, 18, ...), board (frame, 6, ...) and their coupling."""

    camera: NDArray
    camera_gradient: NDArray
    board: NDArray
    board_gradient: NDArray
    coupling: NDArray  # (frame, camera, 18, 6)


def camera_views(pixels: NDArray, fisheye: NDArray) -> list[CameraViews]:
    """Sort pixels, shape (camera, frame, corner, 2) with NaN for missing, by camera; views without a corner go."""
    views = []
    for one, is_fisheye in zip(pixels, fisheye, strict=True):
        seen = np.isfinite(one).all(axis=-1)
        frames = np.flatnonzero(seen.any(axis=1))
        kept = np.where(seen[frames, :, None], one[frames], 0.0)
        views.append(CameraViews(frames, kept, seen[frames], bool(is_fisheye)))
    return views


def project_views(
    state: BundleState, camera: int, views: CameraViews, corners_board: NDArray
) -> tuple[NDArray, NDArray]:
    """Return residuals (view, corner, 2) in px, 0 where not seen, and the points (view, corner, 3) in the camera.

    Residuals of seen corners that are not in front of the camera are infinite: no such state is acceptable.
    """
    cam_from_board = state.cam_from_world[camera] @ state.world_from_board[views.frames]
    points_cam = corners_board @ cam_from_board[:, :3, :3].swapaxes(1, 2) + cam_from_board[:, None, :3, 3]
    ahead = points_cam[..., 2] > 1e-6
    depth = np.where(ahead, points_cam[..., 2], 1.0)
    lens = state.lenses[camera]
    with np.errstate(over="ignore", invalid="ignore"):
        bent, _ = distort(points_cam[..., :2] / depth[..., None], lens_coefficients(lens, views.fisheye), views.fisheye)
        residuals = bent * lens[:2] + lens[2:4] - views.pixels
    residuals[~ahead | ~np.isfinite(residuals).all(axis=-1)] = np.inf
    return np.where(views.seen[..., None], residuals, 0.0), points_cam


def lens_coefficients(lens: NDArray, fisheye: bool) -> NDArray:
    """Return OpenCV's coefficients, shape (8,), or (4,) for a fisheye, of one row of `BundleState.lenses`."""
    return lens[4:8] if fisheye else lens[4:12]


def jacobians(
    state: BundleState, camera: int, views: CameraViews, corners_board: NDArray, points_cam: NDArray
) -> tuple[NDArray, NDArray]:
    """Return d pixel / d camera, shape (view, corner, 2, 18), and d pixel / d board, shape (view, corner, 2, 6)."""
    lens = state.lenses[camera]
    # Corners that were not seen may lie anywhere; a harmless point keeps their (unused) rows finite.
    points_cam = np.where(views.seen[..., None], points_cam, [0.0, 0.0, 1.0])
    depth = points_cam[..., 2:]
    normalised = points_cam[..., :2] / depth
    bent, bent_by_normalised = distort(normalised, lens_coefficients(lens, views.fisheye), views.fisheye)
    by_point = np.empty((*normalised.shape, 3))
    by_point[..., :2] = bent_by_normalised * (lens[:2, None] / depth[..., None])
    by_point[..., 2] = -(by_point[..., :2] @ normalised[..., None])[..., 0]
    by_camera = np.empty((*normalised.shape, N_CAMERA))
    by_camera[..., :N_LENS] = _by_lens(normalised, bent, lens, views.fisheye)
    by_camera[..., 12:15] = _cross(points_cam[..., None, :], by_point)
    by_camera[..., 15:18] = by_point
    rotation = (state.cam_from_world[camera] @ state.world_from_board[views.frames])[:, :3, :3]
    by_board = np.empty((*normalised.shape, N_BOARD))
    by_board[..., 3:6] = by_point @ rotation[:, None]
    by_board[..., 0:3] = _cross(corners_board[:, None, :], by_board[..., 3:6])
    return by_camera, by_board


def _cross(one: NDArray, other: NDArray) -> NDArray:
    # Four times as fast as numpy.cross, which copies and moves axes.
    answer = np.empty(np.broadcast_shapes(one.shape, other.shape))
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        answer[..., i] = one[..., j] * other[..., k] - one[..., k] * other[..., j]
    return answer


def _by_lens(normalised: NDArray, bent: NDArray, lens: NDArray, fisheye: bool) -> NDArray:
    by_lens = np.zeros((*normalised.shape, N_LENS))
    by_lens[..., 0, 0], by_lens[..., 1, 1] = bent[..., 0], bent[..., 1]
    by_lens[..., 0, 2] = by_lens[..., 1, 3] = 1.0
    x, y = normalised[..., 0], normalised[..., 1]
    if fisheye:
        r = np.hypot(x, y)
        theta = np.arctan(r)
        unit = normalised / np.maximum(r, 1e-300)[..., None]
        powers = theta[..., None] ** np.array([3, 5, 7, 9])
        by_lens[..., 4:8] = unit[..., :, None] * powers[..., None, :]
    else:
        r2 = x * x + y * y
        below = 1 + r2 * (lens[9] + r2 * (lens[10] + r2 * lens[11]))
        radial = (1 + r2 * (lens[4] + r2 * (lens[5] + r2 * lens[8]))) / below
        for power, above_index, below_index in ((1, 4, 9), (2, 5, 10), (3, 8, 11)):
            by_lens[..., above_index] = normalised * (r2**power / below)[..., None]
            by_lens[..., below_index] = by_lens[..., above_index] * -radial[..., None]
        by_lens[..., 0, 6] = by_lens[..., 1, 7] = 2 * x * y
        by_lens[..., 1, 6] = r2 + 2 * y * y
        by_lens[..., 0, 7] = r2 + 2 * x * x
    by_lens[..., 4:] *= lens[:2, None]
    return by_lens


def normal_equations(
    state: BundleState, views: list[CameraViews], corners_board: NDArray, weights: list[NDArray]
) -> NormalEquations:
    """Sum weighted Jacobians over all corners.

    Parameters
    ----------
    weights : list of ndarray, shape (view, corner)
        Per camera, 1/px²; 0 where not seen.
    """
    n_frames, n_cameras = len(state.world_from_board), len(views)
    system = NormalEquations(
        np.zeros((n_cameras, N_CAMERA, N_CAMERA)), np.zeros((n_cameras, N_CAMERA)),
        np.zeros((n_frames, N_BOARD, N_BOARD)), np.zeros((n_frames, N_BOARD)),
        np.zeros((n_frames, n_cameras, N_CAMERA, N_BOARD)),
    )  # fmt: skip
    for camera, (view, weight) in enumerate(zip(views, weights, strict=True)):
        residuals, points_cam = project_views(state, camera, view, corners_board)
        by_camera, by_board = jacobians(state, camera, view, corners_board, points_cam)
        root = np.sqrt(weight)[..., None]
        n_views = len(view.frames)
        rows_camera = (by_camera * root[..., None]).reshape(n_views, -1, N_CAMERA)
        rows_board = (by_board * root[..., None]).reshape(n_views, -1, N_BOARD)
        rows = (residuals * root).reshape(n_views, -1)
        flat = rows_camera.reshape(-1, N_CAMERA)
        system.camera[camera] = flat.T @ flat
        system.camera_gradient[camera] = flat.T @ rows.ravel()
        turned = rows_board.swapaxes(1, 2)
        system.board[view.frames] += turned @ rows_board
        system.board_gradient[view.frames] += (turned @ rows[..., None])[..., 0]
        system.coupling[view.frames, camera] = rows_camera.swapaxes(1, 2) @ rows_board
    return system


def reduced_system(system: NormalEquations, free: NDArray, damping: float) -> tuple[NDArray, NDArray, NDArray]:
    """Eliminate the board poses.

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
    board_inverse : ndarray, shape (frame, 6, 6)
        Inverse of the damped blocks of the board poses.
    """
    # A frame whose every view was left out has no equations: it stays where it is.
    empty = ~system.board.any(axis=(1, 2))
    board = _damped(system.board, damping)
    board[empty] = np.eye(N_BOARD)
    board_inverse = np.linalg.inv(board)
    n_frames = len(system.board)
    n_unknowns = free.size
    coupling = system.coupling.reshape(n_frames, n_unknowns, N_BOARD)
    pulled = (coupling @ board_inverse).transpose(1, 0, 2).reshape(n_unknowns, -1)
    matrix = -pulled @ coupling.transpose(1, 0, 2).reshape(n_unknowns, -1).T
    camera = _damped(system.camera, damping)
    for index in range(len(camera)):
        span = slice(index * N_CAMERA, (index + 1) * N_CAMERA)
        matrix[span, span] += camera[index]
    gradient = system.camera_gradient.ravel() - pulled @ system.board_gradient.ravel()
    chosen = np.flatnonzero(free)
    return matrix[np.ix_(chosen, chosen)], gradient[chosen], board_inverse


def _damped(blocks: NDArray, damping: float) -> NDArray:
    blocks = blocks.copy()
    index = np.arange(blocks.shape[-1])
    blocks[..., index, index] *= 1.0 + damping
    return blocks


def solve_step(system: NormalEquations, free: NDArray, damping: float) -> tuple[NDArray, NDArray]:
    """Return the damped step of the cameras, shape (camera, 18), and of the boards, shape (frame, 6).

    Raises
    ------
    numpy.linalg.LinAlgError
        When the system is singular.
    """
    matrix, gradient, board_inverse = reduced_system(system, free, damping)
    # Unknowns span px, rad, m and pure numbers: scaled to a unit diagonal before factoring.
    scale = 1.0 / np.sqrt(np.diagonal(matrix))
    lower = np.linalg.cholesky(matrix * scale * scale[:, None])
    step = np.zeros(free.size)
    inner = np.linalg.solve(lower, -gradient * scale)
    step[np.flatnonzero(free)] = np.linalg.solve(lower.T, inner) * scale
    pull = np.einsum("fuk,u->fk", system.coupling.reshape(len(system.board), -1, N_BOARD), step)
    board_step = -np.einsum("fij,fj->fi", board_inverse, system.board_gradient + pull)
    return step.reshape(free.shape), board_step


def promised_decrease(
    system: NormalEquations, camera_step: NDArray, board_step: NDArray, damping: float
) -> float:
    """Return by how much the linearised cost falls along a damped step."""
    camera_bend = np.einsum("cii,ci->", system.camera, camera_step**2)
    board_bend = np.einsum("fii,fi->", system.board, board_step**2)
    slope = (system.camera_gradient * camera_step).sum() + (system.board_gradient * board_step).sum()
    return float(-slope + damping * (camera_bend + board_bend))


def moved(state: BundleState, camera_step: NDArray, board_step: NDArray) -> BundleState:
    """Apply a step: motions of cameras from the left, of boards from the right."""
    return BundleState(
        state.lenses + camera_step[:, :N_LENS],
        from_rotvec(camera_step[:, 12:15], camera_step[:, 15:18]) @ state.cam_from_world,
        state.world_from_board @ from_rotvec(board_step[:, :3], board_step[:, 3:]),
    )
