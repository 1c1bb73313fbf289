"""`mocap calibrate --check`: an old calibration against footage, from the command line."""

import json
from pathlib import Path

import av
import pytest

from mocap.cli import main

BOARD = """type = "charuco"
squares_x = 4
squares_y = 5
square_length = 0.054
marker_length = 0.0405
dictionary = "DICT_4X4_1000"
inverted = true
"""


def run(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr("sys.argv", ["mocap", *map(str, words)])
    try:
        main()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


@pytest.fixture
def board_file(tmp_path: Path) -> Path:
    path = tmp_path / "board.toml"
    path.write_text(BOARD)
    return path


def cut(source: Path, out: Path, first: int, stop: int) -> None:
    """Copy packets of a video whose first of these is a whole image, as they are."""
    with av.open(str(source)) as whole, av.open(str(out), "w") as part:
        stream = whole.streams.video[0]
        copy = part.add_stream_from_template(stream)
        packets = [packet for packet in whole.demux(stream) if packet.dts is not None][first:stop]
        assert packets[0].is_keyframe
        begin = packets[0].dts
        for packet in packets:
            packet.pts, packet.dts, packet.stream = packet.pts - begin, packet.dts - begin, copy
            part.mux(packet)


def test_videos_that_changed_their_names_are_told(
    board_recording, board_file: Path, shared_data: Path, tmp_path: Path, monkeypatch, capsys
) -> None:
    source = shared_data / "charuco_4cam"
    (tmp_path / "swapped").mkdir()
    for name, other in (("cam_0", "cam_0"), ("cam_1", "cam_2"), ("cam_2", "cam_1"), ("cam_3", "cam_3")):
        cut(source / f"{name}.mp4", tmp_path / "swapped" / f"{other}.mp4", 72, 104)  # all four see the board
    words = ("--board", board_file, "--check", board_recording.calibration, "--json")
    assert run(monkeypatch, "calibrate", tmp_path / "swapped", *words) == 1
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert [(one["code"], sorted(one["cameras"])) for one in findings] == [("CAMERAS_SWAPPED", ["cam_1", "cam_2"])]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--repair", "cam_0", "--board", "b.toml"], "--check"),
        (["--board", "b.toml", "--wand", "w.toml"], "either"),
        ([], "either"),
    ],
)
def test_options_that_do_not_go_together_are_refused(words, told, tmp_path, monkeypatch, capsys) -> None:
    assert run(monkeypatch, "calibrate", tmp_path, *words) == 2
    assert told in capsys.readouterr().err
