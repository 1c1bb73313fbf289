"""What `mocap kinematics` prints of the angles and of the measures of the body."""

from types import SimpleNamespace

import numpy as np

from mocap.cli.kinematics_lines import angle_lines, measure_lines
from mocap.kinematics import KinematicsOptions
from mocap.pipeline.model_notes import other_model_note
from mocap.trial import AngleDefinition, Measure, measure_rows


def test_measures_are_listed_with_what_limits_them() -> None:
    words, there, gone = ("1", "d", "p", "m"), np.array([0.5, np.nan]), np.full(2, np.nan)
    measures = (
        Measure("heel_rise_r", there, *words), Measure("com_ap_ratio", there, *words, reason="83.2 % seen"),
        Measure("knee_over_toe_r", gone, *words, reason="needs RHEEL"),
        Measure("knee_over_toe_l", gone, *words, reason="needs RHEEL"),
    )  # fmt: skip
    assert measure_lines(()) == []
    assert measure_lines(measures) == [
        "  measured too, in /segments: heel_rise_r, com_ap_ratio",
        "  in part: com_ap_ratio: 83.2 % seen",
        "  not measured: knee_over_toe_r, knee_over_toe_l: needs RHEEL",
    ]
    assert [(row["observable"], row["frames"]) for row in measure_rows(measures)] == [(True, 1)] * 2 + [(False, 0)] * 2


def _angle(name: str, method: str, reason: str = "", observable: bool = True) -> AngleDefinition:
    return AngleDefinition(name, "d", "s", "p", "z", "absolute", method, observable, reason)


def test_angles_are_listed_by_method_and_what_all_share_is_said_once() -> None:
    assert angle_lines([
        _angle("pelvic_tilt", "ASIS and PSIS; points: not filtered"),
        _angle("knee_flexion_r", "epicondyles; points: not filtered"),
        _angle("pelvic_obliquity", "ASIS and PSIS; points: not filtered"),
        _angle("hip_flexion_r", "epicondyles; points: not filtered", "nobody stated which way is up"),
        _angle("lumbar_flexion", "", "no plate", observable=False),
        _angle("lumbar_rotation", "", "no plate", observable=False),
    ]) == [
        "  pelvic_tilt, pelvic_obliquity: ASIS and PSIS",
        "  knee_flexion_r: epicondyles",
        "  hip_flexion_r: epicondyles (nobody stated which way is up)",
        "  all of these: points: not filtered",
        "  not observable: lumbar_flexion, lumbar_rotation: no plate",
    ]  # fmt: skip
    assert angle_lines([]) == []
    assert angle_lines([_angle("a", "same"), _angle("b", "same")]) == ["  a, b", "  all of these: same"]
    model = "skeleton model, " + 5 * "constant lengths, "
    of_model = [_angle(f"angle_{letter}", f"{model}; {letter}; filtered") for letter in "abcd"]
    assert angle_lines([*of_model, _angle("thoracic_curvature", "tangents; filtered")]) == [
        "  angle_a: a", "  angle_b: b", "  angle_c: c", "  angle_d: d", "  thoracic_curvature: tangents",
        f"  all of these but thoracic_curvature: {model}", "  all of these: filtered",
    ]  # fmt: skip


def test_markers_of_plug_in_gait_point_to_its_model() -> None:
    lost = SimpleNamespace(marker_set="plug-in-gait-lower", cost_of_missing={"RKNM": ("hip_flexion_r",)})
    assert "--model plug-in-gait computes them" in other_model_note(lost, KinematicsOptions())
    assert not other_model_note(lost, KinematicsOptions(model="plug-in-gait"))
    lost.cost_of_missing = {"RKNM": (), "SACR": ("pelvic_tilt",)}
    assert not other_model_note(lost, KinematicsOptions())
