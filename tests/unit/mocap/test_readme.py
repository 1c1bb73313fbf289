"""What the README shows has to work as it stands."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from calibration.boards.board import read_board
from mocap.cli import app
from mocap.config.build import build
from mocap.config.session import Session
from mocap.pipeline.calibration import CalibrationOptions
from mocap.pipeline.session_options import stage_options

README = (Path(__file__).resolve().parents[3] / "README.md").read_text(encoding="utf-8")


def block(title: str) -> str:
    (found,) = re.findall(rf"```toml\n# {re.escape(title)}\n(.*?)```", README, re.DOTALL)
    return found


def test_the_session_file_is_a_session_file() -> None:
    session = build(Session, tomllib.loads(block("session.toml")), "README")
    assert stage_options(session).filter.cutoff_hz == 6.0
    assert session.static is not None
    shown = set(session.options["calibration"])
    assert shown == {field.name for field in fields(CalibrationOptions)}


def test_the_board_file_is_a_board_file(tmp_path: Path) -> None:
    path = tmp_path / "board.toml"
    path.write_text(block("board.toml"), encoding="utf-8")
    assert read_board(path).squares_x == 5


def test_the_table_of_commands_is_the_command_line() -> None:
    shown = set(re.findall(r"^\| `mocap ([\w-]+)", README, re.MULTILINE))
    assert shown == {command.name for command in app.registered_commands}


@pytest.mark.parametrize("ending", ["mocap demo --out demo_out", "pytest"])
def test_the_two_lines_set_themselves_up(ending: str) -> None:
    lines = [line for line in README.splitlines() if line.startswith("python3 -m venv") and line.endswith(ending)]
    assert len(lines) == 1
    assert "pip install" in lines[0]
