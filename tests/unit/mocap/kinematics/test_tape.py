"""The graph behind vectors, frames and angles: reference algebra, central differences, and odd input."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

import mocap.vector_kernels as vector_kernels
from mocap.kinematics import angles
from mocap.kinematics.clusters import Cluster, fit, place
from mocap.kinematics.tape import run_kernels
from mocap.kinematics.traced import (
    Frame,
    Scalar,
    Vec,
    add_grads,
    carried,
    chain,
    combine,
    constant,
    difference,
    evaluate,
    frame,
    mean,
    turned_by,
)
from mocap.kinematics.uncertainty import landmark_sd, random_sd, random_sds

KERNELS = ("fit_kernels.py", "pull_kernels.py", "row_kernels.py", "value_kernels.py")


def test_the_compilers_cache_follows_the_kernels() -> None:
    folder = Path(run_kernels.__file__).parent
    files = [*(folder / name for name in KERNELS), Path(vector_kernels.__file__)]
    content = b"".join(file.read_bytes() for file in files)
    assert hashlib.sha256(content).hexdigest() == run_kernels.IMPORTED_SHA256, (
        "write the new sum into run_kernels.py: that makes the compiler drop what it kept of the old kernels"
    )


NAMES = ("a", "b", "c", "d", "e", "f", "g")
PLATE = Cluster(("a", "b", "c", "d"), np.array([[0.1, 0, 0], [0, 0.12, 0], [-0.1, 0, 0.05], [0, -0.12, 0]]), 0.05)
SIZES = (1, 7, 31, 32, 33, 1056, 1057)


def _points(n_frames: int, seed: int = 1) -> dict[str, np.ndarray]:
    """A plate that moves with 2 mm noise on its points, and three points beside it."""
    rng = np.random.default_rng(seed)
    turn = Rotation.from_rotvec(np.cumsum(rng.normal(0, 0.05, (n_frames, 3)), axis=0)).as_matrix()
    places = np.concatenate([PLATE.shape_cluster, [[0.4, 0.1, 0.2], [0.3, -0.5, 0.1], [0.2, 0.3, -0.4]]])
    world = np.einsum("tij,pj->tpi", turn, places) + rng.normal(0, 0.002, (n_frames, 7, 3))
    return dict(zip(NAMES, np.moveaxis(world, 1, 0), strict=True))


def _traced(points: dict[str, np.ndarray]) -> dict[str, Vec]:
    return {n: Vec(p, {n: np.broadcast_to(np.eye(3), (len(p), 3, 3))}) for n, p in points.items()}


def _all(points: dict[str, Vec]) -> dict[str, Scalar]:
    """Angles that pass through every operation."""
    n_frames = points["a"].node.n_frames
    pose = fit(PLATE, points)
    tip = place(pose, np.array([0.3, 0.2, 0.1]))
    thigh = frame(difference(tip, points["e"]), difference(points["f"], points["g"]), "yz")
    knee = carried(thigh, np.array([0.1, -0.2, 0.3]), mean([points["e"], points["f"]]))
    shank = frame(combine((0.3, 1.0, -1.2), (knee, points["g"], tip)), difference(points["a"], points["e"]), "xz")
    bent = turned_by(pose.frame, Rotation.from_rotvec([0.2, 0.4, -0.3]).as_matrix())
    level = frame(constant(np.array([0.0, 1, 0]), n_frames), difference(knee, points["g"]), "yx")
    lab = Frame(np.broadcast_to(Rotation.from_rotvec([0.1, 0.2, 0.3]).as_matrix(), (n_frames, 3, 3)))
    found = {f"joint{i}": angle for i, angle in enumerate(angles.traced_joint(thigh, shank))}
    found |= {f"baker{i}": angle for i, angle in enumerate(angles.traced_baker(lab, bent))}
    found |= {f"both{i}": angle for i, angle in enumerate(angles.traced_baker(level, thigh))}
    found["lean"] = angles.signed(-1.0, angles.line_lean(difference(knee, tip), level), 0.2)
    found["elevation"] = angles.line_elevation(difference(knee, points["b"]))
    found["between"] = angles.angle_between(difference(knee, tip), difference(points["f"], tip))
    found["less"] = angles.subtract(found["lean"], angles.signed(2.0, found["joint0"], 0.1))
    return found


def test_gradients_through_every_operation_agree_with_central_differences() -> None:
    points, step = _points(5), 1e-6
    points["c"][2] = np.nan
    found = _all(_traced(points))
    for source in NAMES:
        for axis in range(3):
            ends = []
            for sign in (1, -1):
                moved = {n: Vec(p + sign * step * np.eye(3)[axis] * (n == source)) for n, p in points.items()}
                ends.append({name: angle.value for name, angle in _all(moved).items()})
            for name, angle in found.items():
                expected = (ends[0][name] - ends[1][name]) / (2 * step)
                shown = angle.grad[source][:, axis] if source in angle.grad else np.zeros(5)
                # Measured: at most 2e-7 rad/m of up to 40.
                np.testing.assert_allclose(shown, expected, rtol=1e-6, atol=1e-6, err_msg=f"{name} {source} {axis}")


@pytest.mark.parametrize("n_frames", SIZES)
def test_a_frame_is_the_same_alone_and_among_others(n_frames: int) -> None:
    points = _points(n_frames)
    spread = {n: np.broadcast_to(np.diag([1e-6, 2e-6, 3e-6]), (n_frames, 3, 3)) for n in NAMES}
    together = _all(_traced(points))
    sds = dict(zip(together, random_sds(list(together.values()), spread), strict=True))
    for at in {0, n_frames // 2, n_frames - 1}:
        alone = _all(_traced({n: p[at : at + 1] for n, p in points.items()}))
        for name, angle in alone.items():
            apart = np.angle(np.exp(1j * (angle.value[0] - together[name].value[at])))
            assert abs(apart) < 1e-13, name
            one = random_sd(angle, {n: s[:1] for n, s in spread.items()})[0]
            assert one == pytest.approx(sds[name][at], rel=1e-11), name


def test_sd_is_that_of_the_gradients() -> None:
    rng = np.random.default_rng(3)
    points = _points(40)
    roots = {n: rng.normal(0, 1e-3, (40, 3, 3)) for n in NAMES}
    spread = {n: root @ np.swapaxes(root, 1, 2) for n, root in roots.items()}
    for name, angle in _all(_traced(points)).items():
        expected = sum(np.einsum("ti,tij,tj->t", row, spread[source], row) for source, row in angle.grad.items())
        np.testing.assert_allclose(random_sd(angle, spread), np.sqrt(expected), rtol=1e-12, err_msg=name)


def test_gradients_handed_in_count_as_they_are() -> None:
    rng, n_frames = np.random.default_rng(8), 33
    by = {s: rng.normal(size=(n_frames, 3, 3)) for s in ("p0", "p1", "p2")}
    first = Vec(rng.normal(size=(n_frames, 3)), {"p0": by["p0"], "p1": by["p1"]})
    second = Vec(rng.normal(size=(n_frames, 3)), {"p1": by["p2"]})
    both = combine((2.0, -3.0), (first, second))
    np.testing.assert_allclose(both.grad["p1"], 2 * by["p1"] - 3 * by["p2"], atol=1e-12)
    np.testing.assert_allclose(both.grad["p0"], 2 * by["p0"], atol=1e-12)
    matrix = rng.normal(size=(n_frames, 3, 3))
    again = Vec(first.value, add_grads(chain(matrix, both.grad), chain(np.diag([1.0, 2, 3]), first.grad)))
    np.testing.assert_allclose(again.grad["p0"], 2 * matrix @ by["p0"] + np.diag([1.0, 2, 3]) @ by["p0"], atol=1e-12)
    angle = angles.angle_between(again, second)
    unit = {s: np.broadcast_to(np.eye(3), (n_frames, 3, 3)) for s in by}
    expected = np.sqrt(sum(np.sum(row * row, axis=1) for row in angle.grad.values()))
    np.testing.assert_allclose(random_sd(angle, unit), expected, rtol=1e-12)
    rows = {"p0": rng.normal(size=(n_frames, 3))}
    given = angles.signed(-2.0, Scalar(np.arange(n_frames, dtype=float), rows), 1.0)
    np.testing.assert_array_equal(given.value, -2.0 * np.arange(n_frames) - 1.0)
    np.testing.assert_allclose(given.grad["p0"], -2.0 * rows["p0"])
    assert landmark_sd(given, 0.5) == pytest.approx(np.sqrt(np.median(np.sum(rows["p0"] ** 2, axis=1))), rel=1e-12)


def test_what_is_missing_or_has_no_direction_is_nan_without_a_word() -> None:
    points = _points(40)
    points["a"][3] = np.nan
    points["e"][4] = np.nan
    for point in points.values():
        point[5] = 0.0
        point[6] = np.nan
        point[7] = [1.0, 2.0, 3.0]
        point[9] = np.inf
        point[8, 1:] = 0.0
    found = _all(_traced(points))
    spread = {n: np.where(np.isfinite(p).all(1)[:, None, None], 1e-6 * np.eye(3), np.nan) for n, p in points.items()}
    sds = random_sds(list(found.values()), spread)
    for (name, angle), sd in zip(found.items(), sds, strict=True):
        assert np.isnan(angle.value[5:10]).all() or name == "between", name
        assert np.isnan(sd[np.isnan(angle.value)]).all(), name
    # Three points of the plate are enough, and its missing one needs no covariance.
    assert np.isfinite(found["baker0"].value[3]) and np.isfinite(sds[3][3])
    assert np.isnan(found["joint0"].value[4]) and np.isfinite(found["baker0"].value[4])


def test_no_frames_are_no_angles() -> None:
    found = _all(_traced({n: np.empty((0, 3)) for n in NAMES}))
    evaluate(found.values())
    sds = random_sds(list(found.values()), {n: np.empty((0, 3, 3)) for n in NAMES})
    assert all(len(angle.value) == 0 for angle in found.values()) and all(len(sd) == 0 for sd in sds)


def test_fits_agree_with_singular_values_however_the_points_lie() -> None:
    rng = np.random.default_rng(4)
    turn = Rotation.random(200, random_state=2).as_matrix()
    for shape in (PLATE.shape_cluster, 0.05 * np.array([[-1.0, 1, 0], [1, 1, 0], [1, -1, 0], [-1, -1, 0]])):
        world = np.einsum("tij,pj->tpi", turn, shape) + rng.normal(0, 0.01, (200, 4, 3))
        world[rng.random((200, 4)) < 0.1] = np.nan
        cluster = Cluster(PLATE.names, shape, 1.0)
        pose = fit(cluster, {name: Vec(world[:, i]) for i, name in enumerate(cluster.names)})
        for t in range(200):
            there = np.isfinite(world[t]).all(axis=1)
            if there.sum() < 3:
                assert np.isnan(pose.frame.axes[t]).all()
                continue
            offset, model = world[t, there] - world[t, there].mean(0), shape[there] - shape[there].mean(0)
            u, _, vt = np.linalg.svd(model.T @ offset)
            best = vt.T @ np.diag([1, 1, np.sign(np.linalg.det(u @ vt))]) @ u.T
            # Measured: 2e-14 but where three noisy points leave the turn almost open.
            np.testing.assert_allclose(pose.frame.axes[t], best, atol=1e-10)
            residual = np.sqrt(np.mean(np.sum((model @ best.T - offset) ** 2, axis=1)))
            assert pose.residual_m[t] == pytest.approx(residual, abs=1e-12)


def test_quantities_of_unlike_length_do_not_go_together() -> None:
    with pytest.raises(ValueError, match="4 and of 5 frames"):
        _ = difference(Vec(np.zeros((5, 3))), Vec(np.ones((4, 3)))).value


@pytest.mark.parametrize("jump", [0.3, 2.0, 3.5, 9.0])
def test_angles_unwrap_as_numpy_does(jump: float) -> None:
    turn = np.cumsum(np.random.default_rng(1).uniform(-jump, jump, 300))
    line = np.stack([np.sin(turn), np.cos(turn), 0 * turn], axis=1)
    line[50:60] = np.nan
    shown = angles.line_lean(Vec(line), Frame(np.broadcast_to(np.eye(3), (300, 3, 3)))).value
    expected = angles.unwrap(np.arctan2(line[:, 0], line[:, 1]))
    np.testing.assert_allclose(shown, expected, atol=1e-12)
