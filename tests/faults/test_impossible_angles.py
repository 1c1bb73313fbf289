"""What no joint reaches is flagged in every model, fails a check, and is in no single figure unless confirmed.

Nor are other frames whose value is to be doubted.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from typer.testing import CliRunner

from mocap.cli import app
from mocap.errors import KinematicsError
from mocap.kinematics import KinematicsOptions, kinematics
from mocap.kinematics.frame_flags import PointFlag, with_point_flags
from mocap.pipeline.compare import compare, compare_files
from mocap.pipeline.compare_sources import Source
from mocap.report.kinematics_page import kinematics_page
from mocap.storage import write_trial
from mocap.synthetic import default_subject, hip_hinge, static_standing
from mocap.trial import (
    CONFIRMED_REACH,
    NEAR_GIMBAL_LOCK,
    AngleDefinition,
    JointAngles,
    Points3D,
    Trial,
    doubted,
    scalar_values,
)

SUBJECT = default_subject()
STATIC = static_standing(SUBJECT, seconds=1.0).points
BENT = slice(40, 60)
FOOT = ("HEEL", "MT1", "MT2", "MT5", "HALLUX")
SHANK = ("LMAL", "MMAL", "SH1", "SH2", "SH3", *FOOT)
LABELS = {"ASIS": "ASI", "PSIS": "PSI", "TH2": "THI", "LFE": "KNE", "SH2": "TIB", "LMAL": "ANK", "HEEL": "HEE",
          "MT2": "TOE"}  # fmt: skip
PERSON = {f"{name}_{side}_m": value for side in "rl"
          for name, value in (("leg_length", 0.9), ("knee_width", 0.1), ("ankle_width", 0.07))}  # fmt: skip
MODELS = ("segments", "skeleton", "plug-in-gait")


def bent(names: tuple[str, ...], about: tuple[str, str], angle_deg: float) -> Points3D:
    """Standing with points of the right leg turned for some frames, about the line through two points that stay."""
    position = STATIC.position.copy()
    lateral, medial = (STATIC.point(f"R{name[1:]}")[BENT] for name in about)
    centre, axis = (lateral + medial) / 2, np.mean(medial - lateral, axis=0)
    turn = Rotation.from_rotvec(angle_deg * axis / np.linalg.norm(axis), degrees=True).as_matrix()
    for name in names:
        column = STATIC.names.index(f"R{name}")
        position[BENT, column] = (position[BENT, column] - centre) @ turn.T + centre
    return Points3D(position, STATIC.names, STATIC.rate_hz)


TRIALS = {
    "knee_flexion_r": bent(SHANK, ("RLFE", "RMFE"), -25.0),
    "ankle_dorsiflexion_r": bent(FOOT, ("RLMAL", "RMMAL"), -80.0),
    "pelvic_tilt": hip_hinge(SUBJECT, repetitions=1, tilt_change_deg=135.0).points,
}


def labelled(points: Points3D) -> Points3D:
    names = [f"{name[0]}{LABELS[name[1:]]}" if name[1:] in LABELS else name for name in points.names]
    return replace(points, names=tuple(names))


BY_DEFAULT = (("knee_flexion_r", "segments"), ("ankle_dorsiflexion_r", "plug-in-gait"), ("pelvic_tilt", "skeleton"))
OTHERS = [(name, model) for name in TRIALS for model in MODELS if (name, model) not in BY_DEFAULT]


@pytest.mark.parametrize(
    ("name", "model"), [*BY_DEFAULT, *(pytest.param(*one, marks=pytest.mark.heavy) for one in OTHERS)]
)
def test_what_no_joint_reaches_is_flagged_and_left_out(name: str, model: str) -> None:
    trial, static, marks, person = TRIALS[name], STATIC, "landmarks", {}
    if model == "plug-in-gait":
        trial, static, marks, person = labelled(trial), labelled(static), "plug-in-gait-lower", PERSON
    for choice in ("flag", "confirmed"):
        options = KinematicsOptions(model=model, physiology=choice)
        result = kinematics(trial, marks, static, options=options, subject=person, static_subject=person)
        angles, column = result.angles, result.angles.names.index(name)
        # Measured: knee -21, -21 and -21 deg; ankle 84, 80 and 82 deg; tilt 145, 144 and 145 deg.
        highest = 130.0 if name == "pelvic_tilt" else 60.0
        beyond = np.flatnonzero((angles.deg(name) < -15.0) | (angles.deg(name) > highest))
        assert len(beyond) >= 20
        (verdict,) = (one for one in result.verdicts if one.name == "physiology")
        assert verdict.passed is (choice == "confirmed") and verdict.measured > 0
        assert name in verdict.text and "onfirm" in verdict.text
        told = [angles.frame_reason_words[code] for code in angles.frame_reason[:, column]]
        assert [at for at, words in enumerate(told) if "beyond what the joint reaches" in words] == beyond.tolist()
        counted = scalar_values(angles)[:, column]
        assert np.isnan(counted[beyond]).all() == (choice == "flag")
        np.testing.assert_array_equal(np.delete(counted, beyond), np.delete(angles.values[:, column], beyond))


def test_what_is_impossible_stays_flagged_where_a_landmark_strays() -> None:
    position = TRIALS["knee_flexion_r"].position + np.random.default_rng(0).normal(0, 0.001, STATIC.position.shape)
    position[45, STATIC.names.index("RLMAL"), 2] += 0.06
    angles = kinematics(Points3D(position, STATIC.names, 100.0), static=STATIC).angles
    column = angles.names.index("knee_flexion_r")
    told = angles.frame_reason_words[angles.frame_reason[45, column]]
    assert "RLMAL" in told and "beyond what the joint reaches" in told
    # A code of another fault alone would let the value count.
    assert np.isnan(scalar_values(angles)[BENT, column]).all()


def test_the_page_counts_what_is_confirmed() -> None:
    pages = {}
    for choice in ("flag", "confirmed"):
        options = KinematicsOptions(physiology=choice)
        angles = kinematics(TRIALS["knee_flexion_r"], static=STATIC, options=options, measured=False).angles
        at = [angles.names.index("knee_flexion_r")]
        # One angle, as every picture takes its time.
        one = JointAngles(
            (angles.definition("knee_flexion_r"),), angles.values[:, at], 100.0,
            frame_reason=angles.frame_reason[:, at], frame_reason_words=angles.frame_reason_words,
        )  # fmt: skip
        pages[choice] = kinematics_page(Trial(choice, points=TRIALS["knee_flexion_r"], angles=one))
    check_pages(pages)


def check_pages(pages: dict[str, str]) -> None:
    assert "Knee flexion, right (20)" in pages["flag"] and "nobody confirmed" not in pages["confirmed"]
    # Minus as the page writes it.
    assert "\u221221.0 <small>" in pages["confirmed"] and "\u221221.0 <small>" not in pages["flag"]


FLAGS = {"RASIS 121 mm off its place on the pelvis": True, "RASIS off course": True, "RASIS frozen": True,
         "labels of RASIS and LASIS exchanged": True, "a flag of a later version": True, NEAR_GIMBAL_LOCK: False,
         CONFIRMED_REACH: False, f"{NEAR_GIMBAL_LOCK}; {CONFIRMED_REACH}": False,
         f"RASIS off course; {CONFIRMED_REACH}": True}  # fmt: skip


def swinging(flag: str, frames: slice) -> JointAngles:
    """Hip flexion from 0 to 60 deg and back, 130 deg too much in some frames, which are flagged."""
    values, reason = np.deg2rad(30.0 - 30.0 * np.cos(2 * np.pi * np.arange(101) / 100.0)), np.zeros((101, 1), int)
    values[frames] += np.deg2rad(130.0)
    reason[frames] = 1
    definition = AngleDefinition("hip_flexion_r", "Thigh against pelvis.", "", "flexion", "", "absolute", "")
    return JointAngles((definition,), values[:, None], 100.0, frame_reason=reason, frame_reason_words=("", flag))


@pytest.mark.parametrize("flag", FLAGS)
def test_frames_to_doubt_are_in_no_single_figure(flag: str) -> None:
    angles = swinging(flag, slice(20, 23))
    assert doubted(angles).any() is np.bool_(FLAGS[flag])
    assert np.isnan(scalar_values(angles)[20:23]).all() == FLAGS[flag]
    np.testing.assert_array_equal(np.delete(scalar_values(angles), slice(20, 23), 0),
                                  np.delete(angles.values, slice(20, 23), 0))  # fmt: skip


def test_a_note_hides_no_fault() -> None:
    angles = swinging(NEAR_GIMBAL_LOCK, slice(20, 23))
    for over in (False, True):
        flag = PointFlag("RASIS 40 mm off its place", ("RASIS",), np.arange(22, 25), over=over)
        told = with_point_flags(angles, [flag], lambda: {"hip_flexion_r": frozenset({"RASIS"})})
        assert np.flatnonzero(doubted(told)).tolist() == [22, 23, 24]


def test_page_and_comparison_leave_frames_to_doubt_out_and_say_how_many() -> None:
    points = Points3D(np.zeros((101, 1, 3)), ("p",), 100.0)
    sound, spoilt, lost = (swinging("RASIS off course", slice(*span)) for span in ((0, 0), (20, 23), (0, 101)))
    page = kinematics_page(Trial("spoilt", points=points, angles=spoilt))
    assert ">60.0 <small>at 0.50" in page and "142.4 <small>" not in page and "<b>3</b>" in page
    assert "<b>101</b>" in kinematics_page(Trial("lost", points=points, angles=lost))
    made = compare(Source("a", sound, None, points), Source("b", spoilt, None, points))
    assert made.angles[0].figures.n == 98 and made.angles[0].figures.largest == pytest.approx(0.0, abs=1e-9)
    told = "LOOK b: left out are flagged frames: hip_flexion_r (3 frames), for RASIS off course"
    assert told in made.notes
    with pytest.raises(KinematicsError, match="101 frames: RASIS off course"):
        compare(Source("a", sound, None, points), Source("b", lost, None, points))


@pytest.mark.heavy
def test_command_report_and_comparison_leave_it_out_unless_confirmed(tmp_path: Path) -> None:
    for name, points in (("a", TRIALS["knee_flexion_r"]), ("static", STATIC)):
        write_trial(tmp_path / f"{name}.h5", Trial(name, points=points))
    common = ["kinematics", str(tmp_path / "a.h5"), "--static", str(tmp_path / "static.h5"), "--json", "--out"]
    pages, found = {}, {}
    for choice in ("flag", "confirmed"):
        out, page = tmp_path / f"{choice}.h5", tmp_path / f"{choice}.html"
        run = CliRunner().invoke(app, [*common, str(out), "--set", f"physiology={choice}"])
        assert run.exit_code == 0, run.output
        (found[choice],) = (one for one in json.loads(run.stdout)["quality"] if one["name"] == "physiology")
        assert CliRunner().invoke(app, ["report", str(out), "--out", str(page)]).exit_code == 0
        pages[choice] = page.read_text()
    assert (found["flag"]["passed"], found["confirmed"]["passed"]) == (False, True)
    check_pages(pages)
    made = compare_files(tmp_path / "flag.h5", tmp_path / "confirmed.h5", chosen=("knee_flexion_r",))
    assert made.angles[0].figures.n == STATIC.n_frames - 20
    assert any("left out is what no joint" in note and "knee_flexion_r (20 frames)" in note for note in made.notes)


def test_a_static_in_which_nobody_could_stand_has_no_such_neutral() -> None:
    still = bent(SHANK, ("RLFE", "RMFE"), -30.0)
    static = Points3D(np.repeat(still.position[50:51], 100, axis=0), still.names, 100.0)
    for choice in ("flag", "confirmed"):
        result = kinematics(static, static=static, options=KinematicsOptions(physiology=choice))
        (verdict,) = (one for one in result.verdicts if one.name == "static_physiology")
        assert verdict.passed is (choice == "confirmed") and "knee_flexion_r -2" in verdict.text
        assert result.static_report is not None
        assert ("knee_flexion_r" in result.static_report.neutral_mean_rad) is (choice == "confirmed")
