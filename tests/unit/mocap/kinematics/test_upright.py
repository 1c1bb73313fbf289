"""The up axis: turned worlds are refused or flagged, and nobody who squats, hinges, lunges or sits is."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mocap.errors import KinematicsError
from mocap.kinematics import KinematicsOptions, kinematics
from mocap.readers.trc import read_trc
from mocap.synthetic import default_subject, hip_hinge, squat, static_standing, walking
from mocap.trial import Points3D, Verdict

SUBJECT = default_subject()
STATIC = static_standing(SUBJECT, seconds=1.0)
SQUAT = squat(SUBJECT, repetitions=1)
LOWER_BODY = ("ASIS", "PSIS", "LFE", "MFE", "LMAL", "MMAL", "HEEL", "MT1", "MT2", "MT5")


def turned(points: Points3D, axis: str, degrees: float) -> Points3D:
    rotation = Rotation.from_euler(axis, degrees, degrees=True)
    position = points.position @ rotation.as_matrix().T
    return replace(points, position=position, covariance=None, status=None)


def only(points: Points3D, endings: tuple[str, ...]) -> Points3D:
    names = [name for name in points.names if name.endswith(endings)]
    return Points3D(points.position[:, [points.names.index(name) for name in names]], names, points.rate_hz)


def bottom_of(points: Points3D) -> Points3D:
    lowest = np.argsort(points.position[:, points.names.index("RASIS"), 2])[:20]
    return Points3D(points.position[lowest], points.names, points.rate_hz)


def named(points: Points3D, name: str = "upright", **choices: object) -> Verdict:
    verdicts = kinematics(points, **choices).verdicts
    return next(verdict for verdict in verdicts if verdict.name == name)


TRIALS = {
    "static": STATIC.points,
    "squat": SQUAT.points,
    "hinge": hip_hinge(SUBJECT, repetitions=1, tilt_change_deg=70.0).points,
    "walk": walking(SUBJECT).points,
    "bottom": bottom_of(SQUAT.points),
}


def heavy(*case: object) -> object:
    return pytest.param(*case, marks=pytest.mark.heavy)


@pytest.mark.parametrize("name", TRIALS)
@pytest.mark.parametrize(
    ("axis", "degrees"), [("x", 60), ("y", -90), heavy("x", 90), heavy("x", 180), heavy("y", 60)]
)
def test_a_world_turned_by_60_deg_or_more_is_refused(name: str, axis: str, degrees: float) -> None:
    with pytest.raises(KinematicsError, match="AXES"):
        kinematics(turned(TRIALS[name], axis, degrees))
    allowed = kinematics(turned(TRIALS[name], axis, degrees), options=KinematicsOptions(posture="any"))
    assert "upright" not in [verdict.name for verdict in allowed.verdicts]


@pytest.mark.parametrize("name", TRIALS)
@pytest.mark.parametrize(("axis", "degrees"), [("x", 30), ("y", -30), heavy("x", -30), heavy("y", 30)])
def test_a_world_turned_by_30_deg_is_flagged_with_the_angle(name: str, axis: str, degrees: float) -> None:
    verdict = named(turned(TRIALS[name], axis, degrees))
    assert not verdict.passed
    assert 25.0 < verdict.measured < 35.0  # measured 26.9 to 33.0


@pytest.mark.parametrize("name", TRIALS)
@pytest.mark.parametrize("heading_deg", [50.0, 180.0, heavy(0.0), heavy(137.0), heavy(-90.0)])
def test_people_upright_pass_whichever_way_they_face(name: str, heading_deg: float) -> None:
    verdict = named(turned(TRIALS[name], "z", heading_deg))
    assert verdict.passed
    assert verdict.measured < 5.0  # measured 0.6 to 3.0


@pytest.mark.parametrize("name", TRIALS)
def test_lower_bodies_are_judged_by_their_legs(name: str) -> None:
    trial = only(TRIALS[name], LOWER_BODY)
    assert named(trial).passed  # measured 2.1 to 16.3 deg
    with pytest.raises(KinematicsError, match="AXES"):
        kinematics(turned(trial, "x", 90))


def test_a_trunk_alone_may_hinge() -> None:
    trial = only(TRIALS["hinge"], ("ASIS", "PSIS", "C7", "T10", "CLAV", "STRN"))
    assert named(trial).passed
    with pytest.raises(KinematicsError, match="AXES"):
        kinematics(turned(trial, "x", 90))


@pytest.mark.parametrize(
    ("axis", "degrees", "stands", "remap"),
    [("x", 90, "-y", "(x, z, -y)"), ("x", -90, "+y", "(x, -z, y)"), ("y", 90, "+x", "(-z, y, x)"),
     ("y", -90, "-x", "(z, y, -x)"), ("x", 180, "-z", "(x, -y, -z)")],
)  # fmt: skip
def test_the_remedy_sets_the_person_upright(axis: str, degrees: float, stands: str, remap: str) -> None:
    lying = turned(STATIC.points, axis, degrees)
    with pytest.raises(KinematicsError) as caught:
        kinematics(lying)
    assert f"along {stands} " in str(caught.value) and remap in str(caught.value)
    x, y, z = np.moveaxis(lying.position, -1, 0)
    columns = [{"x": x, "y": y, "z": z}[part.strip("- ")] * (-1) ** ("-" in part) for part in remap[1:-1].split(",")]
    mended = kinematics(replace(lying, position=np.stack(columns, axis=-1), covariance=None, status=None)).angles
    np.testing.assert_allclose(mended["pelvic_tilt"], STATIC.truth["pelvic_tilt"], atol=1e-9)


def test_no_axis_is_named_when_none_is_the_bodys() -> None:
    with pytest.raises(KinematicsError, match=r"nearest -y, 30 deg\): level the world"):
        kinematics(turned(STATIC.points, "x", 60))


def test_a_static_trial_that_leans_is_flagged() -> None:
    assert named(SQUAT.points, "static_upright", static=STATIC.points).passed
    leaning = turned(STATIC.points, "x", 25)
    assert not named(SQUAT.points, "static_upright", static=leaning).passed
    with pytest.raises(KinematicsError, match=r"AXES.*static"):
        kinematics(SQUAT.points, static=turned(STATIC.points, "x", 60))


def test_feet_that_slope_in_standing_are_flagged() -> None:
    assert named(STATIC.points, "feet_level").passed  # 4.4 deg
    raised = STATIC.points.position.copy()
    raised[:, STATIC.points.names.index("RHEEL"), 2] += 0.2
    verdict = named(Points3D(raised, STATIC.points.names, 100.0), "feet_level")
    assert not verdict.passed and verdict.measured > 35.0


def test_where_gravity_is_not_known_nothing_is_said_of_the_vertical() -> None:
    verdicts = kinematics(turned(STATIC.points, "x", 90), gravity_known=False).verdicts
    assert not {"upright", "feet_level"} & {verdict.name for verdict in verdicts}


@pytest.mark.parametrize("up", ["x", "z"])
def test_a_file_of_squats_read_with_the_wrong_up_axis_is_refused(shared_data, up: str) -> None:
    path = shared_data / "squat_markers" / "squats1.trc"
    with pytest.raises(KinematicsError, match="AXES"):
        kinematics(read_trc(path, up=up).points)
    true = read_trc(path, up="y").points
    assert named(true).passed  # 1.0 deg
    for axis in "xy":
        for degrees in (60, 90):
            with pytest.raises(KinematicsError, match="AXES"):
                kinematics(turned(true, axis, degrees))
