"""Synthetic people: rigid segments, mirrored and turned motions, and figures that look like people."""

from dataclasses import replace

import numpy as np
import pytest

from mocap.errors import KinematicsError
from mocap.synthetic import (
    CURVES,
    LANDMARK_BONES,
    LANDMARKS,
    Motion,
    SyntheticTrial,
    default_subject,
    faced,
    landmarks,
    mirror_name,
    plant_ankle,
    static_standing,
    synthesise,
)

SIDES = ("R", "L")


def test_every_rigid_distance_stays_constant(free: SyntheticTrial) -> None:
    for table in free.subject.landmarks.values():
        names = list(table)
        for i, a in enumerate(names):
            for b in names[i + 1 :]:
                lengths = np.linalg.norm(free.points.point(a) - free.points.point(b), axis=1)
                assert np.ptp(lengths) < 1e-12, (a, b)
    c = free.joint_centres
    for side in SIDES:
        thigh = np.linalg.norm(c[f"{side}HJC"] - c[f"{side}KJC"], axis=1)
        shank = np.linalg.norm(c[f"{side}KJC"] - c[f"{side}AJC"], axis=1)
        np.testing.assert_allclose(thigh, free.subject.thigh, atol=1e-12)
        np.testing.assert_allclose(shank, free.subject.shank, atol=1e-12)


def test_a_mirrored_motion_gives_the_mirrored_body(free: SyntheticTrial) -> None:
    sign = {name: -1.0 for name in ("pelvic_obliquity", "pelvic_rotation", "lumbar_lateral_bend", "lumbar_rotation")}
    motion = replace(free.motion, heading=0.0)
    mirrored = replace(
        motion,
        hip_position=motion.hip_position * [1, -1, 1],
        curves={name: sign.get(name, 1.0) * motion[mirror_name(name)] for name in CURVES},
    )
    here, there = landmarks(free.subject, motion), landmarks(free.subject, mirrored)
    for name in LANDMARKS:
        np.testing.assert_allclose(there.point(mirror_name(name)), here.point(name) * [1, -1, 1], atol=1e-12)
    assert mirror_name("RLFE") == "LLFE" and mirror_name("LMAL") == "LMAL" and mirror_name("T12_1") == "T12_2"


def test_the_heading_turns_the_points_and_leaves_every_angle(free: SyntheticTrial) -> None:
    turned = faced(free, heading=2.2, origin_world=(1.0, -2.0, 0.1))
    straight = faced(free, heading=0.0, origin_world=(0.0, 0.0, 0.0))
    about_up = np.array([[np.cos(2.2), -np.sin(2.2), 0], [np.sin(2.2), np.cos(2.2), 0], [0, 0, 1]])
    expected = straight.points.position @ about_up.T + [1.0, -2.0, 0.1]
    np.testing.assert_allclose(turned.points.position, expected, atol=1e-12)
    for name, curve in straight.truth.items():
        np.testing.assert_array_equal(turned.truth[name], curve, err_msg=name)


def test_a_planted_ankle_stays_where_it_is_told(free: SyntheticTrial) -> None:
    motion = plant_ankle(free.subject, replace(free.motion, heading=0.0), "l", np.array([0.1, 0.2, 0.3]))
    centres = synthesise(free.subject, motion).joint_centres["LAJC"]
    np.testing.assert_allclose(centres, np.tile([0.1, 0.2, 0.3], (len(centres), 1)), atol=1e-12)


@pytest.mark.parametrize("seed", [None, 0, 1, 2, 3, 4])
@pytest.mark.parametrize("stature", [1.50, 1.75, 2.0])
def test_standing_people_look_like_people(stature: float, seed: int | None) -> None:
    trial = static_standing(default_subject(stature, seed), seconds=0.1)
    p = {name: trial.points.point(name)[0] for name in LANDMARKS}
    assert p["VERTEX"][2] == pytest.approx(stature, abs=0.05)  # 0.03 at worst of these
    assert min(position[2] for position in p.values()) > 0.015
    assert 0.17 < np.linalg.norm(p["RASIS"] - p["LASIS"]) < 0.35
    assert 0.09 < trial.subject.pelvis_depth < 0.25
    assert 0.50 * stature < p["RASIS"][2] < 0.62 * stature
    assert 3.9 < trial.truth_deg("pelvic_tilt")[0] < 16.1
    order = ["RHEEL", "RLMAL", "RLFE", "RASIS", "STRN", "CLAV", "VERTEX"]
    heights = [p[name][2] for name in order]
    assert heights == sorted(heights)
    assert p["RSJC"][1] < p["LSJC"][1] and p["RLFE"][1] < p["RMFE"][1] < p["LMFE"][1] < p["LLFE"][1]


def test_the_seed_makes_the_person() -> None:
    again, other = default_subject(seed=5), default_subject(seed=6)
    assert default_subject(seed=5).thigh == again.thigh != other.thigh
    assert default_subject().pelvis_width == pytest.approx(0.245)


def test_names_and_bones_fit() -> None:
    assert len(LANDMARKS) == len(set(LANDMARKS)) == 56
    assert {end for bone in LANDMARK_BONES for end in bone} == set(LANDMARKS)
    assert {mirror_name(name) for name in LANDMARKS} == set(LANDMARKS)


def test_impossible_people_and_motions_are_refused() -> None:
    with pytest.raises(KinematicsError, match="SUBJECT_IMPLAUSIBLE"):
        default_subject(175.0)
    with pytest.raises(KinematicsError, match="pelvic_tillt"):
        Motion(100.0, np.zeros((3, 3)), {"pelvic_tillt": np.zeros(3)})
    with pytest.raises(KinematicsError, match="pelvic_tilt"):
        Motion(100.0, np.zeros((3, 3)), {"pelvic_tilt": np.zeros(4)})
