"""What the smoother must never do: move points against their data without a word, whatever it is given."""

import numpy as np
import pytest

from mocap.reconstruction.smooth import smooth_points_kalman
from mocap.reconstruction.smooth_guard import usable_covariance
from mocap.schema import Status
from mocap.trial import Points3D

RATE = 100.0
SD = 2e-3


def turned(angle):
    """Rotations about an axis askew, shape (n, 3, 3)."""
    axis = np.array([2.0, -1.0, 2.0]) / 3.0
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    angle = np.asarray(angle)[:, None, None]
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def swaying(n_frames=300, n_keypoints=2, seed=0, spread=(1.0, 1.0, 1.0), stated=None):
    """Sines with noise of sds `spread` x 2 mm along axes that turn; `stated` is what the covariance says of them."""
    rng = np.random.default_rng(seed)
    t = np.arange(n_frames)[:, None, None] / RATE
    truth = 0.3 * np.sin(2 * np.pi * t * rng.uniform(0.2, 0.8, (n_keypoints, 3)) + rng.uniform(0, 6, (n_keypoints, 3)))
    axes = turned(np.linspace(0, 5, n_frames))[:, None]
    noise = (axes @ (SD * np.array(spread)[:, None] * rng.normal(0, 1, (*truth.shape, 1))))[..., 0]
    covariance = axes @ np.diag((SD * np.array(spread if stated is None else stated)) ** 2) @ axes.swapaxes(-1, -2)
    covariance = np.repeat(covariance, n_keypoints, axis=1)
    names = tuple(f"k{i}" for i in range(n_keypoints))
    status = np.full(truth.shape[:2], Status.MEASURED, np.uint8)
    return Points3D(truth + noise, names, RATE, covariance, status), truth


def miss(points, truth):
    return np.linalg.norm(points.position - truth, axis=2)


def as_it_came(smoothed, points):
    return (
        np.array_equal(smoothed.points.position, points.position, equal_nan=True)
        and np.array_equal(smoothed.points.covariance, points.covariance, equal_nan=True)
        and np.array_equal(smoothed.points.status, points.status)
    )


@pytest.mark.parametrize("flat", [0.0, 5e-6, 1e-3])
def test_a_direction_called_free_of_error_moves_nothing(flat):
    # Such a covariance once taught a variance of 3e5 times the stated one, and moved points by 110 mm.
    points, _ = swaying(stated=(1.0, flat, 1.0))
    smoothed = smooth_points_kalman(points)
    assert as_it_came(smoothed, points)
    assert set(smoothed.left) == {"k0", "k1"} and np.isnan(smoothed.cutoff_hz).all()
    assert any("k1 was not smoothed: " in note for note in smoothed.notes)


def test_one_such_keypoint_leaves_the_others_alone():
    points, _ = swaying(n_keypoints=3)
    covariance = np.array(points.covariance)
    covariance[:, 1] = swaying(stated=(1.0, 1e-6, 1.0))[0].covariance[:, 0]
    odd = smooth_points_kalman(Points3D(points.position, points.names, RATE, covariance, points.status))
    plain = smooth_points_kalman(points)
    assert set(odd.left) == {"k1"}
    assert np.array_equal(odd.points.position[:, 1], points.position[:, 1])
    for keypoint in (0, 2):
        assert np.abs(odd.points.position - plain.points.position)[:, keypoint].max() < 1e-9
    assert not plain.left


@pytest.mark.parametrize("seed", range(3))
def test_covariances_as_long_as_they_are_true_may_be_of_any_shape(seed):
    spread = 10.0 ** np.random.default_rng(seed).uniform(-1.3, 0.3, 3)
    points, truth = swaying(seed=seed, spread=spread)
    smoothed = smooth_points_kalman(points)
    assert not smoothed.left and np.abs(smoothed.noise_scale - 1).max() < 0.25
    assert np.sqrt((miss(smoothed.points, truth) ** 2).mean()) < 0.6 * np.sqrt((miss(points, truth) ** 2).mean())


def test_the_least_variance_is_a_share_of_the_largest_and_no_other_changes():
    axes = turned([0.7])[0]
    plain, flat = axes @ np.diag([1.0, 0.04, 0.5]) @ axes.T, axes @ np.diag([1.0, 1e-9, 0.5]) @ axes.T
    unknown, none, blunder = np.full((3, 3), np.nan), np.zeros((3, 3)), axes @ np.diag([1.0, -0.2, 0.5]) @ axes.T
    covariance = np.stack([plain, flat, unknown, none, blunder])[:, None]
    found, known = usable_covariance(covariance, np.ones((5, 1), bool))
    assert known.all() and np.array_equal(found[0, 0], plain)
    for index in (1, 4):
        assert np.allclose(np.linalg.eigvalsh(found[index, 0]), [1e-3, 0.5, 1.0])
    assert np.allclose(found[2, 0], found[1, 0]) and np.linalg.eigvalsh(found[3, 0]).min() > 0.9e-3


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_units_do_not_matter(scale):
    points, _ = swaying()
    there = smooth_points_kalman(points)
    # The farthest that a bridged sample may be known is in metres: nothing is missing here.
    other = smooth_points_kalman(
        Points3D(points.position * scale, points.names, RATE, points.covariance * scale**2, points.status)
    )
    assert np.abs(other.points.position / scale - there.points.position).max() < 1e-8
    assert np.allclose(other.points.covariance / scale**2, there.points.covariance, rtol=1e-5)


