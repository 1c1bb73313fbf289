"""From keypoint files with a planted fault to the trial file: the fault is told, and set right where it may be."""

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from calibration.files import write_rig
from calibration.synthetic import ring_rig
from mocap.cli import app
from mocap.export.keypoints import write_keypoint_table
from mocap.pipeline.trial_smoothing import smooth_trial
from mocap.reconstruction import reconstruct_details
from mocap.schema import Status
from mocap.storage import read_trial
from mocap.synthetic import default_subject, observe, squat
from mocap.trial import Points3D, Trial

N_KEYPOINTS = 30


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    rig = ring_rig(4, radius_m=4.0, size=(1920, 1080))
    write_rig(folder / "c.toml", replace(rig, metadata={**rig.metadata, "gravity": "Z up, by construction"}))
    trial = squat(default_subject(), repetitions=1).points
    points = Points3D(trial.position[:, :N_KEYPOINTS], trial.names[:N_KEYPOINTS], trial.rate_hz)
    return folder, rig, points


def reconstructed(lab, keypoints, *options):
    folder, rig, _ = lab
    write_keypoint_table(folder / "k.parquet", keypoints, rig.names)
    out = CliRunner().invoke(
        app, ["reconstruct", "--calibration", str(folder / "c.toml"), "--keypoints", str(folder / "k.parquet"),
              "--rate", "100", "--out", str(folder / "t.h5"), "--json", *options]
    )  # fmt: skip
    assert out.exit_code == 0, out.output
    return json.loads(out.stdout), read_trial(folder / "t.h5")


def look(told):
    return [verdict["name"] for verdict in told["quality"] if not verdict["passed"]]


def error_mm(points, truth):
    return 1e3 * np.linalg.norm(points.position - truth.position, axis=2)


def test_a_sound_recording_shows_no_fault(lab):
    _, rig, truth = lab
    told, trial = reconstructed(lab, observe(truth, rig, 0, dropout=0.05).keypoints, "--smooth")
    assert look(told) == []
    raw, smooth = error_mm(trial.points, truth), error_mm(trial.points_smoothed, truth)
    assert np.nanquantile(smooth, 0.95) < 0.6 * np.nanquantile(raw, 0.95)  # measured 0.45
    assert ((trial.points_smoothed.status & Status.FILTERED) > 0).mean() > 0.99
    assert (trial.points.status & Status.FILTERED == 0).all()


def test_a_camera_is_left_out_by_naming_the_others(lab):
    _, rig, truth = lab
    keypoints = observe(Points3D(truth.position[:100], truth.names, truth.rate_hz), rig, 0).keypoints
    for chosen in (("cam_0", "cam_1", "cam_3"), ("cam_3=cam_3", "cam_0", "cam_1")):
        _, trial = reconstructed(lab, keypoints, *(word for name in chosen for word in ("--camera", name)))
        assert set(trial.rig.names) == {"cam_0", "cam_1", "cam_3"}
        order = [rig.names.index(name) for name in trial.rig.names]
        assert np.array_equal(trial.keypoints.pixels, keypoints.pixels[order].astype(np.float32), equal_nan=True)


def test_a_camera_out_of_step_is_told_and_set_right(lab):
    _, rig, truth = lab
    late = observe(truth, rig, 1, desync_frames=[0, 0, 4.3, 0]).keypoints
    told, trial = reconstructed(lab, late, "--clocks", "check")
    assert "cam_2 clock" in look(told)
    words = next(verdict["text"] for verdict in told["quality"] if verdict["name"] == "cam_2 clock")
    assert "by -4.2" in words and "--clocks auto" in words
    told, trial = reconstructed(lab, late)
    assert "cam_2 clock" not in look(told)
    assert any("by -4.2" in note for note in told["notes"]) and any("common frames" in note for note in told["notes"])
    assert trial.timeline.offset_s[2] == pytest.approx(0.043, abs=0.0005)
    assert trial.timeline.frame_time_s[2, 100] == pytest.approx(1.0 - 0.043, abs=0.0005)
    assert np.nanmedian(error_mm(trial.points, truth)) < 3.6  # measured 3.0 mm; 2.9 without the fault


