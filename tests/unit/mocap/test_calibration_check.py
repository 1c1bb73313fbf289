"""The check of a calibration file: what is printed, its status, and the file of a camera placed anew."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import calibration
from calibration.boards.board import Board
from calibration.camera import CameraRig
from calibration.errors import CalibrationError
from calibration.files import write_rig
from calibration.in_use.reestimate import reestimate
from calibration.observations import BoardObservations
from calibration.rigid import from_rotvec, inverse, rotvec
from calibration.sources import CameraSource
from calibration.synthetic.corners import observe_board
from calibration.synthetic.footage import board_poses
from calibration.synthetic.rigs import ring_rig
from mocap.errors import ConfigError
from mocap.export.keypoints import write_keypoint_table
from mocap.pipeline import calibration_check
from mocap.pipeline.calibration_check import CheckOptions, check_calibration
from mocap.pipeline.keypoint_input import KeypointInput
from mocap.synthetic import default_subject, observe, walking

BOARD = Board("charuco", 7, 6, 0.1, 0.07, "DICT_4X4_50")
OPTIONS = CheckOptions(keypoints=KeypointInput(rate_hz=100.0))


def silent(label: str, done: int, total: int | None) -> None:
    """No progress."""


def bumped(rig: CameraRig, which: int, degrees: float = 1.0) -> CameraRig:
    own = rig.cameras[which]
    turn = from_rotvec(np.deg2rad(degrees) * np.array([0.6, 0.8, 0.0]), np.zeros(3))
    moved = replace(own, cam_from_world=turn @ own.cam_from_world)
    return CameraRig(tuple(moved if index == which else camera for index, camera in enumerate(rig)))


@pytest.fixture
def rig(tmp_path: Path) -> CameraRig:
    made = ring_rig(4, 5)
    write_rig(tmp_path / "calibration.toml", made)
    return made


def filmed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, observations: BoardObservations) -> Path:
    """A folder of footage in which the board has been detected already."""
    folder = tmp_path / "footage"
    folder.mkdir(exist_ok=True)
    sources = tuple(CameraSource(name, folder / f"{name}.mp4", "video") for name in observations.camera_names)
    monkeypatch.setattr(calibration_check, "find_sources", lambda path: (sources, ()))
    monkeypatch.setattr(calibration_check, "detect_board", lambda *given, **named: observations)
    monkeypatch.setattr(calibration_check, "target_from", lambda path: BOARD)
    return folder


def board_seen(rig: CameraRig, seed: int = 5) -> BoardObservations:
    return observe_board(rig, BOARD, board_poses(BOARD, 60, seed), 0.3, seed)


def check_board(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, seen: BoardObservations, **more: object):
    folder = filmed(monkeypatch, tmp_path, seen)
    return check_calibration(tmp_path / "calibration.toml", folder, Path("b.toml"), silent, OPTIONS, **more)  # type: ignore[arg-type]


def test_a_sound_calibration_passes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rig: CameraRig) -> None:
    outcome = check_board(monkeypatch, tmp_path, board_seen(rig))
    assert outcome.status == 0 and outcome.diagnoses == ()
    assert [row["verdict"] for row in outcome.rows] == ["good"] * 4
    assert [row["camera"] for row in outcome.rows] == list(rig.names)
    assert abs(outcome.rows[0]["residual_px"] - 0.3) < 0.1


def test_a_bumped_camera_is_named_and_placed_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rig: CameraRig
) -> None:
    before = (tmp_path / "calibration.toml").read_bytes()
    now, out = bumped(rig, 2), tmp_path / "new.toml"
    outcome = check_board(monkeypatch, tmp_path, board_seen(now), repair="cam_2", out=out)
    assert outcome.status == 1 and outcome.diagnoses[0].code == "CAMERA_MOVED"
    assert outcome.diagnoses[0].cameras == ("cam_2",)
    assert any(line.startswith("CAMERA_MOVED: Camera 'cam_2' moved") for line in outcome.lines)
    assert "the old calibration is kept" in outcome.lines[-1]
    assert (tmp_path / "calibration.toml").read_bytes() == before
    off = calibration.read_rig(out).cameras[2].cam_from_world @ inverse(now.cameras[2].cam_from_world)
    assert np.rad2deg(np.linalg.norm(rotvec(off))) < 0.03  # measured 0.007
    # And what was repaired is sound.
    again = check_calibration(out, tmp_path / "footage", Path("b.toml"), silent, OPTIONS)
    assert again.status == 0


def test_a_person_finds_the_bumped_camera(tmp_path: Path, rig: CameraRig) -> None:
    points = walking(default_subject(seed=1)).points
    keypoints = observe(points, bumped(rig, 1), 1, pixel_sigma=2.0).keypoints
    write_keypoint_table(tmp_path / "k.parquet", keypoints, rig.names)
    outcome = check_calibration(tmp_path / "calibration.toml", tmp_path / "k.parquet", None, silent, OPTIONS)
    assert [(one.code, one.cameras) for one in outcome.diagnoses] == [("CAMERA_MOVED", ("cam_1",))]
    assert outcome.status == 1


def test_footage_of_another_size_is_named_with_its_factor(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rig: CameraRig
) -> None:
    seen = board_seen(rig)
    larger = BoardObservations(BOARD, seen.camera_names, seen.image_sizes * 2, (seen.pixels + 0.5) * 2 - 0.5,
                               seen.frame_ids)  # fmt: skip
    outcome = check_board(monkeypatch, tmp_path, larger)
    assert [one.code for one in outcome.diagnoses] == ["IMAGE_SIZE"]
    assert "scaled by 2" in outcome.diagnoses[0].cause and "mocap convert" in outcome.diagnoses[0].remedy


def test_cropped_footage_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rig: CameraRig) -> None:
    seen = board_seen(rig)
    sizes = seen.image_sizes.copy()
    sizes[1] = 1272, 720
    cropped = BoardObservations(BOARD, seen.camera_names, sizes, seen.pixels, seen.frame_ids)
    outcome = check_board(monkeypatch, tmp_path, cropped)
    assert outcome.diagnoses[0].code == "IMAGE_SIZE" and outcome.diagnoses[0].cameras == ("cam_1",)
    assert "cam_1 is calibrated at 1280 x 720 px, its footage is 1272 x 720 px" in outcome.diagnoses[0].cause
    assert "cropped" in outcome.diagnoses[0].remedy and outcome.status == 1


def test_the_age_is_told_from_five_hours_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rig: CameraRig) -> None:
    made = (tmp_path / "calibration.toml").stat().st_mtime
    folder = filmed(monkeypatch, tmp_path, board_seen(rig))
    told = {}
    for hours in (1, 6, 13):
        options = replace(OPTIONS, now_s=made + 3600 * hours)
        outcome = check_calibration(tmp_path / "calibration.toml", folder, Path("b.toml"), silent, options)
        assert outcome.status == 0 and outcome.age_h == pytest.approx(hours)
        told[hours] = [line for line in outcome.lines if "h old" in line]
    assert told[1][0].endswith("it tells no date of its own).")
    assert "check it before recording (from 5 h)" in told[6][0] and "calibrate again (advised from 12 h)" in told[13][0]


def test_the_calibration_itself_may_say_when_it_was_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rig: CameraRig
) -> None:
    write_rig(tmp_path / "calibration.toml", CameraRig(rig.cameras, {"created_utc": "2026-01-02T03:04:05Z"}))
    os.utime(tmp_path / "calibration.toml", (0, 0))
    folder = filmed(monkeypatch, tmp_path, board_seen(rig))
    options = replace(OPTIONS, now_s=1767323045.0 + 7200)
    outcome = check_calibration(tmp_path / "calibration.toml", folder, Path("b.toml"), silent, options)
    assert outcome.age_h == pytest.approx(2.0)


def test_the_checked_calibration_is_never_written_over(tmp_path: Path, rig: CameraRig) -> None:
    path = tmp_path / "calibration.toml"
    for out in (None, path):
        with pytest.raises(ConfigError, match="REPAIR_OUTPUT"):
            check_calibration(path, tmp_path, Path("b.toml"), silent, OPTIONS, repair="cam_0", out=out)


def test_an_existing_file_is_not_taken_for_the_repaired_calibration(tmp_path: Path, rig: CameraRig) -> None:
    other = tmp_path / "other.toml"
    write_rig(other, rig)
    before = other.read_bytes()
    with pytest.raises(ConfigError, match=r"REPAIR_OUTPUT: .*other\.toml exists"):
        check_calibration(tmp_path / "calibration.toml", tmp_path, Path("b.toml"), silent, OPTIONS, "cam_0", other)
    assert other.read_bytes() == before


def test_a_place_that_fits_worse_is_not_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rig: CameraRig
) -> None:
    worse = replace(reestimate(rig, "cam_1", board_seen(rig)), rig=bumped(rig, 1))
    monkeypatch.setattr(calibration_check, "reestimate", lambda *given: worse)
    with pytest.raises(CalibrationError, match="REPAIR_NO_BETTER: Placed anew, camera 'cam_1' misses"):
        check_board(monkeypatch, tmp_path, board_seen(rig), repair="cam_1", out=tmp_path / "new.toml")
    assert not (tmp_path / "new.toml").exists()


def test_what_is_not_checked_is_said_and_not_lost(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rig: CameraRig
) -> None:
    """Footage of three of four cameras, and of one that the calibration does not know."""
    now, out = bumped(rig, 0), tmp_path / "new.toml"
    seen = board_seen(now)
    folder = filmed(monkeypatch, tmp_path, seen.subset_cameras(rig.names[:3]))
    sources = tuple(CameraSource(name, folder, "video") for name in (*rig.names[:3], "left"))
    monkeypatch.setattr(calibration_check, "find_sources", lambda path: (sources, ()))
    outcome = check_calibration(
        tmp_path / "calibration.toml", folder, Path("b.toml"), silent, OPTIONS, "cam_0", out
    )
    assert outcome.notes == (
        "cam_3 is not checked: there is no footage of it.", "left is not checked: the calibration does not know it."
    )  # fmt: skip
    assert all(note in outcome.lines for note in outcome.notes)
    written = calibration.read_rig(out)
    assert written.names == rig.names
    off = written.cameras[0].cam_from_world @ inverse(now.cameras[0].cam_from_world)
    assert np.rad2deg(np.linalg.norm(rotvec(off))) < 0.05


@pytest.mark.parametrize(
    ("date", "told"),
    [("yesterday", "its own date 'yesterday' cannot be read"), ("2199-01-01T00:00:00Z", "h in the future"),
     ("", "it tells no date of its own")],
)  # fmt: skip
def test_a_date_that_tells_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rig: CameraRig, date: str, told: str
) -> None:
    write_rig(tmp_path / "calibration.toml", CameraRig(rig.cameras, {"created_utc": date} if date else {}))
    assert told in check_board(monkeypatch, tmp_path, board_seen(rig)).lines[-1]
