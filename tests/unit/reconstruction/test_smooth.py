"""The smoother against a dense solution, a textbook Kalman smoother, and its own promises about gaps and flags."""

import ast
import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.linalg import splu

from mocap import vector_kernels
from mocap.errors import ConfigError
from mocap.reconstruction import (
    smooth_kernels,
    smooth_learn_kernels,
    smooth_load_kernels,
    smooth_sample_kernels,
    smooth_scout_kernels,
    smooth_step_kernels,
)
from mocap.reconstruction.smooth import smooth_points_kalman
from mocap.reconstruction.smooth_kernels import LANES, PAD
from mocap.reconstruction.smooth_lanes import _series, prepare
from mocap.reconstruction.smooth_options import SmoothingOptions
from mocap.reconstruction.smooth_scout import learn, look
from mocap.reconstruction.smooth_series import Series, cutoffs, fit, padded, stiffness_of
from mocap.schema import Status
from mocap.trial import Points3D

RATE = 100.0
TERMS = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))


def random_covariance(rng, shape, sd=1.0):
    root = rng.normal(0, 1, (*shape, 3, 3))
    return sd**2 * (root @ root.swapaxes(-1, -2) / 3 + 0.3 * np.eye(3))


def series_of(rng, n_frames, active=None):
    value = rng.normal(0, 3, (n_frames, 3, LANES))
    covariance = random_covariance(rng, (n_frames, LANES))
    info = as_terms(np.linalg.inv(covariance))
    info[np.broadcast_to(rng.random((n_frames, 1, LANES)) < 0.2, info.shape)] = 0.0
    active = np.ones((n_frames, LANES), bool) if active is None else active
    return Series(*(padded(part) for part in (value, np.where(active[:, None], info, 0.0), active)))


def as_terms(matrix):
    return np.stack([matrix[..., row, column] for row, column in TERMS], axis=1)


def matrices(terms):
    """Terms (time, 6, LANES) as matrices (time, LANES, 3, 3)."""
    result = np.empty((len(terms), LANES, 3, 3))
    for place, (row, column) in enumerate(TERMS):
        result[..., row, column] = result[..., column, row] = terms[:, place]
    return result


def dense(series, stiffness, lane):
    """Solve one keypoint by plain matrices: position (time, 3), covariance (3 time, 3 time), degrees taken by axis."""
    active = series.active[:-PAD, lane]
    n_frames = len(active)
    third = np.zeros((n_frames - 3, n_frames))
    for m in range(n_frames - 3):
        third[m, m : m + 4] = np.array([-1, 3, -3, 1]) * active[m : m + 4].all()
    prior = np.kron(third.T @ third, np.diag(stiffness[:, lane]))
    own = np.zeros_like(prior)
    blocks = matrices(series.info)[:, lane]
    for frame in range(n_frames):
        own[3 * frame : 3 * frame + 3, 3 * frame : 3 * frame + 3] = blocks[frame]
    system = own + prior
    system[np.diag_indices(len(system))] += ~np.repeat(active, 3)
    inverse = np.linalg.inv(system)
    taken = [np.trace(inverse[axis::3, axis::3] @ third.T @ third) for axis in range(3)]
    return (inverse @ (own @ series.value[:n_frames, :, lane].ravel())).reshape(-1, 3), inverse, np.array(taken)


def whole_or_broken(n_frames, broken):
    """Random series with random stiffness, with gaps at the ends and in the middle where broken."""
    rng = np.random.default_rng(1)
    active = np.ones((n_frames, LANES), bool)
    if broken:
        active[:2, 1], active[11:16, 2], active[20:, 3] = False, False, False
    series = series_of(rng, n_frames, active)
    stiffness = np.exp(rng.normal(0, 2, (3, LANES))) * (1e3 if n_frames > 25 else 1)
    return series, stiffness, active


@pytest.mark.parametrize(("n_frames", "broken"), [(25, False), (25, True), (150, False)])
def test_the_banded_system_equals_the_dense_one(n_frames, broken):
    series, stiffness, active = whole_or_broken(n_frames, broken)
    solution, covariance = fit(series, stiffness)
    for lane in range(4):
        position, inverse, _ = dense(series, stiffness, lane)
        inside = active[:, lane]
        assert np.abs(solution[:n_frames, :, lane] - position)[inside].max() < 1e-9
        own = np.array([inverse[3 * t : 3 * t + 3, 3 * t : 3 * t + 3] for t in range(n_frames)])
        assert np.abs(matrices(covariance)[:n_frames, lane] - own).max() < 1e-9


