"""Cluster poses: exact on rigid motion, refused where they cannot be known, gradients and plate SD."""

import numpy as np
from scipy.spatial.transform import Rotation

from mocap.kinematics.clusters import Cluster, fit, mean_shape, place, second_spread
from mocap.kinematics.traced import Vec

SQUARE = 0.03 * np.array([[-1, 1, 0], [1, 1, 0], [1, -1, 0], [-1, -1, 0]], float)
NAMES = ("p1", "p2", "p3", "p4")
PLATE = Cluster(NAMES, SQUARE, 0.003)


def _moved(seed: int = 0, n_frames: int = 30) -> tuple[np.ndarray, np.ndarray, dict[str, Vec]]:
    rng = np.random.default_rng(seed)
    rotation, origin = Rotation.random(n_frames, random_state=seed).as_matrix(), rng.normal(size=(n_frames, 3))
    world = np.einsum("tij,pj->tpi", rotation, SQUARE) + origin[:, None]
    return rotation, origin, {name: Vec(world[:, i]) for i, name in enumerate(NAMES)}


def test_rigid_motion_is_found_exactly_and_points_are_placed() -> None:
    rotation, origin, points = _moved()
    pose = fit(PLATE, points)
    np.testing.assert_allclose(pose.frame.axes, rotation, atol=1e-12)
    tip = np.array([0.1, -0.2, 0.3])
    np.testing.assert_allclose(place(pose, tip).value, rotation @ tip + origin, atol=1e-12)


def test_a_frame_with_three_corners_is_as_exact_and_two_are_not_enough() -> None:
    rotation, origin, points = _moved()
    points["p2"].value[3] = np.nan
    points["p1"].value[5] = points["p2"].value[5] = np.nan
    pose = fit(PLATE, points)
    np.testing.assert_allclose(pose.frame.axes[3], rotation[3], atol=1e-12)
    np.testing.assert_allclose(place(pose, np.zeros(3)).value[3], origin[3], atol=1e-12)
    missing = np.isnan(pose.frame.axes).all(axis=(1, 2))
    assert np.flatnonzero(missing).tolist() == [5]
    assert np.isnan(place(pose, np.zeros(3)).value[5]).all()


def test_a_bent_plate_is_not_accepted() -> None:
    _, _, points = _moved()
    points["p1"].value[7] += 0.02
    assert np.isnan(fit(PLATE, points).frame.axes[7]).all()
    assert np.isfinite(fit(Cluster(NAMES, SQUARE, 0.015), points).frame.axes[7]).all()


def test_points_on_a_line_carry_no_orientation() -> None:
    line = np.outer([-1.0, 0.0, 1.0], [0.05, 0.0, 0.0])
    points = {name: Vec(np.tile(p, (4, 1))) for name, p in zip(NAMES, line, strict=False)}
    assert second_spread(line) < 1e-12
    assert np.isnan(fit(Cluster(NAMES[:3], line, 0.003), points).frame.axes).all()


def test_mean_shape_averages_turned_copies() -> None:
    _, _, points = _moved()
    stack = np.stack([points[name].value for name in NAMES], axis=1)
    stack[2, 1] = np.nan
    shape = mean_shape(stack)
    assert shape is not None
    distances = np.linalg.norm(shape[:, None] - shape[None], axis=2)
    np.testing.assert_allclose(distances, np.linalg.norm(SQUARE[:, None] - SQUARE[None], axis=2), atol=1e-12)
    assert mean_shape(np.full((3, 4, 3), np.nan)) is None


def test_gradient_of_a_noisy_fit_agrees_with_central_differences() -> None:
    rng = np.random.default_rng(5)
    _, _, points = _moved(n_frames=4)
    noisy = {n: p.value + rng.normal(0, 1e-3, p.value.shape) for n, p in points.items()}
    noisy["p4"][2] = np.nan
    pose = fit(PLATE, {n: Vec(p, {n: np.broadcast_to(np.eye(3), (4, 3, 3))}) for n, p in noisy.items()})
    tip = np.array([0.05, 0.02, 0.1])
    at_tip, step = place(pose, tip), 1e-6
    for name in NAMES:
        for axis in range(3):
            ends = []
            for sign in (1, -1):
                shifted = {n: Vec(p + sign * step * np.eye(3)[axis] * (n == name)) for n, p in noisy.items()}
                ends.append(fit(PLATE, shifted))
            between = Rotation.from_matrix(ends[0].frame.axes @ np.swapaxes(ends[1].frame.axes, 1, 2)).as_rotvec()
            np.testing.assert_allclose(pose.frame.grad[name][:, :, axis], between / (2 * step), atol=1e-5)
            travel = (place(ends[0], tip).value - place(ends[1], tip).value) / (2 * step)
            np.testing.assert_allclose(at_tip.grad[name][:, :, axis], travel, atol=1e-6)


def test_sd_of_a_60_mm_plate_is_that_of_the_closed_form() -> None:
    # 0.3 mm per corner: 0.29 deg out of plane, 0.20 deg in plane, from sigma^2 (sum |r|^2 I - r r^T)^-1.
    points = {n: Vec(p[None], {n: np.eye(3)[None]}) for n, p in zip(NAMES, SQUARE, strict=True)}
    grads = fit(PLATE, points).frame.grad
    covariance = sum(g[0] @ g[0].T for g in grads.values()) * 0.0003**2
    sd = np.rad2deg(np.sqrt(np.diag(covariance)))
    np.testing.assert_allclose(sd, [0.2865, 0.2865, 0.2026], atol=5e-4)
    inertia = 4 * 0.0018 * np.eye(3) - SQUARE.T @ SQUARE
    np.testing.assert_allclose(covariance, 0.0003**2 * np.linalg.inv(inertia), atol=1e-12)