def test_a_rigid_motion_of_the_world_carries_the_result_along():
    points, truth = swaying(n_frames=600)
    turn, shift = turned([1.1])[0], np.array([3.0, -20.0, 1.0])
    moved = Points3D(points.position @ turn.T + shift, points.names, RATE, turn @ points.covariance @ turn.T)
    there, other = smooth_points_kalman(points).points, smooth_points_kalman(moved).points
    # Motion is learned by axis, so that other axes learn a little differently: less than what is left of the noise.
    change = np.linalg.norm((other.position - shift) @ turn - there.position, axis=2)
    assert np.sqrt((change**2).mean()) < 0.6 * np.sqrt((miss(there, truth) ** 2).mean())
    only = Points3D(points.position + shift, points.names, RATE, points.covariance, points.status)
    assert np.abs(smooth_points_kalman(only).points.position - shift - there.position).max() < 1e-9


def test_time_may_run_backwards():
    points, _ = swaying(n_keypoints=1)
    position = np.array(points.position)
    position[80:90], position[200] = np.nan, position[200] + 0.1
    there = smooth_points_kalman(Points3D(position, points.names, RATE, points.covariance)).points
    back = smooth_points_kalman(Points3D(position[::-1], points.names, RATE, points.covariance[::-1])).points
    assert np.abs(back.position[::-1] - there.position).max() < 1e-8
    assert np.array_equal(back.status[::-1], there.status)


@pytest.mark.parametrize("known", [True, False])
def test_what_is_free_of_noise_or_still_stays_where_it_is(known):
    points, truth = swaying()
    truth[:, 1] = [1.0, 2.0, 3.0]
    covariance = points.covariance if known else np.zeros_like(points.covariance)
    smoothed = smooth_points_kalman(Points3D(truth, points.names, RATE, covariance, points.status))
    assert miss(smoothed.points, truth).max() < 1e-5
    assert not (smoothed.points.status & np.uint8(Status.REJECTED)).any()
    # Noise that does not show may still be an error that stays: it is not smoothed out of the covariance.
    trace = np.trace(smoothed.points.covariance, axis1=2, axis2=3)
    assert (trace > 0).all() and (not known or trace.min() > 2.5 * SD**2)


def test_columns_without_a_sample_stay_empty_beside_others():
    points, _ = swaying(n_keypoints=3)
    position = np.array(points.position)
    position[:, 1] = np.nan
    status = np.where(np.isfinite(position[..., 0]), np.uint8(Status.MEASURED), np.uint8(0))
    smoothed = smooth_points_kalman(Points3D(position, points.names, RATE, points.covariance, status))
    assert np.isnan(smoothed.points.position[:, 1]).all() and (smoothed.points.status[:, 1] == 0).all()
    assert (smoothed.points.status[:, [0, 2]] == Status.MEASURED | Status.FILTERED).all()
    nothing = smooth_points_kalman(Points3D(np.full_like(position, np.nan), points.names, RATE, points.covariance))
    assert np.isnan(nothing.points.position).all() and not nothing.left


@pytest.mark.parametrize("n_frames", range(1, 11))
def test_a_few_frames_are_left_or_moved_within_their_noise(n_frames):
    points, _ = swaying(n_frames=n_frames)
    smoothed = smooth_points_kalman(points)
    if n_frames < 8:
        assert as_it_came(smoothed, points)
    move = miss(smoothed.points, points.position)
    assert np.isfinite(move).all() and move.max() < 6 * SD * np.sqrt(3)


@pytest.mark.parametrize("jump_m", [0.01, 0.1, 1.0])
def test_a_jump_that_stays_is_smoothed_on_both_sides_and_told_where_it_is(jump_m):
    points, truth = swaying(n_keypoints=1)
    truth[150:] += jump_m * np.array([1.0, 0.5, -0.5])
    position = points.position + (np.arange(300) >= 150)[:, None, None] * (jump_m * np.array([1.0, 0.5, -0.5]))
    smoothed = smooth_points_kalman(Points3D(position, points.names, RATE, points.covariance, points.status)).points
    off = np.nan_to_num(miss(smoothed, truth)[:, 0])
    told = (smoothed.status[:, 0] & np.uint8(Status.REJECTED)) != 0
    assert off[np.r_[:120, 180:300]].max() < 4 * SD
    assert off[~told].max() < 6 * SD * np.sqrt(3)
    assert told.sum() < 40


def test_rest_and_then_fast_keeps_the_fast_part_and_calms_the_rest():
    points, _ = swaying(n_keypoints=1)
    t = np.arange(300) / RATE
    truth = 0.3 * np.where(t >= 1.5, np.sin(2 * np.pi * 3 * (t - 1.5)) ** 3, 0.0)[:, None, None] * np.ones(3)
    noise = SD * np.random.default_rng(1).normal(0, 1, truth.shape)
    covariance = np.broadcast_to(SD**2 * np.eye(3), (300, 1, 3, 3))
    smoothed = smooth_points_kalman(Points3D(truth + noise, points.names, RATE, covariance, points.status)).points
    assert miss(smoothed, truth).max() < 4.5 * SD
    assert np.sqrt((miss(smoothed, truth) ** 2).mean()) <= np.sqrt((noise**2).sum(axis=2).mean())
    off = [np.sqrt((miss(smoothed, truth)[span] ** 2).mean()) for span in (slice(20, 130), slice(170, 280))]
    sd = np.sqrt(np.trace(smoothed.covariance, axis1=2, axis2=3))
    # Measured 0.65, where one strength of motion for the whole trial gives 0.98; and the covariance tells it.
    assert off[0] < 0.8 * off[1]
    assert sd[20:130].mean() < 0.9 * sd[170:280].mean()
