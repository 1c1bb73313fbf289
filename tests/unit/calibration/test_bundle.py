"""The algebra of the joint refinement against finite differences, a dense solution and cv2."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from calibration.errors import SolverError
from calibration.lens import distort
from calibration.lenses.models import free_parameters, lens_prior
from calibration.rigid import from_rotvec, inverse, rotvec
from calibration.solve import bundle, bundle_system, bundle_views, refinement
from calibration.solve.bundle import BundleProblem, lens_and_pose_covariance, minimise
from calibration.solve.bundle_kernels import residual_squares
from calibration.solve.bundle_system import (
    N_CAMERA,
    N_LENS,
    BundleState,
    Views,
    board_views,
    data_cost,
    joined_views,
    lens_coefficients,
    moved,
    normal_equations,
    promised_decrease,
    solve_step,
    squared_errors,
)

CORNERS = np.stack([*np.meshgrid(np.arange(5) * 0.1, np.arange(4) * 0.1), np.zeros((4, 5))], axis=-1).reshape(-1, 3)


def residuals(state: BundleState, views: Views) -> np.ndarray:
    """The model in plain numpy: residuals (view, corner, 2) in px, 0 where not seen."""
    answer = np.zeros((*views.seen.shape, 2))
    for row, (camera, body) in enumerate(zip(views.camera, views.body, strict=True)):
        cam_from_body = state.cam_from_world[camera] @ state.world_from_board[body]
        points = views.targets[views.body_target[body]] @ cam_from_body[:3, :3].T + cam_from_body[:3, 3]
        lens, fisheye = state.lenses[camera], bool(views.fisheye[camera])
        bent, _ = distort(points[:, :2] / points[:, 2:], lens_coefficients(lens, fisheye), fisheye)
        answer[row] = bent * lens[:2] + lens[2:4] - views.pixels[row]
    return np.where(views.seen[..., None], answer, 0.0)


def random_problem(
    seed: int, fisheye: bool = False, corners: np.ndarray = CORNERS
) -> tuple[BundleProblem, BundleState]:
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
    views = board_views(np.zeros((n_cameras, n_frames, len(corners), 2)), np.full(n_cameras, fisheye), corners)
    pixels = np.empty((n_cameras, n_frames, len(corners), 2))
    pixels[views.camera, views.body] = residuals(state, views)
    pixels += 0.3 * rng.standard_normal(pixels.shape)
    pixels[rng.uniform(size=pixels.shape[:3]) < 0.2] = np.nan
    pixels[1, 2] = np.nan
    models = ["fisheye" if fisheye else "brown5"] * n_cameras
    free = np.ones((n_cameras, N_CAMERA), dtype=bool)
    free[:, :N_LENS] = free_parameters(models)
    free[0, N_LENS:] = False
    prior = lens_prior(models, np.array([[1280, 720]] * n_cameras), lenses[:, 0])
    return BundleProblem(board_views(pixels, np.full(n_cameras, fisheye), corners), free, prior), state


def numeric_jacobian(state: BundleState, views: Views) -> np.ndarray:
    """d residual / d (all cameras, all bodies), shape (residual, unknown), by central differences."""
    n_cameras, n_bodies = views.n_cameras, views.n_bodies
    columns = []
    for index in range(n_cameras * N_CAMERA + n_bodies * 6):
        step = 1e-6 * (1000 if index < n_cameras * N_CAMERA and index % N_CAMERA < 4 else 1)
        sides = []
        for sign in (1, -1):
            flat = np.zeros(n_cameras * N_CAMERA + n_bodies * 6)
            flat[index] = sign * step
            camera_step = flat[: n_cameras * N_CAMERA].reshape(n_cameras, N_CAMERA)
            sides.append(residuals(moved(state, camera_step, flat[n_cameras * N_CAMERA :].reshape(n_bodies, 6)), views))
        columns.append(((sides[0] - sides[1]) / (2 * step)).ravel())
    return np.stack(columns, axis=1)


def dense(system, free_shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Normal matrix and gradient of all cameras, then all bodies, from the blocks."""
    views, n_camera = system.views, free_shape[0] * free_shape[1]
    size = n_camera + 6 * views.n_bodies
    full, gradient = np.zeros((size, size)), np.zeros(size)
    for c in range(free_shape[0]):
        own = slice(N_CAMERA * c, N_CAMERA * (c + 1))
        full[own, own], gradient[own] = system.camera[c], system.camera_gradient[c]
    for b in range(views.n_bodies):
        body = slice(n_camera + 6 * b, n_camera + 6 * b + 6)
        full[body, body], gradient[body] = system.body[b], system.body_gradient[b]
    for row, (c, b) in enumerate(zip(views.camera, views.body, strict=True)):
        own, body = slice(N_CAMERA * c, N_CAMERA * (c + 1)), slice(n_camera + 6 * b, n_camera + 6 * b + 6)
        full[own, body], full[body, own] = system.coupling[row], system.coupling[row].T
    return full, gradient


