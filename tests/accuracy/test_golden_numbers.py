"""Numbers of the definitions, typed here by hand, against the whole way from points to angles.

Nothing of the kinematics' own rotations is used: the few that are needed stand below in plain sines and cosines.
"""

from math import cos, pi, radians, sin

import numpy as np
import pytest

from mocap.kinematics import KinematicsOptions, kinematics
from mocap.kinematics.angles import from_joint, joint
from mocap.kinematics.clusters import Cluster, fit
from mocap.kinematics.hip_centre import PelvisSize, hip_centre
from mocap.kinematics.traced import Vec
from mocap.signal.filters import corrected_cutoff, lowpass
from mocap.trial import Points3D

PLACE, UP = np.array([0.3, -0.2, 1.0]), np.array([0.0, 0.0, 1.0])
FORWARD_IS_X = KinematicsOptions(heading_rad=0.0, posture="any")


def rx(deg: float) -> np.ndarray:
    c, s = cos(radians(deg)), sin(radians(deg))
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def ry(deg: float) -> np.ndarray:
    c, s = cos(radians(deg)), sin(radians(deg))
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def rz(deg: float) -> np.ndarray:
    c, s = cos(radians(deg)), sin(radians(deg))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def in_world(isb: np.ndarray) -> np.ndarray:
    """Points in ISB axes (X forward, Y up, Z right) as world coordinates (x forward, y left, z up)."""
    return np.stack([isb[..., 0], -isb[..., 2], isb[..., 1]], axis=-1)


def pelvis_points(rotation: np.ndarray, covariance_m2: float = 0.0, copies: int = 1) -> Points3D:
    """ASIS 240 mm apart, mid-PSIS 150 mm behind, and knees a leg below so that it is a body."""
    own = {
        "RASIS": [0, 0, 0.12], "LASIS": [0, 0, -0.12], "RPSIS": [-0.15, 0, 0.045], "LPSIS": [-0.15, 0, -0.045],
        "RLFE": [-0.05, -0.5, 0.15], "LLFE": [-0.05, -0.5, -0.15],
    }  # fmt: skip
    turned = in_world(np.array(list(own.values()), float) @ rotation.T) + PLACE
    known = np.full((copies, 6, 3, 3), np.nan)
    if covariance_m2:
        known[:] = np.eye(3) * covariance_m2
    return Points3D(np.repeat(turned[None], copies, axis=0), list(own), 100.0, covariance=known)


# Built with tilt, right-up obliquity and rotation in Baker's order; what each of the three definitions reads (deg).
TILT_TABLE = (
    ((20, 0, 0), (20, 0, 0), 20.000),
    ((20, 0, 20), (18.882, 6.718, 18.882), 20.000),
    ((30, 0, 30), (26.565, 14.478, 26.565), 30.000),
    ((45, 0, 30), (40.893, 20.705, 22.208), 45.000),
    ((12, 4, 5), (11.649, 4.939, 4.075), 11.970),
    ((60, 5, 20), (58.057, 19.703, 6.102), 59.624),
    ((90, 3, 10), (90, 10, -3), 87.000),
)


@pytest.mark.parametrize(("built", "conventional", "clinical"), TILT_TABLE)
def test_three_definitions_of_tilt(built, conventional, clinical) -> None:
    tilt, obliquity, rotation = built
    points = pelvis_points(ry(rotation) @ rx(-obliquity) @ rz(-tilt))
    angles = kinematics(points, "landmarks", options=FORWARD_IS_X).angles
    for name, value in zip(("tilt", "obliquity", "rotation"), built, strict=True):
        assert angles.deg(f"pelvic_{name}")[0] == pytest.approx(value, abs=1e-6)
    for name, value in zip(("tilt", "obliquity", "rotation"), conventional, strict=True):
        assert angles.deg(f"pelvic_{name}_conventional")[0] == pytest.approx(value, abs=5.1e-4)
    assert angles.deg("pelvic_tilt_clinical")[0] == pytest.approx(clinical, abs=5.1e-4)


def test_golden_matrix_of_a_joint() -> None:
    golden = [[0.845301, -0.498097, 0.193300], [0.505511, 0.862730, 0.012492], [-0.172987, 0.087156, 0.981060]]
    np.testing.assert_allclose(rz(30) @ rx(5) @ ry(10), golden, atol=5.1e-7)
    np.testing.assert_allclose(from_joint(*np.deg2rad([30.0, 5.0, 10.0])), rz(30) @ rx(5) @ ry(10), atol=1e-15)
    np.testing.assert_allclose(np.rad2deg(joint(rz(30) @ rx(5) @ ry(10))), [30, 5, 10], atol=1e-6)


