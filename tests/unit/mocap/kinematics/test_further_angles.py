"""Inclinations, knee tracking, thorax and curvatures of the spine against closed forms and the identities of angles."""

from dataclasses import replace

import numpy as np
import pytest

from mocap.kinematics import KinematicsOptions, kinematics
from mocap.kinematics.body import Body, Setting, Zeros
from mocap.kinematics.further.curvature import curvature_outcomes
from mocap.kinematics.further.leg_lines import leg_line_outcomes
from mocap.kinematics.heading import Heading, upright_axes
from mocap.kinematics.traced import Vec
from mocap.synthetic import GaitStyle, Motion, SquatStyle, default_subject, landmarks, squat, static_standing, walking
from mocap.trial import Points3D

SUBJECT = default_subject()
STATIC = static_standing(SUBJECT, seconds=1.0)
PELVIS = {"RASIS": [0, 0, 0.12], "LASIS": [0, 0, -0.12], "RPSIS": [-0.16, 0.02, 0.05], "LPSIS": [-0.16, 0, -0.05]}


def _body(places: dict[str, list[float]], heading_deg: float = 0.0) -> Body:
    turn = np.deg2rad(heading_deg)
    axes = upright_axes(np.array([np.cos(turn), 0.0, -np.sin(turn)]))
    points = {name: Vec(np.array([at], float)) for name, at in places.items()}
    return Body(points, {}, Setting(pelvis_method="m"), Zeros(), Heading(axes, axes, "given", "given"))


def _leg(side: str, knee: list[float]) -> dict[str, list[float]]:
    """A leg in ISB axes with the ankle at 80 mm above the origin; `knee` is lateral-positive in its third term."""
    s = 1.0 if side == "R" else -1.0
    knee = [knee[0], knee[1], s * knee[2]]
    return {
        f"{side}HJC": [0.0, 0.9, 0.0], f"{side}KJC": knee, f"{side}AJC": [0.0, 0.08, 0.0],
        f"{side}HEEL": [-0.06, 0.02, 0.0], f"{side}MT2": [0.15, 0.04, 0.0],
    }  # fmt: skip


def _deg(body: Body, name: str) -> float:
    outcome = leg_line_outcomes(body, name[-1].upper())[name]
    assert outcome.angle is not None, outcome.reason
    return float(np.rad2deg(outcome.angle.value[0]))


@pytest.mark.parametrize("side", ["R", "L"])
def test_knee_tracking_is_lateral_positive_on_both_sides(side: str) -> None:
    body = _body(_leg(side, [0.2, 0.45, 0.2 * np.tan(np.deg2rad(12.0))]))
    # Measured: 1e-15 deg.
    assert _deg(body, f"knee_tracking_{side.lower()}") == pytest.approx(12.0, abs=1e-9)
    body = _body(_leg(side, [0.2, 0.45, -0.2 * np.tan(np.deg2rad(12.0))]))
    assert _deg(body, f"knee_tracking_{side.lower()}") == pytest.approx(-12.0, abs=1e-9)


def test_an_upright_shank_tracks_nowhere() -> None:
    outcome = leg_line_outcomes(_body(_leg("R", [0.029, 0.5, 0.0])), "R")["knee_tracking_r"]
    assert outcome.angle is None and "30 mm" in outcome.reason
    assert _deg(_body(_leg("R", [0.031, 0.5, 0.0])), "knee_tracking_r") == pytest.approx(0.0, abs=1e-9)


def test_frames_without_a_track_are_missing_and_counted() -> None:
    trial = walking(SUBJECT, style=GaitStyle(step_width=0.18))
    angles = kinematics(trial.points, static=STATIC.points).angles
    missing = np.isnan(angles["knee_tracking_r"])
    assert 0 < missing.sum() < len(missing)
    assert f"{missing.sum()} frames" in angles.definition("knee_tracking_r").reason
    knee, ankle = trial.joint_centres["RKJC"], trial.joint_centres["RAJC"]
    np.testing.assert_array_equal(missing, np.hypot(*(knee - ankle)[:, :2].T) < 0.030)


@pytest.mark.parametrize("heading", [0.0, 70.0, 180.0])
def test_thigh_inclination_follows_the_heading(heading: float) -> None:
    c, s = np.cos(np.deg2rad(heading)), np.sin(np.deg2rad(heading))
    ahead = 0.4 * np.sin(np.deg2rad(35.0))
    places = _leg("R", [0.0, 0.0, 0.0])
    places["RKJC"] = [c * ahead, 0.9 - 0.4 * np.cos(np.deg2rad(35.0)), -s * ahead]
    assert _deg(_body(places, heading), "thigh_inclination_r") == pytest.approx(35.0, abs=1e-9)


def test_clinical_tilt_of_each_side() -> None:
    body = _body(PELVIS)
    # The right PSIS stands 20 mm higher than the right ASIS.
    length = np.linalg.norm([0.16, 0.02, 0.07])
    assert _deg(body, "pelvic_tilt_clinical_r") == pytest.approx(np.rad2deg(np.arcsin(0.02 / length)), abs=1e-9)
    assert _deg(body, "pelvic_tilt_clinical_l") == pytest.approx(0.0, abs=1e-9)