@pytest.mark.parametrize("robust", [None, 2.0])
@pytest.mark.parametrize("fisheye", [False, True])
def test_normal_equations_match_central_differences(fisheye: bool, robust: float | None) -> None:
    problem, state = random_problem(1, fisheye)
    views, sigma = problem.views, np.array([0.3, 0.4, 0.5])
    full, gradient = dense(normal_equations(state, views, sigma, robust), problem.free.shape)
    off = residuals(state, views)
    weight = 1 / sigma[views.camera][:, None] ** 2
    if robust is not None:
        weight = weight / (1 + (off**2).sum(axis=-1) * weight / robust**2)
    weight = np.broadcast_to(np.broadcast_to(weight, views.seen.shape)[..., None], off.shape).ravel()
    jacobian = numeric_jacobian(state, views)
    expected = jacobian.T @ (weight[:, None] * jacobian)
    scale = np.sqrt(np.maximum(np.diagonal(expected), 1e-12))
    # Unused coefficients of a fisheye: zero both ways. Measured 6.8e-7 at most, by rounding of the differences.
    assert (np.abs(full - expected) / scale / scale[:, None]).max() < 5e-6
    limit = 5e-6 * np.sqrt(weight @ off.ravel() ** 2)
    assert (np.abs(gradient - jacobian.T @ (weight * off.ravel())) / scale).max() < limit


def test_boards_of_many_corners_are_summed_whole() -> None:
    # 210 corners in one view go through the compiled loop in four parts, the last one not full.
    x, y = np.meshgrid(np.arange(15) * 0.04, np.arange(14) * 0.04)
    problem, state = random_problem(1, corners=np.stack([x, y, 0 * x], axis=-1).reshape(-1, 3))
    views, sigma = problem.views, np.array([0.3, 0.4, 0.5])
    squares = squared_errors(state, views)
    assert np.allclose(squares, (residuals(state, views) ** 2).sum(axis=-1), rtol=1e-9, atol=1e-18)
    whole, parts = normal_equations(state, views, sigma), []
    for chosen in np.array_split(np.arange(210), 7):
        some = np.zeros_like(views.seen)
        some[:, chosen] = views.seen[:, chosen]
        parts.append(normal_equations(state, views.with_seen(some), sigma))
    for name in ("camera", "camera_gradient", "body", "body_gradient", "coupling"):
        total = sum(getattr(part, name) for part in parts)
        assert np.allclose(getattr(whole, name), total, rtol=1e-9, atol=1e-9 * np.abs(total).max()), name


def test_parameters_that_nothing_moves_cost_nothing_and_change_nothing() -> None:
    problem, state = random_problem(2)
    used = problem.free[:, :N_LENS].any(axis=0)
    assert used.tolist() == [True] * 9 + [False] * 3
    whole = normal_equations(state, problem.views, np.full(3, 0.3))
    short = normal_equations(state, problem.views, np.full(3, 0.3), used=used)
    kept = np.concatenate([used, np.ones(6, dtype=bool)])
    assert not short.camera[:, ~kept].any() and not short.coupling[:, ~kept].any()
    assert np.array_equal(short.camera[:, kept][:, :, kept], whole.camera[:, kept][:, :, kept])
    assert np.array_equal(short.coupling[:, kept], whole.coupling[:, kept])