@pytest.mark.parametrize(
    ("method", "radius_m", "printed_mm"),
    [
        ("harrington", 0, (-45.9, -82.9, 86.5)), ("harrington_full", 0, (-45.9, -81.5, 88.3)),
        ("hara", 0, (-45.7, -79.2, 85.4)), ("bell", 0, (-45.6, -72.0, 86.4)), ("davis", 0, (-40.2, -94.4, 77.7)),
        ("davis", 0.007, (-46.8, -96.6, 77.7)),
    ],
)  # fmt: skip
def test_worked_hip_centres(method, radius_m, printed_mm) -> None:
    size = PelvisSize(0.240, 0.150, 0.900, marker_radius=radius_m)
    for side in (1.0, -1.0):
        found = 1000 * hip_centre(method, size, side) * [1, 1, side]
        np.testing.assert_allclose(found, printed_mm, atol=0.1)
    # And the whole way, through the points.
    options = KinematicsOptions(heading_rad=0.0, posture="any", hip_centre=method, leg_length_m=0.9,
                                marker_radius_m=radius_m)  # fmt: skip
    turn = ry(20) @ rx(-4) @ rz(-12)
    centres = kinematics(pelvis_points(turn), "landmarks", options=options).centres
    for side, s in (("R", 1), ("L", -1)):
        expected = in_world(turn @ (np.array(printed_mm) * [1, 1, s] / 1000)) + PLACE
        np.testing.assert_allclose(centres[f"{side}HJC"][0], expected, atol=1e-4)


@pytest.mark.parametrize(("sigma_mm", "printed_deg"), [(1, 0.38), (2, 0.76), (5, 1.91), (10, 3.82)])
def test_noise_of_four_landmarks_in_tilt(sigma_mm, printed_deg) -> None:
    angles = kinematics(pelvis_points(np.eye(3), (sigma_mm / 1000) ** 2), "landmarks", options=FORWARD_IS_X).angles
    assert angles.sd_deg("pelvic_tilt")[0] == pytest.approx(printed_deg, abs=0.0051)
    assert angles.u_landmark[angles.names.index("pelvic_tilt")] == pytest.approx(0.005 / 0.150, rel=1e-9)


@pytest.mark.parametrize(("lifted_mm", "printed_deg"), [(5, 1.9), (10, 3.8)])
def test_a_displaced_pair_of_landmarks(lifted_mm, printed_deg) -> None:
    points = pelvis_points(np.eye(3))
    position = points.position.copy()
    position[:, 2:4, 2] += lifted_mm / 1000
    moved = Points3D(position, points.names, 100.0)
    tilt = kinematics(moved, "landmarks", options=FORWARD_IS_X).angles.deg("pelvic_tilt")[0]
    assert tilt == pytest.approx(printed_deg, abs=0.051)


def test_rotation_of_a_plate_of_60_mm() -> None:
    half, sigma = 0.030, 0.0003
    corners = np.array([[-half, half, 0], [half, half, 0], [half, -half, 0], [-half, -half, 0]])
    names = ("A", "B", "C", "D")
    identity = np.eye(3)[None]
    seen = {name: Vec(corner[None], {name: identity}) for name, corner in zip(names, corners, strict=True)}
    pose = fit(Cluster(names, corners, 0.003), seen)
    covariance = sum(pose.frame.grad[name][0] @ pose.frame.grad[name][0].T for name in names) * sigma**2
    out_x, out_y, in_plane = np.rad2deg(np.sqrt(np.diag(covariance)))
    assert out_x == pytest.approx(0.29, abs=0.0051)
    assert out_y == pytest.approx(0.29, abs=0.0051)
    assert in_plane == pytest.approx(0.20, abs=0.0051)


@pytest.mark.parametrize(("asked_hz", "printed_gain"), [(6.0, 0.707107), (None, 0.5000), (7.4813, 0.7129)])
def test_gain_of_the_filter_at_6_hz(asked_hz, printed_gain) -> None:
    # A Butterworth of second order run both ways has the gain 1 / (1 + (tan(pi f / fs) / tan(pi fc / fs))^4).
    used = {6.0: 7.4309, None: 6.0, 7.4813: 7.4813}[asked_hz]
    gain = 1 / (1 + (np.tan(pi * 6 / 100) / np.tan(pi * used / 100)) ** 4)
    assert gain == pytest.approx(printed_gain, abs=5.1e-5)
    if asked_hz == 6.0:
        assert corrected_cutoff(6.0, 100.0) == pytest.approx(7.4309, abs=5.1e-5)
        time_s = np.arange(4000) / 100
        filtered, _ = lowpass(np.sin(2 * pi * 6 * time_s)[:, None], 100.0, 6.0)
        middle = filtered[1000:3000, 0]
        # 20 s are whole periods of 6 Hz, so that the amplitude is sqrt(2) times the RMS.
        assert np.sqrt(2 * np.mean(middle**2)) == pytest.approx(0.707107, abs=1e-6)


