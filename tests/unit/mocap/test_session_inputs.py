"""What a session reads: a stage is skipped only when no file of it changed, wherever the program runs."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from calibration import write_rig
from calibration.boards.board import Board, write_board
from calibration.synthetic import ring_rig
from mocap.errors import MocapError
from mocap.pipeline import session as stages
from mocap.pipeline.boards import target_from
from mocap.pipeline.calibration import _landmarks
from mocap.pipeline.session import run_session
from mocap.pipeline.session_inputs import presets_sha256

SESSION = """
[session]
id = "a"
[calibration]
folder = "footage"
board = "board.toml"
world = "points:marks.toml"
[options.calibration]
boards = ["second.toml", "charuco_7x5_a1"]
frame_times = "times.csv"
[[trial]]
name = "squat"
files = "squat.parquet"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A session whose calibration is quick: what is tested is when it is made, and from which files."""
    session = tmp_path / "session"
    (session / "footage" / "cam_0").mkdir(parents=True)
    (session / "session.toml").write_text(SESSION)
    (session / "footage" / "cam_0" / "0.png").write_bytes(b"image")
    write_board(session / "board.toml", Board("charuco", 7, 5, 0.1, 0.07, "DICT_4X4_50"))
    write_board(session / "second.toml", Board("charuco", 5, 4, 0.1, 0.07, "DICT_5X5_50"))
    (session / "marks.toml").write_text("sigma_px = 0.5\n")
    (session / "times.csv").write_text("cam_id,sync_index,frame_time\n")
    (session / "squat.parquet").write_bytes(b"none")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    def calibrated(*given: Any) -> Any:
        return given

    def written(found: Any, out: Path, progress: Any) -> Any:
        write_rig(out, ring_rig(2, 1))
        return SimpleNamespace(rig=ring_rig(2, 1), verdict="good")

    monkeypatch.setattr(stages, "calibrate_footage", calibrated)
    monkeypatch.setattr(stages, "write_calibration", written)
    return session


def _state(folder: Path) -> str:
    return run_session(folder, folder / "results", lambda *_: None).outcomes[0].state


@pytest.mark.parametrize(
    "name", ["board.toml", "second.toml", "marks.toml", "times.csv", "footage/cam_0/0.png", "footage/new.txt"]
)
def test_a_changed_file_is_never_passed_over(folder: Path, name: str) -> None:
    assert [_state(folder), _state(folder)] == ["done", "skipped"]
    with (folder / name).open("a") as stream:
        stream.write("# measured again\n")
    assert [_state(folder), _state(folder)] == ["done", "skipped"]


def test_the_working_directory_changes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _state(folder) == "done"
    for name in ("board.toml", "second.toml", "marks.toml", "times.csv", "charuco_7x5_a1"):
        Path(name).write_text("another's")
    assert _state(folder) == "skipped"
    monkeypatch.chdir(folder)
    assert run_session(Path(), Path("results"), lambda *_: None).outcomes[0].state == "skipped"


def test_files_may_lie_beside_the_footage(folder: Path) -> None:
    (folder / "marks.toml").rename(folder / "footage" / "marks.toml")
    assert [_state(folder), _state(folder)] == ["done", "skipped"]
    (folder / "footage" / "marks.toml").write_text("sigma_px = 0.6\n")
    assert _state(folder) == "done"


def test_marker_sets_and_skeletons_count_among_what_a_trial_is_made_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in ("marker_sets", "skeletons", "plates"):
        (tmp_path / kind).mkdir()
    monkeypatch.setattr("mocap.pipeline.session_inputs.configs_folder", lambda: tmp_path)
    seen = {presets_sha256()}
    for name in ("marker_sets/own.toml", "skeletons/own.toml", "plates/own.toml"):
        (tmp_path / name).write_text("kind = 'markers'")
        seen.add(presets_sha256())
    assert len(seen) == 4


def test_what_is_read_lies_in_the_first_place_that_has_it(folder: Path) -> None:
    footage = folder / "footage"
    point = "[[point]]\nworld = [0.0, 0.0, {}]\n[point.pixels]\na = [1.0, 2.0]\n"
    for place, height in ((Path(), 9.0), (footage, 1.0)):
        (place / "marks.toml").write_text(point.format(height))
    (folder / "marks.toml").unlink()
    write_board(Path("second.toml"), Board("charuco", 9, 9, 0.1, 0.07, "DICT_5X5_100"))
    read = _landmarks("points:marks.toml", ("a",), (folder, footage))
    assert read is not None and read.known_world[0, 2] == 1.0
    assert target_from(Path("second.toml"), (folder, footage)).n_corners == 12
    with pytest.raises(MocapError, match=r"none\.toml"):
        _landmarks("points:none.toml", ("a",), (folder, footage))


@pytest.mark.parametrize("out", ["footage", "footage/cam_0", "footage/new/deep", "results/../footage", "link/deep"])
def test_results_are_kept_out_of_the_footage(folder: Path, out: str) -> None:
    (folder / "link").symlink_to(folder / "footage")
    before = sorted(folder.rglob("*"))
    with pytest.raises(MocapError) as refused:
        run_session(folder, folder / out, lambda *_: None)
    assert refused.value.code == "OUTPUT_AMONG_INPUTS"
    assert sorted(folder.rglob("*")) == before
