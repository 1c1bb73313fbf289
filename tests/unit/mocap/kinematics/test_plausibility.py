"""Refusals: wrong units, wrong axes, swapped sides, another person's static; and what must not be refused."""

from dataclasses import replace

import numpy as np
import pytest

from mocap.errors import KinematicsError
from mocap.kinematics import KinematicsOptions, kinematics
from mocap.synthetic import default_subject, hip_hinge, mirror_name, squat, static_standing
from mocap.trial import Points3D

SUBJECT = default_subject()
STATIC = static_standing(SUBJECT, seconds=1.0).points


def _scaled(points: Points3D, factor: float) -> Points3D:
    return replace(points, position=points.position * factor, covariance=None, status=None)


def _turned(points: Points3D, matrix: list[list[float]]) -> Points3D:
    return replace(points, position=points.position @ np.array(matrix, float).T, covariance=None, status=None)


def _renamed(points: Points3D, names: dict[str, str]) -> Points3D:
    return replace(points, names=tuple(names.get(name, name) for name in points.names), covariance=None, status=None)


@pytest.mark.parametrize(
    ("factor", "unit"),
    [(1000, "millimetres"), (100, "centimetres"), (39.37, "inches"), (3.281, "feet"), (10, "decimetres"), (1e-3, "")],
)
def test_wrong_units_name_the_unit(factor: float, unit: str) -> None:
    with pytest.raises(KinematicsError, match=rf"UNITS.*{unit}"):
        kinematics(_scaled(STATIC, factor))
    with pytest.raises(KinematicsError, match=r"UNITS.*static"):
        kinematics(STATIC, static=_scaled(STATIC, factor))


@pytest.mark.parametrize("factor", [0.5, 1.4])
def test_children_and_giants_pass(factor: float) -> None:
    assert kinematics(_scaled(STATIC, factor)).angles.definition("pelvic_tilt").observable


@pytest.mark.parametrize(
    "matrix",
    [
        [[1, 0, 0], [0, 0, -1], [0, 1, 0]],  # a Y-up file read as Z-up, either way round
        [[1, 0, 0], [0, 0, 1], [0, -1, 0]],
        [[0, 0, 1], [0, 1, 0], [-1, 0, 0]],  # X up
        [[1, 0, 0], [0, -1, 0], [0, 0, -1]],  # upside down
    ],
)
@pytest.mark.parametrize("trial", [STATIC, squat(SUBJECT, repetitions=1).points], ids=["static", "squat"])
def test_wrong_up_axis_is_refused(trial: Points3D, matrix: list[list[float]]) -> None:
    with pytest.raises(KinematicsError, match="AXES"):
        kinematics(_turned(trial, matrix))
    angles = kinematics(_turned(trial, matrix), options=KinematicsOptions(posture="any")).angles
    lying = angles.definition("pelvic_tilt")
    # Who lies on the side has the axis of tilt upright: there is no tilt against gravity.
    assert lying.observable == (matrix[0] != [1, 0, 0] or matrix[1][1] == -1)
    assert lying.observable or "gimbal lock" in lying.reason


def test_deep_hinge_and_crouch_are_not_refused() -> None:
    hinge = hip_hinge(SUBJECT, repetitions=1, tilt_change_deg=70.0).points
    crouch = squat(SUBJECT, repetitions=1).points
    lowest = np.argsort(crouch.position[:, crouch.names.index("RASIS"), 2])[:20]
    only_bottom = Points3D(crouch.position[lowest], crouch.names, crouch.rate_hz)
    for points in (hinge, crouch, only_bottom):
        assert kinematics(points).angles.definition("pelvic_tilt").observable


def test_mirrored_axes_are_refused() -> None:
    with pytest.raises(KinematicsError, match="LEFT_RIGHT"):
        kinematics(_turned(STATIC, [[1, 0, 0], [0, -1, 0], [0, 0, 1]]))


def test_swapped_labels_are_refused() -> None:
    everything = {name: mirror_name(name) for name in STATIC.names if name[0] in "RL"}
    asis = {"RASIS": "LASIS", "LASIS": "RASIS"}
    legs = {name: other for name, other in everything.items() if name[1:] in ("LFE", "MFE", "LMAL", "MMAL", "HEEL")}
    for names in (everything, asis, legs):
        with pytest.raises(KinematicsError, match="LEFT_RIGHT"):
            kinematics(_renamed(STATIC, names))


