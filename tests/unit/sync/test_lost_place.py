"""Pieces of the search for lost frames: predictions with their covariance, what is missed throughout, and its tools."""

import numpy as np
import pytest
from scipy.ndimage import correlate1d

from calibration.synthetic import ring_rig
from mocap.sync.lost_prediction import common_miss, predicted
from mocap.sync.motion_pairs import pairs_of
from mocap.sync.motion_tracks import correlated


def rays_of(rig, points):
    local = np.stack([points @ c.cam_from_world[:3, :3].T + c.cam_from_world[:3, 3] for c in rig])
    return local[..., :2] / local[..., 2:]


@pytest.fixture(scope="module")
def scene():
    rig = ring_rig(4, seed=2)
    points = np.array([0, 0, 1.0]) + np.random.default_rng(0).uniform(-0.5, 0.5, (60, 8, 3))
    return rig, rays_of(rig, points)


@pytest.mark.parametrize("others", [(1, 2, 3), (1,)])
def test_where_the_others_see_a_point_it_is_not_missed(scene, others):
    rig, rays = scene
    found = predicted(rig, 0, others, rays[list(others)], rays[0])
    assert np.sqrt(found.squared(np.zeros((8, 2)))).max() < (0.05 if len(others) > 1 else 0.5)  # sd: 3e-5 and 0.2


def test_the_miss_scatters_as_its_weight_says(scene):
    rig, rays = scene
    rng = np.random.default_rng(1)
    focal = np.array([np.sqrt(c.matrix[0, 0] * c.matrix[1, 1]) for c in rig])[:, None, None, None]
    sigma = np.array([1.0, *[np.sqrt(0.1)] * 3])[:, None, None, None]  # what smoothing leaves to the others
    squares = []
    for _ in range(20):
        seen = rays + sigma * rng.normal(size=rays.shape) / focal
        squares.append(predicted(rig, 0, (1, 2, 3), seen[1:], seen[0]).squared(np.zeros((8, 2))))
    assert np.mean(squares) == pytest.approx(2.0, rel=0.05)  # 2.0: two components of 1 px


def test_a_point_that_nobody_else_sees_is_not_predicted(scene):
    rig, rays = scene
    hidden = np.array(rays[1:])
    hidden[:, 3] = np.nan
    miss = predicted(rig, 0, (1, 2, 3), hidden, rays[0]).miss
    assert np.isnan(miss[3]).all() and np.isfinite(np.delete(miss, 3, axis=0)).all()


def test_what_is_missed_throughout_is_found_beside_outliers():
    rng = np.random.default_rng(2)
    miss = np.array([2.0, -1.0]) + 0.5 * rng.normal(size=(200, 3, 2))
    miss[:30, 0] += 40.0
    miss[50:60, 1] = np.nan
    weight = np.broadcast_to(np.eye(2), (200, 3, 2, 2))
    np.testing.assert_allclose(common_miss(miss, weight), np.tile([2.0, -1.0], (3, 1)), atol=0.15)  # 0.08


def test_correlation_in_blocks_is_correlation():
    rng = np.random.default_rng(3)
    values, kernels = rng.normal(size=(3, 190, 5)), rng.normal(size=(2, 31))
    found = correlated(values, kernels).reshape(2, 3, -1, 5)[:, :, :190]
    for kernel, part in zip(kernels, found, strict=True):
        np.testing.assert_allclose(part, correlate1d(values, kernel, axis=1, mode="constant"), atol=1e-12)


def test_misses_by_shift_are_misses(scene):
    rig, rays = scene
    pair = pairs_of(rig)[0]
    a, b = rays[pair.a].transpose(2, 1, 0), rays[pair.b].transpose(2, 1, 0)  # (2, keypoint, frame)
    shifted = np.stack([np.roll(b, 1, axis=-1), b, b], axis=2).astype(np.float32)
    expected = pair.miss(np.moveaxis(a, 0, -1), np.moveaxis(b, 0, -1))[0]
    np.testing.assert_allclose(pair.miss_by_shift(a, shifted)[:, 1], expected, atol=2e-3)
    rolled = pair.miss(np.moveaxis(a, 0, -1), np.moveaxis(shifted[:, :, 0], 0, -1))[0]
    found = pair.miss_by_shift(a, shifted)[:, 0]
    assert np.abs(found / rolled - 1)[np.abs(rolled) > 1].max() < 0.3  # the scale is that of no shift
