"""The solver against plain dense algebra, and its derivatives against finite differences."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mocap.kinematics.fit import band_kernels as band
from mocap.kinematics.fit import normal_kernels as normal
from mocap.kinematics.fit.bridging import judge
from mocap.kinematics.fit.solve import _widened


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_band_solution_and_covariances_are_those_of_the_dense_matrix(scale: float) -> None:
    rng = np.random.default_rng(1)
    n_frames, n = 60, 6
    halves = rng.normal(size=(n_frames, n, n + 2))
    blocks = halves @ np.swapaxes(halves, 1, 2)
    blocks[20:24] = 0.0
    weight = scale * rng.uniform(1, 2, (n_frames, n))
    weight[[0, -1]] = 0.0
    dense = np.zeros((n_frames * n, n_frames * n))
    for t in range(n_frames):
        dense[t * n : (t + 1) * n, t * n : (t + 1) * n] = blocks[t]
    for t in range(1, n_frames - 1):
        rows = np.zeros((n, n_frames * n))
        for step, factor in ((-1, 1.0), (0, -2.0), (1, 1.0)):
            rows[:, (t + step) * n : (t + step + 1) * n] = factor * np.eye(n)
        dense += rows.T @ (weight[t][:, None] * rows)
    factors = tuple(np.empty((n_frames, n, n)) for _ in range(3))
    assert band.factor_band(np.tril(blocks), weight, *factors)
    right = rng.normal(size=(n_frames, n))
    answer, covariance = np.empty_like(right), np.empty((n_frames, n, n))
    band.solve_band(*factors, right, answer)
    band.inverse_diagonal(*factors, covariance)
    inverse = np.linalg.inv(dense)
    assert np.allclose(answer.ravel(), inverse @ right.ravel(), rtol=1e-6, atol=1e-9 * np.abs(inverse).max())
    for t in range(n_frames):
        assert np.allclose(covariance[t], inverse[t * n : (t + 1) * n, t * n : (t + 1) * n],
                           rtol=1e-6, atol=1e-9 * np.abs(inverse).max())  # fmt: skip


def _chain(seed: int):
    rng = np.random.default_rng(seed)
    rotations = Rotation.random(3, random_state=seed).as_matrix()[None]
    offset = np.vstack([np.zeros(3), rng.normal(size=(2, 3))])
    root, place = rng.normal(size=(1, 3)), rng.normal(size=(4, 3))
    return root, rotations, np.array([-1, 0, 1]), offset, np.array([0, 1, 2, 2]), place, rng


def _cost_and_right(root, rotations, parent, offset, segment, place, measured, weights):
    blocks, right, residuals = np.zeros((1, 12, 12)), np.zeros((1, 12)), np.empty(measured.shape)
    cost = 0.5 * normal.add_markers(
        root, rotations, parent, offset, segment, place, measured, weights, blocks, right, residuals
    )
    return cost, right[0], blocks[0], residuals


@pytest.mark.parametrize("off", [1.0, 30.0])
def test_the_gradient_of_the_markers_is_that_of_their_cost(off: float) -> None:
    root, rotations, parent, offset, segment, place, rng = _chain(7)
    measured = off * rng.normal(size=(1, 4, 3))
    halves = rng.normal(size=(1, 4, 3, 5))
    weights = halves @ np.swapaxes(halves, -1, -2)
    model = (parent, offset, segment, place, measured, weights)
    _, right, _, _ = _cost_and_right(root, rotations, *model)
    for index in range(12):
        costs = []
        for sign in (1.0, -1.0):
            step = np.zeros((1, 12))
            step[0, index] = sign * 1e-6
            moved, turned = root.copy(), rotations.copy()
            normal.apply_step(moved, turned, step)
            costs.append(_cost_and_right(moved, turned, *model)[0])
        assert right[index] == pytest.approx(-(costs[0] - costs[1]) / 2e-6, rel=1e-4, abs=1e-5)


def test_the_curvature_is_that_of_the_residuals() -> None:
    root, rotations, parent, offset, segment, place, rng = _chain(8)
    measured = rng.normal(size=(1, 4, 3))
    weights = np.broadcast_to(np.eye(3), (1, 4, 3, 3)).copy()
    model = (parent, offset, segment, place, measured, weights)
    block = _cost_and_right(root, rotations, *model)[2]
    columns = []
    for index in range(12):
        step = np.zeros((1, 12))
        step[0, index] = 1e-6
        moved, turned = root.copy(), rotations.copy()
        normal.apply_step(moved, turned, step)
        columns.append(_cost_and_right(moved, turned, *model)[3].ravel())
        step *= -1
        moved, turned = root.copy(), rotations.copy()
        normal.apply_step(moved, turned, step)
        columns[-1] = (columns[-1] - _cost_and_right(moved, turned, *model)[3].ravel()) / 2e-6
    jacobian = np.stack(columns, axis=1)
    assert np.allclose(np.tril(block), np.tril(jacobian.T @ jacobian), atol=1e-6)


def test_only_gaps_between_frames_that_show_the_segment_are_bridged() -> None:
    spread = np.full(100, 0.01)
    spread[:5] = spread[20:40] = spread[60:95] = 1.0
    shown = judge(spread, 100.0, 0.2)
    assert np.flatnonzero(shown.bridged).tolist() == list(range(20, 40))
    assert np.flatnonzero(shown.lost).tolist() == [*range(5), *range(60, 95)]
    assert shown.longest_s == pytest.approx(0.35)


@pytest.mark.parametrize("n_frames", [5, 15, 60])
def test_frames_are_widened_to_both_sides_however_short_the_trial(n_frames: int) -> None:
    frames = np.zeros(n_frames, bool)
    frames[2] = True
    assert np.flatnonzero(_widened(frames, 100.0)).tolist() == list(range(min(13, n_frames)))
