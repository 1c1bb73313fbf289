"""What an input cannot show is NaN with a reason; what it can show in part is named by its method."""

import numpy as np
import pytest

from mocap.kinematics import GRAVITY_ANGLES, kinematics
from mocap.kinematics.definitions import ANGLE_NAMES
from mocap.skeleton import read_skeleton
from mocap.synthetic import default_subject, squat, static_standing
from mocap.trial import Points3D

SUBJECT = default_subject()
TRIAL = squat(SUBJECT, repetitions=1)
STATIC = static_standing(SUBJECT, seconds=1.0)
# The synthetic body carries no spinous markers below T12.
SPINOUS = {name for name in ANGLE_NAMES if name.startswith("lumbar_curvature")}
PELVIC = [name for name in ANGLE_NAMES if name.startswith("pelvic")]


def _only(points: Points3D, names: list[str]) -> Points3D:
    index = [points.names.index(name) for name in names]
    return Points3D(points.position[:, index], names, points.rate_hz)


def _without(points: Points3D, *prefixes: str) -> Points3D:
    return _only(points, [name for name in points.names if not name.startswith(prefixes)])


def _keypoints(skeleton: str) -> Points3D:
    """The squat as a pose detector would show it, without error."""
    sources = dict(TRIAL.joint_centres)
    for side in "RL":
        for name in ("SJC", "EJC", "WJC", "HEEL", "HALLUX", "MT5"):
            sources[side + name] = TRIAL.points.point(side + name)
    neck, head = TRIAL.points.point("C7"), TRIAL.points.point("VERTEX")
    middle = (sources["RHJC"] + sources["LHJC"]) / 2
    parts = {"shoulder": "SJC", "elbow": "EJC", "wrist": "WJC", "hip": "HJC", "knee": "KJC", "ankle": "AJC",
             "heel": "HEEL", "bigtoe": "HALLUX", "smalltoe": "MT5", "footindex": "HALLUX"}  # fmt: skip
    stack = []
    names = read_skeleton(skeleton).keypoints
    for name in names:
        plain = name.lower().replace("_", "").replace("left", "l").replace("right", "r")
        midline = {"neck": neck, "upperneck": neck, "midhip": middle, "hip": middle}
        stack.append(midline.get(plain, sources.get(plain[:1].upper() + parts.get(plain[1:], ""), head)))
    return Points3D(np.stack(stack, axis=1), names, TRIAL.points.rate_hz)


@pytest.mark.parametrize("skeleton", ["coco_17", "body_25", "body_25b", "halpe_26", "coco_wholebody", "mediapipe_33"])
def test_keypoints_show_no_pelvis_and_no_lumbar_spine(skeleton: str) -> None:
    angles = kinematics(_keypoints(skeleton)).angles
    assert angles.names == ANGLE_NAMES
    hidden = [*PELVIC, "lumbar_flexion", "thoracopelvic_flexion"]
    hidden += [f"{name}_{s}" for s in "rl" for name in ("hip_flexion", "hip_rotation", "knee_varus", "ankle_inversion")]
    for name in hidden:
        assert not angles.definition(name).observable, name
        assert np.isnan(angles[name]).all()
        assert angles.definition(name).reason
    assert "rotation about it is invisible" in angles.definition("pelvic_tilt").reason
    assert "invisible" in angles.definition("lumbar_flexion").reason


@pytest.mark.parametrize("skeleton", ["coco_17", "halpe_26", "coco_wholebody", "mediapipe_33"])
def test_keypoints_show_the_bend_of_the_knee_by_three_points(skeleton: str) -> None:
    angles = kinematics(_keypoints(skeleton)).angles
    definition = angles.definition("knee_flexion_r")
    assert "three-point" in definition.method
    assert "hyperextension" in definition.reason
    # True varus is nearly 0 in this squat, so that the bend is the flexion.
    np.testing.assert_allclose(angles.deg("knee_flexion_r"), TRIAL.truth_deg("knee_flexion_r"), atol=0.5)
    np.testing.assert_allclose(angles.deg("thigh_elevation_l"), TRIAL.truth_deg("thigh_elevation_l"), atol=1e-6)
    assert angles.definition("shank_inclination_r").observable == (skeleton != "coco_17")
    assert np.isnan(angles.u_landmark).all()


def test_without_gravity_what_refers_to_it_is_not_observable() -> None:
    angles = kinematics(TRIAL.points, static=STATIC.points, gravity_known=False).angles
    assert {d.name for d in angles.definitions if "gravity" in d.reason} == GRAVITY_ANGLES
    assert {*PELVIC, "trunk_lean", "shank_inclination_r", "thigh_elevation_l", "foot_progression_r"} < GRAVITY_ANGLES
    for name in ANGLE_NAMES:
        assert np.isnan(angles[name]).all() == (name in GRAVITY_ANGLES | SPINOUS), name
    for name in ("lumbar_flexion", "hip_flexion_r", "knee_flexion_l", "thoracopelvic_flexion"):
        np.testing.assert_allclose(angles[name], TRIAL.truth[name], atol=1e-9)
    assert "anatomical" in angles.definition("ankle_dorsiflexion_r").method


def test_without_a_static_lumbar_and_knee_rotation_have_no_zero() -> None:
    angles = kinematics(TRIAL.points).angles
    assert "static" in angles.definition("lumbar_flexion").reason
    assert "static" in angles.definition("knee_rotation_r").reason
    assert angles.definition("thoracopelvic_flexion").reference == "absolute"
    assert "anatomical" in angles.definition("ankle_dorsiflexion_r").method
    for name in ("knee_flexion_r", "knee_varus_l", "hip_rotation_r", "pelvic_tilt"):
        np.testing.assert_allclose(angles[name], TRIAL.truth[name], atol=1e-9)


