"""Whole sessions: the synthetic lab against its truth, skipping of what did not change, a real recording."""

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

import mocap
from mocap.pipeline import demo
from mocap.pipeline.demo import check_demo_outputs, run_demo
from mocap.pipeline.session import run_session
from mocap.pipeline.synthetic_session import LabSettings

# Fewer cameras and half the frames average less noise away, so the noise is less too: pelvic tilt 0.50 deg at 0.5 px.
SMALL = LabSettings(n_cameras=4, n_board_poses=16, rate_hz=50.0, repetitions=1, pixel_sigma=0.3)


def silent(label: str, done: int, total: int) -> None:
    """No progress to show."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory):
    """The demonstration on a small lab: folder and result."""
    out = tmp_path_factory.mktemp("lab")
    return out, run_demo(out, 7, silent, SMALL)


def test_the_small_lab_keeps_the_limits_of_the_demonstration(lab) -> None:
    _, result = lab
    assert {v.name: round(v.measured, 3) for v in result.verdicts if not v.passed} == {}


def test_the_demonstration_leaves_its_files(lab) -> None:
    out, result = lab
    assert {path.name for path in result.files} >= {"calibration.toml", "trial.h5", "angles.png"}
    assert all(path.stat().st_size > 0 for path in result.files)
    trial = mocap.read_trial(out / "trial.h5")
    assert trial.rig is not None
    assert trial.rig.gravity_known
    assert trial.points_smoothed is not None
    assert set(trial.inputs) >= {"squat.parquet"}


def test_a_demonstration_gives_way_to_the_next_unless_it_was_changed(lab, tmp_path: Path) -> None:
    out = Path(shutil.copytree(lab[0], tmp_path / "lab"))
    check_demo_outputs(out)
    (out / "session" / "calibration" / "mine.mp4").write_bytes(b"my own footage")
    with pytest.raises(mocap.MocapError, match="OUTPUT_OTHER"):
        check_demo_outputs(out)


def test_results_among_the_files_of_a_session_are_its_own(lab, tmp_path: Path) -> None:
    session = Path(shutil.copytree(lab[0] / "session", tmp_path / "session"))
    shutil.copytree(lab[0] / "results", session, dirs_exist_ok=True)
    assert [outcome.state for outcome in run_session(session, session, silent).outcomes] == ["skipped"] * 3


def test_a_second_run_skips_everything_and_a_new_filter_only_the_trials(lab, tmp_path: Path) -> None:
    out, _ = lab
    session = Path(shutil.copytree(out / "session", tmp_path / "session"))
    results = Path(shutil.copytree(out / "results", tmp_path / "results"))
    states = [outcome.state for outcome in run_session(session, results, silent).outcomes]
    assert states == ["skipped"] * 3
    before = (results / "calibration.toml").read_bytes()
    with (session / "session.toml").open("a", encoding="utf-8") as file:
        file.write("\n[options.filter]\ncutoff_hz = 8\n")
    summary = run_session(session, results, silent)
    assert [outcome.state for outcome in summary.outcomes] == ["skipped", "done", "done"]
    assert summary.text.startswith("3 found, 2 done, 1 skipped")
    assert (results / "calibration.toml").read_bytes() == before


def test_runs_are_byte_identical_and_a_damaged_output_is_made_again(lab, tmp_path: Path) -> None:
    out, _ = lab
    results = Path(shutil.copytree(out / "results", tmp_path / "results"))
    good = (results / "squat.h5").read_bytes()
    (results / "squat.h5").write_bytes(good[:-1])
    summary = run_session(out / "session", results, silent)
    assert [outcome.state for outcome in summary.outcomes] == ["skipped", "skipped", "done"]
    assert (results / "squat.h5").read_bytes() == good


def test_a_refused_trial_does_not_stop_the_others(lab, tmp_path: Path, mocap_cli) -> None:
    out, _ = lab
    session = Path(shutil.copytree(out / "session", tmp_path / "session"))
    shutil.copytree(out / "results", session / "results")
    (session / "squat.parquet").write_bytes(b"broken")
    done = mocap_cli("run", session)
    assert done.status == 1
    assert "1 refused" in done.out
    assert "error " in done.err
    assert "squat.parquet" in done.err
    assert "Traceback" not in done.err


def test_an_unknown_option_is_refused_by_name(lab, tmp_path: Path, mocap_cli) -> None:
    out, _ = lab
    session = Path(shutil.copytree(out / "session", tmp_path / "session"))
    with (session / "session.toml").open("a", encoding="utf-8") as file:
        file.write("\n[options.filter]\ncutof_hz = 8\n")
    done = mocap_cli("run", session)
    assert done.status == 1
    assert "unknown key 'cutof_hz' in [options.filter], did you mean 'cutoff_hz'?" in done.err


def changed_session(lab, tmp_path: Path, old: str, new: str) -> Path:
    out, _ = lab
    session = Path(shutil.copytree(out / "session", tmp_path / "session"))
    if not (session / "results").exists():
        shutil.copytree(out / "results", session / "results")
    file = session / "session.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    return session


@pytest.mark.heavy
def test_without_a_static_everything_is_made_again_and_says_so(lab, tmp_path: Path) -> None:
    session = changed_session(lab, tmp_path, '[static]\ntrial = "standing"\n', "")
    summary = run_session(session, session / "results", silent)
    assert [outcome.state for outcome in summary.outcomes] == ["skipped", "done", "done"]
    angles = mocap.read_trial(session / "results" / "standing.h5").angles
    assert angles is not None
    assert not angles.definition("lumbar_flexion").observable


def test_a_refused_static_refuses_what_refers_to_it_and_sets_old_results_aside(lab, tmp_path: Path) -> None:
    session = changed_session(lab, tmp_path, "rate_hz", "rate_hz")
    (session / "standing.parquet").write_bytes(b"broken")
    summary = run_session(session, session / "results", silent)
    assert [outcome.state for outcome in summary.outcomes] == ["skipped", "refused", "refused"]
    assert "STATIC_REFUSED" in summary.outcomes[2].text
    names = {path.name for path in (session / "results").iterdir()}
    assert {"squat.outdated.h5", "standing.outdated.h5"} <= names
    assert not {"squat.h5", "standing.h5"} & names


def test_a_calibration_that_says_nothing_of_gravity_puts_angles_in_doubt(lab, tmp_path: Path, mocap_cli) -> None:
    out, _ = lab
    text = (out / "calibration.toml").read_text(encoding="utf-8")
    bare = tmp_path / "bare.toml"
    bare.write_text(text.split("[metadata]")[0] + '[metadata]\nlength_unit = "m"\n', encoding="utf-8")
    keypoints = pd.read_parquet(out / "session" / "squat.parquet")
    keypoints[keypoints["frame"] < 60].to_parquet(tmp_path / "k.parquet", index=False)
    table = ("--keypoints", tmp_path / "k.parquet", "--rate", 50)
    for flags, stated in (((), False), (("--z-up",), True)):
        done = mocap_cli("reconstruct", "--calibration", bare, *table, *flags, "--out", tmp_path / "p.h5")
        assert done.status == 0
        assert ("LOOK gravity stated" in done.out) != stated
        done = mocap_cli("kinematics", tmp_path / "p.h5", "--out", tmp_path / "a.h5")
        assert ("gravity not stated" in done.out) != stated
        angles = mocap.read_trial(tmp_path / "a.h5").angles
        assert angles is not None
        assert (angles.definition("pelvic_tilt").reason == "") == stated
        assert angles.definition("knee_flexion_r").reason == ""
    done = mocap_cli("reconstruct", "--calibration", bare, *table, "--out", tmp_path / "p.h5", "--json")
    assert '"gravity stated"' in done.out


OPENPOSE_SESSION = """
[session]
id = "balancing"
[calibration]
file = "calibration.toml"
[sync]
rate_hz = 60
[keypoints]
format = "openpose"
skeleton = "BODY_25B"
[[trial]]
name = "balancing"
files = "balancing"
"""


def test_a_real_markerless_session_runs_and_hides_no_pelvic_tilt(shared_data: Path, tmp_path: Path, mocap_cli) -> None:
    recording = shared_data / "openpose_4cam"
    shutil.copytree(recording / "balancing", tmp_path / "balancing")
    shutil.copyfile(recording / "calibration.toml", tmp_path / "calibration.toml")
    (tmp_path / "session.toml").write_text(OPENPOSE_SESSION, encoding="utf-8")
    done = mocap_cli("run", tmp_path)
    assert done.status == 0, done.err
    with h5py.File(tmp_path / "results" / "balancing.h5") as file:
        tilt = file["angles/pelvic_tilt"]
        assert not tilt.attrs["observable"]
        assert "line" in tilt.attrs["reason"]
        assert np.isnan(tilt[:]).all()
        assert np.isfinite(file["angles/knee_flexion_r"][:]).mean() > 0.99
    looks = [line.strip() for line in done.out.splitlines() if "LOOK" in line]
    notes = [line.strip() for line in done.out.splitlines() if line.strip().startswith("note: ")]
    assert any(line.startswith("LOOK cam_03 as calibrated: ") and "CAMERA_MOVED" in line for line in looks)
    assert any(line.startswith("note: participant: ") for line in notes) and "  ok " not in done.out
    again, checked = mocap_cli("run", tmp_path), mocap_cli("check", tmp_path / "results" / "balancing.h5")
    assert "trial balancing: skipped" in again.out and "balancing.h5: sound" in checked.out and checked.status == 0
    for line in (*looks, *notes):  # a trial that is made once is told of each time
        assert line in again.out and line in checked.out
    assert "    ok   points found: " in mocap_cli("run", tmp_path, "--verbose").out
    told = json.loads(mocap_cli("run", tmp_path, "--json").out)["outcomes"][1]
    assert [f"note: {note}" for note in told["notes"]] == notes
    assert {"passed", "text"} <= set(told["quality"][0])
    assert sum(not one["passed"] for one in told["quality"]) == len(looks)


def test_a_demonstration_that_was_cut_short_leaves_what_was_there(lab, tmp_path: Path, monkeypatch) -> None:
    def cut(folder: Path, *_: object) -> None:
        folder.mkdir()
        (folder / "half.png").write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "write_synthetic_session", cut)
    there = Path(shutil.copytree(lab[0], tmp_path / "there"))
    for out in (tmp_path / "new", there):
        before = {path.relative_to(out) for path in out.rglob("*")}
        with pytest.raises(KeyboardInterrupt):
            run_demo(out, 7, silent, SMALL)
        assert {path.relative_to(out) for path in out.rglob("*")} == before
        check_demo_outputs(out)  # it can be run again


@pytest.mark.parametrize("name", ["squat.h5", "calibration.html", "calibration.toml", "stages.json"])
def test_a_demonstration_looks_among_its_results_before_any_work(tmp_path: Path, monkeypatch, name: str) -> None:
    monkeypatch.setattr(demo, "write_synthetic_session", lambda *_: pytest.fail("rendered"))
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / name).write_bytes(b"somebody's own")
    with pytest.raises(mocap.MocapError, match="OUTPUT_OTHER"):
        run_demo(tmp_path, 7, silent, SMALL)
    assert [path.name for path in tmp_path.rglob("*")] == ["results", name]
