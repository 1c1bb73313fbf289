"""The pose of two cameras from shared points: exact without noise, degenerate scenes named, mirrors not believed."""

import numpy as np
import pytest

from calibration.points.epipolar import epipolar_pair, essential_of, sampson_px
from calibration.rigid import apply, from_rotvec, inverse
from calibration.synthetic import ring_rig
from calibration.triangulation import essential

FOCAL = 900.0


def _two_views(points_a: np.ndarray, b_from_a: np.ndarray, sigma_px: float = 0.0, seed: int = 0):
    rng = np.random.default_rng(seed)
    points_b = apply(b_from_a, points_a)
    rays = [points[:, :2] / points[:, 2:] for points in (points_a, points_b)]
    return [ray + sigma_px / FOCAL * rng.standard_normal(ray.shape) for ray in rays]


def _scene(n: int = 200, seed: int = 1, depth: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.uniform([-1, -1, 4 - depth], [1, 1, 4 + depth], (n, 3))


BESIDE = from_rotvec(np.array([0.1, -0.7, 0.05]), np.array([2.5, 0.2, 1.0]))


def _angle_deg(one: np.ndarray, other: np.ndarray) -> float:
    cosine = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    return float(np.rad2deg(np.arccos(np.clip(cosine, -1, 1))))


def test_noise_free_points_give_the_pose_exactly() -> None:
    pair = epipolar_pair(*_two_views(_scene(), BESIDE), FOCAL, FOCAL)
    np.testing.assert_allclose(pair.b_from_a[:3, :3], BESIDE[:3, :3], atol=1e-7)
    np.testing.assert_allclose(pair.b_from_a[:3, 3], BESIDE[:3, 3] / np.linalg.norm(BESIDE[:3, 3]), atol=1e-7)
    assert pair.usable and pair.n_agreeing == 200


def test_a_fifth_of_wrong_points_does_not_move_the_pose_beyond_its_noise() -> None:
    a, b = _two_views(_scene(400), BESIDE, sigma_px=1.0)
    rng = np.random.default_rng(3)
    wrong = rng.random(400) < 0.2
    b[wrong] += rng.uniform(-0.3, 0.3, (int(wrong.sum()), 2))
    pair = epipolar_pair(a, b, FOCAL, FOCAL)
    assert pair.usable
    assert _angle_deg(pair.b_from_a[:3, 3], BESIDE[:3, 3]) < 0.3  # 0.1
    assert pair.sigma_px == pytest.approx(1.0, rel=0.5)  # 1.3: the median is over all points


def test_the_sampson_distance_has_the_spread_of_the_noise() -> None:
    a, b = _two_views(_scene(4000), BESIDE, sigma_px=2.0)
    unit = BESIDE.copy()
    unit[:3, 3] /= np.linalg.norm(unit[:3, 3])
    assert np.std(sampson_px(unit[None], a, b, FOCAL, FOCAL)) == pytest.approx(2.0, rel=0.05)


def test_the_essential_matrix_is_that_of_the_rig() -> None:
    one, other = ring_rig(2, seed=4)
    b_from_a = other.cam_from_world @ inverse(one.cam_from_world)
    np.testing.assert_allclose(essential_of(b_from_a), essential(one, other), atol=1e-12)


@pytest.mark.parametrize("depth", [0.0, 0.001])
def test_points_in_a_plane_are_called_flat(depth: float) -> None:
    pair = epipolar_pair(*_two_views(_scene(depth=depth), BESIDE, 1.0), FOCAL, FOCAL)
    assert pair.flat and not pair.usable


def test_a_mere_rotation_is_called_flat() -> None:
    turned = from_rotvec(np.array([0.0, 0.2, 0.0]), np.zeros(3))
    pair = epipolar_pair(*_two_views(_scene(), turned, 1.0), FOCAL, FOCAL)
    assert pair.flat and not pair.usable


def test_a_mirrored_image_puts_the_points_in_front_of_one_camera_only() -> None:
    a, b = _two_views(_scene(), BESIDE, 1.0)
    pair = epipolar_pair(a, b * [-1.0, 1.0], FOCAL, FOCAL)
    assert pair.n_agreeing > 190  # the epipolar lines alone see nothing
    assert not pair.sure and not pair.usable
