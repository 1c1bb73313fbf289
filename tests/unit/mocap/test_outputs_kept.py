"""Whatever a command is told to write, by whatever name: inputs and files of others keep every byte."""

import contextlib
import os
import shutil
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from calibration import write_rig
from calibration.boards.board import Board, write_board
from calibration.synthetic import ring_rig
from mocap.pipeline.output_kinds import (
    COLUMNS,
    PAGE,
    PICTURE,
    PLACES,
    PLAN,
    PRINT,
    RECORD,
    TRIAL,
    is_alike,
    signed_picture,
)
from mocap.report.calibration_page import whole_page
from mocap.storage import write_trial
from mocap.trial import Points3D, Trial

FOREIGN = Path(__file__).parents[2] / "fixtures" / "deeplabcut" / "dlc_table.h5"
PLOT = b"%PDF-1.4\n1 0 obj\n<< /Creator (Matplotlib v3.10) >>\n"
SESSION = (
    '[session]\nid = "a"\n[calibration]\nfile = "rig.toml"\n[sync]\nrate_hz = 50\n'
    '[[trial]]\nname = "cam_0"\nfiles = "kp"\n'
)
DETECT = ("detect", "footage", "--detector", "plates", "--plates", "sacrum_60", "--jobs", 1)
#: What each command is given beside its output, and the name that its output might have.
COMMANDS = {
    "reconstruct": (("reconstruct", "--calibration", "rig.toml", "--keypoints", "kp", "--rate", 50), "x.h5"),
    "import": (("import", "walk.trc"), "x.h5"),
    "kinematics": (("kinematics", "walk.trc"), "x.h5"),
    "export": (("export", "mine.h5", "--to", "csv"), "x.csv"),
    "convert": (("convert", "rig.toml", "--to", "mocap"), "x.toml"),
    "board": (("board", "charuco_7x5_a1"), "x.pdf"),
    "new board": (("board", "--new", "chessboard", "--squares", "5x4", "--square", 0.03), "x.toml"),
    "plan": (("plan", "--room", "6x5x2.8", "--cameras", 2), "x.html"),
    "calibrate": (("calibrate", "footage", "--board", "board.toml"), "x.toml"),
    "reliability": (("reliability", "mine.h5"), "x.toml"),
    "wand": (("calibrate", "kp", "--wand", "wand_500", "--lenses", "rig.toml"), "x.toml"),
    "repair": (("calibrate", "footage", "--board", "board.toml", "--check", "rig.toml", "--repair", "cam_0"), "x.toml"),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What all commands read."""
    for name in ("kp", "footage"):
        (tmp_path / name).mkdir()
    for camera in ("cam_0", "cam_1"):
        shutil.copy(FOREIGN, tmp_path / "kp" / f"{camera}.h5")
        (tmp_path / "footage" / f"{camera}.avi").write_bytes(b"RIFF\0\0")
    (tmp_path / "walk.trc").write_text("PathFileType\t4\t(X/Y/Z)\n")
    write_board(tmp_path / "board.toml", Board("charuco", 7, 5, 0.1, 0.07, "DICT_4X4_50"))
    write_rig(tmp_path / "rig.toml", ring_rig(2, 1))
    write_trial(tmp_path / "mine.h5", Trial("t", Points3D(np.ones((3, 1, 3)), ("a",), 50.0)))
    (tmp_path / "session.toml").write_text(SESSION)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _refused(mocap_cli: Callable, folder: Path, words: tuple, out: object) -> str:
    """The code of a refusal that leaves everything as it was."""
    before = _content(folder)
    done = mocap_cli(*words, "--out", out)
    assert done.status == 1, (words, out, done)
    code, rest = done.error_line.removeprefix("error ").split(": ", 1)
    assert " Remedy: " in rest and str(Path(str(out)).name) in rest
    assert _content(folder) == before
    return code


@pytest.mark.parametrize("command", COMMANDS)
def test_files_of_others_folders_and_missing_places_are_refused(folder: Path, mocap_cli: Callable, command) -> None:
    words, name = COMMANDS[command]
    foreign = folder / name
    foreign.write_bytes(FOREIGN.read_bytes() if name.endswith(".h5") else PLOT if name.endswith("pdf") else b"a,b\n1,2")
    link, hard = folder / f"link{foreign.suffix}", folder / f"hard{foreign.suffix}"
    link.symlink_to(foreign)
    os.link(foreign, hard)
    others = {"OUTPUT_OTHER", "OUTPUT_EXISTS", "BOARD_EXISTS", "REPAIR_OUTPUT"}
    for out in (name, f"./{name}", folder / "kp" / ".." / name, link, hard):
        assert _refused(mocap_cli, folder, words, out) in others, out
    (folder / f"there{foreign.suffix}").mkdir()
    assert _refused(mocap_cli, folder, words, f"there{foreign.suffix}") == "OUTPUT_IS_FOLDER"
    if command != "export":  # which fills folders
        assert _refused(mocap_cli, folder, words, ".") in {"OUTPUT_IS_FOLDER", "PAGE_NAME"}
    assert _refused(mocap_cli, folder, words, f"nowhere/deep/{name}") == "OUTPUT_FOLDER"
    assert _refused(mocap_cli, folder, words, f"/proc/{name}") == "OUTPUT_FOLDER"


def _nodes(folder: Path) -> list[Path]:
    """A pipe, a socket, a device such as /dev/null where one may be made, and links to them."""
    nodes = [folder / "pipe", folder / "socket"]
    os.mkfifo(nodes[0])
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as one:
        one.bind(os.path.relpath(nodes[1]))  # the name of a socket is short
    with contextlib.suppress(PermissionError):
        os.mknod(folder / "device", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
        nodes.append(folder / "device")
    return nodes


@pytest.mark.parametrize("command", COMMANDS)
def test_devices_pipes_and_sockets_are_kept(folder: Path, mocap_cli: Callable, command: str) -> None:
    words, name = COMMANDS[command]
    for node in _nodes(folder):
        before = node.lstat().st_mode
        for out in (node.with_suffix(Path(name).suffix), folder / f"link{Path(name).suffix}"):
            if out.name.startswith("link"):
                out.symlink_to(node)
            elif out != node:
                node = node.rename(out)
            assert _refused(mocap_cli, folder, words, out) == "OUTPUT_OTHER"
            assert node.lstat().st_mode == before
        out.unlink()


def test_devices_pipes_and_sockets_among_results_are_kept(folder: Path, mocap_cli: Callable) -> None:
    for node in _nodes(folder):
        for words, there in (
            (("run", folder), "results/cam_0.h5"), (("run", folder), "results/stages.json"),
            ((*DETECT, "--out", "kept"), "kept/footage.parquet"),
            ((*DETECT, "--out", "kept"), "kept/footage/cam_1.parquet"),
            ((*DETECT, "--out", "kept", "--overlay"), "kept/footage/cam_1.overlay.png"),
            (("export", "mine.h5", "--to", "csv", "--out", "tables"), "tables/points.csv"),
            (("demo", "--out", "lab"), "lab/trial.h5"),
        ):  # fmt: skip
            Path(there).parent.mkdir(parents=True, exist_ok=True)
            node = node.rename(there)
            before = node.lstat().st_mode
            assert mocap_cli(*words).error_line.startswith("error OUTPUT_OTHER: "), there
            assert node.lstat().st_mode == before


@pytest.mark.parametrize(
    ("command", "read"),
    [
        ("reconstruct", "rig.toml"), ("reconstruct", "kp/cam_0.h5"), ("import", "walk.trc"), ("kinematics", "walk.trc"),
        ("convert", "rig.toml"), ("calibrate", "board.toml"), ("calibrate", "footage/cam_0.avi"), ("wand", "rig.toml"),
        ("wand", "kp/cam_1.h5"), ("repair", "rig.toml"),
    ],
)  # fmt: skip
def test_inputs_are_refused_by_any_name(folder: Path, mocap_cli: Callable, command: str, read: str) -> None:
    words, _ = COMMANDS[command]
    link, hard = folder / "link.x", folder / "hard.x"
    link.symlink_to(folder / read)
    os.link(folder / read, hard)
    for out in (read, f"./{read}", folder / "kp" / ".." / read, link, hard):
        assert _refused(mocap_cli, folder, words, out) in {"OUTPUT_IS_INPUT", "REPAIR_OUTPUT"}, out


def test_beside_the_output_files_of_others_are_kept(folder: Path, mocap_cli: Callable) -> None:
    for command, name, beside in (
        ("plan", "x.html", "x.csv"), ("calibrate", "x.toml", "x.json"), ("wand", "x.toml", "x.html"),
        ("calibrate", "x.toml", "x.refused.html"), ("calibrate", "x.toml", "x.refused.json"),
        ("new board", "x.toml", "x.pdf"), ("export", "tables", "tables/points.csv"),
    ):  # fmt: skip
        Path("tables").mkdir(exist_ok=True)
        Path(beside).write_text("<title>Calibration of my own</title> time_s,a,b")
        before = _content(folder)
        done = mocap_cli(*COMMANDS[command][0], "--out", name)
        assert done.error_line.startswith("error OUTPUT_OTHER: ") and beside in done.error_line
        assert _content(folder) == before
        Path(beside).unlink()


@pytest.mark.parametrize(("name", "beside"), [("tables", "tables/angles.csv"), ("x.csv", "x_conventions.csv")])
def test_files_of_others_that_an_export_does_not_write_are_left_alone(folder: Path, mocap_cli, name, beside) -> None:
    Path("tables").mkdir(exist_ok=True)
    Path(beside).write_text("angle,of,my own")
    assert mocap_cli(*COMMANDS["export"][0], "--out", name).status == 0
    assert Path(beside).read_text() == "angle,of,my own"


@pytest.mark.parametrize("out", [".", "kp", "./kp", "nested/../kp", "link"])
def test_a_session_keeps_the_keypoints_that_it_reads(folder: Path, mocap_cli: Callable, out: str) -> None:
    (folder / "nested").mkdir()
    (folder / "link").symlink_to(folder / "kp")
    # In the session's own folder the keypoint file of a camera has the name of the trial's file.
    for name in ("cam_0", "cam_1") if out == "." else ():
        shutil.move(f"kp/{name}.h5", f"{name}.h5")
    Path("session.toml").write_text(SESSION.replace('files = "kp"', 'files = "."') if out == "." else SESSION)
    assert _refused(mocap_cli, folder, ("run", folder), out) == "OUTPUT_IS_INPUT"


def test_a_session_writes_nothing_among_keypoints(folder: Path, mocap_cli: Callable) -> None:
    Path("session.toml").write_text(SESSION.replace('"cam_0"', '"squat"'))
    before = _content(folder)
    for words in (("run", ".", "--out", "kp"), (*COMMANDS["reconstruct"][0], "--out", "kp/squat.h5")):
        assert mocap_cli(*words).error_line.startswith("error OUTPUT_AMONG_INPUTS: The output squat.h5 would lie among")
        assert _content(folder) == before
    for frame in ("0", "1"):
        Path("json/cam_0").mkdir(parents=True, exist_ok=True)
        Path(f"json/cam_0/{frame}.json").write_text("{}")
    Path("session.toml").write_text(SESSION.replace('"kp"', '"json"'))
    assert "OUTPUT_AMONG_INPUTS" in mocap_cli("run", ".", "--out", "json/cam_0").error_line


@pytest.mark.parametrize(
    ("name", "code"),
    [("cam_0.h5", "OTHER"), ("cam_0.outdated.h5", "OTHER"), ("stages.json", "OTHER"), ("calibration.toml", "OTHER"),
     ("", "IS_FILE")],
)  # fmt: skip
def test_a_session_keeps_what_it_finds_among_its_results(folder: Path, mocap_cli: Callable, name: str, code) -> None:
    target = folder / "results" / name
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(FOREIGN.read_bytes() if name.endswith(".h5") else b'{"outputs": 1}')
    before = _content(folder)
    assert f"error OUTPUT_{code}: " in mocap_cli("run", folder).error_line
    assert _content(folder) == before


def test_a_refused_session_leaves_no_folder(folder: Path, mocap_cli: Callable) -> None:
    Path("session.toml").write_text(SESSION + '[[trial]]\nname = "cam_0.outdated"\nfiles = "kp"\n')
    assert "error CONFIG_VALUE: " in mocap_cli("run", folder, "--out", "a/b").error_line
    assert not Path("a").exists()
    Path("session.toml").write_text(SESSION)
    assert "error OUTPUT_FOLDER: " in mocap_cli("run", folder, "--out", "/proc/a/b").error_line


def test_a_demonstration_keeps_every_session_but_its_own(folder: Path, mocap_cli: Callable) -> None:
    for there in ("session/calibration/cam_0/00000.jpg", "angles.png", "trial.h5", "calibration.html", "demo.json"):
        path = Path("lab", there)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"somebody's own")
        before = _content(folder)
        assert mocap_cli("demo", "--out", "lab").error_line.startswith("error OUTPUT_OTHER: ")
        assert _content(folder) == before
        shutil.rmtree("lab")
    assert "error OUTPUT_IS_FILE: " in mocap_cli("demo", "--out", "rig.toml").error_line


def test_our_own_older_files_give_way(folder: Path, mocap_cli: Callable) -> None:
    for words, kinds in (
        ((*COMMANDS["export"][0], "--out", "tables"), {"tables/points.csv": COLUMNS}),
        ((*COMMANDS["export"][0], "--out", "x.csv"), {"x.csv": COLUMNS}),
        ((*COMMANDS["board"][0], "--out", "x.pdf"), {"x.pdf": PRINT}),
        ((*COMMANDS["plan"][0], "--out", "x.html"), {"x.html": PLAN, "x.csv": PLACES}),
    ):
        if "plan" in words:
            Path("x.csv").unlink()
        assert mocap_cli(*words).status == 0
        assert all(is_alike(Path(name), kind) for name, kind in kinds.items())
        assert mocap_cli(*words).status == 0
    for title in ("Calibration", "Calibration x"):
        Path("page.html").write_text(whole_page(title, []))
        assert is_alike(Path("page.html"), PAGE)
    assert is_alike(Path("mine.h5"), TRIAL) and not is_alike(FOREIGN, TRIAL)
    assert not [path for path in folder.rglob("*.part")]


def test_pictures_and_records_are_known_again(folder: Path) -> None:
    import cv2

    plain = cv2.imencode(".png", np.full((4, 5, 3), 7, np.uint8))[1].tobytes()
    Path("a.png").write_bytes(plain)
    Path("b.png").write_bytes(signed_picture(plain))
    assert not is_alike(Path("a.png"), PICTURE) and is_alike(Path("b.png"), PICTURE)
    assert (cv2.imread("b.png") == 7).all()
    with pytest.raises(ValueError, match="no PNG"):
        signed_picture(b"GIF")
    Path("stages.json").write_text('{"outputs": {"inputs": "a"}}')
    assert not is_alike(Path("stages.json"), RECORD)