@pytest.mark.parametrize(("n_frames", "broken"), [(25, False), (25, True), (150, False)])
def test_each_axis_by_itself_equals_the_dense_solution_of_its_own_variances(n_frames, broken):
    series, stiffness, active = whole_or_broken(n_frames, broken)
    seen = look(series, stiffness)
    alone = np.zeros(series.info.shape)
    alone[:, [0, 3, 5]] = series.precision
    measured = series.measured[:, 0]
    own = np.linalg.inv(matrices(series.info)[measured, 0])
    assert np.allclose(series.precision[measured, :, 0], 1 / np.diagonal(own, axis1=1, axis2=2))
    assert np.allclose(seen.local[:, 0].sum(axis=0), (stiffness * seen.sums[0]).sum(axis=0))
    assert np.allclose(seen.local[:, 1].sum(axis=0), (stiffness * seen.sums[1]).sum(axis=0))
    for lane in range(4):
        position, inverse, taken = dense(Series(series.value, alone, series.active), stiffness, lane)
        inside = active[:, lane]
        assert np.abs(seen.position[:n_frames, :, lane] - position)[inside].max() < 1e-9
        variance = np.diag(inverse).reshape(-1, 3)
        assert np.abs(seen.variance[:n_frames, :, lane] - variance)[inside].max() < 1e-9
        assert np.abs(seen.sums[0][:, lane] - taken).max() < 1e-9 * taken.max()
        third = np.diff(position, 3, axis=0) * series.steady[: n_frames - 3, lane, None]
        assert np.allclose(seen.sums[1][:, lane], (third**2).sum(axis=0))
        misfit = series.precision[:n_frames, :, lane] * (position - series.value[:n_frames, :, lane]) ** 2
        assert np.allclose(seen.sums[2][:, lane], misfit.sum(axis=0))


@pytest.mark.parametrize("share", [0.005, 0.45])
def test_thousands_of_frames_stay_exact_at_the_softest_and_the_stiffest(share):
    # Takahashi's recursion is run far; sparse LU of one axis (information and stiffness alike on all) is the other way.
    n_frames, rng = 3000, np.random.default_rng(2)
    value = rng.normal(0, 1, (n_frames, 3, LANES))
    info = np.zeros((n_frames, 6, LANES))
    info[:, [0, 3, 5]] = rng.uniform(0.5, 2.0, (n_frames, 1, 1))
    series = Series(padded(value), padded(info), padded(np.ones((n_frames, LANES), bool)))
    solution, covariance = fit(series, np.full((3, LANES), stiffness_of(share)))
    seen = look(series, np.full((3, LANES), stiffness_of(share)))
    third = sparse.diags([-1.0, 3.0, -3.0, 1.0], [0, 1, 2, 3], shape=(n_frames - 3, n_frames))
    system = (sparse.diags(info[:, 0, 0]) + stiffness_of(share) * third.T @ third).tocsc()
    solve = splu(system).solve
    expected = solve(info[:, 0, 0] * value[:, 0, 0])
    assert max(np.abs(part[:n_frames, 0, 0] - expected).max() for part in (solution, seen.position)) < 1e-4
    for frame in (0, 1, 700, 2999):
        unit = np.zeros(n_frames)
        unit[frame] = 1.0
        variance = solve(unit)[frame]
        assert max(abs(part[frame, 0, 0] / variance - 1) for part in (covariance, seen.variance)) < 1e-4


def walk(rng, n_frames, n_keypoints=4, jerk_sd=2e-4, noise_sd=3e-3):
    """Motion of white third difference, seen with noise: points and truth."""
    truth = np.cumsum(np.cumsum(np.cumsum(rng.normal(0, jerk_sd, (n_frames, n_keypoints, 3)), 0), 0), 0)
    covariance = random_covariance(rng, (n_frames, n_keypoints), noise_sd)
    noise = np.linalg.cholesky(covariance) @ rng.normal(0, 1, (n_frames, n_keypoints, 3, 1))
    names = tuple(f"k{i}" for i in range(n_keypoints))
    return Points3D(truth + noise[..., 0], names, RATE, covariance), truth


def test_noise_and_motion_are_learned():
    rng = np.random.default_rng(2)
    points, _ = walk(rng, 2000, 8)
    smoothed = smooth_points_kalman(points)
    assert np.abs(smoothed.noise_scale - 1).max() < 0.08
    assert (smoothed.steady_share == 0).all()


