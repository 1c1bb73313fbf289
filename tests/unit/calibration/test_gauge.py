"""Covariance in a chosen world: against worlds rebuilt from moved cameras and boards, without any formula."""

import numpy as np
import pytest

from calibration.rigid import from_rotvec, inverse, rotvec
from calibration.solve.bundle_system import N_CAMERA, N_LENS
from calibration.solve.gauge import WorldMotion, adjoint, covariance_in_world, moved_with_boards, moved_with_camera
from calibration.world.floor import root_from_floor

N = 3


def random_poses(rng: np.random.Generator, n: int) -> np.ndarray:
    return from_rotvec(rng.normal(0, 1.0, (n, 3)), rng.normal(0, 2.0, (n, 3)))


def small(pose: np.ndarray) -> np.ndarray:
    return np.concatenate([rotvec(pose), pose[..., :3, 3]], axis=-1)


def moved_cameras(cam_from_root: np.ndarray, x: np.ndarray) -> np.ndarray:
    step = x.reshape(N, N_CAMERA)[:, N_LENS:]
    return from_rotvec(step[:, :3], step[:, 3:]) @ cam_from_root


def exact_map(world, cam_from_root: np.ndarray, n_noise: int) -> np.ndarray:
    """d (camera parameters in the world) / d (camera parameters in the root, noise), by rebuilding the world."""
    size = N * N_CAMERA
    before = cam_from_root @ world(np.zeros(size), np.zeros(n_noise))
    columns = []
    for unit in np.eye(size + n_noise) * 1e-5:
        sides = []
        for flat in (unit, -unit):
            x, noise = flat[:size], flat[size:]
            answer = x.reshape(N, N_CAMERA).copy()
            now = moved_cameras(cam_from_root, x) @ world(x, noise)
            answer[:, N_LENS:] = small(now @ inverse(before))
            sides.append(answer.ravel())
        columns.append((sides[0] - sides[1]) / 2e-5)
    return np.stack(columns, axis=1)


def random_covariance(rng: np.random.Generator, n: int) -> np.ndarray:
    root = rng.standard_normal((n, n))
    return root @ root.T


def test_adjoint_carries_small_motions() -> None:
    rng = np.random.default_rng(0)
    b_from_a, motion = random_poses(rng, 1)[0], 1e-6 * rng.standard_normal(6)
    there = b_from_a @ from_rotvec(motion[:3], motion[3:]) @ inverse(b_from_a)
    assert np.abs(small(there) - adjoint(b_from_a) @ motion).max() < 1e-11


def test_the_camera_that_is_the_world_does_not_move() -> None:
    rng = np.random.default_rng(1)
    cameras, covariance = random_poses(rng, N), random_covariance(rng, N * N_CAMERA)
    found = covariance_in_world(covariance, cameras, moved_with_camera(cameras, 1))
    exact = exact_map(lambda x, _: inverse(moved_cameras(cameras, x)[1]), cameras, 0)
    expected = (exact @ covariance @ exact.T).reshape(found.shape)
    assert np.abs(found - expected).max() < 1e-7 * np.abs(expected).max()
    assert np.abs(found[1, N_LENS:]).max() < 1e-10 * np.abs(found).max()
    assert np.allclose(found[1, :N_LENS, 1, :N_LENS], covariance.reshape(found.shape)[1, :N_LENS, 1, :N_LENS])


@pytest.mark.parametrize("n_boards", [1, 3])
def test_a_floor_moves_with_the_cameras_and_by_itself(n_boards: int) -> None:
    rng = np.random.default_rng(2)
    size = N * N_CAMERA
    cameras, covariance = random_poses(rng, N), random_covariance(rng, size)
    spread = rng.normal(0, 0.01, (n_boards, 3)), rng.normal(0, 0.3, (n_boards, 3))
    boards = random_poses(rng, 1)[0] @ from_rotvec(*spread)
    follow, alone = rng.standard_normal((n_boards, 6, size)), [random_covariance(rng, 6) for _ in range(n_boards)]

    def world(x: np.ndarray, noise: np.ndarray) -> np.ndarray:
        step = noise.reshape(n_boards, 6) - follow @ x
        return root_from_floor(boards @ from_rotvec(step[:, :3], step[:, 3:]))

    exact = exact_map(world, cameras, 6 * n_boards)
    whole = np.zeros((size + 6 * n_boards,) * 2)
    whole[:size, :size] = covariance
    for index, block in enumerate(alone):
        own = slice(size + 6 * index, size + 6 * index + 6)
        whole[own, own] = block
    expected = exact @ whole @ exact.T
    motion = moved_with_boards(boards, np.stack(alone), follow, root_from_floor)
    found = covariance_in_world(covariance, cameras, motion).reshape(size, size)
    assert np.abs(found - expected).max() < 1e-6 * np.abs(expected).max()


def test_a_world_that_stays_changes_nothing() -> None:
    rng = np.random.default_rng(3)
    cameras, covariance = random_poses(rng, N), random_covariance(rng, N * N_CAMERA)
    still = WorldMotion(np.zeros((6, N * N_CAMERA)), np.zeros((6, 6)))
    assert np.allclose(covariance_in_world(covariance, cameras, still).reshape(covariance.shape), covariance)
