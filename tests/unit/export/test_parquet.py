"""Parquet: tidy tables that pandas opens, units and meanings in the schema, every bit kept, damage found."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from scipy.spatial.transform import Rotation

from mocap.errors import ExportError
from mocap.export.parquet import export_parquet
from mocap.export.parquet_back import parquet_differences
from mocap.pipeline.export import export_to_file
from mocap.schema import Status
from mocap.storage import write_trial
from mocap.trial import Analog, Event, ForcePlate, ModelOutputs, Points3D, Segments, Trial
from tests.fixtures.assessed_trials import squat_trial

TABLES = ["points", "points_smoothed", "angles", "measures", "events", "metrics", "checks"]


@cache
def _trial():
    trial = squat_trial(winks=(0.0, 8.0))
    points = trial.points
    rng = np.random.default_rng(4)
    position, status = points.position.copy(), points.status.copy()
    position[5, 3], status[5, 3], status[7, 2] = np.nan, Status.REJECTED, Status.FILLED
    covariance = np.eye(3) * rng.uniform(1e-6, 1e-5, points.position.shape[:2])[..., None, None]
    points = replace(points, position=position, status=status, covariance=covariance,
                     n_views=np.full(status.shape, 3, np.uint8))  # fmt: skip
    events = (Event(1.5, "squat_bottom", note="=1+1"), Event(float("nan"), "x", "left", replaces_s=2.0))
    smoothed = replace(points, position=position * 0.99)
    return replace(trial, points=points, segments=None, points_smoothed=smoothed, events=events)


def test_pandas_opens_tidy_tables_with_every_bit(tmp_path):
    trial = _trial()
    files = export_parquet(trial, tmp_path / "tables")
    stems = [file.stem for file in files]
    assert stems == [name for name in TABLES if name in stems] and "measures" not in stems[:2]
    points = pd.read_parquet(files[0])
    wide = points.pivot(index="frame", columns="keypoint", values="y")[list(trial.points.names)].to_numpy()
    np.testing.assert_array_equal(wide, trial.points.position[..., 1])
    assert points.loc[points["x"].isna(), "status"].tolist() == [16]
    np.testing.assert_allclose(points["sd_z"] ** 2, np.asarray(trial.points.covariance)[..., 2, 2].ravel(), rtol=1e-12)
    assert sorted(points["time_s"].unique()) == sorted(trial.points.time_s)
    angles = pd.read_parquet(tmp_path / "tables" / "angles.parquet")
    tilt = angles[angles["angle"] == "pelvic_tilt"]["value"].to_numpy()
    np.testing.assert_array_equal(tilt, trial.angles.deg("pelvic_tilt"))
    metrics = pd.read_parquet(tmp_path / "tables" / "metrics.parquet")
    depth = trial.assessments[0].repetitions.metrics[0]
    rows = metrics[(metrics["metric"] == depth.name) & (metrics["table"] == "repetitions")]
    np.testing.assert_array_equal(rows["value"], depth.values)
    events = pd.read_parquet(tmp_path / "tables" / "events.parquet")
    assert events["label"].tolist() == ["squat_bottom", "x"] and events["time_s"].isna().tolist() == [False, True]
    assert not parquet_differences(trial, tmp_path / "tables")


def test_poses_channels_plates_and_model_outputs_have_tables(tmp_path):
    rng = np.random.default_rng(6)
    turns = Rotation.from_quat(rng.normal(size=(8, 4)))
    poses = np.tile(np.eye(4), (4, 2, 1, 1))
    poses[..., :3, :3], poses[..., :3, 3] = turns.as_matrix().reshape(4, 2, 3, 3), rng.normal(size=(4, 2, 3))
    poses[2, 1] = np.nan
    trial = Trial(
        "t", Points3D(np.ones((4, 1, 3)), ("a",), 50.0), segments=Segments(("pelvis", "thorax"), poses, 50.0),
        analog=Analog(rng.normal(size=(8, 2)), ("Fz", "Fz"), ("N", "V"), 100.0),
        force_plates=(ForcePlate(2, rng.normal(size=(4, 3)), np.zeros(3), (0, 1)),),
        model_outputs=(ModelOutputs("angles", ("LHip", "RHip"), rng.normal(size=(4, 2, 3)), "deg"),),
    )
    tables = {file.stem: pd.read_parquet(file) for file in export_parquet(trial, tmp_path / "tables")}
    assert not parquet_differences(trial, tmp_path / "tables")
    thorax = tables["segments"][tables["segments"]["segment"] == "thorax"]
    assert thorax["qw"].isna().tolist() == [False, False, True, False]
    back = Rotation.from_quat(thorax[["qx", "qy", "qz", "qw"]].to_numpy()[[0, 1, 3]]).as_matrix()
    np.testing.assert_allclose(back, poses[[0, 1, 3], 1, :3, :3], atol=1e-14)
    second = tables["analog"][tables["analog"]["number"] == 2]
    np.testing.assert_array_equal(second["value"], trial.analog.values[:, 1])
    assert set(second["unit"]) == {"V"} and tables["force_plates"]["channels"].tolist() == ["1 2"] * 4
    right = tables["model_outputs"][tables["model_outputs"]["label"] == "RHip"]
    np.testing.assert_array_equal(right[["x", "y", "z"]], trial.model_outputs[0].values[:, 1])


def test_the_schema_tells_units_and_meanings(tmp_path):
    trial = _trial()
    files = export_parquet(trial, tmp_path / "a.parquet")
    assert [file.name for file in files][:3] == ["a.parquet", "a_points_smoothed.parquet", "a_angles.parquet"]
    schema = pq.read_schema(files[2])
    assert schema.field("value").metadata[b"unit"] == b"deg"
    told = json.loads(pq.read_metadata(files[2]).metadata[b"mocap"])
    assert (told["format"], told["table"], told["trial"]["trial_id"]) == ("mocap-parquet", "angles", trial.trial_id)
    assert [one["name"] for one in told["angles"]] == list(trial.angles.names)
    assert pq.read_schema(files[0]).field("x").metadata[b"unit"] == b"m"
    assert files[0].read_bytes() == export_parquet(trial, tmp_path / "b.parquet")[0].read_bytes()


def test_a_flipped_byte_a_missing_file_and_another_trial_are_found(tmp_path):
    trial = _trial()
    files = export_parquet(trial, tmp_path / "a.parquet")
    whole = files[0].read_bytes()
    # The footer has no checksum: what is flipped there is found where it changes a name, a unit or a value.
    for place in np.random.default_rng(2).integers(4, len(whole) * 9 // 10, 25):
        files[0].write_bytes(whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1 :])
        assert parquet_differences(trial, tmp_path / "a.parquet"), place
    files[0].write_bytes(whole[:-100])
    assert "is not read" in str(parquet_differences(trial, tmp_path / "a.parquet")[0])
    files[0].write_bytes(whole)
    files[2].unlink()
    assert "a_angles.parquet" in str(parquet_differences(trial, tmp_path / "a.parquet")[0])
    moved = replace(trial, points=replace(trial.points, position=trial.points.position + 1e-12))
    export_parquet(moved, tmp_path / "a.parquet")
    assert "a.parquet, x: differs by up to" in str(parquet_differences(trial, tmp_path / "a.parquet")[0])


def test_the_command_verifies_and_writes_over_its_own_files_alone(tmp_path):
    write_trial(tmp_path / "t.h5", _trial())
    for out in ("a.parquet", "tables"):
        for _ in range(2):
            assert export_to_file(tmp_path / "t.h5", "parquet", tmp_path / out, verify=True).verified
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(ValueError, match="OUTPUT_OTHER"):
        export_to_file(tmp_path / "t.h5", "parquet", tmp_path / "a.parquet")


def test_a_trial_with_nothing_over_time_is_refused(tmp_path):
    with pytest.raises(ExportError, match="EXPORT_EMPTY"):
        export_parquet(Trial("t", Points3D(np.empty((3, 0, 3)), (), 50.0)), tmp_path / "a.parquet")
    with pytest.raises(ExportError, match="FOLDER_MISSING"):
        export_parquet(_trial(), tmp_path / "none" / "a.parquet")
    assert list(tmp_path.iterdir()) == []
