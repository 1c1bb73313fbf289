"""BIDS-Motion: the rules of the specification, several trials in one dataset, every bit kept, damage found."""

import json
import shutil
import subprocess
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from mocap.errors import ExportError
from mocap.export.bids import export_bids
from mocap.export.bids_back import bids_differences
from mocap.pipeline.export import export_to_file
from mocap.schema import Status
from mocap.storage import write_trial
from mocap.trial import Event, JointAngles, Points3D, Trial
from tests.fixtures.assessed_trials import squat_trial
from tests.fixtures.bids_rules import bids_faults


def _trial(code="P-01", trial_id="squat_03", **options):
    return replace(_whole(), subject_code=code, trial_id=trial_id, **options)


@cache
def _whole():
    trial = squat_trial(winks=(0.0,), seen=False)
    frames = slice(0, 40)
    points = trial.points
    position, status = points.position[frames].copy(), points.status[frames].copy()
    names = ("=LASI\t1", *points.names[1:])
    position[5, 3], status[5, 3], status[7, 0] = np.nan, Status.REJECTED, Status.FILLED
    points = Points3D(position, names, points.rate_hz, status=status, start_s=2.5)
    shown = [trial.angles.names.index(name) for name in ("pelvic_tilt", "knee_flexion_r")]
    values = trial.angles.values[frames, shown]
    angles = JointAngles(tuple(trial.angles.definitions[place] for place in shown), values, points.rate_hz, start_s=2.5)
    events = (Event(3.1, "squat_bottom", note="=1+1\n2", confidence=0.5), Event(2.7, "start", "left"),
              Event(float("nan"), "gone"))  # fmt: skip
    return replace(trial, points=points, points_smoothed=None, angles=angles, segments=None, events=events,
                   assessments=(), subject={"mass_kg": 71.5, "sex": "f"})  # fmt: skip


def _folder(tmp_path, *trials):
    for trial in trials:
        write_trial(tmp_path / "t.h5", trial)
        assert export_to_file(tmp_path / "t.h5", "bids", tmp_path / "data", verify=True).verified
    return tmp_path / "data"


def _alone(tmp_path, trial):
    export_bids(trial, tmp_path / "data")
    return tmp_path / "data"


def test_the_layout_and_every_file_keep_the_rules(tmp_path):
    root = _folder(tmp_path, _trial())
    start = "sub-P01/motion/sub-P01_task-squat_tracksys-omc_acq-squat03"
    assert sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()) == sorted([
        "README.md", "dataset_description.json", "participants.json", "participants.tsv", "sub-P01/sub-P01_scans.tsv",
        *(f"{start}_{one}" for one in ("channels.json", "channels.tsv", "events.json", "events.tsv", "motion.json",
                                       "motion.tsv")),
    ])  # fmt: skip
    assert bids_faults(root) == []
    sidecar = json.loads((root / f"{start}_motion.json").read_text())
    assert (sidecar["SamplingFrequency"], sidecar["TaskName"], sidecar["TrackedPointsCount"]) == (
        50.0, "squat", len(_trial().points.names))  # fmt: skip
    events = (root / f"{start}_events.tsv").read_text().splitlines()
    assert [line.split("\t")[2] for line in events[1:]] == ["start", "squat_bottom"]
    assert float(events[2].split("\t")[0]) == pytest.approx(0.6) and events[2].split("\t")[-1] == "'=1+1 2"
    assert (root / "participants.tsv").read_text().splitlines()[1] == "sub-P01\tP-01\tn/a\tf\tn/a\tn/a\t71.5"


def test_channels_lead_back_to_every_number(tmp_path):
    trial = _trial()
    root = _alone(tmp_path, trial)
    (motion,), (listed,) = root.rglob("*_motion.tsv"), root.rglob("*_channels.tsv")
    header, *rows = [line.split("\t") for line in listed.read_text().splitlines()]
    channels = [dict(zip(header, row, strict=True)) for row in rows]
    values = np.genfromtxt(motion, delimiter="\t", missing_values="n/a", filling_values=np.nan)
    position = np.stack([values[:, [row["type"] == "POS" and row["component"] == axis for row in channels]]
                         for axis in "xyz"], axis=-1)  # fmt: skip
    np.testing.assert_array_equal(position, trial.points.position)
    angles = values[:, [row["type"] == "JNTANG" for row in channels]]
    np.testing.assert_array_equal(angles, np.rad2deg(trial.angles.values))
    flags = {row["name"]: values[:, place] for place, row in enumerate(channels) if row["type"] == "MISC"}
    assert len(flags) == 2 and flags["LASI_1_status"][7] == 2
    tilt = next(row for row in channels if row["name"] == "pelvic_tilt")
    assert (tilt["status"], tilt["status_description"]) == ("bad", "two hips are a line")


@pytest.mark.parametrize(("forward", "axes"), [("x", "ALS"), ("-x", "PRS"), ("y", "RAS"), ("-y", "LPS")])
def test_axes_are_told_by_where_the_person_faces(tmp_path, forward, axes):
    export_bids(_trial(forward_axis=forward), tmp_path / "data")
    (file,) = (tmp_path / "data").rglob("*_channels.json")
    level = json.loads(file.read_text())["reference_frame"]["Levels"]["global"]
    assert level["SpatialAxes"] == axes
    ahead = {"x": (1, 0, 0), "-x": (-1, 0, 0), "y": (0, 1, 0), "-y": (0, -1, 0)}[forward]
    left = np.cross((0, 0, 1), ahead)
    for axis, letter in enumerate(axes):
        sign = {"A": ahead, "P": np.negative(ahead), "L": left, "R": -left, "S": (0, 0, 1)}[letter][axis]
        assert sign == 1


