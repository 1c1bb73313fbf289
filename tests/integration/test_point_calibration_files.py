"""Keypoint files of a wand and of a walking person become calibration files; what is refused leaves the old one."""

from pathlib import Path

import numpy as np
import pytest

from calibration import CameraRig, read_rig, write_rig
from calibration.boards.wand import Wand
from calibration.synthetic import ring_rig
from calibration.synthetic.wands import observe_wand
from mocap.errors import MocapError
from mocap.export.keypoints import write_keypoint_table
from mocap.pipeline.keypoint_input import KeypointInput
from mocap.pipeline.point_calibration import (
    calibrate_person_files,
    calibrate_wand_files,
    foot_places,
)
from mocap.pipeline.point_lengths import parse_lengths
from mocap.pipeline.point_tracks import partner_places
from mocap.pipeline.review_calibration import read_calibration_view
from mocap.synthetic import default_subject, faced, observe, walking
from mocap.trial import Keypoints2D, Points3D

RIG = ring_rig(4, seed=1)
SIZES = {camera.name: camera.size for camera in RIG}
HOW = KeypointInput(rate_hz=30.0)
NAMES = ("RHip", "LHip", "RKnee", "LKnee", "RAnkle", "LAnkle", "RHeel", "LHeel", "RBigToe", "LBigToe", "Neck")
PLACES = ("RHJC", "LHJC", "RKJC", "LKJC", "RAJC", "LAJC", "RHEEL", "LHEEL", "RHALLUX", "LHALLUX", "C7")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("points")
    write_rig(path / "lenses.toml", RIG)
    (path / "wand.toml").write_text('type = "wand"\nmarkers = [0, 0.2, 0.5]\nlength_sd = 0.0003\nlabelled = false\n')
    tracks = observe_wand(RIG, Wand(np.array([0.0, 0.2, 0.5]), 0.0003), 120, 1.0, seed=0, swapped=0.5)
    seen = np.isfinite(tracks.pixels[..., 0]).astype(float)
    markers = Keypoints2D(tracks.pixels, seen, ("a", "b", "c"), 30.0)
    write_keypoint_table(path / "wand.csv", markers, RIG.names)
    write_keypoint_table(path / "person.csv", observe(_walk(), RIG, 0, pixel_sigma=4.0, swap_fraction=0.1).keypoints,
                         RIG.names)  # fmt: skip
    return path


def _walk() -> Points3D:
    parts = []
    for lap in range(4):
        trial = faced(walking(default_subject(), 2.0, 30.0), lap * np.pi / 4, (0.2 * lap - 0.3, 0.1, 0.0))
        place = {name: trial.points.position[:, i] for i, name in enumerate(trial.points.names)} | trial.joint_centres
        parts.append(np.stack([place[name] for name in PLACES], axis=1))
    return Points3D(np.concatenate(parts), NAMES, 30.0)


def _centre_distances(rig: CameraRig) -> np.ndarray:
    centres = np.stack([camera.centre_world for camera in rig])
    return np.linalg.norm(centres[:, None] - centres[None], axis=2)


def test_a_wand_with_known_lenses_writes_a_calibration(folder) -> None:
    out = folder / "wand_calibration.toml"
    outcome = calibrate_wand_files(folder / "wand.csv", folder / "wand.toml", HOW, out, lenses=folder / "lenses.toml")
    rig = read_rig(out)
    assert np.abs(_centre_distances(rig) - _centre_distances(RIG)).max() < 0.015  # 0.005 of 3.6 to 7 m
    assert rig.covariance is not None and rig.metadata["method"] == "wand" and not rig.gravity_known
    assert outcome.scale_sd < 0.003
    view = read_calibration_view(out)
    assert view.volume is not None and view.volume.share_measured > 0.5 and view.verdict
    assert view.notes == ("There are no boards: this was calibrated with a wand.",)
    assert all(row.n_views and row.rms_px < 3 and row.counts is not None for row in view.cameras)


def test_a_wand_without_lenses_needs_the_sizes_of_the_images(folder) -> None:
    outcome = calibrate_wand_files(folder / "wand.csv", folder / "wand.toml", HOW, image_sizes=SIZES)
    assert np.abs(_centre_distances(outcome.rig) - _centre_distances(RIG)).max() < 0.1  # 0.03
    with pytest.raises(MocapError, match="LENS_UNKNOWN"):
        calibrate_wand_files(folder / "wand.csv", folder / "wand.toml", HOW)