def test_one_camera_alone_is_estimated_from_the_others() -> None:
    problem, state = random_problem(10)
    answer = minimise(problem, state, np.full(3, 0.3)).state
    bumped = BundleState(answer.lenses, answer.cam_from_world.copy(), answer.world_from_board)
    bumped.cam_from_world[2] = from_rotvec(np.array([0.01, -0.02, 0.005]), np.array([0.01, 0, 0.02])) @ (
        bumped.cam_from_world[2]
    )
    free = np.zeros_like(problem.free)
    free[2, N_LENS:] = True
    alone = minimise(replace(problem, free=free), bumped, np.full(3, 0.3))
    assert alone.converged
    # What was held is untouched to the last bit; what moved is back where all views together had put it.
    assert np.array_equal(alone.state.lenses, answer.lenses)
    assert np.array_equal(alone.state.cam_from_world[:2], answer.cam_from_world[:2])
    covariance = lens_and_pose_covariance(replace(problem, free=free), alone.state, np.full(3, 0.3)).camera
    sd = np.sqrt(np.diagonal(covariance)).reshape(3, N_CAMERA)
    assert not sd[:2].any() and not sd[2, :N_LENS].any() and (sd[2, N_LENS:] > 0).all()
    back = alone.state.cam_from_world[2] @ inverse(answer.cam_from_world[2])
    moved_by = np.abs(np.concatenate([rotvec(back), back[:3, 3]])) / sd[2, N_LENS:]
    assert moved_by.max() < 1e-3  # measured 1.9e-5


def test_an_answer_that_is_not_at_the_bottom_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    problem, state = random_problem(11)
    views, off = problem.views, residuals(state, problem.views)
    assert refinement.refine(problem, state).converged
    far = replace(views, pixels=views.pixels + 40.0 * np.sin(off.mean(axis=2, keepdims=True)))
    monkeypatch.setattr(bundle, "MAX_STEPS", 2)
    assert not minimise(replace(problem, views=far), state, np.full(3, 0.3)).converged
    with pytest.raises(SolverError, match="NOT_CONVERGED"):
        refinement.refine(replace(problem, views=far), state)


def test_cost_and_squared_errors_are_those_of_the_residuals() -> None:
    problem, state = random_problem(7)
    off, sigma = residuals(state, problem.views), np.array([0.3, 0.4, 0.5])
    squares = squared_errors(state, problem.views)
    assert np.allclose(squares, (off**2).sum(axis=-1), rtol=1e-9, atol=1e-18)
    units = squares / sigma[problem.views.camera][:, None] ** 2
    assert data_cost(state, problem.views, sigma, None) == pytest.approx(units.sum(), rel=1e-12)
    assert data_cost(state, problem.views, sigma, 1.5) == pytest.approx(2.25 * np.log1p(units / 2.25).sum(), rel=1e-12)


def test_corners_that_may_not_be_written_to_are_compiled_no_second_time() -> None:
    fixed = CORNERS.copy()
    fixed.flags.writeable = False  # as the markers of a wand
    problem, state = random_problem(3)
    squared_errors(state, problem.views)
    compiled = list(residual_squares.signatures)
    problem, state = random_problem(3, corners=fixed)
    squared_errors(state, problem.views)
    assert residual_squares.signatures == compiled


def test_projection_is_opencvs() -> None:
    problem, state = random_problem(2)
    views = problem.views
    off = residuals(state, views)
    for row in np.flatnonzero(views.camera == 2):
        fx, fy, cx, cy = state.lenses[2, :4]
        pose = state.cam_from_world[2] @ state.world_from_board[views.body[row]]
        theirs, _ = cv2.projectPoints(
            CORNERS, cv2.Rodrigues(pose[:3, :3])[0], pose[:3, 3], np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]]),
            state.lenses[2, 4:12],
        )  # fmt: skip
        ours = off[row] + views.pixels[row]
        assert np.abs(ours - theirs[:, 0])[views.seen[row]].max() < 1e-10  # measured 2.3e-13 px