def test_sides_exchanged_in_one_view_are_told_and_set_right_when_asked(lab):
    _, rig, truth = lab
    clean = observe(truth, rig, 2).keypoints
    swapped = observe(truth, rig, 2, swap_fraction=0.1, swap_run=40).keypoints
    told, _ = reconstructed(lab, swapped)
    assert any(name.endswith("left and right") for name in look(told))
    told, trial = reconstructed(lab, swapped, "--sides", "correct")
    assert not any(name.endswith("left and right") for name in look(told))
    assert any("look exchanged" in note for note in told["notes"])
    assert np.nanmax(np.abs(trial.keypoints.pixels - clean.pixels)) < 1e-3


def test_a_camera_that_scatters_is_told(lab):
    _, rig, truth = lab
    told, _ = reconstructed(lab, observe(truth, rig, 3, pixel_sigma=[1.0, 1.0, 1.0, 4.0]).keypoints, "--clocks", "off")
    assert any(note.startswith("cam_3 weighs less: its keypoints scatter by") for note in told["notes"])
    assert "clocks agree" in look(told)  # nobody asked


@pytest.mark.parametrize(
    ("option", "value", "code"),
    [("--clocks", "guess", "CLOCK_MODE"), ("--sides", "yes", "SIDE_MODE"), ("--smoother", "magic", "SMOOTHER_UNKNOWN")],
)
def test_an_unknown_choice_is_one_line(lab, option, value, code):
    folder, rig, truth = lab
    write_keypoint_table(folder / "k.parquet", observe(truth, rig, 0).keypoints, rig.names)
    out = CliRunner().invoke(
        app, ["reconstruct", "--calibration", str(folder / "c.toml"), "--keypoints", str(folder / "k.parquet"),
              "--rate", "100", "--out", str(folder / "x.h5"), "--smooth", option, value]
    )  # fmt: skip
    assert out.exit_code == 1 and code in str(out.exception) + out.output + str(getattr(out.exception, "code", ""))
    assert not (folder / "x.h5").exists()


def test_samples_of_two_views_that_are_wrong_keep_their_value_and_carry_a_flag(lab):
    _, rig, truth = lab
    seen = observe(truth, rig, 0).keypoints
    pixels = np.array(seen.pixels)
    pixels[2:, 40:200, 5] = np.nan
    # Both views that are left take something half a metre off for the keypoint, for two frames.
    wrong = np.stack([camera.project(truth.position[100:102, 5] + [0.5, 0.0, 0.0]) for camera in rig.cameras[:2]])
    pixels[:2, 100:102, 5] = wrong
    told, trial = reconstructed(lab, replace(seen, pixels=pixels))
    flagged = (trial.points.status & Status.DOUBTFUL) > 0
    assert flagged[100:102, 5].all() and np.isfinite(trial.points.position[100:102, 5]).all()
    assert flagged.sum() <= 4  # the samples beside a leap carry it too
    (verdict,) = [verdict for verdict in told["quality"] if verdict["name"] == "doubtful samples"]
    assert "leaping" in verdict["text"]


@pytest.mark.parametrize("method", ["kalman", "map"])
def test_smoothed_points_keep_the_time_and_the_flags_of_the_raw_ones(lab, method):
    _, rig, points = lab
    keypoints = observe(Points3D(points.position[:100], points.names, 100.0), rig, 0).keypoints
    result = reconstruct_details(keypoints, rig)
    flags = np.zeros_like(result.points.status)
    flags[7, 3] = Status.DOUBTFUL
    raw = replace(result.points, start_s=-2.5, status=result.points.status | flags)
    trial = Trial("squat", raw, rig=rig, keypoints=keypoints)
    smoothed = smooth_trial(trial, result, method=method).points_smoothed
    assert np.array_equal(smoothed.time_s, raw.time_s)
    assert np.array_equal(smoothed.status & Status.DOUBTFUL, flags)
