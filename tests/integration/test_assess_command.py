"""`mocap assess`: results in the trial file, edits that stay, refusals that change nothing."""

import csv
import io
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from calibration.synthetic import ring_rig
from mocap.cli.application import app
from mocap.config.protocols import read_protocol
from mocap.errors import MocapError
from mocap.kinematics import KinematicsOptions
from mocap.pipeline.assess import assess_file, assessed
from mocap.pipeline.assess_edits import with_edit_events
from mocap.pipeline.assess_gate import gated
from mocap.pipeline.motion import analyse
from mocap.storage import check_trial, read_trial, write_trial
from mocap.storage.encode import encode
from mocap.storage.integrity import digests
from mocap.synthetic import default_subject, squat, static_standing
from mocap.trial import Event, Trial


@pytest.fixture(scope="module")
def made():
    """Three squats with tucks of 4, 12 and 16 deg, as a trial with angles, and what is true of them."""
    subject = default_subject()
    truth = squat(subject, 3, wink_deg=(0.0, 12.0, 16.0), wink_onset=(0.8, 0.85, 0.7))
    rng = np.random.default_rng(5)
    noisy = truth.points.position + rng.normal(0, 0.0005, truth.points.position.shape)
    covariance = np.broadcast_to(np.eye(3) * 0.0005**2, (*noisy.shape, 3))
    points = replace(truth.points, position=noisy, covariance=covariance)
    trial = Trial("squat", points, task="squat", context={"load_kg": 20.0, "bar_position": "=cmd <b>"})
    static = static_standing(subject, seconds=4.0).points
    return analyse(trial, static, options=KinematicsOptions(task="squat")), truth