def full_system(problem: BundleProblem, state: BundleState, prior: bool) -> tuple[np.ndarray, np.ndarray]:
    """Normal matrix and gradient of all cameras, then all boards, without any elimination."""
    full, gradient = dense(normal_equations(state, problem.views, np.full(3, 0.3)), problem.free.shape)
    for c in range(3 if prior else 0):
        own = slice(N_CAMERA * c, N_CAMERA * (c + 1))
        full[own, own][:N_LENS, :N_LENS] += np.diag(problem.prior.precision[c])
        full[own, own][:2, :2] += problem.prior.aspect_precision[c] * np.array([[1, -1], [-1, 1]])
    return full, gradient


def test_the_reduced_step_is_the_full_step() -> None:
    problem, state = random_problem(3)
    system = normal_equations(state, problem.views, np.full(3, 0.3))
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
        board, follow = slice(54 + 6 * f, 60 + 6 * f), covariance.board_by_camera(np.array([f]))[0]
        whole = covariance.board_alone[f] + follow @ covariance.camera @ follow.T
        assert (np.abs(whole - inverse[board, board]) / sd[board] / sd[board, None]).max() < 1e-6  # 1.4e-9


def cost_by_hand(problem: BundleProblem, state: BundleState) -> float:
    total = float((residuals(state, problem.views) ** 2).sum()) / 0.3**2
    for camera in range(3):
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


def test_any_number_of_threads_gives_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    problem, state = random_problem(8)
    monkeypatch.setattr(bundle_views, "_CHUNK_VIEWS", 3)
    assert len(problem.views.body_chunks()) == 6
    answers = []
    for threads in (1, 2, 5):
        monkeypatch.setattr(bundle_system, "threads", lambda threads=threads: threads)
        system = normal_equations(state, problem.views, np.full(3, 0.3))
        steps = solve_step(system, problem.free, 0.01)
        cost = data_cost(state, problem.views, np.ones(3), 3.0)
        answers.append([system.camera, system.body, system.coupling, *steps, cost])
    for other in answers[1:]:
        assert all(np.array_equal(one, two) for one, two in zip(answers[0], other, strict=True))


def test_wands_and_points_leave_open_only_what_no_camera_sees() -> None:
    """A target in the plane, and the same corners as a wand and two free points, solved together."""
    problem, state = random_problem(9)
    rng = np.random.default_rng(9)
    wand, point = np.array([[0.0, 0, 0], [0.5, 0, 0]]), np.zeros((1, 3))
    parts, poses = [problem.views], [state.world_from_board]
    for target, n in ((wand, 5), (point, 8)):
        there = moved(
            BundleState(state.lenses, state.cam_from_world, np.tile(state.world_from_board[0], (n, 1, 1))),
            np.zeros((3, N_CAMERA)), rng.uniform(-1, 1, (n, 6)) * [0.5, 0.5, 0.5, 0.2, 0.2, 0.2],
        )  # fmt: skip
        views = board_views(np.zeros((3, n, len(target), 2)), np.zeros(3, bool), target)
        views = replace(views, pixels=residuals(there, views) + 0.3 * rng.standard_normal(views.pixels.shape))
        parts.append(views)
        poses.append(there.world_from_board)
    joined = replace(problem, views=joined_views(parts))
    start = BundleState(state.lenses, state.cam_from_world, np.concatenate(poses))
    result = minimise(joined, start, np.full(3, 0.3))
    assert result.converged
    # A wand of two points fixes five numbers, a point three: of the six of each, the rest must not move the cameras.
    covariance = lens_and_pose_covariance(joined, result.state, np.full(3, 0.3)).camera
    alone = lens_and_pose_covariance(problem, result.state, np.full(3, 0.3)).camera
    sd, sd_alone = np.sqrt(np.diagonal(covariance)), np.sqrt(np.diagonal(alone))
    assert np.isfinite(sd).all() and (sd <= sd_alone * (1 + 1e-6)).all() and (sd < 0.99 * sd_alone).any()
    # Spun about its own line the wand looks the same, and so does the answer.
    spun = result.state.world_from_board.copy()
    spun[6:11] = spun[6:11] @ np.diag([1.0, -1.0, -1.0, 1.0])
    same = BundleState(result.state.lenses, result.state.cam_from_world, spun)
    again = lens_and_pose_covariance(joined, same, np.full(3, 0.3)).camera
    assert (np.abs(again - covariance) / np.maximum(sd, 1e-30) / np.maximum(sd[:, None], 1e-30)).max() < 1e-5
