"""`mocap board`: new boards and cubes, described and printed; what it refuses."""

import json

import numpy as np
import pytest

from calibration.boards.board import Board
from calibration.boards.tag_object import tag_cube
from calibration.boards.targets import read_target
from mocap.config.presets import preset_names, preset_path

CHARUCO = ("--new", "charuco", "--squares", "7x5", "--square", 0.12, "--marker", 0.09, "--dictionary", "DICT_5X5_100")


@pytest.mark.parametrize("ending", [".toml", ".pdf"])
def test_a_new_board_is_described_and_printed(mocap_cli, tmp_path, ending):
    done = mocap_cli("board", *CHARUCO, "--inverted", "--legacy", "--out", tmp_path / f"mine{ending}", "--json")
    assert done.status == 0, done.err
    assert read_target(tmp_path / "mine.toml") == Board("charuco", 7, 5, 0.12, 0.09, "DICT_5X5_100", True, True)
    assert (tmp_path / "mine.pdf").read_bytes().startswith(b"%PDF")
    told = json.loads(done.out)
    assert (told["size_mm"], told["type"], told["corners"]) == ([840.0, 600.0], "charuco", 24)
    assert told["board"].endswith("mine.toml") and told["out"].endswith("mine.pdf")


def test_lengths_that_were_corrected_are_kept(mocap_cli, tmp_path):
    words = ("board", *CHARUCO, "--out", tmp_path / "mine.pdf")
    assert mocap_cli(*words).status == 0
    toml, pdf = tmp_path / "mine.toml", tmp_path / "mine.pdf"
    toml.write_text("# printed in March\n" + toml.read_text())
    commented = toml.read_text()
    pdf.unlink()
    assert mocap_cli(*words).status == 0 and pdf.exists() and toml.read_text() == commented
    toml.write_text(commented.replace("square_length = 0.12", "square_length = 0.1197"))
    corrected, printed = toml.read_bytes(), pdf.read_bytes()
    assert b"0.1197" in corrected
    assert mocap_cli(*words).error_line.startswith("error BOARD_EXISTS: ")
    assert (toml.read_bytes(), pdf.read_bytes()) == (corrected, printed)


def test_only_a_pdf_gives_way_to_a_pdf(mocap_cli, tmp_path):
    (tmp_path / "mine.pdf").write_text("notes")
    for words in (CHARUCO, ("charuco_7x5_a1",)):
        assert "OUTPUT_OTHER" in mocap_cli("board", *words, "--out", tmp_path / "mine.pdf").error_line
    assert [path.name for path in tmp_path.iterdir()] == ["mine.pdf"]


def test_what_is_left_out_is_chosen(mocap_cli, tmp_path):
    for kind in ("aruco_grid", "april_grid"):
        words = ("--new", kind, "--squares", "9x7", "--square", 0.04)
        assert mocap_cli("board", *words, "--out", tmp_path / f"{kind}.toml").status == 0
    assert read_target(tmp_path / "aruco_grid.toml") == Board("aruco_grid", 9, 7, 0.04, 0.03, "DICT_5X5_100")
    assert read_target(tmp_path / "april_grid.toml").dictionary == "DICT_APRILTAG_36h11"


def test_a_new_cube(mocap_cli, tmp_path):
    words = ("--new", "tag_cube", "--squares", "2x2", "--square", 0.25, "--marker", 0.09)
    done = mocap_cli("board", *words, "--out", tmp_path / "cube.toml")
    assert done.status == 0, done.err
    assert read_target(tmp_path / "cube.toml") == tag_cube(0.25, 0.09, tags_per_edge=2)
    assert "250 x 250 x 250 mm" in done.out


def test_a_described_board_is_printed_and_stays(mocap_cli, tmp_path):
    done = mocap_cli("board", "april_grid_6x4_a1", "--out", tmp_path / "grid.pdf")
    assert done.status == 0, done.err
    assert "694 x 454 mm" in done.out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["grid.pdf"]


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (("--out", "b.pdf"), 2, "either a board"),
        (("charuco_7x5_a1", *CHARUCO, "--out", "b.pdf"), 2, "either a board"),
        (("charuco_7x5_a1", "--square", 0.1, "--out", "b.pdf"), 2, "go with --new"),
        (("--new", "charucco", "--squares", "7x5", "--square", 0.1, "--out", "b.pdf"), 1, "no kind of board"),
        (("--new", "charuco", "--squares", "7", "--square", 0.1, "--out", "b.pdf"), 1, "such as --squares 7x5"),
        (("--new", "charuco", "--squares", "7x5", "--out", "b.pdf"), 1, "--square"),
        (("--new", "charuco", "--squares", "7x5", "--square", 120, "--out", "b.pdf"), 1, "looks like millimetres"),
        (("--new", "tag_cube", "--squares", "2x3", "--square", 0.2, "--out", "b.pdf"), 1, "as many tags each way"),
        ((*CHARUCO, "--out", "b.png"), 1, "neither .toml nor .pdf"),
    ],
)
def test_what_is_refused_writes_nothing(mocap_cli, tmp_path, monkeypatch, words, status, message):
    monkeypatch.chdir(tmp_path)
    done = mocap_cli("board", *words)
    assert done.status == status
    assert message in done.err
    assert not list(tmp_path.iterdir())


def test_presets_are_sound():
    assert {"april_grid_6x4_a1", "aruco_grid_5x7_a3"} <= set(preset_names("boards"))
    cube, made = read_target(preset_path("objects", "tag_cube_a3")), tag_cube(0.27, 0.104, tags_per_edge=2, faces=5)
    np.testing.assert_allclose(cube.corners, made.corners, atol=1e-9)
