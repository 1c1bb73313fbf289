"""Corners of plates among the keypoints of a trial: poses told, cluster points beside them, smoothed alike."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from calibration.files import write_rig
from calibration.rigid import apply, from_rotvec
from calibration.synthetic import ring_rig
from mocap.cli import app
from mocap.config.plates import folded_plate, plates_text, read_plates
from mocap.errors import ReconstructionError
from mocap.export.keypoints import write_keypoint_table
from mocap.pipeline.plate_calibration import _require_step
from mocap.pipeline.trial_plates import fit_plates
from mocap.storage import read_trial
from mocap.trial import Keypoints2D

N_FRAMES = 120


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A folded plate that turns and travels before four cameras; all corners seen by all, 0.1 px noise."""
    folder = tmp_path_factory.mktemp("plates")
    rig = ring_rig(4)
    write_rig(folder / "c.toml", rig)
    (plate,) = read_plates("sacrum_60").plate
    phase = np.linspace(0, 2 * np.pi, N_FRAMES)
    turn = np.stack([0.3 * np.sin(phase), 0.4 * np.cos(phase), 0.2 * phase], axis=1)
    place = np.stack([0.2 * np.cos(phase), 0.2 * np.sin(phase), 1.0 + 0.1 * np.sin(2 * phase)], axis=1)
    world_from_plate = from_rotvec(turn, place)
    corners = apply(world_from_plate[:, None], plate.corners_plate.reshape(1, -1, 3))
    pixels = rig.project(corners) + np.random.default_rng(0).normal(0, 0.1, (4, N_FRAMES, corners.shape[1], 2))
    keypoints = Keypoints2D(pixels, np.full(pixels.shape[:3], 0.8), plate.keypoint_names, 100.0)
    write_keypoint_table(folder / "k.parquet", keypoints, rig.names)
    return folder, world_from_plate


def reconstructed(folder, *options):
    out = CliRunner().invoke(
        app, ["reconstruct", "--calibration", str(folder / "c.toml"), "--keypoints", str(folder / "k.parquet"),
              "--rate", "100", "--z-up", "--out", str(folder / "t.h5"), "--json", *options]
    )  # fmt: skip
    return out


def test_plates_become_points_of_their_segment(lab):
    folder, world_from_plate = lab
    out = reconstructed(folder, "--plates", "sacrum_60", "--smooth")
    assert out.exit_code == 0, out.output
    told, trial = json.loads(out.stdout), read_trial(folder / "t.h5")
    (verdict,) = [one for one in told["quality"] if one["name"].startswith("plate ")]
    assert verdict["passed"] and verdict["measured"] == 100.0 and "rotation known to" in verdict["text"]
    for points in (trial.points, trial.points_smoothed):
        assert points.names[-4:] == ("SAC1", "SAC2", "SAC3", "SAC4")
        cluster = points.position[:, -4:]
        back = apply(np.linalg.inv(world_from_plate)[:, None], cluster)
        assert np.abs(back - back.mean(axis=0)).max() < 0.002  # measured 0.6 mm: the points stay on the plate
        assert np.isfinite(points.covariance[:, -4:]).all()


def test_a_plate_that_is_not_as_described_and_cameras_out_of_step_are_refused():
    rig, (plate,) = ring_rig(4), read_plates("sacrum_60").plate
    phase = np.linspace(0, 4, 50)
    turn = np.stack([0.3 * np.sin(phase), 0.4 * np.cos(phase), 0.2 * phase], axis=1)
    place = np.stack([0.2 * np.cos(3 * phase), 0.2 * np.sin(3 * phase), 1.0 + 0.1 * np.sin(6 * phase)], axis=1)
    corners = apply(from_rotvec(turn, place)[:, None], plate.corners_plate.reshape(1, -1, 3))
    pixels = rig.project(corners) + np.random.default_rng(0).normal(0, 0.05, (4, 50, 8, 2))
    seen = Keypoints2D(pixels, np.full(pixels.shape[:3], 0.98), plate.keypoint_names, 25.0)
    (good,) = fit_plates(seen, rig, (plate,)).verdicts
    (bad,) = fit_plates(seen, rig, (folded_plate("sacrum", "pelvis", 0, 0.06, 45.0),)).verdicts
    assert good.passed and not bad.passed and bad.measured == 100.0
    assert "folded by 30.0" in bad.text and "plate-calibrate" in bad.text
    _require_step(rig, seen)
    pixels[3] = np.roll(pixels[3], 4, axis=0)
    late = Keypoints2D(pixels[:, 4:], seen.confidence[:, 4:], seen.names, 25.0)
    with pytest.raises(ReconstructionError, match="Shifting camera 'cam_3' by -4") as caught:
        _require_step(rig, late)
    assert caught.value.code == "PLATE_STEP"


def test_corners_without_their_plates_are_told(lab):
    out = reconstructed(lab[0])
    assert out.exit_code == 0, out.output
    assert any("name the plates to have their poses" in note for note in json.loads(out.stdout)["notes"])


def test_another_plate_is_one_line(lab, tmp_path):
    (tmp_path / "other.toml").write_text(plates_text([folded_plate("bar", "bar", 40, 0.05)]))
    out = reconstructed(lab[0], "--plates", str(tmp_path / "other.toml"))
    assert out.exit_code == 1 and out.exception.code == "PLATE_UNKNOWN"
    assert "bar" in str(out.exception) and "sacrum" in str(out.exception)
