"""NWB through ndx-pose: read back by plain HDF5, judged by pynwb's own validator; without the extra a clear refusal."""

import json
import subprocess
import sys
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import h5py
import numpy as np
import pytest

from mocap.errors import ExportError
from mocap.export.nwb import export_nwb
from mocap.export.nwb_back import nwb_differences
from mocap.pipeline.export import export_to_file
from mocap.storage import write_trial
from mocap.trial import AngleDefinition, Event, JointAngles, Points3D, Trial

needs_nwb = pytest.mark.skipif(
    any(find_spec(name) is None for name in ("pynwb", "ndx_pose")),
    reason="pynwb or ndx-pose is not installed (extra `nwb`)",
)


@cache
def _trial():
    rng = np.random.default_rng(8)
    position = rng.normal(size=(7, 3, 3))
    position[2, 1] = np.nan
    points = Points3D(position, ("LASI", "a/b:c", "=C7"), 119.88, start_s=0.25, covariance=np.broadcast_to(
        np.eye(3) * 1e-6, (7, 3, 3, 3)))  # fmt: skip
    words = ("pelvis", "RzRxRy", "anterior", "level", "absolute", "markers")
    angles = JointAngles(
        (AngleDefinition("pelvic_tilt", *words), AngleDefinition("lumbar_flexion", *words, False, "x")),
        np.column_stack([rng.normal(size=7), np.full(7, np.nan)]), 119.88, start_s=0.25,
        frame_reason=np.array([[0, 1]] * 7), frame_reason_words=("", "no plate"),
    )  # fmt: skip
    events = (Event(1.0, "squat_bottom", "left", note="=1+1"), Event(float("nan"), "gone"))
    return Trial("t", points, points_smoothed=replace(points, position=position * 0.5), angles=angles, events=events,
                 subject_code="P01", bones=(("LASI", "=C7"),), created_utc="2026-03-01T10:00:00Z")  # fmt: skip


@needs_nwb
def test_plain_hdf5_finds_every_number_where_the_format_has_it(tmp_path):
    trial = _trial()
    (path,) = export_nwb(trial, tmp_path / "a.nwb")
    with h5py.File(path) as file:
        series = file["processing/behavior/points/a_b_c"]
        np.testing.assert_array_equal(series["data"][:], trial.points.position[:, 1])
        assert series["data"].attrs["unit"] == "m" and series.attrs["neurodata_type"] == "PoseEstimationSeries"
        assert series["starting_time"][()] == 0.25 and series["starting_time"].attrs["rate"] == 119.88
        tilt = file["processing/behavior/angles/pelvic_tilt/data"]
        np.testing.assert_array_equal(tilt[:], trial.angles.deg("pelvic_tilt"))
        np.testing.assert_array_equal(file["processing/behavior/points_status/data"][:], trial.points.status)
        assert file["processing/behavior/Skeletons/skeleton_of_points/edges"][:].tolist() == [[0, 2]]
        assert [one.decode() for one in file["intervals/events/label"][:]] == ["squat_bottom"]
        told = json.loads(file["scratch/mocap"][()])
        assert told["angles"][1]["reason"] == "x" and file["session_start_time"][()] == b"2026-03-01T10:00:00+00:00"
    assert not nwb_differences(trial, path)


@needs_nwb
def test_the_validator_of_the_format_finds_no_fault(tmp_path):
    from pynwb import validate

    (path,) = export_nwb(_trial(), tmp_path / "a.nwb")
    found = validate(path=str(path))
    assert list(found[0] if isinstance(found, tuple) else found) == []


@needs_nwb
def test_a_changed_number_and_a_broken_file_are_found(tmp_path):
    trial = _trial()
    (path,) = export_nwb(trial, tmp_path / "a.nwb")
    for place, change in (("points/LASI/data", 1e-9), ("angles/pelvic_tilt/data", 1e-9), ("points_status/data", 2)):
        with h5py.File(path, "r+") as file:
            data = file[f"processing/behavior/{place}"]
            old = data[0]
            data[0] = old + change
        assert any(place.split("/")[0] in str(one) for one in nwb_differences(trial, path)), place
        with h5py.File(path, "r+") as file:
            file[f"processing/behavior/{place}"][0] = old
    assert not nwb_differences(trial, path)
    path.write_bytes(path.read_bytes()[:3000])
    assert "is not read" in str(nwb_differences(trial, path)[0])


@needs_nwb
def test_a_trial_that_does_not_tell_its_time_says_so(tmp_path):
    trial = replace(_trial(), created_utc="", points_smoothed=None, angles=None, events=())
    (path,) = export_nwb(trial, tmp_path / "a.nwb")
    with h5py.File(path) as file:
        assert b"does not tell when" in file["session_description"][()]
    assert not nwb_differences(trial, path)
    with pytest.raises(ExportError, match="EXPORT_EMPTY"):
        export_nwb(Trial("t", Points3D(np.empty((3, 0, 3)), (), 50.0)), tmp_path / "b.nwb")


@needs_nwb
def test_the_command_verifies_and_writes_over_its_own_file_alone(tmp_path):
    write_trial(tmp_path / "t.h5", _trial())
    for _ in range(2):
        assert export_to_file(tmp_path / "t.h5", "nwb", tmp_path / "a.nwb", verify=True).verified
    with h5py.File(tmp_path / "a.nwb", "w") as file:
        file["other"] = 1
    with pytest.raises(ValueError, match="OUTPUT_OTHER"):
        export_to_file(tmp_path / "t.h5", "nwb", tmp_path / "a.nwb")


def test_without_the_packages_the_refusal_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ndx_pose", None)
    with pytest.raises(ExportError, match=r"EXPORT_PACKAGE.*pip install 'mocap\[nwb\]'"):
        export_nwb(_trial(), tmp_path / "a.nwb")
    assert list(tmp_path.iterdir()) == []


@needs_nwb
def test_a_disk_that_takes_no_more_is_told_in_one_line(tmp_path):
    """HDF5 ended the process by a signal where it wrote by itself."""
    write_trial(tmp_path / "t.h5", _trial())
    most = 50_000  # bytes, of 400 000
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({most}, {most})); from mocap.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "export", str(tmp_path / "t.h5"), "--to", "nwb", "--out", str(tmp_path / "a.nwb")],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert done.returncode == 1 and done.stderr.strip().startswith("error WRITE_FAILED"), done.stderr[-500:]
    assert "Traceback" not in done.stderr and not list(tmp_path.glob("*.nwb"))
