"""What the static measures of the person: lengths left and right, standing angles, and soft tissue as entered."""

from pathlib import Path

import numpy as np
import pytest

from mocap.kinematics import CalibrationRecordings, KinematicsOptions, kinematics
from mocap.pipeline.motion import kinematics_to_file
from mocap.storage import read_trial, write_trial
from mocap.synthetic import default_subject, squat, star_arc, static_standing
from mocap.trial import Points3D, Trial

SUBJECT = default_subject(seed=3)
STATIC = static_standing(SUBJECT, sway_m=0.003)
SQUAT = squat(SUBJECT, repetitions=1)


def test_lengths_are_those_of_the_person() -> None:
    report = kinematics(SQUAT.points, static=STATIC.points).static_report
    assert report is not None
    facts = report.facts
    for side in "rl":
        assert facts[f"thigh_length_{side}_m"] == pytest.approx(SUBJECT.thigh, abs=1e-9)
        assert facts[f"shank_length_{side}_m"] == pytest.approx(SUBJECT.shank, abs=1e-9)
        low = {name: SUBJECT.landmarks[segment] for name, segment in (("femur", f"femur_{side}"),)}["femur"]
        width = np.linalg.norm(low[f"{side.upper()}LFE"] - low[f"{side.upper()}MFE"])
        assert facts[f"knee_width_{side}_m"] == pytest.approx(width, abs=1e-9)
        ankle = STATIC.points.point(f"{side.upper()}LMAL") - STATIC.points.point(f"{side.upper()}MMAL")
        assert facts[f"ankle_width_{side}_m"] == pytest.approx(np.linalg.norm(ankle, axis=1).mean(), abs=1e-12)
        leg = np.linalg.norm(
            STATIC.points.point(f"{side.upper()}ASIS") - STATIC.points.point(f"{side.upper()}MMAL"), axis=1
        )
        assert facts[f"leg_length_{side}_m"] == pytest.approx(leg.mean(), abs=1e-12)
        assert facts[f"leg_length_sd_{side}_m"] == pytest.approx(leg.std(), abs=1e-12)
        foot = STATIC.points.point(f"{side.upper()}MT2") - STATIC.points.point(f"{side.upper()}HEEL")
        assert facts[f"foot_length_{side}_m"] == pytest.approx(np.linalg.norm(foot[0]), abs=1e-9)
    assert facts["pelvis_width_m"] == pytest.approx(SUBJECT.pelvis_width, abs=1e-9)
    assert facts["pelvis_depth_m"] == pytest.approx(SUBJECT.pelvis_depth, abs=1e-9)


def test_the_record_says_by_what_the_hip_centres_are_placed() -> None:
    def with_hips(trial) -> Points3D:
        hips = [trial.joint_centres[f"{side}HJC"] for side in "RL"]
        position = np.concatenate([trial.points.position, np.stack(hips, axis=1)], axis=1)
        return Points3D(position, [*trial.points.names, "RHJC", "LHJC"], 100.0)

    recordings = CalibrationRecordings(functional_hip=(star_arc(SUBJECT, "r").points,))
    result = kinematics(with_hips(SQUAT), static=with_hips(STATIC), recordings=recordings, measured=False)
    plain = kinematics(SQUAT.points, static=STATIC.points, recordings=recordings, measured=False)
    assert result.static_report is not None and plain.static_report is not None
    assert result.static_report.facts["hip_centre_r"] == "as given with the points (functional movement not used)"
    assert "hip_centre_x_r_m" not in result.static_report.facts
    assert "as given with the points" in result.angles.definition("hip_flexion_r").method
    assert str(plain.static_report.facts["hip_centre_r"]).startswith("SCoRE")
    assert str(plain.static_report.facts["hip_centre_l"]).startswith("harrington")


def test_a_length_that_the_static_does_not_show_is_left_out() -> None:
    kept = [index for index, name in enumerate(STATIC.points.names) if name not in ("RMFE", "LMMAL")]
    static = Points3D(STATIC.points.position[:, kept], [STATIC.points.names[index] for index in kept], 100.0)
    report = kinematics(SQUAT.points, static=static).static_report
    assert report is not None
    missing = {"knee_width_r_m", "thigh_length_r_m", "shank_length_r_m", "ankle_width_l_m", "leg_length_l_m"}
    assert not missing & set(report.facts)
    assert {"knee_width_l_m", "leg_length_r_m", "thigh_length_l_m"} <= set(report.facts)


