"""The algebra of the joint refinement against finite differences, a dense solution and cv2."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from calibration.bundle import BundleProblem, lens_and_pose_covariance, minimise
from calibration.bundle_system import (
    N_CAMERA,
    N_LENS,
    BundleState,
    camera_views,
    jacobians,
    moved,
    normal_equations,
    project_views,
    promised_decrease,
    solve_step,
)
from calibration.errors import SolverError
from calibration.lens_models import free_parameters, lens_prior

CORNERS = np.stack([*np.meshgrid(np.arange(5) * 0.1, np.arange(4) * 0.1), np.zeros((4, 5))], axis=-1).reshape(-1, 3)


def random_problem(seed: int, fisheye: bool = False) -> tuple[BundleProblem, BundleState]:
    rng = np.random.default_rng(seed)
    n_cameras, n_frames = 3, 6
    bent = (0.02, -0.01, 0.004, -0.002, *[0] * 4) if fisheye else (-0.2, 0.1, 2e-3, -1e-3, 0.02, 0.1, -0.05, 0.01)
    lens = [900, 905, 630, 350, *bent]
    lenses = np.array(lens) * (1 + 0.01 * rng.standard_normal((n_cameras, N_LENS)))
    state = moved(
        BundleState(lenses, np.tile(np.eye(4), (n_cameras, 1, 1)), np.tile(np.eye(4), (n_frames, 1, 1))),
        np.concatenate([np.zeros((n_cameras, N_LENS)), 0.2 * rng.standard_normal((n_cameras, 6))], axis=1),
        np.concatenate([0.4 * rng.standard_normal((n_frames, 3)), rng.uniform(-0.3, 0.3, (n_frames, 3))], axis=1),
    )
    state.world_from_board[:, 2, 3] += 2.5
    pixels = np.zeros((n_cameras, n_frames, len(CORNERS), 2))
    blank = camera_views(pixels, np.full(n_cameras, fisheye))
    for camera, views in enumerate(blank):
        pixels[camera] = project_views(state, camera, views, CORNERS)[0] + 0.3 * rng.standard_normal(pixels.shape[1:])
    pixels[rng.uniform(size=pixels.shape[:3]) < 0.2] = np.nan
    pixels[1, 2] = np.nan
    models = ["fisheye" if fisheye else "brown5"] * n_cameras
    free = np.ones((n_cameras, N_CAMERA), dtype=bool)
    free[:, :N_LENS] = free_parameters(models)
    free[0, N_LENS:] = False
    prior = lens_prior(models, np.array([[1280, 720]] * n_cameras), lenses[:, 0])
    return BundleProblem(camera_views(pixels, np.full(n_cameras, fisheye)), CORNERS, free, prior), state


@pytest.mark.parametrize("fisheye", [False, True])
def test_jacobians_match_central_differences(fisheye: bool) -> None:
    problem, state = random_problem(1, fisheye)
    views = problem.views[1]
    _, points = project_views(state, 1, views, CORNERS)
    by_camera, by_board = jacobians(state, 1, views, CORNERS, points)
    for index in range(N_CAMERA + 6):
        step = 1e-6 * (1000 if index < 4 else 1)
        sides = []
        for sign in (1, -1):
            camera_step, board_step = np.zeros((3, N_CAMERA)), np.zeros((6, 6))
            if index < N_CAMERA:
                camera_step[1, index] = sign * step
            else:
                board_step[:, index - N_CAMERA] = sign * step
            sides.append(project_views(moved(state, camera_step, board_step), 1, views, CORNERS)[0])
        numeric = (sides[0] - sides[1]) / (2 * step)
        analytic = by_camera[..., index] if index < N_CAMERA else by_board[..., index - N_CAMERA]
        # Unused coefficients of a fisheye: zero both ways. Measured 1.5e-7 px a unit at most, by rounding of the
        # differences; the limit is 1e-6 px, and more for entries of hundreds of pixels.
        limit = 1e-6 * max(1.0, np.abs(numeric).max())
        assert np.abs(analytic - numeric)[views.seen].max() < limit, index


def test_projection_is_opencvs() -> None:
    problem, state = random_problem(2)
    residuals, _ = project_views(state, 2, problem.views[2], CORNERS)
    fx, fy, cx, cy = state.lenses[2, :4]
    matrix = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
    for row, frame in enumerate(problem.views[2].frames):
        pose = state.cam_from_world[2] @ state.world_from_board[frame]
        theirs, _ = cv2.projectPoints(
            CORNERS, cv2.Rodrigues(pose[:3, :3])[0], pose[:3, 3], matrix, state.lenses[2, 4:12]
        )
        ours = residuals[row] + problem.views[2].pixels[row]
        seen = problem.views[2].seen[row]
        assert np.abs(ours - theirs[:, 0])[seen].max() < 1e-10  # measured 2.3e-13 px


def full_system(problem: BundleProblem, state: BundleState, prior: bool) -> tuple[np.ndarray, np.ndarray]:
    """Normal matrix and gradient of all cameras, then all boards, without any elimination."""
    system = normal_equations(state, problem.views, CORNERS, [views.seen / 0.3**2 for views in problem.views])
    n_camera, n_board = problem.free.size, 6 * len(state.world_from_board)
    full, gradient = np.zeros((n_camera + n_board,) * 2), np.zeros(n_camera + n_board)
    for c in range(3):
        own = slice(N_CAMERA * c, N_CAMERA * (c + 1))
        full[own, own], gradient[own] = system.camera[c], system.camera_gradient[c]
        if prior:
            full[own, own][:N_LENS, :N_LENS] += np.diag(problem.prior.precision[c])
            full[own, own][:2, :2] += problem.prior.aspect_precision[c] * np.array([[1, -1], [-1, 1]])
        for f in range(6):
            board = slice(n_camera + 6 * f, n_camera + 6 * f + 6)
            full[board, board], gradient[board] = system.board[f], system.board_gradient[f]
            full[own, board] = system.coupling[f, c]
            full[board, own] = system.coupling[f, c].T
    return full, gradient


def test_the_reduced_step_is_the_full_step() -> None:
    problem, state = random_problem(3)
    system = normal_equations(state, problem.views, CORNERS, [views.seen / 0.3**2 for views in problem.views])
    full, gradient = full_system(problem, state, prior=False)
    damped = full + 0.01 * np.diag(np.diagonal(full))
    moving = np.concatenate([problem.free.ravel(), np.ones(36, dtype=bool)])
    step = np.zeros(len(full))
    step[moving] = np.linalg.solve(damped[np.ix_(moving, moving)], -gradient[moving])
    camera_step, board_step = solve_step(system, problem.free, 0.01)
    assert np.allclose(camera_step.ravel(), step[:54], rtol=1e-6, atol=1e-12)
    assert np.allclose(board_step.ravel(), step[54:], rtol=1e-6, atol=1e-12)
    linearised = -(2 * gradient @ step + step @ full @ step)
    assert promised_decrease(system, camera_step, board_step, 0.01) == pytest.approx(linearised, rel=1e-9)


def test_covariance_is_the_inverse_of_the_full_system() -> None:
    problem, state = random_problem(4)
    covariance = lens_and_pose_covariance(problem, state, np.full(3, 0.3))
    full, _ = full_system(problem, state, prior=True)
    moving = np.concatenate([problem.free.ravel(), np.ones(36, dtype=bool)])
    scale = 1 / np.sqrt(np.diagonal(full)[moving])  # spans px, rad and m
    inverse = np.zeros_like(full)
    inverse[np.ix_(moving, moving)] = np.linalg.inv(full[np.ix_(moving, moving)] * scale * scale[:, None]) * (
        scale * scale[:, None]
    )
    sd = np.sqrt(np.diagonal(inverse))
    sd[sd == 0] = 1.0
    assert (np.abs(covariance.camera - inverse[:54, :54]) / sd[:54] / sd[:54, None]).max() < 1e-6  # measured 1.4e-9
    for f in range(6):
        board, follow = slice(54 + 6 * f, 60 + 6 * f), covariance.board_by_camera[f]
        whole = covariance.board_alone[f] + follow @ covariance.camera @ follow.T
        assert (np.abs(whole - inverse[board, board]) / sd[board] / sd[board, None]).max() < 1e-6  # 1.4e-9


def cost_by_hand(problem: BundleProblem, state: BundleState) -> float:
    total = 0.0
    for camera, views in enumerate(problem.views):
        total += float((project_views(state, camera, views, CORNERS)[0] ** 2).sum()) / 0.3**2
        off = state.lenses[camera] - problem.prior.mean[camera]
        total += float(problem.prior.precision[camera] @ off**2)
        total += float(problem.prior.aspect_precision[camera] * (off[0] - off[1]) ** 2)
    return total


@pytest.mark.parametrize("model", ["brown5", "auto"])
def test_the_minimum_is_stationary_and_below_the_truth(model: str) -> None:
    problem, state = random_problem(5)
    # 'auto' pulls by priors: the answer has to balance them against the corners.
    problem = replace(problem, prior=lens_prior([model] * 3, np.array([[1280, 720]] * 3), state.lenses[:, 0]))
    result = minimise(problem, state, np.full(3, 0.3))
    assert result.converged
    assert cost_by_hand(problem, result.state) < cost_by_hand(problem, state)
    covariance = lens_and_pose_covariance(problem, result.state, np.full(3, 0.3))
    sd = np.sqrt(np.diagonal(covariance.camera)).reshape(3, N_CAMERA)
    for camera, index in np.argwhere(problem.free):
        step = np.zeros((3, N_CAMERA))
        step[camera, index] = 1e-3 * sd[camera, index]
        sides = [cost_by_hand(problem, moved(result.state, sign * step, np.zeros((6, 6)))) for sign in (1, -1)]
        # A hundredth of a sd off the bottom the slope per sd is 0.02 or more. Measured 0.0054 at most.
        assert abs(sides[0] - sides[1]) / 2e-3 < 0.02, (camera, index)


def test_a_board_behind_a_camera_is_refused() -> None:
    problem, state = random_problem(6)
    state.world_from_board[0, 2, 3] = -2.0
    with pytest.raises(SolverError, match="START_NOT_FINITE"):
        minimise(problem, state, np.full(3, 0.3))