def test_sagittal_identities() -> None:
    # Everything in the sagittal plane: no torsion, no toe-out, no varus.
    t = np.linspace(0.0, 1.0, 60)
    curves = {"pelvic_tilt": 0.15 + 0.6 * t, "lumbar_flexion": 0.5 * t, "thoracic_flexion": 0.2 * t}
    for side in "rl":
        curves |= {f"hip_flexion_{side}": 1.5 * t, f"knee_flexion_{side}": 1.2 * t}
        curves |= {f"ankle_dorsiflexion_{side}": 0.4 * t}
    subject = replace(SUBJECT, tibial_torsion=0.0)
    motion = Motion(100.0, np.tile([0.0, 0.0, 0.9], (60, 1)), curves)
    options = KinematicsOptions(posture="any", heading_rad=0.0)
    angles = kinematics(landmarks(subject, motion), options=options).angles
    tilt = angles.deg("pelvic_tilt")
    for side in "rl":
        total = angles.deg(f"thigh_inclination_{side}") + tilt
        np.testing.assert_allclose(angles.deg(f"hip_flexion_{side}"), total, atol=1e-9)  # measured 1e-13
        total = angles.deg(f"shank_inclination_{side}") + angles.deg(f"sole_pitch_{side}")
        np.testing.assert_allclose(angles.deg(f"ankle_dorsiflexion_{side}"), total, atol=1e-9)
        elevation = 90.0 - np.abs(angles.deg(f"thigh_inclination_{side}"))
        np.testing.assert_allclose(angles.deg(f"thigh_elevation_{side}"), elevation, atol=1e-9)
    lean, flexion = angles.deg("trunk_lean"), angles.deg("thoracopelvic_flexion")
    np.testing.assert_allclose(lean - lean[0], tilt - tilt[0] + flexion - flexion[0], atol=1e-9)
    for name in ("trunk_lateral_lean", "trunk_rotation", "thoracopelvic_lateral_bend", "thoracopelvic_rotation"):
        np.testing.assert_allclose(angles.deg(name), 0.0, atol=1e-9)


def test_the_sole_pitches_down_when_the_heel_rises() -> None:
    trial = squat(SUBJECT, repetitions=1, style=SquatStyle(toe_out_deg=0.0))
    position = trial.points.position.copy()
    names = [f"R{name}" for name in ("HEEL", "MT1", "MT2", "MT5", "HALLUX")]
    index = [trial.points.names.index(name) for name in names]
    foot = position[:, index]
    # The foot turns about its toe tip: heel up by 20 deg in the plane of heel and vertical.
    turn = np.deg2rad(20.0)
    pivot = foot[:, -1:]
    line = foot[:, 2] - foot[:, 0]
    ahead = line * [1, 1, 0] / np.linalg.norm(line[:, :2], axis=1)[:, None]
    along = np.einsum("tpi,ti->tp", foot - pivot, ahead)
    up = (foot - pivot)[..., 2]
    moved = foot + (np.cos(turn) * along + np.sin(turn) * up - along)[..., None] * ahead[:, None]
    moved[..., 2] = pivot[..., 2] - np.sin(turn) * along + np.cos(turn) * up
    position[:, index] = moved
    points = Points3D(position, trial.points.names, 100.0)
    angles = kinematics(points, static=STATIC.points).angles
    np.testing.assert_allclose(angles.deg("sole_pitch_r"), -20.0, atol=1e-6)
    np.testing.assert_allclose(angles.deg("sole_pitch_l"), 0.0, atol=1e-6)


def _arc(total_deg: float, names: list[str]) -> dict[str, list[float]]:
    """Spinous markers on a lordotic arc of constant curvature between tangents of `total_deg`, concave backward."""
    angle = np.deg2rad(total_deg)
    radius = 0.16 / angle
    turns = np.linspace(angle / 2, -angle / 2, len(names))
    return {
        name: [-0.16 + radius * (np.cos(turn) - 1.0), 0.1 + radius * np.sin(turn), 0.0]
        for name, turn in zip(names, turns, strict=True)
    }


def test_curvature_of_an_arc() -> None:
    names = ["T12", "L1", "L2", "L3", "L4", "L5", "S1"]
    outcomes = curvature_outcomes(_body({**PELVIS, "RPSIS": [-0.16, 0, 0.05], **_arc(40.0, names)}))
    found = {name: float(np.rad2deg(one.angle.value[0])) for name, one in outcomes.items() if one.angle is not None}
    # A lordosis: the spine is convex to the front. Measured: total -40.2, halves -20.1 each.
    assert found["lumbar_curvature"] == pytest.approx(-40.0, abs=0.5)
    assert found["lumbar_curvature_upper"] == pytest.approx(-20.0, abs=0.3)
    assert found["lumbar_curvature_lower"] == pytest.approx(-20.0, abs=0.3)
    whole = found["lumbar_curvature_upper"] + found["lumbar_curvature_lower"]
    assert whole == pytest.approx(found["lumbar_curvature"], abs=1e-9)
    assert outcomes["thoracic_curvature"].angle is None
    assert "C7" in outcomes["thoracic_curvature"].reason


def test_four_spinous_markers_show_the_whole_and_no_halves() -> None:
    places = {**PELVIS, "RPSIS": [-0.16, 0, 0.05], **_arc(30.0, ["T12", "L2", "L4", "S1"])}
    outcomes = curvature_outcomes(_body(places))
    assert outcomes["lumbar_curvature"].angle is not None
    assert "quadratic" in outcomes["lumbar_curvature"].method
    assert "L3" in outcomes["lumbar_curvature_upper"].reason


def test_kyphosis_is_positive() -> None:
    lordotic = _arc(35.0, ["C7", "T5", "T9", "T12"])
    places = {name: [-0.32 - at[0], at[1], at[2]] for name, at in lordotic.items()}
    outcome = curvature_outcomes(_body({**PELVIS, "RPSIS": [-0.16, 0, 0.05], **places}))["thoracic_curvature"]
    assert outcome.angle is not None
    assert np.rad2deg(outcome.angle.value[0]) == pytest.approx(35.0, abs=1.5)
