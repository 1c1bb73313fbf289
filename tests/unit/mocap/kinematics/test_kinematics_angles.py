"""Angles against printed golden vectors, scipy's rotations and central differences."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mocap.kinematics import angles
from mocap.kinematics.body import Body, Setting, Zeros
from mocap.kinematics.traced import Frame, Vec, frame
from mocap.kinematics.trunk_angles import trunk_outcomes

# tilt, obliquity, rotation built in Baker's order; the same read in the conventional order; clinical elevation.
# Printed to 3 decimals, so compared to half of the last one.
GOLDEN = [
    ((20, 0, 0), (20, 0, 0), 20.000),
    ((20, 0, 20), (18.882, 6.718, 18.882), 20.000),
    ((30, 0, 30), (26.565, 14.478, 26.565), 30.000),
    ((45, 0, 30), (40.893, 20.705, 22.208), 45.000),
    ((12, 4, 5), (11.649, 4.939, 4.075), 11.970),
    ((60, 5, 20), (58.057, 19.703, 6.102), 59.624),
    ((90, 3, 10), (90, 10, -3), 87.000),
]


# ASIS and PSIS in the axes of the pelvis (X anterior, Y up, Z right), m; the four lie in its XZ plane.
PELVIS = {"RASIS": [0, 0, 0.12], "LASIS": [0, 0, -0.12], "RPSIS": [-0.16, 0, 0.05], "LPSIS": [-0.16, 0, -0.05]}


@pytest.mark.parametrize(("built", "conventional", "clinical"), GOLDEN)
def test_pelvis_golden_vectors(built, conventional, clinical) -> None:
    rotation = angles.from_baker(*np.deg2rad(built))
    # Measured: 2e-14 deg.
    np.testing.assert_allclose(np.rad2deg(angles.baker(rotation)), built, atol=1e-6)
    np.testing.assert_allclose(np.rad2deg(angles.conventional(rotation)), conventional, atol=5.1e-4)
    points = {name: Vec(np.array([at]) @ rotation.T) for name, at in PELVIS.items()}
    shown = trunk_outcomes(Body(points, {}, Setting(pelvis_method="ASIS and PSIS"), Zeros()))
    assert np.rad2deg(shown["pelvic_tilt_clinical"].angle.value[0]) == pytest.approx(clinical, abs=5.1e-4)
    assert np.rad2deg(shown["pelvic_tilt"].angle.value[0]) == pytest.approx(built[0], abs=1e-6)
    assert np.rad2deg(shown["pelvic_obliquity"].angle.value[0]) == pytest.approx(built[1], abs=1e-6)


def test_joint_golden_matrix() -> None:
    printed = [[0.845301, -0.498097, 0.193300], [0.505511, 0.862730, 0.012492], [-0.172987, 0.087156, 0.981060]]
    matrix = angles.from_joint(*np.deg2rad([30, 5, 10]))
    np.testing.assert_allclose(matrix, printed, atol=5.1e-7)
    np.testing.assert_allclose(np.rad2deg(angles.joint(matrix)), [30, 5, 10], atol=1e-6)


def test_orders_agree_with_scipy() -> None:
    rotations = Rotation.random(200, random_state=4)
    expected = rotations.as_euler("ZXY")
    np.testing.assert_allclose(np.stack(angles.joint(rotations.as_matrix()), axis=1), expected, atol=1e-9)
    rot, minus_obl, minus_tilt = rotations.as_euler("YXZ").T
    expected = np.stack([-minus_tilt, -minus_obl, rot], axis=1)
    np.testing.assert_allclose(np.stack(angles.baker(rotations.as_matrix()), axis=1), expected, atol=1e-9)


@pytest.mark.parametrize(
    ("matrix", "moved", "expected"),
    [
        # +90 about Z carries the downward thigh axis forward: hip flexion.
        (angles.from_joint(np.pi / 2, 0, 0), [0, -1, 0], [1, 0, 0]),
        # +b carries it toward -Z: adduction of a right leg.
        (angles.from_joint(0, np.pi / 2, 0), [0, -1, 0], [0, 0, -1]),
        # +g turns the toe axis toward -Z: internal rotation of a right leg.
        (angles.from_joint(0, 0, np.pi / 2), [1, 0, 0], [0, 0, -1]),
        # Anterior tilt lowers what is in front.
        (angles.from_baker(np.pi / 2, 0, 0), [1, 0, 0], [0, -1, 0]),
        # Right side up raises the right axis; right side forward carries it to +X.
        (angles.from_baker(0, np.pi / 2, 0), [0, 0, 1], [0, 1, 0]),
        (angles.from_baker(0, 0, np.pi / 2), [0, 0, 1], [1, 0, 0]),
    ],
)
def test_signs_by_where_axes_go(matrix, moved, expected) -> None:
    np.testing.assert_allclose(matrix @ moved, expected, atol=1e-12)


def test_unwrap_skips_missing_frames() -> None:
    turning = np.linspace(0, 3 * np.pi, 30)
    wrapped = np.angle(np.exp(1j * turning))
    wrapped[[4, 11, 12]] = np.nan
    found = angles.unwrap(wrapped)
    seen = np.isfinite(wrapped)
    np.testing.assert_allclose(found[seen], turning[seen], atol=1e-12)
    assert np.isnan(found[[4, 11, 12]]).all()


def _points(rng: np.random.Generator, n_frames: int = 5) -> dict[str, np.ndarray]:
    return {name: rng.normal(size=(n_frames, 3)) for name in "abcdef"}


def _traced(points: dict[str, np.ndarray]) -> dict[str, Vec]:
    return {n: Vec(p, {n: np.broadcast_to(np.eye(3), (len(p), 3, 3))}) for n, p in points.items()}


def _all_angles(v: dict[str, Vec]) -> list[angles.Scalar]:
    one, two = frame(v["a"], v["b"], "zx"), frame(v["c"], v["d"], "yz")
    return [
        *angles.traced_joint(one, two),
        *angles.traced_baker(one, two),
        angles.line_lean(v["e"], one),
        angles.line_elevation(v["e"]),
        angles.angle_between(v["e"], v["f"]),
        angles.subtract(angles.line_lean(v["e"], two), angles.signed(-1.0, angles.line_elevation(v["f"]), 0.3)),
    ]


def test_gradients_agree_with_central_differences() -> None:
    points = _points(np.random.default_rng(8))
    analytic = _all_angles(_traced(points))
    step = 1e-6
    worst = 0.0
    for name in points:
        for axis in range(3):
            shifted = []
            for sign in (1, -1):
                moved = {n: p + sign * step * np.eye(3)[axis] * (n == name) for n, p in points.items()}
                shifted.append([s.value for s in _all_angles({n: Vec(p) for n, p in moved.items()})])
            for found, plus, minus in zip(analytic, *shifted, strict=True):
                numeric = np.angle(np.exp(1j * (plus - minus))) / (2 * step)
                row = found.grad[name][:, axis] if name in found.grad else 0.0
                worst = max(worst, float(np.max(np.abs(numeric - row) / (1 + np.abs(numeric)))))
    assert worst < 1e-6  # measured 4e-9


def test_lean_is_positive_forward() -> None:
    upright = Frame(np.eye(3)[None])
    lean = angles.line_lean(Vec(np.array([[np.sin(0.3), np.cos(0.3), 0.7]])), upright)
    assert lean.value[0] == pytest.approx(0.3)


def test_line_of_no_length_is_missing() -> None:
    zero = Vec(np.zeros((1, 3)))
    assert np.isnan(angles.line_elevation(zero).value).all()