def test_trials_of_one_dataset_come_together(tmp_path):
    root = _folder(tmp_path, _trial(), _trial(trial_id="squat_04", subject={"age": 30.0}), _trial(code="P2"),
                   _trial(code="P2", trial_id="next", context={"visit": "2"}))  # fmt: skip
    assert bids_faults(root) == []
    assert (root / "participants.tsv").read_text().splitlines()[1:] == [
        "sub-P01\tP-01\t30.0\tf\tn/a\tn/a\t71.5", "sub-P2\tP2\tn/a\tf\tn/a\tn/a\t71.5"]  # fmt: skip
    assert len((root / "sub-P01" / "sub-P01_scans.tsv").read_text().splitlines()) == 3
    assert len(list(root.rglob("*_motion.tsv"))) == 4
    assert list((root / "sub-P2" / "ses-2" / "motion").glob("sub-P2_ses-2_task-squat_*_motion.tsv"))


def test_two_people_or_trials_never_become_one(tmp_path):
    _folder(tmp_path, _trial())
    with pytest.raises(ExportError, match=r"BIDS_PARTICIPANT.*'P-01' there.*'P01'"):
        _folder(tmp_path, _trial(code="P01", trial_id="other"))
    with pytest.raises(ExportError, match=r"BIDS_TRIAL.*'squat_03'.*'squat-03'"):
        _folder(tmp_path, _trial(trial_id="squat-03"))
    with pytest.raises(ValueError, match="OUTPUT_EXISTS"):
        _folder(tmp_path, _trial())
    assert bids_faults(tmp_path / "data") == []


def test_a_dataset_of_others_keeps_what_they_wrote(tmp_path):
    root = tmp_path / "data"
    (root / "sub-P01" / "eeg").mkdir(parents=True)
    theirs = {"dataset_description.json": '{"Name": "theirs", "BIDSVersion": "1.9.0"}', "README": "theirs",
              "participants.tsv": "participant_id\tage\nsub-P01\t33\n", "participants.json": '{"age": {}}'}  # fmt: skip
    for name, text in theirs.items():
        (root / name).write_text(text)
    _folder(tmp_path, _trial())
    assert {name: (root / name).read_text() for name in theirs} == theirs and not (root / "README.md").exists()
    assert bids_faults(root) == []
    with pytest.raises(ExportError, match=r"BIDS_PARTICIPANT.*does not list sub-P9"):
        _folder(tmp_path, _trial(code="P9"))


def test_without_a_code_the_trial_names_its_person(tmp_path):
    root = _folder(tmp_path, _trial(code=""), _trial(code="", trial_id="walk 1", task="", created_utc=""))
    assert sorted(path.name for path in root.iterdir() if path.is_dir()) == ["sub-squat03", "sub-walk1"]
    assert bids_faults(root) == []
    with pytest.raises(ExportError, match="EXPORT_EMPTY"):
        export_bids(Trial("t", Points3D(np.empty((3, 0, 3)), (), 50.0)), tmp_path / "none")


def test_damage_is_found(tmp_path):
    trial = _trial()
    root = _alone(tmp_path, trial)
    assert not bids_differences(trial, root)
    for file in sorted(path for path in root.rglob("*") if path.is_file()):
        whole = file.read_text()
        for damaged in (whole[: len(whole) // 2], whole.replace("n/a", "0", 1), whole.replace("POS", "VEL", 1),
                        whole.replace("1", "2", 1)):  # fmt: skip
            file.write_text(damaged)
            assert damaged == whole or bids_differences(trial, root), file
        file.write_text(whole)
        file.rename(file.with_suffix(".off"))
        assert bids_differences(trial, root), file
        file.with_suffix(".off").rename(file)


@pytest.mark.parametrize(("name", "old", "new", "fault"), [
    ("*_channels.tsv", "\tPOS\t", "\tPLACE\t", "is of type PLACE"),
    ("*_motion.json", '"TaskName"', '"Task"', "lacks Task"), ("*_channels.tsv", "units", "unit", "columns begin"),
    ("*_motion.tsv", "n/a", "nan", "neither numbers"),
    ("*_motion.json", '"POSChannelCount": ', '"POSChannelCount": 1', "POS counted"),
    ("participants.tsv", "sub-P01", "P01", "participants"), ("*_events.tsv", "onset", "time", "columns begin"),
    ("*_scans.tsv", "2026-03-01T", "1.3.2026 ", "is no time"), ("*_channels.json", "ALS", "AAS", "has the axes AAS"),
])  # fmt: skip
def test_the_check_of_the_rules_finds_what_breaks_them(tmp_path, name, old, new, fault):
    root = _alone(tmp_path, _trial())
    (file,) = root.rglob(name)
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    assert any(fault in one for one in bids_faults(root))


def test_the_validator_of_bids_finds_no_error(tmp_path):
    validator = shutil.which("bids-validator-deno")
    if validator is None:
        pytest.skip("bids-validator-deno is not installed (extra `bids`)")
    root = _folder(tmp_path, _trial(), _trial(code="P2", trial_id="next", context={"visit": "2"}))
    done = subprocess.run([validator, root, "--format", "json", "--max-rows", "-1"], capture_output=True, text=True,
                          check=False)  # fmt: skip
    issues = json.loads(done.stdout)["issues"]["issues"]
    assert [one for one in issues if one.get("severity") == "error"] == [] and done.returncode == 0
