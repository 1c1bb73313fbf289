"""The solver against plain dense algebra, and its derivatives against finite differences."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mocap.kinematics.fit import band_kernels as band
from mocap.kinematics.fit import normal_kernels as normal
from mocap.kinematics.fit import solve as solving
from mocap.kinematics.fit.bridging import judge
from mocap.kinematics.fit.fast import running_mean
from mocap.kinematics.fit.solve import Fit, Observed, _widened, solve
from mocap.kinematics.fit.start import acceleration_density
from mocap.kinematics.fit.tree import Tree


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


DENSITY = np.array([2.0, 20.0])
PLACES = 0.1 * np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [-1.0, 0.0, 0.5]])


def _plate_with_gap(rate_hz: float, seed: int, seconds: float = 0.3) -> tuple[Fit, np.ndarray, slice]:
    """Fit one body, moved by white acceleration, 1 mm of noise, a gap; return the rotation that each frame is off."""
    rng = np.random.default_rng(seed)
    n, gap = round(0.9 * rate_hz) + 1, slice(round(0.3 * rate_hz), round((0.3 + seconds) * rate_hz))
    bends = np.sqrt(np.repeat(DENSITY, 3) / rate_hz**3) * rng.normal(size=(n, 6))
    truth = np.cumsum(np.cumsum(bends, axis=0), axis=0)
    turned = Rotation.from_rotvec(truth[:, 3:]).as_matrix()
    position = truth[:, None, :3] + np.einsum("tij,mj->tmi", turned, PLACES)
    position += 0.001 * rng.normal(size=position.shape)
    position[gap] = np.nan
    free = np.full((1, 3), np.inf)
    tree = Tree("plate", ("plate",), np.array([-1]), np.zeros((1, 3)), -free, free, {})
    observed = Observed(
        np.zeros(4, np.int64), PLACES, position, np.broadcast_to(1e-6 * np.eye(3), (n, 4, 3, 3)), np.zeros((n, 4)), 1.0
    )
    start = truth[:, :3].copy(), turned[:, None].copy()
    found = solve(tree, observed, start, DENSITY, rate_hz, 0.5)
    off = Rotation.from_matrix(found.rotations[:, 0] @ np.swapaxes(turned, 1, 2)).as_rotvec()
    return found, off, gap


def test_the_sd_in_a_gap_is_the_same_at_every_rate() -> None:
    ratios = []
    for rate_hz in (50.0, 100.0, 500.0):
        found, _, gap = _plate_with_gap(rate_hz, 0, 0.46)
        # In closed form where place and speed are known at both ends; between frames that show it.
        known = np.sqrt(DENSITY[1] * (0.46 + 1.0 / rate_hz) ** 3 / 192)
        ratios.append(np.sqrt(found.covariance[(gap.start + gap.stop) // 2, 3, 3]) / known)
    # Measured 1.11, 1.09, 1.08: more frames know the ends better. With a radian for each frame 1.04 to 0.75.
    assert max(ratios) < 1.25 and min(ratios) > 1.0 and max(ratios) / min(ratios) < 1.05


def test_bands_hold_the_truth_in_gaps() -> None:
    within = []
    for seed in range(60):
        found, off, gap = _plate_with_gap(100.0, seed)
        sd = np.sqrt(np.einsum("tii->ti", found.covariance[gap, 3:, 3:]))
        within.append(np.abs(off[gap]) < 1.96 * sd)
    # Measured 0.942.
    assert 0.93 <= np.mean(within) <= 0.97


def test_a_density_that_is_drawn_is_found_beside_gaps_too() -> None:
    """The 0.97 quantile is 3.0 times the mean of white acceleration; where a gap is, nothing moves by itself."""
    rng = np.random.default_rng(2)
    bends = np.sqrt(np.repeat(DENSITY, 3) / 100.0**3) * rng.normal(size=(6000, 6))
    path = np.cumsum(np.cumsum(bends - bends.mean(axis=0), axis=0), axis=0)
    own = np.ones((6000, 1), bool)
    turns = Rotation.from_rotvec(path[:, 3:] % 1.0).as_matrix()[:, None]
    found = acceleration_density(path[:, :3], turns, own, 100.0, 0.5)
    assert found[0] == pytest.approx(3.0 * DENSITY[0], rel=0.15)
    held = path[:, :3].copy()
    for first in range(50, 5900, 100):
        own[first : first + 30], held[first : first + 30] = False, held[first - 1]
    assert acceleration_density(held, turns, own, 100.0, 0.5)[0] == pytest.approx(3.0 * DENSITY[0], rel=0.15)


def _skin_on_a_plate(wobble_m: float) -> float:
    """Return the RMS error (rad) of a resting body: 1 mm of noise, the skin of all but three markers 6 mm off."""
    rng = np.random.default_rng(4)
    places = np.concatenate([0.3 * PLACES[:3], 1.5 * PLACES])
    position = places + 0.001 * rng.normal(size=(300, 7, 3))
    skin = np.array([0.0, 0.0, 0.0, 0.006, 0.006, 0.006, 0.006])
    position += skin[:, None] * rng.normal(size=(7, 3))
    # A wobble of 16 Hz, of one marker, in the middle of the trial.
    position[100:160, 5, 0] += wobble_m * np.sin(np.arange(60))
    free = np.full((1, 3), np.inf)
    tree = Tree("plate", ("plate",), np.array([-1]), np.zeros((1, 3)), -free, free, {})
    covariance = np.broadcast_to(1e-6 * np.eye(3), (300, 7, 3, 3))
    observed = Observed(np.zeros(7, np.int64), places, position, covariance, np.tile(skin**2, (300, 1)), 10.0)
    start = np.zeros((300, 3)), np.broadcast_to(np.eye(3), (300, 1, 3, 3)).copy()
    turned = Rotation.from_matrix(solve(tree, observed, start, DENSITY, 100.0, 0.5).rotations[:, 0]).as_rotvec()
    return float(np.sqrt(np.mean((turned - turned.mean(axis=0)) ** 2)))


def test_all_markers_tell_of_fast_movement_and_those_on_restless_skin_less(monkeypatch: pytest.MonkeyPatch) -> None:
    calm, shaken = _skin_on_a_plate(0.0), _skin_on_a_plate(0.010)
    monkeypatch.setattr(solving, "_follow_fast", lambda *given: None)
    slow_alone = _skin_on_a_plate(0.0)
    # Measured 0.34, 0.35 and 0.72 deg.
    assert calm < 0.6 * slow_alone
    assert shaken < slow_alone


def test_a_running_mean_leaves_a_straight_course_and_gaps_as_they_are() -> None:
    line = np.arange(40.0)[:, None] * [1.0, -2.0]
    line[12:15, 1] = np.nan
    mean = running_mean(line, 11.0)
    assert np.allclose(mean[:, 0], line[:, 0]) and np.isnan(mean[12:15, 1]).all()
    assert np.allclose(mean[[0, 39]], line[[0, 39]]) and np.isfinite(mean[[11, 15], 1]).all()
