"""What of a session is made again when something changes, and that it is the same to the byte as made from nothing."""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import mocap
from calibration.synthetic import ring_rig
from mocap.config.session import read_session
from mocap.export.keypoints import write_keypoint_table
from mocap.pipeline import session_parts
from mocap.pipeline.digests import input_sha256
from mocap.pipeline.point_edits import BEHIND, add_edits, take_back
from mocap.pipeline.reproduce import reproduce
from mocap.pipeline.run_lock import sole_run
from mocap.pipeline.session import run_session
from mocap.pipeline.session_options import stage_options
from mocap.pipeline.session_parts import calibration_parts
from mocap.synthetic import default_subject, observe, squat
from mocap.trial import PointEdit
from tests.fixtures.small_session import silent, small_session

ALL = ("reconstruction", "kinematics", "assessment")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session that was run."""
    folder = small_session(tmp_path_factory.mktemp("small") / "session")
    outcomes = run_session(folder, folder / "results", silent).outcomes
    assert [outcome.stages for outcome in outcomes] == [("calibration",), ALL, ALL]
    assert {outcome.because for outcome in outcomes} == {("there was no result",)}
    return folder


@pytest.fixture
def session(small: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(small, tmp_path / "session"))


def changed(session: Path, old: str, new: str) -> None:
    file = session / "session.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def ran(session: Path) -> dict[str, tuple[str, ...]]:
    """Run a session; the stages that ran, by trial, and as many bytes as a run from nothing gives."""
    outcomes = run_session(session, session / "results", silent).outcomes
    assert {outcome.state for outcome in outcomes} <= {"done", "skipped"}
    fresh = session.parent / "fresh"
    run_session(session, fresh, silent)
    for name in ("standing.h5", "squat.h5", "calibration.toml"):
        assert (session / "results" / name).read_bytes() == (fresh / name).read_bytes(), name
    return {outcome.name.removeprefix("trial "): outcome.stages for outcome in outcomes}


def test_a_filter_leaves_the_points_and_a_context_the_angles(session: Path) -> None:
    changed(session, "load_kg = 0.0", "load_kg = 20.0")
    outcomes = run_session(session, session / "results", silent).outcomes
    assert [(one.stages, one.because) for one in outcomes[1:]] == [((), ()), (ALL[2:], ("its context changed",))]
    assert mocap.read_trial(session / "results" / "squat.h5").context["load_kg"] == 20.0
    changed(session, "[options.kinematics]", "[options.filter]\ncutoff_hz = 5\n[options.kinematics]")
    assert ran(session) == {"calibration": (), "standing": ALL[1:], "squat": ALL[1:]}
    outcomes = run_session(session, session / "results", silent).outcomes
    assert [outcome.state for outcome in outcomes] == ["skipped"] * 3


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("old", "new", "standing", "squat_stages"),
    [
        ("[options.kinematics]", "[options.kinematics]\nposture = \"any\"", ALL[1:], ALL[1:]),
        ("[options.k", "[options.assessment.protocols]\nsquat = \"own.toml\"\n[options.k", (), ALL[2:]),
        ("[options.kinematics]", "[options.filter]\ncutoff_hz = 5\n[options.kinematics]", ALL[1:], ALL[1:]),
        ("[options.kinematics]", "[options.filter]\nmethod = \"kalman\"\n[options.kinematics]", ALL, ALL),
        ("[options.kinematics]", "[options.reconstruction]\nmin_confidence = 0.2\n[options.kinematics]", ALL, ALL),
        ("S01", "S02", ALL[2:], ALL[1:]),
        ("task = \"squat\"", "task = \"hinge\"", (), ALL[1:]),
    ],
)  # fmt: skip
def test_each_change_runs_what_depends_on_it(
    session: Path, old: str, new: str, standing: tuple[str, ...], squat_stages: tuple[str, ...]
) -> None:
    (session / "own.toml").write_text("based_on = \"squat\"\n[repetitions]\nfoot_shift = 0.04\n", encoding="utf-8")
    changed(session, old, new)
    assert ran(session) == {"calibration": (), "standing": standing, "squat": squat_stages}


@pytest.mark.heavy
def test_a_trial_whose_files_changed_runs_alone(session: Path) -> None:
    rig = ring_rig(3, 1)
    again = squat(default_subject(1.75, seed=1), 1, wink_deg=5.0, wink_onset=0.75, rate_hz=25.0)
    write_keypoint_table(session / "squat.parquet", observe(again.points, rig, 5).keypoints, rig.names)
    assert ran(session) == {"calibration": (), "standing": (), "squat": ALL}


def test_files_behind_linked_folders_count_as_those_beside_them(tmp_path: Path) -> None:
    """Readers follow links; what they find there has to count, and nothing twice or without an end."""
    plain, linked, store = (tmp_path / name for name in ("plain", "linked", "store"))
    for folder in (plain / "cam_1", linked, store):
        folder.mkdir(parents=True)
    for folder in (plain / "cam_1", store):
        (folder / "0.json").write_text("{}")
    (linked / "cam_1").symlink_to(store, target_is_directory=True)
    before = input_sha256(linked)
    assert before == input_sha256(plain)
    (linked / "cam_2").symlink_to(store, target_is_directory=True)
    (store / "back").symlink_to(linked, target_is_directory=True)
    both = input_sha256(linked)
    assert both not in (before, input_sha256(plain))
    (store / "0.json").write_text("[]")
    assert input_sha256(linked) not in (before, both)


@pytest.mark.heavy
def test_a_result_with_edits_is_assessed_again_and_a_damaged_one_made_again(session: Path, mocap_cli) -> None:
    results = session / "results"
    done = mocap_cli("assess", results / "squat.h5", "--task", "squat", "--edit", "1:reject=lost balance")
    assert done.status == 0, done.err
    outcome = run_session(session, results, silent).outcomes[2]
    assert (outcome.stages, outcome.because) == (ALL[2:], ("squat.h5 is not as it was left",))
    assert mocap.read_trial(results / "squat.h5").assessments[0].rejected[0].reason.endswith("lost balance")
    whole = (results / "standing.h5").read_bytes()
    (results / "standing.h5").write_bytes(whole[: len(whole) // 2])
    outcomes = run_session(session, results, silent).outcomes
    assert [one.stages for one in outcomes] == [(), ALL, ()]
    assert (results / "standing.h5").read_bytes() == whole


@pytest.mark.heavy
def test_a_record_that_somebody_edited_is_not_believed(session: Path) -> None:
    file = session / "results" / "stages.json"
    before = (session / "results" / "squat.h5").read_bytes()
    told = json.loads(file.read_text(encoding="utf-8"))
    told["squat.h5"]["stages"]["kinematics"]["told"]["operations"] = []
    file.write_text(json.dumps(told), encoding="utf-8")
    outcomes = run_session(session, session / "results", silent).outcomes
    assert [one.stages for one in outcomes] == [(), (), ALL]
    assert (session / "results" / "squat.h5").read_bytes() == before


def test_a_second_run_among_the_same_results_is_refused(session: Path, mocap_cli) -> None:
    with sole_run(session / "results"):
        done = mocap_cli("run", session)
    assert done.status == 1 and "RUN_IN_PROGRESS" in done.error_line
    assert mocap_cli("run", session).status == 0


def test_the_result_of_a_trial_that_is_no_more_is_set_aside(session: Path, mocap_cli) -> None:
    text = (session / "session.toml").read_text(encoding="utf-8")
    first, second = text.index('[[trial]]\nname = "squat"'), text.index("[options.kinematics]")
    (session / "session.toml").write_text(text[:first] + text[second:], encoding="utf-8")
    done = mocap_cli("run", session)
    assert done.status == 0 and "squat.h5 is of no trial of this session any more" in done.out
    assert "2 found, 0 done, 2 skipped" in done.out
    results = sorted(path.name for path in (session / "results").glob("*.h5"))
    assert results == ["squat.outdated.h5", "standing.h5"]
    assert "squat" not in mocap_cli("run", session).out


def test_another_library_calibrates_again(session: Path, monkeypatch) -> None:
    told = read_session(session)
    options = stage_options(told).calibration
    before, versions = calibration_parts(told, options, session), session_parts.software_versions()
    monkeypatch.setattr(session_parts, "software_versions", lambda: {**versions, "scipy": "0.0"})
    after = calibration_parts(told, options, session)
    assert {name for name in before if before[name] != after[name]} == {"the program or its libraries"}


VICTIM = Path(__file__).parents[1] / "fixtures" / "run_victim.py"


def check_results(out: Path, good: Path) -> None:
    """Each trial file that is to be seen is whole, and none is there by half."""
    for path in out.glob("*.h5"):
        assert path.read_bytes() == (good / path.name).read_bytes(), path.name


@pytest.mark.heavy  # smaller: killed writers of trials, and a second run that skips what is done
def test_a_run_that_is_killed_and_started_again_gives_the_same_files(small: Path, tmp_path: Path) -> None:
    if not hasattr(os, "fork"):
        pytest.skip("this system starts each process anew: seen with whole commands in the heavy tests")
    out, good = tmp_path / "results", small / "results"
    done = subprocess.run(
        [sys.executable, str(VICTIM), str(small), str(out), str(good), "4"],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(Path(mocap.__file__).parents[1])},
    )  # fmt: skip
    assert (done.stdout, done.returncode) == ("", 0), done.stderr
    for name in ("standing.h5", "squat.h5", "calibration.toml", "stages.json"):
        assert (out / name).read_bytes() == (good / name).read_bytes()


@pytest.mark.heavy
@pytest.mark.parametrize("seed", [1, 2])
def test_a_command_that_is_killed_ten_times_gives_the_same_files(small: Path, tmp_path: Path, seed: int) -> None:
    moments, good, out = random.Random(seed), tmp_path / "good", tmp_path / "results"
    command = [sys.executable, "-m", "mocap", "run", str(small), "--out"]
    started = time.monotonic()
    subprocess.run([*command, str(good)], check=True, capture_output=True)
    whole_s, killed = time.monotonic() - started, 0
    while killed < 10:
        with subprocess.Popen([*command, str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                # Late enough for something to happen at all: half of the time goes by before the first file.
                process.wait(moments.uniform(0.3 * whole_s, whole_s))
                shutil.rmtree(out)  # it ended: once more from nothing
            except subprocess.TimeoutExpired:
                process.kill()
                killed += 1
        if out.is_dir():
            check_results(out, good)
    subprocess.run([*command, str(out)], check=True, capture_output=True)
    for name in ("standing.h5", "squat.h5", "calibration.toml", "stages.json"):
        assert (out / name).read_bytes() == (good / name).read_bytes()
    assert sorted(path.name for path in out.iterdir()) == sorted(path.name for path in good.iterdir())


@pytest.mark.heavy
def test_a_reviewers_edit_of_points_runs_the_kinematics_and_taken_back_it_was_never_there(session: Path) -> None:
    file = session / "results" / "squat.h5"
    before = file.read_bytes()
    raw = mocap.read_trial(file)
    pelvis = tuple(name for name in raw.points.names if "SIS" in name or name.startswith("SAC"))
    add_edits(file, (PointEdit("missing", 40, 60, pelvis),))
    assert any(one.name == BEHIND and not one.passed for one in mocap.read_trial(file).quality)
    outcome = run_session(session, session / "results", silent).outcomes[2]
    assert outcome.stages == ALL[1:]
    made = mocap.read_trial(file)
    np.testing.assert_array_equal(made.points.position, raw.points.position)
    assert made.angles is not None and np.isnan(made.angles.deg("pelvic_tilt")[45:55]).all()
    assert raw.angles is not None and np.isfinite(raw.angles.deg("pelvic_tilt")[45:55]).all()
    assert not any(one.name == BEHIND for one in made.quality)
    assert reproduce(file).same_bytes
    take_back(file)
    run_session(session, session / "results", silent)
    assert file.read_bytes() == before