def test_the_smoother_is_as_good_as_its_covariance_says():
    rng = np.random.default_rng(3)
    points, truth = walk(rng, 1500, 8)
    smoothed = smooth_points_kalman(points).points
    miss = smoothed.position - truth
    squares = np.einsum("tki,tkij,tkj->tk", miss, np.linalg.inv(smoothed.covariance), miss)
    assert 0.93 < (squares < 7.815).mean() < 0.97
    # One in 1e5 good samples is called a stray: 12 000 are here.
    assert (smoothed.status != Status.MEASURED | Status.FILTERED).sum() <= 1


def test_short_gaps_are_bridged_with_grown_covariance_and_long_ones_stay():
    rng = np.random.default_rng(4)
    points, truth = walk(rng, 600, 8)
    position = points.position.copy()
    position[100:115, 0], position[200:240, 0], position[:5, 1], position[590:, 2] = np.nan, np.nan, np.nan, np.nan
    smoothed = smooth_points_kalman(
        Points3D(position, points.names, RATE, points.covariance), SmoothingOptions(longest_gap_s=0.15)
    ).points
    assert np.isfinite(smoothed.position[100:115, 0]).all()
    assert (smoothed.status[100:115, 0] == Status.FILLED | Status.FILTERED).all()
    sd = np.sqrt(np.trace(smoothed.covariance[:, 0], axis1=1, axis2=2))
    assert sd[107] > 1.5 * sd[101] > 1.5 * np.median(sd)
    for missing in (smoothed.position[200:240, 0], smoothed.position[:5, 1], smoothed.position[590:, 2]):
        assert np.isnan(missing).all()
    # Inside the gap the curve goes on: what freezes would stand still.
    assert (np.linalg.norm(np.diff(smoothed.position[99:116, 0], axis=0), axis=1) > 0).all()
    miss = smoothed.position[100:115, 0] - truth[100:115, 0]
    squares = np.einsum("ti,tij,tj->t", miss, np.linalg.inv(smoothed.covariance[100:115, 0]), miss)
    assert squares.max() < 16


def test_strays_are_left_out_and_flagged():
    rng = np.random.default_rng(5)
    points, truth = walk(rng, 500)
    position = points.position.copy()
    position[[50, 200, 201, 350], 1] += [0.2, -0.1, 0.15]
    told = smooth_points_kalman(Points3D(position, points.names, RATE, points.covariance))
    assert "4 samples left out as outliers" in told.notes
    smoothed = told.points
    flags = Status.FILLED | Status.FILTERED | Status.REJECTED
    assert (smoothed.status[[50, 200, 201, 350], 1] == flags).all()
    assert ((smoothed.status & np.uint8(Status.REJECTED)) != 0).sum() == 4
    assert np.linalg.norm(smoothed.position - truth, axis=2).max() < 0.008
    alone = points.position.copy()
    alone[50, 1] += [0.2, -0.1, 0.15]
    notes = smooth_points_kalman(Points3D(alone, points.names, RATE, points.covariance)).notes
    assert "1 sample left out as an outlier" in notes


def test_errors_that_stay_remain_in_the_covariance():
    rng = np.random.default_rng(6)
    points, _ = walk(rng, 1500, 8)
    # A slow error three times as large, which the covariance of each frame tells of.
    drift = np.repeat(rng.normal(0, 9e-3, (1, 8, 3)), 1500, axis=0)
    wide = points.covariance + 9e-3**2 * np.eye(3)
    smoothed = smooth_points_kalman(Points3D(points.position + drift, points.names, RATE, wide))
    assert (smoothed.steady_share > 0.5).all()
    sd = np.sqrt(np.trace(smoothed.points.covariance, axis1=2, axis2=3) / 3)
    assert 7e-3 < np.median(sd) < 11e-3
    assert any("remain in the covariance" in note for note in smoothed.notes)


def test_too_little_stays_as_it_was():
    rng = np.random.default_rng(7)
    points, _ = walk(rng, 5)
    smoothed = smooth_points_kalman(points)
    assert np.array_equal(smoothed.points.position, points.position)
    assert (smoothed.points.status == Status.MEASURED).all()
    assert np.isnan(smoothed.cutoff_hz).all()


def test_a_cutoff_lets_half_of_the_amplitude_through():
    share = 0.05
    value = np.zeros((400, 3, LANES))
    value[:] = np.sin(2 * np.pi * share * np.arange(400))[:, None, None]
    info = np.zeros((400, 6, LANES))
    info[:, [0, 3, 5]] = 1.0
    series = Series(padded(value), padded(info), padded(np.ones((400, LANES), bool)))
    stiffness = np.full((3, LANES), stiffness_of(share))
    assert np.allclose(cutoffs(series, stiffness), share)
    assert abs(fit(series, stiffness)[0][150:250].max() - 0.5) < 0.01


