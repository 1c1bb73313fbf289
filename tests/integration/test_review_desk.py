"""The desk of a trial file: every decision is in the file at once, survives a second run, and can be taken back."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mocap
from calibration.synthetic import ring_rig
from mocap.errors import AssessmentError, MocapError, ReconstructionError, ShapeError, SourceError
from mocap.pipeline.assess import assess_file
from mocap.pipeline.motion import analyse, record_of
from mocap.pipeline.point_edits import BEHIND, add_edits, edited_points
from mocap.pipeline.point_filter import as_static
from mocap.pipeline.reproduce import reproduce
from mocap.pipeline.review_desk import TrialDesk
from mocap.pipeline.review_raw import raw_angles
from mocap.pipeline.session import run_session
from mocap.reconstruction import reconstruct_details
from mocap.signal.filter_options import FilterOptions
from mocap.storage import check_trial, read_trial, write_trial, writing
from mocap.storage.journal_check import check_journal
from mocap.synthetic import default_subject, observe, static_standing
from mocap.trial import Operation, PointEdit, Trial
from tests.fixtures.small_session import silent, small_session

ROOT = Path(mocap.__file__).parents[1]
VICTIM = ROOT / "tests/fixtures/desk_victim.py"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session that was run."""
    folder = small_session(tmp_path_factory.mktemp("small") / "session")
    run_session(folder, folder / "results", silent)
    return folder


@pytest.fixture
def session(small: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small, tmp_path / "session"))


@pytest.fixture
def file(session: Path) -> Path:
    return session / "results" / "squat.h5"