def test_exchanged_shanks_are_named_as_what_they_are() -> None:
    everything = {name: mirror_name(name) for name in STATIC.names if name[0] in "RL"}
    lower = ("LMAL", "MMAL", "HEEL", "MT1", "MT2", "MT5", "HALLUX")
    with pytest.raises(KinematicsError, match=r"LEFT_RIGHT.*RLMAL, RMMAL.* are on the left leg"):
        kinematics(_renamed(STATIC, {name: other for name, other in everything.items() if name[1:] in lower}))
    both = {"RLMAL": "RMMAL", "RMMAL": "RLMAL", "LLMAL": "LMMAL", "LMMAL": "LLMAL"}
    with pytest.raises(KinematicsError, match=r"MEDIAL_LATERAL.*RLMAL lies medial of RMMAL"):
        kinematics(_renamed(STATIC, both))


@pytest.mark.parametrize(("one", "other"), [("RLFE", "RMFE"), ("LLMAL", "LMMAL"), ("RMT1", "RMT5")])
def test_exchanged_lateral_and_medial_labels_are_refused(one: str, other: str) -> None:
    with pytest.raises(KinematicsError, match=rf"MEDIAL_LATERAL.*{one[0]}"):
        kinematics(_renamed(STATIC, {one: other, other: one}))


def test_static_of_another_person_is_refused_or_flagged() -> None:
    other = static_standing(default_subject(stature_m=1.60), seconds=1.0).points
    with pytest.raises(KinematicsError, match=r"STATIC_OTHER_SUBJECT.*9\.\d %"):
        kinematics(STATIC, static=other)
    options = KinematicsOptions(static_check="flag")
    verdict = kinematics(STATIC, static=other, options=options).verdicts[0]
    assert (verdict.name, verdict.passed) == ("static_same_subject", False)
    assert kinematics(STATIC, static=STATIC).verdicts[0].passed


def test_static_without_a_length_in_common_has_no_verdict_of_sameness() -> None:
    def only(*names: str) -> Points3D:
        return Points3D(STATIC.position[:, [STATIC.names.index(n) for n in names]], names, STATIC.rate_hz)

    thorax = ("C7", "T10", "CLAV", "STRN", "T12_1", "T12_2", "T12_3", "RASIS")
    bare, more = only(*thorax), only(*thorax, "LASIS")
    names = [verdict.name for verdict in kinematics(more, static=bare).verdicts]
    assert "static_quiet" in names and "static_same_subject" not in names
    assert "static_same_subject" in [verdict.name for verdict in kinematics(more, static=more).verdicts]


def test_static_that_never_stands_still_is_refused() -> None:
    moving = replace(
        STATIC, position=STATIC.position + np.linspace(0, 0.5, STATIC.n_frames)[:, None, None] * [0.0, 1.0, 0.0],
        covariance=None, status=None,
    )  # fmt: skip
    with pytest.raises(KinematicsError, match="STATIC_MOVING"):
        kinematics(STATIC, static=moving)


def test_a_static_of_few_known_frames_is_judged_as_that() -> None:
    def known(*frames: int) -> Points3D:
        position = np.full_like(STATIC.position, np.nan)
        position[list(frames)] = STATIC.position[list(frames)]
        return Points3D(position, STATIC.names, STATIC.rate_hz)

    trial = Points3D(STATIC.position[:5], STATIC.names, STATIC.rate_hz)
    one = kinematics(trial, static=known(60), measured=False)
    alone = Points3D(STATIC.position[60:61], STATIC.names, STATIC.rate_hz)
    np.testing.assert_array_equal(one.angles.values, kinematics(trial, static=alone, measured=False).angles.values)
    (told,) = (verdict for verdict in one.verdicts if verdict.name == "static_quiet")
    assert not told.passed and told.measured == pytest.approx(1 / STATIC.rate_hz)
    assert f"of its {STATIC.n_frames} frames only 1 known" in told.text
    with pytest.raises(KinematicsError, match="2 are known") as apart:
        kinematics(trial, static=known(5, 95))
    assert apart.value.code == "STATIC_FEW_FRAMES"


def test_pauses_at_the_bottom_of_a_squat_do_not_count_as_standing() -> None:
    trial = squat(SUBJECT, repetitions=2)
    standing = kinematics(trial.points, static=static_standing(SUBJECT).points).angles
    by_squat = kinematics(trial.points, static=trial.points).angles
    # The first and last centimetres of the descent are slow and count as standing.
    np.testing.assert_allclose(by_squat.deg("lumbar_flexion"), standing.deg("lumbar_flexion"), atol=0.5)


def test_options_are_checked() -> None:
    with pytest.raises(KinematicsError, match=r"OPTION.*flat, anatomical"):
        KinematicsOptions(foot="round")
