"""What `mocap` refuses to write, before any work: over what it reads, over what is not its own, or to nowhere."""

from collections.abc import Callable
from pathlib import Path

import pytest

from calibration import write_rig
from calibration.boards.board import Board, write_board
from calibration.synthetic import ring_rig
from mocap.errors import MocapError
from mocap.pipeline.outputs import (
    calibration_outputs,
    check_calibration_outputs,
    check_output,
    report_paths,
    tried_path,
)

BOARD = ("--board", "board.toml")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Everything that a calibration reads, and files that it has no business with."""
    (tmp_path / "footage" / "cam_1").mkdir(parents=True)
    for name in ("footage/cam_0.avi", "footage/cam_1/0001.png", "thesis.docx"):
        (tmp_path / name).write_bytes(b"RIFF\0\0")
    for name in ("footage/marks.csv", "walk.csv", "notes.txt", "times.csv", "odd.html"):
        (tmp_path / name).write_text("camera,frame\n")
    write_board(tmp_path / "board.toml", Board("charuco", 7, 5, 0.1, 0.07, "DICT_4X4_50"))
    (tmp_path / "wand.toml").write_text('type = "wand"\nmarkers = [0, 0.2, 0.5]\n')
    write_rig(tmp_path / "old.toml", ring_rig(2, 1))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "out", "code"),
    [
        (BOARD, "x.html", "CALIBRATION_OUTPUT"),
        (BOARD, "x.json", "CALIBRATION_OUTPUT"),
        (BOARD, "footage/cam_0.avi", "OUTPUT_IS_INPUT"),
        (BOARD, "footage/cam_1/0001.png", "OUTPUT_IS_INPUT"),
        (BOARD, "board.toml", "OUTPUT_IS_INPUT"),
        ((*BOARD, "--world", "points:marks.csv"), "footage/marks.csv", "OUTPUT_IS_INPUT"),
        ((*BOARD, "--frame-times", "times.csv"), "times.csv", "OUTPUT_IS_INPUT"),
        (BOARD, "notes.txt", "OUTPUT_OTHER"),
        (BOARD, "thesis.docx", "OUTPUT_OTHER"),
        (BOARD, "odd.toml", "OUTPUT_OTHER"),  # its page
        (BOARD, "nowhere/x.toml", "OUTPUT_FOLDER"),
        (BOARD, "/proc/x.toml", "OUTPUT_FOLDER"),
        (BOARD, "footage", "OUTPUT_IS_FOLDER"),
    ],
)
def test_footage_and_what_is_no_calibration_is_kept(folder: Path, mocap_cli: Callable, words, out, code) -> None:
    before = Path(out).read_bytes() if Path(out).is_file() else None
    done = mocap_cli("calibrate", "footage", *words, "--out", out)
    assert done.status == 1 and done.error_line.startswith(f"error {code}: "), done.err
    assert before is None or Path(out).read_bytes() == before


@pytest.mark.parametrize("out", ["walk.csv", "old.toml", "wand.toml", "x.json"])
def test_keypoints_wand_and_lenses_are_kept(folder: Path, mocap_cli: Callable, out: str) -> None:
    before = Path(out).read_bytes() if Path(out).is_file() else None
    for words in (("--wand", "wand.toml"), ("--person", "--length", "RHip-RKnee=0.42+-0.01")):
        if out == "wand.toml" and "--wand" not in words:
            continue
        done = mocap_cli("calibrate", "walk.csv", *words, "--lenses", "old.toml", "--out", out)
        assert done.error_line.split()[1] == ("CALIBRATION_OUTPUT:" if out == "x.json" else "OUTPUT_IS_INPUT:")
        assert before is None or Path(out).read_bytes() == before


@pytest.mark.parametrize(("out", "code"), [("walk.csv", "INPUT"), ("old.toml", "INPUT"), ("notes.txt", "OTHER")])
def test_a_trial_is_not_written_over_keypoints(folder: Path, mocap_cli: Callable, out: str, code: str) -> None:
    before = Path(out).read_bytes()
    words = ("--calibration", "old.toml", "--keypoints", "walk.csv", "--rate", 50, "--out", out)
    assert f"OUTPUT_{'IS_' if code == 'INPUT' else ''}{code}" in mocap_cli("reconstruct", *words).error_line
    assert Path(out).read_bytes() == before


def test_recordings_and_the_standing_trial_are_kept(folder: Path, mocap_cli: Callable) -> None:
    for words in (("import", "walk.c3d"), ("kinematics", "walk.c3d"), ("kinematics", "a.h5", "--static", "walk.c3d")):
        Path("walk.c3d").write_bytes(b"\x02\x50\0")
        assert "OUTPUT_IS_INPUT" in mocap_cli(*words, "--out", "walk.c3d").error_line
        assert Path("walk.c3d").read_bytes() == b"\x02\x50\0"


def test_a_trial_file_has_its_suffix(folder: Path, mocap_cli: Callable) -> None:
    for words in (("kinematics", "a.h5"), ("import", "walk.c3d"),
                  ("reconstruct", "--calibration", "old.toml", "--keypoints", "walk.csv")):  # fmt: skip
        line = mocap_cli(*words, "--out", "x.mot").error_line
        assert "TRIAL_SUFFIX" in line and "x.mot does not end in .h5" in line
        assert not Path("x.mot").exists()


def test_a_session_keeps_the_calibration_that_it_is_given(folder: Path, mocap_cli: Callable) -> None:
    write_rig(folder / "calibration.toml", ring_rig(2, 1))
    before = Path("calibration.toml").read_bytes()
    text = '[session]\nid = "a"\n[calibration]\nfile = "calibration.toml"\n[[trial]]\nname = "x"\nfiles = "walk.csv"\n'
    Path("session.toml").write_text(text)
    assert "OUTPUT_IS_INPUT" in mocap_cli("run", folder, "--out", folder).error_line
    assert Path("calibration.toml").read_bytes() == before


def test_our_own_older_results_give_way(folder: Path) -> None:
    write_rig(folder / "footage" / "calibration.toml", ring_rig(2, 1))
    (folder / "footage" / "calibration.json").write_text('{\n "format": "mocap-calibration-quality",\n')
    (folder / "footage" / "calibration.html").touch()
    check_calibration_outputs(folder / "footage" / "calibration.toml", True, [folder / "footage"])
    assert sorted(path.name for path in (folder / "footage").iterdir() if path.name.startswith(".")) == []


def test_a_link_to_the_footage_is_the_footage(folder: Path) -> None:
    (folder / "link.toml").symlink_to(folder / "footage" / "cam_0.avi")
    with pytest.raises(MocapError) as refused:
        check_calibration_outputs(folder / "link.toml", True, [folder / "footage"])
    assert refused.value.code == "OUTPUT_IS_INPUT"


def test_a_folder_where_nothing_can_be_written_is_found_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(MocapError) as refused:
        check_output(tmp_path / ("x" * 300))
    assert refused.value.code == "OUTPUT_FOLDER" and not list(tmp_path.iterdir())


def test_what_lies_beside_a_calibration_bears_its_whole_name() -> None:
    assert report_paths(Path("a/cal.toml")) == (Path("a/cal.html"), Path("a/cal.json"))
    assert report_paths(Path("a/cal")) == (Path("a/cal.html"), Path("a/cal.json"))
    written = [calibration_outputs(Path(name)) for name in ("cal.1", "cal.2", "cal.toml", "rig.v1.toml")]
    assert len(set().union(*written)) == 4 * 5
    assert tried_path(Path("cal.1")) == Path("cal.1.tried.png")
    assert Path("cal.1.refused.html") in written[0] and Path("rig.v1.refused.json") in written[3]
