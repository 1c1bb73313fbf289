"""Bad input of every kind: one clear line with code, cause and remedy, exit status 1, no half-written output."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer

from calibration.boards.board import Board, write_board
from calibration.files import write_rig
from calibration.synthetic import board_poses, render_calibration_footage, ring_rig
from mocap import cli
from mocap.cli import application
from mocap.export.keypoints import write_keypoint_table
from mocap.synthetic import default_subject, observe, static_standing

BOARD = Board("charuco", 7, 5, 0.11, 0.085, "DICT_5X5_100")


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three cameras, four images each, and the board's description."""
    folder = tmp_path_factory.mktemp("footage")
    rig = ring_rig(3, 5, size=(640, 360))
    render_calibration_footage(rig, BOARD, board_poses(BOARD, 4, 5), folder / "cameras", 5)
    write_board(folder / "board.toml", BOARD)
    return folder


@pytest.fixture
def cameras(footage: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(footage / "cameras", tmp_path / "cameras"))


@pytest.fixture(scope="module")
def keypoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A calibration of three cameras and a table of keypoints that fits it."""
    folder = tmp_path_factory.mktemp("keypoints")
    rig = ring_rig(3, 5)
    write_rig(folder / "calibration.toml", rig)
    points = static_standing(default_subject(seed=1), 0.2).points
    write_keypoint_table(folder / "good.csv", observe(points, rig, 1, pixel_sigma=0.5).keypoints, rig.names)
    return folder


Cli = Callable[..., object]


def refused(mocap_cli: Cli, out: Path, *arguments: object) -> str:
    """Run, expect a refusal that leaves nothing behind but the picture it names, and return its line."""
    before = set(out.parent.iterdir())
    done = mocap_cli(*arguments, "--out", out)
    assert done.status == 1  # type: ignore[attr-defined]
    line: str = done.error_line  # type: ignore[attr-defined]
    picture = out.with_suffix(".tried.png")
    assert set(out.parent.iterdir()) == before | ({picture} if str(picture) in line else set())
    assert "Remedy: " in line
    return line


def calibrate(mocap_cli: Cli, tmp_path: Path, cameras: Path, board: Path) -> str:
    (tmp_path / "out").mkdir()
    return refused(mocap_cli, tmp_path / "out" / "c.toml", "calibrate", cameras, "--board", board)


def test_missing_footage_folder(mocap_cli: Cli, tmp_path: Path, footage: Path) -> None:
    line = calibrate(mocap_cli, tmp_path, tmp_path / "nowhere", footage / "board.toml")
    assert line.startswith("error SOURCE_MISSING")


def test_footage_folder_without_a_camera(mocap_cli: Cli, tmp_path: Path, footage: Path) -> None:
    (tmp_path / "empty").mkdir()
    line = calibrate(mocap_cli, tmp_path, tmp_path / "empty", footage / "board.toml")
    assert line.startswith("error SOURCE_EMPTY")


def test_unreadable_video(mocap_cli: Cli, tmp_path: Path, cameras: Path, footage: Path) -> None:
    (cameras / "cam_9.mp4").write_bytes(b"not a video" * 100)
    line = calibrate(mocap_cli, tmp_path, cameras, footage / "board.toml")
    assert line.startswith("error VIDEO_UNREADABLE")
    assert "cam_9" in line


def test_missing_board_file(mocap_cli: Cli, tmp_path: Path, cameras: Path) -> None:
    line = calibrate(mocap_cli, tmp_path, cameras, tmp_path / "board.toml")
    assert "board.toml" in line


def test_board_never_seen(mocap_cli: Cli, tmp_path: Path, cameras: Path, footage: Path) -> None:
    for image in cameras.rglob("*.jpg"):
        cv2.imwrite(str(image), np.full((360, 640), 128, np.uint8))
    line = calibrate(mocap_cli, tmp_path, cameras, footage / "board.toml")
    assert line.startswith("error BOARD_NOT_SEEN")
    assert "c.tried.png shows what was found in frame" in line


def test_a_picture_replaces_no_other_and_becomes_no_frame(mocap_cli: Cli, tmp_path: Path, cameras: Path) -> None:
    write_board(tmp_path / "other.toml", Board("charuco", 5, 4, 0.11, 0.085, "DICT_5X5_100"))
    (tmp_path / "out").mkdir()
    mine = tmp_path / "out" / "c.tried.png"
    mine.write_bytes(b"my own")
    folder = next(path for path in cameras.iterdir() if path.is_dir())
    for out in (tmp_path / "out" / "c.toml", folder / "c.toml"):
        line = refused(mocap_cli, out, "calibrate", cameras, "--board", tmp_path / "other.toml")
        assert line.startswith("error BOARD_SIZE") and "tried" not in line
    assert mine.read_bytes() == b"my own"


@pytest.mark.parametrize("squares", [(5, 4), *(pytest.param(one, marks=pytest.mark.heavy) for one in ((9, 6), (5, 7)))])
def test_board_with_another_number_of_squares(
    mocap_cli: Cli, tmp_path: Path, cameras: Path, squares: tuple[int, int]
) -> None:
    write_board(tmp_path / "other.toml", Board("charuco", *squares, 0.11, 0.085, "DICT_5X5_100"))
    line = calibrate(mocap_cli, tmp_path, cameras, tmp_path / "other.toml")
    assert line.startswith("error BOARD_SIZE")
    assert cv2.imread(str(tmp_path / "out" / "c.tried.png")).shape[1] == 1280  # 640 px, enlarged


def test_board_of_another_dictionary(mocap_cli: Cli, tmp_path: Path, cameras: Path) -> None:
    for camera in cameras.iterdir():  # every dictionary is looked for in every image
        for image in sorted(camera.glob("*.jpg"))[2:]:
            image.unlink()
    write_board(tmp_path / "other.toml", Board("charuco", 7, 5, 0.11, 0.085, "DICT_4X4_100"))
    line = calibrate(mocap_cli, tmp_path, cameras, tmp_path / "other.toml")
    assert line.startswith("error BOARD_DICTIONARY")
    assert "DICT_5X5" in line


def reconstruct(mocap_cli: Cli, tmp_path: Path, keypoints: Path, table: Path) -> str:
    (tmp_path / "out").mkdir()
    return refused(
        mocap_cli, tmp_path / "out" / "trial.h5",
        "reconstruct", "--calibration", keypoints / "calibration.toml", "--keypoints", table, "--rate", 100,
    )  # fmt: skip


def changed_table(keypoints: Path, target: Path, change: Callable[[str], str | None]) -> Path:
    header, *rows = (keypoints / "good.csv").read_text().splitlines()
    target.write_text("\n".join([header, *(row for row in map(change, rows) if row is not None)]) + "\n")
    return target


def test_keypoints_of_another_number_of_cameras(mocap_cli: Cli, tmp_path: Path, keypoints: Path) -> None:
    table = changed_table(keypoints, tmp_path / "k.csv", lambda row: None if row.startswith("cam_2") else row)
    assert reconstruct(mocap_cli, tmp_path, keypoints, table).startswith("error CAMERA_COUNT")


def test_keypoints_of_an_unknown_camera(mocap_cli: Cli, tmp_path: Path, keypoints: Path) -> None:
    table = changed_table(keypoints, tmp_path / "k.csv", lambda row: row.replace("cam_2", "cam_two"))
    line = reconstruct(mocap_cli, tmp_path, keypoints, table)
    assert "cam_two" in line


def test_a_keypoint_that_is_never_there(mocap_cli: Cli, tmp_path: Path, keypoints: Path) -> None:
    def empty(row: str) -> str:
        camera, frame, name, *_ = row.split(",")
        return f"{camera},{frame},{name},,,0" if name == "RASIS" else row

    line = reconstruct(mocap_cli, tmp_path, keypoints, changed_table(keypoints, tmp_path / "k.csv", empty))
    assert line.startswith("error KEYPOINT_EMPTY")
    assert "RASIS" in line


def test_missing_keypoints(mocap_cli: Cli, tmp_path: Path, keypoints: Path) -> None:
    assert "nowhere.csv" in reconstruct(mocap_cli, tmp_path, keypoints, tmp_path / "nowhere.csv")


def test_truncated_c3d(mocap_cli: Cli, tmp_path: Path, shared_data: Path) -> None:
    whole = (shared_data / "plug_in_gait" / "PiG_Motion3_FF.c3d").read_bytes()
    (tmp_path / "out").mkdir()
    for size in (0, 100, 512, 5000, len(whole) // 2):
        path = tmp_path / f"cut_{size}.c3d"
        path.write_bytes(whole[:size])
        for command in ("import", "kinematics"):
            line = refused(mocap_cli, tmp_path / "out" / "t.h5", command, path)
            assert line.startswith("error C3D_TRUNCATED" if size else "error FILE_EMPTY"), line


@pytest.mark.parametrize(("units", "told"), [("mm", "UNITS"), ("cm", "UNITS"), ("in", "UNITS")])
def test_wrong_units(mocap_cli: Cli, tmp_path: Path, shared_data: Path, units: str, told: str) -> None:
    (tmp_path / "out").mkdir()
    trc = shared_data / "squat_markers" / "squats1.trc"
    line = refused(mocap_cli, tmp_path / "out" / "t.h5", "import", trc, "--units", units)
    assert line.startswith(f"error {told}")


def test_export_of_something_that_is_not_a_trial(mocap_cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "junk.h5").write_bytes(b"junk")
    refused(mocap_cli, tmp_path / "out" / "tables", "export", tmp_path / "junk.h5", "--to", "csv")
    done = mocap_cli("check", tmp_path / "junk.h5")
    assert done.status == 1  # type: ignore[attr-defined]


def test_output_into_a_missing_folder(mocap_cli: Cli, tmp_path: Path, shared_data: Path) -> None:
    trc = shared_data / "squat_markers" / "squats1.trc"
    done = mocap_cli("import", trc, "--up", "y", "--out", tmp_path / "no" / "t.h5")
    assert done.status == 1  # type: ignore[attr-defined]
    assert not (tmp_path / "no").exists()


def test_keypoints_of_images_of_another_size(mocap_cli: Cli, tmp_path: Path, keypoints: Path) -> None:
    def doubled(row: str) -> str:
        camera, frame, name, x, y, confidence = row.split(",")
        grown = (f"{2 * float(v)}" if v else "" for v in (x, y))
        return ",".join([camera, frame, name, *grown, confidence])

    line = reconstruct(mocap_cli, tmp_path, keypoints, changed_table(keypoints, tmp_path / "k.csv", doubled))
    assert line.startswith("error IMAGE_SIZE")
    assert "cam_0 is 1280 x 720 px" in line


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_and_not_waited_for(mocap_cli: Cli, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "trial.h5")
    done = mocap_cli("check", tmp_path / "trial.h5")
    assert done.status == 1  # type: ignore[attr-defined]
    assert done.error_line.startswith("error NOT_A_FILE")  # type: ignore[attr-defined]


def test_stopping_by_the_keyboard_says_what_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(application, "app", typer.Typer())
    application.app.command()(interrupted)
    monkeypatch.setattr("sys.argv", ["mocap", "trial.h5"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == 130
    assert capsys.readouterr().err.startswith("\nStopped. No file is half-written;")
