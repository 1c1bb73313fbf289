"""Points in the capture volume, measured with calibrated cameras, against what the corners' noise allows."""

import numpy as np
import pytest
from numpy.typing import NDArray

from calibration.boards.board import Board
from calibration.camera import Camera, CameraRig
from calibration.lenses.models import free_parameters, lens_prior
from calibration.observations import BoardObservations
from calibration.quality.figures import volume_error
from calibration.quality.uncertainty import draw_rigs
from calibration.recipe import calibrate
from calibration.rigid import apply
from calibration.solve.bundle import BundleProblem, minimise
from calibration.solve.bundle_system import N_CAMERA, N_LENS, BundleState, board_views
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses
from calibration.synthetic.rigs import ring_rig

BOARD = Board("charuco", 9, 7, 0.08, 0.06, "DICT_5X5_250")
GRID = np.stack(np.meshgrid(*[np.linspace(-0.7, 0.7, 4)] * 2, np.linspace(0.2, 1.8, 4)), axis=-1).reshape(-1, 3)


def footage(seed: int, n_cameras: int, n_poses: int) -> tuple[CameraRig, NDArray, BoardObservations]:
    """A rig, the board's poses and what was seen of it with 0.5 px of noise."""
    truth, poses = ring_rig(n_cameras, seed), board_poses(BOARD, n_poses, seed)
    return truth, poses, observe_board(truth, BOARD, poses, 0.5, seed + 1)


def reference(truth: CameraRig, poses: NDArray, observations: BoardObservations) -> CameraRig:
    """The full model fitted from the truth to the last digit, noise known, every corner used: none can do better."""
    lenses = np.zeros((len(truth), N_LENS))
    for row, camera in zip(lenses, truth, strict=True):
        row[:4] = camera.matrix[[0, 1, 0, 1], [0, 1, 2, 2]]
        row[4:9] = camera.distortion
    models = ["auto"] * len(truth)
    free = np.ones((len(truth), N_CAMERA), dtype=bool)
    free[:, :N_LENS] = free_parameters(models)
    free[0, N_LENS:] = False
    views = board_views(observations.pixels, np.zeros(len(truth), dtype=bool), BOARD.corners_board)
    problem = BundleProblem(views, free, lens_prior(models, observations.image_sizes, lenses[:, 0]))
    start = BundleState(lenses, np.stack([camera.cam_from_world for camera in truth]), poses)
    state = minimise(problem, start, np.full(len(truth), 0.5), tolerance=1e-13).state
    cameras = []
    for camera, lens, pose in zip(truth, state.lenses, state.cam_from_world, strict=True):
        matrix = np.array([[lens[0], 0, lens[2]], [0, lens[1], lens[3]], [0, 0, 1.0]])
        cameras.append(Camera(camera.name, camera.size, matrix, lens[4:9], pose))
    return CameraRig(tuple(cameras))


def errors_mm(seed: int, n_cameras: int, n_poses: int) -> tuple[float, float, float]:
    """Volume error of one calibration, of the reference fit, and expected by the covariance (the Cramer-Rao bound)."""
    truth, poses, observations = footage(seed, n_cameras, n_poses)
    result = calibrate(observations)  # the world is the first camera's frame
    grid_first = apply(truth.cameras[0].cam_from_world, GRID)
    draws = draw_rigs(result.rig, result.camera_covariance, 40, seed)
    bound = np.sqrt(np.mean([volume_error(draw, result.rig, grid_first) ** 2 for draw in draws]))
    best = volume_error(reference(truth, poses, observations), truth, GRID)
    return 1e3 * volume_error(result.rig, truth, GRID), 1e3 * best, 1e3 * float(bound)


def compared(seeds: range, n_poses: int) -> tuple[float, float]:
    """RMS error over the RMS bound, and the worst of all errors over that of the reference fit."""
    each = np.array([errors_mm(seed, 8, n_poses) for seed in seeds])
    measured, _, bound = np.sqrt(np.mean(each**2, axis=0))
    worst = float((each[:, 0] / each[:, 1]).max())
    print(f"error {measured:.3f} mm, bound {bound:.3f} mm, ratio {measured / bound:.3f}; {worst:.4f} of the best fit")
    return float(measured / bound), worst


def test_the_error_is_that_of_the_best_fit_in_some_calibrations() -> None:
    ratio, worst = compared(range(3), 60)
    # Measured 1.08 and 1.0053. Three seeds know the ratio to about 0.2.
    assert 0.5 < ratio < 1.6
    assert worst < 1.02


@pytest.mark.heavy
@pytest.mark.timeout(1800)
def test_the_error_is_at_the_bound() -> None:
    ratio, worst = compared(range(40), 200)
    # Measured 1.038 and 1.0101, with lenses chosen.
    assert 0.9 < ratio < 1.1
    assert worst < 1.02