def test_learning_is_the_maximum_of_the_likelihood():
    # Dense restricted likelihood around the answer of the fixed-point rounds.
    # Noise without correlation between the axes: then they may be taken one by one.
    points, _ = walk(np.random.default_rng(8), 60, 1, jerk_sd=1e-3)
    points = replace(points, covariance=points.covariance * np.eye(3))
    series = _series(prepare(points), np.array([0]), 10)
    stiffness, noise = learn(series)

    def minus_log(stiff, scale):
        position, inverse, _ = dense(series, np.repeat(stiff[:, None], LANES, axis=1), 0)
        miss = position - series.value[:-PAD, :, 0]
        quad = np.einsum("ti,tij,tj->", miss, matrices(series.info)[:-PAD, 0], miss)
        quad += (stiff * np.diff(position, 3, axis=0) ** 2).sum()
        return -np.linalg.slogdet(inverse)[1] + 3 * 57 * np.log(scale) - 57 * np.log(stiff).sum() + quad / scale

    best = minus_log(stiffness[:, 0], noise[0])
    for axis in range(3):
        for factor in (0.8, 1.25):
            other = stiffness[:, 0].copy()
            other[axis] *= factor
            assert minus_log(other, noise[0]) > best - 0.01
    assert min(minus_log(stiffness[:, 0], noise[0] * factor) for factor in (0.9, 1.1)) > best


@pytest.mark.parametrize("module", [smooth_kernels, smooth_scout_kernels, smooth_sample_kernels, smooth_step_kernels,
                                    smooth_load_kernels, smooth_learn_kernels])  # fmt: skip
def test_the_compilers_cache_follows_what_is_imported(module):
    folder = Path(module.__file__).parent
    names = ["smooth_block", *(["smooth_scout"] if module is smooth_learn_kernels else [])]
    files = [*(folder / f"{name}_kernels.py" for name in names), Path(vector_kernels.__file__)]
    content = b"".join(file.read_bytes() for file in files)
    assert hashlib.sha256(content).hexdigest() == module.IMPORTED_SHA256, (
        f"write the new sum into {module.__name__}: that makes the compiler drop what it kept of the old kernels"
    )


_KERNELS = [smooth_kernels, smooth_scout_kernels, smooth_sample_kernels, smooth_step_kernels, smooth_load_kernels,
            smooth_learn_kernels]  # fmt: skip


def test_what_the_compiler_may_reorder_is_part_of_its_caller():
    # Left apart it is there in two versions, of which the process that compiles uses another one than later ones.
    called = {node.func.id for module in _KERNELS for node in ast.walk(ast.parse(Path(module.__file__).read_text()))
              if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}  # fmt: skip
    for module in _KERNELS:
        for name, kernel in vars(module).items():
            options = getattr(kernel, "targetoptions", None)
            if options and options.get("fastmath") and name in called:
                assert options.get("forceinline"), name


_SUM = """
import hashlib, sys
import numpy as np
from mocap.reconstruction.smooth import smooth_points_kalman
from mocap.trial import Points3D
rng = np.random.default_rng(0)
truth = np.cumsum(np.cumsum(rng.normal(0, 1e-4, (700, 9, 3)), axis=0), axis=0)
truth[200:204, 3] = np.nan
spread = rng.normal(0, 1e-3, (700, 9, 3, 3))
points = Points3D(truth + rng.normal(0, 1e-3, truth.shape), [f"p{i}" for i in range(9)], 100.0,
                  spread @ spread.swapaxes(-1, -2) + 1e-6 * np.eye(3))
found = smooth_points_kalman(points).points
print(hashlib.sha256(found.position.tobytes() + found.covariance.tobytes()).hexdigest())
"""


@pytest.mark.heavy
@pytest.mark.timeout(1800)
def test_the_process_that_compiles_gives_the_same_bits_as_later_ones(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[3])}
    found = [subprocess.run([sys.executable, "-c", _SUM], env=environment, capture_output=True, text=True, check=True)
             for _ in range(2)]  # fmt: skip
    assert len(found[0].stdout) > 60 and found[0].stdout == found[1].stdout


def test_options_out_of_range_are_refused():
    with pytest.raises(ConfigError) as caught:
        SmoothingOptions(longest_gap_s=-1.0, max_sd_m=0.0)
    assert caught.value.code == "OPTION_RANGE" and "longest_gap_s" in str(caught.value)
