"""Speed of calibration as a ratio to aniposelib and to scipy, side by side in one run on the same corners."""

import contextlib
import time
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import least_squares
from scipy.sparse import coo_matrix

from calibration.aniposelib_adapter import calibrate_with_aniposelib
from calibration.arrays import one_blas_thread
from calibration.boards.board import Board
from calibration.initial.start import start_of
from calibration.lens import distort
from calibration.observations import BoardObservations
from calibration.quality.figures import volume_error
from calibration.recipe import calibrate
from calibration.solve.bodies import board_footage
from calibration.solve.bundle import BundleProblem, LensPrior, minimise
from calibration.solve.bundle_system import BundleState, lens_coefficients, moved, squared_errors
from calibration.synthetic import ring_rig
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses
from calibration.views import usable_views

BOARD = Board("charuco", 7, 5, 0.1, 0.07, "DICT_4X4_50")
LARGE = Board("charuco", 9, 6, 0.1, 0.07, "DICT_4X4_50")
GRID = np.stack(np.meshgrid(*[np.linspace(-0.7, 0.7, 4)] * 2, np.linspace(0.2, 1.8, 4)), axis=-1).reshape(-1, 3)


def scene(n_cameras: int, n_poses: int, seed: int = 0, board: Board = BOARD):
    """A board walked through a ring of cameras, 0.12 px of noise as corners have: true rig and corners."""
    rig = ring_rig(n_cameras, seed, radius_m=4.0, size=(1920, 1080))
    return rig, observe_board(rig, board, board_poses(board, n_poses, seed), 0.12, seed + 1)


def seconds(function) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


@pytest.mark.benchmark
@pytest.mark.parametrize("n_cameras", [4, 8, 12])
def test_many_times_faster_and_sharper_than_aniposelib(n_cameras: int) -> None:
    rig, observations = scene(n_cameras, 200)
    ours, theirs = calibrate(observations).rig, calibrate_with_aniposelib(observations)
    error = [1e3 * volume_error(found, rig, GRID) for found in (ours, theirs)]
    pairs = [
        (seconds(lambda: calibrate(observations)), seconds(lambda: calibrate_with_aniposelib(observations)))
        for _ in range(5)
    ]
    ratio = float(np.median([their / our for our, their in pairs]))
    mine, other = np.median(pairs, axis=0)
    print(f"{n_cameras} cameras: {mine:.2f} s against {other:.2f} s, {ratio:.1f}x; volume error in mm: {error}")
    assert ratio >= 15
    assert error[1] >= 10 * error[0]


def problem_of(observations: BoardObservations, model: str) -> tuple[BundleProblem, BundleState]:
    usable = usable_views(observations.seen, observations.board.corners_board)
    models = [model] * observations.n_cameras
    start, problem, _ = start_of(board_footage([observations], [usable]), models)
    nothing = LensPrior(0 * problem.prior.mean, 0 * problem.prior.precision, 0 * problem.prior.aspect_precision)
    return replace(problem, prior=nothing), start


class TimeUp(Exception):
    """scipy has had its time."""