@pytest.mark.parametrize(("lean_deg", "passed"), [(0.0, True), (20.0, False)])
def test_a_standing_tilt_outside_what_pelves_are_is_flagged(lean_deg: float, passed: bool) -> None:
    # A slope of the pelvis's landmarks alone, as of badly palpated PSIS.
    position = STATIC.points.position.copy()
    middle = position[:, [STATIC.points.names.index(n) for n in ("RASIS", "LASIS")]].mean(axis=1)
    for name in ("RPSIS", "LPSIS"):
        index = STATIC.points.names.index(name)
        arm = position[:, index] - middle
        c, s = np.cos(np.deg2rad(lean_deg)), np.sin(np.deg2rad(lean_deg))
        position[:, index] = middle + arm @ np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]]).T
    static = Points3D(position, STATIC.points.names, 100.0)
    options = KinematicsOptions(static_check="flag")
    (verdict,) = [
        v for v in kinematics(SQUAT.points, static=static, options=options).verdicts if v.name == "standing_pelvic_tilt"
    ]
    assert verdict.passed is passed
    assert "Preece" in verdict.text


def test_soft_tissue_over_the_pelvis_is_taken_off() -> None:
    """Markers on skin 12 mm over the ASIS and 20 mm over the PSIS, along the pelvis's forward axis."""
    skin = {"ASIS": 0.012, "PSIS": -0.020}

    def on_skin(trial) -> Points3D:
        position = trial.points.position.copy()
        asis = [trial.points.names.index(n) for n in ("RASIS", "LASIS")]
        psis = [trial.points.names.index(n) for n in ("RPSIS", "LPSIS")]
        forward = position[:, asis].mean(axis=1) - position[:, psis].mean(axis=1)
        forward /= np.linalg.norm(forward, axis=1)[:, None]
        for index in (*asis, *psis):
            position[:, index] += forward * skin[trial.points.names[index][1:]]
        return Points3D(position, trial.points.names, trial.points.rate_hz)

    options = KinematicsOptions(skin_asis_m=0.012, skin_psis_m=0.020)
    corrected = kinematics(on_skin(SQUAT), static=on_skin(STATIC), options=options)
    plain = kinematics(on_skin(SQUAT), static=on_skin(STATIC))
    for side in "RL":
        truth = SQUAT.joint_centres[f"{side}HJC"]
        np.testing.assert_allclose(corrected.centres[f"{side}HJC"], truth, atol=1e-9)
        # 12 mm of the origin, less 0.24 of the 32 mm that the pelvis seems deeper: 4.3 mm too far forward.
        assert np.linalg.norm(plain.centres[f"{side}HJC"] - truth, axis=1).max() == pytest.approx(0.00432, abs=1e-6)
    np.testing.assert_allclose(corrected.angles["pelvic_tilt"], SQUAT.truth["pelvic_tilt"], atol=1e-9)
    assert corrected.static_report is not None and plain.static_report is not None
    words = corrected.static_report.facts["skin_effect"]
    assert str(words).startswith("moves the hip centres of the regression by -4.3 mm forward, +0.0 up and +0.0 outward")
    assert "skin_effect" not in plain.static_report.facts
    told = "hip centre by harrington (soft tissue of 12 mm over the ASIS and 20 mm over the PSIS)"
    assert told in corrected.angles.definition("hip_flexion_r").method


def test_the_method_names_the_radius_of_markers_on_the_asis() -> None:
    few = Points3D(SQUAT.points.position[:9], SQUAT.points.names, SQUAT.points.rate_hz)
    told = {
        radius: kinematics(few, options=KinematicsOptions(marker_radius_m=radius), measured=False).angles
        for radius in (0.0, 0.01)
    }
    words = "hip centre by harrington (markers of 10 mm radius on the ASIS)"
    assert words in told[0.01].definition("hip_flexion_r").method
    assert "radius" not in told[0.0].definition("hip_flexion_r").method


def test_the_file_tells_who_stood_when(tmp_path: Path) -> None:
    standing = Trial("standing", STATIC.points, created_utc="2026-03-01", operator="AB")
    write_trial(tmp_path / "standing.h5", standing)
    write_trial(tmp_path / "squat.h5", Trial("squat", SQUAT.points))
    out = tmp_path / "out.h5"
    kinematics_to_file(tmp_path / "squat.h5", out, tmp_path / "standing.h5", None, None, None, None)
    subject = read_trial(out).subject
    assert (subject["static_trial"], subject["static_recorded"], subject["static_operator"]) == (
        "standing", "2026-03-01", "AB",
    )  # fmt: skip
    assert subject["static_leg_length_r_m"] > 0.8  # type: ignore[operator]
