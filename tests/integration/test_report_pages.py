"""`mocap report` and the page of `mocap compare`: what they say, that they stand alone, and that nothing is lost."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt

from mocap.pipeline.output_kinds import ANGLE_PAGE, COMPARISON_PAGE, is_alike
from mocap.report.angle_figures import LEFT, RIGHT, Line, draw_curves
from mocap.report.convention_part import conventions_part, listed_names
from mocap.report.kinematics_page import kinematics_page
from mocap.report.measure_part import measures_part
from mocap.storage import write_trial
from mocap.trial import AngleDefinition, JointAngles, Measure, Operation, Points3D, Segments, Trial, Verdict
from tests.fixtures.html_page import Page

N = 300
TIME = np.arange(N) / 100.0
WORDS = {"definition": "Femur against <pelvis>.", "sequence": "a of Rz Rx Ry", "positive": "flexion", "zero": "aligned",
         "reference": "absolute", "method": "by & markers"}  # fmt: skip


def trial() -> Trial:
    definitions = (
        AngleDefinition("pelvic_tilt", **WORDS), AngleDefinition("hip_flexion_r", **WORDS),
        AngleDefinition("hip_flexion_l", **WORDS),
        AngleDefinition("lumbar_flexion", **WORDS, observable=False, reason="no plate at T12/L1"),
    )  # fmt: skip
    wave = np.deg2rad(20 + 15 * np.sin(3 * TIME))
    values = np.stack([wave, wave + 0.1, wave - 0.1, np.full(N, np.nan)], axis=1)
    values[10:40, 1] = np.nan
    angles = JointAngles(
        definitions, values, 100.0, sd=np.deg2rad(np.full((N, 4), 0.5)), u_landmark=np.deg2rad([1.0, 2.0, 2.0, np.nan]),
        u_sta=np.deg2rad([np.nan, 1.5, 1.5, np.nan]),
    )  # fmt: skip
    subject = {
        "neutral_hip_flexion_r_deg": 9.13, "neutral_hip_flexion_r_sd_deg": 0.12, "neutral_hip_flexion_l_deg": 8.02,
        "neutral_hip_flexion_l_sd_deg": 0.1, "neutral_pelvic_tilt_deg": 12.94, "neutral_pelvic_tilt_sd_deg": 0.3,
        "leg_length_r_m": 0.8821, "leg_length_l_m": 0.8763, "static_quiet_s": 5.17,
        "static_trial": "stand01", "static_recorded": "2026-03-01", "mass_kg": 70.5, "sex": "f",
        "static_knee_width_r_m": 0.1052, "static_knee_width_sd_r_m": 0.0004, "static_knee_width_l_m": 0.1041,
        "static_hip_centre_r": "score", "static_hip_centre_l": "harrington",
    }  # fmt: skip
    quality = (
        Verdict("static_quiet", 5.17, 3.0, "s", True, "quiet standing used"),
        Verdict("flat_foot_r", 0.0025, 0.005, "m", True),
        Verdict("pelvis_width", 0.41, 0.35, "m", False, "usual: 0.17 to 0.35 m"),
    )
    points = Points3D(np.random.default_rng(1).normal(size=(N, 2, 3)), ("a", "b"), 100.0)
    return Trial(
        "squat <1>", points, angles=angles, subject_code="P01", task="squat", operator="AB", subject=subject,
        created_utc="2026-03-01T10:00:00Z", quality=quality, inputs={"squat.c3d": "ab" * 32},
        operations=(Operation("kinematics", {"model": "segments", "marker_set": "landmarks", "static": True,
                                             "notes": "up was given"}),),
    )  # fmt: skip


def test_the_page_says_it_all_and_stands_alone() -> None:
    html = kinematics_page(trial(), ("up was given",), "0.1.0")
    page = Page(html)
    assert page.active == [] and page.open == []
    for words in (
        "Kinematics of squat <1>", "P01", "AB", "2026-03-01T10:00:00Z", "angles in degrees", "3 of 4 angles",
        "look at: pelvis width", "Quiet standing used: 5.17 s of stand01, 2026-03-01.",
        "Hip flexion 9.1 ± 0.1 8.0 ± 0.1 1.1",
        "Pelvic tilt 12.9 ± 0.3", "Leg length 882.1 mm 876.3 mm 5.8 mm", "70.5 kg",
        "Knee width 105.2 mm ± 0.4 mm 104.1 mm 1.1 mm", "Hip centre score harrington",
        "no plate at T12/L1",
        "Femur against <pelvis>.", "by & markers", "hip_flexion (right, left)", "abababababab", "up was given",
        "usual: 0.17 to 0.35 m", "pelvis width 0.41 m 0.35 m", "flat foot, right 2.5 mm 5 mm", "Task squat",
        "All methods: by & markers.", "Model segments", "Lumbar flexion no plate at T12/L1", "mocap 0.1.0",
        "not for diagnosis",
    ):  # fmt: skip
        assert words in page.text, words
    assert html.count("<img ") == 2  # tilt, and both hips in one
    assert html == kinematics_page(trial(), ("up was given",), "0.1.0")


def test_numbers_carry_their_uncertainty() -> None:
    text = Page(kinematics_page(trial())).text
    numbers = text[text.index("In numbers"):]
    # Mean 20 + 15 (1 - cos 9) / 9; of the samples nearest to 3 t = 3 pi / 2, 5 pi / 2. Constant: 1.96 times that of
    # landmarks alone, or sqrt(2^2 + 1.5^2).
    assert re.search(r"Pelvic tilt 23\.2 5\.0 at 1\.57 s 35\.0 at 2\.62 s 30\.0 ± 2\.0\* ± 1\.0 0 ", numbers)
    assert re.search(r"Hip flexion, right .* ± 4\.9 ± 1\.0 10 ", numbers)
    assert "Lumbar flexion" not in numbers[: numbers.index("Not observable")]
    unknown = {"sd": np.full((N, 4), np.nan), "u_landmark": np.full(4, np.nan), "u_sta": np.full(4, np.nan)}
    without = replace(trial().angles, **unknown)
    assert re.search(r"Pelvic tilt .* unknown unknown", Page(kinematics_page(replace(trial(), angles=without))).text)


def test_a_trial_of_which_nothing_is_known_has_a_page() -> None:
    one = AngleDefinition("pelvic_tilt", **WORDS, observable=False, reason="two hips are a line")
    angles = JointAngles((one,), np.array([[np.nan]]), 50.0)
    bare = Trial("x", Points3D(np.ones((1, 1, 3)), ("a",), 50.0), angles=angles)
    text = Page(kinematics_page(bare)).text
    assert "0 of 1 angles" in text and "No standing trial" in text and "two hips are a line" in text
    assert "No angle has a value" in text and "Subject not stated" in text


def test_a_static_that_was_of_no_use_or_little_is_not_told_as_used() -> None:
    for failed, words in (("", "used Program"), ("static_usable", "given, not used: it shows no body"),
                          ("static_landmarks", "used in part: few landmarks shared")):  # fmt: skip
        told = replace(trial(), quality=(Verdict(failed, 0.0, 1.0, "1", False),) if failed else ())
        assert f"Standing trial {words}" in Page(kinematics_page(told, version="0.1.0")).text


def test_the_commands_write_pages_and_keep_other_files(tmp_path: Path, monkeypatch, mocap_cli: Callable) -> None:
    monkeypatch.chdir(tmp_path)
    write_trial(tmp_path / "a.h5", trial())
    other = replace(trial().angles, values=trial().angles.values + np.deg2rad(2.0))
    moved = Points3D(trial().points.position + 1.0, ("a", "b"), 100.0)
    write_trial(tmp_path / "b.h5", replace(trial(), angles=other, points=moved))
    done = mocap_cli("report", "a.h5", "--out", "report.html")
    assert done.status == 0 and "3 of 4 angles" in done.out and "LOOK pelvis_width" in done.out
    assert is_alike(tmp_path / "report.html", ANGLE_PAGE)  # our own older page gives way
    assert mocap_cli("compare", "a.h5", "b.h5", "--out", "agreement.html").status == 0
    assert is_alike(tmp_path / "agreement.html", COMPARISON_PAGE)
    text = Page((tmp_path / "agreement.html").read_text(encoding="utf-8")).text
    for words in ("Comparison of a.h5 and b.h5", "−2.00", "Every angle is defined alike in both", "CMC", "n effective",
                  "Conventions of B, b.h5", "Femur against <pelvis>.", "Lumbar flexion"):  # fmt: skip
        assert words in text, words
    (tmp_path / "mine.html").write_text("<p>my own</p>")
    for words, code in (
        (("report", "a.h5", "--out", "mine.html"), "OUTPUT_OTHER"),
        (("report", "a.h5", "--out", "a.h5"), "REPORT_SUFFIX"),
        (("report", "a.h5", "--out", "x.docx"), "REPORT_SUFFIX"), (("report", "none.h5"), "FILE_MISSING"),
        (("compare", "a.h5", "b.h5", "--out", "report.html"), "OUTPUT_OTHER"),
        (("compare", "a.h5", "b.h5", "--out", "no/where.html"), "OUTPUT_FOLDER"),
    ):  # fmt: skip
        assert mocap_cli(*words).error_line.startswith(f"error {code}: "), words
    assert (tmp_path / "mine.html").read_text() == "<p>my own</p>"
    write_trial(tmp_path / "points.h5", replace(trial(), angles=None))
    assert "error NO_ANGLES: " in mocap_cli("report", "points.h5").error_line


def test_measures_of_the_body_are_drawn_and_told() -> None:
    words, sd = ("m", "Height <of> the heel.", "lifted", "HEEL"), np.full(N, 0.001)
    rise = [Measure(f"heel_rise_{side}", 0.01 * np.sin(TIME), *words, sd) for side in "rl"]
    lost = Measure("com_ap_ratio", np.full(N, np.nan), "1", "Place.", "toes", "", reason="needs C7")
    measured = replace(trial(), segments=Segments((), np.empty((N, 0, 4, 4)), 100.0, (*rise, lost)))
    html = kinematics_page(measured)
    text = Page(html).text
    assert "Balance, heels and knees" in text and "Height <of> the heel." in text
    assert "not observable: needs C7" in text
    assert html.count('alt="heel_rise over time"') == 1 and 'alt="com_ap_ratio over time"' not in html
    assert "Balance, heels and knees" not in Page(kinematics_page(trial())).text


def test_both_sides_share_a_row_and_what_all_methods_share_is_said_once() -> None:
    shared = "tied in the static; points: not filtered"
    definitions = [
        replace(trial().angles.definition("hip_flexion_r"), name=name, method=f"{method}; {shared}")
        for name, method in (("hip_flexion_r", "by RMFE and RMS"), ("hip_flexion_l", "by LMFE and RMS"),
                             ("tilt", "by C7"))
    ]  # fmt: skip
    text = Page(conventions_part(definitions)).text
    assert "All methods: tied in the static; points: not filtered." in text
    assert "hip_flexion (right, left)" in text and "by R/LMFE and RMS" in text and "by C7" in text
    assert listed_names(["hip_flexion_r", "hip_flexion_l", "pelvic_tilt_clinical", "pelvic_tilt_clinical_l"]) == (
        "Hip flexion (right, left), Pelvic tilt clinical, Pelvic tilt clinical (left)"
    )


def test_the_vertical_and_the_calibration_count_among_what_stays() -> None:
    parts = {"u_gravity": np.deg2rad(np.full(4, 2.0)), "u_calibration": np.deg2rad(np.full(4, 1.0))}
    text = Page(kinematics_page(replace(trial(), angles=replace(trial().angles, **parts)))).text
    # 1.96 sqrt(1 + 4 + 1), soft tissue not known, and 1.96 sqrt(4 + 2.25 + 4 + 1).
    assert re.search(r"Pelvic tilt 23\.2 .* 30\.0 ± 4\.8\* ± 1\.0", text)
    assert re.search(r"Hip flexion, right .* ± 6\.6 ± 1\.0 10 ", text)


def test_flagged_frames_are_drawn_apart() -> None:
    flagged = np.zeros(N, bool)
    flagged[100:150] = flagged[200] = True
    sd = np.full(N, 0.5)
    lines = [
        Line("right", TIME, np.sin(TIME), sd, sd, RIGHT, False, flagged),
        Line("left", TIME, np.cos(TIME), sd, sd, LEFT, dashed=True),
    ]  # fmt: skip
    figure, axis = plt.subplots()
    draw_curves(axis, lines)
    right, left, grey = (np.asarray(line.get_ydata(), float) for line in axis.get_lines())
    np.testing.assert_array_equal(np.isnan(right), flagged)
    assert np.isfinite(left).all()
    # Up to the neighbours, so that a single frame is a line as well.
    assert np.flatnonzero(np.isfinite(grey)).tolist() == [*range(99, 151), 199, 200, 201]
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["right", "left", "doubted"]
    assert [len(one.get_paths()) for one in axis.collections][-1] == 2  # a bar for each stretch
    plt.close(figure)


def test_the_page_says_which_measures_have_flags() -> None:
    codes = np.zeros(N, np.uint8)
    codes[20:50] = 1
    rise = Measure("heel_rise_r", np.full(N, 0.01), "m", "d", "p", "m", frame_reason=codes,
                   frame_reason_words=("", "labels of RHEEL and LHEEL exchanged"))  # fmt: skip
    told = "not, or with doubt, in 30 frames: labels of RHEEL and LHEEL exchanged"
    assert told in measures_part([rise], TIME)
    assert "with doubt" not in measures_part([replace(rise, frame_reason=None)], TIME)