@pytest.fixture(scope="module")
def few_points(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of points, seen by three cameras: quick to write."""
    rig = ring_rig(3, 1)
    standing = static_standing(default_subject(1.75, seed=1), 2.0, 25.0, sway_m=0.002, seed=1)
    keypoints = observe(standing.points, rig, 3).keypoints
    path = tmp_path_factory.mktemp("few") / "few.h5"
    points = reconstruct_details(keypoints, rig).points
    write_trial(path, Trial("few", points, rig=rig, keypoints=keypoints, operations=(Operation("reconstruct"),)))
    return path


@pytest.fixture
def few(few_points: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(few_points, tmp_path / "few.h5"))


def bottom(desk: TrialDesk) -> float:
    return float(desk.review.trial.assessments[0].repetitions["bottom_time"].values[0])


def out_edit(desk: TrialDesk, first: int = 10, last: int = 12) -> PointEdit:
    camera = desk.review.trial.rig.names[1]
    return PointEdit("camera left out", first, last, camera=camera, reason="blurred", initials="AB")


@pytest.mark.heavy
def test_an_accepted_and_moved_repetition_is_told_and_taken_back_to_the_byte(file: Path, mocap_cli) -> None:
    before = file.read_bytes()
    desk = TrialDesk(file)
    at_s = bottom(desk)
    assert desk.read_only == desk.undoable == ""
    table = desk.decide("squat", at_s, True, "looked at", "AB").trial.assessments[0].repetitions
    assert [table.told(name) for name in ("decision", "decided_by", "decision_reason")] == [
        ("accepted",), ("AB",), ("looked at",)
    ]
    moved = desk.move_event("squat", at_s, "bottom", at_s + 0.08, "held", "CD").trial
    assert moved.assessments[0].repetitions["bottom_time"].values[0] == pytest.approx(at_s + 0.08)
    assert moved.assessments[0].repetitions.told("decision") == ("accepted",)  # though its bottom is elsewhere now
    assert check_trial(file) == () and check_journal(file)[0] == ()
    assert "accepted by AB: looked at" in mocap_cli("assess", file, "--task", "squat").out
    # Another window finds what was decided, in the order in which it was.
    other = TrialDesk(file)
    assert other.undoable == desk.undoable == f"squat bottom at {at_s:.2f} s: moved to {at_s + 0.08:.2f} s"
    other.undo()
    assert other.undoable == f"squat at {at_s:.2f} s: accepted" and "moved" in other.redoable
    other.undo()
    assert other.undoable == ""
    now = read_trial(file)
    assert not any(one.source == "edited" for one in now.events)
    assert "decision" not in [one.name for one in now.assessments[0].repetitions.words]
    assess = now.steps[-1].command == "assess"
    assert assess or file.read_bytes() == before


def test_what_is_undone_is_the_same_file(file: Path) -> None:
    before = file.read_bytes()
    desk = TrialDesk(file)
    desk.decide("squat", bottom(desk), False, "lost balance", "AB")
    rejected = file.read_bytes()
    (one,) = desk.review.trial.assessments[0].rejected
    assert one.reason == "taken out by a reviewer: lost balance (AB)"
    assert desk.review.trial.assessments[0].repetitions.rows == 0
    desk.correct([out_edit(desk)])
    assert desk.undoable == "cam_1: camera left out, frames 10 to 12" and "compute them again" in desk.review.notes[0]
    desk.undo()
    assert file.read_bytes() == rejected and desk.review.notes == ()
    desk.undo()
    assert file.read_bytes() == before and desk.undoable == ""


@pytest.mark.heavy
def test_what_was_undone_is_done_again_and_what_was_rejected_accepted(file: Path) -> None:
    desk = TrialDesk(file)
    desk.decide("squat", bottom(desk), False, "lost balance", "AB")
    rejected = file.read_bytes()
    (one,) = desk.review.trial.assessments[0].rejected
    desk.undo()
    desk.redo()
    assert file.read_bytes() == rejected
    # A candidate that a reviewer took out comes back when one accepts it.
    desk.decide("squat", one.bottom_s, True, "no, it holds", "CD")
    assert desk.review.trial.assessments[0].repetitions.told("decided_by") == ("CD",)
    assert desk.review.trial.assessments[0].rejected == ()
    desk.undo()
    assert file.read_bytes() == rejected


@pytest.mark.heavy
def test_decisions_survive_a_run_of_the_session_and_are_made_again_byte_for_byte(session: Path, file: Path) -> None:
    desk = TrialDesk(file)
    at_s = bottom(desk)
    desk.decide("squat", at_s, True, "looked at", "AB")
    desk.move_event("squat", at_s, "end", at_s + 0.9, "still", "AB")
    edit = out_edit(desk)
    desk.correct([edit])
    desk.assess()
    assert desk.review.notes == () and desk.review.trial.edits == (edit,)
    now = file.read_bytes()
    assert {one.state for one in run_session(session, session / "results", silent).outcomes} == {"skipped"}
    (session / "results" / "stages.json").unlink()
    run_session(session, session / "results", silent)
    assert file.read_bytes() == now
    assert reproduce(file).same_bytes
    table = mocap.read_trial(file).assessments[0].repetitions
    assert table.told("decision") == ("accepted",)
    assert table["end_time"].values[0] == pytest.approx(at_s + 0.9, abs=0.021)


def test_points_seen_again_are_those_of_the_whole_and_appear_before_they_are_stored(few: Path) -> None:
    desk = TrialDesk(few)
    before, raw = few.read_bytes(), desk.review.trial.points.position
    edits = [out_edit(desk), PointEdit("marked in a view", 30, 30, ("LHEEL",), camera="cam_0", pixel=(400.0, 300.0))]
    preview = desk.preview(edits)
    assert few.read_bytes() == before and desk.review.trial.points.position is raw
    stored = desk.correct(edits)
    whole = edited_points(read_trial(few))
    for review in (preview, stored):
        np.testing.assert_array_equal(review.trial.points.position, whole.position)
        np.testing.assert_array_equal(review.trial.points.status, whole.status)
        for frame in (9, 10, 30):
            np.testing.assert_allclose(review.parts.errors(frame), whole.reprojection_error[:, frame])
        assert review.parts.pixels(0, 30)[review.parts.keypoint_names.index("LHEEL")].tolist() == [400.0, 300.0]
        blocks = np.concatenate([block for _, block in review.parts.error_blocks()], axis=1)
        np.testing.assert_allclose(blocks, whole.reprojection_error)
    assert (whole.position[10:13] != raw[10:13]).any() and (whole.position[13:30] == raw[13:30]).all()


def test_what_is_refused_leaves_the_file_as_it_was(file: Path) -> None:
    desk = TrialDesk(file)
    before, at_s = file.read_bytes(), bottom(desk)
    refused = [
        (ShapeError, lambda: desk.correct([PointEdit("missing", 0, 1, ("NOSE",))])),
        (ReconstructionError, lambda: desk.correct([PointEdit("camera left out", 0, 1, camera="cam_9")])),
        (AssessmentError, lambda: desk.move_event("squat", at_s, "bottom", 99.0)),
        (AssessmentError, lambda: desk.decide("squat", at_s + 2.0, False, "no", "AB")),
        (MocapError, lambda: desk.decide("squat", at_s, True, "a\0b", "AB")),
    ]
    for kind, decide in refused:
        with pytest.raises(kind) as caught:
            decide()
        assert "\n" not in str(caught.value) and file.read_bytes() == before and desk.undoable == ""
    assert not list(file.parent.glob(".*.part"))


@pytest.mark.heavy
def test_what_another_process_wrote_between_stays(file: Path) -> None:
    desk, other = TrialDesk(file), TrialDesk(file)
    at_s = bottom(desk)
    other.correct([out_edit(other, 40, 41)])
    assess_file(file, "squat", facts={"load_kg": "20"})
    desk.decide("squat", at_s, True, "looked at", "AB")
    now = read_trial(file)
    assert [one.first for one in now.edits] == [40] and now.context["load_kg"] == 20.0
    assert now.assessments[0].repetitions.told("decision") == ("accepted",)
    # Each takes back its own.
    other.undo()
    now = read_trial(file)
    assert now.edits == () and now.assessments[0].repetitions.told("decision") == ("accepted",)
    # What was taken back elsewhere cannot be taken back once more.
    third = TrialDesk(file)
    third.undo()
    before = file.read_bytes()
    with pytest.raises(AssessmentError, match="DECISION_GONE"):
        desk.undo()
    assert file.read_bytes() == before
    with writing(file), pytest.raises(SourceError, match="WRITER_BUSY"):
        desk.decide("squat", at_s, True, "looked at", "AB")
    assert file.read_bytes() == before


def test_two_desks_that_decide_at_once_lose_nothing(few: Path) -> None:
    wanted = [PointEdit("missing", 8 * number, 8 * number, ("LHEEL",)) for number in range(6)]

    def decide(mine: list[PointEdit]) -> None:
        desk = TrialDesk(few)
        for edit in mine:
            while True:
                try:
                    desk.correct([edit])
                    break
                except SourceError:  # the other one writes
                    time.sleep(0.01)

    threads = [threading.Thread(target=decide, args=(wanted[start::2],)) for start in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(one.first for one in read_trial(few).edits) == [one.first for one in wanted]


def test_a_desk_that_is_killed_leaves_the_old_file_or_the_new_one(few: Path) -> None:
    if not hasattr(os, "fork"):
        pytest.skip("this system starts each process anew")
    # In a process of its own: others of this one have threads, which no copy of it would have.
    done = subprocess.run(
        [sys.executable, str(VICTIM), str(few)], capture_output=True, text=True, check=False, timeout=200,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["wrong"] == []
    assert 0 in found["edits"]  # died before it was written


def test_a_trial_that_may_only_be_read_says_why(few: Path) -> None:
    few.chmod(0o444)
    desk = TrialDesk(few)
    assert desk.read_only == f"{few} may only be read"
    with pytest.raises(SourceError, match="READ_ONLY"):
        desk.correct([PointEdit("missing", 1, 1, ("LHEEL",))])
    few.chmod(0o644)
    assert desk.read_only == ""
    few.parent.chmod(0o555)
    assert desk.read_only == f"{few.parent} may only be read"
    few.parent.chmod(0o755)


def test_a_trial_that_is_gone_says_so_and_can_be_put_back(few: Path) -> None:
    desk, away = TrialDesk(few), few.with_name("away.h5")
    few.rename(away)
    assert desk.read_only.startswith(f"{few} is not there any more")
    with pytest.raises(SourceError, match=r"GONE: .*Put it back"):
        desk.correct([PointEdit("missing", 1, 1, ("LHEEL",))])
    away.rename(few)
    assert desk.read_only == ""
    assert desk.correct([PointEdit("missing", 1, 1, ("LHEEL",))]).trial.edits


def test_another_recording_under_the_name_of_this_one_is_left_as_it_is(few: Path) -> None:
    desk, other = TrialDesk(few), read_trial(few)
    points = replace(other.points, **{name: getattr(other.points, name)[:30] for name in (
        "position", "status", "covariance", "n_views")}, reprojection_error=other.points.reprojection_error[:, :30],
        calibration_covariance=None)  # fmt: skip
    write_trial(few, replace(other, points=points, keypoints=None))
    content = few.read_bytes()
    for decision in (lambda: desk.correct([PointEdit("missing", 1, 1, ("LHEEL",))]), desk.assess):
        with pytest.raises(SourceError, match="OTHER_RECORDING"):
            decision()
    assert few.read_bytes() == content
    assert desk.review.trial.points.n_frames == other.points.n_frames


def test_what_was_taken_back_elsewhere_is_seen_and_does_not_stop_undo(few: Path) -> None:
    desk, edits = TrialDesk(few), [PointEdit("missing", frame, frame, ("LHEEL",)) for frame in (1, 5)]
    for one in edits:
        desk.correct([one])
    TrialDesk(few).undo()
    with pytest.raises(AssessmentError, match="DECISION_GONE"):
        desk.undo()
    assert [one.one for one in desk.review.decisions] == edits[:1]
    desk.undo()
    assert read_trial(few).edits == () and desk.undoable == ""


def test_a_mark_outside_of_the_picture_is_refused(few: Path) -> None:
    content = few.read_bytes()
    width, height = read_trial(few).rig.cameras[0].size
    for pixel in ((-0.6, 10.0), (10.0, height - 0.4), (1e5, 1e5)):
        mark = PointEdit("marked in a view", 1, 1, ("LHEEL",), camera="cam_0", pixel=pixel)
        for keep in (lambda mark=mark: TrialDesk(few).correct([mark]), lambda mark=mark: add_edits(few, [mark])):
            with pytest.raises(ShapeError, match="EDIT_OUTSIDE"):
                keep()
    assert few.read_bytes() == content
    add_edits(few, [PointEdit("marked in a view", 1, 1, ("LHEEL",), camera="cam_0", pixel=(width - 0.6, 0.0))])


def test_many_points_are_told_in_a_line_and_stored_by_name(few: Path) -> None:
    desk = TrialDesk(few)
    names = desk.review.trial.points.names
    review = desk.correct([PointEdit("missing", 1, 3, names)])
    line = f"{', '.join(names[:4])}, {len(names) - 4} more points: missing, frames 1 to 3"
    assert desk.undoable == review.decisions[0].words == line
    assert read_trial(few).edits[0].points == names
    assert TrialDesk(few).undoable == line
    desk.undo()
    assert desk.redoable == line


def test_raw_angles_of_a_session_are_of_its_static_and_its_options(file: Path, session: Path) -> None:
    (session / "squat.parquet").unlink()  # the points are in the file
    stored, stood = read_trial(file), read_trial(file.parent / "standing.h5")
    static, none = as_static(stood.points, stood.points_smoothed), FilterOptions(method="none")
    expected = analyse(stored, static, "landmarks", none, None, {**stood.subject, **record_of(stood)})
    np.testing.assert_array_equal(raw_angles(file).values, expected.angles.values)
    assert not np.array_equal(expected.angles.values, stored.angles.values, equal_nan=True)
    assert TrialDesk(file).review.raw is not None


@pytest.mark.heavy
def test_angles_made_by_commands_are_computed_again_as_recorded(session: Path, tmp_path: Path, mocap_cli) -> None:
    one, stood = tmp_path / "one.h5", tmp_path / "stood.trc"
    results = session / "results"
    angles = ("--static", stood, "--set", "posture=any", "--cutoff", 5, "--out", one)
    for words in (
        ("export", results / "squat.h5", "--to", "trc", "--out", tmp_path / "squat.trc"),
        ("export", results / "standing.h5", "--to", "trc", "--out", stood),
        ("kinematics", tmp_path / "squat.trc", *angles),
        ("assess", one, "--task", "squat", "--set", "repetitions.foot_shift=0.05"),
    ):
        done = mocap_cli(*words)
        assert done.status == 0, done.err
    desk = TrialDesk(one)
    desk.decide("squat", bottom(desk), True, "looked at", "AB")
    pelvis = tuple(name for name in desk.review.trial.points.names if "SIS" in name or name.startswith("SAC"))
    desk.correct([PointEdit("missing", 40, 60, pelvis)])
    assert BEHIND in desk.review.notes[0]
    settings = desk.review.trial.assessments[0].protocol_sha256
    made = desk.assess().trial
    assert made.assessments[0].protocol_sha256 == settings and len(made.steps) == 2 and desk.review.notes == ()
    assert np.isnan(made.angles.deg("pelvic_tilt")[45:55]).all()
    assert made.assessments[0].repetitions.told("decision") == ("accepted",)
    assert reproduce(one).same_bytes
    # By the command in place, it is kept just so: no event comes twice.
    assert mocap_cli("kinematics", one, *angles).status == 0
    assert mocap_cli("assess", one, "--task", "squat", "--set", "repetitions.foot_shift=0.05").status == 0
    again = read_trial(one)
    assert len([event for event in again.events if event.source == "edited"]) == 1
    assert again.assessments[0].repetitions.told("decision") == ("accepted",)
    before = one.read_bytes()
    stood.unlink()
    with pytest.raises(SourceError, match=r"REPRODUCE_MISSING.*stood.trc is not there"):
        TrialDesk(one).assess()
    assert one.read_bytes() == before


def test_a_run_takes_in_what_is_decided_while_it_waits(session: Path, file: Path) -> None:
    add_edits(file, (PointEdit("missing", 1, 1, ("LHEEL",)),))
    with writing(file):
        (refused,) = [one for one in run_session(session, session / "results", silent).outcomes
                      if one.name == "trial squat"]  # fmt: skip
    assert refused.state == "refused" and "being written by another process" in refused.text
