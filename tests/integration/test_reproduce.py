"""A trial tells how it was made: its steps are done again and give the same bytes, or it says what is not the same."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mocap
from mocap.pipeline.reproduce import reproduce
from mocap.pipeline.session import run_session
from mocap.pipeline.step_record import plain
from mocap.storage import encode as encode_module
from mocap.storage import software_versions, write_trial
from mocap.trial import Points3D, Trial
from tests.fixtures.small_session import silent, small_session


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session that was run."""
    folder = small_session(tmp_path_factory.mktemp("small") / "session")
    run_session(folder, folder / "results", silent)
    return folder


@pytest.fixture
def session(small: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(small, tmp_path / "session"))


def test_a_trial_of_a_session_is_made_again_byte_for_byte(session: Path, tmp_path: Path, mocap_cli) -> None:
    file = session / "results" / "squat.h5"
    done = mocap_cli("check", file, "--reproduce")
    assert done.status == 0, (done.out, done.err)
    assert "made again byte for byte (1 recorded step, 3 inputs)" in done.out
    trial = mocap.read_trial(file)
    rows = {(row.stage, row.option): (json.loads(row.value), row.source) for row in trial.settings}
    assert rows["filter", "method"] == ("butterworth", "default")
    assert rows["kinematics", "marker_set"] == ("landmarks", "session.toml")
    assert rows["kinematics", "task"] == ("squat", "stated of the trial")
    assert rows["sync", "rate_hz"] == (25.0, "session.toml")
    assert rows["assessment squat", "repetitions.filter_hz"] == (4.0, "protocol squat")
    told = json.dumps(plain(trial.steps))
    assert str(tmp_path) not in told and "/tmp" not in told
    (session / "results" / "standing.h5").rename(session / "results" / "stood.h5")
    done = mocap_cli("check", file, "--reproduce")
    assert done.status == 1 and done.error_line.startswith("error REPRODUCE_MISSING: The input standing.h5")


@pytest.mark.heavy
def test_elsewhere_the_inputs_are_named(session: Path, tmp_path: Path, mocap_cli) -> None:
    (tmp_path / "away").mkdir()
    away = Path(shutil.copy(session / "results" / "squat.h5", tmp_path / "away" / "squat.h5"))
    shutil.move(session, tmp_path / "elsewhere")
    done = mocap_cli("check", away, "--reproduce")
    assert done.status == 1 and done.error_line.startswith("error REPRODUCE_MISSING")
    assert mocap_cli("check", away, "--reproduce", "--inputs", tmp_path / "elsewhere").status == 0


@pytest.mark.heavy
def test_other_inputs_and_another_result_are_named(session: Path, mocap_cli, monkeypatch) -> None:
    file = session / "results" / "standing.h5"
    trial = mocap.read_trial(file)
    position = np.array(trial.points.position)
    position[3, 0, 2] += 0.001
    write_trial(file, replace(trial, points=replace(trial.points, position=position)))
    done = mocap_cli("check", file, "--reproduce")
    assert done.status == 1
    assert "REPRODUCE_DIFFERS: /points/position differs by up to 0.001" in done.out
    # Written by another version the values count, which here still are others.
    monkeypatch.setattr(encode_module, "software_versions", lambda: {**software_versions(), "numpy": "0.0"})
    write_trial(file, trial)
    monkeypatch.undo()
    found = reproduce(file)
    assert found.holds and not found.same_bytes and list(found.versions) == ["numpy"]
    assert "values within 1e-09" in found.lines[0] and "numpy 0.0, here" in found.lines[0]
    (session / "standing.parquet").write_bytes((session / "squat.parquet").read_bytes())
    done = mocap_cli("check", file, "--reproduce")
    assert done.status == 1 and done.error_line.startswith("error REPRODUCE_CHANGED: The input standing.parquet")


def test_a_file_without_a_record_says_so(tmp_path: Path, mocap_cli) -> None:
    write_trial(tmp_path / "t.h5", Trial("t", Points3D(np.ones((4, 1, 3)), ("A",), 50.0)))
    done = mocap_cli("check", tmp_path / "t.h5", "--reproduce")
    assert done.status == 1 and done.error_line.startswith("error REPRODUCE_UNRECORDED")


@pytest.mark.heavy
def test_a_chain_of_commands_in_place_with_edits_is_made_again(session: Path, tmp_path: Path, mocap_cli) -> None:
    def ok(*words: object) -> str:
        done = mocap_cli(*words)
        assert done.status == 0, (words, done.err)
        return done.out

    one, stood = tmp_path / "one.h5", tmp_path / "stood.h5"
    for out, name in ((one, "squat"), (stood, "standing")):
        ok("reconstruct", "--calibration", session / "calibration.toml", "--keypoints", session / f"{name}.parquet",
           "--rate", 25, "--z-up", "--out", out)  # fmt: skip
    ok("kinematics", one, "--static", stood, "--marker-set", "landmarks", "--cutoff", 5, "--out", one)
    ok("assess", one, "--task", "squat", "--state", "load_kg=20", "--set", "repetitions.foot_shift=0.04")
    ok("assess", one, "--task", "squat", "--edit", "1:reject=lost balance")
    shutil.copy(session / "calibration.toml", tmp_path)
    shutil.copy(session / "squat.parquet", tmp_path)
    assert "byte for byte (4 recorded steps, 3 inputs)" in ok("check", one, "--reproduce")
    assert mocap.read_trial(one).assessments[0].rejected
    trc, again = tmp_path / "one.trc", tmp_path / "again.h5"
    ok("export", one, "--to", "trc", "--out", trc)
    ok("import", trc, "--out", again)
    assert "byte for byte (1 recorded step, 1 input)" in ok("check", again, "--reproduce")


@pytest.mark.heavy
def test_motion_files_with_a_static_are_made_again(session: Path, tmp_path: Path, mocap_cli) -> None:
    for name in ("squat", "standing"):
        done = mocap_cli("export", session / "results" / f"{name}.h5", "--to", "trc", "--out", tmp_path / f"{name}.trc")
        assert done.status == 0, done.err
    angles = tmp_path / "angles.h5"
    done = mocap_cli("kinematics", tmp_path / "squat.trc", "--static", tmp_path / "standing.trc", "--set",
                     "posture=any", "--out", angles)  # fmt: skip
    assert done.status == 0, done.err
    done = mocap_cli("check", angles, "--reproduce")
    assert done.status == 0 and "byte for byte (1 recorded step, 2 inputs)" in done.out, (done.out, done.err)
    run = session / "results" / "squat.h5"
    assert mocap_cli("assess", run, "--task", "squat", "--set", "repetitions.foot_shift=0.04").status == 0
    assert "2 recorded steps" in mocap_cli("check", run, "--reproduce").out