def test_a_walking_person_gives_a_rig_that_stands_on_the_floor(folder) -> None:
    out = folder / "person_calibration.toml"
    calibrate_person_files(
        folder / "person.csv", ["RHip-RKnee=0.42875+-0.005"], HOW, out, lenses=folder / "lenses.toml", world="feet",
        max_frames=100,
    )  # fmt: skip
    rig = read_rig(out)
    assert rig.metadata["gravity"] == "feet on floor" and "level" in str(rig.metadata["world_notes"])
    up = np.stack([c.cam_from_world[:3, :3].T @ true.cam_from_world[:3, 2] for c, true in zip(rig, RIG, strict=True)])
    tilt_deg = np.rad2deg(np.arccos(np.clip(up[:, 2], -1, 1)))
    assert tilt_deg.max() < 1.0  # 0.2
    assert tilt_deg.max() < 3 * float(rig.metadata["world_gravity_sd_deg"])  # 0.3 deg
    height = [c.centre_world[2] - true.centre_world[2] for c, true in zip(rig, RIG, strict=True)]
    assert np.abs(height).max() < 0.12  # 0.05: keypoints of heel and toe lie above the sole, and the scale's 1.2 %


def test_what_is_refused_leaves_the_old_file(folder) -> None:
    out = folder / "old.toml"
    write_rig(out, RIG)
    before = out.read_bytes()
    with pytest.raises(MocapError, match="SCALE_UNKNOWN"):
        calibrate_person_files(folder / "person.csv", [], HOW, out, lenses=folder / "lenses.toml")
    with pytest.raises(MocapError, match="RATE_MISSING"):
        calibrate_person_files(
            folder / "person.csv", ["RHip-RKnee=0.43+-0.005"], KeypointInput(), out, lenses=folder / "lenses.toml",
            world="feet",
        )  # fmt: skip
    with pytest.raises(MocapError, match="MARKERS_UNKNOWN"):
        calibrate_wand_files(folder / "person.csv", folder / "wand.toml", HOW, out, lenses=folder / "lenses.toml")
    assert out.read_bytes() == before


@pytest.mark.parametrize("text", ["RHip-RKnee=0.42+-0.005", " RHip-RKnee = 0.42 ± 0.005 m", "RHip-RKnee=0.42+/-0.005m"])
def test_known_lengths_are_read(text) -> None:
    (known,), tapes = parse_lengths([text], NAMES, ("cam_0", "cam_1"))
    assert not tapes
    assert (known.one, known.other, known.length_m, known.sd_m) == (0, 2, 0.42, 0.005)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("RHip-RKnee=0.42", "LENGTH_FORMAT"),
        ("RHip-RKnee", "LENGTH_FORMAT"),
        ("RHip-RKnee=4.2.1+-0.1", "LENGTH_FORMAT"),
        ("RHip-Knee=0.42+-0.005", "KEYPOINT_UNKNOWN"),
        ("RHip-RHip=0.42+-0.005", "KEYPOINT_UNKNOWN"),
        ("RHip-RKnee=420+-5", "LENGTH_UNITS"),
        ("RHip-RKnee=0.42+-0.5", "LENGTH_UNITS"),
        ("cam_0-cam_1=4200+-10", "LENGTH_UNITS"),
    ],
)
def test_lengths_that_say_nothing_are_refused(text, code) -> None:
    with pytest.raises(MocapError) as caught:
        parse_lengths([text], NAMES, ("cam_0", "cam_1"))
    assert caught.value.code == code


def test_a_length_between_cameras_is_a_tape_and_none_is_given_twice() -> None:
    known, (tape,) = parse_lengths(["RHip-RKnee=0.42+-0.005", "cam_0-cam_1=4.2+-0.01"], NAMES, ("cam_0", "cam_1"))
    assert len(known) == 1 and (tape.cameras, tape.length_m, tape.sd_m) == (("cam_0", "cam_1"), 4.2, 0.01)
    for pair in (["RHip-RKnee=0.42+-0.005", "RKnee-RHip=0.43+-0.005"], ["a-b=4+-0.01", "b-a=4+-0.01"]):
        with pytest.raises(MocapError, match="LENGTH_DOUBLED"):
            parse_lengths(pair, NAMES, ("a", "b"))


def test_a_keypoint_that_is_misspelt_is_told_with_the_nearest() -> None:
    with pytest.raises(MocapError) as caught:
        parse_lengths(["RHip-RKne=0.42+-0.005"], NAMES, ("cam_0", "cam_1"))
    assert "there is no RKne" in caught.value.cause and "Did you mean RKnee?" in caught.value.remedy


def test_sides_are_found_by_name() -> None:
    names = ("nose", "left_hip", "right_hip", "knee_l", "knee_r", "LHeel", "RHeel", "L4")
    assert partner_places(names).tolist() == [0, 2, 1, 4, 3, 6, 5, 7]
    assert foot_places(("RHeel", "RBigToe", "RSmallToe", "Neck")) == ([0, 1, 2], ["heel", "toe", "small toe"])
    with pytest.raises(MocapError, match="FEET_MISSING"):
        foot_places(("RHip", "RHeel"))
