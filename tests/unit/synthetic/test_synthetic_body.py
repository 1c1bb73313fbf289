"""The synthetic body against closed forms, and against frames built from its landmarks in the test's own way."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from mocap.synthetic import (
    SEGMENTS,
    Motion,
    Subject,
    SyntheticTrial,
    default_subject,
    static_standing,
    synthesise,
)
from mocap.synthetic.rotations import joint_cardan, joint_rotation
from mocap.synthetic.subject import harrington_hip_centre

UP = np.array([0.0, 0.0, 1.0])
SIDES = ("R", "L")


def held(subject: Subject, **degrees: float) -> SyntheticTrial:
    curves = {name: np.full(2, np.deg2rad(value)) for name, value in degrees.items()}
    return synthesise(subject, Motion(100.0, np.tile([0.0, 0.0, 1.0], (2, 1)), curves))


def axes(x: NDArray, y: NDArray, z: NDArray) -> NDArray:
    return np.stack([x, y, z], axis=-1)


def unit(v: NDArray) -> NDArray:
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


def from_landmarks(trial: SyntheticTrial, side: str) -> dict[str, NDArray]:
    """Segment axes in the world from landmarks alone, after the definitions of the pelvis, thorax and limb frames."""
    p = trial.points.point
    s, low = (1.0 if side == "R" else -1.0), side.lower()
    z = unit(p("RASIS") - p("LASIS"))
    front = (p("RASIS") + p("LASIS") - p("RPSIS") - p("LPSIS")) / 2
    x = unit(front - np.sum(front * z, axis=1, keepdims=True) * z)
    found = {"pelvis": axes(x, np.cross(z, x), z)}
    y = unit((p("CLAV") + p("C7")) / 2 - (p("STRN") + p("T10")) / 2)
    z = unit(np.cross(p("CLAV") - p("C7"), y))
    found["thorax"] = axes(np.cross(y, z), y, z)
    knee, ankle = (p(f"{side}LFE") + p(f"{side}MFE")) / 2, (p(f"{side}LMAL") + p(f"{side}MMAL")) / 2
    for name, y, e in (
        ("femur", unit(trial.joint_centres[f"{side}HJC"] - knee), s * (p(f"{side}LFE") - p(f"{side}MFE"))),
        ("shank_dist", unit(knee - ankle), s * (p(f"{side}LMAL") - p(f"{side}MMAL"))),
    ):
        x = unit(np.cross(y, e))
        found[f"{name}_{low}"] = axes(x, y, np.cross(x, y))
    return found


def test_the_joint_matrix_is_the_golden_one() -> None:
    golden = [
        [0.845301, -0.498097, 0.193300],
        [0.505511, 0.862730, 0.012492],
        [-0.172987, 0.087156, 0.981060],
    ]
    built = joint_rotation(*np.deg2rad([30.0, 5.0, 10.0]))
    np.testing.assert_allclose(built, golden, atol=6e-7)  # the golden matrix has six decimals: 4.9e-7
    np.testing.assert_allclose(np.rad2deg(joint_cardan(built)), [30.0, 5.0, 10.0], atol=1e-12)


@pytest.mark.parametrize(
    ("baker", "conventional", "clinical"),
    [
        ((20, 0, 20), (18.882, 6.718, 18.882), 20.000),
        ((30, 0, 30), (26.565, 14.478, 26.565), 30.000),
        ((45, 0, 30), (40.893, 20.705, 22.208), 45.000),
        ((12, 4, 5), (11.649, 4.939, 4.075), 11.970),
        ((60, 5, 20), (58.057, 19.703, 6.102), 59.624),
        ((90, 3, 10), (90, 10, -3), 87.000),
    ],
)
def test_the_pelvis_reads_as_tabulated_by_every_definition(baker: tuple, conventional: tuple, clinical: float) -> None:
    names = ("pelvic_tilt", "pelvic_obliquity", "pelvic_rotation")
    trial = held(default_subject(), **dict(zip(names, baker, strict=True)))
    np.testing.assert_allclose([trial.truth_deg(n)[0] for n in names], baker, atol=1e-12)
    np.testing.assert_allclose([trial.truth_deg(f"{n}_conventional")[0] for n in names], conventional, atol=6e-4)
    assert trial.truth_deg("pelvic_tilt_clinical")[0] == pytest.approx(clinical, abs=6e-4)
    # The elevation of the line between the landmarks themselves.
    p = trial.points.point
    line = (p("RASIS") + p("LASIS") - p("RPSIS") - p("LPSIS"))[0]
    assert np.rad2deg(np.arcsin(-line[2] / np.linalg.norm(line))) == pytest.approx(clinical, abs=6e-4)


def test_positive_angles_move_the_body_the_way_they_are_named() -> None:
    subject = default_subject()

    def moved(name: str, point: str, **degrees: float) -> NDArray:
        return held(subject, **degrees).points.point(point)[0] - held(subject).points.point(point)[0]

    assert moved("tilt", "RASIS", pelvic_tilt=10)[2] < moved("tilt", "RPSIS", pelvic_tilt=10)[2]
    assert moved("right up", "RASIS", pelvic_obliquity=10)[2] > 0.01
    assert moved("right forward", "RASIS", pelvic_rotation=10)[0] > 0.01
    assert moved("flexion", "C7", lumbar_flexion=10)[0] > 0.03
    assert moved("to the right", "C7", lumbar_lateral_bend=10)[1] < -0.03
    assert moved("left side forward", "LSJC", lumbar_rotation=10)[0] > 0.01
    for side, inward in (("r", 1.0), ("l", -1.0)):  # Y is left: a right foot goes inward along +Y
        letter = side.upper()
        assert moved("", f"{letter}LFE", **{f"hip_flexion_{side}": 10})[0] > 0.05
        assert inward * moved("", f"{letter}LFE", **{f"hip_adduction_{side}": 10})[1] > 0.05
        assert inward * moved("", f"{letter}HALLUX", **{f"hip_rotation_{side}": 10})[1] > 0.02
        assert moved("", f"{letter}HEEL", **{f"knee_flexion_{side}": 10})[0] < -0.05
        assert inward * moved("", f"{letter}LMAL", **{f"knee_varus_{side}": 10})[1] > 0.05
        assert inward * moved("", f"{letter}HALLUX", **{f"knee_rotation_{side}": 10})[1] > 0.02
        assert moved("", f"{letter}HALLUX", **{f"ankle_dorsiflexion_{side}": 10})[2] > 0.02
        assert moved("", f"{letter}MT1", **{f"ankle_inversion_{side}": 10})[2] > 0.002
        assert moved("", f"{letter}MT5", **{f"ankle_inversion_{side}": 10})[2] < -0.002


@pytest.mark.parametrize("side", SIDES)
def test_the_malleoli_are_turned_outward(side: str) -> None:
    subject = default_subject()
    p = held(subject).points.point
    axis = (p(f"{side}LMAL") - p(f"{side}MMAL"))[0] * [1, 1, 0]
    sideways = np.array([0.0, -1.0 if side == "R" else 1.0, 0.0])
    assert axis[0] < 0  # the lateral one is behind
    assert axis @ sideways / np.linalg.norm(axis) == pytest.approx(np.cos(subject.tibial_torsion), abs=1e-12)


def test_a_right_turn_of_the_lumbar_spine_brings_the_left_shoulder_forward() -> None:
    # Axial rotation to the right: the chest turns to face the person's right side.
    p = held(default_subject(), lumbar_rotation=20).points.point
    facing = (p("CLAV") - p("C7"))[0]
    assert np.rad2deg(np.arctan2(facing[1], facing[0])) == pytest.approx(-20.0, abs=1e-9)


def test_the_hip_centre_is_harringtons() -> None:
    # Worked example: PW 240, PD 150 mm.
    np.testing.assert_allclose(1e3 * harrington_hip_centre(0.240, 0.150, "r"), [-45.9, -82.9, 86.5], atol=0.1)
    np.testing.assert_allclose(1e3 * harrington_hip_centre(0.240, 0.150, "l"), [-45.9, -82.9, -86.5], atol=0.1)


@pytest.mark.parametrize("side", SIDES)
def test_the_hip_centre_follows_from_the_pelvis_markers(free: SyntheticTrial, side: str) -> None:
    p = free.points.point
    front, back = (p("RASIS") + p("LASIS")) / 2, (p("RPSIS") + p("LPSIS")) / 2
    width = np.linalg.norm(p("RASIS") - p("LASIS"), axis=1)
    depth = np.linalg.norm(front - back, axis=1)
    s = 1.0 if side == "R" else -1.0
    local = np.stack([-0.24 * depth - 0.0099, -0.30 * width - 0.0109, s * (0.33 * width + 0.0073)], axis=-1)
    centre = front + np.einsum("tij,tj->ti", from_landmarks(free, side)["pelvis"], local)
    np.testing.assert_allclose(centre, free.joint_centres[f"{side}HJC"], atol=1e-12)


@pytest.mark.parametrize("side", SIDES)
def test_frames_built_from_landmarks_are_the_true_segments(free: SyntheticTrial, side: str) -> None:
    for name, rotation in from_landmarks(free, side).items():
        true = free.segments.world_from_segment[:, SEGMENTS.index(name), :3, :3]
        np.testing.assert_allclose(rotation, true, atol=1e-12, err_msg=name)


def test_joint_angles_of_those_frames_are_the_curves(free: SyntheticTrial) -> None:
    for side in SIDES:
        s, low, found = (1.0 if side == "R" else -1.0), side.lower(), from_landmarks(free, side)
        relative = np.swapaxes(found["pelvis"], 1, 2) @ found[f"femur_{low}"]
        a = np.arctan2(-relative[:, 0, 1], relative[:, 1, 1])
        b, g = np.arcsin(relative[:, 2, 1]), np.arctan2(-relative[:, 2, 0], relative[:, 2, 2])
        for name, value in (("hip_flexion", a), ("hip_adduction", s * b), ("hip_rotation", s * g)):
            np.testing.assert_allclose(value, free.truth[f"{name}_{low}"], atol=1e-12, err_msg=name)


def test_the_tilt_comes_back_from_the_vertical_components_alone(free: SyntheticTrial) -> None:
    pelvis = from_landmarks(free, "R")["pelvis"]
    up = np.einsum("i,tij->tj", UP, pelvis)  # how much of each pelvic axis points up: needs no heading
    np.testing.assert_allclose(-np.arctan2(up[:, 0], up[:, 1]), free.truth["pelvic_tilt"], atol=1e-12)
    np.testing.assert_allclose(np.arcsin(up[:, 2]), free.truth["pelvic_obliquity"], atol=1e-12)
    assert np.ptp(free.truth_deg("pelvic_tilt")) > 60


def test_the_zeroed_lumbar_rotation_does_not_care_how_the_plate_is_mounted(free: SyntheticTrial) -> None:
    static = static_standing(free.subject)

    def plate(trial: SyntheticTrial) -> NDArray:
        corner = [trial.points.point(f"T12_{i}") for i in range(1, 5)]
        right, down = unit(corner[1] - corner[0]), corner[3] - corner[0]
        back = unit(np.cross(right, down))
        return axes(back, np.cross(right, back), right)

    def relative(trial: SyntheticTrial) -> NDArray:
        return np.swapaxes(from_landmarks(trial, "R")["pelvis"], 1, 2) @ plate(trial)

    zeroed = relative(free) @ relative(static)[0].T
    flexion = -np.arctan2(-zeroed[:, 0, 1], zeroed[:, 1, 1])
    np.testing.assert_allclose(flexion, free.truth["lumbar_flexion"], atol=1e-12)
    np.testing.assert_allclose(np.arcsin(zeroed[:, 2, 1]), free.truth["lumbar_lateral_bend"], atol=1e-12)
    turn = np.arctan2(-zeroed[:, 2, 0], zeroed[:, 2, 2])
    np.testing.assert_allclose(-turn, free.truth["lumbar_rotation"], atol=1e-12)


def test_sagittal_identities_hold() -> None:
    # Without motion out of the plane: hip flexion = thigh inclination + tilt; dorsiflexion = shank inclination +
    # sole pitch; thoracopelvic flexion = lumbar + thoracic; trunk lean - static = tilt - static + thoracopelvic.
    subject = replace(default_subject(), tibial_torsion=0.0)
    trial = held(subject, pelvic_tilt=35, lumbar_flexion=12, thoracic_flexion=5, hip_flexion_r=80, knee_flexion_r=70,
                 ankle_dorsiflexion_r=20)  # fmt: skip
    angle = {name: trial.truth_deg(name)[0] for name in trial.truth}
    assert 90 - angle["thigh_elevation_r"] + angle["pelvic_tilt"] == pytest.approx(angle["hip_flexion_r"], abs=1e-9)
    # Thigh 45 deg forward, knee 70: the shank leans 25 deg forward; the sole is 5 deg toe-down for 20 deg.
    assert angle["shank_inclination_r"] == pytest.approx(25.0, abs=1e-9)
    sole = trial.points.point("RMT2")[0] - trial.points.point("RHEEL")[0]
    rest = held(subject).points.point("RMT2")[0] - held(subject).points.point("RHEEL")[0]
    pitch = np.rad2deg(np.arctan2(sole[2], sole[0]) - np.arctan2(rest[2], rest[0]))
    assert angle["shank_inclination_r"] + pitch == pytest.approx(angle["ankle_dorsiflexion_r"], abs=1e-9)
    assert angle["thoracopelvic_flexion"] == pytest.approx(17.0, abs=1e-9)
    static_tilt, static_lean = np.rad2deg([subject.standing_tilt, subject.thorax_lean])
    assert angle["trunk_lean"] - static_lean == pytest.approx(35 - static_tilt + 17, abs=1e-9)