def test_medial_markers_of_the_static_are_enough() -> None:
    points = _without(TRIAL.points, "RMFE", "LMFE", "RMMAL", "LMMAL")
    angles = kinematics(points, static=STATIC.points).angles
    for name in set(ANGLE_NAMES) - SPINOUS:
        np.testing.assert_allclose(angles[name], TRIAL.truth[name], atol=1e-9, err_msg=name)
    assert "RMFE, RMMAL" in angles.definition("knee_flexion_r").method
    assert "RMFE" not in angles.definition("pelvic_tilt").method


def test_a_leg_that_shows_no_second_angle_has_no_verdict_on_it() -> None:
    def checked(points: Points3D) -> list[str]:
        return [verdict.name for verdict in kinematics(points).verdicts if verdict.name.startswith("cardan")]

    assert checked(TRIAL.points) == ["cardan_r", "cardan_l"]
    assert checked(_without(TRIAL.points, "RMFE", "RMMAL")) == ["cardan_l"]
    assert checked(_keypoints("body_25")) == []
    # Each landmark is seen, but no frame shows all that the thigh or shank needs.
    position = TRIAL.points.position.copy()
    position[::2, TRIAL.points.names.index("RLFE")] = np.nan
    position[1::2, TRIAL.points.names.index("RMFE")] = np.nan
    assert checked(Points3D(position, TRIAL.points.names, 100.0)) == ["cardan_l"]


def test_lateral_markers_alone_show_no_knee_and_no_ankle() -> None:
    angles = kinematics(_without(TRIAL.points, "RMFE", "RMMAL")).angles
    for name in ("hip_flexion_r", "knee_flexion_r", "ankle_dorsiflexion_r", "shank_inclination_r"):
        assert "lateral" in angles.definition(name).reason
        assert angles.definition(name[:-1] + "l").observable


def test_no_plate_and_no_spinous_markers_show_no_lumbar_spine() -> None:
    angles = kinematics(_without(TRIAL.points, "T12"), static=STATIC.points).angles
    assert "T12/L1" in angles.definition("lumbar_flexion").reason
    # Two corners are no plate.
    angles = kinematics(_without(TRIAL.points, "T12_3", "T12_4"), static=STATIC.points).angles
    assert not angles.definition("lumbar_flexion").observable


def test_c7_line_is_named_by_its_method() -> None:
    angles = kinematics(_without(TRIAL.points, "T10", "STRN", "CLAV"), static=STATIC.points).angles
    definition = angles.definition("thoracopelvic_flexion")
    assert "C7 line" in definition.method
    assert "C7" in definition.definition
    assert "C7 line" in angles.definition("trunk_lean").method


def test_a_landmark_that_is_never_seen_counts_as_absent() -> None:
    position = TRIAL.points.position.copy()
    position[:, TRIAL.points.names.index("C7")] = np.nan
    angles = kinematics(Points3D(position, TRIAL.points.names, 100.0), static=STATIC.points).angles
    # Three points of the thorax are left, and the static tied C7 to them.
    assert "from clusters tied in the static: C7" in angles.definition("trunk_lean").method
    np.testing.assert_allclose(angles["trunk_lean"], TRIAL.truth["trunk_lean"], atol=1e-9)
    angles = kinematics(Points3D(position, TRIAL.points.names, 100.0)).angles
    assert "C7" in angles.definition("trunk_lean").reason
    assert angles.definition("pelvic_tilt").observable


def test_points_never_seen_together_show_nothing() -> None:
    points = _without(TRIAL.points, "SAC")
    position = points.position.copy()
    half = len(position) // 2
    position[:half, points.names.index("RASIS")] = np.nan
    position[half:, points.names.index("LPSIS")] = np.nan
    angles = kinematics(Points3D(position, points.names, 100.0)).angles
    assert "no frame" in angles.definition("pelvic_tilt").reason
    assert not angles.definition("pelvic_tilt").observable


def test_missing_frames_are_missing_and_no_others() -> None:
    points = _without(TRIAL.points, "SAC")
    position = points.position.copy()
    position[5:9, points.names.index("RPSIS")] = np.nan
    angles = kinematics(Points3D(position, points.names, 100.0), static=_without(STATIC.points, "SAC")).angles
    assert np.flatnonzero(np.isnan(angles["pelvic_tilt"])).tolist() == [5, 6, 7, 8]
    assert np.flatnonzero(np.isnan(angles["hip_flexion_r"])).tolist() == [5, 6, 7, 8]
    assert np.isfinite(angles["ankle_dorsiflexion_l"]).all()


def test_every_angle_says_what_it_is() -> None:
    angles = kinematics(TRIAL.points, static=STATIC.points).angles
    for definition in angles.definitions:
        assert definition.observable != (definition.name in SPINOUS)
        if definition.name in SPINOUS:
            assert "spinous markers" in definition.reason
            continue
        for part in ("definition", "sequence", "positive", "zero", "method"):
            assert getattr(definition, part), f"{definition.name} has no {part}"
        assert definition.reference in ("absolute", "static")
    assert "sacral plate" in angles.definition("pelvic_tilt").method
    assert "L-plate" in angles.definition("lumbar_flexion").method
