"""What the robust rounds decide: how cameras weigh against each other, what noise is left, what counts as clean."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from calibration.boards.board import Board
from calibration.initial.extrinsics import pair_pose
from calibration.lenses.models import free_parameters, lens_prior
from calibration.rigid import from_rotvec, inverse, look_at
from calibration.solve.bundle import BundleProblem
from calibration.solve.bundle_system import N_CAMERA, N_LENS, BundleState, board_views, squared_errors
from calibration.solve.refinement import Refinement, _is_gaussian, noise_per_camera, refine
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses
from calibration.synthetic.rigs import ring_rig

BOARD = Board("charuco", 5, 4, 0.16, 0.12, "DICT_4X4_50")


def filmed(n_poses: int, noise_px: NDArray, seed: int, sound: bool = True) -> tuple[BundleProblem, BundleState]:
    """A problem with the full Brown model, and the truth; noise (camera,) px."""
    rig, poses = ring_rig(len(noise_px), seed, radius_m=2.6), board_poses(BOARD, n_poses, seed)
    seen = observe_board(rig, BOARD, poses, 0.0, seed)
    noise = np.random.default_rng(seed + 1).standard_normal(seen.pixels.shape)
    pixels = seen.pixels + noise_px[:, None, None, None] * noise
    lenses = np.zeros((len(rig), N_LENS))
    for row, camera in zip(lenses, rig, strict=True):
        row[:4], row[4:9] = camera.matrix[[0, 1, 0, 1], [0, 1, 2, 2]], camera.distortion
    models = ["brown5"] * len(rig)
    free = np.ones((len(rig), N_CAMERA), dtype=bool)
    free[:, :N_LENS] = free_parameters(models)
    free[0, N_LENS:] = False
    views = board_views(pixels, np.zeros(len(rig), dtype=bool), BOARD.corners_board)
    problem = BundleProblem(views, free, lens_prior(models, seen.image_sizes, lenses[:, 0]))
    return problem, BundleState(lenses, np.stack([camera.cam_from_world for camera in rig]), poses)


def test_a_noisy_camera_counts_less_and_never_next_to_nothing() -> None:
    problem, truth = filmed(50, np.array([2.0, 0.2, 0.2, 0.2]), 3)
    sigma = refine(problem, truth).sigma
    # A tenth of the noise would be a hundred times the weight; 1.4 either way is as far as a camera goes.
    assert sigma[0] / sigma[1] == pytest.approx(1.4**2, rel=1e-9)
    np.testing.assert_allclose(sigma[1:], sigma[1], rtol=1e-12)


def test_cameras_that_are_alike_weigh_alike() -> None:
    problem, truth = filmed(50, np.full(4, 0.3), 4)
    sigma = refine(problem, truth).sigma
    np.testing.assert_allclose(sigma, sigma[0], rtol=0.02)


def refined(seed: int) -> Refinement:
    return refine(*filmed(14, np.full(3, 0.4), seed))


def test_noise_counts_what_lenses_and_poses_have_absorbed() -> None:
    found = [refined(seed) for seed in range(10)]
    stated = np.mean([noise_per_camera(one.problem, one.state) ** 2 for one in found])
    # Measured 0.394 px, and 0.328 px without what 9 to 15 parameters a camera and 6 a pose have absorbed.
    assert np.sqrt(stated) == pytest.approx(0.4, rel=0.03)
    each = [np.median(squared_errors(one.state, v := one.problem.views)[v.seen]) / (2 * np.log(2)) for one in found]
    assert np.sqrt(np.mean(each)) < 0.35


def test_freedom_taken_besides_counts_too() -> None:
    one = refined(0)
    counts = np.bincount(one.problem.views.camera, one.problem.views.seen.sum(axis=1))
    none, half = noise_per_camera(one.problem, one.state), noise_per_camera(one.problem, one.state, 0.2 * counts)
    # The same residuals with 0.1 of all coordinates gone: variance by what is left of the freedom.
    freedom = 0.1 / (1.0 - none**2 / half**2)
    assert ((freedom > 0.6) & (freedom < 0.95)).all()
    everything = noise_per_camera(one.problem, one.state, 9.0 * counts)
    np.testing.assert_allclose((none / everything) ** 2, 0.1 / freedom, rtol=1e-6)  # never below a tenth


@pytest.mark.parametrize(("sigmas", "clean"), [(6.9, True), (7.1, False)])
def test_one_corner_beyond_seven_sigmas_is_not_clean(sigmas: float, clean: bool) -> None:
    problem, truth = filmed(30, np.full(3, 0.5), 5)
    views, sigma = problem.views, np.full(3, 0.5)
    exact = np.where(views.seen[..., None], views.pixels, 0.0)
    row, corner = np.argwhere(views.seen)[7]
    lone = replace(views, seen=np.zeros_like(views.seen))
    lone.seen[row, corner] = True
    off = squared_errors(truth, lone)[row, corner]
    # Along the line on which its own error lies.
    probe = np.array([1e-3, 0.0])
    slope = [squared_errors(truth, replace(lone, pixels=_moved(exact, row, corner, step)))[row, corner] - off
             for step in (probe, probe[::-1])]  # fmt: skip
    way = np.array(slope) / np.linalg.norm(slope)
    pixels = _moved(exact, row, corner, way * (sigmas * 0.5 - np.sqrt(off)))
    assert _is_gaussian(replace(problem, views=replace(views, pixels=pixels)), truth, sigma) == clean


def _moved(pixels: NDArray, row: int, corner: int, step: NDArray) -> NDArray:
    moved = pixels.copy()
    moved[row, corner] += step
    return moved


def test_relative_poses_agree_within_a_quarter() -> None:
    rng = np.random.default_rng(0)
    i_from_j = from_rotvec(np.array([0.1, 0.6, 0.0]), np.array([0.02, 0.0, 0.01]))
    cam_j = np.stack([look_at(place, np.zeros(3)) for place in rng.uniform(1.5, 2.0, (17, 3))])
    # Ten frames agree; three are 0.23 rad off, two 0.27 rad, and two so far that nothing like it was seen.
    off = np.zeros((17, 3))
    off[10:13, 2], off[13:15, 2], off[15:, 1] = 0.23, -0.27, [2.0, -2.5]
    cam_i = from_rotvec(off, np.zeros((17, 3))) @ i_from_j @ cam_j
    both = [np.stack([one, np.full_like(one, np.nan)], axis=1) for one in (cam_i, cam_j)]
    found = pair_pose(*both)
    assert found is not None and (found.n_shared, found.n_agreeing) == (17, 13)
    np.testing.assert_allclose(found.i_from_j() @ inverse(i_from_j), np.eye(4), atol=1e-3)
