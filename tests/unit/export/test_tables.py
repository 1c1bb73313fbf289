"""CSV: read back with Python's own reader, bit for bit; labels stay labels."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from mocap.errors import ConfigError, ExportError, SourceError
from mocap.export import format_for
from mocap.export.tables import export_csv
from mocap.export.tables_back import csv_differences
from mocap.pipeline.export import export_to_file
from mocap.schema import Status
from mocap.storage import write_trial
from mocap.trial import (
    Analog,
    AngleDefinition,
    Assessment,
    Event,
    ForcePlate,
    JointAngles,
    Measure,
    Metric,
    Points3D,
    Segments,
    Table,
    Trial,
    Verdict,
    Words,
)
from mocap.trial.angles import CONSTANT_PARTS

WORDS = ("", "points missing: LASI", "=LASI leaping")


def _trial(names=("LASI", "=HYPERLINK(1)", '+a,"b"')):
    rng = np.random.default_rng(1)
    position = rng.normal(size=(5, len(names), 3))
    position[2, 0] = np.nan
    definition = AngleDefinition("pelvic_tilt", "d", "s", "p", "z", "absolute", "m")
    angles = JointAngles((definition,), np.array([[0.1], [0.2], [np.nan], [-0.3], [0.5]]), 50.0, start_s=0.5,
                         frame_reason=np.array([[0], [0], [1], [0], [2]]), frame_reason_words=WORDS)  # fmt: skip
    points = Points3D(position, names, 50.0, start_s=0.5)
    return Trial("t", points, angles=angles, points_smoothed=points)


def _read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_one_table_holds_points_and_angles_exactly(tmp_path):
    trial = _trial()
    path, _ = export_csv(trial, tmp_path / "out.csv")
    header, *rows = _read(path)
    assert header[:5] == ["time_s", "LASI_x_m", "LASI_y_m", "LASI_z_m", "LASI_status"]
    assert header[-2:] == ["pelvic_tilt_sd_deg", "pelvic_tilt_flag"]
    assert [float(row[0]) for row in rows] == trial.points.time_s.tolist()
    back = np.array([[float(cell or "nan") for cell in row[1:4]] for row in rows])
    np.testing.assert_array_equal(back, trial.points.position[:, 0])
    assert [int(row[4]) for row in rows] == [Status.MEASURED] * 2 + [0] + [Status.MEASURED] * 2
    assert rows[2][1:4] == ["", "", ""] and rows[2][-3:] == ["", "", WORDS[1]]
    assert [row[-1] for row in rows] == ["", "", WORDS[1], "", f"'{WORDS[2]}"]
    assert float(rows[3][-3]) == np.rad2deg(-0.3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "out_conventions.csv"]


def test_labels_that_look_like_formulas_are_inert(tmp_path):
    path, _ = export_csv(_trial(), tmp_path / "out.csv")
    header = _read(path)[0]
    assert "'=HYPERLINK(1)_x_m" in header and "'+a,\"b\"_status" in header
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in header)


def test_a_folder_gets_one_table_per_kind(tmp_path):
    paths = export_csv(_trial(), tmp_path / "tables")
    tables = ["points.csv", "points_smoothed.csv", "angles.csv", "angles_conventions.csv"]
    assert [path.name for path in paths] == tables
    assert len(_read(paths[2])) == 6


def test_all_tables_are_written_or_none(tmp_path):
    tables = tmp_path / "tables"
    (tables / "angles.csv").mkdir(parents=True)
    (tables / "points.csv").write_text("older")
    with pytest.raises(SourceError, match="WRITE_FAILED"):
        export_csv(_trial(), tables)
    assert sorted(path.name for path in tables.iterdir()) == ["angles.csv", "points.csv"]
    assert (tables / "points.csv").read_text() == "older"


def test_an_unknown_format_names_what_there_is(tmp_path):
    with pytest.raises(ExportError, match=r"EXPORT_UNKNOWN.*'dxf'.*csv"):
        format_for("dxf", tmp_path / "out.dxf")
    with pytest.raises(ExportError, match="FOLDER_MISSING"):
        export_csv(_trial(), tmp_path / "none" / "out.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_dictionary_says_what_every_angle_means(tmp_path):
    meaning = {"definition": "Pelvis, \"so\"", "sequence": "-a of\nR", "positive": "anterior", "zero": "level",
               "reference": "static", "method": "=cmd()"}  # fmt: skip
    seen = AngleDefinition("pelvic_tilt", **meaning)
    unseen = AngleDefinition("lumbar_flexion", **meaning, observable=False, reason="no T12/L1 plate")
    values = np.array([[0.1, np.nan], [0.2, np.nan]])
    codes = np.array([[0, 1], [2, 1]], np.uint8)
    words = {"frame_reason": codes, "frame_reason_words": ("", "no plate", "RASI missing")}
    angles = JointAngles((seen, unseen), values, 50.0, u_landmark=np.array([0.01, np.nan]),
                         u_calibration=np.array([0.02, np.nan]), **words)  # fmt: skip
    trial = Trial("t", Points3D(np.ones((2, 1, 3)), ("a",), 50.0), angles=angles)
    paths = export_csv(trial, tmp_path / "tables")
    head, first, second = _read(paths[-1])
    table, row = _read(paths[-2])[0], dict(zip(head, first, strict=True))
    assert [row["angle"], row["unit"], row["observable"], row["reason"]] == ["pelvic_tilt", "deg", "1", ""]
    assert {row["column"], row["sd_column"], row["flag_column"]} <= set(table)
    # All of it in words, and none of it a formula.
    assert {word: row[word].removeprefix("'") for word in meaning} == meaning
    assert not any(cell.startswith(("=", "-")) for cell in first)
    assert float(row["u_landmark_deg"]) == np.rad2deg(0.01) and row["u_sta_deg"] == ""
    assert {f"{part}_deg" for part in CONSTANT_PARTS} <= set(row)
    assert float(row["u_calibration_deg"]) == np.rad2deg(0.02)
    assert row["frames"] == "2" and row["frame_reasons"] == "1 frames: RASI missing"
    assert dict(zip(head, second, strict=True))["observable"] == "0"
    assert dict(zip(head, second, strict=True))["reason"] == "no T12/L1 plate"


def test_a_trial_without_angles_has_no_dictionary(tmp_path):
    trial = Trial("t", Points3D(np.ones((2, 1, 3)), ("a",), 50.0))
    assert [path.name for path in export_csv(trial, tmp_path / "out.csv")] == ["out.csv"]


def _measured() -> tuple[Trial, tuple[Measure, ...]]:
    rng = np.random.default_rng(2)
    flags = {"frame_reason": np.array([0, 1, 0, 0, 2]), "frame_reason_words": ("", "RHEEL frozen", "=RHEEL leaping")}
    rise = Measure("heel_rise_r", np.array([0.0, 0.01, np.nan, 0.02, 0.03]), "m", "d", "p", "m", np.full(5, 0.001),
                   **flags)  # fmt: skip
    spin = Measure("angular_velocity_pelvis", rng.normal(size=(5, 3)), "rad/s", "d", "p", "m")
    ratio = Measure("com_ap_ratio", np.full(5, np.nan), "1", "d", "p", "m", reason="needs C7")
    measures = (rise, spin, ratio)
    return replace(_trial(), segments=Segments((), np.empty((5, 0, 4, 4)), 50.0, measures)), measures


def test_measures_have_a_table_and_a_dictionary_of_their_own(tmp_path):
    trial, (rise, spin, _) = _measured()
    paths = {path.name: path for path in export_csv(trial, tmp_path / "tables")}
    header, *rows = _read(paths["measures.csv"])
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    assert [float(cell or "nan") for cell in columns["heel_rise_r_m"]] == pytest.approx(rise.values, nan_ok=True, abs=0)
    assert set(columns["heel_rise_r_sd_m"]) == {"0.001"} and set(columns["com_ap_ratio"]) == {""}
    assert columns["heel_rise_r_flag"] == ("", "RHEEL frozen", "missing", "", "'=RHEEL leaping")
    assert set(columns["com_ap_ratio_flag"]) == set(columns["angular_velocity_pelvis_flag"]) == {""}
    for axis, letter in enumerate("xyz"):
        back = [float(cell) for cell in columns[f"angular_velocity_pelvis_{letter}_deg_s"]]
        assert back == pytest.approx(np.rad2deg(spin.values[:, axis]), rel=1e-15)
        assert set(columns[f"angular_velocity_pelvis_{letter}_sd_deg_s"]) == {""}
    head, *meant = _read(paths["measures_conventions.csv"])
    told = [dict(zip(head, row, strict=True)) for row in meant]
    assert [one["measure"] for one in told] == ["heel_rise_r", "angular_velocity_pelvis", "com_ap_ratio"]
    assert [(one["unit"], one["observable"], one["frames"]) for one in told] == [
        ("m", "1", "4"), ("deg/s", "1", "5"), ("1", "0", "0")]  # fmt: skip
    assert told[2]["reason"] == "needs C7"
    assert told[0]["frame_reasons"] == "1 frames: RHEEL frozen; 1 frames: =RHEEL leaping"
    named = {name for one in told for kind in ("column", "sd_column", "flag_column") for name in one[kind].split()}
    assert named == set(header) - {"time_s"}


def test_one_table_holds_measures_too(tmp_path):
    trial, _ = _measured()
    table, meanings = export_csv(trial, tmp_path / "x.csv")
    assert {"pelvic_tilt_deg", "heel_rise_r_m", "com_ap_ratio_sd"} <= set(_read(table)[0])
    head, *rows = _read(meanings)
    assert head[:4] == ["angle", "column", "sd_column", "flag_column"]
    assert [row[0] for row in rows] == ["pelvic_tilt", "heel_rise_r", "angular_velocity_pelvis", "com_ap_ratio"]
    assert rows[3][head.index("reason")] == "needs C7" and rows[1][head.index("unit")] == "m"


def test_verdicts_have_a_table_of_their_own(tmp_path):
    failed = Verdict("same_vertical", 20.125, 3.5, "deg", False, "=turned, \"both\"")
    trial = replace(_trial(), quality=(failed, Verdict("upright", 1.0, np.nan, "1", True)))
    assert [path.name for path in export_csv(trial, tmp_path / "tables")][-1] == "verdicts.csv"
    rows = _read(tmp_path / "tables" / "verdicts.csv")
    assert rows == [
        ["check", "measured", "limit", "unit", "passed", "text"],
        ["same_vertical", "20.125", "3.5", "deg", "0", "'=turned, \"both\""], ["upright", "1.0", "", "1", "1", ""],
    ]  # fmt: skip
    assert [path.name for path in export_csv(trial, tmp_path / "a.csv")][-1] == "a_verdicts.csv"
    assert _read(tmp_path / "a_verdicts.csv") == rows


def test_an_export_may_be_made_again_and_spares_what_others_wrote(tmp_path):
    trial, _ = _measured()
    write_trial(tmp_path / "t.h5", replace(trial, quality=(Verdict("upright", 1.0, 2.0, "1", True),)))
    for out in ("tables", "one.csv"):
        written = export_to_file(tmp_path / "t.h5", "csv", tmp_path / out, verify=True).files
        assert export_to_file(tmp_path / "t.h5", "csv", tmp_path / out).files == written
        assert all(path.is_file() for path in written)
        written[-1].write_text("mine\n")
        with pytest.raises(ConfigError, match="OUTPUT_OTHER"):
            export_to_file(tmp_path / "t.h5", "csv", tmp_path / out)


def test_events_metrics_and_channels_of_files_have_tables(tmp_path):
    rng = np.random.default_rng(7)
    analog = Analog(rng.normal(size=(50, 2)), ("=Fz", "=Fz"), ("N", ""), 500.0, start_s=0.5)
    plate = ForcePlate(2, rng.normal(size=(4, 3)), np.zeros(3), (0, 1))
    metric = Metric("depth", "m", "how deep", np.array([0.4, np.nan]), np.array([0.01, np.nan]), reasons=("", "=lost"))
    table = Table("repetitions", 2, (metric,), (Words("grade", "g", ("a", "-b")),))
    trial = replace(_trial(), analog=analog, force_plates=(plate,), assessments=(Assessment("squat", table),),
                    events=(Event(1.5, "=x", "left"), Event(float("nan"), "gone")))  # fmt: skip
    for path in (tmp_path / "tables", tmp_path / "one.csv"):
        files = {file.name.removeprefix("one_"): _read(file) for file in export_csv(trial, path)}
        assert files["events.csv"][1][:3] == ["1.5", "'=x", "left"] and files["events.csv"][2][0] == ""
        head, *rows = files["metrics.csv"]
        told = [dict(zip(head, row, strict=True)) for row in rows]
        assert [(one["row"], one["metric"], one["value"], one["reason"], one["words"]) for one in told] == [
            ("0", "depth", "0.4", "", ""), ("1", "depth", "", "'=lost", ""), ("0", "grade", "", "", "a"),
            ("1", "grade", "", "", "'-b")]  # fmt: skip
        head, *rows = files["analog.csv"]
        assert head == ["analog_time_s", "'=Fz_1_N", "'=Fz_2"]
        np.testing.assert_array_equal(np.array(rows, float)[:, 1:], analog.values)
        assert files["force_plates.csv"][0][3:6] == ["x_m", "y_m", "z_m"]
        assert float(files["force_plates.csv"][4][5]) == plate.corners_world[3, 2]
        assert not csv_differences(trial, path)
    write_trial(tmp_path / "t.h5", trial)
    for _ in range(2):
        assert export_to_file(tmp_path / "t.h5", "csv", tmp_path / "again", verify=True).verified
    (tmp_path / "again" / "metrics.csv").write_text("task,table,row,metric,unit,value,\n")
    assert any("metrics.csv" in str(one) for one in csv_differences(trial, tmp_path / "again"))


def test_damage_of_any_table_is_found(tmp_path):
    trial = replace(_measured()[0], quality=(Verdict("check", 1.5, 2.0, "m", True, "so"),))
    for path in (tmp_path / "tables", tmp_path / "one.csv"):
        files = export_csv(trial, path)
        for file in files:
            whole = file.read_text()
            header, *rows = whole.splitlines(keepends=True)
            for damaged in (header, "", header.replace(",", ";", 1) + "".join(rows), header + "".join(rows[:-1]),
                            header + rows[0].replace(",", ",9", 1) + "".join(rows[1:])):  # fmt: skip
                file.write_text(damaged)
                assert csv_differences(trial, path), file
            file.unlink()
            assert csv_differences(trial, path), file
            file.write_text(whole)
        assert not csv_differences(trial, path)