def standing_on(thigh_deg: float, shank_deg: float, tilt_deg: float, sole_deg: float, trunk_deg: float) -> Points3D:
    """A person in one plane: thigh from the downward vertical (forward +), shank and trunk from the vertical."""
    pelvis = rz(-tilt_deg)
    rows = {name: pelvis @ np.array(spot) for name, spot in {
        "RASIS": [0, 0, 0.12], "LASIS": [0, 0, -0.12], "RPSIS": [-0.15, 0, 0.045], "LPSIS": [-0.15, 0, -0.045],
    }.items()}  # fmt: skip
    trunk = rz(-trunk_deg)
    for name, spot in {"CLAV": [0.06, 0.45, 0], "C7": [-0.06, 0.5, 0], "STRN": [0.08, 0.25, 0],
                       "T10": [-0.08, 0.275, 0]}.items():  # fmt: skip
        rows[name] = trunk @ np.array(spot)
    for side, s in (("R", 1), ("L", -1)):
        hip = pelvis @ np.array([-0.19 * 0.24, -0.30 * 0.24, s * 0.36 * 0.24])  # Bell
        knee = hip + rz(thigh_deg) @ [0, -0.42, 0]
        ankle = knee + rz(-shank_deg) @ [0, -0.41, 0]
        foot = rz(sole_deg)
        out = np.array([0, 0, s * 0.05])
        rows |= {f"{side}LFE": knee + out, f"{side}MFE": knee - out, f"{side}LMAL": ankle + out,
                 f"{side}MMAL": ankle - out}  # fmt: skip
        for name, spot in {"HEEL": [-0.05, -0.05, 0], "MT1": [0.12, -0.05, -s * 0.04], "MT2": [0.12, -0.05, 0],
                           "MT5": [0.12, -0.05, s * 0.04]}.items():  # fmt: skip
            rows[side + name] = ankle + foot @ np.array(spot)
    world = in_world(np.stack(list(rows.values()))) + UP
    return Points3D(world[None], list(rows), 100.0)


@pytest.mark.parametrize(
    ("thigh", "shank", "tilt", "sole", "trunk"),
    [(0, 0, 12, 0, 0), (95, 35, 25, 0, 40), (60, 20, 40, 10, 55), (20, 30, 15, -15, 10), (5, 2, 95, 0, 100)],
)
def test_sagittal_identities(thigh, shank, tilt, sole, trunk) -> None:
    options = KinematicsOptions(heading_rad=0.0, posture="any", hip_centre="bell", foot="anatomical")
    angles = kinematics(standing_on(thigh, shank, tilt, sole, trunk), "landmarks", options=options).angles
    for side in "rl":
        assert angles.deg(f"hip_flexion_{side}")[0] == pytest.approx(thigh + tilt, abs=1e-6)
        assert angles.deg(f"knee_flexion_{side}")[0] == pytest.approx(thigh + shank, abs=1e-6)
        assert angles.deg(f"shank_inclination_{side}")[0] == pytest.approx(shank, abs=1e-6)
        assert angles.deg(f"ankle_dorsiflexion_{side}")[0] == pytest.approx(shank + sole, abs=1e-6)
        assert angles.deg(f"thigh_elevation_{side}")[0] == pytest.approx(90 - thigh, abs=1e-6)
        for name in ("hip_adduction", "hip_rotation", "knee_varus", "ankle_inversion", "foot_progression"):
            assert angles.deg(f"{name}_{side}")[0] == pytest.approx(0, abs=1e-6)
    assert angles.deg("pelvic_tilt")[0] == pytest.approx(tilt, abs=1e-6)
    assert angles.deg("trunk_lean")[0] == pytest.approx(trunk, abs=1e-6)
    assert angles.deg("thoracopelvic_flexion")[0] == pytest.approx(trunk - tilt, abs=1e-6)


@pytest.mark.parametrize(("turn", "name", "sign"), [
    (rz(10), "hip_flexion", 1), (rx(10), "hip_adduction", 1), (ry(10), "hip_rotation", 1),
])  # fmt: skip
def test_signs_of_the_right_and_left_hip(turn, name, sign) -> None:
    """Positive turns of the right thigh about Z, X and Y of the pelvis flex, adduct and rotate inward."""
    points = standing_on(0, 0, 0, 0, 0)
    position = points.position.copy()
    for side, s in (("R", 1), ("L", -1)):
        mirrored = turn if side == "R" else np.diag([1, 1, -1]) @ turn @ np.diag([1, 1, -1])
        hip = in_world(np.array([-0.19 * 0.24, -0.30 * 0.24, s * 0.36 * 0.24])) + UP
        to_isb = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])
        whole = to_isb.T @ mirrored @ to_isb
        for column, label in enumerate(points.names):
            if label[0] == side and label[1:] not in ("ASIS", "PSIS"):
                position[:, column] = (position[:, column] - hip) @ whole.T + hip
    options = KinematicsOptions(heading_rad=0.0, posture="any", hip_centre="bell")
    angles = kinematics(Points3D(position, points.names, 100.0), "landmarks", options=options).angles
    for side in "rl":
        assert angles.deg(f"{name}_{side}")[0] == pytest.approx(sign * 10, abs=1e-6)