@pytest.fixture(scope="module")
def written(made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("written")
    write_trial(folder / "squat.h5", made[0])
    return folder


@pytest.fixture
def file(written, tmp_path):
    """The trial, with its journal, in a folder of one's own."""
    shutil.copytree(written, tmp_path, dirs_exist_ok=True)
    return tmp_path / "squat.h5"


def run(*args, capsys):
    """Standard output of a command that succeeds."""
    with pytest.raises(SystemExit) as ended:
        app([str(arg) for arg in args])
    assert ended.value.code in (0, None)
    return capsys.readouterr().out


def test_results_stand_in_the_file_and_in_the_json(file, made, capsys):
    table = file.with_suffix(".csv")
    told = json.loads(run("assess", file, "--task", "squat", "--json", "--csv", table, capsys=capsys))
    trial = read_trial(file)
    assert check_trial(file) == ()
    (stored,) = trial.assessments
    assert stored.protocol_sha256 == told["protocol_sha256"]
    assert len(told["repetitions"]) == 3 and told["rejected"] == []
    assert set(told) >= {"repetitions", "rejected", "metrics"}
    for row, one in zip(told["repetitions"], made[1].repetitions, strict=True):
        assert one.bottom_s - 0.02 <= row["bottom_time_s"] <= one.rise_s + 0.02
        assert row["depth_m"] == pytest.approx(one.depth, abs=0.002)  # measured 0.0004
        assert row["context_load_kg"] == 20.0
        for name in ("start_time_s", "end_time_s", "wink_magnitude_sd", "lumbar_change_deg", "grade"):
            assert row[name] is not None, name
    flat, late, early = told["repetitions"]
    assert flat["grade"].startswith("0") and flat["wink_onset_depth"] is None
    # Measured: 12.2 at 0.85, 16.2 at 0.70.
    assert late["wink_magnitude_deg"] == pytest.approx(12.0, abs=0.7)
    assert early["wink_magnitude_deg"] == pytest.approx(16.0, abs=0.8)
    assert late["wink_onset_depth"] == pytest.approx(0.85, abs=0.03)
    assert early["wink_onset_depth_low"] < early["wink_onset_depth"] < early["wink_onset_depth_high"]
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8"))))
    assert float(rows[1]["wink_magnitude_deg"]) == late["wink_magnitude_deg"]
    assert rows[0]["context_bar_position"] == "'=cmd <b>"


def test_what_is_stated_stays_in_the_file_and_in_the_table(file, capsys):
    stated = ("subject=P07", "date=2026-03-01", "load_kg=42", "passive_hip_flexion_deg=112")
    run("assess", file, "--task", "squat", *(word for one in stated for word in ("--state", one)), capsys=capsys)
    told = json.loads(run("assess", file, "--task", "squat", "--json", capsys=capsys))
    trial = read_trial(file)
    assert (trial.subject_code, trial.created_utc, trial.context["load_kg"]) == ("P07", "2026-03-01", 42.0)
    assert trial.context["bar_position"] == "=cmd <b>"
    assert told["repetitions"][0]["context_load_kg"] == 42.0
    assert told["repetitions"][1]["hip_reserve_r_deg"] is not None


def test_what_cannot_be_stated_leaves_the_file_as_it_is(file):
    before = file.read_bytes()
    for stated, code in (("load_kg=heavy", "CONFIG_VALUE"), ("load=40", "CONFIG_KEY"), ("date=today", "CONFIG_VALUE")):
        with pytest.raises(MocapError) as refused:
            app(["assess", str(file), "--task", "squat", "--state", stated])
        assert refused.value.code == code
    assert file.read_bytes() == before


def test_other_assessments_go_with_the_circumstances_that_they_were_made_under(file, capsys):
    run("assess", file, "--task", "squat", "--state", "load_kg=40", capsys=capsys)
    run("assess", file, "--task", "lunge", capsys=capsys)
    assert [one.task for one in read_trial(file).assessments] == ["squat", "lunge"]
    told = json.loads(run("assess", file, "--task", "lunge", "--state", "load_kg=60", "--json", capsys=capsys))
    assert any("assessment of squat was made under other circumstances" in note for note in told["notes"])
    left = read_trial(file)
    assert [one.task for one in left.assessments] == ["lunge"]
    assert not any(one.label.startswith("squat") for one in left.events)
    assert check_trial(file) == ()


def again(trial, *edits):
    """The trial assessed, in memory."""
    return assessed(with_edit_events(trial, "squat", edits), read_protocol("squat"))


def test_assessing_again_gives_the_same(made):
    once = again(made[0])
    assert digests(encode(again(once))) == digests(encode(once))


def test_edits_stay_and_can_be_taken_back(made):
    plain = again(made[0])
    bottom = plain.assessments[0].repetitions["bottom_time"].values
    edited = again(plain, f"2:bottom={bottom[1] + 0.06}", "3:reject=-lost balance")
    anew = again(edited)
    for table in (edited.assessments[0].repetitions, anew.assessments[0].repetitions):
        assert table["bottom_time"].values == pytest.approx([bottom[0], bottom[1] + 0.06], abs=0.0051)
        assert table.told("source") == ("detected", "edited")
    assert anew.assessments[0].rejected[0].reason.endswith("-lost balance")
    # Moved once more, it still is the edit of the same detected bottom.
    moved = again(anew, f"2:bottom={bottom[1] + 0.03}")
    assert moved.assessments[0].repetitions["bottom_time"].values[1] == pytest.approx(bottom[1] + 0.03, abs=0.0051)
    events = [one for one in moved.events if one.source == "edited" and np.isfinite(one.time_s)]
    assert len(events) == 1 and events[0].replaces_s == pytest.approx(bottom[1])
    back = again(moved, "clear").assessments[0].repetitions
    assert np.array_equal(back["bottom_time"].values, bottom)


def test_an_edit_out_of_order_is_refused(made):
    plain = again(made[0])
    good = again(plain, "1:bottom=2.8")
    for wrong in ("1:bottom=99", "1:start=2.9", "1:end=1"):
        with pytest.raises(MocapError) as caught:
            again(good, wrong)
        assert caught.value.code == "EDIT"
    kept = again(good).assessments[0].repetitions["bottom_time"].values[0]
    assert kept == pytest.approx(2.8, abs=0.0051)


def test_lumbar_flexion_carries_soft_tissue_and_placement(made):
    table = again(made[0]).assessments[0].repetitions
    tissue = np.rad2deg(made[0].angles.u_sta[made[0].angles.names.index("lumbar_flexion")])
    assert tissue > 1.0
    for name in ("lumbar_change", "lumbar_bottom"):
        assert (table[name].sd >= tissue).all()
    hip = again(made[0]).assessments[0].repetitions
    assert (hip["onset_hip_r"].sd[1:] >= 0.9 * hip["hip_flexion_r_bottom"].sd[1:]).all()


def test_an_imported_event_stays_beside_ours(made):
    imported = Event(1.0, "Foot Strike", "left", source="imported")
    events = again(replace(made[0], events=(imported,))).events
    kept = [(one.time_s, one.label, one.side) for one in events if one.source == "imported"]
    assert kept == [(1.0, "Foot Strike", "left")]
    assert sum(one.label == "squat_bottom" for one in events) == 3


@pytest.mark.parametrize(
    ("task", "changes", "edits", "code"),
    [
        ("squash", {}, (), "TASK"),
        ("squat", {"repetitions.platau": "1"}, (), "CONFIG_KEY"),
        ("squat", {"repetitions.plateau": "low"}, (), "CONFIG_VALUE"),
        ("squat", {"repetitions.plateau": "-1"}, (), "CONFIG_VALUE"),
        ("squat", {}, ("2:bottom=1",), "EDIT"),
        ("squat", {}, ("bottom=1",), "EDIT"),
        ("squat", {}, ("1:bottom=nan",), "EDIT"),
        ("squat", {"wink.seed": "-1"}, (), "CONFIG_VALUE"),
    ],
)
def test_a_refusal_changes_nothing(file, task, changes, edits, code):
    before = file.read_bytes()
    with pytest.raises(MocapError) as caught:
        assess_file(file, task, None, changes, edits)
    assert caught.value.code == code
    assert file.read_bytes() == before
    assert sorted(path.name for path in file.parent.iterdir()) == ["journal.jsonl", "squat.h5"]


def test_what_is_no_trial_with_angles_is_refused(made, tmp_path):
    write_trial(tmp_path / "bare.h5", replace(made[0], angles=None, segments=None))
    (tmp_path / "a.trc").write_text("x")
    for name, code in (("bare.h5", "NO_ANGLES"), ("a.trc", "NOT_A_TRIAL_FILE"), ("none.h5", "FILE_MISSING")):
        with pytest.raises(MocapError) as caught:
            assess_file(tmp_path / name, "squat")
        assert caught.value.code == code


def test_angles_made_anew_leave_no_older_assessment(made):
    trial = again(made[0])
    after = analyse(trial, None, options=KinematicsOptions(task="squat"))
    assert after.assessments == ()
    assert all(one.source != "detected" for one in after.events)


def test_under_a_calibration_that_is_not_good_all_but_instants_is_withheld(made):
    trial = made[0]
    plain = again(trial).assessments[0]
    for verdict, withheld in (("refuse", True), ("usable", False), ("good", False)):
        rig = ring_rig(3, 0, radius_m=3.0, size=(640, 480))
        rig = replace(rig, metadata={"verdict": verdict, "verdict_reason": "0.9 mm"})
        found = gated(plain, replace(trial, rig=rig))
        assert any("0.9 mm" in note for note in found.notes) is (verdict != "good")
        for one in found.repetitions.metrics:
            kept = not withheld or one.name in ("start_time", "bottom_time", "context_load")
            if kept:
                assert np.array_equal(one.values, plain.repetitions[one.name].values, equal_nan=True)
            elif not one.name.endswith(("_time", "_hold")):
                assert np.isnan(one.values).all() and all("0.9 mm" in reason for reason in one.reasons), one.name