def scipy_fit(problem: BundleProblem, start: BundleState, longest_s: float) -> tuple[float, float]:
    """Least cost and seconds of scipy's sparse finite differences from the same start over the same unknowns.

    Stopped after `longest_s`: what it has not reached by then it has not reached in that time.
    """
    views = problem.views
    rows, corners = np.nonzero(views.seen)
    camera, body = views.camera[rows], views.body[rows]
    points, pixels = views.targets[0][corners], views.pixels[rows, corners]
    chosen = np.flatnonzero(problem.free)
    n_free = len(chosen)

    def state_at(x: np.ndarray) -> BundleState:
        step = np.zeros(problem.free.size)
        step[chosen] = x[:n_free]
        return moved(start, step.reshape(problem.free.shape), x[n_free:].reshape(-1, 6))

    def residuals(x: np.ndarray) -> np.ndarray:
        state = state_at(x)
        pose = state.cam_from_world[camera] @ state.world_from_board[body]
        there = np.einsum("nij,nj->ni", pose[:, :3, :3], points) + pose[:, :3, 3]
        answer = np.empty((len(rows), 2))
        for own in range(views.n_cameras):
            mine, lens = camera == own, state.lenses[own]
            bent, _ = distort(there[mine, :2] / there[mine, 2:], lens_coefficients(lens, False), False)
            answer[mine] = bent * lens[:2] + lens[2:4] - pixels[mine]
        costs.append(float((answer**2).sum()))
        if time.perf_counter() - start_at > longest_s:
            raise TimeUp
        return answer.ravel()

    costs: list[float] = []
    start_at = time.perf_counter()
    pattern = _pattern(problem, camera, body, chosen)
    zero = np.zeros(n_free + 6 * views.n_bodies)
    with contextlib.suppress(TimeUp):
        least_squares(residuals, zero, jac_sparsity=pattern, x_scale="jac", ftol=1e-10, max_nfev=400)
    return min(costs), time.perf_counter() - start_at


def _pattern(problem: BundleProblem, camera: np.ndarray, body: np.ndarray, chosen: np.ndarray) -> coo_matrix:
    n = len(camera)
    place = np.full(problem.free.size, -1)
    place[chosen] = np.arange(len(chosen))
    columns = np.concatenate(
        [place.reshape(problem.free.shape)[camera], len(chosen) + 6 * body[:, None] + np.arange(6)], axis=1
    )
    columns = np.repeat(columns, 2, axis=0)
    lines = np.broadcast_to(np.arange(2 * n)[:, None], columns.shape)
    there = columns >= 0
    shape = (2 * n, len(chosen) + 6 * problem.views.n_bodies)
    return coo_matrix((np.ones(there.sum()), (lines[there], columns[there])), shape=shape).tocsr()


def test_scipy_gets_no_lower_from_the_same_start_nor_from_our_answer() -> None:
    _, observations = scene(4, 40)
    problem, start = problem_of(observations, "brown2")
    with one_blas_thread():
        answer = minimise(problem, start, np.ones(4)).state
        cost = float(squared_errors(answer, problem.views).sum())
        from_start, _ = scipy_fit(problem, start, 4.0)
        from_answer, _ = scipy_fit(problem, answer, 4.0)
    # Measured 0.9996 (it creeps along soft directions) and 1 + 5e-12.
    print(f"cost over scipy's: {cost / from_start:.6f}; from our answer 1 + {cost / from_answer - 1:.1e}")
    assert cost < from_start * (1 + 1e-4)
    assert cost < from_answer * (1 + 1e-6)


@pytest.mark.benchmark
def test_fifty_times_as_fast_as_scipy() -> None:
    _, observations = scene(8, 2000, board=LARGE)
    problem, start = problem_of(observations, "brown5")
    sigma = np.ones(8)
    with one_blas_thread():
        answer = minimise(problem, start, sigma).state
        mine = float(np.median([seconds(lambda: minimise(problem, start, sigma)) for _ in range(5)]))
        cost = float(squared_errors(answer, problem.views).sum())
        from_start, its_time = scipy_fit(problem, start, 60.0 * mine)
        from_answer, _ = scipy_fit(problem, answer, 60.0 * mine)
    n_corners = int(problem.views.seen.sum())
    print(
        f"8 x 2000 ({n_corners} corners): {mine:.2f} s; scipy after {its_time / mine:.0f} times that: "
        f"{from_start / cost:.3f} of our cost; from our answer 1 - {1 - from_answer / cost:.1e}"
    )
    assert n_corners > 234_000
    assert its_time >= 50 * mine
    # Given 2002 times our 0.32 s, scipy was still creeping and 0.08 % above our cost.
    assert from_start > cost
    # Started from our answer it finds nothing lower: both optima are the same.
    assert from_answer > cost * (1 - 1e-6)
